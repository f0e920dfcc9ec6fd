package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/avx"
)

// What several cores gain over one. A host's clock, and what else it does, change from second to
// second, so that the fastest run on one core and the fastest one on two may be from minutes that
// are unlike. So the two take turns, a fraction of a second each; a turn's figure is how many times
// as long its fastest run on one core took as that on all, and of all turns of all rounds the median
// counts.
//
// In some minutes a host gives the threads of one core for two. So before each turn and after it
// multiply-adds in registers tell how many cores there are, and turns do not count in which there
// were fewer than there have been at times.

// ScalingResult is how many times as fast something is on several cores as on one.
type ScalingResult struct {
	Config         // the cores
	What   string  `json:"what"`
	MFLOP  float64 `json:"mflop"` // floating-point operations / 10⁶
	Turns  []Turn  `json:"turns"`
}

// A Turn is one measurement of that.
type Turn struct {
	Times float64 `json:"times"` // as fast
	Cores float64 `json:"cores"` // that the machine had: the less of before and after; 0 if that can't be told
}

// leastCores is the share of the machine's cores that a turn must have had. They are the most that
// were ever there, but no more than were asked for: a count is of some milliseconds, and where the
// clock changed meanwhile it is now and then too high.
const leastCores = 0.85

// Times is how many times as fast it is, the median of the turns that count, and how many these
// are.
func (r *Report) Times(s *ScalingResult) (times float64, turns int) {
	most := 0.0
	for i := range r.Scaling {
		if r.Scaling[i].Threads == s.Threads {
			for _, t := range r.Scaling[i].Turns {
				most = max(most, t.Cores)
			}
		}
	}
	most = min(most, float64(s.Threads))
	var counted []float64
	for _, t := range s.Turns {
		if t.Cores >= leastCores*most {
			counted = append(counted, t.Times)
		}
	}
	n := len(counted)
	if n == 0 {
		return 0, 0
	}
	slices.Sort(counted)
	return (counted[(n-1)/2] + counted[n/2]) / 2, n
}

// turnsInBudget is how many turns a figure has in a round, unless its runs take longer.
const turnsInBudget = 8

// byDevice groups the configs of each device that follow each other.
func byDevice(configs []Config) [][]Config {
	var groups [][]Config
	for i, c := range configs {
		if i == 0 || c.Device != configs[i-1].Device {
			groups = append(groups, nil)
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], c)
	}
	return groups
}

// seat is a device on a number of cores, among those that take turns.
type seat struct {
	Config
	device kernels.Device
	close  func() error
	pace   float64 // the most operations a second so far
}

// seat opens the device. Those that are opened one after the other must be closed the other way
// round.
func (c Config) seat() (*seat, error) {
	d, closeDevice, err := c.Open()
	return &seat{Config: c, device: d, close: closeDevice}, err
}

// take makes Go itself use as many cores as the device.
func (s *seat) take() {
	if s.Device != "cuda" {
		runtime.GOMAXPROCS(s.Threads)
	}
}

// A timer runs something for about a given time, after one run that is not counted, and gives the
// seconds of the fastest run.
type timer interface {
	Time(budget time.Duration) (seconds float64, err error)
	Close() error
}

// productTimer times a product.
type productTimer struct{ *Multiplier }

func (p productTimer) Time(budget time.Duration) (float64, error) {
	return p.Multiplier.Time(budget), nil
}

func (p productTimer) Close() error {
	p.Multiplier.Close()
	return nil
}

// turns measures something of so many floating-point operations on each seat that isn't too slow
// for it, in turns, and gives the seconds of each one's fastest run. It notes what the seats with
// more than one core gain.
func (r *Report) turns(ctx context.Context, seats []*seat, what string, flop float64, o Options, ready func(s *seat) (timer, error)) (seconds map[*seat]float64, err error) {
	var timers []timer
	defer func() {
		for _, t := range timers {
			err = errors.Join(err, t.Close())
		}
	}()
	var taking []*seat
	for _, s := range seats {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if r.tooSlow(s.Config, what, flop/s.pace, o) {
			continue
		}
		o.Progress(fmt.Sprintf("%v: %s", s.Config, what))
		s.take()
		t, err := ready(s)
		if err != nil {
			return nil, err
		}
		timers, taking = append(timers, t), append(taking, s)
	}
	times, cores, err := takeTurns(o.Budget, taking, timers)
	if err != nil || len(taking) == 0 {
		return nil, err
	}
	seconds = map[*seat]float64{}
	for i, s := range taking {
		seconds[s] = slices.Min(times[i])
		if i > 0 && taking[0].Threads == 1 {
			scaling := ScalingResult{Config: s.Config, What: what, MFLOP: flop / 1e6}
			for turn, t := range times[i] {
				scaling.Turns = append(scaling.Turns, Turn{times[0][turn] / t, min(cores[turn], cores[turn+1])})
			}
			r.Scaling = append(r.Scaling, scaling)
		}
	}
	return seconds, nil
}

// takeTurns lets each timer run for about the budget, in turns, and gives the seconds of its
// fastest run in each turn, and how many cores there were before each turn and after the last one.
// Where a run takes long there are fewer turns, at least one.
func takeTurns(budget time.Duration, seats []*seat, timers []timer) (times [][]float64, cores []float64, err error) {
	times = make([][]float64, len(timers))
	each := budget
	if len(timers) > 1 {
		each = budget / turnsInBudget
	}
	for begin := time.Now(); len(timers) > 0; {
		if cores, err = countCores(cores, seats); err != nil {
			return nil, nil, err
		}
		for i, t := range timers {
			seats[i].take()
			seconds, err := t.Time(each)
			if err != nil {
				return nil, nil, err
			}
			times[i] = append(times[i], seconds)
		}
		if len(times[0]) == turnsInBudget || len(timers) == 1 || time.Since(begin) >= budget*time.Duration(len(timers)) {
			break
		}
	}
	cores, err = countCores(cores, seats)
	return times, cores, err
}

// countCores adds how many cores there are, or 0 where it makes no difference or this machine has no
// assembly to tell it.
func countCores(counts []float64, seats []*seat) ([]float64, error) {
	set, err := avx.Best()
	if len(seats) < 2 || err != nil || !slices.Contains(avx.Names(), set) {
		return append(counts, 0), nil
	}
	last := seats[len(seats)-1]
	last.take()
	cores, err := avx.MeasureCores(set, last.Threads)
	return append(counts, cores), err
}
