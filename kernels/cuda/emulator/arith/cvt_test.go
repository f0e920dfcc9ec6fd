package arith

import (
	"fmt"
	"math"
	"math/big"
	"testing"
)

func mustCvt(t *testing.T, dst, src Type, m CvtMode) func(uint64) uint64 {
	t.Helper()
	fn, err := Cvt(dst, src, m)
	if err != nil {
		t.Fatal(err)
	}
	return fn
}

// TestCvtIntToInt checks every pair of integer types with big integers: the
// value wraps into the destination, or saturates.
func TestCvtIntToInt(t *testing.T) {
	s := newSampler(formatF64, 21)
	for src := TypeU8; src <= TypeS64; src++ {
		for dst := TypeU8; dst <= TypeS64; dst++ {
			wrap, sat := mustCvt(t, dst, src, CvtMode{}), mustCvt(t, dst, src, CvtMode{Sat: true})
			for range 500 {
				x := s.rng.Uint64() >> uint(s.rng.IntN(64))
				if s.rng.IntN(2) == 0 {
					x = -x
				}
				value := intValue(src, x)
				if got, want := wrap(x), wrapInto(dst, value); got != want {
					t.Fatalf("cvt.%v.%v of %#x: got %#x, want %#x", dst, src, x, got, want)
				}
				low, high := rangeOf(dst)
				clamped := value
				if clamped.Cmp(low) < 0 {
					clamped = low
				} else if clamped.Cmp(high) > 0 {
					clamped = high
				}
				if got, want := sat(x), wrapInto(dst, clamped); got != want {
					t.Fatalf("cvt.sat.%v.%v of %#x: got %#x, want %#x", dst, src, x, got, want)
				}
			}
		}
	}
}

// intValue is the value of the low bits of x as t.
func intValue(t Type, x uint64) *big.Int {
	n := uint(t.Bits())
	v := new(big.Int).SetUint64(x)
	v.And(v, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), n), big.NewInt(1)))
	if t.Signed() && v.Bit(int(n-1)) == 1 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), n))
	}
	return v
}

// wrapInto is the register, 64 bits wide, that holds v modulo 2^bits as t.
func wrapInto(t Type, v *big.Int) uint64 {
	all := new(big.Int).Lsh(big.NewInt(1), 64)
	low := new(big.Int).Mod(v, all).Uint64()
	return new(big.Int).Mod(intValue(t, low), all).Uint64()
}

func rangeOf(t Type) (low, high *big.Int) {
	n := uint(t.Bits())
	low = new(big.Int)
	if t.Signed() {
		n--
		low.Neg(new(big.Int).Lsh(big.NewInt(1), n))
	}
	return low, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), n), big.NewInt(1))
}

func TestCvtIntToFloat(t *testing.T) {
	s := newSampler(formatF64, 22)
	for src := TypeU8; src <= TypeS64; src++ {
		for _, dst := range []Type{TypeF16, TypeBF16, TypeF32, TypeF64} {
			for _, r := range roundings {
				fn := mustCvt(t, dst, src, CvtMode{Round: r})
				for range 500 {
					x := s.rng.Uint64() >> uint(s.rng.IntN(64))
					if s.rng.IntN(2) == 0 {
						x = -x
					}
					value := new(big.Float).SetPrec(exactBits).SetInt(intValue(src, x))
					if got, want := fn(x), expect(dst.format(), value, r, 0); got != want {
						t.Fatalf("cvt.%v.%v.%v of %#x: got %#x, want %#x", r, dst, src, x, got, want)
					}
				}
			}
		}
	}
}

