package kerneltest

import (
	"fmt"

	"baregrad/kernels"
)

// The multilayer perceptron is 784-512-512-10. The convolutional network is
// 28×28×1, 3×3 to 26×26×32, pooled to 13×13, 3×3 to 11×11×64, pooled to 5×5, 10.
const hidden, classes = 512, 10

// eachBenchmark makes the benchmarks of all kernels, and hands them to run.
func eachBenchmark(d kernels.Device, batch int, run func(c benchmark)) {
	r := bencher{d, batch, run}
	r.products()
	r.convolutions()
	r.poolings()
	r.activations()
	r.arithmetic()
	r.reductions()
	r.losses()
	r.data()
	r.optimizers()
}

func (r bencher) products() {
	d, n := r.d, r.batch
	for _, c := range []struct {
		name string
		s    kernels.MatMulSpec
	}{
		{"forward", kernels.MatMulSpec{M: n, N: hidden, K: 784, ReLU: true}},
		{"forward", kernels.MatMulSpec{M: n, N: hidden, K: hidden, ReLU: true}},
		{"forward", kernels.MatMulSpec{M: n, N: classes, K: 1600}},
		{"gradient by input", kernels.MatMulSpec{M: n, N: hidden, K: hidden, TransB: true}},
		{"gradient by weights", kernels.MatMulSpec{M: 784, N: hidden, K: n, TransA: true}},
	} {
		s := c.s
		r.product(fmt.Sprintf("MatMul/%s/%dx%dx%d", c.name, s.M, s.N, s.K), s.M*s.N*s.K,
			func(b []kernels.Buffer) { d.MatMul(b[0], b[1], b[2], b[3], s) },
			float(s.M*s.N), float(s.M*s.K), float(s.K*s.N), float(s.N))
	}
	s := kernels.MatMulSpec{M: n, N: hidden, K: hidden, TransB: true}
	r.product(fmt.Sprintf("SampledMatMul/gradient by input/%dx%dx%d", s.M, s.N, s.K), s.M*s.N*s.K,
		func(b []kernels.Buffer) { d.SampledMatMul(b[0], b[1], b[2], b[3], s) },
		float(s.M*s.N), float(s.M*s.K), float(s.K*s.N), float(s.M*s.N))
	s = kernels.MatMulSpec{M: 784, N: hidden, K: n, TransA: true}
	w := float(s.M * s.N)
	u := &kernels.AdamUpdate{Spec: kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}}
	r.product(fmt.Sprintf("MatMulUpdate/Adam/%dx%dx%d", s.M, s.N, s.K), s.M*s.N*s.K,
		func(b []kernels.Buffer) {
			u.W, u.M, u.V, u.Rate = b[3], b[4], b[5], b[6]
			if !d.MatMulUpdate(u, b[0], b[1], b[2], s) {
				u.Apply(d, b[0])
			}
		}, w, float(s.M*s.K), float(s.K*s.N), updated(w), updated(w), updated(w), float(2))
}

