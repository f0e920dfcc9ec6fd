package emulator

import (
	"errors"
	"strings"
	"testing"
)

// TestParseForms parses one file with every kind of declaration and operand, and examines the
// result.
func TestParseForms(t *testing.T) {
	mod := mustParse(t, "forms.ptx", `
// comment
/* another
   one */
.version 7.8
.target sm_80, texmode_independent
.address_size 64
.file 1 "kernel.cu"
.extern .func (.param .b32 r) ext (.param .b64 a, .param .b64 b);
.func (.reg .u32 %r) later (.reg .u32 %a);
.visible .global .align 8 .b8 bytes[6] = {72, 0x69, 0b100001, 012, 5U};
.global .f32 floats[] = {1.5, 0f40000000, -2, 3e2};
.global .u64 table[2] = {bytes, floats+8};
.const .s32 matrix[2][3] = {{1,2,3},{4,5,-6}};
.extern .shared .align 16 .b8 dyn[];
.weak .func (.param .align 4 .b8 ret[8]) pair (.param .f32 x, .param .align 16 .b8 s[32])
{ ret; }
.visible .entry k (.param .u64 .ptr .global .align 16 p, .param .align 8 .b8 q[12], .param .f32 f)
.maxntid 256, 1, 1
.minnctapersm 2
{
	.reg .pred %p<4>;
	.reg .b32 %r<1000000000>;
	.reg .f32 %f<3>, %g;
	.reg .v4 .f32 %v;
	.reg .b64 %rd<9>;
	.local .align 8 .b8 __local_depot0[24];
	.loc 1 12 3, function_name $L__info0, inlined_at 1 5 1
	.pragma "nounroll";
$L__BB0_1:
	mov.u32 %r7, (1 << 4) + 3*2 - ~0 + (5 > 3 ? 1 : 0) + WARP_SZ;
	mov.f32 %f1, 0f3F800000;
	mov.f64 %rd1, 0d3FF0000000000000;
	mov.b32 {%r1, _}, %rd2;
	setp.lt.and.s32 %p1|%p2, %r1, -5, !%p3;
	@!%p1 bra.uni $L__BB0_1;
	ld.global.v4.f32 {%f0, %f1, %f2, %g}, [%rd3+-16];
	ld.param.u64 %rd4, [p];
	st.shared.b32 [dyn+4], 0x10;
	ld.global.u32 %r2, [256];
	add.f32 %v.x, %v.y, %v.w;
	{
		.reg .b32 %r<2>, tmp;
		mov.u32 %r1, tmp;
		{ .param .b32 param0; st.param.b32 [param0+0], %r1; }
	}
	brx.idx %r1, targets;
targets: .branchtargets $L__BB0_1, done;
done:
	ret;
}
.func (.reg .u32 %r) later (.reg .u32 %a) { add.u32 %r, %a, 1; ret; }
`)
	if mod.VersionMajor != 7 || mod.VersionMinor != 8 || len(mod.Targets) != 2 {
		t.Errorf("version %d.%d, targets %v", mod.VersionMajor, mod.VersionMinor, mod.Targets)
	}
	sizes := map[string]int64{"bytes": 6, "floats": 16, "table": 16, "matrix": 24, "dyn": 0}
	for name, want := range sizes {
		if v := mod.varByName[name]; v == nil || v.Size != want {
			t.Errorf("variable %s: %+v, expected %d bytes", name, v, want)
		}
	}
	if v := mod.varByName["matrix"]; v.Init[5].bits != ^uint64(5) {
		t.Errorf("last element of matrix is %#x", v.Init[5].bits)
	}
	k := mod.Function("k")
	if k.MaxThreads != 256 || len(k.Params) != 3 || k.Params[1].Size != 12 || k.Params[1].Align != 8 {
		t.Errorf("kernel k: %+v", k)
	}
	if got := k.Instrs[0].Args[1].Int; got != 16+6+1+1+32 {
		t.Errorf("constant expression is %d", got)
	}
	in := k.Instrs[4]
	if in.Name() != "setp.lt.and.s32" || in.Args[0].Second == nil || !in.Args[3].Not || int64(in.Args[2].Int) != -5 {
		t.Errorf("setp: %+v", in)
	}
	if g := k.Instrs[5]; g.Guard == nil || !g.Not || g.Args[0].Kind != OperandLabel {
		t.Errorf("bra: %+v", g)
	}
	if a := k.Instrs[6].Args[1]; a.Offset != -16 || a.Reg.Name != "%rd3" {
		t.Errorf("address: %+v", a)
	}
	if n := len(k.Regs); n > 40 {
		t.Errorf("%d registers came to be, of a range of which few are named", n)
	}
	outer, inner := k.Instrs[3].Args[0].Elems[0].Reg, k.Instrs[11].Args[0].Reg
	if outer == inner {
		t.Error("%r1 of the inner scope is the outer one")
	}
	if names := mod.Kernels(); len(names) != 1 || names[0] != "k" {
		t.Errorf("kernels %v", names)
	}
}

