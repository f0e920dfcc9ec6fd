package autograd_test

import (
	"math"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// Mistakes panic with a *kernels.ShapeError that names the operation and every shape.
func TestMistakes(t *testing.T) {
	type window = autograd.Window
	d := reference.New()
	tape := autograd.NewTape(d)
	of := func(shape ...int) *Var { return autograd.NewParam(tensor.New(d, shape...)) }
	ints := func(shape ...int) *Var { return autograd.NewConst(tensor.NewOf(d, kernels.Int32, shape...)) }
	for want, do := range map[string]func(){
		"matmul: [32 784] × [10 128]: inner sizes 784 and 10 differ":   func() { tape.MatMul(of(32, 784), of(10, 128)) },
		"matmul: [784 32]ᵀ × [128 10]ᵀ: inner sizes 784 and 10 differ": func() { tape.MatMulTransposed(of(784, 32), of(128, 10), true, true) },
		"matmul: [2 3] × [3]: both must have two axes":                 func() { tape.MatMul(of(2, 3), of(3)) },
		"dense: [2 3] × [4 5]: inner sizes 3 and 4 differ":             func() { tape.Dense(of(2, 3), of(4, 5), nil, false) },
		"dense: weights [3 5] and bias [4]: the bias must be":          func() { tape.Dense(of(2, 3), of(3, 5), of(4), false) },
		"dense: weights [3 5] and bias [1 5]":                          func() { tape.Dense(of(2, 3), of(3, 5), of(1, 5), true) },
		"add: [2 3] and [2]: sizes 3 and 2 can't be broadcast":         func() { tape.Add(of(2, 3), of(2)) },
		"normalize: axes 0 to 2 of [2 3]: there are no such axes":      func() { tape.Normalize(of(2, 3), 0, 2, 1) },
		"normalize: axes 0 to 0 of [0 3] are empty":                    func() { tape.Normalize(of(0, 3), 0, 0, 1) },
		"batch norm: the gamma is 2 float32, must be 3 float32":        func() { tape.BatchNorm(of(2, 3), of(2), of(3), 1) },
		"layer norm: the beta is 2 float32, must be 3 float32":         func() { tape.LayerNorm(of(2, 3), of(3), of(2), 1) },
		"layer norm: a scalar has no last axis":                        func() { tape.LayerNorm(of(), nil, nil, 1) },
		"layer norm: the last axis of [2 0] is empty":                  func() { tape.LayerNorm(of(2, 0), nil, nil, 1) },
		"batch norm: 0 rows": func() { tape.BatchNorm(of(0, 3), nil, nil, 1) },
		"scale-shift: x [2 3], scale [3], shift [1]: both must be one": func() { tape.ScaleShift(of(2, 3), of(3), of(1)) },
		"sub: [4] and [3]":     func() { tape.Sub(of(4), of(3)) },
		"mul: [4 1] and [3 2]": func() { tape.Mul(of(4, 1), of(3, 2)) },
		"div: [0] and [2]":     func() { tape.Div(of(0), of(2)) },
		"conv2d: images [2 8 8], filters [3 3 1 4]: expected [N H W C]":    func() { tape.Conv2D(of(2, 8, 8), of(3, 3, 1, 4), nil, window{}) },
		"conv2d: images [2 8 8 3], filters [3 3 1 4]: channels 3 and 1":    func() { tape.Conv2D(of(2, 8, 8, 3), of(3, 3, 1, 4), nil, window{}) },
		"conv2d: images [2 2 8 1], filters [3 3 1 4], down: a window that": func() { tape.Conv2D(of(2, 2, 8, 1), of(3, 3, 1, 4), nil, window{}) },
		"conv2d: images [2 8 4 1], filters [3 3 1 4], across: a window":    func() { tape.Conv2D(of(2, 8, 4, 1), of(3, 3, 1, 4), nil, window{Dilations: [2]int{1, 2}}) },
		"conv2d: images [2 8 8 1], filters [3 3 1 4], down: window size":   func() { tape.Conv2D(of(2, 8, 8, 1), of(3, 3, 1, 4), nil, window{Strides: [2]int{-1, 1}}) },
		"conv2d: filters [3 3 1 4] and bias [3]":                           func() { tape.Conv2D(of(2, 8, 8, 1), of(3, 3, 1, 4), of(3), window{}) },
		"im2col: images [8 8], filters [3 3 0 1]":                          func() { tape.Im2Col(of(8, 8), 3, 3, window{}) },
		// The reach overflows and is negative if an int has 32 bits.
		"im2col: images [1 8 8 1], filters [65536 1 1 1], down: window size 65536, stride 1 and dilation 65536 must be from 1 to 32768": func() {
			tape.Im2Col(of(1, 8, 8, 1), 1<<16, 1, window{Dilations: [2]int{1 << 16, 1}})
		},
		"conv2d: images [2 8 8 1], filters [3 3 1 4], down: the padding is 2, must be Valid or Same": func() { tape.Conv2D(of(2, 8, 8, 1), of(3, 3, 1, 4), nil, window{Padding: 2}) },
		"max-pool: images [2 1 8 1], window [2 2], down: a window that":                              func() { tape.MaxPool(of(2, 1, 8, 1), [2]int{2, 2}, window{}) },
		"avg-pool: images [2 8 8]: expected [N H W C]":                                               func() { tape.AvgPool(of(2, 8, 8), [2]int{2, 2}, window{}) },
		"avg-pool: images [2 8 8 1], window [2 2]: dilations [2 1]":                                  func() { tape.AvgPool(of(2, 8, 8, 1), [2]int{2, 2}, window{Dilations: [2]int{2, 1}}) },
		"sum: axes 1 to 2 of [2 3]: there are no such axes":                                          func() { tape.Sum(of(2, 3), 1, 2) },
		"sum: axes 0 to -3 of [2 3]: there are no such axes":                                         func() { tape.Sum(of(2, 3), 0, -3) },
		"mean: axes 1 to 0 of [2 3]: there are no such axes":                                         func() { tape.Mean(of(2, 3), 1, 0) },
		"max: axes 1 to 1 of [2 0] are empty":                                                        func() { tape.Max(of(2, 0), 1, 1) },
		"argmax: axes -3 to -1 of [2 3]: there are no such axes":                                     func() { tape.ArgMax(of(2, 3), -3, -1) },
		"softmax: a scalar has no last axis":                                                         func() { tape.Softmax(of()) },
		"log-softmax: the last axis of [2 0] is empty":                                               func() { tape.LogSoftmax(of(2, 0)) },
		"reshape: [2 3] to [4]":                                                                      func() { tape.Reshape(of(2, 3), 4) },
		"transpose: axes [0 0] of shape [2 3]: each axis":                                            func() { tape.Transpose(of(2, 3), 0, 0) },
		"transpose: 1 axes for shape [2 3]":                                                          func() { tape.Transpose(of(2, 3), 0) },
		"dropout: rate 1.5, must be from 0 to 1":                                                     func() { tape.Dropout(of(2), ints(1), kernels.DropoutSpec{Rate: 1.5}) },
		"dropout: rate NaN, must be from 0 to 1":                                                     func() { tape.Dropout(of(2), ints(1), kernels.DropoutSpec{Rate: float32(math.NaN())}) },
		"softmax cross-entropy: predictions [4 10], labels int32 [5]: expected":                      func() { tape.SoftmaxCrossEntropy(of(4, 10), ints(5)) },
		"softmax cross-entropy: predictions [4]: must be [N C]":                                      func() { tape.SoftmaxCrossEntropy(of(4), ints(4)) },
		"cross-entropy: predictions [4 10], labels float32 [4 9]: expected":                          func() { tape.CrossEntropy(of(4, 10), of(4, 9)) },
		"sigmoid binary cross-entropy: predictions [4 1], labels int32 [4]":                          func() { tape.SigmoidBinaryCrossEntropy(of(4, 1), ints(4)) },
		"binary cross-entropy: predictions [4 1], labels float32 [4]":                                func() { tape.BinaryCrossEntropy(of(4, 1), of(4)) },
		"mean squared error: predictions [4 2], labels float32 [4 1]: expected f":                    func() { tape.MeanSquaredError(of(4, 2), of(4, 1)) },
		"backward: the loss has shape [2], must have one element":                                    func() { tape.Backward(tape.ReLU(of(2))) },
		"backward: the loss depends on nothing":                                                      func() { tape.Backward(tape.Sum(tape.Input(2), 0, 0)) },
		"replay: no Backward was run on this tape":                                                   func() { autograd.NewTape(d).Replay() },
	} {
		mistake(t, want, do)
	}
	// A loss of another tape: this tape has no steps to go back over.
	other := autograd.NewTape(d)
	loss := other.Sum(other.ReLU(of(2)), 0, 0)
	mistake(t, "backward: float32 [] was computed on another tape", func() { tape.Backward(loss) })
}
