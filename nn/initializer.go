package nn

import (
	"fmt"
	"math"

	"baregrad/kernels"
)

// An Initializer sets the initial values of a parameter. Shapes are [in, out] for
// Dense, [KH, KW, in, out] for Conv2D, [out] for a bias.
type Initializer interface {
	// Fill sets all values, row by row; their number is that of the shape's elements.
	// Randomness should come from r only. The values are initially 0.
	Fill(r *Random, values []float32, shape []int)
}

// Zeros sets every value to 0. It is the default for biases.
type Zeros struct{}

// Fill leaves values at 0.
func (Zeros) Fill(_ *Random, values []float32, _ []int) { clear(values) }

// Ones sets every value to 1.
type Ones struct{}

// Fill sets the values.
func (Ones) Fill(_ *Random, values []float32, _ []int) { Constant{1}.Fill(nil, values, nil) }

// Constant sets every value to Value.
type Constant struct{ Value float64 }

// Fill sets the values. It panics with a *kernels.ShapeError unless Value is a finite number.
func (c Constant) Fill(_ *Random, values []float32, _ []int) {
	checkSetting("constant", "value", c.Value, anyNumber)
	for i := range values {
		values[i] = float32(c.Value)
	}
}

// RandomUniform draws from U(Min, Max); U(−0.05, 0.05) if both are 0.
type RandomUniform struct{ Min, Max float64 }

// Fill draws the values. It panics with a *kernels.ShapeError unless Min is at most Max.
func (u RandomUniform) Fill(r *Random, values []float32, _ []int) {
	if u.Min == 0 && u.Max == 0 {
		u = RandomUniform{-0.05, 0.05}
	}
	checkSetting("random uniform", "min", u.Min, anyNumber)
	checkSetting("random uniform", "max", u.Max, u.Min)
	for i := range values {
		values[i] = float32(u.Min + float64((u.Max-u.Min)*r.Float64()))
	}
}

// RandomNormal draws from N(Mean, StdDev²); StdDev is 0.05 if 0.
type RandomNormal struct{ Mean, StdDev float64 }

// Fill draws the values. It panics with a *kernels.ShapeError if a setting is out of range.
func (n RandomNormal) Fill(r *Random, values []float32, _ []int) {
	checkDistribution("random normal", n.Mean, n.StdDev)
	for i := range values {
		values[i] = float32(n.Mean + float64(or(n.StdDev, 0.05)*r.NormFloat64()))
	}
}

// TruncatedNormal is RandomNormal without values more than two StdDev from the Mean.
// StdDev is 0.05 if 0.
type TruncatedNormal struct{ Mean, StdDev float64 }

// Fill draws the values. It panics with a *kernels.ShapeError if a setting is out of range.
func (n TruncatedNormal) Fill(r *Random, values []float32, _ []int) {
	checkDistribution("truncated normal", n.Mean, n.StdDev)
	for i := range values {
		x := r.NormFloat64()
		for math.Abs(x) > 2 {
			x = r.NormFloat64()
		}
		values[i] = float32(n.Mean + float64(or(n.StdDev, 0.05)*x))
	}
}

// GlorotUniform draws from U(−l, l) with l = √(6/(fanIn+fanOut)) (Glorot and
// Bengio, "Understanding the difficulty of training deep feedforward neural
// networks", 2010). It is the default for the kernels of Dense and Conv2D.
type GlorotUniform struct{}

// Fill draws the values.
func (GlorotUniform) Fill(r *Random, values []float32, shape []int) {
	in, out := fans(shape)
	uniform(r, values, (in+out)/2)
}

// GlorotNormal draws from a truncated normal distribution of variance 2/(fanIn+fanOut).
type GlorotNormal struct{}

// Fill draws the values.
func (GlorotNormal) Fill(r *Random, values []float32, shape []int) {
	in, out := fans(shape)
	normal(r, values, (in+out)/2)
}

// HeUniform draws from U(−l, l) with l = √(6/fanIn) (He et al., "Delving deep
// into rectifiers", 2015).
type HeUniform struct{}

