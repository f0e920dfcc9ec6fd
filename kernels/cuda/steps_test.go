package cuda_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"baregrad/bench"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/nn"
)

// lister is a driver that does no work and lists the nodes of captured graphs.
type lister struct {
	compute   [2]int
	next      driver.Pointer
	capturing bool
	loaded    []string // the texts of all loaded files
	nodes     []string // of the last graph
}

func (l *lister) note(name string) error {
	if l.capturing {
		l.nodes = append(l.nodes, name)
	}
	return nil
}

func (l *lister) BeginCapture() error               { l.capturing, l.nodes = true, nil; return nil }
func (l *lister) EndCapture() (driver.Graph, error) { l.capturing = false; return listed{}, nil }
func (l *lister) Alloc(bytes int64) (driver.Pointer, error) {
	start := l.next + 256 // no address is 0
	l.next += driver.Pointer(bytes+255) &^ 255
	return start, nil
}
func (l *lister) Launch(f driver.Function, _ driver.Launch) error    { return l.note(f.Name()) }
func (l *lister) Copy(dst, src driver.Pointer, bytes int64) error    { return l.note("copy") }
func (l *lister) Fill(dst driver.Pointer, value byte, n int64) error { return l.note("fill") }
func (l *lister) Read(dst []byte, src driver.Pointer) error          { clear(dst); return nil }
func (l *lister) Write(driver.Pointer, []byte) error                 { return nil }
func (l *lister) Record() (driver.Event, error)                      { return listed{}, nil }
func (l *lister) Info() driver.Info                                  { return driver.Info{Name: "lister", Compute: l.compute} }
func (l *lister) Memory() (used, free int64)                         { return 0, 0 }
func (l *lister) Free(driver.Pointer) error                          { return nil }
func (l *lister) Load(name, text string) (driver.Module, error) {
	l.loaded = append(l.loaded, text)
	return l, nil
}
func (l *lister) Function(name string) (driver.Function, error) { return entry(name), nil }
func (l *lister) NewStream() (driver.Stream, error)             { return l, nil }
func (l *lister) Sync() error                                   { return nil }
func (l *lister) Close() error                                  { return nil }

type entry string

func (e entry) Name() string { return string(e) }

type listed struct{}

func (listed) Launch() error                             { return nil }
func (listed) Close() error                              { return nil }
func (listed) Since(driver.Event) (time.Duration, error) { return 0, nil }

// stepOf returns the nodes of the graph of a network's training step.
func stepOf(t *testing.T, n bench.Network) []string {
	t.Helper()
	l := &lister{compute: [2]int{9, 0}}
	stepBy(t, n, l)
	return l.nodes
}

func stepBy(t *testing.T, n bench.Network, l *lister) {
	t.Helper()
	d, err := cuda.New("cuda", l)
	if err != nil {
		t.Fatal(err)
	}
	m, err := n.Model(d)
	if err != nil {
		t.Fatal(err)
	}
	data, err := n.Data(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x, y, err := n.Tensors(d, data, 4*n.Batch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 1, BatchSize: n.Batch, Verbose: nn.Silent}); err != nil {
		t.Fatal(err)
	}
}

// A training step has no more launches than listed, because launches are most of the cost of these
// small networks' steps on a GPU.
func TestLaunchesOfAStep(t *testing.T) {
	most := map[string]int{
		"mnist-mlp": 12, "mnist-cnn": 27, "fashion-mlp": 12, "binary-mlp": 25, "mnist-wide-mlp": 12, "mnist-cnn-channels-first": 21,
	}
	for _, n := range bench.Networks() {
		nodes := stepOf(t, n)
		if len(nodes) == 0 || len(nodes) > most[n.Name] {
			t.Errorf("%s: %d launches, want from 1 to %d:\n%s", n.Name, len(nodes), most[n.Name], strings.Join(nodes, "\n"))
		}
		for _, name := range []string{"adam_f32", "rmsprop_f32"} {
			if updates := strings.Count(strings.Join(nodes, " "), name); updates > 1 {
				t.Errorf("%s: %d launches of %s, want 1 for all parameters", n.Name, updates, name)
			}
		}
	}
}

// All networks can be trained on a GPU of sm_70: no loaded file needs a later one.
func TestStepsOnOlderGPUs(t *testing.T) {
	for _, n := range bench.Networks() {
		l := &lister{compute: [2]int{7, 0}}
		stepBy(t, n, l)
		if len(l.nodes) == 0 {
			t.Errorf("%s: no launches", n.Name)
		}
		for _, text := range l.loaded {
			if !strings.Contains(text, ".target sm_70") {
				t.Errorf("%s: a file is loaded that is for a later GPU than sm_70:\n%s", n.Name, strings.SplitAfterN(text, ".target", 2)[0])
			}
		}
	}
}
