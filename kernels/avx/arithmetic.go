package avx

import "baregrad/kernels"

// Arithmetic with broadcasting: y = a ∘ b. The kernels loop over the innermost two axes, which
// suffices for equal shapes, a bias or a scalar; this file loops over further axes. Gradients for
// equal shapes and sums for a repeated operand have kernels too; the reference does the rest.

// binaryKernel computes y[r,c] = a[r,c] ∘ b[r,c]: see add_fwd_f32_avx512.
type binaryKernel func(y, a, b *float32, rows, cols, rowA, rowB, stepA, stepB int)

// grid is the innermost two axes of a BroadcastSpec.
type grid struct {
	rows, cols               int
	rowA, rowB, stepA, stepB int
}

func innermost(s *kernels.BroadcastSpec) grid {
	last := s.Rank - 1
	g := grid{rows: 1, cols: s.Dim[last], stepA: s.A[last], stepB: s.B[last]}
	if s.Rank > 1 {
		g.rows, g.rowA, g.rowB = s.Dim[last-1], s.A[last-1], s.B[last-1]
	}
	return g
}

func (d *Device) Add(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.binary("add", y, a, b, &s, d.set.vector.add_fwd_f32)
}

func (d *Device) Sub(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.binary("sub", y, a, b, &s, d.set.vector.sub_fwd_f32)
}

func (d *Device) Mul(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.binary("mul", y, a, b, &s, d.set.vector.mul_fwd_f32)
}

func (d *Device) Div(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.binary("div", y, a, b, &s, d.set.vector.div_fwd_f32)
}

// binary shares y = a ∘ b among the workers, one pair of innermost axes after another.
func (d *Device) binary(op string, y, a, b kernels.Buffer, s *kernels.BroadcastSpec, f binaryKernel) {
	kernels.Want(op, "output", y, kernels.Float32, s.Len())
	kernels.Want(op, "first operand", a, kernels.Float32, s.LenA())
	kernels.Want(op, "second operand", b, kernels.Float32, s.LenB())
	if !regular(s, &s.A) || !regular(s, &s.B) {
		refuse(op, *s)
	}
	if s.Len() == 0 {
		return
	}
	j := job{grid: innermost(s), binary: f}
	ys, as, bs := kernels.Floats(y), kernels.Floats(a), kernels.Floats(b)
	outer := max(0, s.Rank-2)
	var index [kernels.MaxRank]int
	for atA, atB := 0, 0; ; {
		j.y, j.a, j.b = ys, as[atA:], bs[atB:]
		d.binaryGrid(j)
		ys = ys[j.grid.rows*j.grid.cols:]
		axis := outer - 1
		for ; axis >= 0; axis-- { // count up like an odometer
			index[axis]++
			atA, atB = atA+s.A[axis], atB+s.B[axis]
			if index[axis] < s.Dim[axis] {
				break
			}
			atA, atB = atA-s.A[axis]*s.Dim[axis], atB-s.B[axis]*s.Dim[axis]
			index[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}

// regular tells whether each stride of an operand is that of contiguous memory, or 0. Broadcast makes
// no other specs. The kernels check no bounds, so they must not get one.
func regular(s *kernels.BroadcastSpec, strides *[kernels.MaxRank]int) bool {
	step := 1
	for axis := s.Rank - 1; axis >= 0; axis-- {
		if strides[axis] == 0 || s.Dim[axis] == 1 {
			continue
		}
		if strides[axis] != step {
			return false
		}
		step *= s.Dim[axis]
	}
	return true
}

// refuse panics. (It takes a copy so that s need not be heap-allocated.)
func refuse(op string, s kernels.BroadcastSpec) {
	kernels.Panicf(op, "sizes %v with strides %v and %v: Broadcast makes no such spec", s.Dim[:s.Rank], s.A[:s.Rank], s.B[:s.Rank])
}

// binaryGrid shares one pair of axes among the workers; a single row is split along its columns.
func (d *Device) binaryGrid(j job) {
	if j.grid.rows == 1 {
		d.share(&j, j.grid.cols, 1, func(j *job, from, to int) {
			g := j.grid
			j.binary(&j.y[from], &j.a[from*g.stepA], &j.b[from*g.stepB], 1, to-from, 0, 0, g.stepA, g.stepB)
		})
		return
	}
	d.share(&j, j.grid.rows, j.grid.cols, func(j *job, from, to int) {
		g := j.grid
		j.binary(&j.y[from*g.cols], &j.a[from*g.rowA], &j.b[from*g.rowB], to-from, g.cols, g.rowA, g.rowB, g.stepA, g.stepB)
	})
}

// AddGrad: da = dy and db = dy, summed where an operand was repeated.
func (d *Device) AddGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("add gradient", da, db, dy)
	if !canSum(da, db, dy, &s) {
		d.Device.AddGrad(da, db, dy, s, ma, mb)
		return
	}
	d.sumOperand(db, dy, &s, &s.B, 1, mb)
	d.sumOperand(da, dy, &s, &s.A, 1, ma)
}

// SubGrad: da = dy and db = −dy, summed where an operand was repeated.
func (d *Device) SubGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("sub gradient", da, db, dy)
	if !canSum(da, db, dy, &s) {
		d.Device.SubGrad(da, db, dy, s, ma, mb)
		return
	}
	d.sumOperand(db, dy, &s, &s.B, -1, mb)
	d.sumOperand(da, dy, &s, &s.A, 1, ma)
}

// MulGrad: da = dy·b and db = dy·a.
func (d *Device) MulGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("mul gradient", da, db, dy)
	s.Check("mul gradient", dy, a, b)
	if !plain(&s) || shared(da, dy) || shared(db, dy) {
		d.Device.MulGrad(da, db, dy, a, b, s, ma, mb)
		return
	}
	if da != nil {
		d.gradient(da, dy, b, ma, d.set.vector.mul_bwd_f32)
	}
	if db != nil {
		d.gradient(db, dy, a, mb, d.set.vector.mul_bwd_f32)
	}
}

