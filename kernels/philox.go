package kernels

// Philox is the counter-based random number generator Philox4x32-10 of Salmon, Moraes,
// Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC11): ten keyed rounds
// that mix a counter. It has no state, so any lane or thread can draw number i of a
// sequence, and every device draws the same numbers.
func Philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	const (
		multiplier0, multiplier1 = 0xD2511F53, 0xCD9E8D57
		weyl0, weyl1             = 0x9E3779B9, 0xBB67AE85 // golden ratio, √3−1
	)
	for range 10 {
		p0 := uint64(multiplier0) * uint64(counter[0])
		p1 := uint64(multiplier1) * uint64(counter[2])
		counter = [4]uint32{
			uint32(p1>>32) ^ counter[1] ^ key[0], uint32(p1),
			uint32(p0>>32) ^ counter[3] ^ key[1], uint32(p0),
		}
		key[0] += weyl0
		key[1] += weyl1
	}
	return counter
}

// DropoutBits are the random bits for elements 4·block … 4·block+3 of a dropout:
// the counter is (block, step, Layer, 0), the key is the seed.
func (s DropoutSpec) DropoutBits(block, step uint32) [4]uint32 {
	return Philox([4]uint32{block, step, s.Layer, 0}, [2]uint32{uint32(s.Seed), uint32(s.Seed >> 32)})
}

// Threshold is compared with an element's random bits: the element is dropped if
// bits>>8 < Threshold. 24 bits are the precision of a float32 in [0,1).
func (s DropoutSpec) Threshold() uint32 { return uint32(float64(s.Rate) * (1 << 24)) }

// UniformBits turns random bits into a float32 in [0,1): the upper 24 bits, scaled.
func UniformBits(bits uint32) float32 { return float32(bits>>8) * (1.0 / (1 << 24)) }
