package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/avx"
)

// The gain of several cores over one. A host's clock and its other work change from second to
// second, so the fastest run on one core and the fastest on two may come from different conditions.
// So the two take turns of some milliseconds, with the same number of runs. The figure of a turn is
// the time of the fastest run on one core divided by that on all; the result is the median over all
// turns of all rounds.
//
// A host sometimes provides two threads of one core instead of two cores, and may switch within a
// millisecond. So before and after the runs on several cores, multiply-adds in registers measure
// how many cores there are, and turns with fewer than usual do not count. If too few turns count,
// the figure is measured again, if there is time: Options.More. Neither rule looks at the figure of
// a turn.

// ScalingResult is how many times as fast something is on several cores as on one.
type ScalingResult struct {
	Config         // the number of cores
	What   string  `json:"what"`
	MFLOP  float64 `json:"mflop"` // floating-point operations / 10⁶
	Turns  Turns   `json:"turns"`
}

// Turns are written to JSON as an object of two lists, times and cores, with three decimals.
type Turns []Turn

// MarshalJSON encodes the turns.
func (t Turns) MarshalJSON() ([]byte, error) {
	var lists struct {
		Times []float64 `json:"times"`
		Cores []float64 `json:"cores"`
	}
	lists.Times, lists.Cores = make([]float64, len(t)), make([]float64, len(t))
	for i, turn := range t {
		lists.Times[i], lists.Cores[i] = math.Round(turn.Times*1000)/1000, math.Round(turn.Cores*1000)/1000
	}
	return json.Marshal(lists)
}

// A Turn is one such measurement.
type Turn struct {
	Times float64 // speed relative to one core
	Cores float64 // cores that the machine had: the lower of before and after; 0 if unknown
}

// leastCores is the share of the machine's cores that a turn must have had. The machine's cores are
// the maximum ever measured, but at most the number asked for: a count takes some milliseconds, and
// if the clock changes meanwhile it is sometimes too high.
const leastCores = 0.85

// Times returns the speed relative to one core, the median of the turns that count, and the number
// of these turns.
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

// turnTime is how long the runs on one core take in a turn, unless a single run takes longer.
const turnTime = 2 * time.Millisecond

// longRun is the time from which a run counts although it is the first after runs on another number
// of cores. These leave other data in the caches, and sleeping workers: some 50 µs.
const longRun = 10 * time.Millisecond

// enoughTurns is how many turns must count so that a figure is not measured again.
const enoughTurns = 30

// row identifies what has turns.
type row struct {
	Config
	what string
}

// lacking returns the rows with too few turns that count.
func (r *Report) lacking() map[row]bool {
	rows := map[row]bool{}
	for i := range r.Scaling {
		s := &r.Scaling[i]
		if _, n := r.Times(s); n < enoughTurns {
			rows[row{s.Config, s.What}] = true
		}
	}
	return rows
}

// moreTurns measures the rows that lack turns again, one after another, until none does or the time
// is up.
func (r *Report) moreTurns(ctx context.Context, o Options) error {
	o.until, o.pace = time.Now().Add(o.More), map[Config]float64{}
	for _, p := range r.MatMul {
		o.pace[p.Config] = max(o.pace[p.Config], p.GFLOPS*1e9)
	}
	for {
		o.only = r.lacking()
		again := newReport(o)
		for _, configs := range byDevice(o.Configs) {
			if !o.enough() && slices.ContainsFunc(configs, o.lacks) {
				if err := again.device(ctx, configs, o); err != nil {
					return err
				}
			}
		}
		if len(again.Scaling) == 0 {
			return nil
		}
		r.takeTurns(again)
	}
}

// enough reports whether the time for missing turns is up.
func (o *Options) enough() bool { return o.only != nil && !time.Now().Before(o.until) }

// lacks reports whether anything lacks turns on the device.
func (o *Options) lacks(c Config) bool {
	for row := range o.only {
		if row.Config == c {
			return true
		}
	}
	return false
}

// byDevice groups consecutive configs of the same device.
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

// seat is a device with a number of cores that takes turns with others.
type seat struct {
	Config
	device kernels.Device
	close  func() error
	pace   float64 // the highest rate in operations per second so far
}

// seat opens the device. Seats must be closed in the reverse order of opening.
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

// A timer runs something and returns the seconds it took.
type timer interface {
	Time() (seconds float64, err error)
	Close() error
}

// productTimer times a product.
type productTimer struct{ *Multiplier }

func (p productTimer) Time() (float64, error) {
	start := time.Now()
	p.Run()
	return time.Since(start).Seconds(), nil
}

func (p productTimer) Close() error {
	p.Multiplier.Close()
	return nil
}

