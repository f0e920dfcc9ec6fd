// GELU, y = x·Φ(x), of a register of float32, as macros on top of exp_amd64.h. Φ is the standard
// normal distribution function. With a = |x| and E = e^(−a²/2), its tail is Φ(−a) = E·g(a), where g
// falls slowly, from 1/2 at 0 to 0.027 at 14.5. In t = 1/(1 + 0.345·a), an idea of Hastings
// ("Approximations for digital computers", 1955), g is approximated by a polynomial of degree 9
// without a constant: a minimax fit made for these macros, with an error of at most 2.4e-8 of g.
//
//	y  = max(x, 0) − E·(a·g)
//	y′ = 1 − d where x > 0, else d, with d = E·(g − a/√(2π))
//
// So nothing cancels where x is far below 0. From a = 14.5 on, E·a·g rounds to 0: a is limited to
// that, so that no infinity is multiplied by 0.

#define GELU_MAX    ·gelu_f32+0(SB)   // 14.5
#define GELU_SCALE  ·gelu_f32+4(SB)   // 0.345
#define GELU_SLOPE  ·gelu_f32+8(SB)   // 1/√(2π)
#define GELU_1      ·gelu_f32+12(SB)  // g = t·(GELU_1 + t·(GELU_2 + …
#define GELU_2      ·gelu_f32+16(SB)
#define GELU_3      ·gelu_f32+20(SB)
#define GELU_4      ·gelu_f32+24(SB)
#define GELU_5      ·gelu_f32+28(SB)
#define GELU_6      ·gelu_f32+32(SB)
#define GELU_7      ·gelu_f32+36(SB)
#define GELU_8      ·gelu_f32+40(SB)
#define GELU_9      ·gelu_f32+44(SB)

// GELU_PARTS: from x, which it keeps, a, E and g. l is the rounding error of a·a; it is compensated
// by e^(−(a²+l)/2) = E − E·l/2.
#define GELU_PARTS_AVX512(x, a, e, g, n, p, t) \
	VANDPS.BCST      MAGNITUDE, x, a  \
	VBROADCASTSS     GELU_MAX, t      \
	VMINPS           a, t, a          \ // a = |x|, at most 14.5
	VMULPS           a, a, g          \
	VMOVAPS          g, e             \
	VFMSUB231PS      a, a, e          \ // e = l
	VMULPS.BCST      MINUS_HALF, g, g \
	VMULPS.BCST      MINUS_HALF, e, e \
	EXP_AVX512(g, n, p, t)            \ // g = e^(−a²/2), a² rounded
	VFMADD213PS      g, g, e          \ // e = E
	VBROADCASTSS     ONE, p           \
	VMOVAPS          p, n             \
	VFMADD231PS.BCST GELU_SCALE, a, n \
	VDIVPS           n, p, t          \ // t = 1/(1 + 0.345·a)
	VBROADCASTSS     GELU_9, p        \
	VFMADD213PS.BCST GELU_8, t, p     \
	VFMADD213PS.BCST GELU_7, t, p     \
	VFMADD213PS.BCST GELU_6, t, p     \
	VFMADD213PS.BCST GELU_5, t, p     \
	VFMADD213PS.BCST GELU_4, t, p     \
	VFMADD213PS.BCST GELU_3, t, p     \
	VFMADD213PS.BCST GELU_2, t, p     \
	VFMADD213PS.BCST GELU_1, t, p     \
	VMULPS           t, p, g

#define GELU_PARTS_AVX2(x, a, e, g, n, p, t) \
	VBROADCASTSS MAGNITUDE, t  \
	VANDPS       t, x, a       \
	VBROADCASTSS GELU_MAX, t   \
	VMINPS       a, t, a       \ // a = |x|, at most 14.5
	VMULPS       a, a, g       \
	VMOVAPS      g, e          \
	VFMSUB231PS  a, a, e       \ // e = l
	VBROADCASTSS MINUS_HALF, t \
	VMULPS       t, g, g       \
	VMULPS       t, e, e       \
	EXP_AVX2(g, n, p, t)       \ // g = e^(−a²/2), a² rounded
	VFMADD213PS  g, g, e       \ // e = E
	VBROADCASTSS ONE, p        \
	VBROADCASTSS GELU_SCALE, n \
	VFMADD213PS  p, a, n       \
	VDIVPS       n, p, t       \ // t = 1/(1 + 0.345·a)
	VBROADCASTSS GELU_9, p     \
	VBROADCASTSS GELU_8, n     \
	VFMADD213PS  n, t, p       \
	VBROADCASTSS GELU_7, n     \
	VFMADD213PS  n, t, p       \
	VBROADCASTSS GELU_6, n     \
	VFMADD213PS  n, t, p       \
	VBROADCASTSS GELU_5, n     \
	VFMADD213PS  n, t, p       \
	VBROADCASTSS GELU_4, n     \
	VFMADD213PS  n, t, p       \
	VBROADCASTSS GELU_3, n     \
	VFMADD213PS  n, t, p       \
	VBROADCASTSS GELU_2, n     \
	VFMADD213PS  n, t, p       \
	VBROADCASTSS GELU_1, n     \
	VFMADD213PS  n, t, p       \
	VMULPS       t, p, g

// GELU: x = max(x, 0) − e·(a·g).
#define GELU_AVX512(x, a, e, g, n, p, t) \
	GELU_PARTS_AVX512(x, a, e, g, n, p, t) \
	VMULPS       a, g, g                   \
	VXORPS       t, t, t                   \
	VMAXPS       x, t, x                   \
	VFNMADD231PS e, g, x

#define GELU_AVX2(x, a, e, g, n, p, t) \
	GELU_PARTS_AVX2(x, a, e, g, n, p, t) \
	VMULPS       a, g, g                 \
	VXORPS       t, t, t                 \
	VMAXPS       x, t, x                 \
	VFNMADD231PS e, g, x

// GELU_BWD: x = GELU's derivative at x. It changes K3.
#define GELU_BWD_AVX512(x, a, e, g, n, p, t) \
	GELU_PARTS_AVX512(x, a, e, g, n, p, t) \
	VFNMADD231PS.BCST GELU_SLOPE, a, g     \
	VXORPS            t, t, t              \
	VCMPPS            $14, t, x, K3        \ // K3 = x > 0
	VMULPS            e, g, x              \ // x = d
	VBROADCASTSS      ONE, t               \
	VSUBPS            x, t, K3, x            // x > 0: 1 − d

#define GELU_BWD_AVX2(x, a, e, g, n, p, t) \
	GELU_PARTS_AVX2(x, a, e, g, n, p, t) \
	VBROADCASTSS GELU_SLOPE, t           \
	VFNMADD231PS t, a, g                 \
	VMULPS       e, g, g                 \ // g = d
	VXORPS       t, t, t                 \
	VCMPPS       $14, t, x, n            \ // n = x > 0
	VBROADCASTSS ONE, t                  \
	VSUBPS       g, t, t                 \
	VBLENDVPS    n, t, g, x                // x > 0: 1 − d, else d