func TestCvtFloatToInt(t *testing.T) {
	for _, src := range []Type{TypeF16, TypeBF16, TypeF32, TypeF64} {
		s := newSampler(src.format(), 23)
		for dst := TypeU8; dst <= TypeS64; dst++ {
			for _, r := range roundings {
				fn := mustCvt(t, dst, src, CvtMode{Round: r, Integer: true})
				for range 1000 {
					x := s.draw()
					if s.rng.IntN(2) == 0 { // magnitudes around the destination's range
						f := src.format()
						e := min(f.bias-2+s.rng.IntN(dst.Bits()+3), int(f.inf>>uint(f.mant))-1)
						x = x&(f.sign|1<<uint(f.mant)-1) | uint64(e)<<uint(f.mant)
					}
					if got, want := fn(x), floatToIntOracle(dst, src, r, x); got != want {
						t.Fatalf("cvt.%vi.%v.%v of %#x: got %#x, want %#x", r, dst, src, x, got, want)
					}
				}
			}
		}
	}
}

func floatToIntOracle(dst, src Type, r Rounding, x uint64) uint64 {
	f := src.format()
	mag := x & (f.sign - 1)
	low, high := rangeOf(dst)
	switch {
	case mag > f.inf:
		if src == TypeF64 || dst.Bits() == 64 {
			return wrapInto(dst, new(big.Int).Lsh(big.NewInt(1), uint(dst.Bits()-1)))
		}
		return 0
	case mag == f.inf && x&f.sign != 0:
		return wrapInto(dst, low)
	case mag == f.inf:
		return wrapInto(dst, high)
	}
	v := bigOf(f, x)
	whole, _ := v.Int(nil) // towards zero
	rest := new(big.Float).SetPrec(exactBits).Sub(v, new(big.Float).SetPrec(exactBits).SetInt(whole))
	step := big.NewInt(int64(rest.Sign()))
	switch half := new(big.Float).Abs(rest).Cmp(big.NewFloat(0.5)); {
	case r == RN && (half > 0 || half == 0 && whole.Bit(0) == 1),
		r == RM && rest.Sign() < 0, r == RP && rest.Sign() > 0:
		whole.Add(whole, step)
	}
	if whole.Cmp(low) < 0 {
		whole = low
	} else if whole.Cmp(high) > 0 {
		whole = high
	}
	return wrapInto(dst, whole)
}

func TestCvtFloatToFloat(t *testing.T) {
	for _, src := range []Type{TypeF16, TypeBF16, TypeF32, TypeF64} {
		s := newSampler(src.format(), 24)
		for _, dst := range []Type{TypeF16, TypeBF16, TypeTF32, TypeF32, TypeF64} {
			if dst == TypeTF32 && src != TypeF32 {
				continue
			}
			rs := roundings
			if dst == TypeTF32 {
				rs = append(rs, RNA)
			}
			for _, r := range rs {
				fn := mustCvt(t, dst, src, CvtMode{Round: r})
				for range 3000 {
					x := s.finite()
					f := dst.format()
					var zero uint64
					if s.neg(x) {
						zero = f.sign
					}
					want := expect(f, bigOf(src.format(), x), r, zero)
					if dst == TypeTF32 {
						want <<= 13
					}
					if got := fn(x); got != want {
						t.Fatalf("cvt.%v.%v.%v of %#x: got %#x, want %#x", r, dst, src, x, got, want)
					}
				}
			}
		}
	}
}

