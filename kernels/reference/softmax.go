package reference

import (
	"math"

	"baregrad/kernels"
)

// Softmax of each row of x[rows,cols], where M is the row's maximum:
//
//	y[r,c] = e^(x[r,c]−M) / Σ over k of e^(x[r,k]−M)
//
// Subtracting M changes nothing in exact arithmetic. But it makes every exponential
// at most 1, so that huge logits do not overflow, and at least one of them 1, so that
// the sum is not 0.

// logSumExp returns a row's maximum and ln Σ e^(x−maximum).
func logSumExp(row []float32) (maximum, log float64) {
	maximum = math.Inf(-1)
	for _, v := range row {
		maximum = max(maximum, float64(v)) // NaN wins
	}
	sum := 0.0
	for _, v := range row {
		sum += math.Exp(float64(v) - maximum)
	}
	return maximum, math.Log(sum)
}

// softmaxRow is y = softmax(x).
func softmaxRow(y, x []float32) {
	maximum, log := logSumExp(x)
	for c, v := range x {
		y[c] = float32(math.Exp(float64(v) - maximum - log))
	}
}

func (d *Device) Softmax(y, x kernels.Buffer, rows, cols int) {
	kernels.CheckRows("softmax", rows, cols, y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for r := range rows {
		softmaxRow(ys[r*cols:(r+1)*cols], xs[r*cols:(r+1)*cols])
	}
}

// SoftmaxGrad: dx = y·(dy − Σ over k of dy[r,k]·y[r,k]).
func (d *Device) SoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckRows("softmax gradient", rows, cols, dx, dy, y)
	for r := range rows {
		from, to := r*cols, (r+1)*cols
		dxs, dys, ys := kernels.Floats(dx)[from:to], kernels.Floats(dy)[from:to], kernels.Floats(y)[from:to]
		sum := 0.0
		for c, v := range dys {
			sum += float64(v) * float64(ys[c]) // exact
		}
		for c, v := range dys {
			put(&dxs[c], float32(float64(ys[c])*(float64(v)-sum)), m)
		}
	}
}

// LogSoftmax: y = x − M − ln Σ e^(x−M).
func (d *Device) LogSoftmax(y, x kernels.Buffer, rows, cols int) {
	kernels.CheckRows("logsoftmax", rows, cols, y, x)
	for r := range rows {
		from, to := r*cols, (r+1)*cols
		ys, xs := kernels.Floats(y)[from:to], kernels.Floats(x)[from:to]
		maximum, log := logSumExp(xs)
		for c, v := range xs {
			ys[c] = float32(float64(v) - maximum - log)
		}
	}
}

// LogSoftmaxGrad: dx = dy − e^y·Σ over k of dy[r,k].
func (d *Device) LogSoftmaxGrad(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckRows("logsoftmax gradient", rows, cols, dx, dy, y)
	for r := range rows {
		from, to := r*cols, (r+1)*cols
		dxs, dys, ys := kernels.Floats(dx)[from:to], kernels.Floats(dy)[from:to], kernels.Floats(y)[from:to]
		sum := 0.0
		for _, v := range dys {
			sum += float64(v)
		}
		for c, v := range dys {
			put(&dxs[c], float32(float64(v)-float64(math.Exp(float64(ys[c]))*sum)), m)
		}
	}
}
