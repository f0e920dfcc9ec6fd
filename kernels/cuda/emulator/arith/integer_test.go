package arith

import (
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// intSample draws integers of every magnitude.
func intSample(rng *rand.Rand) uint64 {
	x := rng.Uint64() >> uint(rng.IntN(64))
	switch rng.IntN(4) {
	case 0:
		x = -x
	case 1:
		x = []uint64{0, 1, math.MaxUint64, 1 << 63, 1<<63 - 1, 1 << 31, 1<<31 - 1, 1 << 15}[rng.IntN(8)]
	}
	return x
}

func TestMultiply(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	hi := func(a, b int64, n uint) *big.Int {
		p := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
		return p.Rsh(p, n)
	}
	for range 5000 {
		a, b := intSample(rng), intSample(rng)
		if got, want := MulHiS64(int64(a), int64(b)), hi(int64(a), int64(b), 64).Int64(); got != want {
			t.Fatalf("mul.hi.s64 %d %d: got %d, want %d", int64(a), int64(b), got, want)
		}
		p := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
		if got, want := MulHiU64(a, b), new(big.Int).Rsh(p, 64).Uint64(); got != want {
			t.Fatalf("mul.hi.u64 %d %d: got %d, want %d", a, b, got, want)
		}
		s, u := int32(a), uint32(a)
		v, w := int32(b), uint32(b)
		if got, want := int64(MulHiS32(s, v)), hi(int64(s), int64(v), 32).Int64(); got != want {
			t.Fatalf("mul.hi.s32 %d %d: got %d, want %d", s, v, got, want)
		}
		if got, want := int64(MulHiU32(u, w)), hi(int64(u), int64(w), 32).Int64(); want >= 0 && got != want {
			t.Fatalf("mul.hi.u32 %d %d: got %d, want %d", u, w, got, want)
		}
		if got, want := int64(MulHiS16(int16(a), int16(b))), hi(int64(int16(a)), int64(int16(b)), 16).Int64(); got != want {
			t.Fatalf("mul.hi.s16: got %d, want %d", got, want)
		}
		if got, want := int64(MulHiU16(uint16(a), uint16(b))), hi(int64(uint16(a)), int64(uint16(b)), 16).Int64(); got != want {
			t.Fatalf("mul.hi.u16: got %d, want %d", got, want)
		}
		if got, want := MulWideS16(int16(a), int16(b)), int32(int16(a))*int32(int16(b)); got != want {
			t.Fatalf("mul.wide.s16: got %d, want %d", got, want)
		}
		u24, w24 := int64(u&0xffffff), int64(w&0xffffff)
		s24, v24 := int64(s)<<40>>40, int64(v)<<40>>40
		if Mul24LoU32(u, w) != uint32(u24*w24) || Mul24HiU32(u, w) != uint32(u24*w24>>16) ||
			Mul24LoS32(s, v) != int32(s24*v24) || Mul24HiS32(s, v) != int32(s24*v24>>16) {
			t.Fatalf("mul24 of %#x and %#x", u, w)
		}
		c := int32(rng.Uint32())
		want := hi(int64(s), int64(v), 32).Int64() + int64(c)
		if got := MadHiSatS32(s, v, c); int64(got) != max(math.MinInt32, min(math.MaxInt32, want)) {
			t.Fatalf("mad.hi.sat.s32 %d %d %d: got %d", s, v, c, got)
		}
	}
	if MulWideU32(math.MaxUint32, math.MaxUint32) != 0xfffffffe00000001 || MulWideS32(math.MinInt32, math.MinInt32) != 1<<62 ||
		MulWideU16(0xffff, 0xffff) != 0xfffe0001 || MulHiU32(math.MaxUint32, math.MaxUint32) != 0xfffffffe {
		t.Error("products of the largest operands")
	}
}

func TestAddCarrySaturate(t *testing.T) {
	if s := AddSatS32(math.MaxInt32, 1); s != math.MaxInt32 {
		t.Errorf("add.sat.s32: got %d", s)
	}
	if s := SubSatS32(math.MinInt32, 1); s != math.MinInt32 {
		t.Errorf("sub.sat.s32: got %d", s)
	}
	// A 128-bit sum and difference in 32-bit words, as the manual's examples.
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		var a, b, sum, diff [4]uint32
		for i := range a {
			a[i], b[i] = uint32(intSample(rng)), uint32(intSample(rng))
		}
		var carry, borrow uint32
		for i := range a {
			sum[i], carry = AddCC32(a[i], b[i], carry)
			diff[i], borrow = SubCC32(a[i], b[i], borrow)
		}
		if got, want := words(sum), new(big.Int).Add(words(a), words(b)); got.Add(got, new(big.Int).Lsh(big.NewInt(int64(carry)), 128)).Cmp(want) != 0 {
			t.Fatalf("add.cc: got %v, want %v", got, want)
		}
		if got, want := words(diff), new(big.Int).Sub(words(a), words(b)); got.Sub(got, new(big.Int).Lsh(big.NewInt(int64(borrow)), 128)).Cmp(want) != 0 {
			t.Fatalf("sub.cc: got %v, want %v", got, want)
		}
	}
	if s, c := AddCC64(math.MaxUint64, 0, 1); s != 0 || c != 1 {
		t.Error("addc.cc.u64")
	}
	if d, c := SubCC64(0, 0, 1); d != math.MaxUint64 || c != 1 {
		t.Error("subc.cc.u64")
	}
}