func (r bencher) convolutions() {
	d := r.d
	for _, s := range []kernels.ConvSpec{
		conv(r.batch, 28, 28, 1, 3, 3, 32, 1, 1, 1, 1, false),
		conv(r.batch, 13, 13, 32, 3, 3, 64, 1, 1, 1, 1, false),
	} {
		size := fmt.Sprintf("/%dx%dx%d-%d", s.H, s.W, s.C, s.Out)
		y, x, w := float(s.Rows()*s.Out), float(s.N*s.H*s.W*s.C), float(s.Cols()*s.Out)
		multiplyAdds := s.Rows() * s.Cols() * s.Out
		withReLU := s
		withReLU.ReLU = true
		r.product("Conv2D"+size, multiplyAdds, func(b []kernels.Buffer) { d.Conv2D(b[0], b[1], b[2], b[3], withReLU) },
			y, x, w, float(s.Out))
		r.product("Conv2DGradInput"+size, multiplyAdds,
			func(b []kernels.Buffer) { d.Conv2DGradInput(b[0], b[1], b[2], s, kernels.Overwrite) }, x, y, w)
		r.product("Conv2DGradFilter"+size, multiplyAdds,
			func(b []kernels.Buffer) { d.Conv2DGradFilter(b[0], b[1], b[2], s, kernels.Overwrite) }, w, y, x)
		pooled := convPool(s, 2, 2, 2, 2, false)
		n := pooled.Pool.N * pooled.Pool.OH * pooled.Pool.OW * pooled.Pool.C
		var firsts []int32 // of each window: as good a maximum as any
		for i := range n {
			firsts = append(firsts, int32(windowOf(pooled.Pool, i)[0]))
		}
		arg := given(ints(firsts))
		r.product("Conv2DReLUMaxPool"+size, multiplyAdds,
			func(b []kernels.Buffer) { d.Conv2DReLUMaxPool(b[0], b[1], b[2], b[3], b[4], pooled) },
			float(n), arg, x, w, float(s.Out))
		const o = kernels.Overwrite
		r.product("Conv2DReLUMaxPoolGrad"+size, 2*multiplyAdds, func(b []kernels.Buffer) {
			d.Conv2DReLUMaxPoolGrad(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], pooled, o, o, o)
		}, x, w, float(s.Out), float(n), float(n), arg, x, w)
		r.product("BiasReLUConv2DReLUMaxPoolGrad"+size, 2*multiplyAdds, func(b []kernels.Buffer) {
			if !d.BiasReLUConv2DReLUMaxPoolGrad(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], pooled, o, o, o) {
				d.BiasReLUGrad(b[0], b[1], b[0], b[7], s.N*s.H*s.W, s.C, o)
			}
		}, x, float(s.C), w, float(s.Out), float(n), float(n), arg, x, w)
		col := float(s.Rows() * s.Cols())
		r.add("Im2Col"+size, func(b []kernels.Buffer) { d.Im2Col(b[0], b[1], s) }, col, x)
		r.add("Col2Im"+size, func(b []kernels.Buffer) { d.Col2Im(b[0], b[1], s, kernels.Overwrite) }, x, col)
	}
}

func (r bencher) poolings() {
	d, s := r.d, poolOf(conv(r.batch, 26, 26, 32, 2, 2, 32, 2, 2, 1, 1, false))
	x, n := float(s.N*s.H*s.W*s.C), s.N*s.OH*s.OW*s.C
	firsts := make([]int32, n) // of each window: as good a maximum as any
	for i := range firsts {
		firsts[i] = int32(windowOf(s, i)[0])
	}
	arg, y := given(ints(firsts)), float(n)
	const size = "/26x26x32"
	r.add("MaxPool"+size, func(b []kernels.Buffer) { d.MaxPool(b[0], b[1], b[2], s) }, y, arg, x)
	r.add("MaxPoolGrad"+size, func(b []kernels.Buffer) { d.MaxPoolGrad(b[0], b[1], b[2], s, kernels.Overwrite) }, x, y, arg)
	r.add("BiasReLUMaxPoolGrad"+size, func(b []kernels.Buffer) {
		d.BiasReLUMaxPoolGrad(b[0], b[1], b[2], b[3], b[4], s, kernels.Overwrite)
	}, x, float(s.C), y, y, arg)
	r.add("AvgPool"+size, func(b []kernels.Buffer) { d.AvgPool(b[0], b[1], s) }, y, x)
	r.add("AvgPoolGrad"+size, func(b []kernels.Buffer) { d.AvgPoolGrad(b[0], b[1], s, kernels.Overwrite) }, x, y)
}

