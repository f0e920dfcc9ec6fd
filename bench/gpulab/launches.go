package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	"baregrad/bench"
	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/nn"
)

// What a profiler looks at: each kernel behind a goal, launched once and outside of a graph. It runs
// a kernel many times by itself, for one group of counters after another.

// A launchSet is what one process launches. The sets are in the order of their value, because the
// time may run out.
type launchSet struct {
	name    string // also of its files
	network string // a training step of this network, or
	cases   []Case // these cases
}

// launchSets lists all sets.
func launchSets(smoke bool) []launchSet {
	products, tf32, convolutions, memory := launchSet{name: "products"}, launchSet{name: "tf32"}, launchSet{name: "convolutions"}, launchSet{name: "memory"}
	all := cases(smoke)
	for _, c := range all {
		square := c.Kind == "matmul" && c.Dims[0] == c.Dims[1] && c.Dims[1] == c.Dims[2]
		switch {
		case square && c.TF32 && (c.Dims[0] == 8192 || smoke):
			tf32.cases = append(tf32.cases, c)
		case square && !c.TF32 && c.Form == "" && (c.Dims[0] == 4096 || smoke):
			products.cases = append(products.cases, c)
			for _, other := range all { // by the kernels that were timed at other sizes
				if other.Kind == "matmul" && !other.TF32 && other.Form != "" && other.Dims[0] == other.Dims[1] && (other.Dims[0] == 8192 || smoke) {
					one := c
					one.Form, one.Name = other.Form, c.Name+" by "+other.Form
					products.cases = append(products.cases, one)
				}
			}
		case c.Kind == "matmul" && !square && !c.TF32:
			products.cases = append(products.cases, c)
		case c.group() == "conv" && c.Dims[4] == 3:
			convolutions.cases = append(convolutions.cases, c)
		case c.group() == "memory" && c.Kind != "copy": // which is no kernel
			memory.cases = append(memory.cases, c)
		}
	}
	return []launchSet{
		{name: "mnist-cnn", network: "mnist-cnn"}, {name: "mnist-mlp", network: "mnist-mlp"},
		products, convolutions, memory, tf32,
	}
}

// A Launched is one launch of a kernel.
type Launched struct {
	What    string `json:"what"` // of a case, or of a training step; empty for what only prepares it
	Kernel  string `json:"kernel,omitempty"`
	Grid    [3]int `json:"grid"`
	Block   [3]int `json:"block"`
	Problem string `json:"problem,omitempty"` // of a case that could not be launched
}

// launchSetOf launches the kernels of a set and writes each launch as a line of JSON.
func launchSetOf(g driver.Driver, set launchSet, smoke bool, to *json.Encoder) (err error) {
	r := &recorder{Driver: g, to: to}
	d, err := cuda.New("cuda", r)
	if err != nil {
		return err
	}
	defer func() {
		if closing := d.Close(); err == nil {
			err = closing
		}
	}()
	if set.network != "" {
		return r.step(d, set.network, smoke)
	}
	for _, c := range set.cases {
		if c.needs() > d.Info().Compute[0] {
			continue
		}
		if err := r.once(d, c); err != nil {
			return err
		}
	}
	return nil
}

// A recorder is a driver that writes down the launches. Its streams are no driver.Capturers, so that
// training steps are launched kernel by kernel.
type recorder struct {
	driver.Driver
	to   *json.Encoder
	what string // is launched at the moment
}

type recordedStream struct {
	driver.Stream
	by *recorder
}

func (r *recorder) NewStream() (driver.Stream, error) {
	s, err := r.Driver.NewStream()
	return recordedStream{s, r}, err
}

func (s recordedStream) Launch(f driver.Function, l driver.Launch) error {
	if err := s.Stream.Launch(f, l); err != nil {
		return err
	}
	dims := func(d driver.Dim) [3]int { return [3]int{max(1, d.X), max(1, d.Y), max(1, d.Z)} }
	return s.by.to.Encode(Launched{What: s.by.what, Kernel: f.Name(), Grid: dims(l.Grid), Block: dims(l.Block)})
}

// once computes a case once, of random numbers. They come from the host: kernels that draw them would
// be profiled, too. A failure is that case's alone unless the GPU is lost.
func (r *recorder) once(d *cuda.Device, c Case) (err error) {
	var held []kernels.Buffer
	defer func() {
		r.what = ""
		switch failure := recover().(type) {
		case nil:
		case *kernels.DeviceError:
			err = r.to.Encode(Launched{What: c.Name, Problem: failure.Error()})
			if d.Lost() {
				err = errLost
			}
		default: // a programming error
			panic(failure)
		}
		for _, b := range held {
			b.Free()
		}
	}()
	from := rand.NewPCG(5, 6)
	held = c.buffers(d)
	for _, b := range held {
		if b.Type() != kernels.Float32 {
			continue
		}
		values := make([]float32, b.Len())
		repeating(values, func() float32 { return float32(from.Uint64()>>40)*0x1p-23 - 1 })
		kernels.Upload(d, b, values)
	}
	r.what = c.Name
	c.call(d, held)
	d.Sync()
	return nil
}

// step trains a network for some steps, and names the launches of one of them, after everything has
// been recorded and has its memory.
func (r *recorder) step(d *cuda.Device, network string, smoke bool) error {
	n, err := bench.NetworkByName(network)
	if err != nil {
		return err
	}
	m, err := n.Model(d)
	if err != nil {
		return err
	}
	defer m.Free()
	data, err := n.Data(context.Background())
	if err != nil {
		return err
	}
	const steps = 4
	batch := n.Batch
	if smoke {
		batch = 1
	}
	x, y, err := n.Tensors(d, data, steps*batch)
	if err != nil {
		return err
	}
	defer x.Free()
	defer y.Free()
	_, err = m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 1, BatchSize: batch, Verbose: nn.Silent,
		Callbacks: []nn.Callback{naming{r: r, d: d, step: steps - 1, what: fmt.Sprintf("a step of %s, batch %d", network, batch)}}})
	return err
}

// naming names the launches of one step, counted from 1.
type naming struct {
	nn.BaseCallback
	r    *recorder
	d    *cuda.Device
	step int
	what string
}

func (n naming) BatchEnd(run *nn.Run) error {
	n.d.Sync() // some launches are put off
	n.r.what = ""
	if run.Batch+2 == n.step {
		n.r.what = n.what
	}
	return nil
}

// launchSetByName finds a set.
func launchSetByName(name string, smoke bool) (launchSet, error) {
	sets := launchSets(smoke)
	var names []string
	for _, s := range sets {
		names = append(names, s.name)
	}
	if i := slices.Index(names, name); i >= 0 {
		return sets[i], nil
	}
	return launchSet{}, fmt.Errorf("no set of launches is called %q: there are %v", name, names)
}
