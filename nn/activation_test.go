package nn

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// valuesAndSlopes returns an activation's values for x, and its slopes there.
func valuesAndSlopes(t *testing.T, d kernels.Device, a ActivationFunc, x []float32) (y, slope []float32) {
	t.Helper()
	tape := autograd.NewTape(d)
	defer tape.Free()
	in := autograd.NewParam(tensor.From(d, x, len(x)))
	out := a.record(tape, in)
	tape.Backward(tape.Sum(out, 0, 0))
	return out.Value.Floats(), in.Grad.Floats()
}

// Values and slopes of all elementwise activation functions agree with Keras's: at 0, near
// it, between the kinks, and so far out that a careless formula overflows or loses
// precision by subtraction.
func TestActivationsAgainstKeras(t *testing.T) {
	text, err := os.ReadFile("testdata/keras/activations.json")
	if err != nil {
		t.Fatal(err)
	}
	var keras struct {
		X         []float32
		Functions map[ActivationFunc]struct{ Y, Slope []*float64 } // null where Keras's value is not finite
	}
	if err := json.Unmarshal(text, &keras); err != nil {
		t.Fatal(err)
	}
	for _, name := range ActivationNames() {
		a := ActivationFunc(name)
		if _, ok := keras.Functions[a]; !ok && a.elementwise() {
			t.Errorf("the file lacks %s", a)
		}
	}
	for _, device := range []string{"reference", "cpu"} {
		d, err := auto.Open(device)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for a, want := range keras.Functions {
			y, slope := valuesAndSlopes(t, d, a, keras.X)
			// GELUTanh's slope has the term x²·(1−sigmoid), which float32 rounds to multiples
			// of 6e-8·x². The others are off by a few units in the last place of a float32.
			tolerance := 1e-6
			if a == GELUTanh {
				tolerance = 2e-6
			}
			for i, x := range keras.X {
				for _, c := range []struct {
					what string
					got  float32
					want *float64
				}{{"value", y[i], want.Y[i]}, {"slope", slope[i], want.Slope[i]}} {
					if c.want != nil && *c.want > math.MaxFloat32 && math.IsInf(float64(c.got), 1) {
						continue // Keras's numbers are float64
					}
					if c.want == nil || a == CELU && x == 0 && c.what == "slope" {
						continue // at 0 Keras's slope of CELU is 2, the sum of both halves; ours is 1, as on either side
					}
					if !(math.Abs(float64(c.got)-*c.want) <= tolerance*math.Max(1, math.Abs(*c.want))) {
						t.Errorf("%s, %s: the %s at %v is %v, Keras's %v", device, a, c.what, x, c.got, *c.want)
					}
				}
			}
		}
	}
}

// GELU stays accurate far below 0, where x·Φ(x) is tiny. Errors are a few units in the last
// place of a float32: for the value relative to itself, for the slope relative to 1.
func TestGELU(t *testing.T) {
	var x []float32
	for v := float32(-12); v <= 12; v += 1.0 / 64 {
		x = append(x, v)
	}
	for _, device := range []string{"reference", "cpu"} {
		d, err := auto.Open(device)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		y, slope := valuesAndSlopes(t, d, GELU, x)
		for i, v := range x {
			v := float64(v)
			share := math.Erfc(-v/math.Sqrt2) / 2
			if want := v * share; !(math.Abs(float64(y[i])-want) <= 6*0x1p-23*math.Abs(want)) {
				t.Errorf("%s: at %v it is %v, want %v", device, v, y[i], want)
			}
			if want := share + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi); !(math.Abs(float64(slope[i])-want) <= 4*0x1p-23) {
				t.Errorf("%s: at %v its slope is %v, want %v", device, v, slope[i], want)
			}
		}
	}
}

// ELU and SELU stay accurate far below 0, and have the right slope at 0.
func TestELUFarOut(t *testing.T) {
	d := reference.New()
	x := []float32{-1e30, -3e7, -12345678, -20000, 0, 3e7}
	for a, want := range map[ActivationFunc][2][]float64{
		ELU:  {{-1, -1, -1, -1, 0, 3e7}, {0, 0, 0, 0, 1, 1}},
		SELU: {{-1.7580993408473766, -1.7580993408473766, -1.7580993408473766, -1.7580993408473766, 0, 3.1521029621e7}, {0, 0, 0, 0, 1.0507009873554805, 1.0507009873554805}},
	} {
		y, slope := valuesAndSlopes(t, d, a, x)
		for i := range x {
			if !(math.Abs(float64(y[i])-want[0][i]) <= 2e-7*math.Max(1, math.Abs(want[0][i]))) || !(math.Abs(float64(slope[i])-want[1][i]) <= 2e-7) {
				t.Errorf("%s at %v is %v with the slope %v, want %v and %v", a, x[i], y[i], slope[i], want[0][i], want[1][i])
			}
		}
	}
}

