// The square roots of two registers of 16 float32, correctly rounded: the first by the
// processor's instruction, the second by multiplications. The divider computes both roots and
// quotients; on a Zen 4 a root takes it 10 cycles and a quotient 6. With two roots and two quotients
// on the divider, Adam takes 33 cycles for 32 weights; with one root on it, 25.
//
// Newton's method, from an estimate y ≈ 1/√v with a relative error of 2⁻¹⁴ at most:
//
//	s, h = v·y, y/2
//	e = s·h − ½
//	s, h = s − e·s, h − e·h     // √v and 1/(2√v), nearly rounded
//	s += (v − s²)·h
//
// The last step rounds once and gives the nearest float32 (P. Markstein, IA-64 and Elementary
// Functions, 2000); optimizer_test.go checks every significand. FLUSH_SUBNORMALS turns a v − s²
// below 2⁻¹²⁶ into 0, which does no harm for v ≥ 2⁻¹⁰⁰: there s is already within 1/16 ulp. For
// smaller v, ±0, Inf, NaN and negative v the processor takes the root.

// ROOT_CONSTANTS(least, span, exponent, minusHalf) loads the constants of ROOT32. The first three
// are integers, the last is −½.
#define ROOT_CONSTANTS(least, span, exponent, minusHalf) \
	VBROADCASTSS ·root_f32+0(SB), least         \
	VBROADCASTSS ·root_f32+4(SB), span          \
	VBROADCASTSS ·math_f32+88(SB), exponent     \
	VBROADCASTSS ·math_f32+100(SB), minusHalf

// ROOT32(v, s, V, S, …): s = √v and S = √V; h and e are scratch. JNE must follow it: if that jumps,
// some V was out of range, and VSQRTPS V, S must give S.
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
	VPSUBD       least, V, e     \ // in range: bits, as integers, from 2⁻¹⁰⁰ up to Inf
	VPCMPUD      $5, span, e, K2 \ // K2 = the lanes of V out of range
	KORTESTW     K2, K2
