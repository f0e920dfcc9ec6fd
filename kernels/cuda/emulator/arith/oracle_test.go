package arith

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// The oracle: operations in math/big with enough bits to be exact, and one
// rounding written in big integers, apart from the package's own.

const exactBits = 4600 // the span of f64's exponents, squared, and a product

var roundings = []Rounding{RN, RZ, RM, RP}

func bigOf(f *format, b uint64) *big.Float {
	mag := b & (f.sign - 1)
	exp := int(mag >> uint(f.mant))
	sig := mag & (1<<uint(f.mant) - 1)
	if exp == 0 {
		exp = 1
	} else {
		sig |= 1 << uint(f.mant)
	}
	x := new(big.Float).SetPrec(exactBits).SetUint64(sig)
	x.SetMantExp(x, exp-f.bias-f.mant)
	if b&f.sign != 0 {
		x.Neg(x)
	}
	return x
}

// roundBig rounds x, not zero, to f.
func roundBig(f *format, x *big.Float, r Rounding) uint64 {
	neg := x.Signbit()
	mag := new(big.Float).SetPrec(exactBits + 64).Abs(x)
	place := mag.MantExp(nil) - 1 - f.mant // exponent of the last place kept
	if low := 1 - f.bias - f.mant; place < low {
		place = low
	}
	twice := new(big.Float).SetPrec(exactBits+64).SetMantExp(mag, 1-place)
	whole, _ := twice.Int(nil)
	exact := twice.IsInt()
	q := new(big.Int).Rsh(whole, 1)
	half := whole.Bit(0) == 1
	inexact := half || !exact
	up := false
	switch r {
	case RN:
		up = half && (!exact || q.Bit(0) == 1)
	case RNA:
		up = half
	case RM:
		up = neg && inexact
	case RP:
		up = !neg && inexact
	}
	if up {
		q.Add(q, big.NewInt(1))
	}
	// q·2^place is exact in f or too large for it.
	var b uint64
	if q.Sign() != 0 {
		e := q.BitLen() - 1 + place
		largest := int(f.inf>>uint(f.mant)) - 1 - f.bias // for formats with infinities
		switch {
		case e > largest:
			if r == RZ || r == RM && !neg || r == RP && neg {
				b = f.inf - 1
			} else {
				b = f.inf
			}
		case e < 1-f.bias:
			b = q.Uint64()
		default:
			q.Lsh(q, uint(f.mant)) // align the leading bit with the implicit one
			q.Rsh(q, uint(q.BitLen()-1-f.mant))
			b = uint64(e+f.bias-1)<<uint(f.mant) + q.Uint64()
		}
	}
	if neg {
		b |= f.sign
	}
	return b
}

// expect gives the oracle's result for an operation on finite operands whose
// exact value is x; zero is the sign rule for an exact zero.
func expect(f *format, x *big.Float, r Rounding, zero uint64) uint64 {
	if x.Sign() == 0 {
		return zero
	}
	return roundBig(f, x, r)
}

// sampler draws bit patterns of a format: uniform bits, special values, values
// near powers of two, and short significands, which make ties.
type sampler struct {
	f   *format
	rng *rand.Rand
}

func newSampler(f *format, seed uint64) *sampler {
	return &sampler{f, rand.New(rand.NewPCG(seed, 17))}
}

func (s *sampler) draw() uint64 {
	f, all := s.f, s.f.sign<<1-1
	b := s.rng.Uint64() & all
	switch s.rng.IntN(8) {
	case 0:
		specials := []uint64{0, 1, 2, 1<<uint(f.mant) - 1, 1 << uint(f.mant), f.inf - 1, f.inf,
			f.inf + 1, f.nan &^ f.sign, uint64(f.bias) << uint(f.mant)}
		b = b&f.sign | specials[s.rng.IntN(len(specials))]
	case 1: // near a power of two
		b = b&^(1<<uint(f.mant)-1) + uint64(s.rng.IntN(5)) - 2
	case 2: // few significant bits
		b &^= 1<<uint(f.mant-min(f.mant, 4)) - 1
	case 3: // subnormal
		b &= f.sign | 1<<uint(f.mant) - 1
	case 4, 5: // exponents near one another
		b = b&(f.sign|1<<uint(f.mant)-1) | uint64(f.bias-3+s.rng.IntN(6))<<uint(f.mant)
	}
	return b & all
}

