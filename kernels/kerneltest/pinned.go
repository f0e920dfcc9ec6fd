package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"baregrad/kernels"
)

// The tests below pin single values: those of definitions, such as ReLU′(0) = 0,
// and those that others have published.

var (
	inf   = math.Inf(1)
	nan   = math.NaN()
	minus = math.Copysign(0, -1) // −0
)

func (s *suite) testPinned(t *testing.T) {
	t.Run("special values", s.testSpecialValues)
	t.Run("division by zero", s.testDivisionByZero)
	t.Run("ties and NaN in maxima", s.testMaxima)
	t.Run("zero times NaN", s.testZeroTimesNaN)
	t.Run("NaN that is not chosen", s.testNotChosen)
	t.Run("huge logits", s.testHugeLogits)
	t.Run("published values", s.testPublishedValues)
	t.Run("dropout", s.testDropoutMask)
	t.Run("update of another kind", s.testOtherUpdate)
	t.Run("refused", s.testRefused)
}

// pin makes a call and compares its outputs with literal values.
func (s *suite) pin(t *testing.T, label string, tol tolerance, out, in []array, run func(d kernels.Device, out, in []kernels.Buffer), want ...[]float64) {
	t.Helper()
	s.twice(t, label, call{out: out, in: in, run: run}, want, tol, true)
}

func numbers(values ...float64) array {
	return floats(mapped(values, func(v float64) float32 { return float32(v) }))
}

// testSpecialValues: each activation at 0, −0, where it saturates, at the
// infinities and at NaN, and its gradient there for dy = 2.
func (s *suite) testSpecialValues(t *testing.T) {
	type row struct{ x, y, dx float64 }
	tables := map[string][]row{
		// At a NaN the slope is 0, as it is wherever y > 0 is false.
		"ReLU": {{0, 0, 0}, {minus, 0, 0}, {1e-30, 1e-30, 2}, {-1e-30, 0, 0}, {3, 3, 2}, {-3, 0, 0},
			{inf, inf, 2}, {-inf, 0, 0}, {nan, nan, 0}},
		"Sigmoid": {{0, 0.5, 0.5}, {minus, 0.5, 0.5}, {100, 1, 0}, {-100, 0, 0}, {1, 0.7310585786, 0.3932238665},
			{inf, 1, 0}, {-inf, 0, 0}, {nan, nan, nan}},
		"Tanh": {{0, 0, 2}, {minus, 0, 2}, {1e-10, 1e-10, 2}, {100, 1, 0}, {-100, -1, 0}, {1, 0.7615941560, 0.8399486832},
			{inf, 1, 0}, {-inf, -1, 0}, {nan, nan, nan}},
		"GELU": {{0, 0, 1}, {minus, 0, 1}, {1e-10, 5e-11, 1}, {1, 0.8413447461, 2.1666309411}, {-1, -0.1586552539, -0.1666309412},
			{-6, -5.919525870e-9, -7.093741890e-8}, {100, 100, 2}, {-100, 0, 0}, {inf, inf, 2}, {-inf, 0, 0}, {nan, nan, nan}},
		"Exp": {{0, 1, 2}, {minus, 1, 2}, {1, math.E, 2 * math.E}, {-200, 0, 0}, {88, 1.6516362549e38, 3.3032725099e38}, {89, inf, inf},
			{-87, 1.6458114310e-38, 3.2916228621e-38}, {inf, inf, inf}, {-inf, 0, 0}, {nan, nan, nan}},
		"Log": {{1, 0, 2}, {0, -inf, inf}, {minus, -inf, -inf}, {-1, nan, -2}, {math.E, 1, 2 / math.E}, {1e-30, -69.077552790, 2e30},
			{1e30, 69.077552790, 2e-30}, {inf, inf, 0}, {-inf, nan, minus}, {nan, nan, nan}},
	}
	for _, f := range activations() {
		// The table five times over, so that each value meets the body of a
		// vectorised loop as well as its tail.
		rows := tables[f.method]
		if len(rows) == 0 {
			t.Errorf("%s: no special values are listed", f.method)
		}
		var x, y, dx, dy []float64
		for range 5 {
			for _, r := range rows {
				x, y, dx, dy = append(x, r.x), append(y, r.y), append(dx, r.dx), append(dy, 2)
			}
		}
		// A few epsilons, relative: the values are of all sizes. Results below
		// the smallest normal number may be rounded to 0.
		tol := tolerance{relative: 8 * epsilon, absolute: 2 * smallestNormal}
		s.pin(t, f.method, tol, []array{outputs(len(x))}, []array{numbers(x...)},
			func(d kernels.Device, out, in []kernels.Buffer) { f.forward(d, out[0], in[0]) }, y)
		s.pin(t, f.method+"Grad", tol, []array{outputs(len(x))}, []array{numbers(dy...), numbers(y...), numbers(x...)},
			func(d kernels.Device, out, in []kernels.Buffer) {
				f.gradient(d, out[0], in[0], in[1], in[2], kernels.Overwrite)
			}, dx)
	}
}

