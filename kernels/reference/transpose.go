package reference

import "baregrad/kernels"

// Transposition: y[i,j,…] = x[i·Stride[0] + j·Stride[1] + …]. The output is written in
// order and the input is read by its strides, like a broadcast operand.

// asBroadcast gives forEachRun the strides of x.
func asBroadcast(s *kernels.PermuteSpec) kernels.BroadcastSpec {
	return kernels.BroadcastSpec{Rank: s.Rank, Dim: s.Dim, A: s.Stride}
}

func (d *Device) Transpose(y, x kernels.Buffer, s kernels.PermuteSpec) {
	s.Check("transpose", y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	walk := asBroadcast(&s)
	n, stride := s.Dim[s.Rank-1], s.Stride[s.Rank-1]
	forEachRun(&walk, func(y, x, _ int) {
		for i := range n {
			ys[y+i] = xs[x+i*stride]
		}
	})
}

// TransposeGrad adds each dy to the element that the forward pass took it from.
func (d *Device) TransposeGrad(dx, dy kernels.Buffer, s kernels.PermuteSpec, m kernels.Mode) {
	s.Check("transpose gradient", dx, dy)
	dxs, dys := kernels.Floats(dx), kernels.Floats(dy)
	walk := asBroadcast(&s)
	n, stride := s.Dim[s.Rank-1], s.Stride[s.Rank-1]
	forEachRun(&walk, func(y, x, _ int) {
		for i := range n {
			put(&dxs[x+i*stride], dys[y+i], m)
		}
	})
}
