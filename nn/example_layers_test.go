package nn_test

import (
	"context"
	"fmt"
	"log"

	"baregrad/kernels/reference"
	"baregrad/nn"
	"baregrad/tensor"
)

// Dense takes the last axis of an input of any rank: here two numbers at each of four times,
// and for each time a prediction which of the two is larger. The labels are [n, time].
func ExampleDense_time() {
	d := reference.New()
	x := tensor.New(d, 50, 4, 2)
	d.Uniform(x.Buffer(), -1, 1, 1)
	classes, values := make([]int32, 50*4), x.Floats()
	for i := range classes {
		if values[2*i+1] > values[2*i] {
			classes[i] = 1
		}
	}
	model := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 2, Activation: nn.Softmax, InputShape: []int{4, 2}})
	if err := model.Compile(nn.CompileOptions{Optimizer: nn.Adam{LearningRate: 0.1},
		Loss: nn.SparseCategoricalCrossentropy{}, Metrics: []nn.Metric{nn.Accuracy{}}}); err != nil {
		log.Fatal(err)
	}
	history, err := model.Fit(context.Background(), x, tensor.From(d, classes, 50, 4), nn.FitOptions{Epochs: 50, Verbose: nn.Silent})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("output:", model.OutputShape(), "accuracy above 0.95:", history.Last("accuracy") > 0.95)
	one := tensor.From(d, []float32{0.9, 0.1, -0.5, 0.5, 0.3, 0.8, 0.6, -0.6}, 1, 4, 2)
	larger, err := model.PredictClasses(context.Background(), one, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(larger)
	// Output:
	// output: [4 2] accuracy above 0.95: true
	// [0 1 1 0]
}
