package cuda

import (
	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// MatMul is C = op(A)·op(B), and more: see kernels.MatMulSpec. Which kernel of
// the ladder is used is decided here.
func (d *Device) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	s.Check(c, a, b, bias)
	if s.M*s.N == 0 {
		return
	}
	d.launch(kernel{"matmul_naive.ptx", "matmul_naive_f32"},
		driver.Dim{X: ceilDiv(s.N, 32), Y: ceilDiv(s.M, 8), Z: 1}, driver.Dim{X: 32, Y: 8, Z: 1},
		matMulArguments(c, a, b, bias, s)...)
}

// matMulArguments lists the arguments that the kernels of the ladder share.
func matMulArguments(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) []uint64 {
	aM, aK := s.K, 1 // op(A)'s strides
	if s.TransA {
		aM, aK = 1, s.M
	}
	bK, bN := s.N, 1
	if s.TransB {
		bK, bN = 1, s.K
	}
	return []uint64{
		address(c), address(a), address(b), address(bias), count(s.M), count(s.N), count(s.K),
		count(aM), count(aK), count(bK), count(bN), mode(s.Mode), truth(s.ReLU),
	}
}
