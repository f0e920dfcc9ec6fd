package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/nn"
)

// A SparseProduct is a product of a tutorial's layer whose first operand is the layer's actual
// input: mostly zeros. With Transposed, A is stored as [K,M]: the gradient with respect to the
// weights. Operations are counted as for any product of that size, so a kernel that skips zeros can
// exceed 100 % of the peak.
type SparseProduct struct {
	Product
	Transposed bool
	Of         string // the operand
}

func (p SparseProduct) String() string {
	if p.Transposed {
		return fmt.Sprintf("%v, A transposed: %s", p.Product, p.Of)
	}
	return fmt.Sprintf("%v: %s", p.Product, p.Of)
}

const (
	digits  = "MNIST pixels"
	dropped = "pooled values of mnist-cnn after dropout"
)

// SparseProducts lists the products of the first layers of mnist-mlp and mnist-wide-mlp, and those
// of mnist-cnn's first dense layer, forward and with respect to the weights.
func SparseProducts() []SparseProduct {
	return []SparseProduct{
		{Product{1000, 32, 784}, false, digits}, {Product{784, 32, 1000}, true, digits},
		{Product{200, 784, 784}, false, digits}, {Product{784, 784, 200}, true, digits},
		{Product{128, 128, 9216}, false, dropped}, {Product{9216, 128, 128}, true, dropped},
	}
}

// Operand returns A as stored: the first images, [samples, features], with pixels from 0 to 1; or
// what mnist-cnn's first dense layer gets for them in the middle of the first epoch.
func (p SparseProduct) Operand(ctx context.Context) ([]float32, error) {
	samples, features := p.M, p.K
	if p.Transposed {
		samples, features = p.K, p.M
	}
	if p.Of == dropped {
		n, err := NetworkByName("mnist-cnn")
		if err != nil {
			return nil, err
		}
		from, err := n.Middle(ctx)
		if err != nil {
			return nil, err
		}
		return flattened(ctx, n, from, samples)
	}
	n, err := NetworkByName("mnist-mlp")
	if err != nil {
		return nil, err
	}
	data, err := n.Data(ctx)
	if err != nil {
		return nil, err
	}
	values := make([]float32, samples*features)
	for i := range values {
		values[i] = float32(data.Pixels[i]) / 255
	}
	return values, nil
}

// flattened computes a network's layers up to Flatten for the first images, and drops a quarter of
// the values, as mnist-cnn does in training.
func flattened(ctx context.Context, n Network, from *Checkpoint, samples int) (values []float32, err error) {
	data, err := n.Data(ctx)
	if err != nil {
		return nil, err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU()))
	d, err := auto.Open("auto")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	m, err := from.load(ctx, d)
	if err != nil {
		return nil, err
	}
	x, y, err := n.Tensors(d, data, samples)
	if err != nil {
		return nil, err
	}
	defer x.Free()
	defer y.Free()
	at := slices.IndexFunc(m.Layers(), func(l nn.LayerInfo) bool {
		_, flat := l.Layer.(*nn.Flatten)
		return flat
	})
	out, err := m.LayerOutput(ctx, m.Layers()[at].Name, x, nn.EvaluateOptions{BatchSize: samples})
	if err != nil {
		return nil, err
	}
	defer out.Free()
	values = out.Floats()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		if random.Float32() < 0.25 {
			values[i] = 0
		} else {
			values[i] /= 0.75
		}
	}
	return values, nil
}

// NewSparseMultiplier creates the operands of the product on the device, with a random B, and
// returns the share of A's elements that are not zero.
func NewSparseMultiplier(ctx context.Context, d kernels.Device, p SparseProduct) (m *Multiplier, share float64, err error) {
	values, err := p.Operand(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("product %v: %w", p, err)
	}
	for _, v := range values {
		if v != 0 {
			share += 1 / float64(len(values))
		}
	}
	m = NewMultiplier(d, p.Product)
	d.Write(m.a, kernels.Bytes(values))
	m.spec.TransA = p.Transposed
	return m, share, nil
}
