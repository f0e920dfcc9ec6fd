package avx

import "baregrad/kernels"

// Im2Col with a window of one pixel surrounds images with zeros, and Col2Im takes these away again:
// autograd.ZeroPad. What is copied are whole rows of an image. Other windows are the reference's.

// border tells whether s places images of H×W inside ones of OH×OW.
func border(s *kernels.ConvSpec) bool {
	return s.KH == 1 && s.KW == 1 && s.StrideH == 1 && s.StrideW == 1 &&
		s.PadTop >= 0 && s.PadLeft >= 0 && s.PadTop+s.H <= s.OH && s.PadLeft+s.W <= s.OW
}

// Im2Col divides the rows of the larger images among the workers.
func (d *Device) Im2Col(col, x kernels.Buffer, s kernels.ConvSpec) {
	if !border(&s) {
		d.Device.Im2Col(col, x, s)
		return
	}
	s.CheckCol("im2col", col, x)
	d.border = s
	d.share(&job{y: kernels.Floats(col), a: kernels.Floats(x), border: &d.border}, s.N*s.OH, s.OW*s.C, func(j *job, from, to int) {
		s, width := j.border, j.border.W*j.border.C
		for r := from; r < to; r++ {
			row := j.y[r*s.OW*s.C : (r+1)*s.OW*s.C]
			n, i := r/s.OH, r%s.OH-s.PadTop
			if i < 0 || i >= s.H {
				clear(row)
				continue
			}
			left := s.PadLeft * s.C
			clear(row[:left])
			copy(row[left:left+width], j.a[(n*s.H+i)*width:])
			clear(row[left+width:])
		}
	})
}

// Col2Im divides the rows of the smaller images.
func (d *Device) Col2Im(dx, dcol kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	if !border(&s) {
		d.Device.Col2Im(dx, dcol, s, m)
		return
	}
	s.CheckCol("col2im", dcol, dx)
	d.border = s
	d.share(&job{y: kernels.Floats(dx), a: kernels.Floats(dcol), mode: m, border: &d.border}, s.N*s.H, s.W*s.C, func(j *job, from, to int) {
		s, width := j.border, j.border.W*j.border.C
		for r := from; r < to; r++ {
			row, n, i := j.y[r*width:(r+1)*width], r/s.H, r%s.H+s.PadTop
			at := ((n*s.OH+i)*s.OW + s.PadLeft) * s.C
			if j.mode == kernels.Accumulate {
				j.k.add_scaled_f32(row, j.a[at:at+width], 1)
			} else {
				copy(row, j.a[at:at+width])
			}
		}
	})
}
