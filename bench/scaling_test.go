package bench

import (
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"baregrad/kernels/avx"
)

// A script is a timer that takes as long as it was told to, one turn after the other.
type script struct {
	seconds []float64
	each    time.Duration // and so long in truth
	log     *[]string
	name    string
	closed  bool
}

func (s *script) Time(time.Duration) (float64, error) {
	*s.log = append(*s.log, s.name)
	time.Sleep(s.each)
	first := s.seconds[0]
	s.seconds = append(s.seconds[1:], first)
	return first, nil
}

func (s *script) Close() error {
	s.closed = true
	return nil
}

// The clock halves in the middle of the turns: of each number of cores the fastest run counts, and
// of their ratio the median of the turns, which takes no notice of the clock.
func TestTurns(t *testing.T) {
	one, two := &seat{Config: Config{"avx2", 1}, pace: 1}, &seat{Config: Config{"avx2", 2}, pace: 1}
	var log []string
	scripts := map[*seat]*script{
		one: {name: "one", log: &log, seconds: []float64{10, 10, 10, 10, 20, 20, 20, 18}},
		two: {name: "two", log: &log, seconds: []float64{6, 5, 5, 5, 10, 10, 10, 10}},
	}
	r := &Report{}
	seconds, err := r.turns(t.Context(), []*seat{one, two}, "work", 3e6, Options{
		Budget: time.Hour, Slowest: time.Hour * 1e3, Progress: func(string) {},
	}, func(s *seat) (timer, error) { return scripts[s], nil })
	if err != nil {
		t.Fatal(err)
	}
	if want := map[*seat]float64{one: 10, two: 5}; !reflect.DeepEqual(seconds, want) {
		t.Errorf("%v and %v s, want 10 and 5", seconds[one], seconds[two])
	}
	var times []float64
	for i, turn := range r.Scaling[0].Turns {
		times = append(times, turn.Times)
		set, err := avx.Best()
		if told := err == nil && slices.Contains(avx.Names(), set); (turn.Cores > 0) != told {
			t.Errorf("turn %d: %v cores, told: %v", i, turn.Cores, told)
		}
		r.Scaling[0].Turns[i].Cores = 2
	}
	if want := []float64{10. / 6, 2, 2, 2, 2, 2, 2, 1.8}; !slices.Equal(times, want) || len(r.Scaling) != 1 {
		t.Errorf("%+v, want %v", r.Scaling, want)
	}
	if want := slices.Repeat([]string{"one", "two"}, turnsInBudget); !slices.Equal(log, want) {
		t.Errorf("the turns were %v, want %v", log, want)
	}
	if !scripts[one].closed || !scripts[two].closed {
		t.Error("a timer was not closed")
	}
	if table := r.Gains(); !strings.Contains(table.Markdown(), "| work | 2.00 |") {
		t.Errorf("no gain of 2.00 in\n%s", table.Markdown())
	}
}

// What takes longer than the budget has one turn; what is too slow on one core has no ratio.
func TestTurnsOfWhatTakesLong(t *testing.T) {
	one, two := &seat{Config: Config{"avx2", 1}, pace: 1}, &seat{Config: Config{"avx2", 2}, pace: 2}
	for _, c := range []struct {
		slowest time.Duration
		want    []string
		ratios  int
	}{
		{time.Hour, []string{"one", "two"}, 1},
		{time.Second * 3 / 4, []string{"two"}, 0},
		{time.Second / 4, nil, 0},
	} {
		var log []string
		names := map[*seat]string{one: "one", two: "two"}
		r := &Report{}
		seconds, err := r.turns(t.Context(), []*seat{one, two}, "work", 1, Options{
			Budget: time.Microsecond, Slowest: c.slowest, Progress: func(string) {},
		}, func(s *seat) (timer, error) {
			return &script{name: names[s], log: &log, seconds: []float64{1}, each: time.Millisecond}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(log, c.want) || len(seconds) != len(c.want) || len(r.Scaling) != c.ratios || len(r.Left) != 2-len(c.want) {
			t.Errorf("slowest %v: turns %v, %d figures, %d ratios, left out %v; want %v and %d ratios", c.slowest, log, len(seconds), len(r.Scaling), r.Left, c.want, c.ratios)
		}
	}
}

// Turns do not count in which there were fewer cores than at other times.
func TestTimes(t *testing.T) {
	two, four := Config{"avx2", 2}, Config{"avx2", 4}
	r := &Report{Scaling: []ScalingResult{
		{two, "a", 1, []Turn{{1, 1}, {1.9, 2}, {1.8, 1.95}, {2.5, 1.5}, {1.7, 1.92}}},
		{two, "b", 1, []Turn{{1, 1}, {1, 1.1}}},
		{two, "c", 1, []Turn{{1.5, 1.98}, {1.6, 1.98}, {1, 0}}},
		{four, "a", 1, []Turn{{3, 3}, {3.5, 3}}},
		{two, "d", 1, []Turn{{1.2, 3.1}, {1.9, 1.9}, {1.8, 1.8}}}, // 3.1 of two cores is a wrong count
	}}
	for i, want := range []struct {
		times float64
		turns int
	}{{1.8, 3}, {0, 0}, {1.55, 2}, {3.25, 2}, {1.8, 3}} {
		times, turns := r.Times(&r.Scaling[i])
		if !(math.Abs(times-want.times) <= 1e-12) || turns != want.turns {
			t.Errorf("%+v: %v in %d turns, want %v in %d", r.Scaling[i], times, turns, want.times, want.turns)
		}
	}
	// Where it can't be told all count.
	r = &Report{Scaling: []ScalingResult{{two, "a", 1, []Turn{{1, 0}, {2, 0}, {3, 0}}}}}
	if times, turns := r.Times(&r.Scaling[0]); times != 2 || turns != 3 {
		t.Errorf("%v in %d turns, want 2 in 3", times, turns)
	}
}

// Configs of a device that follow each other take turns.
func TestByDevice(t *testing.T) {
	a, b, c := Config{"avx2", 1}, Config{"avx2", 2}, Config{"emulator", 2}
	if got, want := byDevice([]Config{a, b, c}), [][]Config{{a, b}, {c}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := byDevice(nil); got != nil {
		t.Errorf("of no configs: %v", got)
	}
}

// Each figure that is measured on one core and on two has its turns, and GOMAXPROCS is as it was.
func TestMeasureInTurns(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	r, err := Measure(t.Context(), Options{
		Configs: []Config{{"reference", 1}, {"reference", 2}}, Networks: []Network{network(t, "binary-mlp")}, Products: []Product{{16, 16, 16}},
		Budget: 100 * time.Millisecond, Slowest: time.Hour, Rounds: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	if after := runtime.GOMAXPROCS(0); after != before {
		t.Errorf("GOMAXPROCS is %d afterwards, want %d", after, before)
	}
	if len(r.MatMul) != 2 || len(r.Train) != 2 || len(r.Scaling) != 2 {
		t.Fatalf("%d products, %d steps and %d ratios, want 2 of each", len(r.MatMul), len(r.Train), len(r.Scaling))
	}
	for _, s := range r.Scaling {
		if s.Threads != 2 || len(s.Turns) < 2 {
			t.Errorf("%s on %d cores: %d turns, want one at least in each round, on 2 cores", s.What, s.Threads, len(s.Turns))
		}
	}
}
