package nn

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/tensor"
)

type kerasFocal struct {
	Logits [][]float32
	Cases  []struct {
		Loss     string
		Settings struct {
			Gamma          float64
			Alpha          float64
			ClassBalancing bool    `json:"apply_class_balancing"`
			LabelSmoothing float64 `json:"label_smoothing"`
		}
		Labels   [][]float32
		Values   []float64
		Gradient []float64
	}
}

// The focal losses of examples, and their gradients, agree with Keras's on each device: after the
// activation, with FromLogits, and from the probabilities themselves.
func TestFocalLossesAgainstKeras(t *testing.T) {
	k := readKerasParts(t).Focal
	if len(k.Cases) < 5 {
		t.Fatalf("there are %d cases, want at least 5", len(k.Cases))
	}
	for _, name := range []string{"reference", "cpu", "emulator"} {
		d, err := auto.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range k.Cases {
			s := c.Settings
			for _, way := range []string{"activation", "logits", "probabilities"} {
				fromLogits := way == "logits"
				var loss Loss = CategoricalFocalCrossentropy{s.Gamma, s.Alpha, fromLogits, s.LabelSmoothing}
				activation := Softmax
				if c.Loss == "BinaryFocalCrossentropy" {
					loss = BinaryFocalCrossentropy{s.Gamma, s.ClassBalancing, s.Alpha, fromLogits, s.LabelSmoothing}
					activation = Sigmoid
				}
				x := autograd.NewParam(matrix(d, k.Logits))
				tape := autograd.NewTape(d)
				out := &Output{Logits: x}
				switch way {
				case "activation":
					out.Activation = activation
				case "probabilities":
					out.Logits = activation.record(tape, x)
				}
				rows := loss.Record(tape, out, autograd.NewConst(matrix(d, c.Labels)))
				tape.BackwardMean(rows)
				// Keras computes from probabilities in float32; so the ends of its logarithms are less accurate.
				for what, v := range map[string]struct {
					got  []float32
					want []float64
				}{"loss": {rows.Value.Floats(), c.Values}, "gradient": {x.Grad.Floats(), c.Gradient}} {
					for j, want := range v.want {
						if got := float64(v.got[j]); !(math.Abs(got-want) <= 2e-6*max(1, math.Abs(want))) {
							t.Errorf("%s, case %d, from %s: %s %d is %v, Keras has %v", name, i, way, what, j, got, want)
						}
					}
				}
			}
		}
		d.Close()
	}
}

// The losses are known by name, saved with their settings, and take class numbers 0 and 1 as int32.
func TestFocalLossesInAModel(t *testing.T) {
	d, ctx := openReference(t), context.Background()
	for _, loss := range []Loss{BinaryFocalCrossentropy{Gamma: 3, ClassBalancing: true, Alpha: 0.4, LabelSmoothing: 0.1},
		CategoricalFocalCrossentropy{Gamma: 1, Alpha: 0.5, FromLogits: true}} {
		m := NewSequential(d, nil, &Dense{Units: 2, Activation: Sigmoid, InputShape: []int{3}})
		if err := m.Compile(CompileOptions{Loss: loss}); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Fit(ctx, tensor.New(d, 4, 3), tensor.NewOf(d, kernels.Int32, 4, 2), FitOptions{Verbose: Silent}); err != nil {
			t.Error(err)
		}
		loaded := reloaded(t, m)
		if o, _ := loaded.Compiled(); o.Loss != loss {
			t.Errorf("the loss is %+v, was %+v", o.Loss, loss)
		}
		if byName, err := LossByName(loss.Name()); err != nil || byName == loss || byName.Name() != loss.Name() {
			t.Errorf("LossByName gives %+v, error %v, want the default", byName, err)
		}
	}
	labels := tensor.From(d, []float32{0, 1}, 1, 2)
	for want, err := range map[string]error{
		"binary_focal_crossentropy: gamma is -1, must be from 0 to 1000":  BinaryFocalCrossentropy{Gamma: -1}.Check([]int{2}, labels),
		"categorical_focal_crossentropy: alpha is 2, must be from 0 to 1": CategoricalFocalCrossentropy{Alpha: 2}.Check([]int{2}, labels),
		"the label of example 0 is 3: binary_focal_crossentropy takes":    BinaryFocalCrossentropy{}.Check([]int{2}, tensor.From(d, []float32{3, 1}, 1, 2)),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	linear := NewSequential(d, nil, &Dense{Units: 2, InputShape: []int{3}})
	if err := linear.Compile(CompileOptions{Loss: BinaryFocalCrossentropy{}}); err != nil || !strings.Contains(linear.lossWarning(), "Give the layer the activation sigmoid") {
		t.Errorf("the warning for an output that is no probability is %q, error %v", linear.lossWarning(), err)
	}
}

// Sample weights for positions weight each position's loss.
func TestFocalLossesByPosition(t *testing.T) {
	d := openReference(t)
	tape := autograd.NewForwardTape(d)
	out := &Output{Logits: autograd.NewConst(tensor.From(d, []float32{1, -2, 3, 0.5, -1, 0}, 1, 3, 2))}
	y := autograd.NewConst(tensor.From(d, []float32{1, 0, 0, 1, 1, 0}, 1, 3, 2))
	for _, l := range []Loss{BinaryFocalCrossentropy{FromLogits: true}, CategoricalFocalCrossentropy{FromLogits: true}} {
		all := l.Record(tape, out, y).Value.Item()
		var each []float32
		for i := range 3 {
			weights := tensor.New(d, 1, 3)
			tensor.Set(weights.Slice(0, 1).Reshape(3).Slice(i, i+1), []float32{1})
			each = append(each, recordLoss(tape, l, out, y, autograd.NewConst(weights)).Value.Item())
		}
		if sum := each[0] + each[1] + each[2]; !(math.Abs(float64(sum-all)) <= 1e-6) || slices.Min(each) <= 0 {
			t.Errorf("%s: the positions' shares are %v, all together %v", l.Name(), each, all)
		}
	}
}
