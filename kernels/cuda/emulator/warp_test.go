package emulator

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// Memory of all widths, atomics, and the instructions in which lanes look at each
// other, each against what Go computes.

func TestLoadsAndStores(t *testing.T) {
	block := Dim3{64, 1, 1}
	// Every width through every space, with sign and zero extension.
	for _, space := range []string{"global", "shared", "local", "generic"} {
		setup := map[string]string{
			"global":  "mov.u64 %x, scratch; mad.wide.u32 %x, %i, 16, %x;",
			"shared":  "mov.u64 %x, tile; mad.wide.u32 %x, %i, 16, %x;",
			"local":   "mov.u64 %x, mine;",
			"generic": "mov.u64 %x, tile; mad.wide.u32 %x, %i, 16, %x;\ncvta.shared.u64 %x, %x;",
		}[space]
		name := "." + space
		if space == "generic" {
			name = ""
		}
		body := `
	.shared .align 16 .b8 tile[1024];
	.local .align 16 .b8 mine[16];
	` + setup + `
	shl.b32 %j, %i, 24;
	or.b32 %j, %j, 0x0081ff7f;
	cvt.u64.u32 %y, %j;
	st$.u32 [%x], %j;
	st$.u8 [%x+4], %j;
	st$.u16 [%x+6], %j;
	st$.u64 [%x+8], %y;
	ld$.s8 %k, [%x+1];          // 0xff: -1
	ld$.u8 %l, [%x+2];          // 0x81
	add.u32 %k, %k, %l;         // 0x80
	ld$.s16 %h, [%x];           // 0xff7f
	cvt.s32.s16 %l, %h;         // -129
	add.u32 %k, %k, %l;         // -1
	ld$.s8 %n, [%x+4];          // 0x7f
	add.u32 %k, %k, %n;         // 126
	ld$.u16 %n, [%x+6];         // 0xff7f
	add.u32 %k, %k, %n;
	ld$.v2.u32 {%l, %n}, [%x+8];
	add.u32 %k, %k, %l;         // j
	add.u32 %k, %k, %n;         // 0
	ld$.s32 %y, [%x];           // sign-extended to 64 bits
	shr.u64 %y, %y, 32;
	cvt.u32.u64 %n, %y;
	add.u32 %k, %k, %n;         // 0: i < 128
	st.global.u32 [%o], %k;
	ret;`
		expectU32(t, "widths in "+space, ".global .align 16 .b8 scratch[1024];", strings.ReplaceAll(body, "$", name), Dim3{}, block,
			func(i uint32) uint32 { return 126 + 0xff7f + (i<<24 | 0x0081ff7f) })
	}
	expectU32(t, "vectors of four and constant memory", ".const .align 16 .u32 table[8] = {1,2,3,4,50,60,70,80};", `
	and.b32 %n, %i, 1;
	mov.u64 %x, table; mad.wide.u32 %x, %n, 16, %x;
	ld.const.v4.u32 {%j, %k, %l, %n}, [%x];
	add.u32 %j, %j, %k;
	sub.u32 %l, %n, %l;
	mad.lo.u32 %j, %j, 100, %l;
	ld.const.u32 %k, [table+16];
	add.u32 %j, %j, %k;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 { return []uint32{301, 11010}[i&1] + 50 })
	expectU32(t, "128 bits", ".global .align 16 .b8 scratch[1024];", `
	.shared .align 16 .b8 tile[1024];
	.reg .b128 %q1, %q2, %q3;
	mov.u64 %x, tile;
	mad.wide.u32 %x, %i, 16, %x;
	mov.u64 %y, scratch;
	mad.wide.u32 %y, %i, 16, %y;
	st.shared.v4.u32 [%x], {1, %i, 3, 4};
	ld.shared.b128 %q1, [%x];
	mov.b128 %q2, %q1;
	st.global.b128 [%y], %q2;
	ld.global.v2.u64 {%base, %x}, [%y];
	mov.b128 %q3, {%x, %base};
	mov.b128 {%j, %k, %l, %n}, %q3;      // 3, 4, 1, i
	mad.lo.u32 %j, %j, 10, %k;
	mad.lo.u32 %j, %j, 10, %l;
	mad.lo.u32 %j, %j, 100, %n;
	mov.b128 %q1, {%n, %l, %k, %j};
	mov.b128 {%x, %y}, %q1;
	shr.u64 %y, %y, 32;
	cvt.u32.u64 %j, %y;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 { return 34100 + i })
	for _, space := range []string{"shared", "global"} {
		expectU32(t, "stores of vectors in "+space, ".global .align 16 .b8 scratch[1024];", strings.ReplaceAll(`
	.shared .align 16 .b8 tile[1024];
	mov.u64 %x, `+map[string]string{"shared": "tile", "global": "scratch"}[space]+`;
	mad.wide.u32 %x, %i, 16, %x;
	add.u32 %j, %i, 1;
	add.u32 %k, %i, 2;
	add.u32 %l, %i, 3;
	setp.lt.u32 %p, %i, 40;
	st.$.v4.u32 [%x], {%l, %k, %j, %i};
	@%p st.$.v2.u32 [%x+8], {%l, %l};
	ld.$.v4.u32 {%i, %j, %k, %l}, [%x];
	sub.u32 %i, %i, %j;        // 1
	sub.u32 %k, %k, %l;        // 1, or 0 where the pair was stored
	mad.lo.u32 %i, %i, 10, %k;
	st.global.u32 [%o], %i;
	ret;`, "$", space), Dim3{}, block, func(i uint32) uint32 {
			if i < 40 {
				return 10
			}
			return 11
		})
	}
	// With bounds checked, sharedGap lies before it; it counts for nothing else.
	for checks, want := range map[Checks]uint32{0: 32, CheckBounds: (20 + sharedGap + 15) / 16 * 16, AllChecks: (20 + sharedGap + 15) / 16 * 16} {
		got, err := runU32(t, Options{Checks: checks}, ".extern .shared .align 16 .b8 dyn[];", `
	.shared .b8 fixed[20];
	mov.u64 %x, dyn;
	cvt.u32.u64 %j, %x;
	mov.u32 %k, %dynamic_smem_size;
	add.u32 %j, %j, %k;
	mov.u32 %k, %total_smem_size;
	mad.lo.u32 %j, %k, 1000, %j;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block)
		if err != nil {
			t.Fatal(err)
		}
		if want += 32 * 1000; got[0] != want {
			t.Errorf("checks %b: dynamic shared memory begins at %d, of %d bytes in all, expected %d of 32", checks, got[0]%1000, got[0]/1000, want%1000)
		}
	}
}

func TestAtomics(t *testing.T) {
	const n = 3 * 64
	sum := func(f func(acc, i uint32) uint32, start uint32) uint32 {
		for i := range uint32(n) {
			start = f(start, i)
		}
		return start
	}
	for _, c := range []struct {
		op    string
		start uint32
		want  uint32
	}{
		{"add.u32", 5, sum(func(a, i uint32) uint32 { return a + i }, 5)},
		{"min.s32", 5, 0},
		{"max.u32", 5, n - 1},
		{"and.b32", 0xffffffff, 0},
		{"or.b32", 0, 0xff},
		{"xor.b32", 9, sum(func(a, i uint32) uint32 { return a ^ i }, 9)},
		{"add.f32", math.Float32bits(1), math.Float32bits(n + 1)},
		{"add.noftz.f16x2", 0x3c003c00, 0x5a085a08}, // 193 in both halves
	} {
		value := "%i"
		if c.op == "add.f32" {
			value = "0f3F800000"
		} else if strings.HasPrefix(c.op, "add.noftz") {
			value = "%k"
		}
		for _, space := range []string{"global", ""} {
			sp := space
			if sp != "" {
				sp = "." + sp
			}
			text := fmt.Sprintf("mov.u64 %%x, cell;\nred%s.%s [%%x], %s;\nret;", sp, c.op, value)
			m := New(Options{Checks: AllChecks})
			p := load(t, m, "atom.ptx", fmt.Sprintf("%s.global .u32 cell = %d;\n.entry k() {\n.reg .b64 %%x; .reg .b32 %%i, %%j, %%k;\nmov.u32 %%i, %%ctaid.x;\nmov.u32 %%j, %%tid.x;\nmov.b32 %%k, 0x3c003c00;\nmad.lo.u32 %%i, %%i, 64, %%j;\n%s\n}", header, c.start, text))
			launch(t, m, kernel(t, p, "k"), Dim3{3, 1, 1}, Dim3{64, 1, 1})
			cell, _, err := p.Global("cell")
			if err != nil {
				t.Fatal(err)
			}
			if got := download32(t, m, cell, 1)[0]; got != c.want {
				t.Errorf("red%s.%s: %#x, expected %#x", sp, c.op, got, c.want)
			}
		}
	}
	// In shared memory, lanes in order: inc and dec wrap, cas swaps, exch shifts.
	expectU32(t, "inc and dec", "", `
	.shared .u32 c;
	.shared .u32 e;
	st.shared.u32 [c], 0;
	st.shared.u32 [e], 2;
	bar.warp.sync -1;
	atom.shared.inc.u32 %j, [c], 4;
	atom.shared.dec.u32 %k, [e], 4;
	mad.lo.u32 %j, %j, 10, %k;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{32, 1, 1}, func(i uint32) uint32 { return i%5*10 + []uint32{2, 1, 0, 4, 3}[i%5] })
	expectU32(t, "exch and cas", "", `
	.shared .u64 c;
	st.shared.u64 [c], 77;
	bar.warp.sync -1;
	cvt.u64.u32 %x, %i;
	atom.shared.exch.b64 %y, [c], %x;
	cvt.u32.u64 %j, %y;
	bar.warp.sync -1;
	add.u64 %y, %x, 1;
	add.u64 %x, %x, 31;
	atom.shared.cas.b64 %x, [c], %x, %y;
	cvt.u32.u64 %k, %x;
	mad.lo.u32 %j, %j, 100, %k;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{32, 1, 1}, func(i uint32) uint32 {
		before := uint32(77) // exch gives the lane before
		if i > 0 {
			before = i - 1
		}
		now := uint32(31) // lane 0 finds 31 and puts 1; nobody else finds i+31
		if i > 0 {
			now = 1
		}
		return before*100 + now
	})
	expectU32(t, "f64 in shared memory", "", `
	.shared .f64 c;
	.reg .f64 %d;
	setp.eq.u32 %p, %i, 0;
	@%p st.shared.f64 [c], 0d0000000000000000;
	bar.sync 0;
	red.shared.add.f64 [c], 0d3FE0000000000000;
	bar.sync 0;
	ld.shared.f64 %d, [c];
	cvt.rzi.u32.f64 %j, %d;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{64, 1, 1}, func(uint32) uint32 { return 32 })
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
	// Lanes with the same i%5 are a group; each names its own in one instruction.
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

// TestTensorCores multiplies A [16,8] by B [8,8] in tf32, and A [16,16] by
// B [16,8] in f16, whose fragments ldmatrix reads from shared memory.
func TestTensorCores(t *testing.T) {
	// a[r][c] = r + 2c - 8, b[r][c] = 3r - c, c = 1: small integers, exact in both.
	av := func(r, c int) float32 { return float32(r + 2*c - 8) }
	bv := func(r, c int) float32 { return float32(3*r - c) }
	product := func(r, c, k int) uint32 {
		s := float32(1)
		for i := range k {
			s += av(r, i) * bv(i, c)
		}
		return math.Float32bits(s)
	}
	frag := func(i uint32) (g, q int) { return int(i) / 4, int(i) % 4 }
	for out := range 4 {
		row, col := func(i uint32) int { g, _ := frag(i); return g + 8*(out/2) }, func(i uint32) int { _, q := frag(i); return 2*q + out%2 }
		// a0 (g, q), a1 (g+8, q), a2 (g, q+4), a3 (g+8, q+4); b0 (q, g), b1 (q+4, g).
		elem := func(name, row, col string, times, minus, sub int) string {
			return fmt.Sprintf("add.u32 %%k, %%l, %s;\nadd.u32 %%n, %%j, %s;\nmad.lo.s32 %%k, %%k, %d, 0;\nmad.lo.s32 %%n, %%n, %d, %%k;\nsub.s32 %%n, %%n, %d;\ncvt.rn.f32.s32 %s, %%n;\n",
				row, col, times, minus, sub, name)
		}
		body := ".reg .b32 %a<4>, %b<2>; .reg .f32 %d<4>, %c;\nmov.f32 %c, 0f3F800000;\nshr.u32 %l, %i, 2;\nand.b32 %j, %i, 3;\n" +
			elem("%a0", "0", "0", 1, 2, 8) + elem("%a1", "8", "0", 1, 2, 8) + elem("%a2", "0", "4", 1, 2, 8) + elem("%a3", "8", "4", 1, 2, 8) +
			elem("%b0", "0", "0", -1, 3, 0) + elem("%b1", "0", "4", -1, 3, 0) +
			"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%d0,%d1,%d2,%d3}, {%a0,%a1,%a2,%a3}, {%b0,%b1}, {%c,%c,%c,%c};\n" +
			fmt.Sprintf("st.global.f32 [%%o], %%d%d;\nret;", out)
		expectU32(t, "mma tf32", "", body, Dim3{}, Dim3{32, 1, 1}, func(i uint32) uint32 { return product(row(i), col(i), 8) })

		// f16: A is written to shared memory row by row, B too, and read by ldmatrix, B transposed.
		body = `
	.shared .align 16 .b8 sa[512];
	.shared .align 16 .b8 sb[256];
	.reg .f32 %d<4>;
	.reg .b32 %ra<4>, %rb<2>;
	mov.u32 %k, 0;
fill:                       // each lane writes 8 elements of A
	shr.u32 %l, %i, 1;      // row
	and.b32 %j, %i, 1;
	mad.lo.u32 %j, %j, 8, %k; // column
	mad.lo.s32 %n, %j, 2, %l;
	sub.s32 %n, %n, 8;
	cvt.rn.f16.s32 %h, %n;
	mad.lo.u32 %n, %l, 16, %j;
	mov.u64 %x, sa; mad.wide.u32 %x, %n, 2, %x;
	st.shared.b16 [%x], %h;
	add.u32 %k, %k, 1;
	setp.lt.u32 %p, %k, 8;
	@%p bra fill;
	mov.u32 %k, 0;
fillb:                      // and 4 of B
	shr.u32 %l, %i, 1;
	and.b32 %j, %i, 1;
	mad.lo.u32 %j, %j, 4, %k;
	mul.lo.u32 %n, %l, 3;
	sub.s32 %n, %n, %j;
	cvt.rn.f16.s32 %h, %n;
	mad.lo.u32 %n, %l, 8, %j;
	mov.u64 %x, sb; mad.wide.u32 %x, %n, 2, %x;
	st.shared.b16 [%x], %h;
	add.u32 %k, %k, 1;
	setp.lt.u32 %p, %k, 4;
	@%p bra fillb;
	bar.sync 0;
	and.b32 %l, %i, 15;     // the address of row i%16, columns 8*(i/16) and on
	shr.u32 %j, %i, 4;
	mul.lo.u32 %n, %l, 32;
	mad.lo.u32 %n, %j, 16, %n;
	mov.u32 %k, sa;
	add.u32 %k, %k, %n;
	ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%ra0,%ra1,%ra2,%ra3}, [%k];
	mov.u32 %k, sb;
	mad.lo.u32 %k, %l, 16, %k;
	ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%rb0,%rb1}, [%k];
	mov.f32 %f, 0f3F800000;
	mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%d0,%d1,%d2,%d3}, {%ra0,%ra1,%ra2,%ra3}, {%rb0,%rb1}, {%f,%f,%f,%f};
` + fmt.Sprintf("	st.global.f32 [%%o], %%d%d;\n	ret;", out)
		expectU32(t, "ldmatrix and mma f16", "", body, Dim3{}, Dim3{32, 1, 1}, func(i uint32) uint32 { return product(row(i), col(i), 16) })
	}
	expectU32(t, "stmatrix and movmatrix", "", `
	.shared .align 16 .b8 s[128];
	and.b32 %j, %i, 7;
	mov.u32 %k, s;
	mad.lo.u32 %k, %j, 16, %k;
	stmatrix.sync.aligned.m8n8.x1.shared.b16 [%k], {%i};
	bar.warp.sync -1;
	mov.u32 %k, s;
	mad.lo.u32 %k, %i, 4, %k;
	ld.shared.u32 %j, [%k];
	movmatrix.sync.aligned.m8n8.trans.b16 %l, %i;
	mad.lo.u32 %j, %l, 100, %j;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{32, 1, 1}, func(i uint32) uint32 {
		// Lane l holds row l/4, columns 2(l%4) and +1: (l, 0). Transposed, element
		// (r, c) is (c, r): lane i holds those of rows 2(i%4) and +1, column i/4.
		at := func(r, c uint32) uint32 {
			if c%2 == 1 {
				return 0
			}
			return r*4 + c/2
		}
		r, c := i/4, i%4*2
		return (at(c, r)|at(c+1, r)<<16)*100 + i
	})
}
