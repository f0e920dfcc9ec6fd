package cuda

import "baregrad/kernels"

// Max computes the maximum over the middle axis of x[Outer,N,Inner]: see max.ptx.
func (d *Device) Max(y, arg, x kernels.Buffer, s kernels.ReduceSpec) {
	kernels.Want("max", "maximum", y, kernels.Float32, s.Outer*s.Inner)
	s.CheckMax("max", y, arg, x)
	d.max(address(y), arg, x, s)
}

// ArgMax is Max without the maximum.
func (d *Device) ArgMax(arg, x kernels.Buffer, s kernels.ReduceSpec) {
	s.CheckMax("argmax", nil, arg, x)
	d.max(0, arg, x, s)
}

// Accuracy compares the positions of the maxima with the labels: see accuracy.ptx. Directly after
// SoftmaxCrossEntropy with the same logits and labels it needs no launch of its own.
func (d *Device) Accuracy(y, x, labels kernels.Buffer, rows, cols int) {
	kernels.CheckAccuracy(y, x, labels, rows, cols)
	if right := address(y); d.loss.takes(right, address(x), address(labels), dense(labels), rows, cols) {
		d.launchLoss(right)
		return
	}
	d.byRow(kernel{"accuracy.ptx", "accuracy_f32"}, rows,
		address(y), address(x), address(labels), dense(labels), count(rows), count(cols))
}

func (d *Device) max(y uint64, arg, x kernels.Buffer, s kernels.ReduceSpec) {
	n := arg.Len()
	if s.Inner == 1 && s.N >= longRow {
		d.launch(kernel{"max.ptx", "max_long_rows_f32"}, line(n), lanes(256), y, address(arg), address(x), count(n), count(s.N))
		return
	}
	if s.Inner == 1 {
		d.byRow(kernel{"max.ptx", "max_rows_f32"}, n, y, address(arg), address(x), count(n), count(s.N))
		return
	}
	d.each(kernel{"max.ptx", "max_cols_f32"}, n, y, address(arg), address(x), count(n), count(s.N), count(s.Inner), inverse(s.Inner))
}

// MaxGrad passes dy to the position of the maximum, and 0 to the others.
func (d *Device) MaxGrad(dx, dy, arg kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	kernels.Want("max gradient", "maximum's gradient", dy, kernels.Float32, s.Outer*s.Inner)
	s.CheckMax("max gradient", dy, arg, dx)
	n := dx.Len()
	d.each(kernel{"max.ptx", "max_bwd_f32"}, n,
		address(dx), address(dy), address(arg), count(n), count(s.N), count(s.Inner), inverse(s.Inner), inverse(s.N), mode(m))
}
