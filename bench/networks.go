package bench

import (
	"fmt"
	"math/rand/v2"

	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// A Network is what one of the tutorials trains, with its batch size, optimizer
// and loss. (The tutorials are in cmd/demo/tutorial; a test compares the layers.)
type Network struct {
	Name     string
	Batch    int
	Examples int // that the tutorial trains on in an epoch
	Input    []int
	Outputs  int
	classes  bool // labels are class numbers, not rows
	pixels   bool // inputs are uint8, not float32

	optimizer nn.Optimizer
	loss      nn.Loss
	layers    func() []nn.Layer
}

// Networks lists the networks of all tutorials.
func Networks() []Network {
	return []Network{
		{Name: "mnist-mlp", Batch: 1000, Examples: 60000, Input: []int{784}, Outputs: 10, pixels: true,
			optimizer: nn.RMSprop{LearningRate: 0.001, Rho: 0.9, Epsilon: 1e-8}, loss: nn.CategoricalCrossentropy{},
			layers: func() []nn.Layer {
				return []nn.Layer{
					&nn.Dense{Units: 32, InputShape: []int{784}},
					&nn.Activation{Function: nn.ReLU},
					&nn.Dense{Units: 10},
					&nn.Activation{Function: nn.Softmax},
				}
			}},
		{Name: "mnist-cnn", Batch: 128, Examples: 60000, Input: []int{28, 28, 1}, Outputs: 10, pixels: true,
			optimizer: nn.Adam{}, loss: nn.CategoricalCrossentropy{},
			layers: func() []nn.Layer {
				return []nn.Layer{
					&nn.Conv2D{Filters: 32, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: []int{28, 28, 1}},
					&nn.Conv2D{Filters: 64, Kernel: [2]int{3, 3}, Activation: nn.ReLU},
					&nn.MaxPooling2D{Pool: [2]int{2, 2}},
					&nn.Dropout{Rate: 0.25},
					&nn.Flatten{},
					&nn.Dense{Units: 128, Activation: nn.ReLU},
					&nn.Dropout{Rate: 0.5},
					&nn.Dense{Units: 10, Activation: nn.Softmax},
				}
			}},
		{Name: "fashion-mlp", Batch: 32, Examples: 60000, Input: []int{28, 28}, Outputs: 10, pixels: true, classes: true,
			optimizer: nn.Adam{}, loss: nn.SparseCategoricalCrossentropy{},
			layers: func() []nn.Layer {
				return []nn.Layer{
					&nn.Flatten{InputShape: []int{28, 28}},
					&nn.Dense{Units: 128, Activation: nn.ReLU},
					&nn.Dense{Units: 10, Activation: nn.Softmax},
				}
			}},
		{Name: "binary-mlp", Batch: 200, Examples: 1000, Input: []int{20}, Outputs: 1,
			optimizer: nn.RMSprop{}, loss: nn.BinaryCrossentropy{},
			layers: func() []nn.Layer {
				return []nn.Layer{
					&nn.Dense{Units: 64, Activation: nn.ReLU, InputShape: []int{20}},
					&nn.Dropout{Rate: 0.5},
					&nn.Dense{Units: 64, Activation: nn.ReLU},
					&nn.Dropout{Rate: 0.5},
					&nn.Dense{Units: 1, Activation: nn.Sigmoid},
				}
			}},
		{Name: "mnist-wide-mlp", Batch: 200, Examples: 60000, Input: []int{784}, Outputs: 10, pixels: true,
			optimizer: nn.Adam{}, loss: nn.CategoricalCrossentropy{},
			layers: func() []nn.Layer {
				return []nn.Layer{
					&nn.Dense{Units: 784, InputShape: []int{784}, Activation: nn.ReLU},
					&nn.Dense{Units: 10, Activation: nn.Softmax},
				}
			}},
		{Name: "mnist-cnn-channels-first", Batch: 200, Examples: 60000, Input: []int{1, 28, 28}, Outputs: 10, pixels: true,
			optimizer: nn.Adam{}, loss: nn.CategoricalCrossentropy{},
			layers: func() []nn.Layer {
				const first = nn.ChannelsFirst
				return []nn.Layer{
					&nn.Conv2D{Filters: 32, Kernel: [2]int{5, 5}, InputShape: []int{1, 28, 28}, Activation: nn.ReLU, DataFormat: first},
					&nn.MaxPooling2D{Pool: [2]int{2, 2}, DataFormat: first},
					&nn.Dropout{Rate: 0.2},
					&nn.Flatten{DataFormat: first},
					&nn.Dense{Units: 128, Activation: nn.ReLU},
					&nn.Dense{Units: 10, Activation: nn.Softmax},
				}
			}},
	}
}

// NetworkByName is the network of that name, or a *nn.NameError.
func NetworkByName(name string) (Network, error) {
	names := []string{}
	for _, n := range Networks() {
		if n.Name == name {
			return n, nil
		}
		names = append(names, n.Name)
	}
	return Network{}, nn.Unknown("network", name, names)
}

// Model builds the network on a device and compiles it.
func (n Network) Model(d kernels.Device) (*nn.Sequential, error) {
	m := nn.NewSequential(d, nn.Seed(1), n.layers()...)
	err := m.Compile(nn.CompileOptions{Optimizer: n.optimizer, Loss: n.loss, Metrics: []nn.Metric{nn.Accuracy{}}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Name, err)
	}
	return m, nil
}

// Data makes random examples with random labels: time does not depend on them.
func (n Network) Data(d kernels.Device, examples int) (x, y *tensor.Tensor) {
	source := rand.NewChaCha8([32]byte{1})
	random := rand.New(source)
	shape := append([]int{examples}, n.Input...)
	if n.pixels {
		pixels := make([]uint8, tensor.Size(shape))
		source.Read(pixels) // it never fails
		x = tensor.From(d, pixels, shape...)
	} else {
		values := make([]float32, tensor.Size(shape))
		for i := range values {
			values[i] = random.Float32()
		}
		x = tensor.From(d, values, shape...)
	}
	if n.classes {
		labels := make([]int32, examples)
		for i := range labels {
			labels[i] = int32(random.IntN(n.Outputs))
		}
		return x, tensor.From(d, labels, examples)
	}
	rows := make([]float32, examples*n.Outputs)
	for i := range examples {
		if k := random.IntN(max(2, n.Outputs)); k < n.Outputs {
			rows[i*n.Outputs+k] = 1
		}
	}
	return x, tensor.From(d, rows, examples, n.Outputs)
}

// FLOP counts the floating-point operations of the matrix products and
// convolutions of one training step, a multiply-add being two: forward, by the
// weights, and, but for the first layer, by the input. All else that a step does
// is little beside them.
func (n Network) FLOP(m *nn.Sequential, batch int) float64 {
	total, first := 0.0, true
	for _, l := range m.Layers() {
		positions := 1 // each weight is used once for each position of the output
		switch c := l.Layer.(type) {
		case *nn.Conv2D:
			positions = tensor.Size(l.Output) / c.Filters
		case *nn.Dense:
		default:
			continue
		}
		products := 3.0
		if first {
			products, first = 2, false
		}
		total += products * 2 * float64(batch) * float64(positions) * float64(tensor.Size(l.Params[0].Shape()))
	}
	return total
}
