package cuda

import "baregrad/kernels"

// Arithmetic with broadcasting: see broadcast.ptx.

func (d *Device) Add(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.broadcast("add", y, a, b, s, kernel{"broadcast.ptx", "add_flat_fwd_f32"}, kernel{"broadcast.ptx", "add_fwd_f32"}, kernel{"broadcast.ptx", "add_fwd_by4_f32"})
}

func (d *Device) Sub(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.broadcast("sub", y, a, b, s, kernel{"broadcast.ptx", "sub_flat_fwd_f32"}, kernel{"broadcast.ptx", "sub_fwd_f32"}, kernel{"broadcast.ptx", "sub_fwd_by4_f32"})
}

func (d *Device) Mul(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.broadcast("mul", y, a, b, s, kernel{"broadcast.ptx", "mul_flat_fwd_f32"}, kernel{"broadcast.ptx", "mul_fwd_f32"}, kernel{"broadcast.ptx", "mul_fwd_by4_f32"})
}

func (d *Device) Div(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.broadcast("div", y, a, b, s, kernel{"broadcast.ptx", "div_flat_fwd_f32"}, kernel{"broadcast.ptx", "div_fwd_f32"}, kernel{"broadcast.ptx", "div_fwd_by4_f32"})
}

// broadcast launches the flat kernel if only one axis is left, otherwise a general one.
func (d *Device) broadcast(op string, y, a, b kernels.Buffer, s kernels.BroadcastSpec, flat, general, by4 kernel) {
	s.Check(op, y, a, b)
	n := s.Len()
	if s.Rank == 1 {
		d.elementwise(flat, n, []uint64{address(y), address(a), address(b)}, count(s.A[0]), count(s.B[0]))
		return
	}
	dim, inA, inB := innermostFirst(s.Dim, s.Rank), innermostFirst(s.A, s.Rank), innermostFirst(s.B, s.Rank)
	k := general
	if dim[0]%4 == 0 && address(y)%16 == 0 && readBy4(a, inA) && readBy4(b, inB) {
		k, n = by4, n/4
		dim[0], inA[0], inB[0] = dim[0]/4, 4*inA[0], 4*inB[0]
	}
	arguments := d.with(address(y), address(a), address(b), count(n), count(s.Rank))
	arguments = appendDims(arguments, dim)
	arguments = appendAxes(arguments, inA)
	arguments = appendAxes(arguments, inB)
	d.each(k, n, arguments...)
}

// readBy4 reports whether an operand with these strides, innermost axis first, has four neighbours
// in 16 aligned bytes, or one number for the four.
func readBy4(b kernels.Buffer, strides [kernels.MaxRank]int) bool {
	return multiplesOf4(strides[1:]) && (strides[0] == 0 || strides[0] == 1 && address(b)%16 == 0)
}

// innermostFirst turns the sizes or strides of rank axes into the kernels' order: innermost axis
// first, zeros after the last.
func innermostFirst(axes [kernels.MaxRank]int, rank int) (turned [kernels.MaxRank]int) {
	for i := range rank {
		turned[i] = axes[rank-1-i]
	}
	return turned
}

// appendAxes appends sizes or strides, innermost axis first.
func appendAxes(arguments []uint64, axes [kernels.MaxRank]int) []uint64 {
	for _, v := range axes {
		arguments = append(arguments, count(v))
	}
	return arguments
}

// appendDims appends the axes' sizes, and for the divisions by all but the last their inverses: see
// "axes" in index.tmpl.
func appendDims(arguments []uint64, dim [kernels.MaxRank]int) []uint64 {
	return appendInverses(appendAxes(arguments, dim), dim[:kernels.MaxRank-1]...)
}
