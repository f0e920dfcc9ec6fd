package emulator_test

import (
	"math"
	"math/bits"
	"strings"
	"testing"

	"baregrad/kernels/cuda/emulator/arith"
)

// Every arithmetic instruction once, from its text to its result. This tests that the decoder passes
// the right operands, widths and modifiers to the right function. The functions themselves are
// tested in package arith.

// integerCases returns the operations of one integer type, on registers of letter l, with results
// cut to its width.
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
