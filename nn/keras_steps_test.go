package nn

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/tensor"
)

// Fit, Evaluate and Predict with a number of steps, and validation that leaves epochs out, against
// Keras. The cases are in testdata/keras/training.json.

// validated returns the logs of an epoch of r that measured one value, or no value if the
// epoch is not among those that are validated.
func validated(r *Run, freq int, name string, value float64) map[string]float64 {
	if freq == 0 {
		return map[string]float64{name: value}
	}
	r.Options.ValidationX, r.Options.ValidationFreq = &tensor.Tensor{}, freq
	if (r.Epoch+1)%freq != 0 {
		return map[string]float64{}
	}
	return map[string]float64{name: value}
}

type kerasStepped struct {
	Given struct {
		BatchSize           int `json:"batch_size"`
		StepsPerEpoch       int `json:"steps_per_epoch"`
		Epochs              int
		InitialEpoch        int     `json:"initial_epoch"`
		ValidationSplit     float64 `json:"validation_split"`
		ValidationSteps     int     `json:"validation_steps"`
		ValidationBatchSize int     `json:"validation_batch_size"`
		ValidationFreq      int     `json:"validation_freq"`
	}
	X, Y, VX, VY, Kernel [][]float32
	SampleWeight         []float32 `json:"sample_weight"`
	ValidationWeight     []float32 `json:"validation_weight"`
	History              map[string][]float64
	Epochs               []int
	Steps                int
	Weights              [][]float32
	Measured             []struct {
		BatchSize int `json:"batch_size"`
		Steps     int
		Loss      float64
		Error     float64 `json:"mean_absolute_error"`
		Outputs   []float32
	}
}

// The history, the weights and the outputs agree, so the same examples were used in the same
// steps. Both sides compute in float32, in another order.
func TestStepsAgainstKeras(t *testing.T) {
	const tolerance = 2e-6
	near := func(got, want float64) bool { return math.Abs(got-want) <= tolerance }
	d, ctx := openReference(t), context.Background()
	cases := readKerasTraining(t).Stepped
	if len(cases) < 6 {
		t.Fatalf("there are %d cases, want at least 6", len(cases))
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%+v", c.Given), func(t *testing.T) {
			m := NewSequential(d, nil, &Dense{Units: 1, Name: "dense", InputShape: []int{2}})
			if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 0.1}, Loss: MeanSquaredError{},
				Metrics: []Metric{LossMetric{Loss: MeanAbsoluteError, As: "mae"}}}); err != nil {
				t.Fatal(err)
			}
			if err := m.SetWeights("dense/kernel", slices.Concat(c.Kernel...)); err != nil {
				t.Fatal(err)
			}
			x, y, g := matrix(d, c.X), matrix(d, c.Y), c.Given
			o := FitOptions{NoShuffle: true, Verbose: Silent, BatchSize: g.BatchSize, StepsPerEpoch: g.StepsPerEpoch, Epochs: g.Epochs,
				InitialEpoch: g.InitialEpoch, ValidationSplit: g.ValidationSplit, ValidationSteps: g.ValidationSteps,
				ValidationBatchSize: g.ValidationBatchSize, ValidationFreq: g.ValidationFreq,
				SampleWeight: c.SampleWeight, ValidationSampleWeight: c.ValidationWeight}
			if g.ValidationSplit == 0 {
				o.ValidationX, o.ValidationY = matrix(d, c.VX), matrix(d, c.VY)
			}
			h, err := m.Fit(ctx, x, y, o)
			if err != nil {
				t.Fatal(err)
			}
			if h.Steps != c.Steps || !slices.Equal(h.Epoch, c.Epochs) {
				t.Errorf("epochs %v of %d steps, Keras has %v of %d", h.Epoch, h.Steps, c.Epochs, c.Steps)
			}
			if len(h.Values) != len(c.History) {
				t.Errorf("the history has %d values, Keras's %d", len(h.Values), len(c.History))
			}
			for name, want := range c.History {
				if !slices.EqualFunc(h.Values[name], want, near) {
					t.Errorf("%s is %v, Keras has %v", name, h.Values[name], want)
				}
			}
			for i, p := range m.Params() {
				for j, w := range p.Value.Floats() {
					if !near(float64(w), float64(c.Weights[i][j])) {
						t.Errorf("%s[%d] is %v, Keras has %v", p.Name, j, w, c.Weights[i][j])
					}
				}
			}
			for _, want := range c.Measured {
				o := EvaluateOptions{BatchSize: want.BatchSize, Steps: want.Steps}
				scores, err := m.Evaluate(ctx, x, y, o)
				if err != nil {
					t.Fatal(err)
				}
				if !near(scores["loss"], want.Loss) || !near(scores["mae"], want.Error) {
					t.Errorf("evaluate, %d steps of %d: %v, Keras has loss %v and mae %v", want.Steps, want.BatchSize, scores, want.Loss, want.Error)
				}
				outputs, err := m.Predict(ctx, x, o)
				if err != nil {
					t.Fatal(err)
				}
				same := func(a, b float32) bool { return near(float64(a), float64(b)) }
				if !slices.EqualFunc(outputs.Floats(), want.Outputs, same) {
					t.Errorf("predict, %d steps of %d: %v, Keras has %v", want.Steps, want.BatchSize, outputs.Floats(), want.Outputs)
				}
				outputs.Free()
			}
		})
	}
}

