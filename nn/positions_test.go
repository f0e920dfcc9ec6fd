package nn

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

type kerasPositions struct {
	Labels       string
	X            [][][]float32
	Y            [][]int32
	Kernel       [][]float32
	SampleWeight []float32 `json:"sample_weight"`
	History      map[string][]float64
	Weights      [][]float32
}

// An epoch with an output of several positions: losses, metrics and final weights agree with
// Keras's, with weights for examples and for positions.
func TestPositionsAgainstKeras(t *testing.T) {
	const tolerance = 2e-6 // float32 on both sides, added up in another order
	d := openReference(t)
	for _, c := range readKerasTraining(t).Positions {
		n, time, outputs := len(c.X), len(c.X[0]), len(c.Kernel[0])
		t.Run(fmt.Sprint(c.Labels, " ", len(c.SampleWeight)), func(t *testing.T) {
			activation, loss := Softmax, Loss(SparseCategoricalCrossentropy{})
			y := tensor.From(d, slices.Concat(c.Y...), n, time)
			mse, err := MetricByName("mse")
			if err != nil {
				t.Fatal(err)
			}
			metrics := []Metric{Accuracy{}}
			switch c.Labels {
			case "onehot":
				loss, metrics = CategoricalCrossentropy{}, append(metrics, mse)
				rows := make([]float32, n*time*outputs)
				for i, class := range slices.Concat(c.Y...) {
					rows[i*outputs+int(class)] = 1
				}
				y = tensor.From(d, rows, n, time, outputs)
			case "binary":
				activation, loss, metrics = Sigmoid, BinaryCrossentropy{}, append(metrics, mse)
				rows := make([]float32, n*time)
				for i, class := range slices.Concat(c.Y...) {
					rows[i] = float32(class)
				}
				y = tensor.From(d, rows, n, time) // as [n, time, 1]
			}
			m := NewSequential(d, nil, &Dense{Units: outputs, Activation: activation, InputShape: []int{time, 2}})
			if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 0.5}, Loss: loss, Metrics: metrics}); err != nil {
				t.Fatal(err)
			}
			if err := m.SetWeights("dense/kernel", slices.Concat(c.Kernel...)); err != nil {
				t.Fatal(err)
			}
			h, err := m.Fit(context.Background(), tensor.From(d, slices.Concat(slices.Concat(c.X...)...), n, time, 2), y,
				FitOptions{BatchSize: 4, NoShuffle: true, Verbose: Silent, ValidationSplit: 0.3, SampleWeight: c.SampleWeight})
			if err != nil {
				t.Fatal(err)
			}
			if len(h.Values) != len(c.History) {
				t.Errorf("the history is %v, Keras's %v", h.Values, c.History)
			}
			for key, want := range c.History {
				if got := h.Last(strings.Replace(key, "mean_squared_error", "mse", 1)); !(math.Abs(got-want[0]) <= tolerance) {
					t.Errorf("%s is %v, Keras has %v", key, got, want[0])
				}
			}
			for i, p := range m.Params() {
				for j, w := range p.Value.Floats() {
					if !(math.Abs(float64(w-c.Weights[i][j])) <= tolerance) {
						t.Errorf("%s[%d] is %v, Keras has %v", p.Name, j, w, c.Weights[i][j])
					}
				}
			}
		})
	}
}

// doubled is a user-defined loss that embeds one of the package's.
type doubled struct{ MeanSquaredError }

func (doubled) Name() string { return "doubled" }

func (l doubled) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return t.Affine(l.MeanSquaredError.Record(t, out, labels), 2, 0)
}

// A user-defined loss gives a value for each example, also if it embeds one of the package's.
func TestPositionsOfOnesOwnLoss(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	x, y := tensor.New(d, 2, 3, 2), tensor.From(d, []float32{1, 1, 1, 2, 2, 2}, 2, 3, 1)
	m := NewSequential(d, nil, &Dense{Units: 1, NoBias: true, InputShape: []int{3, 2}})
	if err := m.Compile(CompileOptions{Loss: doubled{}}); err != nil {
		t.Fatal(err)
	}
	scores, err := m.Evaluate(ctx, x, y, EvaluateOptions{SampleWeight: []float32{1, 3}})
	if err != nil || scores["loss"] != (2*1+2*4*3)/2 { // of outputs 0
		t.Errorf("the loss is %v, want 13; error %v", scores["loss"], err)
	}
	for _, c := range []struct {
		weights int
		want    string
	}{
		{6, "evaluate: there are sample weights for the positions of the output, but the loss doubled, of type nn.doubled, is a number for each example"},
		{4, "evaluate: 4 sample weights for 2 examples of 3 positions each: there must be one for each example, or 6"},
	} {
		if _, err := m.Evaluate(ctx, x, y, EvaluateOptions{SampleWeight: make([]float32, c.weights)}); err == nil || err.Error() != c.want {
			t.Errorf("the error is %v\nwant %s", err, c.want)
		}
	}
}

