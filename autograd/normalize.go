package autograd

import (
	"slices"

	"baregrad/kernels"
)

// Normalize scales x to mean 0 and variance 1 along the axes from first to last (see Sum):
// y = (x−mean)/√(variance+epsilon), with x's shape. Over axis 0 of [N,C] it is batch
// normalization (Ioffe and Szegedy, 2015), over axis 1 layer normalization (Ba, Kiros and
// Hinton, 2016), both without their scale and shift; BatchNorm and LayerNorm, below, are
// faster. Over axes 1 and 2 of images [N,H,W,C] it is instance normalization (Ulyanov,
// Vedaldi and Lempitsky, 2016). The variance is the mean of (x−mean)². mean and variance, of
// Sum's shape, are returned as variables without a gradient. The gradient that flows through
// them is part of y's.
func (t *Tape) Normalize(x *Var, first, last int, epsilon float32) (y, mean, variance *Var) {
	shape, r := reduction("normalize", x, first, last)
	if r.N == 0 {
		kernels.Panicf("normalize", "axes %d to %d of %v are empty", first, last, x.Shape())
	}
	// Everything is [Outer,N,Inner]; reduced values are repeated along the middle axis.
	_, repeat, _ := kernels.Broadcast([]int{r.Outer, r.N, r.Inner}, []int{r.Outer, 1, r.Inner})
	_, same, _ := kernels.Broadcast([]int{x.Value.Len()}, []int{x.Value.Len()})
	y = t.output(x.Shape(), x)
	mean, variance = t.Input(shape...), t.Input(shape...)
	inverse := t.alloc(kernels.Float32, shape).Buffer() // 1/√(variance+epsilon)
	work := t.alloc(kernels.Float32, x.Shape()).Buffer()
	var sums kernels.Buffer
	if y.wanted {
		sums = t.alloc(kernels.Float32, shape).Buffer()
	}
	d := t.device
	t.record("normalize", y, []*Var{y},
		func() {
			d.Mean(mean.data(), x.data(), r)
			d.Sub(y.data(), x.data(), mean.data(), repeat)
			d.Mul(work, y.data(), y.data(), same)
			d.Mean(variance.data(), work, r)
			d.Affine(inverse, variance.data(), 1, epsilon) // the root is e^(ln(v)/2)
			d.Log(inverse, inverse)
			d.Affine(inverse, inverse, -0.5, 0)
			d.Exp(inverse, inverse)
			d.Mul(y.data(), y.data(), inverse, repeat)
		},
		func() { // dx = (dy − mean(dy) − y·mean(dy·y))·inverse
			dx, mode := t.into(x)
			d.Mul(work, y.grad(), y.data(), same)
			d.Mean(sums, work, r)
			d.Mul(work, y.data(), sums, repeat)
			d.Sub(work, y.grad(), work, same)
			d.Mean(sums, y.grad(), r)
			d.Sub(work, work, sums, repeat)
			if mode == kernels.Overwrite {
				d.Mul(dx, work, inverse, repeat)
				return
			}
			d.Mul(work, work, inverse, repeat)
			d.AddScaled(dx, work, 1)
		})
	return y, mean, variance
}

// BatchNorm is y = gamma·(x−mean)/√(variance+epsilon) + beta, with x's shape. gamma and beta
// [C] have one number for each index of x's last axis, or are nil for 1 and 0. mean and
// variance [C] are those of each index over all other axes, and have no gradient. The result
// is that of Normalize and ScaleShift, in fewer passes over memory, and only x is kept.
func (t *Tape) BatchNorm(x, gamma, beta *Var, epsilon float32) (y, mean, variance *Var) {
	rows, cols := rowsAndCols("batch norm", x)
	inputs := []*Var{x}
	var scale, shift kernels.Buffer
	if gamma != nil {
		inputs, scale = append(inputs, gamma), gamma.data()
	}
	if beta != nil {
		inputs, shift = append(inputs, beta), beta.data()
	}
	y = t.output(x.Shape(), inputs...)
	mean, variance = t.Input(cols), t.Input(cols)
	d := t.device
	t.record("batch-norm", y, inputs,
		func() {
			d.BatchNorm(y.data(), mean.data(), variance.data(), x.data(), scale, shift, rows, cols, epsilon)
		},
		func() {
			dx, mx := t.into(x)
			dgamma, mg := t.into(gamma)
			dbeta, mb := t.into(beta)
			d.BatchNormGrad(dx, dgamma, dbeta, y.grad(), x.data(), mean.data(), variance.data(), scale, rows, cols, epsilon, mx, mg, mb)
		})
	return y, mean, variance
}

