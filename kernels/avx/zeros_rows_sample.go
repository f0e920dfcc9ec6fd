package avx

import (
	"math/bits"

	"baregrad/kernels"
)

// Whether it pays to skip zeros of A's rows, and with which kernels: see zeros_rows.go.

// rowShares is the result of a sample of A, in percent of the places: where a row is not zero, where
// either of two rows is not zero, and at how many of these the nonzero rows differ from those at the
// previous such place.
type rowShares struct{ one, either, changes int }

// changes counts the places at which the nonzero ones of two rows differ from those at the last place
// with any. The rows' bits say which places are not zero.
func changes(first, second uint64) int {
	// Where both are zero, copy the bits of the last place that is not. That takes log2(samplePlaces)
	// steps.
	last0, last1, gaps := first, second, ^(first | second)
	for shift := 1; shift < samplePlaces; shift *= 2 {
		last0 |= gaps & (last0 << shift)
		last1 |= gaps & (last1 << shift)
		gaps &= gaps << shift
	}
	last0, last1 = last0<<1, last1<<1 // the previous place's
	return bits.OnesCount64((first | second) & (last0 | last1) & ((first ^ last0) | (second ^ last1)))
}

// samplePlaces is the most neighbours that a sample has in a row.
const samplePlaces = 16

// sampleRows samples pairs of rows of A, some neighbours each, at places spread over all of it. It
// depends on the shape and on A alone.
func (d *Device) sampleRows(a []float32, s kernels.MatMulSpec) rowShares {
	const places = 16
	neighbours := min(samplePlaces, s.K)
	var n rowShares
	ones, anyRow := d.product.sample[:2], d.product.sample[2:]
	for p := range places {
		i := p * (s.M - 1) / places &^ 1
		step := 4 * s.K
		if i+1 == s.M { // the last row is paired with itself
			step = 0
		}
		anyRow[0] = 0
		d.set.zeros.rows.nonzero_bits_f32(&ones[0], &anyRow[0], &a[i*s.K+spread(p, s.K-neighbours)], step, 2, neighbours, wordBits)
		n.one += bits.OnesCount64(ones[0]) + bits.OnesCount64(ones[1])
		n.either += bits.OnesCount64(anyRow[0])
		n.changes += changes(ones[0], ones[1])
		if p == places/4 && n.one == 2*(p+1)*neighbours { // no zero so far: skipping will not pay
			return rowShares{100, 100, 0}
		}
	}
	all := places * neighbours
	return rowShares{100 * n.one / (2 * all), 100 * n.either / all, 100 * n.changes / all}
}

// wideForm returns the form for wide strips, and its cost.
func (r *rowKernels) wideForm(shares rowShares) (form []rowProduct, cost int) {
	single := shares.one * r.singleCost
	if either := shares.one*r.eitherCost + shares.changes*r.changeCost; len(r.either) > 0 && either <= single {
		return r.either, either
	}
	return r.single, single
}

// rowsCost is costWithoutZeros for an A that is not stored transposed.
func (d *Device) rowsCost(s kernels.MatMulSpec, shares rowShares) int {
	r := &d.set.zeros.rows
	cost := shares.either * r.bothCost
	if r.wide((s.N + d.set.tiles.lanes - 1) / d.set.tiles.lanes) {
		_, cost = r.wideForm(shares)
	}
	// Finding the bits is shared by N columns, bringing B into the L1 cache by M rows.
	return cost/100 + 400/s.N + 250/s.M + 3
}
