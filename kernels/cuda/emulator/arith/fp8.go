package arith

import "math"

// FP8 is an 8-bit float type. PTX stores them in pairs in a 16-bit register, and converts to them
// only with .rn.satfinite: values that are too large become the largest finite value.
type FP8 struct{ f *format }

// E4M3 has 4 exponent bits, 3 significand bits, NaN but no infinity, and a maximum of 448; E5M2 has
// 5 and 2 bits, infinities, and a maximum of 57344.
var (
	E4M3 = FP8{formatE4M3}
	E5M2 = FP8{formatE5M2}
)

// FromFloat64 rounds x, which must be exact, to the type.
func (p FP8) FromFloat64(x float64, relu bool) uint8 {
	b := p.f.fromFloat64(x, RN)
	if math.IsNaN(x) {
		b = p.f.nan
	}
	if relu {
		b = p.f.relu(b)
	}
	return uint8(b)
}

// Float64 widens a value.
func (p FP8) Float64(a uint8) float64 { return p.f.toFloat64(uint64(a)) }

// PackF32 is cvt.rn.satfinite{.relu}.e4m3x2.f32 (or e5m2x2): a goes to the upper
// byte, b to the lower.
func (p FP8) PackF32(a, b uint32, relu bool) uint16 {
	return uint16(p.FromFloat64(wide(a), relu))<<8 | uint16(p.FromFloat64(wide(b), relu))
}

// PackF16x2 is cvt.rn.satfinite{.relu}.e4m3x2.f16x2 (or e5m2x2).
func (p FP8) PackF16x2(a uint32, relu bool) uint16 {
	return uint16(p.FromFloat64(F16.Float64(high(a)), relu))<<8 |
		uint16(p.FromFloat64(F16.Float64(low(a)), relu))
}

// UnpackF16x2 is cvt.rn{.relu}.f16x2.e4m3x2 (or e5m2x2). It is exact.
func (p FP8) UnpackF16x2(a uint16, relu bool) uint32 {
	m := HalfMode{Relu: relu}
	return pair(F16.result(p.Float64(uint8(a)), m), F16.result(p.Float64(uint8(a>>8)), m))
}
