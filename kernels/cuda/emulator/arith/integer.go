package arith

import (
	"math"
	"math/bits"
)

// Int is the integer types that PTX computes with.
type Int interface {
	int16 | int32 | int64 | uint16 | uint32 | uint64
}

// Addition, subtraction and the low half of a product wrap around; Go's operators do that. Here are
// the operations for which Go has no operator.

// AddSatS32 is add.sat.s32.
func AddSatS32(a, b int32) int32 { return saturate(int64(a) + int64(b)) }

// SubSatS32 is sub.sat.s32.
func SubSatS32(a, b int32) int32 { return saturate(int64(a) - int64(b)) }

// MadHiSatS32 is mad.hi.sat.s32; mad24.hi.sat.s32 has the same last step.
func MadHiSatS32(a, b, c int32) int32 { return saturate(int64(MulHiS32(a, b)) + int64(c)) }

func saturate(x int64) int32 {
	return int32(min(max(x, math.MinInt32), math.MaxInt32))
}

// AddCC32 is add.cc and addc{.cc} on 32 bits: a + b + carry, where carry is 0 or 1.
func AddCC32(a, b, carry uint32) (sum, carryOut uint32) { return bits.Add32(a, b, carry) }

// SubCC32 is sub.cc and subc{.cc} on 32 bits: a - (b + borrow). CC.CF holds the
// borrow.
func SubCC32(a, b, borrow uint32) (diff, borrowOut uint32) { return bits.Sub32(a, b, borrow) }

// AddCC64 is add.cc and addc{.cc} on 64 bits.
func AddCC64(a, b, carry uint64) (sum, carryOut uint64) { return bits.Add64(a, b, carry) }

// SubCC64 is sub.cc and subc{.cc} on 64 bits.
func SubCC64(a, b, borrow uint64) (diff, borrowOut uint64) { return bits.Sub64(a, b, borrow) }

// mul.hi is the upper half of the double-width product. mad.hi adds to it; mad.cc and madc add with
// AddCC32 or AddCC64.

// MulHiS16 is mul.hi.s16.
func MulHiS16(a, b int16) int16 { return int16(int32(a) * int32(b) >> 16) }

// MulHiU16 is mul.hi.u16.
func MulHiU16(a, b uint16) uint16 { return uint16(uint32(a) * uint32(b) >> 16) }

// MulHiS32 is mul.hi.s32.
func MulHiS32(a, b int32) int32 { return int32(int64(a) * int64(b) >> 32) }

// MulHiU32 is mul.hi.u32.
func MulHiU32(a, b uint32) uint32 { return uint32(uint64(a) * uint64(b) >> 32) }

// MulHiS64 is mul.hi.s64.
func MulHiS64(a, b int64) int64 {
	// The unsigned product treats a negative operand as 2^64 too large.
	hi, _ := bits.Mul64(uint64(a), uint64(b))
	return int64(hi) - a>>63&b - b>>63&a
}

// MulHiU64 is mul.hi.u64.
func MulHiU64(a, b uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi
}

// mul.wide and mad.wide: operands of 16 or 32 bits, results of twice the width.

// MulWideS16 is mul.wide.s16.
func MulWideS16(a, b int16) int32 { return int32(a) * int32(b) }

// MulWideU16 is mul.wide.u16.
func MulWideU16(a, b uint16) uint32 { return uint32(a) * uint32(b) }

// MulWideS32 is mul.wide.s32.
func MulWideS32(a, b int32) int64 { return int64(a) * int64(b) }

// MulWideU32 is mul.wide.u32.
func MulWideU32(a, b uint32) uint64 { return uint64(a) * uint64(b) }

// Mul24LoU32 is mul24.lo.u32: the low 32 bits of the product of the operands'
// low 24 bits.
func Mul24LoU32(a, b uint32) uint32 { return (a & 0xffffff) * (b & 0xffffff) }

// Mul24HiU32 is mul24.hi.u32: bits 47 to 16 of that product.
func Mul24HiU32(a, b uint32) uint32 {
	return uint32(uint64(a&0xffffff) * uint64(b&0xffffff) >> 16)
}

// Mul24LoS32 is mul24.lo.s32: operands sign-extended from bit 23.
func Mul24LoS32(a, b int32) int32 { return (a << 8 >> 8) * (b << 8 >> 8) }

// Mul24HiS32 is mul24.hi.s32.
func Mul24HiS32(a, b int32) int32 {
	return int32(int64(a<<8>>8) * int64(b<<8>>8) >> 16)
}

// Sad is sad: c + |a - b|.
func Sad[T Int](a, b, c T) T {
	if a < b {
		return c + (b - a)
	}
	return c + (a - b)
}

// Div is div on integers, rounding towards zero. The manual leaves division by zero
// machine-specific; here every bit of the result is set. The most negative number divided by -1 is
// itself.
func Div[T Int](a, b T) T {
	if b == 0 {
		return ^T(0)
	}
	return a / b
}

// Rem is rem on integers, with the sign of a. As with Div, a remainder by zero has every bit set.
func Rem[T Int](a, b T) T {
	if b == 0 {
		return ^T(0)
	}
	return a % b
}

// Abs is abs on signed integers; the most negative number stays itself.
func Abs[T int16 | int32 | int64](a T) T {
	if a < 0 {
		return -a
	}
	return a
}

// Shl is shl.b16, .b32 or .b64: shifting by the width or more gives zero.
func Shl[T uint16 | uint32 | uint64](a T, n uint32) T { return a << n }

// Shr is shr: shifting by the width or more gives zero, or copies of the sign bit for signed types.
func Shr[T Int](a T, n uint32) T { return a >> n }

// ShfL is shf.l.clamp.b32 or shf.l.wrap.b32: the upper word of hi:lo shifted left. clamp limits the
// amount to 32, wrap takes it modulo 32.
func ShfL(lo, hi, n uint32, wrap bool) uint32 {
	n = funnel(n, wrap)
	return uint32((uint64(hi)<<32 | uint64(lo)) << n >> 32)
}

// ShfR is shf.r.clamp.b32 or shf.r.wrap.b32: the lower word of hi:lo shifted right.
func ShfR(lo, hi, n uint32, wrap bool) uint32 {
	n = funnel(n, wrap)
	return uint32((uint64(hi)<<32 | uint64(lo)) >> n)
}

func funnel(n uint32, wrap bool) uint32 {
	if wrap {
		return n & 31
	}
	return min(n, 32)
}

// DP4A is dp4a.atype.btype: c plus the products of the four bytes of a and b, each signed or
// unsigned.
func DP4A(a, b, c uint32, signedA, signedB bool) uint32 {
	for i := range uint(4) {
		c += uint32(byteOf(a, i, signedA) * byteOf(b, i, signedB))
	}
	return c
}

// DP2A is dp2a.lo or dp2a.hi: c plus the products of the two halves of a with
// the two lower or upper bytes of b.
func DP2A(a, b, c uint32, signedA, signedB, hi bool) uint32 {
	first := uint(0)
	if hi {
		first = 2
	}
	for i := range uint(2) {
		h := int32(a >> (16 * i) & 0xffff)
		if signedA {
			h = int32(int16(h))
		}
		c += uint32(h * byteOf(b, first+i, signedB))
	}
	return c
}

func byteOf(x uint32, i uint, signed bool) int32 {
	b := uint8(x >> (8 * i))
	if signed {
		return int32(int8(b))
	}
	return int32(b)
}
