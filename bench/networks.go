package bench

import (
	"fmt"

	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// A Network is the network of one of the tutorials, with its batch size, optimizer and loss. (The
// tutorials are in cmd/demo/tutorial; a test compares the layers.)
type Network struct {
	Name     string
	Dataset  string // of the tutorial
	Batch    int
	Examples int // in an epoch of the tutorial
	Input    []int
	Outputs  int
	classes  bool // labels are class numbers, not rows

	optimizer nn.Optimizer
	loss      nn.Loss
	layers    func() []nn.Layer
}

// Networks lists the networks of all tutorials.
func Networks() []Network {
	return []Network{
		{Name: "mnist-mlp", Dataset: "mnist", Batch: 1000, Examples: 60000, Input: []int{784}, Outputs: 10,
			optimizer: nn.RMSprop{LearningRate: 0.001, Rho: 0.9, Epsilon: 1e-8}, loss: nn.CategoricalCrossentropy{},
			layers: func() []nn.Layer {
				return []nn.Layer{
					&nn.Dense{Units: 32, InputShape: []int{784}},
					&nn.Activation{Function: nn.ReLU},
					&nn.Dense{Units: 10},
					&nn.Activation{Function: nn.Softmax},
				}
			}},
		{Name: "mnist-cnn", Dataset: "mnist", Batch: 128, Examples: 60000, Input: []int{28, 28, 1}, Outputs: 10,
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
		{Name: "fashion-mlp", Dataset: "fashion", Batch: 32, Examples: 60000, Input: []int{28, 28}, Outputs: 10, classes: true,
			optimizer: nn.Adam{}, loss: nn.SparseCategoricalCrossentropy{},
			layers: func() []nn.Layer {
				return []nn.Layer{
					&nn.Flatten{InputShape: []int{28, 28}},
					&nn.Dense{Units: 128, Activation: nn.ReLU},
					&nn.Dense{Units: 10, Activation: nn.Softmax},
				}
			}},
		{Name: "binary-mlp", Dataset: "random", Batch: 200, Examples: 1000, Input: []int{20}, Outputs: 1,
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
		{Name: "mnist-wide-mlp", Dataset: "mnist", Batch: 200, Examples: 60000, Input: []int{784}, Outputs: 10,
			optimizer: nn.Adam{}, loss: nn.CategoricalCrossentropy{},
			layers: func() []nn.Layer {
				return []nn.Layer{
					&nn.Dense{Units: 784, InputShape: []int{784}, Activation: nn.ReLU},
					&nn.Dense{Units: 10, Activation: nn.Softmax},
				}
			}},
		{Name: "mnist-cnn-channels-first", Dataset: "mnist", Batch: 200, Examples: 60000, Input: []int{1, 28, 28}, Outputs: 10,
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

// NetworkByName returns the network with that name, or a *nn.NameError.
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

// FLOP counts the floating-point operations of the matrix products and convolutions in one training
// step, a multiply-add counting as two: forward, by the weights and, except for the first layer, by
// the input. The rest of a step is small in comparison.
func (n Network) FLOP(m *nn.Sequential, batch int) float64 {
	total, first := 0.0, true
	for _, l := range m.Layers() {
		positions := 1 // each weight is used once per position of the output
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
