package nn

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/kernels/kerneltest"
	"baregrad/tensor"
)

// digits is a typical convolutional network with everything that a training step can have:
// uint8 images, dropout, metrics, weights, clipping.
func digits(t testing.TB, d kernels.Device, batch int) (*Sequential, *session, stepKind) {
	t.Helper()
	m := NewSequential(d, Seed(1),
		&Conv2D{Filters: 8, Kernel: [2]int{3, 3}, Activation: ReLU, InputShape: []int{28, 28, 1}},
		&MaxPooling2D{},
		&Conv2D{Filters: 16, Kernel: [2]int{3, 3}, Activation: ReLU},
		&AveragePooling2D{},
		&Flatten{},
		&Dropout{Rate: 0.25},
		&Dense{Units: 32, Activation: ReLU},
		&Dense{Units: 10, Activation: Softmax})
	if err := m.Compile(CompileOptions{
		Optimizer: Adam{Clip: Clipping{GlobalNorm: 1}}, Loss: SparseCategoricalCrossentropy{}, Metrics: []Metric{Accuracy{}},
	}); err != nil {
		t.Fatal(err)
	}
	n := 2 * batch
	r := rand.New(rand.NewPCG(1, 2))
	images, labels, weights := make([]uint8, n*784), make([]int32, n), make([]float32, n)
	for i := range images {
		images[i] = uint8(r.IntN(256))
	}
	for i := range n {
		labels[i], weights[i] = int32(r.IntN(10)), r.Float32()
	}
	s := newSession(m)
	s.order(ascending(n))
	return m, s, stepKind{
		x: tensor.From(d, images, n, 28, 28, 1), y: tensor.From(d, labels, n), weights: tensor.From(d, weights, n),
		batch: batch, training: true, last: len(m.layers) - 1,
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	for _, name := range []string{"reference", "cpu"} {
		t.Run(name, func(t *testing.T) {
			d, err := auto.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			_, s, kind := digits(t, d, 16)
			s.run(kind, 0)
			s.run(kind, 16)
			if n := testing.AllocsPerRun(5, func() { s.run(kind, 16) }); n != 0 {
				t.Errorf("a replayed training step makes %v allocations, want 0", n)
			}
		})
	}
}

func TestStepsGiveTheSameBitsOnAnyNumberOfCores(t *testing.T) {
	train := func(cores int) []float32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		d, err := auto.Open("cpu")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		m, s, kind := digits(t, d, 50)
		for range 5 {
			s.run(kind, 50)
		}
		var all []float32
		for _, values := range m.copyWeights() {
			all = append(all, values...)
		}
		return all
	}
	want := train(1)
	for _, cores := range []int{2, 8, 2} {
		if !slices.Equal(train(cores), want) {
			t.Errorf("GOMAXPROCS=%d gives other weights than GOMAXPROCS=1", cores)
		}
	}
}

