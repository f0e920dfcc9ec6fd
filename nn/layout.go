package nn

import (
	"fmt"

	"baregrad/autograd"
)

// DataFormat says where the channels are in the shape of an image.
type DataFormat string

const (
	ChannelsLast  DataFormat = "channels_last"  // (height, width, channels); the same as ""
	ChannelsFirst DataFormat = "channels_first" // (channels, height, width)
)

func (f DataFormat) check() error {
	switch f {
	case "", ChannelsLast, ChannelsFirst:
		return nil
	}
	return Unknown("data format", string(f), []string{string(ChannelsFirst), string(ChannelsLast)})
}

// checkImages returns an error unless in is the shape of an image.
func (f DataFormat) checkImages(in []int) error {
	if len(in) == 3 {
		return nil
	}
	axes, grey := "height, width, channels", "(None, 28, 28, 1)"
	if f == ChannelsFirst {
		axes, grey = "channels, height, width", "(None, 1, 28, 28)"
	}
	return fmt.Errorf("the input is %s, must have the axes %s: grey images of 28×28 are %s", shapeString(in), axes, grey)
}

// The kernels work on images with the channels last. A layer with channels first computes
// the same numbers in another order. To avoid transposing between such layers, their images
// stay in memory with the channels last (then Pass.imagesLast is set), until a layer comes
// for which the order matters.

// last converts a shape in format f to (h, w, c).
func (f DataFormat) last(shape []int) []int {
	if f == ChannelsFirst {
		return []int{shape[1], shape[2], shape[0]}
	}
	return shape
}

// first converts a shape (h, w, c) to format f.
func (f DataFormat) first(shape []int) []int {
	if f == ChannelsFirst {
		return []int{shape[2], shape[0], shape[1]}
	}
	return shape
}

// images brings the input of a layer of format f into the kernels' layout.
func (p *Pass) images(x *autograd.Var, f DataFormat) *autograd.Var {
	if f != ChannelsFirst {
		return p.inOrder(x)
	}
	last := p.imagesLast
	p.imagesLast = true
	switch {
	case last:
		return x
	case x.Value.Dim(1) == 1: // with one channel, both orders are the same in memory
		return p.Tape.Reshape(x, x.Value.Dim(0), x.Value.Dim(2), x.Value.Dim(3), 1)
	}
	return p.Tape.Transpose(x, 0, 2, 3, 1)
}

// inOrder brings x back into the order of its shape, if images changed it.
func (p *Pass) inOrder(x *autograd.Var) *autograd.Var {
	if !p.imagesLast {
		return x
	}
	p.imagesLast = false
	return p.Tape.Transpose(x, 0, 3, 1, 2)
}

// layoutLayer is a layer that can take images in the kernels' layout although its model
// has the channels first.
type layoutLayer interface{ anyLayout() bool }
