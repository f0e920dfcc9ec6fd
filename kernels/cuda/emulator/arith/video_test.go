package arith

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// The manual's pseudo-code in big integers, digit by digit.

// bigPart is partSelectSignExtend: bits low to low+n-1 of v.
func bigPart(v uint64, low, n uint, signed bool) *big.Int {
	x := new(big.Int).Rsh(new(big.Int).SetUint64(v), low)
	x.And(x, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), n), big.NewInt(1)))
	if signed && x.Bit(int(n)-1) == 1 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), n))
	}
	return x
}

func bigClamp(x *big.Int, n uint, signed bool) *big.Int {
	lo, hi := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), n)
	if signed {
		hi.Rsh(hi, 1)
		lo.Neg(hi)
	}
	hi.Sub(hi, big.NewInt(1))
	switch {
	case x.Cmp(lo) < 0:
		return lo
	case x.Cmp(hi) > 0:
		return hi
	}
	return x
}

// bigWrap keeps the low n bits, as a signed number.
func bigWrap(x *big.Int, n uint) *big.Int {
	m := new(big.Int).And(x, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), n), big.NewInt(1)))
	if m.Bit(int(n)-1) == 1 {
		m.Sub(m, new(big.Int).Lsh(big.NewInt(1), n))
	}
	return m
}

func bigLow32(x *big.Int) uint32 {
	return uint32(new(big.Int).And(x, big.NewInt(1<<32-1)).Uint64())
}

func bigVideo(op VideoOp, a, b *big.Int) *big.Int {
	d := new(big.Int)
	c := a.Cmp(b)
	truth := map[VideoOp]bool{VideoSetEQ: c == 0, VideoSetNE: c != 0, VideoSetLT: c < 0, VideoSetLE: c <= 0, VideoSetGT: c > 0, VideoSetGE: c >= 0}
	switch op {
	case VideoAdd:
		return d.Add(a, b)
	case VideoSub:
		return d.Sub(a, b)
	case VideoAbsDiff:
		return d.Abs(d.Sub(a, b))
	case VideoMin, VideoMax:
		if (c < 0) == (op == VideoMin) {
			return a
		}
		return b
	case VideoAvrg:
		d.Add(a, b)
		if d.Sign() >= 0 {
			d.Add(d, big.NewInt(1))
		}
		return d.Rsh(d, 1)
	case VideoShl:
		return d.Lsh(a, uint(b.Uint64()))
	case VideoShr:
		return d.Rsh(a, uint(b.Uint64()))
	}
	if truth[op] {
		d.SetInt64(1)
	}
	return d
}

var partBits = map[Part][2]uint{PartAll: {0, 32}, PartB0: {0, 8}, PartB1: {8, 8}, PartB2: {16, 8}, PartB3: {24, 8}, PartH0: {0, 16}, PartH1: {16, 16}}

func TestVideoScalar(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	for range 60000 {
		v := Video{Op: VideoOp(rng.IntN(int(VideoSetGE) + 1)), SignedD: rng.IntN(2) == 0, SignedA: rng.IntN(2) == 0, SignedB: rng.IntN(2) == 0,
			Sat: rng.IntN(2) == 0, Wrap: rng.IntN(2) == 0, A: Part(rng.IntN(7)), B: Part(rng.IntN(7))}
		shift := v.Op == VideoShl || v.Op == VideoShr
		if v.Op == VideoAvrg {
			continue
		}
		if shift {
			v.SignedB = false
		}
		if rng.IntN(2) == 0 {
			v.D = Part(rng.IntN(7))
		} else {
			v.Second = VideoSecond(rng.IntN(4))
		}
		a, b, c := uint32(intSample(rng)), uint32(intSample(rng)), uint32(intSample(rng))
		if shift && rng.IntN(2) == 0 {
			b = uint32(rng.IntN(40))
		}
		ta := bigPart(uint64(a), partBits[v.A][0], partBits[v.A][1], v.SignedA)
		tb := bigPart(uint64(b), partBits[v.B][0], partBits[v.B][1], v.SignedB)
		if shift && v.Wrap {
			tb.And(tb, big.NewInt(31))
		} else if shift && tb.Cmp(big.NewInt(32)) > 0 {
			tb.SetInt64(32)
		}
		low, n := partBits[v.D][0], partBits[v.D][1]
		tmp := bigVideo(v.Op, ta, tb)
		if v.Sat {
			tmp = bigClamp(tmp, n, v.SignedD)
		}
		tmp = bigWrap(tmp, 33)
		tc := bigPart(uint64(c), 0, 32, v.SignedD)
		switch v.Second {
		case SecondAdd:
			tmp = new(big.Int).Add(tmp, tc)
		case SecondMin:
			if tc.Cmp(tmp) < 0 {
				tmp = tc
			}
		case SecondMax:
			if tc.Cmp(tmp) > 0 {
				tmp = tc
			}
		}
		want := bigLow32(tmp)
		if n < 32 {
			mask := uint32(1<<n - 1)
			want = c&^(mask<<low) | want&mask<<low
		}
		if got := v.Run(a, b, c); got != want {
			t.Fatalf("%+v of %#x, %#x, %#x: got %#x, want %#x", v, a, b, c, got, want)
		}
	}
	// By hand, from the manual's first example: vadd.s32.u32.s32.sat r, a.b0, b.h0.
	v := Video{Op: VideoAdd, SignedD: true, SignedB: true, Sat: true, A: PartB0, B: PartH0}
	if got := v.Run(0x123456ff, 0x1234ffff, 0); got != 254 { // 255 + -1
		t.Errorf("255 + -1: got %d", got)
	}
	v = Video{Op: VideoSub, SignedD: true, SignedA: true, SignedB: true, Sat: true}
	if got := v.Run(1<<31, 1, 0); got != 1<<31 { // the least stays
		t.Errorf("the least integer - 1: got %#x", got)
	}
}

