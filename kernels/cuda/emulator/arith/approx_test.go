package arith

import (
	"math"
	"math/big"
	"testing"
)

// TestApproxSpecials is the manual's tables of special values.
func TestApproxSpecials(t *testing.T) {
	const ninf, nzero = inf32 | signF32, uint32(signF32)
	type table struct {
		name string
		fn   func(uint32, bool) uint32
		// results for -Inf, -normal, -0, +0, +Inf, NaN; 0xdead where the table has none
		want [6]uint32
		// results of .ftz for a negative and a positive subnormal
		ftz [2]uint32
	}
	const any = 0xdead
	inputs := [6]uint32{ninf, 0xbf000000, nzero, 0, inf32, sNaN}
	for _, c := range []table{
		{"rcp", RcpApproxF32, [6]uint32{nzero, any, ninf, inf32, 0, nanF32}, [2]uint32{ninf, inf32}},
		{"sqrt", SqrtApproxF32, [6]uint32{nanF32, nanF32, nzero, 0, inf32, nanF32}, [2]uint32{nzero, 0}},
		{"rsqrt", RsqrtApproxF32, [6]uint32{nanF32, nanF32, ninf, inf32, 0, nanF32}, [2]uint32{ninf, inf32}},
		{"sin", SinApproxF32, [6]uint32{nanF32, any, nzero, 0, nanF32, nanF32}, [2]uint32{nzero, 0}},
		{"cos", CosApproxF32, [6]uint32{nanF32, any, one32, one32, nanF32, nanF32}, [2]uint32{one32, one32}},
		{"lg2", Lg2ApproxF32, [6]uint32{nanF32, nanF32, ninf, ninf, inf32, nanF32}, [2]uint32{ninf, ninf}},
		{"ex2", Ex2ApproxF32, [6]uint32{0, any, one32, one32, inf32, nanF32}, [2]uint32{one32, one32}},
		{"tanh", func(a uint32, _ bool) uint32 { return TanhApproxF32(a) },
			[6]uint32{one32 | signF32, any, nzero, 0, one32, nanF32}, [2]uint32{sub32 | signF32, sub32}},
	} {
		for i, in := range inputs {
			if got := c.fn(in, false); c.want[i] != any && got != c.want[i] {
				t.Errorf("%s of %#x: got %#x, want %#x", c.name, in, got, c.want[i])
			}
			if got := c.fn(in, true); c.want[i] != any && got != c.want[i] {
				t.Errorf("%s.ftz of %#x: got %#x, want %#x", c.name, in, got, c.want[i])
			}
		}
		for i, in := range [2]uint32{sub32 | signF32, sub32} {
			if got := c.fn(in, true); got != c.ftz[i] {
				t.Errorf("%s.ftz of %#x: got %#x, want %#x", c.name, in, got, c.ftz[i])
			}
		}
	}
	// ex2 of a very negative number is subnormal, or zero with .ftz.
	if got := Ex2ApproxF32(math.Float32bits(-140), false); got != 1<<9 {
		t.Errorf("ex2 of -140: got %#x, want 2^-140", got)
	}
	if got := Ex2ApproxF32(math.Float32bits(-140), true); got != 0 {
		t.Errorf("ex2.ftz of -140: got %#x, want 0", got)
	}
}

