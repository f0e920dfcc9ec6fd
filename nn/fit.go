package nn

import (
	"context"
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
	Epochs          int             // the number of the last epoch; 1 where 0
	BatchSize       int             // examples in a step; 32 where 0
	ValidationX     *tensor.Tensor  // evaluated at the end of each epoch, if not nil
	ValidationY     *tensor.Tensor  // their labels
	ValidationSplit float64         // in place of those: the last share of the training data, cut off before any shuffling
	ClassWeight     map[int]float64 // how much an example of a class counts in the loss; 1 where not given
	// SampleWeight is how much each example counts in the loss, [n]; or each position of
	// each example, row by row, where the output has several axes: [n·time] for an output
	// [n, time, classes]. ValidationSplit splits it too.
	SampleWeight []float32
	// ValidationSampleWeight is the same for ValidationX and val_loss.
	ValidationSampleWeight []float32
	NoShuffle              bool // take the examples in their order
	InitialEpoch           int  // the number of epochs that were trained before
	// Augment, if not nil, is called at the beginning of each epoch to fill in the
	// examples to train on: x has the shape and the type of the training data, but
	// memory of its own, which holds the examples of the epoch before. Chance should
	// come from r only; then training stays repeatable, and resumes as it would have
	// gone on. Validation data are left as they are.
	Augment   func(x *tensor.Tensor, r *rand.Rand)
	Verbose   Verbosity  // what progress is shown; Auto, which is Bar, where not given
	Output    io.Writer  // where progress is shown; os.Stdout where nil
	Callbacks []Callback // told of each epoch and step, in this order
}

// History is what a training run measured.
type History struct {
	Epoch   []int                // the number of each epoch, from 0
	Values  map[string][]float64 // by epoch: loss, each metric, and both for the validation data as val_loss, val_…
	Seconds []float64            // by epoch: training and validation
	Epochs  int                  // how many were asked for
	Steps   int                  // steps in an epoch
	// Uncaptured says why the training step was not launched as one graph, on a device
	// that launches graphs: each operation was launched by itself, which takes longer and
	// gives the same bits.
	Uncaptured error
}

// An InterruptedError tells how far training came before its context ended.
type InterruptedError struct {
	Epoch, Epochs int   // the epoch it was in, from 1
	Batch, Steps  int   // the batches done in that epoch
	Err           error // the context's error
}

// Error tells how far training came, and why it ended.
func (e *InterruptedError) Error() string {
	return fmt.Sprintf("training stopped in epoch %d of %d after %d of %d batches: %v", e.Epoch, e.Epochs, e.Batch, e.Steps, e.Err)
}

// Unwrap is the context's error.
func (e *InterruptedError) Unwrap() error { return e.Err }

// Fit trains the model on examples x [n, …] with labels y [n, …], in batches of
// a new random order in each epoch; the last batch may be smaller. x holds
// float32, or uint8 that is scaled to 0–1; what y must hold depends on the loss. For a
// model with one output, [n] will do in place of [n 1], and so will class numbers [n 1]
// in place of [n]. Where a loss of this package takes float32, int32 of that shape will do.
//
// The values in the history, and on the progress line, are means over the epoch,
// while the model learns: Evaluate, after it, gives others. When ctx ends, Fit
// stops before the next batch and returns an *InterruptedError with the history
// so far. Options and data that don't fit the model are refused before anything
// is computed; a device that fails gives a *kernels.DeviceError. Where progress is shown, a
// line says so if the loss takes the last layer's numbers for something else than they are.
func (m *Sequential) Fit(ctx context.Context, x, y *tensor.Tensor, o FitOptions) (history *History, err error) {
	defer catchDevice(&err)
	if err := checkContext("fit", ctx); err != nil {
		return nil, err
	}
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
	validation := stepKind{x: o.ValidationX, y: o.ValidationY, batch: o.BatchSize}
	if validation.weights, err = exampleWeights("fit: validation data", m, o.ValidationY, nil, o.ValidationSampleWeight); err != nil {
		return nil, err
	}
	defer freeIfAny(validation.weights)
	if o.Augment != nil {
		x = copyOf(x)
		defer x.Free()
	}
	n := x.Dim(0)
	steps := (n + o.BatchSize - 1) / o.BatchSize
	history = &History{Values: map[string][]float64{}, Epochs: o.Epochs, Steps: steps}
	collectGarbage()
	s := newSession(m)
	defer s.free()
	run := &Run{Model: m, Options: o, History: history, session: s, bar: newProgress(o.Output, o.Verbose)}
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

// epoch goes through all examples once, and gives what it measured.
func (r *Run) epoch(ctx context.Context, epoch int, kind, validation stepKind) (map[string]float64, error) {
	m, s, o, bar, steps := r.Model, r.session, r.Options, r.bar, r.History.Steps
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
	if r.epochRandom, err = m.random.MarshalBinary(); err != nil {
		return nil, err
	}
	if o.Augment != nil { // behind the state that a backup keeps, so that it gives the same again
		o.Augment(kind.x, m.random.Rand)
	}
	order := ascending(n)
	if !o.NoShuffle {
		m.random.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	s.order(order)
	bar.begin(fmt.Sprintf("Epoch %d/%d", epoch+1, o.Epochs), steps)
	stopped := func(batch int, err error) error {
		bar.abandon()
		return &InterruptedError{epoch + 1, o.Epochs, batch, steps, err}
	}
	for batch < steps {
		if err := ctx.Err(); err != nil {
			return nil, stopped(batch, err)
		}
		from := batch * o.BatchSize
		kind.batch = min(o.BatchSize, n-from)
		s.run(kind, from)
		if s.unreached != nil && !r.warned {
			r.warned = true
			bar.say("No gradient reaches " + strings.Join(s.unreached, ", ") + ": the loss does not depend on it, and it stays as it is.")
		}
		r.Batch, r.done = batch, from+kind.batch
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
	logs := r.Logs()
	bar.trained()
	if validation.x != nil {
		scores, err := s.evaluate(ctx, validation, "val_", nil, nil)
		if err != nil {
			return nil, stopped(steps, err)
		}
		for name, value := range scores {
			logs[name] = value
		}
	}
	bar.end(batch, r.withRate(logs))
	r.logs = logs
	return logs, r.each(func(c Callback) error { return c.EpochEnd(r, logs) })
}

// resume puts back what a backup holds of the epoch that begins, if there is one: the
// random generator, and the sums over the batches of the n examples that were done. It
// gives their number.
func (r *Run) resume(n int) (batch int, err error) {
	place := r.place
	if place == nil || place.Epoch != r.Epoch {
		return 0, nil
	}
	r.place = nil
	if err := r.Model.random.UnmarshalBinary(place.Random); err != nil {
		return 0, fmt.Errorf("the backup's random generator: %w", err)
	}
	if place.Batch == 0 {
		return 0, nil
	}
	r.done = min(place.Batch*r.Options.BatchSize, n)
	return place.Batch, r.session.setTotals(place.Totals)
}

func freeIfAny(t *tensor.Tensor) {
	if t != nil {
		t.Free()
	}
}

// copyOf makes a tensor of the same contents.
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

// Last is the value of the last epoch, or NaN if there is none.
func (h *History) Last(name string) float64 {
	values := h.Values[name]
	if len(values) == 0 {
		return math.NaN()
	}
	return values[len(values)-1]
}
