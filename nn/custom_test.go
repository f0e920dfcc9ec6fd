package nn_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// scale is a user-defined layer: y = Factor·x·kernel elementwise, with a field
// that JSON omits.
type scale struct {
	Factor     float32
	Sizes      []int // settings of another kind
	Name       string
	InputShape []int
	Shown      func(float32) string `json:"-"`

	kernel *autograd.Var
}

func (*scale) Kind() string { return "Scale" }
func (l *scale) Options() nn.LayerOptions {
	return nn.LayerOptions{Name: l.Name, InputShape: l.InputShape}
}
func (l *scale) Build(b *nn.Builder, in []int) ([]int, error) {
	l.kernel = b.Param("kernel", nn.RandomNormal{}, in...)
	return in, nil
}
func (l *scale) Forward(p *nn.Pass, x *autograd.Var) *autograd.Var {
	return p.Tape.Mul(p.Tape.Affine(x, l.Factor, 0), l.kernel)
}

// steep is a user-defined loss: the mean of Steepness·(x−t)².
type steep struct{ Steepness float32 }

func (steep) Name() string { return "steep" }
func (steep) Check(output []int, labels *tensor.Tensor) error {
	return nn.MeanSquaredError{}.Check(output, labels)
}
func (l steep) Record(t *autograd.Tape, out *nn.Output, labels *autograd.Var) *autograd.Var {
	return t.Affine(t.MeanSquaredError(out.Value(t), labels), l.Steepness, 0)
}

// bias is a user-defined metric: the mean of x−t. Its formula is in a field that no file
// contains.
type bias struct {
	formula func(t *autograd.Tape, x, y *autograd.Var) *autograd.Var
}

func (bias) Name() string { return "bias" }
func (b bias) Record(t *autograd.Tape, out *nn.Output, labels *autograd.Var) *autograd.Var {
	return t.Mean(b.formula(t, out.Value(t), labels), 1, 1)
}

var biasMetric = bias{func(t *autograd.Tape, x, y *autograd.Var) *autograd.Var { return t.Sub(x, y) }}

// signSGD is a user-defined optimizer with state: it moves by Pace against the sign of a
// running sum of the gradients.
type signSGD struct{ Pace float64 }

func (signSGD) Name() string          { return "sign_sgd" }
func (signSGD) Check() error          { return nil }
func (o signSGD) Rate(int) float64    { return o.Pace }
func (signSGD) Clipping() nn.Clipping { return nn.Clipping{} }
func (signSGD) Prepare(d kernels.Device, params []*nn.Param) nn.Updater {
	u := &signUpdater{params: params}
	for _, p := range params {
		u.sums = append(u.sums, tensor.New(d, p.Shape()...))
	}
	return u
}

type signUpdater struct {
	params []*nn.Param
	sums   []*tensor.Tensor
}

func (u *signUpdater) Rates(rate float64, _ int) [2]float32 { return [2]float32{float32(rate)} }
func (u *signUpdater) Update(i int, rates kernels.Buffer) kernels.Update {
	return &signUpdate{u.params[i].Value.Buffer(), u.sums[i].Buffer(), rates}
}
func (u *signUpdater) State() (list []nn.NamedTensor) {
	for i, s := range u.sums {
		list = append(list, nn.NamedTensor{Name: u.params[i].Name + "/sum", Tensor: s})
	}
	return list
}

type signUpdate struct{ w, sum, rate kernels.Buffer }

func (u *signUpdate) Apply(d kernels.Device, g kernels.Buffer) {
	d.AddScaled(u.sum, g, 1)
	d.Copy(g, u.sum)
	d.ClipByValue(g, 1e-3)
	d.SGD(u.w, g, nil, u.rate, kernels.SGDSpec{})
}

// halving is a user-defined schedule.
type halving struct{ First float64 }

func (halving) Name() string          { return "halving" }
func (s halving) At(step int) float64 { return s.First * math.Pow(0.5, float64(step)) }
func customData(d kernels.Device) (x, y *tensor.Tensor) {
	return tensor.From(d, []float32{0, 1, 2, 3, 4, 5, 6, 7}, 4, 2), tensor.From(d, []float32{1, 0, 0, 1, 1, 1, 0, 0}, 4, 2)
}

