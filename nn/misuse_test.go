package nn_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/kerneltest"
	"baregrad/nn"
	"baregrad/tensor"
)

// Invalid options and data give an error that says so, before anything is
// computed.
func TestLabelsMustBeGiven(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 40)
	m := stripeModel(t, d, 1)
	before := weights(m)
	for want, try := range map[string]func() error{
		"fit: 40 examples and no labels": func() error {
			_, err := m.Fit(ctx, x, nil, nn.FitOptions{Verbose: nn.Silent})
			return err
		},
		"fit: validation data: 40 examples and no labels": func() error {
			_, err := m.Fit(ctx, x, y, nn.FitOptions{Verbose: nn.Silent, ValidationX: x})
			return err
		},
		"evaluate: 40 examples and no labels": func() error {
			_, err := m.Evaluate(ctx, x, nil, nn.EvaluateOptions{})
			return err
		},
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	for i, w := range weights(m) {
		if w != before[i] {
			t.Fatal("a Fit that was refused has changed the weights")
		}
	}
}

func TestBeforeBuildAndCompile(t *testing.T) {
	m := nn.NewSequential(open(t, "reference"), nil, &nn.Dense{Units: 2, InputShape: []int{3}})
	if m.OutputShape() != nil || m.LearningRate() != 0 || len(m.Params()) != 0 {
		t.Errorf("before Build: output shape %v, learning rate %v, %d parameters; want nothing",
			m.OutputShape(), m.LearningRate(), len(m.Params()))
	}
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	if shape := m.OutputShape(); len(shape) != 1 || shape[0] != 2 {
		t.Errorf("the output shape is %v, want [2]", shape)
	}
}

// Wherever the peak of the cycle is, every rate is above 0 and at most Peak.
func TestOneCycleOfAnyLength(t *testing.T) {
	for steps := 1; steps <= 40; steps++ {
		for _, rise := range []float64{0.1, 0.25, 0.3, 0.5, 1} {
			c, highest := nn.OneCycle{Peak: 0.01, Steps: steps, Rise: rise}, 0.0
			for step := range steps + 2 {
				rate := c.At(step)
				if !(rate > 0 && rate <= 0.01) {
					t.Fatalf("%d steps, rise %v: the rate at step %d is %v", steps, rise, step, rate)
				}
				highest = math.Max(highest, rate)
			}
			if steps >= 10 && !(highest > 0.008) {
				t.Errorf("%d steps, rise %v: the highest rate is %v, want nearly 0.01", steps, rise, highest)
			}
		}
	}
}

// A layer used in two places would compute with the weights of the last one.
func TestLayersStandInOnePlace(t *testing.T) {
	d := open(t, "reference")
	input := &nn.Flatten{InputShape: []int{2, 2}}
	for _, l := range []nn.Layer{
		&nn.Dense{Units: 4},
		&nn.Dropout{Rate: 0.5},
		&nn.Conv2D{Filters: 1, Kernel: [2]int{1, 1}},
	} {
		before := []nn.Layer{input}
		if l.Kind() == "Conv2D" {
			before = []nn.Layer{&nn.Reshape{Shape: []int{2, 2, 1}, InputShape: []int{4}}}
		}
		wrong := func(err error) bool {
			return err == nil || !strings.Contains(err.Error(), "("+l.Kind()+"): it already stands in a model")
		}
		if err := nn.NewSequential(d, nil, append(before, l, l)...).Build(); wrong(err) {
			t.Errorf("%s twice in a model: error %v", l.Kind(), err)
		}
		if err := nn.NewSequential(d, nil, append(before, l)...).Build(); wrong(err) {
			t.Errorf("%s in a second model: error %v", l.Kind(), err)
		}
	}
}

