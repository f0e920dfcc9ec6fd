package arith

import (
	"fmt"
	"math"
)

// Type is an operand type of cvt.
type Type uint8

// The types of cvt. TypeTF32 is a destination only.
const (
	TypeU8 Type = iota
	TypeS8
	TypeU16
	TypeS16
	TypeU32
	TypeS32
	TypeU64
	TypeS64
	TypeF16
	TypeBF16
	TypeTF32
	TypeF32
	TypeF64
)

var typeNames = [...]string{"u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64",
	"f16", "bf16", "tf32", "f32", "f64"}

// String returns the type as PTX writes it, without the dot.
func (t Type) String() string { return typeNames[t] }

// ParseType returns the type that PTX writes as name; false if there is none.
func ParseType(name string) (Type, bool) {
	for i, n := range typeNames {
		if n == name {
			return Type(i), true
		}
	}
	return 0, false
}

// Float reports whether t is a float type.
func (t Type) Float() bool { return t >= TypeF16 }

// Signed reports whether t is a signed integer type.
func (t Type) Signed() bool { return t < TypeF16 && t&1 == 1 }

// Bits returns the width of a value of t in its register.
func (t Type) Bits() int {
	switch t {
	case TypeF16, TypeBF16:
		return 16
	case TypeTF32, TypeF32:
		return 32
	case TypeF64:
		return 64
	}
	return 8 << (t / 2)
}

// extend reads the low bits of a register as a value of integer type t, sign- or
// zero-extended to 64 bits.
func (t Type) extend(x uint64) uint64 {
	n := uint(64 - t.Bits())
	if t.Signed() {
		return uint64(int64(x<<n) >> n)
	}
	return x << n >> n
}

func (t Type) format() *format {
	switch t {
	case TypeF16:
		return formatF16
	case TypeBF16:
		return formatBF16
	case TypeTF32:
		return formatTF32
	case TypeF32:
		return formatF32
	case TypeF64:
		return formatF64
	}
	return nil
}

// CvtMode is the modifiers of cvt. If Integer is set, Round is an integer rounding (.rni .rzi .rmi
// .rpi are RN RZ RM RP). FTZ applies to f32 operands and results. Sat clamps to the range of an
// integer type, or to [0, 1]. SatFinite turns overflow into the largest finite value. Relu turns
// negative results into +0.
type CvtMode struct {
	Round                     Rounding
	Integer                   bool
	FTZ, Sat, SatFinite, Relu bool
}

// Cvt returns the function that converts a register with src in its low bits to the bits of dst. A
// signed integer result is sign-extended to 64 bits, any other is zero-extended, as PTX does for
// registers wider than dst; the caller truncates to its register's width.
//
// NaN becomes 0 as an integer, except from f64 or to a 64-bit type: there only the top bit is set,
// as the manual says. A float that does not fit an integer is clamped, with or without .sat. An
// integer that does not fit loses its upper bits unless .sat is given.
//
// The error is for types or modifiers that cvt does not support.
func Cvt(dst, src Type, m CvtMode) (func(uint64) uint64, error) {
	switch {
	case src == TypeTF32:
		return nil, fmt.Errorf("cvt.%v.%v: tf32 is a destination type only", dst, src)
	case dst == TypeTF32 && src != TypeF32:
		return nil, fmt.Errorf("cvt.%v.%v: tf32 is converted from f32 only", dst, src)
	case m.Round == RNA && dst != TypeTF32:
		return nil, fmt.Errorf("cvt.rna.%v.%v: .rna exists for tf32 only", dst, src)
	case m.Integer && !src.Float():
		return nil, fmt.Errorf("cvt.%v.%v: an integer is not rounded to an integer", dst, src)
	case m.Integer && dst.Float() && dst != src:
		return nil, fmt.Errorf("cvt.%v.%v: rounding to an integral float keeps the type", dst, src)
	case m.Relu && (!dst.Float() || dst == TypeF64):
		return nil, fmt.Errorf("cvt.relu.%v.%v: .relu is for f16, bf16 and tf32 results", dst, src)
	}
	if fast := cvtFast(dst, src, m); fast != nil {
		return fast, nil
	}
	switch {
	case !src.Float() && !dst.Float():
		return func(x uint64) uint64 { return intToInt(dst, src, m, x) }, nil
	case !src.Float():
		return func(x uint64) uint64 { return intToFloat(dst, src, m, x) }, nil
	case !dst.Float():
		return func(x uint64) uint64 { return floatToInt(dst, src, m, x) }, nil
	}
	return func(x uint64) uint64 { return floatToFloat(dst, src, m, x) }, nil
}

