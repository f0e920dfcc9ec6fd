package nn

import "fmt"

// EarlyStopping ends training when a value has stopped getting better: when it
// has not for Patience epochs, or for one, where that is 0. A value that the
// training does not measure is an error.
type EarlyStopping struct {
	BaseCallback
	Monitor     string // val_loss where empty
	Mode        Mode
	MinDelta    float64 // a smaller change does not count
	Patience    int     // epochs without an improvement, after the first, that it puts up with
	RestoreBest bool    // give the model the weights of the best epoch at the end

	monitor *monitor
	waited  int
	best    [][]float32
	epoch   int // of the best weights
}

// TrainBegin forgets an earlier run.
func (e *EarlyStopping) TrainBegin(*Run) error {
	e.monitor, e.waited, e.best = newMonitor(e.Monitor, e.Mode, e.MinDelta), 0, nil
	return nil
}

// EpochEnd looks at the value.
func (e *EarlyStopping) EpochEnd(r *Run, logs map[string]float64) error {
	improved, err := e.monitor.improved("early stopping", logs)
	if err != nil {
		return err
	}
	e.waited++
	if improved {
		e.waited = 0
		e.epoch = r.Epoch
		if e.RestoreBest {
			e.best = r.Model.copyWeights()
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
