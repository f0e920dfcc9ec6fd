package emulator

import (
	"fmt"
	"math"
	"testing"
)

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
		// Lane l holds row l/4, columns 2(l%4) and +1: (l, 0). In the transpose, element (r, c) is
		// (c, r): lane i holds those of rows 2(i%4) and +1, column i/4.
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
