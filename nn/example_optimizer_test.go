package nn_test

import (
	"context"
	"fmt"
	"log"

	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// averaging is a user-defined optimizer: plain SGD that also keeps a running average of
// the weights, which moves by Share of the difference in each step (Polyak and Juditsky,
// "Acceleration of stochastic approximation by averaging", 1992).
type averaging struct{ LearningRate, Share float64 }

func (averaging) Name() string          { return "averaging" }
func (averaging) Check() error          { return nil }
func (o averaging) Rate(int) float64    { return o.LearningRate }
func (averaging) Clipping() nn.Clipping { return nn.Clipping{} }

// Prepare copies the weights as the initial averages.
func (o averaging) Prepare(d kernels.Device, params []*nn.Param) nn.Updater {
	u := &averager{params: params, share: float32(o.Share)}
	for _, p := range params {
		average := tensor.New(d, p.Shape()...)
		d.Copy(average.Buffer(), p.Value.Buffer())
		u.averages = append(u.averages, average)
	}
	return u
}

// averager is averaging working on one model.
type averager struct {
	params   []*nn.Param
	averages []*tensor.Tensor
	share    float32
}

func (u *averager) Rates(rate float64, _ int) [2]float32 { return [2]float32{float32(rate)} }

func (u *averager) Update(i int, rates kernels.Buffer) kernels.Update {
	return &averagingStep{w: u.params[i].Value.Buffer(), average: u.averages[i].Buffer(), rates: rates, share: u.share}
}

// State is the part of the optimizer that a saved model contains.
func (u *averager) State() (list []nn.NamedTensor) {
	for i, average := range u.averages {
		list = append(list, nn.NamedTensor{Name: u.params[i].Name + "/average", Tensor: average})
	}
	return list
}

// averagingStep is the step for one parameter. Its requests to the device are recorded
// once and repeated in each training step.
type averagingStep struct {
	w, average, rates kernels.Buffer
	share             float32
}

func (s *averagingStep) Apply(d kernels.Device, g kernels.Buffer) {
	d.SGD(s.w, g, nil, s.rates, kernels.SGDSpec{}) // w −= rate·g
	d.Affine(s.average, s.average, 1-s.share, 0)   // average = (1−share)·average
	d.AddScaled(s.average, s.w, s.share)           // average += share·w
}

// A user-defined optimizer is composed of the device's operations.
func ExampleOptimizer() {
	x, y := xor()
	model := nn.NewSequential(x.Device(), nn.Seed(1),
		&nn.Dense{Units: 8, Activation: nn.Tanh, InputShape: []int{2}},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	if err := model.Compile(nn.CompileOptions{
		Optimizer: averaging{LearningRate: 0.5, Share: 0.01},
		Loss:      nn.BinaryCrossentropy{},
		Metrics:   []nn.Metric{nn.Accuracy{}},
	}); err != nil {
		log.Fatal(err)
	}
	history, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 300, Verbose: nn.Silent})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("accuracy at the end:", history.Last("accuracy"))
	// Output: accuracy at the end: 1
}
