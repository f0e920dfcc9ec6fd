package cuda

import (
	"math/rand/v2"
	"testing"
)

// The multiplier and shift of inverse give the quotients of a division: for every dividend of
// small divisors, and of each divisor around every power of two, its square root and its largest
// multiples, where an inexact one would be wrong first: at n = k*d - 1 and k*d.
func TestInverse(t *testing.T) {
	const limit = 1 << 31 // dividends are below
	check := func(n, d uint64) {
		packed := inverse(int(d))
		multiplier, shift := packed&0xFFFFFFFF, packed>>32
		if got, want := n*multiplier>>shift, n/d; got != want {
			t.Fatalf("%d/%d by multiplier %d and shift %d is %d, want %d", n, d, multiplier, shift, got, want)
		}
	}
	for d := uint64(1); d <= 300; d++ {
		for n := range uint64(100_000) {
			check(n, d)
			check(limit-1-n, d)
		}
	}
	divisors := []uint64{limit}
	for d := uint64(1); d <= 70_000; d++ {
		divisors = append(divisors, d, limit-d)
	}
	for power := uint64(1 << 16); power < limit; power *= 2 {
		for near := uint64(1); near <= 64; near++ {
			divisors = append(divisors, power-near, power, power+near)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		divisors = append(divisors, 1+random.Uint64N(limit))
	}
	for _, d := range divisors {
		most := (limit - 1) / d // the largest quotient
		for _, k := range [...]uint64{1, 2, most / 2, most - min(most, 1), most, random.Uint64N(most + 1)} {
			for _, n := range [...]uint64{k * d, k*d + d - 1, k*d + 1, k*d - min(k*d, 1)} {
				check(min(n, limit-1), d)
			}
		}
		check(0, d)
		check(limit-1, d)
	}
}

// A divisor of 0, the size of an axis without elements, has an inverse that divides by nothing.
func TestInverseOfZero(t *testing.T) {
	if got := inverse(0); got != 0 {
		t.Errorf("inverse(0) is %#x, want 0", got)
	}
}
