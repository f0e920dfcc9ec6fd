package kerneltest

import (
	"bytes"
	"sync"
)

// known remembers what the formulas gave for an operation. A program often tests several
// devices, or one on memory of several kinds, and differences of a formula take longer
// than all of a device's calls.
type known struct {
	mu      sync.Mutex
	answers map[string][]answer
}

// An answer is what was worked out, and from what.
type answer struct {
	in   []array
	want [][]float64
}

// remember returns what was worked out for the same inputs under this label before, or
// else works it out. The results are not to be written to. A nil known remembers nothing.
func (k *known) remember(label string, in []array, workOut func() [][]float64) [][]float64 {
	if k == nil {
		return workOut()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, before := range k.answers[label] {
		if sameArrays(before.in, in) {
			return before.want
		}
	}
	if k.answers == nil {
		k.answers = map[string][]answer{}
	}
	now := answer{in, workOut()}
	k.answers[label] = append(k.answers[label], now)
	return now.want
}

// sameArrays tells whether all arrays have the same bits.
func sameArrays(a, b []array) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].absent != b[i].absent || !a[i].absent && !bytes.Equal(a[i].host(), b[i].host()) {
			return false
		}
	}
	return true
}
