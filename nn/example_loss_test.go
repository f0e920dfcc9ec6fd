package nn_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"baregrad/autograd"
	"baregrad/kernels/reference"
	"baregrad/nn"
	"baregrad/tensor"
)

// focal is a user-defined loss: −(1−p)²·ln p, where p is the probability of the right class. (For
// one-hot labels it is built in: CategoricalFocalCrossentropy.)
// Examples that are already right count little (Lin et al., "Focal loss for dense object
// detection", 2017). Check is that of the embedded cross-entropy.
type focal struct {
	nn.SparseCategoricalCrossentropy
}

func (focal) Name() string { return "focal" }

func (l focal) Record(t *autograd.Tape, out *nn.Output, labels *autograd.Var) *autograd.Var {
	crossEntropy := l.SparseCategoricalCrossentropy.Record(t, out, labels) // −ln p: [batch]
	wrong := t.Affine(t.Exp(t.Affine(crossEntropy, -1, 0)), -1, 1)         // 1−p
	return t.Mul(t.Mul(wrong, wrong), crossEntropy)
}

// sureness is a user-defined metric: the largest probability.
type sureness struct{}

func (sureness) Name() string { return "sureness" }

func (sureness) Record(t *autograd.Tape, out *nn.Output, _ *autograd.Var) *autograd.Var {
	return t.Max(out.Value(t), 1, 1) // over axis 1 of [batch, classes]: [batch]
}

// xorClasses trains a network with two classes on exclusive or.
func xorClasses(loss nn.Loss, metric nn.Metric) *nn.History {
	x, _ := xor()
	y := tensor.From(x.Device(), []int32{0, 1, 1, 0}, 4)
	model := nn.NewSequential(x.Device(), nn.Seed(1),
		&nn.Dense{Units: 8, Activation: nn.Tanh, InputShape: []int{2}},
		&nn.Dense{Units: 2, Activation: nn.Softmax})
	if err := model.Compile(nn.CompileOptions{
		Optimizer: nn.Adam{LearningRate: 0.1}, Loss: loss, Metrics: []nn.Metric{nn.Accuracy{}, metric},
	}); err != nil {
		log.Fatal(err)
	}
	history, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 100, Verbose: nn.Silent})
	if err != nil {
		log.Fatal(err)
	}
	return history
}

// A loss gives a number for each example. Its gradient follows from the operations that
// it records.
func ExampleLoss() {
	history := xorClasses(focal{}, sureness{})
	fmt.Println("accuracy", history.Last("accuracy"), "loss below 0.01:", history.Last("loss") < 0.01)
	// Output: accuracy 1 loss below 0.01: true
}

// penalized is a loss with a user-defined penalty: it adds Rate·Σw² of the kernels. (This
// particular one is built in: KernelRegularizer of Dense and Conv2D.)
type penalized struct {
	nn.Loss
	model *nn.Sequential
	Rate  float32
}

func (l penalized) Record(t *autograd.Tape, out *nn.Output, labels *autograd.Var) *autograd.Var {
	rows := l.Loss.Record(t, out, labels)
	for _, p := range l.model.Params() {
		if strings.HasSuffix(p.Name, "/kernel") {
			w := t.Reshape(p.Var, -1)
			rows = t.Add(rows, t.Affine(t.Sum(t.Mul(w, w), 0, 0), l.Rate, 0)) // added to each example's loss, and so to the mean
		}
	}
	return rows
}

