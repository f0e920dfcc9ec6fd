package kernels_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
)

// coordinates converts the number of an element of a row-major array to its
// position along each axis.
func coordinates(shape []int, at int) []int {
	position := make([]int, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		position[i] = at % shape[i]
		at /= shape[i]
	}
	return position
}

// elementAt is the inverse of coordinates.
func elementAt(shape, position []int) int {
	at := 0
	for i, n := range shape {
		at = at*n + position[i]
	}
	return at
}

func volume(shape []int) int {
	n := 1
	for _, size := range shape {
		n *= size
	}
	return n
}

// walk is the offset that a spec's strides give for element at of the output.
func walk(dims, strides []int, at int) int {
	offset := 0
	for i, position := range coordinates(dims, at) {
		offset += position * strides[i]
	}
	return offset
}

// checkBroadcast compares a spec with a literal implementation of NumPy's rules.
func checkBroadcast(t *testing.T, a, b []int) {
	t.Helper()
	shape, s, err := kernels.Broadcast(a, b)
	if err != nil {
		t.Errorf("%v and %v: %v", a, b, err)
		return
	}
	rank := max(len(a), len(b))
	padded := func(shape []int) []int { return append(slices.Repeat([]int{1}, rank-len(shape)), shape...) }
	longA, longB := padded(a), padded(b)
	want := make([]int, rank)
	for i := range want {
		want[i] = longA[i]
		if longA[i] == 1 {
			want[i] = longB[i]
		}
	}
	if !slices.Equal(shape, want) {
		t.Errorf("%v and %v: the shape is %v, want %v", a, b, shape, want)
	}
	if s.Len() != volume(want) || s.LenA() != volume(a) || s.LenB() != volume(b) {
		t.Errorf("%v and %v: lengths %d, %d, %d, want %d, %d, %d", a, b,
			s.Len(), s.LenA(), s.LenB(), volume(want), volume(a), volume(b))
		return
	}
	operand := func(shape, position []int) int {
		clamped := slices.Clone(position)
		for i := range clamped {
			if shape[i] == 1 {
				clamped[i] = 0
			}
		}
		return elementAt(shape, clamped)
	}
	for at := range volume(want) {
		position := coordinates(want, at)
		gotA, gotB := walk(s.Dim[:s.Rank], s.A[:s.Rank], at), walk(s.Dim[:s.Rank], s.B[:s.Rank], at)
		if wantA, wantB := operand(longA, position), operand(longB, position); gotA != wantA || gotB != wantB {
			t.Errorf("%v and %v: element %d is made of %d and %d, want %d and %d", a, b, at, gotA, gotB, wantA, wantB)
			return
		}
	}
}

func TestBroadcast(t *testing.T) {
	for _, c := range [][2][]int{
		{{}, {}}, {{1}, {}}, {{3}, {3}}, {{3}, {1}}, {{2, 3}, {3}}, {{2, 3}, {2, 1}}, {{2, 1}, {1, 3}},
		{{0}, {1}}, {{0}, {0}}, {{2, 0, 3}, {3}}, {{2, 1, 2}, {2, 0, 2}}, {{1, 0}, {5, 1}},
		{{1, 1, 1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 2, 2, 2, 2}}, // eight axes that merge into one
	} {
		checkBroadcast(t, c[0], c[1])
		checkBroadcast(t, c[1], c[0])
	}
}

func TestBroadcastOfRandomShapes(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		whole := make([]int, g.IntN(6))
		for i := range whole {
			whole[i] = g.IntN(4) // 0 included
		}
		operand := func() []int {
			shape := slices.Clone(whole[g.IntN(len(whole)+1):])
			for i := range shape {
				if g.IntN(3) == 0 {
					shape[i] = 1
				}
			}
			return shape
		}
		checkBroadcast(t, operand(), operand())
	}
}

