package kernels

import "fmt"

// MaxRank is the largest number of axes that broadcasting and transposition
// handle, after adjacent axes that behave alike have been merged.
const MaxRank = 6

// BroadcastSpec says which elements of a and b each element of an elementwise
// operation's output is computed from, by NumPy's rules. Axes are listed from
// the outermost. A stride of 0 repeats the operand along that axis.
type BroadcastSpec struct {
	Rank int          // the number of axes; the rest of the arrays is unused
	Dim  [MaxRank]int // the output's sizes
	A, B [MaxRank]int // the operands' strides, in elements
}

// Broadcast returns the output shape of an elementwise operation on shapes a and b,
// and the kernel's spec. Shapes are aligned at their last axis. Two sizes must be
// equal, or one of them 1.
func Broadcast(a, b []int) (shape []int, s BroadcastSpec, err error) {
	rank := max(len(a), len(b))
	shape = make([]int, rank)
	strideA, strideB := make([]int, rank), make([]int, rank)
	stepA, stepB := 1, 1
	for i := rank - 1; i >= 0; i-- {
		sizeA, sizeB := sizeAt(a, i-rank+len(a)), sizeAt(b, i-rank+len(b))
		if sizeA != sizeB && sizeA != 1 && sizeB != 1 {
			return nil, s, fmt.Errorf("%v and %v: sizes %d and %d can't be broadcast", a, b, sizeA, sizeB)
		}
		shape[i] = sizeA
		if sizeA == 1 {
			shape[i] = sizeB
		}
		if sizeA != 1 {
			strideA[i] = stepA
		}
		if sizeB != 1 {
			strideB[i] = stepB
		}
		stepA *= sizeA
		stepB *= sizeB
	}
	// Merge an axis into the one outside it if both operands continue evenly from one
	// to the other. Two equal shapes become one long axis.
	for i, n := range shape {
		if n == 1 {
			continue
		}
		last := s.Rank - 1
		if last >= 0 && s.A[last] == strideA[i]*n && s.B[last] == strideB[i]*n {
			s.Dim[last] *= n
			s.A[last], s.B[last] = strideA[i], strideB[i]
			continue
		}
		if s.Rank == MaxRank {
			return nil, s, fmt.Errorf("%v and %v: more than %d axes are left after merging", a, b, MaxRank)
		}
		s.Dim[s.Rank], s.A[s.Rank], s.B[s.Rank] = n, strideA[i], strideB[i]
		s.Rank++
	}
	if s.Rank == 0 { // scalars
		s.Rank, s.Dim[0] = 1, 1
	}
	return shape, s, nil
}

// Len is the number of elements of the output.
func (s BroadcastSpec) Len() int { return product(s.Dim[:s.Rank]) }

// LenA is the number of elements of the first operand.
func (s BroadcastSpec) LenA() int { return lenOf(s.Dim[:s.Rank], s.A[:s.Rank]) }

// LenB is the number of elements of the second operand.
func (s BroadcastSpec) LenB() int { return lenOf(s.Dim[:s.Rank], s.B[:s.Rank]) }

// Check panics unless the buffers have the sizes given by s.
func (s BroadcastSpec) Check(op string, y, a, b Buffer) {
	Want(op, "output", y, Float32, s.Len())
	Want(op, "first operand", a, Float32, s.LenA())
	Want(op, "second operand", b, Float32, s.LenB())
}

// CheckGrad is Check for the gradients. da and db may be nil.
func (s BroadcastSpec) CheckGrad(op string, da, db, dy Buffer) {
	Want(op, "output's gradient", dy, Float32, s.Len())
	if da != nil {
		Want(op, "first operand's gradient", da, Float32, s.LenA())
	}
	if db != nil {
		Want(op, "second operand's gradient", db, Float32, s.LenB())
	}
}

// PermuteSpec describes y = x with its axes in another order. y has the sizes Dim.
// A step along y's axis i is Stride[i] elements in x.
type PermuteSpec struct {
	Rank   int          // the number of axes; the rest of the arrays is unused
	Dim    [MaxRank]int // y's sizes
	Stride [MaxRank]int // the stride in x of each axis of y, in elements
}

// Permute reorders the axes of an x of the given shape, as NumPy's transpose does: axis i
// of the result is axis order[i] of x. It returns the resulting shape and the kernel's spec.
func Permute(shape, order []int) (permuted []int, s PermuteSpec, err error) {
	if len(order) != len(shape) {
		return nil, s, fmt.Errorf("%d axes for shape %v, which has %d", len(order), shape, len(shape))
	}
	if len(shape) > MaxRank {
		return nil, s, fmt.Errorf("%v has %d axes, at most %d are handled", shape, len(shape), MaxRank)
	}
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	seen := [MaxRank]bool{}
	permuted = make([]int, len(shape))
	for i, axis := range order {
		if axis < 0 || axis >= len(shape) || seen[axis] {
			return nil, s, fmt.Errorf("axes %v of shape %v: each axis from 0 to %d must appear once", order, shape, len(shape)-1)
		}
		seen[axis] = true
		permuted[i] = shape[axis]
		s.Dim[i], s.Stride[i] = shape[axis], strides[axis]
	}
	s.Rank = len(shape)
	if s.Rank == 0 {
		s.Rank, s.Dim[0] = 1, 1
	}
	return permuted, s, nil
}

// Len is the number of elements.
func (s PermuteSpec) Len() int { return product(s.Dim[:s.Rank]) }

func sizeAt(shape []int, i int) int {
	if i < 0 {
		return 1
	}
	return shape[i]
}

func product(sizes []int) int {
	n := 1
	for _, size := range sizes {
		n *= size
	}
	return n
}

// lenOf is the number of elements of an operand with the given strides,
// for an output with the given sizes.
func lenOf(dims, strides []int) int {
	n := 1
	for i, dim := range dims {
		if strides[i] != 0 {
			n *= dim
		}
	}
	return n
}
