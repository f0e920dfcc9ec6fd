package nn_test

import (
	"context"
	"fmt"
	"log"

	"baregrad/kernels/reference"
	"baregrad/nn"
	"baregrad/tensor"
)

// Dense works on the last axis of an input of any rank: here two numbers at each of four
// times, and for each time a prediction of which is larger. The labels are [n, time].
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

// brightHalves returns images of 6×6 pixels: noise, with one brighter half. It is the left
// half for class 0 and the right half for class 1.
func brightHalves(n int) (x, y *tensor.Tensor) {
	d := reference.New()
	x = tensor.New(d, n, 6, 6, 1)
	d.Uniform(x.Buffer(), 0, 1, 2)
	values, classes := x.Floats(), make([]float32, n)
	for i := range classes {
		classes[i] = float32(i % 2)
		for p := range 36 {
			if p%6/3 == i%2 {
				values[i*36+p] += 0.3
			}
		}
	}
	tensor.Set(x, values)
	return x, tensor.From(d, classes, n)
}

// A convolution with batch normalization instead of a bias, and the mean over the picture
// instead of a Flatten. The moving averages are parameters that are not trained.
func ExampleBatchNormalization() {
	x, y := brightHalves(64)
	model := nn.NewSequential(x.Device(), nn.Seed(1),
		&nn.Conv2D{Filters: 8, Kernel: [2]int{3, 3}, NoBias: true, InputShape: []int{6, 6, 1}},
		&nn.BatchNormalization{Momentum: 0.9},
		&nn.Activation{Function: nn.ReLU},
		&nn.Conv2D{Filters: 8, Kernel: [2]int{4, 4}, Activation: nn.ReLU, KernelRegularizer: nn.L2(0.001)},
		&nn.GlobalAveragePooling2D{},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	if err := model.Compile(nn.CompileOptions{Optimizer: nn.Adam{LearningRate: 0.01}, Loss: nn.BinaryCrossentropy{},
		Metrics: []nn.Metric{nn.Accuracy{}}}); err != nil {
		log.Fatal(err)
	}
	if _, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 20, Verbose: nn.Silent}); err != nil {
		log.Fatal(err)
	}
	scores, err := model.Evaluate(context.Background(), x, y, nn.EvaluateOptions{}) // uses the moving averages
	if err != nil {
		log.Fatal(err)
	}
	trained, all := model.ParamCount()
	fmt.Println("accuracy above 0.95:", scores["accuracy"] > 0.95)
	fmt.Println("parameters:", all, "of which trained:", trained)
	for _, l := range model.Layers()[1].Params {
		fmt.Println(l.Name)
	}
	// Output:
	// accuracy above 0.95: true
	// parameters: 1145 of which trained: 1129
	// batch_normalization/gamma
	// batch_normalization/beta
	// batch_normalization/moving_mean
	// batch_normalization/moving_variance
}

// Three of ten patients are ill, and the model warns of four, two of whom are ill. So half
// of its warnings are right, and it finds two thirds of the ill. The accuracy, 7 of 10,
// shows neither.
func ExamplePrecision() {
	d := reference.New()
	predictions := tensor.From(d, []float32{.9, .8, .3, .7, .6, .2, .1, .1, .3, .2}, 10, 1)
	ill := tensor.From(d, []float32{1, 1, 1, 0, 0, 0, 0, 0, 0, 0}, 10)
	model := nn.NewSequential(d, nil, &nn.Activation{InputShape: []int{1}}) // the output is the input
	if err := model.Compile(nn.CompileOptions{Loss: nn.BinaryCrossentropy{},
		Metrics: []nn.Metric{nn.Accuracy{}, nn.Precision{}, nn.Recall{}, nn.Recall{Threshold: 0.25, As: "recall at 0.25"}}}); err != nil {
		log.Fatal(err)
	}
	scores, err := model.Evaluate(context.Background(), predictions, ill, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("accuracy %.2f, precision %.2f, recall %.2f\n", scores["accuracy"], scores["precision"], scores["recall"])
	fmt.Printf("recall at 0.25: %.2f\n", scores["recall at 0.25"])
	// Output:
	// accuracy 0.70, precision 0.50, recall 0.67
	// recall at 0.25: 1.00
}

// A penalty is part of the loss. The target is twice the first input, but a weight below 2
// saves more of the penalty than it costs in error. The best weight for L2 is
// mean(x²)·2/(mean(x²)+0.5), where mean(x²) is 7.5. (The second input changes it slightly.)
func ExampleRegularizer() {
	d := reference.New()
	x := tensor.From(d, []float32{1, 0.3, 2, -0.3, 3, 0.1, 4, -0.2}, 4, 2)
	y := tensor.From(d, []float32{2, 4, 6, 8}, 4, 1) // twice the first
	for _, penalty := range []nn.Regularizer{{}, nn.L2(0.5), nn.L1(0.5)} {
		model := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 1, NoBias: true, KernelRegularizer: penalty, InputShape: []int{2}})
		if err := model.Compile(nn.CompileOptions{Optimizer: nn.SGD{LearningRate: 0.05}, Loss: nn.MeanSquaredError{}}); err != nil {
			log.Fatal(err)
		}
		history, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 3000, Verbose: nn.Silent})
		if err != nil {
			log.Fatal(err)
		}
		w := model.Weights("dense/kernel").Value.Floats()
		fmt.Printf("L1 %v, L2 %v: weight %.2f, loss %.2f\n", penalty.L1, penalty.L2, w[0], history.Last("loss"))
	}
	// Output:
	// L1 0, L2 0: weight 2.00, loss 0.00
	// L1 0, L2 0.5: weight 1.87, loss 1.87
	// L1 0.5, L2 0: weight 1.97, loss 1.00
}

// An autoencoder: a convolution and a pooling reduce images of 6×6 pixels to 3×3 with two
// channels, and an UpSampling2D and a convolution reconstruct the images. The target is
// the image itself.
func ExampleUpSampling2D() {
	x, _ := brightHalves(64)
	model := nn.NewSequential(x.Device(), nn.Seed(1),
		&nn.Conv2D{Filters: 2, Kernel: [2]int{3, 3}, Padding: nn.Same, Activation: nn.ReLU, InputShape: []int{6, 6, 1}},
		&nn.MaxPooling2D{Name: "code"},
		&nn.UpSampling2D{},
		&nn.Conv2D{Filters: 1, Kernel: [2]int{3, 3}, Padding: nn.Same})
	if err := model.Compile(nn.CompileOptions{Optimizer: nn.Adam{LearningRate: 0.01}, Loss: nn.MeanSquaredError{}}); err != nil {
		log.Fatal(err)
	}
	history, err := model.Fit(context.Background(), x, x, nn.FitOptions{Epochs: 40, Verbose: nn.Silent})
	if err != nil {
		log.Fatal(err)
	}
	code, err := model.LayerOutput(context.Background(), "code", x.Slice(0, 1), nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	// The pixels have variance 0.1, which would be the error of predicting the mean.
	fmt.Println("code:", code.Shape(), "image:", model.OutputShape(), "error below 0.09:", history.Last("loss") < 0.09)
	// Output: code: [1 3 3 2] image: [6 6 1] error below 0.09: true
}
