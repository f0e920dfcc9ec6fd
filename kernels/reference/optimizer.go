package reference

import (
	"math"

	"baregrad/kernels"
)

// Optimizers: one step of weights w with their gradient g, element by element,
// with the formulas and defaults of Keras. Their state (v, m, …) starts at zero.

// SGD: w −= rate·g. With momentum it is v = μ·v − rate·g and w += v or, with
// Nesterov's look-ahead, w += μ·v − rate·g.
func (d *Device) SGD(w, g, v, rate kernels.Buffer, s kernels.SGDSpec) {
	s.Check(w, g, v, rate)
	ws, gs, vs := kernels.Floats(w), kernels.Floats(g), kernels.Floats(v)
	lr, momentum := float64(kernels.Floats(rate)[0]), float64(s.Momentum)
	for i, gradient := range gs {
		step := -lr * float64(gradient) // exact
		if momentum != 0 {
			velocity := momentum*float64(vs[i]) + step // exact
			vs[i] = float32(velocity)
			if s.Nesterov {
				step += float64(momentum * velocity) // step is exact
			} else {
				step = velocity
			}
		}
		ws[i] = float32(float64(ws[i]) + step)
	}
}

// RMSprop: v = ρ·v + (1−ρ)·g², step = rate·g/√(v+ε). Centered subtracts the square of
// the mean gradient from v under the root. With momentum the step becomes
// moment = μ·moment + step. Then w −= step.
func (d *Device) RMSprop(w, g, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) {
	s.Check(w, g, v, mean, moment, rate)
	ws, gs, vs := kernels.Floats(w), kernels.Floats(g), kernels.Floats(v)
	means, moments := kernels.Floats(mean), kernels.Floats(moment)
	lr, rho := float64(kernels.Floats(rate)[0]), float64(s.Rho)
	for i := range gs {
		gradient := float64(gs[i])
		variance := rho*float64(vs[i]) + float64((1-rho)*gradient*gradient) // the first is exact
		vs[i] = float32(variance)
		if s.Centered {
			average := rho*float64(means[i]) + float64((1-rho)*gradient) // the first is exact
			means[i] = float32(average)
			variance -= float64(average * average)
		}
		step := lr * gradient / math.Sqrt(variance+float64(s.Epsilon))
		if s.Momentum != 0 {
			step += float64(s.Momentum) * float64(moments[i]) // exact
			moments[i] = float32(step)
		}
		ws[i] = float32(float64(ws[i]) - step)
	}
}

// Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015):
// m and v are running means of g and g²; w −= α·m/(√v+ε). α = rate[1] includes the
// bias correction, since m and v start at zero. AdamW (Loshchilov and Hutter,
// "Decoupled weight decay regularization", 2019) first does w −= w·decay·rate[0].
func (d *Device) Adam(w, g, m, v, rate kernels.Buffer, s kernels.AdamSpec) {
	s.Check(w, g, m, v, rate)
	ws, gs, ms, vs := kernels.Floats(w), kernels.Floats(g), kernels.Floats(m), kernels.Floats(v)
	lr, alpha := float64(kernels.Floats(rate)[0]), float64(kernels.Floats(rate)[1])
	keep := 1 - float64(s.WeightDecay)*lr // exact
	for i := range gs {
		gradient := float64(gs[i])
		first := float64(ms[i]) + float64((gradient-float64(ms[i]))*(1-float64(s.Beta1)))
		second := float64(vs[i]) + float64((gradient*gradient-float64(vs[i]))*(1-float64(s.Beta2))) // the square is exact
		ms[i], vs[i] = float32(first), float32(second)
		ws[i] = float32(float64(float64(ws[i])*keep) - alpha*first/(math.Sqrt(second)+float64(s.Epsilon)))
	}
}
