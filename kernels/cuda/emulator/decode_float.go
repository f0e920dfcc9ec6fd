package emulator

import (
	"strings"

	"baregrad/kernels/cuda/emulator/arith"
)

// Floating-point arithmetic: f16, f16x2, bf16, bf16x2, f32 and f64.

func init() {
	register(map[string]func(*decoder){
		"fma": decodeFMA, "copysign": decodeCopysign, "testp": decodeTestp,
		"rcp": decodeRcp, "sqrt": decodeSqrt, "rsqrt": decodeApprox, "sin": decodeApprox, "cos": decodeApprox,
		"lg2": decodeApprox, "ex2": decodeApprox, "tanh": decodeApprox,
	})
}

// rounding returns the rounding mode of the modifiers; RN if there is none.
func (m modset) rounding() arith.Rounding {
	switch {
	case m.has["rz"], m.has["rzi"]:
		return arith.RZ
	case m.has["rm"], m.has["rmi"]:
		return arith.RM
	case m.has["rp"], m.has["rpi"]:
		return arith.RP
	case m.has["rna"]:
		return arith.RNA
	}
	return arith.RN
}

func (m modset) mode() arith.Mode {
	return arith.Mode{Round: m.rounding(), FTZ: m.has["ftz"], Sat: m.has["sat"]}
}

func (m modset) half() arith.HalfMode {
	return arith.HalfMode{FTZ: m.has["ftz"], Sat: m.has["sat"], Relu: m.has["relu"]}
}

// halfOf returns the arithmetic of a 16-bit type, and whether it is a packed pair.
func halfOf(t Type) (h arith.Half, pair, ok bool) {
	switch t {
	case F16, F16x2:
		return arith.F16, t == F16x2, true
	case BF16, BF16x2:
		return arith.BF16, t == BF16x2, true
	}
	return
}

// halfBinary returns the scalar function of a 16-bit operation.
func halfBinary(pair bool, one func(a, b uint16, m arith.HalfMode) uint16, two func(a, b uint32, m arith.HalfMode) uint32, m arith.HalfMode) func(a, b uint32) uint32 {
	if pair {
		return func(a, b uint32) uint32 { return two(a, b, m) }
	}
	return func(a, b uint32) uint32 { return uint32(one(uint16(a), uint16(b), m)) }
}

// none marks a type that an operation supports without modifiers.
const none = " "

// allowFloat refuses modifiers that the operation does not support for its type, and more than one
// rounding mode. Each list is words separated by spaces; an empty list refuses the type.
func (d *decoder) allowFloat(m modset, t Type, f32, f64, f16, bf16 string) {
	words := map[Type]string{F32: f32, F64: f64, F16: f16, F16x2: f16, BF16: bf16, BF16x2: bf16}[t]
	if words == "" {
		d.refuse("no such operation on .%s", t)
	}
	d.allow(m, strings.Fields(words)...)
	if n := m.roundings(); n > 1 {
		d.refuse("%d rounding modes", n)
	}
}

// roundings counts the modifiers that say how a float result is rounded.
func (m modset) roundings() (n int) {
	for _, r := range []string{"rn", "rz", "rm", "rp", "rna", "approx", "full"} {
		n += int(one(m.has[r]))
	}
	return n
}

// rounded refuses an instruction without a rounding mode.
func (d *decoder) rounded(m modset) {
	if m.roundings() == 0 {
		d.refuse("expected a rounding mode, such as .rn")
	}
}

