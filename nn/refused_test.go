package nn_test

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// Whatever is given that can't be worked with is named, with what it is and what was expected.
func TestRefused(t *testing.T) {
	d, ctx, dir := open(t, "cpu"), context.Background(), t.TempDir()
	x, nan := tensor.New(d, 6, 3), math.NaN()
	build := func(l nn.Layer) func() error { return nn.NewSequential(d, nil, l).Build }
	dense := func(kernel nn.Initializer) func() error {
		return build(&nn.Dense{Units: 2, KernelInit: kernel, InputShape: []int{3}})
	}
	model := func(l nn.Loss, metrics ...nn.Metric) *nn.Sequential {
		m := nn.NewSequential(d, nil, &nn.Dense{Units: 2, Activation: nn.Softmax, InputShape: []int{3}})
		if err := m.Compile(nn.CompileOptions{Loss: l, Metrics: metrics}); err != nil {
			t.Fatal(err)
		}
		return m
	}
	compile := func(o nn.CompileOptions) func() error {
		return func() error { return model(nn.MeanSquaredError{}).Compile(o) }
	}
	sparse := model(nn.SparseCategoricalCrossentropy{})
	fit := func(m *nn.Sequential, x, y *tensor.Tensor, o nn.FitOptions) func() error {
		o.Verbose = nn.Silent
		return func() error { _, err := m.Fit(ctx, x, y, o); return err }
	}
	predict := func(x *tensor.Tensor) func() error {
		return func() error { _, err := sparse.Predict(ctx, x, nn.EvaluateOptions{}); return err }
	}
	ints := func(shape ...int) *tensor.Tensor { return tensor.NewOf(d, kernels.Int32, shape...) }
	freed, freedInts := tensor.New(d, 6, 3), ints(6)
	freed.Free()
	freedInts.Free()
	positions := nn.NewSequential(d, nil, &nn.Dense{Units: 2, Activation: nn.Softmax, InputShape: []int{5, 3}})
	if err := positions.Compile(nn.CompileOptions{Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	late := nn.NewSequential(d, nil, &nn.Dense{Units: 2, InputShape: []int{3}})
	if err := late.Build(); err != nil {
		t.Fatal(err)
	}
	late.Add(nil)
	file := filepath.Join(dir, "m")

	for _, c := range []struct {
		want string
		try  func() error
	}{
		// Layers and their settings.
		{"layer input_layer (InputLayer): it is the first layer and needs Shape, the shape of one example", build(&nn.Input{})},
		{"layer 0 of the model, from 0, is nil", build((*nn.Dense)(nil))},
		{"layer 1 of the model, from 0, is nil", late.Build},
		{"layer dense (Dense): constant initializer: value is NaN, must be a finite number", dense(nn.Constant{Value: nan})},
		{"layer dense (Dense): random normal initializer: the deviation is -1, must be a finite number from 0 on", dense(nn.RandomNormal{StdDev: -1})},
		{"layer dense (Dense): truncated normal initializer: mean is +Inf, must be a finite number", dense(nn.TruncatedNormal{Mean: math.Inf(1)})},
		{"layer dense (Dense): random uniform initializer: max is -1, must be a finite number from 1 on", dense(nn.RandomUniform{Min: 1, Max: -1})},
		{"layer dense (Dense): variance scaling initializer: scale is -2, must be a finite number from 0 on", dense(nn.VarianceScaling{Scale: -2})},
		{"layer dense (Dense): orthogonal initializer: gain is NaN, must be a finite number", dense(nn.Orthogonal{Gain: nan})},
		{"layer dense (Dense): identity initializer: gain is NaN, must be a finite number", dense(nn.Identity{Gain: nan})},
		// Optimizers.
		{"compile: no loss was given", compile(nn.CompileOptions{Loss: (*ownLoss)(nil)})},
		{"compile: the optimizer is a nil *nn.Adam", compile(nn.CompileOptions{Optimizer: (*nn.Adam)(nil), Loss: nn.MeanSquaredError{}})},
		{"adam: beta1 is 1, must be from 0 to below 1", compile(nn.CompileOptions{Optimizer: nn.Adam{Beta1: 1}, Loss: nn.MeanSquaredError{}})},
		{"adamw: beta2 is NaN, must be from 0 to below 1", compile(nn.CompileOptions{Optimizer: nn.AdamW{Beta2: nan}, Loss: nn.MeanSquaredError{}})},
		{"adamw: learning rate is -1, must be from 0 to 1e+06", compile(nn.CompileOptions{Optimizer: nn.AdamW{LearningRate: -1}, Loss: nn.MeanSquaredError{}})},
		// Examples.
		{"predict: no examples were given", predict(nil)},
		{"predict: the examples are [], the model takes (None, 3)", predict(tensor.Scalar(d, 1))},
		{"predict: the examples, float32 [6 3], were freed", predict(freed)},
		// Labels: whole numbers are as good where the loss is one of this package.
		{"fit: labels are int32 [6 5], must be float32 or int32 [n 2], as the model's output", fit(model(nn.Huber), x, ints(6, 5), nn.FitOptions{})},
		{"fit: labels are uint8 [6 2], must be float32 or int32 [n 2], as the model's output",
			fit(model(nn.MeanSquaredError{}), x, tensor.NewOf(d, kernels.Uint8, 6, 2), nn.FitOptions{})},
		{"fit: labels are int32 [6]: categorical_crossentropy takes one-hot rows, float32 or int32 [n 2]; for labels that are class numbers use sparse_categorical_crossentropy",
			fit(model(nn.CategoricalCrossentropy{}), x, ints(6), nn.FitOptions{})},
		{"fit: labels are int32 [6 5], must be float32 [n 2], as the model's output", fit(model(&ownLoss{}), x, ints(6, 5), nn.FitOptions{})},
		{"labels are int32 [6 2], must be float32 [n 2], as the model's output", func() error { return nn.Huber.Check([]int{2}, ints(6, 2)) }},
		{"fit: metric sparse_top_k_categorical_accuracy: labels are float32 [6 2]: sparse_top_k_categorical_accuracy takes class numbers, int32 [n]; for one-hot rows use top_k_categorical_accuracy",
			fit(model(nn.CategoricalCrossentropy{}, nn.SparseTopKCategoricalAccuracy{}), x, tensor.New(d, 6, 2), nn.FitOptions{})},
		{"fit: the labels, int32 [6], were freed", fit(sparse, x, freedInts, nn.FitOptions{})},
		{"fit: class weights need one class for each example, labels int32 [n] or float32 [n classes], not int32 [6 5]; give SampleWeight in their place",
			fit(positions, tensor.New(d, 6, 5, 3), ints(6, 5), nn.FitOptions{ClassWeight: map[int]float64{0: 2}})},
		// Callbacks.
		{"fit: callback 0 is nil", fit(sparse, x, ints(6), nn.FitOptions{Callbacks: []nn.Callback{(*nn.CSVLogger)(nil)}})},
		{"early stopping: the smallest change that counts is NaN, must be a number",
			fit(sparse, x, ints(6), nn.FitOptions{Callbacks: []nn.Callback{&nn.EarlyStopping{Monitor: "loss", MinDelta: nan}}})},
		{"reduce learning rate on plateau: the smallest change that counts is NaN, must be a number",
			fit(sparse, x, ints(6), nn.FitOptions{Callbacks: []nn.Callback{&nn.ReduceLROnPlateau{Monitor: "loss", MinDelta: nan}}})},
		// Contexts, files and writers.
		{"fit: the context is nil; context.Background() is one that never ends", func() error { _, err := sparse.Fit(nil, x, ints(6), nn.FitOptions{}); return err }},
		{"evaluate: the context is nil", func() error { _, err := sparse.Evaluate(nil, x, ints(6), nn.EvaluateOptions{}); return err }},
		{"predict: the context is nil", func() error { _, err := sparse.Predict(nil, x, nn.EvaluateOptions{}); return err }},
		{"save: the context is nil", func() error { return sparse.Save(nil, file) }},
		{"save: no path was given", func() error { return sparse.Save(ctx, "") }},
		{"save: no path was given", func() error { return sparse.SaveWeights(ctx, "") }},
		{"load: no path was given", func() error { return sparse.LoadWeights(ctx, "") }},
		{"load: no path was given", func() error { _, err := nn.Load(ctx, d, ""); return err }},
		{"load: the context is nil", func() error { _, err := nn.Load(nil, d, file); return err }},
		{"summary: no writer was given; os.Stdout is one", func() error { return sparse.Summary(nil) }},
	} {
		if err := c.try(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("the error is %v\nwant %s", err, c.want)
		}
	}
	if rate := (nn.PiecewiseConstantDecay{Boundaries: []int{1}}).At(2); rate == rate {
		t.Errorf("the rate of a schedule without values is %v, want NaN", rate)
	}
	for _, try := range []func(){
		func() { sparse.Forward(nil, autograd.NewConst(x), true) }, func() { sparse.Forward(autograd.NewTape(d), nil, true) },
	} {
		func() {
			defer func() {
				const want = "forward: the tape or x is nil: both must be given"
				if err, ok := recover().(*kernels.ShapeError); !ok || err.Error() != want {
					t.Errorf("the panic is %v, want %q", err, want)
				}
			}()
			try()
		}()
	}
}

// ownLoss is a loss that this package does not know.
type ownLoss struct{ nn.MeanSquaredError }
