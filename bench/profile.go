package bench

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// A Profile is the cost of each call of a network's training step, on one or more configurations.
type Profile struct {
	Network string          `json:"network"`
	Batch   int             `json:"batch"`
	Data    string          `json:"data"`      // what it trains on
	StandIn bool            `json:"stand_in"`  // Data is not what the tutorial trains on
	From    int             `json:"from_step"` // steps of the epoch taken before
	Results []ProfileResult `json:"results"`
	Machine Machine         `json:"machine"`
}

// ProfileResult is a step's calls on one configuration, in order.
type ProfileResult struct {
	Config
	Steps       int        `json:"steps"`        // steps whose calls were timed
	StepSeconds float64    `json:"step_seconds"` // median of as many other steps, in which no call was timed
	Calls       []CallTime `json:"calls"`
}

// A CallTime is the time of one call. (Operations are those of kernels.Device.)
type CallTime struct {
	Phase     string  `json:"phase"` // forward, backward or update
	Operation string  `json:"operation"`
	Shape     string  `json:"shape"`
	Seconds   float64 `json:"seconds"` // median over all steps
	Share     float64 `json:"share"`   // of StepSeconds
	GFLOPS    float64 `json:"gflops"`  // of products and convolutions, counting those with zeros; otherwise 0
}

// Sum returns the seconds of all calls.
func (r ProfileResult) Sum() (seconds float64) {
	for _, c := range r.Calls {
		seconds += c.Seconds
	}
	return seconds
}

// phases returns each call's phase. The first gradient is the loss's and begins the backward pass;
// the optimizer begins the update.
func phases(calls []call) []string {
	names, phase := make([]string, len(calls)), "forward"
	for i, c := range calls {
		switch c.operation {
		case "SGD", "RMSprop", "Adam", "AddSquares", "ClipByNorm", "ClipByValue", "Advance":
			phase = "update"
		default:
			if strings.HasSuffix(c.operation, "Grad") {
				phase = "backward"
			}
		}
		names[i] = phase
	}
	return names
}

// A profiler trains a network on one configuration.
type profiler struct {
	config  Config
	device  *timed
	trainer *Trainer
	free    func() error

	calls   []call
	seconds [][]float64 // per call, by step
	steps   []float64   // seconds of steps whose calls were not timed
}

const (
	// turn is how long one configuration trains before the next one's turn.
	turn = 200 * time.Millisecond
	// settling is how many steps at the beginning of a turn are not counted.
	settling = 2
)

// ProfileSteps times the calls of a network's training step, starting in the middle of its first
// epoch, for about the given time on each configuration. The configurations take turns, and timed
// steps alternate with ordinary ones. Each call is waited for, so a GPU, which otherwise runs a
// step as one graph, cannot run ahead.
func ProfileSteps(ctx context.Context, n Network, configs []Config, budget time.Duration) (p *Profile, err error) {
	from, err := n.Middle(ctx)
	if err != nil {
		return nil, err
	}
	var all []*profiler
	defer func() {
		for _, f := range slices.Backward(all) { // each restores the GOMAXPROCS that it found
			err = errors.Join(err, f.close())
		}
	}()
	for _, c := range configs {
		f, err := newProfiler(ctx, c, n, from)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	for begin, first := time.Now(), true; first || time.Since(begin) < budget*time.Duration(len(all)); first = false {
		for _, f := range all {
			if err := f.turn(); err != nil {
				return nil, err
			}
		}
	}
	t := all[0].trainer
	p = &Profile{Network: n.Name, Batch: t.Batch, Data: t.Data.String(), StandIn: t.Data.Missing != "", From: t.From, Machine: ThisMachine()}
	for _, f := range all {
		p.Results = append(p.Results, f.result())
	}
	return p, nil
}

// newProfiler opens the device and takes the first step, which records the others.
func newProfiler(ctx context.Context, c Config, n Network, from *Checkpoint) (*profiler, error) {
	d, free, err := c.Open()
	if err != nil {
		return nil, err
	}
	f := &profiler{config: c, device: &timed{Device: d}, free: free}
	if f.trainer, err = NewTrainer(ctx, f.device, n, 0, from); err == nil {
		err = f.trainer.Step()
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *profiler) close() (err error) {
	if f.trainer != nil {
		err = f.trainer.Close()
	}
	return errors.Join(err, f.free())
}

// turn takes steps for a while and times the calls of every other one.
func (f *profiler) turn() error {
	for i, begin := 0, time.Now(); i < settling+2 || i%2 != 0 || time.Since(begin) < turn; i++ {
		if f.trainer.Ended() {
			if err := f.trainer.Restart(); err != nil {
				return err
			}
		}
		f.device.begin(i%2 == 0)
		start := time.Now()
		if err := f.trainer.Step(); err != nil {
			return err
		}
		whole := time.Since(start).Seconds()
		switch {
		case i < settling:
		case !f.device.on:
			f.steps = append(f.steps, whole)
		case f.calls == nil:
			f.calls = slices.Clone(f.device.calls)
			f.seconds = make([][]float64, len(f.calls))
			fallthrough
		case slices.Equal(f.calls, f.device.calls): // at the end of an epoch there may be others
			for j, s := range f.device.seconds {
				f.seconds[j] = append(f.seconds[j], s)
			}
		}
	}
	return nil
}

// result returns what was measured.
func (f *profiler) result() ProfileResult {
	r := ProfileResult{Config: f.config, StepSeconds: middle(f.steps), Steps: len(f.steps)}
	for i, phase := range phases(f.calls) {
		c, seconds := f.calls[i], middle(f.seconds[i])
		r.Steps = len(f.seconds[i])
		r.Calls = append(r.Calls, CallTime{phase, c.operation, c.shape(), seconds, seconds / r.StepSeconds, c.flop / seconds / 1e9})
	}
	return r
}

// middle returns the median.
func middle(seconds []float64) float64 {
	sorted := slices.Sorted(slices.Values(seconds))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
