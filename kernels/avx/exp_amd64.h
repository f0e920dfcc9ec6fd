// e^x, ln x, 1/(1+e^−x) and tanh x of a register of float32, as macros. x is both argument and
// result; the other registers are scratch. The polynomials are minimax fits made for these macros,
// with an error far below half an ulp; exp_test.go states the total errors, which come from rounding
// in the steps around them.

#define LOG2_E      ·math_f32+0(SB)
#define LN2_HIGH    ·math_f32+4(SB)   // ln 2, rounded
#define LN2_LOW     ·math_f32+8(SB)   // ln 2 − LN2_HIGH
#define EXP_MAX     ·math_f32+12(SB)  // 89: e^89 overflows
#define EXP_MIN     ·math_f32+16(SB)  // −104: e^−104 rounds to 0
#define EXP_2       ·math_f32+20(SB)  // e^r ≈ 1 + r + r²·(EXP_2 + r·(EXP_3 + …
#define EXP_3       ·math_f32+24(SB)
#define EXP_4       ·math_f32+28(SB)
#define EXP_5       ·math_f32+32(SB)
#define EXP_6       ·math_f32+36(SB)
#define LOG_3       ·math_f32+40(SB)  // ln(1+f) ≈ f − f²/2 + f³·(LOG_3 + f·(LOG_4 + …
#define LOG_4       ·math_f32+44(SB)
#define LOG_5       ·math_f32+48(SB)
#define LOG_6       ·math_f32+52(SB)
#define LOG_7       ·math_f32+56(SB)
#define LOG_8       ·math_f32+60(SB)
#define LOG_9       ·math_f32+64(SB)
#define LOG_10      ·math_f32+68(SB)
#define ROOT_HALF   ·math_f32+72(SB)  // √½; its bits are used as an integer
#define MANTISSA    ·math_f32+76(SB)  // the 23 lower bits
#define TWO_24      ·math_f32+80(SB)  // 2²⁴
#define MINUS_24    ·math_f32+84(SB)  // −24
#define MIN_NORMAL  ·math_f32+88(SB)  // 2^−126, the smallest that is not subnormal
#define INF         ·math_f32+92(SB)
#define NAN         ·math_f32+96(SB)
#define MINUS_HALF  ·math_f32+100(SB)
#define TANH_MAX    ·math_f32+104(SB) // 10: tanh 10 rounds to 1
#define TWO         ·math_f32+108(SB)
#define MAGNITUDE   ·math_f32+112(SB) // all bits but the sign
#define BIAS        ·math_f32+116(SB) // 127, the integer, an exponent's bias
#define CLIP_LOW    ·math_f32+120(SB) // probabilities are clipped to [1e-7, 1−1e-7]
#define CLIP_HIGH   ·math_f32+124(SB)
#define ONE         ·one_f32(SB)
#define SIGN        ·sign_f32(SB)
#define MINUS_INF   ·minus_inf_f32(SB)

// The minimum and maximum instructions return their second operand (the first one in Go's order) if
// either is NaN: with x there, a NaN passes through.

// EXP_REDUCE: n = x/ln 2, rounded to an integer; x = r = x − n·ln 2, at most
// ln 2/2 from 0; p = e^r − 1.
#define EXP_REDUCE_AVX512(x, n, p, t) \
	VMULPS.BCST       LOG2_E, x, n   \
	VRNDSCALEPS       $8, n, n       \ // n = x/ln 2, rounded to nearest
	VFNMADD231PS.BCST LN2_HIGH, n, x \
	VFNMADD231PS.BCST LN2_LOW, n, x  \ // r = x − n·ln 2
	VBROADCASTSS      EXP_6, p       \
	VFMADD213PS.BCST  EXP_5, x, p    \
	VFMADD213PS.BCST  EXP_4, x, p    \
	VFMADD213PS.BCST  EXP_3, x, p    \
	VFMADD213PS.BCST  EXP_2, x, p    \
	VMULPS            x, x, t        \
	VFMADD213PS       x, t, p          // p = p·r² + r

#define EXP_REDUCE_AVX2(x, n, p, t) \
	VBROADCASTSS LOG2_E, n   \
	VMULPS       x, n, n     \
	VROUNDPS     $8, n, n    \ // n = x/ln 2, rounded to nearest
	VBROADCASTSS LN2_HIGH, t \
	VFNMADD231PS t, n, x     \
	VBROADCASTSS LN2_LOW, t  \
	VFNMADD231PS t, n, x     \ // r = x − n·ln 2
	VBROADCASTSS EXP_6, p    \
	VBROADCASTSS EXP_5, t    \
	VFMADD213PS  t, x, p     \
	VBROADCASTSS EXP_4, t    \
	VFMADD213PS  t, x, p     \
	VBROADCASTSS EXP_3, t    \
	VFMADD213PS  t, x, p     \
	VBROADCASTSS EXP_2, t    \
	VFMADD213PS  t, x, p     \
	VMULPS       x, x, t     \
	VFMADD213PS  x, t, p       // p = p·r² + r

