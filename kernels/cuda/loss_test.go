package cuda_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// A loss fused with the accuracy that follows it, and its gradient fused with that of a bias, give
// the same bits as separate launches: for classes and distributions, with ties, with NaN and
// infinities in the logits, and for labels that are no class.
func TestLossWithAccuracyAndBias(t *testing.T) {
	d := checked(t).(*cuda.Device)
	defer d.Close()
	rng := rand.New(rand.NewPCG(5, 1))
	const rows = 77
	for _, cols := range []int{1, 10, 32, 33, 100} {
		logits, labels, classes := make([]float32, rows*cols), make([]float32, rows*cols), make([]int32, rows)
		for r := range rows {
			classes[r] = int32(rng.IntN(cols+1)) - int32(rng.IntN(2)) // -1 and cols are no class
			for c := range cols {
				logits[r*cols+c] = float32(rng.IntN(8)) // with many ties
				labels[r*cols+c] = float32(rng.IntN(3)) / 4
			}
		}
		logits[2*cols], logits[3*cols+cols/2], logits[4*cols+cols-1] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))
		x := d.Alloc(kernels.Float32, rows*cols)
		kernels.Upload(d, x, logits)
		dense, sparse := d.Alloc(kernels.Float32, rows*cols), d.Alloc(kernels.Int32, rows)
		kernels.Upload(d, dense, labels)
		kernels.Upload(d, sparse, classes)
		for name, target := range map[string]kernels.Buffer{"distributions": dense, "classes": sparse} {
			result := func(between func()) []uint32 {
				loss, probs, right := d.Alloc(kernels.Float32, rows), d.Alloc(kernels.Float32, rows*cols), d.Alloc(kernels.Float32, rows)
				dlogits, dbias := d.Alloc(kernels.Float32, rows*cols), d.Alloc(kernels.Float32, cols)
				d.SoftmaxCrossEntropy(loss, probs, x, target, rows, cols)
				between()
				d.Accuracy(right, x, target, rows, cols)
				kernels.Upload(d, dbias, logits[:cols])
				d.SoftmaxCrossEntropyGrad(dlogits, loss, probs, target, rows, cols, kernels.Overwrite)
				between()
				d.Sum(dbias, dlogits, kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}, kernels.Accumulate)
				var bits []uint32
				for _, b := range []kernels.Buffer{loss, probs, right, dlogits, dbias} {
					got := make([]float32, b.Len())
					kernels.Download(d, got, b)
					for _, v := range got {
						bits = append(bits, math.Float32bits(v))
					}
				}
				return bits
			}
			apart := result(func() { d.Fill(d.Alloc(kernels.Float32, 1), 0) })
			if together := result(func() {}); !slices.Equal(together, apart) {
				t.Errorf("%s, %d columns: the two in one launch give other bits", name, cols)
			}
		}
	}
}

// The two are one launch only where that gives the same result as two launches.
func TestLossAheadOfOtherThings(t *testing.T) {
	const rows, cols = 5, 4
	columns := kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}
	var biases kernels.Buffer
	gradientApart := []string{"softmax_cross_entropy_bwd_f32", "bias_bwd_f32"}
	apart, together := []string{"softmax_cross_entropy_fwd_f32", "accuracy_f32"}, []string{"softmax_cross_entropy_accuracy_fwd_f32"}
	for name, c := range map[string]struct {
		run  func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer)
		want []string
	}{
		"the same": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropy(loss, probs, x, labels, rows, cols)
			d.Accuracy(right, x, labels, rows, cols)
		}, together},
		"other labels": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropy(loss, probs, x, labels, rows, cols)
			d.Accuracy(right, x, others, rows, cols)
		}, apart},
		"of the probabilities": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropy(loss, probs, x, labels, rows, cols)
			d.Accuracy(right, probs, labels, rows, cols)
		}, apart},
		"of fewer rows": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropy(loss, probs, x, labels, rows, cols)
			d.Accuracy(right.Slice(0, 2), x.Slice(0, 2*cols), labels.Slice(0, 2), 2, cols)
		}, apart},
		"over the loss": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropy(loss, probs, x, labels, rows, cols)
			d.Accuracy(loss, x, labels, rows, cols)
		}, apart},
		"in place": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropy(loss, x, x, labels, rows, cols)
			d.Accuracy(right, x, labels, rows, cols)
		}, apart},
		"twice": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropy(loss, probs, x, labels, rows, cols)
			d.Accuracy(right, x, labels, rows, cols)
			d.Accuracy(right, x, labels, rows, cols)
		}, append(slices.Clone(together), "accuracy_f32")},
		"an optimizer between": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropy(loss, probs, x, labels, rows, cols)
			d.SGD(x, probs, nil, right.Slice(0, 1), kernels.SGDSpec{})
			d.Accuracy(right, x, labels, rows, cols)
		}, []string{"softmax_cross_entropy_fwd_f32", "sgd_f32", "accuracy_f32"}},
		"gradient and bias": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(x, loss, probs, labels, rows, cols, kernels.Overwrite)
			d.Sum(biases, x, columns, kernels.Accumulate)
		}, []string{"bias_softmax_cross_entropy_bwd_f32"}},
		"gradient and another bias": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(x, loss, probs, labels, rows, cols, kernels.Overwrite)
			d.Sum(biases, probs, columns, kernels.Accumulate)
		}, gradientApart},
		"gradient that is added": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(x, loss, probs, labels, rows, cols, kernels.Accumulate)
			d.Sum(biases, x, columns, kernels.Overwrite)
		}, gradientApart},
		"gradient in place": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(probs, loss, probs, labels, rows, cols, kernels.Overwrite)
			d.Sum(biases, probs, columns, kernels.Overwrite)
		}, gradientApart},
		"gradient, its sums over the losses'": {func(d *cuda.Device, loss, probs, x, right, labels, others kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(x, loss.Slice(0, rows), probs, labels, rows, cols, kernels.Overwrite)
			d.Sum(loss.Slice(0, cols), x, columns, kernels.Overwrite)
		}, gradientApart},
	} {
		l := &lister{}
		d, err := cuda.New("cuda", l)
		if err != nil {
			t.Fatal(err)
		}
		float := func(n int) kernels.Buffer { return d.Alloc(kernels.Float32, n) }
		loss, probs, x, right := float(rows), float(rows*cols), float(rows*cols), float(rows)
		labels, others := d.Alloc(kernels.Int32, rows), d.Alloc(kernels.Int32, rows)
		biases = float(cols)
		c.run(d, loss, probs, x, right, labels, others) // because no kernel can be loaded during a capture
		g, err := d.Capture(func() { c.run(d, loss, probs, x, right, labels, others) })
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(l.nodes) != fmt.Sprint(c.want) {
			t.Errorf("%s: launches %v, want %v", name, l.nodes, c.want)
		}
		g.Free()
	}
}
