package nn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/nn"
)

// Epochs of a part of the steps give the same weights as whole epochs, bit for bit: each pass over
// the data has the same order, whatever the number of epochs in it, and validation between two
// parts changes nothing.
func TestPartsOfAPassGiveTheSameWeights(t *testing.T) {
	d := open(t, "cpu")
	x, y := stripes(d, 150) // 10 batches of 16, the last one of 6
	calls := 0
	train := func(epochs, steps int, validate bool) []float32 {
		t.Helper()
		m := stripeModel(t, d, 5)
		o := nn.FitOptions{Epochs: epochs, BatchSize: 16, StepsPerEpoch: steps, Verbose: nn.Silent, Augment: noise(x, &calls)}
		if validate {
			o.ValidationX, o.ValidationY = x, y
		}
		if _, err := m.Fit(context.Background(), x, y, o); err != nil {
			t.Fatal(err)
		}
		return weights(m)
	}
	want := train(2, 0, false)
	for _, c := range []struct{ epochs, steps int }{{2, 10}, {4, 5}, {20, 1}, {8, 3}, {4, 7}} {
		for _, validate := range []bool{false, true} {
			calls = 0
			if got := train(c.epochs, c.steps, validate); !slices.Equal(got, want) {
				t.Errorf("%d epochs of %d steps, validation %v: the weights differ from those of 2 epochs of all 10", c.epochs, c.steps, validate)
			}
			if calls != 2 {
				t.Errorf("%d epochs of %d steps: Augment was called %d times, want once in each of 2 passes", c.epochs, c.steps, calls)
			}
		}
	}
}

// A backup made anywhere in a pass resumes it with the same bits.
func TestBackupResumesInThePass(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 200)
	calls := 0
	options := func(callbacks ...nn.Callback) nn.FitOptions {
		o := quiet(7, callbacks...) // 150 examples in 10 batches: epochs of 4, 4, 2, 4, 4, 2, 4 steps
		o.StepsPerEpoch, o.Augment = 4, noise(x, &calls)
		return o
	}
	whole := stripeModel(t, d, 5)
	want, err := whole.Fit(ctx, x, y, options())
	if err != nil {
		t.Fatal(err)
	}
	for _, every := range []int{0, 1, 3} {
		for after := 1; after <= 24; after += 5 - every { // steps of 5, 4 and 2: even and odd places of epochs and passes
			path := filepath.Join(t.TempDir(), "backup")
			_, err := stripeModel(t, d, 5).Fit(ctx, x, y, options(&nn.BackupAndRestore{Path: path, Every: every}, &crash{left: after}))
			if !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			seed := uint64(6) // another, so everything must come from the backup, if there is one
			if _, err := os.Stat(path); err != nil {
				seed = 5
			}
			resumed := stripeModel(t, d, seed)
			h, err := resumed.Fit(ctx, x, y, options(&nn.BackupAndRestore{Path: path, Every: every}))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(weights(resumed), weights(whole)) {
				t.Errorf("a backup every %d batches, stopped after %d: the weights differ from those of a run without a stop", every, after)
			}
			for name, values := range h.Values {
				if all := want.Values[name]; !slices.Equal(values, all[len(all)-len(values):]) {
					t.Errorf("a backup every %d batches, stopped after %d: %s is %v, without a stop %v", every, after, name, values, all)
				}
			}
		}
	}
}

// A backup in the middle of the data is refused by a training with other batches or data.
func TestBackupOfAnotherPass(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 200)
	backup := &nn.BackupAndRestore{Path: filepath.Join(t.TempDir(), "backup")}
	o := quiet(7, backup, &crash{left: 9})
	o.StepsPerEpoch = 4
	if _, err := stripeModel(t, d, 5).Fit(ctx, x, y, o); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	for _, c := range []struct {
		examples, size, steps int
		want                  string
	}{
		{200, 10, 4, "after 0 batches of 16 examples, this training has 4 of 10 in an epoch"},
		{200, 16, 0, "with 8 batches of the data used in earlier epochs, this training uses all in each: set StepsPerEpoch"},
		{100, 16, 4, "after 8 batches of the data, this training's data have 5"},
	} {
		o := quiet(7, backup)
		o.BatchSize, o.StepsPerEpoch = c.size, c.steps
		_, err := stripeModel(t, d, 5).Fit(ctx, x.Slice(0, c.examples), y.Slice(0, c.examples), o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// The line of the epoch in which the data end counts the steps that it has.
func TestProgressOfSteps(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 50)
	var shown bytes.Buffer
	o := nn.FitOptions{Epochs: 6, BatchSize: 10, StepsPerEpoch: 2, Verbose: nn.Lines, Output: &shown}
	h, err := stripeModel(t, d, 1).Fit(context.Background(), x, y, o)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(shown.String()) {
		counter, _, _ := strings.Cut(strings.TrimSpace(line), " - ")
		lines = append(lines, counter)
	}
	short := "The data end in this epoch: it has 1 of 2 steps." // said once
	want := []string{"Epoch 1/6", "2/2", "Epoch 2/6", "2/2", "Epoch 3/6", short, "1/1", "Epoch 4/6", "2/2", "Epoch 5/6", "2/2", "Epoch 6/6", "1/1"}
	if !slices.Equal(lines, want) || h.Steps != 2 {
		t.Errorf("the history has %d steps in an epoch, want 2; shown: %q, want %q", h.Steps, lines, want)
	}
}

// untilStep is a schedule that is not defined after its last step.
type untilStep struct{ last int }

func (s untilStep) Name() string { return "until_step" }

func (s untilStep) At(step int) float64 {
	if step > s.last {
		panic(fmt.Sprintf("the rate of step %d was asked for, the last is %d", step, s.last))
	}
	return 0.01
}

// A schedule need not know rates for steps of the pass that the training does not come to.
func TestScheduleOfSteps(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 100)
	m := stripeModel(t, d, 1)
	o, _ := m.Compiled()
	o.Optimizer = nn.SGD{Schedule: untilStep{5}}
	if err := m.Compile(o); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), x, y, nn.FitOptions{BatchSize: 10, StepsPerEpoch: 3, Epochs: 2, Verbose: nn.Silent}); err != nil {
		t.Fatal(err)
	}
}

