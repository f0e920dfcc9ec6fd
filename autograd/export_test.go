package autograd

import "math"

// Poison overwrites with NaN what the plan says that no step of the backward pass
// reads: the memory of each value that is free from the pass's beginning.
func (t *Tape) Poison() (poisoned int) {
	if !t.memory.made {
		t.planMemory()
	}
	for _, b := range t.memory.blocks {
		if !b.own && b.free(period{0, 0}) {
			t.device.Fill(b.memory.Buffer(), float32(math.NaN()))
			poisoned++
		}
	}
	return poisoned
}

// SharedBytes is the memory that the plan had to allocate for gradients, and what
// they would take each for itself.
func (t *Tape) SharedBytes() (planned, apart int) {
	for _, b := range t.memory.blocks {
		if b.own {
			planned += 4 * b.memory.Len()
		}
	}
	for _, y := range t.memory.outputs {
		if y.Grad != nil {
			apart += 4 * y.Grad.Len()
		}
	}
	return planned, apart
}
