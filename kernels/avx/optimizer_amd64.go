//go:build !purego

package avx

// sgd_momentum_f32_avx512 is, 16 elements at a time:
//
//	for i := range w {
//		v[i] = momentum*v[i] - rate*g[i]
//		w[i] += v[i]
//	}
//
//go:noescape
func sgd_momentum_f32_avx512(w, g, v []float32, rate, momentum float32)

// sgd_momentum_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func sgd_momentum_f32_avx2(w, g, v []float32, rate, momentum float32)

// sgd_nesterov_f32_avx512 is, 16 elements at a time:
//
//	for i := range w {
//		v[i] = momentum*v[i] - rate*g[i]
//		w[i] += momentum*v[i] - rate*g[i]
//	}
//
//go:noescape
func sgd_nesterov_f32_avx512(w, g, v []float32, rate, momentum float32)

// sgd_nesterov_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func sgd_nesterov_f32_avx2(w, g, v []float32, rate, momentum float32)

// rmsprop_f32_avx512 is, 16 elements at a time:
//
//	for i := range w { // rest = 1 − rho
//		v[i] = rho*v[i] + rest*g[i]*g[i]
//		w[i] -= rate * (g[i] / sqrt(v[i]+epsilon))
//	}
//
//go:noescape
func rmsprop_f32_avx512(w, g, v []float32, rate, rho, rest, epsilon float32)

// rmsprop_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func rmsprop_f32_avx2(w, g, v []float32, rate, rho, rest, epsilon float32)

// adam_f32_avx512 is, 16 elements at a time:
//
//	for i := range w { // rest1 = 1 − Beta1, rest2 = 1 − Beta2, keep = 1 − WeightDecay·rate
//		m[i] += (g[i] - m[i]) * rest1
//		v[i] += (g[i]*g[i] - v[i]) * rest2
//		w[i] = w[i]*keep - alpha*(m[i]/(sqrt(v[i])+epsilon))
//	}
//
//go:noescape
func adam_f32_avx512(w, g, m, v []float32, alpha, rest1, rest2, epsilon, keep float32)

// adam_f32_avx2 is the same, 8 elements at a time.
//
//go:noescape
func adam_f32_avx2(w, g, m, v []float32, alpha, rest1, rest2, epsilon, keep float32)
