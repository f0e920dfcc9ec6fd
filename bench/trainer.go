package bench

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"time"

	"baregrad/kernels"
	"baregrad/nn"
)

// A Trainer takes the training steps of a Fit one at a time, so that each can be
// timed: Fit runs as a coroutine that halts at the end of each batch.
type Trainer struct {
	Network Network
	Model   *nn.Sequential
	Batch   int // examples in a step

	device kernels.Device
	next   func() (struct{}, bool)
	stop   func()
	err    error
}

var errEnough = errors.New("enough was measured")

// NewTrainer trains the network on the device with as many random examples as
// the tutorial has, rounded down to whole batches. A batch of 0 is the
// tutorial's; with another, there are as few examples as make four batches.
func NewTrainer(ctx context.Context, d kernels.Device, n Network, batch int) (*Trainer, error) {
	examples := 4 * batch
	if batch == 0 {
		batch = n.Batch
		examples = n.Examples / batch * batch
	}
	m, err := n.Model(d)
	if err != nil {
		return nil, err
	}
	t := &Trainer{Network: n, Model: m, Batch: batch, device: d}
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		x, y := n.Data(d, examples)
		defer x.Free()
		defer y.Free()
		_, t.err = m.Fit(ctx, x, y, nn.FitOptions{
			Epochs: math.MaxInt, BatchSize: batch, Verbose: nn.Silent, Callbacks: []nn.Callback{halting{yield: yield}},
		})
	})
	return t, nil
}

// halting hands control back at the end of each batch.
type halting struct {
	nn.BaseCallback
	yield func(struct{}) bool
}

func (h halting) BatchEnd(*nn.Run) error {
	if !h.yield(struct{}{}) {
		return errEnough
	}
	return nil
}

// Step takes one training step and waits until the device has done it. The first
// one records the step, and allocates; later ones don't.
func (t *Trainer) Step() error {
	if _, more := t.next(); !more {
		return t.err
	}
	t.device.Sync()
	return nil
}

// Close ends the training and frees what it used.
func (t *Trainer) Close() error {
	t.stop()
	if t.err != nil && !errors.Is(t.err, errEnough) {
		return t.err
	}
	return nil
}

// FLOP is Network.FLOP of the trainer's batch.
func (t *Trainer) FLOP() float64 { return t.Network.FLOP(t.Model, t.Batch) }

// Time takes steps for about the given time, at least one, after one that is not
// counted, and gives the fastest, in seconds.
func (t *Trainer) Time(budget time.Duration) (seconds float64, err error) {
	if err := t.Step(); err != nil {
		return 0, err
	}
	times, err := repeat(budget, t.Step)
	if err != nil {
		return 0, err
	}
	return slices.Min(times), nil
}