// EXP: x = e^x = 2^n·e^r.
#define EXP_AVX512(x, n, p, t) \
	VBROADCASTSS EXP_MAX, t         \
	VMINPS       x, t, x            \
	VBROADCASTSS EXP_MIN, t         \
	VMAXPS       x, t, x            \
	EXP_REDUCE_AVX512(x, n, p, t)   \
	VADDPS.BCST  ONE, p, p          \
	VSCALEFPS    n, p, x              // x = p·2^n, also where that is subnormal or Inf

// AVX2 multiplies twice, by 2^(n/2) and the rest, because 2^n itself may not be a normal number.
#define EXP_AVX2(x, n, p, t) \
	VBROADCASTSS EXP_MAX, t         \
	VMINPS       x, t, x            \
	VBROADCASTSS EXP_MIN, t         \
	VMAXPS       x, t, x            \
	EXP_REDUCE_AVX2(x, n, p, t)     \
	VBROADCASTSS ONE, t             \
	VADDPS       t, p, p            \
	VCVTPS2DQ    n, n               \
	VPSRAD       $1, n, t           \ // t = n/2
	VPSUBD       t, n, n            \ // n = the rest
	VPBROADCASTD BIAS, x            \
	VPADDD       x, t, t            \
	VPADDD       x, n, n            \
	VPSLLD       $23, t, t          \ // 2^t and 2^n, by their bits
	VPSLLD       $23, n, n          \
	VMULPS       t, p, p            \
	VMULPS       n, p, x              // x = p·2^t·2^n

// LOG: x = ln x. With x = m·2^e and m in [√½, √2), f = m − 1 is exact, and
// ln x = e·ln 2 + ln(1+f). Negative numbers give NaN, ±0 −Inf. It changes K3.
#define LOG_AVX512(x, e, p, t, s) \
	VMOVAPS          x, s                 \
	VCMPPS.BCST      $1, MIN_NORMAL, x, K3 \
	VMULPS.BCST      TWO_24, x, K3, x     \ // a subnormal x is scaled by 2²⁴ first
	VPSUBD.BCST      ROOT_HALF, x, e      \
	VPANDD.BCST      MANTISSA, e, x       \
	VPADDD.BCST      ROOT_HALF, x, x      \ // x = m
	VPSRAD           $23, e, e            \
	VCVTDQ2PS        e, e                 \
	VADDPS.BCST      MINUS_24, e, K3, e   \ // e = the exponent
	VSUBPS.BCST      ONE, x, x            \ // x = f
	VBROADCASTSS     LOG_10, p            \
	VFMADD213PS.BCST LOG_9, x, p          \
	VFMADD213PS.BCST LOG_8, x, p          \
	VFMADD213PS.BCST LOG_7, x, p          \
	VFMADD213PS.BCST LOG_6, x, p          \
	VFMADD213PS.BCST LOG_5, x, p          \
	VFMADD213PS.BCST LOG_4, x, p          \
	VFMADD213PS.BCST LOG_3, x, p          \
	VFMADD213PS.BCST MINUS_HALF, x, p     \ // p = (ln(1+f) − f)/f²
	VMULPS           x, x, t              \
	VMULPS           t, p, p              \
	VFMADD231PS.BCST LN2_LOW, e, p        \
	VADDPS           p, x, x              \
	VFMADD231PS.BCST LN2_HIGH, e, x       \ // x = f + p·f² + e·ln 2
	VCMPPS.BCST      $0, INF, s, K3       \
	VMOVAPS          s, K3, x             \ // of Inf: Inf
	VXORPS           t, t, t              \
	VCMPPS           $0, t, s, K3         \
	VBROADCASTSS     MINUS_INF, K3, x     \ // of ±0: −Inf
	VCMPPS           $9, t, s, K3         \
	VBROADCASTSS     NAN, K3, x             // negative numbers and NaN: NaN

