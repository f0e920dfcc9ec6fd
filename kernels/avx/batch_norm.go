package avx

import (
	"math"

	"baregrad/kernels"
)

// Batch normalization of x [rows, cols], by column. The forward and the backward pass each read
// memory twice: once for the sums over the rows, once for the elements.
//
// Σ x and Σ x² are kept in float64, where the products of two float32 are exact. The variance is the
// mean of the squares less the square of the mean. Its relative error is about (mean/σ)²·2⁻⁵²: a few
// percent at worst, where σ is no larger than the spacing of float32 near the mean.
//
// Few columns would leave most of a vector empty. Then several rows are treated as one wide row,
// which contains each column several times.

// norm holds a call's sizes, with several rows as one, and its scratch memory.
type norm struct {
	rows, cols   int // of wide rows
	times        int // rows in a wide row
	rest         int // rows left over, fewer than times
	coefficients []float32
}

// coefficientsOf is how many numbers each column has: see batch_norm_bwd_f32.
const coefficientsOf = 4

// norm returns a call's sizes. All coefficients are 0.
func (d *Device) norm(rows, cols int) norm {
	n := norm{times: max(1, 32/cols)}
	n.rows, n.cols, n.rest = rows/n.times, n.times*cols, rows%n.times
	if cap(d.columns) < coefficientsOf*n.cols {
		d.columns = make([]float32, coefficientsOf*n.cols)
	}
	n.coefficients = d.columns[:coefficientsOf*n.cols]
	clear(n.coefficients)
	return n
}

// set sets coefficient k of column c, at each of the column's places in a wide row.
func (n *norm) set(k, c int, value float64) {
	for at := k*n.cols + c; at < (k+1)*n.cols; at += n.cols / n.times {
		n.coefficients[at] = float32(value)
	}
}

// columnSums returns, for each column, Σ a and Σ a·(b−shift), where shift is coefficient 0.
func (d *Device) columnSums(n norm, a, b []float32) (sums, products []float64) {
	count, _ := parts(n.rows, n.cols)
	width := 2 * padded(n.cols) // sums and products of a part
	all := d.sumScratch((max(1, count) + 1) * width)
	total := all[:width]
	clear(total)
	if count > 0 {
		d.share(&job{a: a, b: b, c: n.coefficients[:n.cols], cols: n.cols, sums: all}, n.rows, n.cols, func(j *job, from, to int) {
			half := padded(j.cols)
			of := j.sums[from/j.size*2*half:][:2*half]
			clear(of)
			for some := atOnce(j.cols); from < to; from += some {
				at := from * j.cols
				j.k.batch_norm_sums_f32(of[:j.cols], of[half:half+j.cols], j.a[at:], j.b[at:], j.c, min(some, to-from))
			}
		})
		d.addParts(all, count, width)
	}
	half, cols := width/2, n.cols/n.times
	if left := n.rest * cols; left > 0 {
		at, last := n.rows*n.cols, all[max(1, count)*width:][:width]
		clear(last)
		d.set.vector.batch_norm_sums_f32(last[:left], last[half:half+left], a[at:], b[at:], n.coefficients[:left], 1)
		for c := range left {
			total[c] += last[c]
			total[half+c] += last[half+c]
		}
	}
	sums, products = total[:n.cols], total[half:half+n.cols]
	for c := cols; c < n.cols; c++ { // add the column's other places in a wide row
		sums[c%cols] += sums[c]
		products[c%cols] += products[c]
	}
	return sums[:cols], products[:cols]
}

