package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"baregrad/kernels/auto"
	"baregrad/mnist"
	"baregrad/nn"
)

// models is a folder for the models of all tests.
var models string

// runDemo makes this test binary, started again, the program itself.
const runDemo = "BAREGRAD_TEST_DEMO"

func TestMain(m *testing.M) {
	if os.Getenv(runDemo) != "" {
		main()
	}
	loadData = loadOnce
	var err error
	if models, err = os.MkdirTemp("", "demo"); err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(models)
	os.Exit(status)
}

// embedded is the data set in the program.
var embedded = sync.OnceValues(func() (*mnist.Dataset, error) {
	return mnist.Load(context.Background(), "mnist", mnist.Options{})
})

// loadOnce is mnist.Load, but gives copies of the embedded data set: to unpack it takes longer than
// most of the tests that need it.
func loadOnce(ctx context.Context, name string, o mnist.Options) (*mnist.Dataset, error) {
	if err := ctx.Err(); err != nil || name != "mnist" || o.Dir != "" {
		return mnist.Load(ctx, name, o)
	}
	data, err := embedded()
	if err != nil {
		return nil, err
	}
	own := *data
	own.ClassNames, own.Train, own.Test = slices.Clone(data.ClassNames), data.Train.Clone(), data.Test.Clone()
	return &own, nil
}

// trained is the file of a small network that demo train made, once for all tests.
var trained = sync.OnceValues(func() (string, error) {
	path := filepath.Join(models, "mlp.safetensors")
	status, _, errs := demo(context.Background(), "train", "--model", "mlp", "--limit", "30000", "--epochs", "4", "--quiet", "--save", path)
	if status != 0 {
		return "", fmt.Errorf("status %d: %s", status, errs)
	}
	return path, nil
})

// Digits of a typeface, dark on light and light on dark, of other sizes and
// elsewhere in the picture.
func TestPredictPictures(t *testing.T) {
	model, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := []string{"predict", "--json", "--model", model}
	want := []string{}
	for _, digit := range strings.Split("0123456789", "") {
		want = append(want, digit, digit)
		args = append(args,
			renderDigit(t, dir, digit+"-dark.png", digit, 200, 160, 100, color.White, color.Black),
			renderDigit(t, dir, digit+"-light.png", digit, 120, 180, 90, color.RGBA{20, 30, 60, 255}, color.RGBA{240, 230, 120, 255}))
	}
	status, out, errs := demo(context.Background(), args...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var r struct {
		Classes     []string
		Predictions []guess
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Predictions) != len(want) || len(r.Classes) != 10 {
		t.Fatalf("%d predictions of %v, want %d of 10 classes", len(r.Predictions), r.Classes, len(want))
	}
	for i, p := range r.Predictions {
		if p.Class != want[i] || p.Image != args[4+i] || p.Probability != p.Probabilities[best(p.Probabilities)] {
			t.Errorf("%s was taken for %s (%.2f), want %s", p.Image, p.Class, p.Probability, want[i])
		}
		if !strings.Contains(out, fmt.Sprintf("%s: %s (%.1f %%)\n", p.Image, p.Class, 100*p.Probability)) {
			t.Errorf("the output does not show %s", p.Image)
		}
	}
	if !strings.Contains(out, "@@") || !strings.Contains(out, "#####") {
		t.Errorf("no picture and no bars in\n%s", out)
	}
}

func TestPredictTestSet(t *testing.T) {
	model, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	status, out, errs := demo(context.Background(), "predict", "--model", model, "-n", "3")
	if status != 0 || strings.Count(out, "which is right") < 2 || !strings.Contains(out, "image 2 of MNIST's test set: 1 (") {
		t.Errorf("status %d, error %q, output:\n%s", status, errs, out)
	}
}

func TestPredictRefusals(t *testing.T) {
	model, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	dir := t.TempDir()
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	// save writes an untrained model with these layers.
	save := func(name string, metadata map[string]string, layers ...nn.Layer) string {
		m := nn.NewSequential(d, nn.Seed(1), layers...)
		m.Metadata = metadata
		path := filepath.Join(dir, name)
		if err := m.Save(ctx, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	picture := renderDigit(t, dir, "3.png", "3", 100, 100, 60, color.White, color.Black)
	blank := renderDigit(t, dir, "blank.png", "", 100, 100, 60, color.White, color.Black)
	dense := func(units int, in ...int) nn.Layer { return &nn.Dense{Units: units, InputShape: in} }
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--model", picture, picture}, 1, "load " + picture},
		{[]string{"--model", filepath.Join(dir, "none"), picture}, 1, "no such file or directory (demo train saves one)"},
		{[]string{"--model", filepath.Join(dir, "fashion-mlp.safetensors"), picture}, 1, "(demo train --dataset fashion --model mlp saves one)"},
		{[]string{"--model", save("rows", nil, dense(10, 20)), picture}, 1, "takes examples of shape [20], expected [28 28]"},
		{[]string{"--model", save("one", nil, dense(1, 784)), picture}, 1, "outputs of shape [1], expected one value for each of at least 2 classes"},
		{[]string{"--model", save("image", nil, &nn.Activation{Function: nn.ReLU, InputShape: []int{28, 28}}), picture}, 1, "outputs of shape [28 28]"},
		{[]string{"--model", save("names", map[string]string{"classes": `["a","b"]`}, dense(3, 784)), picture}, 1, "names for 2 classes, but the model has 3"},
		{[]string{"--model", save("plain", nil, dense(10, 784))}, 1, "name one with --dataset"},
		{[]string{"--model", save("three", nil, dense(3, 784)), "--dataset", "mnist"}, 1, "MNIST has 10 classes, the model 3"},
		{[]string{"--model", model, blank}, 1, blank},
		{[]string{"--model", model, filepath.Join(dir, "missing.png")}, 1, "missing.png"},
		{[]string{"--model", model, "-n", "0"}, 1, "--number is 0, must be at least 1"},
		{[]string{picture}, 2, "--model"},
	} {
		status, _, errs := demo(ctx, append([]string{"predict"}, c.args...)...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("demo predict %v: status %d, want %d; standard error %q, want one with %q", c.args, status, c.status, errs, c.want)
		}
	}
	// The pictures that can be read are shown none the less.
	status, out, _ := demo(ctx, "predict", "--model", model, blank, picture)
	if status != 1 || !strings.Contains(out, picture+": 3 (") {
		t.Errorf("status %d, output:\n%s", status, out)
	}
	// Every form of the input sees the same image.
	for _, in := range [][]int{{28, 28}, {28, 28, 1}, {1, 28, 28}, {784}} {
		flat := save("flat", nil, &nn.Flatten{InputShape: in}, &nn.Dense{Units: 10})
		if status, _, errs := demo(ctx, "predict", "--model", flat, picture); status != 0 {
			t.Errorf("input %v: status %d, %s", in, status, errs)
		}
	}
}

func TestProbabilities(t *testing.T) {
	row := []float32{0.25, 0.5, 0.25}
	probabilities(row)
	if row[0] != 0.25 || row[1] != 0.5 {
		t.Errorf("probabilities became %v", row)
	}
	row = []float32{1000, 1000 + float32(math.Ln2), -1000} // logits that exp alone could not take
	probabilities(row)
	if !(math.Abs(float64(row[0])-1.0/3) <= 1e-4) || !(math.Abs(float64(row[1])-2.0/3) <= 1e-4) || row[2] != 0 {
		t.Errorf("logits became %v, want 1/3, 2/3, 0", row)
	}
}
