// Products of strips that leave out zeros of A, in AVX-512: tiles of 2 rows by 8, 4, 2
// or 1 registers of 16 floats. See zeros.go.
//
// The Go loop that they replace, with C in registers, for each pair of rows:
//
//	list, count = the pair's list, its length
//	for _, k := range list[:count] {
//		for j := range n {
//			sum[0][j] = fma(A[0,k], B[k,j], sum[0][j])
//			sum[1][j] = fma(A[1,k], B[k,j], sum[1][j])
//		}
//	}
//	if any sum is −0 { return }
//	if add { sum += C }
//	if bias != nil { sum += bias }
//	if relu { sum = max(sum, 0) } // a NaN stays
//	C = sum; s.c, s.m = the next pair's rows of C, how many are left
//
// Registers: R8 and R9 the pair's rows of A, R10 the step from k to k+1 in them, BX is
// B and R11 the step there, SI the end of the list and −CX its entries left, AX and DX the
// places of k in A and B, R12 what is fetched for later and R13 its step. After the last
// k, BX is C, DX its step and CX the rows left. K1 is the mask of the last register. The
// sums of row 0 are in Z0…Z7, those of row 1 in Z8…Z15, Z16…Z23 are the row of B, Z24 and
// Z25 elements of A; Z31 is −0 in every lane.

#define KERNEL_BEGIN \
	MOVQ         s+0(FP), DI; \
	KMOVW        strip_mask(DI), K1; \
	VPBROADCASTD ·sign_f32(SB), Z31

// Begin a tile: its rows of A, its list, and what is fetched while it is computed.
#define TILE_BEGIN \
	MOVQ    strip_rows(DI), SI; \
	MOVQ    strip_a(DI), AX; \
	MOVQ    0(SI), R8; \
	ADDQ    AX, R8; \
	MOVQ    8(SI), R9; \
	ADDQ    AX, R9; \
	ADDQ    $16, strip_rows(DI); \ // the next tile's
	MOVQ    strip_aStep(DI), R10; \
	MOVQ    strip_b(DI), BX; \
	MOVQ    strip_bStep(DI), R11; \
	MOVQ    strip_list(DI), SI; \
	MOVQ    strip_listStep(DI), AX; \
	ADDQ    AX, strip_list(DI); \
	MOVQ    strip_counts(DI), AX; \
	ADDQ    $8, strip_counts(DI); \
	MOVQ    (AX), CX; \
	LEAQ    (SI)(CX*4), SI; \
	MOVQ    strip_ahead(DI), R12; \
	MOVQ    strip_aheadStep(DI), R13; \
	CMPQ    R12, strip_aheadEnd(DI); \
	JCS     ahead; \
	MOVQ    strip_aheadFirst(DI), R12; \ // the next line of each row
	ADDQ    $64, R12; \
	MOVQ    R12, strip_aheadFirst(DI); \
	DECQ    strip_aheadTiles(DI); \
	JGT     ahead; \
	MOVQ    BX, R12; \ // nothing is left to fetch: the same line again and again
	XORL    R13, R13; \
	MOVQ    R13, strip_aheadStep(DI); \
	MOVQ    $-1, strip_aheadEnd(DI); \
ahead: \
	NEGQ CX

// Begin and end an entry of the list.
#define K_BEGIN \
	MOVLQSX      (SI)(CX*4), AX; \
	MOVQ         AX, DX; \
	IMULQ        R10, AX; \
	IMULQ        R11, DX; \
	ADDQ         BX, DX; \ // row k of B
	PREFETCHT1   (R12); \
	ADDQ         R13, R12; \
	VBROADCASTSS (R8)(AX*1), Z24; \
	VBROADCASTSS (R9)(AX*1), Z25

#define K_END \
	INCQ CX

// Behind the last k: where to go on fetching.
#define AHEAD_END \
	MOVQ R12, strip_ahead(DI)

// Begin a tile: have its rows of C brought into the cache by the time that the sums are
// ready. (The second may not be C's, which does no harm.)
#define PREFETCH_C(row) \
	MOVQ strip_c(DI), BX; \
	row; \
	ADDQ strip_cStep(DI), BX; \
	row

#define LINES2 PREFETCHT0 (BX); PREFETCHT0 64(BX)
#define LINES4 LINES2; PREFETCHT0 128(BX); PREFETCHT0 192(BX)
#define LINES8 LINES4; PREFETCHT0 256(BX); PREFETCHT0 320(BX); PREFETCHT0 384(BX); PREFETCHT0 448(BX)

// One register across, for both rows.
#define MUL(b, row0, row1) \
	VFMADD231PS b, Z24, row0; \
	VFMADD231PS b, Z25, row1

#define ZERO4(z0, z1, z2, z3) \
	VPXORD z0, z0, z0; \
	VPXORD z1, z1, z1; \
	VPXORD z2, z2, z2; \
	VPXORD z3, z3, z3

// z4 = the least of four registers of sums as integers: −0 is the least of all.
#define LEAST4(z0, z1, z2, z3, z4) \
	VPMINSD z0, z1, Z24; \
	VPMINSD z2, z3, Z25; \
	VPMINSD Z24, Z25, z4

// Is there a −0 in the least of the sums?
#define MINUS_ZERO(least) \
	VPCMPEQD  Z31, least, K2; \
	KORTESTW  K2, K2

// Before rows of C are added or stored.
#define C_BEGIN \
	MOVQ strip_c(DI), BX; \
	MOVQ strip_cStep(DI), DX; \
	MOVQ strip_m(DI), CX

#define C_NEXT \
	ADDQ DX, BX; \
	DECQ CX

// Four sums at a time: z = max(z, 0), or z itself if it is NaN. Z24 is 0.
#define RELU4(z0, z1, z2, z3) \
	VMAXPS z0, Z24, z0; \
	VMAXPS z1, Z24, z1; \
	VMAXPS z2, Z24, z2; \
	VMAXPS z3, Z24, z3
