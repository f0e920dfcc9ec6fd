package avx

import "baregrad/kernels"

// Dropout and uniform random numbers. Element i takes its bits from Philox's counter i/4, so parts
// begin at multiples of 4 and can be drawn in any order.

// philox holds what the kernels that draw random bits need besides their slices.
type philox struct {
	keys                   [10][2]uint32
	step, layer, threshold uint32
}

// roundKeys returns the keys of Philox's ten rounds: see kernels.Philox.
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

// DropoutGrad applies the same mask again.
func (d *Device) DropoutGrad(dx, dy, step kernels.Buffer, s kernels.DropoutSpec, m kernels.Mode) {
	s.Check("dropout gradient", dx, dy, step)
	d.dropout(dx, dy, step, s, m)
}

func (d *Device) dropout(y, x, step kernels.Buffer, s kernels.DropoutSpec, m kernels.Mode) {
	mask, drawn := d.masks.find(mask{spec: s, step: kernels.Ints(step)[0], n: y.Len()})
	j := job{y: kernels.Floats(y), a: kernels.Floats(x), kept: mask.kept, scalar: [5]float32{s.Scale()}, mode: m}
	if drawn {
		d.share(&j, y.Len(), 1, func(j *job, from, to int) {
			j.k.keep_f32(j.y[from:to], j.a[from:to], j.kept[from/32:], j.scalar[0], j.mode)
		})
		return
	}
	j.philox = philox{
		keys: roundKeys(s.Seed),
		step: uint32(mask.step), layer: s.Layer, threshold: s.Threshold(),
	}
	d.share(&j, y.Len(), randomCost, func(j *job, from, to int) {
		p := &j.philox
		j.k.dropout_f32(j.y[from:to], j.a[from:to], j.kept[from/32:], &p.keys, uint32(from/4), p.step, p.layer, p.threshold, j.scalar[0], j.mode)
	})
}

// randomCost is the cost of drawing an element's bits, in elements.
const randomCost = 4

// A mask says in bits which of n elements are kept. It follows from the other fields alone, so a
// device may cache it: the backward pass of a training step needs the masks of the forward pass
// again, and drawing one costs four times as much as reading it.
type mask struct {
	spec kernels.DropoutSpec
	step int32
	n    int
	kept []uint32
}

// masks caches the masks drawn last, one for each layer.
type masks []mask

// maxMasks is how many layers' masks are cached.
const maxMasks = 32

// find returns the mask like m, and whether its bits are drawn already; if not, the caller must draw
// them. The mask replaces the same layer's last one.
func (list *masks) find(m mask) (found *mask, drawn bool) {
	for i := range *list {
		found = &(*list)[i]
		if found.spec == m.spec && found.n == m.n {
			drawn = found.step == m.step
			found.step = m.step
			return found, drawn
		}
	}
	if len(*list) == maxMasks {
		*list = append((*list)[:0], (*list)[1:]...)
	}
	m.kept = make([]uint32, (m.n+31)/32)
	*list = append(*list, m)
	return &(*list)[len(*list)-1], false
}

// Uniform: y = low + (high−low)·u, where u is the upper 24 bits as a fraction of 2²⁴.
func (d *Device) Uniform(y kernels.Buffer, low, high float32, seed uint64) {
	kernels.SameLen("uniform", y)
	scale := float32((float64(high) - float64(low)) / (1 << 24))
	j := job{y: kernels.Floats(y), scalar: [5]float32{low, scale}, philox: philox{keys: roundKeys(seed)}}
	d.share(&j, y.Len(), randomCost, func(j *job, from, to int) {
		j.k.uniform_f32(j.y[from:to], &j.philox.keys, uint32(from/4), j.scalar[0], j.scalar[1])
	})
}
