package arith

import "math/bits"

// The video instructions: vadd and others on a word, half or byte of each operand, and vadd2, vadd4
// and others on two halves or four bytes at once.

// Part is the part of a register that an operand of a scalar video instruction selects, or to which
// its result goes.
type Part uint8

// The parts of a register: all of it, or those named .b0 … .b3, .h0 and .h1.
const (
	PartAll Part = iota
	PartB0
	PartB1
	PartB2
	PartB3
	PartH0
	PartH1
)

// place returns the lowest bit of a part and its width.
func (p Part) place() (low, width uint) {
	switch {
	case p == PartAll:
		return 0, 32
	case p >= PartH0:
		return 16 * uint(p-PartH0), 16
	}
	return 8 * uint(p-PartB0), 8
}

// Extract returns a part of v, sign- or zero-extended.
func (p Part) Extract(v uint32, signed bool) int64 {
	low, n := p.place()
	return extract(uint64(v), low, n, signed)
}

func extract(v uint64, low, n uint, signed bool) int64 {
	v <<= 64 - n - low
	if signed {
		return int64(v) >> (64 - n)
	}
	return int64(v >> (64 - n))
}

// clampTo clamps x to n bits.
func clampTo(x int64, n uint, signed bool) int64 {
	lo, hi := int64(0), int64(1)<<n-1
	if signed {
		lo, hi = -1<<(n-1), 1<<(n-1)-1
	}
	return max(lo, min(hi, x))
}

// VideoOp is the operation of a video instruction.
type VideoOp uint8

// The operations. VideoAvrg exists in SIMD forms only, the shifts in scalar forms only.
const (
	VideoAdd VideoOp = iota
	VideoSub
	VideoAbsDiff
	VideoMin
	VideoMax
	VideoAvrg
	VideoShl
	VideoShr
	VideoSetEQ
	VideoSetNE
	VideoSetLT
	VideoSetLE
	VideoSetGT
	VideoSetGE
)

func (op VideoOp) apply(a, b int64) int64 {
	truth := func(ok bool) int64 {
		if ok {
			return 1
		}
		return 0
	}
	switch op {
	case VideoAdd:
		return a + b
	case VideoSub:
		return a - b
	case VideoAbsDiff:
		return max(a-b, b-a)
	case VideoMin:
		return min(a, b)
	case VideoMax:
		return max(a, b)
	case VideoAvrg: // half the sum, ties away from zero
		if a+b >= 0 {
			return (a + b + 1) >> 1
		}
		return (a + b) >> 1
	case VideoShl: // 33 bits by at most 32; the result only needs to be beyond the clamping limits
		switch low := a << b & (1<<33 - 1); {
		case bits.Len64(uint64(max(a, ^a)))+int(b) <= 62:
			return a << b
		case a < 0:
			return -1<<62 | low
		default:
			return 1<<62 | low
		}
	case VideoShr:
		return a >> b
	case VideoSetEQ:
		return truth(a == b)
	case VideoSetNE:
		return truth(a != b)
	case VideoSetLT:
		return truth(a < b)
	case VideoSetLE:
		return truth(a <= b)
	case VideoSetGT:
		return truth(a > b)
	}
	return truth(a >= b)
}

// VideoSecond is the second operation, on the result and operand c.
type VideoSecond uint8

// No second operation (or merging, if D is a part), or one of three.
const (
	SecondNone VideoSecond = iota
	SecondAdd
	SecondMin
	SecondMax
)

// Video is a scalar video instruction: vop.dtype.atype.btype{.sat}{.second} d, a, b, c. Operands
// are extended to 33 bits and the result has 34; after optional clamping, 33 bits of it are used.
// vshl clamps its exact result.
type Video struct {
	Op                        VideoOp     // the first operation
	SignedD, SignedA, SignedB bool        // of .dtype, .atype and .btype
	Sat                       bool        // .sat
	Wrap                      bool        // for shifts: the amount is taken modulo 32, otherwise clamped to 32
	Second                    VideoSecond // the second operation
	D, A, B                   Part        // the parts of the registers that are used
}

