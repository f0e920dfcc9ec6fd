// The square root of 16 float32 without the unit that divides, which on a Zen 4 takes 10
// cycles for it, and 6 for a division. Newton's step from an estimate y ≈ 1/√v:
//
//	s = v·y
//	√v ≈ s + (v − s²)·y/2
//
// The estimate has a relative error of 2⁻¹⁴ at most, which leaves 1.5·2⁻²⁸, .1 ulp, before
// the result is rounded. So nearly all roots are the correctly rounded ones, and the others
// within .6 ulp: optimizer_test.go measures it. Below v = 2⁻¹⁰², where FLUSH_SUBNORMALS makes
// 0 of a small v − s², the relative error can be 2⁻¹²⁷/v more.
//
// The step makes NaN of ±0, +Inf, NaN and what is negative. So the root is the smaller one of
// that and of a second estimate, which is at least 2·√v: Inf − y, of their bits as integers.
// Where the first is NaN, that is what VMINPS gives: 0 for 0, Inf for Inf, and else NaN.
//
// The estimate is the processor's own. Its last bits, and with them a few roots, may differ
// from maker to maker.

// ROOT_CONSTANTS(inf, exponent): the registers that ROOT16 uses besides, Inf and the integer
// that an exponent changes by one with.
#define ROOT_CONSTANTS(inf, exponent) \
	VBROADCASTSS ·math_f32+92(SB), inf \
	VBROADCASTSS ·math_f32+88(SB), exponent

// ROOT16(v, s, y, h, e, …): s = √v, with y, h and e as scratch.
#define ROOT16(v, s, y, h, e, inf, exponent) \
	VRSQRT14PS   v, y \           // y ≈ 1/√v
	VPSUBD       exponent, y, h \ // h = y/2
	VMULPS       v, y, s \        // s = v·y
	VPSUBD       y, inf, y \      // y = Inf − y ≥ 2·√v
	VMOVAPS      v, e \
	VFNMADD231PS s, s, e \        // e = v − s²
	VFMADD231PS  e, h, s \        // s += e·h
	VMINPS       y, s, s          // s = min(s, y), y if s is NaN

// ROOT32(v, s, y, h, e, V, S, Y, H, E, …): the roots of two registers, S = √V as well. One
// instruction of the one follows one of the other, which is faster than one root behind the other.
#define ROOT32(v, s, y, h, e, V, S, Y, H, E, inf, exponent) \
	VRSQRT14PS   v, y; \
	VRSQRT14PS   V, Y; \
	VPSUBD       exponent, y, h; \
	VPSUBD       exponent, Y, H; \
	VMULPS       v, y, s; \
	VMULPS       V, Y, S; \
	VPSUBD       y, inf, y; \
	VPSUBD       Y, inf, Y; \
	VMOVAPS      v, e; \
	VMOVAPS      V, E; \
	VFNMADD231PS s, s, e; \
	VFNMADD231PS S, S, E; \
	VFMADD231PS  e, h, s; \
	VFMADD231PS  E, H, S; \
	VMINPS       y, s, s; \
	VMINPS       Y, S, S
