package nn

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/tensor"
)

// testdata/keras/parts.json holds what single parts of Keras gave. bench/peers/keras_parts.py made
// it and explains how.

type kerasParts struct {
	Directions    map[string]string
	Scores        kerasScores
	Normalization []kerasNormalization
	Weighted      []kerasWeighted
	Focal         kerasFocal
	Constrained   kerasConstrained
}

func readKerasParts(t *testing.T) (k kerasParts) {
	t.Helper()
	text, err := os.ReadFile("testdata/keras/parts.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &k); err != nil {
		t.Fatal(err)
	}
	return k
}

// Which way a metric should go depends on what it is, not on the name that it was given.
func TestDirectionsAgainstKeras(t *testing.T) {
	made := map[string]Metric{
		"BinaryAccuracy": BinaryAccuracy{}, "CategoricalAccuracy": Accuracy{}, "SparseCategoricalAccuracy": categoricalAccuracy{},
		"TopKCategoricalAccuracy": TopKCategoricalAccuracy{As: "m"}, "SparseTopKCategoricalAccuracy": SparseTopKCategoricalAccuracy{As: "m"},
		"AUC": AUC{As: "m"}, "Precision": Precision{As: "m"}, "Recall": Recall{As: "m"}, "CosineSimilarity": CosineMetric{},
		"F1Score": F1Score{As: "m"}, "FBetaScore": FBetaScore{As: "m"}, "R2Score": R2Score{As: "m"},
		"RootMeanSquaredError": RootMeanSquaredError{As: "m"}, "MeanSquaredError": LossMetric{MeanSquaredError{}, "m"},
		"MeanAbsoluteError": LossMetric{MeanAbsoluteError, "m"}, "Hinge": LossMetric{Hinge, "m"},
		"BinaryCrossentropy": LossMetric{BinaryCrossentropy{}, "m"}, "Poisson": LossMetric{Poisson, "m"},
	}
	found := readKerasParts(t).Directions
	if len(found) != len(made) {
		t.Fatalf("there are %d metrics, want %d", len(found), len(made))
	}
	for name, mode := range found {
		m := &Sequential{metrics: []Metric{Accuracy{}, made[name]}}
		want := map[string]Mode{"min": Smallest, "max": Largest}[mode]
		if got := m.direction("val_" + made[name].Name()); got != want {
			t.Errorf("%s is monitored for mode %v, Keras's is %s", name, got, mode)
		}
	}
	// The loss is negative, and the metric of the same name is not.
	if got := (&Sequential{metrics: []Metric{LossMetric{Loss: CosineSimilarity}}}).direction("cosine_similarity"); got != Smallest {
		t.Errorf("the loss cosine_similarity is monitored for mode %v, want Smallest", got)
	}
}

type kerasScores struct {
	Outputs, Single, Marks, Bits, Targets [][]float32
	Labels                                []int32
	Values                                map[string]float64
}