func (s *suite) testDivisionByZero(t *testing.T) {
	a, b := numbers(1, -1, 0, 1, 3), numbers(0, 0, 0, minus, inf)
	dy := numbers(2, 2, 2, 2, 2)
	_, spec, err := kernels.Broadcast([]int{5}, []int{5})
	if err != nil {
		t.Fatal(err)
	}
	s.pin(t, "Div", exact, []array{outputs(5)}, []array{a, b},
		func(d kernels.Device, out, in []kernels.Buffer) { d.Div(out[0], in[0], in[1], spec) },
		[]float64{inf, -inf, nan, -inf, 0})
	s.pin(t, "DivGrad", exact, []array{outputs(5), outputs(5)}, []array{dy, a, b},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.DivGrad(out[0], out[1], in[0], in[1], in[2], spec, kernels.Overwrite, kernels.Overwrite)
		},
		[]float64{inf, inf, inf, -inf, 0}, []float64{-inf, inf, nan, -inf, 0})
}

// testMaxima: among equals the first is the maximum, −Inf included; NaN beats all.
func (s *suite) testMaxima(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
		at   int
	}{
		{[]float64{1, 3, 3, 2}, 3, 1},
		{[]float64{0, 0, 0, 0}, 0, 0},
		{[]float64{minus, 0, minus, 0}, 0, 0}, // −0 = 0
		{[]float64{-inf, -inf, -inf, -inf}, -inf, 0},
		{[]float64{1, inf, inf, 0}, inf, 1},
		{[]float64{5, nan, inf, nan}, nan, 1},
		{[]float64{nan, 1, 2, nan}, nan, 0},
		{[]float64{-4, -3, -2, nan}, nan, 3},
	} {
		x, y, arg := []array{numbers(c.x...)}, outputs(1), intOutputs(1)
		label := fmt.Sprint(c.x)
		want, at := []float64{c.want}, []float64{float64(c.at)}
		line := kernels.ReduceSpec{Outer: 1, N: 4, Inner: 1}
		s.pin(t, label+" Max", exact, []array{y, arg}, x, func(d kernels.Device, out, in []kernels.Buffer) {
			d.Max(out[0], out[1], in[0], line)
		}, want, at)
		s.pin(t, label+" ArgMax", exact, []array{arg}, x, func(d kernels.Device, out, in []kernels.Buffer) {
			d.ArgMax(out[0], in[0], line)
		}, at)
		for class := range int32(4) {
			right := []float64{0}
			if int(class) == c.at {
				right[0] = 1
			}
			s.pin(t, fmt.Sprint(label, " Accuracy of class ", class), exact, []array{y}, []array{x[0], ints([]int32{class})}, func(d kernels.Device, out, in []kernels.Buffer) {
				d.Accuracy(out[0], in[0], in[1], 1, 4)
			}, right)
		}
		window := poolOf(conv(1, 2, 2, 1, 2, 2, 1, 1, 1, 1, 1, false))
		s.pin(t, label+" MaxPool", exact, []array{y, arg}, x, func(d kernels.Device, out, in []kernels.Buffer) {
			d.MaxPool(out[0], out[1], in[0], window)
		}, want, at)
		// The same in each of 33 channels, for kernels that work on many at once.
		window.C = 33
		wide := make([]float64, 0, 4*33)
		for _, v := range c.x {
			wide = append(wide, filled(33, v)...)
		}
		ats := make([]float64, 33)
		for i := range ats {
			ats[i] = float64(c.at*33 + i)
		}
		s.pin(t, label+" MaxPool of 33 channels", exact, []array{outputs(33), intOutputs(33)}, []array{numbers(wide...)},
			func(d kernels.Device, out, in []kernels.Buffer) { d.MaxPool(out[0], out[1], in[0], window) },
			filled(33, c.want), ats)
		s.pin(t, label+" Max of 33 columns", exact, []array{outputs(33), intOutputs(33)}, []array{numbers(wide...)},
			func(d kernels.Device, out, in []kernels.Buffer) {
				d.Max(out[0], out[1], in[0], kernels.ReduceSpec{Outer: 1, N: 4, Inner: 33})
			},
			filled(33, c.want), filled(33, float64(c.at)))
	}
}

