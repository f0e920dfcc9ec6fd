package arith

import "math"

// Mode is the modifiers of a float instruction: its rounding, .ftz (subnormal
// operands and results become zeros of their sign) and .sat (results are clamped
// to [0, 1], NaN becomes +0).
type Mode struct {
	Round    Rounding // .rn .rz .rm .rp
	FTZ, Sat bool     // .ftz and .sat
}

const (
	signF32 = 1 << 31
	infF32  = 0xff << 23
	oneF32  = 127 << 23
)

func f32(b uint32) float32 { return math.Float32frombits(b) }

func wide(b uint32) float64 { return float64(math.Float32frombits(b)) }

func isNaN32(b uint32) bool { return b&^signF32 > infF32 }

// FlushF32 applies .ftz to an operand or a result: a subnormal becomes a zero of its sign.
func FlushF32(b uint32) uint32 {
	if b&infF32 == 0 {
		return b & signF32
	}
	return b
}

// SatF32 applies .sat to a result: clamped to [0, 1], NaN becomes +0.
func SatF32(b uint32) uint32 {
	switch x := f32(b); {
	case !(x > 0): // NaN, negative, or a zero
		return 0
	case x > 1:
		return oneF32
	}
	return b
}

// bits32 returns the encoding of x, with the canonical NaN.
func bits32(x float32) uint32 {
	if x != x {
		return nanF32
	}
	return math.Float32bits(x)
}

// finish32 applies .ftz and .sat to a result.
func (m Mode) finish32(b uint32) uint32 {
	if m.FTZ {
		b = FlushF32(b)
	}
	if m.Sat {
		b = SatF32(b)
	}
	return b
}

// AddF32RN is add.rn.f32.
func AddF32RN(a, b uint32) uint32 { return bits32(f32(a) + f32(b)) }

// SubF32RN is sub.rn.f32.
func SubF32RN(a, b uint32) uint32 { return bits32(f32(a) - f32(b)) }

// MulF32RN is mul.rn.f32.
func MulF32RN(a, b uint32) uint32 { return bits32(f32(a) * f32(b)) }

// FMAF32RN is fma.rn.f32: a·b + c with one rounding.
//
// The product of two float32 is exact in float64. Its float64 sum with c is rounded once; rounding
// that to float32 is wrong only if the float64 lies exactly halfway between two float32 (its 29
// dropped bits are 1000…), or if the result is subnormal and keeps fewer bits. These cases,
// infinities and NaNs take the exact path.
func FMAF32RN(a, b, c uint32) uint32 {
	s := float64(wide(a)*wide(b)) + wide(c)
	sb := math.Float64bits(s)
	if sb<<35 != 1<<63 && sb<<1-smallestWide < infF64<<1-smallestWide {
		return math.Float32bits(float32(s))
	}
	return fmaF32Exact(a, b, c)
}

// smallestWide is float32's smallest normal number, 2^-126, as float64 bits shifted left by one to
// drop the sign.
const smallestWide = (1023 - 126) << 53

func fmaF32Exact(a, b, c uint32) uint32 {
	return bits32(float32(addOdd(float64(wide(a)*wide(b)), wide(c))))
}

// AddF32 is add{.rnd}{.ftz}{.sat}.f32.
func AddF32(a, b uint32, m Mode) uint32 {
	if m.FTZ {
		a, b = FlushF32(a), FlushF32(b)
	}
	if m.Round == RN {
		return m.finish32(AddF32RN(a, b))
	}
	return m.finish32(sumF32(wide(a), wide(b), m.Round))
}

// sumF32 rounds x + y, both exact, to float32.
func sumF32(x, y float64, r Rounding) uint32 {
	s := addOdd(x, y)
	if s == 0 {
		s = signedZeroSum(x, y, r)
	}
	return uint32(formatF32.fromFloat64(s, r))
}

// SubF32 is sub{.rnd}{.ftz}{.sat}.f32.
func SubF32(a, b uint32, m Mode) uint32 {
	return AddF32(a, b^signF32, m) // -NaN is a NaN, too
}

// MulF32 is mul{.rnd}{.ftz}{.sat}.f32.
func MulF32(a, b uint32, m Mode) uint32 {
	if m.FTZ {
		a, b = FlushF32(a), FlushF32(b)
	}
	if m.Round == RN {
		return m.finish32(MulF32RN(a, b))
	}
	return m.finish32(uint32(formatF32.fromFloat64(wide(a)*wide(b), m.Round)))
}

// FMAF32 is fma.rnd{.ftz}{.sat}.f32, and mad of the same modifiers.
func FMAF32(a, b, c uint32, m Mode) uint32 {
	if m.FTZ {
		a, b, c = FlushF32(a), FlushF32(b), FlushF32(c)
	}
	if m.Round == RN {
		return m.finish32(FMAF32RN(a, b, c))
	}
	return m.finish32(sumF32(float64(wide(a)*wide(b)), wide(c), m.Round))
}

// DivF32 is div.rnd{.ftz}.f32.
func DivF32(a, b uint32, m Mode) uint32 {
	if m.FTZ {
		a, b = FlushF32(a), FlushF32(b)
	}
	if m.Round == RN {
		return m.finish32(bits32(f32(a) / f32(b)))
	}
	return m.finish32(uint32(formatF32.fromFloat64(divOdd(wide(a), wide(b)), m.Round)))
}

// RcpF32 is rcp.rnd{.ftz}.f32.
func RcpF32(a uint32, m Mode) uint32 { return DivF32(oneF32, a, m) }

// SqrtF32 is sqrt.rnd{.ftz}.f32.
func SqrtF32(a uint32, m Mode) uint32 {
	if m.FTZ {
		a = FlushF32(a)
	}
	return m.finish32(uint32(formatF32.fromFloat64(sqrtOdd(wide(a)), m.Round)))
}

// AbsF32 is abs{.ftz}.f32. It also clears the sign of a NaN.
func AbsF32(a uint32, ftz bool) uint32 {
	if ftz {
		a = FlushF32(a)
	}
	return a &^ signF32
}

// NegF32 is neg{.ftz}.f32. It also changes the sign of a NaN.
func NegF32(a uint32, ftz bool) uint32 {
	if ftz {
		a = FlushF32(a)
	}
	return a ^ signF32
}

// CopySignF32 is copysign.f32: the sign of a on the magnitude of b.
func CopySignF32(a, b uint32) uint32 { return a&signF32 | b&^signF32 }
