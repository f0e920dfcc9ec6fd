package emulator

import "baregrad/kernels/cuda/emulator/arith"

// Conversions between types: cvt.

func init() { register(map[string]func(*decoder){"cvt": decodeCvt}) }

var arithType = map[Type]arith.Type{
	U8: arith.TypeU8, S8: arith.TypeS8, U16: arith.TypeU16, S16: arith.TypeS16, U32: arith.TypeU32, S32: arith.TypeS32,
	U64: arith.TypeU64, S64: arith.TypeS64, F16: arith.TypeF16, BF16: arith.TypeBF16, TF32: arith.TypeTF32,
	F32: arith.TypeF32, F64: arith.TypeF64,
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
		if !mode.SatFinite || !m.has["rn"] {
			d.refuse("expected .rn.satfinite")
		}
		fp := pick(dt == E4M3x2, arith.E4M3, arith.E5M2)
		if st == F32 {
			d.compute(func(a, b uint32) uint32 { return uint32(fp.PackF32(a, b, relu)) }, B16, st, st)
		} else {
			d.compute(func(a uint32) uint32 { return uint32(fp.PackF16x2(a, relu)) }, B16, st)
		}
		return
	case dt == F16x2 && (st == E4M3x2 || st == E5M2x2):
		if !m.has["rn"] {
			d.refuse("expected .rn")
		}
		fp := pick(st == E4M3x2, arith.E4M3, arith.E5M2)
		d.compute(func(a uint32) uint32 { return fp.UnpackF16x2(uint16(a), relu) }, dt, B16)
		return
	}
	if dt.bare() || st.bare() {
		d.refuse("it is of .%s and .%s, expected types of numbers, such as .u32: mov copies bits", dt, st)
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
	case !narrows && !mode.Integer && m.roundings() != 0 && st != BF16: // bf16 may be widened with a rounding mode
		d.refuse("a rounding mode, where nothing is rounded")
	case mode.FTZ && dt != F32 && st != F32:
		d.refuse(".ftz is for .f32")
	case mode.Sat && (dt == BF16 || st == BF16):
		d.refuse(".sat is not for .bf16")
	case mode.Sat && !dt.Float() && !st.Float() && holds(dt, st):
		d.refuse(".sat, where every .%s is a .%s", st, dt)
	case dt == BF16 && (st == U8 || st == S8):
		d.refuse("it is of .%s, expected .u16 or wider", st)
	case dt == BF16 && st == BF16 && m.roundings() != 0:
		d.refuse("a rounding mode, where nothing is rounded")
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

// holds reports whether wide can represent every integer of type t.
func holds(wide, t Type) bool {
	if wide.Signed() == t.Signed() {
		return wide.Bits() >= t.Bits()
	}
	return wide.Signed() && wide.Bits() > t.Bits()
}

// cvtPack decodes cvt.pack.sat.T.s32 d, a, b, and cvt.pack.sat.T.s32.b32 d, a, b, c: a and b
// saturated to T, with a above b; for 8-bit values the low half of c goes above them.
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
