package cuda_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
	"baregrad/nn"
	"baregrad/tensor"
)

// counted is the emulator as a driver that counts the calls of its streams.
type counted struct {
	driver.Driver
	launches, graphs int
	open             int // graphs that were recorded and not closed
	waits            int // calls that wait for work to finish: Read and Sync
	writes           int // copies from the host
}

type countedStream struct {
	driver.Stream
	count *counted
}

type countedGraph struct {
	driver.Graph
	count *counted
}

func (c *counted) NewStream() (driver.Stream, error) {
	s, err := c.Driver.NewStream()
	return &countedStream{s, c}, err
}

func (s *countedStream) Launch(f driver.Function, l driver.Launch) error {
	s.count.launches++
	return s.Stream.Launch(f, l)
}

func (s *countedStream) Write(dst driver.Pointer, src []byte) error {
	s.count.writes++
	return s.Stream.Write(dst, src)
}

func (s *countedStream) Read(dst []byte, src driver.Pointer) error {
	s.count.waits++
	return s.Stream.Read(dst, src)
}

func (s *countedStream) Sync() error {
	s.count.waits++
	return s.Stream.Sync()
}

func (s *countedStream) BeginCapture() error { return s.Stream.(driver.Capturer).BeginCapture() }

func (s *countedStream) EndCapture() (driver.Graph, error) {
	g, err := s.Stream.(driver.Capturer).EndCapture()
	if err == nil {
		s.count.open++
	}
	return countedGraph{g, s.count}, err
}

func (g countedGraph) Close() error {
	g.count.open--
	return g.Graph.Close()
}

func (g countedGraph) Launch() error {
	g.count.graphs++
	return g.Graph.Launch()
}

func counting(t *testing.T) (*cuda.Device, *counted) {
	t.Helper()
	c := &counted{Driver: emulator.NewDriver(emulator.Options{Checks: emulator.AllChecks})}
	d, err := cuda.New("emulator", c)
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

// Training by graphs gives the same bits as training launch by launch.
func TestTrainingByGraphs(t *testing.T) {
	plain := checked(t).(*cuda.Device)
	plain.NoGraphs = true
	want := trained(t, plain)
	d, count := counting(t)
	got := trained(t, d)
	for i := range want {
		for j := range want[i] {
			if math.Float32bits(got[i][j]) != math.Float32bits(want[i][j]) {
				t.Fatalf("parameter %d, element %d: %v by graphs, %v without", i, j, got[i][j], want[i][j])
			}
		}
	}
	// Twelve steps: one is recorded, one replayed, ten are graphs.
	if count.graphs != 10 {
		t.Errorf("%d graphs were launched, want 10", count.graphs)
	}
	// Training waits for the device once per epoch, not per step, and once at the start, to check
	// the labels. (The test reads 8 parameters twice.)
	if count.waits != 1+3+2*8 {
		t.Errorf("%d waits, want 4 and the 16 for the parameters", count.waits)
	}
}

// Training with a smaller last batch and with validation data has several tapes that share
// parameters. Each is captured separately.
func TestGraphsOfSeveralTapes(t *testing.T) {
	fit := func(d *cuda.Device) (*nn.History, [][]float32) {
		const n = 22
		values, labels := make([]float32, n*6), make([]int32, n)
		for i := range values {
			values[i] = float32((i*7)%13)/13 - 0.5
		}
		for i := range labels {
			labels[i] = int32(i % 3)
		}
		m := nn.NewSequential(d, nn.Seed(3),
			&nn.Dense{Units: 8, Activation: nn.ReLU, InputShape: []int{6}}, &nn.Dense{Units: 3, Activation: nn.Softmax})
		if err := m.Compile(nn.CompileOptions{Optimizer: nn.Adam{}, Loss: nn.SparseCategoricalCrossentropy{},
			Metrics: []nn.Metric{nn.Accuracy{}}}); err != nil {
			t.Fatal(err)
		}
		x, y := tensor.From(d, values, n, 6), tensor.From(d, labels, n)
		h, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 4, BatchSize: 4, ValidationSplit: 0.3, Verbose: nn.Silent})
		if err != nil {
			t.Fatal(err)
		}
		return h, parameters(m)
	}
	plain := checked(t).(*cuda.Device)
	plain.NoGraphs = true
	wantHistory, want := fit(plain)
	d, count := counting(t)
	gotHistory, got := fit(d)
	for name, values := range wantHistory.Values {
		if !slices.Equal(gotHistory.Values[name], values) {
			t.Errorf("%s: %v by graphs, %v without", name, gotHistory.Values[name], values)
		}
	}
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("parameter %d differs", i)
		}
	}
	// An epoch has three steps of 4 examples and one of 3, then one evaluation of 4 and one of 3:
	// 12, 4, 4 and 4 runs, the first two of each without a graph.
	if count.graphs != 10+2+2+2 {
		t.Errorf("%d graphs were launched, want 16", count.graphs)
	}
}

