package tutorial

import (
	"math/rand/v2"

	"baregrad/nn"
	"baregrad/tensor"
)

// mnistMLP is a first classifier: 784 pixels, 32 hidden units, 10 classes, with activations as
// separate layers, an optimizer with explicit settings, and one-hot labels.
func mnistMLP(s *Setting) (*Result, error) {
	s.devices()
	data, err := s.load("mnist")
	if err != nil {
		return nil, err
	}
	train, test := data.Train, data.Test
	s.printf("%s", shape(train.N, train.Rows, train.Cols))
	s.printf("%s", shape(train.N))

	// Pixels are uint8; the model sees them as numbers from 0 to 1.
	trainX := tensor.From(s.Device, train.Images, train.N, 784)
	testX := tensor.From(s.Device, test.Images, test.N, 784)
	trainY, err := s.oneHot(train.Labels, 10)
	if err != nil {
		return nil, err
	}
	testY, err := s.oneHot(test.Labels, 10)
	if err != nil {
		return nil, err
	}

	model := nn.NewSequential(s.Device, nn.Seed(s.Seed),
		&nn.Dense{Units: 32, InputShape: []int{784}},
		&nn.Activation{Function: nn.ReLU},
		&nn.Dense{Units: 10},
		&nn.Activation{Function: nn.Softmax},
	)
	err = model.Compile(nn.CompileOptions{
		Optimizer: nn.RMSprop{LearningRate: 0.001, Rho: 0.9, Epsilon: 1e-8},
		Loss:      nn.CategoricalCrossentropy{},
		Metrics:   []nn.Metric{nn.Accuracy{}},
	})
	if err != nil {
		return nil, err
	}
	r, err := s.fit(model, trainX, trainY, nn.FitOptions{BatchSize: 1000})
	if err != nil {
		return nil, err
	}

	s.printf("test---------")
	r.Scores, err = model.Evaluate(s.Context, testX, testY, nn.EvaluateOptions{Progress: true, Output: s.Out})
	if err != nil {
		return nil, err
	}
	s.printf("loss: %f accuracy: %f", r.Scores["loss"], r.Scores["accuracy"])

	// A random image of the test set, and the model's prediction for it.
	i := rand.New(rand.NewPCG(s.Seed, 0)).IntN(test.N)
	if err := s.picture("image", test.Image(i), test.Rows, test.Cols); err != nil {
		return nil, err
	}
	classes, err := model.PredictClasses(s.Context, testX.Slice(i, i+1), nn.EvaluateOptions{})
	if err != nil {
		return nil, err
	}
	s.printf("%d", classes[0])
	return r, nil
}
