package avx

import (
	"math"

	"baregrad/kernels"
)

// The optimizers' steps, each element by itself. Constants such as 1−Beta1 are
// worked out in float64 and rounded once, as the reference has them. The kernels
// take results below 2⁻¹²⁶ for 0: see subnormal_amd64.h.

func (d *Device) SGD(w, g, v, rate kernels.Buffer, s kernels.SGDSpec) {
	s.Check(w, g, v, rate)
	lr := kernels.Floats(rate)[0]
	if s.Momentum == 0 {
		d.addScaled(kernels.Floats(w), kernels.Floats(g), -lr)
		return
	}
	j := job{y: kernels.Floats(w), a: kernels.Floats(g), b: kernels.Floats(v), scalar: [5]float32{lr, s.Momentum}}
	if s.Nesterov {
		d.share(j, w.Len(), 1, func(j *job, from, to int) {
			j.k.sgd_nesterov_f32(j.y[from:to], j.a[from:to], j.b[from:to], j.scalar[0], j.scalar[1])
		})
		return
	}
	d.share(j, w.Len(), 1, func(j *job, from, to int) {
		j.k.sgd_momentum_f32(j.y[from:to], j.a[from:to], j.b[from:to], j.scalar[0], j.scalar[1])
	})
}

// RMSprop has no kernels for the centered form and the one with momentum: their
// loop is the reference's, shared among the workers.
func (d *Device) RMSprop(w, g, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) {
	s.Check(w, g, v, mean, moment, rate)
	if s.Centered || s.Momentum != 0 {
		j := job{
			y: kernels.Floats(w), a: kernels.Floats(g), b: kernels.Floats(v),
			mean: kernels.Floats(mean), moment: kernels.Floats(moment),
			factor: float64(kernels.Floats(rate)[0]), rmsprop: s,
		}
		d.share(j, w.Len(), 1, rmspropLoop)
		return
	}
	j := job{
		y: kernels.Floats(w), a: kernels.Floats(g), b: kernels.Floats(v),
		scalar: [5]float32{kernels.Floats(rate)[0], s.Rho, float32(1 - float64(s.Rho)), s.Epsilon},
	}
	d.share(j, w.Len(), 1, func(j *job, from, to int) {
		c := j.scalar
		j.k.rmsprop_f32(j.y[from:to], j.a[from:to], j.b[from:to], c[0], c[1], c[2], c[3])
	})
}

// rmspropLoop is RMSprop in all its forms: see the reference, whose bits it gives.
func rmspropLoop(j *job, from, to int) {
	s, rho := j.rmsprop, float64(j.rmsprop.Rho)
	for i := from; i < to; i++ {
		gradient := float64(j.a[i])
		variance := rho*float64(j.b[i]) + (1-rho)*gradient*gradient
		j.b[i] = float32(variance)
		if s.Centered {
			average := rho*float64(j.mean[i]) + (1-rho)*gradient
			j.mean[i] = float32(average)
			variance -= average * average
		}
		step := j.factor * gradient / math.Sqrt(variance+float64(s.Epsilon))
		if s.Momentum != 0 {
			step += float64(s.Momentum) * float64(j.moment[i])
			j.moment[i] = float32(step)
		}
		j.y[i] = float32(float64(j.y[i]) - step)
	}
}

func (d *Device) Adam(w, g, m, v, rate kernels.Buffer, s kernels.AdamSpec) {
	s.Check(w, g, m, v, rate)
	rates := kernels.Floats(rate)
	j := job{
		y: kernels.Floats(w), a: kernels.Floats(g), b: kernels.Floats(m), c: kernels.Floats(v),
		scalar: [5]float32{
			rates[1],
			float32(1 - float64(s.Beta1)),
			float32(1 - float64(s.Beta2)),
			s.Epsilon,
			float32(1 - float64(s.WeightDecay)*float64(rates[0])),
		},
	}
	d.share(j, w.Len(), 1, func(j *job, from, to int) {
		c := j.scalar
		j.k.adam_f32(j.y[from:to], j.a[from:to], j.b[from:to], j.c[from:to], c[0], c[1], c[2], c[3], c[4])
	})
}
