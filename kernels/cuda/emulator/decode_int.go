package emulator

import "baregrad/kernels/cuda/emulator/arith"

// Integer arithmetic.

func init() {
	register(map[string]func(*decoder){
		"add": decodeAdd, "sub": decodeAdd, "mul": decodeMul, "mad": decodeMad,
		"mul24": decodeMul24, "mad24": decodeMul24, "sad": decodeSad,
		"div": decodeDiv, "rem": decodeDiv, "abs": decodeAbs, "neg": decodeNeg,
		"min": decodeMinMax, "max": decodeMinMax,
	})
}

// ext sign- or zero-extends the low bits of v, as t says.
func ext(v uint64, t Type) uint64 {
	n := 64 - t.Bits()
	if t.Signed() {
		return uint64(int64(v<<n) >> n)
	}
	return v << n >> n
}

// trim truncates v to the width of t.
func trim(v uint64, t Type) uint64 {
	n := 64 - t.Bits()
	return v << n >> n
}

func decodeAdd(d *decoder) {
	m := d.mods()
	t := d.one(m)
	if t.Float() {
		decodeFloatAdd(d, m, t)
		return
	}
	if m.has["cc"] {
		decodeCarry(d)
		return
	}
	d.allow(m, "sat")
	sub := d.in.Op == "sub"
	switch {
	case m.has["sat"]:
		if t != S32 {
			d.refuse(".sat needs .s32")
		}
		if sub {
			d.compute(func(a, b uint32) uint32 { return uint32(arith.SubSatS32(int32(a), int32(b))) }, t, t, t)
		} else {
			d.compute(func(a, b uint32) uint32 { return uint32(arith.AddSatS32(int32(a), int32(b))) }, t, t, t)
		}
	case t.Bits() == 32 && t != U16x2 && t != S16x2:
		d.compute(pick[handler](sub, subB32, addB32), t, t, t)
	case t.Bits() == 64:
		d.compute(pick[handler](sub, subB64, addB64), t, t, t)
	case t.Bits() == 32 && !sub:
		d.compute(func(a, b uint32) uint32 { return (a+b)&0xffff | (a>>16+b>>16)<<16 }, t, t, t)
	case t.Bits() == 16 && sub:
		d.compute(func(a, b uint32) uint32 { return (a - b) & 0xffff }, t, t, t)
	case t.Bits() == 16:
		d.compute(func(a, b uint32) uint32 { return (a + b) & 0xffff }, t, t, t)
	}
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// double returns the type of twice the width.
func (t Type) double() Type {
	switch t {
	case U16:
		return U32
	case S16:
		return S32
	case U32:
		return U64
	case S32:
		return S64
	}
	return TypeNone
}

func decodeMul(d *decoder) {
	m := d.mods()
	t := d.one(m)
	if t.Float() {
		decodeFloatMul(d, m, t)
		return
	}
	d.allow(m, "lo", "hi", "wide")
	switch {
	case m.has["wide"]:
		switch t {
		case U32:
			d.compute(handler(mulWideU32), U64, t, t)
		case S32:
			d.compute(handler(mulWideS32), S64, t, t)
		case U16, S16:
			d.compute(func(a, b, _ uint64) uint64 { return trim(ext(a, t)*ext(b, t), U32) }, t.double(), t, t)
		}
	case m.has["hi"]:
		d.compute(mulHi(t), t, t, t)
	case m.has["lo"] && t.Bits() == 32:
		d.compute(handler(mulLoB32), t, t, t)
	case m.has["lo"] && t.Bits() == 64:
		d.compute(func(a, b uint64) uint64 { return a * b }, t, t, t)
	case m.has["lo"]:
		d.compute(func(a, b uint32) uint32 { return a * b & 0xffff }, t, t, t)
	default:
		d.refuse("expected .lo, .hi or .wide")
	}
}

// mulHi returns the scalar function of mul.hi for type t.
func mulHi(t Type) any {
	switch t {
	case U32:
		return arith.MulHiU32
	case S32:
		return func(a, b uint32) uint32 { return uint32(arith.MulHiS32(int32(a), int32(b))) }
	case U64:
		return arith.MulHiU64
	case S64:
		return func(a, b uint64) uint64 { return uint64(arith.MulHiS64(int64(a), int64(b))) }
	}
	return func(a, b uint32) uint32 {
		return uint32(trim(uint64(int64(ext(uint64(a), t))*int64(ext(uint64(b), t))>>16), U16))
	}
}

func decodeMad(d *decoder) {
	m := d.mods()
	t := d.one(m)
	if t.Float() {
		decodeFMA(d)
		return
	}
	if m.has["cc"] {
		decodeMadCarry(d)
		return
	}
	d.allow(m, "lo", "hi", "wide", "sat")
	if m.has["sat"] && (t != S32 || !m.has["hi"]) {
		d.refuse(".sat is for mad.hi.s32")
	}
	switch {
	case m.has["wide"]:
		switch t {
		case U32:
			d.compute(handler(madWideU32), U64, t, t, U64)
		case S32:
			d.compute(handler(madWideS32), S64, t, t, S64)
		case U16, S16:
			d.compute(func(a, b, c uint64) uint64 { return trim(ext(a, t)*ext(b, t)+c, U32) }, t.double(), t, t, t.double())
		}
	case m.has["hi"] && m.has["sat"]:
		d.compute(func(a, b, c uint32) uint32 {
			return uint32(arith.MadHiSatS32(int32(a), int32(b), int32(c)))
		}, t, t, t, t)
	case m.has["hi"]:
		switch f := mulHi(t).(type) {
		case func(a, b uint32) uint32:
			cut := uint32(trim(^uint64(0), t))
			d.compute(func(a, b, c uint32) uint32 { return (f(a, b) + c) & cut }, t, t, t, t)
		case func(a, b uint64) uint64:
			d.compute(func(a, b, c uint64) uint64 { return f(a, b) + c }, t, t, t, t)
		}
	case m.has["lo"] && t.Bits() == 32:
		d.compute(handler(madLoB32), t, t, t, t)
	case m.has["lo"]:
		d.compute(func(a, b, c uint64) uint64 { return trim(a*b+c, t) }, t, t, t, t)
	default:
		d.refuse("expected .lo, .hi or .wide")
	}
}

func decodeMul24(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "lo", "hi", "sat")
	switch {
	case t != U32 && t != S32:
		d.refuse("expected .u32 or .s32")
	case m.has["hi"] == m.has["lo"]:
		d.refuse("expected .lo or .hi")
	case m.has["sat"] && (t != S32 || !m.has["hi"] || d.in.Op == "mul24"):
		d.refuse(".sat is for mad24.hi.s32")
	}
	mul := func(a, b uint32) uint32 {
		switch {
		case m.has["hi"] && t == U32:
			return arith.Mul24HiU32(a, b)
		case m.has["hi"]:
			return uint32(arith.Mul24HiS32(int32(a), int32(b)))
		case t == U32:
			return arith.Mul24LoU32(a, b)
		}
		return uint32(arith.Mul24LoS32(int32(a), int32(b)))
	}
	switch {
	case d.in.Op == "mul24":
		d.compute(mul, t, t, t)
	case m.has["sat"]:
		d.compute(func(a, b, c uint32) uint32 { return uint32(arith.AddSatS32(int32(mul(a, b)), int32(c))) }, t, t, t, t)
	default:
		d.compute(func(a, b, c uint32) uint32 { return mul(a, b) + c }, t, t, t, t)
	}
}