func words(w [4]uint32) *big.Int {
	v := new(big.Int)
	for i := 3; i >= 0; i-- {
		v.Lsh(v, 32).Or(v, big.NewInt(int64(w[i])))
	}
	return v
}

func TestDivideAndShift(t *testing.T) {
	if Div[int32](7, 0) != -1 || Div[uint64](7, 0) != math.MaxUint64 || Rem[uint16](7, 0) != 0xffff || Rem[int64](7, 0) != -1 {
		t.Error("division by zero")
	}
	if Div[int32](math.MinInt32, -1) != math.MinInt32 || Rem[int32](math.MinInt32, -1) != 0 || Div[int16](-7, 2) != -3 || Rem[int16](-7, 2) != -1 {
		t.Error("signed division")
	}
	if Abs[int16](math.MinInt16) != math.MinInt16 || Abs[int64](-5) != 5 {
		t.Error("abs")
	}
	if Sad[int32](-5, 3, 10) != 18 || Sad[uint16](3, 5, 10) != 12 || Sad[uint32](math.MaxUint32, 0, 1) != 0 {
		t.Error("sad")
	}
	if Shl[uint32](1, 31) != 1<<31 || Shl[uint32](1, 32) != 0 || Shl[uint64](1, 64) != 0 || Shl[uint16](1, math.MaxUint32) != 0 {
		t.Error("shl")
	}
	if Shr[int32](-8, 1) != -4 || Shr[int32](-8, 99) != -1 || Shr[uint32](8, 32) != 0 || Shr[int64](-1, 64) != -1 {
		t.Error("shr")
	}
	for _, c := range []struct {
		n    uint32
		wrap bool
		l, r uint32
	}{
		{0, false, 0x89abcdef, 0x01234567}, {8, false, 0xabcdef01, 0xef012345}, {32, false, 0x01234567, 0x89abcdef},
		{77, false, 0x01234567, 0x89abcdef}, {32, true, 0x89abcdef, 0x01234567}, {40, true, 0xabcdef01, 0xef012345},
	} {
		if got := ShfL(0x01234567, 0x89abcdef, c.n, c.wrap); got != c.l {
			t.Errorf("shf.l by %d, wrap %v: got %#x, want %#x", c.n, c.wrap, got, c.l)
		}
		if got := ShfR(0x01234567, 0x89abcdef, c.n, c.wrap); got != c.r {
			t.Errorf("shf.r by %d, wrap %v: got %#x, want %#x", c.n, c.wrap, got, c.r)
		}
	}
}

