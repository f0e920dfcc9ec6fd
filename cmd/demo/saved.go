package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"baregrad/kernels"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// What the program writes into the metadata of the models that it saves.
const (
	keyDataset = "dataset" // what mnist.Load calls the data set
	keyClasses = "classes" // the names of the classes, a list in JSON
	keyHistory = "history" // what the training measured, by epoch, in JSON

	keySettings = "settings" // of a backup: the flags of its training
)

// side is the height and the width of the images that the program knows.
const side = 28

// describe notes in a model's metadata what it was trained on and how that went.
func describe(m *nn.Sequential, data *mnist.Dataset, h *nn.History) error {
	classes, err := json.Marshal(data.ClassNames)
	if err != nil {
		return err
	}
	m.Metadata = map[string]string{keyDataset: data.Name, keyClasses: string(classes)}
	for _, values := range h.Values {
		if slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
			return nil // JSON has no such numbers
		}
	}
	history, err := json.Marshal(h.Values)
	if err != nil {
		return err
	}
	m.Metadata[keyHistory] = string(history)
	return nil
}

// A classifier is a saved model that tells images of 28×28 pixels apart.
type classifier struct {
	*nn.Sequential
	file    string
	classes []string
	dataset string // empty where the file does not say
}

// openClassifier loads a model and sees whether it is a classifier.
func openClassifier(ctx context.Context, d kernels.Device, file string) (*classifier, error) {
	m, err := nn.Load(ctx, d, file)
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

// form is how pictures are brought to what the model knows: as name says, or, for
// auto, as the images were made that it was trained on.
func (c *classifier) form(name string) (mnist.Form, error) {
	switch {
	case name != "auto":
		return mnist.FormByName(name)
	case c.dataset == "fashion":
		return mnist.FashionForm, nil
	}
	return mnist.DigitForm, nil
}

// examples copies images of 28×28 pixels to the model's device, in the shape
// that it takes.
func (c *classifier) examples(images []uint8) *tensor.Tensor {
	return tensor.From(c.Device(), images, append([]int{len(images) / (side * side)}, c.InputShape()...)...)
}

// classify gives the probability of each class for each of the images, [n, classes].
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

// probabilities leaves a row of probabilities as it is. Any other, such as the
// logits of a model without a softmax, is brought to probabilities by one.
func probabilities(row []float32) {
	sum, most, valid := 0.0, row[0], true
	for _, v := range row {
		sum += float64(v)
		most = max(most, v)
		valid = valid && v >= 0
	}
	if valid && math.Abs(sum-1) <= 1e-3 { // what float32 rounds away of many classes
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

// data loads the data set that the model was trained on, or the one called name.
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
		name = "mnist" // what the folder holds is taken as it is
	}
	o.OwnClasses = true
	data, err := mnist.Load(ctx, name, o)
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

// await calls read, which may wait for a pipe's other end, and waits no longer than ctx lasts.
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

// best is the number of the largest value.
func best(values []float32) int {
	b := 0
	for i, v := range values {
		if v > values[b] {
			b = i
		}
	}
	return b
}