// Axes along which both operands continue evenly are merged into one.
func TestBroadcastMergesAxes(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		rank int
	}{
		{[]int{2, 3, 4}, []int{2, 3, 4}, 1},
		{[]int{2, 3, 4}, []int{}, 1},
		{[]int{2, 3, 4}, []int{4}, 2},
		{[]int{2, 3, 4}, []int{3, 4}, 2},
		{[]int{2, 3, 4}, []int{2, 1, 1}, 2},
		{[]int{2, 3, 4}, []int{2, 1, 4}, 3},
		{[]int{2, 1, 3, 1, 4}, []int{2, 1, 3, 1, 4}, 1},
		{[]int{2, 1, 2, 1, 2, 1}, []int{1, 2, 1, 2, 1, 2}, 6}, // as many as there may be
	} {
		_, s, err := kernels.Broadcast(c.a, c.b)
		if err != nil || s.Rank != c.rank {
			t.Errorf("%v and %v: rank %d, %v, want rank %d", c.a, c.b, s.Rank, err, c.rank)
		}
	}
}

// Scalars have one axis of one element, so that no device has to handle a rank of 0.
func TestScalarsHaveAnAxis(t *testing.T) {
	for _, shape := range [][]int{{}, {1, 1}} {
		if _, s, err := kernels.Broadcast(shape, []int{1}); err != nil || s.Rank != 1 || s.Dim[0] != 1 {
			t.Errorf("broadcast of %v: rank %d, sizes %v, %v", shape, s.Rank, s.Dim, err)
		}
	}
	if _, s, err := kernels.Permute(nil, nil); err != nil || s.Rank != 1 || s.Dim[0] != 1 {
		t.Errorf("permutation of a scalar: rank %d, sizes %v, %v", s.Rank, s.Dim, err)
	}
}

func TestBroadcastRefuses(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		want string
	}{
		{[]int{2, 3}, []int{4}, "[2 3] and [4]: sizes 3 and 4"},
		{[]int{2, 3}, []int{3, 3}, "sizes 2 and 3"},
		{[]int{0}, []int{2}, "sizes 0 and 2"},
		{[]int{2, 1, 2, 1, 2, 1, 2}, []int{1, 2, 1, 2, 1, 2, 1}, "[2 1 2 1 2 1 2] and [1 2 1 2 1 2 1]: more than 6 axes are left after merging"},
	} {
		if _, _, err := kernels.Broadcast(c.a, c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v and %v: error %v, want one with %q", c.a, c.b, err, c.want)
		}
	}
}

func TestPermuteOfRandomShapes(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		shape := make([]int, g.IntN(kernels.MaxRank+1))
		for i := range shape {
			shape[i] = g.IntN(4)
		}
		order := g.Perm(len(shape))
		permuted, s, err := kernels.Permute(shape, order)
		if err != nil {
			t.Fatalf("%v by %v: %v", shape, order, err)
		}
		want := make([]int, len(shape))
		for i, axis := range order {
			want[i] = shape[axis]
		}
		if !slices.Equal(permuted, want) || s.Len() != volume(shape) {
			t.Fatalf("%v by %v: shape %v of %d, want %v of %d", shape, order, permuted, s.Len(), want, volume(shape))
		}
		for at := range volume(want) {
			from := make([]int, len(shape))
			for i, position := range coordinates(want, at) {
				from[order[i]] = position
			}
			if got := walk(s.Dim[:s.Rank], s.Stride[:s.Rank], at); got != elementAt(shape, from) {
				t.Fatalf("%v by %v: element %d comes from %d, want %d", shape, order, at, got, elementAt(shape, from))
			}
		}
	}
}

func TestPermuteRefuses(t *testing.T) {
	for _, c := range []struct {
		shape, order []int
		want         string
	}{
		{[]int{2, 3}, []int{0}, "1 axes for shape [2 3]"},
		{[]int{2, 3}, []int{0, 0}, "must appear once"},
		{[]int{2, 3}, []int{0, 2}, "axes [0 2] of shape [2 3]: each axis from 0 to 1 must appear once"},
		{[]int{2, 3}, []int{-1, 0}, "must appear once"},
		{[]int{1, 1, 1, 1, 1, 1, 1}, []int{0, 1, 2, 3, 4, 5, 6}, "at most 6"},
	} {
		if _, _, err := kernels.Permute(c.shape, c.order); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v by %v: error %v, want one with %q", c.shape, c.order, err, c.want)
		}
	}
}

func ExampleBroadcast() {
	shape, s, _ := kernels.Broadcast([]int{8, 28, 28, 3}, []int{3}) // images and a value for each colour
	fmt.Println(shape, s.Dim[:s.Rank], s.A[:s.Rank], s.B[:s.Rank])
	// Output: [8 28 28 3] [6272 3] [3 1] [0 1]
}
