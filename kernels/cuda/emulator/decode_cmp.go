package emulator

import (
	"slices"
	"strings"

	"baregrad/kernels/cuda/emulator/arith"
)

// Comparisons and selection: setp, set, selp, slct.

func init() {
	register(map[string]func(*decoder){
		"setp": decodeSetp, "set": decodeSet, "selp": decodeSelp, "slct": decodeSlct,
	})
}

// comparison returns the comparison operator and the boolean operator that combines its result.
func (d *decoder) comparison(m modset) (op arith.CmpOp, combine string) {
	found := false
	for _, w := range m.rest {
		switch w {
		case "and", "or", "xor":
			combine = w
		case "ftz":
		default:
			c, ok := arith.ParseCmpOp(w)
			if !ok {
				d.refuse("unknown modifier .%s", w)
			}
			op, found = c, true
		}
	}
	if !found {
		d.refuse("no comparison operator")
	}
	return
}

// scalarCompare compares two values of type t.
func (d *decoder) scalarCompare(op arith.CmpOp, t Type, ftz bool) func(a, b uint64) bool {
	if h, pair, ok := halfOf(t); ok && !pair {
		return func(a, b uint64) bool { return h.Compare(op, uint16(a), uint16(b), ftz) }
	}
	switch {
	case t == F32:
		return func(a, b uint64) bool { return arith.CompareF32(op, uint32(a), uint32(b), ftz) }
	case t == F64:
		return func(a, b uint64) bool { return arith.CompareF64(op, a, b) }
	case t.Float():
		d.refuse("comparison of .%s is not supported", t)
	case op >= arith.EQU:
		d.refuse("operator .%v needs floats", op)
	case t.Signed():
		return func(a, b uint64) bool { return arith.CompareS(op, int64(ext(a, t)), int64(ext(b, t))) }
	}
	return func(a, b uint64) bool { return arith.CompareU(op, a, b) }
}

// compareWarp returns the comparison for all lanes.
func (d *decoder) compareWarp(op arith.CmpOp, t Type, ftz bool) compareFunc {
	if t.Bits() == 32 && !t.Float() {
		lt, gt := compareFunc(cmpLtU32), compareFunc(cmpGtU32)
		if t == S32 {
			lt, gt = cmpLtS32, cmpGtS32
		}
		switch op {
		case arith.EQ:
			return cmpEqB32
		case arith.NE:
			return complement(cmpEqB32)
		case arith.LT:
			return lt
		case arith.GE:
			return complement(lt)
		case arith.GT:
			return gt
		case arith.LE:
			return complement(gt)
		case arith.LO:
			return cmpLtU32
		case arith.HS:
			return complement(cmpLtU32)
		case arith.HI:
			return cmpGtU32
		case arith.LS:
			return complement(cmpGtU32)
		}
	}
	if t == F32 && !ftz {
		switch op {
		case arith.LT:
			return cmpLtF32
		case arith.GT:
			return cmpGtF32
		case arith.GEU:
			return complement(cmpLtF32)
		case arith.LEU:
			return complement(cmpGtF32)
		}
	}
	f := d.scalarCompare(op, t, ftz)
	if t.Bits() == 64 {
		return func(w *warp, o *op_) (r uint32) {
			a, b := &w.r64[o.a], &w.r64[o.b]
			for i := range a {
				r |= one(f(a[i], b[i])) << i
			}
			return
		}
	}
	return func(w *warp, o *op_) (r uint32) {
		a, b := &w.r32[o.a], &w.r32[o.b]
		for i := range a {
			r |= one(f(uint64(a[i]), uint64(b[i]))) << i
		}
		return
	}
}

// flushes refuses .ftz for types that do not support it.
func (d *decoder) flushes(m modset, t Type) {
	if m.has["ftz"] && t != F32 && t != F16 && t != F16x2 {
		d.refuse(".ftz is for .f32, .f16 and .f16x2")
	}
}

func decodeSetp(d *decoder) {
	m := d.mods()
	t := d.one(m)
	op, combine := d.comparison(m)
	d.flushes(m, t)
	n := 3
	if combine != "" {
		n = 4
	}
	a := d.args(n)
	o := d.o
	o.a, _ = d.src(&a[1], t, false)
	o.b, _ = d.src(&a[2], t, false)
	var not uint32
	if combine != "" {
		o.c, not = d.psrc(&a[3])
	}
	second := int32(-1)
	if a[0].Second != nil {
		if t == F16 || t == BF16 {
			d.refuse("a second predicate, which setp of .%s does not have", t)
		}
		second = d.pdst(a[0].Second)
	}
	first := a[0]
	first.Second = nil
	o.d = d.pdst(&first)
	if t == F16x2 || t == BF16x2 {
		d.setpPair(op, t, m.has["ftz"], combine, not, second)
		return
	}
	cmp := d.compareWarp(op, t, m.has["ftz"])
	if combine == "" && second < 0 {
		o.run = func(w *warp, o *op_, mask uint32) {
			w.p[o.d] = w.p[o.d]&^mask | cmp(w, o)&mask
		}
		return
	}
	o.run = func(w *warp, o *op_, mask uint32) {
		r := cmp(w, o)
		c := w.p[o.c] ^ not
		w.p[o.d] = w.p[o.d]&^mask | boolean(combine, r, c)&mask
		if second >= 0 {
			w.p[second] = w.p[second]&^mask | boolean(combine, ^r, c)&mask
		}
	}
}

