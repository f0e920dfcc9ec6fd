package nn_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// As in Keras, a model can be trained with a cross-entropy of outputs that are not probabilities.
// Fit warns once after Compile, if progress is shown.
func TestLossThatTakesProbabilities(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	const beyond = "numbers of any size, by the activation "
	for _, c := range []struct {
		loss   nn.Loss
		layers []nn.Layer
		want   string // empty for no warning
	}{
		{nn.SparseCategoricalCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2}},
			"The loss sparse_categorical_crossentropy takes probabilities, and layer dense gives numbers of any size, by the activation linear: " +
				"those beyond 0 to 1 are clipped, and teach nothing. Give the layer the activation softmax, or the loss FromLogits.\n"},
		{nn.SparseCategoricalCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2}, &nn.Activation{Function: nn.ReLU}}, "layer activation gives " + beyond + "relu"},
		{nn.SparseCategoricalCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2}, &nn.Reshape{Shape: []int{2}}}, "layer dense gives " + beyond + "linear"},
		{nn.SparseCategoricalCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2, Activation: nn.Softmax}, &nn.Flatten{}}, ""},
		{nn.SparseCategoricalCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2}, &nn.Activation{Function: nn.Softmax}}, ""},
		{nn.SparseCategoricalCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2, Activation: nn.HardSigmoid}}, ""},
		{nn.SparseCategoricalCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2}, &nn.LayerNormalization{}}, ""}, // nothing is known of it
		{nn.SparseCategoricalCrossentropy{FromLogits: true}, []nn.Layer{&nn.Dense{Units: 2}}, ""},
		{nn.SparseCategoricalCrossentropy{FromLogits: true}, []nn.Layer{&nn.Dense{Units: 2, Activation: nn.Softmax}},
			"The loss sparse_categorical_crossentropy has FromLogits set, but layer dense gives probabilities, by the activation softmax: " +
				"the activation's input is taken instead. Leave out one of the two.\n"},
		{nn.SparseCategoricalCrossentropy{FromLogits: true}, []nn.Layer{&nn.Dense{Units: 2, Activation: nn.Softmax}, &nn.Reshape{Shape: []int{2}}},
			"by the activation softmax: they are taken for logits. Leave out one of the two.\n"},
		{nn.CategoricalCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2, Activation: nn.Tanh}}, beyond + "tanh"},
		{nn.CategoricalCrossentropy{FromLogits: true}, []nn.Layer{&nn.Dense{Units: 2, Activation: nn.Softmax}}, "has FromLogits set"},
		{nn.BinaryCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2}}, "Give the layer the activation sigmoid, or the loss FromLogits."},
		{nn.BinaryCrossentropy{}, []nn.Layer{&nn.Dense{Units: 2, Activation: nn.Sigmoid}}, ""},
		{nn.BinaryCrossentropy{FromLogits: true}, []nn.Layer{&nn.Dense{Units: 2, Activation: nn.Sigmoid}}, "by the activation sigmoid: the activation's input"},
		{nn.MeanSquaredError{}, []nn.Layer{&nn.Dense{Units: 2}}, ""},
	} {
		m := nn.NewSequential(d, nn.Seed(1), append([]nn.Layer{&nn.Input{Shape: []int{3}}}, c.layers...)...)
		o := nn.CompileOptions{Loss: c.loss}
		if err := m.Compile(o); err != nil {
			t.Fatal(err)
		}
		y := tensor.New(d, 4, 2)
		if _, sparse := c.loss.(nn.SparseCategoricalCrossentropy); sparse {
			y = tensor.NewOf(d, kernels.Int32, 4)
		}
		shown := func(v nn.Verbosity) string {
			var out bytes.Buffer
			x := tensor.From(d, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 3, 5}, 4, 3)
			h, err := m.Fit(ctx, x, y, nn.FitOptions{Verbose: v, Output: &out})
			if err != nil || math.IsNaN(h.Last("loss")) {
				t.Fatalf("%+v: error %v, loss %v", c.loss, err, h.Last("loss"))
			}
			before, _, _ := strings.Cut(out.String(), "Epoch 1/1")
			return before
		}
		if got := shown(nn.Silent); got != "" {
			t.Errorf("%+v: %q is shown where nothing should be", c.loss, got)
		}
		if got := shown(nn.Lines); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%+v: %q is shown, want %q", c.loss, got, c.want)
		}
		if got := shown(nn.Lines); got != "" {
			t.Errorf("%+v: %q is shown again", c.loss, got)
		}
		if err := m.Compile(o); err != nil {
			t.Fatal(err)
		}
		if got := shown(nn.Bar); (got == "") != (c.want == "") {
			t.Errorf("%+v: after Compile %q is shown", c.loss, got)
		}
	}
}