// TestBits compares the bit operations with the manual's pseudo-code, bit by bit.
func TestBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	amount := func() uint32 {
		if rng.IntN(3) == 0 {
			return rng.Uint32()
		}
		return uint32(rng.IntN(70))
	}
	bit := func(x uint64, i uint32) uint64 { return x >> i & 1 }
	bfe := func(a uint64, b, c uint32, msb uint32, signed bool) (d uint64) {
		pos, n := b&0xff, c&0xff
		var sbit uint64
		if signed && n != 0 {
			sbit = bit(a, min(pos+n-1, msb))
		}
		for i := uint32(0); i <= msb; i++ {
			v := sbit
			if i < n && pos+i <= msb {
				v = bit(a, pos+i)
			}
			d |= v << i
		}
		return d
	}
	bfi := func(a, b uint64, c, d, msb uint32) uint64 {
		pos, n := c&0xff, d&0xff
		for i := uint32(0); i < n && pos+i <= msb; i++ {
			b = b&^(1<<(pos+i)) | bit(a, i)<<(pos+i)
		}
		return b
	}
	bfind := func(a uint64, msb int, shift bool) uint32 {
		for i := msb; i >= 0; i-- {
			if a>>uint(i)&1 == 1 {
				if shift {
					return uint32(msb - i)
				}
				return uint32(i)
			}
		}
		return NotFound
	}
	for range 20000 {
		a, b, pos, n := intSample(rng), intSample(rng), amount(), amount()
		check := func(name string, got, want uint64) {
			t.Helper()
			if got != want {
				t.Fatalf("%s of %#x %#x %d %d: got %#x, want %#x", name, a, b, pos, n, got, want)
			}
		}
		check("bfe.u32", uint64(BFEU32(uint32(a), pos, n)), bfe(uint64(uint32(a)), pos, n, 31, false))
		check("bfe.s32", uint64(uint32(BFES32(int32(a), pos, n))), bfe(uint64(uint32(a)), pos, n, 31, true))
		check("bfe.u64", BFEU64(a, pos, n), bfe(a, pos, n, 63, false))
		check("bfe.s64", uint64(BFES64(int64(a), pos, n)), bfe(a, pos, n, 63, true))
		check("bfi.b32", uint64(BFI32(uint32(a), uint32(b), pos, n)), bfi(uint64(uint32(a)), uint64(uint32(b)), pos, n, 31))
		check("bfi.b64", BFI64(a, b, pos, n), bfi(a, b, pos, n, 63))
		for _, shift := range []bool{false, true} {
			check("bfind.u32", uint64(BFindU(uint32(a), shift)), uint64(bfind(uint64(uint32(a)), 31, shift)))
			check("bfind.u64", uint64(BFindU(a, shift)), uint64(bfind(a, 63, shift)))
			s32, s64 := a, a
			if int32(a) < 0 {
				s32 = ^a
			}
			if int64(a) < 0 {
				s64 = ^a
			}
			check("bfind.s32", uint64(BFindS32(int32(a), shift)), uint64(bfind(uint64(uint32(s32)), 31, shift)))
			check("bfind.s64", uint64(BFindS64(int64(a), shift)), uint64(bfind(s64, 63, shift)))
		}
		for _, wrap := range []bool{false, true} {
			for _, signed := range []bool{false, true} {
				check("szext", uint64(SZExt(uint32(a), n, signed, wrap)), uint64(manualSZExt(uint32(a), n, signed, wrap)))
			}
			check("bmsk", uint64(BMsk(pos, n, wrap)), uint64(manualBMsk(pos, n, wrap)))
		}
		base, offset := uint32(rng.IntN(32)), int32(rng.IntN(70)-35)
		check("fns", uint64(Fns(uint32(a), base, offset)), uint64(manualFns(uint32(a), base, offset)))
		table := uint8(b)
		var lop uint32
		for i := range uint(32) {
			k := uint32(a)>>i&1<<2 | uint32(a>>32)>>i&1<<1 | uint32(b>>32)>>i&1
			lop |= uint32(table) >> k & 1 << i
		}
		check("lop3", uint64(Lop3(uint32(a), uint32(a>>32), uint32(b>>32), table)), uint64(lop))
	}
	if got := Lop3(0xf0f0f0f0, 0xcccccccc, 0xaaaaaaaa, 0x96); got != 0xf0f0f0f0^0xcccccccc^0xaaaaaaaa {
		t.Errorf("lop3 with xor's table: got %#x", got)
	}
	if Fns(math.MaxUint32, 32, 1) != NotFound {
		t.Error("fns from bit 32")
	}
}

func manualSZExt(a, b uint32, signed, wrap bool) uint32 {
	b1 := b & 31
	tooLarge := b >= 32 && !wrap
	mask := ^uint32(0) << b1
	if tooLarge {
		mask = 0
	}
	sign := signed && b1 != 0 && !tooLarge && a>>((b1-1)&31)&1 == 1
	if sign {
		return a&^mask | mask
	}
	return a &^ mask
}

