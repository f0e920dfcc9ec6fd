// Package arith is the arithmetic of PTX on single values: what one lane of one
// instruction computes, as pure Go functions without state.
//
// Values are register bits (uint16, uint32, uint64), never Go floats, so that NaN payloads and
// signed zeros survive. Every function follows NVIDIA's "Parallel Thread Execution ISA" manual,
// chapter "Instruction Set". There are three kinds of results:
//
//   - Exact. Integer operations, and everything that the manual calls IEEE 754
//     compliant: add, sub, mul, fma, div.rnd, rcp.rnd, sqrt.rnd and cvt with
//     their rounding modes, .ftz and .sat. There is one correct result, and the
//     functions return it.
//
//   - Approximate. div.approx, div.full, rcp.approx, rsqrt, sqrt.approx, ex2,
//     lg2, sin, cos, tanh. The manual gives special values and an error bound.
//     The functions compute in float64 and round once to nearest, so that they
//     stay well inside each bound; a GPU's last bit may differ.
//
//   - Chosen. Where the manual leaves a result open, this package always
//     makes the same choice.
//
// The choices are
//
//	f32 NaN results      0x7fffffff (the manual: an unspecified NaN)
//	f16 and bf16 NaN     0x7fff
//	tf32 NaN             0x7fffe000
//	f64 NaN results      the first NaN operand, quieted; 0xfff8000000000000 if no
//	                     operand is a NaN (the manual: payloads are supported)
//	abs, neg, copysign   change only the sign bit, also of NaNs
//	.ftz of a result     decided after rounding: a value that rounds up to the
//	                     smallest normal number stays
//	.relu of -0          +0
//	integer x/0, x%0     all bits one (the manual: machine-specific)
//	mma.sync             exact products, added to the accumulator in float64 in
//	                     order of k, rounded once to nearest at the end
package arith
