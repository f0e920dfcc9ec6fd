package nn

import (
	"fmt"
	"math"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A Curve is what AUC measures the area under.
type Curve string

const (
	ROC Curve = "ROC" // recall over the false positive rate
	PR  Curve = "PR"  // precision over recall
)

// AUC is the area under a curve of a binary classifier: 1 if some threshold separates the outputs
// with label 1 from the others. For ROC it is the probability that a random output with label 1
// exceeds a random one with label 0. Labels are 0 or 1, float32 with the shape of the model's output.
// All outputs of all examples count together. (Keras's multi_label averages over labels instead.)
//
// As in Keras, the curve has a point for each of NumThresholds thresholds, at equal distances from 0
// to 1, so outputs between the same two count as equal. Between the points the ROC curve is a
// straight line, and for PR the counts are interpolated, not their ratio (Davis and Goadrich, "The
// relationship between precision-recall and ROC curves", 2006, section 4).
type AUC struct {
	NumThresholds int    `json:",omitempty"` // 200 if 0
	Curve         Curve  `json:",omitempty"` // ROC if empty
	FromLogits    bool   `json:",omitempty"` // the model's last layer has no sigmoid, which is applied first
	As            string `json:",omitempty"` // the key in the history; "auc" if empty
}

// maxThresholds bounds the memory for AUC's counts.
const maxThresholds = 1 << 16

// Name is As, or "auc".
func (m AUC) Name() string { return orName(m.As, "auc") }

// Check refuses labels that are not float32 with the shape of the model's output, each from 0 to 1,
// fewer than 2 thresholds, and an unknown curve.
func (m AUC) Check(output []int, labels *tensor.Tensor) error {
	if n := m.thresholds(); n < 2 || n > maxThresholds {
		return fmt.Errorf("NumThresholds is %d, must be from 2 to %d, or 0 for 200", m.NumThresholds, maxThresholds)
	}
	if m.Curve != "" && m.Curve != ROC && m.Curve != PR {
		return Unknown("curve", string(m.Curve), []string{string(PR), string(ROC)})
	}
	return checkTargetsWithin("auc", output, labels, 0, 1)
}

func (m AUC) thresholds() int { return int(or(float64(m.NumThresholds), 200)) }

// Sums is how many numbers Record counts: the labels that are 1, all labels, and, for each threshold
// between 0 and 1, how many outputs with label 1, and how many of all, are not above it. The first
// threshold is below all outputs and the last one above them.
func (m AUC) Sums() int { return 2 + 2*(m.thresholds()-2) }

// Record records the counts of a batch: [Sums].
func (m AUC) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	x := out.Value(t)
	if m.FromLogits && out.Activation != Sigmoid {
		x = t.Sigmoid(autograd.NewConst(x.Value))
	}
	d, rows, inner := t.Device(), x.Value.Len(), m.thresholds()-2
	// The outputs are compared with a group of thresholds at once, in memory for about 2²⁰ numbers.
	group := max(1, min(inner, 1<<20/rows))
	space, flags, zeros := t.Input(rows*group), t.InputOf(kernels.Int32, rows*group), t.InputOf(kernels.Int32, rows*group)
	scaled, positive, limits, counts := t.Input(rows), t.Input(rows), t.Input(inner+1), t.Input(m.Sums())
	numbers := make([]float32, inner+1)
	for i := range numbers {
		numbers[i] = float32(i + 1)
	}
	tensor.Set(limits.Value, numbers)
	d.Fill(counts.Value.Slice(1, 2).Buffer(), float32(rows))
	positives, marks, none := counts.Value.Slice(0, 1).Buffer(), flags.Value.Slice(0, rows).Buffer(), zeros.Value.Slice(0, rows).Buffer()
	t.Do("auc", func() {
		// An output is above threshold i of 0 … n−1 if output·(n−1) > i. Keras rounds the same product.
		d.Affine(scaled.Value.Buffer(), x.Value.Buffer(), float32(inner+1), 0)
		d.Greater(marks, labels.Value.Buffer(), 0.5)
		d.Equal(positive.Value.Buffer(), marks, none)
		d.Affine(positive.Value.Buffer(), positive.Value.Buffer(), -1, 1)
		d.Sum(positives, positive.Value.Buffer(), kernels.ReduceSpec{Outer: 1, N: rows, Inner: 1}, kernels.Overwrite)
	})
	for from := 0; from < inner; from += group {
		n := min(group, inner-from)
		_, each, _ := kernels.Broadcast([]int{rows, 1}, []int{n})
		compared, above, none := space.Value.Slice(0, rows*n).Buffer(), flags.Value.Slice(0, rows*n).Buffer(), zeros.Value.Slice(0, rows*n).Buffer()
		limits := limits.Value.Slice(from, from+n).Buffer()
		missed, below := counts.Value.Slice(2+from, 2+from+n).Buffer(), counts.Value.Slice(2+inner+from, 2+inner+from+n).Buffer()
		t.Do("auc", func() {
			d.Sub(compared, scaled.Value.Buffer(), limits, each)
			d.Greater(above, compared, 0)
			d.Equal(compared, above, none) // [rows,n]: 1 where the output is not above the threshold
			d.MatMul(missed, positive.Value.Buffer(), compared, nil, kernels.MatMulSpec{M: 1, N: n, K: rows})
			d.Sum(below, compared, kernels.ReduceSpec{Outer: 1, N: rows, Inner: n}, kernels.Overwrite)
		})
	}
	return counts
}

// Result is the area for the sums of all batches.
func (m AUC) Result(sums []float64) float64 {
	n := m.thresholds()
	positives, all := sums[0], sums[1]
	tp, fp := make([]float64, n), make([]float64, n) // true and false positives for each threshold
	tp[0], fp[0] = positives, all-positives
	for i := 1; i < n-1; i++ {
		missed, below := sums[1+i], sums[n-1+i]
		tp[i], fp[i] = positives-missed, all-positives-(below-missed)
	}
	area := 0.0
	for i := range n - 1 {
		if m.Curve == PR {
			area += precisionArea(tp[i+1], tp[i], fp[i+1], fp[i])
		} else {
			area += float64(quotient(fp[i]-fp[i+1], fp[0]) * (tp[i] + tp[i+1]) / 2)
		}
	}
	return quotient(area, positives)
}

// precisionArea is the area under the precision between two points of the PR curve, over the number of
// true positives. These go from a to b, the false positives from fa to fb, and precision is tp/p
// with p = tp + fp. With tp a linear function of p, of slope s, it is
// s·∫ (a + s·(p−pa))/p dp = s·(b − a + (a−s·pa)·ln(pb/pa)).
func precisionArea(a, b, fa, fb float64) float64 {
	pa, pb := a+fa, b+fb
	slope := quotient(b-a, pb-pa)
	if pa == 0 {
		return slope * (b - a) // the precision is constant
	}
	return slope * (b - a + float64((a-float64(slope*pa))*math.Log(pb/pa)))
}

// quotient is a/b, and 0 for b = 0.
func quotient(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
