package nn

import (
	"fmt"
	"slices"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// Forward records the model on your own tape, if Fit does not do what you want: for a
// different training loop, or the gradient with respect to the input. x is float32
// [batch, …], where each example has the model's InputShape. Pixels of uint8 are scaled by
// Fit, not here. The Output's Value is the prediction, and a Loss takes the Output itself.
// Penalty records what regularizers add to the loss.
//
// With training set, dropout is active, with other masks in each recording and in each
// Replay of it. After the tape's Backward, the gradients are in the Grad of Params. Weights
// change only if Tape.Update records an optimizer's step (see Updater); the model's own
// optimizer does not know about that. Forward returns Build's errors, and panics with a
// *kernels.ShapeError if x does not fit.
func (m *Sequential) Forward(t *autograd.Tape, x *autograd.Var, training bool) (out *Output, err error) {
	defer catchDevice(&err)
	if err := m.Build(); err != nil {
		return nil, err
	}
	if t == nil || x == nil {
		kernels.Panicf("forward", "the tape or x is nil: both must be given")
	}
	if t.Device() != m.device {
		if t.Device().Name() == m.device.Name() {
			kernels.Panicf("forward", "the tape computes on another device than the model, though both are called %s: "+
				"each opening makes a device of its own", m.device.Name())
		}
		kernels.Panicf("forward", "the tape computes on %s, the model on %s", t.Device().Name(), m.device.Name())
	}
	if x.Value.Type() != kernels.Float32 || x.Value.Rank() == 0 || !slices.Equal(x.Shape()[1:], m.input) {
		kernels.Panicf("forward", "x is %v %v, the model takes float32 %s", x.Value.Type(), x.Shape(), shapeString(m.input))
	}
	p := &Pass{Tape: t, Training: training}
	if training {
		// Each recording has its own seed, and counts its replays on the device.
		m.recordings++
		p.seed = m.dropout + m.recordings
		p.step = t.InputOf(kernels.Int32, 1)
		one := t.InputOf(kernels.Int32, 1)
		tensor.Set(one.Value, []int32{1})
		t.After(func() { t.Device().Advance(p.step.Value.Buffer(), one.Value.Buffer(), nil, nil) })
	}
	return m.forward(p, x, len(m.layers)-1), nil
}

// forward records the layers up to the given one. The last layer's activation, if it is
// separate, is left to the caller, because losses start from its input. Layers after it that
// change nothing are left out. (In Keras, too, a loss finds the activation's input behind them.)
func (m *Sequential) forward(p *Pass, x *autograd.Var, last int) *Output {
	batch := x.Value.Dim(0)
	for last > 0 && changesNothing(m.layers[last], p.Training) {
		last--
	}
	for i := 0; i <= last; i++ {
		l := m.layers[i]
		x = p.suit(l, x)
		if i < last {
			if y := pooled(p, x, l, m.layers[i+1]); y != nil {
				x = y
				i++ // both layers are done
				continue
			}
		}
		if l, ok := l.(interface {
			forwardLogits(*Pass, *autograd.Var) (*autograd.Var, ActivationFunc)
		}); ok && i == last {
			logits, activation := l.forwardLogits(p, x)
			return &Output{Logits: p.inOrder(logits), Activation: activation}
		}
		p.frozen = !m.info[i].Trained
		x = l.Forward(p, x)
		if !p.imagesLast { // otherwise the axes are in another order than the layer's: layout.go
			checkRecorded(fmt.Sprintf("layer %s (%s)", m.info[i].Name, l.Kind()), x, append([]int{batch}, m.info[i].Output...), "the batch and what Build gave")
		}
	}
	return &Output{Logits: p.inOrder(x)}
}

// changesNothing reports whether the layer's output is its input.
func changesNothing(l Layer, training bool) bool {
	switch l := l.(type) {
	case *Activation:
		return l.Function == "" || l.Function == Linear
	case *Dropout:
		return l.Rate == 0 || !training
	}
	return false
}

// checkRecorded panics with a *kernels.ShapeError unless what was recorded for a layer, a loss
// or a metric is float32 with the expected shape. User-defined ones may be wrong.
func checkRecorded(what string, y *autograd.Var, want []int, why string) {
	switch {
	case y == nil:
		kernels.Panicf(what, "it recorded nil, must give float32 %v, %s", want, why)
	case y.Value.Type() != kernels.Float32 || !slices.Equal(y.Shape(), want):
		kernels.Panicf(what, "it recorded %v %v, must give float32 %v, %s", y.Value.Type(), y.Shape(), want, why)
	}
}

// pooled records a convolution fused with the max pooling that follows it, if that is what
// the two layers are. Otherwise it returns nil.
func pooled(p *Pass, x *autograd.Var, first, second Layer) *autograd.Var {
	conv, ok := first.(*Conv2D)
	pool, follows := second.(*MaxPooling2D)
	if !ok || !follows {
		return nil
	}
	return conv.forwardPooled(p, x, pool)
}

// suit brings x into a layout that the layer can take.
func (p *Pass) suit(l Layer, x *autograd.Var) *autograd.Var {
	if any, ok := l.(layoutLayer); ok && any.anyLayout() {
		return x
	}
	return p.inOrder(x)
}
