package emulator

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels/kerneltest"
)

// The opcodes, in the low 12 bits, of the machine instructions of sm_70 and later that transfer
// control.
const (
	opcodeBRA  = 0x947
	opcodeCALL = 0x944
	opcodeRET  = 0x950
	opcodeEXIT = 0x94d
)

// executed counts the machine instructions, of 16 bytes, that a kernel without loops executes for
// ordinary operands: a branch around a call is taken, as that is how ptxas treats the rare ones, and
// any other conditional branch is not.
func executed(t *testing.T, code []byte) int {
	t.Helper()
	at := func(i int) (opcode, target int, conditional bool) {
		word := binary.LittleEndian.Uint64(code[16*i:])
		offset := int64(word)>>34<<8 | int64(word>>16&0xFF) // in units of 4 bytes, from the next instruction
		return int(word & 0xFFF), i + 1 + int(offset/4), word>>12&7 != 7
	}
	var callers []int
	count := 0
	for i := 0; ; {
		if i < 0 || 16*i >= len(code) || count > 100_000 {
			t.Fatalf("instruction %d of %d after %d: lost the way", i, len(code)/16, count)
		}
		opcode, target, conditional := at(i)
		count++
		i++
		switch {
		case opcode == opcodeEXIT && !conditional:
			return count
		case opcode == opcodeRET && !conditional:
			i = callers[len(callers)-1]
			callers = callers[:len(callers)-1]
		case opcode == opcodeCALL:
			callers = append(callers, i)
			i = target
		case opcode == opcodeBRA && !conditional:
			i = target
		case opcode == opcodeBRA:
			for j := i; j < target; j++ {
				if skipped, _, _ := at(j); skipped == opcodeCALL {
					i = target
					break
				}
			}
		}
	}
}

// chain is a kernel that executes an instruction n times, each time on other operands, so that
// nothing that one computes can serve another.
func chain(kernel, instruction string, n int) string {
	parts := strings.Split(instruction, ".")
	op, typ := parts[0], parts[len(parts)-1]
	if typ[0] == 'f' { // fma.f32 is fma.rn.f32
		instruction = op + ".rn." + typ
	}
	var b strings.Builder
	fmt.Fprintf(&b, ".visible .entry %s(.param .u64 param)\n{\n.reg .u64 p;\n.reg .u32 places;\n.reg .%s r<%d>;\n", kernel, typ, n+3)
	b.WriteString("ld.param.u64 p, [param];\ncvta.to.global.u64 p, p;\nld.global.u32 places, [p+24];\n")
	for i := range 3 {
		fmt.Fprintf(&b, "ld.global.%s r%d, [p+%d];\n", typ, i, 8*i)
	}
	for i := range n {
		operands := fmt.Sprintf("r%d, r%d", i, i+2)
		switch op {
		case "rcp", "sqrt":
			operands = fmt.Sprintf("r%d", i+2)
		case "mad", "fma":
			operands = fmt.Sprintf("r%d, r%d, r%d", i, i+2, i+1)
		case "shl", "shr":
			operands = fmt.Sprintf("r%d, places", i+2)
		}
		fmt.Fprintf(&b, "%s r%d, %s;\n", instruction, i+3, operands)
	}
	for i := range 3 {
		fmt.Fprintf(&b, "st.global.%s [p+%d], r%d;\n", typ, 8*i, n+i)
	}
	return b.String() + "ret;\n}\n"
}

// The table of expansions is what ptxas makes of each instruction, within a tenth or half an
// instruction; and these that are not in the table are one.
func TestExpansions(t *testing.T) {
	const few, many = 16, 32
	program := os.Getenv("BAREGRAD_PTXAS")
	kerneltest.Require(t, "ptxas", program != "", "BAREGRAD_PTXAS names none")
	names := slices.Sorted(maps.Keys(expansions))
	names = append(names, "add.u32", "mul.lo.u32", "mad.lo.u32", "mul.hi.u32", "shl.b32", "add.f32", "fma.f32")
	text := ".version 7.8\n.target sm_90\n.address_size 64\n"
	for i, name := range names {
		for _, n := range [...]int{few, many} {
			text += chain(fmt.Sprintf("k%d_%d", i, n), name, n)
		}
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "k.ptx"), filepath.Join(dir, "k.cubin")
	if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command(program, "-arch=sm_90", "-o", out, in).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	object, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(object[20:], 1) // ptxas writes a version of ELF that debug/elf refuses
	file, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		var counts [2]int
		for j, n := range [...]int{few, many} {
			section := file.Section(fmt.Sprintf(".text.k%d_%d", i, n))
			if section == nil {
				t.Fatalf("%s: no section .text.k%d_%d", name, i, n)
			}
			code, err := section.Data()
			if err != nil {
				t.Fatal(err)
			}
			counts[j] = executed(t, code)
		}
		got, want := float64(counts[1]-counts[0])/(many-few), float64(max(expansions[name], 1))
		if !(math.Abs(got-want) <= max(0.5, want/10)) {
			t.Errorf("%s is %.2f machine instructions, %v in the table", name, got, want)
		}
	}
}

// A division counts as what ptxas makes of it, whatever its rounding, an addition as 1.
func TestMachineInstructions(t *testing.T) {
	const text = `.version 7.8
.target sm_90
.address_size 64
.visible .entry k(.param .u32 param_d)
{
.reg .u32 n, d;
.reg .f32 x;
.reg .u64 long;
ld.param.u32 d, [param_d];
div.u32 n, d, d;
rem.u32 n, n, d;
cvt.rn.f32.u32 x, n;
div.rn.f32 x, x, x;
div.rz.ftz.f32 x, x, x;
div.approx.f32 x, x, x;
add.rn.f32 x, x, x;
cvt.u64.u32 long, n;
add.u64 long, long, long;
ret;
}
`
	want := map[string]uint64{"div.u32": 18, "rem.u32": 17, "div.rn.f32": 8, "div.rz.ftz.f32": 8, "div.approx.f32": 1, "add.rn.f32": 1, "add.u64": 2}
	assemble(t, text)
	m := New(Options{Counters: true})
	launch(t, m, kernel(t, load(t, m, "divisions", text), "k"), Dim3{1, 1, 1}, Dim3{64, 1, 1}, 7)
	counts, sum := m.Counters(), uint64(0)
	for _, l := range counts.Lines {
		sum += l.MachineInstructions
		if w := want[l.Instr]; w > 0 && l.MachineInstructions != w*l.WarpInstructions {
			t.Errorf("%s: %d machine instructions in %d executions, want %d in each", l.Instr, l.MachineInstructions, l.WarpInstructions, w)
		}
		delete(want, l.Instr)
	}
	if len(want) > 0 {
		t.Errorf("%v were not counted", want)
	}
	if text := counts.String(); !strings.Contains(text, "div.u32 ×18\n") || !strings.Contains(text, "div.approx.f32\n") {
		t.Errorf("the table lacks div.u32 ×18 or div.approx.f32:\n%s", text)
	}
	if counts.Total.MachineInstructions != sum || sum <= counts.Total.WarpInstructions {
		t.Errorf("%d machine instructions in all, of %d instructions; the lines have %d", counts.Total.MachineInstructions, counts.Total.WarpInstructions, sum)
	}
}
