package emulator

import "math/bits"

// Data movement within registers: mov with packing and unpacking, and the address instructions cvta
// and isspacep.

func init() {
	register(map[string]func(*decoder){
		"mov": decodeMov, "cvta": decodeCvta, "isspacep": decodeIsspacep,
	})
}

func decodeMov(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "v2", "v4")
	a := d.args(2)
	o := d.o
	switch {
	case m.has["v2"] || m.has["v4"]:
		d.movVector(t, pick(m.has["v2"], 2, 4), a)
	case t == B128:
		d.mov128(a)
	case t == Pred:
		var not uint32
		o.a, not = d.psrc(&a[1])
		o.d = d.pdst(&a[0])
		o.run = func(w *warp, o *op_, mask uint32) {
			w.p[o.d] = w.p[o.d]&^mask | (w.p[o.a]^not)&mask
		}
	case a[1].Kind == OperandVector && a[1].Name != "":
		d.refuse("%s has four elements, expected mov.v4.u32 or one of them, such as %s.x", a[1].Name, a[1].Name)
	case a[1].Kind == OperandVector:
		d.pack(t, &a[0], a[1].Elems)
	case a[0].Kind == OperandVector:
		d.unpack(t, a[0].Elems, &a[1])
	default:
		var wide bool
		o.a, _ = d.src(&a[1], t, false)
		o.d, wide = d.dst(&a[0], t, false)
		o.pure, o.run = 1, movB32
		if wide {
			o.pure, o.run = 2, movB64
		}
		o.x = &extra{v: moveMark{}}
	}
}

// movVector decodes mov.v2 and mov.v4 of n elements of type t, such as mov.v4.u32 {a, b, c, _},
// %tid.
func (d *decoder) movVector(t Type, n int, a []Operand) {
	if t == Pred || n*t.Bits() > 128 {
		d.refuse("a vector of %d .%s, expected numbers of up to 128 bits together", n, t)
	}
	for i := range a {
		if a[i].Kind != OperandVector || len(a[i].Elems) != n {
			d.refuse("expected vectors of %d elements", n)
		}
		d.alike(a[i].Elems)
	}
	o := d.o
	var from, to []int32
	var wide bool
	for i := range n {
		s, _ := d.src(&a[1].Elems[i], t, false)
		from = append(from, s)
	}
	for i := range n {
		if a[0].Elems[i].Kind == OperandSink {
			to = append(to, d.scratch(t.Bits() == 64))
			continue
		}
		s, w := d.dst(&a[0].Elems[i], t, false)
		to, wide = append(to, s), w
	}
	if len(o.defs) == 0 {
		d.refuse("every element is _, expected a register")
	}
	o.x = &extra{}
	o.run = func(w *warp, o *op_, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			var v [4]uint64 // read first: the vectors may share registers
			for k, s := range from {
				if wide {
					v[k] = w.r64[s][i]
				} else {
					v[k] = uint64(w.r32[s][i])
				}
			}
			for k, s := range to {
				if wide {
					w.r64[s][i] = v[k]
				} else {
					w.r32[s][i] = uint32(v[k])
				}
			}
		}
	}
}

// mov128 decodes mov.b128 between registers, and from and to vectors of two 64-bit or four 32-bit
// registers, the lowest first.
func (d *decoder) mov128(a []Operand) {
	o := d.o
	o.x = &extra{}
	vector := func(v *Operand, dst bool) (list []int32, t Type) {
		t = B64
		if len(v.Elems) == 4 {
			t = B32
		} else if len(v.Elems) != 2 {
			d.refuse("expected a vector of two or four registers")
		}
		return d.regList(v, t, len(v.Elems), dst), t
	}
	switch {
	case a[1].Kind == OperandVector:
		from, t := vector(&a[1], false)
		to := d.halves(&a[0], true)
		o.run = func(w *warp, o *op_, mask uint32) {
			for m := mask; m != 0; m &= m - 1 {
				i := bits.TrailingZeros32(m) & 31
				var v [2]uint64
				for k, s := range from {
					if t == B64 {
						v[k] = w.r64[s][i]
					} else {
						v[k/2] |= uint64(w.r32[s][i]) << (k % 2 * 32)
					}
				}
				w.r64[to][i], w.r64[to+1][i] = v[0], v[1]
			}
		}
	case a[0].Kind == OperandVector:
		from := d.halves(&a[1], false)
		to, t := vector(&a[0], true)
		o.run = func(w *warp, o *op_, mask uint32) {
			for m := mask; m != 0; m &= m - 1 {
				i := bits.TrailingZeros32(m) & 31
				for k, s := range to {
					if t == B64 {
						w.r64[s][i] = w.r64[from+int32(k)][i]
					} else {
						w.r32[s][i] = uint32(w.r64[from+int32(k/2)][i] >> (k % 2 * 32))
					}
				}
			}
		}
	default:
		from, to := d.halves(&a[1], false), d.halves(&a[0], true)
		o.run = func(w *warp, o *op_, mask uint32) {
			for m := mask; m != 0; m &= m - 1 {
				i := bits.TrailingZeros32(m) & 31
				w.r64[to][i], w.r64[to+1][i] = w.r64[from][i], w.r64[from+1][i]
			}
		}
	}
}

// moveMark marks a plain move, which may copy an uninitialised register.
type moveMark struct{}

