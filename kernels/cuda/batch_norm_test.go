package cuda_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// The sums of batch normalization read x once forward, and x and dy once backward. Few columns
// cost no more instructions per element than many, unless their number is no power of two: a row
// of 10 columns takes 16 of a warp's 32 lanes.
func TestBatchNormCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	for _, c := range []struct {
		rows, cols int
		most       float64 // instructions per element
	}{{1 << 13, 64, 31}, {1 << 14, 32, 31}, {1 << 15, 16, 32}, {1 << 17, 4, 35}, {50_000, 10, 32}, {1 << 15, 64, 17}} {
		n := c.rows * c.cols
		x, y, dy := d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n)
		columns := make([]kernels.Buffer, 6)
		for i := range columns {
			columns[i] = d.Alloc(kernels.Float32, c.cols)
		}
		mean, variance, gamma, beta := columns[0], columns[1], columns[2], columns[3]
		d.Uniform(x, -1, 1, 7)
		d.Uniform(dy, -1, 1, 8)
		check := func(direction string, bytes int, run func()) {
			machine.ResetCounters()
			run()
			sectors, instructions := 0.0, 0.0
			for _, l := range machine.Counters().Lines {
				if strings.HasPrefix(l.Kernel, "batch_norm_fwd") || strings.HasPrefix(l.Kernel, "batch_norm_bwd") {
					continue // the elements
				}
				sectors += float64(l.Sectors)
				instructions += float64(l.WarpInstructions)
				if l.BankConflicts != 0 {
					t.Errorf("%d×%d %s: %d bank conflicts in %s, want none", c.rows, c.cols, direction, l.BankConflicts, l.Instr)
				}
			}
			moved, each := 32*sectors/float64(n), 32*instructions/float64(n)
			t.Logf("%d×%d %s: the sums move %.2f bytes an element, by %.1f instructions", c.rows, c.cols, direction, moved, each)
			// The rest are the numbers of the columns and the sums of the segments. A row may begin
			// inside a sector.
			if most := 1.1 * float64(bytes); c.cols%8 == 0 && !(moved <= most) || !(moved <= 1.4*float64(bytes)) {
				t.Errorf("%d×%d %s: the sums move %.2f bytes an element, want about %d", c.rows, c.cols, direction, moved, bytes)
			}
			if !(each <= c.most) {
				t.Errorf("%d×%d %s: the sums take %.1f instructions an element, want %g at most", c.rows, c.cols, direction, each, c.most)
			}
		}
		check("forward", 4, func() { d.BatchNorm(y, mean, variance, x, gamma, beta, c.rows, c.cols, 1e-3) })
		check("backward", 8, func() {
			const o = kernels.Overwrite
			d.BatchNormGrad(y, columns[4], columns[5], dy, x, mean, variance, gamma, c.rows, c.cols, 1e-3, o, o, o)
		})
		for _, b := range append(columns, x, y, dy) {
			b.Free()
		}
	}
}

// Mean and variance are accurate for columns far from 0, even if their first row is far from all
// others, however the rows are distributed.
func TestBatchNormFarFromZero(t *testing.T) {
	d := checked(t)
	defer d.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{4000, 3}, {5000, 16}, {3001, 33}, {1, 2}, {7, 1}, {40_000, 1}} {
		for _, offset := range []float64{0, 1000, 10_000, -100_000} {
			for _, first := range []float64{0, 1000} {
				t.Run(fmt.Sprint(size, offset, first), func(t *testing.T) {
					rows, cols := size[0], size[1]
					x := make([]float32, rows*cols)
					for i := range x {
						x[i] = float32(offset + random.Float64())
					}
					for i := range cols {
						x[i] += float32(first)
					}
					means, variances := batchNormOf(d, x, rows, cols)
					for c := range cols {
						mean, variance := 0.0, 0.0
						for r := range rows {
							mean += float64(x[r*cols+c]) / float64(rows)
						}
						for r := range rows {
							e := float64(x[r*cols+c]) - mean
							variance += e * e / float64(rows)
						}
						// A few roundings of 2^-24; a thread sums some twenty squares.
						if got := float64(means[c]); !(math.Abs(got-mean) <= 4e-7*(math.Abs(mean)+math.Sqrt(variance))) {
							t.Errorf("column %d: the mean is %v, want %v", c, got, mean)
						}
						if got := float64(variances[c]); !(math.Abs(got-variance) <= 1e-6*variance) {
							t.Errorf("column %d: the variance is %v, want %v, off by %.2g", c, got, variance, got/variance-1)
						}
					}
				})
			}
		}
	}
}

// An infinite x makes the mean infinite and the variance NaN; a NaN makes both NaN. This holds in
// every row, including the first ones, whose x are subtracted. Other columns do not change.
func TestBatchNormKeepsNaNAndInf(t *testing.T) {
	d := checked(t)
	defer d.Close()
	host := reference.New()
	for _, size := range [][2]int{{3000, 4}, {600, 33}, {5, 2}} {
		rows, cols := size[0], size[1]
		for _, row := range []int{0, 1, 2, rows / 2, rows - 1} {
			for _, v := range []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())} {
				x := make([]float32, rows*cols)
				for i := range x {
					x[i] = float32(i * 7919 % 1009)
				}
				x[row*cols+1] = v
				means, variances := batchNormOf(d, x, rows, cols)
				wantMeans, wantVariances := batchNormOf(host, x, rows, cols)
				for c := range cols {
					for k, pair := range [][2]float32{{means[c], wantMeans[c]}, {variances[c], wantVariances[c]}} {
						got, want := float64(pair[0]), float64(pair[1])
						same := got == want || math.IsNaN(got) && math.IsNaN(want)
						if c != 1 {
							same = math.Abs(got-want) <= 1e-6*want
						}
						if !same {
							t.Errorf("%d×%d, %v in row %d: %s of column %d is %v, want %v", rows, cols, v, row, []string{"mean", "variance"}[k], c, got, want)
						}
					}
				}
			}
		}
	}
}

// batchNormOf returns the mean and the variance of each column.
func batchNormOf(d kernels.Device, values []float32, rows, cols int) (means, variances []float32) {
	x, y := d.Alloc(kernels.Float32, len(values)), d.Alloc(kernels.Float32, len(values))
	mean, variance := d.Alloc(kernels.Float32, cols), d.Alloc(kernels.Float32, cols)
	kernels.Upload(d, x, values)
	d.BatchNorm(y, mean, variance, x, nil, nil, rows, cols, 1e-3)
	means, variances = make([]float32, cols), make([]float32, cols)
	kernels.Download(d, means, mean)
	kernels.Download(d, variances, variance)
	for _, b := range []kernels.Buffer{x, y, mean, variance} {
		b.Free()
	}
	return means, variances
}
