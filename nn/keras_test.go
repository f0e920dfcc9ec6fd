package nn

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/nn/safetensors"
	"baregrad/tensor"
)

// The files in testdata/keras hold Keras's results for the models in cases.json.
// bench/peers/keras_vectors.py made them and explains how.

type kerasCase struct {
	Name      string
	Input     []int
	Batch     int
	Labels    string
	Layers    []kerasPart
	Loss      kerasPart
	Optimizer kerasPart
}

// kerasPart is ["Kind", {settings}].
type kerasPart struct {
	kind   string
	config json.RawMessage
}

func (p *kerasPart) UnmarshalJSON(text []byte) error {
	pair := []any{&p.kind, &p.config}
	return json.Unmarshal(text, &pair)
}

// hashUniform returns n numbers in [0,1), as the script makes them.
func hashUniform(n int, seed uint64) []float32 {
	values := make([]float32, n)
	for i := range values {
		h := (uint64(i)*2654435761 + seed*974711) & 0xFFFFFFFF
		for range 2 {
			h ^= h >> 16
			h = h * 0x45D9F3B & 0xFFFFFFFF
		}
		h ^= h >> 16
		values[i] = float32(float64(h>>8) / (1 << 24))
	}
	return values
}

// kerasLabels returns labels of n examples for an output of the given shape.
func kerasLabels(d kernels.Device, kind string, n int, output []int) *tensor.Tensor {
	of := append([]int{n}, output[:len(output)-1]...)
	rows := kerasRows(d, kind, n*positions(output), output[len(output)-1])
	return rows.Reshape(append(of, rows.Shape()[1:]...)...)
}

func kerasRows(d kernels.Device, kind string, n, outputs int) *tensor.Tensor {
	u := hashUniform(n*outputs, 2)
	index := make([]int32, n)
	for i, v := range hashUniform(n, 3) {
		index[i] = int32(v * float32(outputs))
	}
	switch kind {
	case "sparse":
		return tensor.From(d, index, n)
	case "onehot":
		u = make([]float32, n*outputs)
		for i, class := range index {
			u[i*outputs+int(class)] = 1
		}
	case "distribution":
		for r := range n {
			row, sum := u[r*outputs:(r+1)*outputs], 0.0
			for _, v := range row {
				sum += float64(v)
			}
			for i, v := range row {
				row[i] = float32(float64(v) / sum)
			}
		}
	default:
		for i, v := range u {
			switch kind {
			case "binary", "sign":
				u[i] = 0
				if kind == "sign" {
					u[i] = -1
				}
				if v > 0.5 {
					u[i] = 1
				}
			case "real":
				u[i] = v*4 - 2
			case "positive":
				u[i] = v * 3
			}
		}
	}
	return tensor.From(d, u, n, outputs)
}

func (c kerasCase) build(t *testing.T, d kernels.Device) *Sequential {
	t.Helper()
	m := NewSequential(d, Seed(1), &Input{Shape: c.Input})
	for _, l := range c.Layers {
		layer := layerKinds[l.kind]()
		if err := strictly(l.config, layer); err != nil {
			t.Fatal(err)
		}
		m.Add(layer)
	}
	optimizer, err := restoreOptimizer(savedPart{c.Optimizer.kind, c.Optimizer.config}, nil)
	if err != nil {
		t.Fatal(err)
	}
	loss, err := restoreLoss(savedPart{c.Loss.kind, c.Loss.config})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(CompileOptions{Optimizer: optimizer, Loss: loss}); err != nil {
		t.Fatal(err)
	}
	for i, p := range m.learnt() {
		shape := p.Shape()
		limit := float32(0.1)
		if len(shape) > 1 {
			limit = float32(math.Sqrt(3 / float64(tensor.Size(shape[:len(shape)-1]))))
		}
		values := hashUniform(p.Value.Len(), uint64(100+i))
		for j, v := range values {
			values[j] = (v*2 - 1) * limit
		}
		tensor.Set(p.Value, values)
	}
	return m
}

func TestAgainstKeras(t *testing.T) {
	text, err := os.ReadFile("testdata/keras/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []kerasCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"reference", "cpu"} {
		for _, c := range cases {
			t.Run(name+"/"+c.Name, func(t *testing.T) { againstKeras(t, name, c) })
		}
	}
}

