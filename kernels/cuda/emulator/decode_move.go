package emulator

import (
	"math/bits"
	"time"

	"baregrad/kernels/cuda/emulator/arith"
)

// Data movement within registers: mov with packing, cvt, cvta, isspacep.

func init() {
	register(map[string]func(*decoder){
		"mov": decodeMov, "cvt": decodeCvt, "cvta": decodeCvta, "isspacep": decodeIsspacep,
	})
}

func decodeMov(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m)
	a := d.args(2)
	o := d.o
	switch {
	case t == B128:
		d.mov128(a)
	case t == Pred:
		var not uint32
		o.a, not = d.psrc(&a[1])
		o.d = d.pdst(&a[0])
		o.run = func(w *warp, o *op_, mask uint32) {
			w.p[o.d] = w.p[o.d]&^mask | (w.p[o.a]^not)&mask
		}
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

// mov128 is mov.b128 between registers, and from and to vectors of two registers of 64
// bits or four of 32, the lowest first.
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

// moveMark marks a plain move, which may copy a register that holds no value.
type moveMark struct{}

// part is the type of one of n parts of t.
func (d *decoder) part(t Type, n int) Type {
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

// pack is mov.b64 d, {a, b}: the first element is the lowest.
func (d *decoder) pack(t Type, dst *Operand, elems []Operand) {
	pt := d.part(t, len(elems))
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

// unpack is mov.b64 {a, b}, d.
func (d *decoder) unpack(t Type, elems []Operand, src *Operand) {
	pt := d.part(t, len(elems))
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

var arithType = map[Type]arith.Type{
	U8: arith.TypeU8, S8: arith.TypeS8, U16: arith.TypeU16, S16: arith.TypeS16, U32: arith.TypeU32, S32: arith.TypeS32,
	U64: arith.TypeU64, S64: arith.TypeS64, F16: arith.TypeF16, BF16: arith.TypeBF16, TF32: arith.TypeTF32,
	F32: arith.TypeF32, F64: arith.TypeF64,
	B8: arith.TypeU8, B16: arith.TypeU16, B32: arith.TypeU32, B64: arith.TypeU64,
}

func decodeCvt(d *decoder) {
	m := d.mods()
	if m.has["pack"] {
		d.cvtPack(m)
		return
	}
	if len(m.types) != 2 {
		d.refuse("%d types, expected 2", len(m.types))
	}
	d.allow(m, "rn", "rz", "rm", "rp", "rna", "rni", "rzi", "rmi", "rpi", "ftz", "sat", "satfinite", "relu")
	dt, st := m.types[0], m.types[1]
	mode := arith.CvtMode{Round: m.rounding(), Integer: m.has["rni"] || m.has["rzi"] || m.has["rmi"] || m.has["rpi"],
		FTZ: m.has["ftz"], Sat: m.has["sat"], SatFinite: m.has["satfinite"], Relu: m.has["relu"]}
	relu := mode.Relu
	switch {
	case (dt == F16x2 || dt == BF16x2) && st == F32:
		at := arith.TypeF16
		if dt == BF16x2 {
			at = arith.TypeBF16
		}
		d.compute(func(a, b uint32) uint32 { return arith.CvtPack2(at, mode, a, b) }, dt, st, st)
		return
	case (dt == E4M3x2 || dt == E5M2x2) && (st == F32 || st == F16x2):
		fp := pick(dt == E4M3x2, arith.E4M3, arith.E5M2)
		if st == F32 {
			d.compute(func(a, b uint32) uint32 { return uint32(fp.PackF32(a, b, relu)) }, B16, st, st)
		} else {
			d.compute(func(a uint32) uint32 { return uint32(fp.PackF16x2(a, relu)) }, B16, st)
		}
		return
	case dt == F16x2 && (st == E4M3x2 || st == E5M2x2):
		fp := pick(st == E4M3x2, arith.E4M3, arith.E5M2)
		d.compute(func(a uint32) uint32 { return fp.UnpackF16x2(uint16(a), relu) }, dt, B16)
		return
	}
	adt, ok1 := arithType[dt]
	ast, ok2 := arithType[st]
	if !ok1 || !ok2 {
		d.refuse("unsupported types")
	}
	narrows := dt.Float() && (!st.Float() || st.Bits() > dt.Bits() || st.Bits() == dt.Bits() && st != dt)
	switch {
	case st.Float() && !dt.Float() && !mode.Integer:
		d.refuse("expected .rni, .rzi, .rmi or .rpi")
	case narrows && m.roundings() != 1:
		d.refuse("expected a rounding mode, such as .rn")
	case !narrows && !mode.Integer && m.roundings() != 0 && st != BF16: // which may be widened with one
		d.refuse("a rounding mode, where nothing is rounded")
	case mode.FTZ && dt != F32 && st != F32:
		d.refuse(".ftz is for .f32")
	case mode.Sat && dt == BF16:
		d.refuse(".sat is not for .bf16")
	}
	f, err := arith.Cvt(adt, ast, mode)
	if err != nil {
		d.refuse("%v", err)
	}
	a := d.args(2)
	o := d.o
	var sw, dw bool
	o.a, sw = d.src(&a[1], st, true)
	o.d, dw = d.dst(&a[0], dt, true)
	o.pure = pick[uint8](dw, 2, 1)
	plain := mode == arith.CvtMode{}
	cut := dt.Bits()
	if a[0].Kind == OperandReg {
		cut = max(cut, a[0].Reg.Type.Bits())
	}
	switch {
	case plain && dw && !sw && st == U32 && !dt.Float():
		o.run = widenU32
		return
	case plain && dw && !sw && st == S32 && !dt.Float():
		o.run = widenS32
		return
	case plain && !dw && sw && cut == 32 && dt.Bits() == 32 && st.Bits() == 64 && !dt.Float() && !st.Float():
		o.run = narrowB64
		return
	case plain && !dw && !sw && dt.Bits() == 32 && st.Bits() == 32 && !dt.Float() && !st.Float():
		o.run = movB32
		return
	}
	drop := 64 - uint(cut)
	o.x = &extra{wides: []bool{dw, sw}}
	st64 := 64 - uint(st.Bits())
	d.o.run = mapMixed(1, func(a, _, _ uint64) uint64 { return f(a<<st64>>st64) << drop >> drop })
}

// cvtPack is cvt.pack.sat.T.s32 d, a, b, and cvt.pack.sat.T.s32.b32 d, a, b, c:
// a and b saturated to T, a above b; 8-bit values push the low half of c up.
func (d *decoder) cvtPack(m modset) {
	d.allow(m, "pack", "sat")
	wide := len(m.types) == 2 && (m.types[0] == U16 || m.types[0] == S16)
	narrow := len(m.types) == 3 && (m.types[0] == U8 || m.types[0] == S8) && m.types[2] == B32
	if !m.has["sat"] || !wide && !narrow || m.types[1] != S32 {
		d.refuse("unsupported form of cvt.pack")
	}
	t := arithType[m.types[0]]
	if wide {
		d.compute(func(a, b uint32) uint32 { return arith.CvtPackInt(t, a, b, 0) }, B32, S32, S32)
		return
	}
	d.compute(func(a, b, c uint32) uint32 { return arith.CvtPackInt(t, a, b, c) }, B32, S32, S32, B32)
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

// spaceOf gives the space whose window holds a generic address.
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

// readClock fills a register with a clock: %clock counts the warp's
// instructions, %globaltimer is the host's clock in nanoseconds.
func readClock(w *warp, o *op, _ uint32) {
	ticks := w.steps
	if w.cur != nil {
		w.tick++
		ticks += w.tick
	}
	now := uint64(time.Now().UnixNano())
	var v uint64
	switch o.x.v.(specialKind) {
	case spClock:
		v = ticks & 0xffffffff
	case spClockHi:
		v = ticks >> 32
	case spClock64:
		v = ticks
	case spTimer:
		v = now
	case spTimerLo:
		v = now & 0xffffffff
	case spTimerHi:
		v = now >> 32
	}
	for i := 0; i < 32; i++ {
		if o.x.wide {
			w.r64[o.d][i] = v
		} else {
			w.r32[o.d][i] = uint32(v)
		}
	}
}

// localAddress fills a register with the address of a local variable, which
// depends on the depth of calls.
func localAddress(w *warp, o *op, _ uint32) {
	v := w.fr.local + o.imm
	for i := 0; i < 32; i++ {
		if o.x.wide {
			w.r64[o.d][i] = v
		} else {
			w.r32[o.d][i] = uint32(v)
		}
	}
}