// finite draws until the value is neither infinite nor NaN.
func (s *sampler) finite() uint64 {
	for {
		if b := s.draw(); b&(s.f.sign-1) < s.f.inf {
			return b
		}
	}
}

// sumZero is the sign of an exact zero sum of two values with these signs.
func sumZero(f *format, negA, negB bool, r Rounding) uint64 {
	if negA && negB || negA != negB && r == RM {
		return f.sign
	}
	return 0
}

func (s *sampler) neg(b uint64) bool { return b&s.f.sign != 0 }

// checkArithmetic compares add, sub, mul, div, fma and sqrt of one format with the oracle on n
// finite samples in each rounding.
func checkArithmetic(t *testing.T, f *format, n int, rs []Rounding,
	add, sub, mul, div func(a, b uint64, r Rounding) uint64,
	fma func(a, b, c uint64, r Rounding) uint64, sqrt func(a uint64, r Rounding) uint64) {
	t.Helper()
	s := newSampler(f, 1)
	fail := func(op string, r Rounding, got, want uint64, operands ...uint64) {
		t.Helper()
		t.Errorf("%s.%v of %#x: got %#x, want %#x", op, r, operands, got, want)
	}
	exact := func() *big.Float { return new(big.Float).SetPrec(exactBits) }
	for i := 0; i < n && !t.Failed(); i++ {
		a, b, c := s.finite(), s.finite(), s.finite()
		if i%3 == 0 { // massive cancellation in the fma
			if p := expect(f, exact().Mul(bigOf(f, a), bigOf(f, b)), RN, 0); p&(f.sign-1) < f.inf {
				c = (p+uint64(s.rng.IntN(3))-1)&(f.sign<<1-1) ^ f.sign
				if c&(f.sign-1) >= f.inf {
					c = p ^ f.sign
				}
			}
		}
		x, y, z := bigOf(f, a), bigOf(f, b), bigOf(f, c)
		product := exact().Mul(x, y)
		signP := uint64(0)
		if s.neg(a) != s.neg(b) {
			signP = f.sign
		}
		for _, r := range rs {
			want := expect(f, exact().Add(x, y), r, sumZero(f, s.neg(a), s.neg(b), r))
			if got := add(a, b, r); got != want {
				fail("add", r, got, want, a, b)
			}
			want = expect(f, exact().Sub(x, y), r, sumZero(f, s.neg(a), !s.neg(b), r))
			if got := sub(a, b, r); got != want {
				fail("sub", r, got, want, a, b)
			}
			want = expect(f, product, r, signP)
			if got := mul(a, b, r); got != want {
				fail("mul", r, got, want, a, b)
			}
			want = expect(f, exact().Add(product, z), r, sumZero(f, signP != 0, s.neg(c), r))
			if product.Sign() == 0 && z.Sign() != 0 {
				want = c
			}
			if got := fma(a, b, c, r); got != want {
				fail("fma", r, got, want, a, b, c)
			}
			if div != nil && y.Sign() != 0 {
				// 300 bits decide: two such quotients or midpoints that differ,
				// differ within the first 2·53+3 bits.
				q := new(big.Float).SetPrec(300).Quo(x, y)
				want = expect(f, q, r, signP)
				if got := div(a, b, r); got != want {
					fail("div", r, got, want, a, b)
				}
			}
			if sqrt != nil && !s.neg(a) {
				want = expect(f, new(big.Float).SetPrec(300).Sqrt(x), r, 0)
				if got := sqrt(a, r); got != want {
					fail("sqrt", r, got, want, a)
				}
			}
		}
	}
}

