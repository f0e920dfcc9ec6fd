package nn

import (
	"fmt"

	"baregrad/autograd"
)

// DataFormat says where the channels stand in the shape of an image.
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

// checkImages says what is wrong with the shape of an example that is to be an image.
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

// The kernels work on images with the channels last. A layer with channels
// first gives the same numbers in the other order; so that the order is not
// changed to and fro between such layers, their images stay in memory with the
// channels last (Pass.imagesLast says so) until a layer comes that would notice.

// last gives the shape (h, w, c) for a shape in format f.
func (f DataFormat) last(shape []int) []int {
	if f == ChannelsFirst {
		return []int{shape[1], shape[2], shape[0]}
	}
	return shape
}

// first gives the shape in format f for a shape (h, w, c).
func (f DataFormat) first(shape []int) []int {
	if f == ChannelsFirst {
		return []int{shape[2], shape[0], shape[1]}
	}
	return shape
}

// images brings the input of a layer of format f to the order of the kernels.
func (p *Pass) images(x *autograd.Var, f DataFormat) *autograd.Var {
	if f != ChannelsFirst {
		return p.inOrder(x)
	}
	last := p.imagesLast
	p.imagesLast = true
	switch {
	case last:
		return x
	case x.Value.Dim(1) == 1: // one channel: both orders are the same memory
		return p.Tape.Reshape(x, x.Value.Dim(0), x.Value.Dim(2), x.Value.Dim(3), 1)
	}
	return p.Tape.Transpose(x, 0, 2, 3, 1)
}

// inOrder undoes what images left behind.
func (p *Pass) inOrder(x *autograd.Var) *autograd.Var {
	if !p.imagesLast {
		return x
	}
	p.imagesLast = false
	return p.Tape.Transpose(x, 0, 3, 1, 2)
}

// layoutLayer is a layer that can be given images in the kernels' order where
// its model has the channels first.
type layoutLayer interface{ anyLayout() bool }