// A loss may use the weights, too. The second input says nothing about the target, so its
// weight becomes small.
func ExampleLoss_regularizer() {
	d := reference.New()
	x := tensor.From(d, []float32{1, 0.3, 2, -0.3, 3, 0.1, 4, -0.2}, 4, 2)
	y := tensor.From(d, []float32{2, 4, 6, 8}, 4, 1) // twice the first
	model := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 1, InputShape: []int{2}})
	if err := model.Compile(nn.CompileOptions{
		Optimizer: nn.SGD{LearningRate: 0.05}, Loss: penalized{nn.MeanSquaredError{}, model, 0.01},
	}); err != nil {
		log.Fatal(err)
	}
	if _, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 2000, Verbose: nn.Silent}); err != nil {
		log.Fatal(err)
	}
	w := model.Weights("dense/kernel").Value.Floats()
	fmt.Printf("%.1f, and the other near zero: %v\n", w[0], w[1]*w[1] < 0.01)
	// Output: 2.0, and the other near zero: true
}

// A metric gives a number for each example, like a loss. Its name is its key in the history.
func ExampleMetric() {
	history := xorClasses(nn.SparseCategoricalCrossentropy{}, sureness{})
	fmt.Println("surer at the end:", history.Last("sureness") > history.Values["sureness"][0])
	// Output: surer at the end: true
}

// r2 is a user-defined metric, the coefficient of determination: 1 − Σ(p−y)²/Σ(y−mean y)². It is not
// a mean over examples, but follows from four sums over all of them. (It is built in: R2Score.)
type r2 struct{}

func (r2) Name() string { return "r2_score" }

func (r2) Sums() int { return 4 }

func (r2) Record(t *autograd.Tape, out *nn.Output, y *autograd.Var) *autograd.Var {
	e := t.Sub(out.Value(t), y)
	sums := t.Input(4)
	for i, v := range []*autograd.Var{t.Mul(e, e), y, t.Mul(y, y), t.Affine(y, 0, 1)} {
		total, to := t.Sum(v, 0, -1).Value.Buffer(), sums.Value.Slice(i, i+1).Buffer()
		t.Do("r2", func() { t.Device().Copy(to, total) }) // again with every batch
	}
	return sums
}

func (r2) Result(s []float64) float64 { return 1 - s[0]/(s[2]-s[1]*s[1]/s[3]) }

// A metric may be computed from several sums over all batches.
func ExampleSumsMetric() {
	d := reference.New()
	x, y := tensor.From(d, []float32{1, 2, 3, 4, 5}, 5, 1), tensor.From(d, []float32{2, 4, 6, 8, 10}, 5, 1)
	model := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 1, KernelInit: nn.Constant{Value: 1.5}, InputShape: []int{1}})
	if err := model.Compile(nn.CompileOptions{Loss: nn.MeanSquaredError{}, Metrics: []nn.Metric{r2{}}}); err != nil {
		log.Fatal(err)
	}
	scores, err := model.Evaluate(context.Background(), x, y, nn.EvaluateOptions{BatchSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.5f\n", scores["r2_score"])
	// Output: 0.65625
}

// halfTime is a user-defined schedule: it halves the rate after every so many steps.
type halfTime struct {
	First float64
	Steps int
}

func (s halfTime) At(step int) float64 { return s.First / float64(int(1)<<min(step/s.Steps, 62)) }

// A schedule is the learning rate as a function of the step.
func ExampleSchedule() {
	optimizer := nn.SGD{Schedule: halfTime{First: 0.4, Steps: 100}}
	fmt.Println(optimizer.Rate(0), optimizer.Rate(99), optimizer.Rate(100), optimizer.Rate(250))
	// Output: 0.4 0.4 0.2 0.1
}

// byTurns is a user-defined initializer: alternating ±Size.
type byTurns struct{ Size float32 }

func (b byTurns) Fill(_ *nn.Random, values []float32, _ []int) {
	for i := range values {
		values[i] = b.Size * float32(1-2*(i%2))
	}
}

// An initializer fills a parameter, row by row.
func ExampleInitializer() {
	x, _ := xor()
	model := nn.NewSequential(x.Device(), nil, &nn.Dense{Units: 2, KernelInit: byTurns{0.5}, InputShape: []int{2}})
	if err := model.Build(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Weights("dense/kernel"))
	// Output:
	// [[ 0.5 -0.5]
	//  [ 0.5 -0.5]]
}
