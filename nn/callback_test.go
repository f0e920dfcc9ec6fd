package nn_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/nn"
)

// quiet trains on the stripes without output.
func quiet(epochs int, callbacks ...nn.Callback) nn.FitOptions {
	return nn.FitOptions{Epochs: epochs, BatchSize: 16, ValidationSplit: 0.25, Verbose: nn.Silent, Callbacks: callbacks}
}

// crash fails after a given total number of batches.
type crash struct {
	nn.BaseCallback
	left int
}

var errCrash = errors.New("crash")

func (c *crash) BatchEnd(*nn.Run) error {
	if c.left--; c.left == 0 {
		return errCrash
	}
	return nil
}

func TestBackupResumesBitForBit(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 200)
	ctx := context.Background()
	whole := stripeModel(t, d, 5)
	want, err := whole.Fit(ctx, x, y, quiet(3))
	if err != nil {
		t.Fatal(err)
	}
	for _, every := range []int{0, 1, 4} {
		for _, after := range []int{1, 7, 10, 11, 23, 29, 30} {
			path := filepath.Join(t.TempDir(), "backup")
			_, err := stripeModel(t, d, 5).Fit(ctx, x, y, quiet(3, &nn.BackupAndRestore{Path: path, Every: every}, &crash{left: after}))
			if !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			// The model has another seed, so everything must come from the backup, if there is one.
			seed := uint64(6)
			if _, err := os.Stat(path); err != nil {
				seed = 5
			}
			resumed := stripeModel(t, d, seed)
			h, err := resumed.Fit(ctx, x, y, quiet(3, &nn.BackupAndRestore{Path: path, Every: every}))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(weights(resumed), weights(whole)) {
				t.Errorf("a backup every %d batches, stopped after %d: the weights differ from those of a run without a stop", every, after)
			}
			if h.Last("loss") != want.Last("loss") || h.Last("val_accuracy") != want.Last("val_accuracy") {
				t.Errorf("a backup every %d batches, stopped after %d: last epoch %v, want %v", every, after, h.Values, want.Values)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("the backup is still there after the end of training")
			}
		}
	}
}

// In the middle of an epoch, a backup can only continue with the same batch size.
func TestBackupOfOtherBatches(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 200)
	backup := &nn.BackupAndRestore{Path: filepath.Join(t.TempDir(), "backup"), Every: 4}
	if _, err := stripeModel(t, d, 5).Fit(context.Background(), x, y, quiet(3, backup, &crash{left: 6})); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	o := quiet(3, backup)
	o.BatchSize = 10
	_, err := stripeModel(t, d, 5).Fit(context.Background(), x, y, o)
	if err == nil || !strings.Contains(err.Error(), "after 4 batches of 16 examples, this training has 15 of 10 in an epoch") {
		t.Errorf("error %v, want one that gives both sizes", err)
	}
}

func TestEarlyStopping(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 100)
	o := quiet(10, &nn.EarlyStopping{MinDelta: 1e6, Patience: 2, RestoreBest: true})
	var out strings.Builder
	o.Output, o.Verbose = &out, nn.Lines
	m := stripeModel(t, d, 1)
	var first []float32
	o.Callbacks = append(o.Callbacks, epochEnd(func(r *nn.Run) {
		if r.Epoch == 0 {
			first = weights(m)
		}
	}))
	h, err := m.Fit(context.Background(), x, y, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Epoch) != 3 || !strings.Contains(out.String(), "Epoch 3: early stopping") {
		t.Errorf("%d epochs, want 3; output:\n%s", len(h.Epoch), out.String())
	}
	if !slices.Equal(weights(m), first) {
		t.Error("the weights are not those of the best epoch, the first")
	}
	_, err = m.Fit(context.Background(), x, y, quiet(2, &nn.EarlyStopping{Monitor: "val_los"}))
	if err == nil || !strings.Contains(err.Error(), `there is no "val_los" to monitor; this training measures accuracy, loss, val_accuracy, val_loss`) {
		t.Errorf("error %v", err)
	}
	o = quiet(2, &nn.EarlyStopping{})
	o.ValidationSplit = 0
	_, err = m.Fit(context.Background(), x, y, o)
	if err == nil || !strings.HasSuffix(err.Error(), `there is no "val_loss" to monitor; this training measures accuracy, loss; give Fit a ValidationSplit, or ValidationX and ValidationY`) {
		t.Errorf("error %v", err)
	}
}

