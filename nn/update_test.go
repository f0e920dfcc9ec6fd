package nn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/tensor"
)

// updating counts the products that are done together with their updates; apart keeps the
// device from doing so.
type updating struct {
	kernels.Device
	apart bool
	calls int
}

func (d *updating) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) bool {
	d.calls++
	if d.apart {
		d.MatMul(g, a, b, nil, s)
		return false
	}
	return d.Device.MatMulUpdate(u, g, a, b, s)
}

// The weights and the optimizer's state do not depend on whether the dense layers' updates
// are done with the products that make their gradients. With clipping they are not.
func TestUpdatesWithTheirProducts(t *testing.T) {
	const batch, steps = 48, 5
	train := func(t *testing.T, o Optimizer, apart bool) (state [][]float32, calls int) {
		inner, err := auto.Open("cpu")
		if err != nil {
			t.Fatal(err)
		}
		defer inner.Close()
		d := &updating{Device: inner, apart: apart}
		m := NewSequential(d, Seed(3), &Flatten{InputShape: []int{28, 28, 1}},
			&Dense{Units: 96, Activation: ReLU}, &Dense{Units: 96, Activation: ReLU, Frozen: true},
			&Dense{Units: 33, Activation: Tanh}, &Dense{Units: 10, Activation: Softmax})
		if err := m.Compile(CompileOptions{Optimizer: o, Loss: SparseCategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(5, 6))
		images, labels := make([]uint8, batch*784), make([]int32, batch)
		for i := range images {
			images[i] = uint8(max(0, r.IntN(512)-256)) // half of them 0
		}
		for i := range labels {
			labels[i] = int32(r.IntN(10))
		}
		s := newSession(m)
		defer s.free()
		s.order(ascending(batch))
		kind := stepKind{x: tensor.From(d, images, batch, 28, 28, 1), y: tensor.From(d, labels, batch),
			batch: batch, training: true, last: len(m.layers) - 1}
		for range steps {
			s.run(kind, 0)
		}
		for _, p := range m.params {
			state = append(state, p.Value.Floats())
		}
		for _, kept := range m.updater.State() {
			state = append(state, kept.Tensor.Floats())
		}
		return state, d.calls
	}
	const trained = 3 // dense layers
	for _, c := range []struct {
		optimizer Optimizer
		calls     int
	}{
		{SGD{}, trained * (steps - 1)}, {SGD{Momentum: 0.9, Nesterov: true}, trained * (steps - 1)},
		{RMSprop{}, trained * (steps - 1)}, {RMSprop{Centered: true, Momentum: 0.5}, trained * (steps - 1)},
		{Adam{}, trained * (steps - 1)}, {AdamW{}, trained * (steps - 1)},
		{Adam{Clip: Clipping{Norm: 0.1}}, 0}, {Adam{Clip: Clipping{Value: 0.01}}, 0}, {SGD{Clip: Clipping{GlobalNorm: 0.1}}, 0},
	} {
		t.Run(fmt.Sprintf("%+v", c.optimizer), func(t *testing.T) {
			want, _ := train(t, c.optimizer, true)
			got, calls := train(t, c.optimizer, false)
			if calls != c.calls {
				t.Errorf("%d products came with their updates, want %d", calls, c.calls)
			}
			for i := range want {
				if !slices.Equal(got[i], want[i]) {
					t.Errorf("tensor %d of %d is another one", i, len(want))
				}
			}
		})
	}
}
