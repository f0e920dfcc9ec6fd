// The square roots of two registers of 16 float32, correctly rounded: of the one by the
// processor's instruction, of the other by multiplications. On a Zen 4 the unit that divides
// takes 10 cycles for a root and 6 for a division, and nothing else meanwhile. So with two roots
// by it and two divisions 32 weights take Adam 33 cycles, and with one root by it 25.
//
// Newton's method, from an estimate y ≈ 1/√v with a relative error of 2⁻¹⁴ at most:
//
//	s, h = v·y, y/2
//	e = s·h − ½
//	s, h = s − e·s, h − e·h     // √v and 1/(2√v), nearly rounded
//	s += (v − s²)·h
//
// The last step rounds once, and gives the root that is nearest (P. Markstein, IA-64 and
// Elementary Functions, 2000): optimizer_test.go looks at those of all significands. That
// FLUSH_SUBNORMALS makes 0 of a v − s² below 2⁻¹²⁶ is no harm from v = 2⁻¹⁰⁰ on: s was within
// 1/16 ulp already. Below, and of ±0, Inf, NaN and what is negative, the processor takes the root.

// ROOT_CONSTANTS(least, span, exponent, minusHalf): the registers that ROOT32 uses besides. The
// first three are integers, the last −½.
#define ROOT_CONSTANTS(least, span, exponent, minusHalf) \
	VBROADCASTSS ·root_f32+0(SB), least         \
	VBROADCASTSS ·root_f32+4(SB), span          \
	VBROADCASTSS ·math_f32+88(SB), exponent     \
	VBROADCASTSS ·math_f32+100(SB), minusHalf

// ROOT32(v, s, V, S, …): s = √v, and S = √V unless JNE jumps, with h and e as scratch. Where it
// jumps, VSQRTPS V, S has to follow.
#define ROOT32(v, s, V, S, h, e, least, span, exponent, minusHalf) \
	VSQRTPS      v, s            \
	VRSQRT14PS   V, S            \ // S = y ≈ 1/√V
	VPSUBD       exponent, S, h  \ // h = y/2
	VMULPS       V, S, S         \ // S = V·y
	VMOVAPS      minusHalf, e    \
	VFMADD231PS  S, h, e         \ // e = S·h − ½
	VFNMADD213PS S, e, S         \ // S −= e·S
	VFNMADD213PS h, e, h         \ // h −= e·h
	VMOVAPS      V, e            \
	VFNMADD231PS S, S, e         \ // e = V − S²
	VFMADD231PS  e, h, S         \ // S += e·h
	VPSUBD       least, V, e     \ // bits as integers: those from 2⁻¹⁰⁰ up to Inf,
	VPCMPUD      $5, span, e, K2 \ // and K2 = which of V are not among them
	KORTESTW     K2, K2
