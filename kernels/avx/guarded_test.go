package avx

import (
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// guardedSlice is a slice between guard words.
type guardedSlice struct {
	s, whole []float32
	offset   int
}

// guards is the number of guard words on each side: one AVX-512 register's and some more, for the
// offset.
const guards = 24

// guardBits is a NaN with a payload that no operation produces.
const guardBits = 0x7fc0dead

// newGuarded returns n elements that begin offset elements after a 64-byte boundary.
func newGuarded(n, offset int) *guardedSlice {
	whole := kernels.Floats(kernels.NewHost(kernels.Float32, n+2*guards+16))
	for i := range whole {
		whole[i] = math.Float32frombits(guardBits)
	}
	from := 32 + offset
	return &guardedSlice{s: whole[from : from+n : from+n], whole: whole, offset: from}
}

// check fails the test if a guard word was overwritten.
func (g *guardedSlice) check(t testing.TB, what string) {
	t.Helper()
	for i, v := range g.whole {
		inside := i >= g.offset && i < g.offset+len(g.s)
		if !inside && math.Float32bits(v) != guardBits {
			t.Fatalf("%s: the word at %d of %d was written over with %v", what, i-g.offset, len(g.s), v)
		}
	}
}

// special are the values for which arithmetic is not as one expects.
var special = []float32{
	float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)),
	0, float32(math.Copysign(0, -1)), 1, -1,
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1e-40, -3e-39, // subnormal
	1.17549435e-38, 1e30, -1e30, 88, -88, 1e-6, 1e-7, 0.9999999, 0.3, 0.9,
}

// fillMixed fills s with ordinary numbers, one in four of them special.
func fillMixed(s []float32, random *rand.Rand) {
	for i := range s {
		s[i] = float32(random.NormFloat64() * 3)
		if random.IntN(4) == 0 {
			s[i] = special[random.IntN(len(special))]
		}
	}
}

// within tells whether got is want, or at most ulp float32 numbers away. All NaN are equal, and so
// are the two zeros.
func within(got, want float32, ulp int) bool {
	if got == want || (got != got && want != want) {
		return true
	}
	if got != got || want != want {
		return false
	}
	distance := ordinal(got) - ordinal(want)
	return max(distance, -distance) <= ulp
}

// ordinal numbers the float32 in order; the zeros are 0.
func ordinal(x float32) int {
	bits := int(math.Float32bits(x))
	if bits>>31 != 0 {
		return -(bits & 0x7fffffff)
	}
	return bits
}
