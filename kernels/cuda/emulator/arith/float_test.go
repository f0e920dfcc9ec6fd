package arith

import (
	"math"
	"math/big"
	"testing"
)

// TestFMASubnormal samples products and sums around f32's smallest numbers,
// where a float64 in between has the most chances to round twice.
func TestFMASubnormal(t *testing.T) {
	s := newSampler(formatF32, 5)
	check := func(a, b, c uint32) {
		t.Helper()
		x := new(big.Float).SetPrec(exactBits).Mul(bigOf(formatF32, uint64(a)), bigOf(formatF32, uint64(b)))
		x.Add(x, bigOf(formatF32, uint64(c)))
		for _, r := range roundings {
			want := expect(formatF32, x, r, sumZero(formatF32, (a^b)&signF32 != 0, c&signF32 != 0, r))
			if got := FMAF32(a, b, c, Mode{Round: r}); uint64(got) != want {
				t.Fatalf("fma.%v of %#x %#x %#x: got %#x, want %#x", r, a, b, c, got, want)
			}
		}
	}
	for i := range 30000 {
		a := s.rng.Uint32()&^infF32 | uint32(32+s.rng.IntN(24))<<23
		b := s.rng.Uint32()&^infF32 | uint32(64+s.rng.IntN(24))<<23
		if i%2 == 0 { // short significands: exact ties
			a &^= 1<<12 - 1
			b &^= 1<<14 - 1
		}
		check(a, b, s.rng.Uint32()&(signF32|1<<uint(s.rng.IntN(26))-1))
	}
	// Products within 2^-30 of 2^-150, half of the last place: added to a
	// subnormal, the sum's nearest float64 is a tie that the exact sum is not.
	for found := 0; found < 200; {
		a := 1<<23 | s.rng.Uint32N(1<<23)
		b := uint32((1<<47 + uint64(a)/2) / uint64(a))
		if off := int64(a)*int64(b) - 1<<47; b < 1<<23 || b >= 1<<24 || off == 0 || off > 1<<16 || off < -1<<16 {
			continue
		}
		found++
		check(a&(1<<23-1)|52<<23, b&(1<<23-1)|51<<23, 1<<21|s.rng.Uint32N(1<<21)) // 2^-75 · 2^-76
	}
}

const (
	inf32 = 0x7f800000
	one32 = 0x3f800000
	sub32 = 0x00000001 // the smallest subnormal
	max32 = 0x7f7fffff
	min32 = 0x00800000 // the smallest normal
	sNaN  = 0x7f800001
)

func TestF32Specials(t *testing.T) {
	rn, ftz, sat := Mode{}, Mode{FTZ: true}, Mode{Sat: true}
	for _, c := range []struct {
		name      string
		got, want uint32
	}{
		{"inf - inf", AddF32(inf32, inf32|signF32, rn), nanF32},
		{"inf - inf, rz", AddF32(inf32, inf32|signF32, Mode{Round: RZ}), nanF32},
		{"inf + max, rm", AddF32(inf32, max32, Mode{Round: RM}), inf32},
		{"0 · inf", MulF32(0, inf32, rn), nanF32},
		{"0 · inf + 1", FMAF32(0, inf32, one32, rn), nanF32},
		{"inf·1 - inf, rz", FMAF32(inf32, one32, inf32|signF32, Mode{Round: RZ}), nanF32},
		{"signalling NaN + 1", AddF32(sNaN, one32, rn), nanF32},
		{"-NaN · 1", MulF32(0xffc00001, one32, rn), nanF32},
		{"NaN in c", FMAF32(one32, one32, sNaN, rn), nanF32},
		{"max + max", AddF32(max32, max32, rn), inf32},
		{"max + max, rz", AddF32(max32, max32, Mode{Round: RZ}), max32},
		{"-max - max, rp", AddF32(max32|signF32, max32|signF32, Mode{Round: RP}), max32 | signF32},
		{"1 / 0", DivF32(one32, 0, rn), inf32},
		{"1 / -0, rz", DivF32(one32, signF32, Mode{Round: RZ}), inf32 | signF32},
		{"0 / 0", DivF32(0, 0, rn), nanF32},
		{"inf / inf, rm", DivF32(inf32, inf32, Mode{Round: RM}), nanF32},
		{"1 / inf, rp", DivF32(one32, inf32, Mode{Round: RP}), 0},
		{"rcp subnormal", RcpF32(sub32, rn), inf32},
		{"rcp subnormal, rz", RcpF32(sub32, Mode{Round: RZ}), max32},
		{"rcp subnormal, ftz", RcpF32(sub32|signF32, ftz), inf32 | signF32},
		{"sqrt -1", SqrtF32(one32|signF32, rn), nanF32},
		{"sqrt -0", SqrtF32(signF32, Mode{Round: RP}), signF32},
		{"sqrt inf", SqrtF32(inf32, Mode{Round: RZ}), inf32},
		{"sqrt -subnormal, ftz", SqrtF32(sub32|signF32, ftz), signF32},
		{"subnormal + 0, ftz", AddF32(sub32, 0, ftz), 0},
		{"-subnormal + -0, ftz", AddF32(sub32|signF32, signF32, ftz), signF32},
		{"subnormal · big, ftz", MulF32(sub32|signF32, max32, ftz), signF32},
		{"fma to a subnormal, ftz", FMAF32(min32, 0xbf000000, 0, ftz), signF32},
		{"fma of a subnormal c, ftz", FMAF32(0, one32, sub32, ftz), 0},
		{"min·0.99… to normal, ftz", MulF32(0x00ffffff, 0x3f000000, ftz), min32}, // rounds up to 2^-126
		{"sat 2", AddF32(one32, one32, sat), one32},
		{"sat -1", AddF32(one32|signF32, 0, sat), 0},
		{"sat -0", MulF32(signF32, one32, sat), 0},
		{"sat NaN", AddF32(sNaN, 0, sat), 0},
		{"sat inf", FMAF32(inf32, one32, 0, sat), one32},
		{"1 - 1", SubF32RN(one32, one32), 0},
		{"-0 - 0", SubF32RN(signF32, 0), signF32},
		{"sat 0.5", MulF32(0x3f000000, one32, sat), 0x3f000000},
		{"abs -subnormal, ftz", AbsF32(sub32|signF32, true), 0},
		{"abs -NaN", AbsF32(0xffc00001, false), 0x7fc00001},
		{"neg subnormal, ftz", NegF32(sub32, true), signF32},
		{"neg 1", NegF32(one32, false), one32 | signF32},
		{"copysign", CopySignF32(signF32, one32), one32 | signF32},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %#x, want %#x", c.name, c.got, c.want)
		}
	}
}

