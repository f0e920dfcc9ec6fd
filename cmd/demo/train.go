package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"baregrad/internal/regular"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// TrainCommand trains a network and tests it.
type TrainCommand struct {
	Model      string   `default:"cnn" help:"The network: cnn or mlp."`
	Dataset    string   `default:"mnist" help:"The images: mnist (embedded) or fashion (found or downloaded)."`
	DataDir    string   `placeholder:"DIR" help:"A folder with the data set's four files."`
	Epochs     *int     `placeholder:"N" help:"How many times to go through the images (cnn: 3, mlp: 5)."`
	Batch      *int     `aliases:"batch-size" placeholder:"N" help:"Images per training step (128)."`
	LR         *float64 `name:"lr" aliases:"learning-rate" placeholder:"RATE" help:"The peak of the learning rate, which rises and falls in one cycle (adam: 0.005)."`
	Optimizer  string   `default:"adam" help:"sgd, rmsprop, adam or adamw."`
	Seed       uint64   `default:"1" help:"The same seed gives the same network, bit for bit."`
	Device     string   `default:"auto" help:"The device to compute on: auto, cpu, reference, or another that demo devices lists."`
	Limit      *int     `placeholder:"N" help:"Train on the first N images only."`
	Save       string   `placeholder:"FILE" help:"Where to save the model (DATASET-MODEL.safetensors); - to save nothing."`
	Augment    bool     `help:"Train on images that are moved, turned, scaled and bent a little, differently in each epoch."`
	Checkpoint bool     `help:"Save the model at the end of each epoch too."`
	Backup     string   `placeholder:"FILE" help:"Keep the state of the training in FILE after each epoch. If the training is stopped, the same command resumes it from there, with the same result, bit for bit."`
	Out        string   `placeholder:"DIR" help:"A folder for picture files: the training curves, the confusion matrix, the worst mistakes."`
	Format     string   `default:"png" enum:"png,svg" help:"The format of those pictures: png or svg."`
	Quiet      bool     `short:"q" help:"Print the result only."`
	JSON       bool     `name:"json" help:"Print the result as one JSON object on the last line."`
}

// A result is the output of --json.
type result struct {
	Device       string              `json:"device"`
	Model        string              `json:"model"`
	Dataset      string              `json:"dataset"`
	Seed         uint64              `json:"seed"`
	Epochs       int                 `json:"epochs"`
	Params       int                 `json:"params"`
	TrainSeconds float64             `json:"train_seconds"`
	EpochSeconds []float64           `json:"epoch_seconds"`
	TestLoss     number              `json:"test_loss"`
	TestAccuracy float64             `json:"test_accuracy"`
	History      map[string][]number `json:"history"`
	Saved        string              `json:"saved"`                // the model's file; empty if not saved
	Uncaptured   string              `json:"uncaptured,omitempty"` // why a step was not one launch of a graph, on a device that has graphs
}

// A number is a measured value. JSON has neither NaN nor infinities; those of a diverged training
// become null.
type number float64

// MarshalJSON writes the number, or null.
func (n number) MarshalJSON() ([]byte, error) {
	if v := float64(n); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return json.Marshal(v)
	}
	return []byte("null"), nil
}

// numbers returns the values of a history.
func numbers(h *nn.History) map[string][]number {
	all := map[string][]number{}
	for name, values := range h.Values {
		for _, v := range values {
			all[name] = append(all[name], number(v))
		}
	}
	return all
}

// Run trains, tests, shows and saves.
func (c *TrainCommand) Run(ctx context.Context, w io.Writer) (failed error) {
	recipe, err := c.recipe()
	if err != nil {
		return err
	}
	t := &training{TrainCommand: c, recipe: recipe, say: w}
	if c.Quiet {
		t.say = io.Discard
	}
	if c.Out != "" { // before the work, so that a wrong name costs nothing
		if err := makeFolder(c.Out); err != nil {
			return err
		}
	}
	if t.device, err = auto.Open(c.Device); err != nil {
		return err
	}
	defer t.device.Close()
	fmt.Fprintf(t.say, "Computing on %s\n", t.device.Name())
	withoutGPU(t.say, c.Device, t.device)
	for _, step := range []func(context.Context) error{t.load, t.build, t.fit} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	defer func() { // what was written before is kept even if the rest fails
		if failed != nil && t.saved != "" {
			fmt.Fprintf(t.say, "\nThe trained model is saved to %s\n", t.saved)
		}
	}()
	r, probabilities, err := t.test(ctx, w)
	if err != nil {
		return err
	}
	if !c.Quiet || c.Out != "" {
		if err := t.show(probabilities); err != nil {
			return err
		}
	}
	if t.saved != "" {
		before := ""
		if t.replaces {
			before = ", in place of the file that was there"
		}
		fmt.Fprintf(t.say, "\nSaved to %s%s\n", t.saved, before)
	}
	c.next(t.say, t.data.Name, t.saved)
	if c.JSON {
		if err := json.NewEncoder(w).Encode(r); err != nil {
			return err
		}
	}
	return t.unsaved
}

