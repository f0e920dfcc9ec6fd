package autograd

import (
	"baregrad/kernels"
	"baregrad/tensor"
)

// A tape's steps on a device that is a kernels.Capturer: recorded, replayed once
// as they are, then captured as a graph, and from then on launched as one piece of
// work.

// repeated is work that a tape does again and again.
type repeated struct {
	runs    int
	graph   kernels.Graph // nil until it is captured
	refused error         // why the device captures none
	seen    []memory      // what the work was captured with
	reached []*uint64     // the marks that the backward pass in it sets, and the updates by it
}

// memory is where a variable was at the time of a capture.
type memory struct {
	v           *Var
	value, grad *tensor.Tensor
}

// settled is the number of replays after which work is captured. By then every
// kernel that it needs is loaded, and every scratch buffer as large as it gets.
const settled = 1

// repeat does the work, by a graph if there is one.
func (t *Tape) repeat(r *repeated, work func(*Tape)) {
	if r.graph != nil && !r.holds() {
		r.drop() // it is captured anew when it has settled
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
	if len(r.reached) > 0 { // Backward, which marks what it reaches, is in the graph, and so are updates
		t.pass = passes.Add(1)
		for _, mark := range r.reached {
			*mark = t.pass
		}
	}
}

// capture makes a graph of the work. If the device refuses, it stays as it is.
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

// holds tells whether every variable is still where it was captured.
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

// forget drops the graphs, because what they were captured from is no more.
func (t *Tape) forget() {
	t.forwards.drop()
	t.replays.drop()
}

// Captured tells whether the tape's training step is launched as one graph. If
// it is not, the error says why the device refused; it is nil where the device
// is none that captures, and before the second replay.
func (t *Tape) Captured() (bool, error) { return t.replays.graph != nil, t.replays.refused }
