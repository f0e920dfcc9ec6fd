package kerneltest

import (
	"fmt"
	"math"

	"baregrad/kernels"
)

// Probabilities are clipped to [clipLow, clipHigh], float32 numbers, before
// their logarithm is taken.
var clipLow, clipHigh = float64(float32(1e-7)), float64(float32(1 - 1e-7))

// clipped is p within the range; on which side of it p lies is taken from at.
func clipped(p, at float64) float64 {
	switch {
	case at < clipLow:
		return clipLow
	case at > clipHigh:
		return clipHigh
	}
	return p
}

// labelsOf gives labels of both kinds for the rows: a class each, a one-hot row
// each, and any non-negative numbers.
func labelsOf(g generator, rows, cols int) map[string]array {
	if cols == 0 {
		return map[string]array{"any": floats(nil)} // of no classes none is right
	}
	oneHot := make([]float32, rows*cols)
	for r := range rows {
		oneHot[r*cols+g.IntN(cols)] = 1
	}
	weights := g.between(rows*cols, 0, 1)
	for i := 2; i < len(weights); i += 5 {
		weights[i] = 0
	}
	return map[string]array{"classes": ints(g.below(rows, cols)), "one-hot": floats(oneHot), "any": floats(weights)}
}

// labelAt is the label of element c of row r, whichever kind labels are.
func labelAt(labels array, values []float64, r, c, cols int) float64 {
	if labels.kind == kernels.Float32 {
		return values[r*cols+c]
	}
	if int(values[r]) == c {
		return 1
	}
	return 0
}

// labelKinds are the kinds of labels, in a fixed order.
var labelKinds = []string{"classes", "one-hot", "any"}

// SoftmaxCrossEntropy: loss[r] = −Σ labels·ln softmax(logits); probs = softmax(logits).
func softmaxCrossEntropyCases() (cases []operation) {
	for _, size := range matrices() {
		rows, cols := size[0], size[1]
		for _, kind := range labelKinds {
			op := operation{method: "SoftmaxCrossEntropy", detail: fmt.Sprintf("%d×%d %s", rows, cols, kind), large: rows*cols > 500}
			g := newGenerator(op.detail)
			labels, ok := labelsOf(g, rows, cols)[kind]
			if !ok {
				continue
			}
			op.in = []array{floats(g.signed(rows * cols)), labels}
			op.out = []array{outputs(rows), outputs(rows * cols)}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
				d.SoftmaxCrossEntropy(out[0], out[1], in[0], in[1], rows, cols)
			}
			op.oracle = func(x, _ [][]float64) [][]float64 {
				loss, probs := make([]float64, rows), []float64{}
				for r := range rows {
					softmax, logs := softmaxOracle(x[0][r*cols : (r+1)*cols])
					probs = append(probs, softmax...)
					for c, log := range logs {
						if labels.kind == kernels.Float32 || int(x[1][r]) == c {
							loss[r] -= labelAt(labels, x[1], r, c, cols) * log
						}
					}
				}
				return [][]float64{loss, probs}
			}
			op.tol = summing(cols + 4)
			op.wrt = []int{0}
			op.gradTol = summing(cols + 4)
			op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, in []kernels.Buffer, m []kernels.Mode) {
				d.SoftmaxCrossEntropyGrad(din[0], dy, out[1], in[1], rows, cols, m[0])
			}
			cases = append(cases, op)
		}
	}
	return cases
}

