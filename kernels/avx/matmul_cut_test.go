package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// However a product is cut, its blocks cover each row once, none is empty or larger than blockRows,
// and those of a series get smaller.
func TestBlocksTakeEachRowOnce(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(31, 32))
		series := map[bool]int{} // how many were found, by TransA
		for _, workers := range []int{1, 2, 3, 8} {
			d := workersOf(t, set, workers)
			p := &d.product
			for range 100 {
				s := kernels.MatMulSpec{M: 1 + r.IntN(1500), N: 1 + r.IntN(200), K: 1 + r.IntN(600), TransA: r.IntN(2) == 0}
				a, b, c := make([]float32, s.M*s.K), make([]float32, s.K*s.N), make([]float32, s.M*s.N)
				p.shares = rowShares{20, 30, 5}
				d.multiply(c, a, b, nil, s, r.IntN(4) > 0)
				at, last := 0, 0
				for block := range p.blocks {
					from, to := p.begin(block), p.begin(block+1)
					if from != at || to <= from || to-from > p.blockRows {
						t.Fatalf("%+v, %d workers: block %d of %d has rows %d to %d: want some from %d on, %d at most", s, workers, block, p.blocks, from, to, at, p.blockRows)
					}
					if p.series > 1 && block%p.series > 0 && to-from > last {
						t.Fatalf("%+v, %d workers: block %d has %d rows, the one before in its series %d", s, workers, block, to-from, last)
					}
					at, last = to, to-from
				}
				if at != s.M {
					t.Fatalf("%+v, %d workers: the blocks end at row %d", s, workers, at)
				}
				if p.series > 1 {
					series[s.TransA]++
				}
			}
		}
		if series[false] == 0 || series[true] == 0 {
			t.Errorf("blocks got smaller in %v products, by TransA: the test shows nothing", series)
		}
	})
}

// A cached cut is the one that a search would find, however many there are.
func TestCutsAreRemembered(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(33, 34))
		d, fresh := workersOf(t, set, 2), workersOf(t, set, 2)
		var shapes []kernels.MatMulSpec
		for range len(d.product.cuts.by) * 3 / 2 {
			shapes = append(shapes, kernels.MatMulSpec{M: 16 + r.IntN(600), N: 16 + r.IntN(200), K: 16 + r.IntN(600), TransA: r.IntN(2) == 0})
		}
		for _, s := range append(shapes, shapes...) {
			a, b, c := make([]float32, s.M*s.K), make([]float32, s.K*s.N), make([]float32, s.M*s.N)
			for _, zeros := range []bool{false, true, true} {
				for _, d := range []*Device{d, fresh} {
					d.product.shares = rowShares{20, 30, 5}
					d.multiply(c, a, b, nil, s, zeros)
				}
				got, want := &d.product, &fresh.product
				if got.blocks != want.blocks || got.groups != want.groups || got.halved != want.halved {
					t.Fatalf("%+v, zeros %v: %d blocks, %d groups, halved %v remembered; %d, %d and %v found", s, zeros,
						got.blocks, got.groups, got.halved, want.blocks, want.groups, want.halved)
				}
				clear(want.cuts.by[:])
			}
		}
	})
}

// Panels of B that a worker keeps from part to part change no bit, even if they hold values that are
// not finite. They exist before zeros are skipped for the first time.
func TestKeptPanelsChangeNoBit(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		one, several := workersOf(t, set, 1), []*Device{workersOf(t, set, 2), workersOf(t, set, 3)}
		r := rand.New(rand.NewPCG(35, 36))
		kept := map[string]bool{}
		for _, s := range []kernels.MatMulSpec{
			{M: 256, N: 256, K: 200}, {M: 128, N: 512, K: 700}, {M: 300, N: 150, K: 130, ReLU: true}, {M: 200, N: 300, K: 600, TransB: true},
			{M: 400, N: 256, K: 128, TransA: true}, {M: 300, N: 512, K: 600, TransA: true}, {M: 200, N: 150, K: 100, TransA: true},
		} {
			for round := range 4 {
				a, b := newFenced(s.M*s.K, 0).sparse(r, 0.2, s.K), newFenced(s.K*s.N, 0).fill(r)
				if round%2 == 1 {
					b.floats()[r.IntN(s.K*s.N)] = float32(math.Inf(1))
				}
				d := several[round/2]
				want, got := newFenced(s.M*s.N, 0).floats(), newFenced(s.M*s.N, 3)
				for i, zeros := range []bool{false, true} {
					one.product.shares, d.product.shares = rowShares{20, 30, 5}, rowShares{20, 30, 5}
					one.multiply(want, a.floats(), b.floats(), nil, s, zeros)
					room := cap(d.workspaces[0].panels)
					d.multiply(got.floats(), a.floats(), b.floats(), nil, s, zeros)
					name := fmt.Sprintf("%+v, round %d, %d workers, zeros %v", s, round, d.pool.workers, zeros)
					got.intact(t, name)
					if i > 0 && cap(d.workspaces[0].panels) != room {
						t.Errorf("%s: there was not room enough for panels", name)
					}
					for j, v := range got.floats() {
						if w := want[j]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) {
							t.Fatalf("%s: element %d is %v, want %v", name, j, v, w)
						}
					}
				}
				if d.product.kept {
					kept[fmt.Sprintf("TransA %v, several runs %v", s.TransA, s.K > blockK)] = true
				}
			}
		}
		if len(kept) != 4 {
			t.Errorf("panels were kept with %v only: want both ways that A is stored, with one run of K and with several", kept)
		}
	})
}
