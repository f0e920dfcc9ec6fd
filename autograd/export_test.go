package autograd

import "math"

// Poison overwrites with NaN every value that, according to the plan, no step of the
// backward pass reads.
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

// SharedBytes returns the memory that the plan allocated for gradients, and the memory
// that they would take without sharing.
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