func (r bencher) activations() {
	for _, n := range []int{r.batch * hidden, r.batch * 26 * 26 * 32} {
		r.add(fmt.Sprintf("BiasReLUGrad/%d", n), func(b []kernels.Buffer) {
			r.d.BiasReLUGrad(b[0], b[1], b[2], b[3], n/32, 32, kernels.Overwrite)
		}, float(n), float(32), float(n), float(n))
		r.add(fmt.Sprintf("BatchNorm/%d", n), func(b []kernels.Buffer) {
			r.d.BatchNorm(b[0], b[1], b[2], b[3], b[4], b[5], n/32, 32, 1e-3)
		}, float(n), float(32), float(32), float(n), float(32), float(32))
		r.add(fmt.Sprintf("BatchNormGrad/%d", n), func(b []kernels.Buffer) {
			const o = kernels.Overwrite
			r.d.BatchNormGrad(b[0], b[1], b[2], b[3], b[4], b[5], b[5], b[6], n/32, 32, 1e-3, o, o, o)
		}, float(n), float(32), float(32), float(n), float(n), float(32), float(32))
		r.add(fmt.Sprintf("LayerNorm/%d", n), func(b []kernels.Buffer) {
			r.d.LayerNorm(b[0], b[1], b[2], b[3], b[4], b[5], n/32, 32, 1e-3)
		}, float(n), float(n/32), float(n/32), float(n), float(32), float(32))
		r.add(fmt.Sprintf("LayerNormGrad/%d", n), func(b []kernels.Buffer) {
			const o = kernels.Overwrite
			r.d.LayerNormGrad(b[0], b[1], b[2], b[3], b[4], b[5], b[5], b[6], n/32, 32, o, o, o)
		}, float(n), float(32), float(32), float(n), float(n), float(n/32), float(32))
		for _, f := range activations() {
			r.add(fmt.Sprintf("%s/%d", f.method, n), func(b []kernels.Buffer) { f.forward(r.d, b[0], b[1]) }, float(n), float(n))
			// Of y and x each gradient takes one: the buffer is passed for both.
			r.add(fmt.Sprintf("%sGrad/%d", f.method, n),
				func(b []kernels.Buffer) { f.gradient(r.d, b[0], b[1], b[2], b[2], kernels.Overwrite) }, float(n), float(n), float(n))
		}
	}
}

func (r bencher) arithmetic() {
	d, n := r.d, r.batch*hidden
	for _, shape := range []struct {
		name string
		b    []int
	}{{"alike", []int{r.batch, hidden}}, {"row", []int{hidden}}, {"column", []int{r.batch, 1}}} {
		_, s, err := kernels.Broadcast([]int{r.batch, hidden}, shape.b)
		if err != nil {
			panic(err)
		}
		y, a, b := float(n), float(n), float(volume(shape.b))
		const o = kernels.Overwrite
		for _, f := range []struct {
			name string
			step func(y, a, b kernels.Buffer, s kernels.BroadcastSpec)
		}{{"Add", d.Add}, {"Sub", d.Sub}, {"Mul", d.Mul}, {"Div", d.Div}} {
			r.add(f.name+"/"+shape.name, func(b []kernels.Buffer) { f.step(b[0], b[1], b[2], s) }, y, a, b)
		}
		r.add("AddGrad/"+shape.name, func(b []kernels.Buffer) { d.AddGrad(b[0], b[1], b[2], s, o, o) }, a, b, y)
		r.add("SubGrad/"+shape.name, func(b []kernels.Buffer) { d.SubGrad(b[0], b[1], b[2], s, o, o) }, a, b, y)
		r.add("MulGrad/"+shape.name, func(b []kernels.Buffer) { d.MulGrad(b[0], b[1], b[2], b[3], b[4], s, o, o) }, a, b, y, a, b)
		r.add("DivGrad/"+shape.name, func(b []kernels.Buffer) { d.DivGrad(b[0], b[1], b[2], b[3], b[4], s, o, o) }, a, b, y, a, b)
	}
	r.add("Affine", func(b []kernels.Buffer) { d.Affine(b[0], b[1], 2, -1) }, float(n), float(n))
	r.add("AffineGrad", func(b []kernels.Buffer) { d.AffineGrad(b[0], b[1], 2, kernels.Overwrite) }, float(n), float(n))
	// A scale of 0 keeps y from growing with the number of runs.
	r.add("AddScaled", func(b []kernels.Buffer) { d.AddScaled(b[0], b[1], 0) }, updated(float(n)), float(n))
	r.add("Equal", func(b []kernels.Buffer) { d.Equal(b[0], b[1], b[2]) }, float(r.batch), classesOf(r.batch, classes), classesOf(r.batch, classes))
	r.add("Greater", func(b []kernels.Buffer) { d.Greater(b[0], b[1], 0.5) }, classesOf(r.batch, classes), float(r.batch))

	_, s, err := kernels.Permute([]int{r.batch, 26, 26, 32}, []int{0, 3, 1, 2})
	if err != nil {
		panic(err)
	}
	image := float(s.Len())
	r.add("Transpose/to NCHW", func(b []kernels.Buffer) { d.Transpose(b[0], b[1], s) }, image, image)
	r.add("TransposeGrad/to NCHW", func(b []kernels.Buffer) { d.TransposeGrad(b[0], b[1], s, kernels.Overwrite) }, image, image)
}

