package main

import (
	"baregrad/nn"
)

// The networks of demo train. Each is a list of layers that you can copy into your own program.

// convolutional is two convolutions, each followed by pooling, and two dense layers: edges, then
// strokes, then digits.
func convolutional(rows, cols, classes int) []nn.Layer {
	return []nn.Layer{
		&nn.Conv2D{Filters: 24, Kernel: [2]int{5, 5}, Activation: nn.ReLU, InputShape: []int{rows, cols, 1}},
		&nn.MaxPooling2D{},
		&nn.Conv2D{Filters: 32, Kernel: [2]int{3, 3}, Activation: nn.ReLU},
		&nn.MaxPooling2D{},
		&nn.Flatten{},
		&nn.Dense{Units: 128, Activation: nn.ReLU},
		&nn.Dropout{Rate: 0.25},
		&nn.Dense{Units: classes, Activation: nn.Softmax},
	}
}

// perceptron is one hidden layer that sees the whole image at once.
func perceptron(rows, cols, classes int) []nn.Layer {
	return []nn.Layer{
		&nn.Flatten{InputShape: []int{rows, cols, 1}},
		&nn.Dense{Units: 256, Activation: nn.ReLU},
		&nn.Dropout{Rate: 0.2},
		&nn.Dense{Units: classes, Activation: nn.Softmax},
	}
}

// A recipe is a network with settings that train it well.
type recipe struct {
	layers func(rows, cols, classes int) []nn.Layer
	epochs int
	batch  int
	peak   float64 // of the learning rate; see peaks
}

var recipes = map[string]recipe{
	"cnn": {layers: convolutional, epochs: 3, batch: 128},
	"mlp": {layers: perceptron, epochs: 5, batch: 128},
}

// peaks are good peak learning rates for the one-cycle schedule, by optimizer.
var peaks = map[string]float64{"adam": 0.005, "adamw": 0.005, "rmsprop": 0.002, "sgd": 0.1}

// optimizer returns the named optimizer with a one-cycle schedule over the whole training: the rate
// rises to peak and then falls to almost zero.
func optimizer(name string, peak float64, steps int) (nn.Optimizer, error) {
	schedule := nn.OneCycle{Peak: peak, Steps: steps}
	switch name {
	case "sgd":
		return nn.SGD{Momentum: 0.9, Nesterov: true, Schedule: schedule}, nil
	case "rmsprop":
		return nn.RMSprop{Schedule: schedule}, nil
	case "adam":
		return nn.Adam{Schedule: schedule}, nil
	case "adamw":
		return nn.AdamW{Schedule: schedule}, nil
	}
	_, err := nn.OptimizerByName(name)
	return nil, err
}
