package nn

import (
	"context"
	"fmt"
	"math"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// Weights returns a parameter of a built model by its name, such as "dense_1/kernel".
// Weights(name).Value.Floats() copies its numbers. It panics with a *NameError, which lists
// the parameters, if there is none of that name, and with a *kernels.ShapeError if the model
// is not built. Params lists all parameters.
func (m *Sequential) Weights(name string) *autograd.Var {
	if !m.built {
		kernels.Panicf("weights", "the model has no %q yet: it is not built; Build and Compile do that", name)
	}
	v, err := m.param(name)
	if err != nil {
		panic(err)
	}
	return v
}

// param finds a parameter by its name; the error is a *NameError.
func (m *Sequential) param(name string) (*autograd.Var, error) {
	names := []string{}
	for _, p := range m.params {
		if p.Name == name {
			return p.Var, nil
		}
		names = append(names, p.Name)
	}
	return nil, Unknown("parameter", name, names)
}

// SetWeights gives a parameter new values, row by row: a Dense layer's kernel is [in, units],
// a convolution's [KH, KW, in, filters]. It builds the model if necessary. It returns an
// error if there is no parameter of that name or the number of values is wrong.
func (m *Sequential) SetWeights(name string, values []float32) error {
	if err := m.Build(); err != nil {
		return err
	}
	v, err := m.param(name)
	if err != nil {
		return err
	}
	if len(values) != v.Value.Len() {
		return fmt.Errorf("set weights: %d values for %q of shape %v, which has %d", len(values), name, v.Shape(), v.Value.Len())
	}
	tensor.Set(v.Value, values)
	return nil
}

// LearningRate is the rate of the next training step, or 0 if the model is not
// compiled.
func (m *Sequential) LearningRate() float64 { return m.learningRateAt(m.step) }

// learningRateAt is the rate of a step, unless it is changed before.
func (m *Sequential) learningRateAt(step int) float64 {
	switch {
	case m.rate != nil:
		return *m.rate
	case m.optimizer == nil:
		return 0
	}
	return m.optimizer.Rate(step)
}

// SetLearningRate fixes the learning rate from the next step on, instead of the
// optimizer's rate or schedule. It panics with a *kernels.ShapeError unless the rate is
// finite and not negative.
func (m *Sequential) SetLearningRate(rate float64) {
	if !isRate(rate) {
		kernels.Panicf("set learning rate", "the rate is %v, must be a number from 0", rate)
	}
	m.rate = &rate
}

// isRate reports whether a rate is valid: finite and not negative.
func isRate(rate float64) bool { return rate >= 0 && !math.IsInf(rate, 1) }

// copyWeights copies all parameters to the host.
func (m *Sequential) copyWeights() [][]float32 {
	copied := make([][]float32, len(m.params))
	for i, p := range m.params {
		copied[i] = p.Value.Floats()
	}
	return copied
}

// setWeights undoes copyWeights.
func (m *Sequential) setWeights(values [][]float32) {
	for i, p := range m.params {
		tensor.Set(p.Value, values[i])
	}
}

// SetTrainable freezes a layer's parameters, or makes them trainable again, from the
// next Fit on. It returns Build's errors, or a *NameError.
func (m *Sequential) SetTrainable(layer string, on bool) error {
	if err := m.Build(); err != nil {
		return err
	}
	names := []string{}
	for i := range m.info {
		if m.info[i].Name == layer {
			m.info[i].Trained = on
			for _, p := range m.info[i].Params {
				p.SetTrainable(on && !p.state)
			}
			return nil
		}
		names = append(names, m.info[i].Name)
	}
	return Unknown("layer", layer, names)
}

// LayerOutput returns a layer's output for each example of x: [n, …]. Only the layers
// up to it are computed.
func (m *Sequential) LayerOutput(ctx context.Context, layer string, x *tensor.Tensor, o EvaluateOptions) (out *tensor.Tensor, err error) {
	if err := m.Build(); err != nil {
		return nil, err
	}
	names := []string{}
	for i, l := range m.info {
		if l.Name == layer {
			return m.predict(ctx, x, o, i)
		}
		names = append(names, l.Name)
	}
	return nil, Unknown("layer", layer, names)
}
