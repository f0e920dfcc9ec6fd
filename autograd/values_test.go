package autograd_test

import (
	"math"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
)

// ln2 and ln3 give exponential functions round values.
var ln2, ln3 = float32(math.Ln2), float32(math.Log(3))

// operand is an input of an operation.
type operand struct {
	shape []int
	data  []float32
}

// TestHandComputed compares every operation with values and gradients computed by hand,
// for an upstream gradient dy that is not all ones.
//
// The tolerance is a few units in the last place of a float32 (6e-8 each), by which a
// device's exponential functions may differ.
func TestHandComputed(t *testing.T) {
	const tolerance = 1e-6
	square := operand{[]int{2, 2}, []float32{1, 2, 3, 4}}
	row := operand{[]int{2}, []float32{10, 20}}
	for _, c := range []struct {
		name  string
		f     func(t *Tape, x []*Var) *Var
		in    []operand
		y, dy []float32
		grads [][]float32
	}{
		{"ReLU", func(t *Tape, x []*Var) *Var { return t.ReLU(x[0]) },
			[]operand{{[]int{4}, []float32{-1, 0, 2, float32(math.Copysign(0, -1))}}},
			[]float32{0, 0, 2, 0}, []float32{3, 5, 7, 9},
			[][]float32{{0, 0, 7, 0}}},
		{"Sigmoid", func(t *Tape, x []*Var) *Var { return t.Sigmoid(x[0]) },
			[]operand{{[]int{3}, []float32{0, ln3, -ln3}}},
			[]float32{.5, .75, .25}, []float32{4, 16, 32},
			[][]float32{{1, 3, 6}}},
		{"Tanh", func(t *Tape, x []*Var) *Var { return t.Tanh(x[0]) },
			[]operand{{[]int{2}, []float32{0, ln2}}},
			[]float32{0, .6}, []float32{2, 100},
			[][]float32{{2, 64}}},
		{"Exp", func(t *Tape, x []*Var) *Var { return t.Exp(x[0]) },
			[]operand{{[]int{2}, []float32{0, ln2}}},
			[]float32{1, 2}, []float32{3, 5},
			[][]float32{{3, 10}}},
		{"Log", func(t *Tape, x []*Var) *Var { return t.Log(x[0]) },
			[]operand{{[]int{2}, []float32{1, 4}}},
			[]float32{0, 2 * ln2}, []float32{3, 8},
			[][]float32{{3, 2}}},
		{"Softmax", func(t *Tape, x []*Var) *Var { return t.Softmax(x[0]) },
			[]operand{{[]int{2, 2}, []float32{0, ln3, 1000, 1000}}}, // e¹⁰⁰⁰ overflows float32
			[]float32{.25, .75, .5, .5}, []float32{4, 8, 4, 8},
			[][]float32{{-.75, .75, -1, 1}}},
		{"LogSoftmax", func(t *Tape, x []*Var) *Var { return t.LogSoftmax(x[0]) },
			[]operand{{[]int{1, 2}, []float32{0, ln3}}},
			[]float32{-2 * ln2, ln3 - 2*ln2}, []float32{4, 8},
			[][]float32{{1, -1}}},

		{"Add", func(t *Tape, x []*Var) *Var { return t.Add(x[0], x[1]) },
			[]operand{square, row}, []float32{11, 22, 13, 24}, []float32{1, 2, 3, 4},
			[][]float32{{1, 2, 3, 4}, {4, 6}}},
		{"Sub", func(t *Tape, x []*Var) *Var { return t.Sub(x[0], x[1]) },
			[]operand{square, row}, []float32{-9, -18, -7, -16}, []float32{1, 2, 3, 4},
			[][]float32{{1, 2, 3, 4}, {-4, -6}}},
		{"Mul", func(t *Tape, x []*Var) *Var { return t.Mul(x[0], x[1]) },
			[]operand{square, row}, []float32{10, 40, 30, 80}, []float32{1, 2, 3, 4},
			[][]float32{{10, 40, 30, 80}, {10, 20}}},
		{"Div", func(t *Tape, x []*Var) *Var { return t.Div(x[0], x[1]) },
			[]operand{square, {[]int{2}, []float32{2, 4}}}, []float32{.5, .5, 1.5, 1}, []float32{1, 2, 3, 4},
			[][]float32{{.5, .5, 1.5, 1}, {-2.5, -1.25}}},
		{"Affine", func(t *Tape, x []*Var) *Var { return t.Affine(x[0], 3, -1) },
			[]operand{{[]int{2}, []float32{1, 2}}}, []float32{2, 5}, []float32{1, 10},
			[][]float32{{3, 30}}},

		{"MatMul", func(t *Tape, x []*Var) *Var { return t.MatMul(x[0], x[1]) },
			[]operand{square, {[]int{2, 2}, []float32{5, 6, 7, 8}}},
			[]float32{19, 22, 43, 50}, []float32{1, 0, 0, 2},
			[][]float32{{5, 7, 12, 16}, {1, 6, 2, 8}}},
		{"MatMulTransposed", func(t *Tape, x []*Var) *Var { return t.MatMulTransposed(x[0], x[1], true, true) },
			[]operand{square, {[]int{2, 2}, []float32{5, 6, 7, 8}}},
			[]float32{23, 31, 34, 46}, []float32{1, 0, 0, 2}, // 1·5+3·6, 1·7+3·8, …
			[][]float32{{5, 14, 6, 16}, {1, 3, 4, 8}}},
		{"Dense", func(t *Tape, x []*Var) *Var { return t.Dense(x[0], x[1], x[2], false) },
			[]operand{{[]int{1, 2}, []float32{1, 2}}, {[]int{2, 2}, []float32{1, -1, 2, 1}}, {[]int{2}, []float32{.5, -4}}},
			[]float32{5.5, -3}, []float32{2, 3},
			[][]float32{{-1, 7}, {2, 3, 4, 6}, {2, 3}}},
		{"Dense with ReLU", func(t *Tape, x []*Var) *Var { return t.Dense(x[0], x[1], x[2], true) },
			[]operand{{[]int{1, 2}, []float32{1, 2}}, {[]int{2, 2}, []float32{1, -1, 2, 1}}, {[]int{2}, []float32{.5, -4}}},
			[]float32{5.5, 0}, []float32{2, 3},
			[][]float32{{2, 4}, {2, 0, 4, 0}, {2, 0}}},
		{"Dense with ReLU at 0", func(t *Tape, x []*Var) *Var { return t.Dense(x[0], x[1], nil, true) },
			[]operand{{[]int{1, 1}, []float32{2}}, {[]int{1, 1}, []float32{0}}},
			[]float32{0}, []float32{3},
			[][]float32{{0}, {0}}},

		{"Conv2D", func(t *Tape, x []*Var) *Var { return t.Conv2D(x[0], x[1], x[2], autograd.Window{}) },
			[]operand{{[]int{1, 3, 3, 1}, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}}, {[]int{2, 2, 1, 1}, []float32{1, 2, 3, 4}}, {[]int{1}, []float32{10}}},
			[]float32{47, 57, 77, 87}, []float32{1, 0, 0, 2},
			[][]float32{{1, 2, 0, 3, 6, 4, 0, 6, 8}, {11, 14, 20, 23}, {3}}},
		{"Conv2D same", func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], nil, autograd.Window{Padding: autograd.Same})
		},
			[]operand{{[]int{1, 2, 2, 1}, []float32{1, 2, 3, 4}}, {[]int{2, 2, 1, 1}, []float32{1, 2, 3, 4}}},
			[]float32{30, 14, 11, 4}, []float32{1, 1, 1, 1},
			[][]float32{{1, 3, 4, 10}, {10, 6, 7, 4}}},
		{"Conv2D with ReLU", func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], x[2], autograd.Window{ReLU: true})
		},
			[]operand{{[]int{1, 1, 3, 1}, []float32{1, 2, 3}}, {[]int{1, 1, 1, 1}, []float32{2}}, {[]int{1}, []float32{-4}}},
			[]float32{0, 0, 2}, []float32{5, 7, 11},
			[][]float32{{0, 0, 22}, {33}, {11}}},
		{"Conv2D two channels and filters", func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], nil, autograd.Window{})
		}, // a 1×1 convolution is a matrix product with each pixel: w is HWIO
			[]operand{{[]int{1, 1, 2, 2}, []float32{1, 2, 3, 4}}, {[]int{1, 1, 2, 2}, []float32{5, 6, 7, 8}}},
			[]float32{19, 22, 43, 50}, []float32{1, 0, 0, 2},
			[][]float32{{5, 7, 12, 16}, {1, 6, 2, 8}}},
		{"Conv2D with strides and dilation", func(t *Tape, x []*Var) *Var {
			return t.Conv2D(x[0], x[1], nil, autograd.Window{Strides: [2]int{1, 2}, Dilations: [2]int{1, 2}})
		}, // y[j] = x[2j]·w[0] + x[2j+2]·w[1]
			[]operand{{[]int{1, 1, 5, 1}, []float32{1, 2, 3, 4, 5}}, {[]int{1, 2, 1, 1}, []float32{10, 1}}},
			[]float32{13, 35}, []float32{1, 2},
			[][]float32{{10, 0, 21, 0, 2}, {7, 13}}},
		{"Im2Col", func(t *Tape, x []*Var) *Var { return t.Im2Col(x[0], 2, 2, autograd.Window{}) },
			[]operand{{[]int{1, 2, 3, 1}, []float32{1, 2, 3, 4, 5, 6}}},
			[]float32{1, 2, 4, 5, 2, 3, 5, 6}, []float32{1, 2, 3, 4, 5, 6, 7, 8},
			[][]float32{{1, 7, 6, 3, 11, 8}}},
		{"Conv2DReLUMaxPool", func(t *Tape, x []*Var) *Var {
			return t.Conv2DReLUMaxPool(x[0], x[1], x[2], autograd.Window{}, [2]int{2, 2}, autograd.Window{})
		}, // 2x − 3 is −1 3 1 1 −7 −5, 3 −1 −1 1 −5 −3: of equal values the first, and none of the last window
			[]operand{{[]int{1, 2, 6, 1}, []float32{1, 3, 2, 2, -2, -1, 3, 1, 1, 2, -1, 0}}, {[]int{1, 1, 1, 1}, []float32{2}}, {[]int{1}, []float32{-3}}},
			[]float32{3, 1, 0}, []float32{5, 7, 11},
			[][]float32{{0, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {29}, {12}}},
		{"MaxPool", func(t *Tape, x []*Var) *Var { return t.MaxPool(x[0], [2]int{2, 2}, autograd.Window{}) },
			[]operand{{[]int{1, 2, 4, 1}, []float32{1, 3, 2, 2, 3, 0, 1, 2}}},
			[]float32{3, 2}, []float32{5, 7},
			[][]float32{{0, 5, 7, 0, 0, 0, 0, 0}}}, // the first of equal values
		{"MaxPool overlapping", func(t *Tape, x []*Var) *Var {
			return t.MaxPool(x[0], [2]int{1, 2}, autograd.Window{Strides: [2]int{1, 1}})
		},
			[]operand{{[]int{1, 1, 3, 1}, []float32{1, 5, 2}}},
			[]float32{5, 5}, []float32{3, 4},
			[][]float32{{0, 7, 0}}},
		{"MaxPool same", func(t *Tape, x []*Var) *Var {
			return t.MaxPool(x[0], [2]int{1, 2}, autograd.Window{Padding: autograd.Same})
		}, // padding does not win over negative numbers
			[]operand{{[]int{1, 1, 3, 1}, []float32{-1, -5, -2}}},
			[]float32{-1, -2}, []float32{3, 4},
			[][]float32{{3, 0, 4}}},
		{"AvgPool", func(t *Tape, x []*Var) *Var { return t.AvgPool(x[0], [2]int{2, 2}, autograd.Window{}) },
			[]operand{{[]int{1, 2, 4, 1}, []float32{1, 3, 2, 2, 3, 0, 1, 2}}},
			[]float32{1.75, 1.75}, []float32{4, 8},
			[][]float32{{1, 1, 2, 2, 1, 1, 2, 2}}},
		{"AvgPool same", func(t *Tape, x []*Var) *Var {
			return t.AvgPool(x[0], [2]int{1, 2}, autograd.Window{Padding: autograd.Same})
		}, // padding does not count
			[]operand{{[]int{1, 1, 3, 1}, []float32{1, 2, 6}}},
			[]float32{1.5, 6}, []float32{2, 5},
			[][]float32{{1, 1, 5}}},

		{"Sum", func(t *Tape, x []*Var) *Var { return t.Sum(x[0], 1, 1) },
			[]operand{{[]int{2, 2, 2}, []float32{1, 2, 3, 4, 5, 6, 7, 8}}},
			[]float32{4, 6, 12, 14}, []float32{1, 2, 3, 4},
			[][]float32{{1, 2, 1, 2, 3, 4, 3, 4}}},
		{"Mean", func(t *Tape, x []*Var) *Var { return t.Mean(x[0], 0, 1) },
			[]operand{{[]int{2, 2, 2}, []float32{1, 2, 3, 4, 5, 6, 7, 8}}},
			[]float32{4, 5}, []float32{4, 8},
			[][]float32{{1, 2, 1, 2, 1, 2, 1, 2}}},
		{"Max", func(t *Tape, x []*Var) *Var { return t.Max(x[0], -1, -1) },
			[]operand{{[]int{2, 3}, []float32{1, 5, 5, 7, 0, 7}}},
			[]float32{5, 7}, []float32{2, 3},
			[][]float32{{0, 2, 0, 3, 0, 0}}}, // the first of equal values
		{"Transpose", func(t *Tape, x []*Var) *Var { return t.Transpose(x[0], 1, 0) },
			[]operand{{[]int{2, 3}, []float32{0, 1, 2, 3, 4, 5}}},
			[]float32{0, 3, 1, 4, 2, 5}, []float32{1, 2, 3, 4, 5, 6},
			[][]float32{{1, 3, 5, 2, 4, 6}}},
		{"Reshape", func(t *Tape, x []*Var) *Var { return t.Reshape(x[0], 2, 1) },
			[]operand{{[]int{2}, []float32{1, 2}}}, []float32{1, 2}, []float32{3, 4},
			[][]float32{{3, 4}}},

		{"SoftmaxCrossEntropy of classes", func(t *Tape, x []*Var) *Var {
			loss, _ := t.SoftmaxCrossEntropy(x[0], constant(t.Device(), []int32{0, 1}))
			return loss
		},
			[]operand{{[]int{2, 2}, []float32{0, ln3, 500, 500}}},
			[]float32{2 * ln2, ln2}, []float32{4, 8},
			[][]float32{{-3, 3, 4, -4}}},
		{"SoftmaxCrossEntropy of one-hot rows", func(t *Tape, x []*Var) *Var {
			loss, _ := t.SoftmaxCrossEntropy(x[0], constant(t.Device(), []float32{1, 0}, 1, 2))
			return loss
		},
			[]operand{{[]int{1, 2}, []float32{0, ln3}}}, []float32{2 * ln2}, []float32{4},
			[][]float32{{-3, 3}}},
		{"SoftmaxCrossEntropy of rows that sum to 2", func(t *Tape, x []*Var) *Var {
			loss, _ := t.SoftmaxCrossEntropy(x[0], constant(t.Device(), []float32{1, 1}, 1, 2))
			return loss
		},
			[]operand{{[]int{1, 2}, []float32{0, ln3}}}, []float32{4*ln2 - ln3}, []float32{3},
			[][]float32{{-1.5, 1.5}}},
		{"CrossEntropy of classes", func(t *Tape, x []*Var) *Var {
			return t.CrossEntropy(x[0], constant(t.Device(), []int32{1, 0}))
		}, // the second row is clipped: it has a loss, but no gradient
			[]operand{{[]int{2, 2}, []float32{.25, .75, 0, 1}}},
			[]float32{2*ln2 - ln3, float32(-math.Log(1e-7))}, []float32{3, 5},
			[][]float32{{0, -4, 0, 0}}},
		{"CrossEntropy of one-hot rows", func(t *Tape, x []*Var) *Var {
			return t.CrossEntropy(x[0], constant(t.Device(), []float32{1, 0}, 1, 2))
		}, // probabilities are divided by their sum first
			[]operand{{[]int{1, 2}, []float32{1, 3}}}, []float32{2 * ln2}, []float32{8},
			[][]float32{{-6, 2}}},
		{"SigmoidBinaryCrossEntropy", func(t *Tape, x []*Var) *Var {
			return t.SigmoidBinaryCrossEntropy(x[0], constant(t.Device(), []float32{1, 0, 1, 0}, 2, 2))
		},
			[]operand{{[]int{2, 2}, []float32{0, ln3, 100, -100}}}, []float32{1.5 * ln2, 0}, []float32{8, 8},
			[][]float32{{-2, 3, 0, 0}}},
		{"BinaryCrossEntropy", func(t *Tape, x []*Var) *Var {
			return t.BinaryCrossEntropy(x[0], constant(t.Device(), []float32{1, 0}, 1, 2))
		},
			[]operand{{[]int{1, 2}, []float32{.5, .75}}}, []float32{1.5 * ln2}, []float32{3},
			[][]float32{{-3, 6}}},
		{"MeanSquaredError", func(t *Tape, x []*Var) *Var {
			return t.MeanSquaredError(x[0], constant(t.Device(), []float32{3, 4}, 1, 2))
		},
			[]operand{{[]int{1, 2}, []float32{1, 5}}}, []float32{2.5}, []float32{10},
			[][]float32{{-20, 10}}},

		// A value that is used twice gets both shares of the gradient.
		{"x+x", func(t *Tape, x []*Var) *Var { return t.Add(x[0], x[0]) },
			[]operand{{[]int{2}, []float32{1, 2}}}, []float32{2, 4}, []float32{3, 5},
			[][]float32{{6, 10}}},
		{"x−x", func(t *Tape, x []*Var) *Var { return t.Sub(x[0], x[0]) },
			[]operand{{[]int{2}, []float32{1, 2}}}, []float32{0, 0}, []float32{3, 5},
			[][]float32{{0, 0}}},
		{"x·x", func(t *Tape, x []*Var) *Var { return t.Mul(x[0], x[0]) },
			[]operand{{[]int{2}, []float32{3, -4}}}, []float32{9, 16}, []float32{1, 2},
			[][]float32{{6, -16}}},
		{"x/x", func(t *Tape, x []*Var) *Var { return t.Div(x[0], x[0]) },
			[]operand{{[]int{2}, []float32{3, -4}}}, []float32{1, 1}, []float32{1, 2},
			[][]float32{{0, 0}}},
		{"X·X", func(t *Tape, x []*Var) *Var { return t.MatMul(x[0], x[0]) },
			[]operand{square}, []float32{7, 10, 15, 22}, []float32{1, 0, 0, 0},
			[][]float32{{2, 3, 2, 0}}}, // d(x00² + x01·x10)
		{"reshaped beside itself", func(t *Tape, x []*Var) *Var {
			return t.Add(t.Reshape(x[0], 4), t.Reshape(t.ReLU(x[0]), 4))
		},
			[]operand{{[]int{2, 2}, []float32{1, -2, 3, -4}}}, []float32{2, -2, 6, -4}, []float32{1, 2, 3, 4},
			[][]float32{{2, 2, 6, 4}}},
		{"used at three depths", func(t *Tape, x []*Var) *Var { // x + x² + x³
			square := t.Mul(x[0], x[0])
			return t.Add(x[0], t.Add(square, t.Mul(square, x[0])))
		},
			[]operand{{[]int{2}, []float32{2, -1}}}, []float32{14, -1}, []float32{1, 10},
			[][]float32{{17, 20}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onDevices(t, func(t *testing.T, d kernels.Device) {
				tape := autograd.NewTape(d)
				defer tape.Free()
				in := make([]*Var, len(c.in))
				for i, o := range c.in {
					in[i] = param(d, o.data, o.shape...)
				}
				y := c.f(tape, in)
				near(t, "y", y.Value.Floats(), c.y, tolerance)
				tape.Backward(weighted(tape, y, c.dy))
				for i, want := range c.grads {
					if !tape.HasGrad(in[i]) {
						t.Fatalf("no gradient reached input %d", i)
					}
					near(t, "dx", in[i].Grad.Floats(), want, tolerance)
				}
			})
		})
	}
}