// small is a small tape: loss = Σ (w·x)², whose gradient is 2·w·x².
type small struct {
	tape    *autograd.Tape
	w, loss *autograd.Var
	x       *autograd.Var
}

func newSmall(d kernels.Device, extra func()) *small {
	s := &small{tape: autograd.NewTape(d), w: autograd.NewParam(tensor.From(d, []float32{1, 2, 3, 4}, 4))}
	s.x = s.tape.Input(4)
	tensor.Set(s.x.Value, []float32{1, 1, 1, 1})
	product := s.tape.Mul(s.w, s.x)
	if extra != nil {
		s.tape.Do("extra", extra)
	}
	s.loss = s.tape.Sum(s.tape.Mul(product, product), 0, 0)
	s.tape.Backward(s.loss)
	return s
}

// check replays the tape with another input and compares loss and gradient.
func (s *small) check(t *testing.T, x float32) {
	t.Helper()
	tensor.Set(s.x.Value, []float32{x, x, x, x})
	s.tape.Replay()
	w := s.w.Value.Floats()
	want := float32(0)
	for _, w := range w {
		want += w * x * w * x
	}
	if got := s.loss.Value.Floats()[0]; got != want {
		t.Errorf("x = %v: the loss is %v, want %v", x, got, want)
	}
	for i, g := range s.w.Grad.Floats() {
		if g != 2*w[i]*x*x {
			t.Errorf("x = %v: gradient %d is %v, want %v", x, i, g, 2*w[i]*x*x)
		}
	}
	if !s.tape.HasGrad(s.w) {
		t.Error("HasGrad is false after a replay")
	}
}

func TestReplayIsOneGraph(t *testing.T) {
	d, count := counting(t)
	s := newSmall(d, nil)
	s.check(t, 2)
	if captured, err := s.tape.Captured(); captured || err != nil {
		t.Errorf("captured after one replay: %v (error %v)", captured, err)
	}
	s.check(t, 3)
	if captured, err := s.tape.Captured(); !captured {
		t.Errorf("not captured after two replays: %v", err)
	}
	launches, graphs := count.launches, count.graphs
	s.check(t, 4)
	if count.launches != launches || count.graphs != graphs+1 {
		t.Errorf("a replay launched %d kernels and %d graphs, want one graph", count.launches-launches, count.graphs-graphs)
	}
	// Another tape that shares the parameter marks its gradient as its own; the next replay marks it back.
	other := autograd.NewTape(d)
	other.Backward(other.Sum(s.w, 0, 0))
	if s.tape.HasGrad(s.w) {
		t.Error("HasGrad is true after another tape's backward pass")
	}
	s.check(t, 5)
	// A parameter that gets another tensor is noticed, and so is an added step.
	s.w.Value = tensor.From(d, []float32{5, 6, 7, 8}, 4)
	for x := range 4 {
		s.check(t, float32(x))
	}
	ran := tensor.New(d, 1)
	s.tape.After(func() { d.AddScaled(ran.Buffer(), s.loss.Value.Buffer(), 1) })
	for range 4 {
		s.check(t, 1)
	}
	if got, want := ran.Floats()[0], float32(4*(25+36+49+64)); got != want {
		t.Errorf("what was added after the capture summed to %v, want %v", got, want)
	}
}

