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

// What several cores gain over one. A host's clock, and what else it does, change from second to
// second, so that the fastest run on one core and the fastest one on two may be from minutes that
// are unlike. So the two take turns of some milliseconds, with as many runs of each; a turn's figure is how many times
// as long the fastest run on one core took as that on all, and of all turns of all rounds the median
// counts.
//
// At times a host gives the threads of one core for two, and may change that within a
// millisecond. So before the runs on several cores, and after them, multiply-adds in registers tell how many cores there
// are, and turns do not count in which there were fewer than there have been at times. What has
// too few turns that count is tried again, if there is time: Options.More. Neither rule looks at a turn's figure.

// ScalingResult is how many times as fast something is on several cores as on one.
type ScalingResult struct {
	Config         // the cores
	What   string  `json:"what"`
	MFLOP  float64 `json:"mflop"` // floating-point operations / 10⁶
	Turns  Turns   `json:"turns"`
}

// Turns are written to JSON as an object of two lists, times and cores, with three digits behind the point.
type Turns []Turn

// MarshalJSON writes them.
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

// A Turn is one measurement of that.
type Turn struct {
	Times float64 // as fast
	Cores float64 // that the machine had: the less of before and after; 0 if that can't be told
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

// turnTime is how long the runs on one core take in a turn, unless a single one takes longer.
const turnTime = 2 * time.Millisecond

// longRun is from when on a run counts though it is the first after those of another number of cores,
// which left other things in the caches, and workers asleep: some 50 µs.
const longRun = 10 * time.Millisecond

// enoughTurns is how many turns must count for a figure that is not tried again.
const enoughTurns = 30

// row is what has turns.
type row struct {
	Config
	what string
}

// lacking are the rows of which fewer turns count than are enough.
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

// moreTurns measures the rows that lack turns again, one after the other, until none does or the time is up.
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

// enough tells whether the time for turns that are lacking is up.
func (o *Options) enough() bool { return o.only != nil && !time.Now().Before(o.until) }

// lacks tells whether anything lacks turns on the device.
func (o *Options) lacks(c Config) bool {
	for row := range o.only {
		if row.Config == c {
			return true
		}
	}
	return false
}

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

// A timer runs something, and gives the seconds that it took.
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

// turns measures something of so many floating-point operations on each seat that isn't too slow
// for it, in turns, and gives the seconds of each one's fastest run. It notes what the seats with
// more than one core gain.
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

// takeTurns lets the timers run in turns for about the budget each, at least one turn, after a
// run of each that is not counted. It gives the seconds of each one's fastest run, and of all but the first how
// many times as fast as the first it was in each turn.
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

// timeFor lets the timer run for so long, at least once, after a run that is not counted. It gives
// the seconds of the fastest, and how many there were. If already the first is a long one, it alone is taken.
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

// timeRuns is the seconds of the fastest of so many runs, after one that is not counted if there
// is to be one.
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

// countersOf are a counter of cores for each number of cores but one. They are nil where it
// makes no difference, or this machine has no assembly to tell it.
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

// count is how many cores there are, or 0 where that is not told.
func count(c *avx.CoreCounter) float64 {
	if c == nil {
		return 0
	}
	return c.Count()
}