func TestDivApprox(t *testing.T) {
	big126, above := uint32(253<<23), uint32(253<<23+1) // 2^126 and the next number
	for _, c := range []struct {
		name    string
		a, b    uint32
		ftz     bool
		want    uint32
		wantDiv uint32 // div.full
	}{
		{"1 / 2^126", one32, big126, false, 1 << 23, 1 << 23},
		{"-1 / above 2^126", one32 | signF32, above, false, signF32, signF32 | 0x7fffff},
		{"inf / above 2^126", inf32, above, false, nanF32, inf32},
		{"1 / inf", one32, inf32, false, 0, 0},
		{"inf / inf", inf32, inf32, false, nanF32, nanF32},
		{"1 / 0", one32, signF32, false, inf32 | signF32, inf32 | signF32},
		{"0 / 0", 0, 0, false, nanF32, nanF32},
		{"1 / subnormal, ftz", one32, sub32, true, inf32, inf32},
		{"6 / 3", 0x40c00000, 0x40400000, false, 0x40000000, 0x40000000},
	} {
		if got := DivApproxF32(c.a, c.b, c.ftz); got != c.want {
			t.Errorf("div.approx %s: got %#x, want %#x", c.name, got, c.want)
		}
		if got := DivFullF32(c.a, c.b, c.ftz); got != c.wantDiv {
			t.Errorf("div.full %s: got %#x, want %#x", c.name, got, c.wantDiv)
		}
	}
}

// TestApproxBounds measures the functions against math/big, or against float64
// functions of another origin than the one under test, at the manual's bounds.
func TestApproxBounds(t *testing.T) {
	s := newSampler(formatF32, 9)
	// In one ulp of float32 there are 2^29 of float64, so float64 references
	// are exact enough for bounds in float32 ulps.
	relative := func(got uint32, want float64) float64 { return math.Abs(wide(got)/want - 1) }
	for range 20000 {
		x := math.Ldexp(1+s.rng.Float64(), s.rng.IntN(250)-125) // positive normal
		a := math.Float32bits(float32(x))
		x = wide(a)
		root, _ := new(big.Float).SetPrec(100).Sqrt(big.NewFloat(x)).Float64()
		if e := relative(SqrtApproxF32(a, false), root); !(e <= 0x1p-23) {
			t.Fatalf("sqrt.approx %g: relative error %g", x, e)
		}
		if e := relative(RsqrtApproxF32(a, false), 1/root); !(e <= math.Exp2(-22.9)) {
			t.Fatalf("rsqrt.approx %g: relative error %g", x, e)
		}
		if e := relative(RcpApproxF32(a, false), 1/x); !(e <= 0x1p-23) {
			t.Fatalf("rcp.approx %g: relative error %g", x, e)
		}
		if e := relative(Lg2ApproxF32(a, false), math.Log(x)/math.Ln2); x > 2 && !(e <= 0x1p-22) {
			t.Fatalf("lg2.approx %g: relative error %g", x, e)
		}
		z := 0.5 + 1.5*s.rng.Float64()
		az := math.Float32bits(float32(z))
		z = wide(az)
		if e := math.Abs(wide(Lg2ApproxF32(az, false)) - math.Log1p(z-1)/math.Ln2); !(e <= 0x1p-22) {
			t.Fatalf("lg2.approx %g: absolute error %g", z, e)
		}
		y := s.rng.Float64()*200*math.Pi - 100*math.Pi
		if s.rng.IntN(2) == 0 {
			y = s.rng.Float64()*4*math.Pi - 2*math.Pi
		}
		ay := math.Float32bits(float32(y))
		y = wide(ay)
		bound := math.Exp2(-14.7)
		if math.Abs(y) <= 2*math.Pi {
			bound = math.Exp2(-20.5)
		}
		sin, cos := math.Sincos(y)
		if e := math.Abs(wide(SinApproxF32(ay, false)) - sin); !(e <= bound) {
			t.Fatalf("sin.approx %g: absolute error %g", y, e)
		}
		if e := math.Abs(wide(CosApproxF32(ay, false)) - cos); !(e <= bound) {
			t.Fatalf("cos.approx %g: absolute error %g", y, e)
		}
		p := s.rng.Float64()*250 - 125
		ap := math.Float32bits(float32(p))
		p = wide(ap)
		if e := relative(Ex2ApproxF32(ap, false), math.Pow(2, p)); !(e <= 0x1p-22) {
			t.Fatalf("ex2.approx %g: relative error %g", p, e)
		}
		h := s.rng.Float64()*20 - 10
		ah := math.Float32bits(float32(h))
		h = wide(ah)
		if e := relative(TanhApproxF32(ah), -math.Expm1(-2*h)/(1+math.Exp(-2*h))); !(e <= 0x1p-11) {
			t.Fatalf("tanh.approx %g: relative error %g", h, e)
		}
	}
}

