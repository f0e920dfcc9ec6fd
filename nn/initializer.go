package nn

import "math"

// An Initializer gives a parameter its first values.
type Initializer interface {
	Fill(r *Random, values []float32, shape []int)
}

// Zeros sets every value to 0.
type Zeros struct{}

// Fill leaves values at 0.
func (Zeros) Fill(_ *Random, values []float32, _ []int) { clear(values) }

// GlorotUniform draws from U(−l, l) with l = √(6/(fanIn+fanOut)) (Glorot and
// Bengio, "Understanding the difficulty of training deep feedforward neural
// networks", 2010). It is the default for the kernels of Dense and Conv2D.
type GlorotUniform struct{}

// Fill draws the values.
func (GlorotUniform) Fill(r *Random, values []float32, shape []int) {
	in, out := fans(shape)
	limit := math.Sqrt(6 / float64(in+out))
	for i := range values {
		values[i] = float32((2*r.Float64() - 1) * limit)
	}
}

// fans is the number of inputs of an output and the number of outputs of an
// input, for a kernel [in, out] or [KH, KW, in, out].
func fans(shape []int) (in, out int) {
	switch len(shape) {
	case 0:
		return 1, 1
	case 1:
		return shape[0], shape[0]
	}
	field := 1
	for _, size := range shape[:len(shape)-2] {
		field *= size
	}
	return field * shape[len(shape)-2], field * shape[len(shape)-1]
}