// Fill draws the values.
func (HeUniform) Fill(r *Random, values []float32, shape []int) {
	in, _ := fans(shape)
	uniform(r, values, in/2)
}

// HeNormal draws from a truncated normal distribution of variance 2/fanIn.
type HeNormal struct{}

// Fill draws the values.
func (HeNormal) Fill(r *Random, values []float32, shape []int) {
	in, _ := fans(shape)
	normal(r, values, in/2)
}

// LecunUniform draws from U(−l, l) with l = √(3/fanIn) (LeCun et al., "Efficient
// backprop", 1998).
type LecunUniform struct{}

// Fill draws the values.
func (LecunUniform) Fill(r *Random, values []float32, shape []int) {
	in, _ := fans(shape)
	uniform(r, values, in)
}

// LecunNormal draws from a truncated normal distribution of variance 1/fanIn.
type LecunNormal struct{}

// Fill draws the values.
func (LecunNormal) Fill(r *Random, values []float32, shape []int) {
	in, _ := fans(shape)
	normal(r, values, in)
}

// VarianceScaling draws from a distribution with mean 0 and variance Scale/n. n is the
// number of inputs, of outputs, or their mean, depending on Fan. The initializers of
// Glorot, He and LeCun above are special cases, with a Scale of 1, 2 and 1.
type VarianceScaling struct {
	Scale   float64 // 1 if 0
	Fan     Fan     // what n counts; FanIn by default
	Uniform bool    // draw from a uniform distribution instead of a truncated normal one
}

// A Fan says what VarianceScaling counts for a kernel [in, out] or [KH, KW, in, out]: the
// inputs of an output, in or KH·KW·in; the outputs of an input, out or KH·KW·out; or the
// mean of the two.
type Fan int

// The fans, by Keras's names fan_in, fan_out and fan_avg.
const (
	FanIn Fan = iota
	FanOut
	FanMean
)

// Fill draws the values. It panics with a *kernels.ShapeError if Fan is none of the three, or
// Scale below 0.
func (v VarianceScaling) Fill(r *Random, values []float32, shape []int) {
	if v.Fan < FanIn || v.Fan > FanMean {
		kernels.Panicf("variance scaling initializer", "the fan is %d, must be FanIn, FanOut or FanMean", v.Fan)
	}
	checkSetting("variance scaling", "scale", v.Scale, 0)
	in, out := fans(shape)
	n := [...]float64{in, out, (in + out) / 2}[v.Fan] / or(v.Scale, 1)
	if v.Uniform {
		uniform(r, values, n)
		return
	}
	normal(r, values, n)
}

// Identity sets a square or rectangular kernel of Dense, [in, out], to Gain where input
// and output have the same index, and to 0 elsewhere.
type Identity struct{ Gain float64 } // 1 if 0

// Fill sets the values. It panics with a *kernels.ShapeError unless the shape has two axes and
// Gain is finite.
func (i Identity) Fill(_ *Random, values []float32, shape []int) {
	checkSetting("identity", "gain", i.Gain, anyNumber)
	if len(shape) != 2 {
		kernels.Panicf("identity initializer", "the shape %v must have two axes", shape)
	}
	clear(values)
	for at := range min(shape[0], shape[1]) {
		values[at*shape[1]+at] = float32(or(i.Gain, 1))
	}
}

// Orthogonal makes a matrix whose columns (or rows, if there are fewer) are orthogonal
// and have length Gain, drawn uniformly from all such matrices (Saxe, McClelland and
// Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
// networks", 2013). The kernel of a convolution is treated as [KH·KW·in, out].
type Orthogonal struct{ Gain float64 } // 1 if 0

