package avx

import "baregrad/kernels"

// Layer normalization of x [rows, cols], by row. The forward pass reads each row twice, the second
// time from the cache. The gradient takes the rows in groups that fit the L1 cache: it adds up the
// columns of a group for dgamma and dbeta, then computes dx row by row.
//
// Sums are kept in float64, as in batch_norm.go, with the same error of the variance.

// scaleAndShift returns gamma and beta; if nil, gamma is all ones and beta all zeros.
func (d *Device) scaleAndShift(gamma, beta kernels.Buffer, cols int) (scale, shift []float32) {
	if cap(d.columns) < 2*cols {
		d.columns = make([]float32, 2*cols)
	}
	scale, shift = d.columns[:cols], d.columns[cols:2*cols]
	if gamma != nil {
		scale = kernels.Floats(gamma)
	} else {
		for c := range scale {
			scale[c] = 1
		}
	}
	if beta != nil {
		shift = kernels.Floats(beta)
	} else {
		clear(shift)
	}
	return scale, shift
}

// layerNorm holds a job's vectors: one number for each row, or for each column.
type layerNorm struct{ mean, inverse, gamma, beta []float32 }

// LayerNorm is y = gamma·(x−mean)·inverse + beta, inverse = 1/√(variance+epsilon).
func (d *Device) LayerNorm(y, mean, inverse, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	kernels.CheckLayerNorm("layer norm", rows, cols, [2]kernels.Buffer{y, x}, mean, inverse, gamma, beta)
	scale, shift := d.scaleAndShift(gamma, beta, cols)
	j := job{y: kernels.Floats(y), a: kernels.Floats(x), cols: cols, factor: float64(epsilon),
		norm: layerNorm{kernels.Floats(mean), kernels.Floats(inverse), scale, shift}}
	d.share(&j, rows, cols+rowCost, func(j *job, from, to int) {
		n, of := j.cols, &j.norm
		j.k.layer_norm_fwd_f32(j.y[from*n:to*n], j.a[from*n:to*n], of.mean[from:to], of.inverse[from:to], of.gamma, of.beta, j.factor)
	})
}

// LayerNormGrad is the gradient: see the reference's.
func (d *Device) LayerNormGrad(dx, dgamma, dbeta, dy, x, mean, inverse, gamma kernels.Buffer, rows, cols int, mx, mg, mb kernels.Mode) {
	kernels.CheckLayerNormGrad("layer norm gradient", rows, cols, dx, dgamma, dbeta, dy, x, mean, inverse, gamma)
	if rows == 0 { // sums of nothing
		d.Device.LayerNormGrad(dx, dgamma, dbeta, dy, x, mean, inverse, gamma, rows, cols, mx, mg, mb)
		return
	}
	scale, _ := d.scaleAndShift(gamma, nil, cols)
	j := job{y: kernels.Floats(dx), a: kernels.Floats(dy), b: kernels.Floats(x), cols: cols, mode: mx,
		norm: layerNorm{mean: kernels.Floats(mean), inverse: kernels.Floats(inverse), gamma: scale}}
	count, _ := parts(rows, cols+rowCost)
	width := 2 * padded(cols) // Σ dy and Σ dy·n of a part
	if dgamma != nil || dbeta != nil {
		j.sums = d.sumScratch(count * width)
	}
	sums := j.sums
	d.share(&j, rows, cols+rowCost, layerNormGradRows)
	if sums == nil {
		return
	}
	sums = d.addParts(sums, count, width)
	if dbeta != nil {
		store(kernels.Floats(dbeta), sums[:cols], 1, mb)
	}
	if dgamma != nil {
		store(kernels.Floats(dgamma), sums[width/2:width/2+cols], 1, mg)
	}
}

// layerNormGradRows computes the gradient of rows from to to−1, in groups that fit the L1 cache.
func layerNormGradRows(j *job, from, to int) {
	n, of := j.cols, &j.norm
	var sums []float64
	half := padded(n)
	if j.sums != nil {
		sums = j.sums[from/j.size*2*half:][:2*half]
		clear(sums)
	}
	for some := max(1, layerNormAtOnce/n); from < to; from += some {
		end := min(from+some, to)
		dy, x := j.a[from*n:end*n], j.b[from*n:end*n]
		mean, inverse := of.mean[from:end], of.inverse[from:end]
		if sums != nil {
			j.k.layer_norm_sums_f32(sums[:n], sums[half:half+n], dy, x, mean, inverse)
		}
		if j.y != nil {
			j.k.layer_norm_bwd_f32(j.y[from*n:end*n], dy, x, mean, inverse, of.gamma, j.mode)
		}
	}
}

// layerNormAtOnce is the number of elements of dy, and of x, in a group of rows.
const layerNormAtOnce = 1 << 11
