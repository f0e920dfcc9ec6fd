package emulator

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
)

// instrCase is one instruction on registers d, a, b, c of the given widths, and
// what it computes, written anew in Go. Width 1 is a predicate.
type instrCase struct {
	text   string // with d, a, b, c for the registers
	widths []int  // of d, a, b, c
	f      func(a, b, c uint64) uint64
}

// instrInputs gives 256 triples: all pairs of awkward values, then random ones.
func instrInputs() (in [3][]uint64) {
	awkward := []uint64{0, 1, 2, 31, 32, 33, 63, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff,
		1 << 63, 1<<63 - 1, ^uint64(0), 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x00000001_00000001, 0x3ff0000000000000}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 1024 {
		a, b, c := rng.Uint64(), rng.Uint64(), rng.Uint64()
		if i < len(awkward)*len(awkward) {
			a, b, c = awkward[i%len(awkward)], awkward[i/len(awkward)], awkward[(i*7+i/13)%len(awkward)]
		} else if i%3 == 0 { // small numbers and shifts
			b, c = b&63, c&63
		}
		in[0], in[1], in[2] = append(in[0], a), append(in[1], b), append(in[2], c)
	}
	return
}

// instrKernel writes a kernel that applies the instruction to element i of three
// arrays of 64-bit cells. Half of the lanes run it on their own, to see that the
// others keep their registers.
func instrKernel(c instrCase) string {
	var sb strings.Builder
	sb.WriteString(header + ".visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u64 p3)\n{\n")
	sb.WriteString(".reg .b64 %p, %off, %t;\n.reg .b32 %i, %j;\n.reg .pred %odd, %one;\n")
	names := []string{"d", "a", "b", "c"}
	for i, w := range c.widths {
		if w == 1 {
			fmt.Fprintf(&sb, ".reg .pred %s;\n", names[i])
		} else {
			fmt.Fprintf(&sb, ".reg .b%d %s;\n", w, names[i])
		}
	}
	sb.WriteString("mov.u32 %i, %tid.x;\nmov.u32 %j, %ctaid.x;\nmad.lo.u32 %i, %j, 64, %i;\nmul.wide.u32 %off, %i, 8;\n")
	load := func(i, w int) {
		fmt.Fprintf(&sb, "ld.param.u64 %%p, [p%d];\nadd.u64 %%p, %%p, %%off;\n", i)
		if w == 1 {
			fmt.Fprintf(&sb, "ld.global.u64 %%t, [%%p];\nand.b64 %%t, %%t, 1;\nsetp.ne.u64 %s, %%t, 0;\n", names[i])
		} else {
			fmt.Fprintf(&sb, "ld.global.b%d %s, [%%p];\n", w, names[i])
		}
	}
	for i := 1; i < len(c.widths); i++ {
		load(i, c.widths[i])
	}
	load(0, c.widths[0])
	sb.WriteString("and.b32 %j, %i, 1;\nsetp.ne.u32 %odd, %j, 0;\n")
	for _, line := range strings.Split(c.text, "\n") {
		fmt.Fprintf(&sb, "@%%odd %s;\n", line)
	}
	sb.WriteString("@%odd bra done;\n")
	for _, line := range strings.Split(c.text, "\n") {
		fmt.Fprintf(&sb, "%s;\n", line)
	}
	sb.WriteString("done:\nld.param.u64 %p, [p0];\nadd.u64 %p, %p, %off;\nst.global.u64 [%p], 0;\n")
	if c.widths[0] == 1 {
		sb.WriteString("selp.b64 %t, 1, 0, d;\nst.global.u64 [%p], %t;\nret;\n}\n")
	} else {
		fmt.Fprintf(&sb, "st.global.b%d [%%p], d;\nret;\n}\n", c.widths[0])
	}
	return sb.String()
}

