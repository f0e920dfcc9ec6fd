package reference

import (
	"math"

	"baregrad/kernels"
)

// Layer normalization of the rows of x [rows, cols] (Ba, Kiros and Hinton, "Layer
// normalization", 2016):
//
//	y[r,c] = gamma[c]·(x[r,c]−mean[r])·inverse[r] + beta[c],  inverse = 1/√(variance+epsilon)
//
// The mean is rounded to float32 before the variance is computed from it, and the inverse before
// it is used, because the gradient gets them so.

func (d *Device) LayerNorm(y, mean, inverse, x, gamma, beta kernels.Buffer, rows, cols int, epsilon float32) {
	kernels.CheckLayerNorm("layer norm", rows, cols, [2]kernels.Buffer{y, x}, mean, inverse, gamma, beta)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	means, inverses := kernels.Floats(mean), kernels.Floats(inverse)
	gammas, betas := kernels.Floats(gamma), kernels.Floats(beta)
	for r := range rows {
		row := xs[r*cols : (r+1)*cols]
		sum, squares := 0.0, 0.0
		for _, v := range row {
			sum += float64(v)
		}
		means[r] = float32(sum / float64(cols))
		for _, v := range row {
			e := float64(v) - float64(means[r])
			squares += float64(e * e)
		}
		inverses[r] = float32(1 / math.Sqrt(squares/float64(cols)+float64(epsilon)))
		for c, v := range row {
			n := (float64(v) - float64(means[r])) * float64(inverses[r])
			ys[r*cols+c] = float32(float64(n*at(gammas, c, 1)) + at(betas, c, 0))
		}
	}
}

// LayerNormGrad: with n = (x−mean)·inverse and e = dy·gamma, over the row
//
//	dx = inverse·(e − Σ e/cols − n·Σ e·n/cols)
//
// The last two terms come from the dependence of the mean and the inverse on x. Over the rows,
// dbeta = Σ dy and dgamma = Σ dy·n.
func (d *Device) LayerNormGrad(dx, dgamma, dbeta, dy, x, mean, inverse, gamma kernels.Buffer, rows, cols int, mx, mg, mb kernels.Mode) {
	kernels.CheckLayerNormGrad("layer norm gradient", rows, cols, dx, dgamma, dbeta, dy, x, mean, inverse, gamma)
	dxs, dys, xs := kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(x)
	means, inverses, gammas := kernels.Floats(mean), kernels.Floats(inverse), kernels.Floats(gamma)
	columns := zeros(&d.sums, 2*cols)
	for r := range rows {
		m, i := float64(means[r]), float64(inverses[r])
		sum, product := 0.0, 0.0
		for c := range cols {
			v, n := float64(dys[r*cols+c]), (float64(xs[r*cols+c])-m)*i
			e := float64(v * at(gammas, c, 1))
			sum += e
			product += float64(e * n)
			columns[c] += v
			columns[cols+c] += float64(v * n)
		}
		if dx == nil {
			continue
		}
		sum, product = sum/float64(cols), product/float64(cols)
		for c := range cols {
			e, n := float64(float64(dys[r*cols+c])*at(gammas, c, 1)), (float64(xs[r*cols+c])-m)*i
			put(&dxs[r*cols+c], float32(i*(e-sum-float64(n*product))), mx)
		}
	}
	for c := range cols {
		if dbeta != nil {
			put(&kernels.Floats(dbeta)[c], float32(columns[c]), mb)
		}
		if dgamma != nil {
			put(&kernels.Floats(dgamma)[c], float32(columns[cols+c]), mg)
		}
	}
}
