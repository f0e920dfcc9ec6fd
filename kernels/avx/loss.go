package avx

import (
	"math"

	"baregrad/kernels"
)

// Losses, one value for each row, row by row; softmax cross-entropy with few columns is in
// classes.go. Labels are one class for each row or a distribution. CrossEntropy, on probabilities, is
// left to the reference: models trained for speed use the loss that is fused with softmax.

// SoftmaxCrossEntropy: loss = −Σ t·(x − M − ln Σ e^(x−M)).
func (d *Device) SoftmaxCrossEntropy(loss, probs, logits, labels kernels.Buffer, rows, cols int) {
	const op = "softmax cross-entropy"
	kernels.CheckLoss(op, loss, logits, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, probs)
	distributions, classes := readLabels(op, labels, cols)
	if fewClasses(cols) {
		d.runClasses(classTask{
			block: (*classTask).softmaxCrossEntropy, rows: rows, cols: cols, labels: distributions, classes: classes,
			y: kernels.Floats(probs), x: kernels.Floats(logits), row: kernels.Floats(loss),
		})
		return
	}
	j := job{y: kernels.Floats(probs), a: kernels.Floats(logits), b: distributions, c: kernels.Floats(loss), arg: classes, cols: cols}
	d.share(&j, rows, cols+rowCost, func(j *job, from, to int) {
		for r := from; r < to; r++ {
			x := j.row(j.a, r)
			maximum, sum := j.k.softmax_fwd_f32(j.row(j.y, r), x)
			log, loss := math.Log(float64(sum)), 0.0
			if j.arg != nil {
				loss = log - (float64(x[j.arg[r]]) - float64(maximum))
			} else {
				for c, t := range j.row(j.b, r) {
					loss -= float64(float64(t) * (float64(x[c]) - float64(maximum) - log))
				}
			}
			j.c[r] = float32(loss)
		}
	})
}

// SoftmaxCrossEntropyGrad: dx = dloss·(probs·Σ t − t). With a class as label, that is dloss·probs in
// every other column.
func (d *Device) SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	const op = "softmax cross-entropy gradient"
	kernels.CheckLoss(op, dloss, probs, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, dlogits)
	distributions, classes := readLabels(op, labels, cols)
	if fewClasses(cols) && m == kernels.Overwrite {
		d.runClasses(classTask{
			block: (*classTask).softmaxCrossEntropyGrad, rows: rows, cols: cols, labels: distributions, classes: classes,
			y: kernels.Floats(dlogits), x: kernels.Floats(probs), row: kernels.Floats(dloss),
		})
		return
	}
	j := job{y: kernels.Floats(dlogits), a: kernels.Floats(probs), b: distributions, c: kernels.Floats(dloss), arg: classes, cols: cols, mode: m}
	d.share(&j, rows, cols+rowCost, func(j *job, from, to int) {
		for r := from; r < to; r++ {
			dx, p, dl := j.row(j.y, r), j.row(j.a, r), j.c[r]
			if j.arg == nil {
				t := j.row(j.b, r)
				j.k.softmax_cross_entropy_bwd_f32(dx, p, t, dl, float32(j.k.sum_f32(t)), j.mode)
				continue
			}
			class := j.arg[r]
			gradient := float32(dl * (p[class] - 1))
			if j.mode == kernels.Accumulate {
				gradient += dx[class]
			}
			j.k.affine_bwd_f32(dx, p, dl, j.mode)
			dx[class] = gradient
		}
	})
}

// readLabels returns the labels as distributions, or as classes, which it checks. The other result is
// nil.
func readLabels(op string, labels kernels.Buffer, cols int) (distributions []float32, classes []int32) {
	if labels.Type() == kernels.Float32 {
		return kernels.Floats(labels), nil
	}
	classes = kernels.Ints(labels)
	for r, class := range classes {
		if class < 0 || int(class) >= cols {
			kernels.Panicf(op, "label %d of row %d: must be from 0 to %d", class, r, cols-1)
		}
	}
	return nil, classes
}

// MeanSquaredError: loss = mean of (x−t)².
func (d *Device) MeanSquaredError(loss, x, targets kernels.Buffer, rows, cols int) {
	kernels.CheckTargets("mean squared error", loss, x, targets, rows, cols)
	d.meanByRow(loss, x, targets, rows, cols, d.set.vector.squared_error_f32)
}

