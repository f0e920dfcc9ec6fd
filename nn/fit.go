package nn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"baregrad/tensor"
)

// FitOptions say how Fit trains. The zero value is Keras's defaults.
type FitOptions struct {
	Epochs int // the number of the last epoch; 1 if 0
	// BatchSize is the number of examples in a step. If it is 0, it is 32, or with StepsPerEpoch
	// what divides the data into that number of steps, as in Keras.
	BatchSize int
	// StepsPerEpoch, if not 0, ends an epoch after that number of steps. The next epoch goes on
	// where this one ended; all examples are used once before any is used again. The epoch in
	// which the data end is shorter, if the steps don't divide them. After it comes a new order.
	StepsPerEpoch   int
	ValidationX     *tensor.Tensor  // evaluated at the end of each epoch, if not nil
	ValidationY     *tensor.Tensor  // their labels
	ValidationSplit float64         // instead: the share of the training data to use, taken from the end before shuffling
	ClassWeight     map[int]float64 // the weight of the examples of a class in the loss; 1 by default
	// SampleWeight is the weight of each example in the loss, [n]. If the output has several
	// axes, it may also be that of each position of each example, row by row: [n·time] for an
	// output [n, time, classes]. ValidationSplit splits it too.
	SampleWeight []float32
	// ValidationSampleWeight is the same for ValidationX and val_loss.
	ValidationSampleWeight []float32
	// ValidationBatchSize is the number of validation examples in a step. If it is 0, it is
	// BatchSize as given, or its default for the validation data and ValidationSteps.
	ValidationBatchSize int
	ValidationSteps     int // validate on the first steps only; on all examples if 0
	// ValidationFreq is the number of epochs from one validation to the next: with 3, epochs 3,
	// 6 and so on, counted from 1, are validated. 1 if 0. Callbacks that monitor a validation
	// value let the other epochs pass, and the history holds no validation values for them.
	ValidationFreq int
	NoShuffle      bool // take the examples in order
	InitialEpoch   int  // the number of epochs trained before
	// Augment, if not nil, is called at the start of each pass over the data, which is an epoch
	// unless StepsPerEpoch is set, to fill in the examples to train on. x has the shape and type
	// of the training data, but its own memory, which holds the examples of the previous pass.
	// Randomness should come from r only, so that training is reproducible and resumes exactly.
	// Validation data are not changed.
	Augment   func(x *tensor.Tensor, r *rand.Rand)
	Verbose   Verbosity  // which progress is shown; Auto, the same as Bar, by default
	Output    io.Writer  // where progress is shown; os.Stdout if nil
	Callbacks []Callback // called in this order
}

// History is the record of a training run.
type History struct {
	Epoch   []int                // the number of each epoch, from 0
	Values  map[string][]float64 // by epoch: loss and each metric; by validated epoch: val_loss, val_…
	Seconds []float64            // by epoch: for training and validation
	Epochs  int                  // the number requested
	Steps   int                  // steps in an epoch; one in which the data end may have fewer
	// Uncaptured says why the training step was not launched as one graph on a device that
	// can launch graphs. Each operation was launched separately, which takes longer and
	// gives the same bits.
	Uncaptured error
}

// An InterruptedError says how far training came before its context ended.
type InterruptedError struct {
	Epoch, Epochs int   // the epoch it was in, from 1
	Batch, Steps  int   // the batches done in that epoch
	Err           error // the context's error
}

// Error says how far training came, and why it ended.
func (e *InterruptedError) Error() string {
	return fmt.Sprintf("training stopped in epoch %d of %d after %d of %d batches: %v", e.Epoch, e.Epochs, e.Batch, e.Steps, e.Err)
}

// Unwrap is the context's error.
func (e *InterruptedError) Unwrap() error { return e.Err }

