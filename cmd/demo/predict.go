package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"baregrad/kernels/auto"
	"baregrad/mnist"
)

// PredictCommand tells what pictures show.
type PredictCommand struct {
	Model   string   `required:"" placeholder:"FILE" help:"A model for images of 28×28, saved by demo train or nn.Save."`
	Images  []string `arg:"" optional:"" name:"picture" help:"PNG or JPEG pictures of one object each. If there are none, images of the model's test set are used."`
	Form    string   `default:"auto" placeholder:"NAME" help:"How to convert pictures to 28×28: digit (like MNIST's), fashion (like Fashion-MNIST's), plain (only scaled), or auto: like the images that the model was trained on."`
	Number  int      `short:"n" default:"5" help:"How many images of the test set to use."`
	Dataset string   `placeholder:"NAME" help:"The test set: mnist or fashion (what the model was trained on)."`
	DataDir string   `placeholder:"DIR" help:"A folder with the data set's four files."`
	Device  string   `default:"auto" help:"The device to compute on: auto, cpu, reference, or another that demo devices lists."`
	JSON    bool     `name:"json" help:"Print the result as one JSON object on the last line."`
}

// A guess is a model's prediction for an image.
type guess struct {
	Image         string    `json:"image"` // the file, or the index in the test set
	Class         string    `json:"class"`
	Actual        string    `json:"actual,omitempty"` // if the label is known
	Probability   float32   `json:"probability"`
	Probabilities []float32 `json:"probabilities"` // in the order of the classes
}

// Run predicts. If a picture cannot be read, the others are still shown, but Run returns an error.
func (c *PredictCommand) Run(ctx context.Context, w io.Writer) error {
	if c.Number < 1 {
		return fmt.Errorf("--number is %d, must be at least 1", c.Number)
	}
	d, err := auto.Open(c.Device)
	if err != nil {
		return err
	}
	defer d.Close()
	model, err := openClassifier(ctx, d, c.Model)
	if err != nil {
		return err
	}
	form, err := model.form(c.Form)
	if err != nil {
		return fmt.Errorf("--form: %w", err)
	}
	guesses := []guess{}
	var images []uint8
	var failed []error
	if len(c.Images) == 0 {
		data, err := model.data(ctx, c.Dataset, mnist.Options{Dir: c.DataDir, Progress: downloads(w)})
		if err != nil {
			return err
		}
		n := min(c.Number, data.Test.N)
		images = data.Test.Images[:n*side*side]
		for i, label := range data.Test.Labels[:n] {
			guesses = append(guesses, guess{Image: fmt.Sprintf("image %d of %s's test set", i, data.Title), Actual: data.ClassNames[label]})
		}
	}
	for _, path := range c.Images {
		pixels, err := await(ctx, func() ([]uint8, error) { return form.ReadPictureFile(path) })
		if errors.Is(err, context.Canceled) {
			return err
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		images = append(images, pixels...)
		guesses = append(guesses, guess{Image: path})
	}
	if len(guesses) > 0 {
		p, err := model.classify(ctx, images)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(p, func(v float32) bool { return v != v }); i >= 0 {
			return fmt.Errorf("%s: the model's output for %s is not a number: its training diverged, and its weights are not numbers",
				c.Model, guesses[i/len(model.classes)].Image)
		}
		model.show(w, mnist.DetectScreen(w), images, p, guesses)
	}
	if c.JSON {
		err := json.NewEncoder(w).Encode(struct {
			Device      string   `json:"device"`
			Model       string   `json:"model"`
			Classes     []string `json:"classes"`
			Predictions []guess  `json:"predictions"`
		}{d.Name(), c.Model, model.classes, guesses})
		if err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

// show fills in the guesses from the probabilities and draws each image as the model saw it, next
// to the bars of its classes.
func (c *classifier) show(w io.Writer, screen mnist.Screen, images []uint8, probabilities []float32, guesses []guess) {
	classes := len(c.classes)
	for i := range guesses {
		g := &guesses[i]
		g.Probabilities = probabilities[i*classes : (i+1)*classes]
		b := best(g.Probabilities)
		g.Class, g.Probability = c.classes[b], g.Probabilities[b]
		verdict := ""
		switch g.Actual {
		case "":
		case g.Class:
			verdict = ", which is right"
		default:
			verdict = ", but it is " + g.Actual
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s (%.1f %%)%s\n%s", g.Image, g.Class, 100*g.Probability, verdict,
			screen.Prediction(images[i*side*side:(i+1)*side*side], side, side, g.Probabilities, c.classes, b))
	}
}
