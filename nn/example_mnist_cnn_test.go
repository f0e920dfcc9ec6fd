package nn_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"baregrad/kernels/auto"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// The tutorial mnist-cnn as a program: a convolutional network built layer by
// layer, trained with the test set as validation data, saved, loaded and used.
// Here it uses only a few images.
func Example_mnistCNN() {
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
	// Pixels are copied to the device as uint8, and the model gets them as 0 to 1.
	// Labels become one-hot rows.
	tensors := func(s mnist.Set) (x, y *tensor.Tensor) {
		rows, err := mnist.ToCategorical(s.Labels, 10)
		if err != nil {
			log.Fatal(err)
		}
		return tensor.From(device, s.Images, s.N, 28, 28, 1), tensor.From(device, rows, s.N, 10)
	}
	x, y := tensors(data.Train.Slice(0, 128)) // without Slice for all 60,000
	testX, testY := tensors(data.Test.Slice(0, 50))

	model := nn.NewSequential(device, nn.Seed(1))
	model.Add(&nn.Conv2D{Filters: 32, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: []int{28, 28, 1}})
	model.Add(&nn.Conv2D{Filters: 64, Kernel: [2]int{3, 3}, Activation: nn.ReLU})
	model.Add(&nn.MaxPooling2D{Pool: [2]int{2, 2}})
	model.Add(&nn.Dropout{Rate: 0.25})
	model.Add(&nn.Flatten{})
	model.Add(&nn.Dense{Units: 128, Activation: nn.ReLU})
	model.Add(&nn.Dropout{Rate: 0.5})
	model.Add(&nn.Dense{Units: 10, Activation: nn.Softmax})
	if err := model.Compile(nn.CompileOptions{
		Loss: nn.CategoricalCrossentropy{}, Metrics: []nn.Metric{nn.Accuracy{}}, Optimizer: nn.Adam{},
	}); err != nil {
		log.Fatal(err)
	}
	// model.Summary(os.Stdout) prints this as a table.
	for _, l := range model.Layers() {
		params := 0
		for _, p := range l.Params {
			params += p.Value.Len()
		}
		fmt.Println(l.Name, l.Output, params)
	}

	// The tutorial: Epochs 5, Verbose nn.Lines.
	history, err := model.Fit(ctx, x, y, nn.FitOptions{
		BatchSize: 128, Epochs: 1, Verbose: nn.Silent, ValidationX: testX, ValidationY: testY,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(history.Values["loss"]), len(history.Values["accuracy"]), len(history.Values["val_loss"]), len(history.Values["val_accuracy"]))

	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "mnist-cnn.safetensors")
	if err := model.Save(ctx, path); err != nil {
		log.Fatal(err)
	}
	loaded, err := nn.Load(ctx, device, path)
	if err != nil {
		log.Fatal(err)
	}
	scores, err := loaded.Evaluate(ctx, testX, testY, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	predicted, err := loaded.PredictClasses(ctx, testX, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	correct, incorrect := 0, 0
	for i, class := range predicted {
		if class == int(data.Test.Labels[i]) {
			correct++
		} else {
			incorrect++
		}
	}
	fmt.Println("predictions:", correct+incorrect, "as many right as Evaluate says:", correct == int(scores["accuracy"]*50+0.5))
	// Output:
	// conv2d [26 26 32] 320
	// conv2d_1 [24 24 64] 18496
	// max_pooling2d [12 12 64] 0
	// dropout [12 12 64] 0
	// flatten [9216] 0
	// dense [128] 1179776
	// dropout_1 [128] 0
	// dense_1 [10] 1290
	// 1 1 1 1
	// predictions: 50 as many right as Evaluate says: true
}