// testZeroTimesNaN: a product is not skipped because one factor is zero.
func (s *suite) testZeroTimesNaN(t *testing.T) {
	const n = 19
	nanAt := func(size, at int) array {
		x := make([]float64, size)
		x[at] = nan
		return numbers(x...)
	}
	zeros := numbers(make([]float64, n*n)...)
	// A NaN in row 2, column 4 of A reaches row 2 of C; one in B column 4.
	row, column := make([]float64, n*n), make([]float64, n*n)
	for i := range n {
		row[2*n+i], column[i*n+4] = nan, nan
	}
	for _, trans := range []bool{false, true} {
		at, bt := 2*n+4, 2*n+4
		if trans {
			at, bt = 4*n+2, 4*n+2
		}
		product := func(d kernels.Device, out, in []kernels.Buffer) {
			d.MatMul(out[0], in[0], in[1], nil, kernels.MatMulSpec{M: n, N: n, K: n, TransA: trans, TransB: trans})
		}
		s.pin(t, "NaN in A", exact, []array{outputs(n * n)}, []array{nanAt(n*n, at), zeros}, product, row)
		s.pin(t, "NaN in B", exact, []array{outputs(n * n)}, []array{zeros, nanAt(n*n, bt)}, product, column)
	}
	// A 2×2 filter over a 3×3 image: the NaN in dy at output (0,1) meets the
	// pixels (0..1, 1..2), and every tap.
	spec := conv(1, 3, 3, 1, 2, 2, 1, 1, 1, 1, 1, false)
	dy := nanAt(4, 1)
	s.pin(t, "Conv2DGradInput", exact, []array{outputs(9)}, []array{dy, numbers(0, 0, 0, 0)},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.Conv2DGradInput(out[0], in[0], in[1], spec, kernels.Overwrite)
		},
		[]float64{0, nan, nan, 0, nan, nan, 0, 0, 0})
	s.pin(t, "Conv2DGradFilter", exact, []array{outputs(4)}, []array{dy, numbers(make([]float64, 9)...)},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.Conv2DGradFilter(out[0], in[0], in[1], spec, kernels.Overwrite)
		},
		[]float64{nan, nan, nan, nan})
	s.pin(t, "SoftmaxGrad", exact, []array{outputs(4)}, []array{numbers(nan, 1, 1, 1), numbers(0, 1, 1, 0)},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.SoftmaxGrad(out[0], in[0], in[1], 2, 2, kernels.Overwrite)
		},
		[]float64{nan, nan, 0, 0})
	_, pairwise, err := kernels.Broadcast([]int{3}, []int{3})
	if err != nil {
		t.Fatal(err)
	}
	s.pin(t, "MulGrad", exact, []array{outputs(3), outputs(3)}, []array{numbers(nan, 0, 1), numbers(0, nan, 2), numbers(0, 3, nan)},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.MulGrad(out[0], out[1], in[0], in[1], in[2], pairwise, kernels.Overwrite, kernels.Overwrite)
		},
		[]float64{nan, 0, nan}, []float64{nan, nan, 2})
}

