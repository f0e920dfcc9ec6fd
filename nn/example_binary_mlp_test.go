package nn_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"baregrad/kernels/auto"
	"baregrad/nn"
	"baregrad/tensor"
)

// The tutorial binary-mlp as a program: a thousand rows with random labels. There is
// nothing to learn, so the loss stays near ln 2 = 0.69. Optimizer, loss and metric are
// given by name, with Keras's defaults.
func Example_binaryMLP() {
	ctx := context.Background()
	device, err := auto.Open("auto")
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	random := rand.New(rand.NewPCG(1, 20))
	made := func(n int) (x, y *tensor.Tensor) {
		rows, labels := make([]float32, n*20), make([]float32, n)
		for i := range rows {
			rows[i] = random.Float32()
		}
		for i := range labels {
			labels[i] = float32(random.IntN(2))
		}
		return tensor.From(device, rows, n, 20), tensor.From(device, labels, n, 1)
	}
	x, y := made(1000)
	testX, testY := made(100)

	model := nn.NewSequential(device, nn.Seed(1))
	model.Add(&nn.Dense{Units: 64, Activation: nn.ReLU, InputShape: []int{20}})
	model.Add(&nn.Dropout{Rate: 0.5})
	model.Add(&nn.Dense{Units: 64, Activation: nn.ReLU})
	model.Add(&nn.Dropout{Rate: 0.5})
	model.Add(&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	optimizer, err := nn.OptimizerByName("rmsprop")
	if err != nil {
		log.Fatal(err)
	}
	loss, err := nn.LossByName("binary_crossentropy")
	if err != nil {
		log.Fatal(err)
	}
	metric, err := nn.MetricByName("accuracy")
	if err != nil {
		log.Fatal(err)
	}
	if err := model.Compile(nn.CompileOptions{Loss: loss, Optimizer: optimizer, Metrics: []nn.Metric{metric}}); err != nil {
		log.Fatal(err)
	}
	_, params := model.ParamCount()
	fmt.Println("parameters:", params)
	if _, err := model.Fit(ctx, x, y, nn.FitOptions{Epochs: 10, BatchSize: 200, Verbose: nn.Silent}); err != nil {
		log.Fatal(err)
	}
	scores, err := model.Evaluate(ctx, testX, testY, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the loss is within 0.05 of ln 2:", math.Abs(scores["loss"]-math.Ln2) < 0.05)
	// Output:
	// parameters: 5569
	// the loss is within 0.05 of ln 2: true
}
