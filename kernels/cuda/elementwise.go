package cuda

import "baregrad/kernels"

// elementwise launches a kernel in which each thread handles four of n elements: see
// elementwise.tmpl. The argument list is arguments, n, more.
func (d *Device) elementwise(k kernel, n int, arguments []uint64, more ...uint64) {
	list := append(append(d.with(arguments...), count(n)), more...)
	d.launch(k, line(ceilDiv(n, 1024)), lanes(256), list...)
}

// each launches a kernel in which each thread handles one of n elements.
func (d *Device) each(k kernel, n int, arguments ...uint64) {
	d.launch(k, line(ceilDiv(n, 256)), lanes(256), arguments...)
}

// byRow launches a kernel in which each warp handles one row: see reduce.tmpl.
func (d *Device) byRow(k kernel, rows int, arguments ...uint64) {
	d.launch(k, line(ceilDiv(rows, 8)), lanes(256), arguments...)
}

// forward launches y = f(x).
func (d *Device) forward(op string, k kernel, y, x kernels.Buffer) {
	kernels.SameLen(op, y, x)
	d.elementwise(k, y.Len(), []uint64{address(y), address(x)})
}

// backward launches dx = dy·f′(x), computed from x or from y.
func (d *Device) backward(op string, k kernel, dx, dy, known kernels.Buffer, m kernels.Mode) {
	kernels.SameLen(op, dx, dy, known)
	d.elementwise(k, dx.Len(), []uint64{address(dx), address(dy), address(known)}, mode(m))
}
