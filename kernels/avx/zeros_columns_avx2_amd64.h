// What products of a transposed A that leave out its zeros do with vectors, in AVX2 with FMA.
//
// The sums of row 0 are in Y0…Y5, those of row 1 in Y6…Y11, or those of a single row in
// Y0…Y7; Y12 and Y13 are elements of A, Y14 and Y15 of the row of B; after the last k, Y15
// is the mask of the last register. B is read in whole registers.

#define ZERO2(y0, y1) \
	VXORPS y0, y0, y0; \
	VXORPS y1, y1, y1

// Is there a −0 in the least of the sums, as integers? It is the least of all.
#define MINUS_ZERO(least) \
	VPBROADCASTD ·sign_f32(SB), Y13; \
	VPCMPEQD     Y13, least, Y13; \
	VPTEST       Y13, Y13

// A row of the sums: y += the floats at p, the last register by the mask.
#define ADD_LAST(at, p, y) \
	VMASKMOVPS at(p), Y15, Y14; \
	VADDPS     Y14, y, y

#define ADD2(at, p, y0, y1) \
	VADDPS at+0(p), y0, y0; \
	VADDPS at+32(p), y1, y1

#define STORE2(at, y0, y1) \
	VMOVUPS y0, at+0(BX); \
	VMOVUPS y1, at+32(BX)

// y = max(y, 0), or y itself if it is NaN. Y12 is 0.
#define RELU2(y0, y1) \
	VMAXPS y0, Y12, y0; \
	VMAXPS y1, Y12, y1

// One register across, for both rows.
#define MULTIPLY(at, b, row0, row1) \
	VMOVUPS     at(BX)(DX*1), b; \
	VFMADD231PS b, Y12, row0; \
	VFMADD231PS b, Y13, row1

// The sums of a part of K, from memory.
#define LOAD2(at, y0, y1) \
	VMOVUPS at+0(BX), y0; \
	VMOVUPS at+32(BX), y1

// Before rows of C are added or stored.
#define C_OF_BLOCK \
	BLOCK_ROWS; \
	VMOVUPS zeroBlock_lanes(DI), Y15
