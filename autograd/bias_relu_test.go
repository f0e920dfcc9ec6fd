package autograd_test

import (
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
)

// A pooling that alone reads a convolution's output takes its gradient through
// the ReLU; with a second reader, which has no part in the loss, each goes its own
// way. All gradients but the bias's must be the same bits.
func TestPoolingTakesTheGradientThroughTheReLU(t *testing.T) {
	for _, c := range []struct {
		name   string
		size   [2]int
		window autograd.Window
		bias   bool
		frozen bool
	}{
		{name: "2×2", size: [2]int{2, 2}, bias: true},
		{name: "2×2 without a bias", size: [2]int{2, 2}},
		{name: "2×2, the bias frozen", size: [2]int{2, 2}, bias: true, frozen: true},
		{name: "3×3, overlapping", size: [2]int{3, 3}, window: autograd.Window{Strides: [2]int{1, 2}}, bias: true},
		{name: "2×3, same padding", size: [2]int{2, 3}, window: autograd.Window{Padding: autograd.Same}, bias: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			onDevices(t, func(t *testing.T, d kernels.Device) {
				const filters = 19
				run := func(readTwice bool) (y, dy, dx, dw, db []float32) {
					tape := autograd.NewTape(d)
					defer tape.Free()
					x := param(d, spread(1, 2*8*7*3), 2, 8, 7, 3)
					w := param(d, spread(2, 2*2*3*filters), 2, 2, 3, filters)
					var bias *Var
					if c.bias {
						bias = param(d, spread(3, filters))
						bias.SetTrainable(!c.frozen)
					}
					conv := tape.Conv2D(x, w, bias, autograd.Window{ReLU: true})
					pooled := tape.MaxPool(conv, c.size, c.window)
					if readTwice {
						tape.Exp(conv)
					}
					n := pooled.Value.Len()
					tape.Backward(weighted(tape, pooled, spread(4, n)))
					tape.Replay()
					if bias != nil && !c.frozen {
						db = bias.Grad.Floats()
					}
					return conv.Value.Floats(), conv.Grad.Floats(), x.Grad.Floats(), w.Grad.Floats(), db
				}
				y, dy, dx, dw, db := run(false)
				y2, dy2, dx2, dw2, db2 := run(true)
				if !slices.ContainsFunc(y, func(v float32) bool { return v == 0 }) || !slices.ContainsFunc(dy, func(v float32) bool { return v != 0 }) {
					t.Fatal("the ReLU must stop some and let some through")
				}
				for _, g := range []struct {
					name      string
					got, want []float32
				}{{"y", y, y2}, {"dy", dy, dy2}, {"dx", dx, dx2}, {"dw", dw, dw2}} {
					if !slices.Equal(g.got, g.want) {
						t.Errorf("%s is not the same", g.name)
					}
				}
				// Some 100 summands up to 50, in another order: some 100 roundings.
				near(t, "dbias", db, db2, 1e-5)
			})
		})
	}
}

// A ReLU whose output is read by the pooling and something else passes on both shares.
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
