package autograd

import "baregrad/kernels"

// UpSample repeats each pixel of images x [N,H,W,C], times[0] times down and times[1] times
// across: y is [N, H·down, W·across, C] with y[n,i,j] = x[n,i/down,j/across]. It restores the
// shape before a pooling of that size. Its gradient is a sum over windows.
func (t *Tape) UpSample(x *Var, times [2]int) *Var {
	down, across := times[0], times[1]
	if x.Value.Rank() != 4 || min(down, across) < 1 {
		kernels.Panicf("up-sample", "images %v, repeated %d×%d times: expected [N H W C], and at least 1×1", x.Shape(), down, across)
	}
	n, h, w, c := x.Value.Dim(0), x.Value.Dim(1), x.Value.Dim(2), x.Value.Dim(3)
	_, repeat, err := kernels.Broadcast([]int{n * h, 1, w, 1, c}, []int{1, down, 1, across, 1})
	if err != nil {
		kernels.Panicf("up-sample", "%v", err)
	}
	y := t.output([]int{n, h * down, w * across, c}, x)
	windows, err := Window{}.PoolSpec(y.Shape(), times)
	if err != nil {
		kernels.Panicf("up-sample", "%v", err)
	}
	zeros := t.alloc(kernels.Float32, []int{down, across}).Buffer()
	var work kernels.Buffer
	if y.wanted {
		work = t.alloc(kernels.Float32, x.Shape()).Buffer()
	}
	t.record("up-sample", y, nil,
		func() { t.device.Add(y.data(), x.data(), zeros, repeat) },
		func() { // dx = Σ dy over the pixel's repetitions: their mean times their number
			dx, mode := t.into(x)
			t.device.AvgPool(work, y.grad(), windows)
			t.device.AffineGrad(dx, work, float32(down*across), mode)
		})
	return y
}
