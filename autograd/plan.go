package autograd

import (
	"cmp"
	"slices"

	"baregrad/kernels"
	"baregrad/tensor"
)

// Which values and gradients of a tape share memory.
//
// A gradient is needed from the step of the backward pass that writes to it first
// to the step of the operation whose output it belongs to; a value is needed until
// the last step of the backward pass that reads it. What is not needed at the same
// time can lie in the same place. The tape knows all of that before its first
// backward pass, for each step says which values it reads. So gradients get their
// memory then: the largest first, each in the smallest block that is free for as
// long as it takes, be it that of another gradient or of a value that is done with.
//
// Values have memory of their own, as the forward pass needs most of them to the
// end. After it, though, they are overwritten.

// plan is what a tape knows of its memory.
type plan struct {
	shared  bool // ShareMemory was called
	made    bool // and every gradient has its place
	kept    map[*uint64]bool
	outputs []*Var // the operations' outputs, in their order
	views   []*Var // what Reshape made of them
	blocks  []block
}

// A block is memory, and when it is taken. Time is counted in steps of the
// backward pass; the one that is recorded last is the first.
type block struct {
	memory *tensor.Tensor // of one axis
	taken  []period
	own    bool // allocated for gradients, not for a value
}

// A period is the steps from the first to the last, both included.
type period struct{ first, last int }

func (b *block) free(p period) bool {
	return !slices.ContainsFunc(b.taken, func(q period) bool { return p.first <= q.last && q.first <= p.last })
}

// ShareMemory lets the gradients of intermediate results share memory with each
// other and with values that are needed no more. It must be called before anything
// is recorded. From then on the memory of an operation's output may hold something
// else after Backward, and its Grad even before Backward ends, unless Keep was
// told; what holds for a variable also holds for its reshaped views. Parameters,
// inputs, and what Do and After work on are not touched, nor are the gradients of
// parameters, but for what Update says of them, and
// Forward makes all values anew, so that Backward may follow once each time. Of a gradient
// that nobody can look at, what a ReLU is about to drop need not be computed.
func (t *Tape) ShareMemory() {
	if len(t.steps) > 0 {
		kernels.Panicf("share memory", "the tape has %d steps already: it must be called before the first", len(t.steps))
	}
	t.memory.shared = true
}

// Keep leaves v's value and gradient as they are after Backward, though the tape's
// memory is shared.
func (t *Tape) Keep(v *Var) {
	if t.memory.kept == nil {
		t.memory.kept = map[*uint64]bool{}
	}
	t.memory.kept[v.pass] = true
	t.memory.made = false
}

// planMemory gives a place to each gradient that the backward pass from t.loss
// writes to. A variable's pass stands for it and its reshaped views.
func (t *Tape) planMemory() {
	t.forget()
	t.memory.free()
	t.memory.made = true
	t.begun = false
	needed := map[*uint64]period{t.loss.pass: {}} // the gradients
	lastRead := map[*uint64]int{}
	for i, s := range slices.Backward(t.steps) {
		time := len(t.steps) - i
		if s.backward == nil {
			continue
		}
		need, reached := needed[s.out.pass]
		if !reached {
			continue
		}
		need.last = time
		needed[s.out.pass] = need
		for _, x := range s.out.from {
			if _, before := needed[x.pass]; !before && t.targets[x] {
				needed[x.pass] = period{time, time}
			}
		}
		for _, x := range s.reads {
			lastRead[x.pass] = time
		}
	}
	var waiting []*Var
	for _, y := range t.memory.outputs {
		y.Grad = nil
		kept := t.memory.kept[y.pass]
		if !kept && y.pass != t.loss.pass {
			b := block{memory: y.Value.Reshape(-1)}
			if last, read := lastRead[y.pass]; read {
				b.taken = []period{{0, last}}
			}
			t.memory.blocks = append(t.memory.blocks, b)
		}
		_, reached := needed[y.pass]
		switch {
		case !reached || !t.targets[y]:
		case kept, y.pass == t.loss.pass: // which is written once: see Tape.begun
			y.Grad = t.newBlock(y.Value.Len(), period{0, len(t.steps)}).Reshape(y.Shape()...)
		default:
			waiting = append(waiting, y)
		}
	}
	slices.SortStableFunc(waiting, func(a, b *Var) int { return cmp.Compare(b.Value.Len(), a.Value.Len()) })
	for _, y := range waiting {
		y.Grad = t.place(y.Shape(), needed[y.pass])
	}
	for _, v := range t.memory.views {
		v.Grad = nil
		i := slices.IndexFunc(t.memory.outputs, func(y *Var) bool { return y.pass == v.pass })
		if g := t.memory.outputs[i].Grad; g != nil {
			v.Grad = g.Reshape(v.Shape()...)
		}
	}
	t.planUpdates()
}

// place finds the smallest block that is free for the time, or allocates one.
func (t *Tape) place(shape []int, when period) *tensor.Tensor {
	n, best := tensor.Size(shape), -1
	blocks := t.memory.blocks
	for i := range blocks {
		size := blocks[i].memory.Len()
		if size >= n && (best < 0 || size < blocks[best].memory.Len()) && blocks[i].free(when) {
			best = i
		}
	}
	if best < 0 {
		return t.newBlock(n, when).Reshape(shape...)
	}
	blocks[best].taken = append(blocks[best].taken, when)
	return blocks[best].memory.Slice(0, n).Reshape(shape...)
}

// newBlock allocates a block of n elements that is taken for the time.
func (t *Tape) newBlock(n int, when period) *tensor.Tensor {
	memory := tensor.New(t.device, n)
	t.memory.blocks = append(t.memory.blocks, block{memory: memory, taken: []period{when}, own: true})
	return memory
}

// free gives back what was allocated for gradients.
func (p *plan) free() {
	for _, b := range p.blocks {
		if b.own {
			b.memory.Free()
		}
	}
	p.blocks = nil
}