func runInstr(t *testing.T, c instrCase) {
	t.Helper()
	in := instrInputs()
	m := New(Options{})
	k := kernel(t, load(t, m, c.text, instrKernel(c)), "k")
	n := len(in[0])
	cells := func(v []uint64) Address {
		w := make([]uint32, 2*len(v))
		for i, x := range v {
			w[2*i], w[2*i+1] = uint32(x), uint32(x>>32)
		}
		return upload(t, m, u32bytes(w))
	}
	d := cells(make([]uint64, n))
	launch(t, m, k, Dim3{uint32(n / 64), 1, 1}, Dim3{64, 1, 1}, d, cells(in[0]), cells(in[1]), cells(in[2]))
	cut := func(i int, v uint64) uint64 {
		if i < len(c.widths) {
			return v << (64 - c.widths[i]) >> (64 - c.widths[i])
		}
		return 0
	}
	for i, got := range download64(t, m, d, n) {
		a, b, x := cut(1, in[0][i]), cut(2, in[1][i]), cut(3, in[2][i])
		if want := cut(0, c.f(a, b, x)); got != want {
			t.Errorf("%s: a=%#x b=%#x c=%#x gives %#x, expected %#x", c.text, a, b, x, got, want)
			return
		}
	}
}

func i32(v uint64) int64 { return int64(int32(v)) }
func i16(v uint64) int64 { return int64(int16(v)) }
func b2u(ok bool) uint64 {
	if ok {
		return 1
	}
	return 0
}
func clamp(v, lo, hi int64) uint64 { return uint64(min(max(v, lo), hi)) }

// high gives the upper half of a product of n-bit numbers.
func high(a, b int64, n uint) uint64 {
	p := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	return new(big.Int).And(p.Rsh(p, n), new(big.Int).SetUint64(^uint64(0))).Uint64()
}

