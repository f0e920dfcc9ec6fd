// What products of a transposed A that leave out its zeros do with vectors, in AVX-512.
//
// K1 is the mask of the last register. The sums of row 0 are in Z0…Z7, those of row 1 in
// Z8…Z15, Z16…Z23 are the row of B, Z24 and Z25 elements of A; Z31 is −0 in every lane.

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

// Four sums at a time: z = max(z, 0), or z itself if it is NaN. Z24 is 0.
#define RELU4(z0, z1, z2, z3) \
	VMAXPS z0, Z24, z0; \
	VMAXPS z1, Z24, z1; \
	VMAXPS z2, Z24, z2; \
	VMAXPS z3, Z24, z3
