// The one-dimensional transforms of Winograd's F(4×4, 3×3) with the points 0, ±a, ±b and ∞, on
// vectors of channels: see winograd.go. They work on Y and on Z registers. The arguments in capitals
// hold constants in all lanes, in a register or in memory: A = a, A2 = a², A3 = a³, AB = a²b², S =
// a²+b²; B likewise.

// INPUT6: t = Bᵀ·d.
//
//	t0 = a²b²·d0 − (a²+b²)·d2 + d4
//	t1 = (d4 − b²·d2) + a·(d3 − b²·d1)
//	t2 = (d4 − b²·d2) − a·(d3 − b²·d1)
//	t3 = (d4 − a²·d2) + b·(d3 − a²·d1)
//	t4 = (d4 − a²·d2) − b·(d3 − a²·d1)
//	t5 = a²b²·d1 − (a²+b²)·d3 + d5
//
// The results are in e0, d0, d3, d1, d2, d5, in this order.
#define INPUT6(d0, d1, d2, d3, d4, d5, e0, e1, e2, e3, e4, A, B, A2, B2, AB, S) \
	VMOVAPS d4, e0; VFMADD231PS AB, d0, e0; VFNMADD231PS S, d2, e0; \
	VMOVAPS d4, e1; VFNMADD231PS B2, d2, e1; \ // e1 = d4 − b²·d2
	VMOVAPS d3, e2; VFNMADD231PS B2, d1, e2; \ // e2 = d3 − b²·d1
	VMOVAPS d4, e3; VFNMADD231PS A2, d2, e3; \ // e3 = d4 − a²·d2
	VMOVAPS d3, e4; VFNMADD231PS A2, d1, e4; \ // e4 = d3 − a²·d1
	VFMADD231PS AB, d1, d5; VFNMADD231PS S, d3, d5; \
	VMOVAPS e1, d0; VFMADD231PS A, e2, d0; \
	VMOVAPS e1, d3; VFNMADD231PS A, e2, d3; \
	VMOVAPS e3, d1; VFMADD231PS B, e4, d1; \
	VMOVAPS e3, d2; VFNMADD231PS B, e4, d2

// OUTPUT4: y = Aᵀ·m.
//
//	y0 = m0 + (m1 + m2) + (m3 + m4)
//	y1 = a·(m1 − m2) + b·(m3 − m4)
//	y2 = a²·(m1 + m2) + b²·(m3 + m4)
//	y3 = a³·(m1 − m2) + b³·(m3 − m4) + m5
//
// The results are in m0, m1, m2, m5, in this order.
#define OUTPUT4(m0, m1, m2, m3, m4, m5, e0, e1, e2, e3, A, B, A2, B2, A3, B3) \
	VADDPS m2, m1, e0; \ // e0 = m1 + m2
	VSUBPS m2, m1, e1; \ // e1 = m1 − m2
	VADDPS m4, m3, e2; \ // e2 = m3 + m4
	VSUBPS m4, m3, e3; \ // e3 = m3 − m4
	VADDPS e0, m0, m0; VADDPS e2, m0, m0; \
	VMULPS A, e1, m1; VFMADD231PS B, e3, m1; \
	VMULPS A2, e0, m2; VFMADD231PS B2, e2, m2; \
	VFMADD231PS A3, e1, m5; VFMADD231PS B3, e3, m5

