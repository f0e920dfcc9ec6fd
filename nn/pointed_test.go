package nn_test

import (
	"context"
	"path/filepath"
	"reflect"
	"testing"

	"baregrad/nn"
	"baregrad/tensor"
)

// Pointers to optimizers, schedules, losses and metrics are taken for what they point to: the model
// can be trained on int32 labels, saved and loaded like one without pointers.
func TestPointersToValues(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	schedule := nn.CosineDecay{Initial: 0.1, Steps: 100}
	for _, c := range []struct{ given, want nn.CompileOptions }{
		{nn.CompileOptions{Optimizer: &nn.Adam{Beta1: 0.8}, Loss: &nn.BinaryCrossentropy{LabelSmoothing: 0.1},
			Metrics:         []nn.Metric{&nn.AUC{As: "a"}, &nn.LossMetric{Loss: &nn.MeanSquaredError{}}},
			WeightedMetrics: []nn.Metric{&nn.Accuracy{}}},
			nn.CompileOptions{Optimizer: nn.Adam{Beta1: 0.8}, Loss: nn.BinaryCrossentropy{LabelSmoothing: 0.1},
				Metrics:         []nn.Metric{nn.AUC{As: "a"}, nn.LossMetric{Loss: nn.MeanSquaredError{}}},
				WeightedMetrics: []nn.Metric{nn.Accuracy{}}}},
		{nn.CompileOptions{Optimizer: &nn.SGD{Schedule: &schedule}, Loss: nn.Huber}, nn.CompileOptions{Optimizer: nn.SGD{Schedule: schedule}, Loss: nn.Huber}},
		{nn.CompileOptions{Optimizer: nn.RMSprop{Schedule: &schedule}, Loss: nn.Huber}, nn.CompileOptions{Optimizer: nn.RMSprop{Schedule: schedule}, Loss: nn.Huber}},
		{nn.CompileOptions{Optimizer: nn.Adam{Schedule: &schedule}, Loss: nn.Huber}, nn.CompileOptions{Optimizer: nn.Adam{Schedule: schedule}, Loss: nn.Huber}},
		{nn.CompileOptions{Optimizer: &nn.AdamW{Schedule: &schedule}, Loss: nn.Huber}, nn.CompileOptions{Optimizer: nn.AdamW{Schedule: schedule}, Loss: nn.Huber}},
	} {
		m := nn.NewSequential(d, nil, &nn.Dense{Units: 1, Activation: nn.Sigmoid, InputShape: []int{3}})
		if err := m.Compile(c.given); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Fit(ctx, tensor.New(d, 4, 3), tensor.From(d, []int32{0, 1, 1, 0}, 4), nn.FitOptions{Verbose: nn.Silent}); err != nil {
			t.Error(err)
		}
		path := filepath.Join(t.TempDir(), "m")
		if err := m.Save(ctx, path); err != nil {
			t.Error(err)
			continue
		}
		loaded, err := nn.Load(ctx, d, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range []*nn.Sequential{m, loaded} {
			got, _ := of.Compiled()
			// The losses without settings are functions, which DeepEqual can't compare.
			if got.Loss.Name() != c.want.Loss.Name() {
				t.Errorf("the loss is %s, want %s", got.Loss.Name(), c.want.Loss.Name())
			}
			if c.want.Loss.Name() == "huber" {
				got.Loss = nil
			}
			want := c.want
			if got.Loss == nil {
				want.Loss = nil
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("compiled with %+v, want %+v", got, want)
			}
		}
	}
	// A nil pointer is still refused, and not followed.
	m := nn.NewSequential(d, nil, &nn.Dense{Units: 1, InputShape: []int{3}})
	if err := m.Compile(nn.CompileOptions{Loss: nn.MeanSquaredError{}, Metrics: []nn.Metric{(*nn.LossMetric)(nil)}}); err == nil || err.Error() != "compile: metric 0 is nil" {
		t.Errorf("error %v, want that the metric is nil", err)
	}
}
