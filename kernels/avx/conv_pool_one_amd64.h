// What AVX-512 and AVX2 share in the convolution of one channel with ReLU and 2×2 max pooling. See
// conv_pool_one.go for the formula and conv_pool_one_amd64.go for the Go loop.
//
// Registers: DI the argument; AX the tile's pixels, BX those of the current row; DX the tile's masks,
// CX the current mask; SI the filters; R8 and R9 the tables of the taps' pixels and weights; R10 and
// R11 the windows' y and arg, R12 the step between windows; R13 the tiles left in the row; R14 and
// R15 belong to the tap.

#define TILES_BEGIN \
	MOVQ pooledTiles_x(DI), AX; \
	MOVQ pooledTiles_masks(DI), DX; \
	MOVQ pooledTiles_w(DI), SI; \
	MOVQ pooledTiles_pixels(DI), R8; \
	MOVQ pooledTiles_weights(DI), R9; \
	MOVQ pooledTiles_y(DI), R10; \
	MOVQ pooledTiles_arg(DI), R11; \
	MOVQ pooledTiles_step(DI), R12

// LAST_TILE: if the number of windows is odd, move the last tile of a row to the left, by R14 in
// indices.
#define LAST_TILE \
	SUBQ pooledTiles_lastX(DI), AX; \
	SUBQ pooledTiles_lastStep(DI), R10; \
	SUBQ pooledTiles_lastStep(DI), R11; \
	MOVQ pooledTiles_lastIndex(DI), R14

// NEXT_TAP: R14 = the offset of the pixels of CX's lowest tap, R15 = that of its weights.
#define NEXT_TAP \
	TZCNTQ CX, R15; \
	MOVQ (R8)(R15*8), R14; \
	MOVQ (R9)(R15*8), R15

// WINDOW_DONE: advance to the next window's y and arg.
#define WINDOW_DONE \
	ADDQ R12, R10; \
	ADDQ R12, R11

// TILE_DONE: advance to the next tile; the result is zero after the last of the row.
#define TILE_DONE \
	ADDQ $16, AX; \
	ADDQ $16, DX; \
	DECQ R13
