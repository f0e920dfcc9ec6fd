package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"baregrad/bench"
	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// An Epoch is the time of an epoch of one of the tutorials, or of a whole
// training, as one line of the lab's results.
type Epoch struct {
	Name     string  `json:"name"` // the tutorial, or "to 99 %"
	By       string  `json:"by"`
	Batch    int     `json:"batch"`
	Examples int     `json:"examples"`
	Seconds  float64 `json:"seconds"` // of an epoch: the median of those after the first
	First    float64 `json:"first"`   // of the first epoch: it records and captures; the kernels are loaded by then
	Epochs   int     `json:"epochs"`
	Data     string  `json:"data,omitempty"`     // what a tutorial's network trained on
	StandIn  bool    `json:"stand_in,omitempty"` // that is not what the tutorial trains on
	Accuracy float64 `json:"accuracy,omitempty"` // of the test set after that, from 0 to 1
	Problem  string  `json:"problem,omitempty"`
}

// timeEpochs trains each tutorial's network on the tutorial's examples, which are on
// the device, and gives the time of an epoch.
func timeEpochs(w io.Writer, d *cuda.Device, smoke bool, parts *turns) error {
	to := json.NewEncoder(w)
	for _, n := range bench.Networks() {
		if !parts.take() {
			continue
		}
		e := epochOf(n, smoke)
		data, err := n.Data(context.Background())
		if err != nil {
			return err
		}
		e.Data, e.StandIn = data.String(), data.Missing != ""
		if err := epochs(d, n, &e); err != nil {
			e.Problem = err.Error()
		}
		if err := cmp.Or(to.Encode(e), lostAfter(d)); err != nil {
			return err
		}
	}
	return nil
}

// epochOf is what is to be measured of a network.
func epochOf(n bench.Network, smoke bool) Epoch {
	e := Epoch{Name: n.Name, By: "baregrad", Batch: n.Batch, Examples: n.Examples / n.Batch * n.Batch, Epochs: 6}
	if smoke {
		e.Batch, e.Examples, e.Epochs = 1, 2, 2
	}
	return e
}

func epochs(d kernels.Device, n bench.Network, e *Epoch) error {
	// Once for nothing: the driver compiles each kernel when it is first used.
	if _, err := fit(d, n, 2*e.Batch, e.Batch, 1); err != nil {
		return err
	}
	h, err := fit(d, n, e.Examples, e.Batch, e.Epochs)
	if err != nil {
		return err
	}
	e.First = h.Seconds[0]
	later := slices.Sorted(slices.Values(h.Seconds[1:]))
	e.Seconds = later[len(later)/2]
	return nil
}

// fit trains a network from fresh weights on the first of its tutorial's examples.
func fit(d kernels.Device, n bench.Network, examples, batch, epochs int) (*nn.History, error) {
	m, err := n.Model(d)
	if err != nil {
		return nil, err
	}
	data, err := n.Data(context.Background())
	if err != nil {
		return nil, err
	}
	x, y, err := n.Tensors(d, data, examples)
	if err != nil {
		return nil, err
	}
	defer x.Free()
	defer y.Free()
	return m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: epochs, BatchSize: batch, Verbose: nn.Silent})
}

// to99 trains a small network until 99 % of MNIST's test images are right: for
// one, two, … epochs anew, each with one cycle of the learning rate. The time is
// that of the training alone, the data being on the device and the kernels loaded.
func to99(w io.Writer, d kernels.Device, smoke bool) error {
	data, err := mnist.Load(context.Background(), "mnist", mnist.Options{})
	if err != nil {
		return err
	}
	train, test, most := data.Train, data.Test, 5
	if smoke {
		train, test, most = train.Slice(0, 8), test.Slice(0, 8), 1
	}
	x, y := set(d, train)
	testX, testY := set(d, test)
	e := Epoch{Name: "to 99 %", By: "baregrad", Batch: 256, Examples: train.N}
	few := min(2*e.Batch, train.N) // once for nothing: the driver compiles each kernel when it is first used
	m, err := smallCNN(d, 2)
	if err != nil {
		return err
	}
	if _, err := m.Fit(context.Background(), x.Slice(0, few), y.Slice(0, few), nn.FitOptions{BatchSize: e.Batch, Verbose: nn.Silent}); err != nil {
		return err
	}
	for e.Epochs = 1; e.Epochs <= most && e.Accuracy < 0.99; e.Epochs++ {
		m, err := smallCNN(d, e.Epochs*((train.N+e.Batch-1)/e.Batch))
		if err != nil {
			return err
		}
		d.Sync()
		begin := time.Now()
		h, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: e.Epochs, BatchSize: e.Batch, Verbose: nn.Silent})
		if err != nil {
			return err
		}
		d.Sync()
		e.Seconds, e.First = time.Since(begin).Seconds(), h.Seconds[0]
		scores, err := m.Evaluate(context.Background(), testX, testY, nn.EvaluateOptions{BatchSize: 500})
		if err != nil {
			return err
		}
		e.Accuracy = scores["accuracy"]
	}
	e.Epochs--
	if e.Accuracy < 0.99 {
		e.Problem = "99 % was not reached"
	}
	return json.NewEncoder(w).Encode(e)
}

// smallCNN is the network that to99 trains, in so many steps.
func smallCNN(d kernels.Device, steps int) (*nn.Sequential, error) {
	m := nn.NewSequential(d, nn.Seed(1),
		&nn.Conv2D{Filters: 24, Kernel: [2]int{5, 5}, Activation: nn.ReLU, InputShape: []int{28, 28, 1}},
		&nn.MaxPooling2D{Pool: [2]int{2, 2}},
		&nn.Conv2D{Filters: 32, Kernel: [2]int{3, 3}, Activation: nn.ReLU},
		&nn.MaxPooling2D{Pool: [2]int{2, 2}},
		&nn.Flatten{},
		&nn.Dense{Units: 256, Activation: nn.ReLU},
		&nn.Dense{Units: 10})
	return m, m.Compile(nn.CompileOptions{
		Optimizer: nn.Adam{Schedule: nn.OneCycle{Peak: 0.01, Steps: steps}},
		Loss:      nn.SparseCategoricalCrossentropy{FromLogits: true}, Metrics: []nn.Metric{nn.Accuracy{}},
	})
}

// set copies images and labels to the device.
func set(d kernels.Device, s mnist.Set) (x, y *tensor.Tensor) {
	return tensor.From(d, s.Images, s.N, s.Rows, s.Cols, 1), tensor.From(d, s.Int32Labels(), s.N)
}

// writeData hands out what torch_train.py trains on: every tutorial's examples, and
// MNIST's test images and labels as bytes.
func writeData(folder string) error {
	if err := bench.WriteExamples(context.Background(), folder); err != nil {
		return err
	}
	data, err := mnist.Load(context.Background(), "mnist", mnist.Options{})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "test.inputs"), data.Test.Images, 0o644),
		os.WriteFile(filepath.Join(folder, "test.labels"), data.Test.Labels, 0o644))
}
