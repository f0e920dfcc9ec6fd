// From the sums over a row to the numbers that its elements need. The macros compute in float64 on
// single numbers and round them to float32 at the end.

// SUM_TWO_F64(y0, x0, x1, y2, x2, x3): the sum of the four lanes of y0 in x0, that of y2 in x2.
// x0 is the lower half of y0, x2 that of y2; x1 and x3 are scratch.
#define SUM_TWO_F64(y0, x0, x1, y2, x2, x3) \
	VEXTRACTF128 $1, y0, x1 \ // 4 to 2
	VEXTRACTF128 $1, y2, x3 \
	VADDPD       x1, x0, x0 \
	VADDPD       x3, x2, x2 \
	VPERMILPD    $1, x0, x1 \ // 2 to 1
	VPERMILPD    $1, x2, x3 \
	VADDSD       x1, x0, x0 \
	VADDSD       x3, x2, x2

// MEAN_AND_INVERSE: X0 = mean = Σ x/n and X2 = 1/√(max(Σ x²/n − mean², 0) + epsilon) from X0 =
// Σ x and X2 = Σ x². X15 is n, X14 epsilon, X13 is 1; X3 is scratch. NaN stays NaN.
#define MEAN_AND_INVERSE \
	VDIVSD       X15, X0, X0 \
	VDIVSD       X15, X2, X2 \
	VFNMADD231SD X0, X0, X2  \ // the variance; by rounding it may be below 0
	VXORPD       X3, X3, X3  \
	VMAXSD       X2, X3, X2  \ // of 0 and NaN this is the latter
	VADDSD       X14, X2, X2 \
	VSQRTSD      X2, X2, X2  \
	VDIVSD       X2, X13, X2 \
	VCVTSD2SS    X0, X0, X0  \
	VCVTSD2SS    X2, X2, X2

// OFFSET_AND_SLOPE: X0 = Σ e/n and X2 = Σ e·v/n·inverse² from X0 = Σ e and X2 = Σ e·v. X15 is n,
// R9 where inverse lies; X3 is scratch.
#define OFFSET_AND_SLOPE \
	VDIVSD    X15, X0, X0 \
	VDIVSD    X15, X2, X2 \
	VMOVSS    (R9), X3    \
	VCVTSS2SD X3, X3, X3  \
	VMULSD    X3, X2, X2  \
	VMULSD    X3, X2, X2  \
	VCVTSD2SS X0, X0, X0  \
	VCVTSD2SS X2, X2, X2