// part returns the type of one of n parts of t.
func (d *decoder) part(t Type, n int) Type {
	if !t.bare() {
		d.refuse("a vector is made and taken apart as bits, expected .b%d", t.Bits())
	}
	switch {
	case n > 0 && t.Bits()%n == 0 && t.Bits()/n == 32:
		return B32
	case n > 0 && t.Bits()%n == 0 && t.Bits()/n == 16:
		return B16
	case n > 0 && t.Bits()%n == 0 && t.Bits()/n == 8:
		return B8
	}
	d.refuse(".%s does not divide into %d registers", t, n)
	return 0
}

// alike refuses a vector that mixes integer and floating-point registers.
func (d *decoder) alike(elems []Operand) {
	var first *Register
	for i := range elems {
		r := elems[i].Reg
		switch {
		case elems[i].Kind != OperandReg || r.Type.bare():
		case first == nil:
			first = r
		case first.Type.Float() != r.Type.Float():
			d.refuse("a vector of %s, which is .%s, and %s, which is .%s: expected registers of one kind, or .b%d", first.Name, first.Type, r.Name, r.Type, r.Type.Bits())
		}
	}
}

// pack decodes mov.b64 d, {a, b}: the first element is the lowest.
func (d *decoder) pack(t Type, dst *Operand, elems []Operand) {
	pt := d.part(t, len(elems))
	d.alike(elems)
	o := d.o
	o.x = &extra{}
	for i := range elems {
		s, _ := d.src(&elems[i], pt, false)
		o.x.vec = append(o.x.vec, s)
	}
	var wide bool
	o.d, wide = d.dst(dst, t, false)
	n := pt.Bits()
	o.run = func(w *warp, o *op_, mask uint32) {
		for l := mask; l != 0; l &= l - 1 {
			i := bits.TrailingZeros32(l) & 31
			var v uint64
			for k, s := range o.x.vec {
				v |= uint64(w.r32[s][i]) << (k * n)
			}
			if wide {
				w.r64[o.d][i] = v
			} else {
				w.r32[o.d][i] = uint32(v)
			}
		}
	}
}

// unpack decodes mov.b64 {a, b}, d.
func (d *decoder) unpack(t Type, elems []Operand, src *Operand) {
	pt := d.part(t, len(elems))
	d.alike(elems)
	o := d.o
	o.x = &extra{}
	var wide bool
	o.a, wide = d.src(src, t, false)
	for i := range elems {
		if elems[i].Kind == OperandSink {
			o.x.vec = append(o.x.vec, -1)
			continue
		}
		s, _ := d.dst(&elems[i], pt, false)
		o.x.vec = append(o.x.vec, s)
	}
	if len(o.defs) == 0 {
		d.refuse("every element is _, expected a register")
	}
	n := pt.Bits()
	cut := uint32(trim(^uint64(0), pt))
	o.run = func(w *warp, o *op_, mask uint32) {
		for l := mask; l != 0; l &= l - 1 {
			i := bits.TrailingZeros32(l) & 31
			var v uint64
			if wide {
				v = w.r64[o.a][i]
			} else {
				v = uint64(w.r32[o.a][i])
			}
			for k, s := range o.x.vec {
				if s >= 0 {
					w.r32[s][i] = uint32(v>>(k*n)) & cut
				}
			}
		}
	}
}

func decodeCvta(d *decoder) {
	m := d.mods()
	t := d.one(m)
	var space Space
	to := false
	for _, w := range m.rest {
		if w == "to" {
			to = true
		} else if s, ok := spaceByName[w]; ok {
			space = s
		} else {
			d.refuse("unknown modifier .%s", w)
		}
	}
	if t != U64 {
		d.refuse("expected .u64")
	}
	var base uint64
	switch space {
	case Global, Const:
	case Shared:
		base = sharedWindow
	case Local:
		base = localWindow
	case Param:
		base = paramWindow
	default:
		d.refuse("expected a space")
	}
	if a := d.args(2)[1]; a.Kind == OperandFunc {
		d.refuse("%s is a function, expected a variable or a register", a.Name)
	} else if a.Kind == OperandSymbol && (to || a.Var.Space != space) {
		d.refuse("variable %s is in .%s; cvta.%s takes its address to a generic one", a.Var.Name, a.Var.Space, a.Var.Space)
	}
	if to {
		base = -base
	}
	if base == 0 {
		d.compute(handler(movB64), t, t)
		return
	}
	d.compute(func(a uint64) uint64 { return a + base }, t, t)
}

func decodeIsspacep(d *decoder) {
	m := d.mods()
	if len(m.rest) != 1 {
		d.refuse("expected a space")
	}
	name := m.rest[0]
	if name == "shared::cluster" {
		name = "shared"
	}
	space, ok := spaceByName[name]
	if !ok {
		d.refuse("unknown space .%s", m.rest[0])
	}
	a := d.args(2)
	o := d.o
	o.a, _ = d.src(&a[1], U64, false)
	o.d = d.pdst(&a[0])
	o.run = func(w *warp, o *op_, mask uint32) {
		var r uint32
		for i, v := range &w.r64[o.a] {
			s := spaceOf(v)
			if s == Global && space == Const {
				al := find(w.blk.grid.allocs, v)
				r |= one(al != nil && al.kind == kindConst) << i
				continue
			}
			r |= one(s == space) << i
		}
		w.p[o.d] = w.p[o.d]&^mask | r&mask
	}
}

// spaceOf returns the space whose window contains a generic address.
func spaceOf(v uint64) Space {
	switch {
	case v-sharedWindow < windowSize:
		return Shared
	case v-localWindow < windowSize:
		return Local
	case v-paramWindow < windowSize:
		return Param
	}
	return Global
}