// TestParseErrors parses texts that are not PTX, and expects a part of the reason and the place.
func TestParseErrors(t *testing.T) {
	body := func(s string) string { return header + ".entry k() {\n" + s + "\n}" }
	for _, c := range []struct {
		text, reason string
		line         int32
	}{
		{"", "begins with .version", 1},
		{".target sm_70", "begins with .version", 1},
		{".version 2.3\n.target sm_70", "not supported", 1},
		{".version 7.0\n", "no .target", 2},
		{".version 7.0\n.target sm_7", `no target is called "sm_7"`, 2},
		{".version 7.0\n.target sm_70, bug", `no target is called "bug"`, 2},
		{header + "hello", "expected a directive", 4},
		{header + ".bogus", "unknown directive", 4},
		{header + ".entry k( {", "expected .param", 4},
		{header + ".entry k() { ret;", "not closed", 4},
		{header + "/* open", "comment is not closed", 4},
		{header + ".global .b32 x = 1/0;", "division by zero", 4},
		{header + ".global .b32 x[2] = {1,2,3};", "initialiser has 12 bytes", 4},
		{header + ".global .b64 x = nothing;", "not declared", 4},
		{header + ".global .b8 x[1000000000000][1000000000000];", "2^40", 4},
		{header + ".global .b32 x;\n.global .b32 x;", "declared twice", 5},
		{body("add.u32 %r1, %r2, 1;"), "\"%r1\" is not declared", 5},
		{body("bra nowhere;"), "\"nowhere\" is not declared", 5},
		{body("x: x: ret;"), "defined twice", 5},
		{body(".reg .b32 a; .reg .b32 a;"), "declared twice", 5},
		{body(".reg .b32 a;\nmov.u32 a, 0x;"), "malformed integer", 6},
		{body(".reg .b32 a;\nmov.u32 a, 0f123;"), "8 hexadecimal digits", 6},
		{body(".reg .b32 a;\nmov.u32 a 1;"), "expected \";\"", 6},
		{body(".reg .b32 a;\n@a ret;"), "not a declared predicate", 6},
		{body(".reg .b32 a;\nld.global.u32 a, [b];"), "not declared", 6},
		{body(".reg .b32 a; .reg .b64 x;\nld.global.u32 a, [x-4];"), "expected \"+-\" as in [x+-4]", 6},
		{body(".shared .b32 v;\n.reg .b32 a;\nmov.u32 a, v-4;"), "expected \"+-\"", 7},
		{body("ret\n}"), "expected \";\"", 6},
		{body("#"), "unexpected character", 5},
		{header + strings.Repeat("(", 10), "expected a directive", 4},
		{header + ".global .b32 x = " + strings.Repeat("(", 100000), "nested deeper", 4},
		{header + ".global .b32 x = " + strings.Repeat("-", 100000) + "1;", "nested deeper", 4},
		{body(strings.Repeat("{", 100000)), "nested deeper", 5},
	} {
		_, err := Parse("bad.ptx", c.text)
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Errorf("%q: error %v, expected a *SyntaxError", clip(c.text), err)
			continue
		}
		if !strings.Contains(se.Reason, c.reason) || se.Pos.Line != c.line || se.Pos.Col < 1 {
			t.Errorf("%q: %v; expected line %d and %q", clip(c.text), err, c.line, c.reason)
		}
	}
}

