package emulator_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/emulator/arith"
)

// instrCase is an instruction and the function that it computes. The text names each operand by a
// letter for the register's type (h 16 bits, r 32, l 64, f .f32, d .f64, p predicate) and a, b, c for
// the inputs or d for the result: "add.u32 rd, ra, rb". A text may have several instructions.
type instrCase struct {
	text string
	want func(a, b, c uint64) uint64
}

const instrThreads = 512

// instrModule writes a kernel for each case. It loads the inputs from cells of eight bytes into
// registers of every type, runs the text, and stores the result, zero-extended to eight bytes.
func instrModule(cases []instrCase) string {
	var s strings.Builder
	s.WriteString(".version 8.6\n.target sm_90\n.address_size 64\n")
	for i, c := range cases {
		fmt.Fprintf(&s, ".visible .entry case_%d(.param .u64 pa, .param .u64 pb, .param .u64 pc, .param .u64 py) {\n", i)
		s.WriteString(`	.reg .u64 at, base; .reg .u32 tid;
	.reg .b16 ha, hb, hc, hd; .reg .b32 ra, rb, rc, rd, re; .reg .b64 la, lb, lc, ld;
	.reg .f32 fa, fb, fc, fd; .reg .f64 da, db, dc, dd; .reg .pred pa_, pb_, pd, pe;
	mov.u32 tid, %tid.x;
	mul.wide.u32 at, tid, 8;
`)
		for _, in := range []string{"a", "b", "c"} {
			fmt.Fprintf(&s, "\tld.param.u64 base, [p%s];\n\tadd.u64 base, base, at;\n", in)
			for _, reg := range []string{"b16 h", "b32 r", "b64 l", "f32 f", "f64 d"} {
				fmt.Fprintf(&s, "\tld.global.%s%s, [base];\n", reg, in)
			}
		}
		s.WriteString("\tsetp.lt.s32 pa_, ra, 0;\n\tsetp.lt.s32 pb_, rb, 0;\n")
		s.WriteString("\t" + c.text + "\n")
		s.WriteString("\tld.param.u64 base, [py];\n\tadd.u64 base, base, at;\n")
		switch result := instrResult(c.text); result {
		case "hd":
			s.WriteString("\tcvt.u64.u16 ld, hd;\n")
		case "rd":
			s.WriteString("\tcvt.u64.u32 ld, rd;\n")
		case "fd":
			s.WriteString("\tmov.b32 rd, fd;\n\tcvt.u64.u32 ld, rd;\n")
		case "dd":
			s.WriteString("\tmov.b64 ld, dd;\n")
		case "pd":
			s.WriteString("\tselp.u64 ld, 1, 0, pd;\n")
		}
		s.WriteString("\tst.global.u64 [base], ld;\n\tret;\n}\n")
	}
	return s.String()
}

// instrResult returns the result register of a text: the one whose second letter is d in the last
// instruction.
func instrResult(text string) string {
	result := "ld"
	for _, name := range instrNames.FindAllString(text, -1) {
		if name[1] == 'd' {
			result = name
		}
	}
	return result
}

var instrNames = regexp.MustCompile(`\b[hrlfdp][abcd]\b`)

// instrInputs draws random cells: integers of every magnitude and floats of every kind.
func instrInputs(rng *rand.Rand, text, operand string) []byte {
	cells := make([]byte, 8*instrThreads)
	uses := map[string]bool{}
	for _, name := range instrNames.FindAllString(text, -1) {
		uses[name] = true
	}
	for i := range instrThreads {
		x := rng.Uint64() >> uint(rng.IntN(64))
		switch rng.IntN(4) {
		case 0:
			x = -x
		case 1:
			x = uint64(rng.IntN(80))
		case 2:
			x = []uint64{0, 1, 31, 32, 63, 64, math.MaxUint64, 1 << 63, 1<<63 - 1, 0x80000000, 0x7fffffff, 0x8000, 0x7fff, 0xffff}[rng.IntN(14)]
		}
		if rng.IntN(4) != 0 {
			y := (rng.Float64() - 0.5) * math.Exp2(float64(rng.IntN(40)-20))
			if rng.IntN(4) == 0 {
				y = float64(rng.IntN(41)-20) / 4
			}
			specials := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1, 0x1p-140, -0x1p-1070}
			if rng.IntN(6) == 0 {
				y = specials[rng.IntN(len(specials))]
			}
			half := func() uint64 {
				if strings.Contains(text, "bf16") {
					return uint64(arith.BF16.FromFloat64(y, arith.RN))
				}
				return uint64(arith.F16.FromFloat64(y, arith.RN))
			}
			switch {
			case uses["d"+operand]:
				x = math.Float64bits(y)
			case uses["f"+operand]:
				x = uint64(math.Float32bits(float32(y)))
			case strings.Contains(text, "f16x2"):
				x = half()
				y = -y * 1.5
				x |= half() << 16
			case strings.Contains(text, "f16"):
				x = half()
			}
		}
		binary.LittleEndian.PutUint64(cells[8*i:], x)
	}
	return cells
}

func runInstrCases(t *testing.T, cases []instrCase) {
	t.Helper()
	m := emulator.New(emulator.Options{})
	source := instrModule(cases)
	mod, err := emulator.Parse("instr.ptx", source)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := m.Load(mod)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, uint64(len(cases))))
	alloc := func(data []byte) uint64 {
		addr, err := m.Alloc(uint64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		return addr
	}
	cells := make([]byte, 8*instrThreads)
	addr := [4]uint64{alloc(cells), alloc(cells), alloc(cells), alloc(cells)}
	for i, c := range cases {
		var in [3][]byte
		for k, name := range []string{"a", "b", "c"} {
			in[k] = instrInputs(rng, c.text, name)
			if err := m.CopyIn(addr[k], in[k]); err != nil {
				t.Fatal(err)
			}
		}
		k, err := prog.Kernel(fmt.Sprintf("case_%d", i))
		if err != nil {
			t.Fatal(err)
		}
		cfg := emulator.LaunchConfig{Block: emulator.Dim3{X: instrThreads}}
		if err := m.Launch(context.Background(), k, cfg, addr[0], addr[1], addr[2], addr[3]); err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		if err := m.CopyOut(cells, addr[3]); err != nil {
			t.Fatal(err)
		}
		for j := range instrThreads {
			cell := func(b []byte) uint64 { return binary.LittleEndian.Uint64(b[8*j:]) }
			a, b, cc := cell(in[0]), cell(in[1]), cell(in[2])
			if got, want := cell(cells), c.want(a, b, cc); got != want {
				t.Errorf("%s of %#x %#x %#x: got %#x, want %#x", c.text, a, b, cc, got, want)
				break
			}
		}
	}
}

type instrFunc = func(a, b, c uint64) uint64

func un32(f func(a uint32) uint32) instrFunc {
	return func(a, _, _ uint64) uint64 { return uint64(f(uint32(a))) }
}
func bin32(f func(a, b uint32) uint32) instrFunc {
	return func(a, b, _ uint64) uint64 { return uint64(f(uint32(a), uint32(b))) }
}
func tri32(f func(a, b, c uint32) uint32) instrFunc {
	return func(a, b, c uint64) uint64 { return uint64(f(uint32(a), uint32(b), uint32(c))) }
}
func un64(f func(a uint64) uint64) instrFunc { return func(a, _, _ uint64) uint64 { return f(a) } }
func bin64(f func(a, b uint64) uint64) instrFunc {
	return func(a, b, _ uint64) uint64 { return f(a, b) }
}
func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