// Keras's documentation gives this example of categorical_crossentropy.
func TestCrossEntropyAsKeras(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewForwardTape(d)
		loss := tape.CrossEntropy(
			constant(d, []float32{.9, .05, .05, .05, .89, .06, .05, .01, .94}, 3, 3),
			constant(d, []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3))
		near(t, "loss", loss.Value.Floats(), []float32{.10536, .11653, .06188}, 5e-6) // five digits are given
	})
}

func TestArgMax(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		tape := autograd.NewForwardTape(d)
		x := constant(d, []float32{1, 5, 5, 7, 0, 7}, 2, 3)
		for i, want := range []int32{1, 0} {
			if got := tape.ArgMax(x, 1, 1).Value.Ints()[i]; got != want {
				t.Errorf("the largest of row %d is element %d, want %d", i, got, want)
			}
		}
		if got := tape.ArgMax(x, 0, 1).Value.Ints()[0]; got != 3 {
			t.Errorf("the largest of all is element %d, want 3", got)
		}
	})
}

func TestDropout(t *testing.T) {
	onDevices(t, func(t *testing.T, d kernels.Device) {
		const n = 10007
		ones := make([]float32, n)
		for i := range ones {
			ones[i] = 1
		}
		run := func(rate float32, step int32) (y, dx []float32) {
			tape := autograd.NewTape(d)
			defer tape.Free()
			x := param(d, ones)
			out := tape.Dropout(x, constant(d, []int32{step}), kernels.DropoutSpec{Rate: rate, Seed: 5, Layer: 1})
			tape.Backward(tape.Sum(out, 0, 0))
			return out.Value.Floats(), x.Grad.Floats()
		}
		near(t, "rate 0", first(run(0, 0)), ones, 0)
		near(t, "rate 1", first(run(1, 0)), make([]float32, n), 0)

		y, dx := run(.25, 7)
		kept := 0
		for i, v := range y {
			if v != 0 {
				kept++
			}
			if v != 0 && v != float32(1)/.75 {
				t.Fatalf("element %d is %v: kept elements are scaled to 4/3", i, v)
			}
		}
		// A share of .75 is kept, with a standard deviation of √(.75·.25/n) = .0043; four of them.
		if share := float64(kept) / n; !(math.Abs(share-.75) <= .0173) {
			t.Errorf("a share of %v is kept, want .75", share)
		}
		near(t, "dx", dx, y, 0) // for x = 1 and dy = 1 they are the same mask
		near(t, "the same step again", first(run(.25, 7)), y, 0)
		other, same := first(run(.25, 8)), 0
		for i := range other {
			if other[i] == y[i] {
				same++
			}
		}
		// Two independent masks agree in .75² + .25² = .625 of their elements.
		if share := float64(same) / n; !(math.Abs(share-.625) <= .02) {
			t.Errorf("the masks of two steps agree in a share of %v, want .625", share)
		}
	})
}

func first(y, _ []float32) []float32 { return y }
