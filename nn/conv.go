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

// Conv2D is a convolution of images [batch, H, W, C] with Filters filters of the
// size Kernel: y = activation(x∗kernel + bias), kernel [KH, KW, C, Filters], bias
// [Filters]. The formula is at kernels.ConvSpec.
//
// y is [batch, OH, OW, Filters]. With Valid padding OH = ⌊(H−reach)/stride⌋ + 1,
// where a filter with dilation d reaches over (KH−1)·d + 1 rows; with Same it is
// ⌈H/stride⌉. OW is alike. With ChannelsFirst, images are [batch, C, H, W] and
// [batch, Filters, OH, OW]; the kernel's shape is the same.
type Conv2D struct {
	Filters    int              // how many channels come out; at least 1
	Kernel     [2]int           // down, across
	Strides    [2]int           // 1 where 0
	Dilations  [2]int           // 1 where 0
	Padding    autograd.Padding // Valid, which adds nothing, where not given; or Same
	DataFormat DataFormat       // ChannelsLast where empty
	Activation ActivationFunc   // applied to the output; Linear, which is none, where empty
	NoBias     bool             // leave the bias out
	KernelInit Initializer      `json:"-"` // GlorotUniform where nil
	BiasInit   Initializer      `json:"-"` // Zeros where nil

	KernelRegularizer Regularizer `json:",omitzero"` // what the kernel adds to the loss, such as L2(0.01); nothing where not given

	Name       string // made from the kind where empty: conv2d, conv2d_1, …
	InputShape []int  // of one example, without the batch; needed of the first layer only
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
	if err := firstError(b.claim(&l.place), l.Activation.check(), l.DataFormat.check(), l.KernelRegularizer.check()); err != nil {
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
	l.kernel = b.regularized("kernel", l.KernelRegularizer, orElse(l.KernelInit, GlorotUniform{}), shape...)
	l.bias = nil
	if !l.NoBias {
		l.bias = b.Param("bias", orElse(l.BiasInit, Zeros{}), l.Filters)
	}
	return l.DataFormat.first([]int{s.OH, s.OW, s.Out}), nil
}

// Forward records the convolution.
func (l *Conv2D) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	y := p.Tape.Conv2D(p.images(x, l.DataFormat), l.kernel, l.bias, l.window())
	if l.Activation == ReLU { // done in the convolution
		return y
	}
	if !l.Activation.elementwise() {
		y = p.inOrder(y)
	}
	return l.Activation.record(p.Tape, y)
}

// forwardPooled records the convolution and the pooling after it in one, if they can be
// one: it has a ReLU, and both see their images alike. Else it returns nil.
func (l *Conv2D) forwardPooled(p *Pass, x *autograd.Var, pool *MaxPooling2D) *autograd.Var {
	if l.Activation != ReLU || (l.DataFormat == ChannelsFirst) != (pool.DataFormat == ChannelsFirst) {
		return nil
	}
	return p.Tape.Conv2DReLUMaxPool(p.images(x, l.DataFormat), l.kernel, l.bias, l.window(), poolSize(pool.Pool), pool.window())
}

func (l *Conv2D) anyLayout() bool { return l.DataFormat == ChannelsFirst }
