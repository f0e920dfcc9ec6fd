package cuda

import "baregrad/kernels"

// Gradients of broadcast arithmetic: see broadcast_grad.ptx. The gradient of an operand that was
// broadcast is summed.

var (
	addBwd  = kernel{"broadcast_grad.ptx", "add_bwd_f32"}   // dy
	subBwdB = kernel{"broadcast_grad.ptx", "sub_bwd_b_f32"} // −dy
	mulBwd  = kernel{"broadcast_grad.ptx", "mul_bwd_f32"}   // dy times the other operand
	divBwdA = kernel{"broadcast_grad.ptx", "div_bwd_a_f32"} // dy/b
	divBwdB = kernel{"broadcast_grad.ptx", "div_bwd_b_f32"} // −dy·a/b²
)

func (d *Device) AddGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("add gradient", da, db, dy)
	d.bothGrads(da, db, dy, nil, nil, ma, func(da kernels.Buffer, m kernels.Mode) {
		d.operandGrad(addBwd, da, dy, nil, nil, s, m)
	}, func() {
		d.operandGrad(addBwd, db, dy, nil, nil, swapped(s), mb)
	})
}

func (d *Device) SubGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("sub gradient", da, db, dy)
	d.bothGrads(da, db, dy, nil, nil, ma, func(da kernels.Buffer, m kernels.Mode) {
		d.operandGrad(addBwd, da, dy, nil, nil, s, m)
	}, func() {
		d.operandGrad(subBwdB, db, dy, nil, nil, swapped(s), mb)
	})
}

func (d *Device) MulGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("mul gradient", da, db, dy)
	s.Check("mul gradient", dy, a, b)
	d.bothGrads(da, db, dy, a, b, ma, func(da kernels.Buffer, m kernels.Mode) {
		d.operandGrad(mulBwd, da, dy, nil, b, s, m)
	}, func() {
		d.operandGrad(mulBwd, db, dy, nil, a, swapped(s), mb)
	})
}

func (d *Device) DivGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("div gradient", da, db, dy)
	s.Check("div gradient", dy, a, b)
	d.bothGrads(da, db, dy, a, b, ma, func(da kernels.Buffer, m kernels.Mode) {
		d.operandGrad(divBwdA, da, dy, nil, b, s, m)
	}, func() {
		// a and b stay in place for this kernel: only the walk is along b.
		d.operandGradAlong(divBwdB, db, dy, a, b, s, s.B, s.LenB(), mb)
	})
}

// bothGrads calls first, which writes da, and second, which writes db, in an order in which neither
// overwrites what the other still reads, because an output may share memory with dy, a or b. If
// both would, da goes to separate memory first.
func (d *Device) bothGrads(da, db, dy, a, b kernels.Buffer, ma kernels.Mode, first func(da kernels.Buffer, m kernels.Mode), second func()) {
	spoilsSecond := same(da, dy) || same(da, a) || same(da, b)
	spoilsFirst := same(db, dy) || same(db, a) || same(db, b)
	switch {
	case !spoilsSecond:
		first(da, ma)
		second()
	case !spoilsFirst:
		second()
		first(da, ma)
	default:
		spare := d.scratch.buffer(d, da.Len())
		first(spare, kernels.Overwrite)
		second()
		d.AffineGrad(da, spare, 1, ma) // da = spare, or da += spare
	}
}

// same reports whether two buffers, either of which may be nil, share memory.
func same(a, b kernels.Buffer) bool {
	return a != nil && b != nil && own(a).block == own(b).block
}

// swapped returns s with its operands exchanged.
func swapped(s kernels.BroadcastSpec) kernels.BroadcastSpec {
	s.A, s.B = s.B, s.A
	return s
}

// operandGrad computes the gradient with respect to the first operand of s.
func (d *Device) operandGrad(k kernel, da, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, m kernels.Mode) {
	d.operandGradAlong(k, da, dy, a, b, s, s.A, s.LenA(), m)
}

// operandGradAlong computes the gradient with respect to the operand with the given strides and
// length. Kernel k walks the elements of dy: the axes of the operand are innermost, then the axes
// along which it was broadcast. Axes are merged where possible, since each takes a division.
func (d *Device) operandGradAlong(k kernel, dx, dy, a, b kernels.Buffer, s kernels.BroadcastSpec,
	strides [kernels.MaxRank]int, length int, m kernels.Mode) {
	if dx == nil || length == 0 {
		return
	}
	n := s.Len()
	// Sizes and strides in the kernel's order, innermost axis first.
	var dim, inY, inA, inB [kernels.MaxRank]int
	rank := 0
	for _, repeated := range [...]bool{false, true} {
		step := n
		steps := [kernels.MaxRank]int{}
		for i := range s.Rank {
			step /= max(s.Dim[i], 1)
			steps[i] = step // y's stride along axis i
		}
		for i := s.Rank - 1; i >= 0; i-- {
			if (strides[i] == 0) != repeated {
				continue
			}
			dim[rank], inY[rank], inA[rank], inB[rank] = s.Dim[i], steps[i], s.A[i], s.B[i]
			if k := rank - 1; rank > 0 && inY[rank] == inY[k]*dim[k] &&
				(a == nil || inA[rank] == inA[k]*dim[k]) && (b == nil || inB[rank] == inB[k]*dim[k]) {
				dim[k] *= dim[rank] // what is read continues evenly from one axis to the next
				continue
			}
			rank++
		}
	}
	chunks := chunksOf(length, n/length)
	to := address(dx)
	if chunks > 1 {
		to = uint64(d.scratch.floats(d, length*chunks))
	}
	accumulate := chunks == 1 && m == kernels.Accumulate
	arguments := d.with(to, address(dy), address(a), address(b),
		count(length*chunks), count(n), truth(accumulate), count(rank))
	arguments = appendDims(arguments, dim)
	for _, strides := range [...][kernels.MaxRank]int{inY, inA, inB} {
		arguments = appendAxes(arguments, strides)
	}
	d.each(k, length*chunks, arguments...)
	if chunks > 1 {
		d.sumPass(address(dx), to, kernels.ReduceSpec{Outer: 1, N: chunks, Inner: length}, chunks, 1, 1, m)
	}
}

// chunksOf returns the number of chunks into which a sum of the given number of terms is split, if
// count such sums are computed at once: enough for 64 Ki threads, as long as each still has 32
// terms to add, and few enough that the second pass stays fast.
func chunksOf(count, terms int) int {
	return max(1, min(ceilDiv(terms, 32), 65536/count, 4096))
}
