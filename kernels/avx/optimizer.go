package avx

import (
	"math"

	"baregrad/kernels"
)

// The optimizers' steps, elementwise. Constants such as 1−Beta1 are computed in float64 and rounded
// once, as in the reference. The kernels flush results below 2⁻¹²⁶ to 0: see subnormal_amd64.h.

// optimizerStep is an optimizer's step for some weights, without their gradient.
type optimizerStep struct {
	k            *vectorKernels
	w, m, v      []float32 // the weights and the optimizer's state, with the optimizer's names
	mean, moment []float32 // RMSprop's other state
	scalar       [5]float32
	rate         float64
	rmsprop      kernels.RMSpropSpec
	// do takes the step for the weights from at on, whose gradient is g.
	do    func(s *optimizerStep, g []float32, at int)
	fuses bool // Adam without decay, which a product's kernel can do: see matmul_adam.go
}

// take does the device's step with the gradient g.
func (d *Device) take(g []float32) {
	const cost = 2 // at least: a copy moves 8 bytes, SGD 12, Adam 28
	d.share(&job{a: g, step: &d.step}, len(g), cost, func(j *job, from, to int) {
		j.step.do(j.step, j.a[from:to], from)
	})
	d.step = optimizerStep{} // don't keep references to memory that the caller frees
}

func (d *Device) SGD(w, g, v, rate kernels.Buffer, s kernels.SGDSpec) {
	s.Check(w, g, v, rate)
	d.step = d.sgd(w, v, rate, s)
	d.take(kernels.Floats(g))
}

func (d *Device) sgd(w, v, rate kernels.Buffer, s kernels.SGDSpec) optimizerStep {
	step := optimizerStep{
		k: &d.set.vector, w: kernels.Floats(w), v: kernels.Floats(v),
		scalar: [5]float32{kernels.Floats(rate)[0], s.Momentum},
	}
	switch {
	case s.Momentum == 0:
		step.do = func(s *optimizerStep, g []float32, at int) {
			s.k.add_scaled_f32(s.w[at:at+len(g)], g, -s.scalar[0])
		}
	case s.Nesterov:
		step.do = func(s *optimizerStep, g []float32, at int) {
			to := at + len(g)
			s.k.sgd_nesterov_f32(s.w[at:to], g, s.v[at:to], s.scalar[0], s.scalar[1])
		}
	default:
		step.do = func(s *optimizerStep, g []float32, at int) {
			to := at + len(g)
			s.k.sgd_momentum_f32(s.w[at:to], g, s.v[at:to], s.scalar[0], s.scalar[1])
		}
	}
	return step
}

func (d *Device) RMSprop(w, g, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) {
	s.Check(w, g, v, mean, moment, rate)
	d.step = d.rmsprop(w, v, mean, moment, rate, s)
	d.take(kernels.Floats(g))
}

// rmsprop has no kernels for the centered form and the one with momentum: their loop is the
// reference's.
func (d *Device) rmsprop(w, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) optimizerStep {
	lr := kernels.Floats(rate)[0]
	step := optimizerStep{
		k: &d.set.vector, w: kernels.Floats(w), v: kernels.Floats(v),
		mean: kernels.Floats(mean), moment: kernels.Floats(moment), rate: float64(lr), rmsprop: s,
		scalar: [5]float32{lr, s.Rho, float32(1 - float64(s.Rho)), s.Epsilon},
		do:     rmspropLoop,
	}
	if !s.Centered && s.Momentum == 0 {
		step.do = func(s *optimizerStep, g []float32, at int) {
			to, c := at+len(g), &s.scalar
			s.k.rmsprop_f32(s.w[at:to], g, s.v[at:to], c[0], c[1], c[2], c[3])
		}
	}
	return step
}

// rmspropLoop is RMSprop in all its forms, with the reference's bits.
func rmspropLoop(s *optimizerStep, g []float32, at int) {
	spec, rho := &s.rmsprop, float64(s.rmsprop.Rho)
	for i, gradient := range g {
		i, gradient := at+i, float64(gradient)
		variance := rho*float64(s.v[i]) + float64((1-rho)*gradient*gradient) // the first is exact
		s.v[i] = float32(variance)
		if spec.Centered {
			average := rho*float64(s.mean[i]) + float64((1-rho)*gradient) // the first is exact
			s.mean[i] = float32(average)
			variance -= float64(average * average)
		}
		step := s.rate * gradient / math.Sqrt(variance+float64(spec.Epsilon))
		if spec.Momentum != 0 {
			step += float64(spec.Momentum) * float64(s.moment[i]) // exact
			s.moment[i] = float32(step)
		}
		s.w[i] = float32(float64(s.w[i]) - step)
	}
}

func (d *Device) Adam(w, g, m, v, rate kernels.Buffer, s kernels.AdamSpec) {
	s.Check(w, g, m, v, rate)
	d.step = d.adam(w, m, v, rate, s)
	d.take(kernels.Floats(g))
}

func (d *Device) adam(w, m, v, rate kernels.Buffer, s kernels.AdamSpec) optimizerStep {
	rates := kernels.Floats(rate)
	step := optimizerStep{
		k: &d.set.vector, w: kernels.Floats(w), m: kernels.Floats(m), v: kernels.Floats(v),
		scalar: [5]float32{
			rates[1],
			float32(1 - float64(s.Beta1)),
			float32(1 - float64(s.Beta2)),
			s.Epsilon,
			float32(1 - float64(s.WeightDecay)*float64(rates[0])), // exact
		},
		do: func(s *optimizerStep, g []float32, at int) {
			to, c := at+len(g), &s.scalar
			s.k.adam_f32(s.w[at:to], g, s.m[at:to], s.v[at:to], c[0], c[1], c[2], c[3], c[4])
		},
	}
	step.fuses = step.scalar[4] == 1
	return step
}
