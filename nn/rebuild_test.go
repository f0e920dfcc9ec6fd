package nn_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/nn"
	"baregrad/tensor"
)

// A trained model loses its last layer and gets another one. The other layers keep their values, in
// the same memory, and whether they are trained. The new layer is a new one even if its name and
// shape are those of the old one.
func TestPopAndAdd(t *testing.T) {
	d, ctx := open(t, "reference"), context.Background()
	x, y := stripes(d, 40)
	m := stripeModel(t, d, 1)
	if _, err := m.Fit(ctx, x, y, quiet(1)); err != nil {
		t.Fatal(err)
	}
	layers := m.Layers()
	head, body := layers[len(layers)-1], layers[:len(layers)-1]
	kernel := head.Params[0].Value.Floats()
	before := features(t, m, body[len(body)-1].Name, x)
	trained := m.Params()[0]
	for _, l := range body {
		if err := m.SetTrainable(l.Name, false); err != nil {
			t.Fatal(err)
		}
	}
	if popped := m.Pop(); popped != head.Layer || !head.Params[0].Value.Buffer().Freed() {
		t.Errorf("Pop gave %v, want the last layer, with its memory freed", popped)
	}
	if now, err := m.Predict(ctx, x, nn.EvaluateOptions{}); err != nil || !slices.Equal(now.Floats(), before) {
		t.Errorf("after Pop the model's output is not that of its new last layer; error %v", err)
	}
	if _, err := m.Fit(ctx, x, y, quiet(1)); err == nil || err.Error() != "fit: the model is not compiled" {
		t.Errorf("error %v, want that the model is not compiled", err)
	}
	m.Add(&nn.Dense{Units: head.Output[0], Activation: nn.Softmax})
	if o, _ := m.Compiled(); o.Loss != nil {
		t.Error("the model is still compiled")
	}
	compile(t, m)
	last := m.Layers()[len(layers)-1]
	if last.Name != head.Name || slices.Equal(last.Params[0].Value.Floats(), kernel) || !last.Trained || m.Layers()[0].Trained {
		t.Errorf("the last layer is %+v, want a new one that is trained, after a frozen one", last)
	}
	if m.Params()[0].Value != trained.Value || !slices.Equal(features(t, m, body[len(body)-1].Name, x), before) {
		t.Error("the other layers have other values")
	}
	if _, err := m.Fit(ctx, x, y, quiet(2)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(features(t, m, body[len(body)-1].Name, x), before) {
		t.Error("training changed the frozen layer")
	}
	path := filepath.Join(t.TempDir(), "m")
	if err := m.Save(ctx, path); err != nil {
		t.Fatal(err)
	}
	loaded, err := nn.Load(ctx, d, path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(weights(loaded), weights(m)) || loaded.Layers()[0].Trained {
		t.Error("Load gives another model than was saved")
	}
}

func features(t *testing.T, m *nn.Sequential, layer string, x *tensor.Tensor) []float32 {
	t.Helper()
	out, err := m.LayerOutput(context.Background(), layer, x, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Floats()
}

func compile(t *testing.T, m *nn.Sequential) {
	t.Helper()
	if err := m.Compile(nn.CompileOptions{Optimizer: nn.SGD{LearningRate: 0.1}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
}

// A Dense layer computes the ReLU that follows it. Without that ReLU it does so no longer.
func TestPopOfAFusedActivation(t *testing.T) {
	d := open(t, "reference")
	list := make([]nn.Layer, 0, 4)
	list = append(list, &nn.Dense{Units: 1, KernelInit: nn.Ones{}, InputShape: []int{1}}, &nn.Activation{Function: nn.ReLU})
	m := nn.NewSequential(d, nil, list...)
	x := tensor.From(d, []float32{-3, 2}, 2, 1)
	for _, want := range [][]float32{{0, 2}, {-3, 2}, {-3, 2}} {
		if got := features(t, m, "dense", x); want[0] != 0 && !slices.Equal(got, want) {
			t.Errorf("the layer's output is %v, want %v", got, want)
		}
		y, err := m.Predict(context.Background(), x, nn.EvaluateOptions{})
		if err != nil || !slices.Equal(y.Floats(), want) {
			t.Errorf("the output is %v, want %v; error %v", y, want, err)
		}
		if len(m.Layers()) == 2 {
			m.Pop()
		}
	}
	m.Add(&nn.Activation{Function: nn.Tanh})
	if a, ok := list[1].(*nn.Activation); !ok || a.Function != nn.ReLU {
		t.Error("the caller's list of layers was changed")
	}
}

func TestPopOfEverything(t *testing.T) {
	d := open(t, "reference")
	m := nn.NewSequential(d, nil, &nn.Dense{Units: 2, InputShape: []int{3}})
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	if m.Pop() == nil || m.Pop() != nil {
		t.Error("Pop should give the layer, and then nil")
	}
	if err := m.Build(); err == nil || err.Error() != "the model has no layers" || m.Layers() != nil || m.InputShape() != nil {
		t.Errorf("error %v and layers %v of a model without layers", err, m.Layers())
	}
	m.Add(&nn.Dense{Units: 2, InputShape: []int{3}}) // as the first one, whose parameters are freed
	m.Add(&nn.Dense{Units: 1})
	if _, err := m.Predict(context.Background(), tensor.New(d, 1, 3), nn.EvaluateOptions{}); err != nil || !slices.Equal(m.InputShape(), []int{3}) {
		t.Fatalf("input %v, error %v", m.InputShape(), err)
	}
	// A layer that does not fit: Compile says so, and Pop takes it back.
	kernel := m.Weights("dense/kernel").Value
	m.Add(&nn.Conv2D{Filters: 1, Kernel: [2]int{3, 3}})
	if err := m.Compile(nn.CompileOptions{Loss: nn.MeanSquaredError{}}); err == nil || !strings.HasPrefix(err.Error(), "layer conv2d (Conv2D): ") {
		t.Errorf("error %v, want one about the convolution", err)
	}
	m.Pop()
	if err := m.Compile(nn.CompileOptions{Loss: nn.MeanSquaredError{}}); err != nil || m.Weights("dense/kernel").Value != kernel {
		t.Errorf("the other layers have other parameters, or error %v", err)
	}
	m.Pop()
	m.Add(&nn.Conv2D{Filters: 1, Kernel: [2]int{3, 3}}) // the model is no longer built
	m.Free()
	if !kernel.Buffer().Freed() || kernel.Type() != kernels.Float32 {
		t.Error("Free did not free the first layer")
	}
}

// A callback must not take away what Fit computes with.
func TestChangesDuringFit(t *testing.T) {
	d := open(t, "reference")
	x, y := tensor.From(d, make([]float32, 12), 4, 3), tensor.From(d, make([]float32, 8), 4, 2)
	options := nn.CompileOptions{Loss: nn.MeanSquaredError{}}
	var m *nn.Sequential
	for name, change := range map[string]func() error{
		"compile: Fit is running": func() error { return m.Compile(options) },
		"fit: Fit is running":     func() error { _, err := m.Fit(context.Background(), x, y, quiet(1)); return err },
		"add: Fit is running":     func() error { m.Add(&nn.Dense{Units: 2}); return nil },
		"pop: Fit is running":     func() error { m.Pop(); return nil },
		"free: Fit is running":    func() error { m.Free(); return nil },
	} {
		m = nn.NewSequential(d, nn.Seed(1), &nn.Dense{Units: 2, InputShape: []int{3}})
		if err := m.Compile(options); err != nil {
			t.Fatal(err)
		}
		_, err := m.Fit(context.Background(), x, y, quiet(1, nn.LambdaCallback{OnBatchEnd: func(*nn.Run) (err error) {
			defer func() {
				if mistake, ok := recover().(*kernels.ShapeError); ok {
					err = mistake
				}
			}()
			return change()
		}}))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
		if _, err := m.Fit(context.Background(), x, y, quiet(1)); err != nil { // the model is as before
			t.Errorf("after %q: %v", name, err)
		}
		m.Free()
	}
}
