package nn_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"testing"

	"baregrad/nn"
	"baregrad/tensor"
)

// The same seed gives the same network on every processor, on the reference device. These
// sums over the bits of trained weights were taken on amd64. They would change if another
// compiler or processor computed x*y + z differently (see package reference), or if anything
// were rounded differently in initializers, schedules, losses, gradients or optimizers. After
// changing a formula or the order of a sum, enter the sum that the test prints.
func TestTrainedBits(t *testing.T) {
	network := func(activation nn.ActivationFunc, init nn.Initializer, last nn.ActivationFunc) []nn.Layer {
		return []nn.Layer{
			&nn.Conv2D{Filters: 4, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: []int{8, 8, 1}},
			&nn.MaxPooling2D{},
			&nn.Conv2D{Filters: 6, Kernel: [2]int{2, 2}, Padding: nn.Same, Activation: activation, KernelInit: nn.Orthogonal{}},
			&nn.AveragePooling2D{Pool: [2]int{3, 3}},
			&nn.Flatten{},
			&nn.Dropout{Rate: 0.25},
			&nn.Dense{Units: 12, Activation: activation, KernelInit: init},
			&nn.Dense{Units: 4, Activation: last},
		}
	}
	for _, c := range []struct {
		name    string
		layers  []nn.Layer
		options nn.CompileOptions
		want    string
	}{
		{"Adam", network(nn.ReLU, nn.TruncatedNormal{}, nn.Softmax), nn.CompileOptions{
			Optimizer: nn.Adam{Clip: nn.Clipping{GlobalNorm: 0.5}, Schedule: nn.OneCycle{Peak: 0.01, Steps: 20}},
			Loss:      nn.SparseCategoricalCrossentropy{},
		}, "5dfff84a9da1d2ee"},
		{"AdamW", network(nn.GELU, nn.RandomUniform{}, nn.Softmax), nn.CompileOptions{
			Optimizer: nn.AdamW{Schedule: nn.CosineDecay{Initial: 0.001, Steps: 20, Alpha: 0.3, WarmupTarget: 0.01, WarmupSteps: 3}},
			Loss:      nn.CategoricalCrossentropy{LabelSmoothing: 0.1},
		}, "a8cabcf261596bcd"},
		{"RMSprop", network(nn.Tanh, nn.RandomNormal{}, nn.Sigmoid), nn.CompileOptions{
			Optimizer: nn.RMSprop{Centered: true, Momentum: 0.9, Clip: nn.Clipping{Norm: 0.5}, Schedule: nn.InverseTimeDecay{Initial: 0.003, Steps: 5, Rate: 0.7}},
			Loss:      nn.BinaryCrossentropy{LabelSmoothing: 0.1},
		}, "4351f6cea1a809a7"},
		{"SGD", network(nn.SELU, nil, nn.Sigmoid), nn.CompileOptions{
			Optimizer: nn.SGD{Momentum: 0.9, Nesterov: true, Schedule: nn.CosineDecayRestarts{Initial: 0.03, Steps: 7, Alpha: 0.1}},
			Loss:      nn.MeanSquaredError{},
		}, "9f9d8d020c39419d"},
		{"LogSoftmax", network(nn.GELUTanh, nn.HeNormal{}, nn.LogSoftmax), nn.CompileOptions{
			Optimizer: nn.SGD{Schedule: nn.PolynomialDecay{Initial: 0.3, Steps: 15}},
			Loss:      nn.MeanSquaredError{},
		}, "8a5436b240b7a24b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, "reference")
			x, labels := stripes(d, 96)
			y := labels
			if _, sparse := c.options.Loss.(nn.SparseCategoricalCrossentropy); !sparse {
				y = oneHot(labels)
			}
			m := nn.NewSequential(d, nn.Seed(3), c.layers...)
			if err := m.Compile(c.options); err != nil {
				t.Fatal(err)
			}
			h, err := m.Fit(context.Background(), x, y, quiet(4))
			if err != nil {
				t.Fatal(err)
			}
			sum := fnv.New64a()
			binary.Write(sum, binary.LittleEndian, weights(m))
			binary.Write(sum, binary.LittleEndian, h.Values["loss"])
			if got := fmt.Sprintf("%016x", sum.Sum64()); got != c.want {
				t.Errorf("weights and losses have the sum %s, want %s; losses %v", got, c.want, h.Values["loss"])
			}
		})
	}
}

// oneHot converts labels from 0 to 3 to [n,4] of 0 and 1.
func oneHot(labels *tensor.Tensor) *tensor.Tensor {
	values := make([]float32, 4*labels.Len())
	for i, class := range labels.Ints() {
		values[4*i+int(class)] = 1
	}
	return tensor.From(labels.Device(), values, labels.Len(), 4)
}
