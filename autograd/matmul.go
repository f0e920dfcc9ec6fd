package autograd

import (
	"fmt"
	"slices"

	"baregrad/kernels"
)

// MatMul is C[M,N] = A[M,K] · B[K,N].
func (t *Tape) MatMul(a, b *Var) *Var {
	return t.product("matmul", a, b, nil, kernels.MatMulSpec{})
}

// MatMulTransposed is C[M,N] = op(A)·op(B). op(A) [M,K] is A, or Aᵀ with transA;
// op(B) [K,N] is B, or Bᵀ with transB. Nothing is copied to transpose.
func (t *Tape) MatMulTransposed(a, b *Var, transA, transB bool) *Var {
	return t.product("matmul", a, b, nil, kernels.MatMulSpec{TransA: transA, TransB: transB})
}

// Dense is y = x·w + bias, then ReLU if relu is set, in one pass over y.
// x is [N,In], w is [In,Out], bias is [Out] or nil. If x has more axes, the last one is
// multiplied: [N,…,In] gives [N,…,Out].
func (t *Tape) Dense(x, w, bias *Var, relu bool) *Var {
	if bias != nil && (bias.Value.Rank() != 1 || w.Value.Rank() == 2 && bias.Value.Dim(0) != w.Value.Dim(1)) {
		kernels.Panicf("dense", "weights %v and bias %v: the bias must be one number for each column",
			w.Shape(), bias.Shape())
	}
	if x.Value.Rank() > 2 && w.Value.Rank() == 2 {
		shape := slices.Clone(x.Shape())
		shape[len(shape)-1] = w.Value.Dim(1)
		rows := t.Reshape(x, -1, x.Value.Dim(-1))
		return t.Reshape(t.product("dense", rows, w, bias, kernels.MatMulSpec{ReLU: relu}), shape...)
	}
	return t.product("dense", x, w, bias, kernels.MatMulSpec{ReLU: relu})
}

// product records C = op(A)·op(B), with the transpositions and ReLU that s gives.
func (t *Tape) product(op string, a, b, bias *Var, s kernels.MatMulSpec) *Var {
	if a.Value.Rank() != 2 || b.Value.Rank() != 2 {
		kernels.Panicf(op, "%v × %v: both must have two axes", a.Shape(), b.Shape())
	}
	m, k := swapped(a, s.TransA)
	inner, n := swapped(b, s.TransB)
	if inner != k {
		kernels.Panicf(op, "%s × %s: inner sizes %d and %d differ", operand(a, s.TransA), operand(b, s.TransB), k, inner)
	}
	s.M, s.N, s.K = m, n, k
	inputs := []*Var{a, b}
	var biasData kernels.Buffer
	if bias != nil {
		inputs = append(inputs, bias)
		biasData = bias.data()
	}
	y := t.output([]int{m, n}, inputs...)
	y.rectify(s.ReLU, bias)
	reads := []*Var{a, b}
	if s.ReLU {
		reads = append(reads, y)
	}
	t.record(op, y, reads,
		func() { t.device.MatMul(y.data(), a.data(), b.data(), biasData, s) },
		func() {
			dy := y.grad()
			t.biasReLUGrad(y, bias, s.ReLU, m, n)
			if da, mode := t.into(a); da != nil {
				if s.TransA { // dA = op(B)·dCᵀ
					t.productGrad(a, da, b.data(), dy,
						kernels.MatMulSpec{M: k, N: m, K: n, TransA: s.TransB, TransB: true, Mode: mode})
				} else { // dA = dC·op(B)ᵀ
					t.productGrad(a, da, dy, b.data(),
						kernels.MatMulSpec{M: m, N: k, K: n, TransB: !s.TransB, Mode: mode})
				}
			}
			if db, mode := t.into(b); db != nil {
				if s.TransB { // dB = dCᵀ·op(A)
					t.weightsGrad(b, db, dy, a.data(),
						kernels.MatMulSpec{M: n, N: k, K: m, TransA: true, TransB: s.TransA, Mode: mode})
				} else { // dB = op(A)ᵀ·dC
					t.weightsGrad(b, db, a.data(), dy,
						kernels.MatMulSpec{M: k, N: n, K: m, TransA: !s.TransA, Mode: mode})
				}
			}
		})
	return y
}

// productGrad computes the gradient da, itself a product. Where a ReLU will drop it, it
// need not be computed.
func (t *Tape) productGrad(a *Var, da, x, y kernels.Buffer, s kernels.MatMulSpec) {
	if t.dropped(a) {
		t.device.SampledMatMul(da, x, y, a.data(), s)
		return
	}
	t.device.MatMul(da, x, y, nil, s)
}

// weightsGrad computes the gradient db, also a product. It is the last step of the backward
// rule, so if b is a parameter, its update may be done at once.
func (t *Tape) weightsGrad(b *Var, db, x, y kernels.Buffer, s kernels.MatMulSpec) {
	if u := t.earlyUpdate(b); u != nil && s.Mode == kernels.Overwrite {
		if t.device.MatMulUpdate(u.step, db, x, y, s) {
			u.pass = t.pass
		}
		return
	}
	t.device.MatMul(db, x, y, nil, s)
}

// swapped returns the shape of a matrix, or of its transpose.
func swapped(x *Var, transposed bool) (rows, cols int) {
	if transposed {
		return x.Value.Dim(1), x.Value.Dim(0)
	}
	return x.Value.Dim(0), x.Value.Dim(1)
}

// operand formats the shape of a matrix for an error.
func operand(x *Var, transposed bool) string {
	if transposed {
		return fmt.Sprintf("%vᵀ", x.Shape())
	}
	return fmt.Sprint(x.Shape())
}

// biasGrad is dbias[j] = Σ over i of dy[i,j], because every row uses the same bias.
func (t *Tape) biasGrad(bias *Var, dy kernels.Buffer, rows, cols int) {
	if db, mode := t.into(bias); db != nil {
		t.device.Sum(db, dy, kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}, mode)
	}
}
