package cuda

import "baregrad/kernels"

// Uniform fills y with random numbers in [low,high): see uniform.ptx.
func (d *Device) Uniform(y kernels.Buffer, low, high float32, seed uint64) {
	kernels.SameLen("uniform", y)
	d.elementwise(kernel{"uniform.ptx", "uniform_f32"}, y.Len(), []uint64{address(y)},
		float(low), float(float32(float64(high)-float64(low))), seed)
}
