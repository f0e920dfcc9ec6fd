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

// A whole program: it trains a network of two layers on handwritten digits and
// uses it.
func Example_mnist() {
	ctx := context.Background()
	device, err := auto.Open("auto") // the fastest that this machine has
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()

	// The images go to the device as they are, 0 to 255; batches are scaled to 0–1.
	data, err := mnist.Load(ctx, "mnist", mnist.Options{})
	if err != nil {
		log.Fatal(err)
	}
	tensors := func(s mnist.Set) (x, y *tensor.Tensor) {
		return tensor.From(device, s.Images, s.N, s.Rows, s.Cols), tensor.From(device, s.Int32Labels(), s.N)
	}
	x, y := tensors(data.Train.Slice(0, 10000)) // of 60,000
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
	if _, err := model.Fit(ctx, x, y, nn.FitOptions{Epochs: 3, Verbose: nn.Silent}); err != nil {
		log.Fatal(err)
	}

	scores, err := model.Evaluate(ctx, testX, testY, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	digits, err := model.PredictClasses(ctx, testX.Slice(0, 5), nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("more than 9 in 10 are right:", scores["accuracy"] > 0.9)
	fmt.Println("the first five are", digits)
	// Output:
	// more than 9 in 10 are right: true
	// the first five are [7 2 1 0 4]
}
