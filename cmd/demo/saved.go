package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"baregrad/kernels"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// The program's entries in the metadata of saved models.
const (
	keyDataset = "dataset" // the data set's name for mnist.Load
	keyClasses = "classes" // the names of the classes, a JSON list
	keyHistory = "history" // what the training measured, by epoch, as JSON

	keySettings = "settings" // of a backup: the flags of its training
)

// side is the height and width of the images that the program supports.
const side = 28

// describe records in a model's metadata what it was trained on and how that went.
func describe(m *nn.Sequential, data *mnist.Dataset, h *nn.History) error {
	classes, err := json.Marshal(data.ClassNames)
	if err != nil {
		return err
	}
	m.Metadata = map[string]string{keyDataset: data.Name, keyClasses: string(classes)}
	for _, values := range h.Values {
		if slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
			return nil // JSON cannot represent these numbers
		}
	}
	history, err := json.Marshal(h.Values)
	if err != nil {
		return err
	}
	m.Metadata[keyHistory] = string(history)
	return nil
}

// A classifier is a saved model that classifies images of 28×28 pixels.
type classifier struct {
	*nn.Sequential
	file    string
	classes []string
	dataset string // empty if the file does not say
}

// openClassifier loads a model and checks that it is a classifier.
func openClassifier(ctx context.Context, d kernels.Device, file string) (*classifier, error) {
	m, err := nn.Load(ctx, d, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (%s train%s saves one)", err, program, trainsTo(file))
	}
	if err != nil {
		return nil, err
	}
	takes := [][]int{{side, side}, {side, side, 1}, {1, side, side}, {side * side}}
	if !slices.ContainsFunc(takes, func(shape []int) bool { return slices.Equal(shape, m.InputShape()) }) {
		return nil, fmt.Errorf("%s: the model takes examples of shape %v, expected %v, %v, %v or %v",
			file, m.InputShape(), takes[0], takes[1], takes[2], takes[3])
	}
	out := m.OutputShape()
	if len(out) != 1 || out[0] < 2 {
		return nil, fmt.Errorf("%s: the model gives outputs of shape %v, expected one value for each of at least 2 classes", file, out)
	}
	c := &classifier{Sequential: m, file: file, dataset: m.Metadata[keyDataset]}
	if text, ok := m.Metadata[keyClasses]; ok {
		if err := json.Unmarshal([]byte(text), &c.classes); err != nil {
			return nil, fmt.Errorf("%s: the names of the classes: %w", file, err)
		}
		if len(c.classes) != out[0] {
			return nil, fmt.Errorf("%s: there are names for %d classes, but the model has %d", file, len(c.classes), out[0])
		}
		return c, nil
	}
	for i := range out[0] {
		c.classes = append(c.classes, strconv.Itoa(i))
	}
	return c, nil
}

// trainsTo returns the flags with which demo train saves a model under the given name, as far as the
// name tells.
func trainsTo(file string) (flags string) {
	base := filepath.Base(file)
	if strings.HasPrefix(base, "fashion-") {
		flags += " --dataset fashion"
	}
	if strings.HasSuffix(base, "-mlp.safetensors") {
		flags += " --model mlp"
	}
	return flags
}

// form returns how pictures are converted for the model: as name says or, for auto, like the images
// that the model was trained on.
func (c *classifier) form(name string) (mnist.Form, error) {
	switch {
	case name != "auto":
		return mnist.FormByName(name)
	case c.dataset == "fashion":
		return mnist.FashionForm, nil
	}
	return mnist.DigitForm, nil
}

// examples copies images of 28×28 pixels to the model's device, in the model's input shape.
func (c *classifier) examples(images []uint8) *tensor.Tensor {
	return tensor.From(c.Device(), images, append([]int{len(images) / (side * side)}, c.InputShape()...)...)
}

// classify returns the probability of each class for each of the images, [n, classes].
func (c *classifier) classify(ctx context.Context, images []uint8) ([]float32, error) {
	x := c.examples(images)
	defer x.Free()
	out, err := c.Predict(ctx, x, nn.EvaluateOptions{BatchSize: 250})
	if err != nil {
		return nil, err
	}
	defer out.Free()
	p := out.Floats()
	for row := range slices.Chunk(p, len(c.classes)) {
		probabilities(row)
	}
	return p, nil
}

// probabilities leaves a row of probabilities unchanged. Any other row, such as the logits of a
// model without a softmax, is converted by a softmax.
func probabilities(row []float32) {
	sum, most, valid := 0.0, row[0], true
	for _, v := range row {
		sum += float64(v)
		most = max(most, v)
		valid = valid && v >= 0
	}
	if valid && math.Abs(sum-1) <= 1e-3 { // tolerance for float32 rounding with many classes
		return
	}
	sum = 0
	for _, v := range row {
		sum += math.Exp(float64(v - most))
	}
	for i, v := range row {
		row[i] = float32(math.Exp(float64(v-most)) / sum)
	}
}

// data loads the data set that the model was trained on, or the named one.
func (c *classifier) data(ctx context.Context, name string, o mnist.Options) (*mnist.Dataset, error) {
	if name == "" {
		name = c.dataset
	}
	if name == "own" && o.Dir == "" {
		return nil, fmt.Errorf("%s was trained on data of your own: name their folder with --data-dir", c.file)
	}
	if name == "" {
		return nil, fmt.Errorf("%s does not say which data set it was trained on: name one with --dataset", c.file)
	}
	if name == "own" {
		name = "mnist" // the contents of the folder are taken as they are
	}
	o.OwnClasses = true
	data, err := loadData(ctx, name, o)
	if err != nil {
		return nil, err
	}
	if data.Test.Rows != side || data.Test.Cols != side {
		return nil, fmt.Errorf("%s has images of %d×%d pixels, expected %d×%d", data.Title, data.Test.Rows, data.Test.Cols, side, side)
	}
	if len(data.ClassNames) != len(c.classes) {
		return nil, fmt.Errorf("%s has %d classes, the model %d", data.Title, len(data.ClassNames), len(c.classes))
	}
	return data, nil
}

// await calls read, which may wait for the other end of a pipe, but waits only until ctx ends.
func await[T any](ctx context.Context, read func() (T, error)) (value T, err error) {
	done := make(chan struct{})
	var got T
	var failed error
	go func() {
		got, failed = read()
		close(done)
	}()
	select {
	case <-done:
		return got, failed
	case <-ctx.Done():
		return value, ctx.Err()
	}
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