func TestCvtSpecials(t *testing.T) {
	f32bits := func(x float64) uint64 { return uint64(math.Float32bits(float32(x))) }
	rzi := CvtMode{Round: RZ, Integer: true}
	for _, c := range []struct {
		dst, src Type
		m        CvtMode
		in, want uint64
	}{
		{TypeF32, TypeF16, CvtMode{}, 0x7c01, nanF32},
		{TypeF32, TypeF16, CvtMode{}, 0xfc00, inf32 | signF32},
		{TypeF32, TypeF16, CvtMode{}, 0x8000, signF32},
		{TypeF16, TypeF32, CvtMode{}, 0xff800001, nanF16},
		{TypeBF16, TypeF32, CvtMode{Round: RZ}, sNaN, nanBF16},
		{TypeF64, TypeF32, CvtMode{}, 0xffa00001, 0xfffc000020000000}, // the payload, quieted
		{TypeF32, TypeF64, CvtMode{}, 0x7ff0000000000001, nanF32},
		{TypeF64, TypeF32, CvtMode{FTZ: true}, sub32, 0},
		{TypeF64, TypeF32, CvtMode{}, sub32, 0x36a0000000000000}, // 2^-149
		{TypeF32, TypeF64, CvtMode{FTZ: true}, 0xb6a0000000000000, signF32},
		{TypeF32, TypeF32, CvtMode{FTZ: true}, sub32 | signF32, signF32},
		{TypeF32, TypeF32, CvtMode{Sat: true}, f32bits(1.5), one32},
		{TypeF32, TypeF32, CvtMode{Sat: true}, sNaN, 0},
		{TypeF64, TypeF64, CvtMode{Sat: true}, math.Float64bits(-2), 0},
		{TypeF16, TypeF32, CvtMode{Sat: true}, f32bits(7), 0x3c00},
		{TypeF32, TypeF32, CvtMode{Integer: true}, f32bits(2.5), f32bits(2)},
		{TypeF32, TypeF32, CvtMode{Integer: true}, f32bits(-0.25), signF32},
		{TypeF32, TypeF32, CvtMode{Integer: true, Round: RP}, f32bits(-0.75), signF32},
		{TypeF32, TypeF32, CvtMode{Integer: true, Round: RM}, sub32 | signF32, one32 | signF32},
		{TypeF32, TypeF32, CvtMode{Integer: true, Round: RM, FTZ: true}, sub32 | signF32, signF32},
		{TypeF64, TypeF64, CvtMode{Integer: true, Round: RM}, math.Float64bits(-1.5), math.Float64bits(-2)},
		{TypeS32, TypeF32, CvtMode{Integer: true, Round: RP, FTZ: true}, sub32, 0},
		{TypeS32, TypeF32, CvtMode{Integer: true, Round: RP}, sub32, 1},
		{TypeS32, TypeF32, rzi, sNaN, 0},
		{TypeS64, TypeF32, rzi, sNaN, 1 << 63},
		{TypeU64, TypeF32, rzi, sNaN, 1 << 63},
		{TypeS32, TypeF64, rzi, nanF64, 0xffffffff80000000},
		{TypeU32, TypeF64, rzi, nanF64, 0x80000000},
		{TypeU8, TypeF32, rzi, f32bits(300), 255},
		{TypeS8, TypeF32, rzi, f32bits(-300), 0xffffffffffffff80},
		{TypeU64, TypeF32, rzi, f32bits(0x1.8p63), 0xc000000000000000},
		{TypeU64, TypeF32, rzi, f32bits(0x1p70), math.MaxUint64},
		{TypeS64, TypeF64, rzi, math.Float64bits(-0x1p63), 1 << 63},
		{TypeF32, TypeU32, CvtMode{Sat: true}, 17, one32},
		{TypeF16, TypeU32, CvtMode{}, 70000, 0x7c00},
		{TypeF16, TypeU32, CvtMode{Round: RZ}, 70000, 0x7bff},
		{TypeF16, TypeF32, CvtMode{SatFinite: true}, f32bits(-1e9), 0xfbff},
		{TypeBF16, TypeF32, CvtMode{Relu: true}, f32bits(-3), 0},
		{TypeF16, TypeF32, CvtMode{Relu: true}, signF32, 0},
		{TypeF16, TypeF32, CvtMode{Relu: true}, sNaN | signF32, nanF16},
		{TypeTF32, TypeF32, CvtMode{Round: RNA}, 0x3f801000, 0x3f802000}, // a tie, away from zero
		{TypeTF32, TypeF32, CvtMode{}, 0x3f801000, 0x3f800000},           // the same tie, to even
		{TypeTF32, TypeF32, CvtMode{Round: RNA}, max32, inf32},
		{TypeTF32, TypeF32, CvtMode{Round: RNA, SatFinite: true}, max32, 0x7f7fe000},
		{TypeTF32, TypeF32, CvtMode{Round: RNA}, sNaN, nanTF32},
		{TypeU32, TypeS8, CvtMode{}, 0x80, 0xffffff80}, // sign-extended, then cut
		{TypeS16, TypeU8, CvtMode{}, 0x80, 0x80},
	} {
		name := fmt.Sprintf("cvt.%v.%v %+v of %#x", c.dst, c.src, c.m, c.in)
		if got := mustCvt(t, c.dst, c.src, c.m)(c.in); got != c.want {
			t.Errorf("%s: got %#x, want %#x", name, got, c.want)
		}
	}
	for _, c := range []struct {
		dst, src Type
		m        CvtMode
	}{
		{TypeF32, TypeTF32, CvtMode{}}, {TypeTF32, TypeF64, CvtMode{}},
		{TypeF32, TypeF64, CvtMode{Round: RNA}}, {TypeU8, TypeS32, CvtMode{Integer: true}},
		{TypeF32, TypeF64, CvtMode{Integer: true}}, {TypeS32, TypeF32, CvtMode{Relu: true}},
	} {
		if _, err := Cvt(c.dst, c.src, c.m); err == nil {
			t.Errorf("cvt.%v.%v %+v: no error", c.dst, c.src, c.m)
		}
	}
	for typ := TypeU8; typ <= TypeF64; typ++ {
		if back, ok := ParseType(typ.String()); !ok || back != typ {
			t.Errorf("%v does not parse back", typ)
		}
	}
}