// TestLoadErrors loads files that parse but have an unsupported instruction.
func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ body, reason string }{
		{"wgmma.fence.sync.aligned;", "unsupported instruction"},
		{"mull.f32 %f, %f, %f;", "the nearest: mul, "},
		{"tex.2d.v4.f32.f32 {%f,%f,%f,%f}, [%rd, {%f,%f}];", "unsupported instruction"},
		{"add.u32 %r, %rd, 1;", "expected 32 bits"},
		{"add.u32 %r, %r;", "2 operands, expected 3"},
		{"add.frob.u32 %r, %r, %r;", "unknown modifier .frob"},
		{"ld.global.u32 %r, [%r];", "expected 64 bits"},
		{"st.const.u32 [%rd], %r;", "not written"},
		{"setp.lt.u32 %r, %r, 1;", "not a predicate"},
		{"mul.u32 %r, %r, %r;", "expected .lo, .hi or .wide"},
		{"mma.sync.aligned.m16n8k7.row.col.f32.f16.f16.f32 {%f,%f,%f,%f}, {%r,%r,%r,%r}, {%r,%r}, {%f,%f,%f,%f};", "no such form"},
		{"call ext;", "no body"},
		{"cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r], [%rd, {%r}], [%r];", "unsupported instruction"},
		{"cp.async.bulk.global.shared::cta.bulk_group.cp_mask [%rd], [%r], 16, %r;", "unsupported modifier .cp_mask"},
		{"cp.async.bulk.global.shared::cta.mbarrier::complete_tx::bytes [%rd], [%r], 16, [%r];", "unsupported form"},
		{"cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%rd], [%r], %r;", "unsupported instruction"},
		{"red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32 [%r], %r, [%r];", "unknown modifier"},
		{"st.async.shared::cluster.mbarrier::complete_tx::bytes.b16 [%r], %r, [%r];", "unsupported form"},
		{"mbarrier.arrive.noComplete.expect_tx.shared.b64 %rd, [%r], 1;", "unsupported modifier"},
		{"mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f,%f,%f,%f}, {%r,%r}, {%r,%r}, {%f,%f,%f,%f}, %r, 0;", "unsupported modifier .sp"},
		{"mma.sync.aligned.m8n8k4.row.col.f16.f16.f16.f32 {%r,%r,%r,%r}, {%r,%r}, {%r,%r}, {%f,%f,%f,%f,%f,%f,%f,%f};", "expected .f16 or .f32 sums"},
		{"mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32 {%r,%r}, {%r}, {%r}, {%r,%r};", "expected .xor.popc"},
		{"wmma.load.a.sync.aligned.row.m16n16k16.f32 {%r,%r,%r,%r,%r,%r,%r,%r}, [%rd];", "no such form"},
		{"wmma.load.b.sync.aligned.row.m8n8k32.s4 {%r}, [%rd];", "expected .col for .s4"},
		{"wmma.mma.sync.aligned.row.col.m16n16k16.f32.f32.satfinite {%f,%f,%f,%f,%f,%f,%f,%f}, {%r,%r,%r,%r,%r,%r,%r,%r}, {%r,%r,%r,%r,%r,%r,%r,%r}, {%f,%f,%f,%f,%f,%f,%f,%f};", "no such form"},
		{"vadd.u32.u32.u32 %r.b0, %r, %r;", "third source"},
		{"vadd2.u32.u32.u32.sat.add %r, %r, %r, %r;", "do not go together"},
		{"vadd4.u32.u32.u32 %r.b12, %r, %r, %r;", "unknown mask .b12"},
		{"vmad.s32.u32.u32 %r, -%r, %r, -%r;", "either the product or c"},
		{"add.u32 %r, -%r, 1;", "a part or a minus sign"},
		{"add.u32 %r, %r.h0, 1;", "a part or a minus sign"},
		{"lop3.or.b32 %r, %r, %r, %r, 1;", "expected 6"},
		{"fma.rn.oob.f16x2 %r, %r, %r, %r;", "unknown modifier .oob"},
		{"alloca.u64 %rd, %rd, 3;", "power of two"},
		{"mov.u32 %r, %is_explicit_cluster;", "is a predicate"},
		{"barrier.cluster.arrive.acquire;", "unsupported form"},
		{"ld.global.b128 %rd, [%rd];", "not a .b128 register"},
		{"add.rn.f32x2 %rd, %rd, %rd;", "types"},
		{"cvt.rn.satfinite.e2m3x2.f32 %r, %f, %f;", "types"},
		{"multimem.ld_reduce.relaxed.gpu.global.add.f32 %f, [%rd];", "unsupported instruction"},
		{"atom.global.exch.b128 %q, [%rd], %q;", "weakly"},
		{"atom.global.u32 %r, [%rd], %r;", "no operation, expected one such as .add"},
		{"red.global.max.min.u32 [%rd], %r;", "unknown modifier .min"},
		{"suld.b.1d.b32.trap {%r}, [%rd, {%r}];", "unsupported instruction"},
		{"tcgen05.fence::before_thread_sync;", "unsupported instruction"},
		{"tensormap.replace.tile.rank.global.b1024.b32 [%rd], 3;", "unsupported instruction"},
		{"mma.sync.aligned.m16n8k64.row.col.kind::mxf4.block_scale.f32.e2m1.e2m1.f32.ue8m0 {%f,%f,%f,%f}, {%r,%r,%r,%r}, {%r,%r}, {%f,%f,%f,%f}, %r, {0,0}, %r, {0,0};", "unsupported modifier"},
		{"selp.b128 %q, %q, %q, %p;", "it is of .b128, expected .b16, "},
		{"ld.relaxed.gpu.global.b128 %q, [%rd];", "weakly"},
		{"st.global.u64 [%rd], %q;", "expected 64 bits"},
	} {
		text := header + ".extern .func ext;\n.entry k() {\n.reg .b32 %r; .reg .b64 %rd; .reg .b128 %q; .reg .f32 %f; .reg .pred %p;\n" + c.body + "\n}"
		_, err := New(Options{}).Load(mustParse(t, "load.ptx", text))
		var le *LoadError
		if !errors.As(err, &le) || !strings.Contains(le.Reason, c.reason) || le.Pos.Line != 7 {
			t.Errorf("%s: error %v, expected %q at line 7", c.body, err, c.reason)
			continue
		}
		op, _, _ := strings.Cut(strings.TrimSuffix(c.body, ";"), " ")
		if !strings.Contains(err.Error(), "load.ptx:7") || !strings.Contains(err.Error(), op) {
			t.Errorf("%q does not name the file, the line and %s", err, op)
		}
	}
}
