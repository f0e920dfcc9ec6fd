package avx

import "baregrad/kernels"

// BiasReLUGrad computes the gradient of y = ReLU(x + bias), for y [rows, cols]:
//
//	dx[r,c] = dy[r,c] if y[r,c] > 0, else 0
//	dbias[c] = Σ over r of dx[r,c]
//
// One kernel does both if the columns are whole registers. Otherwise each part of the rows is masked
// and then, while it is in the cache, added up. The parts' sums are added in order.
func (d *Device) BiasReLUGrad(dx, dbias, dy, y kernels.Buffer, rows, cols int, m kernels.Mode) {
	if dbias == nil {
		kernels.CheckBiasReLU("bias relu gradient", dx, nil, dy, y, rows, cols)
		d.ReLUGrad(dx, dy, y, kernels.Overwrite)
		return
	}
	if rows*cols == 0 {
		d.Device.BiasReLUGrad(dx, dbias, dy, y, rows, cols, m)
		return
	}
	kernels.CheckBiasReLU("bias relu gradient", dx, dbias, dy, y, rows, cols)
	count, _ := parts(rows, cols)
	sums := d.sumScratch(count * padded(cols))
	j := job{y: kernels.Floats(dx), a: kernels.Floats(dy), b: kernels.Floats(y), cols: cols, sums: sums}
	d.share(&j, rows, cols, func(j *job, from, to int) {
		n := j.cols
		dx, dy, y := j.y[from*n:to*n], j.a[from*n:to*n], j.b[from*n:to*n]
		sums := j.sums[from/j.size*padded(n):][:n]
		if n%16 == 0 {
			j.k.bias_relu_bwd_f32(dx, sums, dy, y, to-from)
			return
		}
		j.k.relu_bwd_f32(dx, dy, y, kernels.Overwrite)
		sumSlab(j.k, sums, dx, to-from)
	})
	store(kernels.Floats(dbias), d.addParts(sums, count, cols), 1, m)
}
