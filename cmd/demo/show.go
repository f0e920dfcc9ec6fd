package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"baregrad/cmd/demo/figure"
	"baregrad/kernels/auto"
	"baregrad/mnist"
	"baregrad/nn"
)

// ShowCommand shows what is inside a model.
type ShowCommand struct {
	Model   string `required:"" placeholder:"FILE" help:"A model for images of 28×28, saved by demo train or nn.Save."`
	Layer   string `placeholder:"NAME" help:"The layer whose activations to show (the first convolution, or else the first layer that computes)."`
	Image   int    `xor:"image" placeholder:"N" help:"The image of the test set to show them for (0)."`
	Picture string `xor:"image" placeholder:"FILE" help:"A PNG or JPEG picture to show them for instead."`
	Form    string `default:"auto" placeholder:"NAME" help:"How to convert the picture to 28×28: digit, fashion, plain, or auto: like the images that the model was trained on."`
	Dataset string `placeholder:"NAME" help:"The test set: mnist or fashion (what the model was trained on)."`
	DataDir string `placeholder:"DIR" help:"A folder with the data set's four files."`
	Device  string `default:"auto" help:"The device to compute on: auto, cpu, reference, or another that demo devices lists."`
	Out     string `placeholder:"DIR" help:"A folder in which to save the same as picture files."`
	Format  string `default:"png" enum:"png,svg" help:"The format of those pictures: png or svg."`
	JSON    bool   `name:"json" help:"Print the figures as one JSON object on the last line."`
}

// A portrait is the output of demo show --json.
type portrait struct {
	Device       string               `json:"device"`
	Model        string               `json:"model"`
	Dataset      string               `json:"dataset"`
	Params       int                  `json:"params"`
	Layers       []portraitLayer      `json:"layers"`
	Optimizer    string               `json:"optimizer,omitempty"`
	Loss         string               `json:"loss,omitempty"`
	Steps        int                  `json:"steps"`
	LearningRate float64              `json:"learning_rate"`
	History      map[string][]float64 `json:"history,omitempty"`
	TestAccuracy *float64             `json:"test_accuracy,omitempty"`
	Confusion    [][]int              `json:"confusion,omitempty"` // [actual][predicted]
}

type portraitLayer struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Output []int  `json:"output"`
	Params int    `json:"params"`
}

// Run shows everything.
func (c *ShowCommand) Run(ctx context.Context, w io.Writer) error {
	d, err := auto.Open(c.Device)
	if err != nil {
		return err
	}
	defer d.Close()
	model, err := openClassifier(ctx, d, c.Model)
	if err != nil {
		return err
	}
	v := &view{classifier: model, w: w, screen: mnist.DetectScreen(w)}
	// Refuse wrong options before showing anything. If it is unknown what a model was trained on,
	// as much as possible is shown.
	data, unknown := model.data(ctx, c.Dataset, mnist.Options{Dir: c.DataDir, Progress: downloads(w)})
	if unknown != nil && (c.Dataset != "" || c.DataDir != "") {
		return unknown
	}
	form, err := model.form(c.Form)
	if err != nil {
		return fmt.Errorf("--form: %w", err)
	}
	var pixels []uint8
	var title string
	actual := -1
	if unknown == nil || c.Picture != "" {
		if pixels, title, actual, err = c.chosen(ctx, data, form); err != nil {
			return err
		}
	}
	if err := v.known(c.Layer); err != nil {
		return err
	}
	if c.Out != "" {
		if err := makeFolder(c.Out); err != nil {
			return err
		}
		v.figures = &figure.Folder{Dir: c.Out, Format: c.Format, Saved: func(path string) { fmt.Fprintln(w, "Drawn to", path) }}
	}
	r := portrait{Device: d.Name(), Model: c.Model, Dataset: model.dataset}
	if data != nil {
		r.Dataset = data.Name
	}
	if err := v.layers(&r); err != nil {
		return err
	}
	if err := v.training(&r); err != nil {
		return err
	}
	if err := v.filters(); err != nil {
		return err
	}
	if pixels == nil {
		return unknown
	}
	if err := v.activations(ctx, c.Layer, pixels, title, actual); err != nil {
		return err
	}
	if data != nil {
		p, err := model.classify(ctx, data.Test.Images)
		if err != nil {
			return err
		}
		j := judge(p, data.Test, len(model.classes))
		accuracy := 1 - float64(len(j.mistakes))/float64(data.Test.N)
		r.TestAccuracy, r.Confusion = &accuracy, j.confusion
		fmt.Fprintf(w, "\n%s's test set: %.2f %% right\n", data.Title, 100*accuracy)
		j.show(w, data)
		if v.figures != nil {
			if err := j.draw(*v.figures, data); err != nil {
				return err
			}
		}
	}
	if c.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	return nil
}

