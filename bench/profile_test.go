package bench

import (
	"context"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/kernels/kerneltest"
	"baregrad/kernels/reference"
)

// A timed device computes the same as the device that it wraps, and wraps every operation: one that
// it lacked would not be timed.
func TestTimedDevice(t *testing.T) {
	d := &timed{Device: reference.New(), on: true}
	kerneltest.Run(t, func() kernels.Device { return d }, kerneltest.Small, kerneltest.DriverAllocates)
	seen := map[string]bool{"Name": true, "Close": true, "Alloc": true, "Write": true, "Read": true, "Copy": true, "Sync": true}
	for _, c := range d.calls {
		seen[c.operation] = true
	}
	operations := reflect.TypeFor[kernels.Device]()
	for i := range operations.NumMethod() {
		if name := operations.Method(i).Name; !seen[name] {
			t.Errorf("%s is not timed", name)
		}
	}
	if len(d.seconds) != len(d.calls) {
		t.Errorf("%d times of %d calls", len(d.seconds), len(d.calls))
	}
	d.begin(false)
	x := d.Alloc(kernels.Float32, 1)
	d.Fill(x, 3)
	if d.Read(kernels.Bytes(make([]float32, 1)), x); len(d.calls) != 0 {
		t.Errorf("a device that is off keeps %v", d.calls)
	}
}

// The calls of a step contain all of its arithmetic, in the order of its phases.
func TestProfileHasTheStep(t *testing.T) {
	d, err := auto.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	c := Config{d.Name(), runtime.GOMAXPROCS(0)}
	for _, n := range Networks() {
		f, err := newProfiler(context.Background(), c, n, nil)
		if err != nil {
			t.Fatal(err)
		}
		f.device.begin(true)
		if err := f.trainer.Step(); err != nil {
			t.Fatal(err)
		}
		flop := 0.0
		for _, c := range f.device.calls {
			flop += c.flop
		}
		if want := f.trainer.FLOP(); flop != want {
			t.Errorf("%s: the calls have %v operations, a step has %v", n.Name, flop, want)
		}
		names := phases(f.device.calls)
		order := strings.Join(names, " ")
		if got := strings.Count(order, "forward backward") + strings.Count(order, "backward update"); got != 2 ||
			strings.Contains(order, "update backward") || strings.Contains(order, "update forward") || strings.Contains(order, "backward forward") {
			t.Errorf("%s: the phases are %v", n.Name, names)
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}
}

func TestProfileSteps(t *testing.T) {
	n, err := NetworkByName("binary-mlp")
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.GOMAXPROCS(0)
	p, err := ProfileSteps(context.Background(), n, []Config{{"reference", 1}, {"reference", 2}}, time.Nanosecond)
	if err != nil {
		t.Fatal(err)
	}
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("GOMAXPROCS is %d afterwards, was %d", got, before)
	}
	if p.Batch != 200 || p.Network != "binary-mlp" || len(p.Results) != 2 || p.Results[1].Threads != 2 {
		t.Fatalf("profile %+v", p)
	}
	for _, r := range p.Results {
		if r.Steps < 1 || !(r.StepSeconds > 0) || len(r.Calls) != len(p.Results[0].Calls) {
			t.Fatalf("result %+v", r)
		}
		share := 0.0
		for _, c := range r.Calls {
			if !(c.Seconds >= 0) || strings.Contains(c.Operation, "MatMul") != (c.GFLOPS > 0) {
				t.Errorf("call %+v", c)
			}
			share += c.Share
		}
		if sum := r.Sum() / r.StepSeconds; !(math.Abs(share-sum) < 1e-9) {
			t.Errorf("the shares add up to %v, the times to %v", share, sum)
		}
	}
}

func TestProfileText(t *testing.T) {
	p := &Profile{Results: []ProfileResult{{Config{"avx2", 1}, 5, 100e-6, []CallTime{
		{"forward", "Gather", "200×784", 10e-6, 0.1, 0},
		{"backward", "MatMul", "8×9×10, Aᵀ·B", 50e-6, 0.5, 123},
	}}}}
	const one = `                                                      avx2/cores=1
                                              µs    share  GFLOP/s
forward
  Gather                 200×784            10.0   10.0 %           ██
backward
  MatMul                 8×9×10, Aᵀ·B       50.0   50.0 %      123  ██████████
all calls                                   60.0   60.0 %           ████████████
a step, calls not timed                    100.0  100.0 %           ████████████████████
`
	if got := p.Text(0); got != one {
		t.Errorf("got\n%swant\n%s", got, one)
	}
	p.Results = append(p.Results, ProfileResult{Config{"avx2", 2}, 5, 40e-6, []CallTime{
		{"forward", "Gather", "200×784", 8e-6, 0.2, 0},
		{"backward", "MatMul", "8×9×10, Aᵀ·B", 20e-6, 0.5, 307.5},
	}})
	const two = `                                                      avx2/cores=1                 avx2/cores=2
                                              µs    share  GFLOP/s         µs    share  GFLOP/s      ×
forward
  Gather                 200×784            10.0   10.0 %                 8.0   20.0 %            1.25
backward
  MatMul                 8×9×10, Aᵀ·B       50.0   50.0 %      123       20.0   50.0 %      308   2.50
all calls                                   60.0   60.0 %                28.0   70.0 %            2.14
a step, calls not timed                    100.0  100.0 %                40.0  100.0 %            2.50
`
	if got := p.Text(0); got != two {
		t.Errorf("got\n%swant\n%s", got, two)
	}
}

func TestCallShapes(t *testing.T) {
	conv := kernels.ConvSpec{N: 2, H: 28, W: 28, C: 3, KH: 5, KW: 3, Out: 7, OH: 24, OW: 26}
	for _, c := range []struct {
		call call
		want string
		flop float64
	}{
		{of("Sum", 1, 20, 1), "1×20×1", 0},
		{product("MatMul", kernels.MatMulSpec{M: 2, N: 3, K: 5}, false), "2×3×5", 60},
		{product("MatMul", kernels.MatMulSpec{M: 2, N: 3, K: 5, ReLU: true}, true), "2×3×5, bias, ReLU", 60},
		{product("MatMul", kernels.MatMulSpec{M: 2, N: 3, K: 5, TransB: true}, false), "2×3×5, A·Bᵀ", 60},
		{convolution("Conv2DReLUMaxPoolGrad", conv, 2), "2×28×28×3, 5×3 → 7", 2 * 2 * 2 * 24 * 26 * 45 * 7},
	} {
		if got := c.call.shape(); got != c.want || c.call.flop != c.flop {
			t.Errorf("%+v: %q with %v operations, want %q with %v", c.call, got, c.call.flop, c.want, c.flop)
		}
	}
}
