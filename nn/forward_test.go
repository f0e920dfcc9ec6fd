package nn_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// A loop over Forward does the same as Fit, bit for bit: the same loss, and the same weights
// after every step.
func TestForwardTrainsAsFit(t *testing.T) {
	for _, device := range []string{"reference", "cpu", "emulator"} {
		d := open(t, device)
		x, y := stripes(d, 40)
		scaled := tensor.New(d, 40, 8, 8, 1)
		d.Gather(scaled.Buffer(), x.Buffer(), tensor.From(d, places(40), 40).Buffer(), tensor.NewOf(d, kernels.Int32, 1).Buffer(),
			kernels.GatherSpec{Rows: 40, Width: 64, Scale: 1.0 / 255})
		model := func() *nn.Sequential {
			m := nn.NewSequential(d, nn.Seed(1),
				&nn.Conv2D{Filters: 4, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: []int{8, 8, 1}},
				&nn.MaxPooling2D{},
				&nn.Flatten{},
				&nn.Dense{Units: 4, Activation: nn.Softmax})
			if err := m.Compile(nn.CompileOptions{Optimizer: nn.Adam{}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
				t.Fatal(err)
			}
			return m
		}
		fitted, own := model(), model()
		h, err := fitted.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 4, BatchSize: 40, NoShuffle: true, Verbose: nn.Silent})
		if err != nil {
			t.Fatal(err)
		}
		o, _ := own.Compiled()
		tape := autograd.NewTape(d)
		out, err := own.Forward(tape, autograd.NewConst(scaled), true)
		if err != nil {
			t.Fatal(err)
		}
		rows := o.Loss.Record(tape, out, autograd.NewConst(y))
		updater, rates := o.Optimizer.Prepare(d, own.Params()), tensor.New(d, 2)
		tape.BackwardMean(rows)
		for i, p := range own.Params() {
			tape.Update(p.Var, updater.Update(i, rates.Buffer()))
		}
		for step := range 4 {
			now := updater.Rates(o.Optimizer.Rate(step), step)
			tensor.Set(rates, now[:])
			tape.Replay()
			mean := 0.0
			for _, l := range rows.Value.Floats() {
				mean += float64(l) / 40
			}
			// Fit sums the losses in float32: an error of half a unit in the last place for each sum.
			if want := h.Values["loss"][step]; !(math.Abs(mean-want) <= 1e-6) {
				t.Errorf("%s: the loss of step %d is %v, Fit's is %v", device, step, mean, want)
			}
		}
		if !slices.Equal(weights(own), weights(fitted)) {
			t.Errorf("%s: the weights differ from Fit's", device)
		}
	}
}

func places(n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(i)
	}
	return p
}

// Each recording and each replay drops other elements; without training nothing is dropped.
func TestForwardDrops(t *testing.T) {
	for _, device := range []string{"cpu", "emulator"} {
		forwardDrops(t, open(t, device))
	}
}

func forwardDrops(t *testing.T, d kernels.Device) {
	t.Helper()
	ones := make([]float32, 1000)
	for i := range ones {
		ones[i] = 1
	}
	x := autograd.NewParam(tensor.From(d, ones, 1, 1000))
	m := nn.NewSequential(d, nn.Seed(1), &nn.Dropout{Rate: 0.5, InputShape: []int{1000}})
	var seen [][]float32
	for range 2 {
		tape := autograd.NewTape(d)
		out, err := m.Forward(tape, x, true)
		if err != nil {
			t.Fatal(err)
		}
		y := out.Value(tape)
		seen = append(seen, y.Value.Floats())
		tape.BackwardMean(tape.Mean(y, 1, 1))
		tape.RunAfter()
		for range 3 { // the last one as a graph, if the device captures it
			tape.Replay()
			seen = append(seen, y.Value.Floats())
		}
	}
	for i, a := range seen {
		for _, b := range seen[:i] {
			same := 0
			for j := range a {
				if a[j] == b[j] {
					same++
				}
			}
			// Half of 1000 on average, with a standard deviation of 16.
			if same < 400 || same > 600 {
				t.Errorf("%s: %d of 1000 elements are alike in two steps, want about half", d.Name(), same)
			}
		}
	}
	tape := autograd.NewForwardTape(d)
	out, err := m.Forward(tape, x, false)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out.Value(tape).Value.Floats(), ones) {
		t.Errorf("%s: something is dropped without training", d.Name())
	}
}

func TestForwardRefuses(t *testing.T) {
	d, other := open(t, "cpu"), open(t, "reference")
	m := nn.NewSequential(d, nil, &nn.Dense{Units: 2, InputShape: []int{3}})
	const alike = "forward: the tape computes on another device than the model, though both are called reference: each opening makes a device of its own"
	elsewhere := "forward: the tape computes on reference, the model on " + d.Name()
	if d.Name() == other.Name() {
		elsewhere = alike
	}
	for want, try := range map[string]func(){
		"forward: x is float32 [4 2], the model takes float32 (None, 3)": func() {
			m.Forward(autograd.NewTape(d), autograd.NewConst(tensor.New(d, 4, 2)), false)
		},
		"forward: x is uint8 [4 3], the model takes float32 (None, 3)": func() {
			m.Forward(autograd.NewTape(d), autograd.NewConst(tensor.NewOf(d, kernels.Uint8, 4, 3)), false)
		},
		elsewhere: func() {
			m.Forward(autograd.NewTape(other), autograd.NewConst(tensor.New(other, 4, 3)), false)
		},
	} {
		mustPanic(t, want, try)
	}
	mustPanic(t, alike, func() {
		second := open(t, "reference")
		nn.NewSequential(other, nil, &nn.Dense{Units: 2, InputShape: []int{3}}).Forward(
			autograd.NewTape(second), autograd.NewConst(tensor.New(second, 4, 3)), false)
	})
	var wrong *nn.LayerError
	_, err := nn.NewSequential(d, nil, &nn.Dense{InputShape: []int{3}}).Forward(autograd.NewTape(d), nil, false)
	if !errors.As(err, &wrong) {
		t.Errorf("the error is %v, want a *nn.LayerError", err)
	}
}