// evaluated is the value of a metric for outputs and labels, in batches of 4.
func evaluated(t *testing.T, metric Metric, outputs [][]float32, labels *tensor.Tensor) float64 {
	t.Helper()
	var loss Loss = MeanSquaredError{}
	if labels.Rank() == 1 {
		loss = SparseCategoricalCrossentropy{}
	}
	d := labels.Device()
	m := NewSequential(d, nil, &Activation{InputShape: []int{len(outputs[0])}})
	if err := m.Compile(CompileOptions{Loss: loss, Metrics: []Metric{metric}}); err != nil {
		t.Fatal(err)
	}
	scores, err := m.Evaluate(context.Background(), matrix(d, outputs), labels, EvaluateOptions{BatchSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	return scores[metric.Name()]
}

func TestScoresAgainstKeras(t *testing.T) {
	for _, name := range []string{"reference", "cpu", "emulator"} {
		t.Run(name, func(t *testing.T) {
			d, err := auto.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			checkScores(t, d)
		})
	}
}

func checkScores(t *testing.T, d kernels.Device) {
	k := readKerasParts(t).Scores
	classes := tensor.From(d, k.Labels, len(k.Labels))
	onehot := make([][]float32, len(k.Labels))
	for i, label := range k.Labels {
		onehot[i] = make([]float32, len(k.Outputs[0]))
		onehot[i][label] = 1
	}
	check := func(name string, metric Metric, outputs [][]float32, labels *tensor.Tensor) {
		t.Helper()
		want, ok := k.Values[name]
		// Keras computes in float32.
		if got := evaluated(t, metric, outputs, labels); !ok || !(math.Abs(got-want) <= 1e-6) {
			t.Errorf("%s: %v, Keras has %v", name, got, want)
		}
	}
	for _, average := range []Average{Micro, Macro, Weighted} {
		for text, beta := range map[string]float64{"1.0": 0, "0.5": 0.5, "2.0": 2} {
			name := string(average) + " " + text
			check("classes "+name, FBetaScore{Average: average, Beta: beta}, k.Outputs, classes)
			check("classes "+name, FBetaScore{Average: average, Beta: beta}, k.Outputs, matrix(d, onehot))
			check("marks "+name, FBetaScore{Average: average, Beta: beta, Threshold: 0.25}, k.Outputs, matrix(d, k.Marks))
		}
		check("classes "+string(average)+" 1.0", F1Score{Average: average}, k.Outputs, classes)
		check("bits "+string(average)+" 1.0", F1Score{Average: average, Threshold: 0.5}, k.Single, matrix(d, k.Bits))
	}
	check("classes macro 1.0", F1Score{}, k.Outputs, classes) // the default
	check("rmse", RootMeanSquaredError{}, k.Outputs, matrix(d, k.Targets))
	check("r2", R2Score{}, k.Outputs, matrix(d, k.Targets))
	check("r2 single", R2Score{}, k.Single, matrix(d, k.Bits))
	same := matrix(d, slices.Repeat([][]float32{{0.5}}, len(k.Single)))
	if got := evaluated(t, R2Score{}, k.Single, same); got != 0 {
		t.Errorf("R2Score of targets that are all the same is %v, want 0", got)
	}
}

// Training measures the same as an evaluation afterwards if it changes nothing, and the metrics are
// saved with their settings.
func TestScoresInTraining(t *testing.T) {
	d, k, ctx := openReference(t), readKerasParts(t).Scores, context.Background()
	metrics := []Metric{F1Score{Average: Weighted}, FBetaScore{Beta: 2, Threshold: 0.25, As: "f2"}, R2Score{}, RootMeanSquaredError{As: "rmse"}}
	m := NewSequential(d, nil, &Dense{Units: 5, KernelInit: Identity{}, InputShape: []int{5}})
	if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 1e-30}, Loss: MeanSquaredError{}, Metrics: metrics}); err != nil {
		t.Fatal(err)
	}
	x, y := matrix(d, k.Outputs), matrix(d, k.Marks)
	h, err := m.Fit(ctx, x, y, FitOptions{BatchSize: 4, Verbose: Silent})
	if err != nil {
		t.Fatal(err)
	}
	loaded := reloaded(t, m)
	s := newSession(m)
	defer s.free()
	s.order(ascending(x.Dim(0)))
	kind := stepKind{x: x, y: y, batch: 4, training: true}
	s.run(kind, 0)
	if n := testing.AllocsPerRun(20, func() { s.run(kind, 0) }); n != 0 {
		t.Errorf("%v allocations in a step, want none", n)
	}
	before, _ := m.Compiled()
	after, _ := loaded.Compiled()
	if !reflect.DeepEqual(before.Metrics, after.Metrics) {
		t.Errorf("the metrics are %+v, were %+v", after.Metrics, before.Metrics)
	}
	scores, err := loaded.Evaluate(ctx, x, y, EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range scores {
		if got := h.Last(name); !(math.Abs(got-want) <= 1e-6) {
			t.Errorf("%s is %v in training, %v in evaluation", name, got, want)
		}
	}
	if got := reflect.DeepEqual(metrics[0], F1Score{Average: Weighted}); !got {
		t.Error("Compile changed the caller's metrics")
	}
}

func TestScoresRefuse(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	for _, c := range []struct {
		metric Metric
		labels *tensor.Tensor
		want   string
	}{
		{F1Score{}, tensor.New(d, 2, 1), "evaluate: metric f1_score: f1_score of one output needs a Threshold, such as 0.5"},
		{FBetaScore{Average: "makro"}, tensor.New(d, 2, 3), `evaluate: metric fbeta_score: unknown average "makro": did you mean "macro"?`},
		{FBetaScore{Beta: -1}, tensor.New(d, 2, 3), "evaluate: metric fbeta_score: fbeta_score: beta is -1, must be from 0 to 1e+06"},
		{F1Score{Threshold: 2, As: "f"}, tensor.New(d, 2, 3), "evaluate: metric f: f: threshold is 2, must be from 0 to 1"},
		{F1Score{}, tensor.From(d, []float32{0, 0, 2, 0, 0, 0}, 2, 3), "evaluate: metric f1_score: the label of example 0 is 2: f1_score takes numbers from 0 to 1"},
		{R2Score{}, tensor.From(d, []int32{0, 1}, 2), "evaluate: metric r2_score: labels are int32 [2], must be float32 [n 3], as the model's output"},
		{RootMeanSquaredError{}, tensor.From(d, []int32{0, 1}, 2), "evaluate: metric root_mean_squared_error: labels are int32 [2], must be float32 [n 3]"},
	} {
		width := 3
		var loss Loss = MeanSquaredError{}
		if c.labels.Rank() == 1 {
			loss = SparseCategoricalCrossentropy{}
		} else {
			width = c.labels.Dim(1)
		}
		m := NewSequential(d, nil, &Activation{InputShape: []int{width}})
		if err := m.Compile(CompileOptions{Loss: loss, Metrics: []Metric{c.metric}}); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Evaluate(ctx, tensor.New(d, 2, width), c.labels, EvaluateOptions{}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("the error is %v\nwant %s", err, c.want)
		}
	}
}