// TestHalfFunctions checks ex2 and tanh on every f16 and bf16 value.
func TestHalfFunctions(t *testing.T) {
	for _, c := range []struct {
		name      string
		h         Half
		ex2, tanh float64 // bounds: relative, absolute
	}{{"f16", F16, math.Exp2(-9.9), math.Exp2(-10.987)}, {"bf16", BF16, 0x1p-7, 0x1p-8}} {
		smallest := math.Ldexp(1, 1-c.h.f.bias)
		for b := range 1 << 16 {
			a := uint16(b)
			x := c.h.Float64(a)
			e, th := c.h.Float64(c.h.Ex2(a)), c.h.Float64(c.h.Tanh(a))
			if x != x {
				if c.h.Ex2(a) != 0x7fff || c.h.Tanh(a) != 0x7fff {
					t.Errorf("%s: NaN %#x gives %#x and %#x", c.name, a, c.h.Ex2(a), c.h.Tanh(a))
				}
				continue
			}
			if want := math.Pow(2, x); want >= smallest && want < 60000 && !(math.Abs(e/want-1) <= c.ex2) {
				t.Errorf("ex2.%s of %g: got %g, want %g", c.name, x, e, want)
			}
			if !(math.Abs(th-math.Tanh(x)) <= c.tanh) || math.Signbit(th) != math.Signbit(x) {
				t.Errorf("tanh.%s of %g: got %g", c.name, x, th)
			}
		}
		inf := uint16(c.h.f.inf)
		if c.h.Ex2(inf|0x8000) != 0 || c.h.Ex2(inf) != inf || c.h.Float64(c.h.Ex2(0x8001)) != 1 {
			t.Errorf("ex2.%s of -Inf, +Inf or a subnormal", c.name)
		}
	}
}

func TestApproxF64(t *testing.T) {
	const nan = 0x7fffffff00000000
	for _, c := range []struct {
		in, rcp, rsqrt uint64
	}{
		{infF64 | signF64, signF64, nan}, {signF64 | 5<<40, infF64 | signF64, infF64 | signF64},
		{signF64, infF64 | signF64, infF64 | signF64}, {0, infF64, infF64}, {5 << 40, infF64, infF64},
		{infF64, 0, 0}, {infF64 | 1<<40, nan, nan},
		{0x4010000000000000, 0x3fd0000000000000, 0x3fe0000000000000}, // 4: 1/4 and 1/2
		{0x40100000ffffffff, 0x3fd0000000000000, 0x3fe0000000000000}, // the lower word does not count
		{0x7fefffff00000000, 0, 0x1ff0000000000000},                  // a subnormal reciprocal is flushed
	} {
		if got := RcpApproxF64(c.in); got != c.rcp {
			t.Errorf("rcp.approx.ftz.f64 of %#x: got %#x, want %#x", c.in, got, c.rcp)
		}
		if got := RsqrtApproxFTZF64(c.in); got != c.rsqrt {
			t.Errorf("rsqrt.approx.ftz.f64 of %#x: got %#x, want %#x", c.in, got, c.rsqrt)
		}
	}
	if got := RcpApproxF64(math.Float64bits(3)); !(math.Abs(f64(got)*3-1) <= 0x1p-20) || uint32(got) != 0 {
		t.Errorf("rcp.approx.ftz.f64 of 3: got %#x", got)
	}
	if got := RsqrtApproxF64(math.Float64bits(16)); got != math.Float64bits(0.25) {
		t.Errorf("rsqrt.approx.f64 of 16: got %#x", got)
	}
}
