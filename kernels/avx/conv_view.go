package avx

import "baregrad/kernels"

// view is an image as a convolution sees it: with its padding, so that every window lies inside.
// Without anything around the image, it is the image itself; otherwise rows of it are copied between
// zeros as they are needed.
type view struct {
	imageH, imageW, c int  // the image
	w                 int  // columns of the view
	top, left         int  // where the image begins; negative if its edge is never read
	gapH, gapW        int  // distance of neighbouring pixels: 1, or more with zeros between them
	copied            bool // the view is not the image
}

// newView is the view that a convolution by s reads.
func newView(s kernels.ConvSpec) view {
	v := view{imageH: s.H, imageW: s.W, c: s.C, top: s.PadTop, left: s.PadLeft, gapH: 1, gapW: 1}
	v.w = (s.OW-1)*s.StrideW + (s.KW-1)*s.DilationW + 1
	height := (s.OH-1)*s.StrideH + (s.KH-1)*s.DilationH + 1
	if v.top == 0 && v.left == 0 && height <= s.H && v.w <= s.W {
		v.w = s.W
		return v
	}
	v.copied = true
	return v
}

// height is how many rows of the view s reads.
func (v *view) height(s kernels.ConvSpec) int { return (s.OH-1)*s.StrideH + (s.KH-1)*s.DilationH + 1 }

// spread puts zeros between the pixels: gapH−1 rows and gapW−1 columns.
func (v *view) spread(gapH, gapW int) {
	v.gapH, v.gapW = gapH, gapW
	v.copied = v.copied || gapH > 1 || gapW > 1
}

// size is how many floats are copied for count rows of the output of s.
func (v *view) size(count int, s kernels.ConvSpec) int {
	if !v.copied {
		return 0
	}
	return ((count-1)*s.StrideH + (s.KH-1)*s.DilationH + 1) * v.w * v.c
}

// rows returns count rows of the view of image n, from row from on. They may be in w's memory, valid
// until its next call.
func (v *view) rows(w *workspace, images []float32, n, from, count int) []float32 {
	image := images[n*v.imageH*v.imageW*v.c : (n+1)*v.imageH*v.imageW*v.c]
	line := v.w * v.c
	if !v.copied {
		return image[from*line:]
	}
	dst := grow(&w.image, count*line)
	for i := range count {
		row := dst[i*line : (i+1)*line]
		h := from + i - v.top
		if h < 0 || h%v.gapH != 0 || h/v.gapH >= v.imageH {
			clear(row)
			continue
		}
		v.row(row, image[h/v.gapH*v.imageW*v.c:][:v.imageW*v.c])
	}
	return dst
}

// row writes one row of the image between zeros.
func (v *view) row(dst, src []float32) {
	if v.gapW == 1 {
		from, to := max(v.left, 0)*v.c, min(v.left+v.imageW, v.w)*v.c
		if from >= to {
			clear(dst)
			return
		}
		clear(dst[:from])
		copy(dst[from:to], src[from-v.left*v.c:])
		clear(dst[to:])
		return
	}
	clear(dst)
	for i := range v.imageW {
		if k := v.left + i*v.gapW; k >= 0 && k < v.w {
			copy(dst[k*v.c:(k+1)*v.c], src[i*v.c:])
		}
	}
}

// back copies count rows of the view to their places in an image; with Accumulate it adds them.
// Outside of the view the image becomes 0, or with Accumulate stays as it was. There must be no gaps.
func (v *view) back(k *vectorKernels, image, rows []float32, count int, m kernels.Mode) {
	from, to := max(0, -v.left), min(v.imageW, v.w-v.left) // columns of the image
	for h := range v.imageH {
		row := image[h*v.imageW*v.c : (h+1)*v.imageW*v.c]
		r := h + v.top
		inside := r >= 0 && r < count && from < to
		var src []float32
		if inside {
			src = rows[(r*v.w+v.left+from)*v.c:][:(to-from)*v.c]
		}
		switch {
		case m == kernels.Accumulate && inside:
			k.add_scaled_f32(row[from*v.c:to*v.c], src, 1)
		case m == kernels.Overwrite && inside:
			clear(row[:from*v.c])
			copy(row[from*v.c:], src)
			clear(row[to*v.c:])
		case m == kernels.Overwrite:
			clear(row)
		}
	}
}
