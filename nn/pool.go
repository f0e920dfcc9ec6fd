package nn

import "baregrad/autograd"

// MaxPooling2D takes the largest value of each window of images [batch, H, W, C]. The
// result is [batch, OH, OW, C]. With Valid padding OH = ⌊(H−pool)/stride⌋ + 1, with Same
// OH = ⌈H/stride⌉; OW is analogous. Padding is never the largest. If several values are
// equal, the first gets the gradient. With ChannelsFirst, images are [batch, C, H, W].
type MaxPooling2D struct {
	Pool       [2]int           // the window, down and across; 2×2 if 0
	Strides    [2]int           // the window's size if 0
	Padding    autograd.Padding // Valid (no padding, the default) or Same
	DataFormat DataFormat       // ChannelsLast if empty
	Name       string           // default: max_pooling2d, max_pooling2d_1, …
	InputShape []int            // of one example, without the batch; only needed for the first layer
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

// AveragePooling2D takes the mean of each window of images [batch, H, W, C]. Padding does
// not count. Shapes are as for MaxPooling2D.
type AveragePooling2D struct {
	Pool       [2]int           // the window, down and across; 2×2 if 0
	Strides    [2]int           // the window's size if 0
	Padding    autograd.Padding // Valid (no padding, the default) or Same
	DataFormat DataFormat       // ChannelsLast if empty
	Name       string           // default: average_pooling2d, average_pooling2d_1, …
	InputShape []int            // of one example, without the batch; only needed for the first layer
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
