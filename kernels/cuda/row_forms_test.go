package cuda_test

import (
	"fmt"
	"math"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// Softmax, its logarithm, layer normalization and all their gradients are as in the reference in each
// form of a row, around each form's longest row, with all rows of the last block or few of them; and
// so are rows with a NaN or an infinity, or of nothing but -Inf. A second time they have the same
// bits.
func TestRowForms(t *testing.T) {
	d := checked(t)
	defer d.Close()
	host := reference.New()
	// Errors are measured by the row's largest result, or where terms cancel by the size of the terms:
	// x is up to 5, and dy·inverse 0.35 or so.
	least := map[string]float64{"mean": 5, "layer norm gradient": 0.35}
	for _, size := range [][2]int{
		{1, 1}, {70, 1}, {65, 3}, {64, 10}, {129, 16}, {33, 17}, {70, 31}, {32, 32}, {17, 33}, {16, 64}, {15, 65}, {9, 128}, {9, 129},
		{9, 255}, {8, 256}, {9, 257}, {9, 511}, {9, 512}, {9, 513}, {9, 1000}, {8, 1024}, {8, 1025}, {8, 10_000},
		{8, 16_384}, {8, 16_385}, {7, 100_003},
	} {
		rows, cols := size[0], size[1]
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			x, dy := make([]float32, rows*cols), make([]float32, rows*cols)
			for i := range x {
				x[i], dy[i] = float32((i*7919)%1009)/100-5, float32((i*31)%17)/8-1
			}
			// Some row has each of these somewhere, the others none.
			inf := float32(math.Inf(1))
			for i, v := range []float32{inf, -inf, float32(math.NaN())} {
				if r := 2*i + 1; r < rows {
					x[r*cols+(cols-1)*i/2] = v
				}
			}
			if rows > 6 {
				for c := range cols {
					x[6*cols+c] = -inf
				}
			}
			want := rowOutputs(host, x, dy, rows, cols)
			got, again := rowOutputs(d, x, dy, rows, cols), rowOutputs(d, x, dy, rows, cols)
			for name, w := range want {
				worst := 0.0
				width, size := len(w)/rows, 0.0
				for i := range w {
					if i%width == 0 {
						size = max(least[name], largest(w[i:][:width]))
						if name == "softmax gradient" { // whose terms are y·dy, with dy up to 1
							size = max(size, largest(want["softmax"][i:][:width]))
						}
					}
					a, b := float64(got[name][i]), float64(w[i])
					if math.Float32bits(got[name][i]) != math.Float32bits(again[name][i]) {
						t.Fatalf("%s: element %d of row %d is %v, then %v", name, i%width, i/width, a, again[name][i])
					}
					if a == b || math.IsNaN(a) && math.IsNaN(b) {
						continue
					}
					if !(math.Abs(a-b) <= 2e-6*size) {
						t.Fatalf("%s: element %d of row %d is %v, want %v", name, i%width, i/width, a, b)
					}
					worst = max(worst, math.Abs(a-b)/size)
				}
				t.Logf("%s: %.2g", name, worst)
			}
		})
	}
}

// largest is the largest absolute value that is finite.
func largest(values []float32) (most float64) {
	for _, v := range values {
		if a := math.Abs(float64(v)); a > most && !math.IsInf(a, 1) {
			most = a
		}
	}
	return most
}

// rowOutputs returns the results of each operation by row. Gradients that are added are added to ones.
func rowOutputs(d kernels.Device, x, dy []float32, rows, cols int) map[string][]float32 {
	outputs := map[string][]float32{}
	alloc := func(values []float32) kernels.Buffer {
		b := d.Alloc(kernels.Float32, len(values))
		kernels.Upload(d, b, values)
		return b
	}
	keep := func(name string, b kernels.Buffer) {
		outputs[name] = make([]float32, b.Len())
		kernels.Download(d, outputs[name], b)
	}
	from, slope := alloc(x), alloc(dy)
	y, dx := alloc(x), alloc(x)
	mean, inverse := d.Alloc(kernels.Float32, rows), d.Alloc(kernels.Float32, rows)
	gamma := alloc(dy[:cols])
	defer func() {
		for _, b := range []kernels.Buffer{from, slope, y, dx, mean, inverse, gamma} {
			b.Free()
		}
	}()
	for _, f := range []struct {
		name     string
		forward  func(y, x kernels.Buffer, rows, cols int)
		backward func(dx, dy, y kernels.Buffer, rows, cols int, m kernels.Mode)
	}{{"softmax", d.Softmax, d.SoftmaxGrad}, {"log-softmax", d.LogSoftmax, d.LogSoftmaxGrad}} {
		f.forward(y, from, rows, cols)
		keep(f.name, y)
		f.backward(dx, slope, y, rows, cols, kernels.Overwrite)
		keep(f.name+" gradient", dx)
		d.Fill(dx, 1)
		f.backward(dx, slope, y, rows, cols, kernels.Accumulate)
		keep(f.name+" gradient, added", dx)
	}
	d.LayerNorm(y, mean, inverse, from, gamma, nil, rows, cols, 1e-3)
	keep("layer norm", y)
	keep("mean", mean)
	keep("inverse", inverse)
	d.LayerNormGrad(dx, nil, nil, slope, from, mean, inverse, gamma, rows, cols, kernels.Overwrite, kernels.Overwrite, kernels.Overwrite)
	keep("layer norm gradient", dx)
	return outputs
}