// CrossEntropy: loss[r] = −Σ labels·ln clip(p), p = probs, divided by its sum if
// the labels are float32.
func crossEntropyCases() (cases []operation) {
	for _, size := range matrices() {
		rows, cols := size[0], size[1]
		for _, kind := range labelKinds {
			op := operation{method: "CrossEntropy", detail: fmt.Sprintf("%d×%d %s", rows, cols, kind), large: rows*cols > 500}
			g := newGenerator(op.detail)
			labels, ok := labelsOf(g, rows, cols)[kind]
			if !ok {
				continue
			}
			// Probabilities as they come, with some that are clipped: 0 and, where
			// nothing is divided by the sum, 1.
			probs := g.between(rows*cols, 0.05, 0.95)
			for i := range probs {
				switch i % 10 {
				case 2:
					probs[i] = 0
				case 7:
					probs[i] = 1
				}
			}
			if cols == 1 {
				probs = g.between(rows*cols, 0.05, 0.95) // a lone 0 would be divided by itself
			}
			op.in = []array{floats(probs), labels}
			op.out = []array{outputs(rows)}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.CrossEntropy(out[0], in[0], in[1], rows, cols) }
			op.oracle = func(x, at [][]float64) [][]float64 {
				loss := make([]float64, rows)
				for r := range rows {
					row, rowAt := x[0][r*cols:(r+1)*cols], at[0][r*cols:(r+1)*cols]
					sum, sumAt := 1.0, 1.0
					if labels.kind == kernels.Float32 {
						sum, sumAt = 0, 0
						for c := range row {
							sum, sumAt = sum+row[c], sumAt+rowAt[c]
						}
					}
					for c := range row {
						if labels.kind == kernels.Float32 || int(x[1][r]) == c {
							loss[r] -= labelAt(labels, x[1], r, c, cols) * math.Log(clipped(row[c]/sum, rowAt[c]/sumAt))
						}
					}
				}
				return [][]float64{loss}
			}
			// The logarithms go down to −16.
			op.tol = summing(4 * (cols + 4))
			op.wrt = []int{0}
			// Slopes go up to dloss/0.05 = 40, their sum over the row's mean of ½ likewise.
			op.gradTol = tolerance{absolute: 40 * float64(cols+8) * epsilon, relative: 16 * epsilon}
			op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, in []kernels.Buffer, m []kernels.Mode) {
				d.CrossEntropyGrad(din[0], dy, in[0], in[1], rows, cols, m[0])
			}
			cases = append(cases, op)
		}
	}
	return cases
}

// The losses that are a mean over the row of a function of x and t: binary
// cross-entropy from logits and from probabilities, and the squared error.
func rowLossCases() (cases []operation) {
	type loss struct {
		method       string
		f            func(x, t, at float64) float64
		values       func(g generator, n int) []float32
		forward      func(d kernels.Device, loss, x, targets kernels.Buffer, rows, cols int)
		gradient     func(d kernels.Device, dx, dloss, x, targets kernels.Buffer, rows, cols int, m kernels.Mode)
		tol, gradTol tolerance
	}
	for _, l := range []loss{
		{"SigmoidBinaryCrossEntropy", func(x, t, _ float64) float64 {
			// ln(1+eˣ) − x·t; no logit here is so large that it would overflow.
			return math.Max(x, 0) - x*t + math.Log1p(math.Exp(-math.Abs(x)))
		}, generator.signed, kernels.Device.SigmoidBinaryCrossEntropy, kernels.Device.SigmoidBinaryCrossEntropyGrad,
			summing(8), rounding(16)},
		{"BinaryCrossEntropy", func(x, t, at float64) float64 {
			p := clipped(x, at)
			return -t*math.Log(p) - (1-t)*math.Log(1-p)
		}, func(g generator, n int) []float32 {
			p := g.between(n, 0.05, 0.95)
			for i := range p {
				switch i % 10 {
				case 2:
					p[i] = 0
				case 7:
					p[i] = 1
				}
			}
			return p
		}, kernels.Device.BinaryCrossEntropy, kernels.Device.BinaryCrossEntropyGrad,
			// Logarithms go down to −16; slopes up to 2/0.05 = 40.
			summing(32), tolerance{absolute: 40 * 4 * epsilon, relative: 16 * epsilon}},
		{"MeanSquaredError", func(x, t, _ float64) float64 { return (x - t) * (x - t) },
			generator.signed, kernels.Device.MeanSquaredError, kernels.Device.MeanSquaredErrorGrad,
			summing(16), rounding(16)},
	} {
		for _, size := range matrices() {
			rows, cols := size[0], size[1]
			op := operation{method: l.method, detail: fmt.Sprintf("%d×%d", rows, cols), large: rows*cols > 500, tol: l.tol, gradTol: l.gradTol}
			g := newGenerator(op.detail)
			targets := g.between(rows*cols, 0, 1)
			for i := range targets {
				if i%3 == 0 {
					targets[i] = float32(g.IntN(2))
				}
			}
			op.in = []array{floats(l.values(g, rows*cols)), floats(targets)}
			op.out = []array{outputs(rows)}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) {
				l.forward(d, out[0], in[0], in[1], rows, cols)
			}
			op.oracle = func(x, at [][]float64) [][]float64 {
				loss := make([]float64, rows)
				for i := range rows * cols {
					loss[i/cols] += l.f(x[0][i], x[1][i], at[0][i])
				}
				for r := range loss {
					loss[r] /= float64(cols) // the mean of nothing is NaN
				}
				return [][]float64{loss}
			}
			op.wrt = []int{0}
			op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, in []kernels.Buffer, m []kernels.Mode) {
				l.gradient(d, din[0], dy, in[0], in[1], rows, cols, m[0])
			}
			cases = append(cases, op)
		}
	}
	return cases
}
