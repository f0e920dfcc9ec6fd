package tutorial

import (
	"math/rand/v2"

	"baregrad/nn"
	"baregrad/tensor"
)

// binaryMLP tries to learn random labels, which is impossible: the loss stays near ln 2 = 0.69.
func binaryMLP(s *Setting) (*Result, error) {
	model := nn.NewSequential(s.Device, nn.Seed(s.Seed))
	model.Add(&nn.Dense{Units: 64, Activation: nn.ReLU, InputShape: []int{20}})
	model.Add(&nn.Dropout{Rate: 0.5})
	model.Add(&nn.Dense{Units: 64, Activation: nn.ReLU})
	model.Add(&nn.Dropout{Rate: 0.5})
	model.Add(&nn.Dense{Units: 1, Activation: nn.Sigmoid})

	// Optimizer, loss and metric by name, with Keras's defaults.
	optimizer, err := nn.OptimizerByName("rmsprop")
	if err != nil {
		return nil, err
	}
	loss, err := nn.LossByName("binary_crossentropy")
	if err != nil {
		return nil, err
	}
	metric, err := nn.MetricByName("accuracy")
	if err != nil {
		return nil, err
	}
	err = model.Compile(nn.CompileOptions{Loss: loss, Optimizer: optimizer, Metrics: []nn.Metric{metric}})
	if err != nil {
		return nil, err
	}

	random := rand.New(rand.NewPCG(s.Seed, 20))
	made := func(n int) (x, y *tensor.Tensor) {
		rows, labels := make([]float32, n*20), make([]float32, n)
		for i := range rows {
			rows[i] = random.Float32()
		}
		for i := range labels {
			labels[i] = float32(random.IntN(2))
		}
		return tensor.From(s.Device, rows, n, 20), tensor.From(s.Device, labels, n, 1)
	}
	trainX, trainY := made(1000)
	testX, testY := made(100)
	r, err := s.fit(model, trainX, trainY, nn.FitOptions{BatchSize: 200})
	if err != nil {
		return nil, err
	}
	r.Scores, err = model.Evaluate(s.Context, testX, testY, nn.EvaluateOptions{})
	return r, err
}
