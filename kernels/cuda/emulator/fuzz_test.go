package emulator

import (
	"context"
	"os"
	"strings"
	"testing"
)

// fuzzSeeds are small programs with every kind of declaration and operand, and the files of
// testdata.
func fuzzSeeds(f *testing.F) []string {
	matmul, err := os.ReadFile("testdata/matmul.ptx")
	if err != nil {
		f.Fatal(err)
	}
	seeds := []string{string(matmul)}
	for _, name := range instructionFiles {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, string(text))
		for _, k := range mutateFunction.FindAllString(string(text), -1) { // and each kernel by itself
			seeds = append(seeds, header+k)
		}
	}
	return append(seeds, []string{
		"",
		header,
		header + ".entry falls_off() { .reg .u32 a; mov.u32 a, 1; }",
		header + `
.visible .const .align 8 .b8 table[16] = {1, 2, 0xff, 255};
.global .align 4 .f32 weights[2][3] = {{1.5, 0f3F800000, -2}, {0d3FF0000000000000}};
.global .u64 pointer = table;
.extern .shared .align 16 .b8 dynamic[];
.func (.reg .u32 out) twice(.reg .u32 in) { add.u32 out, in, in; ret; }
.func (.param .b32 out) thrice(.param .b32 in);
.visible .entry k(.param .u64 p, .param .align 8 .b8 s[12], .param .f32 x)
.maxntid 256, 1, 1
.reqntid 32
{
	.reg .pred %p<3>;
	.reg .b32 %r<9>;
	.reg .v4 .f32 v;
	.reg .f64 d;
	.local .align 4 .b8 stack[32];
	.shared .u32 tile[8][9];
	.loc 1 2 3
	ld.param.u64 %rd1, [p];
	mov.u32 %r1, %tid.x;
	mov.b64 {%r2, %r3}, 0x123456789abcdef0;
	mov.u32 %r4, tile;
	ld.shared.v2.u32 {%r5, _}, [%r4+-8];
	st.local.b32 [stack+4], %r1;
	setp.lt.and.s32 %p1|%p2, %r1, -1, !%p0;
	@!%p1 bra L1;
	{ .reg .u32 t; call (t), twice, (%r1); }
L1: selp.b32 %r6, 1U, 017, %p2;
	fma.rn.ftz.sat.f32 v.x, v.y, 1e-3, 0f00000000;
	cvt.rzi.s32.f64 %r7, d;
	vote.sync.ballot.b32 %r8, %p1, 0xffffffff;
	bar.sync 0;
	ret;
}`,
		header + `
.entry jump(.param .u32 n) {
	.reg .u32 i; .reg .pred p; .reg .u64 f;
	ld.param.u32 i, [n];
targets: .branchtargets A, B;
	setp.gt.u32 p, i, 1;
	@p bra B;
	brx.idx i, targets;
A:	mov.u64 f, helper;
proto: .callprototype ()_ (.param .u32 _);
	{ .param .u32 a; st.param.u32 [a], i; call f, (a), proto; }
B:	exit;
}
.func helper(.param .u32 x) { ret; }`,
	}...)
}

// FuzzParse parses any text, decodes what the parser accepts, and runs what the decoder accepts,
// with all arguments zero and a limit of instructions. Errors are fine if they name a place; panics
// are not.
func FuzzParse(f *testing.F) {
	for _, s := range fuzzSeeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mod, err := Parse("fuzz.ptx", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fuzz.ptx:") {
				t.Errorf("an error without a place: %v", err)
			}
			return
		}
		m := New(Options{Workers: 1, MemoryBytes: 1 << 20, Instructions: 2000, Checks: AllChecks})
		prog, err := m.Load(mod)
		if err != nil {
			return
		}
		for _, k := range prog.kernels {
			_ = m.LaunchRaw(context.Background(), k, LaunchConfig{Block: Dim3{X: 40}}, make([]byte, k.paramBytes))
		}
	})
}