// testNotChosen: where a gradient is sent to what was chosen, the rest gets 0,
// and not 0 times a NaN or an infinity.
func (s *suite) testNotChosen(t *testing.T) {
	dy := numbers(nan, inf, nan, inf, -inf)
	s.pin(t, "ReLUGrad", exact, []array{outputs(5)}, []array{dy, numbers(0, 0, 1, 1, minus)},
		func(d kernels.Device, out, in []kernels.Buffer) { d.ReLUGrad(out[0], in[0], in[1], kernels.Overwrite) },
		[]float64{0, 0, nan, inf, 0})
	everything := kernels.DropoutSpec{Rate: 1}
	s.pin(t, "DropoutGrad", exact, []array{outputs(5)}, []array{dy, ints([]int32{0})},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.DropoutGrad(out[0], in[0], in[1], everything, kernels.Overwrite)
		}, []float64{0, 0, 0, 0, 0})
	s.pin(t, "Dropout", exact, []array{outputs(5)}, []array{dy, ints([]int32{0})},
		func(d kernels.Device, out, in []kernels.Buffer) { d.Dropout(out[0], in[0], in[1], everything) },
		[]float64{0, 0, 0, 0, 0})
	s.pin(t, "MaxGrad", exact, []array{outputs(10)}, []array{dy, ints([]int32{0, 1, 1, 0, 1})},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.MaxGrad(out[0], in[0], in[1], kernels.ReduceSpec{Outer: 5, N: 2, Inner: 1}, kernels.Overwrite)
		}, []float64{nan, 0, 0, inf, 0, nan, inf, 0, 0, -inf})
	s.pin(t, "MaxPoolGrad", exact, []array{outputs(8)}, []array{numbers(nan, inf), ints([]int32{1, 6})},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.MaxPoolGrad(out[0], in[0], in[1], poolOf(conv(1, 2, 4, 1, 2, 2, 1, 2, 2, 1, 1, false)), kernels.Overwrite)
		}, []float64{0, nan, 0, 0, 0, 0, inf, 0})
}

// testHugeLogits: without the maximum subtracted, e^x would overflow.
func (s *suite) testHugeLogits(t *testing.T) {
	x := numbers(
		1000, 1000, -1000,
		3e38, -3e38, 0,
		-3e38, -3e38, -3e38,
		1e4, 0, -inf)
	third := 1. / 3
	softmax := []float64{0.5, 0.5, 0, 1, 0, 0, third, third, third, 1, 0, 0}
	s.pin(t, "Softmax", rounding(2), []array{outputs(12)}, []array{x},
		func(d kernels.Device, out, in []kernels.Buffer) { d.Softmax(out[0], in[0], 4, 3) }, softmax)
	// The second row's −3e38 − 3e38 is more than a float32 holds, and so −Inf.
	log3 := math.Log(3)
	s.pin(t, "LogSoftmax", rounding(2), []array{outputs(12)}, []array{x},
		func(d kernels.Device, out, in []kernels.Buffer) { d.LogSoftmax(out[0], in[0], 4, 3) },
		[]float64{-math.Ln2, -math.Ln2, -2000 - math.Ln2, 0, -inf, -3e38, -log3, -log3, -log3, 0, -1e4, -inf})
	s.pin(t, "SoftmaxCrossEntropy", rounding(2), []array{outputs(4), outputs(12)}, []array{x, ints([]int32{1, 0, 2, 1})},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.SoftmaxCrossEntropy(out[0], out[1], in[0], in[1], 4, 3)
		}, []float64{math.Ln2, 0, log3, 1e4}, softmax)
	s.pin(t, "SigmoidBinaryCrossEntropy", rounding(2), []array{outputs(4)},
		[]array{numbers(1000, -1000, 1000, -3e38), numbers(0, 1, 1, 0)},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.SigmoidBinaryCrossEntropy(out[0], in[0], in[1], 4, 1)
		}, []float64{1000, 1000, 0, 0})
}

