package avx

import "baregrad/kernels"

// Whether leaving out zeros pays is told by a sample of A, which takes as long as a hundredth of a
// small product. A training has the same products in each step, with A at the same place, and the
// answer hardly ever changes from one step to the next. So it is kept for some calls. The bits of
// C are the same either way: an old answer may cost time, and nothing else.

// zeroChoice is what a sample told of an A.
type zeroChoice struct {
	a      uintptr // where A is: not a pointer, which would keep it from being freed
	spec   kernels.MatMulSpec
	calls  int // that still take the answer from here
	cost   int // what costWithoutZeros gives,
	shares rowShares
	single bool // and what it sets in matmulTask
}

const (
	// choiceCalls is for how many calls one sample tells the answer.
	choiceCalls = 16
	// mostChoices is of how many products the answer is kept.
	mostChoices = 16
)

// zeroChoices are those of the products that were met last.
type zeroChoices struct {
	of   [mostChoices]zeroChoice
	next int // is overwritten next
}

// find gives the place for the choice of a product of A. If it has no calls left, a sample is due.
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
