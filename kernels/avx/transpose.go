package avx

import "baregrad/kernels"

// Transposition: y[i,j,…] = x[Σ index·Stride]. Neighbouring axes that stay neighbours are merged. Of
// the remaining axes, two matter: the one along which y is contiguous, which is its last, and the one
// along which x is. If they are the same, runs are copied. If not, the two span planes that are
// transposed in blocks, so that neither side is walked in strides longer than a cache line.

func (d *Device) Transpose(y, x kernels.Buffer, s kernels.PermuteSpec) {
	s.Check("transpose", y, x)
	a := mergedAxes(&s)
	if !a.isPermutation() {
		d.Device.Transpose(y, x, s)
		return
	}
	d.permute(kernels.Floats(y), kernels.Floats(x), a)
}

// TransposeGrad carries each dy back by the inverse permutation. The reference does accumulation.
func (d *Device) TransposeGrad(dx, dy kernels.Buffer, s kernels.PermuteSpec, m kernels.Mode) {
	s.Check("transpose gradient", dx, dy)
	a := mergedAxes(&s)
	if m == kernels.Accumulate || !a.isPermutation() {
		d.Device.TransposeGrad(dx, dy, s, m)
		return
	}
	d.permute(kernels.Floats(dx), kernels.Floats(dy), inverse(a))
}

// axes are the axes of y, from the outermost, with the strides along them in y and in x. No axis has
// size 1.
type axes struct {
	rank         int
	dim          [kernels.MaxRank]int
	stepY, stepX [kernels.MaxRank]int
}

// mergedAxes merges an axis into the one outside it if x is evenly strided over both, as y always is.
func mergedAxes(s *kernels.PermuteSpec) (a axes) {
	for i, n := range s.Dim[:s.Rank] {
		last := a.rank - 1
		switch {
		case n == 1:
		case last >= 0 && a.stepX[last] == n*s.Stride[i]:
			a.dim[last] *= n
			a.stepX[last] = s.Stride[i]
		default:
			a.dim[a.rank], a.stepX[a.rank] = n, s.Stride[i]
			a.rank++
		}
	}
	step := 1
	for i := a.rank - 1; i >= 0; i-- {
		a.stepY[i] = step
		step *= a.dim[i]
	}
	return a
}

// inverse exchanges y and x: the axes are sorted into the order of x.
func inverse(a axes) (b axes) {
	b.rank = a.rank
	var used [kernels.MaxRank]bool
	for i := range b.rank {
		next := -1 // the axis not yet used with the longest step in x
		for k := range a.rank {
			if !used[k] && (next < 0 || a.stepX[k] > a.stepX[next]) {
				next = k
			}
		}
		used[next] = true
		b.dim[i], b.stepY[i], b.stepX[i] = a.dim[next], a.stepX[next], a.stepY[next]
	}
	return b
}

// isPermutation tells whether every element of x is read once: its strides, from the shortest, are
// products of the sizes. Permute makes no other specs. The kernels check no bounds, so they must not
// get one.
func (a axes) isPermutation() bool {
	b := inverse(a)
	step := 1
	for i := b.rank - 1; i >= 0; i-- {
		if b.stepY[i] != step {
			return false
		}
		step *= b.dim[i]
	}
	return true
}

// stripRows is how many rows of a plane are transposed at once: whole blocks, and few enough that the
// lines of x that they touch stay in the cache.
const stripRows = 32

// permute shares the permutation y of x among the workers.
func (d *Device) permute(y, x []float32, a axes) {
	if len(y) == 0 {
		return
	}
	if a.rank == 0 {
		y[0] = x[0]
		return
	}
	j := job{y: y, a: x, axes: a}
	last := a.rank - 1
	if a.stepX[last] == 1 {
		d.share(&j, len(y)/a.dim[last], a.dim[last], func(j *job, from, to int) {
			n := j.axes.dim[j.axes.rank-1]
			for run := from; run < to; run++ {
				_, atX := j.axes.position(run, -1)
				copy(j.y[run*n:(run+1)*n], j.a[atX:])
			}
		})
		return
	}
	strips := (a.dim[a.contiguous()] + stripRows - 1) / stripRows
	planes := len(y) / (a.dim[last] * a.dim[a.contiguous()])
	d.share(&j, planes*strips, stripRows*a.dim[last], func(j *job, from, to int) {
		axis := j.axes.contiguous()
		strips := (j.axes.dim[axis] + stripRows - 1) / stripRows
		for i := from; i < to; i++ {
			j.transposeStrip(i/strips, i%strips*stripRows)
		}
	})
}

// contiguous returns the axis along which x is contiguous.
func (a *axes) contiguous() int {
	for i, step := range a.stepX[:a.rank] {
		if step == 1 {
			return i
		}
	}
	panic("avx: a permutation without a contiguous axis") // isPermutation has ruled it out
}

// position returns where number i begins in y and x, counting along all axes but the last and the one
// given as without.
func (a *axes) position(i, without int) (atY, atX int) {
	for axis := a.rank - 2; axis >= 0; axis-- {
		if axis == without {
			continue
		}
		index := i % a.dim[axis]
		i /= a.dim[axis]
		atY += index * a.stepY[axis]
		atX += index * a.stepX[axis]
	}
	return atY, atX
}

// transposeStrip transposes the rows of a plane of y from row on: whole blocks by the kernel, the
// edges element by element.
func (j *job) transposeStrip(plane, row int) {
	a := &j.axes
	axis := a.contiguous()
	atY, atX := a.position(plane, axis)
	rowY, rowX := a.stepY[axis], a.stepX[a.rank-1]
	rows, cols := min(stripRows, a.dim[axis]-row), a.dim[a.rank-1]
	y, x := j.y[atY+row*rowY:], j.a[atX+row:]
	wholeRows, wholeCols := rows&^7, cols&^7
	if wholeRows > 0 && wholeCols > 0 {
		j.k.transpose_f32(&y[0], &x[0], wholeRows, wholeCols, rowY, rowX)
	}
	for r := range rows {
		from := wholeCols
		if r >= wholeRows {
			from = 0
		}
		for c := from; c < cols; c++ {
			y[r*rowY+c] = x[c*rowX+r]
		}
	}
}
