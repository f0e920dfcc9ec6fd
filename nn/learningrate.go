package nn

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// LearningRateScheduler sets the learning rate at the start of each epoch. The history
// and the progress line show it as learning_rate.
type LearningRateScheduler struct {
	BaseCallback
	// Schedule gets the epoch, from 0, and the current rate, and returns the new rate.
	Schedule func(epoch int, rate float64) float64
}

// TrainBegin returns an error if there is no schedule.
func (s *LearningRateScheduler) TrainBegin(*Run) error {
	if s.Schedule == nil {
		return errors.New("learning rate scheduler: no schedule was given")
	}
	return nil
}

// EpochBegin sets the rate.
func (s *LearningRateScheduler) EpochBegin(r *Run) error {
	rate := s.Schedule(r.Epoch, r.Model.LearningRate())
	if !isRate(rate) {
		return fmt.Errorf("learning rate scheduler: the rate for epoch %d is %v, must be a number from 0", r.Epoch, rate)
	}
	r.Model.SetLearningRate(rate)
	return nil
}

// EpochEnd logs the rate.
func (s *LearningRateScheduler) EpochEnd(r *Run, logs map[string]float64) error {
	logs["learning_rate"] = r.Model.LearningRate()
	return nil
}

// setsRate marks the callbacks whose learning rate Keras shows on the progress line.
type setsRate interface{ setsRate() }

func (*LearningRateScheduler) setsRate() {}
func (*ReduceLROnPlateau) setsRate()     {}

// withRate returns the values to show for an epoch: its measurements, and the learning rate
// if a callback sets it.
func (r *Run) withRate(logs map[string]float64) map[string]float64 {
	if !slices.ContainsFunc(r.Options.Callbacks, func(c Callback) bool { _, ok := c.(setsRate); return ok }) {
		return logs
	}
	shown := maps.Clone(logs)
	shown["learning_rate"] = r.Model.LearningRate()
	return shown
}

// ReduceLROnPlateau lowers the learning rate when a value has stopped improving. The
// history and the progress line show as learning_rate the rate that the epoch was trained
// with.
type ReduceLROnPlateau struct {
	BaseCallback
	Monitor  string  // val_loss if empty
	Mode     Mode    // which values are better; by default Either, which goes by the value's name
	Factor   float64 // the rate is multiplied by it; 0.1 if 0
	Patience int     // epochs without an improvement before that; 10 if 0
	MinDelta float64 // a smaller change does not count; 1e-4 if 0
	Cooldown int     // epochs to wait after a reduction
	MinRate  float64 // the lower limit of the rate

	monitor *monitor
	waited  int
	resting int
}

// TrainBegin resets the state of an earlier run.
func (p *ReduceLROnPlateau) TrainBegin(*Run) error {
	if factor := or(p.Factor, 0.1); !(factor > 0 && factor < 1) {
		return fmt.Errorf("reduce learning rate on plateau: factor is %v, must be between 0 and 1", factor)
	}
	if p.Patience < 0 || p.Cooldown < 0 || !(p.MinRate >= 0) {
		return fmt.Errorf("reduce learning rate on plateau: patience is %d, cooldown %d, the smallest rate %v, must be at least 0",
			p.Patience, p.Cooldown, p.MinRate)
	}
	if math.IsNaN(p.MinDelta) {
		return errors.New("reduce learning rate on plateau: the smallest change that counts is NaN, must be a number")
	}
	p.waited, p.resting = 0, 0
	p.monitor = newMonitor("reduce learning rate on plateau", p.Monitor, p.Mode, or(p.MinDelta, 1e-4))
	return nil
}

// EpochEnd checks the value.
func (p *ReduceLROnPlateau) EpochEnd(r *Run, logs map[string]float64) error {
	value, ok, err := p.monitor.value(r, logs)
	rate := r.Model.LearningRate()
	logs["learning_rate"] = rate
	if err != nil || !ok {
		return err
	}
	if p.resting > 0 {
		p.resting--
		p.waited = 0
	}
	if p.monitor.improved(value) {
		p.waited = 0
		return nil
	}
	if p.resting > 0 {
		return nil
	}
	p.waited++
	if p.waited >= int(or(float64(p.Patience), 10)) && rate > p.MinRate {
		rate = math.Max(rate*or(p.Factor, 0.1), p.MinRate)
		r.Model.SetLearningRate(rate)
		r.Say(fmt.Sprintf("Epoch %d: ReduceLROnPlateau reducing learning rate to %v.", r.Epoch+1, rate))
		p.resting, p.waited = p.Cooldown, 0
	}
	return nil
}