// LayerNorm is y = gamma·(x−mean)/√(variance+epsilon) + beta, with x's shape. mean and variance
// are over x's last axis. gamma and beta [C] have one number for each index of that axis, or are
// nil for 1 and 0. The result is that of Normalize and ScaleShift, in fewer passes over memory.
func (t *Tape) LayerNorm(x, gamma, beta *Var, epsilon float32) *Var {
	rows, cols := rowsAndCols("layer norm", x)
	inputs := []*Var{x}
	var scale, shift kernels.Buffer
	if gamma != nil {
		inputs, scale = append(inputs, gamma), gamma.data()
	}
	if beta != nil {
		inputs, shift = append(inputs, beta), beta.data()
	}
	y := t.output(x.Shape(), inputs...)
	mean, inverse := t.alloc(kernels.Float32, []int{rows}).Buffer(), t.alloc(kernels.Float32, []int{rows}).Buffer()
	d := t.device
	t.record("layer-norm", y, inputs,
		func() { d.LayerNorm(y.data(), mean, inverse, x.data(), scale, shift, rows, cols, epsilon) },
		func() {
			dx, mx := t.into(x)
			dgamma, mg := t.into(gamma)
			dbeta, mb := t.into(beta)
			d.LayerNormGrad(dx, dgamma, dbeta, y.grad(), x.data(), mean, inverse, scale, rows, cols, mx, mg, mb)
		})
	return y
}

// ScaleShift is y = x·scale + shift. scale and shift [C] have one number for each index of
// x's last axis. The result is that of Mul and Add, but less is kept for the backward pass.
func (t *Tape) ScaleShift(x, scale, shift *Var) *Var {
	rows, cols := rowsAndCols("scale-shift", x)
	if of := []int{cols}; !slices.Equal(scale.Shape(), of) || !slices.Equal(shift.Shape(), of) {
		kernels.Panicf("scale-shift", "x %v, scale %v, shift %v: both must be one number for each place of the last axis",
			x.Shape(), scale.Shape(), shift.Shape())
	}
	_, repeat, _ := kernels.Broadcast([]int{rows, cols}, []int{cols})
	_, same, _ := kernels.Broadcast([]int{rows * cols}, []int{rows * cols})
	over := kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}
	y := t.output(x.Shape(), x, scale, shift)
	var work kernels.Buffer
	if y.wanted {
		work = t.alloc(kernels.Float32, x.Shape()).Buffer()
	}
	d := t.device
	t.record("scale-shift", y, []*Var{x, scale},
		func() {
			d.Mul(y.data(), x.data(), scale.data(), repeat)
			d.Add(y.data(), y.data(), shift.data(), repeat)
		},
		func() { // dscale = Σ dy·x, dshift = Σ dy, dx = dy·scale
			if dscale, mode := t.into(scale); dscale != nil {
				d.Mul(work, y.grad(), x.data(), same)
				d.Sum(dscale, work, over, mode)
			}
			if dshift, mode := t.into(shift); dshift != nil {
				d.Sum(dshift, y.grad(), over, mode)
			}
			if dx, mode := t.into(x); dx != nil && mode == kernels.Overwrite {
				d.Mul(dx, y.grad(), scale.data(), repeat)
			} else if dx != nil {
				d.Mul(work, y.grad(), scale.data(), repeat)
				d.AddScaled(dx, work, 1)
			}
		})
	return y
}