// BatchNorm computes y = gamma·(x−mean)/√(variance+epsilon) + beta.
func (d *Device) BatchNorm(y, mean, variance, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	kernels.CheckBatchNorm("batch norm", rows, cols, [2]kernels.Buffer{y, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{gamma, beta})
	if cols == 0 {
		return
	}
	n, xs := d.norm(rows, cols), kernels.Floats(x)
	sums, squares := d.columnSums(n, xs, xs)
	means, variances := kernels.Floats(mean), kernels.Floats(variance)
	gammas, betas := kernels.Floats(gamma), kernels.Floats(beta)
	for c, sum := range sums {
		m := sum / float64(rows)
		v := squares[c]/float64(rows) - float64(m*m)
		if v < 0 { // by rounding; a NaN stays
			v = 0
		}
		means[c], variances[c] = float32(m), float32(v)
		n.set(0, c, m)
		n.set(1, c, valueAt(gammas, c, 1)*inverseDeviation(variances[c], epsilon))
		n.set(2, c, valueAt(betas, c, 0))
	}
	j := job{y: kernels.Floats(y), a: xs, c: n.coefficients, cols: n.cols}
	if left := n.rest * cols; left > 0 {
		at, k := n.rows*n.cols, n.coefficients
		d.set.vector.batch_norm_fwd_f32(j.y[at:], xs[at:], k[:left], k[n.cols:], k[2*n.cols:], 1)
	}
	d.share(&j, n.rows, n.cols, func(j *job, from, to int) {
		n := j.cols
		for some := atOnce(n); from < to; from += some {
			j.k.batch_norm_fwd_f32(j.y[from*n:], j.a[from*n:], j.c[:n], j.c[n:], j.c[2*n:], min(some, to-from))
		}
	})
}

// BatchNormGrad is the gradient: see the reference's.
func (d *Device) BatchNormGrad(dx, dgamma, dbeta, dy, x, mean, variance, gamma kernels.Buffer, rows, cols int, epsilon float32, mx, mg, mb kernels.Mode) {
	const op = "batch norm gradient"
	kernels.CheckBatchNorm(op, rows, cols, [2]kernels.Buffer{dy, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{dgamma, dbeta})
	kernels.CheckBatchNorm(op, rows, cols, [2]kernels.Buffer{dy, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{gamma})
	if dx != nil {
		kernels.CheckRows(op, rows, cols, dx)
	}
	if cols == 0 {
		return
	}
	n, xs, dys := d.norm(rows, cols), kernels.Floats(x), kernels.Floats(dy)
	means, variances, gammas := kernels.Floats(mean), kernels.Floats(variance), kernels.Floats(gamma)
	for c, m := range means {
		n.set(0, c, float64(m))
	}
	sums, products := d.columnSums(n, dys, xs)
	for c, sum := range sums {
		inverse := inverseDeviation(variances[c], epsilon)
		n.set(1, c, sum/float64(rows))
		n.set(2, c, products[c]*inverse*inverse/float64(rows))
		n.set(3, c, valueAt(gammas, c, 1)*inverse)
		products[c] *= inverse
	}
	if dbeta != nil {
		store(kernels.Floats(dbeta), sums, 1, mb)
	}
	if dgamma != nil {
		store(kernels.Floats(dgamma), products, 1, mg)
	}
	if dx == nil {
		return
	}
	j := job{y: kernels.Floats(dx), a: dys, b: xs, c: n.coefficients, cols: n.cols, mode: mx}
	if left := n.rest * cols; left > 0 {
		at, k := n.rows*n.cols, n.coefficients
		d.set.vector.batch_norm_bwd_f32(j.y[at:], dys[at:], xs[at:], k[:left], k[n.cols:], k[2*n.cols:], k[3*n.cols:], 1, mx)
	}
	d.share(&j, n.rows, n.cols, func(j *job, from, to int) {
		n := j.cols
		for some := atOnce(n); from < to; from += some {
			j.k.batch_norm_bwd_f32(j.y[from*n:], j.a[from*n:], j.b[from*n:], j.c[:n], j.c[n:], j.c[2*n:], j.c[3*n:], min(some, to-from), j.mode)
		}
	})
}

// atOnce is how many rows a kernel gets. The kernel processes 32 columns of all its rows before the
// next 32, so with more columns it gets few rows, to read memory in order. (Gradients of 256 columns
// that come from memory took 1.9 times as long with all rows of a part at once.)
func atOnce(cols int) int {
	if cols <= 32 {
		return math.MaxInt32
	}
	return max(1, 128/cols)
}

// inverseDeviation is 1/√(variance+epsilon).
func inverseDeviation(variance, epsilon float32) float64 {
	return 1 / math.Sqrt(float64(variance)+float64(epsilon))
}

// valueAt is values[c], or otherwise if values is nil.
func valueAt(values []float32, c int, otherwise float64) float64 {
	if values == nil {
		return otherwise
	}
	return float64(values[c])
}
