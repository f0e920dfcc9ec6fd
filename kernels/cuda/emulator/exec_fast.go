package emulator

import (
	"math"

	"baregrad/kernels/cuda/emulator/arith"
)

// Handlers of the most frequent instructions, written out so that the loop over the lanes contains
// no calls.

func addB32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = a[i] + b[i]
	}
}

func subB32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = a[i] - b[i]
	}
}

func mulLoB32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = a[i] * b[i]
	}
}

func madLoB32(w *warp, o *op, _ uint32) {
	d, a, b, c := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b], &w.r32[o.c]
	for i := range d {
		d[i] = a[i]*b[i] + c[i]
	}
}

func andB32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = a[i] & b[i]
	}
}

func orB32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = a[i] | b[i]
	}
}

func xorB32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = a[i] ^ b[i]
	}
}

func shlB32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = a[i] << b[i]
	}
}

func shrU32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = a[i] >> b[i]
	}
}

func addB64(w *warp, o *op, _ uint32) {
	d, a, b := &w.r64[o.d], &w.r64[o.a], &w.r64[o.b]
	for i := range d {
		d[i] = a[i] + b[i]
	}
}

func subB64(w *warp, o *op, _ uint32) {
	d, a, b := &w.r64[o.d], &w.r64[o.a], &w.r64[o.b]
	for i := range d {
		d[i] = a[i] - b[i]
	}
}

func shlB64(w *warp, o *op, _ uint32) {
	d, a, b := &w.r64[o.d], &w.r64[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = a[i] << b[i]
	}
}

func mulWideU32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r64[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = uint64(a[i]) * uint64(b[i])
	}
}

func mulWideS32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r64[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = uint64(int64(int32(a[i])) * int64(int32(b[i])))
	}
}

func madWideU32(w *warp, o *op, _ uint32) {
	d, a, b, c := &w.r64[o.d], &w.r32[o.a], &w.r32[o.b], &w.r64[o.c]
	for i := range d {
		d[i] = uint64(a[i])*uint64(b[i]) + c[i]
	}
}

func madWideS32(w *warp, o *op, _ uint32) {
	d, a, b, c := &w.r64[o.d], &w.r32[o.a], &w.r32[o.b], &w.r64[o.c]
	for i := range d {
		d[i] = uint64(int64(int32(a[i]))*int64(int32(b[i]))) + c[i]
	}
}

func movB32(w *warp, o *op, _ uint32) { w.r32[o.d] = w.r32[o.a] }
func movB64(w *warp, o *op, _ uint32) { w.r64[o.d] = w.r64[o.a] }

func widenU32(w *warp, o *op, _ uint32) {
	d, a := &w.r64[o.d], &w.r32[o.a]
	for i := range d {
		d[i] = uint64(a[i])
	}
}

func widenS32(w *warp, o *op, _ uint32) {
	d, a := &w.r64[o.d], &w.r32[o.a]
	for i := range d {
		d[i] = uint64(int64(int32(a[i])))
	}
}

func narrowB64(w *warp, o *op, _ uint32) {
	d, a := &w.r32[o.d], &w.r64[o.a]
	for i := range d {
		d[i] = uint32(a[i])
	}
}

// nanF32 is the NaN that f32 arithmetic produces.
const nanF32 = 0x7fffffff

func bitsF32(x float32) uint32 {
	if x != x {
		return nanF32
	}
	return math.Float32bits(x)
}

func addF32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = bitsF32(math.Float32frombits(a[i]) + math.Float32frombits(b[i]))
	}
}

func subF32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = bitsF32(math.Float32frombits(a[i]) - math.Float32frombits(b[i]))
	}
}

func mulF32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	for i := range d {
		d[i] = bitsF32(math.Float32frombits(a[i]) * math.Float32frombits(b[i]))
	}
}

// fmaF32 computes in float64. The product of two float32 is exact there; only where rounding the
// sum twice could go wrong is care needed, and arith handles those cases.
func fmaF32(w *warp, o *op, _ uint32) {
	d, a, b, c := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b], &w.r32[o.c]
	for i := range d {
		s := float64(float64(math.Float32frombits(a[i]))*float64(math.Float32frombits(b[i]))) + float64(math.Float32frombits(c[i]))
		u := math.Float64bits(s)
		const smallest, infinity = (1023 - 126) << 53, 0x7ff << 53            // as float64 bits shifted left by one, to drop the sign
		if u<<35 != 1<<63 && u<<1-smallest < infinity-smallest || u<<1 == 0 { // a sum of zero is exact
			d[i] = math.Float32bits(float32(s))
		} else {
			d[i] = arith.FMAF32RN(a[i], b[i], c[i])
		}
	}
}

// one converts a bool to 0 or 1.
func one(ok bool) uint32 {
	if ok {
		return 1
	}
	return 0
}

// selB32 is selp.b32: a where the predicate c holds, otherwise b.
func selB32(w *warp, o *op, _ uint32) {
	d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
	p := w.p[o.c] ^ uint32(o.imm)
	for i := range d {
		v := b[i]
		if p>>i&1 != 0 {
			v = a[i]
		}
		d[i] = v
	}
}

func selB64(w *warp, o *op, _ uint32) {
	d, a, b := &w.r64[o.d], &w.r64[o.a], &w.r64[o.b]
	p := w.p[o.c] ^ uint32(o.imm)
	for i := range d {
		v := b[i]
		if p>>i&1 != 0 {
			v = a[i]
		}
		d[i] = v
	}
}

// The comparisons of setp; each returns one bit per lane.

type compareFunc func(w *warp, o *op) uint32

func cmpEqB32(w *warp, o *op) (r uint32) {
	a, b := &w.r32[o.a], &w.r32[o.b]
	for i := range a {
		r |= one(a[i] == b[i]) << i
	}
	return
}

func cmpLtS32(w *warp, o *op) (r uint32) {
	a, b := &w.r32[o.a], &w.r32[o.b]
	for i := range a {
		r |= one(int32(a[i]) < int32(b[i])) << i
	}
	return
}

func cmpLtU32(w *warp, o *op) (r uint32) {
	a, b := &w.r32[o.a], &w.r32[o.b]
	for i := range a {
		r |= one(a[i] < b[i]) << i
	}
	return
}

func cmpGtS32(w *warp, o *op) (r uint32) {
	a, b := &w.r32[o.a], &w.r32[o.b]
	for i := range a {
		r |= one(int32(a[i]) > int32(b[i])) << i
	}
	return
}

func cmpGtU32(w *warp, o *op) (r uint32) {
	a, b := &w.r32[o.a], &w.r32[o.b]
	for i := range a {
		r |= one(a[i] > b[i]) << i
	}
	return
}

func cmpLtF32(w *warp, o *op) (r uint32) {
	a, b := &w.r32[o.a], &w.r32[o.b]
	for i := range a {
		r |= one(math.Float32frombits(a[i]) < math.Float32frombits(b[i])) << i
	}
	return
}

func cmpGtF32(w *warp, o *op) (r uint32) {
	a, b := &w.r32[o.a], &w.r32[o.b]
	for i := range a {
		r |= one(math.Float32frombits(a[i]) > math.Float32frombits(b[i])) << i
	}
	return
}

// complement negates a comparison: ne from eq, and so on.
func complement(f compareFunc) compareFunc {
	return func(w *warp, o *op) uint32 { return ^f(w, o) }
}
