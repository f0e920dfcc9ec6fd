package avx

import (
	"math"

	"baregrad/kernels"
)

// fma is a·b + c, rounded once except in rare cases in which float64 rounds to the middle between two
// float32: these are the 1 ulp that tests of kernels with multiply-adds allow.
func fma(a, b, c float32) float32 { return float32(float64(a)*float64(b) + float64(c)) }

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// flushed is what the optimizers' kernels make of a result: a subnormal becomes 0.
func flushed(x float32) float32 {
	if -0x1p-126 < x && x < 0x1p-126 {
		return 0
	}
	return x
}

var loopTests = []loopTest{
	{name: "relu_fwd_f32", slices: 2, outputs: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.relu_fwd_f32(s[0], s[1]) },
		loop: func(s [][]float32, i int) float32 {
			if s[1][i] <= 0 {
				return 0
			}
			return s[1][i]
		}},
	{name: "relu_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.relu_bwd_f32(s[0], s[1], s[2], m) },
		loop: func(s [][]float32, i int) float32 {
			if s[2][i] > 0 {
				return s[1][i]
			}
			return 0
		}},
	{name: "affine_fwd_f32", slices: 2, outputs: 1, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.affine_fwd_f32(s[0], s[1], 1.7, -0.3) },
		loop:   func(s [][]float32, i int) float32 { return fma(1.7, s[1][i], -0.3) }},
	{name: "affine_bwd_f32", slices: 2, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.affine_bwd_f32(s[0], s[1], 1.7, m) },
		loop:   func(s [][]float32, i int) float32 { return 1.7 * s[1][i] }},
	{name: "add_scaled_f32", slices: 2, outputs: 1, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.add_scaled_f32(s[0], s[1], -0.3) },
		loop:   func(s [][]float32, i int) float32 { return fma(-0.3, s[1][i], s[0][i]) }},
	{name: "fill_f32", slices: 1, outputs: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.fill_f32(s[0], 1.7) },
		loop:   func(s [][]float32, i int) float32 { return 1.7 }},
	{name: "sgd_momentum_f32", slices: 3, outputs: 3, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) {
			k.sgd_momentum_f32(s[0], s[2], s[1], 0.1, 0.9)
		},
		loop: func(s [][]float32, i int) float32 {
			s[1][i] = flushed(fma(0.9, s[1][i], -flushed(0.1*s[2][i])))
			return flushed(s[0][i] + s[1][i])
		}},
	{name: "sgd_nesterov_f32", slices: 3, outputs: 3, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) {
			k.sgd_nesterov_f32(s[0], s[2], s[1], 0.1, 0.9)
		},
		loop: func(s [][]float32, i int) float32 {
			step := flushed(0.1 * s[2][i])
			s[1][i] = flushed(fma(0.9, s[1][i], -step))
			return flushed(s[0][i] + flushed(fma(0.9, s[1][i], -step)))
		}},
	{name: "rmsprop_f32", slices: 3, outputs: 2, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) {
			k.rmsprop_f32(s[0], s[2], s[1], 0.01, 0.9, 0.1, 1e-7)
		},
		loop: func(s [][]float32, i int) float32 {
			g := s[2][i]
			s[1][i] = flushed(fma(0.9, s[1][i], flushed(flushed(g*g)*0.1)))
			return flushed(fma(-0.01, flushed(g/sqrt(s[1][i]+1e-7)), s[0][i]))
		}},
	adamTest(0.99), adamTest(1), // weights that decay, and weights that do not
	{name: "mul_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.mul_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] * s[2][i] }},
	{name: "div_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.div_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] / s[2][i] }},
	{name: "div_bwd_divisor_f32", slices: 4, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.div_bwd_divisor_f32(s[0], s[1], s[2], s[3], m)
		},
		loop: func(s [][]float32, i int) float32 { return -((s[1][i] / s[3][i]) * (s[2][i] / s[3][i])) }},

	// exp, log, sigmoid, tanh and gelu have the errors that exp_test.go measures. Here half an ulp
	// more, because the loop's result is rounded too, rounded up to a whole ulp.
	{name: "exp_fwd_f32", slices: 2, outputs: 1, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.exp_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return float32(math.Exp(float64(s[1][i]))) }},
	{name: "log_fwd_f32", slices: 2, outputs: 1, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.log_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return float32(math.Log(float64(s[1][i]))) }},
	{name: "sigmoid_fwd_f32", slices: 2, outputs: 1, ulp: 3,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.sigmoid_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return sigmoid(s[1][i]) }},
	{name: "tanh_fwd_f32", slices: 2, outputs: 1, ulp: 3,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.tanh_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return float32(math.Tanh(float64(s[1][i]))) }},
	{name: "gelu_fwd_f32", slices: 2, outputs: 1, ulp: 7,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.gelu_fwd_f32(s[0], s[1]) },
		loop:   func(s [][]float32, i int) float32 { return gelu(s[1][i]) }},
	{name: "gelu_bwd_f32", slices: 3, outputs: 1, ulp: 7, mode: true,
		size:   func(s [][]float32, i int) float64 { return math.Abs(float64(s[1][i])) }, // the slope's terms are up to 1
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.gelu_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] * geluSlope(s[2][i]) }},
	{name: "sigmoid_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.sigmoid_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] * (s[2][i] * (1 - s[2][i])) }},
	{name: "tanh_bwd_f32", slices: 3, outputs: 1, ulp: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.tanh_bwd_f32(s[0], s[1], s[2], m) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] * fma(-s[2][i], s[2][i], 1) }},
	{name: "softmax_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.softmax_bwd_f32(s[0], s[1], s[2], 0.7, m) },
		loop:   func(s [][]float32, i int) float32 { return s[2][i] * (s[1][i] - 0.7) }},
	{name: "log_softmax_fwd_f32", slices: 2, outputs: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) { k.log_softmax_fwd_f32(s[0], s[1], 1.7, 0.3) },
		loop:   func(s [][]float32, i int) float32 { return s[1][i] - 1.7 - 0.3 }},
	{name: "log_softmax_bwd_f32", slices: 3, outputs: 1, mode: true,
		size: func(s [][]float32, i int) float64 {
			return math.Abs(float64(s[1][i])) + math.Exp(float64(s[2][i]))
		},
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) { k.log_softmax_bwd_f32(s[0], s[1], s[2], 0.7, m) },
		loop: func(s [][]float32, i int) float32 {
			return fma(-0.7, float32(math.Exp(float64(s[2][i]))), s[1][i])
		}},
	{name: "softmax_cross_entropy_bwd_f32", slices: 3, outputs: 1, ulp: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.softmax_cross_entropy_bwd_f32(s[0], s[1], s[2], 0.7, 1.1, m)
		},
		loop: func(s [][]float32, i int) float32 { return 0.7 * fma(s[1][i], 1.1, -s[2][i]) }},
	{name: "mean_squared_error_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.mean_squared_error_bwd_f32(s[0], s[1], s[2], 0.7, m)
		},
		loop: func(s [][]float32, i int) float32 { return 0.7 * (s[1][i] - s[2][i]) }},
	{name: "sigmoid_binary_cross_entropy_fwd_f32", slices: 3, outputs: 1,
		size: func(s [][]float32, i int) float64 {
			return 1 + math.Abs(float64(s[1][i]))*(1+math.Abs(float64(s[2][i])))
		},
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.sigmoid_binary_cross_entropy_fwd_f32(s[0], s[1], s[2])
		},
		loop: func(s [][]float32, i int) float32 {
			x, t := float64(s[1][i]), float64(s[2][i])
			return float32(max(x, 0) - x*t + math.Log1p(math.Exp(-math.Abs(x))))
		}},
	{name: "sigmoid_binary_cross_entropy_bwd_f32", slices: 3, outputs: 1, mode: true,
		size: func(s [][]float32, i int) float64 { return 1 + math.Abs(float64(s[2][i])) },
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.sigmoid_binary_cross_entropy_bwd_f32(s[0], s[1], s[2], 0.7, m)
		},
		loop: func(s [][]float32, i int) float32 { return 0.7 * (sigmoid(s[1][i]) - s[2][i]) }},
	{name: "binary_cross_entropy_bwd_f32", slices: 3, outputs: 1, mode: true,
		kernel: func(k *vectorKernels, s [][]float32, m kernels.Mode) {
			k.binary_cross_entropy_bwd_f32(s[0], s[1], s[2], 0.7, m)
		},
		loop: func(s [][]float32, i int) float32 {
			p := s[1][i]
			if p < 1e-7 || p > 1-1e-7 {
				return 0
			}
			return 0.7 * ((p - s[2][i]) / (p * (1 - p)))
		}},
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// gelu is x·Φ(x), and geluSlope its derivative, with their limits where Φ is 0.
func gelu(x float32) float32 {
	if x < -40 {
		return 0
	}
	return float32(float64(x) * math.Erfc(-float64(x)/math.Sqrt2) / 2)
}

func geluSlope(x float32) float32 {
	v := float64(x)
	share := math.Erfc(-v/math.Sqrt2) / 2
	if math.Abs(v) > 40 {
		return float32(share)
	}
	return float32(share + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
}

// adamTest is the test of Adam's step in which weights are scaled by keep.
func adamTest(keep float32) loopTest {
	return loopTest{name: "adam_f32", slices: 4, outputs: 3, ulp: 1,
		kernel: func(k *vectorKernels, s [][]float32, _ kernels.Mode) {
			k.adam_f32(s[0], s[3], s[1], s[2], 0.01, 0.1, 0.001, 1e-7, keep)
		},
		loop: func(s [][]float32, i int) float32 {
			g := s[3][i]
			s[1][i] = flushed(fma(flushed(g-s[1][i]), 0.1, s[1][i]))
			s[2][i] = flushed(fma(flushed(fma(g, g, -s[2][i])), 0.001, s[2][i]))
			return flushed(fma(-0.01, flushed(s[1][i]/(sqrt(s[2][i])+1e-7)), flushed(s[0][i]*keep)))
		}}
}
