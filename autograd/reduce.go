package autograd

import (
	"slices"

	"baregrad/kernels"
)

// Reductions run over the adjacent axes from first to last (both included; −1 is the
// last axis) and keep the others: [2,3,4] summed over axes 1 to 2 is [2].

// Sum adds up the elements along the axes from first to last, both included; −1 is the
// last axis. The other axes stay: [2,3,4] summed over axes 1 to 2 is [2].
func (t *Tape) Sum(x *Var, first, last int) *Var {
	shape, s := reduction("sum", x, first, last)
	y := t.output(shape, x)
	t.record("sum", y, nil,
		func() { t.device.Sum(y.data(), x.data(), s, kernels.Overwrite) },
		func() { // every element counts once: dx = dy, repeated
			dx, mode := t.into(x)
			t.device.SumGrad(dx, y.grad(), s, mode)
		})
	return y
}

// Mean is the mean of the elements along the axes from first to last; see Sum.
func (t *Tape) Mean(x *Var, first, last int) *Var {
	shape, s := reduction("mean", x, first, last)
	y := t.output(shape, x)
	t.record("mean", y, nil,
		func() { t.device.Mean(y.data(), x.data(), s) },
		func() { // dx = dy/N, repeated
			dx, mode := t.into(x)
			t.device.MeanGrad(dx, y.grad(), s, mode)
		})
	return y
}

// Max is the largest element along the axes from first to last; see Sum. If several are
// equal, the first gets the gradient. There must be at least one element.
func (t *Tape) Max(x *Var, first, last int) *Var {
	shape, s := reduction("max", x, first, last)
	if s.N == 0 {
		kernels.Panicf("max", "axes %d to %d of %v are empty", first, last, x.Shape())
	}
	y := t.output(shape, x)
	arg := t.alloc(kernels.Int32, shape).Buffer()
	t.record("max", y, nil,
		func() { t.device.Max(y.data(), arg, x.data(), s) },
		func() { // dy goes to the position of the maximum
			dx, mode := t.into(x)
			t.device.MaxGrad(dx, y.grad(), arg, s, mode)
		})
	return y
}

// ArgMax is the index of Max's element along the axes from first to last, counted as if
// they were one axis: an int32 variable of Max's shape, without a gradient.
func (t *Tape) ArgMax(x *Var, first, last int) *Var {
	shape, s := reduction("argmax", x, first, last)
	if s.N == 0 {
		kernels.Panicf("argmax", "axes %d to %d of %v are empty", first, last, x.Shape())
	}
	y := t.InputOf(kernels.Int32, shape...)
	t.record("argmax", nil, []*Var{x}, func() { t.device.ArgMax(y.data(), x.data(), s) }, nil)
	return y
}

// Accuracy is 1 for each row of x [N,C] whose largest element is at the class given by
// labels, otherwise 0: a variable [N] without a gradient. Labels are int32 [N], or
// float32 [N,C], whose largest element marks the class.
func (t *Tape) Accuracy(x, labels *Var) *Var {
	rows, cols := labelled("accuracy", x, labels, true)
	y := t.Input(rows)
	t.record("accuracy", nil, []*Var{x, labels},
		func() { t.device.Accuracy(y.data(), x.data(), labels.data(), rows, cols) }, nil)
	return y
}

func reduction(op string, x *Var, first, last int) (shape []int, s kernels.ReduceSpec) {
	axes := x.Value.Rank()
	from, to := first, last
	if from < 0 {
		from += axes
	}
	if to < 0 {
		to += axes
	}
	if from < 0 || to < from || to >= axes {
		kernels.Panicf(op, "axes %d to %d of %v: there are no such axes", first, last, x.Shape())
	}
	s = kernels.ReduceSpec{Outer: 1, N: 1, Inner: 1}
	for i, size := range x.Shape() {
		switch {
		case i < from:
			s.Outer *= size
		case i > to:
			s.Inner *= size
		default:
			s.N *= size
		}
	}
	return slices.Delete(slices.Clone(x.Shape()), from, to+1), s
}