// Fill draws the values. It panics with a *kernels.ShapeError if the shape has
// fewer than two axes, or Gain is not finite.
func (o Orthogonal) Fill(r *Random, values []float32, shape []int) {
	checkSetting("orthogonal", "gain", o.Gain, anyNumber)
	if len(shape) < 2 {
		kernels.Panicf("orthogonal initializer", "the shape %v must have at least two axes", shape)
	}
	columns := shape[len(shape)-1]
	rows := len(values) / max(columns, 1)
	count, length := columns, rows // the number of vectors and the length of each
	across, along := 1, columns    // the strides in values from one vector to the next, and along one
	if rows < columns {
		count, length, across, along = rows, columns, columns, 1
	}
	vectors := make([][]float64, count)
	for i := range vectors {
		v := make([]float64, length)
		for j := range v {
			v[j] = r.NormFloat64()
		}
		// Subtract the projections on the earlier vectors; twice, to remove rounding errors.
		for range 2 {
			for _, u := range vectors[:i] {
				dot := 0.0
				for j := range v {
					dot += float64(v[j] * u[j])
				}
				for j := range v {
					v[j] -= float64(dot * u[j])
				}
			}
		}
		squares := 0.0
		for _, x := range v {
			squares += float64(x * x)
		}
		for j := range v {
			v[j] /= math.Sqrt(squares)
			values[i*across+j*along] = float32(or(o.Gain, 1) * v[j])
		}
		vectors[i] = v
	}
}

// checkSetting panics unless an initializer's setting is in the range of float32 and at least least.
func checkSetting(initializer, setting string, value, least float64) {
	if value >= least && math.Abs(value) <= math.MaxFloat32 {
		return
	}
	from := ""
	if least != anyNumber {
		from = fmt.Sprintf(" from %v on", least)
	}
	kernels.Panicf(initializer+" initializer", "%s is %v, must be a finite number%s", setting, value, from)
}

// anyNumber means no lower limit.
const anyNumber = -math.MaxFloat32

func checkDistribution(initializer string, mean, stdDev float64) {
	checkSetting(initializer, "mean", mean, anyNumber)
	checkSetting(initializer, "the deviation", stdDev, 0)
}

// uniform draws from the uniform distribution with mean 0 and variance 1/fan.
func uniform(r *Random, values []float32, fan float64) {
	limit := math.Sqrt(3 / fan)
	for i := range values {
		values[i] = float32((2*r.Float64() - 1) * limit) // exact
	}
}

// normal draws from a normal distribution with mean 0 and variance 1/fan, truncated at
// two standard deviations. Truncation reduces the variance; the factor, the standard
// deviation of the truncated unit normal, compensates for that.
func normal(r *Random, values []float32, fan float64) {
	TruncatedNormal{StdDev: math.Sqrt(1/fan) / 0.87962566103423978}.Fill(r, values, nil)
}

// fans returns the number of inputs of an output and the number of outputs of an
// input, for a kernel [in, out] or [KH, KW, in, out].
func fans(shape []int) (in, out float64) {
	switch len(shape) {
	case 0:
		return 1, 1
	case 1:
		return float64(shape[0]), float64(shape[0])
	}
	field := 1.0
	for _, size := range shape[:len(shape)-2] {
		field *= float64(size)
	}
	return field * float64(shape[len(shape)-2]), field * float64(shape[len(shape)-1])
}

var initializers = map[string]Initializer{
	"zeros": Zeros{}, "ones": Ones{}, "constant": Constant{}, "random_uniform": RandomUniform{}, "random_normal": RandomNormal{},
	"truncated_normal": TruncatedNormal{}, "glorot_uniform": GlorotUniform{}, "glorot_normal": GlorotNormal{},
	"he_uniform": HeUniform{}, "he_normal": HeNormal{}, "lecun_uniform": LecunUniform{}, "lecun_normal": LecunNormal{},
	"variance_scaling": VarianceScaling{}, "identity": Identity{}, "orthogonal": Orthogonal{},
	// Keras's aliases.
	"zero": Zeros{}, "one": Ones{}, "uniform": RandomUniform{}, "normal": RandomNormal{},
}

// InitializerByName returns the initializer with that name in Keras, with default
// settings, or a *NameError.
func InitializerByName(name string) (Initializer, error) {
	return byName("initializer", name, initializers)
}
