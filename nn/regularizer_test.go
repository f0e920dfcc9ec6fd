package nn

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

type kerasRegularized struct {
	Frozen       bool
	X, Y, VX, VY [][]float32
	Kernels      [][][]float32
	SampleWeight []float32 `json:"sample_weight"`
	History      map[string][]float64
	Weights      [][]float32
}

// Two epochs with L1 and L2: the training loss, the validation loss and the weights, with
// sample weights and with a frozen layer.
func TestRegularizersAgainstKeras(t *testing.T) {
	const tolerance = 2e-6 // float32 on both sides, added up in another order
	d := openReference(t)
	cases := readKerasTraining(t).Regularized
	if len(cases) != 2 || cases[0].Frozen == cases[1].Frozen {
		t.Fatalf("%d cases, want one frozen and one not", len(cases))
	}
	for _, c := range cases {
		m := NewSequential(d, nil, &Dense{Units: 3, Activation: Tanh, KernelRegularizer: L2(0.05), Frozen: c.Frozen, InputShape: []int{2}},
			&Dense{Units: 1, KernelRegularizer: Regularizer{L1: 0.1, L2: 0.02}})
		mse, err := MetricByName("mse")
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 0.1}, Loss: MeanSquaredError{}, Metrics: []Metric{mse}}); err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"dense/kernel", "dense_1/kernel"} {
			if err := m.SetWeights(name, slices.Concat(c.Kernels[i]...)); err != nil {
				t.Fatal(err)
			}
		}
		h, err := m.Fit(context.Background(), matrix(d, c.X), matrix(d, c.Y), FitOptions{Epochs: 2, BatchSize: 4, NoShuffle: true,
			Verbose: Silent, SampleWeight: c.SampleWeight, ValidationX: matrix(d, c.VX), ValidationY: matrix(d, c.VY)})
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range c.History {
			for epoch, w := range want {
				if got := h.Values[key][epoch]; !(math.Abs(got-w) <= tolerance) {
					t.Errorf("frozen %v: %s of epoch %d is %v, Keras has %v", c.Frozen, key, epoch, got, w)
				}
			}
		}
		for i, p := range m.Params() {
			for j, w := range p.Value.Floats() {
				if !(math.Abs(float64(w-c.Weights[i][j])) <= tolerance) {
					t.Errorf("frozen %v: %s[%d] is %v, Keras has %v", c.Frozen, p.Name, j, w, c.Weights[i][j])
				}
			}
		}
	}
}

// multiplications counts the calls of Mul.
type multiplications struct {
	kernels.Device
	count int
}

func (d *multiplications) Mul(y, a, b kernels.Buffer, s kernels.BroadcastSpec) {
	d.count++
	d.Device.Mul(y, a, b, s)
}

// An evaluation computes the penalty once, not for each of its batches, with the current
// weights.
func TestPenaltyOncePerEvaluation(t *testing.T) {
	d, ctx := &multiplications{Device: openReference(t)}, context.Background()
	m := NewSequential(d, nil, &Dense{Units: 1, KernelRegularizer: L2(0.5), InputShape: []int{1}})
	if err := m.Compile(CompileOptions{Optimizer: SGD{LearningRate: 0.1}, Loss: MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	x := tensor.From(d, []float32{0, 0, 0}, 3, 1)
	for _, w := range []float32{2, 3} {
		if err := m.SetWeights("dense/kernel", []float32{w}); err != nil {
			t.Fatal(err)
		}
		d.count = 0
		scores, err := m.Evaluate(ctx, x, tensor.New(d, 3, 1), EvaluateOptions{BatchSize: 1})
		if err != nil {
			t.Fatal(err)
		}
		if want := float64(w * w / 2); scores["loss"] != want || d.count != 1 {
			t.Errorf("weight %v: the loss is %v, want %v; the weights were squared %d times, want once", w, scores["loss"], want, d.count)
		}
	}
	// Fit's validations too: after each epoch the weight is nearer to 0 by 0.1·(w + 0).
	h, err := m.Fit(ctx, x, tensor.New(d, 3, 1), FitOptions{Epochs: 2, Verbose: Silent, ValidationX: x, ValidationY: tensor.New(d, 3, 1)})
	if err != nil {
		t.Fatal(err)
	}
	for epoch, w := range []float64{2.7, 2.43} {
		if got := h.Values["val_loss"][epoch]; !(math.Abs(got-w*w/2) <= 1e-6) {
			t.Errorf("val_loss of epoch %d is %v, want %v", epoch, got, w*w/2)
		}
	}
}

// By hand: Σ|w| is 6, Σw² is 14.
func TestPenalty(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	m := NewSequential(d, nil, &Dense{Units: 1, NoBias: true, KernelRegularizer: Regularizer{L1: 0.5, L2: 0.25}, InputShape: []int{3}})
	if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	if err := m.SetWeights("dense/kernel", []float32{1, -2, 3}); err != nil {
		t.Fatal(err)
	}
	tape := autograd.NewTape(d)
	penalty := m.Penalty(tape)
	if penalty.Value.Item() != 0.5*6+0.25*14 {
		t.Errorf("the penalty is %v, want 6.5", penalty)
	}
	tape.Backward(penalty)
	if got, want := m.Params()[0].Grad.Floats(), []float32{1, -1.5, 2}; !slices.Equal(got, want) { // ±L1 + 2·L2·w
		t.Errorf("the gradient is %v, want %v", got, want)
	}
	loaded := reloaded(t, m)
	x, y := tensor.New(d, 2, 3), tensor.New(d, 2, 1)
	if scores, err := loaded.Evaluate(ctx, x, y, EvaluateOptions{}); err != nil || scores["loss"] != 6.5 {
		t.Errorf("the model that was loaded has the loss %v, want 6.5; error %v", scores["loss"], err)
	}
	plain := NewSequential(d, nil, &Dense{Units: 1, InputShape: []int{3}})
	if err := plain.Build(); err != nil {
		t.Fatal(err)
	}
	if p := plain.Penalty(tape); p != nil {
		t.Errorf("a model without regularizers has the penalty %v", p)
	}
	for want, l := range map[string]Layer{
		"layer dense (Dense): the kernel's regularizer has L2 -1, must be from 0 to 1e+30":    &Dense{Units: 1, KernelRegularizer: L2(-1), InputShape: []int{1}},
		"layer conv2d (Conv2D): the kernel's regularizer has L1 NaN, must be from 0 to 1e+30": &Conv2D{Filters: 1, Kernel: [2]int{1, 1}, KernelRegularizer: L1(math.NaN()), InputShape: []int{1, 1, 1}},
	} {
		if err := NewSequential(d, nil, l).Build(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