// Fit trains the model on examples x [n, …] with labels y [n, …], in batches. Each epoch
// has a new random order; its last batch may be smaller. x is float32, or uint8, which is
// scaled to 0–1. What y must hold depends on the loss. For a model with one output, [n] is
// accepted for [n 1], and class numbers may be [n 1] instead of [n]. Where a loss of this
// package takes float32, int32 of the same shape is accepted.
//
// The values in the history and on the progress line are means over the epoch, taken
// while the model learns. So Evaluate gives different values afterwards. When ctx ends, Fit
// stops before the next batch and returns an *InterruptedError and the history so far.
// Options and data that don't fit the model are refused before anything is computed. A
// failing device gives a *kernels.DeviceError. If progress is shown, a line warns if the
// loss misinterprets the last layer's output, such as logits as probabilities.
func (m *Sequential) Fit(ctx context.Context, x, y *tensor.Tensor, o FitOptions) (history *History, err error) {
	defer catchDevice(&err)
	if err := checkContext("fit", ctx); err != nil {
		return nil, err
	}
	if m.fitting {
		return nil, errors.New("fit: Fit is running on this model already")
	}
	m.fitting = true
	defer func() { m.fitting = false }()
	y, free := m.labels(y)
	defer free()
	o.ValidationY, free = m.labels(o.ValidationY)
	defer free()
	if o, x, y, err = m.prepareFit(x, y, o); err != nil {
		return nil, err
	}
	weights, err := exampleWeights("fit", m, y, o.ClassWeight, o.SampleWeight)
	if err != nil {
		return nil, err
	}
	defer freeIfAny(weights)
	validation := stepKind{x: o.ValidationX, y: o.ValidationY, batch: o.ValidationBatchSize}
	if validation.weights, err = exampleWeights("fit: validation data", m, o.ValidationY, nil, o.ValidationSampleWeight); err != nil {
		return nil, err
	}
	defer freeIfAny(validation.weights)
	if o.Augment != nil {
		x = copyOf(x)
		defer x.Free()
	}
	batches := stepsOf(x.Dim(0), o.BatchSize)
	history = &History{Values: map[string][]float64{}, Epochs: o.Epochs, Steps: cmp.Or(o.StepsPerEpoch, batches)}
	collectGarbage()
	s := newSession(m)
	defer s.free()
	run := &Run{Model: m, Options: o, History: history, session: s, bar: newProgress(o.Output, o.Verbose), pass: pass{batches: batches}}
	defer func() {
		if history.Uncaptured = s.uncaptured(); history.Uncaptured != nil {
			run.bar.say("Each operation of a step was launched by itself: " + history.Uncaptured.Error())
		}
	}()
	if warning := m.lossWarning(); warning != "" && run.bar != nil && !m.warned {
		m.warned = true
		run.bar.say(warning)
	}
	if err := run.each(func(c Callback) error { return c.TrainBegin(run) }); err != nil {
		return history, err
	}
	first := o.InitialEpoch
	if run.place != nil {
		first = run.place.Epoch
	}
	for epoch := first; epoch < o.Epochs && !run.stopped; epoch++ {
		begin := time.Now()
		kind := stepKind{x: x, y: y, weights: weights, training: true, last: len(m.layers) - 1}
		logs, err := run.epoch(ctx, epoch, kind, validation)
		if err != nil {
			return history, err
		}
		history.add(epoch, logs, time.Since(begin).Seconds())
	}
	return history, run.each(func(c Callback) error { return c.TrainEnd(run) })
}

// epoch trains for one epoch and returns what it measured.
func (r *Run) epoch(ctx context.Context, epoch int, kind, validation stepKind) (map[string]float64, error) {
	s, o, bar := r.session, r.Options, r.bar
	n := kind.x.Dim(0)
	r.Epoch, r.done, r.logs = epoch, 0, nil
	if err := r.each(func(c Callback) error { return c.EpochBegin(r) }); err != nil {
		return nil, err
	}
	s.resetTotals()
	batch, err := r.resume(n)
	if err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	if r.pass.order == nil {
		if err := r.beginPass(kind.x); err != nil {
			return nil, err
		}
	}
	s.order(r.pass.order) // in every epoch: validation sets its own
	first := r.pass.used
	steps := min(r.History.Steps, r.pass.batches-first)
	s.counters.end = min(n, (first+steps)*o.BatchSize)
	bar.begin(fmt.Sprintf("Epoch %d/%d", epoch+1, o.Epochs), steps)
	if steps < r.History.Steps && !r.saidShort {
		r.saidShort = true
		bar.say(fmt.Sprintf("The data end in this epoch: it has %d of %d steps.", steps, r.History.Steps))
	}
	stopped := func(batch int, err error) error {
		bar.abandon()
		return &InterruptedError{epoch + 1, o.Epochs, batch, steps, err}
	}
	for batch < steps {
		if err := ctx.Err(); err != nil {
			return nil, stopped(batch, err)
		}
		from := (first + batch) * o.BatchSize
		kind.batch = min(o.BatchSize, n-from)
		s.run(kind, from)
		if s.unreached != nil && !r.warned {
			r.warned = true
			bar.say("No gradient reaches " + strings.Join(s.unreached, ", ") + ": the loss does not depend on it, and it stays as it is.")
		}
		r.Batch, r.done = batch, r.done+kind.batch
		batch++
		if bar.due() {
			bar.draw(batch, r.Logs())
		}
		if err := r.each(func(c Callback) error { return c.BatchEnd(r) }); err != nil {
			bar.abandon()
			return nil, err
		}
		if r.stopped {
			break
		}
	}
	r.pass.use(batch)
	if o.StepsPerEpoch == 0 {
		r.pass.finish() // even if a callback ended the epoch early
	}
	logs := r.Logs()
	bar.trained()
	if r.validates() {
		scores, err := s.evaluate(ctx, validation, "val_", nil, nil)
		if err != nil {
			return nil, stopped(batch, err)
		}
		for name, value := range scores {
			logs[name] = value
		}
	}
	bar.end(batch, r.withRate(logs))
	r.logs = logs
	return logs, r.each(func(c Callback) error { return c.EpochEnd(r, logs) })
}

func freeIfAny(t *tensor.Tensor) {
	if t != nil {
		t.Free()
	}
}

// copyOf returns a new tensor with the same contents.
func copyOf(x *tensor.Tensor) *tensor.Tensor {
	c := tensor.NewOf(x.Device(), x.Type(), x.Shape()...)
	x.Device().Copy(c.Buffer(), x.Buffer())
	return c
}

func (h *History) add(epoch int, logs map[string]float64, seconds float64) {
	h.Epoch = append(h.Epoch, epoch)
	h.Seconds = append(h.Seconds, seconds)
	for name, value := range logs {
		h.Values[name] = append(h.Values[name], value)
	}
}

// Last is the named value of the last epoch, or NaN if there is none.
func (h *History) Last(name string) float64 {
	values := h.Values[name]
	if len(values) == 0 {
		return math.NaN()
	}
	return values[len(values)-1]
}