func TestF64Specials(t *testing.T) {
	const inf, one, max = uint64(infF64), uint64(oneF64), uint64(infF64 - 1)
	for _, c := range []struct {
		name      string
		got, want uint64
	}{
		{"inf - inf", AddF64(inf, inf|signF64, RZ), nanF64},
		{"NaN keeps its payload", AddF64(one, 0x7ff0000000000123, RN), 0x7ff8000000000123},
		{"the first NaN counts", FMAF64(0xfff8000000000001, 0x7ff8000000000002, one, RN), 0xfff8000000000001},
		{"1 - NaN keeps the sign", SubF64(one, 0x7ff8000000000005, RZ), 0x7ff8000000000005},
		{"0 · inf", MulF64(0, inf, RP), nanF64},
		{"max + max, rm", AddF64(max, max, RM), max},
		{"max · -max, rp", MulF64(max, max|signF64, RP), max | signF64},
		{"max · max + -inf", FMAF64(max, max, inf|signF64, RZ), inf | signF64},
		{"1 / 0, rz", DivF64(one, 0, RZ), inf},
		{"0 / 0", DivF64(0, 0, RZ), nanF64},
		{"1 / inf", DivF64(one, inf|signF64, RP), signF64},
		{"smallest / max, rp", DivF64(1, max, RP), 1},
		{"smallest · smallest, rm", MulF64(1, 1|signF64, RM), 1 | signF64},
		{"sqrt -1", SqrtF64(one|signF64, RN), nanF64},
		{"sqrt -0, rm", SqrtF64(signF64, RM), signF64},
		{"sqrt inf, rz", SqrtF64(inf, RZ), inf},
		{"rcp 4, rz", RcpF64(0x4010000000000000, RZ), 0x3fd0000000000000},
		{"rcp -0", RcpF64(signF64, RN), inf | signF64},
		{"abs", AbsF64(one | signF64), one},
		{"neg", NegF64(one), one | signF64},
		{"copysign", CopySignF64(signF64, one), one | signF64},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %#x, want %#x", c.name, c.got, c.want)
		}
	}
}

// TestMinMax goes through the manual's rules with values of every kind.
func TestMinMax(t *testing.T) {
	values := []uint32{0, signF32, sub32, sub32 | signF32, one32, one32 | signF32, 0x40000000,
		inf32, inf32 | signF32, nanF32, sNaN, 0xffc00000}
	for _, a := range values {
		for _, b := range values {
			for mask := range 8 {
				m := MinMax{FTZ: mask&1 != 0, NaN: mask&2 != 0, XorSignAbs: mask&4 != 0}
				if got, want := MaxF32(a, b, m), manualMax(a, b, m); got != want {
					t.Errorf("max %+v of %#x %#x: got %#x, want %#x", m, a, b, got, want)
				}
				if m.XorSignAbs {
					continue
				}
				// min(a, b) is -max(-a, -b), apart from NaN's sign.
				want := manualMax(a^signF32, b^signF32, m)
				if !isNaN32(want) {
					want ^= signF32
				}
				if got := MinF32(a, b, m); got != want {
					t.Errorf("min %+v of %#x %#x: got %#x, want %#x", m, a, b, got, want)
				}
			}
		}
	}
	if got := MinF32(one32|signF32, 0x40000000, MinMax{XorSignAbs: true}); got != one32|signF32 {
		t.Errorf("min.xorsign.abs of -1 and 2: got %#x, want -1", got)
	}
	if got := MaxF64(signF64, 0); got != 0 {
		t.Errorf("max.f64 of -0 and +0: got %#x, want 0", got)
	}
	if got := MinF64(0x7ff0000000000001, 0x7ff8000000000002); got != 0x7ff8000000000001 {
		t.Errorf("min.f64 of two NaNs: got %#x, want the first, quieted", got)
	}
	if got := MinF64(0x7ff0000000000001, oneF64); got != oneF64 {
		t.Errorf("min.f64 of NaN and 1: got %#x, want 1", got)
	}
}

