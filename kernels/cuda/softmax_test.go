package cuda_test

import (
	"fmt"
	"math"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/reference"
)

// Each form of the softmax, also in place: a warp reads its row again, or holds it in registers, or
// a thread has a row of its own, or a block has one.
func TestSoftmaxForms(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	host := reference.New()
	inf := float32(math.Inf(1))
	for _, size := range [][2]int{
		{3, 1028}, {3, 1030}, {3, 10000}, {3, 16384}, {3, 16388}, // a block per row
		{9, 32}, {16400, 1}, {16400, 10}, {16385, 3}, // a warp or a thread per row
		{9, 33}, {3, 256}, {9, 257}, {3, 1000}, {3, 1024}, {3, 1025}, // held in registers from 33 to 1024
	} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			rows, cols := size[0], size[1]
			x := make([]float32, rows*cols)
			for i := range x {
				x[i] = float32((i*37)%101)/10 - 5
			}
			x[0], x[cols-1] = -inf, 200 // a row of nothing but -Inf, if cols is 1, is NaN
			x[2*cols] = float32(math.NaN())
			upload := func(d kernels.Device) kernels.Buffer {
				b := d.Alloc(kernels.Float32, len(x))
				kernels.Upload(d, b, x)
				return b
			}
			from, want := upload(host), make([]float32, len(x))
			host.Softmax(from, from, rows, cols)
			kernels.Download(host, want, from)
			on, y, got := upload(d), d.Alloc(kernels.Float32, len(x)), make([]float32, len(x))
			d.Softmax(y, on, rows, cols)
			d.Softmax(on, on, rows, cols)
			for _, b := range []kernels.Buffer{y, on} {
				kernels.Download(d, got, b)
				for i, w := range want {
					if w != w && got[i] != got[i] {
						continue
					}
					// Values up to 1, with the roundings of e^x, the sum and the quotient.
					if !(math.Abs(float64(got[i])-float64(w)) <= 1e-6) {
						t.Fatalf("element %d of row %d is %v, want %v", i%cols, i/cols, got[i], w)
					}
				}
			}
		})
	}
}