// The gradient of each activation function agrees with finite differences.
func TestActivationGradients(t *testing.T) {
	d := reference.New()
	x := tensor.From(d, []float32{-4.3, -2.2, -1.2, -0.7, -0.3, 0.2, 0.8, 1.3, 2.4, 3.6}, 2, 5) // away from all kinks
	for _, name := range ActivationNames() {
		a := ActivationFunc(name)
		if err := autograd.CheckGradients(d, func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return a.record(t, in[0]) }, x); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// The gradients of the losses, with valid targets.
func TestLossGradients(t *testing.T) {
	d := reference.New()
	x := tensor.From(d, []float32{0.31, 0.22, 0.47, 0.6, 0.25, 0.15}, 2, 3) // probabilities
	targets := []float32{0.2, 0.5, 0.3, 0.7, 0.1, 0.2}
	oneHot := []float32{0, 1, 0, 1, 0, 0}
	names := knownNames("loss")
	slices.Sort(names)
	for _, name := range names {
		l, err := LossByName(name)
		if err != nil {
			t.Fatal(err)
		}
		labels := tensor.From(d, targets, 2, 3)
		switch l.Name() {
		case "sparse_categorical_crossentropy":
			labels = tensor.From(d, []int32{1, 0}, 2)
		case "categorical_hinge":
			labels = tensor.From(d, oneHot, 2, 3)
		}
		if err := autograd.CheckGradients(d, func(t *autograd.Tape, in []*autograd.Var) *autograd.Var {
			return l.Record(t, &Output{Logits: in[0]}, autograd.NewConst(labels))
		}, x); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each schedule gives Keras's rates.
func TestSchedulesAgainstKeras(t *testing.T) {
	text, err := os.ReadFile("testdata/keras/schedules.json")
	if err != nil {
		t.Fatal(err)
	}
	var keras struct {
		Steps     []int
		Schedules []struct {
			Name   string
			Config json.RawMessage
			Rates  []float64
		}
	}
	if err := json.Unmarshal(text, &keras); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"one_cycle": true} // not in Keras
	for _, k := range keras.Schedules {
		seen[k.Name] = true
		s, err := restoreSchedule(savedPart{k.Name, k.Config})
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range keras.Steps {
			// Keras works in float32, where the cosine near its zero is off by 1e-7.
			if got := s.At(step); !(math.Abs(got-k.Rates[i]) <= 1e-6*k.Rates[i]+2e-8) {
				t.Errorf("%s %s: the rate of step %d is %v, Keras's %v", k.Name, k.Config, step, got, k.Rates[i])
			}
		}
	}
	for name := range schedules {
		if !seen[name] {
			t.Errorf("the file lacks %s", name)
		}
	}
}

func TestSchedulesRefuse(t *testing.T) {
	for _, s := range []Schedule{
		ExponentialDecay{Initial: 1}, InverseTimeDecay{Initial: 1, Steps: -1}, PolynomialDecay{Initial: 1},
		PiecewiseConstantDecay{Boundaries: []int{1}, Values: []float64{1}}, PiecewiseConstantDecay{Boundaries: []int{2, 2}, Values: []float64{1, 1, 1}},
		PiecewiseConstantDecay{}, CosineDecay{Initial: 1}, CosineDecay{Initial: -1, Steps: 1}, CosineDecay{Initial: 1, Steps: 1, WarmupSteps: -1},
		CosineDecayRestarts{Initial: 1, Steps: 1, StepsFactor: 0.5}, CosineDecayRestarts{Steps: 0}, ExponentialDecay{Initial: math.NaN(), Steps: 1},
		OneCycle{Peak: -1}, OneCycle{Rise: 2},
	} {
		m := NewSequential(reference.New(), Seed(1), &Dense{Units: 1, InputShape: []int{1}})
		if err := m.Compile(CompileOptions{Optimizer: SGD{Schedule: s}, Loss: MeanSquaredError{}}); err == nil {
			t.Errorf("%+v was taken", s)
		}
	}
}

// A model with any of the schedules is saved and loaded with it.
func TestSchedulesAreSaved(t *testing.T) {
	for _, s := range []Schedule{
		OneCycle{Peak: 1, Steps: 3}, ExponentialDecay{0.1, 3, 0.5, true}, InverseTimeDecay{0.1, 3, 0.5, true}, PolynomialDecay{0.1, 3, 0.01, 2, true},
		CosineDecay{0.1, 3, 0.5, 0.2, 1}, CosineDecayRestarts{0.1, 3, 3, 0.5, 0.1}, PiecewiseConstantDecay{[]int{3}, []float64{0.1, 0.2}},
	} {
		m := NewSequential(reference.New(), Seed(1), &Dense{Units: 1, InputShape: []int{1}})
		if err := m.Compile(CompileOptions{Optimizer: Adam{Schedule: s}, Loss: MeanSquaredError{}}); err != nil {
			t.Fatal(err)
		}
		path := t.TempDir() + "/m"
		if err := m.Save(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(t.Context(), m.device, path)
		if err != nil {
			t.Fatal(err)
		}
		for step := range 10 {
			if got, want := loaded.optimizer.Rate(step), s.At(step); got != want {
				t.Errorf("%T: step %d has rate %v, want %v", s, step, got, want)
			}
		}
	}
}
