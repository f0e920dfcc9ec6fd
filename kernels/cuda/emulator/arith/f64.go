package arith

import (
	"math"
	"math/bits"
)

const (
	signF64 = 1 << 63
	infF64  = 0x7ff << 52
	quiet64 = 1 << 51
	oneF64  = 1023 << 52
)

func f64(b uint64) float64 { return math.Float64frombits(b) }

func isNaN64(b uint64) bool { return b&^signF64 > infF64 }

// nanOf64 returns the NaN result of an operation on these operands.
func nanOf64(operands ...uint64) uint64 {
	for _, b := range operands {
		if isNaN64(b) {
			return b | quiet64
		}
	}
	return nanF64
}

// AddF64 is add{.rnd}.f64.
func AddF64(a, b uint64, r Rounding) uint64 {
	s := f64(a) + f64(b)
	switch {
	case s != s:
		return nanOf64(a, b)
	case r == RN || infinite(a) || infinite(b):
		return math.Float64bits(s)
	}
	return fmaSoft(a, oneF64, b, r)
}

// SubF64 is sub{.rnd}.f64.
func SubF64(a, b uint64, r Rounding) uint64 {
	if isNaN64(a) || isNaN64(b) {
		return nanOf64(a, b)
	}
	return AddF64(a, b^signF64, r)
}

// MulF64 is mul{.rnd}.f64.
func MulF64(a, b uint64, r Rounding) uint64 {
	p := f64(a) * f64(b)
	switch {
	case p != p:
		return nanOf64(a, b)
	case r == RN || infinite(a) || infinite(b):
		return math.Float64bits(p)
	}
	x, y := split(a), split(b)
	hi, lo := bits.Mul64(x.sig, y.sig)
	return formatF64.pack(x.neg != y.neg, x.exp+y.exp+64, sticky(hi, lo), r)
}

// FMAF64 is fma.rnd.f64, and mad of the same modifiers.
func FMAF64(a, b, c uint64, r Rounding) uint64 {
	s := math.FMA(f64(a), f64(b), f64(c))
	switch {
	case s != s:
		return nanOf64(a, b, c)
	case r == RN || infinite(a) || infinite(b) || infinite(c):
		return math.Float64bits(s)
	}
	return fmaSoft(a, b, c, r)
}

// DivF64 is div.rnd.f64.
func DivF64(a, b uint64, r Rounding) uint64 {
	q := f64(a) / f64(b)
	switch {
	case q != q:
		return nanOf64(a, b)
	case r == RN || infinite(a) || infinite(b) || f64(a) == 0 || f64(b) == 0:
		return math.Float64bits(q)
	}
	x, y := split(a), split(b)
	// The 128-bit dividend x.sig·2^63 over y.sig: at least 63 quotient bits.
	hi, rem := bits.Div64(x.sig>>1, x.sig<<63, y.sig)
	return formatF64.pack(x.neg != y.neg, x.exp-y.exp-63, sticky(hi, rem), r)
}

// RcpF64 is rcp.rnd.f64.
func RcpF64(a uint64, r Rounding) uint64 { return DivF64(oneF64, a, r) }

// SqrtF64 is sqrt.rnd.f64.
func SqrtF64(a uint64, r Rounding) uint64 {
	x := f64(a)
	s := math.Sqrt(x)
	switch {
	case s != s:
		return nanOf64(a)
	case r == RN || infinite(a) || x == 0:
		return math.Float64bits(s)
	}
	// Scale x into [1, 4), where the residual x - s² cannot underflow. The root rounded to nearest
	// is exact or one step from the directed one.
	frac, exp := math.Frexp(x)
	frac, exp = 2*frac, exp-1
	if exp&1 != 0 {
		frac, exp = 2*frac, exp-1
	}
	s = math.Sqrt(frac)
	switch rest := math.FMA(-s, s, frac); {
	case rest > 0 && r == RP:
		s = math.Nextafter(s, math.Inf(1))
	case rest < 0 && r != RP:
		s = math.Nextafter(s, 0)
	}
	return math.Float64bits(math.Ldexp(s, exp/2))
}

// AbsF64 is abs.f64. It also clears the sign of a NaN.
func AbsF64(a uint64) uint64 { return a &^ signF64 }

// NegF64 is neg.f64. It also changes the sign of a NaN.
func NegF64(a uint64) uint64 { return a ^ signF64 }

