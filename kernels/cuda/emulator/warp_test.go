package emulator

import "testing"

// The instructions in which lanes exchange values, compared with Go.

// mov.v2 and mov.v4 read all elements before they write one.
func TestVectorMoves(t *testing.T) {
	expectU32(t, "mov.v4 of %tid", "", `
{
.reg .u32 %v<4>;
mov.v4.u32 {%v0, %v1, %v2, %v3}, %tid;
mad.lo.u32 %j, %v1, 8, %v0;
mad.lo.u32 %j, %v2, 16, %j;
mad.wide.u32 %o, %j, 4, %base;
mad.lo.u32 %j, %v2, 100, %v1;
mad.lo.u32 %j, %v3, 10000, %j;
st.global.u32 [%o], %j;
}
`, Dim3{X: 1}, Dim3{X: 8, Y: 2, Z: 4}, func(i uint32) uint32 { return i/16*100 + i/8%2 })
	expectU32(t, "mov.v2 exchanges two registers", "", `
{
.reg .v2 .u32 %v; .reg .u64 %z<2>;
mov.v2.u32 %v, {%i, 7};
mov.v2.u32 {%v.y, %v.x}, %v;
mov.v2.u64 {%z0, %z1}, {5, 9};
mov.v2.u64 {_, %z0}, {%z1, %z0};
cvt.u32.u64 %j, %z0;
mad.lo.u32 %j, %j, 1000, %v.y;
mad.lo.u32 %j, %v.x, 10000, %j;
st.global.u32 [%o], %j;
}
`, Dim3{X: 1}, Dim3{X: 32}, func(i uint32) uint32 { return 75000 + i })
}