func TestCompileAgain(t *testing.T) {
	d := open(t, "reference")
	m := stripeModel(t, d, 1)
	m.SetLearningRate(5)
	o := nn.CompileOptions{Optimizer: nn.SGD{LearningRate: 0.1}, Loss: nn.SparseCategoricalCrossentropy{}}
	if err := m.Compile(o); err != nil {
		t.Fatal(err)
	}
	if rate := m.LearningRate(); rate != 0.1 {
		t.Errorf("the learning rate is %v, want the new optimizer's 0.1", rate)
	}
	for name, metrics := range map[string][]nn.Metric{
		"accuracy": {nn.Accuracy{}, nn.Accuracy{}},
		"mean_squared_error": {
			nn.LossMetric{Loss: nn.MeanSquaredError{}}, nn.Accuracy{}, nn.LossMetric{Loss: nn.MeanSquaredError{}}},
	} {
		o.Metrics = metrics
		if err := m.Compile(o); err == nil || !strings.Contains(err.Error(), `are called "`+name+`"`) {
			t.Errorf("two metrics called %s: error %v", name, err)
		}
	}
}

// A metric's labels are checked before anything is computed, like a loss's.
func TestMetricRefusesLabels(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 40)
	for name, metric := range map[string]nn.Metric{
		"binary_accuracy":    nn.BinaryAccuracy{},
		"mean_squared_error": nn.LossMetric{Loss: nn.MeanSquaredError{}},
	} {
		m := stripeModel(t, d, 1)
		o, _ := m.Compiled()
		o.Metrics = []nn.Metric{metric}
		if err := m.Compile(o); err != nil {
			t.Fatal(err)
		}
		want := "metric " + name + ": labels are int32 [40], must be float32 [n 4]"
		if _, err := m.Fit(ctx, x, y, nn.FitOptions{Verbose: nn.Silent}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// Missing or invalid settings are named in an error; none of them causes a panic.
func TestWhatIsLeftOut(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 40)
	fit := func(c nn.Callback) func() error {
		return func() error {
			_, err := stripeModel(t, d, 1).Fit(ctx, x, y, quiet(1, c))
			return err
		}
	}
	compile := func(metric nn.Metric) func() error {
		return func() error {
			o, _ := stripeModel(t, d, 1).Compiled()
			o.Metrics = []nn.Metric{nn.Accuracy{}, metric}
			return stripeModel(t, d, 1).Compile(o)
		}
	}
	build := func(l nn.Layer) func() error { return nn.NewSequential(d, nil, l).Build }
	conv := nn.Conv2D{Filters: 1, Kernel: [2]int{3, 3}, InputShape: []int{8, 8, 1}}
	padded, identity := conv, conv
	padded.Padding, identity.KernelInit = 7, nn.Identity{}
	for _, c := range []struct {
		want string
		try  func() error
	}{
		{"fit: callback 0 is nil", fit(nil)},
		{"learning rate scheduler: no schedule was given", fit(&nn.LearningRateScheduler{})},
		{"csv logger: no path was given", fit(&nn.CSVLogger{})},
		{"compile: metric 1 is nil", compile(nil)},
		{"compile: metric 1 is a LossMetric without a loss", compile(nn.LossMetric{})},
		{"layer conv2d (Conv2D): images [1 8 8 1], filters [3 3 1 1], down: the padding is 7, must be Valid or Same", build(&padded)},
		{"layer max_pooling2d (MaxPooling2D): images [1 8 8 1], window [2 2], down: the padding is -1, must be Valid or Same",
			build(&nn.MaxPooling2D{Padding: -1, InputShape: []int{8, 8, 1}})},
		{"layer dense (Dense): softmax over one value gives the same for all examples; for one output use sigmoid, with the loss binary_crossentropy",
			build(&nn.Dense{Units: 1, Activation: nn.Softmax, InputShape: []int{4}})},
		{"layer activation (Activation): log_softmax over one value", build(&nn.Activation{Function: nn.LogSoftmax, InputShape: []int{4, 1}})},
		{`layer dense (Dense): unknown activation "rleu": did you mean "relu"?`, build(&nn.Dense{Units: 1, Activation: "rleu", InputShape: []int{4}})},
		{"layer conv2d (Conv2D): identity initializer: the shape [3 3 1 1] must have two axes", build(&identity)},
	} {
		if err := c.try(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the error is %v, want %q", err, c.want)
		}
	}
}

// SetLearningRate refuses a rate that Load would refuse.
func TestSetLearningRate(t *testing.T) {
	m := stripeModel(t, open(t, "reference"), 1)
	for _, rate := range []float64{-1e-9, math.NaN(), math.Inf(1)} {
		func() {
			defer func() {
				want := fmt.Sprintf("set learning rate: the rate is %v, must be a number from 0", rate)
				if err, ok := recover().(*kernels.ShapeError); !ok || err.Error() != want {
					t.Errorf("the panic is %v, want %q", err, want)
				}
			}()
			m.SetLearningRate(rate)
		}()
	}
	if m.SetLearningRate(0); m.LearningRate() != 0 {
		t.Errorf("the rate is %v, want 0", m.LearningRate())
	}
}

func TestParametersByNameBeforeBuild(t *testing.T) {
	m := nn.NewSequential(open(t, "reference"), nil, &nn.Dense{Units: 2, InputShape: []int{1}})
	if err := m.SetWeights("dense/kernel", []float32{3, 4}); err != nil {
		t.Error(err)
	}
	m = nn.NewSequential(open(t, "reference"), nil, &nn.Dense{Units: 2, InputShape: []int{1}})
	if err := m.SetTrainable("dense", false); err != nil {
		t.Error(err)
	}
	if trained, all := m.ParamCount(); trained != 0 || all != 4 {
		t.Errorf("%d of %d numbers are trained, want 0 of 4", trained, all)
	}
	if err := m.SetTrainable("dens", false); err == nil || !strings.Contains(err.Error(), `did you mean "dense"`) {
		t.Errorf("error %v, want one that names the nearest layer", err)
	}
}

// crossEntropyAnd is 0 times the cross-entropy, plus a penalty on the probabilities.
type crossEntropyAnd struct {
	nn.SparseCategoricalCrossentropy
}

func (l crossEntropyAnd) Record(t *autograd.Tape, out *nn.Output, labels *autograd.Var) *autograd.Var {
	rows := l.SparseCategoricalCrossentropy.Record(t, out, labels)
	p := out.Value(t)
	return t.Add(t.Affine(rows, 0, 0), t.Mean(t.Mul(p, p), 1, 1))
}

// The cross-entropy computed from the logits leaves its probabilities for the rest of a
// loss, and gradients flow through them.
func TestLossOfTwoParts(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 40)
	m := stripeModel(t, d, 1)
	if err := m.Compile(nn.CompileOptions{Optimizer: nn.SGD{LearningRate: 10}, Loss: crossEntropyAnd{}}); err != nil {
		t.Fatal(err)
	}
	h, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 60, Verbose: nn.Silent})
	if err != nil {
		t.Fatal(err)
	}
	// The mean of p² over 4 classes is at least 1/16, reached if all are equal.
	if first, last := h.Values["loss"][0], h.Last("loss"); !(first > 0.0650 && last < 0.0626) {
		t.Errorf("the loss went from %v to %v, want to nearly 1/16", first, last)
	}
}