// CopySignF64 is copysign.f64: the sign of a on the magnitude of b.
func CopySignF64(a, b uint64) uint64 { return a&signF64 | b&^signF64 }

func infinite(b uint64) bool { return b&^signF64 == infF64 }

// A finite is an unpacked finite float64: (-1)^neg · sig · 2^exp, where sig has its top bit set
// unless the value is zero.
type finite struct {
	neg bool
	exp int
	sig uint64
}

func split(b uint64) finite {
	x := finite{neg: b>>63 != 0, exp: int(b >> 52 & 0x7ff), sig: b & (1<<52 - 1)}
	if x.exp == 0 {
		x.exp = 1
	} else {
		x.sig |= 1 << 52
	}
	lead := bits.LeadingZeros64(x.sig)
	x.sig <<= uint(lead)
	x.exp -= 1075 + lead
	return x
}

// sticky folds a lower word into the last bit of the upper word.
func sticky(hi, lo uint64) uint64 {
	if lo != 0 {
		return hi | 1
	}
	return hi
}

// fmaSoft is a·b + c on finite values with a directed rounding, in 128-bit integers. The product
// fills the 128 bits with 22 zeros below it; the smaller operand is shifted right, and the bits
// shifted out are folded into its last bit. If many bits cancel, the exponents differ by at most
// one and no bits were lost.
func fmaSoft(a, b, c uint64, r Rounding) uint64 {
	x, y, z := split(a), split(b), split(c)
	neg := x.neg != y.neg
	if x.sig == 0 || y.sig == 0 {
		if z.sig == 0 {
			return math.Float64bits(signedZeroSum(signedZero(neg), signedZero(z.neg), r))
		}
		return c
	}
	hi, lo := bits.Mul64(x.sig, y.sig)
	exp := x.exp + y.exp
	if hi>>63 == 0 {
		hi, lo, exp = hi<<1|lo>>63, lo<<1, exp-1
	}
	if z.sig == 0 {
		return formatF64.pack(neg, exp+64, sticky(hi, lo), r)
	}
	p := wide128{neg, exp + 1, hi >> 1, hi<<63 | lo>>1} // one bit free for the carry
	q := wide128{z.neg, z.exp - 64 + 1, z.sig >> 1, z.sig << 63}
	if q.exp > p.exp || q.exp == p.exp && (q.hi > p.hi || q.hi == p.hi && q.lo > p.lo) {
		p, q = q, p
	}
	q = q.shiftRight(uint(p.exp - q.exp))
	var carry uint64
	if p.neg == q.neg {
		lo, carry = bits.Add64(p.lo, q.lo, 0)
		hi, _ = bits.Add64(p.hi, q.hi, carry)
	} else {
		lo, carry = bits.Sub64(p.lo, q.lo, 0)
		hi, _ = bits.Sub64(p.hi, q.hi, carry)
	}
	if hi|lo == 0 {
		return math.Float64bits(signedZeroSum(signedZero(p.neg), signedZero(q.neg), r))
	}
	if hi == 0 { // at least 64 bits cancelled: everything is in lo, exactly
		return formatF64.pack(p.neg, p.exp, lo, r)
	}
	lead := uint(bits.LeadingZeros64(hi))
	if lead > 0 {
		hi, lo = hi<<lead|lo>>(64-lead), lo<<lead
	}
	return formatF64.pack(p.neg, p.exp+64-int(lead), sticky(hi, lo), r)
}

type wide128 struct {
	neg    bool
	exp    int
	hi, lo uint64
}

// shiftRight shifts the value right by n and ORs the lost bits into the last bit.
func (v wide128) shiftRight(n uint) wide128 {
	var lost uint64
	switch {
	case n == 0:
		return v
	case n < 64:
		lost = v.lo << (64 - n)
		v.hi, v.lo = v.hi>>n, v.hi<<(64-n)|v.lo>>n
	case n < 128:
		lost = v.lo
		if n > 64 {
			lost |= v.hi << (128 - n)
		}
		v.hi, v.lo = 0, v.hi>>(n-64)
	default:
		lost = v.hi | v.lo
		v.hi, v.lo = 0, 0
	}
	v.lo = sticky(v.lo, lost)
	v.exp += int(n)
	return v
}

func signedZero(neg bool) float64 {
	if neg {
		return math.Copysign(0, -1)
	}
	return 0
}
