package nn

import (
	"errors"
	"fmt"
	"math"
)

// EarlyStopping ends training when a value has not improved for Patience epochs, or for
// one epoch if Patience is 0. It is an error if the training does not measure the value.
type EarlyStopping struct {
	BaseCallback
	Monitor     string  // val_loss if empty
	Mode        Mode    // which values are better; by default Either, which goes by the value's name
	MinDelta    float64 // a smaller change does not count
	Patience    int     // epochs without an improvement until training stops; 0 means 1
	RestoreBest bool    // at the end, give the model the weights of its best epoch
	// Baseline, if not nil, is a value to beat: an epoch that does not beat it counts as
	// one without an improvement, even if it is the best so far.
	Baseline *float64
	// StartFromEpoch is the first epoch, from 0, whose value counts.
	StartFromEpoch int

	monitor *monitor
	waited  int
	best    [][]float32
	epoch   int // of the best weights
}

// TrainBegin resets the state of an earlier run.
func (e *EarlyStopping) TrainBegin(*Run) error {
	e.waited, e.best = 0, nil
	if e.Patience < 0 || e.StartFromEpoch < 0 {
		return fmt.Errorf("early stopping: patience is %d and the epoch to start from %d, must be at least 0", e.Patience, e.StartFromEpoch)
	}
	if math.IsNaN(e.MinDelta) {
		return errors.New("early stopping: the smallest change that counts is NaN, must be a number")
	}
	e.monitor = newMonitor("early stopping", e.Monitor, e.Mode, e.MinDelta)
	return nil
}

// EpochEnd checks the value.
func (e *EarlyStopping) EpochEnd(r *Run, logs map[string]float64) error {
	value, ok, err := e.monitor.value(r, logs)
	if err != nil || !ok {
		return err
	}
	if r.Epoch < e.StartFromEpoch {
		return nil
	}
	improved := e.monitor.improved(value)
	if e.RestoreBest && (improved || e.best == nil) {
		e.best, e.epoch = r.Model.copyWeights(), r.Epoch
	}
	e.waited++
	if improved {
		if e.Baseline == nil || e.monitor.better(value, *e.Baseline) {
			e.waited = 0
		}
		return nil
	}
	if e.waited >= e.Patience && r.Epoch > 0 {
		r.Stop()
		r.Say(fmt.Sprintf("Epoch %d: early stopping", r.Epoch+1))
	}
	return nil
}

// TrainEnd restores the best weights.
func (e *EarlyStopping) TrainEnd(r *Run) error {
	if e.best != nil {
		r.Say(fmt.Sprintf("Restoring model weights from the end of the best epoch: %d.", e.epoch+1))
		r.Model.setWeights(e.best)
	}
	return nil
}
