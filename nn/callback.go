package nn

import "fmt"

// A Callback follows training and can stop it. An error from any of its methods ends
// Fit. Embed BaseCallback to write only the methods that you need.
type Callback interface {
	// TrainBegin is called before the first epoch.
	TrainBegin(r *Run) error
	// EpochBegin is called before the first step of each epoch.
	EpochBegin(r *Run) error
	// BatchEnd is called after each training step.
	BatchEnd(r *Run) error
	// EpochEnd is called with the epoch's measurements, including validation. Values
	// that it adds to logs go into the history.
	EpochEnd(r *Run, logs map[string]float64) error
	// TrainEnd is called after the last epoch, unless Fit ends with an error.
	TrainEnd(r *Run) error
}

// BaseCallback is a Callback that does nothing.
type BaseCallback struct{}

// TrainBegin does nothing.
func (BaseCallback) TrainBegin(*Run) error { return nil }

// EpochBegin does nothing.
func (BaseCallback) EpochBegin(*Run) error { return nil }

// BatchEnd does nothing.
func (BaseCallback) BatchEnd(*Run) error { return nil }

// EpochEnd does nothing.
func (BaseCallback) EpochEnd(*Run, map[string]float64) error { return nil }

// TrainEnd does nothing.
func (BaseCallback) TrainEnd(*Run) error { return nil }

// LambdaCallback is a Callback of single functions, for which no type is needed. Those that are
// nil do nothing. They are called as the methods of Callback are.
type LambdaCallback struct {
	OnTrainBegin func(r *Run) error                          // before the first epoch
	OnEpochBegin func(r *Run) error                          // before the first step of each epoch
	OnBatchEnd   func(r *Run) error                          // after each training step
	OnEpochEnd   func(r *Run, logs map[string]float64) error // with the epoch's measurements
	OnTrainEnd   func(r *Run) error                          // after the last epoch
}

// TrainBegin calls OnTrainBegin.
func (c LambdaCallback) TrainBegin(r *Run) error { return callIfAny(c.OnTrainBegin, r) }

// EpochBegin calls OnEpochBegin.
func (c LambdaCallback) EpochBegin(r *Run) error { return callIfAny(c.OnEpochBegin, r) }

// BatchEnd calls OnBatchEnd.
func (c LambdaCallback) BatchEnd(r *Run) error { return callIfAny(c.OnBatchEnd, r) }

// EpochEnd calls OnEpochEnd.
func (c LambdaCallback) EpochEnd(r *Run, logs map[string]float64) error {
	if c.OnEpochEnd == nil {
		return nil
	}
	return c.OnEpochEnd(r, logs)
}

// TrainEnd calls OnTrainEnd.
func (c LambdaCallback) TrainEnd(r *Run) error { return callIfAny(c.OnTrainEnd, r) }

func callIfAny(f func(*Run) error, r *Run) error {
	if f == nil {
		return nil
	}
	return f(r)
}

// A Run is a running Fit, as callbacks see it.
type Run struct {
	Model   *Sequential // the model being trained
	Options FitOptions  // Fit's options, with defaults filled in
	History *History    // of the completed epochs
	Epoch   int         // from 0
	Batch   int         // in the epoch, from 0

	session   *session
	bar       *progress
	done      int                // examples done in the epoch
	logs      map[string]float64 // of the epoch, once it is over
	stopped   bool
	warned    bool      // about parameters that no gradient reaches
	saidShort bool      // that the steps of an epoch do not divide the data
	place     *position // where to continue; nil to start from the beginning
	pass      pass      // the place in the data
}

// Stop ends training after the current batch. The epoch ends early, with its validation.
// If called from TrainBegin, no epoch starts; if called from EpochBegin, the epoch has
// one batch.
func (r *Run) Stop() { r.stopped = true }

// Logs returns the loss and the metrics as means over the epoch so far. From EpochEnd on,
// it returns everything that the epoch measured, including validation. Before an epoch's
// first step it is empty. Reading the values waits for the device.
func (r *Run) Logs() map[string]float64 {
	switch {
	case r.logs != nil:
		return r.logs
	case r.done == 0:
		return map[string]float64{}
	}
	return r.session.means(r.done, "")
}

// Say writes a line where progress is shown, unless progress is Silent.
func (r *Run) Say(line string) {
	if r.Options.Verbose != Silent {
		r.bar.abandon()
		fmt.Fprintln(r.Options.Output, line)
	}
}

func (r *Run) each(call func(Callback) error) error {
	for _, c := range r.Options.Callbacks {
		if err := call(c); err != nil {
			return err
		}
	}
	return nil
}