// Errors say what was found, what was expected, and, if known, what to do.
func TestErrorsOfData(t *testing.T) {
	d, ctx, dir := open(t, "cpu"), context.Background(), t.TempDir()
	compiled := func(l nn.Loss, layers ...nn.Layer) *nn.Sequential {
		m := nn.NewSequential(d, nil, layers...)
		if err := m.Compile(nn.CompileOptions{Loss: l}); err != nil {
			t.Fatal(err)
		}
		return m
	}
	fit := func(m *nn.Sequential, y *tensor.Tensor, o nn.FitOptions) func() error {
		return func() error {
			_, err := m.Fit(ctx, tensor.New(d, 4, 3), y, o)
			return err
		}
	}
	sparse := compiled(nn.SparseCategoricalCrossentropy{}, &nn.Dense{Units: 2, InputShape: []int{3}})
	binary := compiled(nn.BinaryCrossentropy{}, &nn.Dense{Units: 1, Activation: nn.Sigmoid, InputShape: []int{3}})
	image := compiled(nn.MeanSquaredError{}, &nn.Reshape{Shape: []int{3, 1}, InputShape: []int{3}}, &nn.Reshape{Shape: []int{1, 3}})
	other := filepath.Join(dir, "other.safetensors")
	if err := compiled(nn.MeanSquaredError{}, &nn.Dense{Units: 3, Name: "fc", InputShape: []int{2}}).SaveWeights(ctx, other); err != nil {
		t.Fatal(err)
	}
	classes := tensor.NewOf(d, kernels.Int32, 4)
	for _, c := range []struct {
		want string
		try  func() error
	}{
		{"fit: labels are float32 [4 2]: sparse_categorical_crossentropy takes class numbers, int32 [n]; for one-hot rows use categorical_crossentropy",
			fit(sparse, tensor.New(d, 4, 2), nn.FitOptions{})},
		{"fit: labels are float32 [4]: sparse_categorical_crossentropy takes class numbers, int32 [n]", fit(sparse, tensor.New(d, 4), nn.FitOptions{})},
		{"fit: verbose is 4, must be Auto, Bar, Lines or Silent, which are 0 to 3", fit(sparse, classes, nn.FitOptions{Verbose: 4})},
		{"fit: the label of example 2 is 3: binary_crossentropy takes numbers from 0 to 1; " +
			"for classes beyond 0 and 1, give the model an output for each, a softmax, and sparse_categorical_crossentropy",
			fit(binary, tensor.From(d, []float32{0, 1, 3, 2}, 4), nn.FitOptions{})},
		{"fit: the label of example 1 is -1: binary_crossentropy takes numbers from 0 to 1; for labels of -1 and 1 take hinge, or bring them to 0 and 1",
			fit(binary, tensor.From(d, []float32{1, -1, 1, -1}, 4), nn.FitOptions{})},
		{"fit: the label of example 2 is 3: binary_crossentropy takes numbers from 0 to 1; " +
			"for classes beyond 0 and 1, give the model an output for each, a softmax, and sparse_categorical_crossentropy",
			fit(binary, tensor.From(d, []int32{0, 1, 3, 2}, 4), nn.FitOptions{})},
		{"fit: labels are int32 [4 2], must be float32 or int32 [n 1], as the model's output", fit(binary, tensor.NewOf(d, kernels.Int32, 4, 2), nn.FitOptions{})},
		{"evaluate: labels are float32 [4 3 1], must be float32 or int32 [n 1 3], as the model's output", func() error {
			_, err := image.Evaluate(ctx, tensor.New(d, 4, 3), tensor.New(d, 4, 3, 1), nn.EvaluateOptions{})
			return err
		}},
		{"predict: the examples are [3], the model takes (None, 3); one example is a batch too: Reshape it to [1 3]", func() error {
			_, err := sparse.Predict(ctx, tensor.New(d, 3), nn.EvaluateOptions{})
			return err
		}},
		{"predict: the examples are [4 8 8], the model takes (None, 8, 8, 1); Reshape them to [-1 8 8 1]", func() error {
			_, err := stripeModel(t, d, 1).Predict(ctx, tensor.New(d, 4, 8, 8), nn.EvaluateOptions{})
			return err
		}},
		{"predict: the examples are [4 64], the model takes (None, 8, 8, 1); Reshape them to [-1 8 8 1]", func() error {
			_, err := stripeModel(t, d, 1).Predict(ctx, tensor.New(d, 4, 64), nn.EvaluateOptions{})
			return err
		}},
		{"predict: the examples are [4 16 4 1], the model takes (None, 8, 8, 1)", func() error { // the same number of elements, in another order
			_, err := stripeModel(t, d, 1).Predict(ctx, tensor.New(d, 4, 16, 4, 1), nn.EvaluateOptions{})
			return err
		}},
		{"load " + other + `: the file lacks "dense/kernel"; it has "fc/kernel", "fc/bias"`, func() error { return sparse.LoadWeights(ctx, other) }},
		{"load " + other + `: "fc/kernel" has shape [2 3] in the file, expected [3 2]: it is transposed, as PyTorch's weights are`, func() error {
			return nn.NewSequential(d, nil, &nn.Dense{Units: 2, Name: "fc", NoBias: true, InputShape: []int{3}}).LoadWeights(ctx, other)
		}},
		{"load: stat " + dir + "/none: no such file or directory", func() error { return sparse.LoadWeights(ctx, dir+"/none") }},
		{"load: " + dir + ": not a regular file, but a folder", func() error { _, err := nn.Load(ctx, d, dir); return err }},
		{"save " + dir + "/none/a: the folder " + dir + "/none: no such file or directory", func() error { return sparse.Save(ctx, dir+"/none/a") }},
	} {
		if err := c.try(); err == nil || err.Error() != c.want {
			t.Errorf("the error is %v\nwant %s", err, c.want)
		}
	}
}