// GRADIENT6: t = A·y.
//
//	t0 = y0
//	t1 = (y0 + a²·y2) + a·(y1 + a²·y3)
//	t2 = (y0 + a²·y2) − a·(y1 + a²·y3)
//	t3 = (y0 + b²·y2) + b·(y1 + b²·y3)
//	t4 = (y0 + b²·y2) − b·(y1 + b²·y3)
//	t5 = y3
//
// The results are in y0, y1, y2, e0, e2, y3, in this order.
#define GRADIENT6(y0, y1, y2, y3, e0, e1, e2, e3, A, B, A2, B2) \
	VMOVAPS y0, e0; VFMADD231PS A2, y2, e0; \ // e0 = y0 + a²·y2
	VMOVAPS y1, e1; VFMADD231PS A2, y3, e1; \ // e1 = y1 + a²·y3
	VMOVAPS y0, e2; VFMADD231PS B2, y2, e2; \ // e2 = y0 + b²·y2
	VMOVAPS y1, e3; VFMADD231PS B2, y3, e3; \ // e3 = y1 + b²·y3
	VMOVAPS e0, y1; VFMADD231PS A, e1, y1; \
	VMOVAPS e0, y2; VFNMADD231PS A, e1, y2; \
	VMOVAPS e2, e0; VFMADD231PS B, e3, e0; \
	VFNMADD231PS B, e3, e2

// INPUTGRAD6: x = B·m.
//
//	x0 = a²b²·m0
//	x1 = a²b²·m5 − b²·(a·(m1 − m2)) − a²·(b·(m3 − m4))
//	x2 = −(a²+b²)·m0 − b²·(m1 + m2) − a²·(m3 + m4)
//	x3 = a·(m1 − m2) + b·(m3 − m4) − (a²+b²)·m5
//	x4 = m0 + (m1 + m2) + (m3 + m4)
//	x5 = m5
//
// The results are in m0 to m5, in this order.
#define INPUTGRAD6(m0, m1, m2, m3, m4, m5, e0, e1, e2, e3, A, B, A2, B2, AB, S) \
	VADDPS m2, m1, e0; \ // e0 = m1 + m2
	VSUBPS m2, m1, e1; \
	VADDPS m4, m3, e2; \ // e2 = m3 + m4
	VSUBPS m4, m3, e3; \
	VMULPS A, e1, e1; \ // e1 = a·(m1 − m2)
	VMULPS B, e3, e3; \ // e3 = b·(m3 − m4)
	VADDPS e0, m0, m4; VADDPS e2, m4, m4; \
	VADDPS e3, e1, m3; VFNMADD231PS S, m5, m3; \
	VMULPS AB, m5, m1; VFNMADD231PS B2, e1, m1; VFNMADD231PS A2, e3, m1; \
	VMULPS S, m0, m2; VFMADD231PS B2, e0, m2; VFNMSUB231PS A2, e2, m2; \
	VMULPS AB, m0, m0

// FILTER6: t = G·g, with na = 2a²·(a² − b²) and nb = 2b²·(b² − a²).
//
//	t0 = g0 / a²b²
//	t1 = ((g0 + a²·g2) + a·g1) / na
//	t2 = ((g0 + a²·g2) − a·g1) / na
//	t3 = ((g0 + b²·g2) + b·g1) / nb
//	t4 = ((g0 + b²·g2) − b·g1) / nb
//	t5 = g2
//
// The results are in g0, e2, e0, e3, e1, g2, in this order. GA, NA and NB are the
// reciprocals of a²b², na and nb.
#define FILTER6(g0, g1, g2, e0, e1, e2, e3, A, B, A2, B2, GA, NA, NB) \
	VMOVAPS g0, e0; VFMADD231PS A2, g2, e0; \ // e0 = g0 + a²·g2
	VMOVAPS g0, e1; VFMADD231PS B2, g2, e1; \ // e1 = g0 + b²·g2
	VMOVAPS e0, e2; VFMADD231PS A, g1, e2; VFNMADD231PS A, g1, e0; \
	VMOVAPS e1, e3; VFMADD231PS B, g1, e3; VFNMADD231PS B, g1, e1; \
	VMULPS GA, g0, g0; \
	VMULPS NA, e2, e2; VMULPS NA, e0, e0; \
	VMULPS NB, e3, e3; VMULPS NB, e1, e1