// testPublishedValues: numbers that Keras and its documentation give.
func (s *suite) testPublishedValues(t *testing.T) {
	// keras.optimizers.RMSprop(0.1) on w = 10 with the loss w²/2, whose gradient is w.
	s.pin(t, "RMSprop", tolerance{absolute: 1e-6}, []array{numbers(10), numbers(0)}, []array{numbers(10), numbers(0.1)},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.RMSprop(out[0], in[0], out[1], nil, nil, in[1], kernels.RMSpropSpec{Rho: 0.9, Epsilon: 1e-7})
		}, []float64{9.683772}, []float64{100 * (1 - float64(float32(0.9)))})
	// keras.losses.categorical_crossentropy of eye(3): five digits are printed.
	probs := numbers(.9, .05, .05, .05, .89, .06, .05, .01, .94)
	for name, labels := range map[string]array{"one-hot": numbers(1, 0, 0, 0, 1, 0, 0, 0, 1), "classes": ints([]int32{0, 1, 2})} {
		s.pin(t, "CrossEntropy "+name, tolerance{absolute: 5e-6}, []array{outputs(3)}, []array{probs, labels},
			func(d kernels.Device, out, in []kernels.Buffer) { d.CrossEntropy(out[0], in[0], in[1], 3, 3) },
			[]float64{.10536, .11653, .06188})
	}
	// A probability of 1 is clipped to the float32 next to 1-1e-7, which is 1-2⁻²³.
	s.pin(t, "CrossEntropy of certainty", tolerance{absolute: 1e-9}, []array{outputs(1)}, []array{numbers(0, 1), ints([]int32{1})},
		func(d kernels.Device, out, in []kernels.Buffer) { d.CrossEntropy(out[0], in[0], in[1], 1, 2) },
		[]float64{0x1p-23})
	// The first step of Adam goes by the learning rate against the gradient's
	// sign, whatever its size: m/√v = 0.1·g/√(0.001·g²), and α corrects that to 1.
	alpha := 0.001 * math.Sqrt(1-0.999) / (1 - 0.9)
	s.pin(t, "Adam", rounding(8), []array{numbers(1, 1), numbers(0, 0), numbers(0, 0)}, []array{numbers(5, -0.5), numbers(0.001, alpha)},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.Adam(out[0], in[0], out[1], out[2], in[1], kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7})
		}, []float64{0.999, 1.001}, []float64{0.5, -0.05}, []float64{0.025, 0.00025})
	// AdamW with no gradient only decays.
	s.pin(t, "AdamW", rounding(8), []array{numbers(2), numbers(0), numbers(0)}, []array{numbers(0), numbers(0.5, 0.5)},
		func(d kernels.Device, out, in []kernels.Buffer) {
			d.Adam(out[0], in[0], out[1], out[2], in[1], kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, WeightDecay: 0.1})
		}, []float64{1.9}, []float64{0}, []float64{0})
}

