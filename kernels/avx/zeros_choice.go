package avx

import "baregrad/kernels"

// A sample of A tells whether skipping zeros pays; it takes a hundredth of the time of a small
// product. A training has the same products in each step, with A at the same address, and the answer
// rarely changes from step to step. So it is reused for some calls. The bits of C are the same either
// way: an outdated answer only costs time.

// zeroChoice is the answer of a sample of one A.
type zeroChoice struct {
	a      uintptr // address of A; not a pointer, which would keep it from being freed
	spec   kernels.MatMulSpec
	calls  int // number of calls that may still use the answer
	cost   int // the result of costWithoutZeros
	shares rowShares
	single bool // and what it sets in matmulTask
}

const (
	// choiceCalls is how many calls use the answer of one sample.
	choiceCalls = 16
	// mostChoices is how many products' answers are kept.
	mostChoices = 16
)

// zeroChoices holds the answers for the most recent products.
type zeroChoices struct {
	of   [mostChoices]zeroChoice
	next int // the entry to overwrite next
}

// find returns the entry for a product of A. If it has no calls left, a new sample is due.
func (z *zeroChoices) find(a []float32, s kernels.MatMulSpec) *zeroChoice {
	at := address(a)
	for i := range z.of {
		if c := &z.of[i]; c.a == at && c.spec == s {
			return c
		}
	}
	c := &z.of[z.next]
	z.next = (z.next + 1) % mostChoices
	*c = zeroChoice{a: at, spec: s}
	return c
}
