package arith

import "math"

// The approximate f32 functions. Each computes in float64 and rounds once to nearest, which is
// within every bound in the manual; special values follow the manual's tables. The last bits of
// package math differ between processors, which the rounding hides in nearly all results.

// approx32 applies fn to the operand, with .ftz on both sides.
func approx32(a uint32, ftz bool, fn func(float64) float64) uint32 {
	if ftz {
		a = FlushF32(a)
	}
	r := bits32(float32(fn(wide(a))))
	if ftz {
		r = FlushF32(r)
	}
	return r
}

// DivApproxF32 is div.approx{.ftz}.f32. Bound: 2 ulp for 2^-126 ≤ |b| ≤ 2^126. For 2^126 < |b| <
// 2^128 the manual says NaN if a is infinite, and otherwise a zero with the quotient's sign,
// because 1/b would be subnormal.
func DivApproxF32(a, b uint32, ftz bool) uint32 {
	if ftz {
		a, b = FlushF32(a), FlushF32(b)
	}
	if mag := b &^ signF32; mag > (127+126)<<23 && mag < infF32 {
		if a&^signF32 >= infF32 {
			return nanF32
		}
		return (a ^ b) & signF32
	}
	return DivF32(a, b, Mode{FTZ: ftz})
}

// DivFullF32 is div.full{.ftz}.f32. Bound: 2 ulp over the full range.
func DivFullF32(a, b uint32, ftz bool) uint32 { return DivF32(a, b, Mode{FTZ: ftz}) }

// RcpApproxF32 is rcp.approx{.ftz}.f32. Bound: 1 ulp.
func RcpApproxF32(a uint32, ftz bool) uint32 { return RcpF32(a, Mode{FTZ: ftz}) }

// SqrtApproxF32 is sqrt.approx{.ftz}.f32. Bound: a relative error of 2^-23.
func SqrtApproxF32(a uint32, ftz bool) uint32 { return SqrtF32(a, Mode{FTZ: ftz}) }

// RsqrtApproxF32 is rsqrt.approx{.ftz}.f32. Bound: a relative error of 2^-22.9.
// The reciprocal root of -0 is -Inf.
func RsqrtApproxF32(a uint32, ftz bool) uint32 {
	return approx32(a, ftz, func(x float64) float64 { return 1 / math.Sqrt(x) })
}

// Ex2ApproxF32 is ex2.approx{.ftz}.f32, 2^a. Bound: 2 ulp.
func Ex2ApproxF32(a uint32, ftz bool) uint32 { return approx32(a, ftz, math.Exp2) }

// Lg2ApproxF32 is lg2.approx{.ftz}.f32. Bound: an absolute error of 2^-22 for a
// in (0.5, 2), a relative one of 2^-22 elsewhere. Both zeros give -Inf.
func Lg2ApproxF32(a uint32, ftz bool) uint32 {
	return approx32(a, ftz, func(x float64) float64 {
		if x > 0.5 && x < 2 {
			return math.Log(x) / math.Ln2 // math.Log2 cancels near 1
		}
		return math.Log2(x)
	})
}

// SinApproxF32 is sin.approx{.ftz}.f32 of radians. Bound: an absolute error of
// 2^-20.5 in [-2π, 2π] and of 2^-14.7 in [-100π, 100π]; beyond, a GPU is less
// accurate than this function.
func SinApproxF32(a uint32, ftz bool) uint32 { return approx32(a, ftz, math.Sin) }

// CosApproxF32 is cos.approx{.ftz}.f32 of radians, with the bounds of sin.
func CosApproxF32(a uint32, ftz bool) uint32 { return approx32(a, ftz, math.Cos) }

// TanhApproxF32 is tanh.approx.f32. Bound: a relative error of 2^-11; subnormal operands are
// returned unchanged.
func TanhApproxF32(a uint32) uint32 { return approx32(a, false, math.Tanh) }

// The f64 approximations are starting values for Newton's iteration: they read and write only the
// upper 32 bits of a register.

// RcpApproxF64 is rcp.approx.ftz.f64.
func RcpApproxF64(a uint64) uint64 {
	return approxUpper(a, func(x float64) float64 { return 1 / x })
}

// RsqrtApproxFTZF64 is rsqrt.approx.ftz.f64.
func RsqrtApproxFTZF64(a uint64) uint64 {
	return approxUpper(a, func(x float64) float64 { return 1 / math.Sqrt(x) })
}

// RsqrtApproxF64 is rsqrt.approx.f64. The manual gives no bound; this is within 2 ulp.
func RsqrtApproxF64(a uint64) uint64 {
	r := 1 / math.Sqrt(f64(a))
	if r != r {
		return nanOf64(a)
	}
	return math.Float64bits(r)
}

// approxUpper applies fn to the upper word of a, with subnormals flushed, and
// rounds the result to its own upper word. Every NaN is 0x7fffffff00000000.
func approxUpper(a uint64, fn func(float64) float64) uint64 {
	a = formatF64.flush(a &^ 0xffffffff)
	r := fn(f64(a))
	if r != r {
		return 0x7fffffff00000000
	}
	b := math.Float64bits(r)
	if !infinite(b) {
		b += 1 << 31
	}
	return formatF64.flush(b &^ 0xffffffff)
}
