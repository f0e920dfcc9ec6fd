//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"baregrad/bench"
	"baregrad/kernels"
	"baregrad/kernels/auto"
)

// What the other libraries read is what ours trains on, and their networks' names and
// batches are in the index.
func TestWriteData(t *testing.T) {
	folder := t.TempDir()
	if err := writeData(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	var index map[string]description
	if err := json.Unmarshal(read("index.json"), &index); err != nil {
		t.Fatal(err)
	}
	if len(index) != len(bench.Networks()) {
		t.Errorf("%d networks in the index, want %d", len(index), len(bench.Networks()))
	}
	for _, n := range bench.Networks() {
		data, err := n.Data(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d := index[n.Name]
		inputs, labels := append(data.Pixels[:len(data.Pixels):len(data.Pixels)], kernels.Bytes(data.Rows)...),
			append(data.Labels[:len(data.Labels):len(data.Labels)], kernels.Bytes(data.Targets)...)
		if !bytes.Equal(read(d.Inputs), inputs) || !bytes.Equal(read(d.Labels), labels) {
			t.Errorf("%s: the files %s and %s are not what it trains on", n.Name, d.Inputs, d.Labels)
		}
		if d.Batch != n.Batch || d.EpochSteps != n.Examples/n.Batch || d.Steps%d.EpochSteps != 0 || d.Steps < 50 ||
			d.Data != data.String() || d.StandIn != (data.Missing != "") {
			t.Errorf("%s: the index says %+v", n.Name, d)
		}
	}
}

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
