package nn_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"baregrad/nn"
	"baregrad/tensor"
)

// noise replaces the examples by x's own values, changed at random.
func noise(x *tensor.Tensor, calls *int) func(*tensor.Tensor, *rand.Rand) {
	from := x.Uint8s()
	return func(to *tensor.Tensor, r *rand.Rand) {
		*calls++
		values := slices.Clone(from[:to.Len()])
		for i := range values {
			values[i] += uint8(r.IntN(30)) // at most 249
		}
		tensor.Set(to, values)
	}
}

func TestAugment(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 200)
	before := x.Uint8s()
	ctx := context.Background()
	calls := 0
	train := func(o nn.FitOptions) *nn.Sequential {
		t.Helper()
		m := stripeModel(t, d, 5)
		if _, err := m.Fit(ctx, x, y, o); err != nil {
			t.Fatal(err)
		}
		return m
	}
	o := quiet(3)
	plain := train(o)
	o.Augment = noise(x, &calls)
	first := train(o)
	if calls != 3 {
		t.Errorf("Augment was called %d times in 3 epochs", calls)
	}
	if !slices.Equal(x.Uint8s(), before) {
		t.Error("the training data were changed")
	}
	if slices.Equal(weights(first), weights(plain)) {
		t.Error("other examples gave the same weights")
	}
	if !slices.Equal(weights(train(o)), weights(first)) {
		t.Error("the same seed gave other weights")
	}

	// A run that was stopped in the middle of an epoch continues with the same examples.
	for _, after := range []int{4, 10, 17} {
		path := filepath.Join(t.TempDir(), "backup")
		backed := o
		backed.Callbacks = []nn.Callback{&nn.BackupAndRestore{Path: path, Every: 3}, &crash{left: after}}
		if _, err := stripeModel(t, d, 5).Fit(ctx, x, y, backed); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		resumed := stripeModel(t, d, 6)
		backed.Callbacks = backed.Callbacks[:1]
		if _, err := resumed.Fit(ctx, x, y, backed); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(weights(resumed), weights(first)) {
			t.Errorf("stopped after %d batches: the weights differ from those of a run without a stop", after)
		}
	}

	// The model is trained on what Augment writes. If all examples are the same, it
	// can't tell the four classes apart, and ln 4 is 1.39.
	o.Augment = func(to *tensor.Tensor, _ *rand.Rand) {
		if want := []int{150, 8, 8, 1}; !slices.Equal(to.Shape(), want) {
			t.Errorf("the examples have shape %v, want %v: three quarters", to.Shape(), want)
		}
		tensor.Set(to, make([]uint8, to.Len()))
	}
	h, err := stripeModel(t, d, 5).Fit(ctx, x, y, o)
	if err != nil || !(h.Last("loss") > 1.2) {
		t.Errorf("loss %v on examples that are all zero, error %v", h.Last("loss"), err)
	}
}
