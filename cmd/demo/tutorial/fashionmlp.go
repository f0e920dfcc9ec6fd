package tutorial

import (
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// fashionMLP classifies clothes with one hidden layer; the labels stay class numbers.
func fashionMLP(s *Setting) (*Result, error) {
	data, err := s.load("fashion")
	if err != nil {
		return nil, err
	}
	train, test := data.Train, data.Test
	trainX := tensor.From(s.Device, train.Images, train.N, 28, 28)
	testX := tensor.From(s.Device, test.Images, test.N, 28, 28)
	s.printf("%s", shape(trainX.Shape()...))
	s.printf("%s", shape(train.N))
	s.printf("%v", tensor.From(s.Device, train.Labels, train.N))
	s.printf("%s", shape(testX.Shape()...))
	s.printf("%d", test.N)
	s.printf("%v", trainX.Slice(0, 1).Reshape(28, 28))
	if err := s.picture("first", train.Image(0), 28, 28); err != nil {
		return nil, err
	}
	s.printf("%d", train.Labels[0])

	// The first 25 images with the names of their classes.
	var tiles []mnist.Tile
	for i := range min(25, train.N) {
		tiles = append(tiles, mnist.Tile{Pixels: train.Image(i), Rows: 28, Cols: 28, Caption: data.ClassNames[train.Labels[i]]})
	}
	if err := s.grid("grid", tiles); err != nil {
		return nil, err
	}

	model := nn.NewSequential(s.Device, nn.Seed(s.Seed),
		&nn.Flatten{InputShape: []int{28, 28}},
		&nn.Dense{Units: 128, Activation: nn.ReLU},
		&nn.Dense{Units: 10, Activation: nn.Softmax},
	)
	err = model.Compile(nn.CompileOptions{
		Optimizer: nn.Adam{},
		Loss:      nn.SparseCategoricalCrossentropy{},
		Metrics:   []nn.Metric{nn.Accuracy{}},
	})
	if err != nil {
		return nil, err
	}
	r, err := s.fit(model, trainX, s.integers(train), nn.FitOptions{})
	if err != nil {
		return nil, err
	}

	r.Scores, err = model.Evaluate(s.Context, testX, s.integers(test), nn.EvaluateOptions{Progress: true, Output: s.Out})
	if err != nil {
		return nil, err
	}
	predictions, err := model.Predict(s.Context, testX, nn.EvaluateOptions{})
	if err != nil {
		return nil, err
	}
	probabilities := predictions.Floats()
	right := 0
	for i := range test.N {
		if best(probabilities[i*10:(i+1)*10]) == int(test.Labels[i]) {
			right++
		}
	}
	s.printf("%s", float(float64(right)/float64(test.N)))

	tiles = nil
	for i := range min(15, test.N) {
		tiles = append(tiles, tile(test, i, data.ClassNames, best(probabilities[i*10:(i+1)*10])))
	}
	if err := s.grid("predictions", tiles); err != nil {
		return nil, err
	}
	if err := s.prediction("prediction", test, 0, probabilities[:10], data.ClassNames); err != nil {
		return nil, err
	}
	return r, model.Summary(s.Out)
}
