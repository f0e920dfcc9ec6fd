package nn_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"

	"baregrad/autograd"
	"baregrad/kernels/reference"
	"baregrad/nn"
	"baregrad/tensor"
)

// The convolutional network of a well-known Keras tutorial.
func ExampleSequential_Summary() {
	model := nn.NewSequential(reference.New(), nn.Seed(1),
		&nn.Conv2D{Filters: 32, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: []int{28, 28, 1}},
		&nn.Conv2D{Filters: 64, Kernel: [2]int{3, 3}, Activation: nn.ReLU},
		&nn.MaxPooling2D{Pool: [2]int{2, 2}},
		&nn.Dropout{Rate: 0.25},
		&nn.Flatten{},
		&nn.Dense{Units: 128, Activation: nn.ReLU},
		&nn.Dropout{Rate: 0.5},
		&nn.Dense{Units: 10, Activation: nn.Softmax},
	)
	if err := model.Summary(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Model: "sequential"
	// ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓
	// ┃ Layer (type)                         ┃ Output Shape                ┃         Param # ┃
	// ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩
	// │ conv2d (Conv2D)                      │ (None, 26, 26, 32)          │             320 │
	// ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
	// │ conv2d_1 (Conv2D)                    │ (None, 24, 24, 64)          │          18,496 │
	// ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
	// │ max_pooling2d (MaxPooling2D)         │ (None, 12, 12, 64)          │               0 │
	// ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
	// │ dropout (Dropout)                    │ (None, 12, 12, 64)          │               0 │
	// ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
	// │ flatten (Flatten)                    │ (None, 9216)                │               0 │
	// ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
	// │ dense (Dense)                        │ (None, 128)                 │       1,179,776 │
	// ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
	// │ dropout_1 (Dropout)                  │ (None, 128)                 │               0 │
	// ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
	// │ dense_1 (Dense)                      │ (None, 10)                  │           1,290 │
	// └──────────────────────────────────────┴─────────────────────────────┴─────────────────┘
	//  Total params: 1,199,882 (4.58 MB)
	//  Trainable params: 1,199,882 (4.58 MB)
	//  Non-trainable params: 0 (0.00 B)
}

// xor returns the four examples of exclusive or, and their targets.
func xor() (x, y *tensor.Tensor) {
	d := reference.New()
	return tensor.From(d, []float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2), tensor.From(d, []float32{0, 1, 1, 0}, 4, 1)
}

func xorModel(x *tensor.Tensor, layers ...nn.Layer) *nn.Sequential {
	model := nn.NewSequential(x.Device(), nn.Seed(1), layers...)
	if err := model.Compile(nn.CompileOptions{
		Optimizer: nn.Adam{LearningRate: 0.1},
		Loss:      nn.BinaryCrossentropy{},
		Metrics:   []nn.Metric{nn.Accuracy{}},
	}); err != nil {
		log.Fatal(err)
	}
	return model
}

// The history has everything that was measured, by name and epoch.
func ExampleSequential_Fit() {
	x, y := xor()
	model := xorModel(x,
		&nn.Dense{Units: 8, Activation: nn.Tanh, InputShape: []int{2}},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	history, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 100, Verbose: nn.Silent})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("epochs:", len(history.Values["loss"]))
	fmt.Println("accuracy at the end:", history.Last("accuracy"))
	fmt.Println("the loss fell below a tenth:", history.Last("loss") < history.Values["loss"][0]/10)
	classes, err := model.PredictClasses(context.Background(), x, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(classes)
	// Output:
	// epochs: 100
	// accuracy at the end: 1
	// the loss fell below a tenth: true
	// [0 1 1 0]
}

// A loaded model predicts the same, bit for bit.
func ExampleLoad() {
	ctx := context.Background()
	x, y := xor()
	model := xorModel(x,
		&nn.Dense{Units: 8, Activation: nn.Tanh, InputShape: []int{2}},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	if _, err := model.Fit(ctx, x, y, nn.FitOptions{Epochs: 5, Verbose: nn.Silent}); err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "xor.safetensors")
	if err := model.Save(ctx, path); err != nil {
		log.Fatal(err)
	}
	loaded, err := nn.Load(ctx, x.Device(), path)
	if err != nil {
		log.Fatal(err)
	}
	before, err := model.Predict(ctx, x, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	after, err := loaded.Predict(ctx, x, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(before.String() == after.String())
	// Output: true
}

// Residual is a user-defined layer: y = x + relu(x·kernel).
type Residual struct {
	kernel *autograd.Var
}

func (*Residual) Kind() string             { return "Residual" }
func (*Residual) Options() nn.LayerOptions { return nn.LayerOptions{} }

func (l *Residual) Build(b *nn.Builder, in []int) ([]int, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("the input must have one axis, has %d", len(in))
	}
	l.kernel = b.Param("kernel", nn.GlorotUniform{}, in[0], in[0])
	return in, nil
}

func (l *Residual) Forward(p *nn.Pass, x *autograd.Var) *autograd.Var {
	return p.Tape.Add(x, p.Tape.Dense(x, l.kernel, nil, true))
}

// A model can contain anything that implements Layer. Its gradient follows from the
// operations that it records.
func ExampleLayer() {
	x, y := xor()
	model := xorModel(x,
		&nn.Dense{Units: 8, Activation: nn.Tanh, InputShape: []int{2}},
		&Residual{},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	history, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 50, Verbose: nn.Silent})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Layers()[1].Name, model.Layers()[1].Output, "accuracy", history.Last("accuracy"))
	// Output: residual [8] accuracy 1
}

