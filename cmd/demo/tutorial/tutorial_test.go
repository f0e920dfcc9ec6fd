package tutorial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels/auto"
	"baregrad/mnist"
	"baregrad/nn"
)

// smallData is a folder with the beginnings of both data sets: so many images to
// train on and to test on, in files that the tutorials find.
func smallData(t *testing.T, train, test int) string {
	t.Helper()
	data, err := mnist.Load(context.Background(), "mnist", mnist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	set := func(s mnist.Set, images, labels string, into map[string]*mnist.Array) {
		into[images] = &mnist.Array{Shape: []int{s.N, s.Rows, s.Cols}, Data: s.Images}
		into[labels] = &mnist.Array{Shape: []int{s.N}, Data: s.Labels}
	}
	arrays := map[string]*mnist.Array{}
	set(data.Train.Slice(0, train), "x_train", "y_train", arrays)
	set(data.Test.Slice(0, test), "x_test", "y_test", arrays)
	writeNPZ(t, filepath.Join(dir, "mnist.npz"), arrays)
	writeNPZ(t, filepath.Join(dir, "fashion-mnist.npz"), arrays)
	return dir
}

func writeNPZ(t *testing.T, path string, arrays map[string]*mnist.Array) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(mnist.WriteNPZ(f, arrays, true), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// figures notes which pictures a tutorial draws.
type figures struct{ names []string }

func (f *figures) add(name string, ok bool) error {
	f.names = append(f.names, name)
	if !ok {
		return fmt.Errorf("%s is empty", name)
	}
	return nil
}
func (f *figures) Image(name string, pixels []uint8, rows, cols int) error {
	return f.add(name, len(pixels) == rows*cols && rows == 28)
}
func (f *figures) Grid(name string, tiles []mnist.Tile) error { return f.add(name, len(tiles) > 0) }
func (f *figures) Prediction(name string, pixels []uint8, rows, cols int, p []float32, classes []string, actual int) error {
	return f.add(name, len(pixels) == rows*cols && len(p) == len(classes) && actual < len(classes))
}
func (f *figures) Curves(name string, h *nn.History) error { return f.add(name, len(h.Epoch) > 0) }

// Each tutorial prints what its text has, in that order, draws its pictures and
// measures what it says. The patterns are regular expressions; each begins where
// the one before it ended.
func TestTutorials(t *testing.T) {
	dir := smallData(t, 160, 40)
	const number = `\d+\.\d+(e-\d+)?`
	bar := func(steps string) string {
		return steps + ` ━{20} \S+ \S+/step - accuracy: ` + number + ` - loss: ` + number
	}
	line := func(steps string) string { // verbose 2, with validation
		return steps + ` - \S+ - \S+/step - accuracy: ` + number + ` - loss: ` + number + ` - val_accuracy: ` + number + ` - val_loss: ` + number
	}
	list := `\[` + number + `, ` + number + `\]`
	for _, c := range []struct {
		name     string
		params   int
		values   []string // in the history
		patterns []string
		pictures []string
		files    []string
	}{
		{"mnist-mlp", 784*32 + 32 + 32*10 + 10, []string{"accuracy", "loss"}, []string{
			`Num GPUs Available:  \d+\n`, `Num CPUs Available:  1\n`, `\(160, 28, 28\)\n`, `\(160,\)\n`,
			`Epoch 1/2\n`, bar("1/1"), `Epoch 2/2\n`, bar("1/1"), `test---------\n`, bar("2/2"),
			`loss: \d\.\d{6} accuracy: 0\.\d{6}\n`, `[@#%*]{2}`, `\n\d\n$`,
		}, []string{"history", "image"}, nil},
		{"mnist-cnn", 1199882, []string{"accuracy", "loss", "val_accuracy", "val_loss"}, []string{
			`Model: "sequential"`, `conv2d \(Conv2D\) +│ \(None, 26, 26, 32\) +│ +320 │`, `conv2d_1 \(Conv2D\) +│ \(None, 24, 24, 64\) +│ +18,496 │`,
			`\(None, 12, 12, 64\)`, `\(None, 12, 12, 64\)`, `\(None, 9216\)`, `dense \(Dense\) +│ \(None, 128\) +│ +1,179,776 │`,
			`dense_1 \(Dense\) +│ \(None, 10\) +│ +1,290 │`, `Total params: 1,199,882`, `Trainable params: 1,199,882`, `Non-trainable params: 0`,
			`Epoch 1/2\n`, line("2/2"), `Epoch 2/2\n`, line("2/2"),
			`val_loss: ` + list, `val_accuracy: ` + list, `\nloss: ` + list, `\naccuracy: ` + list,
			`Test Loss: ` + number, `Test Accuracy: ` + number + `%`, `Classified correctly count: \d+\n`, `Classified incorrectly count: \d+\n`,
			`\[\[ *\d[^\[]*\]\]\n`, `0 .* %\n`,
		}, []string{"history", "incorrect", "prediction"}, []string{"mnist-cnn.safetensors"}},
		{"fashion-mlp", 101770, []string{"accuracy", "loss"}, []string{
			`\(160, 28, 28\)\n`, `\(160,\)\n`, `\[5 0 4 [\d\s]+\]\n`, `\(40, 28, 28\)\n`, `40\n`, `\[\[ +0 +0 +0`, `\n5\n`,
			`T-shirt/top`, `Epoch 1/2\n`, bar("5/5"), `Epoch 2/2\n`, bar("5/5"), bar("2/2"), `\n0\.\d+\n`,
			`flatten \(Flatten\) +│ \(None, 784\) +│ +0 │`, `\(None, 128\) +│ +100,480 │`, `\(None, 10\) +│ +1,290 │`, `Total params: 101,770`,
		}, []string{"first", "grid", "history", "predictions", "prediction"}, nil},
		{"binary-mlp", 21*64 + 65*64 + 65, []string{"accuracy", "loss"}, []string{`Epoch 1/2\n`, bar("5/5"), `Epoch 2/2\n`, bar("5/5")}, []string{"history"}, nil},
		{"mnist-wide-mlp", 784*784 + 784 + 7850, []string{"accuracy", "loss", "val_accuracy", "val_loss"}, []string{
			`Epoch 1/2\n`, line("1/1"), `Epoch 2/2\n`, line("1/1"), `MLP Error: \d+\.\d\d%\n$`}, []string{"history"}, nil},
		{"mnist-cnn-channels-first", 26*32 + (32*12*12+1)*128 + 1290, []string{"accuracy", "loss", "val_accuracy", "val_loss"}, []string{
			`Epoch 1/2\n`, line("1/1"), `Epoch 2/2\n`, line("1/1"), `CNN Error: \d+\.\d\d%\n$`}, []string{"history"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tutorial, err := ByName(c.name)
			if err != nil {
				t.Fatal(err)
			}
			d, err := auto.Open("auto")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			var out bytes.Buffer
			var drawn figures
			folder := t.TempDir()
			r, err := tutorial.Run(Setting{Context: context.Background(), Device: d, Out: &out, Epochs: 2, Seed: 1,
				Data: mnist.Options{Dir: dir, NoDownload: true}, Folder: folder, Figures: &drawn})
			if err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			rest := out.String()
			for _, pattern := range c.patterns {
				at := regexp.MustCompile(pattern).FindStringIndex(rest)
				if at == nil {
					t.Fatalf("the output does not go on with %s:\n%s\n\nall of it:\n%s", pattern, rest, out.String())
				}
				rest = rest[at[1]:]
			}
			if _, params := r.Model.ParamCount(); params != c.params {
				t.Errorf("%d parameters, want %d", params, c.params)
			}
			for _, value := range c.values {
				if len(r.History.Values[value]) != 2 {
					t.Errorf("the history of %s is %v, want 2 epochs", value, r.History.Values[value])
				}
			}
			if len(r.History.Values) != len(c.values) {
				t.Errorf("the history holds %v, want %v", r.History.Values, c.values)
			}
			if !(r.Scores["loss"] > 0) || !(r.Scores["accuracy"] >= 0.1 && r.Scores["accuracy"] <= 1) || !(r.TrainSeconds > 0) {
				t.Errorf("scores %v after %v s", r.Scores, r.TrainSeconds)
			}
			slices.Sort(drawn.names)
			slices.Sort(c.pictures)
			if !slices.Equal(drawn.names, c.pictures) {
				t.Errorf("drew %v, want %v", drawn.names, c.pictures)
			}
			if saved := r.Saved != ""; saved != (len(c.files) > 0) || saved && r.Saved != filepath.Join(folder, c.files[0]) {
				t.Errorf("saved to %q, want %v in the folder", r.Saved, c.files)
			}
			for _, name := range c.files {
				if _, err := nn.Load(context.Background(), d, filepath.Join(folder, name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A data set of one's own may have fewer images than a tutorial shows.
func TestTutorialOfFewImages(t *testing.T) {
	tutorial, err := ByName("fashion-mlp")
	if err != nil {
		t.Fatal(err)
	}
	d, err := auto.Open("auto")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var out bytes.Buffer
	r, err := tutorial.Run(Setting{Context: context.Background(), Device: d, Out: &out, Epochs: 1, Seed: 1,
		Data: mnist.Options{Dir: smallData(t, 7, 3), NoDownload: true}})
	if err != nil || !(r.Scores["loss"] > 0) {
		t.Errorf("error %v, result %+v\n%s", err, r, out.String())
	}
}

// The tutorials that read mnist.npz take images of any size from it.
func TestTutorialsOfOtherImages(t *testing.T) {
	images := func(n int) *mnist.Array { return &mnist.Array{Shape: []int{n, 12, 9}, Data: make([]uint8, n*12*9)} }
	labels := func(n int) *mnist.Array { return &mnist.Array{Shape: []int{n}, Data: append(make([]uint8, n-1), 1)} }
	dir := t.TempDir()
	writeNPZ(t, filepath.Join(dir, "mnist.npz"), map[string]*mnist.Array{
		"x_train": images(6), "y_train": labels(6), "x_test": images(4), "y_test": labels(4)})
	d, err := auto.Open("auto")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, name := range []string{"mnist-wide-mlp", "mnist-cnn-channels-first"} {
		tutorial, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		r, err := tutorial.Run(Setting{Context: context.Background(), Device: d, Out: &out, Epochs: 1, Seed: 1, Data: mnist.Options{Dir: dir}})
		if err != nil || !(r.Scores["loss"] > 0) {
			t.Errorf("%s: error %v, result %+v\n%s", name, err, r, out.String())
		}
	}
}

// Where there is no mnist.npz, one is made from the embedded data.
func TestNPZFromEmbedded(t *testing.T) {
	folder := t.TempDir()
	s := &Setting{Context: context.Background(), Folder: folder}
	data, err := s.npz()
	if err != nil || data.Train.N != 60000 || data.Test.N != 10000 {
		t.Fatalf("%v, error %v", data, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "mnist.npz")); err != nil {
		t.Error(err)
	}
	if again, err := s.npz(); err != nil || again.Train.N != 60000 { // the file that is there
		t.Errorf("a second time: %v, error %v", again, err)
	}
}

// A mnist.npz with other data in the folder for results stays as it is.
func TestNPZIsNotOverwritten(t *testing.T) {
	folder := smallData(t, 20, 10)
	path := filepath.Join(folder, "mnist.npz")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &Setting{Context: context.Background(), Folder: folder}
	if _, err := s.npz(); err == nil || !strings.Contains(err.Error(), path+" is there already") || !strings.Contains(err.Error(), "--data-dir "+folder) {
		t.Errorf("error %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file is another one now, error %v", err)
	}
}

func TestByName(t *testing.T) {
	if len(All()) != 6 {
		t.Errorf("%d tutorials, want 6", len(All()))
	}
	_, err := ByName("mnist-mpl")
	if err == nil || !strings.Contains(err.Error(), `did you mean "mnist-mlp"?`) {
		t.Errorf("error %v", err)
	}
}
