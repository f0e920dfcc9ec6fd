package nn

import (
	"fmt"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// Flatten merges all axes but the batch into one. With ChannelsFirst it first moves the
// channels, the first axis, to the end, as in Keras. So the weights of the next layer fit
// both data formats.
type Flatten struct {
	DataFormat DataFormat // ChannelsLast if empty
	Name       string     // default: flatten, flatten_1, …
	InputShape []int      // of one example, without the batch; only needed for the first layer
}

// Kind is "Flatten".
func (*Flatten) Kind() string { return "Flatten" }

// Options are the settings that every layer has.
func (l *Flatten) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build computes the number of elements.
func (l *Flatten) Build(_ *Builder, in []int) ([]int, error) {
	if l.DataFormat == ChannelsFirst {
		if _, _, err := kernels.Permute(append([]int{1}, in...), channelsToTheEnd(len(in)+1)); err != nil {
			return nil, err
		}
	}
	return []int{tensor.Size(in)}, l.DataFormat.check()
}

// Forward reshapes, which costs nothing.
func (l *Flatten) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	switch rank := x.Value.Rank(); {
	case l.DataFormat != ChannelsFirst || rank < 3: // already in order
	case rank == 4:
		x = p.images(x, l.DataFormat)
	default:
		x = p.Tape.Transpose(x, channelsToTheEnd(rank)...)
	}
	p.imagesLast = false
	return p.Tape.Reshape(x, x.Value.Dim(0), -1)
}

// channelsToTheEnd is the order 0, 2, 3, …, 1 of the given number of axes, at least two.
func channelsToTheEnd(axes int) []int {
	order := []int{0}
	for axis := 2; axis < axes; axis++ {
		order = append(order, axis)
	}
	return append(order, 1)
}

func (l *Flatten) anyLayout() bool { return l.DataFormat == ChannelsFirst }

// Reshape gives each example another shape of the same number of elements; one size may be −1.
type Reshape struct {
	Shape      []int  // of one example, without the batch; one size may be −1: it follows from the others
	Name       string // default: reshape, reshape_1, …
	InputShape []int  // of one example, without the batch; only needed for the first layer
}

// Kind is "Reshape".
func (*Reshape) Kind() string { return "Reshape" }

// Options are the settings that every layer has.
func (l *Reshape) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build refuses a shape with another number of elements.
func (l *Reshape) Build(_ *Builder, in []int) ([]int, error) {
	resolved, problem := tensor.ResolveShape(tensor.Size(in), l.Shape)
	if problem != "" {
		return nil, fmt.Errorf("%s to %s: %s", shapeString(in), shapeString(l.Shape), problem)
	}
	return resolved, nil
}

// Forward reshapes, which costs nothing.
func (l *Reshape) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return p.Tape.Reshape(x, append([]int{x.Value.Dim(0)}, l.Shape...)...)
}

// Input only gives the shape of an example. It may be the first layer of a model,
// instead of setting InputShape on another one.
type Input struct {
	Shape []int  // of one example, without the batch
	Name  string // default: input_layer, input_layer_1, …
}

// Kind is "InputLayer".
func (*Input) Kind() string { return "InputLayer" }

// Options are the settings that every layer has.
func (l *Input) Options() LayerOptions { return LayerOptions{l.Name, l.Shape, false} }

// Build changes nothing.
func (l *Input) Build(_ *Builder, in []int) ([]int, error) { return in, nil }

// Forward changes nothing.
func (l *Input) Forward(_ *Pass, x *autograd.Var) *autograd.Var { return x }
