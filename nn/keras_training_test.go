package nn

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/tensor"
)

// testdata/keras/training.json holds what Keras decided and measured in training.
// bench/peers/keras_training.py made it and explains how.

// kerasMonitor holds the callbacks' settings; each callback uses some of them.
type kerasMonitor struct {
	Monitor   string
	Mode      string
	MinDelta  float64 `json:"min_delta"`
	Patience  int
	Restore   bool `json:"restore_best_weights"`
	Baseline  *float64
	StartFrom int `json:"start_from_epoch"`
	Factor    float64
	Cooldown  int
	MinLR     float64  `json:"min_lr"`
	BestOnly  bool     `json:"save_best_only"`
	Threshold *float64 `json:"initial_value_threshold"`
}

func (s kerasMonitor) mode() Mode {
	return map[string]Mode{"auto": Either, "min": Smallest, "max": Largest}[s.Mode]
}

type kerasCallbacks struct {
	EarlyStopping []struct {
		Settings  kerasMonitor
		History   kerasHistory
		Last      int
		Freq      int // of validation; 0 means 1
		WeightsOf int `json:"weights_of"`
	} `json:"early_stopping"`
	Plateau []struct {
		Settings kerasMonitor
		History  kerasHistory
		Rates    []float64
		Freq     int
	}
	Checkpoint []struct {
		Settings kerasMonitor
		History  kerasHistory
		Saved    []int
	}
}

// kerasHistory is a list of numbers, or of "nan", "inf" and "-inf".
type kerasHistory []float64

func (h *kerasHistory) UnmarshalJSON(text []byte) (err error) {
	var values []any
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	*h = make(kerasHistory, len(values))
	for i, v := range values {
		if (*h)[i], err = strconv.ParseFloat(fmt.Sprint(v), 64); err != nil {
			return err
		}
	}
	return nil
}

type kerasTraining struct {
	kerasCallbacks
	Special   kerasCallbacks // with values that are NaN or infinite
	Fit       []kerasFit
	Metrics   []kerasMetrics
	Positions []kerasPositions
	Ratios    kerasRatios
	Areas     kerasAreas

	Regularized []kerasRegularized
	Defaults    map[string]map[string]any
	Gaps        kerasCallbacks // with epochs that are not validated
	Stepped     []kerasStepped
	Used        []kerasUsed
	Files       []kerasFiles
}

func readKerasTraining(t *testing.T) (k kerasTraining) {
	t.Helper()
	text, err := os.ReadFile("testdata/keras/training.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &k); err != nil {
		t.Fatal(err)
	}
	return k
}

