package nn

import (
	"fmt"

	"baregrad/autograd"
)

// BatchNormalization scales each index of its input's last axis, such as each channel of
// images, to mean 0 and variance 1 over the batch and all positions, and then to a learnt
// mean and deviation (Ioffe and Szegedy, "Batch normalization", 2015):
// y = gamma·(x−mean)/√(variance+Epsilon) + beta.
//
// In training, mean and variance are those of the batch, and the layer keeps their moving
// averages: moving = Momentum·moving + (1−Momentum)·batch. In evaluation and prediction, or
// if the layer is frozen, it uses these averages. They are parameters of the layer that are
// not trained. With ChannelsFirst, images are [batch, C, H, W], and the channels are
// normalized too: Keras's axis=1.
type BatchNormalization struct {
	Momentum   float64    // of the moving averages; 0.99 if 0
	Epsilon    float64    // avoids division by 0; 0.001 if 0
	NoCenter   bool       // no beta
	NoScale    bool       // no gamma
	DataFormat DataFormat // ChannelsLast if empty
	Name       string     // default: batch_normalization, batch_normalization_1, …
	InputShape []int      // of one example, without the batch; only needed for the first layer
	Frozen     bool       // gamma and beta are not trained, and the averages don't change

	gamma, beta, mean, variance *autograd.Var
	place                       claim
}

// Kind is "BatchNormalization".
func (*BatchNormalization) Kind() string { return "BatchNormalization" }

// Options are the settings that every layer has.
func (l *BatchNormalization) Options() LayerOptions {
	return LayerOptions{l.Name, l.InputShape, l.Frozen}
}

// Build makes gamma (ones), beta (zeros) and the moving averages: mean 0 and variance 1.
func (l *BatchNormalization) Build(b *Builder, in []int) ([]int, error) {
	if err := firstError(b.claim(&l.place), l.DataFormat.check(), checkNormalized(in, l.Epsilon)); err != nil {
		return nil, err
	}
	if !(l.Momentum >= 0 && l.Momentum <= 1) {
		return nil, fmt.Errorf("momentum is %v, must be from 0 to 1", l.Momentum)
	}
	size := in[len(in)-1]
	if l.DataFormat == ChannelsFirst {
		if err := l.DataFormat.checkImages(in); err != nil {
			return nil, err
		}
		size = in[0]
	}
	l.gamma, l.beta = scaleAndShift(b, size, l.NoScale, l.NoCenter)
	l.mean, l.variance = b.State("moving_mean", Zeros{}, size), b.State("moving_variance", Ones{}, size)
	return in, nil
}

// Forward records the normalization and, in training, the update of the moving averages.
func (l *BatchNormalization) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	if l.DataFormat == ChannelsFirst {
		x = p.images(x, l.DataFormat)
	}
	t := p.Tape
	if !p.Training || p.frozen {
		// y = x·scale + shift, with scale = gamma/√(variance+Epsilon), shift = beta − mean·scale.
		scale := t.Exp(t.Affine(t.Log(t.Affine(l.variance, 1, l.epsilon())), -0.5, 0))
		if l.gamma != nil {
			scale = t.Mul(scale, l.gamma)
		}
		shift := t.Affine(t.Mul(l.mean, scale), -1, 0)
		if l.beta != nil {
			shift = t.Add(shift, l.beta)
		}
		return t.ScaleShift(x, scale, shift)
	}
	y, mean, variance := t.BatchNorm(x, l.gamma, l.beta, l.epsilon())
	momentum := float32(or(l.Momentum, 0.99))
	t.Do("moving averages", func() {
		for _, a := range [...][2]*autograd.Var{{l.mean, mean}, {l.variance, variance}} {
			moving := a[0].Value.Buffer()
			t.Device().Affine(moving, moving, momentum, 0)
			t.Device().AddScaled(moving, a[1].Value.Buffer(), 1-momentum)
		}
	})
	return y
}

func (l *BatchNormalization) epsilon() float32 { return float32(or(l.Epsilon, 1e-3)) }

func (l *BatchNormalization) anyLayout() bool { return l.DataFormat == ChannelsFirst }

// LayerNormalization scales the last axis of each example, and of each of its positions, to
// mean 0 and variance 1, and then each index of it to a learnt mean and deviation:
// y = gamma·(x−mean)/√(variance+Epsilon) + beta (Ba, Kiros and Hinton, "Layer normalization",
// 2016). It does not depend on the batch, and works the same in training and after it.
type LayerNormalization struct {
	Epsilon    float64 // avoids division by 0; 0.001 if 0
	NoCenter   bool    // no beta
	NoScale    bool    // no gamma
	Name       string  // default: layer_normalization, layer_normalization_1, …
	InputShape []int   // of one example, without the batch; only needed for the first layer
	Frozen     bool    // gamma and beta are not trained

	gamma, beta *autograd.Var
	place       claim
}

// Kind is "LayerNormalization".
func (*LayerNormalization) Kind() string { return "LayerNormalization" }

// Options are the settings that every layer has.
func (l *LayerNormalization) Options() LayerOptions {
	return LayerOptions{l.Name, l.InputShape, l.Frozen}
}

// Build makes gamma (ones) and beta (zeros).
func (l *LayerNormalization) Build(b *Builder, in []int) ([]int, error) {
	if err := firstError(b.claim(&l.place), checkNormalized(in, l.Epsilon)); err != nil {
		return nil, err
	}
	l.gamma, l.beta = scaleAndShift(b, in[len(in)-1], l.NoScale, l.NoCenter)
	return in, nil
}

// Forward records the normalization.
func (l *LayerNormalization) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return p.Tape.LayerNorm(x, l.gamma, l.beta, float32(or(l.Epsilon, 1e-3)))
}

// checkNormalized refuses an input without an axis, and a negative epsilon.
func checkNormalized(in []int, epsilon float64) error {
	if len(in) == 0 {
		return fmt.Errorf("the input is %s, must have an axis beside the batch", shapeString(in))
	}
	if !(epsilon >= 0 && epsilon <= 1e6) {
		return fmt.Errorf("epsilon is %v, must be from 0 to 1e+06", epsilon)
	}
	return nil
}

// scaleAndShift makes the parameters of a normalization, except those that are disabled.
func scaleAndShift(b *Builder, size int, noScale, noShift bool) (gamma, beta *autograd.Var) {
	if !noScale {
		gamma = b.Param("gamma", Ones{}, size)
	}
	if !noShift {
		beta = b.Param("beta", Zeros{}, size)
	}
	return gamma, beta
}
