// Command formats trains a small model and writes, to a folder, what other
// programs should be able to read: the model as safetensors, the course of its
// training as TensorBoard event files and as CSV, and values.json, which holds the
// same numbers. bench/peers/formats.py reads them all and compares.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"baregrad/kernels/reference"
	"baregrad/nn"
	"baregrad/tensor"
)

// values is what values.json holds.
type values struct {
	Tensors map[string][]float32 `json:"tensors"`
	Shapes  map[string][]int     `json:"shapes"`
	History map[string][]float64 `json:"history"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: formats FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "formats:", err)
		os.Exit(1)
	}
}

func write(folder string) error {
	ctx := context.Background()
	d := reference.New()
	m := nn.NewSequential(d, nn.Seed(1),
		&nn.Conv2D{Filters: 3, Kernel: [2]int{2, 2}, InputShape: []int{4, 4, 1}, Activation: nn.ReLU},
		&nn.Flatten{}, &nn.Dense{Units: 4, Activation: nn.Softmax})
	m.Metadata = map[string]string{"classes": `["a","b","c","d"]`, "note": `"quoted" ünïcode`}
	err := m.Compile(nn.CompileOptions{Optimizer: nn.Adam{}, Loss: nn.SparseCategoricalCrossentropy{}, Metrics: []nn.Metric{nn.Accuracy{}}})
	if err != nil {
		return err
	}
	const n = 64
	random := nn.Seed(2)
	images, labels := make([]float32, n*16), make([]int32, n)
	for i := range images {
		images[i] = random.Float32()
	}
	for i := range labels {
		labels[i] = int32(i % 4)
	}
	h, err := m.Fit(ctx, tensor.From(d, images, n, 4, 4, 1), tensor.From(d, labels, n), nn.FitOptions{
		Epochs: 3, ValidationSplit: 0.25, Verbose: nn.Silent,
		Callbacks: []nn.Callback{
			&nn.TensorBoard{Dir: filepath.Join(folder, "logs")}, &nn.CSVLogger{Path: filepath.Join(folder, "history.csv")},
		},
	})
	if err != nil {
		return err
	}
	if err := m.Save(ctx, filepath.Join(folder, "model.safetensors")); err != nil {
		return err
	}
	v := values{Tensors: map[string][]float32{}, Shapes: map[string][]int{}, History: h.Values}
	for _, p := range m.Params() {
		v.Tensors[p.Name], v.Shapes[p.Name] = p.Value.Floats(), p.Value.Shape()
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "values.json"), text, 0o644)
}
