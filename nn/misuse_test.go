package nn_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"baregrad/nn"
)

// What can't be worked with comes back as an error that says so, before
// anything is computed.
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

// Wherever the top of the cycle lies, a rate is a number above 0 and at most Peak.
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
