package emulator_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/emulator/arith"
)

// Every arithmetic instruction once, from its text to its result: that the
// decoder takes the right operands, widths and modifiers to the right function.
// What the functions compute is tested in package arith.

// instrCase is an instruction and what it computes. The text names its operands
// by a letter for the register's type (h 16 bits, r 32, l 64, f .f32, d .f64,
// p predicate) and a, b, c for the inputs and d for the result: "add.u32 rd, ra,
// rb". Several instructions may follow one another.
type instrCase struct {
	text string
	want func(a, b, c uint64) uint64
}

const instrThreads = 512

// instrModule writes a kernel for each case: it loads the inputs from cells of
// eight bytes into registers of every type, runs the text, and stores the
// result, zero-extended to eight bytes.
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

// instrResult finds the result register of a text: the one whose second letter
// is d, in the last instruction.
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

// instrInputs draws cells: integers of every magnitude, floats of every kind.
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

// integerCases are the operations of one integer type, on registers of letter l,
// with results cut to its width.
func integerCases[T arith.Int](name, l string, wide func(a, b T) uint64, high func(a, b T) T) []instrCase {
	cut := func(x T) uint64 { // the register's bits
		switch x := any(x).(type) {
		case int16:
			return uint64(uint16(x))
		case int32:
			return uint64(uint32(x))
		case uint16:
			return uint64(x)
		case uint32:
			return uint64(x)
		}
		return uint64(x)
	}
	three := func(f func(a, b, c T) T) instrFunc {
		return func(a, b, c uint64) uint64 { return cut(f(T(a), T(b), T(c))) }
	}
	two := func(f func(a, b T) T) instrFunc { return three(func(a, b, _ T) T { return f(a, b) }) }
	var list []instrCase
	add := func(op, operands string, want instrFunc) {
		text := op + "." + name
		for i, o := range strings.Fields(operands) {
			if len(o) == 1 {
				o = l + o
			}
			text += map[bool]string{true: " ", false: ", "}[i == 0] + o
		}
		list = append(list, instrCase{text + ";", want})
	}
	add("add", "d a b", two(func(a, b T) T { return a + b }))
	add("sub", "d a b", two(func(a, b T) T { return a - b }))
	add("sub", "d 100 a", two(func(a, _ T) T { return 100 - a }))
	add("mul.lo", "d a b", two(func(a, b T) T { return a * b }))
	add("mul.hi", "d a b", two(high))
	add("mad.lo", "d a b c", three(func(a, b, c T) T { return a*b + c }))
	add("mad.hi", "d a b c", three(func(a, b, c T) T { return high(a, b) + c }))
	add("sad", "d a b c", three(arith.Sad[T]))
	add("div", "d a b", two(arith.Div[T]))
	add("rem", "d a b", two(arith.Rem[T]))
	add("min", "d a b", two(func(a, b T) T { return min(a, b) }))
	add("max", "d a b", two(func(a, b T) T { return max(a, b) }))
	add("shr", "d a rb", func(a, b, _ uint64) uint64 { return cut(arith.Shr(T(a), uint32(b))) })
	if wide != nil {
		d := map[string]string{"h": "rd", "r": "ld"}[l]
		c := d[:1] + "c"
		add("mul.wide", d+" a b", func(a, b, _ uint64) uint64 { return wide(T(a), T(b)) })
		add("mad.wide", d+" a b "+c, func(a, b, c uint64) uint64 {
			if l == "h" {
				return uint64(uint32(wide(T(a), T(b)) + c))
			}
			return wide(T(a), T(b)) + c
		})
	}
	for op, holds := range map[string]func(a, b T) bool{
		"eq": func(a, b T) bool { return a == b }, "ne": func(a, b T) bool { return a != b },
		"lt": func(a, b T) bool { return a < b }, "le": func(a, b T) bool { return a <= b },
		"gt": func(a, b T) bool { return a > b }, "ge": func(a, b T) bool { return a >= b },
		"lo": func(a, b T) bool { return a < b }, "ls": func(a, b T) bool { return a <= b },
		"hi": func(a, b T) bool { return a > b }, "hs": func(a, b T) bool { return a >= b },
	} {
		if name[0] == 's' && (op[0] == 'h' || op == "lo" || op == "ls") {
			continue
		}
		add("setp."+op, "pd a b", func(a, b, _ uint64) uint64 { return truth(holds(T(a), T(b))) })
	}
	return list
}