// cvtFast handles the conversions that kernels use in inner loops.
func cvtFast(dst, src Type, m CvtMode) func(uint64) uint64 {
	plain := m == CvtMode{Round: m.Round, Integer: m.Integer}
	nearest := m == CvtMode{}
	switch {
	case !src.Float() && !dst.Float() && plain && (dst.Bits() <= src.Bits() || src.Signed() == dst.Signed()):
		t := dst // truncate, or extend a value of the same signedness
		if dst.Bits() > src.Bits() {
			t = src
		}
		return t.extend
	case dst == TypeF32 && src == TypeS32 && nearest:
		return func(x uint64) uint64 { return uint64(math.Float32bits(float32(int32(x)))) }
	case dst == TypeF32 && src == TypeU32 && nearest:
		return func(x uint64) uint64 { return uint64(math.Float32bits(float32(uint32(x)))) }
	case dst == TypeF32 && src == TypeF64 && nearest:
		return func(x uint64) uint64 { return uint64(bits32(float32(f64(x)))) }
	}
	return nil
}

func intToInt(dst, src Type, m CvtMode, x uint64) uint64 {
	x = src.extend(x)
	if m.Sat {
		x = clampInt(dst, src.Signed(), x)
	}
	return dst.extend(x)
}

// clampInt clamps the integer x, signed or not, to the range of dst.
func clampInt(dst Type, signed bool, x uint64) uint64 {
	max := maxInt(dst)
	negative := signed && int64(x) < 0
	switch {
	case !negative && x > max:
		return max
	case negative && !dst.Signed():
		return 0
	case negative && x < ^max: // ^max is the most negative value of a signed dst
		return ^max
	}
	return x
}

func intToFloat(dst, src Type, m CvtMode, x uint64) uint64 {
	x = src.extend(x)
	neg := src.Signed() && int64(x) < 0
	if neg {
		x = -x
	}
	f := dst.format()
	return m.finish(dst, f.pack(neg, 0, x, m.Round))
}

func floatToInt(dst, src Type, m CvtMode, x uint64) uint64 {
	f := src.format()
	if m.FTZ && src == TypeF32 {
		x = f.flush(x)
	}
	n := uint(dst.Bits())
	v := f.toFloat64(x & (f.sign<<1 - 1))
	if v != v {
		if src == TypeF64 || n == 64 {
			return dst.extend(1 << (n - 1))
		}
		return 0
	}
	v = roundToInt(v, m.Round)
	limit := float64(maxInt(dst)>>1+1) * 2 // a power of two, so exact
	switch {
	case v >= limit:
		return maxInt(dst)
	case dst.Signed() && v < -limit:
		return dst.extend(1 << (n - 1))
	case !dst.Signed() && v < 0:
		return 0
	case !dst.Signed() && v >= 1<<63:
		return uint64(v-1<<63) | 1<<63
	}
	return uint64(int64(v))
}

// maxInt returns the largest value of an integer type.
func maxInt(t Type) uint64 {
	n := uint(t.Bits())
	if t.Signed() {
		n--
	}
	return 1<<n - 1
}

func floatToFloat(dst, src Type, m CvtMode, x uint64) uint64 {
	from, to := src.format(), dst.format()
	x &= from.sign<<1 - 1
	if m.FTZ && src == TypeF32 {
		x = from.flush(x)
	}
	if from.isNaN(x) {
		return m.finish(dst, nanTo(dst, src, x))
	}
	v := from.toFloat64(x)
	if m.Integer {
		v = roundToInt(v, m.Round)
	}
	r := m.Round
	y := to.fromFloat64(v, r)
	if m.SatFinite && y&(to.sign-1) == to.inf {
		y--
	}
	return m.finish(dst, y)
}

// nanTo converts a NaN. An f64 result keeps the payload of its source in its upper bits, quieted;
// every other type has a single NaN.
func nanTo(dst, src Type, x uint64) uint64 {
	switch {
	case dst == TypeF64 && src == TypeF64:
		return x | quiet64
	case dst == TypeF64 && src == TypeF32:
		return x>>31<<63 | infF64 | quiet64 | x&(1<<23-1)<<29
	}
	return dst.format().nan
}

// finish applies the modifiers to the result and places tf32 in its register.
func (m CvtMode) finish(dst Type, y uint64) uint64 {
	f := dst.format()
	if m.FTZ && dst == TypeF32 {
		y = f.flush(y)
	}
	if m.Sat {
		y = f.sat(y)
	}
	if m.Relu {
		y = f.relu(y)
	}
	if dst == TypeTF32 {
		y <<= 13
	}
	return y
}

// CvtPack2 is cvt.rnd{.relu}{.satfinite}.f16x2.f32 (or bf16x2): a goes to the
// upper half of the register, b to the lower.
func CvtPack2(dst Type, m CvtMode, a, b uint32) uint32 {
	return pair(uint16(floatToFloat(dst, TypeF32, m, uint64(b))),
		uint16(floatToFloat(dst, TypeF32, m, uint64(a))))
}

// CvtPackInt is cvt.pack.sat.T.s32: a and b saturated to T, an 8- or 16-bit integer type, side by
// side with b lowest; for 8 bits the low half of c goes above them.
func CvtPackInt(t Type, a, b, c uint32) uint32 {
	n := uint(t.Bits())
	mask := uint64(1)<<n - 1
	x := clampInt(t, true, uint64(int64(int32(a)))) & mask
	y := clampInt(t, true, uint64(int64(int32(b)))) & mask
	return uint32(uint64(c)<<(2*n) | x<<n | y)
}
