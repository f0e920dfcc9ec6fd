package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"time"

	"baregrad/cmd/demo/figure"
	"baregrad/internal/regular"
	"baregrad/kernels"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/nn/safetensors"
	"baregrad/tensor"
)

// A training is a running TrainCommand. Its steps, in order: load, build, fit, test, show.
type training struct {
	*TrainCommand
	recipe recipe
	say    io.Writer // for all output but the result
	device kernels.Device

	data  *mnist.Dataset
	n     int            // images to train on
	x, y  *tensor.Tensor // these images and their labels
	model *nn.Sequential
	saved string // the model's file; empty if it is not saved
	// unsaved is why the model could not be saved, if it should have been.
	unsaved error
	// replaces is set if a file of that name existed before.
	replaces bool

	history *nn.History
	seconds float64 // duration of the training
}

// loadData is mnist.Load; tests replace it by one that reads the embedded files once.
var loadData = mnist.Load

// load loads the data set, and copies the training data to the device.
func (t *training) load(ctx context.Context) (err error) {
	if t.data, err = loadData(ctx, t.Dataset, mnist.Options{Dir: t.DataDir, OwnClasses: true, Progress: downloads(t.say)}); err != nil {
		return err
	}
	data := t.data
	t.n = data.Train.N
	if t.Limit != nil {
		t.n = min(t.n, *t.Limit)
	}
	t.x, t.y = onDevice(t.device, data.Train, t.n)
	if data.Source != "embedded" {
		fmt.Fprintln(t.say, "Data from", data.Source)
	}
	if !data.Published && data.Name != "own" {
		fmt.Fprintf(t.say, "These are not the files that %s's authors published.\n", data.Title)
	}
	fmt.Fprintf(t.say, "%s: %s training images, %s test images of %d×%d\n", data.Title,
		thousands(t.n), thousands(data.Test.N), data.Train.Rows, data.Train.Cols)
	return nil
}

// build creates the model, and checks that the output files can be written.
func (t *training) build(context.Context) error {
	o, err := optimizer(t.Optimizer, t.recipe.peak, t.recipe.epochs*((t.n+t.recipe.batch-1)/t.recipe.batch))
	if err != nil {
		return err
	}
	train := t.data.Train
	t.model = nn.NewSequential(t.device, nn.Seed(t.Seed), t.recipe.layers(train.Rows, train.Cols, len(t.data.ClassNames))...)
	if err := t.model.Compile(nn.CompileOptions{
		Optimizer: o, Loss: nn.SparseCategoricalCrossentropy{}, Metrics: []nn.Metric{nn.Accuracy{}},
	}); err != nil {
		return err
	}
	if err := t.model.Summary(t.say); err != nil {
		return err
	}
	switch t.saved = t.Save; t.saved {
	case "":
		t.saved = t.data.Name + "-" + t.Model + ".safetensors"
	case "-":
		t.saved = ""
	}
	if err := writable(t.saved); err != nil {
		return fmt.Errorf("save %w (--save - saves nothing)", err)
	}
	if t.saved != "" {
		_, missing := os.Stat(t.saved)
		t.replaces = missing == nil
	}
	if err := writable(t.Backup); err != nil {
		return fmt.Errorf("backup %w", err)
	}
	if t.Backup != "" && t.saved != "" && sameFile(t.Backup, t.saved) {
		return fmt.Errorf("--backup and --save are both %s; a backup is removed in the end", t.saved)
	}
	return t.sameTraining()
}

// settings returns the flags that determine the result of a training, bit for bit.
func (t *training) settings() string {
	return fmt.Sprintf("--model %s --dataset %s --limit %d --epochs %d --batch %d --lr %v --optimizer %s --seed %d --augment=%v",
		t.Model, t.data.Name, t.n, t.recipe.epochs, t.recipe.batch, t.recipe.peak, t.Optimizer, t.Seed, t.Augment)
}

// sameTraining refuses a backup made with other settings: continuing from it would give the network
// of neither training.
func (t *training) sameTraining() error {
	if t.Backup == "" {
		return nil
	}
	f, size, err := regular.Open(t.Backup)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	file, err := safetensors.Open(f, size)
	if err != nil {
		return fmt.Errorf("backup %s: %w", t.Backup, err)
	}
	if made := file.Metadata[keySettings]; made != "" && made != t.settings() {
		return fmt.Errorf("backup %s is of a training with %s, not with %s: remove it, or name another file", t.Backup, made, t.settings())
	}
	return nil
}

