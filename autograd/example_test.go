package autograd_test

import (
	"fmt"
	"math/rand/v2"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// The gradient of x·x + 3x is 2x + 3.
func Example() {
	d := reference.New()
	x := autograd.NewParam(tensor.From(d, []float32{1, 2, -4}, 3))

	tape := autograd.NewTape(d)
	y := tape.Add(tape.Mul(x, x), tape.Affine(x, 3, 0))
	tape.Backward(tape.Sum(y, 0, 0))

	fmt.Println(y)
	fmt.Println(x.Grad)
	// Output:
	// [ 4. 10.  4.]
	// [ 5.  7. -5.]
}

// A network with two layers learns exclusive or, which no single layer can. This
// is a complete training program: parameters, a forward pass, a loss, an optimizer,
// and a loop that replays them.
func Example_xor() {
	d := reference.New()
	x := autograd.NewConst(tensor.From(d, []float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2))
	targets := autograd.NewConst(tensor.From(d, []float32{0, 1, 1, 0}, 4, 1))

	// Weights start at random, so that hidden units differ, and biases at zero.
	random := rand.New(rand.NewPCG(1, 0))
	weights := func(in, out int) *autograd.Var {
		w := make([]float32, in*out)
		for i := range w {
			w[i] = random.Float32()*2 - 1
		}
		return autograd.NewParam(tensor.From(d, w, in, out))
	}
	const hidden = 8
	w1, b1 := weights(2, hidden), autograd.NewParam(tensor.New(d, hidden))
	w2, b2 := weights(hidden, 1), autograd.NewParam(tensor.New(d, 1))

	// Recorded once: each operation runs now and is remembered.
	tape := autograd.NewTape(d)
	h := tape.Tanh(tape.Dense(x, w1, b1, false))
	logits := tape.Dense(h, w2, b2, false)
	loss := tape.Mean(tape.SigmoidBinaryCrossEntropy(logits, targets), 0, 0)
	rate := tensor.Scalar(d, 0.5)
	for _, p := range []*autograd.Var{w1, b1, w2, b2} {
		tape.Update(p, &kernels.SGDUpdate{W: p.Value.Buffer(), Rate: rate.Buffer()}) // p −= rate · ∂loss/∂p
	}
	tape.Backward(loss)
	tape.RunAfter()

	// Replayed from now on, on the same memory.
	for range 500 {
		tape.Replay()
	}

	predict := autograd.NewForwardTape(d)
	h = predict.Tanh(predict.Dense(x, w1, b1, false))
	p := predict.Sigmoid(predict.Dense(h, w2, b2, false)).Value.Floats()
	for i, in := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		fmt.Printf("%d xor %d = %.0f\n", in[0], in[1], p[i])
	}
	fmt.Println("loss below 0.05:", loss.Value.Item() < 0.05)
	// Output:
	// 0 xor 0 = 0
	// 0 xor 1 = 1
	// 1 xor 0 = 1
	// 1 xor 1 = 0
	// loss below 0.05: true
}

// Instance normalization, with a scale and a shift for each channel: every image gets the mean 0 and
// the variance 1, however bright it is.
func ExampleTape_Normalize() {
	d := reference.New()
	x := autograd.NewParam(tensor.From(d, []float32{1, 3, 1, 3, 60, 20, 20, 60}, 2, 2, 2, 1)) // [N,H,W,C]
	scale, shift := autograd.NewParam(tensor.From(d, []float32{10}, 1)), autograd.NewParam(tensor.From(d, []float32{0.5}, 1))

	tape := autograd.NewTape(d)
	y, mean, variance := tape.Normalize(x, 1, 2, 1e-6)
	y = tape.ScaleShift(y, scale, shift)
	fmt.Println("mean", mean.Value.Floats(), "variance", variance.Value.Floats())
	for n := range 2 {
		fmt.Printf("image %d: %.1f\n", n, y.Value.Slice(n, n+1).Floats())
	}
	// Output:
	// mean [2 40] variance [1 400]
	// image 0: [-9.5 10.5 -9.5 10.5]
	// image 1: [10.5 -9.5 -9.5 10.5]
}

// Gradients of user-defined formulas are checked against finite differences.
func ExampleCheckGradients() {
	d := reference.New()
	x := tensor.From(d, []float32{0.5, -1, 2}, 3)
	err := autograd.CheckGradients(d, func(t *autograd.Tape, x []*autograd.Var) *autograd.Var {
		return t.Mul(t.Sigmoid(x[0]), x[0]) // SiLU
	}, x)
	fmt.Println(err)
	// Output: <nil>
}

// Mistakes are found when an operation is recorded.
func ExampleTape_MatMul() {
	d := reference.New()
	tape := autograd.NewTape(d)
	defer func() { fmt.Println(recover()) }()
	tape.MatMul(tape.Input(32, 784), tape.Input(10, 128))
	// Output: matmul: [32 784] × [10 128]: inner sizes 784 and 10 differ
}