// chosen returns the image whose activations are wanted, with its name and its class, or -1 if that
// is unknown.
func (c *ShowCommand) chosen(ctx context.Context, data *mnist.Dataset, form mnist.Form) (pixels []uint8, title string, actual int, err error) {
	if c.Picture != "" {
		pixels, err = await(ctx, func() ([]uint8, error) { return form.ReadPictureFile(c.Picture) })
		return pixels, c.Picture, -1, err
	}
	if c.Image < 0 || c.Image >= data.Test.N {
		return nil, "", 0, fmt.Errorf("--image is %d, must be from 0 to %d", c.Image, data.Test.N-1)
	}
	return data.Test.Image(c.Image), fmt.Sprintf("image %d of %s's test set", c.Image, data.Title), int(data.Test.Labels[c.Image]), nil
}

// draw draws the confusion matrix and the worst mistakes to files.
func (j judgement) draw(f figure.Folder, data *mnist.Dataset) error {
	if err := f.Confusion("confusion", j.confusion, data.ClassNames); err != nil {
		return err
	}
	if len(j.mistakes) == 0 {
		return nil
	}
	return f.Grid("mistakes", j.tiles(data))
}

// layers shows the table of layers.
func (v *view) layers(r *portrait) error {
	_, r.Params = v.ParamCount()
	for _, l := range v.Layers() {
		n := 0
		for _, p := range l.Params {
			n += p.Value.Len()
		}
		r.Layers = append(r.Layers, portraitLayer{l.Name, l.Layer.Kind(), l.Output, n})
	}
	return v.Summary(v.w)
}

// training shows how the model was trained, and the result.
func (v *view) training(r *portrait) error {
	o, steps := v.Compiled()
	if o.Loss == nil {
		fmt.Fprintln(v.w, "\nThe file does not say how it was trained.")
	} else {
		r.Optimizer, r.Loss, r.Steps, r.LearningRate = o.Optimizer.Name(), o.Loss.Name(), steps, v.LearningRate()
		metrics := []string{}
		for _, m := range o.Metrics {
			metrics = append(metrics, m.Name())
		}
		fmt.Fprintf(v.w, "\nTrained for %s steps with %s%s\n  on %s%s, measuring %s; the next step's learning rate is %.3g\n", thousands(steps),
			o.Optimizer.Name(), settings(o.Optimizer), o.Loss.Name(), settings(o.Loss), strings.Join(metrics, ", "), r.LearningRate)
	}
	text, ok := v.Metadata[keyHistory]
	if !ok {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &r.History); err != nil {
		return fmt.Errorf("%s: the history of its training: %w", v.file, err)
	}
	epochs := 0
	for _, values := range r.History {
		epochs = max(epochs, len(values))
	}
	h := &nn.History{Values: r.History}
	for i := range epochs {
		h.Epoch = append(h.Epoch, i)
	}
	if epochs == 1 { // too few for a curve
		fmt.Fprintf(v.w, "After one epoch: loss %.4f, accuracy %.4f\n", h.Last("loss"), h.Last("accuracy"))
	} else {
		fmt.Fprint(v.w, curves(v.screen, h))
	}
	if v.figures == nil || epochs == 0 {
		return nil
	}
	return v.figures.Curves("history", h)
}

// curves draws the history of a training run: loss and accuracy, each with its
// validation values.
func curves(s mnist.Screen, h *nn.History) string {
	var b strings.Builder
	for _, name := range []string{"loss", "accuracy"} {
		series := []mnist.Series{{Name: name, Values: h.Values[name]}}
		if values := h.Values["val_"+name]; len(values) > 0 {
			series = append(series, mnist.Series{Name: "val_" + name, Values: values})
		}
		if chart := s.Lines(series); chart != "" {
			b.WriteString("\n" + chart)
		}
	}
	return b.String()
}

// settings lists the non-default settings of an optimizer or a loss, or "".
func settings(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	var fields map[string]any
	if json.Unmarshal(text, &fields) != nil {
		return ""
	}
	parts := []string{}
	if o, ok := value.(nn.Optimizer); ok {
		if c, ok := nn.ScheduleOf(o).(nn.OneCycle); ok {
			parts = append(parts, fmt.Sprintf("one cycle to %v over %s steps", c.Peak, thousands(c.Steps)))
		}
	}
	var list func(prefix string, fields map[string]any)
	list = func(prefix string, fields map[string]any) {
		for name, field := range fields {
			switch field := field.(type) {
			case map[string]any:
				list(prefix+name+".", field)
			case float64:
				if field != 0 {
					parts = append(parts, fmt.Sprintf("%s%s %v", prefix, name, field))
				}
			case bool:
				if field {
					parts = append(parts, prefix+name)
				}
			}
		}
	}
	list("", fields)
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	return " (" + strings.Join(parts, ", ") + ")"
}
