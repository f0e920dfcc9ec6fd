package autograd

import (
	"baregrad/kernels"
	"baregrad/tensor"
)

// On a device that is a kernels.Capturer, the tape's steps are recorded, replayed once
// normally, then captured as a graph. From then on each replay launches the graph.

// repeated is work that a tape repeats.
type repeated struct {
	runs    int
	graph   kernels.Graph // nil until it is captured
	refused error         // why the device refused to capture it
	seen    []memory      // the memory that the variables had at the capture
	reached []*uint64     // the pass marks that the backward pass and its early updates set
}

// memory is where a variable's value and gradient were at the time of a capture.
type memory struct {
	v           *Var
	value, grad *tensor.Tensor
}

// settled is the number of runs after which work is captured. By then every kernel
// that it needs is loaded, and every scratch buffer has its final size.
const settled = 1

// repeat does the work, by launching its graph if there is one.
func (t *Tape) repeat(r *repeated, work func(*Tape)) {
	if r.graph != nil && !r.holds() {
		r.drop() // it is captured again once it has settled
	}
	if r.graph == nil && r.runs >= settled && r.refused == nil {
		t.capture(r, work)
	}
	if r.graph == nil {
		r.runs++
		work(t)
		return
	}
	r.graph.Launch()
	if len(r.reached) > 0 { // set the marks that Backward and the updates in the graph would set
		t.pass = passes.Add(1)
		for _, mark := range r.reached {
			*mark = t.pass
		}
	}
}

// capture makes a graph of the work. If the device refuses, the work stays uncaptured.
func (t *Tape) capture(r *repeated, work func(*Tape)) {
	device, can := t.device.(kernels.Capturer)
	if !can {
		return
	}
	before := t.pass
	graph, err := device.Capture(func() { work(t) })
	if err != nil {
		r.refused = err
		return
	}
	r.graph = graph
	for v := range t.targets {
		r.seen = append(r.seen, memory{v, v.Value, v.Grad})
		if t.pass != before && *v.pass == t.pass {
			r.reached = append(r.reached, v.pass)
		}
	}
	for _, u := range t.updates {
		if t.pass != before && u.pass == t.pass {
			r.reached = append(r.reached, &u.pass)
		}
	}
}

// holds reports whether every variable is still where it was at the capture.
func (r *repeated) holds() bool {
	for i := range r.seen {
		if m := &r.seen[i]; m.v.Value != m.value || m.v.Grad != m.grad {
			return false
		}
	}
	return true
}

// drop frees the graph.
func (r *repeated) drop() {
	if r.graph != nil {
		r.graph.Free()
	}
	*r = repeated{}
}

// forget drops the graphs, because the steps that they captured have changed.
func (t *Tape) forget() {
	t.forwards.drop()
	t.replays.drop()
}

// Captured reports whether the tape's training step is launched as one graph. If not,
// the error says why the device refused. The error is nil if the device can't capture
// at all, and before the second replay.
func (t *Tape) Captured() (bool, error) { return t.replays.graph != nil, t.replays.refused }
