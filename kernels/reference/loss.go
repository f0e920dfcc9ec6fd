package reference

import (
	"math"

	"baregrad/kernels"
)

// Losses, one value for each row of a [rows,cols] input. Labels t are either a class
// for each row (int32 [rows]) or a distribution (float32 [rows,cols]). A class stands
// for the distribution that is 1 at that class and 0 elsewhere.

// labelReader reads labels of either kind.
type labelReader struct {
	classes []int32   // or nil
	dense   []float32 // or nil
}

func readLabels(op string, labels kernels.Buffer, cols int) labelReader {
	if labels.Type() == kernels.Float32 {
		return labelReader{dense: kernels.Floats(labels)}
	}
	classes := kernels.Ints(labels)
	for r, class := range classes {
		if class < 0 || int(class) >= cols {
			kernels.Panicf(op, "label %d of row %d: must be from 0 to %d", class, r, cols-1)
		}
	}
	return labelReader{classes: classes}
}

// row returns the labels of row r: either its class, or −1 and its distribution.
func (l labelReader) row(r, cols int) (class int, dense []float32) {
	if l.classes != nil {
		return int(l.classes[r]), nil
	}
	return -1, l.dense[r*cols : (r+1)*cols]
}

// SoftmaxCrossEntropy: loss = −Σ over c of t[c]·ln softmax(x)[c]. It computes
// ln softmax(x) = x − M − ln Σ e^(x−M) without forming the softmax.
func (d *Device) SoftmaxCrossEntropy(loss, probs, logits, labels kernels.Buffer, rows, cols int) {
	const op = "softmax cross-entropy"
	kernels.CheckLoss(op, loss, logits, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, probs)
	reader := readLabels(op, labels, cols)
	losses := kernels.Floats(loss)
	for r := range rows {
		x := kernels.Floats(logits)[r*cols : (r+1)*cols]
		maximum, log := logSumExp(x)
		class, dense := reader.row(r, cols)
		sum := 0.0
		if class >= 0 {
			sum = float64(x[class]) - maximum - log
		}
		for c, t := range dense {
			sum += float64(float64(t) * (float64(x[c]) - maximum - log))
		}
		losses[r] = float32(-sum)
		softmaxRow(kernels.Floats(probs)[r*cols:(r+1)*cols], x)
	}
}

// SoftmaxCrossEntropyGrad: dx[c] = dloss·(probs[c]·Σ t − t[c]). For a class, or
// a distribution that sums to 1, that is dloss·(probs − t).
func (d *Device) SoftmaxCrossEntropyGrad(dlogits, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	const op = "softmax cross-entropy gradient"
	kernels.CheckLoss(op, dloss, probs, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, dlogits)
	reader := readLabels(op, labels, cols)
	for r := range rows {
		dx, p := kernels.Floats(dlogits)[r*cols:(r+1)*cols], kernels.Floats(probs)[r*cols:(r+1)*cols]
		dl := float64(kernels.Floats(dloss)[r])
		class, dense := reader.row(r, cols)
		weight := 1.0
		if class < 0 {
			weight = sum(dense)
		}
		for c := range dx {
			t := 0.0
			if c == class {
				t = 1
			} else if class < 0 {
				t = float64(dense[c])
			}
			put(&dx[c], float32(dl*(float64(float64(p[c])*weight)-t)), m)
		}
	}
}

// Probabilities are clipped to this range before their logarithm is taken:
// [1e-7, 1−1e-7], as in Keras, in float32.
const (
	clipLow  = float64(float32(1e-7))
	clipHigh = float64(float32(1 - 1e-7))
)

// clip returns p clipped to the range, and whether it was inside already. If not,
// the derivative is 0. NaN stays NaN.
func clip(p float64) (clipped float64, inside bool) {
	return max(clipLow, min(p, clipHigh)), !(p < clipLow || p > clipHigh)
}

// CrossEntropy: loss = −Σ over c of t[c]·ln clip(p[c]), with p = probs for a
// class and p = probs/Σ probs for a distribution, as in Keras.
func (d *Device) CrossEntropy(loss, probs, labels kernels.Buffer, rows, cols int) {
	const op = "cross-entropy"
	kernels.CheckLoss(op, loss, probs, labels, rows, cols)
	reader := readLabels(op, labels, cols)
	losses := kernels.Floats(loss)
	for r := range rows {
		q := kernels.Floats(probs)[r*cols : (r+1)*cols]
		class, dense := reader.row(r, cols)
		if class >= 0 {
			p, _ := clip(float64(q[class]))
			losses[r] = float32(-math.Log(p))
			continue
		}
		total, logs := sum(q), 0.0
		for c, t := range dense {
			p, _ := clip(float64(q[c]) / total)
			logs += float64(float64(t) * math.Log(p))
		}
		losses[r] = float32(-logs)
	}
}

