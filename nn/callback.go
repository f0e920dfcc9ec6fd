package nn

import "fmt"

// A Callback is told how training goes, and can stop it. An error that it
// returns ends Fit. Embed BaseCallback to write only the methods that are needed.
type Callback interface {
	// TrainBegin comes before the first epoch.
	TrainBegin(r *Run) error
	// EpochBegin comes before the first step of each epoch.
	EpochBegin(r *Run) error
	// BatchEnd comes after each training step.
	BatchEnd(r *Run) error
	// EpochEnd gets what the epoch measured, validation included; what it adds to
	// logs goes into the history.
	EpochEnd(r *Run, logs map[string]float64) error
	// TrainEnd comes after the last epoch, unless Fit ends with an error.
	TrainEnd(r *Run) error
}

// BaseCallback does nothing at any time.
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

// A Run is a Fit at work, as callbacks see it.
type Run struct {
	Model   *Sequential // that is trained
	Options FitOptions  // Fit's, with its defaults filled in
	History *History    // of the epochs that are over
	Epoch   int         // from 0
	Batch   int         // in the epoch, from 0

	session     *session
	bar         *progress
	done        int                // examples of the epoch
	logs        map[string]float64 // of the epoch, once it is over
	stopped     bool
	warned      bool      // of parameters that no gradient reaches
	place       *position // to go on from; nil to begin at the beginning
	epochRandom []byte    // the generator's state at the beginning of the epoch
}

// Stop ends training after the batch that is under way: its epoch ends early, with
// its validation. Called from TrainBegin, no epoch begins; from EpochBegin, the
// epoch has one batch.
func (r *Run) Stop() { r.stopped = true }

// Logs are the loss and the metrics, as means over the epoch so far; from EpochEnd
// on, what the epoch measured, validation included; and none before an epoch's first
// step. Reading them waits for the device.
func (r *Run) Logs() map[string]float64 {
	switch {
	case r.logs != nil:
		return r.logs
	case r.done == 0:
		return map[string]float64{}
	}
	return r.session.means(r.done, "")
}

// Say writes a line where the progress is shown; nothing if that is Silent.
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
