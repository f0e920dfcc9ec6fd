package kerneltest

import (
	"fmt"

	"baregrad/kernels"
)

// MatMul: C[i,j] = Σ over k of op(A)[i,k]·op(B)[k,j], + old C, + bias, ReLU.
func matMulCases() (cases []operation) {
	small := [][3]int{
		{2, 3, 5}, {1, 1, 1}, {7, 11, 13}, {1, 17, 9}, {17, 1, 9}, {5, 8, 1}, {16, 16, 16},
		{0, 3, 5}, {3, 0, 5}, {3, 5, 0}, {13, 33, 7}, {4, 48, 19},
	}
	for _, size := range small {
		for variant := range 32 {
			cases = append(cases, matMulCase(size[0], size[1], size[2], variant, false))
		}
	}
	// Past the block sizes of a fast device, with remainders on every side.
	for i, size := range [][3]int{{65, 130, 257}, {128, 10, 784}, {97, 113, 67}} {
		for variant := range 32 {
			everything := variant>>2 == 7 // accumulation, bias and ReLU at once
			if !everything && variant>>2 != 0 {
				continue
			}
			c := matMulCase(size[0], size[1], size[2], variant, true)
			// A slow device has transposes one way at each size with everything, another without.
			keep := i
			if everything {
				keep = i + 1
			}
			c.spare = variant&3 != keep
			cases = append(cases, c)
		}
	}
	return cases
}

// matMulCase takes its five options from the bits of variant.
func matMulCase(m, n, k, variant int, large bool) operation {
	s := kernels.MatMulSpec{
		M: m, N: n, K: k,
		TransA: variant&1 != 0, TransB: variant&2 != 0,
		ReLU: variant&4 != 0, Mode: kernels.Mode(variant&8 != 0),
	}
	withBias := variant&16 != 0
	op := operation{method: "MatMul", large: large, optional: []int{2},
		detail: fmt.Sprintf("%d×%d×%d transA=%t transB=%t relu=%t accumulate=%t bias=%t",
			m, n, k, s.TransA, s.TransB, s.ReLU, s.Mode, withBias)}
	g := newGenerator(op.detail)
	op.in = []array{floats(g.signed(m * k)), floats(g.signed(k * n)), absent}
	if withBias {
		op.in[2] = floats(g.signed(n))
	}
	old := make([]float32, m*n)
	op.out = []array{outputs(m * n)}
	if s.Mode == kernels.Accumulate {
		old = g.signed(m * n)
		op.out = []array{floats(old)}
	}
	op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.MatMul(out[0], in[0], in[1], in[2], s) }
	op.oracle = func(x, _ [][]float64) [][]float64 {
		a, b, c := x[0], x[1], make([]float64, m*n)
		for i := range m {
			for j := range n {
				sum := float64(old[i*n+j])
				for l := range k {
					ia, ib := i*k+l, l*n+j
					if s.TransA {
						ia = l*m + i
					}
					if s.TransB {
						ib = j*k + l
					}
					sum += a[ia] * b[ib]
				}
				if withBias {
					sum += x[2][j]
				}
				if s.ReLU && sum <= 0 {
					sum = 0
				}
				c[i*n+j] = sum
			}
		}
		return [][]float64{c}
	}
	op.tol = summing(k + 2)
	if s.ReLU || withBias || s.Mode == kernels.Accumulate {
		return op
	}
	// The gradients are products too: dA = dC·op(B)ᵀ and dB = op(A)ᵀ·dC, or
	// their transposes where A or B is stored transposed.
	op.wrt = []int{0, 1}
	op.gradTol = summing(max(m, n))
	op.gradient = func(d kernels.Device, din []kernels.Buffer, dc kernels.Buffer, _, in []kernels.Buffer, modes []kernels.Mode) {
		if din[0] != nil {
			if s.TransA {
				d.MatMul(din[0], in[1], dc, nil, kernels.MatMulSpec{M: k, N: m, K: n, TransA: s.TransB, TransB: true, Mode: modes[0]})
			} else {
				d.MatMul(din[0], dc, in[1], nil, kernels.MatMulSpec{M: m, N: k, K: n, TransB: !s.TransB, Mode: modes[0]})
			}
		}
		if din[1] != nil {
			if s.TransB {
				d.MatMul(din[1], dc, in[0], nil, kernels.MatMulSpec{M: n, N: k, K: m, TransA: true, TransB: s.TransA, Mode: modes[1]})
			} else {
				d.MatMul(din[1], in[0], dc, nil, kernels.MatMulSpec{M: k, N: n, K: m, TransA: !s.TransA, Mode: modes[1]})
			}
		}
	}
	return op
}

// SampledMatMul, with what follows it: ReLUGrad, which drops what is closed. C[i,j] =
// Σ over k of op(A)[i,k]·op(B)[k,j] + old C where gate[i,j] > 0, else 0.
func sampledMatMulCases() (cases []operation) {
	for i, size := range [][3]int{
		{2, 3, 5}, {1, 1, 1}, {7, 11, 13}, {0, 3, 5}, {3, 0, 5}, {3, 5, 0}, {9, 33, 7},
		// Large enough for a device to leave sums out: K of one chunk, less and more.
		{40, 130, 128}, {61, 97, 130}, {33, 290, 117}, {530, 35, 300}, {9, 1100, 128},
	} {
		for variant := range 8 {
			m, n, k := size[0], size[1], size[2]
			s := kernels.MatMulSpec{
				M: m, N: n, K: k,
				TransA: variant&1 != 0, TransB: variant&2 == 0, Mode: kernels.Mode(variant&4 != 0),
			}
			c := sampledMatMulCase(s, m*n*k > 10000)
			c.spare = c.large && variant != i%8 // a slow device has one of them at each size
			cases = append(cases, c)
		}
	}
	return cases
}

func sampledMatMulCase(s kernels.MatMulSpec, large bool) operation {
	op := operation{method: "SampledMatMul", large: large,
		detail: fmt.Sprintf("%d×%d×%d transA=%t transB=%t accumulate=%t", s.M, s.N, s.K, s.TransA, s.TransB, s.Mode)}
	g := newGenerator(op.detail)
	gate := g.signed(s.M * s.N)
	for i := range gate {
		if large && i%4 != 0 { // few are open
			gate[i] = 0
		}
	}
	op.in = []array{floats(g.signed(s.M * s.K)), floats(g.signed(s.K * s.N)), floats(gate)}
	old := make([]float32, s.M*s.N)
	op.out = []array{outputs(s.M * s.N)}
	if s.Mode == kernels.Accumulate {
		old = g.signed(s.M * s.N)
		op.out = []array{floats(old)}
	}
	op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
		d.SampledMatMul(out[0], in[0], in[1], in[2], s)
		d.ReLUGrad(out[0], out[0], in[2], kernels.Overwrite)
	}
	op.oracle = func(x, _ [][]float64) [][]float64 {
		a, b, gate, c := x[0], x[1], x[2], make([]float64, s.M*s.N)
		aM, aK, bK, bN := s.K, 1, s.N, 1
		if s.TransA {
			aM, aK = 1, s.M
		}
		if s.TransB {
			bK, bN = 1, s.K
		}
		for at := range c {
			if !(gate[at] > 0) {
				continue
			}
			i, j := at/s.N, at%s.N
			c[at] = float64(old[at])
			for k := range s.K {
				c[at] += a[i*aM+k*aK] * b[k*bK+j*bN]
			}
		}
		return [][]float64{c}
	}
	op.tol = summing(s.K + 2)
	return op
}
