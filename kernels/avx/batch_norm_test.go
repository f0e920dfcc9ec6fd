package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
)

// Batch normalization's kernels against their loops, at every number of columns past two of the
// widest vectors. The summands have few bits, so float64 adds them exactly in every order; with NaN
// and infinities among them, the outcome must agree.
func TestBatchNormAgainstItsLoops(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for cols := range 131 {
				for _, rows := range []int{0, 1, 2, 5} {
					for variant, extra := range []float32{0, float32(math.NaN()), float32(math.Inf(1))} {
						checkBatchNorm(t, k, rows, cols, uint64(variant), extra)
					}
				}
			}
		})
	}
}

func checkBatchNorm(t *testing.T, k *vectorKernels, rows, cols int, variant uint64, extra float32) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(cols), uint64(rows)<<8|variant))
	guarded := []*guardedSlice{}
	vector := func(n int) []float32 {
		g := newGuarded(n, len(guarded)%4)
		for i := range g.s {
			g.s[i] = float32(random.IntN(512)-256) / 32
		}
		if n > 0 {
			g.s[random.IntN(n)] += extra
		}
		guarded = append(guarded, g)
		return g.s
	}
	n := rows * cols
	out, a, b := vector(n), vector(n), vector(n)
	mean, offset, slope, scale := vector(cols), vector(cols), vector(cols), vector(cols)
	what := fmt.Sprintf("%d rows of %d", rows, cols)

	const guard = 12345.5
	sums, products := slices.Repeat([]float64{guard}, cols+16), slices.Repeat([]float64{guard}, cols+16)
	for c := range cols { // the old values
		sums[8+c], products[8+c] = float64(c), -2*float64(c)
	}
	k.batch_norm_sums_f32(sums[8:8+cols], products[8:8+cols], a, b, mean, rows)
	for i := range sums {
		wantSum, wantProduct := guard, guard
		if c := i - 8; c >= 0 && c < cols {
			wantSum, wantProduct = float64(c), -2*float64(c)
			for r := range rows {
				wantSum += float64(a[r*cols+c])
				wantProduct += float64(a[r*cols+c]) * (float64(b[r*cols+c]) - float64(mean[c]))
			}
		}
		if !sameFloat64(sums[i], wantSum) || !sameFloat64(products[i], wantProduct) {
			t.Fatalf("sums of %s: %v and %v in column %d, want %v and %v", what, sums[i], products[i], i-8, wantSum, wantProduct)
		}
	}
	check := func(name string, want func(i, c int) float32) {
		t.Helper()
		for i, got := range out {
			// With numbers of few bits every step is exact.
			if w := want(i, i%cols); got != w && (got == got || w == w) {
				t.Fatalf("%s of %s: %v at %d, want %v", name, what, got, i, w)
			}
		}
	}
	k.batch_norm_fwd_f32(out, a, mean, scale, offset, rows)
	check("forward", func(i, c int) float32 { return (a[i]-mean[c])*scale[c] + offset[c] })
	gradient := func(i, c int) float32 { return (a[i] - offset[c] - (b[i]-mean[c])*slope[c]) * scale[c] }
	k.batch_norm_bwd_f32(out, a, b, mean, offset, slope, scale, rows, kernels.Overwrite)
	check("gradient", gradient)
	k.batch_norm_bwd_f32(out, a, b, mean, offset, slope, scale, rows, kernels.Accumulate)
	check("gradient, accumulated,", func(i, c int) float32 { return gradient(i, c) + gradient(i, c) })
	for _, g := range guarded {
		g.check(t, what)
	}
}

// If columns are far from 0, their variance is still that of the differences from the mean.
func TestBatchNormFarFromZero(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			const rows, cols = 4000, 3
			x, y := kernels.NewHost(kernels.Float32, rows*cols), kernels.NewHost(kernels.Float32, rows*cols)
			mean, variance := kernels.NewHost(kernels.Float32, cols), kernels.NewHost(kernels.Float32, cols)
			for i := range kernels.Floats(x) {
				kernels.Floats(x)[i] = 10_000 + float32(i/cols%2) // 10000 and 10001
			}
			d.BatchNorm(y, mean, variance, x, nil, nil, rows, cols, 0)
			for c := range cols {
				if m, v := kernels.Floats(mean)[c], kernels.Floats(variance)[c]; m != 10_000.5 || v != 0.25 {
					t.Errorf("column %d: mean %v, variance %v, want 10000.5 and 0.25", c, m, v)
				}
			}
			for i, v := range kernels.Floats(y) {
				if want := float32(i/cols%2*2 - 1); v != want {
					t.Fatalf("element %d is %v, want %v", i, v, want)
				}
			}
		})
	}
}
