package reference

import "baregrad/kernels"

// MatMul computes C[M,N] = op(A)[M,K]·op(B)[K,N]:
//
//	C[i,j] = Σ over k of A[i,k]·B[k,j]   + old C[i,j]   + bias[j]   then ReLU
//
// For each row of C there is a row of sums. Step k adds A[i,k] times row k of B
// to it, so that B is walked forwards. Where B is stored transposed, as [N,K],
// each sum is the product of two rows instead.
func (d *Device) MatMul(cBuffer, aBuffer, bBuffer, biasBuffer kernels.Buffer, s kernels.MatMulSpec) {
	s.Check(cBuffer, aBuffer, bBuffer, biasBuffer)
	c, a, bias := kernels.Floats(cBuffer), kernels.Floats(aBuffer), kernels.Floats(biasBuffer)
	b := widen(&d.wide, kernels.Floats(bBuffer))

	strideI, strideK := s.K, 1 // A[i,k] is a[i*strideI+k*strideK]
	if s.TransA {
		strideI, strideK = 1, s.M
	}
	for i := range s.M {
		sums := zeros(&d.sums, s.N)
		for k := range s.K {
			aik := float64(a[i*strideI+k*strideK])
			if s.TransB {
				for j := range sums {
					sums[j] += aik * b[j*s.K+k]
				}
				continue
			}
			for j, bkj := range b[k*s.N : (k+1)*s.N] {
				sums[j] += aik * bkj
			}
		}
		finish(c[i*s.N:(i+1)*s.N], sums, bias, s.Mode, s.ReLU)
	}
}

// finish writes a row of products: first the old values are added to the sums,
// where the mode says so, then the bias, if there is one, then comes ReLU.
func finish(y []float32, sums []float64, bias []float32, m kernels.Mode, withReLU bool) {
	if bias != nil {
		for j, v := range bias {
			sums[j] += float64(v)
		}
	}
	store(y, sums, m)
	if withReLU {
		for j, v := range y {
			y[j] = relu(v)
		}
	}
}
