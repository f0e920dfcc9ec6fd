package emulator

import (
	"math/bits"

	"baregrad/kernels/cuda/emulator/arith"
)

// Bit instructions: logic, shifts, counting, bit fields, permutation, and dot products of bytes.

func init() {
	register(map[string]func(*decoder){
		"and": decodeLogic, "or": decodeLogic, "xor": decodeLogic, "not": decodeNot, "cnot": decodeNot,
		"shl": decodeShift, "shr": decodeShift, "shf": decodeShf,
		"popc": decodeCount, "clz": decodeCount, "brev": decodeBrev, "bfind": decodeBfind, "fns": decodeFns,
		"bfe": decodeBfe, "bfi": decodeBfi, "bmsk": decodeBmsk, "szext": decodeBmsk,
		"lop3": decodeLop3, "prmt": decodePrmt, "dp4a": decodeDP, "dp2a": decodeDP,
	})
}

func decodeLogic(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m)
	op := d.in.Op
	if t == Pred {
		a := d.args(3)
		o := d.o
		var na, nb uint32
		o.a, na = d.psrc(&a[1])
		o.b, nb = d.psrc(&a[2])
		o.d = d.pdst(&a[0])
		o.run = func(w *warp, o *op_, mask uint32) {
			x, y := w.p[o.a]^na, w.p[o.b]^nb
			switch op {
			case "and":
				x &= y
			case "or":
				x |= y
			default:
				x ^= y
			}
			w.p[o.d] = w.p[o.d]&^mask | x&mask
		}
		return
	}
	if t.Bits() == 64 {
		switch op {
		case "and":
			d.compute(func(a, b uint64) uint64 { return a & b }, t, t, t)
		case "or":
			d.compute(func(a, b uint64) uint64 { return a | b }, t, t, t)
		default:
			d.compute(func(a, b uint64) uint64 { return a ^ b }, t, t, t)
		}
		return
	}
	d.compute(map[string]handler{"and": andB32, "or": orB32, "xor": xorB32}[op], t, t, t)
}

// op_ names the type op where a local variable shadows it.
type op_ = op

func decodeNot(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m)
	if t == Pred && d.in.Op == "not" {
		a := d.args(2)
		o := d.o
		var n uint32
		o.a, n = d.psrc(&a[1])
		o.d = d.pdst(&a[0])
		o.run = func(w *warp, o *op_, mask uint32) {
			w.p[o.d] = w.p[o.d]&^mask | ^(w.p[o.a]^n)&mask
		}
		return
	}
	if d.in.Op == "cnot" {
		d.compute(func(a, _, _ uint64) uint64 { return uint64(one(a == 0)) }, t, t)
		return
	}
	d.compute(func(a, _, _ uint64) uint64 { return trim(^a, t) }, t, t)
}

func decodeShift(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m)
	left := d.in.Op == "shl"
	switch {
	case left && t.Bits() == 32:
		d.compute(handler(shlB32), t, t, U32)
	case left && t.Bits() == 64:
		d.compute(handler(shlB64), t, t, U32)
	case left:
		d.compute(func(a, b uint32) uint32 { return a << b & 0xffff }, t, t, U32)
	case t == S32:
		d.compute(func(a, b uint32) uint32 { return uint32(int32(a) >> b) }, t, t, U32)
	case t.Bits() == 32:
		d.compute(handler(shrU32), t, t, U32)
	case t.Signed():
		d.compute(func(a, b, _ uint64) uint64 { return trim(uint64(int64(ext(a, t))>>b), t) }, t, t, U32)
	default:
		d.compute(func(a, b, _ uint64) uint64 { return a >> b }, t, t, U32)
	}
}

func decodeShf(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "l", "r", "clamp", "wrap")
	if m.has["l"] == m.has["r"] || m.has["clamp"] == m.has["wrap"] {
		d.refuse("expected .l or .r, and .clamp or .wrap")
	}
	wrap := m.has["wrap"]
	if m.has["l"] {
		d.compute(func(lo, hi, n uint32) uint32 { return arith.ShfL(lo, hi, n, wrap) }, t, t, t, U32)
	} else {
		d.compute(func(lo, hi, n uint32) uint32 { return arith.ShfR(lo, hi, n, wrap) }, t, t, t, U32)
	}
}

func decodeCount(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m)
	if d.in.Op == "popc" {
		d.compute(func(a, _, _ uint64) uint64 { return uint64(bits.OnesCount64(a)) }, U32, t)
		return
	}
	skip := 64 - t.Bits()
	d.compute(func(a, _, _ uint64) uint64 { return uint64(bits.LeadingZeros64(a) - skip) }, U32, t)
}

func decodeBrev(d *decoder) {
	t := d.one(d.mods())
	d.compute(func(a, _, _ uint64) uint64 { return bits.Reverse64(a) >> (64 - t.Bits()) }, t, t)
}

func decodeBfind(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "shiftamt")
	amount := m.has["shiftamt"]
	d.compute(func(a, _, _ uint64) uint64 {
		switch t {
		case U32:
			return uint64(arith.BFindU(uint32(a), amount))
		case S32:
			return uint64(arith.BFindS32(int32(a), amount))
		case U64:
			return uint64(arith.BFindU(a, amount))
		}
		return uint64(arith.BFindS64(int64(a), amount))
	}, U32, t)
}

func decodeFns(d *decoder) {
	d.one(d.mods())
	d.compute(func(a, b, c uint32) uint32 { return arith.Fns(a, b, int32(c)) }, B32, B32, B32, S32)
}

// checkField refuses a constant position or length of a bit field that does not fit 8 bits.
func (d *decoder) checkField(operands []Operand) {
	for _, a := range operands {
		if a.Kind == OperandInt && a.Int > 255 {
			d.refuse("%d as a place or length in bits, expected 0 to 255", int64(a.Int))
		}
	}
}

