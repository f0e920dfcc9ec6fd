package nn

import (
	"math"
	"slices"
	"testing"

	"baregrad/kernels/reference"
)

// told is a run as callbacks see it, of a model that is not trained.
func told(t *testing.T) *Run {
	t.Helper()
	m := NewSequential(reference.New(), Seed(1), &Dense{Units: 1, NoBias: true, InputShape: []int{1}})
	if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 1}, Loss: MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	return &Run{Model: m, Options: FitOptions{Verbose: Silent}}
}

// tell begins a training and ends an epoch with each val_loss, until one stops it. behind is called after
// each.
func tell(t *testing.T, r *Run, c Callback, losses []float64, behind func()) (stopped int) {
	t.Helper()
	r.stopped = false
	if err := c.TrainBegin(r); err != nil {
		t.Fatal(err)
	}
	for epoch, loss := range losses {
		r.Epoch = epoch
		if err := c.EpochEnd(r, map[string]float64{"val_loss": loss}); err != nil {
			t.Fatal(err)
		}
		if behind(); r.stopped {
			return epoch
		}
	}
	return -1
}

// The epoch, from 0, that is the last; −1 where training goes on. They are Keras's.
func TestEarlyStoppingStopsAt(t *testing.T) {
	nan, inf, half := math.NaN(), math.Inf(1), 0.5
	for _, test := range []struct {
		what   string
		stop   EarlyStopping
		before []float64 // an earlier training with the same callback
		losses []float64
		want   int
	}{
		{"two without an improvement", EarlyStopping{Patience: 2}, nil, []float64{1, 0.9, 0.95, 0.96, 0.8}, 3},
		{"an improvement between", EarlyStopping{Patience: 2}, nil, []float64{1, 0.9, 0.95, 0.8, 0.85}, -1},
		{"no patience", EarlyStopping{}, nil, []float64{1, 1}, 1},
		{"no patience, and never a number", EarlyStopping{}, nil, []float64{nan, nan}, 1},
		{"no number at first, which nothing beats", EarlyStopping{Patience: 2}, nil, []float64{nan, 1, 0.9, 0.8, 0.7}, 2},
		{"no number later", EarlyStopping{Patience: 2}, nil, []float64{1, nan, 0.9, nan, nan}, 4},
		{"infinite at first, which any number beats", EarlyStopping{Patience: 2}, nil, []float64{inf, 1, 0.9, 0.8, 0.7}, -1},
		{"infinite later", EarlyStopping{Patience: 2}, nil, []float64{1, inf, inf, 0.5}, 2},
		{"too small changes", EarlyStopping{Patience: 2, MinDelta: 0.1}, nil, []float64{1, 0.95, 0.94}, 2},
		{"a delta that is given downwards", EarlyStopping{Patience: 2, MinDelta: -0.1}, nil, []float64{1, 0.95, 0.94}, 2},
		{"the baseline is not beaten", EarlyStopping{Patience: 2, Baseline: &half}, nil, []float64{0.9, 0.8, 0.7, 0.75}, 3},
		{"the baseline is met, not beaten", EarlyStopping{Patience: 2, Baseline: &half}, nil, []float64{0.5, 0.6}, 1},
		{"the baseline is beaten", EarlyStopping{Patience: 2, Baseline: &half}, nil, []float64{0.4, 0.6}, -1},
		{"the first epochs are not looked at", EarlyStopping{Patience: 1, StartFromEpoch: 2}, nil, []float64{1, 2, 3, 4}, 3},
		{"an earlier training's best", EarlyStopping{Patience: 1}, []float64{0.1}, []float64{1, 0.9, 0.8}, -1},
		{"an earlier training's wait", EarlyStopping{Patience: 3}, []float64{1, 2}, []float64{nan, nan, 1}, -1},
	} {
		r, stop := told(t), test.stop
		tell(t, r, &stop, test.before, func() {})
		if got := tell(t, r, &stop, test.losses, func() {}); got != test.want {
			t.Errorf("%s: val_loss %v stops in epoch %d, want %d", test.what, test.losses, got, test.want)
		}
	}
}

