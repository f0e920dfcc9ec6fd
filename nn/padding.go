package nn

import (
	"fmt"

	"baregrad/autograd"
)

// ZeroPadding2D surrounds images [batch, H, W, C] with zeros: [batch, top+H+bottom,
// left+W+right, C]. With ChannelsFirst, images are [batch, C, H, W].
type ZeroPadding2D struct {
	// Padding is {{top, bottom}, {left, right}}, in pixels; 1 on each side if all four are 0.
	// For Keras's padding=2 it is {{2, 2}, {2, 2}}, for padding=(1, 2) {{1, 1}, {2, 2}}.
	Padding    [2][2]int
	DataFormat DataFormat // ChannelsLast if empty
	Name       string     // default: zero_padding2d, zero_padding2d_1, …
	InputShape []int      // of one example, without the batch; only needed for the first layer
}

// Kind is "ZeroPadding2D".
func (*ZeroPadding2D) Kind() string { return "ZeroPadding2D" }

// Options are the settings that every layer has.
func (l *ZeroPadding2D) Options() LayerOptions { return LayerOptions{l.Name, l.InputShape, false} }

// Build refuses inputs that are not images, and negative paddings.
func (l *ZeroPadding2D) Build(_ *Builder, in []int) ([]int, error) {
	if err := firstError(l.DataFormat.check(), l.DataFormat.checkImages(in)); err != nil {
		return nil, err
	}
	in = l.DataFormat.last(in)
	out := []int{in[0], in[1], in[2]}
	for axis, around := range l.padding() {
		for _, pixels := range around {
			if pixels < 0 {
				return nil, fmt.Errorf("padding is %v, must be at least 0 on each side", l.Padding)
			}
			if pixels > maxElements-out[axis] {
				return nil, fmt.Errorf("padding is %v: around images of %d×%d it makes more than memory can hold", l.Padding, in[0], in[1])
			}
			out[axis] += pixels
		}
	}
	return l.DataFormat.first(out), nil
}

// padding is Padding, or its default.
func (l *ZeroPadding2D) padding() [2][2]int {
	if l.Padding == [2][2]int{} {
		return [2][2]int{{1, 1}, {1, 1}}
	}
	return l.Padding
}

// Forward records the padding.
func (l *ZeroPadding2D) Forward(p *Pass, x *autograd.Var) *autograd.Var {
	return p.Tape.ZeroPad(p.images(x, l.DataFormat), l.padding())
}

func (l *ZeroPadding2D) anyLayout() bool { return l.DataFormat == ChannelsFirst }