func TestWarpInstructions(t *testing.T) {
	block := Dim3{32, 1, 1}
	shfl := func(mode, b, c string) string {
		return "mul.lo.u32 %j, %i, 10;\nshfl.sync." + mode + ".b32 %k|%p, %j, " + b + ", " + c + ", -1;\nselp.u32 %l, 1, 0, %p;\nadd.u32 %k, %k, %l;\nst.global.u32 [%o], %k;\nret;"
	}
	expectU32(t, "shfl up", "", shfl("up", "3", "0"), Dim3{}, block, func(i uint32) uint32 {
		if i < 3 {
			return 10 * i
		}
		return 10*(i-3) + 1
	})
	expectU32(t, "shfl down by eights", "", shfl("down", "2", "0x181f"), Dim3{}, block, func(i uint32) uint32 {
		if i%8 >= 6 {
			return 10 * i
		}
		return 10*(i+2) + 1
	})
	expectU32(t, "shfl bfly", "", shfl("bfly", "5", "31"), Dim3{}, block, func(i uint32) uint32 { return 10*(i^5) + 1 })
	expectU32(t, "shfl idx", "", shfl("idx", "%i", "31"), Dim3{}, block, func(i uint32) uint32 { return 10*i + 1 })
	expectU32(t, "shfl of lanes that arrive by two ways", "", `
	setp.lt.u32 %p, %i, 10;
	@%p bra a;
	add.u32 %j, %i, 100;
	bra b;
a:	add.u32 %j, %i, 200;
b:	shfl.sync.idx.b32 %k, %j, 3, 31, 0xffffffff;
	st.global.u32 [%o], %k;
	ret;`, Dim3{}, block, func(uint32) uint32 { return 203 })
	expectU32(t, "vote and match", "", `
	setp.lt.u32 %p, %i, 20;
	vote.sync.ballot.b32 %j, %p, -1;
	vote.sync.all.pred %q, %p, -1;
	selp.u32 %k, 1, 0, %q;
	vote.sync.any.pred %q, %p, -1;
	selp.u32 %l, 2, 0, %q;
	add.u32 %k, %k, %l;
	vote.sync.uni.pred %q, %p, -1;
	selp.u32 %l, 4, 0, %q;
	add.u32 %k, %k, %l;
	add.u32 %j, %j, %k;
	rem.u32 %n, %i, 5;
	match.any.sync.b32 %l, %n, -1;
	xor.b32 %j, %j, %l;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 {
		var same uint32
		for k := range uint32(32) {
			if k%5 == i%5 {
				same |= 1 << k
			}
		}
		return 0xfffff + 2 ^ same
	})
	expectU32(t, "match.all, redux, elect and activemask", "", `
	shr.u32 %n, %i, 5;
	match.all.sync.b32 %j|%p, %n, -1;
	@!%p mov.u32 %j, 0;
	match.all.sync.b32 %k|%q, %i, -1;
	@%q mov.u32 %k, 99;
	xor.b32 %j, %j, %k;
	redux.sync.add.u32 %k, %i, -1;
	add.u32 %j, %j, %k;
	sub.u32 %l, 5, %i;
	redux.sync.min.s32 %k, %l, -1;
	add.u32 %j, %j, %k;
	elect.sync %l|%p, 0xffffffff;
	@%p add.u32 %j, %j, 1000;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 {
		v := ^uint32(0)          // all lanes agree on %n
		v += 31 * 32 / 2         // the sum of all lanes
		v += ^uint32(0) - 26 + 1 // the smallest of 5-i: -26
		if i == 0 {
			v += 1000
		}
		return v
	})
	// Lanes with the same i%5 are a group; each group has its own member mask in one instruction.
	expectU32(t, "groups of lanes at one instruction", "", `
	rem.u32 %n, %i, 5;
	match.any.sync.b32 %l, %n, -1;
	redux.sync.add.u32 %j, %i, %l;
	setp.ge.u32 %p, %i, 30;
	vote.sync.any.pred %q, %p, %l;
	selp.u32 %k, 1000, 0, %q;
	add.u32 %j, %j, %k;
	and.b32 %k, %i, 1;
	match.any.sync.b32 %k, %k, %l;
	popc.b32 %k, %k;
	add.u32 %j, %j, %k;
	bar.warp.sync %l;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) (v uint32) {
		for k := i % 5; k < 32; k += 5 {
			v += k
			if k >= 30 {
				v += 1000
			}
			if k%2 == i%2 {
				v++
			}
		}
		return v
	})
	expectU32(t, "bar.red", "", `
	setp.lt.u32 %p, %i, 50;
	bar.red.popc.u32 %j, 0, %p;
	bar.red.and.pred %q, 0, %p;
	selp.u32 %k, 100, 0, %q;
	add.u32 %j, %j, %k;
	bar.red.or.pred %q, 0, %p;
	selp.u32 %k, 1000, 0, %q;
	add.u32 %j, %j, %k;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{64, 1, 1}, func(uint32) uint32 { return 1050 })
	expectU32(t, "a producer that arrives and a consumer that waits", "", `
	.shared .u32 s[32];
	setp.ge.u32 %p, %i, 32;
	@%p bra consumer;
	mov.u64 %x, s; mad.wide.u32 %x, %lane, 4, %x;
	st.shared.u32 [%x], %i;
	bar.arrive 3, 64;
	st.global.u32 [%o], %i;
	ret;
consumer:
	bar.sync 3, 64;
	xor.b32 %j, %lane, 1;
	mov.u64 %x, s; mad.wide.u32 %x, %j, 4, %x;
	ld.shared.u32 %j, [%x];
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{64, 1, 1}, func(i uint32) uint32 {
		if i >= 32 {
			return (i - 32) ^ 1
		}
		return i
	})
	expectU32(t, "an mbarrier through two phases", "", `
	.shared .u32 s[64];
	.shared .align 8 .b64 b;
	setp.eq.u32 %p, %i, 0;
	@%p mbarrier.init.shared.b64 [b], 64;
	bar.sync 0;
	mov.u32 %n, 0;
again:
	mov.u64 %x, s; mad.wide.u32 %x, %i, 4, %x;
	add.u32 %k, %i, %n;
	st.shared.u32 [%x], %k;
	mbarrier.arrive.shared.b64 %y, [b];
wait:
	mbarrier.try_wait.parity.shared.b64 %q, [b], %n;
	@!%q bra wait;
	xor.b32 %l, %i, 63;
	mov.u64 %x, s; mad.wide.u32 %x, %l, 4, %x;
	ld.shared.u32 %l, [%x];
	add.u32 %j, %j, %l;
	bar.sync 0;
	add.u32 %n, %n, 1;
	setp.lt.u32 %p, %n, 2;
	@%p bra again;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{64, 1, 1}, func(i uint32) uint32 { return 2*(i^63) + 1 })
	expectU32(t, "copies that arrive at an mbarrier", ".global .align 16 .u32 src[64] = {7,0,0,0,9};", `
	.shared .align 16 .u32 s[64];
	.shared .align 8 .b64 b;
	setp.eq.u32 %p, %i, 0;
	@%p mbarrier.init.shared.b64 [b], 64;
	bar.sync 0;
	mov.u64 %x, s; mad.wide.u32 %x, %i, 4, %x;
	mov.u64 %y, src; mad.wide.u32 %y, %i, 4, %y;
	cp.async.ca.shared.global [%x], [%y], 4;
	cp.async.mbarrier.arrive.noinc.shared.b64 [b];
wait:
	mbarrier.test_wait.parity.shared.b64 %q, [b], 0;
	@!%q bra wait;
	xor.b32 %j, %i, 63;
	mov.u64 %x, s; mad.wide.u32 %x, %j, 4, %x;
	ld.shared.u32 %j, [%x];
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{64, 1, 1}, func(i uint32) uint32 {
		return map[uint32]uint32{63: 7, 59: 9}[i]
	})
	expectU32(t, "cp.async, with zeros where the source ends", ".global .align 16 .u32 src[4] = {1, 2, 3, 4};", `
	.shared .align 16 .b8 s[512];
	mov.u64 %x, s; mad.wide.u32 %x, %i, 16, %x;
	mov.u64 %y, src;
	and.b32 %n, %i, 15;
	cp.async.cg.shared.global [%x], [%y], 16, %n;
	cp.async.commit_group;
	cp.async.wait_group 0;
	ld.shared.u32 %j, [%x];
	ld.shared.u32 %k, [%x+12];
	ld.shared.u32 %l, [%x+4];
	add.u32 %j, %j, %k;
	mad.lo.u32 %j, %l, 100, %j;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{32, 1, 1}, func(i uint32) uint32 {
		want := uint32(0)
		if i&15 > 0 {
			want++
		}
		if i&15 > 4 {
			want += 200
		}
		if i&15 > 12 {
			want += 4
		}
		return want
	})
}
