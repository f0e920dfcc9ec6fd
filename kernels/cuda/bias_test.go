package cuda_test

import (
	"fmt"
	"math"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// The gradient of a bias is right for one segment of rows and for many, and in a second launch,
// whose counters the last block of the first has reset.
func TestBiasGradSegments(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	for _, size := range [][2]int{{1, 2}, {31, 40}, {33, 3}, {1000, 10}, {1000, 70}, {4097, 33}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			rows, cols := size[0], size[1]
			dy, y := make([]float32, rows*cols), make([]float32, rows*cols)
			all, masked := make([]float64, cols), make([]float64, cols)
			for i := range dy {
				dy[i], y[i] = float32((i*7)%17)/17-0.3, float32((i*5)%7)-3
				all[i%cols] += float64(dy[i])
				if y[i] > 0 {
					masked[i%cols] += float64(dy[i])
				}
			}
			upload := func(x []float32) kernels.Buffer {
				b := d.Alloc(kernels.Float32, len(x))
				kernels.Upload(d, b, x)
				return b
			}
			from, through, dx, db := upload(dy), upload(y), upload(dy), upload(make([]float32, cols))
			check := func(name string, want []float64, times float64) {
				t.Helper()
				got := make([]float32, cols)
				kernels.Download(d, got, db)
				for c := range got { // rounding errors of a sum of rows numbers below 1
					if !(math.Abs(float64(got[c])-times*want[c]) <= 0x1p-23*times*float64(rows)) {
						t.Fatalf("%s: column %d is %v, want %v", name, c, got[c], times*want[c])
					}
				}
			}
			s := kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}
			for i := range 3 {
				d.Sum(db, from, s, i > 0)
				check("sum", all, float64(i+1))
			}
			for i := range 3 {
				d.BiasReLUGrad(dx, db, from, through, rows, cols, i > 0)
				check("bias relu gradient", masked, float64(i+1))
			}
			got := make([]float32, rows*cols)
			kernels.Download(d, got, dx)
			for i := range got {
				want := dy[i]
				if !(y[i] > 0) {
					want = 0
				}
				if got[i] != want {
					t.Fatalf("dx[%d] is %v, want %v", i, got[i], want)
				}
			}
		})
	}
}
