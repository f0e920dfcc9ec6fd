package cuda

import "baregrad/kernels"

// RMSprop is a step of RMSprop: see rmsprop.ptx.
func (d *Device) RMSprop(w, g, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) {
	s.Check(w, g, v, mean, moment, rate)
	if !s.Centered {
		mean = nil
	}
	d.each(kernel{"rmsprop.ptx", "rmsprop_f32"}, w.Len(),
		address(w), address(g), address(v), address(mean), address(moment), address(rate), count(w.Len()),
		float(s.Rho), float(float32(1-float64(s.Rho))), float(s.Momentum), float(s.Epsilon))
}
