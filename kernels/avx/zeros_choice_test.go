package avx

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"weak"

	"baregrad/kernels"
)

// choiceSpecs are products, with A stored either way, for which zeros are sampled.
func choiceSpecs() []kernels.MatMulSpec {
	return []kernels.MatMulSpec{{M: 32, N: 128, K: 784}, {M: 784, N: 128, K: 32, TransA: true}, {M: 200, N: 32, K: 784, TransB: true}}
}

// fewNonzeros sets all elements to 1, or if few, all but about a tenth of them to 0.
func fewNonzeros(r *rand.Rand, a []float32, few bool) {
	for i := range a {
		a[i] = 1
		if few && r.IntN(10) != 0 {
			a[i] = 0
		}
	}
}

// The answer of a sample is used for choiceCalls calls, whatever A holds meanwhile; then A is sampled
// again. No bit depends on it, and another A has its own answer.
func TestChoiceFollowsTheData(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(43, 44))
		d := workersOf(t, set, 1)
		for _, s := range choiceSpecs() {
			a, other := make([]float32, s.M*s.K), make([]float32, s.M*s.K)
			fewNonzeros(r, other, false)
			b, c := newFenced(s.K*s.N, 0).fill(r).floats(), make([]float32, s.M*s.N)
			want := make([]float32, len(c))
			for call := range 4 * choiceCalls {
				// The data change at each call; the data at the sample's call decide.
				few, sampled := call/choiceCalls%2 == call%2, call/choiceCalls%2 == 0
				fewNonzeros(r, a, few)
				d.multiply(want, a, b, nil, s, false)
				d.matmul(c, a, b, nil, s)
				if d.product.zeros != sampled {
					t.Fatalf("%+v, call %d: zeros left out: %v", s, call, d.product.zeros)
				}
				sameBits(t, fmt.Sprintf("%+v, call %d", s, call), c, want)
				d.matmul(c, other, b, nil, s)
				if d.product.zeros {
					t.Fatalf("%+v, call %d: zeros are left out of an A that has none", s, call)
				}
			}
		}
	})
}

// Two products of the same A have separate answers: the second one depends on what A holds by then.
func TestChoicesOfTheSameMatrix(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(47, 48))
		d := workersOf(t, set, 1)
		s := choiceSpecs()[0]
		other := s
		other.N *= 2
		a := make([]float32, s.M*s.K)
		for call, few := range []bool{true, false} {
			fewNonzeros(r, a, few)
			if first, second := d.manyZeros(a, s), d.manyZeros(a, other); !first || second != (call == 0) {
				t.Errorf("call %d: zeros left out of %+v: %v, and of %+v: %v", call, s, first, other, second)
			}
			d.choices.find(a, other).calls = 0 // a sample of it is due again
		}
	})
}

// More products than answers are kept for, and freed ones: no choice is wrong, and no memory is
// retained.
func TestChoicesOfManyProducts(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		r := rand.New(rand.NewPCG(45, 46))
		d := workersOf(t, set, 1)
		for i := range 5 * mostChoices {
			s := choiceSpecs()[i%2]
			a := make([]float32, s.M*s.K)
			fewNonzeros(r, a, i%3 == 0)
			s.N += i % (2 * mostChoices)
			d.choices.find(a, s).calls = 0 // another A may have been at this address
			if got := d.manyZeros(a, s); got != (i%3 == 0) {
				t.Fatalf("product %d, %+v: zeros left out: %v", i, s, got)
			}
			if i+1 == 5*mostChoices {
				kept := weak.Make(&a[0])
				a = nil
				if runtime.GC(); kept.Value() != nil {
					t.Error("A is kept from being freed")
				}
			}
		}
	})
}
