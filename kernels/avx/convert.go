package avx

import "baregrad/kernels"

// rowsAhead is how many rows ahead a row of the given size is prefetched. The rows of a shuffled
// batch are anywhere in a data set, which hardware prefetching cannot follow.
func rowsAhead(bytes int) int { return min(32, 1+8192/bytes) }

// mostFollowing is the most bytes of a batch of images that is prefetched one call ahead. The rows
// that follow in the index are probably those of the next call, and prefetching a small batch takes
// less time than waiting for it. A large batch would evict more from the L2 cache than that gains.
const mostFollowing = 1 << 16

// Gather copies rows of a data set into a batch. Indices are checked before any work is shared, so
// that a bad index panics on the caller's goroutine.
func (d *Device) Gather(dst, src, index, cursor kernels.Buffer, s kernels.GatherSpec) {
	s.Check(dst, src, index, cursor)
	indices := kernels.Ints(index)
	first := int(kernels.Ints(cursor)[0])
	if first < 0 || first+s.Rows > len(indices) {
		kernels.Panicf("gather", "rows %d to %d of an index of %d", first, first+s.Rows, len(indices))
	}
	if s.Width == 0 {
		return
	}
	following := indices[first+s.Rows:]
	indices = indices[first : first+s.Rows]
	rows := src.Len() / s.Width
	for i, row := range indices {
		if uint(row) >= uint(rows) { // or below 0
			kernels.Panicf("gather", "index %d is row %d of a source of %d rows", first+i, row, rows)
		}
	}
	if s.Rows*s.Width > mostFollowing {
		following = nil
	}
	j := job{arg: indices, following: following, gather: s, scalar: [5]float32{s.Scale, s.Shift}}
	switch src.Type() {
	case kernels.Uint8:
		j.y, j.bytes = kernels.Floats(dst), kernels.Uint8s(src)
		d.share(&j, s.Rows, s.Width+rowCost, func(j *job, from, to int) {
			width := j.gather.Width
			ahead := rowsAhead(width)
			for _, row := range j.arg[from:min(from+ahead, to)] {
				j.k.prefetch2(address(j.bytes[int(row)*width:]), width)
			}
			j.k.gather_u8_f32(j.y[from*width:], j.bytes, j.arg[from:], to-from, width, ahead, j.scalar[0], j.scalar[1])
			next := j.following[min(from, len(j.following)):min(to, len(j.following))]
			// First one line of each row: so the address translations of the rows overlap, instead of
			// each waiting for the lines of the row before.
			for _, bytes := range [...]int{1, width} {
				for _, row := range next { // in range; if not, the next call will report it
					if first := int(row) * width; 0 <= first && first < len(j.bytes) {
						j.k.prefetch2(address(j.bytes[first:]), bytes)
					}
				}
			}
		})
	case kernels.Float32:
		j.y, j.a = kernels.Floats(dst), kernels.Floats(src)
		d.share(&j, s.Rows, s.Width+rowCost, func(j *job, from, to int) {
			width := j.gather.Width
			ahead := rowsAhead(4 * width)
			for _, row := range j.arg[from:min(from+ahead, to)] {
				j.k.prefetch2(address(j.a[int(row)*width:]), 4*width)
			}
			j.k.gather_f32(j.y[from*width:], j.a, j.arg[from:], to-from, width, ahead, j.scalar[0], j.scalar[1])
		})
	default: // labels
		labels, from := kernels.Ints(dst), kernels.Ints(src)
		if s.Width == 1 {
			for i, row := range indices {
				labels[i] = from[row]
			}
			return
		}
		for i, row := range indices {
			copy(labels[i*s.Width:(i+1)*s.Width], from[int(row)*s.Width:])
		}
	}
}

// Equal computes y = 1 where a and b agree, else 0. (It is as short as a batch, and not shared.)
func (d *Device) Equal(y, a, b kernels.Buffer) {
	n := kernels.LenOf("equal", "output", y)
	kernels.Want("equal", "output", y, kernels.Float32, n)
	kernels.Want("equal", "first operand", a, kernels.Int32, n)
	kernels.Want("equal", "second operand", b, kernels.Int32, n)
	d.set.vector.equal_i32(kernels.Floats(y), kernels.Ints(a), kernels.Ints(b))
}

// Greater computes y = 1 where x > threshold, else 0. (Not shared, like Equal.)
func (d *Device) Greater(y, x kernels.Buffer, threshold float32) {
	n := kernels.LenOf("greater", "output", y)
	kernels.Want("greater", "output", y, kernels.Int32, n)
	kernels.Want("greater", "input", x, kernels.Float32, n)
	d.set.vector.greater_f32(kernels.Ints(y), kernels.Floats(x), threshold)
}
