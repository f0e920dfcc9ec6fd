package bench

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// profileForTest has a call with a long name, and as many configurations as asked for.
func profileForTest(results int) *Profile {
	p := &Profile{}
	for i := range results {
		p.Results = append(p.Results, ProfileResult{Config{"avx512", i + 1}, 5, 10e-3, []CallTime{
			{"forward", "MatMul", "128×128×9216, bias, ReLU", 2e-3, 0.2, 123},
			{"backward", "BiasReLUConv2DReLUMaxPoolGrad", "128×26×26×32, 3×3 → 64", 6e-3, 0.6, 456},
		}})
	}
	return p
}

func TestProfileTextOfANarrowTerminal(t *testing.T) {
	const one = `                                                                  avx512/cores=1
                                                            µs    share  GFLOP/s
forward
  MatMul 128×128×9216, bias, ReLU                       2000.0   20.0 %      123
backward
  BiasReLUConv2DReLUMaxPoolGrad
    128×26×26×32, 3×3 → 64                              6000.0   60.0 %      456
all calls                                               8000.0   80.0 %
a step, calls not timed                                10000.0  100.0 %
`
	const two = `                                           avx512/cores=1  avx512/cores=2
                                                       µs              µs      ×
forward
  MatMul 128×128×9216, bias, ReLU                  2000.0          2000.0   1.00
backward
  BiasReLUConv2DReLUMaxPoolGrad
    128×26×26×32, 3×3 → 64                         6000.0          6000.0   1.00
all calls                                          8000.0          8000.0   1.00
a step, calls not timed                           10000.0         10000.0   1.00
`
	for results, want := range map[int]string{1: one, 2: two} {
		if got := profileForTest(results).Text(80); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
}

// Calls that take very long, as on a busy machine, keep to their columns.
func TestProfileTextOfLongCalls(t *testing.T) {
	p := profileForTest(1)
	p.Results[0].Calls[0] = CallTime{"forward", "MatMul", "200×16×20, bias, ReLU", 57.0711, 0.9875, 0.000572}
	p.Results[0].Calls[1] = CallTime{"backward", "ReLU", "200×16", 12.3456789, 123.45, 0}
	for line := range strings.Lines(p.Text(80)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	for _, want := range []string{" 57071100   98.8 %  < 0.001", " 12345679  12345 %"} {
		if got := p.Text(80); !strings.Contains(got, want) {
			t.Errorf("there is no %q:\n%s", want, got)
		}
	}
	p = profileForTest(2)
	p.Results[0].Calls[0].Seconds, p.Results[1].Calls[0].Seconds = 3000, 1e-3
	if got := p.Text(80); !strings.Contains(got, "   1000.0  3e+06\n") {
		t.Errorf("a call is 3 million times as fast on the second:\n%s", got)
	}
}

// Whatever the terminal has from 80 columns on, no line is longer.
func TestProfileTextFits(t *testing.T) {
	for results := 1; results <= 3; results++ {
		whole := 0
		for line := range strings.Lines(profileForTest(results).Text(0)) {
			whole = max(whole, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
		}
		for columns := 80; columns <= whole+1; columns++ {
			for line := range strings.Lines(profileForTest(results).Text(columns)) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns {
					t.Fatalf("%d configurations in %d columns: a line of %d: %s", results, columns, n, line)
				}
			}
		}
		if got := profileForTest(results).Text(whole); got != profileForTest(results).Text(0) {
			t.Errorf("%d configurations have not room in the %d columns that they take:\n%s", results, whole, got)
		}
	}
}
