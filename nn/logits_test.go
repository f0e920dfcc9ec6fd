package nn_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"baregrad/nn"
	"baregrad/tensor"
)

// A cross-entropy is computed from the logits whichever layer has the softmax or sigmoid: here
// outputs are so sure, and so wrong, that clipped probabilities would give another loss and no
// gradient. The numbers are those of Keras 3.15 on TensorFlow for the same layers: the loss, and
// the kernel after one step of SGD(0.5).
func TestLogitsOfTheLastLayer(t *testing.T) {
	ctx := context.Background()
	kernel, bias := []float32{3, -2, -1, 4}, []float32{0.5, 0}
	vectors := []float32{1, 2, -3, 0.5, 8, -9}
	pixels := append(vectors, 40, -30) // [2 2 1 2]
	dense := func(a nn.ActivationFunc) nn.Layer { return &nn.Dense{Units: 2, Activation: a, Name: "last"} }
	conv := func(a nn.ActivationFunc) nn.Layer {
		return &nn.Conv2D{Filters: 2, Kernel: [2]int{1, 1}, Activation: a, Name: "last"}
	}
	linear := func() nn.Layer { return &nn.Activation{Function: nn.Linear} }
	dropout := func() nn.Layer { return &nn.Dropout{} }
	sparse, binary := nn.SparseCategoricalCrossentropy{}, nn.BinaryCrossentropy{}
	sparseLogits, binaryLogits := nn.SparseCategoricalCrossentropy{FromLogits: true}, nn.BinaryCrossentropy{FromLogits: true}
	softmaxed := []float64{1.8315021991729736, -0.8315021991729736, 0.8296710252761841, 2.1703290939331055}
	sigmoided := []float64{2.015233039855957, -1.9998778104782104, -0.3446008563041687, 4.000426292419434}
	softmaxedPixels := []float64{2.123626708984375, -1.123626708984375, 0.37225329875946045, 2.62774658203125}
	sigmoidedPixels := []float64{-0.23857522010803223, 0.500091552734375, 1.3665492534637451, 2.125319480895996}
	for _, name := range []string{"reference", "cpu"} {
		d := open(t, name)
		classes := tensor.From(d, []int32{0, 1, 1}, 3)
		ones := tensor.From(d, []float32{0, 1, 1, 1, 0, 0}, 3, 2)
		pixelClasses := tensor.From(d, []int32{0, 1, 1, 0}, 2, 2, 1)
		pixelOnes := tensor.From(d, []float32{0, 1, 1, 1, 0, 0, 0, 1}, 2, 2, 1, 2)
		for i, c := range []struct {
			loss   nn.Loss
			layers []nn.Layer
			y      *tensor.Tensor
			want   float64
			kernel []float64
		}{
			{sparseLogits, []nn.Layer{dense(nn.Softmax)}, classes, 30.00368309020996, softmaxed},
			{sparseLogits, []nn.Layer{dense(nn.Softmax), linear()}, classes, 30.00368309020996, softmaxed},
			{sparseLogits, []nn.Layer{dense(nn.Softmax), dropout()}, classes, 30.00368309020996, softmaxed},
			{sparseLogits, []nn.Layer{dense(nn.Softmax), &nn.Dropout{Rate: 0.5}}, classes, 30.00368309020996, nil},
			{binaryLogits, []nn.Layer{dense(nn.Sigmoid)}, ones, 7.367391109466553, sigmoided},
			{binaryLogits, []nn.Layer{dense(nn.Sigmoid), linear()}, ones, 7.367391109466553, sigmoided},
			{binaryLogits, []nn.Layer{dense(nn.Sigmoid), dropout(), linear()}, ones, 7.367391109466553, sigmoided},
			{sparse, []nn.Layer{conv(nn.Softmax)}, pixelClasses, 22.502761840820312, softmaxedPixels},
			{sparseLogits, []nn.Layer{conv(nn.Softmax)}, pixelClasses, 22.502761840820312, softmaxedPixels},
			{binary, []nn.Layer{conv(nn.Sigmoid)}, pixelOnes, 49.338043212890625, sigmoidedPixels},
			{binaryLogits, []nn.Layer{conv(nn.Sigmoid), linear()}, pixelOnes, 49.338043212890625, sigmoidedPixels},
		} {
			x := tensor.From(d, vectors, 3, 2)
			if c.y.Rank() > 2 {
				x = tensor.From(d, pixels, 2, 2, 1, 2)
			}
			m := nn.NewSequential(d, nil, append([]nn.Layer{&nn.Input{Shape: x.Shape()[1:]}}, c.layers...)...)
			if err := m.Compile(nn.CompileOptions{Optimizer: nn.SGD{LearningRate: 0.5}, Loss: c.loss}); err != nil {
				t.Fatal(err)
			}
			for role, values := range map[string][]float32{"last/kernel": kernel, "last/bias": bias} {
				if err := m.SetWeights(role, values); err != nil {
					t.Fatal(err)
				}
			}
			what := fmt.Sprintf("%s, case %d", name, i)
			scores, err := m.Evaluate(ctx, x, c.y, nn.EvaluateOptions{})
			if err != nil || !(math.Abs(scores["loss"]-c.want) <= 2e-6*c.want) {
				t.Errorf("%s: Evaluate gives the loss %v (%v), want %v", what, scores["loss"], err, c.want)
			}
			if c.kernel == nil { // dropout draws other masks than Keras's
				continue
			}
			h, err := m.Fit(ctx, x, c.y, nn.FitOptions{Verbose: nn.Silent, NoShuffle: true})
			if err != nil || !(math.Abs(h.Last("loss")-c.want) <= 2e-6*c.want) {
				t.Errorf("%s: Fit gives the loss %v (%v), want %v", what, h.Last("loss"), err, c.want)
			}
			for j, v := range m.Weights("last/kernel").Value.Floats() {
				if !(math.Abs(float64(v)-c.kernel[j]) <= 2e-6*4) { // weights up to 4, summed in another order
					t.Errorf("%s: kernel[%d] is %v after a step, want %v", what, j, v, c.kernel[j])
				}
			}
		}
	}
}
