package cuda

import "baregrad/kernels"

// Log is y = ln x: see log.ptx.
func (d *Device) Log(y, x kernels.Buffer) {
	d.forward("log", kernel{"log.ptx", "log_fwd_f32"}, y, x)
}

// LogGrad is dx = dy/x.
func (d *Device) LogGrad(dx, dy, x kernels.Buffer, m kernels.Mode) {
	d.backward("log gradient", kernel{"log.ptx", "log_bwd_f32"}, dx, dy, x, m)
}
