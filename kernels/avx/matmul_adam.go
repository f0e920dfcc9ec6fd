package avx

import (
	"math"

	"baregrad/kernels"
)

// The gradient of a layer's weights and Adam's step with it in one kernel, which skips zeros of A:
//
//	G[M,128] = Aᵀ[M,K]·B[K,128]; w, m, v = Adam(w, m, v, G)
//
// for A stored as [K,M] with K ≤ 64. The sums of a pair of rows wait in the L1 cache, and each k of
// the following pairs does Adam's step for some of them. So G never goes to memory, and the divider,
// which also takes roots, works while the other units multiply. The kernel replaces those of
// zeros_columns.go and optimizer.go.
//
// The result has the same bits as those two in turn. The operations are the same, with one
// exception: Adam's kernel flushes results below 2⁻¹²⁶ to 0 and the product's does not. So rows may
// only be fused if no sum is that small. A float32 with exponent e is a multiple of 2^(e−23), and a
// product of two is a multiple of 2^(ea+eb−46). So is every sum of such products, rounded or not:
// it is 0 or at least that large. Therefore it suffices that the smallest nonzero elements of A and B
// satisfy
//
//	ea + eb − 46 ≥ −126
//
// B is searched once, A while its bits are marked. The search compares elements as signed integers,
// so a negative element of A counts as too small. An A with many zeros holds pixels or the output of
// a ReLU, which are never negative.
//
// A sum may be −0 instead of 0. zeros.go computes such rows again, but for Adam it makes no
// difference: g appears in g − m and g·g, and if m is 0 as well, (g − m)·rest1 + m is +0 or m either way.

// adamKernels is the table of these kernels. run is nil if the instruction set has none.
type adamKernels struct {
	run                func(s *strip, u *adamRows)
	least_exponent_f32 func(x *float32, n int) int
	// mark_least_f32 is mark_nonzeros_f32, and returns the smallest nonzero element.
	mark_least_f32 func(bits *uint64, src *float32, srcStep, n int, lanes uint16) int32
}

// adamRows are the kernel's arguments for Adam's step.
type adamRows struct {
	w, m, v                      uintptr // the first row's
	waiting                      uintptr // the ring: memory for ringSums sums
	rest1, rest2, alpha, epsilon float32
}

const (
	// adamColumns is the number of columns of G that the kernel computes.
	adamColumns = 128
	// fusedRows is the most rows of G per call: each call has a start and an end of its own, and
	// there is room for the bits of this many rows.
	fusedRows = usualBits / 4
	// ringSums is the capacity of the ring: the sums of four pairs. It must be a power of two.
	ringSums = 4 * 2 * adamColumns
)

// leastExponents is the least sum of the smallest exponents of A and B, as stored (biased).
const leastExponents = 2*127 + 46 - 126

// canFuse reports whether the product and Adam's step can run in one kernel.
func (t *matmulTask) canFuse() bool {
	s := t.s
	return t.d.set.zeros.adam.run != nil && t.update != nil && t.update.fuses && t.zeros && s.TransA && s.N == adamColumns && s.K <= wordBits &&
		t.tall == 2 && t.strips.count() == 1 && t.inPlace && s.Mode == kernels.Overwrite && t.bias == nil && !s.ReLU
}

// fusedStrip computes the gradient of the rows of dense, which start at row i0, and does Adam's step
// with it. Up to fusedRows rows at a time take one kernel, if that changes no bit. w.strip must be set
// up except for what depends on these rows.
func (t *matmulTask) fusedStrip(w *workspace, dense *strip, c []float32, i0 int) {
	adam, u, p, bits := &t.d.set.zeros.adam, t.update, &w.strip, w.zeros.bits[:fusedRows]
	m, depth := dense.m, dense.length
	p.words, p.begins, p.sumStep = 1, true, p.cStep
	for i := 0; i < m; i += fusedRows {
		rows, least := min(fusedRows, m-i), int32(math.MaxInt32)
		for j := 0; j < rows; j += zeroColumns {
			lanes := uint16(1<<min(zeroColumns, rows-j) - 1)
			least = min(least, adam.mark_least_f32(&bits[j], &t.a[i0+i+j], 4*t.s.M, depth, lanes))
		}
		p.a, p.b, p.masks = dense.a+uintptr(4*i), dense.b, address(bits)
		p.fetchNothing()
		at := (i0 + i) * adamColumns
		if least < 0 || int(least>>23)+t.leastB < leastExponents || rows%2 != 0 {
			sums := c[i*adamColumns:]
			p.c, p.sums = dense.c+uintptr(i*dense.cStep), address(sums)
			p.multiplyRows(t.product(adamColumns), rows, t.tall)
			t.endRows(w, p, dense, i, rows, adamColumns, sums)
			u.do(u, sums[:rows*adamColumns], at)
			continue
		}
		w.adam = adamRows{
			w: address(u.w[at:]), m: address(u.m[at:]), v: address(u.v[at:]), waiting: address(w.zeros.sums[:ringSums]),
			alpha: u.scalar[0], rest1: u.scalar[1], rest2: u.scalar[2], epsilon: u.scalar[3],
		}
		p.m = rows
		adam.run(p, &w.adam)
	}
}
