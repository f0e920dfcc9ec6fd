package avx

import "baregrad/kernels"

// Elementwise scaling and filling.

func (d *Device) Affine(y, x kernels.Buffer, scale, shift float32) {
	kernels.SameLen("affine", y, x)
	j := job{y: kernels.Floats(y), a: kernels.Floats(x), scalar: [5]float32{scale, shift}}
	d.share(&j, y.Len(), 1, func(j *job, from, to int) {
		j.k.affine_fwd_f32(j.y[from:to], j.a[from:to], j.scalar[0], j.scalar[1])
	})
}

func (d *Device) AffineGrad(dx, dy kernels.Buffer, scale float32, m kernels.Mode) {
	kernels.SameLen("affine gradient", dx, dy)
	d.scale(kernels.Floats(dx), kernels.Floats(dy), scale, m)
}

// scale computes y = scale·x, or y += scale·x with each product rounded first.
func (d *Device) scale(y, x []float32, scale float32, m kernels.Mode) {
	j := job{y: y, a: x, scalar: [5]float32{scale}, mode: m}
	d.share(&j, len(y), 1, func(j *job, from, to int) {
		j.k.affine_bwd_f32(j.y[from:to], j.a[from:to], j.scalar[0], j.mode)
	})
}

func (d *Device) AddScaled(y, x kernels.Buffer, scale float32) {
	kernels.SameLen("addscaled", y, x)
	d.addScaled(kernels.Floats(y), kernels.Floats(x), scale)
}

// addScaled computes y += scale·x, rounded once.
func (d *Device) addScaled(y, x []float32, scale float32) {
	d.share(&job{y: y, a: x, scalar: [5]float32{scale}}, len(y), 1, func(j *job, from, to int) {
		j.k.add_scaled_f32(j.y[from:to], j.a[from:to], j.scalar[0])
	})
}

func (d *Device) Fill(dst kernels.Buffer, value float32) {
	kernels.SameLen("fill", dst)
	d.share(&job{y: kernels.Floats(dst), scalar: [5]float32{value}}, dst.Len(), 1, func(j *job, from, to int) {
		j.k.fill_f32(j.y[from:to], j.scalar[0])
	})
}
