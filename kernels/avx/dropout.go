package avx

import "baregrad/kernels"

// Dropout and uniform random numbers. Element i draws its bits from Philox's
// counter i/4, so parts begin at multiples of 4 and can be drawn in any order.

// philox is what the kernels that draw random bits need besides their slices.
type philox struct {
	keys                   [10][2]uint32
	step, layer, threshold uint32
}

// roundKeys are the keys of Philox's ten rounds: see kernels.Philox.
func roundKeys(seed uint64) (keys [10][2]uint32) {
	key := [2]uint32{uint32(seed), uint32(seed >> 32)}
	for r := range keys {
		keys[r] = key
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return keys
}

func (d *Device) Dropout(y, x, step kernels.Buffer, s kernels.DropoutSpec) {
	s.Check("dropout", y, x, step)
	d.dropout(y, x, step, s, kernels.Overwrite)
}

// DropoutGrad draws the same mask again.
func (d *Device) DropoutGrad(dx, dy, step kernels.Buffer, s kernels.DropoutSpec, m kernels.Mode) {
	s.Check("dropout gradient", dx, dy, step)
	d.dropout(dx, dy, step, s, m)
}

func (d *Device) dropout(y, x, step kernels.Buffer, s kernels.DropoutSpec, m kernels.Mode) {
	j := job{y: kernels.Floats(y), a: kernels.Floats(x), scalar: [5]float32{s.Scale()}, mode: m}
	j.philox = philox{
		keys: roundKeys(s.Seed),
		step: uint32(kernels.Ints(step)[0]), layer: s.Layer, threshold: s.Threshold(),
	}
	d.share(j, y.Len(), 1, func(j *job, from, to int) {
		p := &j.philox
		j.k.dropout_f32(j.y[from:to], j.a[from:to], &p.keys, uint32(from/4), p.step, p.layer, p.threshold, j.scalar[0], j.mode)
	})
}

// Uniform: y = low + (high−low)·u, where u is the upper 24 of the bits, as a fraction of 2²⁴.
func (d *Device) Uniform(y kernels.Buffer, low, high float32, seed uint64) {
	kernels.SameLen("uniform", y)
	scale := float32((float64(high) - float64(low)) / (1 << 24))
	j := job{y: kernels.Floats(y), scalar: [5]float32{low, scale}, philox: philox{keys: roundKeys(seed)}}
	d.share(j, y.Len(), 1, func(j *job, from, to int) {
		j.k.uniform_f32(j.y[from:to], &j.philox.keys, uint32(from/4), j.scalar[0], j.scalar[1])
	})
}
