package nn

import (
	"errors"
	"fmt"
	"math"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// Normalization brings each index of its input's last axis, such as each column of a table, to mean
// 0 and variance 1 over the training data: y = (x−mean)/√variance. Adapt computes mean and variance
// beforehand; they are not trained. They are parameters of the layer, saved with the model, so data
// are given to Fit and Predict as they are. As in Keras, a deviation below 1e-7 counts as 1e-7: an
// index that has one value only becomes 0. BatchNormalization, in contrast, normalizes each batch.
type Normalization struct {
	Mean       []float32 // of each index of the last axis; Adapt sets it
	Variance   []float32 // likewise
	Name       string    // default: normalization, normalization_1, …
	InputShape []int     // of one example, without the batch; only needed for the first layer

	mean, variance *autograd.Var
	place          claim
}

// Kind is "Normalization".
func (*Normalization) Kind() string { return "Normalization" }

// Options are the settings that every layer has.
func (l *Normalization) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Adapt sets Mean and Variance to those of the examples x, float32 or uint8 [n, …, size]. uint8 is
// scaled to 0–1, as Fit does. If the layer is part of a built model, its parameters are set, too.
// Call it before training, with the training data only.
func (l *Normalization) Adapt(x *tensor.Tensor) error {
	var values []float32
	switch {
	case x == nil || x.Rank() < 2 || x.Len() == 0:
		return errors.New("normalization: adapt needs examples [n, …, size], at least one")
	case x.Type() == kernels.Uint8:
		values = make([]float32, x.Len())
		for i, v := range x.Uint8s() {
			values[i] = float32(v) * (1.0 / 255)
		}
	case x.Type() == kernels.Float32:
		values = x.Floats()
	default:
		return fmt.Errorf("normalization: adapt needs float32 or uint8 examples, not %v", x.Type())
	}
	size := x.Dim(-1)
	if l.mean != nil && l.mean.Value.Len() != size {
		return fmt.Errorf("normalization: the examples to adapt to are %v, the last axis must be %d as the layer's input", x.Shape(), l.mean.Value.Len())
	}
	rows := float64(len(values) / size)
	mean, variance := make([]float64, size), make([]float64, size)
	for i, v := range values {
		mean[i%size] += float64(v) / rows
	}
	for i, v := range values {
		d := float64(v) - mean[i%size]
		variance[i%size] += float64(d*d) / rows
	}
	found := Normalization{Mean: make([]float32, size), Variance: make([]float32, size)}
	for i := range size {
		found.Mean[i], found.Variance[i] = float32(mean[i]), float32(variance[i])
	}
	if err := found.check(size); err != nil {
		return fmt.Errorf("normalization: of the examples to adapt to, the %w", err)
	}
	l.Mean, l.Variance = found.Mean, found.Variance
	if l.mean != nil {
		tensor.Set(l.mean.Value, l.Mean)
		tensor.Set(l.variance.Value, l.Variance)
	}
	return nil
}

// check refuses a mean and a variance that are missing, do not fit or are no numbers.
func (l *Normalization) check(size int) error {
	if l.Mean == nil && l.Variance == nil {
		return errors.New("it has no mean and variance: call its Adapt with the training data before the model is built")
	}
	if len(l.Mean) != size || len(l.Variance) != size {
		return fmt.Errorf("it has %d means and %d variances, must have %d: one for each index of the input's last axis", len(l.Mean), len(l.Variance), size)
	}
	for i := range size {
		if m, v := float64(l.Mean[i]), float64(l.Variance[i]); math.IsNaN(m-m) || !(v >= 0) || math.IsInf(v, 1) {
			return fmt.Errorf("mean and variance of index %d are %v and %v, must be finite numbers, and the variance not negative", i, m, v)
		}
	}
	return nil
}

// Build makes mean and variance, from Mean and Variance.
func (l *Normalization) Build(b *Builder, in []int) ([]int, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("the input is %s, must have an axis beside the batch", shapeString(in))
	}
	if err := firstError(b.claim(&l.place), l.check(in[len(in)-1])); err != nil {
		return nil, err
	}
	l.mean, l.variance = b.State("mean", given(l.Mean), len(l.Mean)), b.State("variance", given(l.Variance), len(l.Variance))
	return in, nil
}

// Forward records the normalization.
func (l *Normalization) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	t := p.Tape
	scale := t.Exp(t.Affine(t.Log(atLeast(t, l.variance, epsilon*epsilon)), -0.5, 0))
	return t.Mul(t.Sub(x, l.mean), scale)
}

// given is an initializer of known values.
type given []float32

// Fill copies them.
func (g given) Fill(_ *Random, values []float32, _ []int) { copy(values, g) }
