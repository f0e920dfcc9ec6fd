package avx

import "baregrad/kernels"

// The gradient of weights, G[M,N] = op(A)·op(B), and the optimizer's step with it.
//
// As soon as a worker has finished some rows of G, it does the optimizer's step for these rows of the
// weights, while that part of G is in the L2 cache. If K is one run, the sums don't go to G at all,
// but to a few rows of the worker's own memory, which it reuses. So the gradient is neither written
// to memory nor read from it. If two workers add up their runs in C, the second one at a block does
// the step.
//
// The kernels are those of the product and of the optimizer, so the bits are the same, too.

// MatMulUpdate is MatMul and the optimizer's step: see kernels.Device.
func (d *Device) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) (done bool) {
	s.CheckUpdate(u, g, a, b)
	t := &d.product
	t.updates = false // unless planUpdate sets it
	t.update = &d.step
	switch u := u.(type) {
	case *kernels.SGDUpdate:
		d.step = d.sgd(u.W, u.V, u.Rate, u.Spec)
	case *kernels.RMSpropUpdate:
		d.step = d.rmsprop(u.W, u.V, u.Mean, u.Moment, u.Rate, u.Spec)
	case *kernels.AdamUpdate:
		d.step = d.adam(u.W, u.M, u.V, u.Rate, u.Spec)
	default:
		t.update = nil
	}
	known := t.update != nil
	defer func() { t.update, d.step = nil, optimizerStep{} }() // also if the product panics: the next one has no step
	d.MatMul(g, a, b, nil, s)
	switch {
	case t.updates:
	case known:
		d.take(kernels.Floats(g))
	default:
		u.Apply(d, g)
	}
	return true
}

// leastUpdated is the fewest rows that steps are shortened to, because each step reads all of B
// again.
const leastUpdated = 128

// mostUpdated is the most rows of a step whose gradient leaves room for B in the L2 cache. It is 0 if
// the optimizer's step should not be done with the product: if a part does not finish whole rows of
// G, or if all of G stays in the L2 cache. (From there the optimizers' kernels are as fast as from
// L1.)
func (t *matmulTask) mostUpdated() int {
	l2 := t.d.cacheL2 / 4 // in floats
	if t.update == nil || t.chunks > 1 || t.groups > 1 || t.s.M*t.s.N <= l2 {
		return 0
	}
	return l2 * 5 / 8 / t.s.N
}

// planUpdate decides whether the optimizer's step is done with the product.
func (t *matmulTask) planUpdate() {
	t.updates = t.step <= t.mostUpdated() || t.update != nil && t.halved && t.groups == 1
	t.own = t.updates && t.depth >= t.s.K
	if t.fused = t.canFuse(); t.fused {
		t.updates, t.leastB = true, t.d.set.zeros.adam.least_exponent_f32(&t.b[0], t.s.K*t.s.N)
	}
	if t.own {
		for i := range t.d.workspaces {
			grow(&t.d.workspaces[i].gradient, t.step*t.s.N)
		}
	}
}

// updateRows does the optimizer's step for m rows from i0 on, whose gradient is in c.
func (t *matmulTask) updateRows(w *workspace, c []float32, i0, m int) {
	n := t.s.N
	t.update.do(t.update, c[(i0-w.first)*n:][:m*n], i0*n)
}
