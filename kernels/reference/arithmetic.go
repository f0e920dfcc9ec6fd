package reference

import "baregrad/kernels"

// Elementwise arithmetic with broadcasting: y = a∘b. BroadcastSpec says which
// elements of a and b each element of y comes from. The gradient of an operand's
// element is the sum over all its repetitions.

// forEachRun calls f for each run along the output's innermost axis, with the
// positions in y, a and b at which the run begins. Within the run, y advances by 1,
// and a and b advance by their strides along that axis.
func forEachRun(s *kernels.BroadcastSpec, f func(y, a, b int)) {
	if s.Len() == 0 {
		return
	}
	inner := s.Rank - 1
	var index [kernels.MaxRank]int // of the outer axes
	a, b := 0, 0
	for y := 0; ; y += s.Dim[inner] {
		f(y, a, b)
		axis := inner - 1
		for ; axis >= 0; axis-- { // count up like an odometer
			index[axis]++
			a += s.A[axis]
			b += s.B[axis]
			if index[axis] < s.Dim[axis] {
				break
			}
			a -= s.A[axis] * s.Dim[axis]
			b -= s.B[axis] * s.Dim[axis]
			index[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}

// elementwise is y = op(a,b).
func elementwise(y, a, b kernels.Buffer, s *kernels.BroadcastSpec, op func(a, b float32) float32) {
	ys, as, bs := kernels.Floats(y), kernels.Floats(a), kernels.Floats(b)
	inner := s.Rank - 1
	strideA, strideB := s.A[inner], s.B[inner]
	forEachRun(s, func(y, a, b int) {
		for i := range s.Dim[inner] {
			ys[y+i] = op(as[a+i*strideA], bs[b+i*strideB])
		}
	})
}

// elementwiseGrad is da = Σ gradA(dy,a,b), db = Σ gradB(dy,a,b), summed over each
// element's repetitions. Both are computed before either is stored, so da or db
// may share dy's memory. a and b are nil where they are not needed; gradA and gradB
// then get 0.
func (d *Device) elementwiseGrad(da, db, dy, a, b kernels.Buffer, s *kernels.BroadcastSpec,
	ma, mb kernels.Mode, gradA, gradB func(dy, a, b float64) float64) {
	dys, as, bs := kernels.Floats(dy), kernels.Floats(a), kernels.Floats(b)
	var sumsA, sumsB []float64
	if da != nil {
		sumsA = zeros(&d.sums, s.LenA())
	}
	if db != nil {
		sumsB = zeros(&d.sumsB, s.LenB())
	}
	inner := s.Rank - 1
	strideA, strideB := s.A[inner], s.B[inner]
	forEachRun(s, func(y, a, b int) {
		for i := range s.Dim[inner] {
			dy, ia, ib := float64(dys[y+i]), a+i*strideA, b+i*strideB
			va, vb := 0.0, 0.0
			if as != nil {
				va, vb = float64(as[ia]), float64(bs[ib])
			}
			if sumsA != nil {
				sumsA[ia] += gradA(dy, va, vb)
			}
			if sumsB != nil {
				sumsB[ib] += gradB(dy, va, vb)
			}
		}
	})
	if da != nil {
		store(kernels.Floats(da), sumsA, ma)
	}
	if db != nil {
		store(kernels.Floats(db), sumsB, mb)
	}
}

func (d *Device) Add(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	s.Check("add", y, a, b)
	elementwise(y, a, b, &s, func(a, b float32) float32 { return a + b })
}

// AddGrad: da = dy, db = dy.
func (d *Device) AddGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("add gradient", da, db, dy)
	d.elementwiseGrad(da, db, dy, nil, nil, &s, ma, mb,
		func(dy, _, _ float64) float64 { return dy },
		func(dy, _, _ float64) float64 { return dy })
}

func (d *Device) Sub(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	s.Check("sub", y, a, b)
	elementwise(y, a, b, &s, func(a, b float32) float32 { return a - b })
}

// SubGrad: da = dy, db = −dy.
func (d *Device) SubGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("sub gradient", da, db, dy)
	d.elementwiseGrad(da, db, dy, nil, nil, &s, ma, mb,
		func(dy, _, _ float64) float64 { return dy },
		func(dy, _, _ float64) float64 { return -dy })
}

func (d *Device) Mul(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	s.Check("mul", y, a, b)
	elementwise(y, a, b, &s, func(a, b float32) float32 { return a * b })
}

// MulGrad: da = dy·b, db = dy·a.
func (d *Device) MulGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("mul gradient", da, db, dy)
	s.Check("mul gradient", dy, a, b)
	d.elementwiseGrad(da, db, dy, a, b, &s, ma, mb,
		func(dy, _, b float64) float64 { return dy * b },
		func(dy, a, _ float64) float64 { return dy * a })
}

func (d *Device) Div(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	s.Check("div", y, a, b)
	elementwise(y, a, b, &s, func(a, b float32) float32 { return a / b })
}

// DivGrad: da = dy/b, db = −dy·a/b².
func (d *Device) DivGrad(da, db, dy, a, b kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	s.CheckGrad("div gradient", da, db, dy)
	s.Check("div gradient", dy, a, b)
	d.elementwiseGrad(da, db, dy, a, b, &s, ma, mb,
		func(dy, _, b float64) float64 { return dy / b },
		func(dy, a, b float64) float64 { return -dy * a / (b * b) })
}

// Affine is y = scale·x + shift.
func (d *Device) Affine(y, x kernels.Buffer, scale, shift float32) {
	kernels.SameLen("affine", y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for i, v := range xs {
		ys[i] = float32(float64(scale)*float64(v) + float64(shift)) // exact
	}
}

// AffineGrad is dx = scale·dy.
func (d *Device) AffineGrad(dx, dy kernels.Buffer, scale float32, m kernels.Mode) {
	kernels.SameLen("affine gradient", dx, dy)
	dxs, dys := kernels.Floats(dx), kernels.Floats(dy)
	for i, v := range dys {
		put(&dxs[i], scale*v, m)
	}
}

// AddScaled is y += scale·x.
func (d *Device) AddScaled(y, x kernels.Buffer, scale float32) {
	kernels.SameLen("addscaled", y, x)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	for i, v := range xs {
		ys[i] = float32(float64(ys[i]) + float64(scale)*float64(v)) // exact
	}
}

// Equal is y = 1 where the int32 a and b are equal, otherwise 0: the hits of an accuracy.
func (d *Device) Equal(y, a, b kernels.Buffer) {
	n := kernels.LenOf("equal", "output", y)
	kernels.Want("equal", "output", y, kernels.Float32, n)
	kernels.Want("equal", "first operand", a, kernels.Int32, n)
	kernels.Want("equal", "second operand", b, kernels.Int32, n)
	ys, as, bs := kernels.Floats(y), kernels.Ints(a), kernels.Ints(b)
	for i := range ys {
		ys[i] = 0
		if as[i] == bs[i] {
			ys[i] = 1
		}
	}
}

// Greater is y = 1 where x > threshold, otherwise 0: a class from a probability.
func (d *Device) Greater(y, x kernels.Buffer, threshold float32) {
	n := kernels.LenOf("greater", "output", y)
	kernels.Want("greater", "output", y, kernels.Int32, n)
	kernels.Want("greater", "input", x, kernels.Float32, n)
	ys, xs := kernels.Ints(y), kernels.Floats(x)
	for i, v := range xs {
		ys[i] = 0
		if v > threshold {
			ys[i] = 1
		}
	}
}