func decodeFloatAdd(d *decoder, m modset, t Type) {
	d.allowFloat(m, t, "rn rz rm rp ftz sat", "rn rz rm rp", "rn ftz sat", "rn")
	sub := d.in.Op == "sub"
	mode := m.mode()
	if h, pair, ok := halfOf(t); ok {
		if sub {
			d.compute(halfBinary(pair, h.Sub, h.Sub2, m.half()), t, t, t)
		} else {
			d.compute(halfBinary(pair, h.Add, h.Add2, m.half()), t, t, t)
		}
		d.flops(pick(pair, 2, 1))
		return
	}
	switch {
	case t == F64 && sub:
		d.compute(func(a, b uint64) uint64 { return arith.SubF64(a, b, mode.Round) }, t, t, t)
	case t == F64:
		d.compute(func(a, b uint64) uint64 { return arith.AddF64(a, b, mode.Round) }, t, t, t)
	case t == F32 && mode == arith.Mode{}:
		d.compute(pick[handler](sub, subF32, addF32), t, t, t)
	case t == F32 && sub:
		d.compute(func(a, b uint32) uint32 { return arith.SubF32(a, b, mode) }, t, t, t)
	case t == F32:
		d.compute(func(a, b uint32) uint32 { return arith.AddF32(a, b, mode) }, t, t, t)
	}
	d.flops(1)
}

// flops sets the number of floating-point operations per lane.
func (d *decoder) flops(n int) {
	if d.o.x == nil {
		d.o.x = &extra{}
	}
	d.o.x.flops = n
}

func decodeFloatMul(d *decoder, m modset, t Type) {
	d.allowFloat(m, t, "rn rz rm rp ftz sat", "rn rz rm rp", "rn ftz sat", "rn")
	mode := m.mode()
	if h, pair, ok := halfOf(t); ok {
		d.compute(halfBinary(pair, h.Mul, h.Mul2, m.half()), t, t, t)
		d.flops(pick(pair, 2, 1))
		return
	}
	switch {
	case t == F64:
		d.compute(func(a, b uint64) uint64 { return arith.MulF64(a, b, mode.Round) }, t, t, t)
	case t == F32 && mode == arith.Mode{}:
		d.compute(handler(mulF32), t, t, t)
	case t == F32:
		d.compute(func(a, b uint32) uint32 { return arith.MulF32(a, b, mode) }, t, t, t)
	}
	d.flops(1)
}

// decodeFMA decodes fma, and mad of floats, which has been the same since sm_20.
func decodeFMA(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allowFloat(m, t, "rn rz rm rp ftz sat", "rn rz rm rp", "rn ftz sat relu", "rn relu")
	d.rounded(m)
	mode := m.mode()
	if h, pair, ok := halfOf(t); ok {
		if d.in.Op == "mad" || m.has["sat"] && m.has["relu"] {
			d.refuse("expected fma, with .sat or .relu but not both")
		}
		hm := m.half()
		if pair {
			d.compute(func(a, b, c uint32) uint32 { return h.FMA2(a, b, c, hm) }, t, t, t, t)
		} else {
			d.compute(func(a, b, c uint32) uint32 { return uint32(h.FMA(uint16(a), uint16(b), uint16(c), hm)) }, t, t, t, t)
		}
		d.flops(pick(pair, 4, 2))
		return
	}
	switch {
	case t == F64:
		d.compute(func(a, b, c uint64) uint64 { return arith.FMAF64(a, b, c, mode.Round) }, t, t, t, t)
	case t == F32 && mode == arith.Mode{}:
		d.compute(handler(fmaF32), t, t, t, t)
	case t == F32:
		d.compute(func(a, b, c uint32) uint32 { return arith.FMAF32(a, b, c, mode) }, t, t, t, t)
	}
	d.flops(2)
}

func decodeFloatDiv(d *decoder, m modset, t Type) {
	d.allowFloat(m, t, "rn rz rm rp ftz approx full", "rn rz rm rp", "", "")
	d.rounded(m)
	mode := m.mode()
	switch {
	case t == F64:
		d.compute(func(a, b uint64) uint64 { return arith.DivF64(a, b, mode.Round) }, t, t, t)
	case t == F32 && m.has["approx"]:
		d.compute(func(a, b uint32) uint32 { return arith.DivApproxF32(a, b, mode.FTZ) }, t, t, t)
	case t == F32 && m.has["full"]:
		d.compute(func(a, b uint32) uint32 { return arith.DivFullF32(a, b, mode.FTZ) }, t, t, t)
	case t == F32:
		d.compute(func(a, b uint32) uint32 { return arith.DivF32(a, b, mode) }, t, t, t)
	}
	d.flops(1)
}

