package bench

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"baregrad/kernels/avx"
	"baregrad/kernels/kerneltest"
)

// A script is a timer that reports the given times, one after another, over and over.
type script struct {
	seconds []float64
	each    time.Duration // its actual duration
	log     *[]string
	name    string
	closed  bool
}

func (s *script) Time() (float64, error) {
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

// The clock halves in the middle of the turns. For each number of cores the fastest run counts. For
// their ratio the median of the turns counts, which does not depend on the clock. The first run of
// each is not counted, and a turn has only one run if runs are long.
func TestTurns(t *testing.T) {
	one, two := &seat{Config: Config{"avx2", 1}, pace: 1}, &seat{Config: Config{"avx2", 2}, pace: 1}
	var log []string
	var scripts map[*seat]*script
	var r *Report
	var seconds map[*seat]float64
	// A busy machine needs longer for the eight turns in which each time occurs.
	for budget := 200 * time.Millisecond; r == nil || len(r.Scaling[0].Turns) < 8 && budget < time.Minute; budget *= 2 {
		log = nil
		scripts = map[*seat]*script{
			one: {name: "one", log: &log, seconds: []float64{10, 10, 10, 10, 20, 20, 20, 18}},
			two: {name: "two", log: &log, seconds: []float64{6, 5, 5, 5, 10, 10, 10, 10}},
		}
		r = &Report{}
		var err error
		seconds, err = r.turns(t.Context(), []*seat{one, two}, "work", 3e6, Options{
			Budget: budget, Slowest: time.Hour * 1e3, Progress: func(string) {},
		}, func(s *seat) (timer, error) { scripts[s].each = time.Millisecond; return scripts[s], nil })
		if err != nil || len(r.Scaling) != 1 {
			t.Fatalf("%d rows, want 1 (error %v)", len(r.Scaling), err)
		}
	}
	turns := r.Scaling[0].Turns
	if n := len(turns); n < 8 {
		t.Fatalf("%d turns, want 8 and more", n)
	}
	if want := map[*seat]float64{one: 10, two: 5}; !reflect.DeepEqual(seconds, want) {
		t.Errorf("%v and %v s, want 10 and 5", seconds[one], seconds[two])
	}
	for i, turn := range turns {
		set, err := avx.Best()
		if told := err == nil && slices.Contains(avx.Names(), set); (turn.Cores > 0) != told {
			t.Errorf("turn %d: %v cores, told: %v", i, turn.Cores, told)
		}
		if want := []float64{10. / 6, 2, 2, 2, 2, 2, 2, 1.8}[(i+1)%8]; turn.Times != want {
			t.Errorf("turn %d: %v times as fast, want %v", i, turn.Times, want)
		}
		turns[i].Cores = 2
	}
	if want := slices.Repeat([]string{"one", "two"}, 1+len(turns)); !slices.Equal(log, want) {
		t.Errorf("the turns were %v, want %v", log, want)
	}
	if !scripts[one].closed || !scripts[two].closed {
		t.Error("a timer was not closed")
	}
	table := r.Gains()
	for _, text := range []string{table.Markdown(), table.Text()} {
		if want := fmt.Sprintf("2.00 (%d of %[1]d)", len(turns)); !strings.Contains(text, want) {
			t.Errorf("no gain of %s in\n%s", want, text)
		}
	}
}

// If runs are short, a turn has several, as many on one core as on two, after an uncounted one on each.
// (The clock is one that only the runs' sleep moves on.)
func TestTurnsOfShortRuns(t *testing.T) { synctest.Test(t, turnsOfShortRuns) }

func turnsOfShortRuns(t *testing.T) {
	one, two := &seat{Config: Config{"avx2", 1}}, &seat{Config: Config{"avx2", 2}}
	var log []string
	short := func(name string) *script {
		// If the first run of a turn counted, it would be the fastest.
		return &script{name: name, log: &log, seconds: []float64{0.002}, each: turnTime / 4}
	}
	fastest, turns, err := takeTurns(100*time.Millisecond, []*seat{one, two}, []timer{short("one"), short("two")})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(fastest, []float64{0.002, 0.002}) || len(turns) != 2 || len(turns[0]) != len(turns[1]) || len(turns[0]) < 2 {
		t.Errorf("fastest %v, turns %v", fastest, turns)
	}
	if len(log) < 2 || log[0] != "one" || log[1] != "two" {
		t.Fatalf("the runs were %v", log)
	}
	of, several := 0, false // runs on one core minus those on two
	for i, name := range log[2:] {
		if name == "one" {
			if i > 0 && log[2+i-1] == "two" && of != 0 {
				t.Fatalf("the runs were %v: not as many of each", log)
			}
			of++
			several = several || of > 2
		} else {
			of--
		}
	}
	if of != 0 || !several {
		t.Errorf("the runs were %v: as many on each are wanted, and more than the one that is not counted", log)
	}
}

// The first run is really not counted: its time differs from those that follow.
func TestFirstRunOfATurn(t *testing.T) {
	var log []string
	fastest, runs, err := timeFor(&script{log: &log, seconds: []float64{0.001, 0.004, 0.003, 0.005}, each: turnTime}, 3*turnTime)
	if err != nil || fastest != 0.003 && runs > 1 || fastest == 0.001 || runs+1 != len(log) {
		t.Errorf("the fastest of %d runs took %v s (error %v), %d in all; want 0.003 of all but the first", runs, fastest, err, len(log))
	}
	for _, c := range []struct {
		uncounted bool
		want      float64
		runs      int
	}{{true, 0.003, 3}, {false, 0.001, 2}} {
		log = nil
		fastest, err := timeRuns(&script{log: &log, seconds: []float64{0.001, 0.004, 0.003}}, 2, c.uncounted)
		if err != nil || fastest != c.want || len(log) != c.runs {
			t.Errorf("uncounted %v: %v s of %d runs (error %v), want %v of %d", c.uncounted, fastest, len(log), err, c.want, c.runs)
		}
	}
	long := longRun.Seconds()
	if fastest, runs, err := timeFor(&script{log: &log, seconds: []float64{long, 1e-9}}, time.Hour); err != nil || fastest != long || runs != 1 {
		t.Errorf("a long run: %v s, %d runs (error %v), want %v and 1", fastest, runs, err, long)
	}
}

// What takes longer than the budget has one turn, after an uncounted run. What is too slow on one core has no ratio.
func TestTurnsOfWhatTakesLong(t *testing.T) {
	one, two := &seat{Config: Config{"avx2", 1}, pace: 1}, &seat{Config: Config{"avx2", 2}, pace: 2}
	for _, c := range []struct {
		slowest time.Duration
		want    []string
		ratios  int
	}{
		{time.Hour, []string{"one", "two", "one", "two"}, 1},
		{time.Second * 3 / 4, []string{"two", "two"}, 0},
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
		if !slices.Equal(log, c.want) || len(seconds) != len(c.want)/2 || len(r.Scaling) != c.ratios || len(r.Left) != 2-len(c.want)/2 {
			t.Errorf("slowest %v: turns %v, %d figures, %d ratios, left out %v; want %v and %d ratios", c.slowest, log, len(seconds), len(r.Scaling), r.Left, c.want, c.ratios)
		}
	}
}

// Turns with fewer cores than at other times do not count.
func TestTimes(t *testing.T) {
	two, four := Config{"avx2", 2}, Config{"avx2", 4}
	r := &Report{Scaling: []ScalingResult{
		{two, "a", 1, []Turn{{1, 1}, {1.9, 2}, {1.8, 1.95}, {2.5, 1.5}, {1.7, 1.92}}},
		{two, "b", 1, []Turn{{1, 1}, {1, 1.1}}},
		{two, "c", 1, []Turn{{1.5, 1.98}, {1.6, 1.98}, {1, 0}}},
		{four, "a", 1, []Turn{{3, 3}, {3.5, 3}}},
		{two, "d", 1, []Turn{{1.2, 3.1}, {1.9, 1.9}, {1.8, 1.8}}}, // 3.1 of two cores is a miscount
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
	// If the number of cores is unknown, all turns count.
	r = &Report{Scaling: []ScalingResult{{two, "a", 1, []Turn{{1, 0}, {2, 0}, {3, 0}}}}}
	if times, turns := r.Times(&r.Scaling[0]); times != 2 || turns != 3 {
		t.Errorf("%v in %d turns, want 2 in 3", times, turns)
	}
}

// What lacks turns is measured again until it has enough. Everything else stays as it is.
func TestMoreTurns(t *testing.T) {
	set, err := avx.Best()
	kerneltest.Require(t, "avx2", err == nil && slices.Contains(avx.Names(), set), "cores are not counted without assembly")
	configs := []Config{{"reference", 1}, {"reference", 2}}
	small, other := Product{16, 16, 16}, Product{16, 16, 32}
	r := newReport(Options{})
	r.MatMul = []ProductResult{{configs[0], 16, 16, 16, 1e-9}}
	enough := slices.Repeat([]Turn{{1, 2}}, enoughTurns)
	r.Scaling = []ScalingResult{
		{configs[1], "product " + small.String(), 1, []Turn{{1, 1}}},
		{configs[1], "product " + other.String(), 1, enough},
	}
	o := Options{Configs: configs, Products: []Product{small, other}, Networks: []Network{}, Budget: 50 * time.Millisecond,
		Slowest: time.Hour, More: 5 * time.Second, Progress: func(string) {}}
	lacks := func() bool {
		_, n := r.Times(&r.Scaling[0])
		return n < enoughTurns && len(r.Scaling[0].Turns) < 100
	}
	for ; lacks() && o.More < 2*time.Minute; o.More *= 2 { // a busy machine needs longer
		if err := r.moreTurns(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if _, n := r.Times(&r.Scaling[0]); lacks() {
		t.Errorf("%d turns count of %d, want %d", n, len(r.Scaling[0].Turns), enoughTurns)
	}
	if n := len(r.Scaling[1].Turns); n != enoughTurns || len(r.Scaling) != 2 || len(r.MatMul) != 1 || r.MatMul[0].GFLOPS != 1e-9 {
		t.Errorf("%d turns where there were enough, %d rows, products %v", n, len(r.Scaling), r.MatMul)
	}
	// If no time is left, nothing is measured.
	r.Scaling[0].Turns = []Turn{{1, 1}}
	o.More = 0
	if err := r.moreTurns(t.Context(), o); err != nil || len(r.Scaling[0].Turns) != 1 {
		t.Errorf("no time: %d turns (error %v), want the one", len(r.Scaling[0].Turns), err)
	}
}

// In JSON the turns are two lists.
func TestTurnsJSON(t *testing.T) {
	text, err := json.Marshal(ScalingResult{What: "work", Turns: []Turn{{1.23456, 2}, {1.5, 0}}})
	if want := `"turns":{"times":[1.235,1.5],"cores":[2,0]}`; err != nil || !strings.Contains(string(text), want) {
		t.Errorf("%s (error %v), want it with %s", text, err, want)
	}
}

// Consecutive configs of a device take turns.
func TestByDevice(t *testing.T) {
	a, b, c := Config{"avx2", 1}, Config{"avx2", 2}, Config{"emulator", 2}
	if got, want := byDevice([]Config{a, b, c}), [][]Config{{a, b}, {c}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := byDevice(nil); got != nil {
		t.Errorf("of no configs: %v", got)
	}
}

// Each figure measured on one core and on two has turns, and GOMAXPROCS is restored.
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