// fit trains, and saves the model. If saving fails, the training is not lost: the model is tested
// all the same, and Run returns the error in the end.
func (t *training) fit(ctx context.Context) (err error) {
	o := nn.FitOptions{Epochs: t.recipe.epochs, BatchSize: t.recipe.batch, Output: t.say}
	if t.Augment {
		o.Augment = augment(t.data.Train.Slice(0, t.n))
	}
	if t.Checkpoint {
		if err := describe(t.model, t.data, &nn.History{}); err != nil {
			return err
		}
		o.Callbacks = append(o.Callbacks, &nn.ModelCheckpoint{Path: t.saved})
	}
	if t.Backup != "" {
		if t.model.Metadata == nil {
			t.model.Metadata = map[string]string{}
		}
		t.model.Metadata[keySettings] = t.settings()
		o.Callbacks = append(o.Callbacks, &nn.BackupAndRestore{Path: t.Backup})
	}
	if t.Quiet {
		o.Verbose = nn.Silent
	}
	begin := time.Now()
	if t.history, err = t.model.Fit(ctx, t.x, t.y, o); err != nil {
		if _, missing := os.Stat(t.Backup); t.Backup != "" && missing == nil && ctx.Err() != nil {
			err = fmt.Errorf("%w (the same command goes on from %s)", err, t.Backup)
		}
		return err
	}
	t.seconds = time.Since(begin).Seconds()
	if t.saved == "" {
		return nil
	}
	if err := describe(t.model, t.data, t.history); err != nil {
		return err
	}
	// Save at once, before Ctrl-C or a full disk can interfere.
	if t.unsaved = t.model.Save(context.WithoutCancel(ctx), t.saved); t.unsaved != nil {
		t.saved = ""
	}
	return nil
}

// test measures the model on the test set and prints the result to w. It also returns the
// probability of each class for each image.
func (t *training) test(ctx context.Context, w io.Writer) (r result, probabilities []float32, err error) {
	x, y := onDevice(t.device, t.data.Test, t.data.Test.N)
	scores, predictions, err := t.model.EvaluatePredict(ctx, x, y, nn.EvaluateOptions{BatchSize: 250})
	if err != nil {
		return r, nil, err
	}
	defer predictions.Free()
	_, params := t.model.ParamCount()
	r = result{
		Device: t.device.Name(), Model: t.Model, Dataset: t.data.Name, Seed: t.Seed, Epochs: t.recipe.epochs, Params: params,
		TrainSeconds: t.seconds, EpochSeconds: t.history.Seconds,
		TestLoss: number(scores["loss"]), TestAccuracy: scores["accuracy"], History: numbers(t.history), Saved: t.saved,
	}
	all := t.data.Test.N
	paragraphs(w)(0, "\nTest accuracy %.2f %%: %s of %s images right (loss %.4f), after %s of training on %s\n",
		100*r.TestAccuracy, thousands(int(math.Round(r.TestAccuracy*float64(all)))), thousands(all),
		r.TestLoss, spell(t.seconds), r.Device)
	if loss := scores["loss"]; math.IsNaN(loss) || math.IsInf(loss, 0) {
		fmt.Fprintln(w, "The training went astray: its loss is no number. A smaller --lr may help.")
	}
	if err := t.history.Uncaptured; err != nil {
		r.Uncaptured = err.Error()
		if t.Quiet { // otherwise Fit has said so
			fmt.Fprintf(w, "Each operation of a step was launched by itself: %s\n", r.Uncaptured)
		}
	}
	if gpu, ok := t.device.(interface{ Memory() (used, free int64) }); ok {
		used, free := gpu.Memory()
		fmt.Fprintf(t.say, "The device's memory: %s in use, %s free\n", kernels.FormatBytes(used), kernels.FormatBytes(free))
	}
	return r, predictions.Floats(), nil
}

// show draws how the training went and what the model confuses: in the terminal, and as pictures to
// --out.
func (t *training) show(probabilities []float32) error {
	j := judge(probabilities, t.data.Test, len(t.data.ClassNames))
	if t.recipe.epochs >= 5 { // fewer points are not a curve
		fmt.Fprint(t.say, curves(mnist.DetectScreen(t.say), t.history))
	}
	j.show(t.say, t.data)
	if t.Out == "" {
		return nil
	}
	fmt.Fprintln(t.say)
	f := figure.Folder{Dir: t.Out, Format: t.Format, Saved: func(path string) { fmt.Fprintln(t.say, "Drawn to", path) }}
	if len(t.history.Epoch) > 0 { // a backup may have left nothing to do
		if err := f.Curves("history", t.history); err != nil {
			return err
		}
	}
	return j.draw(f, t.data)
}
