package autograd_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
)

// A jaxNetwork holds a network's inputs, its loss and its gradients, as computed by
// JAX with testdata/jax_gradients.py.
type jaxNetwork struct {
	Loss   float32
	Inputs []struct {
		Name            string
		Shape           []int
		Value, Gradient []float32
	}
}

// The networks of jax_gradients.py, on a tape.
var jaxNetworks = map[string]func(t *Tape, x []*Var) *Var{
	"cnn": func(t *Tape, x []*Var) *Var {
		images, w1, b1, w2, w3, b3, w4, b4 := x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
		h := t.Conv2D(images, w1, b1, autograd.Window{Padding: autograd.Same, ReLU: true})
		h = t.MaxPool(h, [2]int{2, 2}, autograd.Window{})
		h = t.Tanh(t.Conv2D(h, w2, nil, autograd.Window{Dilations: [2]int{2, 1}}))
		h = t.Dense(t.Reshape(h, images.Value.Dim(0), -1), w3, b3, true)
		loss, _ := t.SoftmaxCrossEntropy(t.Dense(h, w4, b4, false), constant(t.Device(), []int32{0, 1, 2}))
		return t.Mean(loss, 0, 0)
	},
	"strided": func(t *Tape, x []*Var) *Var {
		images, w1, w2, b2 := x[0], x[1], x[2], x[3]
		h := t.Conv2D(images, w1, nil, autograd.Window{Strides: [2]int{2, 3}, Padding: autograd.Same})
		h = t.AvgPool(t.Sigmoid(h), [2]int{2, 2}, autograd.Window{Strides: [2]int{2, 1}, Padding: autograd.Same})
		logits := t.Dense(t.Reshape(h, images.Value.Dim(0), -1), w2, b2, false)
		targets := constant(t.Device(), []float32{0, .5, 1, 0, .5, 1}, 2, 3)
		return t.Mean(t.SigmoidBinaryCrossEntropy(logits, targets), 0, 0)
	},
	"attention": func(t *Tape, x []*Var) *Var {
		q, k, v, gain := x[0], x[1], x[2], x[3]
		scores := t.Softmax(t.Affine(t.MatMul(q, t.Transpose(k, 1, 0)), .5, 0))
		h := t.Add(t.MatMul(scores, v), q)
		rows := h.Value.Dim(0)
		centred := t.Sub(h, t.Reshape(t.Mean(h, 1, 1), rows, 1))
		variance := t.Affine(t.Mean(t.Mul(centred, centred), 1, 1), 1, 1e-3)
		deviation := t.Exp(t.Affine(t.Log(variance), .5, 0))
		h = t.Mul(t.Div(centred, t.Reshape(deviation, rows, 1)), gain)
		return t.Mean(t.Sub(t.Max(h, 0, 0), t.Affine(t.Sum(t.Mul(h, h), 0, 0), 1./7, 0)), 0, 0)
	},
}

// TestGradientsAsJAX compares with JAX in float64. A float32 has a precision of 6e-8. Each
// gradient here is a sum of some hundred products over six to ten operations, so rounding
// may add up to 1e-5 of the largest element.
func TestGradientsAsJAX(t *testing.T) {
	raw, err := os.ReadFile("testdata/jax_gradients.json")
	if err != nil {
		t.Fatal(err)
	}
	var networks map[string]jaxNetwork
	if err := json.Unmarshal(raw, &networks); err != nil {
		t.Fatal(err)
	}
	for name, f := range jaxNetworks {
		want, found := networks[name]
		if !found {
			t.Errorf("the file has no network %q", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			onDevices(t, func(t *testing.T, d kernels.Device) {
				tape := autograd.NewTape(d)
				defer tape.Free()
				x := make([]*Var, len(want.Inputs))
				for i, in := range want.Inputs {
					x[i] = param(d, in.Value, in.Shape...)
				}
				loss := f(tape, x)
				tape.Backward(loss)
				near(t, "loss", loss.Value.Floats(), []float32{want.Loss}, 1e-6)
				for i, in := range want.Inputs {
					got, largest := x[i].Grad.Floats(), 0.0
					for _, g := range in.Gradient {
						largest = math.Max(largest, math.Abs(float64(g)))
					}
					for j, g := range in.Gradient {
						if diff := math.Abs(float64(got[j]) - float64(g)); !(diff <= 1e-5*largest) {
							t.Errorf("∂loss/∂%s[%d] is %v, JAX computes %v", in.Name, j, got[j], g)
							break
						}
					}
				}
			})
		})
	}
}
