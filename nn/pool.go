package nn

import "baregrad/autograd"

// MaxPooling2D takes the largest value of each window of images [batch, H, W, C],
// which gives [batch, OH, OW, C]. With Valid padding OH = ⌊(H−pool)/stride⌋ + 1,
// with Same ⌈H/stride⌉; OW is alike. Padding never is the largest. Of equal values
// the first gets the gradient. With ChannelsFirst, images are [batch, C, H, W].
type MaxPooling2D struct {
	Pool       [2]int           // the window, down and across; 2×2 where 0
	Strides    [2]int           // the window's size where 0
	Padding    autograd.Padding // Valid, which adds nothing, where not given; or Same
	DataFormat DataFormat       // ChannelsLast where empty
	Name       string           // made from the kind where empty: max_pooling2d, max_pooling2d_1, …
	InputShape []int            // of one example, without the batch; needed of the first layer only
}

// Kind is "MaxPooling2D".
func (*MaxPooling2D) Kind() string { return "MaxPooling2D" }

// Options are the settings that every layer has.
func (l *MaxPooling2D) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build checks that the window fits into the input.
func (l *MaxPooling2D) Build(_ *Builder, in []int) ([]int, error) {
	return pooledShape(in, l.Pool, l.Strides, l.Padding, l.DataFormat)
}

// Forward records the pooling.
func (l *MaxPooling2D) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return p.Tape.MaxPool(p.images(x, l.DataFormat), poolSize(l.Pool), l.window())
}

func (l *MaxPooling2D) window() autograd.Window {
	return autograd.Window{Strides: l.Strides, Padding: l.Padding}
}

// AveragePooling2D takes the mean of each window of images [batch, H, W, C];
// padding does not count. Shapes are MaxPooling2D's.
type AveragePooling2D struct {
	Pool       [2]int           // the window, down and across; 2×2 where 0
	Strides    [2]int           // the window's size where 0
	Padding    autograd.Padding // Valid, which adds nothing, where not given; or Same
	DataFormat DataFormat       // ChannelsLast where empty
	Name       string           // made from the kind where empty: average_pooling2d, average_pooling2d_1, …
	InputShape []int            // of one example, without the batch; needed of the first layer only
}

// Kind is "AveragePooling2D".
func (*AveragePooling2D) Kind() string { return "AveragePooling2D" }

// Options are the settings that every layer has.
func (l *AveragePooling2D) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build checks that the window fits into the input.
func (l *AveragePooling2D) Build(_ *Builder, in []int) ([]int, error) {
	return pooledShape(in, l.Pool, l.Strides, l.Padding, l.DataFormat)
}

// Forward records the pooling.
func (l *AveragePooling2D) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return p.Tape.AvgPool(p.images(x, l.DataFormat), poolSize(l.Pool), autograd.Window{Strides: l.Strides, Padding: l.Padding})
}

func (l *MaxPooling2D) anyLayout() bool     { return l.DataFormat == ChannelsFirst }
func (l *AveragePooling2D) anyLayout() bool { return l.DataFormat == ChannelsFirst }

func poolSize(size [2]int) [2]int {
	for i := range size {
		if size[i] == 0 {
			size[i] = 2
		}
	}
	return size
}

func pooledShape(in []int, size, strides [2]int, p autograd.Padding, f DataFormat) ([]int, error) {
	if err := firstError(f.check(), f.checkImages(in)); err != nil {
		return nil, err
	}
	in = f.last(in)
	s, err := autograd.Window{Strides: strides, Padding: p}.PoolSpec([]int{1, in[0], in[1], in[2]}, poolSize(size))
	if err != nil {
		return nil, err
	}
	return f.first([]int{s.OH, s.OW, s.C}), nil
}
