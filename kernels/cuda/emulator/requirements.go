package emulator

import (
	"slices"
	"strconv"
	"strings"
)

// The .version and .target that an instruction needs. A file that claims less runs on no GPU: the
// driver's assembler refuses it, and so does this emulator. The figures are those that NVIDIA's
// assembler was observed to require.

// requirement is an opcode with modifiers, all of which must be present, and the minimum version
// (major and minor) and target that it needs.
type requirement struct {
	version, target int
	words           string
}

var requirements = []requirement{
	{60, 70, "match"}, {60, 70, "fence"}, {60, 70, "ld relaxed"}, {60, 70, "ld acquire"}, {60, 70, "st relaxed"}, {60, 70, "st release"},
	{62, 70, "nanosleep"}, {62, 0, "activemask"}, {63, 70, "wmma"}, {63, 70, "atom noftz f16"}, {63, 70, "red noftz f16"},
	{64, 70, "mma"}, {65, 75, "mma m16n8k8"}, {65, 75, "mma m8n8k16"}, {65, 75, "mma m8n8k32"}, {65, 75, "ldmatrix"},
	{70, 75, "tanh f32"}, {70, 75, "tanh f16"}, {70, 75, "tanh f16x2"}, {70, 75, "ex2 f16"}, {70, 75, "ex2 f16x2"},
	{78, 90, "cvt rn tf32"}, {70, 80, "redux"}, {70, 80, "mbarrier"}, {70, 80, "cp async"}, {70, 80, "cvt tf32"}, {70, 80, "cvt bf16"}, {70, 80, "cvt bf16x2"}, {70, 80, "cvt relu"},
	{70, 80, "mma bf16"}, {70, 80, "mma tf32"}, {70, 80, "mma f64"}, {70, 80, "mma m16n8k16"}, {70, 80, "mma m16n8k32"},
	{70, 80, "fma bf16"}, {70, 80, "fma bf16x2"}, {70, 80, "fma relu"}, {70, 80, "min f16"}, {70, 80, "max f16"}, {70, 80, "min f16x2"},
	{70, 80, "max f16x2"}, {70, 80, "min bf16"}, {70, 80, "max bf16"}, {70, 80, "min NaN"}, {70, 80, "max NaN"}, {70, 80, "neg bf16"},
	{73, 60, "alloca"}, {73, 60, "stacksave"}, {73, 60, "stackrestore"}, {74, 80, "discard"}, {74, 80, "applypriority"}, {74, 80, "createpolicy"},
	{76, 70, "bmsk"}, {76, 70, "szext"}, {78, 75, "movmatrix"},
	{78, 90, "stmatrix"}, {78, 90, "mapa"}, {78, 90, "getctarank"}, {78, 90, "barrier cluster"}, {78, 90, "griddepcontrol"}, {78, 90, "mbarrier try_wait"},
	{78, 90, "add bf16"}, {78, 90, "sub bf16"}, {78, 90, "mul bf16"}, {78, 90, "setp bf16"}, {78, 90, "tanh bf16"}, {78, 90, "ex2 bf16"},
	{78, 90, "atom bf16"}, {78, 90, "red bf16"}, {78, 90, "mma m16n8k8 f64"}, {81, 89, "cvt e4m3x2"}, {81, 89, "cvt e5m2x2"}, {84, 89, "mma e4m3"}, {84, 89, "mma e5m2"},
	{80, 90, "elect"}, {80, 90, "cp async bulk"}, {80, 90, "mbarrier expect_tx"}, {80, 90, "fence proxy async"}, {81, 90, "st async"}, {81, 90, "atom v4"},
	{83, 70, "ld b128"}, {83, 70, "st b128"}, {83, 70, "mov b128"}, {88, 100, "ld v8"}, {88, 100, "st v8"},
	{88, 100, "ld v4 b64"}, {88, 100, "ld v4 u64"}, {88, 100, "ld v4 s64"}, {88, 100, "ld v4 f64"},
	{88, 100, "st v4 b64"}, {88, 100, "st v4 u64"}, {88, 100, "st v4 s64"}, {88, 100, "st v4 f64"}, {86, 100, "redux f32"}, {86, 100, "cvt satfinite tf32"},
}

// firstVersions maps a target to the first version that supports it.
var firstVersions = map[int]int{70: 60, 75: 63, 80: 70, 86: 71, 87: 74, 89: 78, 90: 78, 100: 86, 120: 87}

// needs returns the minimum version and target of an instruction, 0 if any will do.
func needs(in *Instr) (version, target int) {
	for _, r := range requirements {
		op, rest, _ := strings.Cut(r.words, " ")
		if op != in.Op {
			continue
		}
		all := true
		for word := range strings.FieldsSeq(rest) {
			all = all && slices.Contains(in.Mods, word)
		}
		if all {
			version, target = max(version, r.version), max(target, r.target)
		}
	}
	return version, target
}

// target returns the number of .target sm_NN, 0 if there is none.
func (m *Module) target() (number int) {
	for _, t := range m.Targets {
		digits := strings.TrimRight(strings.TrimPrefix(t, "sm_"), "af")
		if n, err := strconv.Atoi(digits); err == nil {
			number = max(number, n)
		}
	}
	return number
}

// checkRequirements refuses an instruction that the file's .version and .target do not support.
func (d *decoder) checkRequirements() {
	mod := d.prog.mod
	version, target := needs(d.in)
	has, of := mod.VersionMajor*10+mod.VersionMinor, mod.target()
	switch {
	case (d.in.Op == "shfl" || d.in.Op == "vote") && !slices.Contains(d.in.Mods, "sync") && has >= 64 && of >= 70:
		d.refuse("needs .sync, and a mask of the lanes, from .version 6.4 and .target sm_70 on")
	case version > has && target > of && of > 0:
		d.refuse("needs .version %d.%d and .target sm_%d, or later; the file has %d.%d and sm_%d", version/10, version%10, target, has/10, has%10, of)
	case version > has:
		d.refuse("needs .version %d.%d or later; the file has %d.%d", version/10, version%10, has/10, has%10)
	case target > of && of > 0:
		d.refuse("needs .target sm_%d or later; the file has sm_%d", target, of)
	}
}
