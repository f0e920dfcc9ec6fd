package arith

import (
	"math"
	"math/bits"
)

// Rounding is a rounding modifier of a float result.
type Rounding uint8

// The rounding modes. RN is PTX's default where a default exists.
const (
	RN  Rounding = iota // .rn: to nearest, ties to even
	RZ                  // .rz: towards zero
	RM                  // .rm: towards -infinity
	RP                  // .rp: towards +infinity
	RNA                 // .rna: to nearest, ties away from zero (cvt to tf32 only)
)

// String returns the modifier as PTX writes it, without the dot.
func (r Rounding) String() string {
	return [...]string{"rn", "rz", "rm", "rp", "rna"}[r]
}

// A format is a binary interchange format: one sign bit, exponent bits with an
// offset of bias, mant explicit significand bits.
type format struct {
	mant int    // explicit significand bits
	bias int    // exponent offset
	inf  uint64 // first encoding after the largest finite value
	nan  uint64 // canonical NaN
	sign uint64 // the sign bit
	// noInf: overflow gives the largest finite value (e4m3 has no infinity, and PTX converts to
	// e4m3 and e5m2 only with .satfinite).
	noInf bool
}

var (
	formatF64  = &format{mant: 52, bias: 1023, inf: 0x7ff << 52, nan: nanF64, sign: 1 << 63}
	formatF32  = &format{mant: 23, bias: 127, inf: 0xff << 23, nan: nanF32, sign: 1 << 31}
	formatTF32 = &format{mant: 10, bias: 127, inf: 0xff << 10, nan: nanTF32 >> 13, sign: 1 << 18}
	formatF16  = &format{mant: 10, bias: 15, inf: 0x7c00, nan: nanF16, sign: 1 << 15}
	formatBF16 = &format{mant: 7, bias: 127, inf: 0x7f80, nan: nanBF16, sign: 1 << 15}
	formatE5M2 = &format{mant: 2, bias: 15, inf: 0x7c, nan: 0x7f, sign: 1 << 7, noInf: true}
	formatE4M3 = &format{mant: 3, bias: 7, inf: 0x7f, nan: 0x7f, sign: 1 << 7, noInf: true}
)

// The NaNs that operations return where the manual does not specify one.
const (
	nanF64  = 0xfff8000000000000
	nanF32  = 0x7fffffff
	nanTF32 = 0x7fffe000
	nanF16  = 0x7fff
	nanBF16 = 0x7fff
)

// pack rounds the value (-1)^neg · sig · 2^exp to f. If the lowest bit of sig is sticky (set if any
// lower bit of the exact value was), the result is that of the exact value, as long as sig has at
// least two bits more than the result.
func (f *format) pack(neg bool, exp int, sig uint64, r Rounding) uint64 {
	var sign uint64
	if neg {
		sign = f.sign
	}
	if sig == 0 {
		return sign
	}
	lead := bits.LeadingZeros64(sig)
	sig <<= lead
	e := exp - lead + 63      // the value is 1.xxx · 2^e
	drop := uint(63 - f.mant) // bits below the result's last place
	biased := e + f.bias
	if biased < 1 { // subnormal: the last place stays fixed
		drop += uint(1 - biased)
		biased = 1
	}
	var q uint64
	if drop > 64 {
		sig, drop = 1, 64 // far below half of the smallest subnormal
	}
	if drop == 64 {
		if roundsUp(neg, 0, sig, 1<<63, r) {
			q = 1
		}
	} else {
		q = sig >> drop
		if roundsUp(neg, q, sig&(1<<drop-1), 1<<(drop-1), r) {
			q++
		}
	}
	// q contains the leading bit of a normal number, which adds one to the exponent field, as does
	// a carry out of the rounding.
	b := uint64(biased-1)<<uint(f.mant) + q
	if b >= f.inf {
		return sign | f.overflow(neg, r)
	}
	return sign | b
}

// roundsUp reports whether the magnitude q + rem/(2·half) is rounded to q+1.
func roundsUp(neg bool, q, rem, half uint64, r Rounding) bool {
	switch r {
	case RN:
		return rem > half || rem == half && q&1 == 1
	case RZ:
		return false
	case RM:
		return neg && rem != 0
	case RP:
		return !neg && rem != 0
	default: // RNA
		return rem >= half
	}
}