func decodeSad(d *decoder) {
	t := d.one(d.mods())
	d.compute(func(a, b, c uint64) uint64 {
		x, y := ext(a, t), ext(b, t)
		if t.Signed() && int64(x) < int64(y) || !t.Signed() && x < y {
			x, y = y, x
		}
		return trim(x-y+c, t)
	}, t, t, t, t)
}

func decodeDiv(d *decoder) {
	m := d.mods()
	t := d.one(m)
	if t.Float() {
		decodeFloatDiv(d, m, t)
		return
	}
	d.allow(m)
	rem := d.in.Op == "rem"
	f := func(a, b, _ uint64) uint64 {
		if t.Signed() {
			x, y := int64(ext(a, t)), int64(ext(b, t))
			if rem {
				return trim(uint64(arith.Rem(x, y)), t)
			}
			return trim(uint64(arith.Div(x, y)), t)
		}
		if rem {
			return trim(arith.Rem(a, b), t)
		}
		return trim(arith.Div(a, b), t)
	}
	switch {
	case t == U32 && rem:
		d.compute(arith.Rem[uint32], t, t, t)
	case t == U32:
		d.compute(arith.Div[uint32], t, t, t)
	default:
		d.compute(f, t, t, t)
	}
}

func decodeAbs(d *decoder) {
	m := d.mods()
	t := d.one(m)
	if t.Float() {
		decodeFloatSign(d, m, t)
		return
	}
	d.allow(m)
	d.compute(func(a, _, _ uint64) uint64 {
		if int64(ext(a, t)) < 0 {
			a = -a
		}
		return trim(a, t)
	}, t, t)
}

func decodeNeg(d *decoder) {
	m := d.mods()
	t := d.one(m)
	if t.Float() {
		decodeFloatSign(d, m, t)
		return
	}
	d.allow(m)
	d.compute(func(a, _, _ uint64) uint64 { return trim(-a, t) }, t, t)
}

func decodeMinMax(d *decoder) {
	m := d.mods()
	t := d.one(m)
	if t.Float() {
		decodeFloatMinMax(d, m, t)
		return
	}
	d.allow(m, "relu")
	if m.has["relu"] && t != S32 && t != S16x2 {
		d.refuse(".relu is for .s32 and .s16x2")
	}
	isMax, relu := d.in.Op == "max", m.has["relu"]
	scalar := func(a, b uint64, t Type) uint64 {
		x, y := ext(a, t), ext(b, t)
		less := x < y
		if t.Signed() {
			less = int64(x) < int64(y)
		}
		if less == isMax {
			x = y
		}
		if relu && int64(x) < 0 {
			x = 0
		}
		return trim(x, t)
	}
	if t == U16x2 || t == S16x2 {
		h := U16
		if t == S16x2 {
			h = S16
		}
		d.compute(func(a, b uint32) uint32 {
			return uint32(scalar(uint64(a), uint64(b), h)) | uint32(scalar(uint64(a>>16), uint64(b>>16), h))<<16
		}, t, t, t)
		return
	}
	switch {
	case t == S32 && !relu && isMax:
		d.compute(func(a, b uint32) uint32 { return uint32(max(int32(a), int32(b))) }, t, t, t)
	case t == S32 && !relu:
		d.compute(func(a, b uint32) uint32 { return uint32(min(int32(a), int32(b))) }, t, t, t)
	case t == U32 && isMax:
		d.compute(func(a, b uint32) uint32 { return max(a, b) }, t, t, t)
	case t == U32:
		d.compute(func(a, b uint32) uint32 { return min(a, b) }, t, t, t)
	default:
		d.compute(func(a, b, _ uint64) uint64 { return scalar(a, b, t) }, t, t, t)
	}
}
