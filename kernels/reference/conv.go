package reference

import "baregrad/kernels"

// Two-dimensional convolution of x[N,H,W,C] with w[KH,KW,C,Out] to y[N,OH,OW,Out]:
//
//	y[n,i,j,o] = bias[o] + Σ over u,v,c of x[n,h,k,c]·w[u,v,c,o]
//	h = i·StrideH + u·DilationH − PadTop
//	k = j·StrideW + v·DilationW − PadLeft
//
// All of them walk over the same pairs of an output position (n,i,j) and a tap
// (u,v) of the filter whose input position (h,k) lies in the image: forEachTap.
// A tap in the padding contributes nothing.

// forEachTap calls f for each tap of the window of output position (i,j) that
// lies in the image, with the tap's number u·KW+v and the pixel's h·W+k.
func forEachTap(s *kernels.ConvSpec, i, j int, f func(tap, pixel int)) {
	for u := range s.KH {
		h := i*s.StrideH + u*s.DilationH - s.PadTop
		if h < 0 || h >= s.H {
			continue
		}
		for v := range s.KW {
			k := j*s.StrideW + v*s.DilationW - s.PadLeft
			if k < 0 || k >= s.W {
				continue
			}
			f(u*s.KW+v, h*s.W+k)
		}
	}
}

func (d *Device) Conv2D(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	s.Check("conv2d", y, x, w, bias)
	ys, xs, biases := kernels.Floats(y), kernels.Floats(x), kernels.Floats(bias)
	ws := widen(&d.wide, kernels.Floats(w))
	sums := zeros(&d.sums, s.Out)
	for n := range s.N {
		image := xs[n*s.H*s.W*s.C:]
		for i := range s.OH {
			for j := range s.OW {
				clear(sums)
				forEachTap(&s, i, j, func(tap, pixel int) {
					for c, v := range image[pixel*s.C : (pixel+1)*s.C] {
						addScaled(sums, float64(v), ws[(tap*s.C+c)*s.Out:])
					}
				})
				finish(ys[:s.Out], sums, biases, kernels.Overwrite, s.ReLU)
				ys = ys[s.Out:]
			}
		}
	}
}

// Conv2DGradInput: where the forward pass took x[pixel] times w[tap] to y, the
// gradient brings dy times w[tap] back:
//
//	dx[n,h,k,c] = Σ over all (i,j,u,v) that meet (h,k), and o, of dy[n,i,j,o]·w[u,v,c,o]
//
// One image's sums are kept at a time.
func (d *Device) Conv2DGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.Check("conv2d gradient by input", dy, dx, w, nil)
	dxs, dys := kernels.Floats(dx), kernels.Floats(dy)
	ws := widen(&d.wide, kernels.Floats(w))
	size := s.H * s.W * s.C
	for n := range s.N {
		sums := zeros(&d.sums, size)
		for i := range s.OH {
			for j := range s.OW {
				row := dys[:s.Out]
				dys = dys[s.Out:]
				forEachTap(&s, i, j, func(tap, pixel int) {
					for c := range s.C {
						sums[pixel*s.C+c] += dot(row, ws[(tap*s.C+c)*s.Out:])
					}
				})
			}
		}
		store(dxs[n*size:(n+1)*size], sums, m)
	}
}

// Conv2DGradFilter: dw[u,v,c,o] = Σ over n,i,j of x[n,h,k,c]·dy[n,i,j,o].
func (d *Device) Conv2DGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.Check("conv2d gradient by filter", dy, x, dw, nil)
	dws, xs := kernels.Floats(dw), kernels.Floats(x)
	dys := widen(&d.wide, kernels.Floats(dy))
	sums := zeros(&d.sums, len(dws))
	for n := range s.N {
		image := xs[n*s.H*s.W*s.C:]
		for i := range s.OH {
			for j := range s.OW {
				row := dys[:s.Out]
				dys = dys[s.Out:]
				forEachTap(&s, i, j, func(tap, pixel int) {
					for c, v := range image[pixel*s.C : (pixel+1)*s.C] {
						addScaled(sums[(tap*s.C+c)*s.Out:(tap*s.C+c+1)*s.Out], float64(v), row)
					}
				})
			}
		}
	}
	store(dws, sums, m)
}

// Im2Col writes the patch under each output position as one row, which makes
// Conv2D the product col[N·OH·OW, KH·KW·C] · w[KH·KW·C, Out].
func (d *Device) Im2Col(col, x kernels.Buffer, s kernels.ConvSpec) {
	s.CheckCol("im2col", col, x)
	cols, xs := kernels.Floats(col), kernels.Floats(x)
	for n := range s.N {
		image := xs[n*s.H*s.W*s.C:]
		for i := range s.OH {
			for j := range s.OW {
				row := cols[:s.Cols()]
				cols = cols[s.Cols():]
				clear(row) // what lies in the padding stays 0
				forEachTap(&s, i, j, func(tap, pixel int) {
					copy(row[tap*s.C:(tap+1)*s.C], image[pixel*s.C:])
				})
			}
		}
	}
}

// Col2Im is the gradient of Im2Col: each element of dcol is added to the pixel
// that it was copied from. One image's sums are kept at a time.
func (d *Device) Col2Im(dx, dcol kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.CheckCol("col2im", dcol, dx)
	dxs, dcols := kernels.Floats(dx), kernels.Floats(dcol)
	size := s.H * s.W * s.C
	for n := range s.N {
		sums := zeros(&d.sums, size)
		for i := range s.OH {
			for j := range s.OW {
				row := dcols[:s.Cols()]
				dcols = dcols[s.Cols():]
				forEachTap(&s, i, j, func(tap, pixel int) {
					for c, v := range row[tap*s.C : (tap+1)*s.C] {
						sums[pixel*s.C+c] += float64(v)
					}
				})
			}
		}
		store(dxs[n*size:(n+1)*size], sums, m)
	}
}

// addScaled is y[i] += scale·x[i] over the length of y.
func addScaled(y []float64, scale float64, x []float64) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] += scale * v
	}
}

// dot is Σ x[i]·y[i] over the length of x.
func dot(x []float32, y []float64) (sum float64) {
	y = y[:len(x)]
	for i, v := range x {
		sum += float64(v) * y[i]
	}
	return sum
}
