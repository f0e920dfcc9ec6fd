package figure

import (
	"context"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/kernels/reference"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// draw makes one figure of each kind.
func drawAll(t *testing.T, f Folder) (names []string) {
	t.Helper()
	data, err := mnist.Load(context.Background(), "mnist", mnist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := reference.New()
	var tiles []mnist.Tile
	for i := range 12 {
		tiles = append(tiles, mnist.Tile{Pixels: data.Test.Image(i), Rows: 28, Cols: 28, Caption: data.ClassNames[data.Test.Labels[i]], Mark: mnist.Mark(i % 3)})
	}
	counts := make([][]int, 10)
	for i := range counts {
		counts[i] = make([]int, 10)
		counts[i][i] = 900 + i
		counts[i][(i+3)%10] = i
	}
	filters := make([]float32, 5*5*24)
	for i := range filters {
		filters[i] = float32(i%7) - 3
	}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"image", f.Image("image", data.Test.Image(0), 28, 28)},
		{"grid", f.Grid("grid", tiles)},
		{"prediction", f.Prediction("prediction", data.Test.Image(0), 28, 28, []float32{0, .1, 0, 0, 0, 0, 0, .9, 0, 0}, data.ClassNames, 7)},
		{"curves", f.Curves("curves", &nn.History{Epoch: []int{0, 1, 2}, Values: map[string][]float64{
			"loss": {.5, .3, .2}, "val_loss": {.4, .35, .3}, "accuracy": {.8, .9, .95}, "val_accuracy": {.85, .9, .91}}})},
		{"confusion", f.Confusion("confusion", counts, data.ClassNames)},
		{"filters", f.Filters("filters", tensor.From(d, filters, 5, 5, 1, 24))},
		{"activations", f.Activations("activations", tensor.From(d, filters, 1, 10, 10, 6))},
	} {
		if c.err != nil {
			t.Errorf("%s: %v", c.name, c.err)
		}
		names = append(names, c.name)
	}
	return names
}

func TestPNG(t *testing.T) {
	dir := os.Getenv("FIGURES") // to look at them
	if dir == "" {
		dir = t.TempDir()
	}
	for _, name := range drawAll(t, Folder{Dir: dir}) {
		file, err := os.Open(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(file)
		file.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// A figure that is all of one colour shows nothing.
		first, differs := picture.At(0, 0), false
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				differs = differs || picture.At(x, y) != first
			}
		}
		if !differs {
			t.Errorf("%s is empty", name)
		}
	}
}

func TestSVG(t *testing.T) {
	dir := t.TempDir()
	var saved []string
	names := drawAll(t, Folder{Dir: dir, Format: "svg", Saved: func(path string) { saved = append(saved, path) }})
	if len(saved) != len(names) {
		t.Errorf("told of %d files, drew %d", len(saved), len(names))
	}
	text, err := os.ReadFile(filepath.Join(dir, "confusion.svg"))
	if err != nil || !strings.Contains(string(text), ">909<") {
		t.Errorf("the confusion matrix does not hold its counts (error %v)", err)
	}
}

func TestRefusals(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	d := reference.New()
	for _, err := range []error{
		f.Filters("x", tensor.New(d, 3, 3)),
		f.Activations("x", tensor.New(d, 2, 3, 3, 1)),
		f.Curves("x", &nn.History{}),
		Folder{Dir: f.Dir, Format: "bmp"}.Grid("x", nil),
		Folder{Dir: filepath.Join(f.Dir, "missing")}.Grid("x", nil),
	} {
		if err == nil {
			t.Error("accepted")
		}
	}
}

func TestBarsNeedsFigures(t *testing.T) {
	f := Folder{Dir: t.TempDir(), Format: "svg"}
	if err := f.Bars("empty", "speed", []string{"a"}, []string{"x"}, [][]float64{{0}}); err == nil {
		t.Error("a chart of nothing gave no error")
	}
	if err := f.Bars("speed", "speed", []string{"a", "b"}, []string{"x", "y"}, [][]float64{{1, 100}, {0, 3}}); err != nil {
		t.Error(err)
	}
	content, err := os.ReadFile(filepath.Join(f.Dir, "speed.svg"))
	if err != nil || !strings.Contains(string(content), "<svg") {
		t.Errorf("error %v, content %.100s", err, content)
	}
}