func decodeBfe(d *decoder) {
	t := d.one(d.mods())
	d.checkField(d.args(4)[2:])
	switch t {
	case U32:
		d.compute(arith.BFEU32, t, t, U32, U32)
	case S32:
		d.compute(func(a, b, c uint32) uint32 { return uint32(arith.BFES32(int32(a), b, c)) }, t, t, U32, U32)
	case U64:
		d.compute(func(a, b, c uint64) uint64 { return arith.BFEU64(a, uint32(b), uint32(c)) }, t, t, U32, U32)
	case S64:
		d.compute(func(a, b, c uint64) uint64 { return uint64(arith.BFES64(int64(a), uint32(b), uint32(c))) }, t, t, U32, U32)
	}
}

// decodeBfi has four sources: the register of the length is stored in x.
func decodeBfi(d *decoder) {
	t := d.one(d.mods())
	a := d.args(5)
	d.checkField(a[3:])
	o := d.o
	o.x = &extra{}
	var wide bool
	o.a, wide = d.src(&a[1], t, false)
	o.b, _ = d.src(&a[2], t, false)
	o.c, _ = d.src(&a[3], U32, false)
	length, _ := d.src(&a[4], U32, false)
	o.d, _ = d.dst(&a[0], t, false)
	if wide {
		o.pure = 2
		o.run = func(w *warp, o *op, _ uint32) {
			d, a, b, p, n := &w.r64[o.d], &w.r64[o.a], &w.r64[o.b], &w.r32[o.c], &w.r32[length]
			for i := range d {
				d[i] = arith.BFI64(a[i], b[i], p[i], n[i])
			}
		}
		return
	}
	o.pure = 1
	o.run = func(w *warp, o *op, _ uint32) {
		d, a, b, p, n := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b], &w.r32[o.c], &w.r32[length]
		for i := range d {
			d[i] = arith.BFI32(a[i], b[i], p[i], n[i])
		}
	}
}

func decodeBmsk(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "clamp", "wrap")
	if m.has["clamp"] == m.has["wrap"] {
		d.refuse("expected .clamp or .wrap")
	}
	wrap := m.has["wrap"]
	if d.in.Op == "bmsk" {
		d.compute(func(a, b uint32) uint32 { return arith.BMsk(a, b, wrap) }, t, t, U32)
		return
	}
	d.compute(func(a, b uint32) uint32 { return arith.SZExt(a, b, t == S32, wrap) }, t, t, U32)
}

// decodeLop3 decodes lop3.b32 d, a, b, c, table, and lop3.or.b32 d|p, a, b, c, table, q, which also
// compares d with zero: p = d != 0 or q.
func decodeLop3(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "or", "and")
	or, and := m.has["or"], m.has["and"]
	a := d.in.Args
	n := pick(or || and, 6, 5)
	if len(a) != n || or && and {
		d.refuse("%d operands, expected %d", len(a), n)
	}
	if a[4].Kind != OperandInt {
		d.refuse("the table of lop3 must be a constant")
	}
	table := uint8(a[4].Int)
	args := append([]Operand(nil), a[:4]...)
	second := args[0].Second
	args[0].Second = nil
	if (n == 6) != (second != nil) {
		d.refuse("expected d|p with .or or .and, and only there")
	}
	d.withArgs(args, func() {
		d.compute(func(a, b, c uint32) uint32 { return arith.Lop3(a, b, c, table) }, t, t, t, t)
	})
	if n == 5 {
		return
	}
	q, not := d.psrc(&a[5])
	p := d.pdst(second)
	lop := d.o.run
	pure := d.o.pure
	d.o.pure = 0
	d.o.run = func(w *warp, o *op, mask uint32) {
		full := *o
		full.run, full.pure = lop, pure
		w.partial(&full, mask)
		var nonzero uint32
		for i, v := range &w.r32[o.d] {
			nonzero |= one(v != 0) << i
		}
		if third := w.p[q] ^ not; or {
			nonzero |= third
		} else {
			nonzero &= third
		}
		w.p[p] = w.p[p]&^mask | nonzero&mask
	}
}

func decodePrmt(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "f4e", "b4e", "rc8", "ecl", "ecr", "rc16")
	mode := arith.PrmtDefault
	for i, name := range []string{"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"} {
		if m.has[name] {
			mode = arith.PrmtMode(i + 1)
		}
	}
	d.compute(func(a, b, c uint32) uint32 { return arith.Prmt(a, b, c, mode) }, t, t, t, t)
}

func decodeDP(d *decoder) {
	m := d.mods()
	if len(m.types) != 2 {
		d.refuse("%d types, expected 2", len(m.types))
	}
	d.allow(m, "lo", "hi")
	for _, t := range m.types {
		if t != U32 && t != S32 {
			d.refuse("it is of .%s, expected .u32 or .s32", t)
		}
	}
	if half := m.has["lo"] != m.has["hi"]; half != (d.in.Op == "dp2a") || m.has["lo"] && m.has["hi"] {
		d.refuse("dp2a has .lo or .hi, dp4a neither")
	}
	sa, sb := m.types[0].Signed(), m.types[1].Signed()
	r := U32
	if sa || sb {
		r = S32
	}
	if d.in.Op == "dp4a" {
		d.compute(func(a, b, c uint32) uint32 { return arith.DP4A(a, b, c, sa, sb) }, r, U32, U32, r)
		return
	}
	hi := m.has["hi"]
	d.compute(func(a, b, c uint32) uint32 { return arith.DP2A(a, b, c, sa, sb, hi) }, r, U32, U32, r)
}