type kerasUsed struct {
	N         int
	BatchSize int `json:"batch_size"`
	Steps     int
	Uses      [][]int // by epoch: how often each example was used so far, sorted
	Numbers   [][]int // by epoch: the numbers of the batches
}

// uses counts how often each example was used. Example i is row i of the identity matrix, and
// each use halves 1 − w[i].
type uses struct {
	BaseCallback
	kerasUsed
	orders [][]int // by epoch, unsorted
}

func (u *uses) EpochBegin(*Run) error { u.Numbers = append(u.Numbers, nil); return nil }

func (u *uses) BatchEnd(r *Run) error {
	last := len(u.Numbers) - 1
	u.Numbers[last] = append(u.Numbers[last], r.Batch)
	return nil
}

func (u *uses) EpochEnd(r *Run, _ map[string]float64) error {
	var counts []int
	for _, w := range r.Model.Weights("dense/kernel").Value.Floats() {
		counts = append(counts, int(math.Round(-math.Log2(float64(1-w)))))
	}
	u.orders = append(u.orders, counts)
	u.Uses = append(u.Uses, slices.Sorted(slices.Values(counts)))
	return nil
}

// With shuffling, too, all examples are used once before any is used again. The next pass has
// another order. Validation on as many examples as there are to train on changes nothing.
func TestUsesAgainstKeras(t *testing.T) {
	d := openReference(t)
	cases := readKerasTraining(t).Used
	if len(cases) < 3 {
		t.Fatalf("there are %d cases, want at least 3", len(cases))
	}
	for _, c := range cases {
		identity, ones := make([]float32, c.N*c.N), make([]float32, c.N)
		for i := range c.N {
			identity[i*c.N+i], ones[i] = 1, 1
		}
		x, y := tensor.From(d, identity, c.N, c.N), tensor.From(d, ones, c.N)
		for _, o := range []FitOptions{{}, {ValidationX: x, ValidationY: y}} {
			m := NewSequential(d, Seed(3), &Dense{Units: 1, NoBias: true, Name: "dense", InputShape: []int{c.N}, KernelInit: Zeros{}})
			if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: float64(c.BatchSize) / 4}, Loss: MeanSquaredError{}}); err != nil {
				t.Fatal(err)
			}
			u := &uses{}
			o.BatchSize, o.StepsPerEpoch, o.Epochs, o.Verbose, o.Callbacks = c.BatchSize, c.Steps, len(c.Uses), Silent, []Callback{u}
			if _, err := m.Fit(context.Background(), x, y, o); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(u.Uses) != fmt.Sprint(c.Uses) || fmt.Sprint(u.Numbers) != fmt.Sprint(c.Numbers) {
				t.Errorf("%d examples, %d steps of %d: uses %v in batches %v, Keras has %v in %v",
					c.N, c.Steps, c.BatchSize, u.Uses, u.Numbers, c.Uses, c.Numbers)
			}
			pass := slices.IndexFunc(u.Uses, func(counts []int) bool { return counts[0] == 1 })
			second := slices.Clone(u.orders[pass+1])
			for i := range second {
				second[i]--
			}
			if slices.Equal(second, u.orders[0]) {
				t.Errorf("%d examples, %d steps of %d: the second pass begins with the same examples as the first", c.N, c.Steps, c.BatchSize)
			}
		}
	}
}

type kerasFiles struct {
	Path                 string
	Every, Steps, Epochs int
	Names                []string
}

// ModelCheckpoint writes files with the same names every so many batches.
func TestCheckpointFilesAgainstKeras(t *testing.T) {
	cases := readKerasTraining(t).Files
	if len(cases) < 3 {
		t.Fatalf("there are %d cases, want at least 3", len(cases))
	}
	for _, c := range cases {
		m, _ := oneWeight(t)
		dir, ones := t.TempDir(), make([]float32, c.Steps)
		x := tensor.From(m.Device(), ones, c.Steps, 1)
		o := FitOptions{BatchSize: 1, Epochs: c.Epochs, Verbose: Silent,
			Callbacks: []Callback{&ModelCheckpoint{Path: filepath.Join(dir, c.Path), Every: c.Every, WeightsOnly: true}}}
		if _, err := m.Fit(context.Background(), x, x, o); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, f := range files {
			names = append(names, f.Name())
		}
		if !slices.Equal(names, c.Names) {
			t.Errorf("%s every %d of %d batches: files %v, Keras has %v", c.Path, c.Every, c.Steps, names, c.Names)
		}
	}
	_, r := oneWeight(t)
	if err := (&ModelCheckpoint{Path: "{batch:02d}"}).TrainBegin(r); err == nil || !strings.Contains(err.Error(), `{batch} in the path "{batch:02d}" needs Every`) {
		t.Errorf("error %v, want one that says what {batch} needs", err)
	}
}