func openReference(t *testing.T) kernels.Device {
	t.Helper()
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// reloaded saves a model and loads it on the same device.
func reloaded(t *testing.T, m *Sequential) *Sequential {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m")
	if err := m.Save(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(context.Background(), m.Device(), path)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// oneWeight returns a model with a single weight, and a Run of it that only callbacks see.
func oneWeight(t *testing.T) (*Sequential, *Run) {
	t.Helper()
	m := NewSequential(openReference(t), nil, &Dense{Units: 1, NoBias: true, Name: "dense", InputShape: []int{1}})
	if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 0.5}, Loss: MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	return m, &Run{Model: m, Options: FitOptions{Verbose: Silent}}
}

func TestEarlyStoppingAgainstKeras(t *testing.T) {
	stopped, keras := 0, readKerasTraining(t)
	for i, c := range slices.Concat(keras.EarlyStopping, keras.Special.EarlyStopping, keras.Gaps.EarlyStopping) {
		s := c.Settings
		m, r := oneWeight(t)
		e := &EarlyStopping{Monitor: s.Monitor, Mode: s.mode(), MinDelta: s.MinDelta, Patience: s.Patience,
			RestoreBest: s.Restore, Baseline: s.Baseline, StartFromEpoch: s.StartFrom}
		if err := e.TrainBegin(r); err != nil {
			t.Fatal(err)
		}
		for r.Epoch = range c.History {
			if err := m.SetWeights("dense/kernel", []float32{float32(r.Epoch)}); err != nil {
				t.Fatal(err)
			}
			if err := e.EpochEnd(r, validated(r, c.Freq, s.Monitor, c.History[r.Epoch])); err != nil {
				t.Fatal(err)
			}
			if r.stopped {
				stopped++
				break
			}
		}
		if err := e.TrainEnd(r); err != nil {
			t.Fatal(err)
		}
		if of := int(m.Weights("dense/kernel").Value.Floats()[0]); r.Epoch != c.Last || of != c.WeightsOf {
			t.Errorf("case %d, %+v over %v: ended with epoch %d and the weights of %d, Keras with %d and those of %d",
				i, s, c.History, r.Epoch, of, c.Last, c.WeightsOf)
		}
	}
	if stopped < 20 {
		t.Errorf("%d cases stopped early, want more of them for a comparison", stopped)
	}
}

func TestPlateauAgainstKeras(t *testing.T) {
	keras := readKerasTraining(t)
	for i, c := range slices.Concat(keras.Plateau, keras.Special.Plateau, keras.Gaps.Plateau) {
		s := c.Settings
		m, r := oneWeight(t)
		p := &ReduceLROnPlateau{Monitor: s.Monitor, Mode: s.mode(), Factor: s.Factor, Patience: s.Patience,
			MinDelta: s.MinDelta, Cooldown: s.Cooldown, MinRate: s.MinLR}
		if err := p.TrainBegin(r); err != nil {
			t.Fatal(err)
		}
		for r.Epoch = range c.History {
			if err := p.EpochEnd(r, validated(r, c.Freq, s.Monitor, c.History[r.Epoch])); err != nil {
				t.Fatal(err)
			}
			// Keras stores the rate as a float32.
			if rate := m.LearningRate(); !(math.Abs(rate-c.Rates[r.Epoch]) <= 1e-7*rate) {
				t.Fatalf("case %d, %+v over %v: rate %v after epoch %d, Keras has %v", i, s, c.History, rate, r.Epoch, c.Rates)
			}
		}
	}
}

func TestCheckpointAgainstKeras(t *testing.T) {
	keras := readKerasTraining(t)
	for i, c := range slices.Concat(keras.Checkpoint, keras.Special.Checkpoint) {
		s := c.Settings
		_, r := oneWeight(t)
		dir := t.TempDir()
		p := &ModelCheckpoint{Path: filepath.Join(dir, "{epoch:02d}"), Monitor: s.Monitor, Mode: s.mode(),
			SaveBestOnly: s.BestOnly, Threshold: s.Threshold, WeightsOnly: true}
		if err := p.TrainBegin(r); err != nil {
			t.Fatal(err)
		}
		for r.Epoch = range c.History {
			if err := p.EpochEnd(r, map[string]float64{s.Monitor: c.History[r.Epoch]}); err != nil {
				t.Fatal(err)
			}
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		saved, want := []string{}, []string{}
		for _, f := range files {
			saved = append(saved, f.Name())
		}
		for _, epoch := range c.Saved {
			want = append(want, fmt.Sprintf("%02d", epoch))
		}
		if !slices.Equal(saved, want) {
			t.Errorf("case %d, %+v over %v: saved epochs %v, Keras %v", i, s, c.History, saved, want)
		}
	}
}

type kerasFit struct {
	X, Kernel        [][]float32
	Y                []int32
	VX               [][]float32
	VY               []int32
	Given            []string
	ClassWeight      map[int]float64 `json:"class_weight"`
	SampleWeight     []float32       `json:"sample_weight"`
	ValidationWeight []float32       `json:"validation_weight"`
	ValidationSplit  float64         `json:"validation_split"`
	History          map[string][]float64
	Weights          [][]float32
	Evaluate         map[string]float64
}

func matrix(d kernels.Device, rows [][]float32) *tensor.Tensor {
	return tensor.From(d, slices.Concat(rows...), len(rows), len(rows[0]))
}

// Two epochs of three batches, the last one smaller: the means and the final weights agree
// with Keras's. Both sides compute in float32, in another order.
func TestFitAgainstKeras(t *testing.T) {
	const tolerance = 2e-6
	d := openReference(t)
	for _, c := range readKerasTraining(t).Fit {
		t.Run(strings.Join(append(c.Given, "fit"), "-"), func(t *testing.T) {
			m := NewSequential(d, nil, &Dense{Units: 3, Activation: Softmax, Name: "dense", InputShape: []int{4}})
			if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 0.5}, Loss: SparseCategoricalCrossentropy{}, Metrics: []Metric{Accuracy{}}}); err != nil {
				t.Fatal(err)
			}
			if err := m.SetWeights("dense/kernel", slices.Concat(c.Kernel...)); err != nil {
				t.Fatal(err)
			}
			x, y := matrix(d, c.X), tensor.From(d, c.Y, len(c.Y))
			o := FitOptions{Epochs: 2, BatchSize: 8, NoShuffle: true, Verbose: Silent, ClassWeight: c.ClassWeight,
				SampleWeight: c.SampleWeight, ValidationSampleWeight: c.ValidationWeight, ValidationSplit: c.ValidationSplit}
			if c.VX != nil {
				o.ValidationX, o.ValidationY = matrix(d, c.VX), tensor.From(d, c.VY, len(c.VY))
			}
			h, err := m.Fit(context.Background(), x, y, o)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range c.History {
				for epoch, value := range h.Values[name] {
					if !(math.Abs(value-want[epoch]) <= tolerance) {
						t.Errorf("%s of epoch %d is %v, Keras has %v", name, epoch, value, want[epoch])
					}
				}
			}
			if len(h.Values) != len(c.History) {
				t.Errorf("the history has %d values, Keras's %d", len(h.Values), len(c.History))
			}
			for i, p := range m.Params() {
				for j, w := range p.Value.Floats() {
					if !(math.Abs(float64(w-c.Weights[i][j])) <= tolerance) {
						t.Errorf("%s[%d] is %v, Keras has %v", p.Name, j, w, c.Weights[i][j])
					}
				}
			}
			if c.Evaluate == nil {
				return
			}
			scores, err := m.Evaluate(context.Background(), x, y, EvaluateOptions{BatchSize: 8, SampleWeight: c.SampleWeight})
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range c.Evaluate {
				if !(math.Abs(scores[name]-want) <= tolerance) {
					t.Errorf("evaluate: %s is %v, Keras has %v", name, scores[name], want)
				}
			}
		})
	}
}

