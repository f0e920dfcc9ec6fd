package nn

import (
	"fmt"

	"baregrad/autograd"
)

// The two kinds of padding, by Keras's names.
const (
	Valid = autograd.Valid
	Same  = autograd.Same
)

// Conv2D is a convolution of images [batch, H, W, C] with Filters filters of size
// Kernel: y = activation(x∗kernel + bias), kernel [KH, KW, C, Filters], bias
// [Filters]. For the formula see kernels.ConvSpec.
//
// y is [batch, OH, OW, Filters]. With Valid padding OH = ⌊(H−reach)/stride⌋ + 1,
// where reach = (KH−1)·d + 1 for dilation d. With Same padding OH = ⌈H/stride⌉. OW is
// analogous. With ChannelsFirst, images are [batch, C, H, W] and the result is
// [batch, Filters, OH, OW]; the kernel's shape is the same.
type Conv2D struct {
	Filters    int              // the number of output channels, at least 1
	Kernel     [2]int           // down, across
	Strides    [2]int           // 1 if 0
	Dilations  [2]int           // 1 if 0
	Padding    autograd.Padding // Valid (no padding, the default) or Same
	DataFormat DataFormat       // ChannelsLast if empty
	Activation ActivationFunc   // applied to the output; Linear (none) if empty
	NoBias     bool             // no bias
	KernelInit Initializer      `json:"-"` // GlorotUniform if nil
	BiasInit   Initializer      `json:"-"` // Zeros if nil

	KernelRegularizer Regularizer `json:",omitzero"` // the kernel's penalty in the loss, such as L2(0.01); none by default
	KernelConstraint  Constraint  `json:",omitzero"` // such as MaxNorm(3); none by default

	Name       string // default: conv2d, conv2d_1, …
	InputShape []int  // of one example, without the batch; only needed for the first layer
	Frozen     bool   // kernel and bias are not trained

	kernel, bias *autograd.Var
	place        claim
}

// Kind is "Conv2D".
func (*Conv2D) Kind() string { return "Conv2D" }

// Options are the settings that every layer has.
func (l *Conv2D) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, l.Frozen} }

func (l *Conv2D) window() autograd.Window {
	return autograd.Window{Strides: l.Strides, Dilations: l.Dilations, Padding: l.Padding, ReLU: l.Activation == ReLU}
}

// Build makes kernel and bias. The kernel has the same shape in both data formats.
func (l *Conv2D) Build(b *Builder, in []int) ([]int, error) {
	if err := firstError(b.claim(&l.place), l.Activation.check(), l.DataFormat.check(), l.KernelRegularizer.check(), l.KernelConstraint.check()); err != nil {
		return nil, err
	}
	if l.Filters < 1 {
		return nil, fmt.Errorf("filters is %d, must be at least 1", l.Filters)
	}
	if min(l.Kernel[0], l.Kernel[1]) < 1 {
		return nil, fmt.Errorf("kernel is %d×%d, must be at least 1×1", l.Kernel[0], l.Kernel[1])
	}
	if err := l.DataFormat.checkImages(in); err != nil {
		return nil, err
	}
	in = l.DataFormat.last(in)
	shape := []int{l.Kernel[0], l.Kernel[1], in[2], l.Filters}
	s, err := l.window().ConvSpec([]int{1, in[0], in[1], in[2]}, shape)
	if err != nil {
		return nil, err
	}
	l.kernel = b.kernel(l.KernelRegularizer, l.KernelConstraint, orElse(l.KernelInit, GlorotUniform{}), shape...)
	l.bias = nil
	if !l.NoBias {
		l.bias = b.Param("bias", orElse(l.BiasInit, Zeros{}), l.Filters)
	}
	return l.DataFormat.first([]int{s.OH, s.OW, s.Out}), nil
}

// Forward records the convolution.
func (l *Conv2D) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	y, rest := l.forwardLogits(p, x)
	if !rest.elementwise() {
		y = p.inOrder(y)
	}
	return rest.record(p.Tape, y)
}

// forwardLogits records the layer without its activation, which it returns. A ReLU is
// included, because it is fused into the convolution.
func (l *Conv2D) forwardLogits(p *Pass, x *autograd.Var) (*autograd.Var, ActivationFunc) {
	y := p.Tape.Conv2D(p.images(x, l.DataFormat), l.kernel, l.bias, l.window())
	if l.Activation == ReLU {
		return y, Linear
	}
	return y, l.Activation
}

// forwardPooled records the convolution fused with the pooling that follows, if possible:
// the activation must be ReLU and the data formats must agree. Otherwise it returns nil.
func (l *Conv2D) forwardPooled(p *Pass, x *autograd.Var, pool *MaxPooling2D) *autograd.Var {
	if l.Activation != ReLU || (l.DataFormat == ChannelsFirst) != (pool.DataFormat == ChannelsFirst) {
		return nil
	}
	return p.Tape.Conv2DReLUMaxPool(p.images(x, l.DataFormat), l.kernel, l.bias, l.window(), poolSize(pool.Pool), pool.window())
}

func (l *Conv2D) anyLayout() bool { return l.DataFormat == ChannelsFirst }
