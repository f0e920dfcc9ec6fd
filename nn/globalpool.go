package nn

import "baregrad/autograd"

// GlobalAveragePooling2D takes the mean of each channel of images [batch, H, W, C]:
// [batch, C], or [batch, 1, 1, C] with KeepDims. With ChannelsFirst, images are
// [batch, C, H, W], and KeepDims gives [batch, C, 1, 1]. It often replaces a Flatten, because
// the layer after it then has fewer weights (Lin, Chen and Yan, "Network in network", 2013).
type GlobalAveragePooling2D struct {
	KeepDims   bool       // keep the height and width axes, with size 1
	DataFormat DataFormat // ChannelsLast if empty
	Name       string     // default: global_average_pooling2d, …
	InputShape []int      // of one example, without the batch; only needed for the first layer
}

// Kind is "GlobalAveragePooling2D".
func (*GlobalAveragePooling2D) Kind() string { return "GlobalAveragePooling2D" }

// Options are the settings that every layer has.
func (l *GlobalAveragePooling2D) Options() LayerOptions {
	return LayerOptions{l.Name, l.InputShape, false}
}

// Build refuses inputs that are not images.
func (l *GlobalAveragePooling2D) Build(_ *Builder, in []int) ([]int, error) {
	return globalShape(in, l.KeepDims, l.DataFormat)
}

// Forward records the mean.
func (l *GlobalAveragePooling2D) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return p.pooledAll(x, (*autograd.Tape).Mean, l.KeepDims, l.DataFormat)
}

// GlobalMaxPooling2D takes the largest value of each channel of images [batch, H, W, C]:
// [batch, C], or [batch, 1, 1, C] with KeepDims. ChannelsFirst is as for
// GlobalAveragePooling2D. If several values are equal, the first gets the gradient.
type GlobalMaxPooling2D struct {
	KeepDims   bool       // keep the height and width axes, with size 1
	DataFormat DataFormat // ChannelsLast if empty
	Name       string     // default: global_max_pooling2d, …
	InputShape []int      // of one example, without the batch; only needed for the first layer
}

// Kind is "GlobalMaxPooling2D".
func (*GlobalMaxPooling2D) Kind() string { return "GlobalMaxPooling2D" }

// Options are the settings that every layer has.
func (l *GlobalMaxPooling2D) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build refuses inputs that are not images.
func (l *GlobalMaxPooling2D) Build(_ *Builder, in []int) ([]int, error) {
	return globalShape(in, l.KeepDims, l.DataFormat)
}

// Forward records the maximum.
func (l *GlobalMaxPooling2D) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return p.pooledAll(x, (*autograd.Tape).Max, l.KeepDims, l.DataFormat)
}

func (l *GlobalAveragePooling2D) anyLayout() bool { return l.DataFormat == ChannelsFirst }
func (l *GlobalMaxPooling2D) anyLayout() bool     { return l.DataFormat == ChannelsFirst }

func globalShape(in []int, keep bool, f DataFormat) ([]int, error) {
	if err := firstError(f.check(), f.checkImages(in)); err != nil {
		return nil, err
	}
	channels := f.last(in)[2]
	if keep {
		return f.first([]int{1, 1, channels}), nil
	}
	return []int{channels}, nil
}

// pooledAll records a reduction over the images' height and width.
func (p *Pass) pooledAll(x *autograd.Var, reduce func(t *autograd.Tape, x *autograd.Var, first, last int) *autograd.Var, keep bool, f DataFormat) *autograd.Var {
	y := reduce(p.Tape, p.images(x, f), 1, 2)
	p.imagesLast = false // with a single pixel, both orders are the same in memory
	if keep {
		return p.Tape.Reshape(y, append([]int{y.Value.Dim(0)}, f.first([]int{1, 1, y.Value.Dim(1)})...)...)
	}
	return y
}