func (r bencher) reductions() {
	d := r.d
	for _, c := range []struct {
		name string
		s    kernels.ReduceSpec
	}{
		{"/bias", kernels.ReduceSpec{Outer: 1, N: r.batch * 26 * 26, Inner: 32}},
		{"/rows", kernels.ReduceSpec{Outer: r.batch, N: hidden, Inner: 1}},
	} {
		s := c.s
		x, y, arg := float(s.Outer*s.N*s.Inner), float(s.Outer*s.Inner), classesOf(s.Outer*s.Inner, s.N)
		const o = kernels.Overwrite
		r.add("Sum"+c.name, func(b []kernels.Buffer) { d.Sum(b[0], b[1], s, o) }, y, x)
		r.add("SumGrad"+c.name, func(b []kernels.Buffer) { d.SumGrad(b[0], b[1], s, o) }, x, y)
		r.add("Mean"+c.name, func(b []kernels.Buffer) { d.Mean(b[0], b[1], s) }, y, x)
		r.add("MeanGrad"+c.name, func(b []kernels.Buffer) { d.MeanGrad(b[0], b[1], s, o) }, x, y)
		r.add("Max"+c.name, func(b []kernels.Buffer) { d.Max(b[0], b[1], b[2], s) }, y, arg, x)
		r.add("MaxGrad"+c.name, func(b []kernels.Buffer) { d.MaxGrad(b[0], b[1], b[2], s, o) }, x, y, arg)
		r.add("ArgMax"+c.name, func(b []kernels.Buffer) { d.ArgMax(b[0], b[1], s) }, arg, x)
	}
}

func (r bencher) losses() {
	d, n := r.d, r.batch
	x, loss, labels := float(n*classes), float(n), classesOf(n, classes)
	const o = kernels.Overwrite
	r.add("Softmax", func(b []kernels.Buffer) { d.Softmax(b[0], b[1], n, classes) }, x, x)
	r.add("SoftmaxGrad", func(b []kernels.Buffer) { d.SoftmaxGrad(b[0], b[1], b[2], n, classes, o) }, x, x, x)
	r.add("LogSoftmax", func(b []kernels.Buffer) { d.LogSoftmax(b[0], b[1], n, classes) }, x, x)
	r.add("LogSoftmaxGrad", func(b []kernels.Buffer) { d.LogSoftmaxGrad(b[0], b[1], b[2], n, classes, o) }, x, x, x)
	for _, l := range []struct {
		name   string
		labels operand
	}{{"/classes", labels}, {"/distribution", x}} {
		r.add("SoftmaxCrossEntropy"+l.name, func(b []kernels.Buffer) {
			d.SoftmaxCrossEntropy(b[0], b[1], b[2], b[3], n, classes)
		}, loss, x, x, l.labels)
		r.add("SoftmaxCrossEntropyGrad"+l.name, func(b []kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(b[0], b[1], b[2], b[3], n, classes, o)
		}, x, loss, x, l.labels)
		r.add("Accuracy"+l.name, func(b []kernels.Buffer) { d.Accuracy(b[0], b[1], b[2], n, classes) }, loss, x, l.labels)
		r.add("CrossEntropy"+l.name, func(b []kernels.Buffer) { d.CrossEntropy(b[0], b[1], b[2], n, classes) }, loss, x, l.labels)
		r.add("CrossEntropyGrad"+l.name, func(b []kernels.Buffer) {
			d.CrossEntropyGrad(b[0], b[1], b[2], b[3], n, classes, o)
		}, x, loss, x, l.labels)
	}
	for _, l := range []struct {
		name     string
		forward  func(loss, x, targets kernels.Buffer, rows, cols int)
		gradient func(dx, dloss, x, targets kernels.Buffer, rows, cols int, m kernels.Mode)
	}{
		{"SigmoidBinaryCrossEntropy", d.SigmoidBinaryCrossEntropy, d.SigmoidBinaryCrossEntropyGrad},
		{"BinaryCrossEntropy", d.BinaryCrossEntropy, d.BinaryCrossEntropyGrad},
		{"MeanSquaredError", d.MeanSquaredError, d.MeanSquaredErrorGrad},
	} {
		r.add(l.name, func(b []kernels.Buffer) { l.forward(b[0], b[1], b[2], n, classes) }, loss, x, x)
		r.add(l.name+"Grad", func(b []kernels.Buffer) { l.gradient(b[0], b[1], b[2], b[3], n, classes, o) }, x, loss, x, x)
	}
}

