package nn

import (
	"baregrad/kernels"
	"baregrad/tensor"
)

// SGD is stochastic gradient descent: w −= rate·g. With momentum it is
// v = Momentum·v − rate·g and w += v; with Nesterov, w += Momentum·v − rate·g.
type SGD struct {
	LearningRate float64  // 0.01 if 0
	Momentum     float64  // the share of the last step that goes into the next; from 0 to 1
	Nesterov     bool     // look ahead along the momentum
	Schedule     Schedule `json:"-"` // replaces LearningRate if not nil
	Clip         Clipping // limits for the gradients; none by default
}

// Name is "sgd".
func (SGD) Name() string { return "sgd" }

// Check refuses settings out of range.
func (o SGD) Check() error {
	return firstError(within("sgd", "learning rate", o.LearningRate, 0, 1e6), within("sgd", "momentum", o.Momentum, 0, 1),
		o.Clip.check("sgd"))
}

// Clipping returns Clip.
func (o SGD) Clipping() Clipping { return o.Clip }

// Rate is the Schedule's rate, or LearningRate if there is no Schedule.
func (o SGD) Rate(step int) float64 { return rateAt(o.LearningRate, 0.01, o.Schedule, step) }

// Prepare allocates v for each parameter, as zeros, if there is momentum.
func (o SGD) Prepare(d kernels.Device, params []*Param) Updater {
	u := &sgd{params: params, spec: kernels.SGDSpec{Momentum: float32(o.Momentum), Nesterov: o.Nesterov}}
	if o.Momentum != 0 {
		u.velocity = slots(d, params)
	}
	return u
}

type sgd struct {
	params   []*Param
	velocity []*tensor.Tensor
	spec     kernels.SGDSpec
}

func (u *sgd) Rates(rate float64, _ int) [2]float32 { return [2]float32{float32(rate), float32(rate)} }

func (u *sgd) Update(i int, rates kernels.Buffer) kernels.Update {
	return &kernels.SGDUpdate{W: u.params[i].Value.Buffer(), V: at(u.velocity, i), Rate: rates, Spec: u.spec}
}

func (u *sgd) State() []NamedTensor { return named("velocity", u.params, u.velocity) }

// RMSprop divides the gradient by the root of a running mean of its square:
// v = Rho·v + (1−Rho)·g², w −= rate·g/√(v+Epsilon) (Tieleman and Hinton, 2012).
// Centered first subtracts the square of a running mean of g from v. With momentum, the
// step is added to Momentum times the last one.
type RMSprop struct {
	LearningRate float64  // 0.001 if 0
	Rho          float64  // 0.9 if 0
	Momentum     float64  // the share of the last step that goes into the next; from 0 to 1
	Epsilon      float64  // 1e-7 if 0
	Centered     bool     // divide by the root of the variance instead of the mean square
	Schedule     Schedule `json:"-"` // replaces LearningRate if not nil
	Clip         Clipping // limits for the gradients; none by default
}

// Name is "rmsprop".
func (RMSprop) Name() string { return "rmsprop" }

// Check refuses settings out of range.
func (o RMSprop) Check() error {
	return firstError(within("rmsprop", "learning rate", o.LearningRate, 0, 1e6), within("rmsprop", "rho", o.Rho, 0, 1),
		within("rmsprop", "momentum", o.Momentum, 0, 1), within("rmsprop", "epsilon", o.Epsilon, 0, 1e6),
		o.Clip.check("rmsprop"))
}

// Clipping returns Clip.
func (o RMSprop) Clipping() Clipping { return o.Clip }

// Rate is the Schedule's rate, or LearningRate if there is no Schedule.
func (o RMSprop) Rate(step int) float64 { return rateAt(o.LearningRate, 0.001, o.Schedule, step) }

// Prepare allocates v for each parameter, and what Centered and Momentum need, as zeros.
func (o RMSprop) Prepare(d kernels.Device, params []*Param) Updater {
	u := &rmsprop{params: params, square: slots(d, params), spec: kernels.RMSpropSpec{
		Rho: float32(or(o.Rho, 0.9)), Momentum: float32(o.Momentum),
		Epsilon: float32(or(o.Epsilon, 1e-7)), Centered: o.Centered,
	}}
	if o.Centered {
		u.mean = slots(d, params)
	}
	if o.Momentum != 0 {
		u.moment = slots(d, params)
	}
	return u
}

type rmsprop struct {
	params               []*Param
	square, mean, moment []*tensor.Tensor
	spec                 kernels.RMSpropSpec
}

func (u *rmsprop) Rates(rate float64, _ int) [2]float32 {
	return [2]float32{float32(rate), float32(rate)}
}

func (u *rmsprop) Update(i int, rates kernels.Buffer) kernels.Update {
	return &kernels.RMSpropUpdate{W: u.params[i].Value.Buffer(), V: u.square[i].Buffer(),
		Mean: at(u.mean, i), Moment: at(u.moment, i), Rate: rates, Spec: u.spec}
}

func (u *rmsprop) State() []NamedTensor {
	list := named("mean_square", u.params, u.square)
	list = append(list, named("mean", u.params, u.mean)...)
	return append(list, named("momentum", u.params, u.moment)...)
}
