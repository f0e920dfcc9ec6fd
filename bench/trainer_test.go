package bench

import (
	"math"
	"testing"
)

func newTrainer(t *testing.T, n Network, batch int, from *Checkpoint) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(t.Context(), open(t, "auto"), n, batch, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := trainer.Close(); err != nil {
			t.Error(err)
		}
	})
	return trainer
}

// losses trains to the end and returns the epoch's mean loss so far after each step.
func losses(t *testing.T, trainer *Trainer) []float64 {
	t.Helper()
	var list []float64
	if trainer.taken > 0 {
		list = append(list, trainer.Loss())
	}
	for !trainer.Ended() {
		if err := trainer.Step(); err != nil {
			t.Fatal(err)
		}
		list = append(list, trainer.Loss())
	}
	return list
}

// A training has as many steps as an epoch, or more if an epoch is too short to measure. Each
// training starts from the same weights, and learns.
func TestTrainings(t *testing.T) {
	for _, c := range []struct {
		name         string
		batch, steps int
	}{{"mnist-mlp", 0, 60}, {"binary-mlp", 0, 50}, {"binary-mlp", 10, 52}} {
		trainer := newTrainer(t, network(t, c.name), c.batch, nil)
		if trainer.Steps != c.steps || !math.IsNaN(trainer.Loss()) {
			t.Errorf("%s: %d steps, want %d; the loss is %v", c.name, trainer.Steps, c.steps, trainer.Loss())
		}
		first := losses(t, trainer)
		if len(first) != c.steps {
			t.Errorf("%s: %d steps, want %d", c.name, len(first), c.steps)
		}
		if err := trainer.Step(); err == nil {
			t.Errorf("%s: a step after the last gave no error", c.name)
		}
		if err := trainer.Restart(); err != nil {
			t.Fatal(err)
		}
		second := losses(t, trainer)
		for i := range first {
			if first[i] != second[i] {
				t.Fatalf("%s: after %d steps the loss is %v in the first training, %v in the second", c.name, i+1, first[i], second[i])
			}
		}
		// By the end of its first epoch this network gets four of five digits right.
		if last := first[len(first)-1]; c.name == "mnist-mlp" && !(first[0] > 2 && last < 1.2) {
			t.Errorf("%s: the loss goes from %.2f to a mean of %.2f", c.name, first[0], last)
		}
	}
}

// Benchmarks of a step begin in the middle of an epoch, with trained weights and the optimizer's
// state.
func TestMiddle(t *testing.T) {
	n := network(t, "mnist-mlp")
	from, err := n.Middle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := n.Middle(t.Context()); err != nil || again != from {
		t.Errorf("it was trained once more (error %v)", err)
	}
	if from.Step != 30 {
		t.Errorf("the middle is after %d steps, want 30", from.Step)
	}
	trainer := newTrainer(t, n, 0, from)
	if _, steps := trainer.model.Compiled(); steps != 30 || trainer.From != 30 || trainer.Steps != 30 {
		t.Errorf("the model has %d steps behind it (%d), and %d before it: want 30 each", steps, trainer.From, trainer.Steps)
	}
	list := losses(t, trainer)
	if !(list[0] < 1) { // untrained, it would be 2.3
		t.Errorf("the first loss is %.2f", list[0])
	}
	if err := trainer.Restart(); err != nil {
		t.Fatal(err)
	}
	if again := trainer.Loss(); again != list[0] {
		t.Errorf("the second training begins with the loss %v, the first with %v", again, list[0])
	}
	if c, err := n.middle(t.Context(), 0); err != nil || c.Step != 1 {
		t.Errorf("without time %d steps were taken, want 1 (error %v)", c.Step, err)
	}
	trained, err := stepTimer{trainer}.Time()
	if err != nil || !(trained > 0) {
		t.Errorf("a step takes %v s (error %v)", trained, err)
	}
}