// A forgotten Flatten is reported; labels of every shape that Keras accepts are accepted.
func TestLabelsOfPositions(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	x := tensor.From(d, hashUniform(4*6, 7), 4, 3, 2)
	for _, c := range []struct {
		units  int
		loss   Loss
		labels *tensor.Tensor
		want   string // how the error begins; empty for none
	}{
		{5, SparseCategoricalCrossentropy{}, tensor.NewOf(d, kernels.Int32, 4, 3), ""},
		{5, SparseCategoricalCrossentropy{}, tensor.NewOf(d, kernels.Int32, 4, 3, 1), ""},
		{1, BinaryCrossentropy{}, tensor.New(d, 4, 3), ""},
		{1, MeanSquaredError{}, tensor.New(d, 4, 3, 1), ""},
		{5, SparseCategoricalCrossentropy{}, tensor.NewOf(d, kernels.Int32, 4),
			"evaluate: labels are int32 [4]: sparse_categorical_crossentropy takes class numbers, int32 [n 3]; for one prediction for each example put a Flatten layer before the last Dense"},
		{5, CategoricalCrossentropy{}, tensor.New(d, 4, 5),
			"evaluate: labels are float32 [4 5], must be float32 or int32 [n 3 5], as the model's output; for one prediction for each example put a Flatten layer before the last Dense"},
		{5, SparseCategoricalCrossentropy{}, tensor.New(d, 4, 3, 5),
			"evaluate: labels are float32 [4 3 5]: sparse_categorical_crossentropy takes class numbers, int32 [n 3]; for one-hot rows use categorical_crossentropy"},
		{2, SparseCategoricalCrossentropy{}, tensor.From(d, []int32{0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0}, 4, 3),
			"evaluate: label 2 of example 2 is out of range: the model has the classes 0 to 1"},
		{1, BinaryCrossentropy{}, tensor.From(d, []float32{0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0}, 4, 3),
			"evaluate: the label of example 2 is 2: binary_crossentropy takes numbers from 0 to 1; for classes beyond 0 and 1"},
	} {
		m := NewSequential(d, nil, &Dense{Units: c.units, Activation: Sigmoid, InputShape: []int{3, 2}})
		if err := m.Compile(CompileOptions{Loss: c.loss}); err != nil {
			t.Fatal(err)
		}
		_, err := m.Evaluate(ctx, x, c.labels, EvaluateOptions{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("the error is %v\nwant %s", err, c.want)
		}
	}
	m := NewSequential(d, nil, &Dense{Units: 3, NoBias: true, InputShape: []int{2, 3}})
	if err := m.SetWeights("dense/kernel", []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}); err != nil {
		t.Fatal(err)
	}
	classes, err := m.PredictClasses(ctx, tensor.From(d, []float32{1, 2, 3, 3, 2, 1, 1, 3, 2, 0, 0, 1}, 2, 2, 3), EvaluateOptions{})
	if want := []int{2, 0, 1, 2}; err != nil || !slices.Equal(classes, want) {
		t.Errorf("the classes of the positions are %v, want %v; error %v", classes, want, err)
	}
}

// Fit collects garbage if there is much of it, but not before each small batch, where that
// would take longer than the batch.
func TestFitCollectsMuchGarbageOnly(t *testing.T) {
	d := openReference(t)
	m := NewSequential(d, nil, &Dense{Units: 1, InputShape: []int{1}})
	if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	x, y := tensor.New(d, 1, 1), tensor.New(d, 1, 1)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // only collections that are requested
	collections := func(work func()) uint32 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		work()
		if _, err := m.Fit(context.Background(), x, y, FitOptions{Verbose: Silent}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.NumGC - before.NumGC
	}
	runtime.GC()
	if n := collections(func() {}); n != 0 {
		t.Errorf("%d collections before a small batch, want none", n)
	}
	if n := collections(func() { garbage = make([]byte, 64<<20); garbage = nil }); n != 1 {
		t.Errorf("%d collections with 64 MB of garbage, want 1", n)
	}
}

var garbage []byte
