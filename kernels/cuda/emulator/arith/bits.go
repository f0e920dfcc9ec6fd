package arith

import "math/bits"

// NotFound is what bfind and fns return if there is no such bit.
const NotFound = 0xffffffff

// BFindU is bfind{.shiftamt} on .u32 or .u64: the position of the highest set bit, or the left
// shift that brings it to the top.
func BFindU[T uint32 | uint64](a T, shiftAmount bool) uint32 {
	if a == 0 {
		return NotFound
	}
	width := 32
	if uint64(^T(0)) > 1<<32 {
		width = 64
	}
	pos := bits.Len64(uint64(a)) - 1
	if shiftAmount {
		return uint32(width - 1 - pos)
	}
	return uint32(pos)
}

// BFindS32 is bfind{.shiftamt}.s32: the highest bit that differs from the sign bit.
func BFindS32(a int32, shiftAmount bool) uint32 { return BFindU(uint32(a^a>>31), shiftAmount) }

// BFindS64 is bfind{.shiftamt}.s64.
func BFindS64(a int64, shiftAmount bool) uint32 { return BFindU(uint64(a^a>>63), shiftAmount) }

// Fns is fns.b32: the position of the offset-th set bit of mask, counted from bit base, upwards for
// a positive offset and downwards for a negative one; offset 0 asks about bit base itself. The
// manual requires base < 32; for a larger one nothing is found.
func Fns(mask, base uint32, offset int32) uint32 {
	if base > 31 {
		return NotFound
	}
	step, count := 1, int64(offset)
	switch {
	case offset == 0:
		if mask>>base&1 == 1 {
			return base
		}
		return NotFound
	case offset < 0:
		step, count = -1, -count
	}
	for pos := int(base); pos >= 0 && pos < 32; pos += step {
		if mask>>uint(pos)&1 == 1 {
			if count--; count == 0 {
				return uint32(pos)
			}
		}
	}
	return NotFound
}

// BFEU32 is bfe.u32: the len bits of a from bit pos, zero-extended. pos and len are taken modulo
// 256.
func BFEU32(a, pos, len uint32) uint32 {
	return uint32(BFEU64(uint64(a), pos, len))
}

// BFEU64 is bfe.u64.
func BFEU64(a uint64, pos, len uint32) uint64 {
	pos, len = pos&0xff, len&0xff
	if len < 64 {
		return a >> pos & (1<<len - 1)
	}
	return a >> pos
}

// BFES32 is bfe.s32: sign-extended from the field's top bit, or from bit 31 if the field extends
// beyond it.
func BFES32(a int32, pos, len uint32) int32 { return int32(BFES64(int64(a), pos, len)) }

// BFES64 is bfe.s64.
func BFES64(a int64, pos, len uint32) int64 {
	pos, len = pos&0xff, len&0xff
	if len == 0 {
		return 0
	}
	a >>= pos
	if len >= 64 {
		return a
	}
	return a << (64 - len) >> (64 - len)
}

// BFI32 is bfi.b32: b with len bits from bit pos replaced by the low bits of a. pos and len are
// taken modulo 256; bits beyond 31 are dropped.
func BFI32(a, b, pos, len uint32) uint32 {
	return uint32(BFI64(uint64(a), uint64(b), pos, len))
}

// BFI64 is bfi.b64.
func BFI64(a, b uint64, pos, len uint32) uint64 {
	pos, len = pos&0xff, len&0xff
	mask := (uint64(1)<<len - 1) << pos // in Go, shifts by 64 or more give zero
	return b&^mask | a<<pos&mask
}

// SZExt is szext: the low n bits of a, zero- or sign-extended. For n ≥ 32, clamp returns a and wrap
// takes n modulo 32. n = 0 gives 0.
func SZExt(a, n uint32, signed, wrap bool) uint32 {
	if n >= 32 && !wrap {
		return a
	}
	n &= 31
	if signed {
		return uint32(BFES32(int32(a), 0, n))
	}
	return a & (1<<n - 1)
}

// BMsk is bmsk: n ones from bit pos upwards. With clamp, a pos of 32 or more gives 0 and an n of 32
// or more all ones from pos; wrap takes both modulo 32.
func BMsk(pos, n uint32, wrap bool) uint32 {
	if wrap {
		pos, n = pos&31, n&31
	}
	return uint32((uint64(1)<<min(n, 32) - 1) << pos)
}

// Lop3 is lop3.b32: bit i of the result is bit (4·a + 2·b + c) of the table,
// where a, b and c are bit i of the operands.
func Lop3(a, b, c uint32, table uint8) uint32 {
	var r uint32
	for k := range uint(8) {
		if table>>k&1 == 0 {
			continue
		}
		x, y, z := a, b, c
		if k&4 == 0 {
			x = ^x
		}
		if k&2 == 0 {
			y = ^y
		}
		if k&1 == 0 {
			z = ^z
		}
		r |= x & y & z
	}
	return r
}

// PrmtMode is the mode of prmt.
type PrmtMode uint8

// The modes of prmt. The default selects bytes by the four nibbles of the selector; the others are
// fixed patterns controlled by its two low bits.
const (
	PrmtDefault PrmtMode = iota
	PrmtF4E              // forward 4 extract: bytes n, n+1, n+2, n+3 of b:a
	PrmtB4E              // backward 4 extract: bytes n, n-1, n-2, n-3 of b:a
	PrmtRC8              // replicate byte n
	PrmtECL              // edge clamp left: byte max(i, n) of a
	PrmtECR              // edge clamp right: byte min(i, n) of a
	PrmtRC16             // replicate half n & 1
)

// Prmt is prmt.b32: each byte of the result is one of the eight bytes of a (numbers 0 to 3) and b
// (4 to 7). In the default mode, bit 3 of a nibble replicates the sign of the byte that the other
// three bits select.
func Prmt(a, b, selector uint32, mode PrmtMode) uint32 {
	source := uint64(b)<<32 | uint64(a)
	n := uint(selector & 3)
	var r uint32
	for i := range uint(4) {
		pick, replicate := uint(0), false
		switch mode {
		case PrmtDefault:
			nibble := uint(selector >> (4 * i) & 15)
			pick, replicate = nibble&7, nibble&8 != 0
		case PrmtF4E:
			pick = n + i
		case PrmtB4E:
			pick = (n - i) & 7
		case PrmtRC8:
			pick = n
		case PrmtECL:
			pick = max(i, n)
		case PrmtECR:
			pick = min(i, n)
		case PrmtRC16:
			pick = i&1 + 2*(n&1)
		}
		x := uint8(source >> (8 * pick))
		if replicate {
			x = uint8(int8(x) >> 7)
		}
		r |= uint32(x) << (8 * i)
	}
	return r
}
