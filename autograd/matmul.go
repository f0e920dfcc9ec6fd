package autograd

import "baregrad/kernels"

// MatMul is C[M,N] = A[M,K] · B[K,N].
func (t *Tape) MatMul(a, b *Var) *Var {
	return t.product("matmul", a, b, nil, false)
}

// Dense is y = x·w + bias, then ReLU if relu is set, in one pass over y.
// x is [N,In], w is [In,Out], bias is [Out] or nil.
func (t *Tape) Dense(x, w, bias *Var, relu bool) *Var {
	if bias != nil && (bias.Value.Rank() != 1 || w.Value.Rank() == 2 && bias.Value.Dim(0) != w.Value.Dim(1)) {
		kernels.Panicf("dense", "weights %v and bias %v: the bias must be one number for each column",
			w.Shape(), bias.Shape())
	}
	return t.product("dense", x, w, bias, relu)
}

func (t *Tape) product(op string, a, b, bias *Var, relu bool) *Var {
	if a.Value.Rank() != 2 || b.Value.Rank() != 2 {
		kernels.Panicf(op, "%v × %v: both must have two axes", a.Shape(), b.Shape())
	}
	m, k, n := a.Value.Dim(0), a.Value.Dim(1), b.Value.Dim(1)
	if b.Value.Dim(0) != k {
		kernels.Panicf(op, "%v × %v: inner sizes %d and %d differ", a.Shape(), b.Shape(), k, b.Value.Dim(0))
	}
	inputs := []*Var{a, b}
	var biasData kernels.Buffer
	if bias != nil {
		inputs = append(inputs, bias)
		biasData = bias.data()
	}
	y := t.output([]int{m, n}, inputs...)
	t.record(op, y,
		func() {
			t.device.MatMul(y.data(), a.data(), b.data(), biasData,
				kernels.MatMulSpec{M: m, N: n, K: k, ReLU: relu})
		},
		func() {
			dy := y.grad()
			if relu { // what the ReLU stopped gets no gradient
				t.device.ReLUGrad(dy, dy, y.data(), kernels.Overwrite)
			}
			if da, mode := t.into(a); da != nil { // dA = dC·Bᵀ
				t.device.MatMul(da, dy, b.data(), nil,
					kernels.MatMulSpec{M: m, N: k, K: n, TransB: true, Mode: mode})
			}
			if db, mode := t.into(b); db != nil { // dB = Aᵀ·dC
				t.device.MatMul(db, a.data(), dy, nil,
					kernels.MatMulSpec{M: k, N: n, K: m, TransA: true, Mode: mode})
			}
			t.biasGrad(bias, dy, m, n)
		})
	return y
}

// biasGrad is dbias[j] = Σ over i of dy[i,j]: every row used the same bias.
func (t *Tape) biasGrad(bias *Var, dy kernels.Buffer, rows, cols int) {
	if bias == nil {
		return
	}
	if db, mode := t.into(bias); db != nil {
		t.device.Sum(db, dy, kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}, mode)
	}
}
