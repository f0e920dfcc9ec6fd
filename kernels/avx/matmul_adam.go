package avx

import (
	"math"

	"baregrad/kernels"
)

// A layer's gradient by its weights and Adam's step by it in one kernel, where zeros are left out:
//
//	G[M,128] = Aᵀ[M,K]·B[K,128]; w, m, v = Adam(w, m, v, G)
//
// for A stored as [K,M], K at most 64. The sums of a pair of rows wait in the first cache, and with
// each k of the pairs that follow Adam's step is done by some of them. So G is never in memory, and
// the units that multiply and the one that divides and takes roots work side by side. It takes the
// place of the kernels of zeros_columns.go and of optimizer.go.
//
// The bits are those of the one after the other. The operations are the same, except that
// Adam's kernel takes results below 2⁻¹²⁶ for 0, and the product's does not. So rows may only be
// done together if no sum is that small. A float32 of the exponent e is a multiple of 2^(e−23), and
// a product of two a multiple of 2^(ea+eb−46). So are sums of them, also when they have been
// rounded: what is not 0 is at least that. It is enough that the least elements of A and B that
// are not 0 have
//
//	ea + eb − 46 ≥ −126
//
// Of B that is looked for once, of A while the bits are marked. There a negative element of A
// counts as too small, since the least is that of the elements as signed integers: where many
// are 0, they are pixels, or come from ReLU, and none is negative.
//
// That a sum is −0 in place of 0, for which zeros.go computes rows again, makes no difference to
// Adam: g appears in g − m and g·g, and if m is 0, too, (g − m)·rest1 + m is +0 or m either way.

// adamKernels is the table of the kernels for that; there are none where run is nil.
type adamKernels struct {
	run                func(s *strip, u *adamRows)
	least_exponent_f32 func(x *float32, n int) int
	// mark_least_f32 is mark_nonzeros_f32, and gives the least of what is not zero.
	mark_least_f32 func(bits *uint64, src *float32, srcStep, n int, lanes uint16) int32
}

// adamRows is what the kernel needs of Adam.
type adamRows struct {
	w, m, v                      uintptr // where the rows begin
	waiting                      uintptr // memory for ringSums sums
	rest1, rest2, alpha, epsilon float32
}

const (
	// adamColumns is how many columns of G the kernel computes.
	adamColumns = 128
	// fusedRows is how many rows of G a call of it computes, at most: each begins and ends for
	// itself, and there is room for the bits of so many.
	fusedRows = usualBits / 4
	// ringSums is how many sums wait for Adam's step at most, a power of two: those of four pairs.
	ringSums = 4 * 2 * adamColumns
)

// leastExponents is what the least exponents of A and B, as they are stored, must be together.
const leastExponents = 2*127 + 46 - 126

// canFuse says whether the product can be done together with Adam's step.
func (t *matmulTask) canFuse() bool {
	s := t.s
	return t.d.set.zeros.adam.run != nil && t.update != nil && t.update.fuses && t.zeros && s.TransA && s.N == adamColumns && s.K <= wordBits &&
		t.tall == 2 && t.strips.count() == 1 && t.inPlace && s.Mode == kernels.Overwrite && t.bias == nil && !s.ReLU
}

// fusedStrip computes the gradient of the rows of dense, which are from i0 on, and Adam's step by
// it: of many rows at a time in one kernel, if that changes no bit. w.strip is set up but for what
// depends on these rows.
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