// Class numbers [n 1], as in CIFAR-10, are accepted as [n].
func TestColumnOfClassNumbers(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 40)
	var losses []float64
	for _, labels := range []*tensor.Tensor{y, y.Reshape(-1, 1)} {
		m := stripeModel(t, d, 1)
		h, err := m.Fit(ctx, x, labels, nn.FitOptions{Epochs: 2, Verbose: nn.Silent, ValidationX: x, ValidationY: labels})
		if err != nil {
			t.Fatal(err)
		}
		scores, err := m.Evaluate(ctx, x, labels, nn.EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, h.Last("loss"), h.Last("val_loss"), scores["loss"], scores["accuracy"])
	}
	if !slices.Equal(losses[:4], losses[4:]) {
		t.Errorf("labels [n] give %v, [n 1] %v", losses[:4], losses[4:])
	}
}

// A model too large for any memory gives an error, and does not end the program.
func TestModelBeyondMemory(t *testing.T) {
	kerneltest.Require(t, "memory-size", runtime.GOOS == "linux", "how much memory the machine has is known on Linux only; elsewhere Go ends the program")
	for _, name := range []string{"reference", "cpu"} {
		m := nn.NewSequential(open(t, name), nil, &nn.Dense{Units: 1 << 20, InputShape: []int{1 << 20}})
		err := m.Build()
		if strconv.IntSize == 32 { // this many bytes are not even requested
			if err == nil || !strings.Contains(err.Error(), "dense/kernel of shape [1048576 1048576] is beyond what memory can hold") {
				t.Errorf("%s: the error is %v, want one for a shape beyond memory", name, err)
			}
			continue
		}
		var memory *kernels.OutOfMemoryError
		if !errors.As(err, &memory) {
			t.Errorf("%s: the error is %v, want one for want of memory", name, err)
		}
	}
}

// A value that is not a valid Mode is refused.
func TestModeOutOfRange(t *testing.T) {
	d := open(t, "cpu")
	x, y := stripes(d, 40)
	for _, c := range []nn.Callback{
		&nn.EarlyStopping{Monitor: "loss", Mode: 3}, &nn.ReduceLROnPlateau{Monitor: "loss", Mode: -1},
		&nn.ModelCheckpoint{Path: filepath.Join(t.TempDir(), "m"), SaveBestOnly: true, Monitor: "loss", Mode: 7},
	} {
		_, err := stripeModel(t, d, 1).Fit(context.Background(), x, y, quiet(1, c))
		if err == nil || !strings.Contains(err.Error(), "must be Either, Smallest or Largest") {
			t.Errorf("%T: the error is %v", c, err)
		}
	}
}
