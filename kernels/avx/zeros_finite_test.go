package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// One infinity or NaN of B shows in the sums wherever it is: in each column, so in each lane of each
// register of a strip, and also if only one row of A multiplies it, whether that is the first of a
// pair, the second, or the last row, which has no partner. All rows are multiplied with it, even
// those where A is 0.
func TestSumsTellThatBIsNotFinite(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		const m, k, most = 5, 20, 16 // registers
		d, r := workersOf(t, set, 1), rand.New(rand.NewPCG(51, 52))
		told := map[int]int{} // how often kernels of pairs told it, by the strip's registers
		a, lanes := make([]float32, m*k), setNamed(set).tiles.lanes
		for n := lanes; n <= most*lanes; n += lanes {
			b, c, want := newFenced(k*n, 0).fill(r).floats(), make([]float32, m*n), make([]float32, m*n)
			for j := range n {
				for i := range m {
					at, s := r.IntN(k), kernels.MatMulSpec{M: m, N: n, K: k, TransB: true}
					for e := range a {
						a[e] = float32(r.IntN(2))
						if e%k == at {
							a[e] = 0
						}
					}
					a[i*k+at] = 1
					was := b[j*k+at]
					b[j*k+at] = []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}[r.IntN(3)]
					d.multiply(want, a, b, nil, s, false)
					// Similar rows are for one form of the kernels, different ones for another.
					for _, shares := range []rowShares{{50, 50, 0}, {50, 75, 46}} {
						name := fmt.Sprintf("%d columns, %v in column %d, shares %v, row %d meets it", n, b[j*k+at], j, shares, i)
						d.product.shares = shares
						d.multiply(c, a, b, nil, s, true)
						if d.product.lookThrough {
							t.Fatalf("%s: B is looked through", name)
						}
						if !math.IsNaN(float64(c[(i+1)%m*n+j])) {
							t.Fatalf("%s: row %d is %v there, want NaN", name, (i+1)%m, c[(i+1)%m*n+j])
						}
						sameBits(t, name, c, want)
						if d.product.tells {
							told[d.product.widest/lanes]++
							_, narrowest := d.product.strips.strip(0)
							told[narrowest/lanes]++
						}
					}
					b[j*k+at] = was
				}
			}
		}
		for _, f := range setNamed(set).zeros.rows.either {
			if told[f.registers] == 0 {
				t.Errorf("the kernel for %d registers did not tell: %v", f.registers, told)
			}
		}
	})
}
