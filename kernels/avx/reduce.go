package avx

import "baregrad/kernels"

// Reductions of x[Outer,N,Inner] over its middle axis to y[Outer,Inner]. Sums are kept in float64.
// The axis is split into parts whose size depends on N and Inner alone, and the parts' sums are added
// in order, so the bits of the result do not depend on the number of workers.

func (d *Device) Sum(y, x kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	kernels.Want("sum", "whole", x, kernels.Float32, s.Outer*s.N*s.Inner)
	s.Check("sum", y, kernels.Float32, x)
	d.sum(kernels.Floats(y), kernels.Floats(x), s, 1, m)
}

func (d *Device) Mean(y, x kernels.Buffer, s kernels.ReduceSpec) {
	kernels.Want("mean", "whole", x, kernels.Float32, s.Outer*s.N*s.Inner)
	s.Check("mean", y, kernels.Float32, x)
	d.sum(kernels.Floats(y), kernels.Floats(x), s, 1/float64(s.N), kernels.Overwrite)
}

// SumGrad: every summand gets the sum's gradient.
func (d *Device) SumGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	kernels.Want("sum gradient", "whole", dx, kernels.Float32, s.Outer*s.N*s.Inner)
	s.Check("sum gradient", dy, kernels.Float32, dx)
	d.spread(kernels.Floats(dx), kernels.Floats(dy), s, 1, m)
}

// MeanGrad: every element gets the mean's gradient divided by N.
func (d *Device) MeanGrad(dx, dy kernels.Buffer, s kernels.ReduceSpec, m kernels.Mode) {
	kernels.Want("mean gradient", "whole", dx, kernels.Float32, s.Outer*s.N*s.Inner)
	s.Check("mean gradient", dy, kernels.Float32, dx)
	d.spread(kernels.Floats(dx), kernels.Floats(dy), s, 1/float32(s.N), m)
}

// sum computes y[o,i] = factor·Σ over n of x[o,n,i].
func (d *Device) sum(y, x []float32, s kernels.ReduceSpec, factor float64, m kernels.Mode) {
	if len(y) == 0 {
		return
	}
	j := job{reduce: s, factor: factor, mode: m}
	if count, _ := parts(s.N, s.Inner); count <= 1 || s.Outer >= fewParts { // each o is at most one part, or there are many
		_, size := parts(s.Outer, s.N*s.Inner)
		j.y, j.a = y, x
		j.sums = d.sumScratch((s.Outer + size - 1) / size * padded(s.Inner))
		d.share(&j, s.Outer, s.N*s.Inner, sumSlabs)
		return
	}
	for o := range s.Outer {
		j.y, j.a = y[o*s.Inner:(o+1)*s.Inner], x[o*s.N*s.Inner:(o+1)*s.N*s.Inner]
		d.sumLong(j)
	}
}

// sumSlabs sums whole slabs x[o,:,:], one after another.
func sumSlabs(j *job, from, to int) {
	s := j.reduce
	sums := j.sums[from/j.size*padded(s.Inner):][:s.Inner]
	for o := from; o < to; o++ {
		sumSlab(j.k, sums, j.a[o*s.N*s.Inner:(o+1)*s.N*s.Inner], s.N)
		store(j.y[o*s.Inner:(o+1)*s.Inner], sums, j.factor, j.mode)
	}
}

// sumSlab computes sums[i] = Σ over n of x[n,i].
func sumSlab(k *vectorKernels, sums []float64, x []float32, n int) {
	if len(sums) == 1 {
		sums[0] = k.sum_f32(x)
		return
	}
	k.sum_rows_f32(sums, x, n)
}

// sumLong sums one slab that is shared among the workers.
func (d *Device) sumLong(j job) {
	s := j.reduce
	count, _ := parts(s.N, s.Inner)
	sums := d.sumScratch(count * padded(s.Inner))
	j.sums = sums
	y, factor, m := j.y, j.factor, j.mode
	d.share(&j, s.N, s.Inner, func(j *job, from, to int) {
		s := j.reduce
		sumSlab(j.k, j.sums[from/j.size*padded(s.Inner):][:s.Inner], j.a[from*s.Inner:to*s.Inner], to-from)
	})
	store(y, d.addParts(sums, count, s.Inner), factor, m)
}

// addParts adds up the sums of all parts in order, into those of the first.
func (d *Device) addParts(sums []float64, count, inner int) []float64 {
	d.set.vector.sum_parts_f64(sums[:count*padded(inner)], padded(inner), count)
	return sums[:inner]
}

