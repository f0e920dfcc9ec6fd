package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"baregrad/bench"
	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/mnist"
	"baregrad/nn"
)

// An Epoch is the time of an epoch of one of the tutorials, or of a whole training, as one line of
// the results.
type Epoch struct {
	Name     string    `json:"name"` // the tutorial, or "to 99 %"
	By       string    `json:"by"`
	Batch    int       `json:"batch"`
	Examples int       `json:"examples"`
	Seconds  float64   `json:"seconds"` // per epoch: the median of those after the first
	First    float64   `json:"first"`   // of the first epoch, which records and captures; the kernels are already loaded
	Epochs   int       `json:"epochs"`
	Data     string    `json:"data,omitempty"`     // the data of a tutorial's network
	StandIn  bool      `json:"stand_in,omitempty"` // not the data that the tutorial trains on
	Accuracy float64   `json:"accuracy,omitempty"` // on the test set afterwards, from 0 to 1: the mean of Trials
	Trials   []float64 `json:"trials,omitempty"`   // to 99 %: the accuracy of each training, by seed
	Problem  string    `json:"problem,omitempty"`
}

// timeEpochs trains each tutorial's network on the tutorial's examples, which are on the device,
// and writes the time per epoch.
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

// epochOf returns what is to be measured for a network.
func epochOf(n bench.Network, smoke bool) Epoch {
	e := Epoch{Name: n.Name, By: "baregrad", Batch: n.Batch, Examples: n.Examples / n.Batch * n.Batch, Epochs: 6}
	if smoke {
		e.Batch, e.Examples, e.Epochs = 1, 2, 2
	}
	return e
}

func epochs(d kernels.Device, n bench.Network, e *Epoch) error {
	// Warm-up: the driver compiles each kernel on first use.
	if _, err := fit(d, n, 2*e.Batch, e.Batch, 1); err != nil {
		return err
	}
	h, err := fit(d, n, e.Examples, e.Batch, e.Epochs)
	if err != nil {
		return err
	}
	if loss := h.Values["loss"]; e.Epochs > 2 && !learned(loss) {
		return fmt.Errorf("in %d epochs the loss went from %v to %v: that is no training", e.Epochs, loss[0], loss[len(loss)-1])
	}
	e.First = h.Seconds[0]
	later := slices.Sorted(slices.Values(h.Seconds[1:]))
	e.Seconds = later[len(later)/2]
	return nil
}

// learned reports whether a loss by epochs is a training's, whose time counts. (One tutorial's
// labels are random: its loss hardly falls.)
func learned(loss []float64) bool {
	first, last := loss[0], loss[len(loss)-1]
	return first > 0 && last < 1.05*first
}

// fit trains a network from fresh weights on the first examples of its tutorial.
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

// writeData writes the data for torch_train.py: every tutorial's examples, and MNIST's test images
// and labels as bytes.
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
