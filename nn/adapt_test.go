package nn

import (
	"context"
	"math"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/tensor"
)

type kerasNormalization struct {
	Shape             []int
	X, Mean, Variance []float32
	Y                 []float32
}

// Mean, variance and output of a layer that was adapted to rows and to images agree with Keras's, on
// each device. A column that has one value only becomes 0.
func TestNormalizationAgainstKeras(t *testing.T) {
	cases := readKerasParts(t).Normalization
	if len(cases) < 2 {
		t.Fatalf("there are %d cases, want at least 2", len(cases))
	}
	for _, name := range []string{"reference", "cpu", "emulator"} {
		d, err := auto.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			x := tensor.From(d, c.X, c.Shape...)
			l := &Normalization{InputShape: c.Shape[1:]}
			if err := l.Adapt(x); err != nil {
				t.Fatal(err)
			}
			y, err := NewSequential(d, nil, l).Predict(context.Background(), x, EvaluateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			// Keras sums in float32: means of 1000 are right to 1e-4, and so is what is left of their column.
			for what, v := range map[string][2][]float32{"mean": {l.Mean, c.Mean}, "variance": {l.Variance, c.Variance}, "output": {y.Floats(), c.Y}} {
				for i, want := range v[1] {
					if got := v[0][i]; !(math.Abs(float64(got-want)) <= 2e-4*max(1, math.Abs(float64(want))/1000)) {
						t.Errorf("%s, %v: %s[%d] is %v, Keras has %v", name, c.Shape, what, i, got, want)
					}
				}
			}
		}
		d.Close()
	}
}

// The exact values: the output has mean 0 and variance 1 where the layer was adapted to the data, also
// if it was adapted again as part of a model. The layer is saved, and it is not trained.
func TestNormalizationInAModel(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	pixels := tensor.From(d, []uint8{0, 51, 102, 255, 204, 153}, 3, 2)
	l := &Normalization{InputShape: []int{2}}
	if err := l.Adapt(pixels); err != nil || !(math.Abs(float64(l.Mean[0])-0.4) <= 1e-6 && math.Abs(float64(l.Mean[1])-0.6) <= 1e-6) {
		t.Fatalf("the mean is %v, want that of the scaled pixels, .4 and .6; error %v", l.Mean, err)
	}
	m := NewSequential(d, nil, l, &Dense{Units: 1})
	if err := m.Compile(CompileOptions{Loss: MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	if trained, all := m.ParamCount(); trained != 3 || all != 7 {
		t.Errorf("%d of %d numbers are trained, want 3 of 7", trained, all)
	}
	x := tensor.From(d, []float32{1, 1000, 2, 1001, 3, 1002, 6, 1005}, 4, 2)
	if err := l.Adapt(x); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(ctx, x, tensor.New(d, 4), FitOptions{Verbose: Silent}); err != nil {
		t.Fatal(err)
	}
	loaded := reloaded(t, m)
	y, err := loaded.LayerOutput(ctx, "normalization", x, EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range y.Floats() {
		// The values of a column are 1, 2, 3 and 6 more than something: mean 3, variance 3.5.
		want := ([...]float64{1, 2, 3, 6}[i/2] - 3) / math.Sqrt(3.5)
		if !(math.Abs(float64(v)-want) <= 1e-6) {
			t.Errorf("value %d is %v, want %v", i, v, want)
		}
	}
}

func TestNormalizationRefuses(t *testing.T) {
	d := openReference(t)
	nan := float32(math.NaN())
	build := func(l *Normalization) error { return NewSequential(d, nil, l).Build() }
	built := &Normalization{InputShape: []int{1}, Mean: []float32{0}, Variance: []float32{1}}
	if err := build(built); err != nil {
		t.Fatal(err)
	}
	const layer = "layer normalization (Normalization): "
	for _, c := range []struct {
		err  error
		want string
	}{
		{build(&Normalization{InputShape: []int{2}}), layer + "it has no mean and variance: call its Adapt"},
		{build(&Normalization{InputShape: []int{2}, Mean: []float32{1}, Variance: []float32{1, 2}}), layer + "it has 1 means and 2 variances, must have 2"},
		{build(&Normalization{InputShape: []int{1}, Mean: []float32{1}, Variance: []float32{-1}}), layer + "mean and variance of index 0 are 1 and -1, must be finite numbers"},
		{built.Adapt(nil), "normalization: adapt needs examples [n, …, size]"},
		{built.Adapt(tensor.New(d, 3)), "normalization: adapt needs examples [n, …, size]"},
		{built.Adapt(tensor.NewOf(d, kernels.Int32, 2, 1)), "normalization: adapt needs float32 or uint8 examples, not int32"},
		{built.Adapt(tensor.New(d, 3, 2)), "normalization: the examples to adapt to are [3 2], the last axis must be 1"},
		{built.Adapt(tensor.From(d, []float32{1, nan}, 2, 1)), "normalization: of the examples to adapt to, the mean and variance of index 0 are NaN and NaN"},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), c.want) {
			t.Errorf("error %v, want %s", c.err, c.want)
		}
	}
	if built.Mean[0] != 0 {
		t.Error("an Adapt that failed changed the layer")
	}
}
