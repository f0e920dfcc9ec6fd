package bench

import (
	"context"
	"reflect"
	"testing"
	"time"
)

// The better of two rounds' figures counts. A figure that only the second round has is dropped.
func TestTakeBest(t *testing.T) {
	one, two := Config{"avx2", 1}, Config{"avx2", 2}
	product := func(c Config, n int, speed float64) ProductResult { return ProductResult{c, n, n, n, speed} }
	step := func(network string, seconds float64) TrainResult {
		return TrainResult{Config: one, Network: network, Batch: 10, StepSeconds: seconds, ImagesPerSecond: 10 / seconds}
	}
	sparse := func(transposed bool, speed float64) SparseResult {
		return SparseResult{ProductResult: product(one, 8, speed), Transposed: transposed, Of: "images"}
	}
	gain := func(what string, times ...float64) ScalingResult {
		s := ScalingResult{Config: two, What: what}
		for _, t := range times {
			s.Turns = append(s.Turns, Turn{t, 2})
		}
		return s
	}
	r := &Report{PeakFLOPS: map[string]float64{"avx2": 100},
		Peaks:     []PeakResult{{one, 100, 20}, {two, 190, 30}},
		MatMul:    []ProductResult{product(one, 8, 50), product(two, 8, 60), product(one, 16, 70)},
		Sparse:    []SparseResult{sparse(false, 5), sparse(true, 6)},
		Train:     []TrainResult{step("a", 2), step("b", 2)},
		Scaling:   []ScalingResult{gain("a", 1.5, 2, 1.9), gain("b", 2)},
		Transfers: []TransferResult{{one, 16, 1, 2}},
		Left:      []string{"reference/cores=1: too slow"}}
	r.takeBest(&Report{PeakFLOPS: map[string]float64{"avx2": 90},
		Peaks:     []PeakResult{{one, 90, 25}, {two, 200, 10}},
		MatMul:    []ProductResult{product(one, 16, 60), product(two, 8, 80), product(two, 16, 99)},
		Sparse:    []SparseResult{sparse(true, 7), sparse(false, 4)},
		Train:     []TrainResult{step("b", 1), step("a", 4)},
		Scaling:   []ScalingResult{gain("a", 1, 1.5), gain("c", 1)},
		Transfers: []TransferResult{{one, 16, 3, 1}},
		Left:      []string{"reference/cores=1: something else"}})
	want := &Report{PeakFLOPS: map[string]float64{"avx2": 100},
		Peaks:     []PeakResult{{one, 100, 25}, {two, 200, 30}},
		MatMul:    []ProductResult{product(one, 8, 50), product(two, 8, 80), product(one, 16, 70)},
		Sparse:    []SparseResult{sparse(false, 5), sparse(true, 7)},
		Train:     []TrainResult{step("a", 2), step("b", 1)},
		Scaling:   []ScalingResult{gain("a", 1.5, 2, 1.9, 1, 1.5), gain("b", 2)}, // the turns of both rounds
		Transfers: []TransferResult{{one, 16, 3, 2}},
		Left:      []string{"reference/cores=1: too slow"}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("the best of two rounds:\n%+v, want\n%+v", r, want)
	}
}

// A report of two rounds has each figure once. What takes longer than the budget is measured in the
// first round only.
func TestMeasureInRounds(t *testing.T) {
	var told []string
	small, large := Product{8, 8, 8}, Product{256, 256, 256}
	r, err := Measure(context.Background(), Options{
		Configs: []Config{{"reference", 1}}, Networks: []Network{}, Products: []Product{small, large},
		Budget: 100 * time.Microsecond, Slowest: time.Hour, Rounds: 2,
		Progress: func(what string) { told = append(told, what) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.MatMul) != 2 || len(r.Left) != 0 {
		t.Errorf("%d products, left out: %q; want 2 and none", len(r.MatMul), r.Left)
	}
	want := []string{"reference/cores=1: product 8×8×8", "reference/cores=1: product 256×256×256", "reference/cores=1: product 8×8×8"}
	if !reflect.DeepEqual(told, want) {
		t.Errorf("measured %q, want %q", told, want)
	}
}