func TestCvtPack(t *testing.T) {
	if got := CvtPack2(TypeF16, CvtMode{}, one32, 0x40000000); got != 0x3c004000 {
		t.Errorf("cvt.rn.f16x2.f32 of 1 and 2: got %#x", got)
	}
	const minus300 = 0xfffffed4
	for _, c := range []struct {
		t       Type
		a, b, c uint32
		want    uint32
	}{
		{TypeS16, 70000, minus300, 0x55, 0x7ffffed4}, {TypeU16, minus300, 70000, 0x55, 0x0000ffff},
		{TypeU8, 300, 7, 0x12345678, 0x5678ff07}, {TypeS8, minus300, 100, 0x12345678, 0x56788064},
	} {
		if got := CvtPackInt(c.t, c.a, c.b, c.c); got != c.want {
			t.Errorf("cvt.pack.sat.%v.s32 of %#x %#x %#x: got %#x, want %#x", c.t, c.a, c.b, c.c, got, c.want)
		}
	}
	if got := CvtPack2(TypeBF16, CvtMode{Relu: true}, one32, 0xc0000000); got != 0x3f800000 {
		t.Errorf("cvt.rn.relu.bf16x2.f32 of 1 and -2: got %#x", got)
	}
}

// TestFP8 checks the two 8-bit types against a search for the nearest value.
func TestFP8(t *testing.T) {
	for _, c := range []struct {
		name string
		p    FP8
		max  float64
	}{{"e4m3", E4M3, 448}, {"e5m2", E5M2, 57344}} {
		s := newSampler(formatF32, 31)
		for range 20000 {
			a := uint32(s.draw())
			if s.rng.IntN(2) == 0 {
				a = a&^infF32 | uint32(100+s.rng.IntN(45))<<23
			}
			x := wide(a)
			got := uint8(c.p.PackF32(0, a, false))
			if x != x {
				if got != 0x7f {
					t.Fatalf("%s of NaN: got %#x", c.name, got)
				}
				continue
			}
			best, bestErr := uint8(0), math.Inf(1)
			for b := range 256 {
				v := c.p.Float64(uint8(b))
				if v != v || math.IsInf(v, 0) || math.Signbit(v) != math.Signbit(x) {
					continue
				}
				e := math.Abs(v - math.Max(-c.max, math.Min(c.max, x)))
				if e < bestErr || e == bestErr && b&1 == 0 {
					best, bestErr = uint8(b), e
				}
			}
			if got != best {
				t.Fatalf("%s of %g: got %#x (%g), want %#x", c.name, x, got, c.p.Float64(got), best)
			}
		}
		for b := range 256 { // unpacking is exact, packing undoes it
			h := c.p.UnpackF16x2(uint16(b)<<8, false)
			v := c.p.Float64(uint8(b))
			if x := F16.Float64(high(h)); x != v && !(x != x && v != v) {
				t.Errorf("%s %#x unpacks to %g, want %g", c.name, b, x, v)
			}
			if back := uint8(c.p.PackF16x2(h, false) >> 8); v == v && !math.IsInf(v, 0) && back != uint8(b) {
				t.Errorf("%s %#x packs back to %#x", c.name, b, back)
			}
		}
	}
	if got := E4M3.PackF32(0xc2000000, 0x42000000, true); got != 0x0060 {
		t.Errorf("e4m3x2.relu of -32 and 32: got %#x", got)
	}
}

