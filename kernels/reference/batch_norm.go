package reference

import (
	"math"

	"baregrad/kernels"
)

// Batch normalization of the columns of x [rows, cols] (Ioffe and Szegedy, "Batch
// normalization", 2015):
//
//	y[r,c] = gamma[c]·(x[r,c]−mean[c])·i[c] + beta[c],  i = 1/√(variance+epsilon)
//
// Mean and variance are rounded to float32 before use, because the gradient gets them so.

func (d *Device) BatchNorm(y, mean, variance, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	kernels.CheckBatchNorm("batch norm", rows, cols, [2]kernels.Buffer{y, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{gamma, beta})
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	means, variances := kernels.Floats(mean), kernels.Floats(variance)
	d.sumAxis(means, xs, kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}, float64(rows), kernels.Overwrite)
	squares := zeros(&d.sums, cols)
	for from := 0; from < len(xs); from += cols {
		for c, v := range xs[from : from+cols] {
			e := float64(v) - float64(means[c])
			squares[c] += float64(e * e)
		}
	}
	for c, sum := range squares {
		variances[c] = float32(sum / float64(rows))
	}
	gammas, betas := kernels.Floats(gamma), kernels.Floats(beta)
	for c := range cols {
		scale, shift := at(gammas, c, 1)*inverseDeviation(variances[c], epsilon), at(betas, c, 0)
		for i := c; i < len(xs); i += cols {
			ys[i] = float32(float64((float64(xs[i])-float64(means[c]))*scale) + shift)
		}
	}
}

// BatchNormGrad: with n = (x−mean)·i, dbeta = Σ dy and dgamma = Σ dy·n over the rows,
//
//	dx = gamma·i·(dy − dbeta/rows − n·dgamma/rows)
//
// The last two terms come from the dependence of the mean and the variance on x.
func (d *Device) BatchNormGrad(dx, dgamma, dbeta, dy, x, mean, variance, gamma kernels.Buffer, rows, cols int, epsilon float32, mx, mg, mb kernels.Mode) {
	const op = "batch norm gradient"
	kernels.CheckBatchNorm(op, rows, cols, [2]kernels.Buffer{dy, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{dgamma, dbeta})
	kernels.CheckBatchNorm(op, rows, cols, [2]kernels.Buffer{dy, x}, [2]kernels.Buffer{mean, variance}, [2]kernels.Buffer{gamma})
	if dx != nil {
		kernels.CheckRows(op, rows, cols, dx)
	}
	dxs, dys, xs := kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(x)
	means, variances, gammas := kernels.Floats(mean), kernels.Floats(variance), kernels.Floats(gamma)
	for c := range cols {
		sum, product := 0.0, 0.0
		for i := c; i < len(xs); i += cols {
			sum += float64(dys[i])
			product += float64(float64(dys[i]) * (float64(xs[i]) - float64(means[c])))
		}
		inverse := inverseDeviation(variances[c], epsilon)
		if dbeta != nil {
			put(&kernels.Floats(dbeta)[c], float32(sum), mb)
		}
		if dgamma != nil {
			put(&kernels.Floats(dgamma)[c], float32(product*inverse), mg)
		}
		if dx == nil {
			continue
		}
		scale, offset, slope := at(gammas, c, 1)*inverse, sum/float64(rows), product*inverse*inverse/float64(rows)
		for i := c; i < len(xs); i += cols {
			e := float64(xs[i]) - float64(means[c])
			put(&dxs[i], float32(scale*(float64(dys[i])-offset-float64(e*slope))), mx)
		}
	}
}

// inverseDeviation is 1/√(variance+epsilon).
func inverseDeviation(variance, epsilon float32) float64 {
	return 1 / math.Sqrt(float64(variance)+float64(epsilon))
}

// at is values[c], or otherwise if values is nil.
func at(values []float32, c int, otherwise float64) float64 {
	if values == nil {
		return otherwise
	}
	return float64(values[c])
}
