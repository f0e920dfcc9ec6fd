package tutorial

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

// mnistWideMLP has a hidden layer with as many units as the image has pixels, and reads its data
// from a NumPy file.
func mnistWideMLP(s *Setting) (*Result, error) {
	data, err := s.npz()
	if err != nil {
		return nil, err
	}
	train, test := data.Train, data.Test
	pixels := train.Rows * train.Cols
	trainX := tensor.From(s.Device, train.Images, train.N, pixels)
	testX := tensor.From(s.Device, test.Images, test.N, pixels)
	trainY, err := s.oneHot(train.Labels, 0)
	if err != nil {
		return nil, err
	}
	testY, err := s.oneHot(test.Labels, 0)
	if err != nil {
		return nil, err
	}
	classes := testY.Dim(1)

	model := nn.NewSequential(s.Device, nn.Seed(s.Seed))
	model.Add(&nn.Dense{Units: pixels, InputShape: []int{pixels}, Activation: nn.ReLU})
	model.Add(&nn.Dense{Units: classes, Activation: nn.Softmax})
	return s.classify(model, "MLP", trainX, trainY, testX, testY)
}

// mnistCNNChannelsFirst takes images as (1, 28, 28), channels first. (Those in the file may have
// another size.)
func mnistCNNChannelsFirst(s *Setting) (*Result, error) {
	data, err := s.npz()
	if err != nil {
		return nil, err
	}
	train, test := data.Train, data.Test
	rows, cols := train.Rows, train.Cols
	trainX := tensor.From(s.Device, train.Images, train.N, 1, rows, cols)
	testX := tensor.From(s.Device, test.Images, test.N, 1, rows, cols)
	trainY, err := s.oneHot(train.Labels, 0)
	if err != nil {
		return nil, err
	}
	testY, err := s.oneHot(test.Labels, 0)
	if err != nil {
		return nil, err
	}
	classes := testY.Dim(1)

	const first = nn.ChannelsFirst
	model := nn.NewSequential(s.Device, nn.Seed(s.Seed))
	model.Add(&nn.Conv2D{Filters: 32, Kernel: [2]int{5, 5}, InputShape: []int{1, rows, cols}, Activation: nn.ReLU, DataFormat: first})
	model.Add(&nn.MaxPooling2D{Pool: [2]int{2, 2}, DataFormat: first})
	model.Add(&nn.Dropout{Rate: 0.2})
	model.Add(&nn.Flatten{DataFormat: first})
	model.Add(&nn.Dense{Units: 128, Activation: nn.ReLU})
	model.Add(&nn.Dense{Units: classes, Activation: nn.Softmax})
	return s.classify(model, "CNN", trainX, trainY, testX, testY)
}

// classify trains and tests in the way that both tutorials share.
func (s *Setting) classify(model *nn.Sequential, kind string, trainX, trainY, testX, testY *tensor.Tensor) (*Result, error) {
	err := model.Compile(nn.CompileOptions{
		Loss: nn.CategoricalCrossentropy{}, Optimizer: nn.Adam{}, Metrics: []nn.Metric{nn.Accuracy{}},
	})
	if err != nil {
		return nil, err
	}
	r, err := s.fit(model, trainX, trainY, nn.FitOptions{
		ValidationX: testX, ValidationY: testY, BatchSize: 200, Verbose: nn.Lines,
	})
	if err != nil {
		return nil, err
	}
	r.Scores, err = model.Evaluate(s.Context, testX, testY, nn.EvaluateOptions{BatchSize: 200})
	if err != nil {
		return nil, err
	}
	s.printf("%s Error: %.2f%%", kind, 100-100*r.Scores["accuracy"])
	return r, nil
}

// npz loads mnist.npz, the file in which Keras ships MNIST, from the folder of data sets. If it
// does not exist, it is first created from the embedded files. A file of that name with other data
// is left alone and leads to an error.
func (s *Setting) npz() (*mnist.Dataset, error) {
	if path := filepath.Join(s.Data.Dir, "mnist.npz"); s.Data.Dir != "" {
		if _, err := os.Stat(path); err == nil {
			return mnist.LoadNPZ(s.Context, path)
		}
	}
	data, err := s.load("mnist")
	if err != nil {
		return nil, err
	}
	folder := s.Folder
	if folder == "" {
		if folder, err = os.MkdirTemp("", "tutorial"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(folder)
	}
	path := filepath.Join(folder, "mnist.npz")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		there, err := mnist.LoadNPZ(s.Context, path)
		if s.Context.Err() != nil {
			return nil, err
		}
		if err != nil || !same(there.Train, data.Train) || !same(there.Test, data.Test) {
			return nil, fmt.Errorf("%s is there already, and is not what the tutorial would write there: name another folder with --out, or --data-dir %s to train on it", path, folder)
		}
		return there, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	set := func(s mnist.Set, images, labels string, into map[string]*mnist.Array) {
		into[images] = &mnist.Array{Shape: []int{s.N, s.Rows, s.Cols}, Data: s.Images}
		into[labels] = &mnist.Array{Shape: []int{s.N}, Data: s.Labels}
	}
	arrays := map[string]*mnist.Array{}
	set(data.Train, "x_train", "y_train", arrays)
	set(data.Test, "x_test", "y_test", arrays)
	if err := mnist.WriteNPZ(f, arrays, false); err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return mnist.LoadNPZ(s.Context, path)
}

// same reports whether two sets hold the same images and labels.
func same(a, b mnist.Set) bool {
	return a.Rows == b.Rows && a.Cols == b.Cols && bytes.Equal(a.Images, b.Images) && bytes.Equal(a.Labels, b.Labels)
}