// A user-defined training loop: Keras's train_step with a GradientTape. A step is recorded
// once, and replayed on each batch.
func ExampleSequential_Forward() {
	x, y := xor()
	d := x.Device()
	model := nn.NewSequential(d, nn.Seed(1),
		&nn.Dense{Units: 8, Activation: nn.Tanh, InputShape: []int{2}},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})

	tape := autograd.NewTape(d)
	images, labels := tape.Input(2, 2), tape.Input(2, 1) // a batch of two examples
	out, err := model.Forward(tape, images, true)
	if err != nil {
		log.Fatal(err)
	}
	losses := nn.BinaryCrossentropy{}.Record(tape, out, labels) // [2]: one for each example
	loss := tape.Mean(losses, 0, 0)
	tape.Backward(loss) // from now on each parameter has a Grad

	optimizer := nn.Adam{LearningRate: 0.1}
	updater, rates := optimizer.Prepare(d, model.Params()), tensor.New(d, 2)
	for i, p := range model.Params() {
		tape.Update(p.Var, updater.Update(i, rates.Buffer()))
	}

	for step := range 200 {
		from := step % 2 * 2 // the first two examples, then the other two
		tensor.Set(images.Value, x.Slice(from, from+2).Floats())
		tensor.Set(labels.Value, y.Slice(from, from+2).Floats())
		now := updater.Rates(optimizer.Rate(step), step)
		tensor.Set(rates, now[:])
		tape.Replay() // forward, backward, update
	}
	classes, err := model.PredictClasses(context.Background(), x, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(classes, "loss below 0.05:", loss.Value.Item() < 0.05)
	// Output: [0 1 1 0] loss below 0.05: true
}

// quietAt stops training when the loss is small.
type quietAt struct {
	nn.BaseCallback
	loss float64
}

func (c quietAt) EpochEnd(r *nn.Run, logs map[string]float64) error {
	if logs["loss"] < c.loss {
		r.Stop()
	}
	return nil
}

