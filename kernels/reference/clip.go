package reference

import (
	"math"

	"baregrad/kernels"
)

// Clipping keeps a gradient that has grown too large from moving the weights
// too far.

// AddSquares: total += Σ x².
func (d *Device) AddSquares(total, x kernels.Buffer) {
	kernels.Want("add squares", "total", total, kernels.Float32, 1)
	kernels.SameLen("add squares", x)
	sum := float64(kernels.Floats(total)[0])
	for _, v := range kernels.Floats(x) {
		sum += float64(v) * float64(v) // exact
	}
	kernels.Floats(total)[0] = float32(sum)
}

// ClipByNorm: x *= limit/√total where √total > limit.
func (d *Device) ClipByNorm(x, total kernels.Buffer, limit float32) {
	kernels.Want("clip by norm", "total", total, kernels.Float32, 1)
	kernels.SameLen("clip by norm", x)
	norm := math.Sqrt(float64(kernels.Floats(total)[0]))
	if norm <= float64(limit) {
		return
	}
	factor := float64(limit) / norm // a NaN norm makes everything NaN
	xs := kernels.Floats(x)
	for i, v := range xs {
		xs[i] = float32(float64(v) * factor)
	}
}

// ClipByValue: x = min(max(x, −limit), limit).
func (d *Device) ClipByValue(x kernels.Buffer, limit float32) {
	kernels.SameLen("clip by value", x)
	xs := kernels.Floats(x)
	for i, v := range xs {
		if v > limit {
			xs[i] = limit
		} else if v < -limit {
			xs[i] = -limit
		}
	}
}