func TestStepsRefused(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 10)
	m := stripeModel(t, d, 1)
	for want, o := range map[string]nn.FitOptions{
		"fit: steps per epoch is -1, must be at least 1, or 0 for all examples":                                            {StepsPerEpoch: -1},
		"fit: steps per epoch is 6, must be at most 5: that is how many batches of 2 are in 10 examples":                   {StepsPerEpoch: 6, BatchSize: 2},
		"fit: steps per epoch is 3, must be at most 2: that is how many batches of 4 are in 8 examples":                    {StepsPerEpoch: 3, BatchSize: 4, ValidationSplit: 0.2},
		"fit: validation data: validation steps is -2, must be at least 1, or 0 for all examples":                          {ValidationSteps: -2, ValidationSplit: 0.2},
		"fit: validation data: validation steps is 4, must be at most 3: that is how many batches of 4 are in 10 examples": {ValidationSteps: 4, BatchSize: 4, ValidationX: x, ValidationY: y},
		"fit: validation batch size is -1 and validation frequency 0, must be at least 1, or 0 for the default":            {ValidationBatchSize: -1, ValidationSplit: 0.2},
		"fit: validation batch size is 0 and validation frequency -3, must be at least 1, or 0 for the default":            {ValidationFreq: -3, ValidationSplit: 0.2},
		"fit: validation batch size 0, steps 0 and frequency 2 were given, but no examples to validate with":               {ValidationFreq: 2},
		"fit: validation data: 9 sample weights for 10 examples":                                                           {ValidationSteps: 1, BatchSize: 2, ValidationX: x, ValidationY: y, ValidationSampleWeight: make([]float32, 9)},
	} {
		o.Verbose = nn.Silent
		if _, err := m.Fit(ctx, x, y, o); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for want, o := range map[string]nn.EvaluateOptions{
		"steps is -1, must be at least 1, or 0 for all examples":                          {Steps: -1},
		"steps is 4, must be at most 3: that is how many batches of 4 are in 10 examples": {Steps: 4, BatchSize: 4},
	} {
		if _, err := m.Evaluate(ctx, x, y, o); err == nil || err.Error() != "evaluate: "+want {
			t.Errorf("error %v, want evaluate: %s", err, want)
		}
		if _, err := m.Predict(ctx, x, o); err == nil || err.Error() != "predict: "+want {
			t.Errorf("error %v, want predict: %s", err, want)
		}
	}
}

// What callbacks do in epochs that are not validated.
func TestValidationFreq(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 100)
	dir := t.TempDir()
	table := filepath.Join(dir, "log.csv")
	o := quiet(5, &nn.CSVLogger{Path: table}, &nn.EarlyStopping{Patience: 3},
		&nn.ModelCheckpoint{Path: filepath.Join(dir, "{epoch}"), SaveBestOnly: true, WeightsOnly: true})
	o.ValidationFreq = 2
	h, err := stripeModel(t, d, 1).Fit(context.Background(), x, y, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Values["loss"]) != 5 || len(h.Values["val_loss"]) != 2 {
		t.Errorf("the history is %v, want 5 values for training and 2 for validation", h.Values)
	}
	for epoch := 1; epoch <= 5; epoch++ {
		_, err := os.Stat(filepath.Join(dir, fmt.Sprint(epoch)))
		best := epoch == 2 || epoch == 4 && h.Values["val_loss"][1] < h.Values["val_loss"][0]
		if saved := err == nil; saved != best {
			t.Errorf("epoch %d was saved: %v, want %v", epoch, saved, best)
		}
	}
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(string(text), "\n")
	if rows[0] != "epoch,accuracy,loss,val_accuracy,val_loss" || !strings.HasSuffix(rows[1], ",NA,NA") || strings.Contains(rows[2], "NA") {
		t.Errorf("the table is\n%s", text)
	}
	// A value that nobody measures is still an error, in the first validated epoch.
	o.Callbacks = []nn.Callback{&nn.EarlyStopping{Monitor: "val_auc"}}
	if _, err := stripeModel(t, d, 1).Fit(context.Background(), x, y, o); err == nil || !strings.Contains(err.Error(), `there is no "val_auc" to monitor`) {
		t.Errorf("error %v, want one about val_auc", err)
	}
}
