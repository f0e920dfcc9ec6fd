package emulator

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// Loads and stores of all widths, and atomics, compared with Go.

func TestLoadsAndStores(t *testing.T) {
	block := Dim3{64, 1, 1}
	// Every width in every space, with sign and zero extension.
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
	// With bounds checks, sharedGap lies before it; it has no other effect.
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
	// In shared memory, lane by lane: inc and dec wrap, cas swaps, exch shifts.
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
		before := uint32(77) // exch returns the number of the lane before
		if i > 0 {
			before = i - 1
		}
		now := uint32(31) // lane 0 finds 31 and stores 1; no other lane finds i+31
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