// turns measures something with the given number of floating-point operations on each seat that is
// fast enough, in turns, and returns the seconds of each seat's fastest run. It records the gain of
// the seats with more than one core.
func (r *Report) turns(ctx context.Context, seats []*seat, what string, flop float64, o Options, ready func(s *seat) (timer, error)) (seconds map[*seat]float64, err error) {
	if o.enough() || o.only != nil && !slices.ContainsFunc(seats, func(s *seat) bool { return o.only[row{s.Config, what}] }) {
		return nil, nil
	}
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
	if len(taking) == 0 {
		return nil, nil
	}
	fastest, turns, err := takeTurns(o.Budget, taking, timers)
	if err != nil {
		return nil, err
	}
	seconds = map[*seat]float64{}
	for i, s := range taking {
		seconds[s] = fastest[i]
		if i > 0 && taking[0].Threads == 1 {
			r.Scaling = append(r.Scaling, ScalingResult{Config: s.Config, What: what, MFLOP: flop / 1e6, Turns: turns[i]})
		}
	}
	return seconds, nil
}

// takeTurns runs the timers in turns for about the budget each, at least one turn, after one
// uncounted run of each. It returns the seconds of each timer's fastest run and, for all but the
// first, how many times as fast as the first it was in each turn.
func takeTurns(budget time.Duration, seats []*seat, timers []timer) (fastest []float64, turns [][]Turn, err error) {
	counters, err := countersOf(seats)
	defer func() {
		for _, c := range counters {
			if c != nil {
				err = errors.Join(err, c.Close())
			}
		}
	}()
	if err != nil {
		return nil, nil, err
	}
	for i, t := range timers {
		seats[i].take()
		if _, err := t.Time(); err != nil {
			return nil, nil, err
		}
		fastest = append(fastest, math.Inf(1))
	}
	each := budget
	if len(timers) > 1 {
		each = min(each, turnTime)
	}
	turns = make([][]Turn, len(timers))
	for begin := time.Now(); len(turns[0]) == 0 || time.Since(begin) < budget*time.Duration(len(timers)); {
		runs, one := 0, 0.0 // on each; seconds of the fastest on the first
		for i, t := range timers {
			seats[i].take()
			before, seconds := count(counters[i]), 0.0
			if i == 0 {
				seconds, runs, err = timeFor(t, each)
				one = seconds
			} else {
				seconds, err = timeRuns(t, runs, one < longRun.Seconds())
			}
			if err != nil {
				return nil, nil, err
			}
			fastest[i] = min(fastest[i], seconds)
			turns[i] = append(turns[i], Turn{one / seconds, min(before, count(counters[i]))})
		}
	}
	return fastest, turns, nil
}

// timeFor runs the timer for the given time, at least once, after an uncounted run. It returns the
// seconds of the fastest run and the number of runs. If the first run is long, only that one is
// used.
func timeFor(t timer, each time.Duration) (fastest float64, runs int, err error) {
	fastest, err = t.Time()
	if err != nil || fastest >= longRun.Seconds() {
		return fastest, 1, err
	}
	fastest = math.Inf(1)
	for begin := time.Now(); runs == 0 || time.Since(begin) < each; runs++ {
		seconds, err := t.Time()
		if err != nil {
			return 0, 0, err
		}
		fastest = min(fastest, seconds)
	}
	return fastest, runs, nil
}

// timeRuns returns the seconds of the fastest of the given number of runs, after an uncounted one
// if asked for.
func timeRuns(t timer, runs int, uncounted bool) (fastest float64, err error) {
	if uncounted {
		if _, err := t.Time(); err != nil {
			return 0, err
		}
	}
	fastest = math.Inf(1)
	for range runs {
		seconds, err := t.Time()
		if err != nil {
			return 0, err
		}
		fastest = min(fastest, seconds)
	}
	return fastest, nil
}

// countersOf returns a counter of cores for each seat but the first. A counter is nil if it makes
// no difference, or if this machine has no assembly for it.
func countersOf(seats []*seat) ([]*avx.CoreCounter, error) {
	counters := make([]*avx.CoreCounter, len(seats))
	set, err := avx.Best()
	if len(seats) < 2 || err != nil || !slices.Contains(avx.Names(), set) {
		return counters, nil
	}
	for i := 1; i < len(seats); i++ {
		seats[i].take()
		if counters[i], err = avx.NewCoreCounter(set, seats[i].Threads); err != nil {
			return counters, err
		}
	}
	return counters, nil
}

// count returns the number of cores, or 0 if unknown.
func count(c *avx.CoreCounter) float64 {
	if c == nil {
		return 0
	}
	return c.Count()
}
