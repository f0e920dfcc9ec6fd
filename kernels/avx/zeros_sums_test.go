package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// The products whose sums tell something: sumRows rows, which are two pairs and a last one, sumDepth
// products each.
const sumRows, sumDepth = 5, 20

// eachSum calls f for each element of such products, up to as wide as 16 registers: so for each lane
// of each register of a strip of any width, and for a row of A that is the first of a pair, the
// second, or the last, which has no neighbour.
func eachSum(lanes int, f func(s kernels.MatMulSpec, i, j int)) {
	for n := lanes; n <= 16*lanes; n += lanes {
		for j := range n {
			for i := range sumRows {
				f(kernels.MatMulSpec{M: sumRows, N: n, K: sumDepth, TransB: true}, i, j)
			}
		}
	}
}

// eachForm computes a product without zeros of A by each form of the kernels, and compares it with
// want. Rows of A that are alike are for the last form, that of pairs, other ones for another.
func eachForm(t *testing.T, d *Device, name string, c, a, b, want []float32, s kernels.MatMulSpec) {
	t.Helper()
	for _, shares := range []rowShares{{50, 75, 46}, {50, 50, 0}} {
		d.product.shares = shares
		d.multiply(c, a, b, nil, s, true)
		if d.product.lookThrough {
			t.Fatalf("%s: B is looked through", name)
		}
		sameBits(t, fmt.Sprintf("%s, shares %v", name, shares), c, want)
	}
}

// One infinity or NaN of B is seen in the sums wherever it is, where one row of A alone meets it.
// All rows have a product with it, those of 0 too.
func TestSumsTellThatBIsNotFinite(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		d, r := workersOf(t, set, 1), rand.New(rand.NewPCG(51, 52))
		lanes := setNamed(set).tiles.lanes
		a, all := make([]float32, sumRows*sumDepth), newFenced(16*lanes*sumDepth, 0).fill(r).floats()
		c, want := make([]float32, sumRows*16*lanes), make([]float32, sumRows*16*lanes)
		told := map[int]int{} // by the kernels of pairs, for strips of so many registers
		eachSum(lanes, func(s kernels.MatMulSpec, i, j int) {
			k, b, c, want := r.IntN(s.K), all[:s.N*s.K], c[:s.M*s.N], want[:s.M*s.N]
			for e := range a {
				a[e] = float32(r.IntN(2))
				if e%s.K == k {
					a[e] = 0
				}
			}
			a[i*s.K+k] = 1
			was := b[j*s.K+k]
			b[j*s.K+k] = []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}[r.IntN(3)]
			name := fmt.Sprintf("%d columns, %v in column %d, row %d meets it", s.N, b[j*s.K+k], j, i)
			d.multiply(want, a, b, nil, s, false)
			if v := want[(i+1)%s.M*s.N+j]; v == v {
				t.Fatalf("%s: another row is %v there, want NaN", name, v)
			}
			eachForm(t, d, name, c, a, b, want, s)
			if d.product.tells {
				_, narrowest := d.product.strips.strip(0)
				told[d.product.widest/lanes]++
				told[narrowest/lanes]++
			}
			b[j*s.K+k] = was
		})
		for _, f := range setNamed(set).zeros.rows.either {
			if told[f.registers] == 0 {
				t.Errorf("the kernel for %d registers did not tell: %v", f.registers, told)
			}
		}
	})
}

// One sum that is −0 is seen wherever it is: what follows, 0 times a positive number, makes it +0.
func TestSumsTellOfMinusZero(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		d, r := workersOf(t, set, 1), rand.New(rand.NewPCG(53, 54))
		lanes := setNamed(set).tiles.lanes
		a, all := make([]float32, sumRows*sumDepth), make([]float32, 16*lanes*sumDepth)
		c, want := make([]float32, sumRows*16*lanes), make([]float32, sumRows*16*lanes)
		for e := range all {
			all[e] = 1 + r.Float32()
		}
		eachSum(lanes, func(s kernels.MatMulSpec, i, j int) {
			b, c, want := all[:s.N*s.K], c[:s.M*s.N], want[:s.M*s.N]
			// Where a neighbour goes on, some kernels go on with row i, too; else none does.
			alone := j%2 == 0
			for e := range a {
				if a[e] = float32(r.IntN(2)); alone || e/s.K == i || e%s.K == 0 {
					a[e] = 0
				}
			}
			a[i*s.K] = 1e-25
			was := b[j*s.K]
			b[j*s.K] = -1e-25 // the product is too small for a float32
			name := fmt.Sprintf("%d columns, −0 in row %d, column %d", s.N, i, j)
			d.multiply(want, a, b, nil, s, false)
			if v := want[i*s.N+j]; math.Float32bits(v) != 0 {
				t.Fatalf("%s: it is %v, want +0 behind the other products", name, v)
			}
			eachForm(t, d, name, c, a, b, want, s)
			b[j*s.K] = was
		})
	})
}
