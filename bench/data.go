package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"baregrad/kernels"
	"baregrad/mnist"
	"baregrad/tensor"
)

// Training steps are measured on what the tutorials train on, because their time
// depends on it: of MNIST's pixels 81 % are zero, of Fashion-MNIST's 50 %, and of what
// ReLU and dropout let through more than half; products leave such zeros out.

// Data is what a network trains on, as the tutorial gets it: Pixels are uint8 [n,
// Input…] with the Labels' class numbers [n], or Rows are float32 [n, Input…] with
// Targets [n, 1].
type Data struct {
	Name    string // of the data set, for people
	Missing string // the data set that this one stands in for; empty where it is the tutorial's own

	N       int
	Pixels  []uint8
	Labels  []uint8
	Rows    []float32
	Targets []float32
}

// String names the data, and says what they stand in for.
func (d *Data) String() string {
	if d.Missing == "" {
		return d.Name
	}
	return fmt.Sprintf("%s in place of %s, which is not on this machine", d.Name, d.Missing)
}

// images remembers the data sets that were loaded, by name: several networks train
// on one.
var images struct {
	sync.Mutex
	sets map[string]*Data
}

// Data gives the training examples of the network's tutorial. Nothing is downloaded:
// in place of a data set that is not on this machine come MNIST's digits, and
// Data.Missing says so.
func (n Network) Data(ctx context.Context) (*Data, error) {
	if n.Dataset == "random" {
		return randomRows(n.Examples, tensor.Size(n.Input)), nil
	}
	images.Lock()
	defer images.Unlock()
	if d, ok := images.sets[n.Dataset]; ok {
		return d, nil
	}
	d, err := loadImages(ctx, n.Dataset, mnist.Options{NoDownload: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Name, err)
	}
	if images.sets == nil {
		images.sets = map[string]*Data{}
	}
	images.sets[n.Dataset] = d
	return d, nil
}

// loadImages loads a data set of images, or MNIST in its place.
func loadImages(ctx context.Context, name string, o mnist.Options) (*Data, error) {
	set, err := mnist.Load(ctx, name, o)
	var missing *mnist.NotFoundError
	if errors.As(err, &missing) {
		d, err := loadImages(ctx, "mnist", mnist.Options{})
		if err != nil {
			return nil, err
		}
		d.Missing = missing.Title
		return d, nil
	}
	if err != nil {
		return nil, err
	}
	return &Data{Name: set.Title, N: set.Train.N, Pixels: set.Train.Images, Labels: set.Train.Labels}, nil
}

// randomRows are the tutorial binary-mlp's: each row's numbers from 0 to 1, and its
// label, 0 or 1, are drawn at random.
func randomRows(n, width int) *Data {
	random := rand.New(rand.NewPCG(1, 20))
	d := &Data{Name: "random rows", N: n, Rows: make([]float32, n*width), Targets: make([]float32, n)}
	for i := range d.Rows {
		d.Rows[i] = random.Float32()
	}
	for i := range d.Targets {
		d.Targets[i] = float32(random.IntN(2))
	}
	return d
}

// Tensors copies the first so many examples to a device, as the tutorial gives them
// to Fit, with a label for each: a class number, int32 [n], or a row, float32
// [n, Outputs].
func (n Network) Tensors(d kernels.Device, data *Data, examples int) (x, y *tensor.Tensor, err error) {
	if examples > data.N {
		return nil, nil, fmt.Errorf("%s: %d examples of %s, which has %d", n.Name, examples, data.Name, data.N)
	}
	width := tensor.Size(n.Input)
	shape := slices.Concat([]int{examples}, n.Input)
	if data.Rows != nil {
		return tensor.From(d, data.Rows[:examples*width], shape...), tensor.From(d, data.Targets[:examples], examples, 1), nil
	}
	labels := data.Labels[:examples]
	if n.classes {
		wide := make([]int32, examples)
		for i, label := range labels {
			wide[i] = int32(label)
		}
		y = tensor.From(d, wide, examples)
	} else {
		rows, err := mnist.ToCategorical(labels, n.Outputs)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", n.Name, err)
		}
		y = tensor.From(d, rows, examples, n.Outputs)
	}
	return tensor.From(d, data.Pixels[:examples*width], shape...), y, nil
}