// boolean combines the result of a comparison with a predicate.
func boolean(op string, r, c uint32) uint32 {
	switch op {
	case "and":
		return r & c
	case "or":
		return r | c
	case "xor":
		return r ^ c
	}
	return r
}

// setpPair compares both halves: p is the result of the low half, q of the high half.
func (d *decoder) setpPair(op arith.CmpOp, t Type, ftz bool, combine string, not uint32, second int32) {
	h, _, _ := halfOf(t)
	d.o.run = func(w *warp, o *op_, mask uint32) {
		var lo, hi uint32
		for i := 0; i < 32; i++ {
			a, b := w.r32[o.a][i], w.r32[o.b][i]
			lo |= one(h.Compare(op, uint16(a), uint16(b), ftz)) << i
			hi |= one(h.Compare(op, uint16(a>>16), uint16(b>>16), ftz)) << i
		}
		c := w.p[o.c] ^ not
		w.p[o.d] = w.p[o.d]&^mask | boolean(combine, lo, c)&mask
		if second >= 0 {
			w.p[second] = w.p[second]&^mask | boolean(combine, hi, c)&mask
		}
	}
}

// decodeSet writes all ones or 1.0 where the comparison holds, and 0 elsewhere.
func decodeSet(d *decoder) {
	m := d.mods()
	if len(m.types) != 2 {
		d.refuse("%d types, expected 2", len(m.types))
	}
	op, combine := d.comparison(m)
	dt, st := m.types[0], m.types[1]
	d.flushes(m, st)
	results := "u32 s32 f32 f16 bf16"
	switch st {
	case F16:
		results = "u16 s16 u32 s32 f16 bf16"
	case BF16:
		results = "u16 s16 u32 s32 bf16"
	case F16x2, BF16x2:
		results = "u32 s32 " + st.String()
	}
	if !slices.Contains(strings.Fields(results), dt.String()) {
		d.refuse("a result of .%s, expected one of .%s", dt, strings.ReplaceAll(results, " ", ", ."))
	}
	n := 3
	if combine != "" {
		n = 4
	}
	a := d.args(n)
	o := d.o
	o.a, _ = d.src(&a[1], st, false)
	o.b, _ = d.src(&a[2], st, false)
	var not uint32
	if combine != "" {
		o.c, not = d.psrc(&a[3])
	}
	o.d, _ = d.dst(&a[0], dt, false)
	if dt.Bits() > 32 {
		d.refuse("a result of 64 bits")
	}
	o.pure = 1
	if h, pair, ok := halfOf(st); ok && pair {
		truth := map[Type]uint32{F16x2: 0x3c00, BF16x2: 0x3f80}[dt]
		if truth == 0 {
			truth = 0xffff
		}
		o.run = func(w *warp, o *op_, _ uint32) {
			for i := 0; i < 32; i++ {
				x, y := w.r32[o.a][i], w.r32[o.b][i]
				c := (w.p[o.c] ^ not) >> i & 1
				lo := boolean(combine, one(h.Compare(op, uint16(x), uint16(y), m.has["ftz"])), c)
				hi := boolean(combine, one(h.Compare(op, uint16(x>>16), uint16(y>>16), m.has["ftz"])), c)
				w.r32[o.d][i] = lo*truth | hi*truth<<16
			}
		}
		return
	}
	truth := uint32(trim(^uint64(0), dt))
	switch dt {
	case F32:
		truth = 0x3f800000
	case F16:
		truth = 0x3c00
	case BF16:
		truth = 0x3f80
	}
	cmp := d.compareWarp(op, st, m.has["ftz"])
	o.run = func(w *warp, o *op_, _ uint32) {
		r := boolean(combine, cmp(w, o), w.p[o.c]^not)
		for i := 0; i < 32; i++ {
			w.r32[o.d][i] = (r >> i & 1) * truth
		}
	}
}

func decodeSelp(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m)
	a := d.args(4)
	o := d.o
	o.a, _ = d.src(&a[1], t, false)
	o.b, _ = d.src(&a[2], t, false)
	var not uint32
	o.c, not = d.psrc(&a[3])
	o.imm = uint64(not)
	var wide bool
	o.d, wide = d.dst(&a[0], t, false)
	o.pure, o.run = 1, selB32
	if wide {
		o.pure, o.run = 2, selB64
	}
}

func decodeSlct(d *decoder) {
	m := d.mods()
	if len(m.types) != 2 {
		d.refuse("%d types, expected 2", len(m.types))
	}
	d.allow(m, "ftz")
	t, ct := m.types[0], m.types[1]
	switch {
	case ct != S32 && ct != F32:
		d.refuse("it chooses by a .%s, expected .s32 or .f32", ct)
	case !slices.Contains(strings.Fields(typesOf["selp"]), t.String()):
		d.refuse("it is of .%s, expected .%s", t, strings.ReplaceAll(typesOf["selp"], " ", ", ."))
	case m.has["ftz"] && ct != F32:
		d.refuse(".ftz is for a choice by .f32")
	}
	f := func(a, b, c uint64) uint64 {
		if int32(c) >= 0 {
			return a
		}
		return b
	}
	if ct == F32 { // a if c >= 0, which holds for -0 but not for NaN
		f = func(a, b, c uint64) uint64 {
			if arith.CompareF32(arith.GE, uint32(c), 0, m.has["ftz"]) {
				return a
			}
			return b
		}
	}
	d.compute(f, t, t, t, ct)
}