// recipe returns the settings for the network, with the changes from the command line. It refuses
// invalid values.
func (c *TrainCommand) recipe() (recipe, error) {
	r, ok := recipes[c.Model]
	if !ok {
		return r, nn.Unknown("model", c.Model, slices.Sorted(maps.Keys(recipes)))
	}
	if c.Checkpoint && c.Save == "-" {
		return r, errors.New("--checkpoint saves the model, --save - does not")
	}
	if _, err := optimizer(c.Optimizer, 1, 1); err != nil {
		return r, err
	}
	r.peak = peaks[c.Optimizer]
	for _, o := range []struct {
		flag  string
		value *int
		into  *int
	}{{"--epochs", c.Epochs, &r.epochs}, {"--batch", c.Batch, &r.batch}, {"--limit", c.Limit, new(int)}} {
		if o.value == nil {
			continue
		}
		if *o.value < 1 {
			return r, fmt.Errorf("%s is %d, must be at least 1", o.flag, *o.value)
		}
		*o.into = *o.value
	}
	if c.LR != nil {
		if r.peak = *c.LR; !(r.peak > 0 && r.peak <= 1e6) {
			return r, fmt.Errorf("--lr is %v, must be above 0, and at most 1e6", r.peak)
		}
	}
	return r, nil
}

// augment returns a function that varies the images of a set.
func augment(set mnist.Set) func(x *tensor.Tensor, r *rand.Rand) {
	varied := make([]uint8, len(set.Images))
	return func(x *tensor.Tensor, r *rand.Rand) {
		mnist.LightAugmenter.Images(varied, set.Images, set.Rows, set.Cols, r)
		tensor.Set(x, varied)
	}
}

// writable returns an error if the named file cannot be written; the empty name is no error.
func writable(file string) error {
	if file == "" {
		return nil
	}
	if info, err := os.Stat(file); err == nil {
		if err := regular.Check(file, info); err != nil {
			return err
		}
	}
	if err := probeFolder(filepath.Dir(file)); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// sameFile reports whether two names refer to the same file, whether it exists yet or not: x and
// ./x, or a link and its target.
func sameFile(a, b string) bool {
	if at, err := os.Stat(a); err == nil {
		bt, err := os.Stat(b)
		return err == nil && os.SameFile(at, bt)
	}
	if filepath.Base(a) != filepath.Base(b) {
		return false
	}
	at, err := os.Stat(filepath.Dir(a))
	if err != nil {
		return false
	}
	bt, err := os.Stat(filepath.Dir(b))
	return err == nil && os.SameFile(at, bt)
}

// makeFolder creates a folder if necessary, and returns an error if no file can be created in it.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	return probeFolder(path)
}

// probeFolder creates a file in a folder, and removes it.
func probeFolder(path string) error {
	if err := isFolder(path); err != nil {
		return err
	}
	f, err := os.CreateTemp(path, ".demo-*")
	var failed *fs.PathError
	if errors.As(err, &failed) { // the random name would tell nobody anything
		return fmt.Errorf("no file can be created in %s: %w", path, failed.Err)
	}
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

// isFolder returns an error if path is not a folder.
func isFolder(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is no folder", path)
	}
	return err
}

// onDevice copies the first n images and labels of a set to the device.
func onDevice(d kernels.Device, s mnist.Set, n int) (x, y *tensor.Tensor) {
	s = s.Slice(0, n)
	return tensor.From(d, s.Images, n, s.Rows, s.Cols, 1), tensor.From(d, s.Int32Labels(), n)
}

// downloads shows the progress of a download, one line per file.
func downloads(w io.Writer) func(mnist.Progress) {
	last := -1
	return func(p mnist.Progress) {
		if p.Index != last {
			last = p.Index
			fmt.Fprintf(w, "Downloading %s (file %d of %d)\n", p.File, p.Index+1, p.Files)
		}
	}
}

// spell formats a time in seconds, or in milliseconds if it is short.
func spell(seconds float64) string {
	if seconds < 0.95 {
		return fmt.Sprintf("%.0f ms", 1000*seconds)
	}
	return fmt.Sprintf("%.1f s", seconds)
}

// thousands formats a number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