// testRefused: calls with buffers that fit their spec, but a spec that means nothing.
func (s *suite) testRefused(t *testing.T) {
	d := s.device.d
	f := func(n int) kernels.Buffer { return d.Alloc(kernels.Float32, n) }
	i := func(n int) kernels.Buffer { return d.Alloc(kernels.Int32, n) }
	plain := func(n int) kernels.Update { return &kernels.SGDUpdate{W: f(n), Rate: f(1)} }
	nothing := kernels.ReduceSpec{Outer: 2, N: 0, Inner: 3}
	still := conv(1, 3, 3, 1, 2, 2, 1, 1, 1, 1, 1, false)
	still.StrideH = 0
	flat := conv(1, 3, 3, 1, 2, 2, 1, 1, 1, 1, 1, false)
	flat.DilationW = 0
	outside := poolOf(conv(1, 3, 3, 1, 2, 2, 1, 1, 1, 1, 1, false))
	outside.PadTop = 2
	beyond := poolOf(conv(1, 3, 3, 1, 2, 2, 1, 2, 2, 1, 1, false))
	beyond.OH, beyond.OW = 3, 3
	pooled := convPool(conv(1, 3, 3, 1, 2, 2, 1, 1, 1, 1, 1, false), 2, 2, 2, 2, false)
	below := func(dx, dbelow kernels.Buffer) func() {
		const o = kernels.Overwrite
		return func() {
			d.BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, nil, nil, f(1), f(1), i(1), f(9), f(4), pooled, o, o, o)
		}
	}
	if shape, err := shapeError(below(f(9), f(1))); err != errNoPanic {
		t.Errorf("BiasReLUConv2DReLUMaxPoolGrad of the right sizes: %v", shape)
	}
	for name, f := range map[string]func(){
		"Max of nothing":              func() { d.Max(f(6), i(6), f(0), nothing) },
		"MaxGrad of nothing":          func() { d.MaxGrad(f(0), f(6), i(6), nothing, kernels.Overwrite) },
		"ArgMax of nothing":           func() { d.ArgMax(i(6), f(0), nothing) },
		"Accuracy of nothing":         func() { d.Accuracy(f(6), f(0), i(6), 6, 0) },
		"Conv2D with stride 0":        func() { d.Conv2D(f(4), f(9), f(4), nil, still) },
		"Im2Col with dilation 0":      func() { d.Im2Col(f(16), f(9), flat) },
		"MaxPool above the image":     func() { d.MaxPool(f(4), i(4), f(9), outside) },
		"AvgPool below the image":     func() { d.AvgPool(f(9), f(9), beyond) },
		"AvgPoolGrad below the image": func() { d.AvgPoolGrad(f(9), f(9), beyond, kernels.Overwrite) },
		"Dropout at a rate below 0":   func() { d.Dropout(f(4), f(4), i(1), kernels.DropoutSpec{Rate: -0.5}) },
		"Dropout at a rate above 1":   func() { d.Dropout(f(4), f(4), i(1), kernels.DropoutSpec{Rate: 1.5}) },
		"Dropout at a rate of NaN":    func() { d.Dropout(f(4), f(4), i(1), kernels.DropoutSpec{Rate: float32(nan)}) },
		"MatMulUpdate with no update": func() { d.MatMulUpdate(nil, f(1), f(1), f(1), kernels.MatMulSpec{M: 1, N: 1, K: 1}) },
		"MatMulUpdate of what it adds to": func() {
			d.MatMulUpdate(plain(1), f(1), f(1), f(1), kernels.MatMulSpec{M: 1, N: 1, K: 1, Mode: kernels.Accumulate})
		},
		"MatMulUpdate with ReLU":                           func() { d.MatMulUpdate(plain(1), f(1), f(1), f(1), kernels.MatMulSpec{M: 1, N: 1, K: 1, ReLU: true}) },
		"MatMulUpdate of weights of other size":            func() { d.MatMulUpdate(plain(2), f(1), f(1), f(1), kernels.MatMulSpec{M: 1, N: 1, K: 1}) },
		"BiasReLUConv2DReLUMaxPoolGrad without dx":         below(nil, f(1)),
		"BiasReLUConv2DReLUMaxPoolGrad of too many biases": below(f(9), f(2)),
		"Gather from half a row": func() {
			d.Gather(f(4), f(7), i(2), i(1), kernels.GatherSpec{Rows: 1, Width: 4})
		},
		"Gather of float32 as int32": func() {
			d.Gather(i(4), f(4), i(1), i(1), kernels.GatherSpec{Rows: 1, Width: 4})
		},
	} {
		if _, err := shapeError(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
