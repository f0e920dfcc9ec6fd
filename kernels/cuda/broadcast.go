package cuda

import "baregrad/kernels"

// Arithmetic with broadcasting: see broadcast.ptx.

func (d *Device) Add(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.broadcast("add", kernel{"broadcast.ptx", "add_flat_fwd_f32"}, kernel{"broadcast.ptx", "add_fwd_f32"}, y, a, b, s)
}

func (d *Device) Sub(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.broadcast("sub", kernel{"broadcast.ptx", "sub_flat_fwd_f32"}, kernel{"broadcast.ptx", "sub_fwd_f32"}, y, a, b, s)
}

func (d *Device) Mul(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.broadcast("mul", kernel{"broadcast.ptx", "mul_flat_fwd_f32"}, kernel{"broadcast.ptx", "mul_fwd_f32"}, y, a, b, s)
}

func (d *Device) Div(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.broadcast("div", kernel{"broadcast.ptx", "div_flat_fwd_f32"}, kernel{"broadcast.ptx", "div_fwd_f32"}, y, a, b, s)
}

// broadcast launches the flat kernel if only one axis is left, otherwise the general one.
func (d *Device) broadcast(op string, flat, general kernel, y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	s.Check(op, y, a, b)
	n := s.Len()
	if s.Rank == 1 {
		d.elementwise(flat, n, []uint64{address(y), address(a), address(b)}, count(s.A[0]), count(s.B[0]))
		return
	}
	arguments := d.with(address(y), address(a), address(b), count(n), count(s.Rank))
	for _, axes := range [...][kernels.MaxRank]int{s.Dim, s.A, s.B} {
		arguments = appendAxes(arguments, axes, s.Rank)
	}
	d.each(general, n, arguments...)
}

// appendAxes appends sizes or strides in the order of the kernels' parameters: innermost axis
// first, padded with zeros to MaxRank.
func appendAxes(arguments []uint64, axes [kernels.MaxRank]int, rank int) []uint64 {
	for i := range kernels.MaxRank {
		cell := uint64(0)
		if i < rank {
			cell = count(axes[rank-1-i])
		}
		arguments = append(arguments, cell)
	}
	return arguments
}
