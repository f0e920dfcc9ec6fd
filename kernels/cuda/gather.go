package cuda

import "baregrad/kernels"

// Gather copies rows of a data set into a batch: see gather.ptx. A row that src or
// index does not have becomes NaN, or the least int32.
func (d *Device) Gather(dst, src, index, cursor kernels.Buffer, s kernels.GatherSpec) {
	s.Check(dst, src, index, cursor)
	k := kernel{"gather.ptx", "gather_f32"}
	switch src.Type() {
	case kernels.Uint8:
		k.name = "gather_u8"
	case kernels.Int32:
		k.name = "gather_i32"
	}
	rows := 0
	if s.Width > 0 {
		rows = src.Len() / s.Width
	}
	d.each(k, dst.Len(), address(dst), address(src), address(index), address(cursor),
		count(dst.Len()), count(s.Width), float(s.Scale), float(s.Shift),
		count(index.Len()), count(rows))
}