// The weights that come back are the best epoch's; those of the first where none was the best.
func TestEarlyStoppingRestores(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		losses []float64
		want   float32 // the epoch
	}{{[]float64{3, 1, 2, 2}, 1}, {[]float64{nan, 2, 1, 3}, 0}, {[]float64{2, nan, 1, nan}, 2}, {[]float64{inf, 2, nan}, 1}, {[]float64{nan, nan, nan}, 0}} {
		r, stop := told(t), &EarlyStopping{Patience: 9, RestoreBest: true}
		set := func(epoch int) {
			if err := r.Model.SetWeights("dense/kernel", []float32{float32(epoch)}); err != nil {
				t.Fatal(err)
			}
		}
		set(0)
		tell(t, r, stop, test.losses, func() { set(r.Epoch + 1) })
		if err := stop.TrainEnd(r); err != nil {
			t.Fatal(err)
		}
		if got := r.Model.Weights("dense/kernel").Value.Item(); got != test.want {
			t.Errorf("val_loss %v: the weights are those of epoch %v, want %v", test.losses, got, test.want)
		}
	}
}

// The rate after each epoch, from 1 on. They are Keras's.
func TestReduceLROnPlateauRates(t *testing.T) {
	same := []float64{1, 1, 1, 1, 1}
	for _, test := range []struct {
		what   string
		reduce ReduceLROnPlateau
		begin  float64
		before []float64 // an earlier training with the same callback
		losses []float64
		want   []float64
	}{
		{"each epoch", ReduceLROnPlateau{Factor: 0.5, Patience: 1}, 1, nil, same, []float64{1, 0.5, 0.25, 0.125, 0.0625}},
		{"every other", ReduceLROnPlateau{Factor: 0.5, Patience: 2}, 1, nil, same, []float64{1, 1, 0.5, 0.5, 0.25}},
		{"a rest of two", ReduceLROnPlateau{Factor: 0.5, Patience: 1, Cooldown: 2}, 1, nil, same, []float64{1, 0.5, 0.5, 0.25, 0.25}},
		{"the smallest rate", ReduceLROnPlateau{Factor: 0.5, Patience: 1, MinRate: 0.4}, 1, nil, same, []float64{1, 0.5, 0.4, 0.4, 0.4}},
		{"a rate below the smallest", ReduceLROnPlateau{Factor: 0.5, Patience: 1, MinRate: 0.4}, 0.25, nil, same, []float64{0.25, 0.25, 0.25, 0.25, 0.25}},
		{"ten, where none are given", ReduceLROnPlateau{Factor: 0.5}, 1, nil, slices.Repeat([]float64{1}, 11), append(slices.Repeat([]float64{1}, 10), 0.5)},
		{"too small changes", ReduceLROnPlateau{Factor: 0.5, Patience: 1}, 1, nil, []float64{1, 0.99995, 0.9}, []float64{1, 0.5, 0.5}},
		{"an earlier training's rest", ReduceLROnPlateau{Factor: 0.5, Patience: 1, Cooldown: 9}, 1, []float64{1, 1}, []float64{1, 1}, []float64{0.5, 0.25}},
		{"an earlier training's best", ReduceLROnPlateau{Factor: 0.5, Patience: 1}, 1, []float64{0.1}, []float64{1, 0.9, 0.8}, []float64{1, 1, 1}},
	} {
		r, reduce := told(t), test.reduce
		r.Model.SetLearningRate(test.begin)
		tell(t, r, &reduce, test.before, func() {})
		var got []float64
		tell(t, r, &reduce, test.losses, func() { got = append(got, r.Model.LearningRate()) })
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: val_loss %v gives the rates %v, want %v", test.what, test.losses, got, test.want)
		}
	}
}
