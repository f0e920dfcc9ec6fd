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

// The tutorial mnist-mlp as a program: activations as separate layers, an optimizer
// with its settings written out, labels as one-hot rows. Here it trains on a sixth
// of the images, in smaller batches.
func Example_mnistMLP() {
	ctx := context.Background()
	device, err := auto.Open("auto")
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	data, err := mnist.Load(ctx, "mnist", mnist.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(data.Train.N, data.Train.Rows, data.Train.Cols)
	// Pixels are copied to the device as uint8, and the model gets them as 0 to 1.
	// Labels become one-hot rows.
	tensors := func(s mnist.Set) (x, y *tensor.Tensor) {
		rows, err := mnist.ToCategorical(s.Labels, 10)
		if err != nil {
			log.Fatal(err)
		}
		return tensor.From(device, s.Images, s.N, 784), tensor.From(device, rows, s.N, 10)
	}
	x, y := tensors(data.Train.Slice(0, 10000)) // without Slice for all 60,000
	testX, testY := tensors(data.Test)

	model := nn.NewSequential(device, nn.Seed(1),
		&nn.Dense{Units: 32, InputShape: []int{784}},
		&nn.Activation{Function: nn.ReLU},
		&nn.Dense{Units: 10},
		&nn.Activation{Function: nn.Softmax},
	)
	if err := model.Compile(nn.CompileOptions{
		Optimizer: nn.RMSprop{LearningRate: 0.001, Rho: 0.9, Epsilon: 1e-8},
		Loss:      nn.CategoricalCrossentropy{},
		Metrics:   []nn.Metric{nn.Accuracy{}},
	}); err != nil {
		log.Fatal(err)
	}
	_, params := model.ParamCount()
	fmt.Println("parameters:", params)

	// The tutorial: Epochs 20, BatchSize 1000, and the default Verbose, which shows a bar.
	history, err := model.Fit(ctx, x, y, nn.FitOptions{Epochs: 3, BatchSize: 100, Verbose: nn.Silent})
	if err != nil {
		log.Fatal(err)
	}
	losses := history.Values["loss"]
	fmt.Println("the loss falls:", losses[0] > losses[1] && losses[1] > losses[2])

	scores, err := model.Evaluate(ctx, testX, testY, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("more than 8 in 10 are right:", scores["accuracy"] > 0.8)
	classes, err := model.PredictClasses(ctx, testX.Slice(0, 1), nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the first is a", classes[0])
	// Output:
	// 60000 28 28
	// parameters: 25450
	// the loss falls: true
	// more than 8 in 10 are right: true
	// the first is a 7
}
