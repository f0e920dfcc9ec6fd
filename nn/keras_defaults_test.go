package nn

import (
	"math"
	"testing"
)

// Settings left at 0 stand for Keras's defaults. (The optimizers' are among the cases
// of TestAgainstKeras.)
func TestDefaultsAgainstKeras(t *testing.T) {
	all := readKerasTraining(t).Defaults
	number := func(class, argument string) float64 {
		v, ok := all[class][argument].(float64)
		if !ok {
			t.Fatalf("%s has no number as the default of %s, but %v", class, argument, all[class][argument])
		}
		return v
	}
	adamw := AdamW{}.Prepare(openReference(t), nil).(*adam)
	rmsprop := RMSprop{}.Prepare(openReference(t), nil).(*rmsprop)
	for _, c := range []struct {
		class, argument string
		ours            float64
	}{
		{"SGD", "learning_rate", SGD{}.Rate(0)}, {"SGD", "momentum", 0},
		{"RMSprop", "learning_rate", RMSprop{}.Rate(0)}, {"RMSprop", "rho", float64(rmsprop.spec.Rho)},
		{"RMSprop", "epsilon", float64(rmsprop.spec.Epsilon)}, {"RMSprop", "momentum", float64(rmsprop.spec.Momentum)},
		{"Adam", "learning_rate", Adam{}.Rate(0)}, {"AdamW", "learning_rate", AdamW{}.Rate(0)},
		{"AdamW", "beta_1", adamw.beta1}, {"AdamW", "beta_2", adamw.beta2}, {"AdamW", "epsilon", float64(adamw.spec.Epsilon)},
		{"AdamW", "weight_decay", float64(adamw.spec.WeightDecay)},
		{"PolynomialDecay", "end_learning_rate", PolynomialDecay{Initial: 1, Steps: 2}.At(9)},
		{"AUC", "num_thresholds", float64(AUC{}.thresholds())},
		{"fit", "epochs", 1},
	} {
		if want := number(c.class, c.argument); !(math.Abs(c.ours-want) <= 1e-6*math.Abs(want)) {
			t.Errorf("%s: %s is %v, Keras's default is %v", c.class, c.argument, c.ours, want)
		}
	}
	// A value that falls by less than min_delta at a time, for patience epochs.
	m, r := oneWeight(t)
	p := &ReduceLROnPlateau{}
	if err := p.TrainBegin(r); err != nil {
		t.Fatal(err)
	}
	patience := int(number("ReduceLROnPlateau", "patience"))
	for r.Epoch = range patience + 1 {
		if rate := m.LearningRate(); rate != 0.5 {
			t.Errorf("the rate is %v before epoch %d", rate, r.Epoch)
		}
		value := 1 - 0.99*number("ReduceLROnPlateau", "min_delta")*float64(min(r.Epoch, 1))
		if err := p.EpochEnd(r, map[string]float64{"val_loss": value}); err != nil {
			t.Fatal(err)
		}
	}
	if want := 0.5 * number("ReduceLROnPlateau", "factor"); !(math.Abs(m.LearningRate()-want) <= 1e-12) {
		t.Errorf("the rate is %v after %d epochs without an improvement, want %v", m.LearningRate(), patience, want)
	}
}
