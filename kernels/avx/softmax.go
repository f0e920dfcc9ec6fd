package avx

import (
	"math"

	"baregrad/kernels"
)

// Softmax and its logarithm of each row of x[rows,cols], row by row.

func (d *Device) Softmax(y, x kernels.Buffer, rows, cols int) {
	kernels.CheckRows("softmax", rows, cols, y, x)
	j := job{y: kernels.Floats(y), a: kernels.Floats(x), cols: cols}
	d.share(&j, rows, cols+rowCost, func(j *job, from, to int) {
		for r := from; r < to; r++ {
			j.k.softmax_fwd_f32(j.row(j.y, r), j.row(j.a, r))
		}
	})
}

// SoftmaxGrad: dx = y·(dy − Σ over k of dy[r,k]·y[r,k]).
func (d *Device) SoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckRows("softmax gradient", rows, cols, dx, dy, y)
	j := job{y: kernels.Floats(dx), a: kernels.Floats(dy), b: kernels.Floats(y), cols: cols, mode: m}
	d.share(&j, rows, cols+rowCost, func(j *job, from, to int) {
		for r := from; r < to; r++ {
			dy, y := j.row(j.a, r), j.row(j.b, r)
			j.k.softmax_bwd_f32(j.row(j.y, r), dy, y, j.k.dot_f32(dy, y), j.mode)
		}
	})
}

// LogSoftmax: y = x − M − ln Σ e^(x−M). (softmax_fwd_f32, which gives the sum, first writes the
// softmax to y.)
func (d *Device) LogSoftmax(y, x kernels.Buffer, rows, cols int) {
	kernels.CheckRows("logsoftmax", rows, cols, y, x)
	j := job{y: kernels.Floats(y), a: kernels.Floats(x), cols: cols}
	d.share(&j, rows, cols+rowCost, func(j *job, from, to int) {
		for r := from; r < to; r++ {
			y, x := j.row(j.y, r), j.row(j.a, r)
			maximum, sum := j.k.softmax_fwd_f32(y, x)
			j.k.log_softmax_fwd_f32(y, x, maximum, float32(math.Log(float64(sum))))
		}
	})
}

// LogSoftmaxGrad: dx = dy − e^y·Σ over k of dy[r,k].
func (d *Device) LogSoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckRows("logsoftmax gradient", rows, cols, dx, dy, y)
	j := job{y: kernels.Floats(dx), a: kernels.Floats(dy), b: kernels.Floats(y), cols: cols, mode: m}
	d.share(&j, rows, cols+rowCost, func(j *job, from, to int) {
		for r := from; r < to; r++ {
			dy := j.row(j.a, r)
			j.k.log_softmax_bwd_f32(j.row(j.y, r), dy, j.row(j.b, r), float32(j.k.sum_f32(dy)), j.mode)
		}
	})
}

// row is row r of a matrix of j.cols columns.
func (j *job) row(x []float32, r int) []float32 { return x[r*j.cols : (r+1)*j.cols] }