func decodeFloatSign(d *decoder, m modset, t Type) {
	d.allowFloat(m, t, "ftz", none, "ftz", none)
	neg, ftz := d.in.Op == "neg", m.has["ftz"]
	if h, pair, ok := halfOf(t); ok {
		switch {
		case pair && neg:
			d.compute(func(a uint32) uint32 { return h.Neg2(a, ftz) }, t, t)
		case pair:
			d.compute(func(a uint32) uint32 { return h.Abs2(a, ftz) }, t, t)
		case neg:
			d.compute(func(a uint32) uint32 { return uint32(h.Neg(uint16(a), ftz)) }, t, t)
		default:
			d.compute(func(a uint32) uint32 { return uint32(h.Abs(uint16(a), ftz)) }, t, t)
		}
		return
	}
	switch {
	case t == F64 && neg:
		d.compute(arith.NegF64, t, t)
	case t == F64:
		d.compute(arith.AbsF64, t, t)
	case neg:
		d.compute(func(a uint32) uint32 { return arith.NegF32(a, ftz) }, t, t)
	default:
		d.compute(func(a uint32) uint32 { return arith.AbsF32(a, ftz) }, t, t)
	}
}

func decodeFloatMinMax(d *decoder, m modset, t Type) {
	d.allowFloat(m, t, "ftz NaN xorsign abs", none, "ftz NaN xorsign abs", "NaN xorsign abs")
	if m.has["xorsign"] != m.has["abs"] {
		d.refuse(".xorsign and .abs go together")
	}
	mm := arith.MinMax{FTZ: m.has["ftz"], NaN: m.has["NaN"], XorSignAbs: m.has["xorsign"]}
	isMax := d.in.Op == "max"
	if h, pair, ok := halfOf(t); ok {
		one, two := h.Min, h.Min2
		if isMax {
			one, two = h.Max, h.Max2
		}
		if pair {
			d.compute(func(a, b uint32) uint32 { return two(a, b, mm) }, t, t, t)
		} else {
			d.compute(func(a, b uint32) uint32 { return uint32(one(uint16(a), uint16(b), mm)) }, t, t, t)
		}
		return
	}
	if t == F64 {
		d.compute(pick(isMax, arith.MaxF64, arith.MinF64), t, t, t)
		return
	}
	f := pick(isMax, arith.MaxF32, arith.MinF32)
	if len(d.in.Args) == 4 { // the three-input form
		if of := d.prog.mod.target(); of < 100 {
			d.refuse("three inputs need .target sm_100 or later; the file has sm_%d", of)
		}
		d.compute(func(a, b, c uint32) uint32 { return f(f(a, b, mm), c, mm) }, t, t, t, t)
		return
	}
	d.compute(func(a, b uint32) uint32 { return f(a, b, mm) }, t, t, t)
}

func decodeCopysign(d *decoder) {
	t := d.one(d.mods())
	// copysign d, a, b gives b the sign of a.
	if t == F64 {
		d.compute(func(a, b uint64) uint64 { return arith.CopySignF64(a, b) }, t, t, t)
		return
	}
	d.compute(func(a, b uint32) uint32 { return arith.CopySignF32(a, b) }, t, t, t)
}

func decodeTestp(d *decoder) {
	m := d.mods()
	t := d.one(m)
	props := map[string]arith.Property{"finite": arith.Finite, "infinite": arith.Infinite, "number": arith.Number,
		"notanumber": arith.NotANumber, "normal": arith.Normal, "subnormal": arith.Subnormal}
	if len(m.rest) != 1 {
		d.refuse("expected one property")
	}
	prop, ok := props[m.rest[0]]
	if !ok {
		d.refuse("unknown property .%s", m.rest[0])
	}
	a := d.args(2)
	o := d.o
	o.a, _ = d.src(&a[1], t, false)
	o.d = d.pdst(&a[0])
	o.run = func(w *warp, o *op, mask uint32) {
		var r uint32
		for i := 0; i < 32; i++ {
			if t == F64 {
				r |= one(arith.TestPF64(prop, w.r64[o.a][i])) << i
			} else {
				r |= one(arith.TestPF32(prop, w.r32[o.a][i])) << i
			}
		}
		w.p[o.d] = w.p[o.d]&^mask | r&mask
	}
}

