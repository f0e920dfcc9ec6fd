package emulator

import "math/bits"

// Multi-word integer arithmetic: add.cc, addc, sub.cc, subc, mad.cc, madc. The carry flag is one
// bit per lane; after a subtraction it is the borrow.

func init() {
	register(map[string]func(*decoder){"addc": decodeCarry, "subc": decodeCarry, "madc": decodeMadCarry})
}

// decodeCarry decodes add.cc, addc{.cc}, sub.cc, subc{.cc}.
func decodeCarry(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "cc")
	if t.Float() || t.Bits() < 32 || t == U16x2 || t == S16x2 {
		d.refuse("expected a type of 32 or 64 bits")
	}
	sub := d.in.Op == "sub" || d.in.Op == "subc"
	in := d.in.Op == "addc" || d.in.Op == "subc"
	out := m.has["cc"]
	d.compute(func(w *warp, o *op, mask uint32) {
		for l := mask; l != 0; l &= l - 1 {
			i := bits.TrailingZeros32(l)
			c := uint64(0)
			if in {
				c = uint64(w.carry >> i & 1)
			}
			if t.Bits() == 32 {
				a, b := w.r32[o.a][i], w.r32[o.b][i]
				if sub {
					a, b = bits.Sub32(a, b, uint32(c))
				} else {
					a, b = bits.Add32(a, b, uint32(c))
				}
				w.r32[o.d][i], c = a, uint64(b)
			} else {
				a, b := w.r64[o.a][i], w.r64[o.b][i]
				if sub {
					a, b = bits.Sub64(a, b, c)
				} else {
					a, b = bits.Add64(a, b, c)
				}
				w.r64[o.d][i], c = a, b
			}
			if out {
				w.carry = w.carry&^(1<<i) | uint32(c)<<i
			}
		}
	}, t, t, t)
	d.o.pure = 0
}

// decodeMadCarry decodes mad.{lo,hi}.cc and madc.{lo,hi}{.cc}.
func decodeMadCarry(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "cc", "lo", "hi")
	if t.Float() || t.Bits() < 32 {
		d.refuse("expected a type of 32 or 64 bits")
	}
	in, out, hi := d.in.Op == "madc", m.has["cc"], m.has["hi"]
	high := mulHi(t)
	d.compute(func(w *warp, o *op, mask uint32) {
		for l := mask; l != 0; l &= l - 1 {
			i := bits.TrailingZeros32(l)
			c := uint64(0)
			if in {
				c = uint64(w.carry >> i & 1)
			}
			if t.Bits() == 32 {
				p := w.r32[o.a][i] * w.r32[o.b][i]
				if hi {
					p = high.(func(a, b uint32) uint32)(w.r32[o.a][i], w.r32[o.b][i])
				}
				s, co := bits.Add32(p, w.r32[o.c][i], uint32(c))
				w.r32[o.d][i], c = s, uint64(co)
			} else {
				p := w.r64[o.a][i] * w.r64[o.b][i]
				if hi {
					p = high.(func(a, b uint64) uint64)(w.r64[o.a][i], w.r64[o.b][i])
				}
				w.r64[o.d][i], c = bits.Add64(p, w.r64[o.c][i], c)
			}
			if out {
				w.carry = w.carry&^(1<<i) | uint32(c)<<i
			}
		}
	}, t, t, t, t)
	d.o.pure = 0
}