// FILTERGRAD3: g = Gᵀ·u.
//
//	g0 = u0 / a²b² + (u1 + u2) / na + (u3 + u4) / nb
//	g1 = a·(u1 − u2) / na + b·(u3 − u4) / nb
//	g2 = a²·(u1 + u2) / na + b²·(u3 + u4) / nb + u5
//
// The results are in u0, u1, u5, in this order. ANA is a / na, A2NA is a² / na;
// BNB and B2NB alike.
#define FILTERGRAD3(u0, u1, u2, u3, u4, u5, e0, e1, e2, e3, GA, NA, NB, ANA, BNB, A2NA, B2NB) \
	VADDPS u2, u1, e0; \ // e0 = u1 + u2
	VSUBPS u2, u1, e1; \
	VADDPS u4, u3, e2; \ // e2 = u3 + u4
	VSUBPS u4, u3, e3; \
	VMULPS GA, u0, u0; VFMADD231PS NA, e0, u0; VFMADD231PS NB, e2, u0; \
	VMULPS ANA, e1, u1; VFMADD231PS BNB, e3, u1; \
	VFMADD231PS A2NA, e0, u5; VFMADD231PS B2NB, e2, u5

// ---- loading and storing vectors ----

// One, three and five times step.
#define STEPS(step, one, three, five) \
	MOVQ step, one; \
	LEAQ (one)(one*2), three; \
	LEAQ (one)(one*4), five

// Six vectors from SI on, R8 apart.
#define LOAD6(v0, v1, v2, v3, v4, v5) \
	VMOVUPS (SI), v0; \
	VMOVUPS (SI)(R8*1), v1; \
	VMOVUPS (SI)(R8*2), v2; \
	VMOVUPS (SI)(R9*1), v3; \
	VMOVUPS (SI)(R8*4), v4; \
	VMOVUPS (SI)(R10*1), v5

#define LOAD4(v0, v1, v2, v3) \
	VMOVUPS (SI), v0; \
	VMOVUPS (SI)(R8*1), v1; \
	VMOVUPS (SI)(R8*2), v2; \
	VMOVUPS (SI)(R9*1), v3

// Six vectors from DX on, R11 apart.
#define STORE6(v0, v1, v2, v3, v4, v5) \
	VMOVUPS v0, (DX); \
	VMOVUPS v1, (DX)(R11*1); \
	VMOVUPS v2, (DX)(R11*2); \
	VMOVUPS v3, (DX)(R12*1); \
	VMOVUPS v4, (DX)(R11*4); \
	VMOVUPS v5, (DX)(R13*1)

#define STORE4(v0, v1, v2, v3) \
	VMOVUPS v0, (DX); \
	VMOVUPS v1, (DX)(R11*1); \
	VMOVUPS v2, (DX)(R11*2); \
	VMOVUPS v3, (DX)(R12*1)

// Three vectors from SI on, R8 apart; from DX on, R11 apart.
#define LOAD3(v0, v1, v2) \
	VMOVUPS (SI), v0; \
	VMOVUPS (SI)(R8*1), v1; \
	VMOVUPS (SI)(R8*2), v2

#define STORE3(v0, v1, v2) \
	VMOVUPS v0, (DX); \
	VMOVUPS v1, (DX)(R11*1); \
	VMOVUPS v2, (DX)(R11*2)

// ---- constants, in memory, each in all lanes of a register ----

#define FA ·winogradFactors+0(SB)
#define FB ·winogradFactors+64(SB)
#define FA2 ·winogradFactors+128(SB)
#define FB2 ·winogradFactors+192(SB)
#define FA3 ·winogradFactors+256(SB)
#define FB3 ·winogradFactors+320(SB)
#define FAB ·winogradFactors+384(SB)
#define FSUM ·winogradFactors+448(SB)
#define FGA ·winogradFactors+512(SB)
#define FNA ·winogradFactors+576(SB)
#define FNB ·winogradFactors+640(SB)
#define FANA ·winogradFactors+704(SB)
#define FBNB ·winogradFactors+768(SB)
#define FA2NA ·winogradFactors+832(SB)
#define FB2NB ·winogradFactors+896(SB)