// manualMax is the manual's pseudo-code for max.f32.
func manualMax(a, b uint32, m MinMax) uint32 {
	if m.FTZ {
		a, b = FlushF32(a), FlushF32(b)
	}
	sign := (a ^ b) & signF32
	if m.XorSignAbs {
		a, b = a&^signF32, b&^signF32
	}
	nanA, nanB := isNaN32(a), isNaN32(b)
	var d uint32
	switch x, y := f32(a), f32(b); {
	case nanA && nanB, m.NaN && (nanA || nanB):
		return nanF32
	case nanA:
		d = b
	case nanB:
		d = a
	case x > y, x == y && a == 0: // +0 > -0
		d = a
	default:
		d = b
	}
	if m.XorSignAbs && !isNaN32(d) {
		d = d&^signF32 | sign
	}
	return d
}

func TestCompareFloat(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		op                           CmpOp
		less, equal, more, unordered bool
	}{
		{EQ, false, true, false, false}, {NE, true, false, true, false},
		{LT, true, false, false, false}, {LE, true, true, false, false},
		{GT, false, false, true, false}, {GE, false, true, true, false},
		{EQU, false, true, false, true}, {NEU, true, false, true, true},
		{LTU, true, false, false, true}, {LEU, true, true, false, true},
		{GTU, false, false, true, true}, {GEU, false, true, true, true},
		{NUM, true, true, true, false}, {NAN, false, false, false, true},
	} {
		for _, v := range []struct {
			a, b float64
			want bool
		}{{1, 2, c.less}, {2, 2, c.equal}, {0, math.Copysign(0, -1), c.equal}, {2, 1, c.more},
			{nan, 1, c.unordered}, {1, nan, c.unordered}, {nan, nan, c.unordered}} {
			if got := CompareFloat(c.op, v.a, v.b); got != v.want {
				t.Errorf("%v of %g and %g: got %v, want %v", c.op, v.a, v.b, got, v.want)
			}
		}
		if back, ok := ParseCmpOp(c.op.String()); !ok || back != c.op {
			t.Errorf("%v does not parse back", c.op)
		}
	}
	if !CompareF32(EQ, sub32, signF32, true) || CompareF32(EQ, sub32, signF32, false) {
		t.Error("setp.eq.f32: .ftz makes a subnormal equal to zero, and only .ftz")
	}
}

func TestCompareInt(t *testing.T) {
	for _, c := range []struct {
		op         CmpOp
		a, b       int64
		signed     bool
		unsignedOK bool
	}{
		{LT, -1, 1, true, false}, {LO, -1, 1, true, false}, {HI, -1, 1, false, true},
		{GE, -1, 1, false, true}, {HS, 5, 5, true, true}, {LS, 5, 5, true, true},
		{LE, 4, 5, true, true}, {GT, 5, 4, true, true}, {EQ, 7, 7, true, true}, {NE, 7, 7, false, false},
	} {
		if got := CompareS(c.op, c.a, c.b); got != c.signed {
			t.Errorf("signed %v of %d and %d: got %v", c.op, c.a, c.b, got)
		}
		if got := CompareU(c.op, uint64(c.a), uint64(c.b)); got != c.unsignedOK {
			t.Errorf("unsigned %v of %d and %d: got %v", c.op, c.a, c.b, got)
		}
	}
}

func TestTestP(t *testing.T) {
	all := []Property{Finite, Infinite, Number, NotANumber, Normal, Subnormal}
	for _, c := range []struct {
		bits uint32
		want [6]bool
	}{
		{0, [6]bool{true, false, true, false, true, false}}, // zero counts as normal
		{signF32, [6]bool{true, false, true, false, true, false}},
		{sub32, [6]bool{true, false, true, false, false, true}},
		{one32 | signF32, [6]bool{true, false, true, false, true, false}},
		{inf32 | signF32, [6]bool{false, true, true, false, false, false}},
		{sNaN, [6]bool{false, false, false, true, false, false}},
	} {
		for i, op := range all {
			if got := TestPF32(op, c.bits); got != c.want[i] {
				t.Errorf("testp %d of %#x: got %v", op, c.bits, got)
			}
		}
	}
	if !CompareF64(LT, oneF64|signF64, oneF64) || CompareF64(LE, nanF64, nanF64) {
		t.Error("setp.f64")
	}
	if !TestPF64(Subnormal, 1) || TestPF64(Normal, 1) || !TestPF64(Infinite, infF64|signF64) {
		t.Error("testp.f64 of a subnormal or of -Inf")
	}
}