type epochEnd func(*nn.Run)

func (f epochEnd) TrainBegin(*nn.Run) error { return nil }
func (f epochEnd) EpochBegin(*nn.Run) error { return nil }
func (f epochEnd) BatchEnd(*nn.Run) error   { return nil }
func (f epochEnd) TrainEnd(*nn.Run) error   { return nil }
func (f epochEnd) EpochEnd(r *nn.Run, _ map[string]float64) error {
	f(r)
	return nil
}

func TestLearningRates(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 100)
	h, err := stripeModel(t, d, 1).Fit(context.Background(), x, y, quiet(3,
		&nn.LearningRateScheduler{Schedule: func(epoch int, rate float64) float64 { return 0.1 / float64(1+epoch) }}))
	if err != nil || !slices.Equal(h.Values["learning_rate"], []float64{0.1, 0.05, 0.1 / 3}) {
		t.Errorf("rates %v, error %v", h.Values["learning_rate"], err)
	}
	h, err = stripeModel(t, d, 1).Fit(context.Background(), x, y, quiet(5,
		&nn.ReduceLROnPlateau{MinDelta: 1e6, Patience: 2, Factor: 0.5, MinRate: 0.004}))
	if want := []float64{0.01, 0.01, 0.01, 0.005, 0.005}; err != nil || !slices.Equal(h.Values["learning_rate"], want) {
		t.Errorf("rates %v, want %v, error %v", h.Values["learning_rate"], want, err)
	}
	cycle := nn.OneCycle{Peak: 1, Steps: 100}
	if a, b, c := cycle.At(0), cycle.At(29), cycle.At(99); math.Abs(a-0.04) > 1e-12 || math.Abs(b-1) > 1e-12 || math.Abs(c-4e-6) > 1e-12 {
		t.Errorf("one cycle from %v over %v to %v, want .04, 1 and 4e-6", a, b, c)
	}
}

func TestCSVLogger(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 100)
	path := filepath.Join(t.TempDir(), "log.csv")
	m := stripeModel(t, d, 1)
	if _, err := m.Fit(context.Background(), x, y, quiet(2, &nn.CSVLogger{Path: path})); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), x, y, quiet(1, &nn.CSVLogger{Path: path, Append: true})); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 4 || strings.Join(rows[0], ",") != "epoch,accuracy,loss,val_accuracy,val_loss" || rows[2][0] != "1" {
		t.Errorf("rows %v, error %v", rows, err)
	}
}

// Another separator, and a path or a separator that is refused before the first step.
func TestCSVLoggerSettings(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 10)
	dir := t.TempDir()
	m := stripeModel(t, d, 1)
	if _, err := m.Fit(context.Background(), x, y, quiet(1, &nn.CSVLogger{Path: filepath.Join(dir, "tsv"), Separator: '\t'})); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "tsv"))
	if err != nil || !strings.HasPrefix(string(text), "epoch\taccuracy\tloss\tval_accuracy\tval_loss\n0\t") {
		t.Errorf("the file is\n%s, error %v", text, err)
	}
	for want, c := range map[string]*nn.CSVLogger{
		"csv logger: open " + filepath.Join(dir, "none", "log"):                                    {Path: filepath.Join(dir, "none", "log"), Append: true},
		`csv logger: the separator is '"', must be a character that is no quote and ends no line`:  {Path: filepath.Join(dir, "log"), Separator: '"'},
		`csv logger: the separator is '\n', must be a character that is no quote and ends no line`: {Path: filepath.Join(dir, "log"), Separator: '\n'},
	} {
		_, before := m.Compiled()
		_, err := m.Fit(context.Background(), x, y, quiet(1, c))
		if _, after := m.Compiled(); err == nil || !strings.HasPrefix(err.Error(), want) || after != before {
			t.Errorf("error %v after %d steps, want %s before the first", err, after-before, want)
		}
	}
}

