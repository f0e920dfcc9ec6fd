package avx

import "baregrad/kernels"

// MatMulUpdate is MatMul and the step, one after the other: see kernels.Device.
func (d *Device) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) (done bool) {
	s.CheckUpdate(u, g, a, b)
	d.MatMul(g, a, b, nil, s)
	u.Apply(d, g)
	return true
}
