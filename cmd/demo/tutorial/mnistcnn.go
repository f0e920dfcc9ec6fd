package tutorial

import (
	"os"
	"path/filepath"

	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// mnistCNN is Keras's own convolutional network, built layer by layer, trained
// with the test set as validation data, saved, loaded again, and used.
func mnistCNN(s *Setting) (*Result, error) {
	data, err := s.load("mnist")
	if err != nil {
		return nil, err
	}
	train, test := data.Train, data.Test
	const classes = 10
	inputShape := []int{28, 28, 1}

	model := nn.NewSequential(s.Device, nn.Seed(s.Seed))
	// Features: 32 filters of 3×3, then 64 of 3×3 over those.
	model.Add(&nn.Conv2D{Filters: 32, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: inputShape})
	model.Add(&nn.Conv2D{Filters: 64, Kernel: [2]int{3, 3}, Activation: nn.ReLU})
	// The largest of each 2×2.
	model.Add(&nn.MaxPooling2D{Pool: [2]int{2, 2}})
	// Drop out a quarter of the activations.
	model.Add(&nn.Dropout{Rate: 0.25})
	model.Add(&nn.Flatten{})
	// Classification: a fully connected layer, of which half is dropped, and the probabilities of
	// the classes.
	model.Add(&nn.Dense{Units: 128, Activation: nn.ReLU})
	model.Add(&nn.Dropout{Rate: 0.5})
	model.Add(&nn.Dense{Units: classes, Activation: nn.Softmax})
	if err := model.Summary(s.Out); err != nil {
		return nil, err
	}

	err = model.Compile(nn.CompileOptions{
		Loss:      nn.CategoricalCrossentropy{},
		Metrics:   []nn.Metric{nn.Accuracy{}},
		Optimizer: nn.Adam{},
	})
	if err != nil {
		return nil, err
	}
	trainX := tensor.From(s.Device, train.Images, train.N, 28, 28, 1)
	testX := tensor.From(s.Device, test.Images, test.N, 28, 28, 1)
	trainY, err := s.oneHot(train.Labels, classes)
	if err != nil {
		return nil, err
	}
	testY, err := s.oneHot(test.Labels, classes)
	if err != nil {
		return nil, err
	}
	r, err := s.fit(model, trainX, trainY, nn.FitOptions{
		BatchSize: 128, Verbose: nn.Lines, ValidationX: testX, ValidationY: testY,
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"val_loss", "val_accuracy", "loss", "accuracy"} {
		s.printf("%s: %s", name, list(r.History.Values[name]))
	}

	// Save the model and load it again.
	folder := s.Folder
	if folder == "" {
		if folder, err = os.MkdirTemp("", "tutorial"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(folder)
	}
	path := filepath.Join(folder, "mnist-cnn.safetensors")
	if err := model.Save(s.Context, path); err != nil {
		return nil, err
	}
	if s.Folder != "" {
		r.Saved = path
	}
	loaded, err := nn.Load(s.Context, s.Device, path)
	if err != nil {
		return nil, err
	}

	r.Scores, err = loaded.Evaluate(s.Context, testX, testY, nn.EvaluateOptions{BatchSize: 128})
	if err != nil {
		return nil, err
	}
	s.printf("Test Loss: %s", float(r.Scores["loss"]))
	s.printf("Test Accuracy: %s%%", float(100*r.Scores["accuracy"]))

	predicted, err := loaded.PredictClasses(s.Context, testX, nn.EvaluateOptions{BatchSize: 128})
	if err != nil {
		return nil, err
	}
	var correct, incorrect []int
	for i, class := range predicted {
		if class == int(test.Labels[i]) {
			correct = append(correct, i)
		} else {
			incorrect = append(incorrect, i)
		}
	}
	s.printf("Classified correctly count: %d", len(correct))
	s.printf("Classified incorrectly count: %d", len(incorrect))
	var tiles []mnist.Tile
	for _, i := range incorrect[:min(10, len(incorrect))] {
		tiles = append(tiles, tile(test, i, data.ClassNames, predicted[i]))
	}
	if len(tiles) > 0 {
		if err := s.grid("incorrect", tiles); err != nil {
			return nil, err
		}
	}

	first, err := loaded.Predict(s.Context, testX.Slice(0, 1), nn.EvaluateOptions{})
	if err != nil {
		return nil, err
	}
	s.printf("%v", first)
	return r, s.prediction("prediction", test, 0, first.Floats(), data.ClassNames)
}

// tile is image i with its class, and with the predicted class if that is different.
func tile(set mnist.Set, i int, classes []string, predicted int) mnist.Tile {
	t := mnist.Tile{Pixels: set.Image(i), Rows: set.Rows, Cols: set.Cols, Caption: classes[set.Labels[i]], Mark: mnist.Right}
	if predicted != int(set.Labels[i]) {
		t.Mark = mnist.Wrong
		t.Caption = classes[predicted] + " (" + classes[set.Labels[i]] + ")"
	}
	return t
}
