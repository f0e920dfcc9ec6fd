package nn_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/nn"
)

func TestSaveAndLoad(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 200)
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	fit := func(m *nn.Sequential, from, to int) {
		t.Helper()
		if _, err := m.Fit(ctx, x, y, nn.FitOptions{InitialEpoch: from, Epochs: to, Verbose: nn.Silent}); err != nil {
			t.Fatal(err)
		}
	}
	whole := stripeModel(t, d, 3)
	fit(whole, 0, 2)
	if err := whole.Save(ctx, path); err != nil {
		t.Fatal(err)
	}
	fit(whole, 2, 4)

	resumed, err := nn.Load(ctx, d, path)
	if err != nil {
		t.Fatal(err)
	}
	fit(resumed, 2, 4)
	if !slices.Equal(weights(resumed), weights(whole)) {
		t.Error("training that went on from a file gave other weights than training without a stop")
	}

	other := stripeModel(t, d, 9)
	if err := other.LoadWeights(ctx, path); err != nil {
		t.Fatal(err)
	}
	file, err := nn.Load(ctx, d, path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := other.Predict(ctx, x, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := file.Predict(ctx, x, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Floats(), b.Floats()) {
		t.Error("the same weights gave different predictions")
	}
}

func TestMetadata(t *testing.T) {
	d := open(t, "reference")
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	m := stripeModel(t, d, 3)
	want := map[string]string{"classes": `["across","down"]`, "note": "ünïcode\n"}
	m.Metadata = want
	if err := m.Save(ctx, path); err != nil {
		t.Fatal(err)
	}
	loaded, err := nn.Load(ctx, d, path)
	if err != nil || !maps.Equal(loaded.Metadata, want) {
		t.Errorf("metadata %v, error %v, want %v", loaded.Metadata, err, want)
	}
	m.Metadata = map[string]string{"baregrad": "mine"}
	if err := m.Save(ctx, path); err == nil || !strings.Contains(err.Error(), `the key "baregrad"`) {
		t.Errorf("error %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	d := open(t, "reference")
	ctx := context.Background()
	folder := t.TempDir()
	path := filepath.Join(folder, "model.safetensors")
	if err := stripeModel(t, d, 3).Save(ctx, path); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(good); n += 97 {
		if err := os.WriteFile(path, good[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := nn.Load(ctx, d, path); err == nil {
			t.Errorf("a file cut off at byte %d of %d was loaded", n, len(good))
		}
	}
	for _, c := range []struct{ old, new, want string }{
		{`\"Units\":16`, `\"Units\":17`, `expected [36 17]`},
		{`\"kind\":\"Dropout\"`, `\"kind\":\"Dropuot\"`, `did you mean \"Dropout\"`},
		{`\"Filters\":4`, `\"Filters\":9`, `conv2d/kernel`},
		{`\"name\":\"adam\"`, `\"name\":\"adma\"`, `unknown optimizer`},
		{`\"version\":1`, `\"version\":7`, `version 7 of the format, expected 1`},
	} {
		if !strings.Contains(string(good), c.old) {
			t.Fatalf("the file does not hold %s", c.old)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(good), c.old, c.new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := nn.Load(ctx, d, path)
		if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(c.want, `\"`, `"`)) {
			t.Errorf("%s: error %v, want one with %s", c.new, err, c.want)
		}
	}
}

// Weights written by the Python package, in float32 and float16, are loaded by name.
func TestLoadWeightsFromPython(t *testing.T) {
	ctx := context.Background()
	const path = "safetensors/testdata/python.safetensors"
	d := open(t, "reference")
	m := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 2, InputShape: []int{3}})
	if err := m.LoadWeights(ctx, path); err != nil {
		t.Fatal(err)
	}
	if want := []float32{-0.25, -0.125, 0, 0.125, 0.25, 0.375, 0.5, -1.5}; !slices.Equal(weights(m), want) {
		t.Errorf("weights %v, want %v", weights(m), want)
	}
	if _, err := nn.Load(ctx, d, path); err == nil || !strings.Contains(err.Error(), "it has weights but no model") {
		t.Errorf("error %v", err)
	}
}