type kerasMetrics struct {
	Kind    string
	Outputs [][]float32
	Labels  []int32
	Loss    float64
	Metrics map[string]struct {
		Key   string
		Value float64
	}
}

// Metrics by name, and the names that Keras shows for them.
func TestMetricsAgainstKeras(t *testing.T) {
	d := openReference(t)
	for _, c := range readKerasTraining(t).Metrics {
		width := len(c.Outputs[0])
		x, y := matrix(d, c.Outputs), tensor.From(d, c.Labels, len(c.Labels))
		loss := map[string]Loss{"onehot": CategoricalCrossentropy{}, "sparse": SparseCategoricalCrossentropy{}, "binary": BinaryCrossentropy{}}[c.Kind]
		if c.Kind != "sparse" {
			rows := make([]float32, len(c.Labels)*width)
			for i, label := range c.Labels {
				if c.Kind == "onehot" {
					rows[i*width+int(label)] = 1
				} else {
					rows[i] = float32(label)
				}
			}
			y = tensor.From(d, rows, len(c.Labels), width)
		}
		for name, want := range c.Metrics {
			metric, err := MetricByName(name)
			if err != nil {
				t.Error(err)
				continue
			}
			m := NewSequential(d, nil, &Activation{InputShape: []int{width}})
			if err := m.Compile(CompileOptions{Loss: loss, Metrics: []Metric{metric}}); err != nil {
				t.Fatal(err)
			}
			scores, err := m.Evaluate(context.Background(), x, y, EvaluateOptions{BatchSize: 4})
			if err != nil {
				t.Errorf("%s of %s labels: %v", name, c.Kind, err)
				continue
			}
			// float32 on both sides; mean_absolute_percentage_error divides by 1e-7.
			if got, ok := scores[want.Key]; !ok || !(math.Abs(got-want.Value) <= 2e-6*max(1, math.Abs(want.Value))) {
				t.Errorf("%s of %s labels: %v, Keras has %v as %q", name, c.Kind, scores, want.Value, want.Key)
			}
			if !(math.Abs(scores["loss"]-c.Loss) <= 2e-6) {
				t.Errorf("%s of %s labels: loss %v, Keras has %v", name, c.Kind, scores["loss"], c.Loss)
			}
		}
	}
}

// The metrics are saved in a model's file, with their names, and restored.
func TestMetricsAreSaved(t *testing.T) {
	d := openReference(t)
	var metrics []Metric
	for _, name := range []string{"mse", "mean_squared_error", "bce", "cosine_similarity", "acc", "accuracy", "categorical_accuracy"} {
		m, err := MetricByName(name)
		if err != nil {
			t.Fatal(err)
		}
		metrics = append(metrics, m)
	}
	metrics = append(metrics, LossMetric{Loss: CategoricalCrossentropy{LabelSmoothing: 0.1}, As: "smoothed"}, LossMetric{Loss: CosineSimilarity, As: "cosine_loss"})
	m := NewSequential(d, nil, &Dense{Units: 3, InputShape: []int{2}})
	if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}, Metrics: metrics}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model")
	if err := m.Save(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(context.Background(), d, path)
	if err != nil {
		t.Fatal(err)
	}
	o, _ := loaded.Compiled()
	for i, metric := range o.Metrics {
		l, isLoss := metric.(LossMetric)
		same := reflect.TypeOf(metric) == reflect.TypeOf(metrics[i])
		if isLoss && same {
			of := metrics[i].(LossMetric)
			same = l.As == of.As && l.Loss.Name() == of.Loss.Name()
			if c, ok := of.Loss.(CategoricalCrossentropy); ok {
				same = same && l.Loss == c
			}
		}
		if !same || metric.Name() != metrics[i].Name() {
			t.Errorf("metric %d is %T %q, was %T %q", i, metric, metric.Name(), metrics[i], metrics[i].Name())
		}
	}
}
