package cuda

import "baregrad/kernels"

// Adam is a step of Adam or AdamW: see adam.ptx.
func (d *Device) Adam(w, g, m, v, rate kernels.Buffer, s kernels.AdamSpec) {
	s.Check(w, g, m, v, rate)
	d.each(kernel{"adam.ptx", "adam_f32"}, w.Len(),
		address(w), address(g), address(m), address(v), address(rate), count(w.Len()),
		float(float32(1-float64(s.Beta1))), float(float32(1-float64(s.Beta2))), float(s.Epsilon), float(s.WeightDecay))
}
