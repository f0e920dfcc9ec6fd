package avx

import "baregrad/kernels"

// The optimizers' steps, each element by itself. Constants such as 1−Beta1 are
// worked out in float64 and rounded once, as the reference has them.

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

// RMSprop leaves the centered form and the one with momentum to the reference.
func (d *Device) RMSprop(w, g, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) {
	if s.Centered || s.Momentum != 0 {
		d.Device.RMSprop(w, g, v, mean, moment, rate, s)
		return
	}
	s.Check(w, g, v, mean, moment, rate)
	j := job{
		y: kernels.Floats(w), a: kernels.Floats(g), b: kernels.Floats(v),
		scalar: [5]float32{kernels.Floats(rate)[0], s.Rho, float32(1 - float64(s.Rho)), s.Epsilon},
	}
	d.share(j, w.Len(), 1, func(j *job, from, to int) {
		c := j.scalar
		j.k.rmsprop_f32(j.y[from:to], j.a[from:to], j.b[from:to], c[0], c[1], c[2], c[3])
	})
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
