package cuda

import "baregrad/kernels"

// Gather copies rows of a data set into a batch: see gather.ptx. A row outside src or index becomes
// NaN, or the smallest int32. Two batches take one launch.
func (d *Device) Gather(dst, src, index, cursor kernels.Buffer, s kernels.GatherSpec) {
	s.Check(dst, src, index, cursor)
	kind, size := uint64(1), 4
	switch src.Type() {
	case kernels.Uint8:
		kind, size = 0, 1
	case kernels.Int32:
		kind = 2
	}
	rows := 0
	if s.Width > 0 {
		rows = src.Len() / s.Width
	}
	c := call{
		kernel: kernel{"gather.ptx", "gather_pair"},
		blocks: ceilDiv(dst.Len(), 256),
		writes: floats(address(dst), dst.Len()),
		reads: [4]span{{address(src), address(src) + uint64(size*src.Len())},
			floats(address(index), index.Len()), floats(address(cursor), cursor.Len())},
	}
	d.putOffCall(c, address(dst), address(src), address(index), address(cursor),
		count(dst.Len()), count(s.Width), inverse(s.Width), float(s.Scale), float(s.Shift), count(index.Len()), count(rows), kind)
}