func decodeRcp(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allowFloat(m, t, "rn rz rm rp ftz approx", "rn rz rm rp ftz approx", "", "")
	d.rounded(m)
	if t == F64 && m.has["approx"] != m.has["ftz"] {
		d.refuse("rcp.f64 has .approx.ftz, or a rounding mode alone")
	}
	mode := m.mode()
	switch {
	case t == F64 && m.has["approx"]:
		d.compute(arith.RcpApproxF64, t, t)
	case t == F64:
		d.compute(func(a uint64) uint64 { return arith.RcpF64(a, mode.Round) }, t, t)
	case m.has["approx"]:
		d.compute(func(a uint32) uint32 { return arith.RcpApproxF32(a, mode.FTZ) }, t, t)
	default:
		d.compute(func(a uint32) uint32 { return arith.RcpF32(a, mode) }, t, t)
	}
	d.flops(1)
}

func decodeSqrt(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allowFloat(m, t, "rn rz rm rp ftz approx", "rn rz rm rp", "", "")
	d.rounded(m)
	mode := m.mode()
	switch {
	case t == F64:
		d.compute(func(a uint64) uint64 { return arith.SqrtF64(a, mode.Round) }, t, t)
	case m.has["approx"]:
		d.compute(func(a uint32) uint32 { return arith.SqrtApproxF32(a, mode.FTZ) }, t, t)
	default:
		d.compute(func(a uint32) uint32 { return arith.SqrtF32(a, mode) }, t, t)
	}
	d.flops(1)
}

func decodeApprox(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "approx", "ftz")
	if !m.has["approx"] {
		d.refuse("expected .approx")
	}
	if ftz := m.has["ftz"]; d.in.Op == "tanh" && ftz || (t == F16 || t == F16x2) && ftz ||
		(t == BF16 || t == BF16x2) && d.in.Op == "ex2" && !ftz {
		d.refuse("%s has .ftz for .f32, except tanh, and ex2 for .bf16", d.in.Op)
	}
	ftz := m.has["ftz"]
	if h, pair, ok := halfOf(t); ok {
		var f func(uint32) uint32
		switch {
		case d.in.Op == "ex2" && pair:
			f = h.Ex2x2
		case d.in.Op == "ex2":
			f = func(a uint32) uint32 { return uint32(h.Ex2(uint16(a))) }
		case d.in.Op == "tanh" && pair:
			f = h.Tanh2
		case d.in.Op == "tanh":
			f = func(a uint32) uint32 { return uint32(h.Tanh(uint16(a))) }
		default:
			d.refuse("expected .f32")
		}
		d.compute(f, t, t)
		return
	}
	if t == F64 {
		switch {
		case d.in.Op == "rsqrt" && ftz:
			d.compute(arith.RsqrtApproxFTZF64, t, t)
		case d.in.Op == "rsqrt":
			d.compute(arith.RsqrtApproxF64, t, t)
		default:
			d.refuse("expected .f32")
		}
		return
	}
	f := map[string]func(uint32, bool) uint32{"rsqrt": arith.RsqrtApproxF32, "sin": arith.SinApproxF32, "cos": arith.CosApproxF32,
		"lg2": arith.Lg2ApproxF32, "ex2": arith.Ex2ApproxF32}[d.in.Op]
	if f == nil {
		d.compute(arith.TanhApproxF32, t, t)
	} else {
		d.compute(func(a uint32) uint32 { return f(a, ftz) }, t, t)
	}
	d.flops(1)
}
