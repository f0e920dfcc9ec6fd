package arith

import "math"

// Half is a 16-bit float type with its arithmetic: F16 or BF16. Operations compute in float64,
// rounded to odd, and round once to the type, so that results equal exact arithmetic rounded once.
type Half struct{ f *format }

// The two 16-bit float types: f16 is IEEE 754's binary16 (5 exponent bits, 10 significand bits),
// bf16 the upper half of an f32 (8 and 7 bits).
var (
	F16  = Half{formatF16}
	BF16 = Half{formatBF16}
)

// HalfMode is the modifiers of a 16-bit float instruction. FTZ and Sat exist for
// f16 only; the rounding is always to nearest even.
type HalfMode struct {
	FTZ, Sat, Relu bool // .ftz, .sat and .relu, which turns negative results into +0
}

// Float64 widens a value; a NaN loses its payload.
func (h Half) Float64(a uint16) float64 { return h.f.toFloat64(uint64(a)) }

// FromFloat64 rounds x, which must be exact, to the type.
func (h Half) FromFloat64(x float64, r Rounding) uint16 { return uint16(h.f.fromFloat64(x, r)) }

// operand widens an operand, flushed if .ftz is set.
func (h Half) operand(a uint16, m HalfMode) float64 {
	if m.FTZ {
		a = h.Flush(a)
	}
	return h.Float64(a)
}

// result rounds x to the type and applies the modifiers.
func (h Half) result(x float64, m HalfMode) uint16 {
	b := h.f.fromFloat64(x, RN)
	if m.FTZ {
		b = h.f.flush(b)
	}
	if m.Sat {
		b = h.f.sat(b)
	}
	if m.Relu {
		b = h.f.relu(b)
	}
	return uint16(b)
}

// Flush turns a subnormal into a zero of its sign.
func (h Half) Flush(a uint16) uint16 { return uint16(h.f.flush(uint64(a))) }

// Add is add{.rn}{.ftz}{.sat}.
func (h Half) Add(a, b uint16, m HalfMode) uint16 {
	return h.result(addOdd(h.operand(a, m), h.operand(b, m)), m)
}

// Sub is sub{.rn}{.ftz}{.sat}.
func (h Half) Sub(a, b uint16, m HalfMode) uint16 { return h.Add(a, b^0x8000, m) }

// Mul is mul{.rn}{.ftz}{.sat}.
func (h Half) Mul(a, b uint16, m HalfMode) uint16 {
	return h.result(h.operand(a, m)*h.operand(b, m), m) // the product is exact in float64
}

// FMA is fma.rn{.ftz}{.sat}{.relu}: a·b + c with one rounding.
func (h Half) FMA(a, b, c uint16, m HalfMode) uint16 {
	return h.result(addOdd(float64(h.operand(a, m)*h.operand(b, m)), h.operand(c, m)), m)
}

// Min is min{.ftz}{.NaN}{.xorsign.abs}.
func (h Half) Min(a, b uint16, m MinMax) uint16 {
	return uint16(h.f.minMax(uint64(a), uint64(b), m, false))
}

// Max is max{.ftz}{.NaN}{.xorsign.abs}.
func (h Half) Max(a, b uint16, m MinMax) uint16 {
	return uint16(h.f.minMax(uint64(a), uint64(b), m, true))
}

// Neg is neg{.ftz}. It also changes the sign of a NaN.
func (h Half) Neg(a uint16, ftz bool) uint16 {
	if ftz {
		a = h.Flush(a)
	}
	return a ^ 0x8000
}

// Abs is abs{.ftz}. It also clears the sign of a NaN.
func (h Half) Abs(a uint16, ftz bool) uint16 {
	if ftz {
		a = h.Flush(a)
	}
	return a &^ 0x8000
}

// Ex2 is ex2.approx.f16 or ex2.approx.ftz.bf16: 2^a. The manual bounds the
// relative error by 2^-9.9 and 2^-7; this rounds once to nearest.
func (h Half) Ex2(a uint16) uint16 {
	m := HalfMode{FTZ: h == BF16}
	return h.result(math.Exp2(h.operand(a, m)), m)
}

// Tanh is tanh.approx. The manual bounds the absolute error by 2^-10.987 (f16)
// and 2^-8 (bf16); this rounds once to nearest.
func (h Half) Tanh(a uint16) uint16 {
	return h.result(math.Tanh(h.Float64(a)), HalfMode{})
}

// Compare is setp.op{.ftz}.
func (h Half) Compare(op CmpOp, a, b uint16, ftz bool) bool {
	m := HalfMode{FTZ: ftz}
	return CompareFloat(op, h.operand(a, m), h.operand(b, m))
}

// The packed operations work on two values at once, with element 0 in the low half of the register:
// add.f16x2 and the like.

func pair(lo, hi uint16) uint32 { return uint32(lo) | uint32(hi)<<16 }

func low(x uint32) uint16  { return uint16(x) }
func high(x uint32) uint16 { return uint16(x >> 16) }

// Add2 is Add on both halves.
func (h Half) Add2(a, b uint32, m HalfMode) uint32 {
	return pair(h.Add(low(a), low(b), m), h.Add(high(a), high(b), m))
}

// Sub2 is Sub on both halves.
func (h Half) Sub2(a, b uint32, m HalfMode) uint32 {
	return pair(h.Sub(low(a), low(b), m), h.Sub(high(a), high(b), m))
}

// Mul2 is Mul on both halves.
func (h Half) Mul2(a, b uint32, m HalfMode) uint32 {
	return pair(h.Mul(low(a), low(b), m), h.Mul(high(a), high(b), m))
}

// FMA2 is FMA on both halves.
func (h Half) FMA2(a, b, c uint32, m HalfMode) uint32 {
	return pair(h.FMA(low(a), low(b), low(c), m), h.FMA(high(a), high(b), high(c), m))
}

// Min2 is Min on both halves.
func (h Half) Min2(a, b uint32, m MinMax) uint32 {
	return pair(h.Min(low(a), low(b), m), h.Min(high(a), high(b), m))
}

// Max2 is Max on both halves.
func (h Half) Max2(a, b uint32, m MinMax) uint32 {
	return pair(h.Max(low(a), low(b), m), h.Max(high(a), high(b), m))
}

// Neg2 is Neg on both halves.
func (h Half) Neg2(a uint32, ftz bool) uint32 {
	return pair(h.Neg(low(a), ftz), h.Neg(high(a), ftz))
}

// Abs2 is Abs on both halves.
func (h Half) Abs2(a uint32, ftz bool) uint32 {
	return pair(h.Abs(low(a), ftz), h.Abs(high(a), ftz))
}

// Ex2x2 is Ex2 on both halves.
func (h Half) Ex2x2(a uint32) uint32 { return pair(h.Ex2(low(a)), h.Ex2(high(a))) }

// Tanh2 is Tanh on both halves.
func (h Half) Tanh2(a uint32) uint32 { return pair(h.Tanh(low(a)), h.Tanh(high(a))) }