func TestVideoMad(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 34))
	for range 60000 {
		v := VideoMad{SignedA: rng.IntN(2) == 0, SignedB: rng.IntN(2) == 0, Sat: rng.IntN(2) == 0, Shift: []uint{0, 7, 15}[rng.IntN(3)],
			A: Part(rng.IntN(7)), B: Part(rng.IntN(7))}
		switch rng.IntN(4) {
		case 0:
			v.NegProduct = true
		case 1:
			v.NegC = true
		case 2:
			v.PlusOne = true
		}
		a, b, c := uint32(intSample(rng)), uint32(intSample(rng)), uint32(intSample(rng))
		ta := bigPart(uint64(a), partBits[v.A][0], partBits[v.A][1], v.SignedA)
		tb := bigPart(uint64(b), partBits[v.B][0], partBits[v.B][1], v.SignedB)
		signed := v.SignedA || v.SignedB || v.NegProduct || v.NegC
		tmp := new(big.Int).Mul(ta, tb)
		c1 := c
		switch {
		case v.PlusOne:
			tmp.Add(tmp, big.NewInt(1))
		case v.NegProduct:
			tmp.Neg(tmp)
		case v.NegC: // ~c here, and one more
			c1 = ^c
			tmp.Add(tmp, big.NewInt(1))
		}
		tmp.Add(tmp, bigPart(uint64(c1), 0, 32, signed))
		tmp.Rsh(tmp, v.Shift)
		if v.Sat {
			tmp = bigClamp(tmp, 32, signed)
		}
		if got, want := v.Run(a, b, c), bigLow32(tmp); got != want {
			t.Fatalf("%+v of %#x, %#x, %#x: got %#x, want %#x", v, a, b, c, got, want)
		}
	}
	if got := (VideoMad{Shift: 15, A: PartH0, B: PartH0}).Run(0x8000, 0x7fff, 5); got != 0x7fff { // 2^15·(2^15-1)/2^15
		t.Errorf("vmad by hand: got %#x", got)
	}
}

func TestVideoSIMD(t *testing.T) {
	rng := rand.New(rand.NewPCG(35, 36))
	ops := []VideoOp{VideoAdd, VideoSub, VideoAbsDiff, VideoMin, VideoMax, VideoAvrg, VideoSetEQ, VideoSetNE, VideoSetLT, VideoSetLE, VideoSetGT, VideoSetGE}
	for range 60000 {
		v := VideoSIMD{Op: ops[rng.IntN(len(ops))], Lanes: 2 + 2*rng.IntN(2), SignedD: rng.IntN(2) == 0, SignedA: rng.IntN(2) == 0, SignedB: rng.IntN(2) == 0}
		switch rng.IntN(3) {
		case 0:
			v.Sat = true
		case 1:
			v.Add = true
		}
		v.Mask = uint8(rng.IntN(1 << v.Lanes))
		for i := range v.Lanes {
			v.SelA[i], v.SelB[i] = uint8(rng.IntN(2*v.Lanes)), uint8(rng.IntN(2*v.Lanes))
		}
		a, b, c := uint32(intSample(rng)), uint32(intSample(rng)), uint32(intSample(rng))
		n := uint(32 / v.Lanes)
		element := func(k uint8, signed bool) *big.Int { // among those of a, then of b
			src := a
			if int(k) >= v.Lanes {
				src = b
				k -= uint8(v.Lanes)
			}
			return bigPart(uint64(src), n*uint(k), n, signed)
		}
		sum, merged := new(big.Int).SetUint64(uint64(c)), c
		for i := range v.Lanes {
			if v.Mask&(1<<i) == 0 {
				continue
			}
			r := bigVideo(v.Op, element(v.SelA[i], v.SignedA), element(v.SelB[i], v.SignedB))
			if v.Sat {
				r = bigClamp(r, n, v.SignedD)
			}
			sum.Add(sum, r)
			mask := uint32(1<<n-1) << (n * uint(i))
			merged = merged&^mask | bigLow32(r)<<(n*uint(i))&mask
		}
		want := merged
		if v.Add {
			want = bigLow32(sum)
		}
		if got := v.Run(a, b, c); got != want {
			t.Fatalf("%+v of %#x, %#x, %#x: got %#x, want %#x", v, a, b, c, got, want)
		}
	}
	// By hand: the sum of absolute differences of four bytes, added to 10.
	v := VideoSIMD{Op: VideoAbsDiff, Lanes: 4, Add: true, Mask: 15, SelA: [4]uint8{0, 1, 2, 3}, SelB: [4]uint8{4, 5, 6, 7}}
	if got := v.Run(0x01020304, 0x04030201, 10); got != 10+3+1+1+3 {
		t.Errorf("sum of absolute differences: got %d", got)
	}
}