// DivGrad: da = dy/b and db = −dy·a/b².
func (d *Device) DivGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("div gradient", da, db, dy)
	s.Check("div gradient", dy, a, b)
	if !plain(&s) || shared(da, dy) || shared(db, dy) {
		d.Device.DivGrad(da, db, dy, a, b, s, ma, mb)
		return
	}
	if da != nil {
		d.gradient(da, dy, b, ma, d.set.vector.div_bwd_f32)
	}
	if db == nil {
		return
	}
	j := job{y: kernels.Floats(db), a: kernels.Floats(dy), b: kernels.Floats(a), c: kernels.Floats(b), mode: mb}
	d.share(&j, db.Len(), 1, func(j *job, from, to int) {
		j.k.div_bwd_divisor_f32(j.y[from:to], j.a[from:to], j.b[from:to], j.c[from:to], j.mode)
	})
}

// plain tells whether no operand is repeated.
func plain(s *kernels.BroadcastSpec) bool {
	return s.LenA() == s.Len() && s.LenB() == s.Len() && regular(s, &s.A) && regular(s, &s.B)
}

// shared tells whether two buffers begin at the same address. An operand's gradient may overlay dy,
// which the other operand's gradient still needs.
func shared(a, b kernels.Buffer) bool {
	if a == nil || b == nil || a.Len() == 0 || b.Len() == 0 {
		return false
	}
	return &kernels.Floats(a)[0] == &kernels.Floats(b)[0]
}

// canSum tells whether sumOperand can handle both operands' repetitions, and whether db, which is
// computed first, may be written before dy is read for da.
func canSum(da, db, dy kernels.Buffer, s *kernels.BroadcastSpec) bool {
	_, okA := repetition(s, &s.A)
	_, okB := repetition(s, &s.B)
	return (da == nil || okA) && (db == nil || okB) && !shared(db, dy)
}

// repetition describes how dy is summed to the gradient of an operand with the given strides: along
// no axis, all of them, or the outer or inner one of two.
func repetition(s *kernels.BroadcastSpec, strides *[kernels.MaxRank]int) (r kernels.ReduceSpec, ok bool) {
	switch {
	case !regular(s, strides):
		return r, false
	case s.Rank == 1 && strides[0] == 0:
		return kernels.ReduceSpec{Outer: 1, N: s.Dim[0], Inner: 1}, true
	case s.Rank == 2 && strides[0] == 0 && strides[1] != 0:
		return kernels.ReduceSpec{Outer: 1, N: s.Dim[0], Inner: s.Dim[1]}, true
	case s.Rank == 2 && strides[0] != 0 && strides[1] == 0:
		return kernels.ReduceSpec{Outer: s.Dim[0], N: s.Dim[1], Inner: 1}, true
	}
	for axis := range s.Rank {
		if strides[axis] == 0 && s.Dim[axis] != 1 {
			return r, false
		}
	}
	return kernels.ReduceSpec{Outer: s.Len(), N: 1, Inner: 1}, true
}

// sumOperand computes dx = factor·dy, summed over the operand's repetitions. A nil dx is skipped.
func (d *Device) sumOperand(dx, dy kernels.Buffer, s *kernels.BroadcastSpec, strides *[kernels.MaxRank]int, factor float64, m kernels.Mode) {
	if dx == nil {
		return
	}
	r, _ := repetition(s, strides)
	if r.N == 1 && r.Outer == s.Len() {
		d.scale(kernels.Floats(dx), kernels.Floats(dy), float32(factor), m)
		return
	}
	d.sum(kernels.Floats(dx), kernels.Floats(dy), r, factor, m)
}
