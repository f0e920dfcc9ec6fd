package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"baregrad/kernels/auto"
)

// That a GPU launched each operation by itself is told also where only the result is printed.
func TestUncapturedIsPartOfTheResult(t *testing.T) {
	one := 1
	c := TrainCommand{Model: "mlp", Dataset: "mnist", Optimizer: "adam", Seed: 1, Epochs: &one, Limit: &one, Save: "-", Quiet: true}
	recipe, err := c.recipe()
	if err != nil {
		t.Fatal(err)
	}
	r := &training{TrainCommand: &c, recipe: recipe, say: io.Discard}
	if r.device, err = auto.Open("cpu"); err != nil {
		t.Fatal(err)
	}
	defer r.device.Close()
	for _, step := range []func(context.Context) error{r.load, r.build, r.fit} {
		if err := step(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for _, refused := range []error{nil, errors.New("no graphs here")} {
		r.history.Uncaptured = refused
		var out strings.Builder
		got, _, err := r.test(context.Background(), &out)
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if refused != nil {
			want = refused.Error()
		}
		if got.Uncaptured != want || strings.Contains(out.String(), "by itself: no graphs here") != (refused != nil) {
			t.Errorf("error %v: the result has %q, and says %q", refused, got.Uncaptured, &out)
		}
	}
}
