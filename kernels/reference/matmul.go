package reference

import "baregrad/kernels"

// MatMul computes C[M,N] = op(A)[M,K]·op(B)[K,N]:
//
//	C[i,j] = Σ over k of A[i,k]·B[k,j]   + old C[i,j]   + bias[j]   then ReLU
//
// op(B) is first laid out in float64, so that the rows of B can be read in order for
// each row of C: see addProduct. The rows of C are divided among the cores.
func (d *Device) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	s.Check(c, a, b, bias)
	d.product(c, a, b, bias, nil, s)
}

// SampledMatMul is MatMul, but 0 where the gate is not above 0.
func (d *Device) SampledMatMul(c, a, b, gate kernels.Buffer, s kernels.MatMulSpec) {
	s.CheckSampled(c, a, b, gate)
	s.ReLU = false
	d.product(c, a, b, nil, gate, s)
}

// MatMulUpdate does MatMul and then the step.
func (d *Device) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) (done bool) {
	s.CheckUpdate(u, g, a, b)
	d.MatMul(g, a, b, nil, s)
	u.Apply(d, g)
	return true
}

func (d *Device) product(c, a, b, bias, gate kernels.Buffer, s kernels.MatMulSpec) {
	var bs []float64
	if s.TransB { // B is stored as [N,K]
		bs = widenTransposed(&d.wide, kernels.Floats(b), s.N, s.K)
	} else {
		bs = widen(&d.wide, kernels.Floats(b))
	}
	d.call = operands{y: kernels.Floats(c), x: kernels.Floats(a), wide: bs, bias: kernels.Floats(bias), gate: kernels.Floats(gate), product: s}
	d.share(matmulRows, s.M, s.K*s.N, sizes{row: s.K, sums: s.N})
}

// matmulRows computes C[from:to,:].
func matmulRows(call *operands, own *scratch, from, to int) {
	s, a := &call.product, call.x
	row := resize(&own.row, s.K) // A[i,:]
	for i := from; i < to; i++ {
		if s.TransA { // A is stored as [K,M]
			for k := range row {
				row[k] = a[k*s.M+i]
			}
		} else {
			row = a[i*s.K : (i+1)*s.K]
		}
		sums := zeros(&own.sums, s.N)
		addProduct(sums, row, call.wide)
		if call.gate != nil {
			for j, v := range call.gate[i*s.N : (i+1)*s.N] {
				if !(v > 0) {
					sums[j] = 0
				}
			}
		}
		finish(call.y[i*s.N:(i+1)*s.N], sums, call.bias, s.Mode, s.ReLU)
	}
}

// addProduct is sums[N] += x[K]·w[K,N]:
//
//	for k := range x {
//		for j := range sums {
//			sums[j] += x[k] * w[k*N+j]
//		}
//	}
//
// It takes four rows of w at a time, so that sums is read and written only once for
// the four. That alone makes it almost twice as fast.
func addProduct(sums []float64, x []float32, w []float64) {
	n := len(sums)
	for len(x) >= 4 {
		x0, x1, x2, x3 := float64(x[0]), float64(x[1]), float64(x[2]), float64(x[3])
		w0, w1, w2, w3 := w[:n], w[n:2*n], w[2*n:3*n], w[3*n:4*n]
		for j := range sums {
			sums[j] += x0*w0[j] + x1*w1[j] + x2*w2[j] + x3*w3[j] // exact
		}
		x, w = x[4:], w[4*n:]
	}
	for _, v := range x {
		addScaled(sums, float64(v), w[:n])
		w = w[n:]
	}
}

// addScaled is y += scale·x, where scale and x are values converted from float32.
func addScaled(y []float64, scale float64, x []float64) {
	for i, v := range x[:len(y)] {
		y[i] += scale * v // exact
	}
}

// finish writes a row of products: it adds the bias, if there is one, and the old
// values, if the mode says so, to the sums, and then applies ReLU.
func finish(y []float32, sums []float64, bias []float32, m kernels.Mode, withReLU bool) {
	for j, v := range bias {
		sums[j] += float64(v)
	}
	store(y, sums, m)
	if withReLU {
		for j, v := range y {
			y[j] = relu(v)
		}
	}
}
