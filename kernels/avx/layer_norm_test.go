package avx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
)

// Layer normalization's kernels against their loops, at every number of columns past two of the
// widest vectors and of the sums' steps. The operands are numbers of few bits, which float64 adds
// up exactly in every order; with NaN and infinities among them, the outcome must agree.
func TestLayerNormAgainstItsLoops(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for cols := range 131 {
				for _, rows := range []int{0, 1, 2, 5} {
					for variant, extra := range []float32{0, float32(math.NaN()), float32(math.Inf(1))} {
						checkLayerNorm(t, k, rows, cols, uint64(variant), extra)
					}
				}
			}
		})
	}
}

func checkLayerNorm(t *testing.T, k *vectorKernels, rows, cols int, variant uint64, extra float32) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(cols), uint64(rows)<<8|variant))
	guarded := []*guardedSlice{}
	vector := func(n int) []float32 {
		g := newGuarded(n, len(guarded)%4)
		for i := range g.s {
			g.s[i] = float32(random.IntN(512)-256) / 32
		}
		if n > 0 && len(guarded)%3 == int(variant)%3 {
			g.s[random.IntN(n)] += extra
		}
		guarded = append(guarded, g)
		return g.s
	}
	n := rows * cols
	out, dy, x := vector(n), vector(n), vector(n)
	mean, inverse, gamma, beta := vector(rows), vector(rows), vector(cols), vector(cols)
	what := fmt.Sprintf("%d rows of %d", rows, cols)
	check := func(name string, got []float32, want func(i int) float32) {
		t.Helper()
		for i, g := range got {
			if w := want(i); g != w && (g == g || w == w) {
				t.Fatalf("%s of %s: %v at %d, want %v", name, what, g, i, w)
			}
		}
	}
	// fused is a·b + c, rounded once: of operands of few bits float64 has it exactly.
	fused := func(a, b, c float32) float32 { return float32(float64(a)*float64(b) + float64(c)) }

	const guard = 12345.5
	sums, products := slices.Repeat([]float64{guard}, cols+16), slices.Repeat([]float64{guard}, cols+16)
	for c := range cols { // what was there before
		sums[8+c], products[8+c] = float64(c), -2*float64(c)
	}
	k.layer_norm_sums_f32(sums[8:8+cols], products[8:8+cols], dy, x, mean, inverse)
	for i := range sums {
		wantSum, wantProduct := guard, guard
		if c := i - 8; c >= 0 && c < cols {
			wantSum, wantProduct = float64(c), -2*float64(c)
			for r := range rows {
				v := float64(dy[r*cols+c])
				wantSum += v
				wantProduct += v * ((float64(x[r*cols+c]) - float64(mean[r])) * float64(inverse[r]))
			}
		}
		if !sameFloat64(sums[i], wantSum) || !sameFloat64(products[i], wantProduct) {
			t.Fatalf("sums of %s: %v and %v in column %d, want %v and %v", what, sums[i], products[i], i-8, wantSum, wantProduct)
		}
	}

	offset, slope := make([]float32, rows), make([]float32, rows)
	for r := range rows {
		sum, product := 0.0, 0.0
		for c := range cols {
			e := float64(dy[r*cols+c]) * float64(gamma[c])
			sum += e
			product += e * (float64(x[r*cols+c]) - float64(mean[r]))
		}
		offset[r], slope[r] = float32(sum/float64(cols)), float32(product/float64(cols)*float64(inverse[r])*float64(inverse[r]))
	}
	gradient := func(i int) float32 {
		r := i / cols
		return fused(-(x[i]-mean[r]), slope[r], fused(dy[i], gamma[i%cols], -offset[r])) * inverse[r]
	}
	k.layer_norm_bwd_f32(out, dy, x, mean, inverse, gamma, kernels.Overwrite)
	check("gradient", out, gradient)
	k.layer_norm_bwd_f32(out, dy, x, mean, inverse, gamma, kernels.Accumulate)
	check("gradient, accumulated,", out, func(i int) float32 { return gradient(i) + gradient(i) })

	if cols == 0 {
		k.layer_norm_fwd_f32(out, x, nil, nil, gamma, beta, 0.25)
		return
	}
	k.layer_norm_fwd_f32(out, x, mean, inverse, gamma, beta, 0.25)
	wantMean, wantInverse := make([]float32, rows), make([]float32, rows)
	for r := range rows {
		sum, squares := 0.0, 0.0
		for _, v := range x[r*cols : (r+1)*cols] {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		m := sum / float64(cols)
		variance := math.FMA(-m, m, squares/float64(cols))
		wantMean[r], wantInverse[r] = float32(m), float32(1/math.Sqrt(max(variance, 0)+0.25))
	}
	check("mean", mean, func(r int) float32 { return wantMean[r] })
	check("inverse deviation", inverse, func(r int) float32 { return wantInverse[r] })
	check("forward", out, func(i int) float32 {
		r := i / cols
		return fused((x[i]-wantMean[r])*wantInverse[r], gamma[i%cols], beta[i%cols])
	})
	for _, g := range guarded {
		g.check(t, what)
	}
}

// The deviation of rows that are far from 0 is that of their differences from the mean.
func TestLayerNormFarFromZero(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			const rows, cols = 3, 4000
			x, y := kernels.NewHost(kernels.Float32, rows*cols), kernels.NewHost(kernels.Float32, rows*cols)
			mean, inverse := kernels.NewHost(kernels.Float32, rows), kernels.NewHost(kernels.Float32, rows)
			for i := range kernels.Floats(x) {
				kernels.Floats(x)[i] = 10_000 + float32(i%2) // 10000 and 10001
			}
			d.LayerNorm(y, mean, inverse, x, nil, nil, rows, cols, 0)
			for r := range rows {
				if m, v := kernels.Floats(mean)[r], kernels.Floats(inverse)[r]; m != 10_000.5 || v != 2 {
					t.Errorf("row %d: mean %v, inverse deviation %v, want 10000.5 and 2", r, m, v)
				}
			}
			for i, v := range kernels.Floats(y) {
				if want := float32(i%2*2 - 1); v != want {
					t.Fatalf("element %d is %v, want %v", i, v, want)
				}
			}
		})
	}
}
