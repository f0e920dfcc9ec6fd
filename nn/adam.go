package nn

import (
	"fmt"
	"math"

	"baregrad/kernels"
	"baregrad/tensor"
)

// Adam uses running means of the gradient and of its square:
// m += (g−m)·(1−Beta1), v += (g²−v)·(1−Beta2), w −= α·m/(√v+Epsilon).
// α = rate·√(1−Beta2ᵗ)/(1−Beta1ᵗ) corrects for m and v starting at zero (Kingma and
// Ba, "Adam: a method for stochastic optimization", 2014; in the form before
// their section 2.1, as in Keras).
type Adam struct {
	LearningRate float64  // 0.001 if 0
	Beta1        float64  // 0.9 if 0
	Beta2        float64  // 0.999 if 0
	Epsilon      float64  // 1e-7 if 0
	Schedule     Schedule `json:"-"` // replaces LearningRate if not nil
	Clip         Clipping // limits for the gradients; none by default
}

// Name is "adam".
func (Adam) Name() string { return "adam" }

// Check refuses settings out of range.
func (o Adam) Check() error { return o.check(o.Name()) }

// check is Check for the optimizer with that name. With a beta of 1 the means would stay 0, and
// their correction would divide by 0.
func (o Adam) check(name string) error {
	for i, beta := range [...]float64{o.Beta1, o.Beta2} {
		if !(beta >= 0 && beta < 1) {
			return fmt.Errorf("%s: beta%d is %v, must be from 0 to below 1", name, i+1, beta)
		}
	}
	return firstError(within(name, "learning rate", o.LearningRate, 0, 1e6), within(name, "epsilon", o.Epsilon, 0, 1e6), o.Clip.check(name))
}

// Clipping returns Clip.
func (o Adam) Clipping() Clipping { return o.Clip }

// Rate is the Schedule's rate, or LearningRate if there is no Schedule.
func (o Adam) Rate(step int) float64 { return rateAt(o.LearningRate, 0.001, o.Schedule, step) }

// Prepare allocates m and v for each parameter, as zeros.
func (o Adam) Prepare(d kernels.Device, params []*Param) Updater {
	return AdamW{Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon}.prepare(d, params, 0)
}

// AdamW is Adam with decoupled weight decay: each step starts with
// w −= w·WeightDecay·rate (Loshchilov and Hutter, "Decoupled weight decay
// regularization", 2017).
type AdamW struct {
	LearningRate float64  // 0.001 if 0
	Beta1        float64  // 0.9 if 0
	Beta2        float64  // 0.999 if 0
	Epsilon      float64  // 1e-7 if 0
	WeightDecay  float64  // 0.004 if 0
	Schedule     Schedule `json:"-"` // replaces LearningRate if not nil
	Clip         Clipping // limits for the gradients; none by default
}

// Name is "adamw".
func (AdamW) Name() string { return "adamw" }

// Check refuses settings out of range.
func (o AdamW) Check() error {
	return firstError(Adam{o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, nil, o.Clip}.check(o.Name()),
		within("adamw", "weight decay", o.WeightDecay, 0, 1e6))
}

// Clipping returns Clip.
func (o AdamW) Clipping() Clipping { return o.Clip }

// Rate is the Schedule's rate, or LearningRate if there is no Schedule.
func (o AdamW) Rate(step int) float64 { return rateAt(o.LearningRate, 0.001, o.Schedule, step) }

// Prepare allocates m and v for each parameter, as zeros.
func (o AdamW) Prepare(d kernels.Device, params []*Param) Updater {
	return o.prepare(d, params, or(o.WeightDecay, 0.004))
}

func (o AdamW) prepare(d kernels.Device, params []*Param, decay float64) Updater {
	return &adam{params: params, m: slots(d, params), v: slots(d, params),
		beta1: or(o.Beta1, 0.9), beta2: or(o.Beta2, 0.999),
		spec: kernels.AdamSpec{
			Beta1: float32(or(o.Beta1, 0.9)), Beta2: float32(or(o.Beta2, 0.999)),
			Epsilon: float32(or(o.Epsilon, 1e-7)), WeightDecay: float32(decay),
		}}
}

type adam struct {
	params       []*Param
	m, v         []*tensor.Tensor
	beta1, beta2 float64
	spec         kernels.AdamSpec
}

func (u *adam) Rates(rate float64, step int) [2]float32 {
	t := float64(step + 1)
	corrected := rate * math.Sqrt(1-math.Pow(u.beta2, t)) / (1 - math.Pow(u.beta1, t))
	return [2]float32{float32(rate), float32(corrected)}
}

func (u *adam) Update(i int, rates kernels.Buffer) kernels.Update {
	return &kernels.AdamUpdate{W: u.params[i].Value.Buffer(), M: u.m[i].Buffer(), V: u.v[i].Buffer(), Rate: rates, Spec: u.spec}
}

func (u *adam) State() []NamedTensor {
	return append(named("m", u.params, u.m), named("v", u.params, u.v)...)
}