// customModel uses user-defined types in every role.
func customModel(t *testing.T, d kernels.Device, o nn.Optimizer) *nn.Sequential {
	t.Helper()
	m := nn.NewSequential(d, nn.Seed(4), &scale{Factor: 0.5, Sizes: []int{7, 8}, InputShape: []int{2}, Name: "first"}, &nn.Dense{Units: 2})
	if err := m.Compile(nn.CompileOptions{Optimizer: o, Loss: steep{3}, Metrics: []nn.Metric{biasMetric, nn.LossMetric{Loss: nn.MeanSquaredError{}}}}); err != nil {
		t.Fatal(err)
	}
	return m
}

func train(t *testing.T, m *nn.Sequential, from, to int) {
	t.Helper()
	x, y := customData(m.Device())
	if _, err := m.Fit(context.Background(), x, y, nn.FitOptions{BatchSize: 2, InitialEpoch: from, Epochs: to, Verbose: nn.Silent}); err != nil {
		t.Fatal(err)
	}
}

// Load refuses user-defined types, and says what to do, until they are registered. After
// that, a loaded model continues like the saved one.
func TestRegister(t *testing.T) {
	t.Cleanup(nn.ForgetRegistered)
	d := open(t, "reference")
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	whole := customModel(t, d, signSGD{0.01})
	train(t, whole, 0, 2)
	if err := whole.Save(ctx, path); err != nil {
		t.Fatal(err)
	}
	scheduled := customModel(t, d, nn.SGD{Schedule: halving{0.1}, Momentum: 0.9})
	train(t, scheduled, 0, 2)
	scheduledPath := filepath.Join(t.TempDir(), "scheduled.safetensors")
	if err := scheduled.Save(ctx, scheduledPath); err != nil {
		t.Fatal(err)
	}

	registered := &scale{Factor: 9, Sizes: []int{1, 2, 3}, Shown: func(f float32) string { return fmt.Sprint(f) }}
	for _, c := range []struct {
		kind, name, path string
		value            any
	}{
		{"layer", "Scale", path, registered}, {"optimizer", "sign_sgd", path, signSGD{}}, {"loss", "steep", path, steep{}},
		{"metric", "bias", path, biasMetric}, {"schedule", "halving", scheduledPath, halving{}},
	} {
		_, err := nn.Load(ctx, d, c.path)
		var unknown *nn.NameError
		want := fmt.Sprintf("If it is a %s of your own, call nn.Register with a value of its type before Load", c.kind)
		if !errors.As(err, &unknown) || unknown.Kind != c.kind || unknown.Name != c.name || !strings.Contains(err.Error(), want) {
			t.Fatalf("before %s is registered: error %v", c.name, err)
		}
		nn.Register(c.value)
		nn.Register(c.value) // registering again is allowed
	}

	for _, c := range []struct {
		model *nn.Sequential
		path  string
	}{{whole, path}, {scheduled, scheduledPath}} {
		loaded, err := nn.Load(ctx, d, c.path)
		if err != nil {
			t.Fatal(err)
		}
		l := loaded.Layers()[0].Layer.(*scale)
		if l.Factor != 0.5 || !slices.Equal(l.Sizes, []int{7, 8}) || l.Name != "first" || l.Shown == nil || l.Shown(2) != "2" {
			t.Errorf("the layer came back as %+v", l)
		}
		o, steps := loaded.Compiled()
		if o.Loss != (steep{3}) || steps != 4 || o.Metrics[1] != (nn.LossMetric{Loss: nn.MeanSquaredError{}}) {
			t.Errorf("it came back as %+v after %d steps", o, steps)
		}
		train(t, loaded, 2, 4)
		train(t, c.model, 2, 4)
		if !slices.Equal(weights(loaded), weights(c.model)) {
			t.Error("training that went on from the file gave other weights")
		}
		if got, want := score(t, loaded), score(t, c.model); got != want {
			t.Errorf("scores %v, want %v", got, want)
		}
	}
	if registered.Factor != 9 || !slices.Equal(registered.Sizes, []int{1, 2, 3}) {
		t.Errorf("loading changed the registered value to %+v", registered)
	}

	// By name.
	if l, err := nn.LossByName("steep"); err != nil || l != (steep{}) {
		t.Errorf("%v, %v", l, err)
	}
	if o, err := nn.OptimizerByName("sign_sgd"); err != nil || o != (signSGD{}) {
		t.Errorf("%v, %v", o, err)
	}
	if m, err := nn.MetricByName("bias"); err != nil || m.Name() != "bias" {
		t.Errorf("%v, %v", m, err)
	}
	if _, err := nn.LossByName("stepe"); err == nil || !strings.Contains(err.Error(), `did you mean "steep"?`) {
		t.Errorf("error %v", err)
	}

	// Settings that do not fit.
	f, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(f), `\"Factor\":0.5`, `\"Faktor\":0.5`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := nn.Load(ctx, d, path); err == nil || !strings.Contains(err.Error(), `layer Scale: json: unknown field "Faktor"`) {
		t.Errorf("error %v", err)
	}
}

