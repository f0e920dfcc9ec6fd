package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Transpose permutes the axes: see transpose.ptx.
func (d *Device) Transpose(y, x kernels.Buffer, s kernels.PermuteSpec) {
	s.Check("transpose", y, x)
	if stack, rows, cols, ok := stackOfMatrices(s); ok {
		d.transposeTiled(address(y), address(x), stack, rows, cols, kernels.Overwrite)
		return
	}
	d.transposeGeneral(kernel{"transpose.ptx", "transpose_fwd_f32"}, kernel{"transpose.ptx", "transpose_fwd_by4_f32"}, y, x, s, kernels.Overwrite)
}

// TransposeGrad permutes the axes back.
func (d *Device) TransposeGrad(dx, dy kernels.Buffer, s kernels.PermuteSpec, m kernels.Mode) {
	s.Check("transpose gradient", dx, dy)
	if stack, rows, cols, ok := stackOfMatrices(s); ok {
		d.transposeTiled(address(dx), address(dy), stack, cols, rows, m)
		return
	}
	d.transposeGeneral(kernel{"transpose.ptx", "transpose_bwd_f32"}, kernel{"transpose.ptx", "transpose_bwd_by4_f32"}, dx, dy, s, m)
}

func (d *Device) transposeGeneral(k, by4 kernel, to, from kernels.Buffer, s kernels.PermuteSpec, m kernels.Mode) {
	dim, stride := innermostFirst(s.Dim, s.Rank), innermostFirst(s.Stride, s.Rank)
	n := s.Len()
	if dim[0]%4 == 0 && stride[0] == 1 && multiplesOf4(stride[1:]) && address(to)%16 == 0 && address(from)%16 == 0 {
		k, n = by4, n/4
		dim[0], stride[0] = dim[0]/4, 4
	}
	arguments := d.with(address(to), address(from), count(n), mode(m), count(s.Rank))
	arguments = appendDims(arguments, dim)
	arguments = appendAxes(arguments, stride)
	d.each(k, n, arguments...)
}

// multiplesOf4 reports whether all numbers are multiples of 4.
func multiplesOf4(numbers []int) bool {
	for _, v := range numbers {
		if v%4 != 0 {
			return false
		}
	}
	return true
}

// transposeTiled is y[s,c,r] = x[s,r,c].
func (d *Device) transposeTiled(y, x uint64, stack, rows, cols int, m kernels.Mode) {
	if stack*rows*cols == 0 {
		return
	}
	grid := driver.Dim{X: ceilDiv(cols, 32), Y: ceilDiv(rows, 32), Z: stack}
	d.launch(kernel{"transpose.ptx", "transpose_tiled_f32"}, grid, driver.Dim{X: 32, Y: 8, Z: 1},
		y, x, count(rows), count(cols), mode(m))
}

// stackOfMatrices reports whether s exchanges the last two groups of axes of x[stack,rows,cols],
// each of size at least 8, and leaves the stack alone. A grid has at most 65535 blocks in y and z.
func stackOfMatrices(s kernels.PermuteSpec) (stack, rows, cols int, ok bool) {
	// Merge axes that stay adjacent.
	var dims, strides [kernels.MaxRank]int
	rank := 0
	for i := range s.Rank {
		if s.Dim[i] == 1 {
			continue
		}
		if rank > 0 && strides[rank-1] == s.Stride[i]*s.Dim[i] {
			dims[rank-1], strides[rank-1] = dims[rank-1]*s.Dim[i], s.Stride[i]
			continue
		}
		dims[rank], strides[rank] = s.Dim[i], s.Stride[i]
		rank++
	}
	dim, stride := dims[:rank], strides[:rank]
	stack = 1
	if rank == 3 && stride[0] == dim[1]*dim[2] {
		stack, dim, stride = dim[0], dim[1:], stride[1:]
	}
	// The remaining axes must be y[cols,rows] with x's strides 1 and cols.
	if len(dim) != 2 || stride[0] != 1 || stride[1] != dim[0] {
		return 0, 0, 0, false
	}
	cols, rows = dim[0], dim[1]
	ok = min(rows, cols) >= 8 && stack <= 65535 && ceilDiv(rows, 32) <= 65535 && ceilDiv(cols, 32) <= 65535
	return stack, rows, cols, ok
}
