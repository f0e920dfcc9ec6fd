package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"baregrad/cmd/demo/figure"
	"baregrad/cmd/demo/tutorial"
	"baregrad/kernels/auto"
	"baregrad/mnist"
)

// TutorialCommand lists the tutorials or runs one.
type TutorialCommand struct {
	Name    string `arg:"" default:"list" help:"The tutorial to run; list, or nothing, prints their names."`
	Epochs  *int   `placeholder:"N" help:"How many times to go through the examples (the tutorial's own number)."`
	Seed    uint64 `default:"1" help:"The same seed gives the same network, bit for bit."`
	Device  string `default:"auto" help:"The device to compute on: auto, cpu, reference, or another that demo devices lists."`
	DataDir string `placeholder:"DIR" help:"A folder with data sets: IDX files or mnist.npz."`
	Out     string `placeholder:"DIR" help:"A folder for pictures and for what the tutorial saves."`
	JSON    bool   `name:"json" help:"Print the result as one JSON object on the last line."`
}

// Run runs the tutorial.
func (c *TutorialCommand) Run(ctx context.Context, w io.Writer) error {
	if c.Name == "list" {
		for _, t := range tutorial.All() {
			paragraphs(w)(26, "%-25s %s\n", t.Name, t.Title)
		}
		return nil
	}
	t, err := tutorial.ByName(c.Name)
	if err != nil {
		return err
	}
	if c.Epochs != nil && *c.Epochs < 1 {
		return fmt.Errorf("--epochs is %d, must be at least 1", *c.Epochs)
	}
	d, err := auto.Open(c.Device)
	if err != nil {
		return err
	}
	defer d.Close()
	withoutGPU(w, c.Device, d)
	s := tutorial.Setting{
		Context: ctx, Device: d, Out: w, Screen: mnist.DetectScreen(w), Seed: c.Seed,
		Data: mnist.Options{Dir: c.DataDir, Progress: downloads(w)}, Folder: c.Out,
	}
	if c.Epochs != nil {
		s.Epochs = *c.Epochs
	}
	if c.Out != "" {
		if err := makeFolder(c.Out); err != nil {
			return err
		}
		s.Figures = figure.Folder{Dir: c.Out, Saved: func(path string) { fmt.Fprintln(w, "Drawn to", path) }}
	}
	r, err := t.Run(s)
	if err != nil {
		return err
	}
	if !c.JSON {
		return nil
	}
	_, params := r.Model.ParamCount()
	return json.NewEncoder(w).Encode(result{
		Device: d.Name(), Model: t.Name, Dataset: t.Dataset, Seed: c.Seed, Epochs: len(r.History.Epoch), Params: params,
		TrainSeconds: r.TrainSeconds, EpochSeconds: r.History.Seconds,
		TestLoss: number(r.Scores["loss"]), TestAccuracy: r.Scores["accuracy"], History: numbers(r.History),
		Saved: r.Saved,
	})
}
