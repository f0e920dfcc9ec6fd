package autograd_test

import (
	"math"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

type shapes = [][]int

// A gradientCase is an operation whose gradient is tested.
type gradientCase struct {
	name  string
	make  func(seed uint64, n int) []float32 // the inputs' values
	shape shapes
	f     func(t *Tape, x []*Var) *Var
}

// gradientCases has every operation, with sizes that are not multiples of any kernel's block.
// Inputs avoid kinks and ties; TestHandComputed covers those.
func gradientCases() []gradientCase {
	type window = autograd.Window
	classes := []int32{2, 0, 4}
	return []gradientCase{
		{"ReLU", spread, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var { return t.ReLU(x[0]) }},
		{"Sigmoid", spread, shapes{{17}}, func(t *Tape, x []*Var) *Var { return t.Sigmoid(x[0]) }},
		{"Tanh", spread, shapes{{17}}, func(t *Tape, x []*Var) *Var { return t.Tanh(x[0]) }},
		{"GELU", spread, shapes{{17}}, func(t *Tape, x []*Var) *Var { return t.GELU(x[0]) }},
		{"Exp", spread, shapes{{17}}, func(t *Tape, x []*Var) *Var { return t.Exp(x[0]) }},
		{"Log", positive, shapes{{17}}, func(t *Tape, x []*Var) *Var { return t.Log(x[0]) }},
		{"Softmax", spread, shapes{{3, 7}}, func(t *Tape, x []*Var) *Var { return t.Softmax(x[0]) }},
		{"Softmax of three axes", spread, shapes{{2, 3, 5}}, func(t *Tape, x []*Var) *Var { return t.Softmax(x[0]) }},
		{"Softmax of one column", spread, shapes{{3, 1}}, func(t *Tape, x []*Var) *Var { return t.Softmax(x[0]) }},
		{"LogSoftmax", spread, shapes{{3, 7}}, func(t *Tape, x []*Var) *Var { return t.LogSoftmax(x[0]) }},

		{"Add", spread, shapes{{3, 5}, {3, 5}}, func(t *Tape, x []*Var) *Var { return t.Add(x[0], x[1]) }},
		{"Add of a row", spread, shapes{{3, 5}, {5}}, func(t *Tape, x []*Var) *Var { return t.Add(x[0], x[1]) }},
		{"Add to a column", spread, shapes{{3, 1}, {3, 5}}, func(t *Tape, x []*Var) *Var { return t.Add(x[0], x[1]) }},
		{"Sub of an outer pair", spread, shapes{{3, 1}, {1, 5}}, func(t *Tape, x []*Var) *Var { return t.Sub(x[0], x[1]) }},
		{"Mul", spread, shapes{{3, 5}, {3, 5}}, func(t *Tape, x []*Var) *Var { return t.Mul(x[0], x[1]) }},
		{"Mul by a scalar", spread, shapes{{3, 5}, {}}, func(t *Tape, x []*Var) *Var { return t.Mul(x[0], x[1]) }},
		{"Mul in the middle", spread, shapes{{2, 3, 4}, {3, 1}}, func(t *Tape, x []*Var) *Var { return t.Mul(x[0], x[1]) }},
		{"Div", positive, shapes{{3, 5}, {3, 5}}, func(t *Tape, x []*Var) *Var { return t.Div(x[0], x[1]) }},
		{"Div by a column", positive, shapes{{3, 5}, {3, 1}}, func(t *Tape, x []*Var) *Var { return t.Div(x[0], x[1]) }},
		{"Div of a row", positive, shapes{{5}, {3, 5}}, func(t *Tape, x []*Var) *Var { return t.Div(x[0], x[1]) }},
		{"Affine", spread, shapes{{17}}, func(t *Tape, x []*Var) *Var { return t.Affine(x[0], -1.5, .25) }},

		{"MatMul", spread, shapes{{3, 5}, {5, 7}}, func(t *Tape, x []*Var) *Var { return t.MatMul(x[0], x[1]) }},
		{"MatMul of a column and a row", spread, shapes{{5, 1}, {1, 3}}, func(t *Tape, x []*Var) *Var { return t.MatMul(x[0], x[1]) }},
		{"MatMulTransposed, A", spread, shapes{{5, 3}, {5, 7}}, func(t *Tape, x []*Var) *Var { return t.MatMulTransposed(x[0], x[1], true, false) }},
		{"MatMulTransposed, B", spread, shapes{{3, 5}, {7, 5}}, func(t *Tape, x []*Var) *Var { return t.MatMulTransposed(x[0], x[1], false, true) }},
		{"MatMulTransposed, both", spread, shapes{{5, 3}, {7, 5}}, func(t *Tape, x []*Var) *Var { return t.MatMulTransposed(x[0], x[1], true, true) }},
		{"MatMulTransposed by itself", spread, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var { return t.MatMulTransposed(x[0], x[0], false, true) }},
		{"Dense", spread, shapes{{3, 5}, {5, 7}, {7}}, func(t *Tape, x []*Var) *Var { return t.Dense(x[0], x[1], x[2], false) }},
		{"Dense without bias", spread, shapes{{3, 5}, {5, 7}}, func(t *Tape, x []*Var) *Var { return t.Dense(x[0], x[1], nil, false) }},
		{"Dense of three axes", spread, shapes{{2, 3, 5}, {5, 4}, {4}}, func(t *Tape, x []*Var) *Var { return t.Dense(x[0], x[1], x[2], false) }},
		{"Dense with ReLU of four axes", spread, shapes{{2, 1, 3, 5}, {5, 4}}, func(t *Tape, x []*Var) *Var {
			return t.ReLU(t.Dense(x[0], x[1], shift(t, 4), true))
		}},
		{"Dense with ReLU", spread, shapes{{3, 5}, {5, 4}}, func(t *Tape, x []*Var) *Var {
			return t.Dense(x[0], x[1], shift(t, 4), true)
		}},

		{"Conv2D", spread, shapes{{2, 4, 5, 2}, {3, 2, 2, 3}, {3}}, func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], x[2], window{})
		}},
		{"Conv2D same", spread, shapes{{1, 4, 5, 2}, {3, 2, 2, 3}}, func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], nil, window{Padding: autograd.Same})
		}},
		{"Conv2D with strides", spread, shapes{{1, 5, 7, 1}, {2, 3, 1, 2}, {2}}, func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], x[2], window{Strides: [2]int{2, 3}})
		}},
		{"Conv2D same with strides", spread, shapes{{1, 5, 6, 1}, {3, 3, 1, 2}}, func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], nil, window{Strides: [2]int{2, 2}, Padding: autograd.Same})
		}},
		{"Conv2D with dilation", spread, shapes{{1, 5, 7, 1}, {2, 3, 1, 2}}, func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], nil, window{Dilations: [2]int{3, 2}})
		}},
		{"Conv2D with ReLU", spread, shapes{{2, 3, 3, 1}, {2, 2, 1, 4}}, func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], shift(t, 4), window{ReLU: true})
		}},
		{"Im2Col", spread, shapes{{1, 3, 4, 2}}, func(t *Tape, x []*Var) *Var {
			return t.Im2Col(x[0], 2, 2, window{Padding: autograd.Same})
		}},
		{"MaxPool", spread, shapes{{1, 4, 5, 2}}, func(t *Tape, x []*Var) *Var { return t.MaxPool(x[0], [2]int{2, 2}, window{}) }},
		{"MaxPool overlapping, same", spread, shapes{{1, 4, 5, 2}}, func(t *Tape, x []*Var) *Var {
			return t.MaxPool(x[0], [2]int{3, 2}, window{Strides: [2]int{1, 1}, Padding: autograd.Same})
		}},
		{"Conv2DReLUMaxPool", spread, shapes{{2, 4, 5, 1}, {1, 1, 1, 2}}, func(t *Tape, x []*Var) *Var {
			w := t.Affine(x[1], 1, 3) // so that no two results of a window are close
			return t.Conv2DReLUMaxPool(x[0], w, nil, window{}, [2]int{2, 2}, window{})
		}},
		{"AvgPool", spread, shapes{{1, 4, 5, 2}}, func(t *Tape, x []*Var) *Var { return t.AvgPool(x[0], [2]int{2, 2}, window{}) }},
		{"AvgPool overlapping, same", spread, shapes{{1, 4, 5, 2}}, func(t *Tape, x []*Var) *Var {
			return t.AvgPool(x[0], [2]int{3, 2}, window{Strides: [2]int{1, 1}, Padding: autograd.Same})
		}},

		{"UpSample", spread, shapes{{2, 2, 3, 2}}, func(t *Tape, x []*Var) *Var { return t.UpSample(x[0], [2]int{3, 2}) }},
		{"UpSample added to its operand", spread, shapes{{1, 2, 3, 1}}, func(t *Tape, x []*Var) *Var {
			return t.Add(t.UpSample(x[0], [2]int{1, 1}), x[0])
		}},

		{"ZeroPad", spread, shapes{{2, 2, 3, 2}}, func(t *Tape, x []*Var) *Var { return t.ZeroPad(x[0], [2][2]int{{1, 0}, {2, 3}}) }},
		{"ZeroPad added to its operand", spread, shapes{{1, 2, 3, 1}}, func(t *Tape, x []*Var) *Var {
			return t.Add(t.ZeroPad(x[0], [2][2]int{}), x[0])
		}},

		{"Sum", spread, shapes{{2, 3, 5}}, func(t *Tape, x []*Var) *Var { return t.Sum(x[0], 1, 1) }},
		{"Sum of all", spread, shapes{{2, 3, 5}}, func(t *Tape, x []*Var) *Var { return t.Sum(x[0], 0, -1) }},
		{"Sum of axes counted from the last", spread, shapes{{2, 3, 5}}, func(t *Tape, x []*Var) *Var { return t.Sum(x[0], -3, -2) }},
		{"Mean", spread, shapes{{2, 3, 5}}, func(t *Tape, x []*Var) *Var { return t.Mean(x[0], 0, 1) }},
		{"Max", spread, shapes{{2, 3, 5}}, func(t *Tape, x []*Var) *Var { return t.Max(x[0], 0, 0) }},
		{"Transpose", spread, shapes{{2, 3, 5}}, func(t *Tape, x []*Var) *Var { return t.Transpose(x[0], 2, 0, 1) }},
		{"Reshape", spread, shapes{{2, 6}}, func(t *Tape, x []*Var) *Var { return t.Tanh(t.Reshape(x[0], 3, -1)) }},
		{"Dropout", spread, shapes{{23}}, func(t *Tape, x []*Var) *Var {
			return t.Dropout(x[0], constant(t.Device(), []int32{3}), kernels.DropoutSpec{Rate: .4, Seed: 1})
		}},

		{"SoftmaxCrossEntropy", spread, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var {
			loss, _ := t.SoftmaxCrossEntropy(x[0], constant(t.Device(), classes))
			return loss
		}},
		{"SoftmaxCrossEntropy of distributions", spread, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var {
			loss, _ := t.SoftmaxCrossEntropy(x[0], constant(t.Device(), positive(9, 15), 3, 5))
			return loss
		}},
		{"SoftmaxCrossEntropy and its probabilities", spread, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var {
			loss, probs := t.SoftmaxCrossEntropy(x[0], constant(t.Device(), classes))
			return t.Add(t.Sum(t.Mul(probs, probs), 1, 1), loss)
		}},
		{"the probabilities of SoftmaxCrossEntropy alone", spread, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var {
			_, probs := t.SoftmaxCrossEntropy(x[0], constant(t.Device(), classes))
			return probs
		}},
		{"CrossEntropy", func(seed uint64, n int) []float32 { return scaled(positive(seed, n), .3) }, shapes{{3, 5}},
			func(t *Tape, x []*Var) *Var { return t.CrossEntropy(x[0], constant(t.Device(), classes)) }},
		{"CrossEntropy of distributions", positive, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var {
			return t.CrossEntropy(x[0], constant(t.Device(), positive(9, 15), 3, 5))
		}},
		{"SigmoidBinaryCrossEntropy", spread, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var {
			return t.SigmoidBinaryCrossEntropy(x[0], constant(t.Device(), scaled(positive(9, 15), .4), 3, 5))
		}},
		{"BinaryCrossEntropy", func(seed uint64, n int) []float32 { return scaled(positive(seed, n), .4) }, shapes{{3, 5}},
			func(t *Tape, x []*Var) *Var {
				return t.BinaryCrossEntropy(x[0], constant(t.Device(), scaled(positive(9, 15), .4), 3, 5))
			}},
		{"MeanSquaredError", spread, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var {
			return t.MeanSquaredError(x[0], constant(t.Device(), spread(9, 15), 3, 5))
		}},

		{"Normalize columns", spread, shapes{{7, 3}}, func(t *Tape, x []*Var) *Var { y, _, _ := t.Normalize(x[0], 0, 0, .25); return y }},
		{"Normalize rows", spread, shapes{{2, 3, 5}}, func(t *Tape, x []*Var) *Var { y, _, _ := t.Normalize(x[0], -1, -1, .25); return y }},
		{"Normalize between", spread, shapes{{2, 3, 2, 5}}, func(t *Tape, x []*Var) *Var { y, _, _ := t.Normalize(x[0], 1, 2, .25); return y }},
		{"Normalize added to its operand", spread, shapes{{7, 3}}, func(t *Tape, x []*Var) *Var {
			y, _, _ := t.Normalize(x[0], 0, 0, .25)
			z, _, _ := t.Normalize(x[0], 1, 1, .5)
			return t.Mul(t.Add(y, x[0]), z)
		}},
		{"BatchNorm", spread, shapes{{2, 4, 3}, {3}, {3}}, func(t *Tape, x []*Var) *Var { y, _, _ := t.BatchNorm(x[0], x[1], x[2], .25); return y }},
		{"BatchNorm without scale", spread, shapes{{7, 3}, {3}}, func(t *Tape, x []*Var) *Var { y, _, _ := t.BatchNorm(x[0], nil, x[1], .25); return y }},
		{"BatchNorm without shift, added to its operand", spread, shapes{{7, 3}, {3}}, func(t *Tape, x []*Var) *Var {
			y, _, _ := t.BatchNorm(x[0], x[1], nil, .25)
			z, _, _ := t.BatchNorm(x[0], nil, nil, .5)
			return t.Add(t.Add(y, z), x[0])
		}},
		{"LayerNorm", spread, shapes{{2, 3, 4}, {4}, {4}}, func(t *Tape, x []*Var) *Var { return t.LayerNorm(x[0], x[1], x[2], .25) }},
		{"LayerNorm without scale", spread, shapes{{3, 7}, {7}}, func(t *Tape, x []*Var) *Var { return t.LayerNorm(x[0], nil, x[1], .25) }},
		{"LayerNorm without shift, added to its operand", spread, shapes{{3, 7}, {7}}, func(t *Tape, x []*Var) *Var {
			return t.Add(t.Add(t.LayerNorm(x[0], x[1], nil, .25), t.LayerNorm(x[0], nil, nil, .5)), x[0])
		}},
		{"ScaleShift", spread, shapes{{2, 3, 5}, {5}, {5}}, func(t *Tape, x []*Var) *Var { return t.ScaleShift(x[0], x[1], x[2]) }},
		{"ScaleShift of all by one", spread, shapes{{3, 5}, {5}}, func(t *Tape, x []*Var) *Var {
			return t.Add(t.ScaleShift(x[0], x[1], x[1]), x[0])
		}},

		{"normalised rows", spread, shapes{{3, 5}}, func(t *Tape, x []*Var) *Var { // (x − mean)/deviation
			centred := t.Sub(x[0], t.Reshape(t.Mean(x[0], 1, 1), 3, 1))
			variance := t.Mean(t.Mul(centred, centred), 1, 1)
			deviation := t.Exp(t.Affine(t.Log(variance), .5, 0))
			return t.Div(centred, t.Reshape(deviation, 3, 1))
		}},
	}
}