// mustPanic checks that what is tried panics with a *kernels.ShapeError of that text.
func mustPanic(t *testing.T, want string, try func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if err, ok := recover().(*kernels.ShapeError); !ok || err.Error() != want {
			t.Errorf("the panic is %v, want %q", err, want)
		}
	}()
	try()
}

// records is a user-defined layer, loss and metric that records what it is told to.
type records struct {
	what func(t *autograd.Tape, x *autograd.Var) *autograd.Var
}

func (records) Kind() string                                        { return "Records" }
func (records) Name() string                                        { return "records" }
func (records) Options() nn.LayerOptions                            { return nn.LayerOptions{} }
func (records) Check([]int, *tensor.Tensor) error                   { return nil }
func (records) Build(_ *nn.Builder, in []int) ([]int, error)        { return in, nil }
func (r records) Forward(p *nn.Pass, x *autograd.Var) *autograd.Var { return r.what(p.Tape, x) }

type recordsLoss struct{ records }

func (r recordsLoss) Record(t *autograd.Tape, out *nn.Output, _ *autograd.Var) *autograd.Var {
	return r.what(t, out.Value(t))
}

type recordsSums struct{ recordsLoss }

func (recordsSums) Sums() int                { return 2 }
func (recordsSums) Result([]float64) float64 { return 0 }

// The error names a user-defined layer, loss or metric with a wrong output shape. A loss with
// one number for the batch, or several for an example, would otherwise be shown wrongly.
func TestWhatOnesOwnRecords(t *testing.T) {
	d, ctx := open(t, "cpu"), context.Background()
	x, y := tensor.New(d, 3, 2), tensor.New(d, 3, 4)
	one := records{func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.Mean(x, 0, -1) }}
	all := records{func(_ *autograd.Tape, x *autograd.Var) *autograd.Var { return x }}
	none := records{func(*autograd.Tape, *autograd.Var) *autograd.Var { return nil }}
	class := records{func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.ArgMax(x, 1, 1) }}
	for _, c := range []struct {
		want string
		loss nn.Loss
		own  nn.Metric
		l    nn.Layer
	}{
		{want: "loss records: it recorded float32 [], must give float32 [3], a number for each example", loss: recordsLoss{one}},
		{want: "loss records: it recorded float32 [3 4], must give float32 [3], a number for each example", loss: recordsLoss{all}},
		{want: "loss records: it recorded nil, must give float32 [3], a number for each example", loss: recordsLoss{none}},
		{want: "metric records: it recorded float32 [], must give float32 [3], a number for each example", own: recordsLoss{one}},
		{want: "metric records: it recorded int32 [3], must give float32 [3], a number for each example", own: recordsLoss{class}},
		{want: "metric records: it recorded float32 [3 4], must give float32 [2], its sums over the batch", own: recordsSums{recordsLoss{all}}},
		{want: "layer records (Records): it recorded float32 [], must give float32 [3 2], the batch and what Build gave", l: one},
		{want: "layer records (Records): it recorded nil, must give float32 [3 2], the batch and what Build gave", l: none},
	} {
		layers := []nn.Layer{&nn.Dense{Units: 2, InputShape: []int{2}}, &nn.Dense{Units: 4}}
		if c.l != nil {
			layers = slices.Insert(layers, 1, c.l)
		}
		o := nn.CompileOptions{Loss: nn.MeanSquaredError{}}
		if c.loss != nil {
			o.Loss = c.loss
		}
		if c.own != nil {
			o.Metrics = []nn.Metric{c.own}
		}
		m := nn.NewSequential(d, nil, layers...)
		if err := m.Compile(o); err != nil {
			t.Fatal(err)
		}
		mustPanic(t, c.want, func() {
			_, err := m.Fit(ctx, x, y, nn.FitOptions{Verbose: nn.Silent})
			if !strings.Contains(c.want, "metric") || err != nil {
				t.Errorf("%s: Fit's error is %v, want a panic", c.want, err)
			}
		})
	}
}

// What is to be trained and can't be is said once, as Keras warns of it.
func TestFitSaysWhatNoGradientReaches(t *testing.T) {
	d, ctx := open(t, "cpu"), context.Background()
	x, y := tensor.New(d, 5, 2), tensor.New(d, 5, 4)
	cut := records{func(_ *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.NewConst(x.Value) }}
	for _, frozen := range []bool{false, true} {
		m := nn.NewSequential(d, nil, &nn.Dense{Units: 3, Frozen: frozen, InputShape: []int{2}}, cut, &nn.Dense{Units: 4})
		if err := m.Compile(nn.CompileOptions{Loss: nn.MeanSquaredError{}}); err != nil {
			t.Fatal(err)
		}
		var shown strings.Builder
		if _, err := m.Fit(ctx, x, y, nn.FitOptions{Epochs: 3, BatchSize: 2, Verbose: nn.Lines, Output: &shown}); err != nil {
			t.Fatal(err)
		}
		want := 1
		if frozen {
			want = 0
		}
		if got := strings.Count(shown.String(), "No gradient reaches dense/kernel, dense/bias: the loss does not depend on it"); got != want {
			t.Errorf("frozen: %v: said %d times, want %d, in\n%s", frozen, got, want, shown.String())
		}
	}
}
