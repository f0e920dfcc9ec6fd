package cuda

import "baregrad/kernels"

// Equal is y[i] = 1 if a[i] = b[i], otherwise 0: see compare.ptx.
func (d *Device) Equal(y, a, b kernels.Buffer) {
	n := kernels.LenOf("equal", "output", y)
	kernels.Want("equal", "output", y, kernels.Float32, n)
	kernels.Want("equal", "first operand", a, kernels.Int32, n)
	kernels.Want("equal", "second operand", b, kernels.Int32, n)
	d.elementwise(kernel{"compare.ptx", "equal_i32"}, n, []uint64{address(y), address(a), address(b)})
}

// Greater is y[i] = 1 if x[i] > threshold, otherwise 0: see compare.ptx.
func (d *Device) Greater(y, x kernels.Buffer, threshold float32) {
	n := kernels.LenOf("greater", "output", y)
	kernels.Want("greater", "output", y, kernels.Int32, n)
	kernels.Want("greater", "input", x, kernels.Float32, n)
	d.elementwise(kernel{"compare.ptx", "greater_f32"}, n, []uint64{address(y), address(x), float(threshold)})
}
