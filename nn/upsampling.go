package nn

import (
	"fmt"

	"baregrad/autograd"
)

// UpSampling2D repeats each pixel of images [batch, H, W, C] Size times, down and across:
// [batch, H·Size[0], W·Size[1], C], as Keras's with interpolation="nearest". It is the way
// back of a pooling's shape, as decoders need it. With ChannelsFirst, images are
// [batch, C, H, W].
type UpSampling2D struct {
	Size       [2]int     // how many times, down and across; 2×2 where 0
	DataFormat DataFormat // ChannelsLast where empty
	Name       string     // made from the kind where empty: up_sampling2d, up_sampling2d_1, …
	InputShape []int      // of one example, without the batch; needed of the first layer only
}

// Kind is "UpSampling2D".
func (*UpSampling2D) Kind() string { return "UpSampling2D" }

// Options are the settings that every layer has.
func (l *UpSampling2D) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build refuses what are no images, and a size below 1×1.
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
