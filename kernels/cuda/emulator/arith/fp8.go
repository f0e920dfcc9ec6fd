package arith

import "math"

// FP8 is an 8-bit float type. PTX has them in pairs, in a 16-bit register, and
// converts to them with .rn.satfinite only: what is too large becomes the
// largest finite value.
type FP8 struct{ f *format }

// E4M3 has 4 exponent bits and 3 of significand, NaN but no infinity, and goes
// up to 448; E5M2 has 5 and 2, infinities, and goes up to 57344.
var (
	E4M3 = FP8{formatE4M3}
	E5M2 = FP8{formatE5M2}
)

// FromFloat64 rounds x, itself exact, to the type.
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
