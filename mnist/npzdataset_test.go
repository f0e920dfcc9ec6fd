package mnist

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLoadNPZ(t *testing.T) {
	isolate(t)
	for _, file := range []string{"testdata/numpy/digits.npz", "testdata/numpy/digits-i8.npz"} {
		d, err := LoadNPZ(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		checkSmall(t, d)
		if d.Name != "own" || d.Published || d.Source != file || !slices.Equal(d.ClassNames, []string{"0", "1", "2", "3", "4", "5"}) {
			t.Errorf("%s: %q from %q, published: %v, classes %q", file, d.Name, d.Source, d.Published, d.ClassNames)
		}
		// As the path of the data itself.
		d, err = Load(t.Context(), "mnist", Options{Dir: file})
		if err != nil {
			t.Fatal(err)
		}
		checkSmall(t, d)
		if d.Name != "mnist" || d.Published || len(d.ClassNames) != 10 {
			t.Errorf("%s as MNIST: %q, published: %v, classes %q", file, d.Name, d.Published, d.ClassNames)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := LoadNPZ(ctx, "testdata/numpy/digits.npz"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

// MNIST itself, written as Keras's mnist.npz and found by its name.
func TestLoadNPZOfMNIST(t *testing.T) {
	isolate(t)
	want := testMNIST(t)
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "mnist.npz"))
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteNPZ(f, map[string]*Array{
		"x_train": {Shape: []int{60000, 28, 28}, Data: want.Train.Images},
		"y_train": {Shape: []int{60000}, Data: want.Train.Labels},
		"x_test":  {Shape: []int{10000, 28, 28}, Data: want.Test.Images},
		"y_test":  {Shape: []int{10000}, Data: want.Test.Labels},
	}, false); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	byPath, err := LoadNPZ(t.Context(), f.Name())
	if err != nil {
		t.Fatal(err)
	}
	byDir, err := Load(t.Context(), "mnist", Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*Dataset{byPath, byDir} {
		if d.Name != "mnist" || d.Title != "MNIST" || !d.Published || d.Source != f.Name() {
			t.Errorf("loaded %q from %q, published: %v", d.Name, d.Source, d.Published)
		}
		if !bytes.Equal(d.Train.Images, want.Train.Images) || !bytes.Equal(d.Test.Labels, want.Test.Labels) {
			t.Error("the contents differ")
		}
	}
	_, err = Load(t.Context(), "fashion", Options{Dir: f.Name()})
	if err == nil || !strings.Contains(err.Error(), "which is MNIST's") {
		t.Errorf("as Fashion-MNIST: error %v", err)
	}
}

func TestLoadNPZErrors(t *testing.T) {
	good := func() map[string]*Array {
		return map[string]*Array{
			"x_train": {Shape: []int{3, 2, 2}, Data: count(12)}, "y_train": {Shape: []int{3}, Data: count(3)},
			"x_test": {Shape: []int{2, 2, 2}, Data: count(8)}, "y_test": {Shape: []int{2}, Data: count(2)},
		}
	}
	tests := []struct {
		name  string
		array string
		to    *Array
		want  []string
	}{
		{"array missing", "x_test", nil, []string{"x_train, y_test, y_train", "x_test among them"}},
		{"images as float", "x_train", &Array{Shape: []int{3, 2, 2}, Data: make([]float32, 12)}, []string{"x_train", "<f4", "|u1"}},
		{"images in rows", "x_test", &Array{Shape: []int{2, 4}, Data: count(8)}, []string{"x_test", "(2, 4)", "(number, rows, columns)"}},
		{"one-hot labels", "y_test", &Array{Shape: []int{2, 10}, Data: count(20)}, []string{"y_test", "(2, 10)", "(number,)"}},
		{"labels as float", "y_train", &Array{Shape: []int{3}, Data: make([]float64, 3)}, []string{"y_train", "<f8"}},
		{"negative label", "y_train", &Array{Shape: []int{3}, Data: []int64{0, 1, -1}}, []string{"y_train", "label 2", "found -1"}},
		{"label past a byte", "y_train", &Array{Shape: []int{3}, Data: []int32{0, 256, 1}}, []string{"y_train", "label 1", "found 256"}},
		{"too few labels", "y_train", &Array{Shape: []int{2}, Data: count(2)}, []string{"y_train", "found 2", "expected 3"}},
		{"no images", "x_train", &Array{Shape: []int{0, 2, 2}, Data: []uint8{}}, []string{"x_train", "found 0", "at least 1"}},
		{"images of two sizes", "x_test", &Array{Shape: []int{2, 3, 3}, Data: count(18)}, []string{"x_test", "3×3", "2×2"}},
	}
	for _, test := range tests {
		arrays := good()
		arrays[test.array] = test.to
		if test.to == nil {
			delete(arrays, test.array)
		}
		var b bytes.Buffer
		if err := WriteNPZ(&b, arrays, true); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "set.npz")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := LoadNPZ(t.Context(), path)
		var bad *FormatError
		if !errors.As(err, &bad) || d != nil {
			t.Errorf("%s: error %v, expected a *FormatError", test.name, err)
			continue
		}
		for _, part := range append(test.want, path) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error %q does not contain %q", test.name, err, part)
			}
		}
	}
	// As the path of the data, and found in a folder by its name.
	path := filepath.Join(t.TempDir(), "mnist.npz")
	if err := os.WriteFile(path, []byte("no archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{path, filepath.Dir(path)} {
		if _, err := Load(t.Context(), "mnist", Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), path+": compressed contents") {
			t.Errorf("damaged file by %s: error %v", dir, err)
		}
	}
	if _, err := LoadNPZ(t.Context(), "testdata/absent.npz"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: error %v", err)
	}
}