// padded is inner rounded up so that no two parts' sums share a cache line.
func padded(inner int) int { return (inner + 7) &^ 7 }

// store rounds sums into y: y = factor·sums, or y += factor·sums.
func store(y []float32, sums []float64, factor float64, m kernels.Mode) {
	if factor == 1 && m == kernels.Overwrite {
		for i, v := range sums {
			y[i] = float32(v)
		}
		return
	}
	for i, v := range sums {
		v = float64(v * factor)
		if m == kernels.Accumulate {
			v += float64(y[i])
		}
		y[i] = float32(v)
	}
}

// sumScratch returns n float64 of scratch memory, which is allocated when a size is first needed.
func (d *Device) sumScratch(n int) []float64 {
	if cap(d.sums) < n {
		d.sums = make([]float64, n)
	}
	return d.sums[:n]
}

// spread computes dx[o,n,i] = scale·dy[o,i].
func (d *Device) spread(dx, dy []float32, s kernels.ReduceSpec, scale float32, m kernels.Mode) {
	j := job{y: dx, a: dy, reduce: s, scalar: [5]float32{scale}, mode: m}
	if s.Inner == 1 {
		d.share(&j, s.Outer, s.N, func(j *job, from, to int) {
			for o := from; o < to; o++ {
				row, v := j.y[o*j.reduce.N:(o+1)*j.reduce.N], j.scalar[0]*j.a[o]
				if j.mode == kernels.Accumulate {
					j.k.affine_fwd_f32(row, row, 1, v)
				} else {
					j.k.fill_f32(row, v)
				}
			}
		})
		return
	}
	d.share(&j, s.Outer*s.N, s.Inner, func(j *job, from, to int) {
		s := j.reduce
		for r := from; r < to; r++ {
			o := r / s.N
			j.k.affine_bwd_f32(j.y[r*s.Inner:(r+1)*s.Inner], j.a[o*s.Inner:(o+1)*s.Inner], j.scalar[0], j.mode)
		}
	})
}

// Max takes the maximum over the last axis; the reference does the others.
func (d *Device) Max(y, arg, x kernels.Buffer, s kernels.ReduceSpec) {
	if s.Inner != 1 {
		d.Device.Max(y, arg, x, s)
		return
	}
	s.CheckMax("max", y, arg, x)
	d.argMax(arg, x, s)
	ys, args, xs := kernels.Floats(y), kernels.Ints(arg), kernels.Floats(x)
	for o := range ys {
		ys[o] = xs[o*s.N+int(args[o])]
	}
}

func (d *Device) ArgMax(arg, x kernels.Buffer, s kernels.ReduceSpec) {
	if s.Inner != 1 {
		d.Device.ArgMax(arg, x, s)
		return
	}
	s.CheckMax("argmax", nil, arg, x)
	d.argMax(arg, x, s)
}

func (d *Device) Accuracy(y, x, labels kernels.Buffer, rows, cols int) {
	kernels.CheckAccuracy(y, x, labels, rows, cols)
	var distributions []float32
	var classes []int32
	if labels.Type() == kernels.Int32 {
		classes = kernels.Ints(labels)
	} else {
		distributions = kernels.Floats(labels)
	}
	if fewClasses(cols) {
		d.runClasses(classTask{
			block: (*classTask).accuracy, rows: rows, cols: cols, labels: distributions, classes: classes,
			x: kernels.Floats(x), row: kernels.Floats(y),
		})
		return
	}
	j := job{y: kernels.Floats(y), a: kernels.Floats(x), b: distributions, arg: classes, cols: cols}
	d.share(&j, rows, 2*(cols+rowCost), func(j *job, from, to int) {
		for r := from; r < to; r++ {
			at, beyond := r*j.cols, (r+1)*j.cols
			found, class := j.k.argmax_f32(j.a[at:beyond]), 0
			if j.b == nil {
				class = int(j.arg[r])
			} else {
				class = j.k.argmax_f32(j.b[at:beyond])
			}
			j.y[r] = 0
			if found == class {
				j.y[r] = 1
			}
		}
	})
}

// argMax finds the maximum of each row x[o,:].
func (d *Device) argMax(arg, x kernels.Buffer, s kernels.ReduceSpec) {
	d.share(&job{arg: kernels.Ints(arg), a: kernels.Floats(x), reduce: s}, s.Outer, s.N+rowCost, func(j *job, from, to int) {
		n := j.reduce.N
		for o := from; o < to; o++ {
			j.arg[o] = int32(j.k.argmax_f32(j.a[o*n : (o+1)*n]))
		}
	})
}
