package cuda

import "baregrad/kernels"

// Fill sets every element of a float32 buffer: see fill.ptx.
func (d *Device) Fill(dst kernels.Buffer, value float32) {
	kernels.SameLen("fill", dst)
	d.elementwise(kernel{"fill.ptx", "fill_f32"}, dst.Len(), []uint64{address(dst), float(value)})
}