// A callback of single functions is called as one with methods, and its errors and stops count.
func TestLambdaCallback(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 20)
	m := stripeModel(t, d, 1)
	calls := []string{}
	called := func(name string) func(*nn.Run) error {
		return func(r *nn.Run) error { calls = append(calls, fmt.Sprint(name, r.Epoch)); return nil }
	}
	o := quiet(9, nn.LambdaCallback{
		OnTrainBegin: called("begin"), OnEpochBegin: called("epoch"), OnBatchEnd: called("batch"), OnTrainEnd: called("end"),
		OnEpochEnd: func(r *nn.Run, logs map[string]float64) error {
			logs["half"] = logs["loss"] / 2
			if r.Epoch == 1 {
				r.Stop()
			}
			return nil
		},
	}, nn.LambdaCallback{})
	o.BatchSize = 8 // two steps of 16 examples
	h, err := m.Fit(context.Background(), x, y, o)
	if err != nil {
		t.Fatal(err)
	}
	if want := "begin0 epoch0 batch0 batch0 epoch1 batch1 batch1 end1"; strings.Join(calls, " ") != want {
		t.Errorf("calls %v, want %s", calls, want)
	}
	if len(h.Epoch) != 2 || h.Last("half") != h.Last("loss")/2 {
		t.Errorf("the history is %v, want two epochs, with the value that the callback added", h.Values)
	}
	failed := errors.New("no")
	_, err = m.Fit(context.Background(), x, y, quiet(9, nn.LambdaCallback{OnBatchEnd: func(*nn.Run) error { return failed }}))
	if !errors.Is(err, failed) {
		t.Errorf("error %v, want the callback's", err)
	}
}

func TestTerminateOnNaN(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 100)
	m := stripeModel(t, d, 1)
	bias := m.Weights("dense_1/bias")
	values := bias.Value.Floats()
	values[0] = float32(math.NaN())
	m.SetWeights("dense_1/bias", values)
	var out strings.Builder
	o := quiet(3, nn.TerminateOnNaN{})
	o.Output, o.Verbose = &out, nn.Lines
	h, err := m.Fit(context.Background(), x, y, o)
	if err != nil || len(h.Epoch) != 1 || !strings.Contains(out.String(), "Batch 0: Invalid loss, terminating training") {
		t.Errorf("%d epochs, error %v, output:\n%s", len(h.Epoch), err, out.String())
	}
}

// For a user-defined metric it can't be guessed whether a large or a small value is the
// better one.
func TestMonitorOfOnesOwn(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 10)
	m := stripeModel(t, d, 1)
	adds := epochLogs(func(logs map[string]float64) { logs["score"] = 1 })
	for _, c := range []nn.Callback{&nn.EarlyStopping{Monitor: "score"}, &nn.ReduceLROnPlateau{Monitor: "score"},
		&nn.ModelCheckpoint{Monitor: "score", SaveBestOnly: true, Path: filepath.Join(t.TempDir(), "m")}} {
		if _, err := m.Fit(context.Background(), x, y, quiet(1, adds, c)); err == nil || !strings.Contains(err.Error(), `"score"`) || !strings.Contains(err.Error(), "Set Mode") {
			t.Errorf("%T: error %v, want one that asks for Mode", c, err)
		}
	}
	if _, err := m.Fit(context.Background(), x, y, quiet(1, adds, &nn.EarlyStopping{Monitor: "score", Mode: nn.Largest})); err != nil {
		t.Error(err)
	}
}

type epochLogs func(logs map[string]float64)

func (f epochLogs) TrainBegin(*nn.Run) error { return nil }
func (f epochLogs) EpochBegin(*nn.Run) error { return nil }
func (f epochLogs) BatchEnd(*nn.Run) error   { return nil }
func (f epochLogs) TrainEnd(*nn.Run) error   { return nil }
func (f epochLogs) EpochEnd(_ *nn.Run, logs map[string]float64) error {
	f(logs)
	return nil
}

