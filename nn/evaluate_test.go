package nn_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/nn"
	"baregrad/tensor"
)

// One pass gives the same results, bit for bit, as Evaluate and Predict separately. 70
// examples in batches of 32 leave a smaller one at the end.
func TestEvaluatePredict(t *testing.T) {
	d := open(t, "cpu")
	x, y := stripes(d, 70)
	m := stripeModel(t, d, 1)
	ctx := context.Background()
	want, err := m.Evaluate(ctx, x, y, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := m.Predict(ctx, x, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	scores, predictions, err := m.EvaluatePredict(ctx, x, y, nn.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(scores, want) {
		t.Errorf("scores are %v, Evaluate's are %v", scores, want)
	}
	if !slices.Equal(predictions.Shape(), []int{70, 4}) || !slices.Equal(predictions.Floats(), outputs.Floats()) {
		t.Errorf("predictions %v differ from Predict's", predictions.Shape())
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if scores, predictions, err := m.EvaluatePredict(ctx, x, y, nn.EvaluateOptions{}); !errors.Is(err, context.Canceled) || scores != nil || predictions != nil {
		t.Errorf("with its context ended it gave %v, %v, %v, want the context's error alone", scores, predictions, err)
	}
}

// failing is a device that can't copy, and that remembers what it allocated.
type failing struct {
	kernels.Device
	allocated []kernels.Buffer
}

func (d *failing) Alloc(t kernels.Type, n int) kernels.Buffer {
	d.allocated = append(d.allocated, d.Device.Alloc(t, n))
	return d.allocated[len(d.allocated)-1]
}

func (d *failing) Copy(dst, src kernels.Buffer) {
	panic(&kernels.DeviceError{Device: "failing", Op: "copy", Err: errors.New("no copies today")})
}

// After a failure of the device there is an error, no partial predictions, and no memory left behind.
func TestPredictOnAFailingDevice(t *testing.T) {
	d := &failing{Device: reference.New()}
	x, y := stripes(d, 70)
	m := stripeModel(t, d, 1)
	for name, predict := range map[string]func() (*tensor.Tensor, error){
		"Predict": func() (*tensor.Tensor, error) { return m.Predict(context.Background(), x, nn.EvaluateOptions{}) },
		"EvaluatePredict": func() (*tensor.Tensor, error) {
			scores, p, err := m.EvaluatePredict(context.Background(), x, y, nn.EvaluateOptions{})
			if scores != nil {
				t.Errorf("EvaluatePredict gives the scores %v", scores)
			}
			return p, err
		},
	} {
		d.allocated = nil
		p, err := predict()
		var failed *kernels.DeviceError
		if p != nil || !errors.As(err, &failed) {
			t.Errorf("%s gives %v, %v, want nothing and a *kernels.DeviceError", name, p, err)
		}
		for i, b := range d.allocated {
			if !freed(b) {
				t.Errorf("%s: buffer %d of %d, of %d %v, is not freed", name, i, len(d.allocated), b.Len(), b.Type())
			}
		}
		if len(d.allocated) == 0 {
			t.Errorf("%s allocated nothing: the test shows nothing", name)
		}
	}
}

// Compile frees the state of the previous optimizer, and Free everything else.
func TestFreeModel(t *testing.T) {
	d := &failing{Device: reference.New()}
	x, y := stripes(d, 40)
	held := func(from int) (n int) {
		for _, b := range d.allocated[from:] {
			if !freed(b) {
				n++
			}
		}
		return n
	}
	begin := len(d.allocated)
	m := stripeModel(t, d, 1)
	params := len(m.Params())
	o, _ := m.Compiled()
	for range 3 {
		if err := m.Compile(o); err != nil {
			t.Fatal(err)
		}
		if n := held(begin); n != 3*params { // with Adam's m and v
			t.Errorf("a model of %d parameters, compiled again, holds %d buffers, want %d", params, n, 3*params)
		}
	}
	if _, err := m.Fit(context.Background(), x, y, quiet(1)); err != nil {
		t.Fatal(err)
	}
	if n := held(begin); n != 4*params { // and gradients
		t.Errorf("a model of %d parameters, trained, holds %d buffers, want %d", params, n, 4*params)
	}
	m.Free()
	if n := held(begin); n != 0 {
		t.Errorf("after Free %d buffers are held, want none", n)
	}
}

// freed reports whether a host buffer can no longer be used.
func freed(b kernels.Buffer) (yes bool) {
	defer func() { yes = recover() != nil }()
	b.Slice(0, 0)
	return false
}
