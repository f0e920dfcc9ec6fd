package nn

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/tensor"
)

// normalized is a small image model with each kind of normalization and global pooling.
func normalized(t *testing.T, d kernels.Device, frozen bool) *Sequential {
	t.Helper()
	// No bias before a BatchNormalization: its gradient would be rounding errors around 0, and
	// Adam would turn these into full steps.
	m := NewSequential(d, Seed(2), &Conv2D{Filters: 4, Kernel: [2]int{2, 2}, NoBias: true, InputShape: []int{4, 4, 1}},
		&BatchNormalization{Momentum: 0.5, Frozen: frozen}, &Activation{Function: ReLU},
		&GlobalMaxPooling2D{}, &LayerNormalization{}, &Dense{Units: 2, Activation: Softmax})
	if err := m.Compile(CompileOptions{Optimizer: Adam{LearningRate: 0.02}, Loss: SparseCategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	return m
}

// halves returns images whose left (class 0) or right (class 1) half is brighter.
func halves(d kernels.Device, n int) (x, y *tensor.Tensor) {
	values, classes := hashUniform(n*16, 5), make([]int32, n)
	for i := range n {
		classes[i] = int32(i % 2)
		for p := range 16 {
			if p%4/2 == i%2 {
				values[i*16+p]++
			}
		}
	}
	return tensor.From(d, values, n, 4, 4, 1), tensor.From(d, classes, n)
}

// All devices agree on the result of training a model with normalizations. It learns, and
// the optimizer does not touch the averages.
func TestNormalizedTraining(t *testing.T) {
	var want []float32
	for _, name := range []string{"reference", "cpu", "emulator"} {
		d, err := auto.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		m := normalized(t, d, false)
		x, y := halves(d, 22)
		h, err := m.Fit(context.Background(), x, y, FitOptions{Epochs: 4, BatchSize: 8, Verbose: Silent})
		if err != nil {
			t.Fatal(err)
		}
		if losses := h.Values["loss"]; !(losses[3] < 0.9*losses[0]) {
			t.Errorf("%s: the losses are %v", name, losses)
		}
		got := slices.Concat(m.copyWeights()...)
		if want == nil {
			want = got
		}
		for i, w := range want {
			if !(math.Abs(float64(got[i]-w)) <= 2e-4) { // twelve steps of Adam, each up to 0.02
				t.Fatalf("%s: weight %d is %v, the reference's %v", name, i, got[i], w)
			}
		}
		if trained, all := m.ParamCount(); trained != 42 || all != 50 { // 16+8+8+10, and 8 averages
			t.Errorf("%d of %d parameters are trained, want 42 of 50", trained, all)
		}
		for _, s := range m.updater.State() {
			if strings.Contains(s.Name, "moving") {
				t.Errorf("the optimizer keeps %s", s.Name)
			}
		}
		d.Close()
	}
}

// After it is recorded, a step with normalizations allocates nothing.
func TestNormalizedStepAllocates(t *testing.T) {
	d, err := auto.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := normalized(t, d, false)
	x, y := halves(d, 8)
	s := newSession(m)
	defer s.free()
	s.order(ascending(8))
	kind := stepKind{x: x, y: y, batch: 8, training: true, last: len(m.layers) - 1}
	s.run(kind, 0)
	s.run(kind, 0)
	if n := testing.AllocsPerRun(20, func() { s.run(kind, 0) }); n != 0 {
		t.Errorf("%v allocations in a step, want none", n)
	}
}

// The averages are saved and restored. A frozen layer does not change them, and normalizes
// with them. Nothing makes them trainable.
func TestMovingAverages(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	x, y := halves(d, 16)
	averages := func(m *Sequential) []float32 {
		return append(m.Weights("batch_normalization/moving_mean").Value.Floats(), m.Weights("batch_normalization/moving_variance").Value.Floats()...)
	}
	predict := func(m *Sequential) []float32 {
		p, err := m.Predict(ctx, x, EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return p.Floats()
	}
	fit := func(m *Sequential) {
		if _, err := m.Fit(ctx, x, y, FitOptions{Epochs: 2, Verbose: Silent}); err != nil {
			t.Fatal(err)
		}
	}
	m := normalized(t, d, false)
	before := averages(m)
	if want := []float32{0, 0, 0, 0, 1, 1, 1, 1}; !slices.Equal(before, want) {
		t.Errorf("the averages begin as %v, want %v", before, want)
	}
	fit(m)
	if slices.Equal(averages(m), before) {
		t.Error("training has not moved the averages")
	}
	loaded := reloaded(t, m)
	if !slices.Equal(averages(loaded), averages(m)) || !slices.Equal(predict(loaded), predict(m)) {
		t.Error("the model that was loaded has other averages or predictions")
	}
	fit(m)
	fit(loaded)
	if !slices.Equal(slices.Concat(loaded.copyWeights()...), slices.Concat(m.copyWeights()...)) {
		t.Error("the model that was loaded goes on otherwise")
	}
	frozen := normalized(t, d, true)
	fit(frozen)
	if !slices.Equal(averages(frozen), before) || !slices.Equal(frozen.Weights("batch_normalization/gamma").Value.Floats(), before[4:]) {
		t.Error("a frozen layer was trained")
	}
	for _, on := range []bool{false, true} {
		if err := frozen.SetTrainable("batch_normalization", on); err != nil {
			t.Fatal(err)
		}
		if frozen.Weights("batch_normalization/gamma").Trainable() != on || frozen.Weights("batch_normalization/moving_mean").Trainable() {
			t.Errorf("trainable set to %v: gamma %v, moving_mean %v", on, frozen.Weights("batch_normalization/gamma").Trainable(),
				frozen.Weights("batch_normalization/moving_mean").Trainable())
		}
	}
	fit(frozen)
	if slices.Equal(averages(frozen), before) {
		t.Error("a layer that is trained again leaves its averages")
	}
}

// Invalid layers are refused when the model is built; shapes agree with Keras's.
func TestShapesOfLayers(t *testing.T) {
	d := openReference(t)
	for _, c := range []struct {
		layer Layer
		want  string // the output's shape, or the error
	}{
		{&BatchNormalization{InputShape: []int{3, 5}}, "(None, 3, 5)"},
		{&BatchNormalization{Momentum: 1.5, InputShape: []int{3}}, "layer batch_normalization (BatchNormalization): momentum is 1.5, must be from 0 to 1"},
		{&BatchNormalization{Epsilon: -1, InputShape: []int{3}}, "layer batch_normalization (BatchNormalization): epsilon is -1, must be from 0 to 1e+06"},
		{&BatchNormalization{DataFormat: ChannelsFirst, InputShape: []int{3, 5}},
			"layer batch_normalization (BatchNormalization): the input is (None, 3, 5), must have the axes channels, height, width: grey images of 28×28 are (None, 1, 28, 28)"},
		{&LayerNormalization{Epsilon: math.NaN(), InputShape: []int{3}}, "layer layer_normalization (LayerNormalization): epsilon is NaN, must be from 0 to 1e+06"},
		{&GlobalAveragePooling2D{InputShape: []int{4, 5, 3}}, "(None, 3)"},
		{&GlobalAveragePooling2D{KeepDims: true, InputShape: []int{4, 5, 3}}, "(None, 1, 1, 3)"},
		{&GlobalMaxPooling2D{KeepDims: true, DataFormat: ChannelsFirst, InputShape: []int{3, 4, 5}}, "(None, 3, 1, 1)"},
		{&GlobalMaxPooling2D{DataFormat: ChannelsFirst, InputShape: []int{3, 4, 5}}, "(None, 3)"},
		{&GlobalMaxPooling2D{InputShape: []int{3}},
			"layer global_max_pooling2d (GlobalMaxPooling2D): the input is (None, 3), must have the axes height, width, channels: grey images of 28×28 are (None, 28, 28, 1)"},
		{&GlobalAveragePooling2D{DataFormat: "first", InputShape: []int{3, 4, 5}},
			`layer global_average_pooling2d (GlobalAveragePooling2D): unknown data format "first". Known: channels_first, channels_last`},
		{&UpSampling2D{InputShape: []int{4, 5, 3}}, "(None, 8, 10, 3)"},
		{&UpSampling2D{Size: [2]int{1, 3}, DataFormat: ChannelsFirst, InputShape: []int{3, 4, 5}}, "(None, 3, 4, 15)"},
		{&UpSampling2D{Size: [2]int{2, -1}, InputShape: []int{4, 5, 3}}, "layer up_sampling2d (UpSampling2D): size is 2×-1, must be at least 1×1"},
		{&UpSampling2D{Size: [2]int{math.MaxInt, 1}, InputShape: []int{4, 5, 3}},
			fmt.Sprintf("layer up_sampling2d (UpSampling2D): size is %d×1: of images of 4×5 it makes more than memory can hold", math.MaxInt)},
		{&UpSampling2D{InputShape: []int{4, 5}},
			"layer up_sampling2d (UpSampling2D): the input is (None, 4, 5), must have the axes height, width, channels: grey images of 28×28 are (None, 28, 28, 1)"},
		{&ZeroPadding2D{InputShape: []int{4, 5, 3}}, "(None, 6, 7, 3)"},
		{&ZeroPadding2D{Padding: [2][2]int{{1, 2}, {0, 4}}, DataFormat: ChannelsFirst, InputShape: []int{3, 4, 5}}, "(None, 3, 7, 9)"},
		{&ZeroPadding2D{Padding: [2][2]int{{1, 0}, {-2, 0}}, InputShape: []int{4, 5, 3}},
			"layer zero_padding2d (ZeroPadding2D): padding is [[1 0] [-2 0]], must be at least 0 on each side"},
		{&ZeroPadding2D{Padding: [2][2]int{{}, {3, math.MaxInt}}, InputShape: []int{4, 5, 3}},
			fmt.Sprintf("layer zero_padding2d (ZeroPadding2D): padding is [[0 0] [3 %d]]: around images of 4×5 it makes more than memory can hold", math.MaxInt)},
		{&ZeroPadding2D{InputShape: []int{4, 5}},
			"layer zero_padding2d (ZeroPadding2D): the input is (None, 4, 5), must have the axes height, width, channels: grey images of 28×28 are (None, 28, 28, 1)"},
	} {
		m := NewSequential(d, nil, c.layer)
		err := m.Build()
		got := shapeString(m.OutputShape())
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%T: %s\nwant %s", c.layer, got, c.want)
		}
	}
	for _, l := range []Layer{&BatchNormalization{}, &LayerNormalization{}} {
		err := NewSequential(d, nil, &Input{Shape: []int{2}}, l, l).Build()
		if err == nil || !strings.Contains(err.Error(), "it already stands in a model") {
			t.Errorf("%T twice: error %v", l, err)
		}
	}
}

// Channels first give the same numbers as channels last; a single pixel is in order in both.
func TestGlobalPoolingOfChannelsFirst(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	x := tensor.From(d, []float32{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -7}, 1, 2, 2, 3) // two channels of 2×3
	for _, c := range []struct {
		layers []Layer
		want   []float32
	}{
		{[]Layer{&GlobalMaxPooling2D{DataFormat: ChannelsFirst}}, []float32{6, -1}},
		{[]Layer{&GlobalAveragePooling2D{DataFormat: ChannelsFirst}}, []float32{3.5, -22. / 6}},
		{[]Layer{&MaxPooling2D{Pool: [2]int{2, 1}, DataFormat: ChannelsFirst}, &GlobalAveragePooling2D{DataFormat: ChannelsFirst, KeepDims: true}},
			[]float32{5, -2}},
		{[]Layer{&MaxPooling2D{Pool: [2]int{1, 2}, DataFormat: ChannelsFirst}, &GlobalMaxPooling2D{}}, []float32{5}}, // channels last again: the last axis is the width
	} {
		m := NewSequential(d, nil, append([]Layer{&Input{Shape: []int{2, 2, 3}}}, c.layers...)...)
		p, err := m.Predict(ctx, x, EvaluateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := p.Floats()
		for i, w := range c.want {
			if len(got) != len(c.want) || !(math.Abs(float64(got[i]-w)) <= 1e-6) {
				t.Errorf("%T: %v, want %v", c.layers[len(c.layers)-1], got, c.want)
				break
			}
		}
	}
}
