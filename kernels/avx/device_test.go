package avx

import (
	"runtime"
	"strings"
	"testing"

	"baregrad/kernels/kerneltest"
)

// need skips the test where the instruction set can't be used: see kerneltest.Require.
func need(t testing.TB, set string) {
	t.Helper()
	why := ""
	err := Allowed(set)
	if err != nil {
		why = err.Error()
	}
	kerneltest.Require(t, set, err == nil, why)
}

// open returns the set's device, or skips the test; it is closed when the test ends.
func open(t testing.TB, set string) *Device {
	t.Helper()
	need(t, set)
	d, err := New(set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestBestFollowsTheVariable(t *testing.T) {
	t.Setenv(Variable, "reference")
	if best, err := Best(); best != "reference" || err != nil {
		t.Errorf("Best() = %q, %v, want reference", best, err)
	}
	for _, set := range Names() {
		if _, err := New(set); err == nil {
			t.Errorf("New(%q) succeeded under %s=reference", set, Variable)
		}
	}
	t.Setenv(Variable, "sse9")
	if best, err := Best(); err == nil || !strings.Contains(err.Error(), "sse9") || !strings.Contains(err.Error(), "avx512, avx2, and reference") {
		t.Errorf("Best() = %q, %v, want an error that names sse9 and what is known", best, err)
	}
}

func TestVariableRulesOutWhatIsAboveIt(t *testing.T) {
	need(t, "avx512")
	t.Setenv(Variable, "avx2")
	if best, err := Best(); best != "avx2" || err != nil {
		t.Errorf("Best() = %q, %v, want avx2", best, err)
	}
	if _, err := New("avx512"); err == nil || !strings.Contains(err.Error(), "BAREGRAD_CPU=avx2 rules out avx512") {
		t.Errorf("New(avx512) gave the error %v, want that BAREGRAD_CPU=avx2 rules it out", err)
	}
	t.Setenv(Variable, "avx512")
	d, err := New("avx2")
	if err != nil {
		t.Fatalf("New(avx2) under BAREGRAD_CPU=avx512: %v", err)
	}
	if d.Name() != "avx2" {
		t.Errorf("Name() = %q, want avx2", d.Name())
	}
	d.Close()
}

func TestMissingFeaturesAreNamed(t *testing.T) {
	saved := instructionSets
	defer func() { instructionSets = saved }()
	instructionSets = []*instructionSet{
		{name: "avx512", needs: []feature{{"AVX512F", true}, {"AVX512DQ", false}, {"AVX512BW", false}}},
		{name: "avx2", needs: []feature{{"AVX2", true}}},
	}
	t.Setenv(Variable, "")
	if best, err := Best(); best != "avx2" || err != nil {
		t.Errorf("Best() = %q, %v, want avx2", best, err)
	}
	want := "avx512 needs AVX512DQ, AVX512BW, which this processor lacks"
	if _, err := New("avx512"); err == nil || err.Error() != want {
		t.Errorf("New(avx512) gave the error %v, want %s", err, want)
	}
	t.Setenv(Variable, "avx512")
	if best, err := Best(); err == nil {
		t.Errorf("Best() = %q with BAREGRAD_CPU above what the processor has, want an error", best)
	}
	instructionSets = nil
	if err := Check("avx2"); err == nil || !strings.Contains(err.Error(), "no assembly for avx2") {
		t.Errorf("Check(avx2) in a build without assembly: %v", err)
	}
}

func TestProcessorKnowsItself(t *testing.T) {
	kerneltest.Require(t, "assembly", len(instructionSets) > 0, "this build has none")
	p := Detect()
	t.Logf("%+v", p)
	if p.Name == "" {
		t.Error("the processor has no name")
	}
	// The smallest L1 cache with AVX2 is 32 KB; none is larger than 1 MB.
	if p.L1 < 16<<10 || p.L1 > 1<<20 || p.L2 < p.L1 || p.L2 > 1<<28 {
		t.Errorf("implausible caches: %+v", p)
	}
}

func TestPeakIsPlausible(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			need(t, set)
			p, err := MeasurePeak(set, 1)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", p)
			// Between a slow, shared laptop core and several times the fastest core: a wrong count
			// falls outside.
			if !(p.GFLOPS > 2 && p.GFLOPS < 1000) || !(p.CopyGBs > 0.2 && p.CopyGBs < 1000) {
				t.Errorf("implausible peak: %+v", p)
			}
		})
	}
}

// One goroutine does as much as one does. Four do no more than there are processors for, and less
// than one only if something else uses these.
func TestCoreCounter(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			need(t, set)
			for _, workers := range []int{1, 4} {
				counter, err := NewCoreCounter(set, workers)
				if err != nil {
					t.Fatal(err)
				}
				var seen []float64
				for range 20 { // in any one, something else may have interrupted
					cores := counter.Count()
					seen = append(seen, cores)
					if n := float64(min(workers, runtime.NumCPU())); cores > 0.1 && cores < 1.5*n {
						break
					}
					if len(seen) == 20 {
						t.Errorf("%v cores for %d goroutines", seen, workers)
					}
				}
				if err := counter.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if _, err := NewCoreCounter("none", 2); err == nil {
		t.Error("an unknown instruction set gave no error")
	}
}

func TestPeakCopyCopies(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			const n, guard = 1 << 10, 16
			src := make([]float32, n)
			for i := range src {
				src[i] = float32(i + 1)
			}
			dst := make([]float32, n+guard)
			d.set.peak.copy(&dst[0], &src[0], n)
			for i, v := range dst {
				want := float32(0)
				if i < n {
					want = src[i]
				}
				if v != want {
					t.Fatalf("dst[%d] = %v, want %v", i, v, want)
				}
			}
		})
	}
}
