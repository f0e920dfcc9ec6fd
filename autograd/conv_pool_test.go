package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
)

// A convolution fused with its pooling gives the same bits as the two operations, and the
// same gradients except for the order of their sums.
func TestConv2DReLUMaxPoolIsBothInOne(t *testing.T) {
	same := autograd.Window{Padding: autograd.Same}
	for _, c := range []struct {
		name          string
		channels      int
		conv, pooling autograd.Window
		size          [2]int
		bias, frozen  bool
		input         bool // the input has a gradient
	}{
		{name: "2×2", channels: 3, size: [2]int{2, 2}, bias: true, input: true},
		{name: "2×2 without a bias", channels: 3, size: [2]int{2, 2}, input: true},
		{name: "2×2, the bias frozen", channels: 3, size: [2]int{2, 2}, bias: true, frozen: true, input: true},
		{name: "3×3, overlapping", channels: 2, size: [2]int{3, 3}, pooling: autograd.Window{Strides: [2]int{1, 2}}, bias: true, input: true},
		{name: "2×3, same padding", channels: 2, conv: same, size: [2]int{2, 3}, pooling: same, bias: true, input: true},
		{name: "first layer", channels: 1, size: [2]int{2, 2}, bias: true},
		{name: "first layer, strides and padding", channels: 1, conv: autograd.Window{Strides: [2]int{1, 2}, Padding: autograd.Same}, size: [2]int{2, 2}, bias: true},
		{name: "first layer, the bias frozen", channels: 1, size: [2]int{2, 2}, bias: true, frozen: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			onDevices(t, func(t *testing.T, d kernels.Device) {
				const filters = 24
				run := func(inOne bool) (y, dx, dw, db []float32) {
					tape := autograd.NewTape(d)
					defer tape.Free()
					x := param(d, spread(1, 2*8*7*c.channels), 2, 8, 7, c.channels)
					x.SetTrainable(c.input)
					w := param(d, spread(2, 2*2*c.channels*filters), 2, 2, c.channels, filters)
					var bias *Var
					if c.bias {
						bias = param(d, spread(3, filters))
						bias.SetTrainable(!c.frozen)
					}
					o := c.conv
					o.ReLU = true
					var pooled *Var
					if inOne {
						pooled = tape.Conv2DReLUMaxPool(x, w, bias, o, c.size, c.pooling)
					} else {
						pooled = tape.MaxPool(tape.Conv2D(x, w, bias, o), c.size, c.pooling)
					}
					loss := weighted(tape, pooled, spread(4, pooled.Value.Len()))
					tape.Backward(loss)
					tape.Replay()
					if c.input {
						dx = x.Grad.Floats()
					}
					if bias != nil && !c.frozen {
						db = bias.Grad.Floats()
					}
					return pooled.Value.Floats(), dx, w.Grad.Floats(), db
				}
				y, dx, dw, db := run(true)
				y2, dx2, dw2, db2 := run(false)
				if !slices.ContainsFunc(y, func(v float32) bool { return v == 0 }) || !slices.ContainsFunc(dw, func(v float32) bool { return v != 0 }) {
					t.Fatal("the ReLU must stop some and let some through")
				}
				if !slices.Equal(y, y2) {
					t.Error("y is not the same")
				}
				// Some 100 summands up to 50, in another order: some 100 rounding errors.
				near(t, "dx", dx, dx2, 1e-5)
				near(t, "dw", dw, dw2, 1e-5)
				near(t, "dbias", db, db2, 1e-5)
			})
		})
	}
}

// A ReLU whose output is read by the pooling and by something else passes on both shares.
func TestPoolingBesideAnotherReader(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewTape(d)
		defer tape.Free()
		x := param(d, []float32{1, -2, 3, 4, -5, 6}, 1, 2, 3, 1)
		w := param(d, []float32{1}, 1, 1, 1, 1)
		bias := param(d, []float32{-1})
		conv := tape.Conv2D(x, w, bias, autograd.Window{ReLU: true}) // 0 0 2 3 0 5
		pooled := tape.MaxPool(conv, [2]int{1, 3}, autograd.Window{})
		both := tape.Add(tape.Sum(pooled, 0, 3), tape.Sum(tape.Affine(conv, 10, 0), 0, 3))
		for range 2 {
			tape.Backward(both)
			near(t, "dx", x.Grad.Floats(), []float32{0, 0, 11, 10, 0, 11}, 0)
			near(t, "dbias", bias.Grad.Floats(), []float32{32}, 0)
		}
	})
}
