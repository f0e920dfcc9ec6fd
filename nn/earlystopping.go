package nn

import (
	"errors"
	"fmt"
	"math"
)

// EarlyStopping ends training when a value has stopped getting better: when it
// has not for Patience epochs, or for one, where that is 0. A value that the
// training does not measure is an error.
type EarlyStopping struct {
	BaseCallback
	Monitor     string  // val_loss where empty
	Mode        Mode    // which values are better; Either, by the value's name, where not given
	MinDelta    float64 // a smaller change does not count
	Patience    int     // epochs without an improvement, after the first, that it puts up with
	RestoreBest bool    // give the model the weights of the best epoch at the end
	// Baseline, if not nil, is what the value has to beat: an epoch that does not
	// counts as one without an improvement, even if it is the best so far.
	Baseline *float64
	// StartFromEpoch is the first epoch, from 0, that is looked at.
	StartFromEpoch int

	monitor *monitor
	waited  int
	best    [][]float32
	epoch   int // of the best weights
}

// TrainBegin forgets an earlier run.
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

// EpochEnd looks at the value.
func (e *EarlyStopping) EpochEnd(r *Run, logs map[string]float64) error {
	value, err := e.monitor.value(logs)
	if err != nil {
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

// TrainEnd puts the best weights back.
func (e *EarlyStopping) TrainEnd(r *Run) error {
	if e.best != nil {
		r.Say(fmt.Sprintf("Restoring model weights from the end of the best epoch: %d.", e.epoch+1))
		r.Model.setWeights(e.best)
	}
	return nil
}
