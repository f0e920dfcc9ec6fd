package cuda_test

import (
	"fmt"
	"math"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/reference"
)

// Sums and maxima of rows that one block handles, aligned to 16 bytes or not, with lengths that are
// no multiple of four; also sums of several segments.
func TestLongRows(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	host := reference.New()
	for _, size := range [][2]int{{3, 1024}, {2, 1025}, {2, 1027}, {3, 2052}, {1, 10000}, {1, 40001}} {
		for _, skipped := range []int{0, 1} {
			t.Run(fmt.Sprint(size, skipped), func(t *testing.T) {
				rows, cols := size[0], size[1]
				x := make([]float32, skipped+rows*cols)
				for i := range x {
					x[i] = float32((i*7919)%1009)/64 - 5
				}
				x[skipped+cols-1] = 50 // row 0's largest is its last
				if rows > 1 {
					x[skipped+cols+5], x[skipped+cols+900] = 50, 50 // of two equal elements the first
				}
				if rows > 2 {
					x[skipped+2*cols+17] = float32(math.NaN())
				}
				s := kernels.ReduceSpec{Outer: rows, N: cols, Inner: 1}
				run := func(d kernels.Device) (sum, most []float32, at []int32) {
					all := d.Alloc(kernels.Float32, len(x))
					kernels.Upload(d, all, x)
					from := all.Slice(skipped, len(x))
					y, best, arg := d.Alloc(kernels.Float32, rows), d.Alloc(kernels.Float32, rows), d.Alloc(kernels.Int32, rows)
					d.Fill(y, 3)
					d.Sum(y, from, s, kernels.Accumulate)
					d.Max(best, arg, from, s)
					sum, most, at = make([]float32, rows), make([]float32, rows), make([]int32, rows)
					kernels.Download(d, sum, y)
					kernels.Download(d, most, best)
					kernels.Download(d, at, arg)
					return sum, most, at
				}
				sum, most, at := run(d)
				wantSum, wantMost, wantAt := run(host)
				for r := range rows {
					if at[r] != wantAt[r] || most[r] != wantMost[r] && most[r] == most[r] {
						t.Errorf("row %d: the maximum is %v at %d, want %v at %d", r, most[r], at[r], wantMost[r], wantAt[r])
					}
					// Elements up to 50, summed in groups: an error of 2^-23 in each of some hundred roundings.
					if wantSum[r] != wantSum[r] {
						if sum[r] == sum[r] {
							t.Errorf("row %d: the sum is %v, want NaN", r, sum[r])
						}
					} else if !(math.Abs(float64(sum[r])-float64(wantSum[r])) <= 1e-5*float64(cols)*6) {
						t.Errorf("row %d: the sum is %v, want %v", r, sum[r], wantSum[r])
					}
				}
			})
		}
	}
}
