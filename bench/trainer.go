package bench

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// leastSteps is the minimum number of steps in a training: binary-mlp's epoch has only five, and is
// repeated until there are as many.
const leastSteps = 50

// A Trainer takes the training steps of a Fit one at a time, so that each can be timed: Fit runs as
// a coroutine that pauses at the end of each batch. After Steps steps, Restart begins another
// training with the same initial weights, because the number of zero activations, and so the time
// of a step, depends on how long the network has been trained.
type Trainer struct {
	Network Network
	Batch   int // examples per step
	Steps   int // per training: an epoch, or as many epochs as make leastSteps
	From    int // number of steps of the epoch for which the initial weights were trained
	Data    *Data

	ctx      context.Context
	device   kernels.Device
	from     *Checkpoint // nil: fresh weights
	examples int
	x, y     *tensor.Tensor
	model    *nn.Sequential
	taken    int // steps of this training
	run      *nn.Run
	next     func() (struct{}, bool)
	stop     func()
	err      error // returned by Fit
}

var errEnough = errors.New("enough was measured")

// NewTrainer trains the network on the device from a checkpoint, or from fresh weights if from is
// nil, with the tutorial's examples, rounded down to whole batches. A batch of 0 means the
// tutorial's; with any other there are only examples for four batches.
func NewTrainer(ctx context.Context, d kernels.Device, n Network, batch int, from *Checkpoint) (*Trainer, error) {
	t := &Trainer{Network: n, Batch: batch, ctx: ctx, device: d, from: from, examples: 4 * batch}
	if batch == 0 {
		t.Batch = n.Batch
		t.examples = n.Examples / n.Batch * n.Batch
	}
	t.Steps = trainingSteps(t.examples / t.Batch)
	if from != nil {
		t.From = from.Step
		t.Steps = max(t.Steps-from.Step, min(t.Steps, leastSteps/2))
	}
	var err error
	if t.Data, err = n.Data(ctx); err != nil {
		return nil, err
	}
	if t.model, err = t.beginning(); err != nil {
		return nil, err
	}
	return t, nil
}

// Steps returns the number of steps of a training with the tutorial's batch.
func (n Network) Steps() int { return trainingSteps(n.Examples / n.Batch) }

// trainingSteps returns the number of steps of a training whose epochs have the given number of
// steps.
func trainingSteps(epoch int) int { return (leastSteps + epoch - 1) / epoch * epoch }

// beginning returns the model at the start of a training.
func (t *Trainer) beginning() (*nn.Sequential, error) {
	if t.from != nil {
		return t.from.load(t.ctx, t.device)
	}
	return t.Network.Model(t.device)
}

// begin starts Fit, which pauses after the first step.
func (t *Trainer) begin() (err error) {
	if t.x == nil {
		if t.x, t.y, err = t.Network.Tensors(t.device, t.Data, t.examples); err != nil {
			return err
		}
	}
	epoch := t.examples / t.Batch
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		_, t.err = t.model.Fit(t.ctx, t.x, t.y, nn.FitOptions{
			Epochs: trainingSteps(epoch) / epoch, BatchSize: t.Batch, Verbose: nn.Silent, Callbacks: []nn.Callback{halting{t: t, yield: yield}},
		})
	})
	return nil
}

// halting hands control back at the end of each batch.
type halting struct {
	nn.BaseCallback
	t     *Trainer
	yield func(struct{}) bool
}

func (h halting) BatchEnd(r *nn.Run) error {
	h.t.run = r
	if !h.yield(struct{}{}) {
		return errEnough
	}
	return nil
}

// Step takes one training step and waits until the device has finished it. The first step of a
// training records the step and allocates; later ones do not. An error ends the training.
func (t *Trainer) Step() error {
	if t.Ended() {
		return fmt.Errorf("%s: the training of %d steps is over", t.Network.Name, t.Steps)
	}
	if t.next == nil {
		if err := t.begin(); err != nil {
			return err
		}
	}
	if _, more := t.next(); !more {
		return t.end() // nothing is left for Close to report
	}
	t.device.Sync()
	t.taken++
	return nil
}

// Ended reports whether all steps of the training have been taken.
func (t *Trainer) Ended() bool { return t.taken >= t.Steps }

// Restart begins another training with the same initial weights, and takes its first step.
func (t *Trainer) Restart() error {
	if err := t.end(); err != nil {
		return err
	}
	t.model.Free()
	var err error
	if t.model, err = t.beginning(); err != nil {
		return err
	}
	return t.Step()
}

// end ends the current training.
func (t *Trainer) end() error {
	if t.next == nil {
		return nil
	}
	t.stop()
	err := t.err
	t.next, t.stop, t.run, t.err, t.taken = nil, nil, nil, nil, 0
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// Loss returns the mean loss of the epoch so far, NaN before the first step.
func (t *Trainer) Loss() float64 {
	if t.run == nil {
		return math.NaN()
	}
	return t.run.Logs()["loss"]
}

// Close ends the training and frees its memory. The trainer cannot be used afterwards.
func (t *Trainer) Close() error {
	err := t.end()
	if t.x != nil {
		t.x.Free()
		t.y.Free()
	}
	t.model.Free()
	return err
}

// FLOP returns Network.FLOP for the trainer's batch.
func (t *Trainer) FLOP() float64 { return t.Network.FLOP(t.model, t.Batch) }

// stepTimer times the steps of a training. When a training ends another one begins, whose first
// step is not counted.
type stepTimer struct{ *Trainer }

func (t stepTimer) Time() (seconds float64, err error) {
	if t.Ended() {
		if err := t.Restart(); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	err = t.Step()
	return time.Since(start).Seconds(), err
}
