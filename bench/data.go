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

// Training steps are measured on the tutorials' own data, because their time depends on it: 81 % of
// MNIST's pixels are zero, 50 % of Fashion-MNIST's, and more than half of what passes ReLU and
// dropout; products skip such zeros.

// Data is a network's training data in the tutorial's form: Pixels are uint8 [n, Input…] with the
// Labels' class numbers [n], or Rows are float32 [n, Input…] with Targets [n, 1].
type Data struct {
	Name    string // of the data set, for people
	Missing string // the data set that this one replaces; empty if it is the tutorial's own

	N       int
	Pixels  []uint8
	Labels  []uint8
	Rows    []float32
	Targets []float32
}

// String returns the name, and what the data replace, if anything.
func (d *Data) String() string {
	if d.Missing == "" {
		return d.Name
	}
	return fmt.Sprintf("%s in place of %s, which is not on this machine", d.Name, d.Missing)
}

// images caches the loaded data sets by name, because several networks share one.
var images struct {
	sync.Mutex
	sets map[string]*Data
}

// Data returns the training examples of the network's tutorial. Nothing is downloaded: if the data
// set is not on this machine, MNIST's digits replace it, and Data.Missing says so.
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

// loadImages loads a data set of images, or MNIST instead.
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

// randomRows returns the data of the tutorial binary-mlp: rows of random numbers from 0 to 1 with
// random labels 0 or 1.
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

// Tensors copies the first examples to a device, in the form in which the tutorial passes them to
// Fit, with a label each: a class number, int32 [n], or a row, float32 [n, Outputs].
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
