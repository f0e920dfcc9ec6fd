package cuda

import "baregrad/kernels"

// SGD is a step of stochastic gradient descent: see sgd.ptx.
func (d *Device) SGD(w, g, v, rate kernels.Buffer, s kernels.SGDSpec) {
	s.Check(w, g, v, rate)
	d.each(kernel{"sgd.ptx", "sgd_f32"}, w.Len(), address(w), address(g), address(v), address(rate),
		count(w.Len()), float(s.Momentum), truth(s.Nesterov))
}