// logged records Run.Logs at each point of a training run.
type logged struct {
	began, batch, epoch, end []map[string]float64
}

func (l *logged) TrainBegin(r *nn.Run) error {
	l.began = append(l.began, maps.Clone(r.Logs()))
	return nil
}

func (l *logged) EpochBegin(r *nn.Run) error {
	l.began = append(l.began, maps.Clone(r.Logs()))
	return nil
}

func (l *logged) BatchEnd(r *nn.Run) error {
	l.batch = append(l.batch, maps.Clone(r.Logs()))
	return nil
}

func (l *logged) EpochEnd(r *nn.Run, logs map[string]float64) error {
	l.epoch = append(l.epoch, maps.Clone(r.Logs()))
	return nil
}

func (l *logged) TrainEnd(r *nn.Run) error {
	l.end = append(l.end, maps.Clone(r.Logs()))
	return nil
}

// Before its first step an epoch has no logs, whatever the previous one left behind. At
// the end of training, the last epoch's values are still there.
func TestLogsAtAnyTime(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 40)
	l := &logged{}
	h, err := stripeModel(t, d, 1).Fit(context.Background(), x, y, quiet(2, l))
	if err != nil {
		t.Fatal(err)
	}
	for i, logs := range l.began {
		if len(logs) != 0 {
			t.Errorf("before training, and before each of two epochs: number %d has the logs %v, want none", i, logs)
		}
	}
	if len(l.began) != 3 || len(l.batch) != 4 || len(l.epoch) != 2 || len(l.end) != 1 {
		t.Fatalf("%d, %d, %d and %d calls, want 3, 4, 2 and 1", len(l.began), len(l.batch), len(l.epoch), len(l.end))
	}
	for i, logs := range l.batch {
		if len(logs) != 2 || !(logs["loss"] > 0 && logs["accuracy"] <= 1) {
			t.Errorf("after batch %d the logs are %v, want a loss and an accuracy", i, logs)
		}
	}
	for i, logs := range append(l.epoch, l.end...) {
		for name, values := range h.Values {
			if want := values[min(i, 1)]; logs[name] != want {
				t.Errorf("at the end of two epochs, and of training: number %d has %s %v, want %v", i, name, logs[name], want)
			}
		}
	}
}

// If a callback sets the learning rate, it is shown at the end of the line, as in Keras.
func TestLearningRateIsShown(t *testing.T) {
	d := open(t, "cpu")
	x, y := stripes(d, 40)
	for _, c := range []struct {
		callback nn.Callback
		want     []string // how the epochs' lines end
	}{
		{&nn.LearningRateScheduler{Schedule: func(epoch int, _ float64) float64 { return 0.25 / float64(epoch+1) }},
			[]string{" - learning_rate: 0.2500", " - learning_rate: 0.1250"}},
		{&nn.ReduceLROnPlateau{Monitor: "loss", MinDelta: 100, Patience: 1, Factor: 0.5},
			[]string{" - learning_rate: 0.0100", " - learning_rate: 0.0100", " - learning_rate: 0.0050"}},
		{nn.TerminateOnNaN{}, []string{""}},
	} {
		m := stripeModel(t, d, 1)
		m.SetLearningRate(0.01)
		var shown strings.Builder
		_, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: len(c.want), ValidationX: x, ValidationY: y,
			Verbose: nn.Lines, Output: &shown, Callbacks: []nn.Callback{c.callback}})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(shown.String()) {
			if strings.Contains(line, "/step") {
				_, values, _ := strings.Cut(strings.TrimSpace(line), " - val_loss: ")
				lines = append(lines, strings.TrimLeft(values, "0123456789.e-"))
			}
		}
		if !slices.Equal(lines, c.want) {
			t.Errorf("%T: the lines end with %q, want %q", c.callback, lines, c.want)
		}
	}
}
