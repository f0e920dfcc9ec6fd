package reference

import (
	"math"

	"baregrad/kernels"
)

// Activations: y[i] = f(x[i]), dx[i] = dy[i]·f′(x[i]). If y alone determines f′,
// the gradient takes y, and x need not be kept.

// relu is v if v > 0 or v is NaN, otherwise 0.
func relu(v float32) float32 {
	if v <= 0 {
		return 0
	}
	return v
}

func (d *Device) ReLU(y, x kernels.Buffer) {
	kernels.SameLen("relu", y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for i, v := range xs {
		ys[i] = relu(v)
	}
}

// ReLUGrad: ReLU′ is 1 above 0, and 0 at 0 and below.
func (d *Device) ReLUGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("relu gradient", dx, dy, y)
	dxs, dys, ys := kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(y)
	for i, v := range ys {
		slope := float32(0)
		if v > 0 {
			slope = dys[i]
		}
		put(&dxs[i], slope, m)
	}
}

// sigmoid is 1/(1+e⁻ˣ). In float64, e⁻ˣ overflows to Inf only for x below −709,
// where the true value has long been 0 in float32.
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// BiasReLUGrad: the gradient that passes the ReLU goes to x, and its sum to the bias.
func (d *Device) BiasReLUGrad(dx, dbias, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckBiasReLU("bias relu gradient", dx, dbias, dy, y, rows, cols)
	dxs, dys, ys := kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(y)
	sums := zeros(&d.sums, cols)
	for r := range rows {
		for c := range cols {
			slope := float32(0)
			if at := r*cols + c; ys[at] > 0 {
				slope = dys[at]
			}
			dxs[r*cols+c] = slope
			sums[c] += float64(slope)
		}
	}
	if dbias != nil {
		store(kernels.Floats(dbias), sums, m)
	}
}

func (d *Device) Sigmoid(y, x kernels.Buffer) {
	kernels.SameLen("sigmoid", y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for i, v := range xs {
		ys[i] = float32(sigmoid(float64(v)))
	}
}

// SigmoidGrad: σ′ = σ·(1−σ).
func (d *Device) SigmoidGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("sigmoid gradient", dx, dy, y)
	dxs, dys, ys := kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(y)
	for i, v := range ys {
		y := float64(v)
		put(&dxs[i], float32(float64(dys[i])*y*(1-y)), m)
	}
}

func (d *Device) Tanh(y, x kernels.Buffer) {
	kernels.SameLen("tanh", y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for i, v := range xs {
		ys[i] = float32(math.Tanh(float64(v)))
	}
}

// TanhGrad: tanh′ = 1 − tanh².
func (d *Device) TanhGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("tanh gradient", dx, dy, y)
	dxs, dys, ys := kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(y)
	for i, v := range ys {
		y := float64(v)
		put(&dxs[i], float32(float64(dys[i])*(1-y*y)), m) // exact
	}
}

// gelu is x·Φ(x), and geluSlope its derivative. For x below −39, Φ(x) underflows to 0
// in float64. There, and at +∞, where a factor is infinite, they return the limits.
func gelu(x float64) float64 {
	if x < -40 {
		return 0
	}
	return x * math.Erfc(-x/math.Sqrt2) / 2
}

func geluSlope(x float64) float64 {
	share := float64(math.Erfc(-x/math.Sqrt2) / 2)
	if math.Abs(x) > 40 {
		return share
	}
	return share + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

func (d *Device) GELU(y, x kernels.Buffer) {
	kernels.SameLen("gelu", y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for i, v := range xs {
		ys[i] = float32(gelu(float64(v)))
	}
}

// GELUGrad: (x·Φ)′ = Φ + x·φ.
func (d *Device) GELUGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("gelu gradient", dx, dy, x)
	dxs, dys, xs := kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(x)
	for i, v := range xs {
		put(&dxs[i], float32(float64(dys[i])*geluSlope(float64(v))), m)
	}
}

func (d *Device) Exp(y, x kernels.Buffer) {
	kernels.SameLen("exp", y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for i, v := range xs {
		ys[i] = float32(math.Exp(float64(v)))
	}
}

// ExpGrad: exp′ = exp.
func (d *Device) ExpGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("exp gradient", dx, dy, y)
	dxs, dys, ys := kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(y)
	for i, v := range ys {
		put(&dxs[i], dys[i]*v, m)
	}
}

func (d *Device) Log(y, x kernels.Buffer) {
	kernels.SameLen("log", y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for i, v := range xs {
		ys[i] = float32(math.Log(float64(v)))
	}
}

// LogGrad: ln′ = 1/x.
func (d *Device) LogGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	kernels.SameLen("log gradient", dx, dy, x)
	dxs, dys, xs := kernels.Floats(dx), kernels.Floats(dy), kernels.Floats(x)
	for i, v := range xs {
		put(&dxs[i], dys[i]/v, m)
	}
}
