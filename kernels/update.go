package kernels

// An Update is an optimizer's step for one array of weights: everything that the step
// needs except the gradient. It is made once and applied in every training step. A device can
// be given both the product that makes a gradient and the Update that uses it:
// Device.MatMulUpdate.
type Update interface {
	// Apply does the step with the gradient g, float32, which has as many elements as the
	// weights. It calls d's methods, such as SGD, RMSprop or Adam, and changes only the
	// weights, the optimizer's state for them, and g. Whatever else it reads, such as a
	// learning rate, must not change between the backward pass and the end of the training
	// step. It panics as d's methods do if sizes do not fit.
	Apply(d Device, g Buffer)
}

// An SGDUpdate is a step of stochastic gradient descent; see Device.SGD.
type SGDUpdate struct {
	W    Buffer  // the weights, float32
	V    Buffer  // their velocities, float32, as many as weights; nil without momentum
	Rate Buffer  // Rate[0] is the learning rate, float32
	Spec SGDSpec // the constants
}

// Apply calls d.SGD.
func (u *SGDUpdate) Apply(d Device, g Buffer) { d.SGD(u.W, g, u.V, u.Rate, u.Spec) }

// An RMSpropUpdate is a step of RMSprop; see Device.RMSprop.
type RMSpropUpdate struct {
	W      Buffer      // the weights, float32
	V      Buffer      // the running means of the squared gradients, float32, as many as weights
	Mean   Buffer      // the running means of the gradients; nil unless Spec.Centered
	Moment Buffer      // the momentum of the steps; nil without momentum
	Rate   Buffer      // Rate[0] is the learning rate, float32
	Spec   RMSpropSpec // the constants
}

// Apply calls d.RMSprop.
func (u *RMSpropUpdate) Apply(d Device, g Buffer) {
	d.RMSprop(u.W, g, u.V, u.Mean, u.Moment, u.Rate, u.Spec)
}

// An AdamUpdate is a step of Adam or AdamW; see Device.Adam.
type AdamUpdate struct {
	W    Buffer   // the weights, float32
	M, V Buffer   // the running means of the gradients and of their squares, float32, as many as weights
	Rate Buffer   // Rate[0] is the learning rate, Rate[1] the bias-corrected one, float32
	Spec AdamSpec // the constants
}

// Apply calls d.Adam.
func (u *AdamUpdate) Apply(d Device, g Buffer) { d.Adam(u.W, g, u.M, u.V, u.Rate, u.Spec) }

// checkUpdate panics if u is nil, or if the buffers of one of the updates above do not
// fit the gradient g.
func checkUpdate(op string, u Update, g Buffer) {
	switch u := u.(type) {
	case nil:
		Panicf(op, "the update is missing")
	case *SGDUpdate:
		Want(op, "weights", u.W, Float32, g.Len())
		u.Spec.check(op, u.W, g, u.V, u.Rate)
	case *RMSpropUpdate:
		Want(op, "weights", u.W, Float32, g.Len())
		u.Spec.check(op, u.W, g, u.V, u.Mean, u.Moment, u.Rate)
	case *AdamUpdate:
		Want(op, "weights", u.W, Float32, g.Len())
		u.Spec.check(op, u.W, g, u.M, u.V, u.Rate)
	}
}
