package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels/auto"
	"baregrad/nn"
)

// cancelAfter is a writer that ends a context when what was written holds a text.
type cancelAfter struct {
	bytes.Buffer
	text   string
	cancel func()
}

func (w *cancelAfter) Write(p []byte) (int, error) {
	w.Buffer.Write(p)
	if strings.Contains(w.String(), w.text) {
		w.cancel()
	}
	return len(p), nil
}

// Ctrl-C when the training is over, while the model is tested: the model is saved.
func TestCtrlCWhileTesting(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	out := &cancelAfter{text: "Epoch 2/2\n16/16", cancel: cancel}
	var errs bytes.Buffer
	status := run(ctx, []string{"train", "--model", "mlp", "--limit", "2000", "--epochs", "2", "--save", path}, out, &errs)
	if status != statusInterrupted || !strings.Contains(out.String(), "The trained model is saved to "+path) || strings.Contains(out.String(), "Test accuracy") {
		t.Errorf("status %d, want %d; error %q, output:\n%s", status, statusInterrupted, errs.String(), out.String())
	}
	m := load(t, path)
	if _, steps := m.Compiled(); steps != 32 || m.Metadata["dataset"] != "mnist" || !strings.Contains(m.Metadata["history"], "accuracy") {
		t.Errorf("the saved model has %d steps and the metadata %v", steps, m.Metadata)
	}
}

// brightest saves a model that gives class i if the i-th of the four quarters of the image, from top
// to bottom, has most of the light.
func brightest(t *testing.T, path, dataset string) {
	t.Helper()
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := nn.NewSequential(d, nn.Seed(1), &nn.Flatten{InputShape: []int{28, 28}}, &nn.Dense{Units: 4, Name: "sum", Activation: nn.Softmax})
	m.Metadata = map[string]string{"dataset": dataset}
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	kernel := make([]float32, 784*4)
	for i := range 784 {
		kernel[4*i+i/(28*7)] = 1
	}
	if err := m.SetWeights("sum/kernel", kernel); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(context.Background(), path); err != nil {
		t.Fatal(err)
	}
}

// A picture is brought to the form of the data set that the model was trained on,
// or to the one that --form names.
func TestForms(t *testing.T) {
	dir := t.TempDir()
	// Black on white, small, in the lowest part of the picture; its own lowest part
	// is the largest.
	picture := filepath.Join(dir, "boot.png")
	img := image.NewGray(image.Rect(0, 0, 140, 140))
	for i := range img.Pix {
		x, y := i%140, i/140
		if img.Pix[i] = 255; y >= 105 && y < 133 && x >= 60 && (x < 67 || y >= 126 && x < 82) {
			img.Pix[i] = 0
		}
	}
	f, err := os.Create(picture)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	seen := func(dataset string, flags ...string) []float64 {
		t.Helper()
		model := filepath.Join(dir, dataset+".safetensors")
		brightest(t, model, dataset)
		status, out, errs := demo(context.Background(), append([]string{"predict", "--json", "--model", model, picture}, flags...)...)
		if status != 0 {
			t.Fatalf("status %d: %s", status, errs)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		var r struct {
			Predictions []struct{ Probabilities []float64 }
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
			t.Fatal(err)
		}
		return r.Predictions[0].Probabilities
	}
	digit, fashion, plain := seen("mnist"), seen("fashion"), seen("mnist", "--form", "plain")
	if !slices.Equal(seen("fashion", "--form", "digit"), digit) || !slices.Equal(seen("mnist", "--form", "fashion"), fashion) ||
		!slices.Equal(seen("fashion", "--form", "plain"), plain) {
		t.Error("a form that was named is not the one that was taken")
	}
	if slices.Equal(digit, fashion) || slices.Equal(fashion, plain) || slices.Equal(digit, plain) {
		t.Errorf("the forms give the same: %v, %v, %v", digit, fashion, plain)
	}
	// Trimmed, the lowest quarter has the most ink; as it is, the picture is nearly
	// all white, least so below.
	if !(fashion[3] > 0.99) || !(plain[3] < 0.01) {
		t.Errorf("fashion %v, plain %v", fashion, plain)
	}
	model := filepath.Join(dir, "mnist.safetensors")
	if status, _, errs := demo(context.Background(), "predict", "--model", model, "--form", "plian", picture); status != statusFailed || !strings.Contains(errs, `--form: unknown form "plian": did you mean "plain"?`) {
		t.Errorf("status %d, error %q", status, errs)
	}
	if status, _, errs := demo(context.Background(), "show", "--model", model, "--form", "plian", "--picture", picture); status != statusFailed || !strings.Contains(errs, `--form: unknown form "plian"`) {
		t.Errorf("show: status %d, error %q", status, errs)
	}
}