func TestCaptureIsRefused(t *testing.T) {
	for name, extra := range map[string]func(d *cuda.Device) func(){
		"read": func(d *cuda.Device) func() {
			b := d.Alloc(kernels.Float32, 1)
			return func() { kernels.Download(d, make([]float32, 1), b) }
		},
		"write": func(d *cuda.Device) func() {
			b := d.Alloc(kernels.Float32, 1)
			return func() { kernels.Upload(d, b, []float32{1}) }
		},
		"sync":  func(d *cuda.Device) func() { return d.Sync },
		"alloc": func(d *cuda.Device) func() { return func() { d.Alloc(kernels.Float32, 1) } },
	} {
		d, count := counting(t)
		s := newSmall(d, extra(d))
		for x := range 4 {
			s.check(t, float32(x))
		}
		captured, err := s.tape.Captured()
		var failure *kernels.DeviceError
		if captured || !errors.As(err, &failure) || failure.Op != name || !strings.Contains(err.Error(), "can't be captured: it is not work that can be repeated") {
			t.Errorf("%s: captured is %v, the error %v; want one that names it", name, captured, err)
		}
		if count.graphs != 0 {
			t.Errorf("%s: %d graphs were launched", name, count.graphs)
		}
		if count.open != 0 {
			t.Errorf("%s: %d graphs were recorded and not closed", name, count.open)
		}
	}
	d, _ := counting(t)
	b := d.Alloc(kernels.Float32, 1)
	if _, err := d.Capture(func() { d.Tanh(b, b) }); err == nil || !strings.Contains(err.Error(), "load tanh_fwd_f32: can't be captured") {
		t.Errorf("a kernel's first launch: error %v, want one that says that it can't be loaded", err)
	}
	d.NoGraphs = true
	s := newSmall(d, nil)
	for x := range 3 {
		s.check(t, float32(x))
	}
	if captured, err := s.tape.Captured(); captured || err == nil || !strings.Contains(err.Error(), "switched off") {
		t.Errorf("with NoGraphs, captured is %v, the error %v", captured, err)
	}
}

// A graph whose memory was freed is not launched, and the device remains usable after a mistake
// during a capture.
func TestMistakesWithGraphs(t *testing.T) {
	d, count := counting(t)
	panicked := func(f func()) (e *kernels.ShapeError) {
		defer func() { e, _ = recover().(*kernels.ShapeError) }()
		f()
		return nil
	}
	s := newSmall(d, nil)
	s.check(t, 1)
	s.check(t, 2)
	s.w.Value.Free()
	if e := panicked(s.tape.Replay); e == nil || !strings.Contains(e.Error(), "freed") {
		t.Errorf("a replay on freed memory gave %v, want a *kernels.ShapeError", e)
	}
	s.tape.Free()
	short, long := d.Alloc(kernels.Float32, 1), d.Alloc(kernels.Float32, 2)
	if e := panicked(func() {
		_, err := d.Capture(func() { d.ReLU(short, long) })
		t.Errorf("a mistake gave the error %v, want a panic", err)
	}); e == nil || !strings.Contains(e.Error(), "relu") {
		t.Errorf("a mistake gave %v, want a *kernels.ShapeError of relu", e)
	}
	if count.open != 0 {
		t.Errorf("%d graphs are not closed: the tape was freed, and the mistake's is of no use", count.open)
	}
	newSmall(d, nil).check(t, 3)
}