func TestHalfModes(t *testing.T) {
	ftz, sat, relu := HalfMode{FTZ: true}, HalfMode{Sat: true}, HalfMode{Relu: true}
	for _, c := range []struct {
		name      string
		got, want uint32
	}{
		{"f16 1 + 1, sat", uint32(F16.Add(0x3c00, 0x3c00, sat)), 0x3c00},
		{"f16 NaN, sat", uint32(F16.Mul(0x7c01, 0x3c00, sat)), 0},
		{"f16 subnormal, ftz", uint32(F16.Add(0x8001, 0x8000, ftz)), 0x8000},
		{"f16 product flushed", uint32(F16.Mul(0x0400, 0x3800, ftz)), 0},
		{"f16 product kept", uint32(F16.Mul(0x0400, 0x3800, HalfMode{})), 0x0200},
		{"f16 fma relu", uint32(F16.FMA(0x3c00, 0xbc00, 0, relu)), 0},
		{"f16 fma relu NaN", uint32(F16.FMA(0xfe00, 0xbc00, 0, relu)), nanF16},
		{"bf16 max + max", uint32(BF16.Add(0x7f7f, 0x7f7f, HalfMode{})), 0x7f80},
		{"bf16 1 - 1", uint32(BF16.Sub(0x3f80, 0x3f80, HalfMode{})), 0},
		{"f16 min -0", uint32(F16.Min(0x8000, 0, MinMax{})), 0x8000},
		{"f16 max NaN", uint32(F16.Max(0x7e00, 0x3c00, MinMax{NaN: true})), nanF16},
		{"f16 abs", uint32(F16.Abs(0xbc00, false)), 0x3c00},
		{"f16 neg ftz", uint32(F16.Neg(0x0001, true)), 0x8000},
		{"f16x2 add", F16.Add2(0x3c004000, 0x3c003c00, HalfMode{}), 0x40004200},
		{"f16x2 sub", F16.Sub2(0x3c004000, 0x3c003c00, HalfMode{}), 0x00003c00},
		{"f16x2 mul", F16.Mul2(0x40004000, 0x3c004000, HalfMode{}), 0x40004400},
		{"f16x2 fma", F16.FMA2(0x40004000, 0x3c004000, 0x3c00bc00, HalfMode{}), 0x42004200},
		{"bf16x2 min", BF16.Min2(0x3f80bf80, 0x40000000, MinMax{}), 0x3f80bf80},
		{"bf16x2 max", BF16.Max2(0x3f80bf80, 0x40000000, MinMax{}), 0x40000000},
		{"bf16x2 neg", BF16.Neg2(0x3f80bf80, false), 0xbf803f80},
		{"bf16x2 abs", BF16.Abs2(0x3f80bf80, false), 0x3f803f80},
		{"f16x2 ex2", F16.Ex2x2(0x3c000000), 0x40003c00},
		{"f16x2 tanh", F16.Tanh2(0x7c00fc00), 0x3c00bc00},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %#x, want %#x", c.name, c.got, c.want)
		}
	}
	if !F16.Compare(EQ, 0x0001, 0, true) || F16.Compare(EQ, 0x0001, 0, false) || !BF16.Compare(NAN, 0x7fc0, 0, false) {
		t.Error("setp on f16 or bf16")
	}
}