var integerCases = []instrCase{
	{"add.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return a + b }},
	{"add.u16 d, a, b", []int{16, 16, 16}, func(a, b, _ uint64) uint64 { return a + b }},
	{"add.s64 d, a, b", []int{64, 64, 64}, func(a, b, _ uint64) uint64 { return a + b }},
	{"add.sat.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return clamp(i32(a)+i32(b), math.MinInt32, math.MaxInt32) }},
	{"sub.sat.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return clamp(i32(a)-i32(b), math.MinInt32, math.MaxInt32) }},
	{"sub.u32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return a - b }},
	{"sub.s64 d, a, b", []int{64, 64, 64}, func(a, b, _ uint64) uint64 { return a - b }},
	{"sub.s16 d, a, b", []int{16, 16, 16}, func(a, b, _ uint64) uint64 { return a - b }},
	{"mul.lo.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return a * b }},
	{"mul.lo.u64 d, a, b", []int{64, 64, 64}, func(a, b, _ uint64) uint64 { return a * b }},
	{"mul.lo.u16 d, a, b", []int{16, 16, 16}, func(a, b, _ uint64) uint64 { return a * b }},
	{"mul.hi.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return high(i32(a), i32(b), 32) }},
	{"mul.hi.u32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return a * b >> 32 }},
	{"mul.hi.s64 d, a, b", []int{64, 64, 64}, func(a, b, _ uint64) uint64 { return high(int64(a), int64(b), 64) }},
	{"mul.hi.u64 d, a, b", []int{64, 64, 64}, func(a, b, _ uint64) uint64 { h, _ := bits.Mul64(a, b); return h }},
	{"mul.hi.s16 d, a, b", []int{16, 16, 16}, func(a, b, _ uint64) uint64 { return uint64(i16(a) * i16(b) >> 16) }},
	{"mul.hi.u16 d, a, b", []int{16, 16, 16}, func(a, b, _ uint64) uint64 { return a * b >> 16 }},
	{"mul.wide.s16 d, a, b", []int{32, 16, 16}, func(a, b, _ uint64) uint64 { return uint64(i16(a) * i16(b)) }},
	{"mul.wide.u16 d, a, b", []int{32, 16, 16}, func(a, b, _ uint64) uint64 { return a * b }},
	{"mul.wide.s32 d, a, b", []int{64, 32, 32}, func(a, b, _ uint64) uint64 { return uint64(i32(a) * i32(b)) }},
	{"mul.wide.u32 d, a, b", []int{64, 32, 32}, func(a, b, _ uint64) uint64 { return a * b }},
	{"mad.lo.s32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 { return a*b + c }},
	{"mad.lo.u64 d, a, b, c", []int{64, 64, 64, 64}, func(a, b, c uint64) uint64 { return a*b + c }},
	{"mad.lo.u16 d, a, b, c", []int{16, 16, 16, 16}, func(a, b, c uint64) uint64 { return a*b + c }},
	{"mad.hi.u32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 { return a*b>>32 + c }},
	{"mad.hi.sat.s32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 {
		return clamp(i32(a)*i32(b)>>32+i32(c), math.MinInt32, math.MaxInt32)
	}},
	{"mad.wide.s32 d, a, b, c", []int{64, 32, 32, 64}, func(a, b, c uint64) uint64 { return uint64(i32(a)*i32(b)) + c }},
	{"mad.wide.u32 d, a, b, c", []int{64, 32, 32, 64}, func(a, b, c uint64) uint64 { return a*b + c }},
	{"mad.wide.u16 d, a, b, c", []int{32, 16, 16, 32}, func(a, b, c uint64) uint64 { return a*b + c }},
	{"mul24.lo.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 {
		return uint64((int64(a<<40) >> 40) * (int64(b<<40) >> 40))
	}},
	{"mul24.hi.u32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return (a & 0xffffff) * (b & 0xffffff) >> 16 }},
	{"mad24.lo.u32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 { return (a&0xffffff)*(b&0xffffff) + c }},
	{"sad.s32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 {
		return uint64(max(i32(a)-i32(b), i32(b)-i32(a))) + c
	}},
	{"sad.u16 d, a, b, c", []int{16, 16, 16, 16}, func(a, b, c uint64) uint64 { return max(a, b) - min(a, b) + c }},
	{"div.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 {
		if b == 0 {
			return ^uint64(0)
		}
		return uint64(i32(a) / i32(b))
	}},
	{"div.u64 d, a, b", []int{64, 64, 64}, func(a, b, _ uint64) uint64 {
		if b == 0 {
			return ^uint64(0)
		}
		return a / b
	}},
	{"rem.s64 d, a, b", []int{64, 64, 64}, func(a, b, _ uint64) uint64 {
		switch int64(b) {
		case 0:
			return ^uint64(0)
		case -1:
			return 0
		}
		return uint64(int64(a) % int64(b))
	}},
	{"rem.u32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 {
		if b == 0 {
			return ^uint64(0)
		}
		return a % b
	}},
	{"div.s16 d, a, b", []int{16, 16, 16}, func(a, b, _ uint64) uint64 {
		if b == 0 {
			return ^uint64(0)
		}
		return uint64(i16(a) / i16(b))
	}},
	{"abs.s32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return uint64(max(i32(a), -i32(a))) }},
	{"neg.s64 d, a", []int{64, 64}, func(a, _, _ uint64) uint64 { return -a }},
	{"neg.s16 d, a", []int{16, 16}, func(a, _, _ uint64) uint64 { return -a }},
	{"min.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return uint64(min(i32(a), i32(b))) }},
	{"max.u32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return max(a, b) }},
	{"max.s64 d, a, b", []int{64, 64, 64}, func(a, b, _ uint64) uint64 { return uint64(max(int64(a), int64(b))) }},
	{"min.u16 d, a, b", []int{16, 16, 16}, func(a, b, _ uint64) uint64 { return min(a, b) }},
	{"max.s16x2 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 {
		return uint64(uint16(max(i16(a), i16(b)))) | uint64(uint16(max(i16(a>>16), i16(b>>16))))<<16
	}},
	{"max.relu.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return uint64(max(i32(a), i32(b), 0)) }},
	{"and.b32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return a & b }},
	{"or.b64 d, a, b", []int{64, 64, 64}, func(a, b, _ uint64) uint64 { return a | b }},
	{"xor.b16 d, a, b", []int{16, 16, 16}, func(a, b, _ uint64) uint64 { return a ^ b }},
	{"and.pred d, a, b", []int{1, 1, 1}, func(a, b, _ uint64) uint64 { return a & b }},
	{"xor.pred d, a, !b", []int{1, 1, 1}, func(a, b, _ uint64) uint64 { return a ^ b ^ 1 }},
	{"not.b32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return ^a }},
	{"not.pred d, a", []int{1, 1}, func(a, _, _ uint64) uint64 { return a ^ 1 }},
	{"cnot.b64 d, a", []int{64, 64}, func(a, _, _ uint64) uint64 { return b2u(a == 0) }},
	{"shl.b32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return a << b }},
	{"shl.b64 d, a, b", []int{64, 64, 32}, func(a, b, _ uint64) uint64 { return a << b }},
	{"shl.b16 d, a, b", []int{16, 16, 32}, func(a, b, _ uint64) uint64 { return a << b }},
	{"shr.u32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return a >> b }},
	{"shr.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return uint64(i32(a) >> b) }},
	{"shr.s64 d, a, b", []int{64, 64, 32}, func(a, b, _ uint64) uint64 { return uint64(int64(a) >> b) }},
	{"shr.s16 d, a, b", []int{16, 16, 32}, func(a, b, _ uint64) uint64 { return uint64(i16(a) >> b) }},
	{"shr.u16 d, a, b", []int{16, 16, 32}, func(a, b, _ uint64) uint64 { return a >> b }},
	{"shf.l.wrap.b32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 { return (b<<32 | a) << (c & 31) >> 32 }},
	{"shf.r.clamp.b32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 { return (b<<32 | a) >> min(c, 32) }},
	{"popc.b32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return uint64(bits.OnesCount64(a)) }},
	{"popc.b64 d, a", []int{32, 64}, func(a, _, _ uint64) uint64 { return uint64(bits.OnesCount64(a)) }},
	{"clz.b32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return uint64(bits.LeadingZeros32(uint32(a))) }},
	{"clz.b64 d, a", []int{32, 64}, func(a, _, _ uint64) uint64 { return uint64(bits.LeadingZeros64(a)) }},
	{"brev.b32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return uint64(bits.Reverse32(uint32(a))) }},
	{"brev.b64 d, a", []int{64, 64}, func(a, _, _ uint64) uint64 { return bits.Reverse64(a) }},
	{"bfind.u32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return uint64(bits.Len64(a)) - 1 }},
	{"bfind.shiftamt.u64 d, a", []int{32, 64}, func(a, _, _ uint64) uint64 {
		if a == 0 {
			return ^uint64(0)
		}
		return uint64(bits.LeadingZeros64(a))
	}},
	{"bfe.u32 d, a, 5, 9", []int{32, 32}, func(a, _, _ uint64) uint64 { return a >> 5 & 0x1ff }},
	{"bfe.s32 d, a, 20, 31", []int{32, 32}, func(a, _, _ uint64) uint64 { return uint64(i32(a) >> 20) }},
	{"bfe.s64 d, a, 3, 8", []int{64, 64}, func(a, _, _ uint64) uint64 { return uint64(int64(int8(a >> 3))) }},
	{"bfi.b32 d, a, b, 8, 8", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return b&^0xff00 | a&0xff<<8 }},
	{"bfi.b64 d, a, b, 60, 8", []int{64, 64, 64}, func(a, b, _ uint64) uint64 { return b<<4>>4 | a<<60 }},
	{"bmsk.clamp.b32 d, 4, 8", []int{32}, func(_, _, _ uint64) uint64 { return 0xff0 }},
	{"szext.wrap.s32 d, a, 8", []int{32, 32}, func(a, _, _ uint64) uint64 { return uint64(int64(int8(a))) }},
	{"lop3.b32 d, a, b, c, 0x96", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 { return a ^ b ^ c }},
	{"lop3.b32 d, a, b, c, 0xE8", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 { return a&b | a&c | b&c }},
	{"prmt.b32 d, a, b, 0x0123", []int{32, 32, 32}, func(a, _, _ uint64) uint64 { return uint64(bits.ReverseBytes32(uint32(a))) }},
	{"prmt.b32 d, a, b, 0x7531", []int{32, 32, 32}, func(a, b, _ uint64) uint64 {
		return a>>8&0xff | a>>24<<8 | b>>8&0xff<<16 | b>>24<<24
	}},
	{"dp4a.s32.u32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 {
		for i := 0; i < 32; i += 8 {
			c += uint64(int64(int8(a>>i)) * int64(uint8(b>>i)))
		}
		return c
	}},
	{"dp2a.lo.s32.s32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 {
		return c + uint64(i16(a)*int64(int8(b))) + uint64(i16(a>>16)*int64(int8(b>>8)))
	}},
	{"add.cc.u32 d, a, b\naddc.u32 d, a, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 { return a + c + (a+b)>>32 }},
	{"sub.cc.u32 d, a, b\nsubc.u32 d, a, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 { return a - c - b2u(a < b) }},
	{"mad.lo.cc.u32 d, a, b, c\nmadc.hi.u32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 {
		return a*b>>32 + c + (a*b&0xffffffff+c)>>32
	}},
	{"add.cc.u64 d, a, b\naddc.u64 d, a, c", []int{64, 64, 64, 64}, func(a, b, c uint64) uint64 { _, k := bits.Add64(a, b, 0); return a + c + k }},
	{"selp.b32 d, a, b, c", []int{32, 32, 32, 1}, func(a, b, c uint64) uint64 {
		if c == 1 {
			return a
		}
		return b
	}},
	{"selp.b64 d, a, b, !c", []int{64, 64, 64, 1}, func(a, b, c uint64) uint64 {
		if c == 0 {
			return a
		}
		return b
	}},
	{"slct.u64.s32 d, a, b, c", []int{64, 64, 64, 32}, func(a, b, c uint64) uint64 {
		if i32(c) >= 0 {
			return a
		}
		return b
	}},
	{"set.lt.u32.s32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return -b2u(i32(a) < i32(b)) }},
	{"set.ge.f32.u32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return b2u(a >= b) * 0x3f800000 }},
	{"setp.eq.s32 d, a, b", []int{1, 32, 32}, func(a, b, _ uint64) uint64 { return b2u(a == b) }},
	{"setp.ne.b64 d, a, b", []int{1, 64, 64}, func(a, b, _ uint64) uint64 { return b2u(a != b) }},
	{"setp.lt.s16 d, a, b", []int{1, 16, 16}, func(a, b, _ uint64) uint64 { return b2u(i16(a) < i16(b)) }},
	{"setp.le.s32 d, a, b", []int{1, 32, 32}, func(a, b, _ uint64) uint64 { return b2u(i32(a) <= i32(b)) }},
	{"setp.gt.u64 d, a, b", []int{1, 64, 64}, func(a, b, _ uint64) uint64 { return b2u(a > b) }},
	{"setp.ge.s64 d, a, b", []int{1, 64, 64}, func(a, b, _ uint64) uint64 { return b2u(int64(a) >= int64(b)) }},
	{"setp.hs.u32 d, a, b", []int{1, 32, 32}, func(a, b, _ uint64) uint64 { return b2u(a >= b) }},
	{"setp.lt.and.u32 d, a, b, c", []int{1, 32, 32, 1}, func(a, b, c uint64) uint64 { return b2u(a < b) & c }},
	{"setp.lt.xor.s32 d, a, b, !c", []int{1, 32, 32, 1}, func(a, b, c uint64) uint64 { return b2u(i32(a) < i32(b)) ^ c ^ 1 }},
	{"setp.lt.or.s32 %one|d, a, b, c", []int{1, 32, 32, 1}, func(a, b, c uint64) uint64 { return b2u(!(i32(a) < i32(b))) | c }},
	{"mov.b64 d, {a, b}", []int{64, 32, 32}, func(a, b, _ uint64) uint64 { return a | b<<32 }},
	{"mov.b64 {_, d}, a", []int{32, 64}, func(a, _, _ uint64) uint64 { return a >> 32 }},
	{"mov.b32 d, {a, b}", []int{32, 16, 16}, func(a, b, _ uint64) uint64 { return a | b<<16 }},
	{"mov.pred d, !a", []int{1, 1}, func(a, _, _ uint64) uint64 { return a ^ 1 }},
	{"cvt.s64.s32 d, a", []int{64, 32}, func(a, _, _ uint64) uint64 { return uint64(i32(a)) }},
	{"cvt.u64.u32 d, a", []int{64, 32}, func(a, _, _ uint64) uint64 { return a }},
	{"cvt.u32.u64 d, a", []int{32, 64}, func(a, _, _ uint64) uint64 { return a }},
	{"cvt.s32.s8 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return uint64(int64(int8(a))) }},
	{"cvt.u8.u32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return a & 0xff }},
	{"cvt.sat.u8.s32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return clamp(i32(a), 0, 255) }},
	{"cvt.s16.s32 d, a", []int{16, 32}, func(a, _, _ uint64) uint64 { return a }},
	{"cvt.rn.f32.s32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return uint64(math.Float32bits(float32(int32(a)))) }},
	{"cvt.rn.f64.u64 d, a", []int{64, 64}, func(a, _, _ uint64) uint64 { return math.Float64bits(float64(a)) }},
}

func TestIntegerInstructions(t *testing.T) {
	for _, c := range integerCases {
		runInstr(t, c)
	}
}

func fl(v uint64) float32  { return math.Float32frombits(uint32(v)) }
func dbl(v uint64) float64 { return math.Float64frombits(v) }
func fb(x float32) uint64 {
	if x != x {
		return 0x7fffffff // the NaN of f32 instructions
	}
	return uint64(math.Float32bits(x))
}

// exact32 rounds an exact value to float32 once.
func exact32(f func(x *big.Float) *big.Float) uint64 {
	r := f(new(big.Float).SetPrec(2000).SetMode(big.ToNearestEven))
	v, _ := r.Float32()
	return uint64(math.Float32bits(v))
}

func finite(v ...uint64) bool {
	for _, x := range v {
		f := float64(fl(x))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

var floatCases = []instrCase{
	{"add.f32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return fb(fl(a) + fl(b)) }},
	{"sub.rn.f32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return fb(fl(a) - fl(b)) }},
	{"mul.f32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return fb(fl(a) * fl(b)) }},
	{"div.rn.f32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return fb(fl(a) / fl(b)) }},
	{"sqrt.rn.f32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return fb(float32(math.Sqrt(float64(fl(a))))) }},
	{"fma.rn.f32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 {
		if !finite(a, b, c) {
			return fb(fl(a)*fl(b) + fl(c))
		}
		if r := float32(float64(fl(a))*float64(fl(b)) + float64(fl(c))); r == 0 {
			return fb(r) // the sign of zero
		}
		return exact32(func(x *big.Float) *big.Float {
			x.Mul(x.SetFloat64(float64(fl(a))), big.NewFloat(float64(fl(b))))
			return x.Add(x, big.NewFloat(float64(fl(c))))
		})
	}},
	{"neg.f32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return a ^ 1<<31 }},
	{"abs.f64 d, a", []int{64, 64}, func(a, _, _ uint64) uint64 { return a &^ (1 << 63) }},
	{"min.f32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 {
		x, y := fl(a), fl(b)
		switch {
		case x != x && y != y:
			return 0x7fffffff
		case x != x:
			return b
		case y != y:
			return a
		}
		return fb(min(x, y))
	}},
	{"setp.lt.f32 d, a, b", []int{1, 32, 32}, func(a, b, _ uint64) uint64 { return b2u(fl(a) < fl(b)) }},
	{"setp.geu.f32 d, a, b", []int{1, 32, 32}, func(a, b, _ uint64) uint64 { return b2u(!(fl(a) < fl(b))) }},
	{"setp.ne.f32 d, a, b", []int{1, 32, 32}, func(a, b, _ uint64) uint64 {
		return b2u(fl(a) < fl(b) || fl(a) > fl(b)) // ordered: false with a NaN
	}},
	{"setp.nan.f64 d, a, b", []int{1, 64, 64}, func(a, b, _ uint64) uint64 { return b2u(dbl(a) != dbl(a) || dbl(b) != dbl(b)) }},
	{"setp.eq.f64 d, a, b", []int{1, 64, 64}, func(a, b, _ uint64) uint64 { return b2u(dbl(a) == dbl(b)) }},
	{"slct.f32.f32 d, a, b, c", []int{32, 32, 32, 32}, func(a, b, c uint64) uint64 {
		if fl(c) >= 0 {
			return a
		}
		return b
	}},
	{"copysign.f32 d, a, b", []int{32, 32, 32}, func(a, b, _ uint64) uint64 { return b&0x7fffffff | a&0x80000000 }},
	{"testp.infinite.f32 d, a", []int{1, 32}, func(a, _, _ uint64) uint64 { return b2u(a&0x7fffffff == 0x7f800000) }},
	{"cvt.rzi.s32.f32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 {
		x := float64(fl(a))
		switch {
		case x != x:
			return 0
		case x < math.MinInt32:
			return 1 << 31
		case x > math.MaxInt32:
			return math.MaxInt32
		}
		return uint64(int64(x))
	}},
	{"cvt.rmi.f32.f32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 { return fb(float32(math.Floor(float64(fl(a))))) }},
	{"cvt.f64.f32 d, a", []int{64, 32}, func(a, _, _ uint64) uint64 {
		if !(fl(a) == fl(a)) {
			return math.Float64bits(float64(fl(a)))
		}
		return math.Float64bits(float64(fl(a)))
	}},
	{"cvt.rn.bf16.f32 d, a", []int{16, 32}, func(a, _, _ uint64) uint64 {
		if fl(a) != fl(a) {
			return 0x7fff
		}
		return (a + 0x7fff + a>>16&1) >> 16
	}},
	{"cvt.sat.f32.f32 d, a", []int{32, 32}, func(a, _, _ uint64) uint64 {
		x := fl(a)
		if !(x > 0) {
			return 0
		}
		return fb(min(x, 1))
	}},
}

func TestFloatInstructions(t *testing.T) {
	for _, c := range floatCases {
		runInstr(t, c)
	}
}
