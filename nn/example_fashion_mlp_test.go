package nn_test

import (
	"context"
	"fmt"
	"log"

	"baregrad/kernels/auto"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// The tutorial fashion-mlp as a program: pieces of clothing classified with one hidden
// layer, labels as class numbers. (Fashion-MNIST is not embedded: Load looks for it in
// the usual places, and otherwise downloads it. So this example is compiled with the
// tests, but not run.)
func Example_fashionMLP() {
	ctx := context.Background()
	device, err := auto.Open("auto")
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	data, err := mnist.Load(ctx, "fashion", mnist.Options{})
	if err != nil {
		log.Fatal(err)
	}
	tensors := func(s mnist.Set) (x, y *tensor.Tensor) {
		return tensor.From(device, s.Images, s.N, s.Rows, s.Cols), tensor.From(device, s.Int32Labels(), s.N)
	}
	x, y := tensors(data.Train)
	testX, testY := tensors(data.Test)

	model := nn.NewSequential(device, nn.Seed(1),
		&nn.Flatten{InputShape: []int{28, 28}},
		&nn.Dense{Units: 128, Activation: nn.ReLU},
		&nn.Dense{Units: 10, Activation: nn.Softmax},
	)
	if err := model.Compile(nn.CompileOptions{
		Optimizer: nn.Adam{},
		Loss:      nn.SparseCategoricalCrossentropy{},
		Metrics:   []nn.Metric{nn.Accuracy{}},
	}); err != nil {
		log.Fatal(err)
	}
	if _, err := model.Fit(ctx, x, y, nn.FitOptions{Epochs: 10}); err != nil {
		log.Fatal(err)
	}
	scores, err := model.Evaluate(ctx, testX, testY, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("test accuracy: %.4f\n", scores["accuracy"])

	classes, err := model.PredictClasses(ctx, testX.Slice(0, 15), nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for i, class := range classes {
		fmt.Printf("%s (%s)\n", data.ClassNames[class], data.ClassNames[data.Test.Labels[i]])
	}
}
