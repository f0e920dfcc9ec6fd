package mnist

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// numbered returns n images of 2×3 pixels, image i full of the level i and
// with the label i.
func numbered(n int) Set {
	s := Set{N: n, Rows: 2, Cols: 3}
	for i := range n {
		s.Images = append(s.Images, bytes.Repeat([]uint8{uint8(i)}, 6)...)
		s.Labels = append(s.Labels, uint8(i))
	}
	return s
}

func TestToCategorical(t *testing.T) {
	want := []float32{0, 1, 0, 0, 0, 1, 1, 0, 0}
	for _, classes := range []int{0, 3} {
		got, err := ToCategorical([]uint8{1, 2, 0}, classes)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d classes: %v, error %v", classes, got, err)
		}
	}
	if got, err := ToCategorical([]int64{1}, 4); err != nil || !slices.Equal(got, []float32{0, 1, 0, 0}) {
		t.Errorf("four classes: %v, error %v", got, err)
	}
	if got, err := ToCategorical([]int{}, 0); err != nil || len(got) != 0 {
		t.Errorf("no labels: %v, error %v", got, err)
	}
	for _, test := range []struct {
		name    string
		labels  []int64
		classes int
		want    []string
	}{
		{"label as large as the classes", []int64{0, 3}, 3, []string{"label 1 is 3", "0 to 2"}},
		{"negative label", []int64{0, 1, -1}, 3, []string{"label 2 is -1", "0 to 2"}},
		{"negative label, classes inferred", []int64{-5}, 0, []string{"label 0 is -5", "0 or more"}},
		{"negative classes", []int64{0}, -1, []string{"-1 classes"}},
		{"label of no meaning", []int64{math.MaxInt64}, 0, []string{"9223372036854775807", "memory can hold"}},
		{"more values than can be counted", []int64{math.MaxInt - 1, 0}, 0, []string{fmt.Sprintf("2×%d", math.MaxInt), "memory can hold"}},
	} {
		_, err := ToCategorical(test.labels, test.classes)
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		for _, part := range test.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error %q does not contain %q", test.name, err, part)
			}
		}
	}
}

func TestSplit(t *testing.T) {
	s := numbered(10)
	for _, test := range []struct {
		fraction float64
		first    int
	}{{.2, 8}, {.25, 7}, {.5, 5}, {.75, 2}, {.01, 9}} {
		first, last, err := s.Split(test.fraction)
		if err != nil || first.N != test.first || last.N != 10-test.first {
			t.Errorf("%v: %d and %d, error %v, expected %d first", test.fraction, first.N, last.N, err, test.first)
			continue
		}
		if first.Labels[0] != 0 || int(last.Labels[0]) != test.first || int(last.Image(0)[5]) != test.first {
			t.Errorf("%v: the last part begins with label %d", test.fraction, last.Labels[0])
		}
	}
	for _, fraction := range []float64{0, 1, -.1, 1.5, math.NaN(), .95} {
		if _, _, err := s.Split(fraction); err == nil || !strings.Contains(err.Error(), fmt.Sprint(fraction)) {
			t.Errorf("%v: error %v", fraction, err)
		}
	}
}

func TestShuffle(t *testing.T) {
	shuffled := func(seed uint64) Set {
		s := numbered(100)
		s.Shuffle(rand.New(rand.NewPCG(seed, 0)))
		return s
	}
	s := shuffled(1)
	var seen [100]bool
	moved := 0
	for i, label := range s.Labels {
		if !bytes.Equal(s.Image(i), bytes.Repeat([]uint8{label}, 6)) {
			t.Errorf("image %d, %v, has the label %d", i, s.Image(i), label)
		}
		seen[label] = true
		if int(label) != i {
			moved++
		}
	}
	if slices.Contains(seen[:], false) {
		t.Error("some images are gone")
	}
	// In a random order about one image of all stays in its place.
	if moved < 90 {
		t.Errorf("only %d of 100 images moved", moved)
	}
	if again := shuffled(1); !bytes.Equal(again.Images, s.Images) {
		t.Error("the same seed gives another order")
	}
	if other := shuffled(2); bytes.Equal(other.Images, s.Images) {
		t.Error("another seed gives the same order")
	}
	numbered(0).Shuffle(rand.New(rand.NewPCG(1, 0)))
}

func TestBatches(t *testing.T) {
	for _, test := range []struct {
		n, size int
		want    string
	}{{10, 4, "0+4 4+4 8+2"}, {8, 4, "0+4 4+4"}, {3, 5, "0+3"}, {0, 5, ""}} {
		var got []string
		for from, batch := range numbered(test.n).Batches(test.size) {
			got = append(got, fmt.Sprintf("%d+%d", from, batch.N))
			if int(batch.Labels[0]) != from || len(batch.Images) != 6*batch.N {
				t.Errorf("batch at %d: label %d, %d pixels", from, batch.Labels[0], len(batch.Images))
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%d by %d: %q, expected %q", test.n, test.size, got, test.want)
		}
	}
	for range numbered(10).Batches(1) {
		break // the iteration may be left
	}
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "batches of 0 images") {
			t.Errorf("panic %q", got)
		}
	}()
	numbered(3).Batches(0)
}
