package autograd

import "baregrad/kernels"

// ZeroPad surrounds images x [N,H,W,C] with zeros: y is [N, top+H+bottom, left+W+right, C] with
// y[n,i,j] = x[n,i−top,j−left], 0 outside. around is {{top, bottom}, {left, right}}. This is Im2Col
// with a window of one pixel, whose positions begin and end outside the image.
func (t *Tape) ZeroPad(x *Var, around [2][2]int) *Var {
	if x.Value.Rank() != 4 || min(around[0][0], around[0][1], around[1][0], around[1][1]) < 0 {
		kernels.Panicf("zero-pad", "images %v, padding %v: expected [N H W C], and at least 0 on each side", x.Shape(), around)
	}
	s := kernels.ConvSpec{
		N: x.Value.Dim(0), H: x.Value.Dim(1), W: x.Value.Dim(2), C: x.Value.Dim(3), KH: 1, KW: 1, Out: 1,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: around[0][0], PadLeft: around[1][0],
	}
	s.OH, s.OW = around[0][0]+s.H+around[0][1], around[1][0]+s.W+around[1][1]
	y := t.output([]int{s.N, s.OH, s.OW, s.C}, x)
	t.record("zero-pad", y, nil,
		func() { t.device.Im2Col(y.data(), x.data(), s) },
		func() { // dx[n,i,j] = dy[n,i+top,j+left]
			dx, mode := t.into(x)
			t.device.Col2Im(dx, y.grad(), s, mode)
		})
	return y
}