func score(t *testing.T, m *nn.Sequential) string {
	t.Helper()
	x, y := customData(m.Device())
	scores, err := m.Evaluate(context.Background(), x, y, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(scores)
}

// A LossMetric is restored with its loss's settings.
func TestLossMetricKeepsSettings(t *testing.T) {
	d := open(t, "reference")
	path := filepath.Join(t.TempDir(), "model.safetensors")
	m := nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 3, InputShape: []int{2}})
	logits := nn.SparseCategoricalCrossentropy{FromLogits: true}
	if err := m.Compile(nn.CompileOptions{Loss: logits, Metrics: []nn.Metric{nn.LossMetric{Loss: logits}, nn.LossMetric{Loss: nn.Huber}}}); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	loaded, err := nn.Load(context.Background(), d, path)
	if err != nil {
		t.Fatal(err)
	}
	o, _ := loaded.Compiled()
	if o.Metrics[0] != (nn.LossMetric{Loss: logits}) || o.Metrics[1].Name() != "huber" {
		t.Errorf("the metrics came back as %+v", o.Metrics)
	}
}

// otherMSE has the name of one of the package's losses.
type otherMSE struct{ steep }

func (otherMSE) Name() string { return "mean_squared_error" }

func TestRegisterRefuses(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{otherMSE{}, `"mean_squared_error" is the name of a `},
		{&nn.Dense{}, `"Dense" is the name of a layer of this package`},
		{"steep", "it is no Layer"},
		{nameless{}, "it has no name"},
	} {
		func() {
			defer func() {
				var e *nn.RegisterError
				if err, _ := recover().(error); !errors.As(err, &e) || !strings.Contains(e.Error(), c.want) {
					t.Errorf("%T: panic %v, want one with %q", c.value, err, c.want)
				}
			}()
			nn.Register(c.value)
		}()
	}
	m := nn.NewSequential(open(t, "reference"), nn.Seed(1), &nn.Dense{Units: 2, InputShape: []int{2}})
	if err := m.Compile(nn.CompileOptions{Loss: otherMSE{}}); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(context.Background(), filepath.Join(t.TempDir(), "m")); err == nil || !strings.Contains(err.Error(), `its name "mean_squared_error" is that of another one`) {
		t.Errorf("error %v", err)
	}
}

type nameless struct{ steep }

func (nameless) Name() string { return "" }

// A model with a user-defined layer is saved like any other. Load must know the layer's
// type.
func ExampleRegister() {
	nn.Register(&Residual{}) // in a program: in an init function

	ctx := context.Background()
	x, _ := xor()
	model := xorModel(x,
		&nn.Dense{Units: 8, Activation: nn.Tanh, InputShape: []int{2}},
		&Residual{},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "residual.safetensors")
	if err := model.Save(ctx, path); err != nil {
		log.Fatal(err)
	}
	loaded, err := nn.Load(ctx, x.Device(), path)
	if err != nil {
		log.Fatal(err)
	}
	before, err := model.Predict(ctx, x, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	after, err := loaded.Predict(ctx, x, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(loaded.Layers()[1].Name, before.String() == after.String())
	// Output: residual true
}
