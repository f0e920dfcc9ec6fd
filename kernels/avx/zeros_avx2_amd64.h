// Products of strips that leave out zeros of A, in AVX2 with FMA: tiles of 2 rows by 6,
// 4, 2 or 1 registers of 8 floats. zeros_amd64.h has the Go loop that they replace, and
// the other registers.
//
// The sums of row 0 are in Y0…Y5, those of row 1 in Y6…Y11, Y12 and Y13 elements of A, Y14
// and Y15 of the row of B; after the last k, Y15 is the mask of the last register. B is read
// in whole registers.

#include "zeros_amd64.h"

// One register across, for both rows.
#define MUL(at, b, row0, row1) \
	VMOVUPS     at(DX), b; \
	VFMADD231PS b, Y12, row0; \
	VFMADD231PS b, Y13, row1

#define ZERO2(y0, y1) \
	VXORPS y0, y0, y0; \
	VXORPS y1, y1, y1

// Is there a −0 in the least of the sums, as integers? It is the least of all.
#define MINUS_ZERO(least) \
	VPBROADCASTD ·sign_f32(SB), Y13; \
	VPCMPEQD     Y13, least, Y13; \
	VPTEST       Y13, Y13

// Before rows of C are added or stored.
#define C_BEGIN \
	C_ROWS; \
	VMOVUPS strip_lanes(DI), Y15

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
