package reference

import "baregrad/kernels"

// Pooling over windows of KH×KW of x[N,H,W,C] to y[N,OH,OW,C]:
//
//	y[n,i,j,c] = max or mean of x[n,h,k,c] over the window's part in the image
//	h from i·StrideH − PadTop, k from j·StrideW − PadLeft
//
// bounds gives that part. PoolSpec.Check has made sure it is not empty.

// bounds returns the part [from, to) of window i along one axis that lies inside
// the image.
func bounds(i, kernel, stride, pad, size int) (from, to int) {
	from = i*stride - pad
	return max(from, 0), min(from+kernel, size)
}

// wins reports whether v replaces the best so far. A larger value does, and so does
// the first NaN. An equal value does not, so the first one stays.
func wins(v, best float32) bool {
	return v > best || (v != v && best == best)
}

// MaxPool divides the images among the cores.
func (d *Device) MaxPool(y, arg, x kernels.Buffer, s kernels.PoolSpec) {
	s.CheckMax("maxpool", y, arg, x)
	d.call = operands{y: kernels.Floats(y), arg: kernels.Ints(arg), x: kernels.Floats(x), pool: s}
	d.share(maxPoolImages, s.N, s.OH*s.OW*s.KH*s.KW*s.C, sizes{})
}

// maxPoolImages computes y[from:to,:,:,:] and the positions of the maxima.
func maxPoolImages(call *operands, _ *scratch, from, to int) {
	s, xs := &call.pool, call.x
	ys, args := call.y[from*s.OH*s.OW*s.C:], call.arg[from*s.OH*s.OW*s.C:]
	for n := from; n < to; n++ {
		for i := range s.OH {
			h0, h1 := bounds(i, s.KH, s.StrideH, s.PadTop, s.H)
			for j := range s.OW {
				k0, k1 := bounds(j, s.KW, s.StrideW, s.PadLeft, s.W)
				first := ((n*s.H+h0)*s.W + k0) * s.C
				for c, v := range xs[first : first+s.C] {
					ys[c], args[c] = v, int32(first+c)
				}
				for h := h0; h < h1; h++ {
					for k := k0; k < k1; k++ {
						at := ((n*s.H+h)*s.W + k) * s.C
						for c, v := range xs[at : at+s.C] {
							if wins(v, ys[c]) {
								ys[c], args[c] = v, int32(at+c)
							}
						}
					}
				}
				ys, args = ys[s.C:], args[s.C:]
			}
		}
	}
}

// MaxPoolGrad adds each dy to the element that was its window's maximum. It keeps
// the sums of one image at a time, because windows may overlap.
func (d *Device) MaxPoolGrad(dx, dy, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.CheckMax("maxpool gradient", dy, arg, dx)
	dxs, dys, args := kernels.Floats(dx), kernels.Floats(dy), kernels.Ints(arg)
	sizeX, sizeY := s.H*s.W*s.C, s.OH*s.OW*s.C
	for n := range s.N {
		sums := zeros(&d.sums, sizeX)
		for out := n * sizeY; out < (n+1)*sizeY; out++ {
			sums[int(args[out])-n*sizeX] += float64(dys[out])
		}
		store(dxs[n*sizeX:(n+1)*sizeX], sums, m)
	}
}

// BiasReLUMaxPoolGrad is MaxPoolGrad where the ReLU passed, and its sum for each channel.
func (d *Device) BiasReLUMaxPoolGrad(dx, dbias, dy, y, arg kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.CheckBiasReLU("bias relu maxpool gradient", dx, dbias, dy, y, arg)
	dys, ys, args := kernels.Floats(dy), kernels.Floats(y), kernels.Ints(arg)
	sizeX, sizeY := s.H*s.W*s.C, s.OH*s.OW*s.C
	biases := zeros(&d.sumsB, s.C)
	for n := range s.N {
		sums := zeros(&d.sums, sizeX)
		for out := n * sizeY; out < (n+1)*sizeY; out++ {
			if ys[out] > 0 {
				sums[int(args[out])-n*sizeX] += float64(dys[out])
				biases[out%s.C] += float64(dys[out])
			}
		}
		store(kernels.Floats(dx)[n*sizeX:(n+1)*sizeX], sums, kernels.Overwrite)
	}
	if dbias != nil {
		store(kernels.Floats(dbias), biases, m)
	}
}

func (d *Device) AvgPool(y, x kernels.Buffer, s kernels.PoolSpec) {
	s.Check("avgpool", y, nil, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for n := range s.N {
		for i := range s.OH {
			h0, h1 := bounds(i, s.KH, s.StrideH, s.PadTop, s.H)
			for j := range s.OW {
				k0, k1 := bounds(j, s.KW, s.StrideW, s.PadLeft, s.W)
				sums := zeros(&d.sums, s.C)
				for h := h0; h < h1; h++ {
					for k := k0; k < k1; k++ {
						at := ((n*s.H+h)*s.W + k) * s.C
						for c, v := range xs[at : at+s.C] {
							sums[c] += float64(v)
						}
					}
				}
				count := float64((h1 - h0) * (k1 - k0))
				for c, sum := range sums {
					ys[c] = float32(sum / count)
				}
				ys = ys[s.C:]
			}
		}
	}
}

// AvgPoolGrad gives each element of a window dy divided by the number of its elements.
func (d *Device) AvgPoolGrad(dx, dy kernels.Buffer, s kernels.PoolSpec, m kernels.Mode) {
	s.Check("avgpool gradient", dy, nil, dx)
	dxs, dys := kernels.Floats(dx), kernels.Floats(dy)
	size := s.H * s.W * s.C
	for n := range s.N {
		sums := zeros(&d.sums, size)
		for i := range s.OH {
			h0, h1 := bounds(i, s.KH, s.StrideH, s.PadTop, s.H)
			for j := range s.OW {
				k0, k1 := bounds(j, s.KW, s.StrideW, s.PadLeft, s.W)
				count := float64((h1 - h0) * (k1 - k0))
				for h := h0; h < h1; h++ {
					for k := k0; k < k1; k++ {
						at := (h*s.W + k) * s.C
						for c, v := range dys[:s.C] {
							sums[at+c] += float64(v) / count
						}
					}
				}
				dys = dys[s.C:]
			}
		}
		store(dxs[n*size:(n+1)*size], sums, m)
	}
}