// TestGradients compares the gradient of every operation with finite differences.
func TestGradients(t *testing.T) {
	for _, c := range gradientCases() {
		t.Run(c.name, func(t *testing.T) {
			onDevices(t, func(t *testing.T, d kernels.Device) {
				inputs := make([]*tensor.Tensor, len(c.shape))
				for i, shape := range c.shape {
					inputs[i] = tensor.From(d, c.make(uint64(i+1), tensor.Size(shape)), shape...)
				}
				if err := autograd.CheckGradients(d, c.f, inputs...); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// shift is a bias that puts half of the units of a ReLU far above its kink and half
// far below.
func shift(t *Tape, n int) *Var {
	bias := make([]float32, n)
	for i := range bias {
		bias[i] = 12 * float32(1-i%2*2)
	}
	return constant(t.Device(), bias)
}

func scaled(x []float32, by float32) []float32 {
	for i := range x {
		x[i] *= by
	}
	return x
}

// broken is a device with some wrong gradients, of kinds that occur easily.
type broken struct{ *reference.Device }

func (b broken) ReLUGrad(dx, dy, y kernels.Buffer, m kernels.Mode) { // passes everything
	b.Copy(dx, dy)
}

func (b broken) ExpGrad(dx, dy, y kernels.Buffer, m kernels.Mode) {
	b.Fill(dx, float32(math.NaN()))
}

func (b broken) TransposeGrad(dx, dy kernels.Buffer, s kernels.PermuteSpec, m kernels.Mode) {
	b.Copy(dx, dy) // the right numbers in the wrong places
}

func (b broken) AddGrad(da, db, dy kernels.Buffer, s kernels.BroadcastSpec, ma, mb kernels.Mode) {
	b.Device.AddGrad(da, db, dy, s, kernels.Overwrite, kernels.Overwrite) // forgets the other share
}

func TestCheckGradientsFindsMistakes(t *testing.T) {
	d := broken{reference.New()}
	x := tensor.From(d, spread(1, 6), 2, 3)
	for name, f := range map[string]func(t *Tape, x []*Var) *Var{
		"ReLU":      func(t *Tape, x []*Var) *Var { return t.ReLU(x[0]) },
		"Exp":       func(t *Tape, x []*Var) *Var { return t.Exp(x[0]) },
		"Transpose": func(t *Tape, x []*Var) *Var { return t.Transpose(x[0], 1, 0) },
		"Add":       func(t *Tape, x []*Var) *Var { return t.Add(x[0], x[0]) },
	} {
		err := autograd.CheckGradients(d, f, x)
		if err == nil || !strings.Contains(err.Error(), "input 0 of shape [2 3], element ") {
			t.Errorf("%s with a wrong gradient: CheckGradients returns %v", name, err)
		}
	}
	unused := tensor.Scalar(d, 1)
	err := autograd.CheckGradients(d, func(t *Tape, x []*Var) *Var { return t.Tanh(x[0]) }, x, unused)
	if err == nil || !strings.Contains(err.Error(), "input 1: no gradient reached it") {
		t.Errorf("an input that is not used: CheckGradients returns %v", err)
	}
	err = autograd.CheckGradients(d, func(t *Tape, x []*Var) *Var { return t.Input(2) }, x)
	if err == nil || !strings.Contains(err.Error(), "input 0: no gradient reached it") {
		t.Errorf("a formula that no input has a part in: CheckGradients returns %v", err)
	}
	if err := autograd.CheckGradients(d, func(t *Tape, x []*Var) *Var { return t.Tanh(x[0]) }, x); err != nil {
		t.Errorf("a right gradient: CheckGradients returns %v", err)
	}
	mistake(t, "check gradients: input 1 is int32, must be float32", func() {
		autograd.CheckGradients(d, func(t *Tape, x []*Var) *Var { return t.Tanh(x[0]) }, x, tensor.From(d, []int32{1}, 1))
	})
	mistake(t, "check gradients: f gives int32 [2], must be float32", func() {
		autograd.CheckGradients(d, func(t *Tape, x []*Var) *Var { return t.ArgMax(x[0], 1, 1) }, x)
	})
}
