package nn

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"baregrad/kernels/auto"
	"baregrad/tensor"
)

type kerasAreas struct {
	Scores, Logits, Marks [][]float32
	Values                map[string]float64
}

// AUC over several batches agrees with Keras's, on each device.
func TestAUCAgainstKeras(t *testing.T) {
	c := readKerasTraining(t).Areas
	n, width := len(c.Scores), len(c.Scores[0])
	for _, name := range []string{"reference", "cpu", "emulator"} {
		d, err := auto.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		scores, logits, marks := matrix(d, c.Scores), matrix(d, c.Logits), matrix(d, c.Marks)
		all := tensor.New(d, n, width)
		d.Fill(all.Buffer(), 1)
		compared := 0
		for _, data := range []struct {
			keras      string
			x, y       *tensor.Tensor
			thresholds []int
			metric     AUC
		}{
			{"", scores, marks, []int{2, 3, 7, 200, 1000}, AUC{}},
			{" of none", scores, tensor.New(d, n, width), []int{200}, AUC{}},
			{" of all", scores, all, []int{200}, AUC{}},
			{" of logits", logits, marks, []int{200}, AUC{FromLogits: true}},
			{" of numbers beyond 0 to 1", logits, marks, []int{200}, AUC{}},
		} {
			for _, curve := range []Curve{ROC, PR} {
				for _, number := range data.thresholds {
					metric := data.metric
					metric.Curve, metric.NumThresholds = curve, number
					if number == 200 {
						metric.NumThresholds = 0 // the default
					}
					m := NewSequential(d, nil, &Activation{InputShape: []int{width}})
					if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}, Metrics: []Metric{Precision{}, metric, Accuracy{}}}); err != nil {
						t.Fatal(err)
					}
					scores, err := m.Evaluate(context.Background(), data.x, data.y, EvaluateOptions{BatchSize: 4})
					if err != nil {
						t.Fatal(err)
					}
					keras := string(curve) + " " + strconv.Itoa(number) + data.keras
					want, ok := c.Values[keras]
					// Keras adds up to a thousand areas in float32; ours are in float64.
					if got := scores["auc"]; !ok || !(math.Abs(got-want) <= 2e-6) {
						t.Errorf("%s: %s is %v, Keras has %v", name, keras, got, want)
					}
					compared++
				}
			}
		}
		if compared != len(c.Values) {
			t.Errorf("%d values were compared, Keras has %d", compared, len(c.Values))
		}
		d.Close()
	}
}

// Thresholds are compared in several groups if there are many outputs. The curve of the outputs 0, 1/n,
// 2/n, … with label 1 from one half on has the area 1; the labels the other way round give 0.
func TestAUCOfManyOutputs(t *testing.T) {
	d := openReference(t)
	const n = 20_000
	x, y, other := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i] = float32(i) / n
		y[i] = float32(i * 2 / n)
		other[i] = 1 - y[i]
	}
	m := NewSequential(d, nil, &Activation{InputShape: []int{n}})
	if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}, Metrics: []Metric{AUC{NumThresholds: 101}}}); err != nil {
		t.Fatal(err)
	}
	for want, labels := range map[float64][]float32{1: y, 0: other} {
		scores, err := m.Evaluate(context.Background(), tensor.From(d, x, 1, n), tensor.From(d, labels, 1, n), EvaluateOptions{})
		// The output 1/2, with label 1, is not above the threshold 1/2, and counts as equal to 199 others:
		// half of 199 of 10⁸ pairs.
		if err != nil || !(math.Abs(scores["auc"]-want) <= 1.1e-6) {
			t.Errorf("the scores are %v, want %v; error %v", scores, want, err)
		}
	}
}

// In training the counts run over the epoch: those of the two batches of
// [0 1] and [0.5 0.3 0.9] give Keras's example of three thresholds, an area of 3/4.
func TestAUCInTraining(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	m := NewSequential(d, nil, &Dense{Units: 1, NoBias: true, InputShape: []int{1}})
	metrics := []Metric{AUC{NumThresholds: 3}, AUC{Curve: PR, As: "pr"}, AUC{FromLogits: true, As: "logits"}, Accuracy{}}
	if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 1e-9}, Loss: MeanSquaredError{}, Metrics: metrics}); err != nil {
		t.Fatal(err)
	}
	if err := m.SetWeights("dense/kernel", []float32{1}); err != nil {
		t.Fatal(err)
	}
	x, y := tensor.From(d, []float32{0, 0.5, 0.3, 0.9}, 4, 1), tensor.From(d, []float32{0, 0, 1, 1}, 4)
	for range 2 { // the second training begins with new counts
		h, err := m.Fit(ctx, x, y, FitOptions{BatchSize: 3, Epochs: 2, NoShuffle: true, Verbose: Silent})
		if err != nil || !slices.Equal(h.Values["auc"], []float64{0.75, 0.75}) {
			t.Errorf("the areas are %v, want 0.75 in each epoch; error %v", h.Values["auc"], err)
		}
	}
	loaded := reloaded(t, m)
	if o, _ := loaded.Compiled(); !slices.Equal(o.Metrics, metrics) {
		t.Errorf("the metrics are %#v, were %#v", o.Metrics, metrics)
	}
	if mode := m.direction("val_auc"); mode != Largest {
		t.Errorf("val_auc is monitored for mode %v, want Largest", mode)
	}
	for _, c := range []struct {
		metric AUC
		want   string
	}{
		{AUC{NumThresholds: 1}, "fit: metric auc: NumThresholds is 1, must be from 2 to 65536, or 0 for 200"},
		{AUC{Curve: "roc"}, `fit: metric auc: unknown curve "roc": did you mean "ROC"?`},
		{AUC{As: "a"}, "fit: metric a: the label of example 3 is 2: auc takes numbers from 0 to 1"},
	} {
		if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}, Metrics: []Metric{c.metric}}); err != nil {
			t.Fatal(err)
		}
		_, err := m.Fit(ctx, x, tensor.From(d, []float32{0, 1, 0, 2}, 4), FitOptions{Verbose: Silent})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: the error is %v\nwant %s", c.metric, err, c.want)
		}
	}
}
