package nn

import "math/rand/v2"

// Random is the only source of randomness in a model: initial weights, the order of the
// training data, and the seed of every dropout come from it, in the order in which they
// are requested. Its state can be saved, so that an interrupted training run continues as
// if it had not been interrupted.
type Random struct {
	*rand.Rand
	source *rand.PCG
}

// Seed returns a generator that always gives the same numbers for the same seed.
func Seed(seed uint64) *Random {
	source := rand.NewPCG(seed, 0x9E3779B97F4A7C15)
	return &Random{rand.New(source), source}
}

// MarshalBinary returns the generator's state.
func (r *Random) MarshalBinary() ([]byte, error) { return r.source.MarshalBinary() }

// UnmarshalBinary sets the generator's state.
func (r *Random) UnmarshalBinary(state []byte) error {
	if r.source == nil {
		*r = *Seed(0)
	}
	return r.source.UnmarshalBinary(state)
}