// BenchmarkTrainStep measures a whole training step, with its allocations.
func BenchmarkTrainStep(b *testing.B) {
	for _, name := range []string{"reference", "avx2", "avx512"} {
		b.Run(name, func(b *testing.B) {
			d, err := auto.Open(name)
			kerneltest.Require(b, name, err == nil, fmt.Sprint(err))
			defer d.Close()
			_, s, kind := digits(b, d, 128)
			s.run(kind, 0)
			b.ReportAllocs()
			for b.Loop() {
				s.run(kind, 128)
			}
			b.ReportMetric(128*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// Channels first give the same numbers as channels last, in the other order.
func TestChannelsFirst(t *testing.T) {
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	build := func(f DataFormat, shape ...int) *Sequential {
		m := NewSequential(d, Seed(4),
			&Conv2D{Filters: 3, Kernel: [2]int{3, 3}, DataFormat: f, Activation: ReLU, InputShape: shape},
			&MaxPooling2D{DataFormat: f},
			&Conv2D{Filters: 4, Kernel: [2]int{2, 2}, DataFormat: f, Padding: Same, Activation: Tanh},
			&AveragePooling2D{DataFormat: f},
			&Flatten{DataFormat: f},
			&Dense{Units: 5, Activation: Softmax})
		if err := m.Build(); err != nil {
			t.Fatal(err)
		}
		return m
	}
	last, first := build(ChannelsLast, 10, 9, 2), build(ChannelsFirst, 2, 10, 9)
	r := rand.New(rand.NewPCG(3, 4))
	values, turned := make([]float32, 3*10*9*2), make([]float32, 3*10*9*2)
	for i := range values {
		values[i] = r.Float32() - 0.5
		n, rest := i/180, i%180
		turned[n*180+rest%2*90+rest/2] = values[i]
	}
	ctx := context.Background()
	a, err := last.Predict(ctx, tensor.From(d, values, 3, 10, 9, 2), EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := first.Predict(ctx, tensor.From(d, turned, 3, 2, 10, 9), EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Floats(), b.Floats()) {
		t.Errorf("channels first predicts\n%v, channels last\n%v", b, a)
	}
	// The output of a layer in the middle shows the order that the model uses.
	a, err = last.LayerOutput(ctx, "max_pooling2d", tensor.From(d, values, 3, 10, 9, 2), EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b, err = first.LayerOutput(ctx, "max_pooling2d", tensor.From(d, turned, 3, 2, 10, 9), EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(b.Shape(), []int{3, 3, 4, 3}) {
		t.Fatalf("the middle layer's output has shape %v, want [3 3 4 3]", b.Shape())
	}
	from, to := a.Floats(), b.Floats() // [3 4 3 3] and [3 3 4 3]
	for i, v := range from {
		n, h, w, c := i/36, i/9%4, i/3%3, i%3
		if to[n*36+c*12+h*3+w] != v {
			t.Fatalf("channels first has %v at [%d %d %d %d], channels last %v", to[n*36+c*12+h*3+w], n, c, h, w, v)
		}
	}
}

// Tensors that are not images are transposed too: the channels are the first axis of any
// number of axes. The expected numbers are Keras's.
func TestFlattenChannelsFirst(t *testing.T) {
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		shape []int
		want  []float32
	}{
		{[]int{5}, []float32{0, 1, 2, 3, 4}},
		{[]int{2, 3}, []float32{0, 3, 1, 4, 2, 5}},
		{[]int{2, 3, 1}, []float32{0, 3, 1, 4, 2, 5}},
		{[]int{2, 2, 2, 2}, []float32{0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15}},
	} {
		values := make([]float32, tensor.Size(c.shape))
		for i := range values {
			values[i] = float32(i)
		}
		m := NewSequential(d, nil, &Flatten{DataFormat: ChannelsFirst, InputShape: c.shape})
		y, err := m.Predict(context.Background(), tensor.From(d, values, append([]int{1}, c.shape...)...), EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := y.Floats(); !slices.Equal(got, c.want) {
			t.Errorf("%v is flattened to %v, want %v", c.shape, got, c.want)
		}
	}
	err = NewSequential(d, nil, &Flatten{DataFormat: ChannelsFirst, InputShape: []int{1, 2, 1, 2, 1, 2}}).Build()
	if err == nil || !strings.Contains(err.Error(), "layer flatten (Flatten): [1 1 2 1 2 1 2] has 7 axes, at most 6 are handled") {
		t.Errorf("seven axes: error %v", err)
	}
}

// A convolution and the pooling after it are fused, but the convolution's own output can be
// read: its maxima are the pooling's output.
func TestOutputOfAPooledConvolution(t *testing.T) {
	d, err := auto.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := NewSequential(d, Seed(4),
		&Conv2D{Filters: 8, Kernel: [2]int{3, 3}, Activation: ReLU, InputShape: []int{10, 9, 1}},
		&MaxPooling2D{},
		&Flatten{},
		&Dense{Units: 5, Activation: Softmax})
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	p := &Pass{Tape: autograd.NewForwardTape(d)}
	defer p.Tape.Free()
	m.forward(p, p.Tape.Input(2, 10, 9, 1), 3)
	if steps := p.Tape.Steps(); steps[0] != "conv2d-relu-max-pool" {
		t.Errorf("the steps are %v: the convolution and the pooling are not one", steps)
	}
	r := rand.New(rand.NewPCG(2, 2))
	values := make([]float32, 2*10*9)
	for i := range values {
		values[i] = r.Float32() - 0.5
	}
	output := func(layer string) []float32 {
		y, err := m.LayerOutput(context.Background(), layer, tensor.From(d, values, 2, 10, 9, 1), EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return y.Floats()
	}
	conv, pooled := output("conv2d"), output("max_pooling2d") // [2 8 7 8] and [2 4 3 8]
	for i, got := range pooled {
		c, k, h, n := i%8, i/8%3, i/24%4, i/96
		at := ((n*8+2*h)*7+2*k)*8 + c
		if want := max(conv[at], conv[at+8], conv[at+7*8], conv[at+8*8]); got != want {
			t.Fatalf("the pooling gives %v at [%d %d %d %d], the convolution's largest is %v", got, n, h, k, c, want)
		}
	}
}

// A ReLU after a dense layer is fused with that layer's product, but the dense layer's own
// output, before the ReLU, can be read.
func TestOutputBeforeAReLU(t *testing.T) {
	d, err := auto.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := NewSequential(d, Seed(4), &Dense{Units: 16, InputShape: []int{3}}, &Activation{Function: ReLU}, &Dense{Units: 2})
	x := tensor.From(d, []float32{1, -2, 3, -4, 5, -6}, 2, 3)
	output := func(layer string) []float32 {
		y, err := m.LayerOutput(context.Background(), layer, x, EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return y.Floats()
	}
	before, after := output("dense"), output("activation")
	negative := 0
	for i, z := range before {
		if z < 0 {
			negative++
		}
		if want := max(z, 0); after[i] != want {
			t.Errorf("the ReLU gives %v at %d, the dense layer %v", after[i], i, z)
		}
	}
	if negative == 0 {
		t.Errorf("the dense layer gives nothing below 0: %v", before)
	}
}
