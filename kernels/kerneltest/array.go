package kerneltest

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"baregrad/kernels"
)

// An array is an argument of a kernel on the host. Exactly one of the slices
// holds it, as its type says.
type array struct {
	kind   kernels.Type
	floats []float32
	ints   []int32
	bytes  []uint8
	absent bool // stands for an argument that is left out: its buffer is nil
}

// absent is an argument left out.
var absent = array{absent: true}

func floats(values []float32) array    { return array{kind: kernels.Float32, floats: values} }
func ints(values []int32) array        { return array{kind: kernels.Int32, ints: values} }
func uint8s(values []uint8) array      { return array{kind: kernels.Uint8, bytes: values} }
func (a array) len() int               { return len(a.floats) + len(a.ints) + len(a.bytes) }
func (a array) isFloat() bool          { return !a.absent && a.kind == kernels.Float32 }
func outputs(n int) array              { return floats(filled(n, float32(math.NaN()))) }
func intOutputs(n int) array           { return ints(filled(n, int32(-77))) }
func scalar(v float32) array           { return floats([]float32{v}) }
func filled[T any](n int, value T) []T { return mapped(make([]T, n), func(T) T { return value }) }
func float64s(values []float32) []float64 {
	return mapped(values, func(v float32) float64 { return float64(v) })
}

// mapped is f of each value.
func mapped[A, B any](values []A, f func(A) B) []B {
	result := make([]B, len(values))
	for i, v := range values {
		result[i] = f(v)
	}
	return result
}

// host is the array's memory as bytes.
func (a array) host() []byte {
	switch a.kind {
	case kernels.Float32:
		return kernels.Bytes(a.floats)
	case kernels.Int32:
		return kernels.Bytes(a.ints)
	}
	return a.bytes
}

// values is the array in float64, whatever its type.
func (a array) values() []float64 {
	switch a.kind {
	case kernels.Float32:
		return float64s(a.floats)
	case kernels.Int32:
		return mapped(a.ints, func(v int32) float64 { return float64(v) })
	}
	return mapped(a.bytes, func(v uint8) float64 { return float64(v) })
}

// clone is a copy with memory of its own.
func (a array) clone() array {
	a.floats = append([]float32(nil), a.floats...)
	a.ints = append([]int32(nil), a.ints...)
	a.bytes = append([]uint8(nil), a.bytes...)
	return a
}

// fromMemory is an array of the type of a with n elements from the given memory.
func (a array) fromMemory(memory []byte, n int) array {
	b := array{kind: a.kind}
	switch a.kind {
	case kernels.Float32:
		b.floats = make([]float32, n)
	case kernels.Int32:
		b.ints = make([]int32, n)
	default:
		b.bytes = make([]uint8, n)
	}
	copy(b.host(), memory)
	return b
}

func allValues(arrays []array) [][]float64 {
	return mapped(arrays, array.values)
}

// A generator makes the inputs of a case. It is seeded by the case's name, so
// that a case has the same inputs whichever others are run.
type generator struct{ *rand.Rand }

func newGenerator(name string) generator {
	h := fnv.New64a()
	h.Write([]byte(name))
	return generator{rand.New(rand.NewPCG(h.Sum64(), 1))}
}

// signed gives n values in [-2,2], of which every fifth is zero: +0 and −0 in turn.
func (g generator) signed(n int) []float32 {
	x := g.between(n, -2, 2)
	for i := range x {
		switch i % 10 {
		case 2:
			x[i] = 0
		case 7:
			x[i] = float32(math.Copysign(0, -1))
		}
	}
	return x
}

// between gives n values in [low,high).
func (g generator) between(n int, low, high float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(low + float64((high-low)*g.Float64()))
	}
	return x
}

// coarse gives n multiples of 0.5 in [-2,2]: among so few values, ties are frequent.
func (g generator) coarse(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(g.IntN(9))/2 - 2
	}
	return x
}

// awayFromZero gives n values of either sign with 0.5 <= |x| <= 2, to divide by.
func (g generator) awayFromZero(n int) []float32 {
	x := g.between(n, 0.5, 2)
	for i := range x {
		if g.IntN(2) == 0 {
			x[i] = -x[i]
		}
	}
	return x
}

// below gives n integers in [0,limit).
func (g generator) below(n, limit int) []int32 {
	x := make([]int32, n)
	for i := range x {
		x[i] = int32(g.IntN(limit))
	}
	return x
}

// withNonFinite is a copy of a in which some values are NaN, +Inf and −Inf.
func (g generator) withNonFinite(a array) array {
	a = a.clone()
	if len(a.floats) == 0 {
		return a
	}
	specials := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
	// One of each in a long array, a single one in a short one, so that enough
	// stays finite to see how far a NaN spreads.
	count := 1 + min(2, len(a.floats)/12)
	first := g.IntN(len(specials))
	for i := range count {
		a.floats[g.IntN(len(a.floats))] = specials[(first+i)%len(specials)]
	}
	return a
}
