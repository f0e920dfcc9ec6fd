package main

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// How kernels are timed, here and in torch_time.py: several calls, one after another on different
// memory, are captured as one graph. The graph is launched between two events; the result is the
// median over many launches, divided by the number of calls. The memory that the calls touch is
// larger than any GPU's cache, so each call reads its inputs from the GPU's main memory. (The CPU
// cost of a single launch is not included; the epochs' times include it.)

// warmUp is how long a case runs before it is measured; torch_time.py uses the same value.
const warmUp = 50 * time.Millisecond

// A Measurement is one line of the results.
type Measurement struct {
	Case
	By      string  `json:"by"`               // baregrad, or torch and its mode
	Kernel  string  `json:"kernel,omitempty"` // the kernel that a matrix product used
	Seconds float64 `json:"seconds"`          // per call: the median
	Fastest float64 `json:"fastest"`
	Problem string  `json:"problem,omitempty"`
}

// timeCases measures cases and writes each as a line of JSON. Alternative kernels come last,
// because the time may run out.
func timeCases(w io.Writer, d *cuda.Device, list []Case, parts *turns) error {
	to := json.NewEncoder(w)
	for _, c := range inOrder(list) {
		if !parts.take() {
			continue
		}
		if err := cmp.Or(to.Encode(measure(d, c)), lostAfter(d)); err != nil {
			return err
		}
	}
	return nil
}

// inOrder returns the cases in the order in which they are timed.
func inOrder(list []Case) []Case {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Case) int { return cmp.Compare(min(1, len(a.Form)), min(1, len(b.Form))) })
	return list
}

// measure times one case. An error of the device concerns that case alone.
func measure(d *cuda.Device, c Case) (m Measurement) {
	m = Measurement{Case: c, By: "baregrad"}
	if c.needs() > d.Info().Compute[0] {
		m.Problem = noInstructions
		return m
	}
	var held []kernels.Buffer
	defer func() {
		for _, b := range held {
			b.Free()
		}
	}()
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case *kernels.DeviceError:
			m = Measurement{Case: c, By: "baregrad", Problem: failure.Error()}
		default: // a programming error, not a measurement
			panic(failure)
		}
	}()
	if c.Kind == "matmul" && c.Form == "" {
		d.TensorCores = c.TF32
		m.Kernel = d.Picks(c.Dims[0], c.Dims[1], c.Dims[2])
		d.TensorCores = false
	}
	var operands [][]kernels.Buffer
	for i := range c.Calls {
		set := c.buffers(d)
		held = append(held, set...)
		for j, b := range set {
			if b.Type() == kernels.Float32 {
				d.Uniform(b, -1, 1, uint64(i*8+j))
			}
		}
		operands = append(operands, set)
	}
	all := func() {
		for _, set := range operands {
			c.call(d, set)
		}
	}
	all() // loads the kernels
	graph, err := d.Capture(all)
	if err != nil {
		m.Problem = err.Error()
		return m
	}
	defer graph.Free()
	last := operands[len(operands)-1]
	c.unwritten(d, last) // what is checked must be the graph's
	begin := time.Now()
	for range c.Samples { // an idle GPU first raises its clocks
		graph.Launch()
		d.Sync()
		if time.Since(begin) > warmUp {
			break
		}
	}
	var seconds []float64
	for range c.Samples {
		before, err := d.Stream().Record()
		if err == nil {
			graph.Launch()
			after, failed := d.Stream().Record()
			if err = failed; err == nil {
				took, failed := after.Since(before)
				err = failed
				seconds = append(seconds, took.Seconds()/float64(c.Calls))
			}
		}
		if err != nil {
			m.Problem = err.Error()
			return m
		}
	}
	slices.Sort(seconds)
	values := c.space()
	if m.Problem = cmp.Or(c.wrong(d, last, values), c.wrongOfIntegers(d, last, values, graph.Launch)); m.Problem == "" {
		m.Seconds, m.Fastest = seconds[len(seconds)/2], seconds[0]
	}
	return m
}
