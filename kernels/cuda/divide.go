package cuda

import "math/bits"

// inverse returns a divisor d in the form that "divide" in index.tmpl takes: a multiplier
// m = ⌈2ˢ/d⌉ in the low half and a shift s in the high half, with s = 31 + ⌈log₂ d⌉. Then
// ⌊n·m/2ˢ⌋ = ⌊n/d⌋ for 0 ≤ n < 2³¹ and 1 ≤ d ≤ 2³¹:
//
//   - m·d = 2ˢ + e with 0 ≤ e < d ≤ 2ˢ⁻³¹, so n·m/2ˢ = n/d + (n·e/2ˢ)/d, and n·e/2ˢ < 1;
//   - n/d is at least 1/d below the next integer, so that excess does not reach it.
//
// 2ˢ⁻³² < d, so m < 2³². The inverse of 0 is 0: a tensor with an axis of that size has no
// elements, so nothing is divided by it.
func inverse(d int) uint64 {
	if d == 0 {
		return 0
	}
	s := 31 + bits.Len32(uint32(d-1))
	m := (uint64(1)<<s + uint64(d) - 1) / uint64(d)
	return uint64(s)<<32 | m
}

// appendInverses appends divisors in the order of a kernel's parameters.
func appendInverses(arguments []uint64, divisors ...int) []uint64 {
	for _, d := range divisors {
		arguments = append(arguments, inverse(d))
	}
	return arguments
}
