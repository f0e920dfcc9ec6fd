//go:build linux

package main

import (
	"testing"

	"baregrad/bench"
	"baregrad/kernels/auto"
)

// Two rows of three pixels in a batch of two; the third is no whole batch.
func TestFingerprint(t *testing.T) {
	pixels := &bench.Data{N: 3, Pixels: []uint8{0, 1, 2, 0, 0, 3, 9, 9, 9}, Labels: []uint8{4, 5, 6}}
	if got, want := *fingerprintOf(pixels, 2), (fingerprint{2, 3, 9}); got != want {
		t.Errorf("pixels: %+v, want %+v", got, want)
	}
	rows := &bench.Data{N: 3, Rows: []float32{0, 1, 2, 0, 0, 3}, Targets: []float32{1, 0, 1}}
	if got, want := *fingerprintOf(rows, 2), (fingerprint{2, 2, 1}); got != want {
		t.Errorf("rows: %+v, want %+v", got, want)
	}
}

// A request for steps gets as many, less the first of each training, and the loss; the
// next one goes on where it stopped.
func TestRequests(t *testing.T) {
	d, err := auto.Open("auto")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	w := worker{device: d}
	defer w.clear()
	var first float64
	for i, c := range []struct {
		request string
		count   int
	}{{"train binary-mlp 50", 49}, {"train binary-mlp 100", 98}, {"train binary-mlp 7", 6}, {"train binary-mlp 7", 7}, {"matmul 8 8 8 0.0001", 0}} {
		r, err := w.do(c.request)
		if err != nil {
			t.Fatal(err)
		}
		if c.count == 0 {
			if r.Loss != nil || r.Count < 1 || !(r.Fastest > 0) {
				t.Errorf("%s: %+v", c.request, r)
			}
			continue
		}
		if r.Count != c.count || r.Loss == nil || r.Data == nil || r.Data.Examples != 1000 || !(r.Fastest > 0 && r.Fastest <= r.Median && r.Median < r.Total) {
			t.Errorf("%s: %+v, want %d steps", c.request, r, c.count)
		}
		if i == 0 {
			first = *r.Loss
		} else if i == 1 && *r.Loss != first {
			t.Errorf("two trainings from fresh weights come to the losses %v and %v", first, *r.Loss)
		}
	}
	for _, bad := range []string{"", "train", "train binary-mlp", "train binary-mlp 1", "train nothing 5", "matmul 1 2"} {
		if r, err := w.do(bad); err == nil {
			t.Errorf("the request %q was answered with %+v", bad, r)
		}
	}
}
