package nn

import (
	"fmt"

	"baregrad/autograd"
)

// UpSampling2D repeats each pixel of images [batch, H, W, C] Size times, down and across:
// [batch, H·Size[0], W·Size[1], C], as Keras does with interpolation="nearest". It reverses
// the shape change of a pooling, as decoders need. With ChannelsFirst, images are
// [batch, C, H, W].
type UpSampling2D struct {
	Size       [2]int     // repetitions down and across; 2×2 if 0
	DataFormat DataFormat // ChannelsLast if empty
	Name       string     // default: up_sampling2d, up_sampling2d_1, …
	InputShape []int      // of one example, without the batch; only needed for the first layer
}

// Kind is "UpSampling2D".
func (*UpSampling2D) Kind() string { return "UpSampling2D" }

// Options are the settings that every layer has.
func (l *UpSampling2D) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build refuses inputs that are not images, and a size below 1×1.
func (l *UpSampling2D) Build(_ *Builder, in []int) ([]int, error) {
	if err := firstError(l.DataFormat.check(), l.DataFormat.checkImages(in)); err != nil {
		return nil, err
	}
	size := poolSize(l.Size)
	if min(size[0], size[1]) < 1 {
		return nil, fmt.Errorf("size is %d×%d, must be at least 1×1", size[0], size[1])
	}
	in = l.DataFormat.last(in)
	if size[0] > maxElements/in[0] || size[1] > maxElements/in[1] {
		return nil, fmt.Errorf("size is %d×%d: of images of %d×%d it makes more than memory can hold", size[0], size[1], in[0], in[1])
	}
	return l.DataFormat.first([]int{in[0] * size[0], in[1] * size[1], in[2]}), nil
}

// Forward records the repetition.
func (l *UpSampling2D) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return p.Tape.UpSample(p.images(x, l.DataFormat), poolSize(l.Size))
}

func (l *UpSampling2D) anyLayout() bool { return l.DataFormat == ChannelsFirst }
