package reference

import "baregrad/kernels"

// Reductions of x[Outer,N,Inner] over its middle axis to y[Outer,Inner]:
//
//	y[o,i] = Σ, mean or max over n of x[o,n,i]
//
// For each o there is a row of Inner results, and x is read in order.

func (d *Device) Sum(y, x kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	s.Check("sum", y, kernels.Float32, x)
	d.sumAxis(kernels.Floats(y), kernels.Floats(x), s, 1, m)
}

// SumGrad: every summand gets the sum's gradient.
func (d *Device) SumGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	s.Check("sum gradient", dy, kernels.Float32, dx)
	spread(kernels.Floats(dx), kernels.Floats(dy), s, 1, m)
}

func (d *Device) Mean(y, x kernels.Buffer, s kernels.ReduceSpec) {
	s.Check("mean", y, kernels.Float32, x)
	d.sumAxis(kernels.Floats(y), kernels.Floats(x), s, float64(s.N), kernels.Overwrite)
}

// MeanGrad: every element gets the mean's gradient divided by N.
func (d *Device) MeanGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	s.Check("mean gradient", dy, kernels.Float32, dx)
	spread(kernels.Floats(dx), kernels.Floats(dy), s, float64(s.N), m)
}

// sumAxis is y[o,i] = (Σ over n of x[o,n,i])/divisor.
func (d *Device) sumAxis(y, x []float32, s kernels.ReduceSpec, divisor float64, m kernels.Mode) {
	for o := range s.Outer {
		sums := zeros(&d.sums, s.Inner)
		for range s.N {
			for i, v := range x[:s.Inner] {
				sums[i] += float64(v)
			}
			x = x[s.Inner:]
		}
		for i := range sums {
			sums[i] /= divisor
		}
		store(y[o*s.Inner:(o+1)*s.Inner], sums, m)
	}
}

// spread is dx[o,n,i] = dy[o,i]/divisor.
func spread(dx, dy []float32, s kernels.ReduceSpec, divisor float64, m kernels.Mode) {
	for range s.Outer {
		for range s.N {
			for i, v := range dy[:s.Inner] {
				put(&dx[i], float32(float64(v)/divisor), m)
			}
			dx = dx[s.Inner:]
		}
		dy = dy[s.Inner:]
	}
}

func (d *Device) Max(y, arg, x kernels.Buffer, s kernels.ReduceSpec) {
	kernels.Want("max", "maximum", y, kernels.Float32, s.Outer*s.Inner)
	s.CheckMax("max", y, arg, x)
	argMax(kernels.Ints(arg), kernels.Floats(x), s)
	ys, args, xs := kernels.Floats(y), kernels.Ints(arg), kernels.Floats(x)
	for o := range s.Outer {
		for i := range s.Inner {
			at := o*s.Inner + i
			ys[at] = xs[(o*s.N+int(args[at]))*s.Inner+i]
		}
	}
}

// MaxGrad: the maximum gets dy, everything else 0.
func (d *Device) MaxGrad(dx, dy, arg kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	kernels.Want("max gradient", "maximum's gradient", dy, kernels.Float32, s.Outer*s.Inner)
	s.CheckMax("max gradient", dy, arg, dx)
	dxs, dys, args := kernels.Floats(dx), kernels.Floats(dy), kernels.Ints(arg)
	if m == kernels.Overwrite {
		clear(dxs)
	}
	for o := range s.Outer {
		for i := range s.Inner {
			at := o*s.Inner + i
			dxs[(o*s.N+int(args[at]))*s.Inner+i] += dys[at]
		}
	}
}

func (d *Device) ArgMax(arg, x kernels.Buffer, s kernels.ReduceSpec) {
	s.CheckMax("argmax", nil, arg, x)
	argMax(kernels.Ints(arg), kernels.Floats(x), s)
}

func (d *Device) Accuracy(y, x, labels kernels.Buffer, rows, cols int) {
	kernels.CheckAccuracy(y, x, labels, rows, cols)
	ys, xs := kernels.Floats(y), kernels.Floats(x)
	var found, class [1]int32
	row := kernels.ReduceSpec{Outer: 1, N: cols, Inner: 1}
	for r := range ys {
		argMax(found[:], xs[r*cols:], row)
		if labels.Type() == kernels.Int32 {
			class[0] = kernels.Ints(labels)[r]
		} else {
			argMax(class[:], kernels.Floats(labels)[r*cols:], row)
		}
		ys[r] = 0
		if found == class {
			ys[r] = 1
		}
	}
}

// argMax finds the positions of the maxima along the middle axis. See wins for ties and NaN.
func argMax(arg []int32, x []float32, s kernels.ReduceSpec) {
	for o := range s.Outer {
		whole, best := x[o*s.N*s.Inner:], arg[o*s.Inner:(o+1)*s.Inner]
		clear(best)
		for n := 1; n < s.N; n++ {
			for i, v := range whole[n*s.Inner : (n+1)*s.Inner] {
				if wins(v, whole[int(best[i])*s.Inner+i]) {
					best[i] = int32(n)
				}
			}
		}
	}
}
