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
// Where an operation works on each element by itself, its operand's gradient takes the
// place of its output's, element by element, and no other memory is touched.
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
	first, needed, lastRead := t.lifetimes()
	places := map[*uint64]*tensor.Tensor{}
	var waiting []*Var
	for _, y := range t.memory.outputs {
		if t.movable(y) {
			b := block{memory: y.Value.Reshape(-1)}
			if last, read := lastRead[y.pass]; read {
				b.taken = []period{{0, last}}
			}
			t.memory.blocks = append(t.memory.blocks, b)
		}
		switch {
		case first[y.pass] != y.pass: // it has no gradient, or another one's place
		case !t.movable(y): // such as the loss's, which is written once: see Tape.begun
			places[y.pass] = t.newBlock(y.Value.Len(), period{0, len(t.steps)})
		default:
			waiting = append(waiting, y)
		}
	}
	slices.SortStableFunc(waiting, func(a, b *Var) int { return cmp.Compare(b.Value.Len(), a.Value.Len()) })
	for _, y := range waiting {
		places[y.pass] = t.place(y.Value.Len(), needed[y.pass])
	}
	for _, y := range slices.Concat(t.memory.outputs, t.memory.views) {
		y.Grad = nil
		if first[y.pass] != nil {
			y.Grad = places[first[y.pass]].Reshape(y.Shape()...)
		}
	}
	t.planUpdates()
}

// movable tells whether y's gradient may lie anywhere, and its value's memory be used
// again: those of the loss, of parameters and of what is kept may not.
func (t *Tape) movable(y *Var) bool {
	return y.from != nil && y.pass != t.loss.pass && !t.memory.kept[y.pass]
}

// lifetimes works out, for each gradient that the backward pass from t.loss writes to, which
// one is the first in its place (it itself, if no other was there before), from when to
// when the place of that one is needed, and for each value the last step that reads it.
func (t *Tape) lifetimes() (first map[*uint64]*uint64, needed map[*uint64]period, lastRead map[*uint64]int) {
	first = map[*uint64]*uint64{t.loss.pass: t.loss.pass}
	needed = map[*uint64]period{t.loss.pass: {}}
	lastRead = map[*uint64]int{}
	for i, s := range slices.Backward(t.steps) {
		time := len(t.steps) - i
		if s.backward == nil || first[s.out.pass] == nil {
			continue
		}
		place := first[s.out.pass]
		needed[place] = period{needed[place].first, time}
		for _, x := range s.out.from {
			switch {
			case first[x.pass] != nil || !t.targets[x]:
			case s.out.elementwise && t.movable(s.out) && t.movable(x):
				first[x.pass] = place
			default:
				first[x.pass], needed[x.pass] = x.pass, period{time, time}
			}
		}
		for _, x := range s.reads {
			lastRead[x.pass] = time
		}
	}
	return first, needed, lastRead
}

// place finds room for n elements in the smallest block that is free for the time, or
// allocates one.
func (t *Tape) place(n int, when period) *tensor.Tensor {
	best := -1
	blocks := t.memory.blocks
	for i := range blocks {
		size := blocks[i].memory.Len()
		if size >= n && (best < 0 || size < blocks[best].memory.Len()) && blocks[i].free(when) {
			best = i
		}
	}
	if best < 0 {
		return t.newBlock(n, when)
	}
	blocks[best].taken = append(blocks[best].taken, when)
	return blocks[best].memory.Slice(0, n)
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