// Run computes the result.
func (v Video) Run(a, b, c uint32) uint32 {
	x, y := v.A.Extract(a, v.SignedA), v.B.Extract(b, v.SignedB)
	if v.Op == VideoShl || v.Op == VideoShr {
		if v.Wrap {
			y &= 31
		}
		y = min(y, 32)
	}
	r := v.Op.apply(x, y)
	low, n := v.D.place()
	if v.Sat {
		r = clampTo(r, n, v.SignedD)
	}
	r = r << 31 >> 31
	third := PartAll.Extract(c, v.SignedD)
	switch v.Second {
	case SecondAdd:
		r += third
	case SecondMin:
		r = min(r, third)
	case SecondMax:
		r = max(r, third)
	}
	mask := uint32(1<<n-1) << low
	return uint32(r)<<low&mask | c&^mask
}

// VideoMad is vmad: a·b + c, or with one of NegProduct, NegC and PlusOne -(a·b) + c, a·b - c and
// a·b + c + 1, shifted right by Shift bits. As in the manual, c is negated in 32 bits and then
// extended, as signed if any factor is signed or anything is negated.
type VideoMad struct {
	SignedA, SignedB          bool // of .atype and .btype
	NegProduct, NegC, PlusOne bool
	Sat                       bool // .sat
	Shift                     uint // 0, 7 or 15
	A, B                      Part // the parts of the registers that are used
}

// Run computes the result.
func (v VideoMad) Run(a, b, c uint32) uint32 {
	x, y := v.A.Extract(a, v.SignedA), v.B.Extract(b, v.SignedB)
	signed := v.SignedA || v.SignedB || v.NegProduct || v.NegC
	// The product and the sum have 128 bits.
	hi, lo := bits.Mul64(uint64(max(x, -x)), uint64(max(y, -y)))
	var carry, one uint64
	if x < 0 != (y < 0) {
		lo, carry = bits.Add64(^lo, 1, 0)
		hi = ^hi + carry
	}
	if v.NegProduct {
		hi, lo = ^hi, ^lo
	}
	if v.NegC {
		c = ^c
	}
	if v.NegProduct || v.NegC || v.PlusOne {
		one = 1
	}
	third := PartAll.Extract(c, signed)
	lo, carry = bits.Add64(lo, uint64(third), one)
	hi += uint64(third>>63) + carry
	if v.Shift > 0 {
		lo = lo>>v.Shift | hi<<(64-v.Shift)
		hi = uint64(int64(hi) >> v.Shift)
	}
	if !v.Sat {
		return uint32(lo)
	}
	switch {
	case !signed && (hi != 0 || lo > 1<<32-1):
		return 1<<32 - 1
	case !signed:
		return uint32(lo)
	case int64(hi) < 0 && (hi != 1<<64-1 || int64(lo) >= 0 || int64(lo) < -1<<31):
		return 1 << 31
	case int64(hi) >= 0 && (hi != 0 || lo > 1<<31-1):
		return 1<<31 - 1
	}
	return uint32(lo)
}

// VideoSIMD is a video instruction on the halves or bytes of its operands: vop2 and vop4,
// .dtype.atype.btype{.sat}{.add} d.mask, a.asel, b.bsel, c. SelA[i] and SelB[i] select element i of
// either operand from the elements of a followed by those of b.
type VideoSIMD struct {
	Op                        VideoOp // the operation
	Lanes                     int     // 2 or 4
	SignedD, SignedA, SignedB bool    // of .dtype, .atype and .btype
	Sat                       bool    // .sat
	Add                       bool    // the selected results are added to c; otherwise the other elements come from c
	Mask                      uint8   // one bit for each element of d that the operation computes
	SelA, SelB                [4]uint8
}

// Run computes the result.
func (v VideoSIMD) Run(a, b, c uint32) uint32 {
	n := uint(32 / v.Lanes)
	both := uint64(b)<<32 | uint64(a)
	sum, merged := int64(c), c
	for i := range v.Lanes {
		if v.Mask>>i&1 == 0 {
			continue
		}
		r := v.Op.apply(extract(both, n*uint(v.SelA[i]), n, v.SignedA), extract(both, n*uint(v.SelB[i]), n, v.SignedB))
		if v.Sat {
			r = clampTo(r, n, v.SignedD)
		}
		sum += r
		mask := uint32(1<<n-1) << (n * uint(i))
		merged = merged&^mask | uint32(r)<<(n*uint(i))&mask
	}
	if v.Add {
		return uint32(sum)
	}
	return merged
}