// MeanSquaredErrorGrad: dx = dloss·2·(x−t)/cols.
func (d *Device) MeanSquaredErrorGrad(dx, dloss, x, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckTargets("mean squared error gradient", dloss, x, targets, rows, cols)
	kernels.CheckRows("mean squared error gradient", rows, cols, dx)
	d.meanByRowGrad(dx, dloss, x, targets, rows, cols, 2, m, d.set.vector.mean_squared_error_bwd_f32)
}

// SigmoidBinaryCrossEntropy: loss = mean of max(x,0) − x·t + ln(1+e^−|x|).
func (d *Device) SigmoidBinaryCrossEntropy(loss, logits, targets kernels.Buffer, rows, cols int) {
	kernels.CheckTargets("sigmoid binary cross-entropy", loss, logits, targets, rows, cols)
	if cols == 1 { // as in a model of two classes: nothing to sum
		j := job{y: kernels.Floats(loss), a: kernels.Floats(logits), b: kernels.Floats(targets)}
		d.share(&j, rows, rowCost/8, func(j *job, from, to int) {
			j.k.sigmoid_binary_cross_entropy_fwd_f32(j.y[from:to], j.a[from:to], j.b[from:to])
		})
		return
	}
	d.meanByRow(loss, logits, targets, rows, cols, d.set.vector.sigmoid_binary_cross_entropy_f32)
}

// SigmoidBinaryCrossEntropyGrad: dx = dloss·(sigmoid(x) − t)/cols.
func (d *Device) SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckTargets("sigmoid binary cross-entropy gradient", dloss, logits, targets, rows, cols)
	kernels.CheckRows("sigmoid binary cross-entropy gradient", rows, cols, dlogits)
	d.meanByRowGrad(dlogits, dloss, logits, targets, rows, cols, 1, m, d.set.vector.sigmoid_binary_cross_entropy_bwd_f32)
}

// BinaryCrossEntropy: loss = mean of −t·ln p − (1−t)·ln(1−p), p clipped.
func (d *Device) BinaryCrossEntropy(loss, probs, targets kernels.Buffer, rows, cols int) {
	kernels.CheckTargets("binary cross-entropy", loss, probs, targets, rows, cols)
	d.meanByRow(loss, probs, targets, rows, cols, d.set.vector.binary_cross_entropy_f32)
}

// BinaryCrossEntropyGrad: dp = dloss·((1−t)/(1−p) − t/p)/cols; 0 where p is clipped.
func (d *Device) BinaryCrossEntropyGrad(dprobs, dloss, probs, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckTargets("binary cross-entropy gradient", dloss, probs, targets, rows, cols)
	kernels.CheckRows("binary cross-entropy gradient", rows, cols, dprobs)
	d.meanByRowGrad(dprobs, dloss, probs, targets, rows, cols, 1, m, d.set.vector.binary_cross_entropy_bwd_f32)
}

// meanByRow computes loss[r] = f(x[r,:], t[r,:])/cols.
func (d *Device) meanByRow(loss, x, targets kernels.Buffer, rows, cols int, f func(x, t []float32) float32) {
	j := job{c: kernels.Floats(loss), a: kernels.Floats(x), b: kernels.Floats(targets), cols: cols, rowSum: f}
	d.share(&j, rows, cols+rowCost, func(j *job, from, to int) {
		for r := from; r < to; r++ {
			j.c[r] = float32(float64(j.rowSum(j.row(j.a, r), j.row(j.b, r))) / float64(j.cols))
		}
	})
}

// meanByRowGrad computes dx[r,:] = f with scale factor·dloss[r]/cols. Consecutive rows with the same
// dloss are one call; often those are all rows.
func (d *Device) meanByRowGrad(dx, dloss, x, targets kernels.Buffer, rows, cols int, factor float64, m kernels.Mode,
	f func(dx, x, t []float32, scale float32, m kernels.Mode)) {
	j := job{
		y: kernels.Floats(dx), a: kernels.Floats(x), b: kernels.Floats(targets), c: kernels.Floats(dloss),
		cols: cols, factor: factor, mode: m, rowGradient: f,
	}
	d.share(&j, rows, cols+rowCost, func(j *job, from, to int) {
		for r, end := from, from; r < to; r = end {
			for end < to && math.Float32bits(j.c[end]) == math.Float32bits(j.c[r]) {
				end++
			}
			scale := float32(j.factor * float64(j.c[r]) / float64(j.cols))
			at, behind := r*j.cols, end*j.cols
			j.rowGradient(j.y[at:behind], j.a[at:behind], j.b[at:behind], scale, j.mode)
		}
	})
}
