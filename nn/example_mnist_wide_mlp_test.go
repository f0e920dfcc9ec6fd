package nn_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"baregrad/kernels/auto"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// The tutorial mnist-wide-mlp as a program: a hidden layer with as many units as the
// image has pixels, and data from a NumPy file. Here it uses only part of the images.
func Example_mnistWideMLP() {
	ctx := context.Background()
	device, err := auto.Open("auto")
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	// A small edition of mnist.npz, the file in which Keras ships MNIST. With the whole
	// file, this is all it takes: data, err := mnist.LoadNPZ(ctx, "mnist.npz")
	data, err := mnist.Load(ctx, "mnist", mnist.Options{})
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "mnist.npz")
	f, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	train, test := data.Train.Slice(0, 2000), data.Test.Slice(0, 500)
	err = mnist.WriteNPZ(f, map[string]*mnist.Array{
		"x_train": {Shape: []int{train.N, 28, 28}, Data: train.Images}, "y_train": {Shape: []int{train.N}, Data: train.Labels},
		"x_test": {Shape: []int{test.N, 28, 28}, Data: test.Images}, "y_test": {Shape: []int{test.N}, Data: test.Labels},
	}, true)
	if err := errors.Join(err, f.Close()); err != nil {
		log.Fatal(err)
	}
	if data, err = mnist.LoadNPZ(ctx, path); err != nil {
		log.Fatal(err)
	}
	tensors := func(s mnist.Set) (x, y *tensor.Tensor) {
		rows, err := mnist.ToCategorical(s.Labels, 0) // as many classes as there are in the labels
		if err != nil {
			log.Fatal(err)
		}
		return tensor.From(device, s.Images, s.N, s.Rows*s.Cols), tensor.From(device, rows, s.N, len(rows)/s.N)
	}
	x, y := tensors(data.Train)
	testX, testY := tensors(data.Test)
	fmt.Println(x.Shape(), y.Shape(), testX.Shape(), testY.Shape())

	model := nn.NewSequential(device, nn.Seed(1))
	model.Add(&nn.Dense{Units: 784, InputShape: []int{784}, Activation: nn.ReLU})
	model.Add(&nn.Dense{Units: y.Dim(1), Activation: nn.Softmax})
	if err := model.Compile(nn.CompileOptions{
		Loss: nn.CategoricalCrossentropy{}, Optimizer: nn.Adam{}, Metrics: []nn.Metric{nn.Accuracy{}},
	}); err != nil {
		log.Fatal(err)
	}
	_, params := model.ParamCount()
	fmt.Println("parameters:", params)

	// The tutorial: Epochs 10, Verbose nn.Lines.
	if _, err := model.Fit(ctx, x, y, nn.FitOptions{
		ValidationX: testX, ValidationY: testY, Epochs: 3, BatchSize: 200, Verbose: nn.Silent,
	}); err != nil {
		log.Fatal(err)
	}
	scores, err := model.Evaluate(ctx, testX, testY, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	// fmt.Printf("MLP Error: %.2f%%\n", 100-100*scores["accuracy"])
	fmt.Println("the error is below 30 %:", 100-100*scores["accuracy"] < 30)
	// Output:
	// [2000 784] [2000 10] [500 784] [500 10]
	// parameters: 623290
	// the error is below 30 %: true
}
