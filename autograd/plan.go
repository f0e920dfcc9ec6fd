package autograd

import (
	"cmp"
	"slices"

	"baregrad/kernels"
	"baregrad/tensor"
)

// Which values and gradients of a tape share memory.
//
// A gradient is needed from the first step of the backward pass that writes to it to
// the step of the operation whose output it belongs to. A value is needed until the
// last step of the backward pass that reads it. Two that are never needed at the same
// time can use the same memory. Each step says which values it reads, so the tape knows
// all this before its first backward pass, and assigns memory to the gradients then:
// the largest gradient first, each in the smallest block that is free for long enough.
// The block may be another gradient's, or that of a value that is no longer needed.
// For an elementwise operation, the operand's gradient overwrites the output's gradient
// in place, and no other memory is touched.
//
// Each value has its own memory, because the forward pass needs most of them until its
// end. Only the backward pass may overwrite them.

// plan is what a tape knows about its memory.
type plan struct {
	shared  bool // ShareMemory was called
	made    bool // and every gradient has been assigned memory
	kept    map[*uint64]bool
	outputs []*Var // the operations' outputs, in order
	views   []*Var // their reshaped views
	blocks  []block
}

// A block is a piece of memory with the periods during which it is in use. Time counts
// the steps of the backward pass, which starts with the step that was recorded last.
type block struct {
	memory *tensor.Tensor // one axis
	taken  []period
	own    bool // allocated for gradients, not for a value
}

// A period is a range of steps, first and last included.
type period struct{ first, last int }

func (b *block) free(p period) bool {
	return !slices.ContainsFunc(b.taken, func(q period) bool { return p.first <= q.last && q.first <= p.last })
}

// ShareMemory lets the gradients of intermediate results share memory with each
// other and with values that are no longer needed. It must be called before anything
// is recorded. Afterwards, the memory of an operation's output may be overwritten
// after Backward, and its Grad even before Backward ends, unless Keep was called for
// it. The same holds for reshaped views. Parameters and their gradients, inputs, and
// buffers used by Do and After are not shared, but see Update. Forward computes all
// values again, so Backward may run once after each Forward. Where a ReLU will drop
// a gradient that nobody can see, the gradient need not be computed.
func (t *Tape) ShareMemory() {
	if len(t.steps) > 0 {
		kernels.Panicf("share memory", "the tape has %d steps already: it must be called before the first", len(t.steps))
	}
	t.memory.shared = true
}

// Keep makes v's value and gradient survive Backward although the tape's memory is
// shared.
func (t *Tape) Keep(v *Var) {
	if t.memory.kept == nil {
		t.memory.kept = map[*uint64]bool{}
	}
	t.memory.kept[v.pass] = true
	t.memory.made = false
}

// planMemory assigns memory to each gradient that the backward pass from t.loss
// writes to. A variable's pass identifies it and its reshaped views.
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
		case first[y.pass] != y.pass: // no gradient, or it overwrites another one
		case !t.movable(y): // such as the loss's, which is written only once: see Tape.begun
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

// movable reports whether y's gradient may be put anywhere and its value's memory reused.
// That excludes the loss, parameters, and variables that are kept.
func (t *Tape) movable(y *Var) bool {
	return y.from != nil && y.pass != t.loss.pass && !t.memory.kept[y.pass]
}

// lifetimes computes, for each gradient that the backward pass from t.loss writes to, the
// first gradient in the same memory (itself, unless it overwrites another in place), the
// period for which that memory is needed, and for each value the last step that reads it.
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

// place takes n elements from the smallest block that is free during the period, or
// allocates a new block.
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

// newBlock allocates a block of n elements that is in use during the period.
func (t *Tape) newBlock(n int, when period) *tensor.Tensor {
	memory := tensor.New(t.device, n)
	t.memory.blocks = append(t.memory.blocks, block{memory: memory, taken: []period{when}, own: true})
	return memory
}

// free gives back the memory that was allocated for gradients.
func (p *plan) free() {
	for _, b := range p.blocks {
		if b.own {
			b.memory.Free()
		}
	}
	p.blocks = nil
}