// CrossEntropyGrad, for a class: dprobs[class] = −dloss/probs[class], and 0
// elsewhere. For a distribution, with S = Σ probs and p = probs/S, the quotient
// rule gives dp[c]/dprobs[k] = (δ[c,k] − p[c])/S, and so
//
//	dprobs[k] = dloss·(Σ over c of t[c] − t[k]/p[k])/S
//
// Terms with a clipped p are left out on both sides.
func (d *Device) CrossEntropyGrad(dprobs, dloss, probs, labels kernels.Buffer, rows, cols int, m kernels.Mode) {
	const op = "cross-entropy gradient"
	kernels.CheckLoss(op, dloss, probs, labels, rows, cols)
	kernels.CheckRows(op, rows, cols, dprobs)
	reader := readLabels(op, labels, cols)
	for r := range rows {
		dq, q := kernels.Floats(dprobs)[r*cols:(r+1)*cols], kernels.Floats(probs)[r*cols:(r+1)*cols]
		dl := float64(kernels.Floats(dloss)[r])
		class, dense := reader.row(r, cols)
		if class >= 0 {
			for c := range dq {
				slope := 0.0
				if p, inside := clip(float64(q[c])); c == class && inside {
					slope = -dl / p
				}
				put(&dq[c], float32(slope), m)
			}
			continue
		}
		total, weight := sum(q), 0.0
		for c, t := range dense {
			if _, inside := clip(float64(q[c]) / total); inside {
				weight += float64(t)
			}
		}
		for c, t := range dense {
			slope := weight
			if p, inside := clip(float64(q[c]) / total); inside {
				slope -= float64(t) / p
			}
			put(&dq[c], float32(dl*slope/total), m)
		}
	}
}

// SigmoidBinaryCrossEntropy: loss = mean over c of max(x,0) − x·t + ln(1+e^−|x|),
// which is −t·ln σ(x) − (1−t)·ln(1−σ(x)) without the overflow.
func (d *Device) SigmoidBinaryCrossEntropy(loss, logits, targets kernels.Buffer, rows, cols int) {
	kernels.CheckTargets("sigmoid binary cross-entropy", loss, logits, targets, rows, cols)
	meanByRow(loss, logits, targets, rows, cols, func(x, t float64) float64 {
		return max(x, 0) - x*t + math.Log1p(math.Exp(-math.Abs(x))) // exact
	})
}

// SigmoidBinaryCrossEntropyGrad: dx = dloss·(σ(x) − t)/cols.
func (d *Device) SigmoidBinaryCrossEntropyGrad(dlogits, dloss, logits, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckTargets("sigmoid binary cross-entropy gradient", dloss, logits, targets, rows, cols)
	kernels.CheckRows("sigmoid binary cross-entropy gradient", rows, cols, dlogits)
	meanByRowGrad(dlogits, dloss, logits, targets, rows, cols, m, func(x, t float64) float64 {
		return sigmoid(x) - t
	})
}

// BinaryCrossEntropy: loss = mean over c of −t·ln p − (1−t)·ln(1−p), p clipped.
func (d *Device) BinaryCrossEntropy(loss, probs, targets kernels.Buffer, rows, cols int) {
	kernels.CheckTargets("binary cross-entropy", loss, probs, targets, rows, cols)
	meanByRow(loss, probs, targets, rows, cols, func(p, t float64) float64 {
		p, _ = clip(p)
		return float64(-t*math.Log(p)) - float64((1-t)*math.Log1p(-p))
	})
}

// BinaryCrossEntropyGrad: dp = dloss·((1−t)/(1−p) − t/p)/cols; 0 where p is clipped.
func (d *Device) BinaryCrossEntropyGrad(dprobs, dloss, probs, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckTargets("binary cross-entropy gradient", dloss, probs, targets, rows, cols)
	kernels.CheckRows("binary cross-entropy gradient", rows, cols, dprobs)
	meanByRowGrad(dprobs, dloss, probs, targets, rows, cols, m, func(p, t float64) float64 {
		p, inside := clip(p)
		if !inside {
			return 0
		}
		return (1-t)/(1-p) - t/p
	})
}

// MeanSquaredError: loss = mean over c of (x−t)².
func (d *Device) MeanSquaredError(loss, x, targets kernels.Buffer, rows, cols int) {
	kernels.CheckTargets("mean squared error", loss, x, targets, rows, cols)
	meanByRow(loss, x, targets, rows, cols, func(x, t float64) float64 { return (x - t) * (x - t) })
}

// MeanSquaredErrorGrad: dx = dloss·2·(x−t)/cols.
func (d *Device) MeanSquaredErrorGrad(dx, dloss, x, targets kernels.Buffer, rows, cols int, m kernels.Mode) {
	kernels.CheckTargets("mean squared error gradient", dloss, x, targets, rows, cols)
	kernels.CheckRows("mean squared error gradient", rows, cols, dx)
	meanByRowGrad(dx, dloss, x, targets, rows, cols, m, func(x, t float64) float64 { return 2 * (x - t) })
}

// meanByRow is loss[r] = mean over c of f(x[r,c], t[r,c]).
func meanByRow(loss, x, targets kernels.Buffer, rows, cols int, f func(x, t float64) float64) {
	losses, xs, ts := kernels.Floats(loss), kernels.Floats(x), kernels.Floats(targets)
	for r := range rows {
		sum := 0.0
		for i := r * cols; i < (r+1)*cols; i++ {
			sum += f(float64(xs[i]), float64(ts[i]))
		}
		losses[r] = float32(sum / float64(cols))
	}
}

// meanByRowGrad is dx[r,c] = dloss[r]·slope(x[r,c], t[r,c])/cols.
func meanByRowGrad(dx, dloss, x, targets kernels.Buffer, rows, cols int, m kernels.Mode, slope func(x, t float64) float64) {
	dxs, dls := kernels.Floats(dx), kernels.Floats(dloss)
	xs, ts := kernels.Floats(x), kernels.Floats(targets)
	for r := range rows {
		for i := r * cols; i < (r+1)*cols; i++ {
			put(&dxs[i], float32(float64(dls[r])*slope(float64(xs[i]), float64(ts[i]))/float64(cols)), m)
		}
	}
}

func sum(x []float32) (total float64) {
	for _, v := range x {
		total += float64(v)
	}
	return total
}