func TestIntegerInstructions(t *testing.T) {
	var cases []instrCase
	cases = append(cases, integerCases("u16", "h", func(a, b uint16) uint64 { return uint64(arith.MulWideU16(a, b)) }, arith.MulHiU16)...)
	cases = append(cases, integerCases("s16", "h", func(a, b int16) uint64 { return uint64(uint32(arith.MulWideS16(a, b))) }, arith.MulHiS16)...)
	cases = append(cases, integerCases("u32", "r", arith.MulWideU32, arith.MulHiU32)...)
	cases = append(cases, integerCases("s32", "r", func(a, b int32) uint64 { return uint64(arith.MulWideS32(a, b)) }, arith.MulHiS32)...)
	cases = append(cases, integerCases("u64", "l", nil, arith.MulHiU64)...)
	cases = append(cases, integerCases("s64", "l", nil, arith.MulHiS64)...)
	u32 := func(x int32) uint64 { return uint64(uint32(x)) }
	two := func(f func(a, b int32) int32) instrFunc {
		return func(a, b, _ uint64) uint64 { return u32(f(int32(a), int32(b))) }
	}
	cases = append(cases, []instrCase{
		{"add.sat.s32 rd, ra, rb;", two(arith.AddSatS32)},
		{"sub.sat.s32 rd, ra, rb;", two(arith.SubSatS32)},
		{"mad.hi.sat.s32 rd, ra, rb, rc;", func(a, b, c uint64) uint64 { return u32(arith.MadHiSatS32(int32(a), int32(b), int32(c))) }},
		{"mul24.lo.u32 rd, ra, rb;", bin32(arith.Mul24LoU32)},
		{"mul24.hi.u32 rd, ra, rb;", bin32(arith.Mul24HiU32)},
		{"mul24.lo.s32 rd, ra, rb;", two(arith.Mul24LoS32)},
		{"mul24.hi.s32 rd, ra, rb;", two(arith.Mul24HiS32)},
		{"mad24.lo.u32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.Mul24LoU32(a, b) + c })},
		{"mad24.hi.s32 rd, ra, rb, rc;", func(a, b, c uint64) uint64 { return u32(arith.Mul24HiS32(int32(a), int32(b)) + int32(c)) }},
		{"abs.s16 hd, ha;", func(a, _, _ uint64) uint64 { return uint64(uint16(arith.Abs(int16(a)))) }},
		{"abs.s32 rd, ra;", func(a, _, _ uint64) uint64 { return u32(arith.Abs(int32(a))) }},
		{"abs.s64 ld, la;", func(a, _, _ uint64) uint64 { return uint64(arith.Abs(int64(a))) }},
		{"neg.s16 hd, ha;", func(a, _, _ uint64) uint64 { return uint64(uint16(-a)) }},
		{"neg.s32 rd, ra;", func(a, _, _ uint64) uint64 { return uint64(uint32(-a)) }},
		{"neg.s64 ld, la;", func(a, _, _ uint64) uint64 { return -a }},
		{"add.cc.u32 rd, ra, rb; addc.cc.u32 rd, rb, rc; addc.u32 rd, 0, 0;", func(a, b, c uint64) uint64 {
			_, k := arith.AddCC32(uint32(a), uint32(b), 0)
			_, k = arith.AddCC32(uint32(b), uint32(c), k)
			return uint64(k)
		}},
		{"add.cc.u64 ld, la, lb; addc.u64 ld, lb, lc;", func(a, b, c uint64) uint64 {
			_, k := arith.AddCC64(a, b, 0)
			return b + c + k
		}},
		{"sub.cc.s32 rd, ra, rb; subc.cc.u32 rd, rb, rc; subc.u32 rd, ra, rc;", func(a, b, c uint64) uint64 {
			_, k := arith.SubCC32(uint32(a), uint32(b), 0)
			_, k = arith.SubCC32(uint32(b), uint32(c), k)
			return uint64(uint32(a) - uint32(c) - k)
		}},
		{"sub.cc.u64 ld, la, lb; subc.u64 ld, lb, lc;", func(a, b, c uint64) uint64 {
			_, k := arith.SubCC64(a, b, 0)
			return b - c - k
		}},
		{"mad.lo.cc.u32 rd, ra, rb, rc; madc.hi.u32 rd, ra, rb, 0;", tri32(func(a, b, c uint32) uint32 {
			_, k := arith.AddCC32(a*b, c, 0)
			return arith.MulHiU32(a, b) + k
		})},
		{"mad.hi.cc.u64 ld, la, lb, lc; madc.lo.cc.u64 ld, la, lc, lb; addc.u64 ld, ld, 0;", func(a, b, c uint64) uint64 {
			_, k := arith.AddCC64(arith.MulHiU64(a, b), c, 0)
			s, k := arith.AddCC64(a*c, b, k)
			return s + k
		}},
		{"dp4a.u32.u32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.DP4A(a, b, c, false, false) })},
		{"dp4a.s32.u32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.DP4A(a, b, c, true, false) })},
		{"dp4a.u32.s32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.DP4A(a, b, c, false, true) })},
		{"dp2a.lo.s32.s32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.DP2A(a, b, c, true, true, false) })},
		{"dp2a.hi.u32.s32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.DP2A(a, b, c, false, true, true) })},
	}...)
	runInstrCases(t, cases)
}

func TestBitInstructions(t *testing.T) {
	cases := []instrCase{
		{"and.b16 hd, ha, hb;", bin32(func(a, b uint32) uint32 { return a & b & 0xffff })},
		{"or.b32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return a | b })},
		{"xor.b64 ld, la, lb;", bin64(func(a, b uint64) uint64 { return a ^ b })},
		{"not.b16 hd, ha;", un32(func(a uint32) uint32 { return ^a & 0xffff })},
		{"not.b64 ld, la;", un64(func(a uint64) uint64 { return ^a })},
		{"cnot.b32 rd, ra;", un32(func(a uint32) uint32 { return uint32(truth(a == 0)) })},
		{"and.pred pd, pa_, pb_;  // ra rb", bin32(func(a, b uint32) uint32 { return (a & b) >> 31 })},
		{"xor.pred pd, pa_, pb_; not.pred pd, pd; // ra rb", bin32(func(a, b uint32) uint32 { return ^(a ^ b) >> 31 })},
		{"shl.b16 hd, ha, rb;", func(a, b, _ uint64) uint64 { return uint64(arith.Shl(uint16(a), uint32(b))) }},
		{"shl.b32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return arith.Shl(a, b) })},
		{"shl.b64 ld, la, rb;", func(a, b, _ uint64) uint64 { return arith.Shl(a, uint32(b)) }},
		{"shr.b32 rd, ra, 33;", un32(func(uint32) uint32 { return 0 })},
		{"shf.l.clamp.b32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.ShfL(a, b, c, false) })},
		{"shf.l.wrap.b32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.ShfL(a, b, c, true) })},
		{"shf.r.clamp.b32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.ShfR(a, b, c, false) })},
		{"shf.r.wrap.b32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.ShfR(a, b, c, true) })},
		{"popc.b32 rd, ra;", un32(func(a uint32) uint32 { return uint32(bits.OnesCount32(a)) })},
		{"popc.b64 rd, la;", un64(func(a uint64) uint64 { return uint64(bits.OnesCount64(a)) })},
		{"clz.b32 rd, ra;", un32(func(a uint32) uint32 { return uint32(bits.LeadingZeros32(a)) })},
		{"clz.b64 rd, la;", un64(func(a uint64) uint64 { return uint64(bits.LeadingZeros64(a)) })},
		{"brev.b32 rd, ra;", un32(bits.Reverse32)},
		{"brev.b64 ld, la;", un64(bits.Reverse64)},
		{"bfind.u32 rd, ra;", un32(func(a uint32) uint32 { return arith.BFindU(a, false) })},
		{"bfind.shiftamt.u64 rd, la;", un64(func(a uint64) uint64 { return uint64(arith.BFindU(a, true)) })},
		{"bfind.shiftamt.s32 rd, ra;", un32(func(a uint32) uint32 { return arith.BFindS32(int32(a), true) })},
		{"bfind.s64 rd, la;", un64(func(a uint64) uint64 { return uint64(arith.BFindS64(int64(a), false)) })},
		{"fns.b32 rd, ra, 7, rc;", tri32(func(a, _, c uint32) uint32 { return arith.Fns(a, 7, int32(c)) })},
		{"bfe.u32 rd, ra, rb, rc;", tri32(arith.BFEU32)},
		{"bfe.s32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return uint32(arith.BFES32(int32(a), b, c)) })},
		{"bfe.u64 ld, la, rb, rc;", func(a, b, c uint64) uint64 { return arith.BFEU64(a, uint32(b), uint32(c)) }},
		{"bfe.s64 ld, la, rb, rc;", func(a, b, c uint64) uint64 { return uint64(arith.BFES64(int64(a), uint32(b), uint32(c))) }},
		{"bfi.b32 rd, ra, rb, rc, 9;", tri32(func(a, b, c uint32) uint32 { return arith.BFI32(a, b, c, 9) })},
		{"bfi.b64 ld, la, lb, 5, rc;", func(a, b, c uint64) uint64 { return arith.BFI64(a, b, 5, uint32(c)) }},
		{"bmsk.clamp.b32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return arith.BMsk(a, b, false) })},
		{"bmsk.wrap.b32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return arith.BMsk(a, b, true) })},
		{"szext.clamp.s32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return arith.SZExt(a, b, true, false) })},
		{"szext.wrap.u32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return arith.SZExt(a, b, false, true) })},
		{"lop3.b32 rd, ra, rb, rc, 0x1d;", tri32(func(a, b, c uint32) uint32 { return arith.Lop3(a, b, c, 0x1d) })},
		{"mov.b64 {rd, re}, la; add.u32 rd, rd, re;", un64(func(a uint64) uint64 { return uint64(uint32(a) + uint32(a>>32)) })},
		{"mov.b64 ld, {ra, rb};", bin64(func(a, b uint64) uint64 { return a&math.MaxUint32 | b<<32 })},
		{"mov.b32 rd, {ha, hb};", bin64(func(a, b uint64) uint64 { return a&0xffff | b&0xffff<<16 })},
		{"mov.b64 ld, {ha, hb, hc, ha};", func(a, b, c uint64) uint64 {
			return a&0xffff | b&0xffff<<16 | c&0xffff<<32 | a<<48
		}},
		{"selp.b16 hd, ha, hb, pb_; // rb", func(a, b, _ uint64) uint64 { return choose(int32(b) < 0, a, b) & 0xffff }},
		{"selp.b64 ld, la, lb, !pb_; // rb", func(a, b, _ uint64) uint64 { return choose(int32(b) < 0, b, a) }},
		{"selp.f64 dd, da, dc, pb_; // rb", func(a, b, c uint64) uint64 { return choose(int32(b) < 0, a, c) }},
		{"slct.u32.s32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return uint32(choose(int32(c) >= 0, uint64(a), uint64(b))) })},
		{"slct.f64.f32 dd, da, db, fc;", func(a, b, c uint64) uint64 {
			return choose(math.Float32frombits(uint32(c)) >= 0, a, b)
		}},
		{"setp.lt.and.s32 pd|pe, ra, rb, pb_; @pe mov.u32 rd, 1; @!pe mov.u32 rd, 0; selp.u32 rd, 3, rd, pd; mov.b32 rd, rd;",
			bin32(func(a, b uint32) uint32 {
				// pd = (a < b) and p, pe = not (a < b) and p
				less, p := int32(a) < int32(b), int32(b) < 0
				return uint32(choose(less && p, 3, truth(!less && p)))
			})},
		{"setp.gt.xor.u64 pd, la, lb, !pb_; // rb", func(a, b, _ uint64) uint64 { return truth(a > b) ^ truth(int32(b) >= 0) }},
		{"set.le.u32.s32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return uint32(-truth(int32(a) <= int32(b))) })},
		{"set.gt.f32.f32 fd, fa, fb;", func(a, b, _ uint64) uint64 {
			return truth(arith.CompareF32(arith.GT, uint32(a), uint32(b), false)) * 0x3f800000
		}},
		{"set.neu.or.s32.f64 rd, da, dc, pb_; // rb", func(a, b, c uint64) uint64 {
			return uint64(uint32(-truth(arith.CompareF64(arith.NEU, a, c) || int32(b) < 0)))
		}},
	}
	for mode, name := range []string{"", ".f4e", ".b4e", ".rc8", ".ecl", ".ecr", ".rc16"} {
		cases = append(cases, instrCase{"prmt.b32" + name + " rd, ra, rb, rc;",
			tri32(func(a, b, c uint32) uint32 { return arith.Prmt(a, b, c, arith.PrmtMode(mode)) })})
	}
	runInstrCases(t, cases)
}

func choose(c bool, a, b uint64) uint64 {
	if c {
		return a
	}
	return b
}

func TestFloatInstructions(t *testing.T) {
	var cases []instrCase
	add := func(text string, want instrFunc) { cases = append(cases, instrCase{text, want}) }
	for r, name := range map[arith.Rounding]string{arith.RN: ".rn", arith.RZ: ".rz", arith.RM: ".rm", arith.RP: ".rp"} {
		for mask := range 4 {
			m := arith.Mode{Round: r, FTZ: mask&1 != 0, Sat: mask&2 != 0}
			mods := name + map[bool]string{true: ".ftz"}[m.FTZ]
			full := mods + map[bool]string{true: ".sat"}[m.Sat] + ".f32"
			add("add"+full+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.AddF32(a, b, m) }))
			add("sub"+full+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.SubF32(a, b, m) }))
			add("mul"+full+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.MulF32(a, b, m) }))
			add("fma"+full+" fd, fa, fb, fc;", tri32(func(a, b, c uint32) uint32 { return arith.FMAF32(a, b, c, m) }))
			add("mad"+full+" fd, fa, fb, fc;", tri32(func(a, b, c uint32) uint32 { return arith.FMAF32(a, b, c, m) }))
			if m.Sat {
				continue
			}
			add("div"+mods+".f32 fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.DivF32(a, b, m) }))
			add("rcp"+mods+".f32 fd, fa;", un32(func(a uint32) uint32 { return arith.RcpF32(a, m) }))
			add("sqrt"+mods+".f32 fd, fa;", un32(func(a uint32) uint32 { return arith.SqrtF32(a, m) }))
		}
		add("add"+name+".f64 dd, da, db;", bin64(func(a, b uint64) uint64 { return arith.AddF64(a, b, r) }))
		add("sub"+name+".f64 dd, da, db;", bin64(func(a, b uint64) uint64 { return arith.SubF64(a, b, r) }))
		add("mul"+name+".f64 dd, da, db;", bin64(func(a, b uint64) uint64 { return arith.MulF64(a, b, r) }))
		add("fma"+name+".f64 dd, da, db, dc;", func(a, b, c uint64) uint64 { return arith.FMAF64(a, b, c, r) })
		add("mad"+name+".f64 dd, da, db, dc;", func(a, b, c uint64) uint64 { return arith.FMAF64(a, b, c, r) })
		add("div"+name+".f64 dd, da, db;", bin64(func(a, b uint64) uint64 { return arith.DivF64(a, b, r) }))
		add("rcp"+name+".f64 dd, da;", un64(func(a uint64) uint64 { return arith.RcpF64(a, r) }))
		add("sqrt"+name+".f64 dd, da;", un64(func(a uint64) uint64 { return arith.SqrtF64(a, r) }))
	}
	add("add.f32 fd, fa, 0f3F000000;", un32(func(a uint32) uint32 { return arith.AddF32RN(a, 0x3f000000) }))
	add("mul.f64 dd, da, 0d4008000000000000;", un64(func(a uint64) uint64 { return arith.MulF64(a, 0x4008000000000000, arith.RN) }))
	add("fma.rn.f32 fd, fa, 1.5, -2.0;", un32(func(a uint32) uint32 { return arith.FMAF32RN(a, 0x3fc00000, 0xc0000000) }))
	for _, ftz := range []bool{false, true} {
		mods := map[bool]string{true: ".ftz"}[ftz] + ".f32"
		for name, f := range map[string]func(uint32, bool) uint32{"rcp": arith.RcpApproxF32, "sqrt": arith.SqrtApproxF32,
			"rsqrt": arith.RsqrtApproxF32, "sin": arith.SinApproxF32, "cos": arith.CosApproxF32, "lg2": arith.Lg2ApproxF32, "ex2": arith.Ex2ApproxF32} {
			add(name+".approx"+mods+" fd, fa;", un32(func(a uint32) uint32 { return f(a, ftz) }))
		}
		add("div.approx"+mods+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.DivApproxF32(a, b, ftz) }))
		add("div.full"+mods+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.DivFullF32(a, b, ftz) }))
		add("abs"+mods+" fd, fa;", un32(func(a uint32) uint32 { return arith.AbsF32(a, ftz) }))
		add("neg"+mods+" fd, fa;", un32(func(a uint32) uint32 { return arith.NegF32(a, ftz) }))
		for _, nan := range []bool{false, true} {
			m := arith.MinMax{FTZ: ftz, NaN: nan}
			mods := map[bool]string{true: ".ftz"}[ftz] + map[bool]string{true: ".NaN"}[nan]
			add("min"+mods+".f32 fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.MinF32(a, b, m) }))
			x := arith.MinMax{FTZ: ftz, NaN: nan, XorSignAbs: true}
			add("max"+mods+".xorsign.abs.f32 fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.MaxF32(a, b, x) }))
		}
		for op := arith.EQ; op <= arith.NAN; op++ {
			if op >= arith.LO && op <= arith.HS {
				continue
			}
			add("setp."+op.String()+mods+" pd, fa, fb;", func(a, b, _ uint64) uint64 {
				return truth(arith.CompareF32(op, uint32(a), uint32(b), ftz))
			})
			if !ftz {
				add("setp."+op.String()+".f64 pd, da, db;", func(a, b, _ uint64) uint64 { return truth(arith.CompareF64(op, a, b)) })
			}
		}
	}
	add("tanh.approx.f32 fd, fa;", un32(arith.TanhApproxF32))
	add("rcp.approx.ftz.f64 dd, da;", un64(arith.RcpApproxF64))
	add("rsqrt.approx.ftz.f64 dd, da;", un64(arith.RsqrtApproxFTZF64))
	add("rsqrt.approx.f64 dd, da;", un64(arith.RsqrtApproxF64))
	add("min.f64 dd, da, db;", bin64(arith.MinF64))
	add("max.f64 dd, da, db;", bin64(arith.MaxF64))
	add("abs.f64 dd, da;", un64(arith.AbsF64))
	add("neg.f64 dd, da;", un64(arith.NegF64))
	add("copysign.f32 fd, fa, fb;", bin32(arith.CopySignF32))
	add("copysign.f64 dd, da, db;", bin64(arith.CopySignF64))
	for op, name := range []string{"finite", "infinite", "number", "notanumber", "normal", "subnormal"} {
		add("testp."+name+".f32 pd, fa;", func(a, _, _ uint64) uint64 { return truth(arith.TestPF32(arith.Property(op), uint32(a))) })
		add("testp."+name+".f64 pd, da;", func(a, _, _ uint64) uint64 { return truth(arith.TestPF64(arith.Property(op), a)) })
	}
	runInstrCases(t, cases)
}

func TestHalfInstructions(t *testing.T) {
	var cases []instrCase
	type mode = arith.HalfMode
	for name, h := range map[string]arith.Half{"f16": arith.F16, "bf16": arith.BF16} {
		one := func(text string, f func(a, b, c uint16) uint16) {
			cases = append(cases, instrCase{strings.ReplaceAll(text, "T", name), func(a, b, c uint64) uint64 {
				return uint64(f(uint16(a), uint16(b), uint16(c)))
			}})
		}
		two := func(text string, f func(a, b, c uint32) uint32) {
			cases = append(cases, instrCase{strings.ReplaceAll(text, "T", name+"x2"), tri32(f)})
		}
		one("add.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Add(a, b, mode{}) })
		one("sub.rn.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Sub(a, b, mode{}) })
		one("mul.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Mul(a, b, mode{}) })
		one("fma.rn.T hd, ha, hb, hc;", func(a, b, c uint16) uint16 { return h.FMA(a, b, c, mode{}) })
		one("fma.rn.relu.T hd, ha, hb, hc;", func(a, b, c uint16) uint16 { return h.FMA(a, b, c, mode{Relu: true}) })
		one("min.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Min(a, b, arith.MinMax{}) })
		one("max.NaN.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Max(a, b, arith.MinMax{NaN: true}) })
		one("neg.T hd, ha;", func(a, _, _ uint16) uint16 { return h.Neg(a, false) })
		one("abs.T hd, ha;", func(a, _, _ uint16) uint16 { return h.Abs(a, false) })
		one("tanh.approx.T hd, ha;", func(a, _, _ uint16) uint16 { return h.Tanh(a) })
		one("setp.ltu.T pd, ha, hb;", func(a, b, _ uint16) uint16 { return uint16(truth(h.Compare(arith.LTU, a, b, false))) })
		two("add.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Add2(a, b, mode{}) })
		two("sub.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Sub2(a, b, mode{}) })
		two("mul.rn.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Mul2(a, b, mode{}) })
		two("fma.rn.T rd, ra, rb, rc;", func(a, b, c uint32) uint32 { return h.FMA2(a, b, c, mode{}) })
		two("min.NaN.xorsign.abs.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Min2(a, b, arith.MinMax{NaN: true, XorSignAbs: true}) })
		two("max.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Max2(a, b, arith.MinMax{}) })
		two("neg.T rd, ra;", func(a, _, _ uint32) uint32 { return h.Neg2(a, false) })
		two("abs.T rd, ra;", func(a, _, _ uint32) uint32 { return h.Abs2(a, false) })
		two("tanh.approx.T rd, ra;", func(a, _, _ uint32) uint32 { return h.Tanh2(a) })
	}
	f16, bf16 := arith.F16, arith.BF16
	cases = append(cases, []instrCase{
		{"add.ftz.sat.f16 hd, ha, hb;", func(a, b, _ uint64) uint64 {
			return uint64(f16.Add(uint16(a), uint16(b), mode{FTZ: true, Sat: true}))
		}},
		{"fma.rn.ftz.f16x2 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return f16.FMA2(a, b, c, mode{FTZ: true}) })},
		{"ex2.approx.f16 hd, ha;", func(a, _, _ uint64) uint64 { return uint64(f16.Ex2(uint16(a))) }},
		{"ex2.approx.f16x2 rd, ra;", un32(f16.Ex2x2)},
		{"ex2.approx.ftz.bf16x2 rd, ra;", un32(bf16.Ex2x2)},
	}...)
	runInstrCases(t, cases)
}

func TestCvtInstructions(t *testing.T) {
	var cases []instrCase
	letter := func(t arith.Type) string {
		return map[arith.Type]string{arith.TypeF32: "f", arith.TypeF64: "d", arith.TypeU64: "l", arith.TypeS64: "l",
			arith.TypeU32: "r", arith.TypeS32: "r"}[t]
	}
	reg := func(t arith.Type) string {
		if l := letter(t); l != "" {
			return l
		}
		return "h" // 8-bit values lie in 16-bit registers
	}
	for dst := arith.TypeU8; dst <= arith.TypeF64; dst++ {
		for src := arith.TypeU8; src <= arith.TypeF64; src++ {
			if dst == arith.TypeTF32 || src == arith.TypeTF32 {
				continue
			}
			modes := map[string]arith.CvtMode{"": {}}
			widens := dst == src || dst == arith.TypeF64 || dst == arith.TypeF32 && src != arith.TypeF64
			switch {
			case dst.Float() && src.Float() && widens:
				if dst != arith.TypeBF16 && (src == arith.TypeF32 || dst == arith.TypeF32) {
					modes[".ftz"] = arith.CvtMode{FTZ: true}
				}
				if dst == src && dst != arith.TypeBF16 {
					modes[".rmi"] = arith.CvtMode{Integer: true, Round: arith.RM}
					modes[".sat"] = arith.CvtMode{Sat: true}
				}
				if dst == arith.TypeBF16 {
					continue
				}
			case dst.Float() && src.Float() && (dst == arith.TypeBF16 || src == arith.TypeBF16):
				modes = map[string]arith.CvtMode{".rn": {}, ".rz": {Round: arith.RZ}}
			case dst.Float():
				modes = map[string]arith.CvtMode{".rn": {}, ".rz": {Round: arith.RZ}, ".rm": {Round: arith.RM}, ".rp": {Round: arith.RP}}
			case src.Float():
				modes = map[string]arith.CvtMode{".rni": {Integer: true}, ".rzi": {Integer: true, Round: arith.RZ},
					".rmi": {Integer: true, Round: arith.RM}, ".rpi.sat": {Integer: true, Round: arith.RP, Sat: true}}
			default:
				modes[".sat"] = arith.CvtMode{Sat: true}
			}
			for mods, m := range modes {
				f, err := arith.Cvt(dst, src, m)
				if err != nil {
					t.Fatal(err)
				}
				width := uint(dst.Bits())
				if width == 8 {
					width = 16 // the register
				}
				cases = append(cases, instrCase{
					fmt.Sprintf("cvt%s.%v.%v %sd, %sa;", mods, dst, src, reg(dst), reg(src)),
					func(a, _, _ uint64) uint64 {
						n := uint(src.Bits())
						return f(a<<(64-n)>>(64-n)) << (64 - width) >> (64 - width)
					}})
			}
		}
	}
	cvt := func(dst, src arith.Type, m arith.CvtMode) func(uint64) uint64 {
		f, err := arith.Cvt(dst, src, m)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	pack := func(dst arith.Type, m arith.CvtMode) instrFunc {
		return bin32(func(a, b uint32) uint32 { return arith.CvtPack2(dst, m, a, b) })
	}
	cases = append(cases, []instrCase{
		{"cvt.rna.tf32.f32 rd, fa;", un64(func(a uint64) uint64 {
			return cvt(arith.TypeTF32, arith.TypeF32, arith.CvtMode{Round: arith.RNA})(a & math.MaxUint32)
		})},
		{"cvt.rn.tf32.f32 rd, fa;", un64(func(a uint64) uint64 { return cvt(arith.TypeTF32, arith.TypeF32, arith.CvtMode{})(a & math.MaxUint32) })},
		{"cvt.rn.relu.f16.f32 hd, fa;", un64(func(a uint64) uint64 {
			return cvt(arith.TypeF16, arith.TypeF32, arith.CvtMode{Relu: true})(a & math.MaxUint32)
		})},
		{"cvt.rz.f16x2.f32 rd, fa, fb;", pack(arith.TypeF16, arith.CvtMode{Round: arith.RZ})},
		{"cvt.rn.relu.bf16x2.f32 rd, fa, fb;", pack(arith.TypeBF16, arith.CvtMode{Relu: true})},
		{"cvt.rn.satfinite.e4m3x2.f32 hd, fa, fb;", bin32(func(a, b uint32) uint32 { return uint32(arith.E4M3.PackF32(a, b, false)) })},
		{"cvt.rn.satfinite.relu.e5m2x2.f32 hd, fa, fb;", bin32(func(a, b uint32) uint32 { return uint32(arith.E5M2.PackF32(a, b, true)) })},
		{"cvt.rn.satfinite.e5m2x2.f16x2 hd, ra;", un32(func(a uint32) uint32 { return uint32(arith.E5M2.PackF16x2(a, false)) })},
		{"cvt.rn.f16x2.e4m3x2 rd, ha;", un32(func(a uint32) uint32 { return arith.E4M3.UnpackF16x2(uint16(a), false) })},
		{"cvt.pack.sat.s16.s32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return arith.CvtPackInt(arith.TypeS16, a, b, 0) })},
		{"cvt.pack.sat.u8.s32.b32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.CvtPackInt(arith.TypeU8, a, b, c) })},
		{"cvt.u32.u8 rd, ra;", un32(func(a uint32) uint32 { return a & 255 })}, // a wider register at each end
		{"cvt.s64.s16 ld, ra;", un64(func(a uint64) uint64 { return uint64(int64(int16(a))) })},
		{"cvt.s8.s64 rd, la;", un64(func(a uint64) uint64 { return uint64(uint32(int32(int8(a)))) })},
	}...)
	runInstrCases(t, cases)
}
