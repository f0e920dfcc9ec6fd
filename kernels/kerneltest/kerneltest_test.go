package kerneltest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// The tests of the devices are only worth something if they fail where they
// should: these tests see to that.

func TestTolerance(t *testing.T) {
	tol := tolerance{absolute: 0.1, relative: 0.01}
	for _, c := range []struct {
		got, want float64
		differs   bool
	}{
		{1, 1, false}, {1.1, 1, false}, {1.12, 1, true}, {101, 100, false}, {102, 100, true}, {0.1, 0, false},
		{nan, 1, true}, {1, nan, true}, {nan, nan, false},
		{inf, inf, false}, {-inf, inf, true}, {inf, 1, true}, {math.MaxFloat32, inf, true},
		{inf, 1e39, false}, // which a float32 does not hold
	} {
		if got := tol.differs(c.got, c.want); got != c.differs {
			t.Errorf("got %v, want %v: differs is %t", c.got, c.want, got)
		}
	}
	if err := compare(numbers(1, 2, 4), []float64{1, 2, 3}, exact); err == nil || !strings.Contains(err.Error(), "element 2 is 4, want 3") {
		t.Errorf("compare: %v", err)
	}
	if err := compare(numbers(1), []float64{1, 2}, exact); err == nil {
		t.Error("compare takes another length")
	}
	if sameBits(numbers(0), numbers(minus)) == nil {
		t.Error("0 and −0 are the same bits")
	}
}

func TestGuards(t *testing.T) {
	d := reference.New()
	for _, where := range []alignment{aligned, misaligned} {
		for name, c := range map[string]struct {
			want string
			run  func(d kernels.Device, out, in []kernels.Buffer)
		}{
			"nothing wrong": {"", func(_ kernels.Device, out, _ []kernels.Buffer) { kernels.Floats(out[0])[0] = 1 }},
			"input changed": {"input 0 was changed", func(_ kernels.Device, _, in []kernels.Buffer) { kernels.Floats(in[0])[2] = 1 }},
		} {
			_, err := call{out: []array{outputs(3)}, in: []array{numbers(1, 2, 3)}, run: c.run}.on(d, where)
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s: error %v, want %q", name, err, c.want)
			}
		}
		// A kernel that writes past its buffer reaches the guards: here through
		// the larger buffer that the part was cut from.
		for at, want := range map[int]string{-1: "before", 3: "after", 3 + guard - 1: "after"} {
			p := place(d, numbers(1, 2, 3), 0, where)
			kernels.Floats(p.whole)[p.offset+at] = 0
			if _, err := p.take(d); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("written at %d: error %v, want one with %q", at, err, want)
			}
		}
	}
}

func TestNumericGradient(t *testing.T) {
	op := operation{in: []array{numbers(1, -2, 0)}, out: []array{outputs(3)}}
	op.oracle = func(x, at [][]float64) [][]float64 {
		y := mapped(x[0], func(v float64) float64 { return v * v * v })
		if at[0][1] < 0 {
			y[1] = 0
		}
		return [][]float64{y}
	}
	want := []float64{3 * 5, 0, 0}
	if err := compare(floats(mapped(op.numericGradient(0, []float32{5, 6, 7}), func(v float64) float32 { return float32(v) })), want, tolerance{absolute: 1e-6}); err != nil {
		t.Error(err)
	}
}

func TestNonFinite(t *testing.T) {
	g := newGenerator("non-finite")
	seen := map[float64]bool{}
	for range 50 {
		a := g.withNonFinite(numbers(make([]float64, 40)...))
		found := 0
		for _, v := range a.values() {
			switch {
			case math.IsNaN(v):
				found++
				seen[0] = true
			case math.IsInf(v, 0):
				found++
				seen[v] = true
			}
		}
		if found == 0 || found > 3 {
			t.Fatalf("%d of 40 values are not finite", found)
		}
	}
	if len(seen) != 3 {
		t.Errorf("of NaN, +Inf and −Inf only %v appeared", seen)
	}
}

func TestRequired(t *testing.T) {
	for _, c := range []struct {
		list, feature string
		want          bool
	}{
		{"", "avx2", false}, {"avx2", "avx2", true}, {"avx512,avx2", "avx2", true}, {"avx512, avx2", "avx2", true},
		{"avx512", "avx2", false}, {"avx2", "avx", false},
	} {
		if got := required(c.list, c.feature); got != c.want {
			t.Errorf("%q requires %s: %t, want %t", c.list, c.feature, got, c.want)
		}
	}
	t.Setenv("BAREGRAD_REQUIRE", "avx2")
	for _, c := range []struct {
		feature         string
		have            bool
		skipped, failed string
	}{
		{"avx2", true, "", ""},
		{"avx512", true, "", ""},
		{"avx512", false, "needs avx512: no such registers", ""},
		{"avx2", false, "", "BAREGRAD_REQUIRE lists avx2, which is missing: no such registers"},
	} {
		end := &ending{TB: t}
		Require(end, c.feature, c.have, "no such registers")
		if end.skipped != c.skipped || end.failed != c.failed {
			t.Errorf("%s, there: %t: skipped %q, failed %q, want %q, %q", c.feature, c.have, end.skipped, end.failed, c.skipped, c.failed)
		}
	}
}

// ending records how a test would have ended.
type ending struct {
	testing.TB
	skipped, failed string
}

func (e *ending) Skipf(format string, args ...any) {
	if e.failed == "" {
		e.skipped = fmt.Sprintf(format, args...)
	}
}
func (e *ending) Fatalf(format string, args ...any) { e.failed = fmt.Sprintf(format, args...) }

// The benchmarks, run once on one image, call every kernel.
func TestBenchmarksCoverEveryKernel(t *testing.T) {
	d := newCounting(reference.New())
	names := map[string]bool{}
	eachBenchmark(d, 1, func(c benchmark) {
		if names[c.name] {
			t.Errorf("two benchmarks are called %s", c.name)
		}
		names[c.name] = true
		before := maps.Clone(d.calls)
		c.step()
		if maps.Equal(d.calls, before) {
			t.Errorf("%s calls nothing", c.name)
		}
		if c.flop == 0 && c.bytes == 0 {
			t.Errorf("%s has nothing to measure", c.name)
		}
	})
	for method, count := range d.calls {
		if count == 0 && !slices.Contains([]string{"Name", "Close", "Alloc", "Write", "Read", "Sync"}, method) {
			t.Errorf("no benchmark calls %s", method)
		}
	}
}

// Every method has small cases.
func TestSmallCases(t *testing.T) {
	small := map[string]int{}
	for _, op := range allOperations() {
		small[op.method] += 0
		if op.elements() <= smallCase {
			small[op.method]++
		}
	}
	for method, n := range small {
		if n < 2 {
			t.Errorf("%s has %d cases of at most %d elements, want 2 or more", method, n, smallCase)
		}
	}
}
