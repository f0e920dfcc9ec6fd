package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/mnist"
)

// ownFolder is a folder with data in the form of MNIST that have so many classes: images
// whose row of pixels tells the class.
func ownFolder(t *testing.T, classes int) string {
	t.Helper()
	set := func(n int, images, labels string, into map[string]*mnist.Array) {
		pixels, classOf := make([]uint8, n*side*side), make([]uint8, n)
		for i := range n {
			classOf[i] = uint8(i % classes)
			for j := range side {
				pixels[i*side*side+(i%classes)*side+j] = 255
			}
		}
		into[images] = &mnist.Array{Shape: []int{n, side, side}, Data: pixels}
		into[labels] = &mnist.Array{Shape: []int{n}, Data: classOf}
	}
	arrays := map[string]*mnist.Array{}
	set(640, "x_train", "y_train", arrays)
	set(3*classes, "x_test", "y_test", arrays)
	folder := t.TempDir()
	f, err := os.Create(filepath.Join(folder, "mnist.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := mnist.WriteNPZ(f, arrays, true); err != nil {
		t.Fatal(err)
	}
	return folder
}

// A network that is trained on data of one's own has the classes that their labels name.
func TestTrainOnOwnClasses(t *testing.T) {
	for classes, last := range map[int]string{3: "\n2 ", 14: "\n13 "} {
		folder, model := ownFolder(t, classes), filepath.Join(t.TempDir(), "own.safetensors")
		status, out, errs := demo(context.Background(), "train", "--model", "mlp", "--epochs", "3", "--batch", "32", "--data-dir", folder, "--save", model)
		if status != 0 {
			t.Fatalf("%d classes: status %d: %s", classes, status, errs)
		}
		for _, want := range []string{"own data: 640 training images", "Test accuracy 100.00 %", last, "show --model " + argument(model) + " --data-dir " + argument(folder)} {
			if !strings.Contains(out, want) {
				t.Errorf("%d classes: the output lacks %q:\n%s", classes, want, out)
			}
		}
		if beyond := map[int]string{3: "\n3 ", 14: "\n14 "}[classes]; strings.Contains(out, beyond) {
			t.Errorf("%d classes: the output has %q:\n%s", classes, beyond, out)
		}
		status, out, errs = demo(context.Background(), "predict", "--model", model, "--data-dir", folder, "-n", "1")
		if status != 0 || !strings.Contains(out, "image 0 of own data's test set: 0") {
			t.Errorf("%d classes: predict: status %d, %s%s", classes, status, out, errs)
		}
		if status, _, errs = demo(context.Background(), "predict", "--model", model); status != statusFailed || !strings.Contains(errs, "name their folder with --data-dir") {
			t.Errorf("%d classes: predict without its data: status %d, %s", classes, status, errs)
		}
	}
}
