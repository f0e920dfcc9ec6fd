// Philox4x32-10 on several counters at once. Each 64-bit lane holds one 32-bit word of one counter in
// its lower half, which is all that the multiplication VPMULUDQ reads; the upper half does not
// matter. The words c0 … c3 of the counters are in four registers. The rounds' keys come as an array.

// PHILOX_ROUND_AVX512 is one round with the keys at the given offset from R13:
//
//	p0, p1 = multiplier0·c0, multiplier1·c2
//	c0, c2 = hi(p1)^c1^key0, hi(p0)^c3^key1
//
// The new c1 is the lower half of p1 and the new c3 that of p0, so the next round gets these
// registers instead. Z6 and Z7 hold the multipliers.
#define PHILOX_ROUND_AVX512(offset, c0, c1, c2, c3, p0, p1) \
	VPMULUDQ        Z6, c0, p0                          \
	VPMULUDQ        Z7, c2, p1                          \
	VPSRLQ          $32, p1, c0                         \
	VPTERNLOGD.BCST $0x96, offset(R13), c1, c0          \ // 0x96: the exclusive or of three
	VPSRLQ          $32, p0, c2                         \
	VPTERNLOGD.BCST $0x96, (offset+4)(R13), c3, c2

// PHILOX_AVX512 does the ten rounds on Z0 … Z3, with Z4 and Z5 as scratch.
#define PHILOX_AVX512 \
	PHILOX_ROUND_AVX512(0, Z0, Z1, Z2, Z3, Z4, Z5)  \
	PHILOX_ROUND_AVX512(8, Z0, Z5, Z2, Z4, Z3, Z1)  \
	PHILOX_ROUND_AVX512(16, Z0, Z1, Z2, Z3, Z4, Z5) \
	PHILOX_ROUND_AVX512(24, Z0, Z5, Z2, Z4, Z3, Z1) \
	PHILOX_ROUND_AVX512(32, Z0, Z1, Z2, Z3, Z4, Z5) \
	PHILOX_ROUND_AVX512(40, Z0, Z5, Z2, Z4, Z3, Z1) \
	PHILOX_ROUND_AVX512(48, Z0, Z1, Z2, Z3, Z4, Z5) \
	PHILOX_ROUND_AVX512(56, Z0, Z5, Z2, Z4, Z3, Z1) \
	PHILOX_ROUND_AVX512(64, Z0, Z1, Z2, Z3, Z4, Z5) \
	PHILOX_ROUND_AVX512(72, Z0, Z5, Z2, Z4, Z3, Z1)

// PHILOX_ORDER_AVX512 puts the bits of 8 counters into the order of the elements: Z0 gets elements 0
// to 15, Z1 elements 16 to 31. The counters must be in the order of ·counters8. K6 selects every
// second lane.
#define PHILOX_ORDER_AVX512 \
	VMOVSLDUP   Z1, K6, Z0 \ // Z0 = words 0 and 1 of each counter
	VMOVSLDUP   Z3, K6, Z2 \ // Z2 = words 2 and 3
	VPUNPCKHQDQ Z2, Z0, Z1 \ // Z1 = words 0 to 3 of counters 4 to 7
	VPUNPCKLQDQ Z2, Z0, Z0   // Z0 = words 0 to 3 of counters 0 to 3

// PHILOX_ROUND_AVX2 is the same for AVX2. Y6 and Y7 hold the multipliers, Y13 is scratch.
#define PHILOX_ROUND_AVX2(offset, c0, c1, c2, c3, p0, p1) \
	VPMULUDQ     Y6, c0, p0             \
	VPMULUDQ     Y7, c2, p1             \
	VPSRLQ       $32, p1, c0            \
	VPXOR        c1, c0, c0             \
	VPBROADCASTD offset(R13), Y13       \
	VPXOR        Y13, c0, c0            \
	VPSRLQ       $32, p0, c2            \
	VPXOR        c3, c2, c2             \
	VPBROADCASTD (offset+4)(R13), Y13   \
	VPXOR        Y13, c2, c2

// PHILOX_AVX2 does the ten rounds on Y0 … Y3, with Y4, Y5 and Y13 as scratch.
#define PHILOX_AVX2 \
	PHILOX_ROUND_AVX2(0, Y0, Y1, Y2, Y3, Y4, Y5)  \
	PHILOX_ROUND_AVX2(8, Y0, Y5, Y2, Y4, Y3, Y1)  \
	PHILOX_ROUND_AVX2(16, Y0, Y1, Y2, Y3, Y4, Y5) \
	PHILOX_ROUND_AVX2(24, Y0, Y5, Y2, Y4, Y3, Y1) \
	PHILOX_ROUND_AVX2(32, Y0, Y1, Y2, Y3, Y4, Y5) \
	PHILOX_ROUND_AVX2(40, Y0, Y5, Y2, Y4, Y3, Y1) \
	PHILOX_ROUND_AVX2(48, Y0, Y1, Y2, Y3, Y4, Y5) \
	PHILOX_ROUND_AVX2(56, Y0, Y5, Y2, Y4, Y3, Y1) \
	PHILOX_ROUND_AVX2(64, Y0, Y1, Y2, Y3, Y4, Y5) \
	PHILOX_ROUND_AVX2(72, Y0, Y5, Y2, Y4, Y3, Y1)

// PHILOX_ORDER_AVX2 puts the bits of 4 counters into the order of the elements: Y0 gets elements 0 to
// 7, Y1 elements 8 to 15. The counters must be in the order of ·counters4.
#define PHILOX_ORDER_AVX2 \
	VMOVSLDUP   Y1, Y1             \
	VMOVSLDUP   Y3, Y3             \
	VPBLENDD    $0xaa, Y1, Y0, Y0  \ // Y0 = words 0 and 1 of each counter
	VPBLENDD    $0xaa, Y3, Y2, Y2  \ // Y2 = words 2 and 3
	VPUNPCKHQDQ Y2, Y0, Y1         \ // Y1 = words 0 to 3 of counters 2 and 3
	VPUNPCKLQDQ Y2, Y0, Y0           // Y0 = words 0 to 3 of counters 0 and 1
