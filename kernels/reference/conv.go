package reference

import "baregrad/kernels"

// Two-dimensional convolution of x[N,H,W,C] with w[KH,KW,C,Out] to y[N,OH,OW,Out]:
//
//	y[n,i,j,o] = bias[o] + Σ over u,v,c of x[n,h,k,c]·w[u,v,c,o]
//	h = i·StrideH + u·DilationH − PadTop
//	k = j·StrideW + v·DilationW − PadLeft
//
// The sum is the product of a patch of the image, laid out as a row of KH·KW·C
// numbers, and w as a matrix [KH·KW·C, Out]. Each kernel here lays out a patch, or
// adds one back, and calls addProduct, as MatMul does. Im2Col lays out all patches
// at once.

// pixel is the number h·W+k of the pixel under tap (u,v) of the filter at
// output (i,j), or −1 in the padding.
func pixel(s *kernels.ConvSpec, i, j, u, v int) int {
	h := i*s.StrideH + u*s.DilationH - s.PadTop
	k := j*s.StrideW + v*s.DilationW - s.PadLeft
	if h < 0 || h >= s.H || k < 0 || k >= s.W {
		return -1
	}
	return h*s.W + k
}

// layOut copies the patch under output (i,j) of an image into row[KH,KW,C],
// with zeros in the padding.
func layOut(row, image []float32, s *kernels.ConvSpec, i, j int) {
	for u := range s.KH {
		for v := range s.KW {
			if p := pixel(s, i, j, u, v); p >= 0 {
				copy(row[:s.C], image[p*s.C:])
			} else {
				clear(row[:s.C])
			}
			row = row[s.C:]
		}
	}
}

// putBack adds row[KH,KW,C] to the patch that layOut copies it from.
func putBack[T float32 | float64](image []float64, row []T, s *kernels.ConvSpec, i, j int) {
	for u := range s.KH {
		for v := range s.KW {
			if p := pixel(s, i, j, u, v); p >= 0 {
				for c, value := range row[:s.C] {
					image[p*s.C+c] += float64(value)
				}
			}
			row = row[s.C:]
		}
	}
}

// Conv2D divides the rows of all images' outputs among the cores.
func (d *Device) Conv2D(y, x, w, bias kernels.Buffer, s kernels.ConvSpec) {
	s.Check("conv2d", y, x, w, bias)
	d.call = operands{
		y: kernels.Floats(y), x: kernels.Floats(x), wide: widen(&d.wide, kernels.Floats(w)), bias: kernels.Floats(bias), conv: s,
	}
	d.share(convRows, s.N*s.OH, s.OW*s.Cols()*s.Out, sizes{row: s.Cols(), sums: s.Out})
}

// convRows computes y[n,i,:,:] for from ≤ n·OH+i < to.
func convRows(call *operands, own *scratch, from, to int) {
	s := &call.conv
	y := call.y[from*s.OW*s.Out:]
	patch := resize(&own.row, s.Cols())
	for ni := from; ni < to; ni++ {
		n, i := ni/s.OH, ni%s.OH
		image := call.x[n*s.H*s.W*s.C:]
		for j := range s.OW {
			layOut(patch, image, s, i, j)
			sums := zeros(&own.sums, s.Out)
			addProduct(sums, patch, call.wide)
			finish(y[:s.Out], sums, call.bias, kernels.Overwrite, s.ReLU)
			y = y[s.Out:]
		}
	}
}

// Conv2DGradInput: the patch under (i,j) contributed to all of y[n,i,j,:], so its
// gradient is dy[n,i,j,:]·wᵀ:
//
//	dpatch[u,v,c] = Σ over o of dy[n,i,j,o]·w[u,v,c,o]
//
// A pixel's gradient is the sum over all patches that contain it. The images are
// divided among the cores.
func (d *Device) Conv2DGradInput(dx, dy, w kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.Check("conv2d gradient by input", dy, dx, w, nil)
	wT := widenTransposed(&d.wide, kernels.Floats(w), s.Cols(), s.Out)
	d.call = operands{y: kernels.Floats(dx), x: kernels.Floats(dy), wide: wT, mode: m, conv: s}
	d.share(convGradImages, s.N, s.OH*s.OW*s.Cols()*s.Out, sizes{sums: s.H * s.W * s.C, sumsB: s.Cols()})
}

