package kernels

// An Update is the step of an optimizer for some weights: all that the step takes but the
// gradient. It is made once and applied in every training step, so that a device can be
// handed both, the product that makes a gradient and the step that uses it:
// Device.MatMulUpdate.
type Update interface {
	// Apply does the step by the gradient g, float32, of as many elements as the weights.
	// It asks d for it, by SGD, RMSprop, Adam or what else there is. It changes the weights,
	// what is kept for them and g, and nothing else; and what it reads beside those, such as
	// a learning rate, must not change between the backward pass and the end of the training
	// step. Sizes that do not fit panic as d's methods do.
	Apply(d Device, g Buffer)
}

// An SGDUpdate is a step of stochastic gradient descent: Device.SGD.
type SGDUpdate struct {
	W    Buffer  // the weights, float32
	V    Buffer  // their velocities, float32 as many; nil without momentum
	Rate Buffer  // Rate[0] is the learning rate, float32
	Spec SGDSpec // the constants
}

// Apply is d.SGD.
func (u *SGDUpdate) Apply(d Device, g Buffer) { d.SGD(u.W, g, u.V, u.Rate, u.Spec) }

// An RMSpropUpdate is a step of RMSprop: Device.RMSprop.
type RMSpropUpdate struct {
	W      Buffer      // the weights, float32
	V      Buffer      // the running means of the squared gradients, float32 as many as weights
	Mean   Buffer      // those of the gradients; nil where the Spec is not Centered
	Moment Buffer      // the running steps; nil without momentum
	Rate   Buffer      // Rate[0] is the learning rate, float32
	Spec   RMSpropSpec // the constants
}

// Apply is d.RMSprop.
func (u *RMSpropUpdate) Apply(d Device, g Buffer) {
	d.RMSprop(u.W, g, u.V, u.Mean, u.Moment, u.Rate, u.Spec)
}

// An AdamUpdate is a step of Adam or AdamW: Device.Adam.
type AdamUpdate struct {
	W    Buffer   // the weights, float32
	M, V Buffer   // the running means of the gradients and of their squares, float32 as many
	Rate Buffer   // Rate[0] is the learning rate, Rate[1] the corrected one, float32
	Spec AdamSpec // the constants
}

// Apply is d.Adam.
func (u *AdamUpdate) Apply(d Device, g Buffer) { d.Adam(u.W, g, u.M, u.V, u.Rate, u.Spec) }

// checkUpdate panics unless there is an update, and what it works on, where that is known,
// fits the gradient g.
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