func widen3(fn func(a, b, c uint32, m Mode) uint32) func(a, b, c uint64, r Rounding) uint64 {
	return func(a, b, c uint64, r Rounding) uint64 {
		return uint64(fn(uint32(a), uint32(b), uint32(c), Mode{Round: r}))
	}
}

func widen2(fn func(a, b uint32, m Mode) uint32) func(a, b uint64, r Rounding) uint64 {
	return func(a, b uint64, r Rounding) uint64 { return uint64(fn(uint32(a), uint32(b), Mode{Round: r})) }
}

func TestF32AgainstBig(t *testing.T) {
	checkArithmetic(t, formatF32, 20000, roundings, widen2(AddF32), widen2(SubF32), widen2(MulF32),
		widen2(DivF32), widen3(FMAF32),
		func(a uint64, r Rounding) uint64 { return uint64(SqrtF32(uint32(a), Mode{Round: r})) })
}

func TestF64AgainstBig(t *testing.T) {
	checkArithmetic(t, formatF64, 10000, roundings, AddF64, SubF64, MulF64, DivF64, FMAF64, SqrtF64)
}

func TestHalfAgainstBig(t *testing.T) {
	for _, h := range []Half{F16, BF16} {
		two := func(fn func(a, b uint16, m HalfMode) uint16) func(a, b uint64, r Rounding) uint64 {
			return func(a, b uint64, _ Rounding) uint64 {
				return uint64(fn(uint16(a), uint16(b), HalfMode{}))
			}
		}
		checkArithmetic(t, h.f, 30000, []Rounding{RN}, two(h.Add), two(h.Sub), two(h.Mul), nil,
			func(a, b, c uint64, _ Rounding) uint64 {
				return uint64(h.FMA(uint16(a), uint16(b), uint16(c), HalfMode{}))
			}, nil)
	}
}

// TestRoundOnce checks the rounding itself, from f64 to every format.
func TestRoundOnce(t *testing.T) {
	s := newSampler(formatF64, 3)
	for _, f := range []*format{formatF32, formatTF32, formatF16, formatBF16} {
		for i := 0; i < 40000 && !t.Failed(); i++ {
			b := s.finite()
			if i%2 == 0 { // bring the value into the format's range, often onto a tie
				b = b&^(0x7ff<<52) | uint64(1023-f.bias-f.mant-2+s.rng.IntN(2*f.bias+f.mant+4))<<52
				if i%4 == 0 {
					b &^= 1<<uint(51-f.mant) - 1
				}
			}
			x := f64(b)
			for _, r := range append(roundings, RNA) {
				want := expect(f, bigOf(formatF64, b), r, b>>63*f.sign)
				if got := f.fromFloat64(x, r); got != want {
					t.Errorf("%g to %d bits, %v: got %#x, want %#x", x, f.mant, r, got, want)
				}
			}
		}
	}
}

// TestWiden checks that widening is exact and that rounding undoes it, for every
// value of the 16-bit and 8-bit formats and a sample of f32.
func TestWiden(t *testing.T) {
	for _, f := range []*format{formatF16, formatBF16, formatE4M3, formatE5M2} {
		for b := uint64(0); b < f.sign<<1; b++ {
			if f.isNaN(b) {
				if x := f.toFloat64(b); x == x {
					t.Errorf("%#x: got %g, want NaN", b, x)
				}
				continue
			}
			x := f.toFloat64(b)
			if mag := b & (f.sign - 1); mag != f.inf || f == formatE4M3 {
				if want, _ := bigOf(f, b).Float64(); x != want || math.Signbit(x) != (b&f.sign != 0) {
					t.Errorf("%#x: got %g, want %g", b, x, want)
				}
			} else if !math.IsInf(x, 0) {
				t.Errorf("%#x: got %g, want an infinity", b, x)
			} else if f.noInf {
				continue // .satfinite does not give infinities back
			}
			if got := f.fromFloat64(x, RN); got != b {
				t.Errorf("%#x: %g goes back to %#x", b, x, got)
			}
		}
	}
}
