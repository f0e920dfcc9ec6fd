// Package tutorial contains six programs from well-known Keras tutorials, written with baregrad:
// the same networks, data and settings, with the tutorials' output. Each is a separate function
// that can be read, and copied into a program, by itself.
package tutorial

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// A Tutorial is one of the programs.
type Tutorial struct {
	Name    string
	Title   string
	Dataset string
	Epochs  int
	run     func(s *Setting) (*Result, error)
}

// All lists the tutorials.
func All() []Tutorial {
	return []Tutorial{
		{"mnist-mlp", "784-32-10 on one-hot labels, RMSprop: a first classifier", "mnist", 20, mnistMLP},
		{"mnist-cnn", "two convolutions, dropout, Adam: Keras's own convolutional network", "mnist", 5, mnistCNN},
		{"fashion-mlp", "clothes by a hidden layer of 128, labels as class numbers", "fashion", 10, fashionMLP},
		{"binary-mlp", "random rows with random labels: what can't be learnt", "random", 10, binaryMLP},
		{"mnist-wide-mlp", "a hidden layer as wide as the image, data from an .npz file", "mnist", 10, mnistWideMLP},
		{"mnist-cnn-channels-first", "5×5 convolutions on images with the channels first", "mnist", 10, mnistCNNChannelsFirst},
	}
}

// ByName returns the tutorial with that name, or a *nn.NameError.
func ByName(name string) (Tutorial, error) {
	names := []string{}
	for _, t := range All() {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Tutorial{}, nn.Unknown("tutorial", name, names)
}

// A Setting holds the inputs of a tutorial.
type Setting struct {
	Context context.Context
	Device  kernels.Device
	Out     io.Writer     // for the tutorial's output
	Screen  mnist.Screen  // how pictures are drawn on Out
	Epochs  int           // the tutorial's own if 0
	Seed    uint64        // of the model
	Data    mnist.Options // where data sets are found
	Folder  string        // where files are written; a temporary folder if empty
	Figures Figures       // draws pictures to files; nil draws none
}

// Figures draws the pictures of a tutorial to files.
type Figures interface {
	// Image draws one image with a bar that shows which shade is which value.
	Image(name string, pixels []uint8, rows, cols int) error
	// Grid draws images with captions, five per row.
	Grid(name string, tiles []mnist.Tile) error
	// Prediction draws an image next to the bars of its probabilities.
	Prediction(name string, pixels []uint8, rows, cols int, probabilities []float32, classes []string, actual int) error
	// Curves draws the history of a training run.
	Curves(name string, h *nn.History) error
}

// A Result is the result of a tutorial.
type Result struct {
	Model        *nn.Sequential
	History      *nn.History
	TrainSeconds float64
	Scores       map[string]float64 // on the test set
	Saved        string             // the model's file in Setting.Folder; empty if none is kept
}

// Run runs the tutorial.
func (t Tutorial) Run(s Setting) (*Result, error) {
	if s.Epochs == 0 {
		s.Epochs = t.Epochs
	}
	return t.run(&s)
}

// printf writes a line of the tutorial's output.
func (s *Setting) printf(format string, args ...any) { fmt.Fprintf(s.Out, format+"\n", args...) }

// devices prints the available devices.
func (s *Setting) devices() {
	gpus := 0
	for _, d := range auto.List() {
		if d.Available && d.Name == "cuda" {
			gpus++
		}
	}
	s.printf("Num GPUs Available:  %d", gpus)
	s.printf("Num CPUs Available:  1")
	s.printf("Computing on %s", s.Device.Name())
}

// load loads a data set.
func (s *Setting) load(name string) (*mnist.Dataset, error) {
	return mnist.Load(s.Context, name, s.Data)
}

// integers copies a set's labels to the device as class numbers: int32 [n].
func (s *Setting) integers(set mnist.Set) *tensor.Tensor {
	return tensor.From(s.Device, set.Int32Labels(), set.N)
}

// oneHot copies labels to the device as rows that are 1 at the class: float32 [n, classes]. If
// classes is 0, the labels determine the number.
func (s *Setting) oneHot(labels []uint8, classes int) (*tensor.Tensor, error) {
	rows, err := mnist.ToCategorical(labels, classes)
	if err != nil {
		return nil, err
	}
	return tensor.From(s.Device, rows, len(labels), len(rows)/len(labels)), nil
}

// fit trains and measures the time.
func (s *Setting) fit(m *nn.Sequential, x, y *tensor.Tensor, o nn.FitOptions) (*Result, error) {
	o.Epochs, o.Output = s.Epochs, s.Out
	begin := time.Now()
	history, err := m.Fit(s.Context, x, y, o)
	if err != nil {
		return nil, err
	}
	r := &Result{Model: m, History: history, TrainSeconds: time.Since(begin).Seconds()}
	if s.Figures != nil {
		return r, s.Figures.Curves("history", history)
	}
	return r, nil
}

// picture draws an image in the terminal and to a file.
func (s *Setting) picture(name string, pixels []uint8, rows, cols int) error {
	s.printf("%s", strings.TrimRight(s.Screen.Image(pixels, rows, cols), "\n"))
	if s.Figures == nil {
		return nil
	}
	return s.Figures.Image(name, pixels, rows, cols)
}

// grid draws images with captions in the terminal and to a file.
func (s *Setting) grid(name string, tiles []mnist.Tile) error {
	s.printf("%s", strings.TrimRight(s.Screen.Grid(tiles), "\n"))
	if s.Figures == nil {
		return nil
	}
	return s.Figures.Grid(name, tiles)
}

// prediction draws an image next to its probabilities.
func (s *Setting) prediction(name string, set mnist.Set, i int, probabilities []float32, classes []string) error {
	s.printf("%s", strings.TrimRight(s.Screen.Prediction(set.Image(i), set.Rows, set.Cols, probabilities, classes, best(probabilities)), "\n"))
	if s.Figures == nil {
		return nil
	}
	return s.Figures.Prediction(name, set.Image(i), set.Rows, set.Cols, probabilities, classes, int(set.Labels[i]))
}

// best returns the index of the largest value.
func best(values []float32) int {
	b := 0
	for i, v := range values {
		if v > values[b] {
			b = i
		}
	}
	return b
}

// shape formats sizes as Python does: (60000, 28, 28), (60000,).
func shape(sizes ...int) string {
	if len(sizes) == 1 {
		return fmt.Sprintf("(%d,)", sizes[0])
	}
	return "(" + strings.Trim(strings.ReplaceAll(fmt.Sprint(sizes), " ", ", "), "[]") + ")"
}

// list formats numbers as Python does: [0.5, 0.25].
func list(values []float64) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = float(v)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// float formats a number as Python does: 65.0, not 65.
func float(v float64) string {
	s := fmt.Sprint(v)
	if !strings.ContainsAny(s, ".eIN") {
		s += ".0"
	}
	return s
}