// convGradImages computes dx[from:to,:,:,:].
func convGradImages(call *operands, own *scratch, from, to int) {
	s, dx := &call.conv, call.y
	size := s.H * s.W * s.C
	dy := call.x[from*s.OH*s.OW*s.Out:]
	for n := from; n < to; n++ {
		image := zeros(&own.sums, size)
		for i := range s.OH {
			for j := range s.OW {
				patch := zeros(&own.sumsB, s.Cols())
				addProduct(patch, dy[:s.Out], call.wide)
				putBack(image, patch, s, i, j)
				dy = dy[s.Out:]
			}
		}
		store(dx[n*size:(n+1)*size], image, call.mode)
	}
}

// Conv2DGradFilter: weight (u,v,c,o) multiplies x[n,h,k,c] into y[n,i,j,o] at every
// position, so
//
//	dw[u,v,c,o] = Σ over n,i,j of x[n,h,k,c]·dy[n,i,j,o]
//
// For each image and each (u,v,c), the input under the tap at all positions is laid
// out as a row of OH·OW numbers and multiplied by dy[n] as a matrix [OH·OW, Out].
// The rows (u,v,c) of dw are divided among the cores.
func (d *Device) Conv2DGradFilter(dw, dy, x kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.Check("conv2d gradient by filter", dy, x, dw, nil)
	d.call = operands{
		y: kernels.Floats(dw), x: kernels.Floats(x), wide: widen(&d.wide, kernels.Floats(dy)),
		sums: zeros(&d.whole, s.Cols()*s.Out), mode: m, conv: s,
	}
	d.share(convGradWeights, s.Cols(), s.N*s.OH*s.OW*s.Out, sizes{row: s.OH * s.OW})
}

// convGradWeights computes rows [from, to) of dw as a matrix [KH·KW·C, Out].
func convGradWeights(call *operands, own *scratch, from, to int) {
	s := &call.conv
	row := resize(&own.row, s.OH*s.OW)
	for n := range s.N {
		image, dy := call.x[n*s.H*s.W*s.C:], call.wide[n*s.OH*s.OW*s.Out:]
		for weight := from; weight < to; weight++ {
			u, v, c := weight/s.C/s.KW, weight/s.C%s.KW, weight%s.C
			for i := range s.OH {
				for j := range s.OW {
					row[i*s.OW+j] = 0
					if p := pixel(s, i, j, u, v); p >= 0 {
						row[i*s.OW+j] = image[p*s.C+c]
					}
				}
			}
			addProduct(call.sums[weight*s.Out:(weight+1)*s.Out], row, dy)
		}
	}
	store(call.y[from*s.Out:to*s.Out], call.sums[from*s.Out:to*s.Out], call.mode)
}

// Im2Col writes the patch under each output position as one row. Conv2D is then
// the product col[N·OH·OW, KH·KW·C] · w[KH·KW·C, Out].
func (d *Device) Im2Col(col, x kernels.Buffer, s kernels.ConvSpec) {
	s.CheckCol("im2col", col, x)
	cols, xs := kernels.Floats(col), kernels.Floats(x)
	for n := range s.N {
		image := xs[n*s.H*s.W*s.C:]
		for i := range s.OH {
			for j := range s.OW {
				layOut(cols, image, &s, i, j)
				cols = cols[s.Cols():]
			}
		}
	}
}

// Col2Im is the gradient of Im2Col: each element of dcol is added to the pixel
// that it was copied from.
func (d *Device) Col2Im(dx, dcol kernels.Buffer, s kernels.ConvSpec, m kernels.Mode) {
	s.CheckCol("col2im", dcol, dx)
	dxs, dcols := kernels.Floats(dx), kernels.Floats(dcol)
	size := s.H * s.W * s.C
	for n := range s.N {
		image := zeros(&d.sums, size)
		for i := range s.OH {
			for j := range s.OW {
				putBack(image, dcols, &s, i, j)
				dcols = dcols[s.Cols():]
			}
		}
		store(dxs[n*size:(n+1)*size], image, m)
	}
}