#define LOG_AVX2(x, e, p, t, s, u) \
	VMOVAPS      x, s             \
	VBROADCASTSS MIN_NORMAL, t    \
	VCMPPS       $1, t, x, u      \ // u = x is subnormal
	VBROADCASTSS TWO_24, t        \
	VMULPS       t, x, t          \
	VBLENDVPS    u, t, x, x       \ // then it is scaled by 2²⁴ first
	VPBROADCASTD ROOT_HALF, t     \
	VPSUBD       t, x, e          \
	VPBROADCASTD MANTISSA, p      \
	VPAND        p, e, x          \
	VPADDD       t, x, x          \ // x = m
	VPSRAD       $23, e, e        \
	VCVTDQ2PS    e, e             \
	VBROADCASTSS MINUS_24, t      \
	VANDPS       t, u, u          \
	VADDPS       u, e, e          \ // e = the exponent
	VBROADCASTSS ONE, t           \
	VSUBPS       t, x, x          \ // x = f
	VBROADCASTSS LOG_10, p        \
	VBROADCASTSS LOG_9, t         \
	VFMADD213PS  t, x, p          \
	VBROADCASTSS LOG_8, t         \
	VFMADD213PS  t, x, p          \
	VBROADCASTSS LOG_7, t         \
	VFMADD213PS  t, x, p          \
	VBROADCASTSS LOG_6, t         \
	VFMADD213PS  t, x, p          \
	VBROADCASTSS LOG_5, t         \
	VFMADD213PS  t, x, p          \
	VBROADCASTSS LOG_4, t         \
	VFMADD213PS  t, x, p          \
	VBROADCASTSS LOG_3, t         \
	VFMADD213PS  t, x, p          \
	VBROADCASTSS MINUS_HALF, t    \
	VFMADD213PS  t, x, p          \ // p = (ln(1+f) − f)/f²
	VMULPS       x, x, t          \
	VMULPS       t, p, p          \
	VBROADCASTSS LN2_LOW, t       \
	VFMADD231PS  t, e, p          \
	VADDPS       p, x, x          \
	VBROADCASTSS LN2_HIGH, t      \
	VFMADD231PS  t, e, x          \ // x = f + p·f² + e·ln 2
	VBROADCASTSS INF, t           \
	VCMPPS       $0, t, s, u      \
	VBLENDVPS    u, t, x, x       \ // of Inf: Inf
	VXORPS       t, t, t          \
	VCMPPS       $0, t, s, u      \
	VBROADCASTSS MINUS_INF, p     \
	VBLENDVPS    u, p, x, x       \ // of ±0: −Inf
	VCMPPS       $9, t, s, u      \
	VBROADCASTSS NAN, p           \
	VBLENDVPS    u, p, x, x         // negative numbers and NaN: NaN

// SIGMOID: x = 1/(1+e^−x). With E = e^−|x|, which can't overflow, that is 1/(1+E) for x ≥ 0 and
// E/(1+E) for x < 0. It changes K3.
#define SIGMOID_AVX512(x, n, p, t, s) \
	VMOVAPS      x, s           \
	VPMOVD2M     s, K3          \ // K3 = x is negative
	VORPS.BCST   SIGN, x, x     \
	EXP_AVX512(x, n, p, t)      \ // x = E
	VBROADCASTSS ONE, t         \
	VADDPS       t, x, n        \ // n = 1 + E
	VMOVAPS      x, K3, t       \ // t = K3 ? E : 1
	VDIVPS       n, t, x

#define SIGMOID_AVX2(x, n, p, t, s) \
	VMOVAPS      x, s           \
	VBROADCASTSS SIGN, t        \
	VORPS        t, x, x        \
	EXP_AVX2(x, n, p, t)        \ // x = E
	VBROADCASTSS ONE, t         \
	VADDPS       t, x, n        \ // n = 1 + E
	VBLENDVPS    s, x, t, t     \ // t = x negative ? E : 1
	VDIVPS       n, t, x

// TANH: x = tanh x. With E = e^2|x| − 1 = p·2^n + (2^n − 1), which is precise near 0, tanh |x| =
// E/(E+2).
#define TANH_AVX512(x, n, p, t, s) \
	VANDPS.BCST  SIGN, x, s         \ // s = x's sign
	VANDPS.BCST  MAGNITUDE, x, x    \
	VBROADCASTSS TANH_MAX, t        \
	VMINPS       x, t, x            \
	VADDPS       x, x, x            \ // x = 2|x|, at most 20
	EXP_REDUCE_AVX512(x, n, p, t)   \
	VBROADCASTSS ONE, t             \
	VSCALEFPS    n, t, n            \ // n = 2^n
	VSUBPS       t, n, t            \
	VFMADD213PS  t, n, p            \ // p = E
	VADDPS.BCST  TWO, p, t          \
	VDIVPS       t, p, x            \
	VORPS        s, x, x

#define TANH_AVX2(x, n, p, t, s) \
	VBROADCASTSS SIGN, t            \
	VANDPS       t, x, s            \ // s = x's sign
	VANDNPS      x, t, x            \
	VBROADCASTSS TANH_MAX, t        \
	VMINPS       x, t, x            \
	VADDPS       x, x, x            \ // x = 2|x|, at most 20
	EXP_REDUCE_AVX2(x, n, p, t)     \
	VCVTPS2DQ    n, n               \
	VPBROADCASTD BIAS, t            \
	VPADDD       t, n, n            \
	VPSLLD       $23, n, n          \ // n = 2^n
	VBROADCASTSS ONE, t             \
	VSUBPS       t, n, t            \
	VFMADD213PS  t, n, p            \ // p = E
	VBROADCASTSS TWO, t             \
	VADDPS       t, p, t            \
	VDIVPS       t, p, x            \
	VORPS        s, x, x