// overflow returns the magnitude of a finite result that does not fit.
func (f *format) overflow(neg bool, r Rounding) uint64 {
	if f.noInf || r == RZ || r == RM && !neg || r == RP && neg {
		return f.inf - 1
	}
	return f.inf
}

// isNaN reports whether b encodes a NaN.
func (f *format) isNaN(b uint64) bool {
	if f == formatE4M3 {
		return b&0x7f == 0x7f
	}
	return b&(f.sign-1) > f.inf
}

// flush turns a subnormal b into a zero of its sign.
func (f *format) flush(b uint64) uint64 {
	if b&(f.sign-1) < 1<<uint(f.mant) {
		return b & f.sign
	}
	return b
}

// fromFloat64 rounds x to f. If x is itself a rounded result, it must have been rounded to odd
// (addOdd, divOdd, sqrtOdd), otherwise the double rounding may be wrong.
func (f *format) fromFloat64(x float64, r Rounding) uint64 {
	b := math.Float64bits(x)
	neg := b>>63 != 0
	switch e := int(b >> 52 & 0x7ff); e {
	case 0x7ff:
		if b<<12 != 0 {
			return f.nan
		}
		var sign uint64
		if neg {
			sign = f.sign
		}
		if f.noInf {
			return sign | f.inf - 1
		}
		return sign | f.inf
	case 0:
		return f.pack(neg, -1074, b&(1<<52-1), r)
	default:
		return f.pack(neg, e-1075, b&(1<<52-1)|1<<52, r)
	}
}

// toFloat64 widens a value of f, which is exact for every format of this package. A NaN stays a NaN
// but loses its payload.
func (f *format) toFloat64(b uint64) float64 {
	if f.isNaN(b) {
		return math.NaN()
	}
	mag := b & (f.sign - 1)
	var x float64
	switch {
	case mag == f.inf && !(f == formatE4M3):
		x = math.Inf(1)
	case mag < 1<<uint(f.mant):
		x = math.Ldexp(float64(mag), 1-f.bias-f.mant)
	default:
		x = math.Float64frombits(mag<<uint(52-f.mant) + uint64(1023-f.bias)<<52)
	}
	if b&f.sign != 0 {
		return -x
	}
	return x
}

// roundToOdd returns s, the nearest float64 to an exact value, if it is exact or odd; otherwise its
// odd neighbour on the other side of the exact value. rest is the exact value minus s, or anything
// of its sign. A value rounded to odd with at least two bits to spare can be rounded again, in any
// mode, to the same result as the exact value (Boldo and Melquiond, 2008).
func roundToOdd(s, rest float64) float64 {
	b := math.Float64bits(s)
	if b&1 != 0 || rest == 0 || rest != rest {
		return s
	}
	if (rest > 0) == (s > 0) {
		return math.Float64frombits(b + 1)
	}
	return math.Float64frombits(b - 1)
}

// addOdd is x + y rounded to odd. It is used on values of the smaller formats and their products,
// which are far from float64's overflow threshold.
func addOdd(x, y float64) float64 {
	s := x + y
	t := s - x // Knuth's two-sum: s + rest is exactly x + y
	rest := (x - (s - t)) + (y - t)
	return roundToOdd(s, rest)
}

// divOdd is x / y rounded to odd.
func divOdd(x, y float64) float64 {
	q := x / y
	if q == 0 || q-q != 0 || y-y != 0 { // zero, infinite or NaN: nothing to round
		return q
	}
	rest := math.FMA(-q, y, x)
	if y < 0 {
		rest = -rest
	}
	return roundToOdd(q, rest)
}

// sqrtOdd is the square root of x rounded to odd.
func sqrtOdd(x float64) float64 {
	s := math.Sqrt(x)
	if s == 0 || s-s != 0 {
		return s
	}
	return roundToOdd(s, math.FMA(-s, s, x))
}

// signedZeroSum returns the exact zero x + y with its sign: that of both if they agree, otherwise +
// in every mode but RM.
func signedZeroSum(x, y float64, r Rounding) float64 {
	negX, negY := math.Signbit(x), math.Signbit(y)
	if negX && negY || negX != negY && r == RM {
		return math.Copysign(0, -1)
	}
	return 0
}
