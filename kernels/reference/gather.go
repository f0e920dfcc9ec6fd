package reference

import "baregrad/kernels"

// Gather copies a batch out of a data set src[…,Width]:
//
//	dst[i,:] = src[index[cursor+i],:]·Scale + Shift    for i < Rows
//
// With uint8 images and Scale 1/255 it also converts them to float32.
// int32 rows, such as labels, are copied unchanged.
func (d *Device) Gather(dst, src, index, cursor kernels.Buffer, s kernels.GatherSpec) {
	s.Check(dst, src, index, cursor)
	indices := kernels.Ints(index)
	first := int(kernels.Ints(cursor)[0])
	if first < 0 || first+s.Rows > len(indices) {
		kernels.Panicf("gather", "rows %d to %d of an index of %d", first, first+s.Rows, len(indices))
	}
	indices = indices[first : first+s.Rows]
	if s.Width == 0 {
		return
	}
	rows := src.Len() / s.Width
	for i, row := range indices {
		if row < 0 || int(row) >= rows {
			kernels.Panicf("gather", "index %d is row %d of a source of %d rows", first+i, row, rows)
		}
	}
	scale, shift := float64(s.Scale), float64(s.Shift)
	for i, row := range indices {
		from, to := int(row)*s.Width, (int(row)+1)*s.Width
		at := i * s.Width
		switch src.Type() {
		case kernels.Uint8:
			y := kernels.Floats(dst)[at:]
			for j, v := range kernels.Uint8s(src)[from:to] {
				y[j] = float32(float64(v)*scale + shift) // exact
			}
		case kernels.Float32:
			y := kernels.Floats(dst)[at:]
			for j, v := range kernels.Floats(src)[from:to] {
				y[j] = float32(float64(v)*scale + shift) // exact
			}
		case kernels.Int32:
			copy(kernels.Ints(dst)[at:], kernels.Ints(src)[from:to])
		}
	}
}
