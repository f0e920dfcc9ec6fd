package reference

import "baregrad/kernels"

// Dropout: y[i] = x[i]·Scale if element i is kept, otherwise 0. Element i is
// dropped if (bits[i]>>8) < Threshold. Each draw from Philox gives the bits of four
// neighbours: bits[4·block … 4·block+3] = Philox((block, step, Layer, 0), Seed).
// The gradient draws the same bits again.

func (d *Device) Dropout(y, x, step kernels.Buffer, s kernels.DropoutSpec) {
	s.Check("dropout", y, x, step)
	dropout(kernels.Floats(y), kernels.Floats(x), kernels.Ints(step)[0], s, kernels.Overwrite)
}

// DropoutGrad: dx[i] = dy[i]·Scale if element i was kept, otherwise 0.
func (d *Device) DropoutGrad(dx, dy, step kernels.Buffer, s kernels.DropoutSpec, m kernels.Mode) {
	s.Check("dropout gradient", dx, dy, step)
	dropout(kernels.Floats(dx), kernels.Floats(dy), kernels.Ints(step)[0], s, m)
}

func dropout(y, x []float32, step int32, s kernels.DropoutSpec, m kernels.Mode) {
	threshold, scale := s.Threshold(), s.Scale()
	var bits [4]uint32
	for i, v := range x {
		if i%4 == 0 {
			bits = s.DropoutBits(uint32(i/4), uint32(step))
		}
		kept := float32(0)
		if bits[i%4]>>8 >= threshold {
			kept = v * scale
		}
		put(&y[i], kept, m)
	}
}

// Uniform: y[i] = low + (high−low)·u[i], u[4·block …] = Philox((block, 0, 0, 1), seed).
func (d *Device) Uniform(y kernels.Buffer, low, high float32, seed uint64) {
	kernels.SameLen("uniform", y)
	key := [2]uint32{uint32(seed), uint32(seed >> 32)}
	width := float64(high) - float64(low)
	var bits [4]uint32
	ys := kernels.Floats(y)
	for i := range ys {
		if i%4 == 0 {
			bits = kernels.Philox([4]uint32{uint32(i / 4), 0, 0, 1}, key)
		}
		ys[i] = float32(float64(low) + float64(width*float64(kernels.UniformBits(bits[i%4]))))
	}
}