func againstKeras(t *testing.T, device string, c kerasCase) {
	file, err := os.ReadFile(filepath.Join("testdata/keras", c.Name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	keras, err := safetensors.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]float32{}
	for _, k := range keras.Tensors {
		if want[k.Name], err = k.Floats(); err != nil {
			t.Fatal(err)
		}
	}
	d, err := auto.Open(device)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := c.build(t, d)
	x := tensor.From(d, hashUniform(c.Batch*tensor.Size(c.Input), 1), append([]int{c.Batch}, c.Input...)...)
	y := kerasLabels(d, c.Labels, c.Batch, m.OutputShape())
	if err := m.checkData("test", x, y, c.Batch); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.updater.(*adam); ok {
		m.updater = float32Powers{m.updater.(*adam)}
	}
	s := newSession(m)
	defer s.free()
	s.order(ascending(c.Batch))

	forward := &Pass{Tape: autograd.NewForwardTape(d), step: autograd.NewConst(s.counters.step)}
	out := m.forward(forward, autograd.NewConst(x), len(m.layers)-1)
	compareKept(t, "output", out.Value(forward.Tape).Value.Floats(), want, 5e-6)

	kind := stepKind{x: x, y: y, batch: c.Batch, training: true, last: len(m.layers) - 1}
	// These are the gradients before clipping, which is part of the update.
	clipping := m.optimizer.Clipping()
	for step := range 10 {
		s.resetTotals()
		s.run(kind, 0)
		if step == 0 {
			loss := s.means(c.Batch, "")["loss"]
			if !(math.Abs(loss-float64(want["loss"][0])) <= 2e-6*math.Max(1, math.Abs(loss))) {
				t.Errorf("loss is %v, Keras's %v", loss, want["loss"][0])
			}
			if clipping == (Clipping{}) {
				for i, p := range m.learnt() {
					compareKept(t, fmt.Sprintf("gradient/%d", i), p.Grad.Floats(), want, 1e-5)
				}
			}
		}
		if step == 0 || step == 9 {
			for i, p := range m.learnt() {
				compareKept(t, fmt.Sprintf("after%d/%d", step+1, i), p.Value.Floats(), want, 2e-5)
			}
		}
	}
	moving := 0
	for _, p := range m.params {
		if p.state {
			compareKept(t, fmt.Sprintf("moving/%d", moving), p.Value.Floats(), want, 2e-5)
			moving++
		}
	}
	if moving > 0 {
		after := &Pass{Tape: autograd.NewForwardTape(d)}
		out := m.forward(after, autograd.NewConst(x), len(m.layers)-1)
		compareKept(t, "output/trained", out.Value(after.Tape).Value.Floats(), want, 2e-5)
	}
}

// float32Powers corrects Adam's rate as Keras does, with Beta1ᵗ and Beta2ᵗ rounded to
// float32. Near 1 this makes an error of up to 7e-6 in the correction. Ten steps past the
// kinks of a ReLU amplify that to 4e-4 of a weight. Ours works in float64.
type float32Powers struct{ *adam }

func (u float32Powers) Rates(rate float64, step int) [2]float32 {
	power := func(beta float64) float32 { return float32(math.Pow(float64(float32(beta)), float64(step+1))) }
	corrected := float32(rate) * float32(math.Sqrt(float64(1-power(u.beta2)))) / (1 - power(u.beta1))
	return [2]float32{float32(rate), corrected}
}

// compareKept compares the elements and the sums of a tensor that the script kept. The
// tolerance is relative to the tensor's root mean square, because both sides add up
// the same float32 products in different orders.
func compareKept(t *testing.T, name string, got []float32, want map[string][]float32, tolerance float64) {
	t.Helper()
	kept, ok := want[name]
	if !ok {
		t.Fatalf("the file lacks %s", name)
	}
	sum, squares := 0.0, 0.0
	for _, v := range got {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	scale := math.Sqrt(float64(want[name+"/sums"][1])/float64(len(got))) + 1e-7
	step := max(1, len(got)/256)
	worst, at := 0.0, 0
	for i, w := range kept {
		if difference := math.Abs(float64(got[i*step])-float64(w)) / scale; !(difference <= worst) {
			worst, at = difference, i*step
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s: element %d is %v, Keras's %v: off by %.1e of the root mean square, allowed are %.0e",
			name, at, got[at], kept[at/step], worst, tolerance)
	}
	n := float64(len(got))
	if difference := math.Abs(sum-float64(want[name+"/sums"][0])) / (n * scale); !(difference <= tolerance) {
		t.Errorf("%s: the sum is %v, Keras's %v", name, sum, want[name+"/sums"][0])
	}
	if difference := math.Abs(squares-float64(want[name+"/sums"][1])) / (n * scale * scale); !(difference <= 2*tolerance) {
		t.Errorf("%s: the sum of squares is %v, Keras's %v", name, squares, want[name+"/sums"][1])
	}
}