func manualBMsk(a, b uint32, wrap bool) uint32 {
	a1, b1 := a&31, b&31
	mask0, sum := ^uint32(0)<<a1, a1+b1
	mask1 := ^uint32(0) << sum
	overflow := sum >= 32
	if !wrap {
		if a >= 32 {
			overflow, mask0 = true, 0
		}
		overflow = overflow || b >= 32
	}
	if overflow {
		mask1 = 0
	} else if b1 == 0 {
		mask1 = ^uint32(0)
	}
	return mask0 &^ mask1
}

func manualFns(mask, base uint32, offset int32) uint32 {
	if offset == 0 {
		if mask>>base&1 == 1 {
			return base
		}
		return NotFound
	}
	inc, count := int32(1), offset-1
	if offset < 0 {
		inc, count = -1, -offset-1
	}
	for pos := int32(base); pos >= 0 && pos < 32; pos += inc {
		if mask>>uint(pos)&1 == 1 {
			if count == 0 {
				return uint32(pos)
			}
			count--
		}
	}
	return NotFound
}

func TestPrmt(t *testing.T) {
	const a, b = 0x33221100, 0x77665544 // byte i of b:a is 0x11·i
	for _, c := range []struct {
		mode     PrmtMode
		selector uint32
		want     uint32
	}{
		{PrmtDefault, 0x3210, 0x33221100}, {PrmtDefault, 0x7654, 0x77665544}, {PrmtDefault, 0x0123, 0x00112233},
		{PrmtDefault, 0x5140, 0x55114400}, {PrmtDefault, 0xffff0000, 0}, {PrmtDefault, 0xb, 0},
		{PrmtF4E, 0, 0x33221100}, {PrmtF4E, 1, 0x44332211}, {PrmtF4E, 2, 0x55443322}, {PrmtF4E, 3, 0x66554433},
		{PrmtB4E, 0, 0x55667700}, {PrmtB4E, 1, 0x66770011}, {PrmtB4E, 2, 0x77001122}, {PrmtB4E, 3, 0x00112233},
		{PrmtRC8, 0, 0}, {PrmtRC8, 1, 0x11111111}, {PrmtRC8, 2, 0x22222222}, {PrmtRC8, 7, 0x33333333},
		{PrmtECL, 0, 0x33221100}, {PrmtECL, 1, 0x33221111}, {PrmtECL, 2, 0x33222222}, {PrmtECL, 3, 0x33333333},
		{PrmtECR, 0, 0}, {PrmtECR, 1, 0x11111100}, {PrmtECR, 2, 0x22221100}, {PrmtECR, 3, 0x33221100},
		{PrmtRC16, 0, 0x11001100}, {PrmtRC16, 1, 0x33223322}, {PrmtRC16, 2, 0x11001100}, {PrmtRC16, 3, 0x33223322},
	} {
		if got := Prmt(a, b, c.selector, c.mode); got != c.want {
			t.Errorf("prmt mode %d selector %#x: got %#x, want %#x", c.mode, c.selector, got, c.want)
		}
	}
	if got := Prmt(0x80ff7f01, 0, 0x8ab9, PrmtDefault); got != 0x00ffff00 {
		t.Errorf("prmt with replicated signs: got %#x, want 0x00ffff00", got)
	}
}

func TestDotProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		a, b, c := rng.Uint32(), rng.Uint32(), rng.Uint32()
		sext := func(x uint32, i, n uint, signed bool) int64 {
			v := int64(bits.RotateLeft32(x, -int(i*n)) & (1<<n - 1))
			if signed && v>>(n-1) == 1 {
				v -= 1 << n
			}
			return v
		}
		for mask := range 8 {
			sa, sb, hi := mask&1 != 0, mask&2 != 0, mask&4 != 0
			want4, want2 := int64(c), int64(c)
			for i := range uint(4) {
				want4 += sext(a, i, 8, sa) * sext(b, i, 8, sb)
			}
			for i := range uint(2) {
				j := i
				if hi {
					j += 2
				}
				want2 += sext(a, i, 16, sa) * sext(b, j, 8, sb)
			}
			if got := DP4A(a, b, c, sa, sb); got != uint32(want4) {
				t.Fatalf("dp4a %#x %#x %#x, signed %v %v: got %#x, want %#x", a, b, c, sa, sb, got, uint32(want4))
			}
			if got := DP2A(a, b, c, sa, sb, hi); got != uint32(want2) {
				t.Fatalf("dp2a %#x %#x %#x, signed %v %v: got %#x, want %#x", a, b, c, sa, sb, got, uint32(want2))
			}
		}
	}
}
