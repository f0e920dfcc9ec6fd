package main

import (
	"context"
	"encoding/json"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels/auto"
	"baregrad/nn"
	"baregrad/tensor"
)

func TestShow(t *testing.T) {
	model, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "figures")
	status, out, errs := demo(context.Background(), "show", "--model", model, "--image", "3", "--out", dir, "--format", "svg", "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, want := range []string{
		"Model: \"sequential\"", "Trained for 940 steps with adam (one cycle to 0.005 over 940 steps)", "sparse_categorical_crossentropy",
		"* loss", "* accuracy", "dense: 256 units", "(the first 32 of 256; all are drawn to the file)",
		"image 3 of MNIST's test set", "Output of dense: [256]", "recall", "surest",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	for _, name := range []string{"history", "filters", "prediction", "activations-dense", "confusion", "mistakes"} {
		if info, err := os.Stat(filepath.Join(dir, name+".svg")); err != nil || info.Size() < 1000 {
			t.Errorf("%s.svg: %v", name, err)
		}
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var r portrait
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatal(err)
	}
	right, all := 0, 0
	for i, row := range r.Confusion {
		right += row[i]
		for _, n := range row {
			all += n
		}
	}
	if r.Dataset != "mnist" || r.Params != 203530 || len(r.Layers) != 4 || r.Layers[1].Params != 784*256+256 || r.Steps != 940 ||
		len(r.History["loss"]) != 4 || all != 10000 || !(math.Abs(*r.TestAccuracy-float64(right)/10000) <= 1e-9) {
		t.Errorf("%+v, %d of %d right", r, right, all)
	}
}

// A model that says nothing of its training is shown with a picture.
func TestShowPlainModel(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := nn.NewSequential(d, nn.Seed(1),
		&nn.Conv2D{Filters: 6, Kernel: [2]int{3, 3}, InputShape: []int{1, 28, 28}, DataFormat: nn.ChannelsFirst},
		&nn.Flatten{DataFormat: nn.ChannelsFirst}, &nn.Dense{Units: 5})
	path := filepath.Join(dir, "plain")
	if err := m.Save(ctx, path); err != nil {
		t.Fatal(err)
	}
	picture := renderDigit(t, dir, "3.png", "3", 100, 100, 60, color.White, color.Black)
	for _, layer := range []string{"conv2d", "flatten", "dense"} {
		status, out, errs := demo(ctx, "show", "--model", path, "--picture", picture, "--layer", layer, "--out", dir)
		if status != 0 || !strings.Contains(out, "does not say how it was trained") || !strings.Contains(out, "Output of "+layer+":") {
			t.Errorf("layer %s: status %d, %s, output:\n%s", layer, status, errs, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "activations-"+layer+".png")); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct{ args, path, want string }{
		{"", "", "name one with --dataset"},
		{"--layer conv --picture PATH", picture, `did you mean "conv2d"?`},
		{"--picture PATH", path, "a PNG or JPEG picture"},
		{"--dataset mnist", "", "MNIST has 10 classes, the model 5"},
	} {
		status, out, errs := demo(ctx, append([]string{"show", "--model", path}, withPath(c.args, c.path)...)...)
		if status != 1 || !strings.Contains(errs, c.want) {
			t.Errorf("show %s: status %d, standard error %q, want one with %q", c.args, status, errs, c.want)
		}
		if c.args != "" && out != "" { // the model is fine, the request is not
			t.Errorf("show %s: is refused after it printed\n%s", c.args, out)
		}
	}
	if status, _, errs := demo(ctx, "show", "--model", path, "--image", "3", "--picture", picture); status != 2 || !strings.Contains(errs, "--image and --picture can't be used together") {
		t.Errorf("an image and a picture: status %d, standard error %q", status, errs)
	}
	if model, err := trained(); err != nil {
		t.Error(err)
	} else if status, _, errs := demo(ctx, "show", "--model", model, "--image", "10000"); status != 1 || !strings.Contains(errs, "from 0 to 9999") {
		t.Errorf("status %d, standard error %q", status, errs)
	}
}

// Images with the channels first are the same images in another order.
func TestAsMaps(t *testing.T) {
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := nn.NewSequential(d, nn.Seed(1), &nn.Conv2D{Filters: 2, Kernel: [2]int{27, 26}, InputShape: []int{1, 28, 28}, DataFormat: nn.ChannelsFirst})
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	v := &view{classifier: &classifier{Sequential: m}}
	// Two channels of 2×3.
	got := v.asMaps("conv2d", tensor.From(d, []float32{1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60}, 1, 2, 2, 3))
	if want := []float32{1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60}; !slices.Equal(got.Floats(), want) || !slices.Equal(got.Shape(), []int{1, 2, 3, 2}) {
		t.Errorf("%v of shape %v, want %v", got.Floats(), got.Shape(), want)
	}
	if got := v.asMaps("dense", tensor.New(d, 1, 128)).Shape(); !slices.Equal(got, []int{1, 8, 16, 1}) {
		t.Errorf("128 values became %v", got)
	}
	if out, rows, cols := resize([]uint8{0, 100, 200, 255}, 2, 2); rows != 12 || cols != 12 || out[0] != 0 || out[6] != 100 || out[143] != 255 {
		t.Errorf("a 2×2 image became %d×%d: %v", rows, cols, out)
	}
	if out, rows, cols := resize(make([]uint8, 28*28), 28, 28); rows != 14 || cols != 14 || len(out) != 196 {
		t.Errorf("a 28×28 image became %d×%d", rows, cols)
	}
}

func TestTrainPictures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pictures")
	status, out, errs := demo(context.Background(), "train", "--model", "mlp", "--limit", "500", "--epochs", "5", "--save", "-", "--out", dir)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, name := range []string{"history", "confusion", "mistakes"} {
		path := filepath.Join(dir, name+".png")
		if _, err := os.Stat(path); err != nil || !strings.Contains(out, "Drawn to "+path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if !strings.Contains(out, "* loss") {
		t.Errorf("no curve in\n%s", out)
	}
}
