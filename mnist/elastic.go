package mnist

import "math"

// elastic fills w.field with smooth random displacements: for each pixel and
// direction a number from -1 to 1, smoothed with a Gaussian of standard
// deviation sigma, times alpha. Outside of the image the numbers count as 0,
// so displacements fade towards the edges.
//
// The Gaussian is approximated by three box filters in sequence (W. Wells:
// Efficient synthesis of Gaussian filters by cascaded uniform filters, 1986),
// which take the same time for any sigma.
func (w *workspace) elastic(rows, cols int, alpha float32, sigma float64) {
	size := rows * cols
	if len(w.field) != 2*size {
		w.field, w.spare = make([]float32, 2*size), make([]float32, size)
	}
	if len(w.line) != cols {
		w.line = make([]float32, cols)
	}
	for i := range size {
		// One draw has enough bits for both directions.
		bits := w.source.Uint64()
		w.field[i] = alpha * (float32(bits>>40)/(1<<23) - 1)          // exact
		w.field[size+i] = alpha * (float32(bits<<24>>40)/(1<<23) - 1) // exact
	}
	radii := boxRadii(sigma)
	for _, field := range [][]float32{w.field[:size], w.field[size:]} {
		for _, radius := range radii {
			if radius > 0 {
				boxAcross(w.spare, field, rows, cols, radius)
				boxDown(field, w.spare, w.line, rows, cols, radius)
			}
		}
	}
}

// boxRadii returns the radii of three box filters whose variances add up to about
// sigma². A box of radius r has variance ((2r+1)² − 1)/12. Some of the boxes have the
// lower of two consecutive radii and the others the higher.
func boxRadii(sigma float64) [3]int {
	variance := func(radius int) float64 {
		width := float64(2*radius + 1)
		return (width*width - 1) / 12 // exact
	}
	lower := int((math.Sqrt(12*sigma*sigma/3+1) - 1) / 2)
	best, radii := math.Inf(1), [3]int{}
	for higher := range 4 { // how many have the higher radius
		sum := float64(float64(3-higher)*variance(lower)) + float64(float64(higher)*variance(lower+1))
		if off := math.Abs(sum - float64(sigma*sigma)); off < best {
			best = off
			for i := range radii {
				radii[i] = lower
				if i < higher {
					radii[i]++
				}
			}
		}
	}
	return radii
}

// boxAcross writes to each value of out the mean of the 2·radius+1 values of in
// around it in its row; values outside count as 0. It keeps a running sum: one value
// enters it and one leaves.
func boxAcross(out, in []float32, rows, cols, radius int) {
	scale := 1 / float32(2*radius+1)
	for y := range rows {
		from, to := in[y*cols:(y+1)*cols], out[y*cols:(y+1)*cols]
		sum := float32(0)
		for x := range min(radius, cols) {
			sum += from[x]
		}
		for x := range to {
			if x+radius < cols {
				sum += from[x+radius]
			}
			to[x] = sum * scale
			if x-radius >= 0 {
				sum -= from[x-radius]
			}
		}
	}
}

// boxDown does the same down the columns, with a running sum for each column in
// sums.
func boxDown(out, in, sums []float32, rows, cols, radius int) {
	scale := 1 / float32(2*radius+1)
	clear(sums)
	add := func(y int) {
		for x, v := range in[y*cols : (y+1)*cols] {
			sums[x] += v
		}
	}
	for y := range min(radius, rows) {
		add(y)
	}
	for y := range rows {
		if y+radius < rows {
			add(y + radius)
		}
		to := out[y*cols : (y+1)*cols]
		for x, v := range sums {
			to[x] = v * scale
		}
		if y-radius >= 0 {
			for x, v := range in[(y-radius)*cols : (y-radius+1)*cols] {
				sums[x] -= v
			}
		}
	}
}