// data are the kernels that bring and move data.
func (r bencher) data() {
	d, n := r.d, r.batch
	const images = 1000
	g := kernels.GatherSpec{Rows: n, Width: 784, Scale: 1. / 255}
	source := operand{kind: kernels.Uint8, n: images * 784, traffic: n * 784}
	r.add("Gather/images", func(b []kernels.Buffer) { d.Gather(b[0], b[1], b[2], b[3], g) },
		float(n*784), source, classesOf(n, images), given(ints([]int32{0})))
	r.add("Advance", func(b []kernels.Buffer) { d.Advance(b[0], b[1], b[2], b[3]) },
		given(ints([]int32{0, 0, 0})), given(ints([]int32{0, 0, 0})), float(2), float(2))
	s := kernels.DropoutSpec{Rate: 0.5, Seed: 1}
	x := float(n * 1600)
	r.add("Dropout", func(b []kernels.Buffer) { d.Dropout(b[0], b[1], b[2], s) }, x, x, given(ints([]int32{1})))
	r.add("DropoutGrad", func(b []kernels.Buffer) { d.DropoutGrad(b[0], b[1], b[2], s, kernels.Overwrite) }, x, x, given(ints([]int32{1})))
	r.add("Uniform", func(b []kernels.Buffer) { d.Uniform(b[0], -1, 1, 1) }, float(784*hidden))
	r.add("Fill", func(b []kernels.Buffer) { d.Fill(b[0], 1) }, float(784*hidden))
	r.add("Copy", func(b []kernels.Buffer) { d.Copy(b[0], b[1]) }, float(784*hidden), float(784*hidden))
}

// optimizers work on the first layer's weights.
func (r bencher) optimizers() {
	d, w, rate := r.d, float(784*hidden), float(2)
	state := updated(w)
	r.add("SGD/plain", func(b []kernels.Buffer) { d.SGD(b[0], b[1], nil, b[2], kernels.SGDSpec{}) }, state, w, rate)
	r.add("SGD/Nesterov", func(b []kernels.Buffer) {
		d.SGD(b[0], b[1], b[2], b[3], kernels.SGDSpec{Momentum: 0.9, Nesterov: true})
	}, state, w, state, rate)
	r.add("RMSprop", func(b []kernels.Buffer) {
		d.RMSprop(b[0], b[1], b[2], nil, nil, b[3], kernels.RMSpropSpec{Rho: 0.9, Epsilon: 1e-7})
	}, state, w, state, rate)
	r.add("Adam", func(b []kernels.Buffer) {
		d.Adam(b[0], b[1], b[2], b[3], b[4], kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7})
	}, state, w, state, state, rate)
	r.add("AddSquares", func(b []kernels.Buffer) { d.AddSquares(b[0], b[1]) }, updated(float(1)), w)
	// The length is hardly above the limit, so that many runs do not shrink w to nothing.
	r.add("ClipByNorm", func(b []kernels.Buffer) { d.ClipByNorm(b[0], b[1], 1-1e-7) }, state, given(scalar(1)))
	r.add("ClipByValue", func(b []kernels.Buffer) { d.ClipByValue(b[0], 0.5) }, state)
}
