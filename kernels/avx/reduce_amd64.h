// Reducing the 16 or 8 lanes of a register to one.

// SUM_LANES: X0 = the sum of the lanes of Z0 or Y0. X1 is scratch.
#define SUM_LANES_AVX512 \
	VEXTRACTF32X8 $1, Z0, Y1    \ // 16 to 8
	VADDPS        Y1, Y0, Y0    \
	SUM_LANES_AVX2

#define SUM_LANES_AVX2 \
	VEXTRACTF128 $1, Y0, X1     \ // 8 to 4
	VADDPS       X1, X0, X0     \
	VPERMILPS    $0x4e, X0, X1  \ // 4 to 2
	VADDPS       X1, X0, X0     \
	VPERMILPS    $0xb1, X0, X1  \ // 2 to 1
	VADDPS       X1, X0, X0

// MAX_LANES: X0 = the maximum of the lanes of Z0 or Y0. X1 is scratch.
#define MAX_LANES_AVX512 \
	VEXTRACTF32X8 $1, Z0, Y1    \ // 16 to 8
	VMAXPS        Y1, Y0, Y0    \
	MAX_LANES_AVX2

#define MAX_LANES_AVX2 \
	VEXTRACTF128 $1, Y0, X1     \ // 8 to 4
	VMAXPS       X1, X0, X0     \
	VPERMILPS    $0x4e, X0, X1  \ // 4 to 2
	VMAXPS       X1, X0, X0     \
	VPERMILPS    $0xb1, X0, X1  \ // 2 to 1
	VMAXPS       X1, X0, X0