// A user-defined callback embeds BaseCallback and implements what it needs.
func ExampleCallback() {
	x, y := xor()
	model := xorModel(x,
		&nn.Dense{Units: 8, Activation: nn.Tanh, InputShape: []int{2}},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	history, err := model.Fit(context.Background(), x, y, nn.FitOptions{
		Epochs: 1000, Verbose: nn.Silent, Callbacks: []nn.Callback{quietAt{loss: 0.05}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stopped early:", len(history.Epoch) < 1000, "loss below 0.05:", history.Last("loss") < 0.05)
	// Output: stopped early: true loss below 0.05: true
}

// Validation data show when a network begins to learn its examples by heart. Here the
// labels are random, so there is nothing else to learn.
func ExampleEarlyStopping() {
	random := nn.Seed(1)
	values, targets := make([]float32, 100*4), make([]float32, 100)
	for i := range values {
		values[i] = random.Float32()
	}
	for i := range targets {
		targets[i] = float32(random.IntN(2))
	}
	d := reference.New()
	x, y := tensor.From(d, values, 100, 4), tensor.From(d, targets, 100)
	model := xorModel(x,
		&nn.Dense{Units: 64, Activation: nn.ReLU, InputShape: []int{4}},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	history, err := model.Fit(context.Background(), x, y, nn.FitOptions{
		Epochs: 200, ValidationSplit: 0.2, Verbose: nn.Silent,
		Callbacks: []nn.Callback{&nn.EarlyStopping{Monitor: "val_loss", Patience: 5, RestoreBest: true}},
	})
	if err != nil {
		log.Fatal(err)
	}
	best := slices.Min(history.Values["val_loss"])
	scores, err := model.Evaluate(context.Background(), x.Slice(80, 100), y.Slice(80, 100), nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stopped early:", len(history.Epoch) < 200, "with the best weights:", math.Abs(scores["loss"]-best) < 1e-6)
	// Output: stopped early: true with the best weights: true
}

// Layers that do not fit are detected when the model is built.
func ExampleSequential_Build() {
	model := nn.NewSequential(reference.New(), nn.Seed(1),
		&nn.Dense{Units: 10, InputShape: []int{784}},
		&nn.Conv2D{Filters: 8, Kernel: [2]int{5, 5}})
	fmt.Println(model.Build())
	// Output: layer conv2d (Conv2D): the input is (None, 10), must have the axes height, width, channels: grey images of 28×28 are (None, 28, 28, 1)
}

// The output of a layer inside a model can be read.
func ExampleSequential_LayerOutput() {
	x := tensor.From(reference.New(), []float32{1, -2, 3, -4}, 2, 2)
	model := nn.NewSequential(x.Device(), nn.Seed(1),
		&nn.Dense{Units: 2, NoBias: true, Activation: nn.ReLU, Name: "hidden", InputShape: []int{2}},
		&nn.Dense{Units: 1, Name: "result"})
	if err := model.Build(); err != nil {
		log.Fatal(err)
	}
	if err := model.SetWeights("hidden/kernel", []float32{1, 0, 0, 1}); err != nil { // the identity
		log.Fatal(err)
	}
	hidden, err := model.LayerOutput(context.Background(), "hidden", x, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hidden)
	// Output:
	// [[1. 0.]
	//  [3. 0.]]
}

func ExampleOptimizerByName() {
	optimizer, err := nn.OptimizerByName("adam")
	fmt.Println(optimizer.Name(), optimizer.Rate(0), err)
	_, err = nn.OptimizerByName("adma")
	fmt.Println(err)
	// Output:
	// adam 0.001 <nil>
	// unknown optimizer "adma": did you mean "adam"? Known: adam, adamw, rmsprop, sgd
}

// The rate rises for 3 of 10 steps and then falls to almost nothing.
func ExampleOneCycle() {
	schedule := nn.OneCycle{Peak: 0.01, Steps: 10}
	for step := range 10 {
		fmt.Printf("%.4f ", schedule.At(step))
	}
	fmt.Println()
	// Output: 0.0004 0.0052 0.0100 0.0095 0.0081 0.0061 0.0039 0.0019 0.0005 0.0000
}
