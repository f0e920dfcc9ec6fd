package mnist

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
)

// ToCategorical returns labels in one-hot form: a matrix of len(labels) rows and
// classes columns, row-major, that is 1 in the column of the row's label and 0
// elsewhere. If classes is 0, it is the largest label plus 1. A label outside
// [0, classes) is an error.
func ToCategorical[T uint8 | int | int32 | int64](labels []T, classes int) ([]float32, error) {
	if classes < 0 {
		return nil, fmt.Errorf("to categorical: %d classes, expected 0 or more", classes)
	}
	inferred := classes == 0
	for i, label := range labels {
		if label < 0 || (!inferred && uint64(label) >= uint64(classes)) {
			expected := "0 or more"
			if !inferred {
				expected = fmt.Sprintf("0 to %d", classes-1)
			}
			return nil, fmt.Errorf("to categorical: label %d is %d, expected %s", i, label, expected)
		}
		if inferred && uint64(label) >= uint64(classes) {
			if uint64(label) >= math.MaxInt {
				return nil, fmt.Errorf("to categorical: label %d is %d, which is more classes than memory can hold", i, label)
			}
			classes = int(label) + 1
		}
	}
	size, ok := product([]int{len(labels), classes, 4})
	if !ok {
		return nil, fmt.Errorf("to categorical: %d×%d values are more than memory can hold", len(labels), classes)
	}
	out := make([]float32, size/4)
	for i, label := range labels {
		out[i*classes+int(label)] = 1
	}
	return out, nil
}

// Split divides the set into a first and a last part. The last part holds the given
// fraction of it, as with Keras's validation_split. Both share s's memory. A
// fraction that leaves one of them empty is an error.
func (s Set) Split(fraction float64) (first, last Set, err error) {
	if !(fraction > 0 && fraction < 1) {
		return Set{}, Set{}, fmt.Errorf("split: fraction %v, expected more than 0 and less than 1", fraction)
	}
	at := int(float64(s.N) * (1 - fraction))
	if at == 0 || at == s.N {
		return Set{}, Set{}, fmt.Errorf("split: fraction %v of %d images leaves %d and %d, expected at least 1 each",
			fraction, s.N, at, s.N-at)
	}
	return s.Slice(0, at), s.Slice(at, s.N), nil
}

// Shuffle puts the images, with their labels, into a random order, in place. The
// same generator state gives the same order.
func (s Set) Shuffle(r *rand.Rand) {
	spare := make([]uint8, s.Rows*s.Cols)
	r.Shuffle(s.N, func(i, j int) {
		a, b := s.Image(i), s.Image(j)
		copy(spare, a)
		copy(a, b)
		copy(b, spare)
		s.Labels[i], s.Labels[j] = s.Labels[j], s.Labels[i]
	})
}

// Batches iterates over the set in batches of size images; the last may be smaller.
// It yields the index of each batch's first image and the batch, which shares s's
// memory. It panics if size is below 1.
func (s Set) Batches(size int) iter.Seq2[int, Set] {
	if size < 1 {
		panic(fmt.Sprintf("mnist: batches of %d images, expected at least 1", size))
	}
	return func(yield func(int, Set) bool) {
		for from := 0; from < s.N; from += size {
			if !yield(from, s.Slice(from, min(from+size, s.N))) {
				return
			}
		}
	}
}
