package emulator

import (
	"strings"
	"testing"
)

// TestModifiersByType loads instructions whose modifiers exist, but not for their type. They are
// refused, because guessing a meaning would hide the mistake until NVIDIA's assembler finds it.
func TestModifiersByType(t *testing.T) {
	for _, bad := range []string{
		"add.ftz.f64 d, d, d;", "add.sat.f64 d, d, d;", "add.rz.f16 h, h, h;", "add.sat.bf16 h, h, h;",
		"add.rn.rz.f32 f, f, f;", "mul.rp.f16x2 r, r, r;", "mul.ftz.bf16x2 r, r, r;",
		"fma.f32 f, f, f, f;", "mad.f64 d, d, d, d;", "fma.rn.relu.f32 f, f, f, f;", "fma.rn.ftz.bf16 h, h, h, h;",
		"div.f32 f, f, f;", "div.f64 d, d, d;", "div.approx.f64 d, d, d;", "div.rn.full.f32 f, f, f;", "div.rn.f16 h, h, h;",
		"rcp.f32 f, f;", "rcp.approx.f64 d, d;", "sqrt.f64 d, d;", "sqrt.approx.f64 d, d;", "sqrt.rn.f16 h, h;",
		"sin.f32 f, f;", "ex2.approx.ftz.f16 h, h;", "ex2.approx.bf16 h, h;", "tanh.approx.ftz.f32 f, f;", "cos.approx.f16 h, h;",
		"abs.ftz.f64 d, d;", "neg.ftz.bf16 h, h;", "min.NaN.f64 d, d, d;", "max.xorsign.f32 f, f, f;", "min.ftz.bf16 h, h, h;",
		"cvt.f32.f64 f, d;", "cvt.f32.s32 f, r;", "cvt.s32.f32 r, f;", "cvt.rn.s32.f32 r, f;", "cvt.rn.rz.f32.f64 f, d;",
		"cvt.rn.f64.f32 d, f;", "cvt.rn.f32.f32 f, f;", "cvt.rn.f32.f16 f, h;", "cvt.rz.u32.s32 r, r;", "cvt.rni.f64.f32 d, f;",
		"cvt.rzi.s32.u32 r, r;", "cvt.ftz.f64.f64 d, d;", "cvt.rn.sat.bf16.f32 h, f;",
		"cvt.pack.s16.s32 r, r, r;", "cvt.pack.sat.u8.s32 r, r, r;",
	} {
		text := header + ".entry k() {\n.reg .b16 h; .reg .b32 r; .reg .f32 f; .reg .f64 d;\n" + bad + "\n}"
		_, err := New(Options{}).Load(mustParse(t, "strict.ptx", text))
		if err == nil || !strings.HasPrefix(err.Error(), "strict.ptx:6: ") {
			t.Errorf("%s: error %v, expected one at line 6", bad, err)
		}
	}
}

// TestOperandKinds loads instructions with registers and constants of the wrong kind, and some that
// only look wrong. NVIDIA's assembler must agree, if it is available.
func TestOperandKinds(t *testing.T) {
	for _, c := range []struct {
		instructions string
		refused      string // empty if they are right
	}{
		{"mul.f32 f, f, r;", "register r is .u32, expected .f32: cvt converts numbers, mov.b32 copies their bits"},
		{"mul.f32 r, f, f;", "register r is .u32"},
		{"add.u32 r, r, f;", "register f is .f32, expected .u32"},
		{"add.f64 d, d, x;", "register x is .u64"},
		{"add.u64 x, d, x;", "register d is .f64"},
		{"mov.f32 f, r;", "register r is .u32"},
		{"mov.u32 f, %tid.x;", "register f is .f32"},
		{"mov.f32 f, %tid.x;", "%tid.x is an integer"},
		{"setp.lt.f32 p, f, r;", "register r is .u32"},
		{"selp.f32 f, f, r, p;", "register r is .u32"},
		{"shr.u32 r, f, 1;", "register f is .f32"},
		{"clz.b32 f, r;", "register f is .f32"},
		{"set.lt.u32.f32 f, f, f;", "register f is .f32, expected .u32"},
		{"cvt.rn.f32.u32 f, f;", "register f is .f32"},
		{"cvt.rna.tf32.f32 f, f;", "register f is .f32, expected .tf32"},
		{"cvt.f32.f16 f, u;", "register u is .u16"},
		{"ld.global.f32 r, [x];", "register r is .u32"},
		{"ld.global.u16 f, [x];", "register f is .f32"},
		{"ld.global.u32 d, [x];", "register d is .f64"},
		{"st.global.u32 [x], f;", "register f is .f32"},
		{"atom.global.add.f32 f, [x], r;", "register r is .u32"},
		{"bar.sync f;", "register f is .f32"},
		{"add.f16x2 b, b, r;", "register r is .u32"},
		{"add.f32 f, f, 1;", "1 is an integer, expected a number of .f32"},
		{"setp.eq.f32 p, f, 0;", "0 is an integer"},
		{"st.global.f32 [x], 0;", "0 is an integer"},
		{"add.u32 r, r, 1.0;", "a floating-point constant, expected one of .u32"},
		{"add.u32 r, r, 0f3f800000;", "a floating-point constant, expected one of .u32"},
		{"mov.b32 b, 1.0;", "a floating-point constant, expected one of .b32"},
		{"mov.b64 x, {r, f};", "a vector of r, which is .u32, and f, which is .f32: expected registers of one kind, or .b32"},
		{"mov.u64 x, {r, r};", "a vector is made and taken apart as bits, expected .b64"},
		{"mov.b64 {_, _}, x;", "every element is _"},
		{"add.u32 _, r, r;", "_ can't stand here: the result goes to a register"},
		{"add.u32 r|p, r, r;", "a predicate after |, which this instruction does not have"},
		{"add.u64 x, x, sh;", "the address of sh can't stand here: a mov, such as mov.u64, takes it to a register first"},
		{"mov.f64 d, sh;", "the address of sh is an integer, expected a .f64"},
		{"add.f16 h, h, 0f3F800000;", "a floating-point constant, expected one of .f16"},
		{"ld.global.u32 r, [d];", "address register d is .f64, expected an integer of 64 bits"},
		{"ld.global.u32 r, [16];", "a number as an address is for .local alone"},
		{"ld.global.f32 _, [x];", "_ can't stand here"},
		{"bar.sync 16;", "barrier 16, expected 0 to 15"},
		{"bar.sync 1, 33;", "33 threads, expected a multiple of 32"},
		{"bfe.u32 r, r, 256, 1;", "256 as a place or length in bits, expected 0 to 255"},
		{"prefetch.global.L1 x;", "expected an address in brackets"},
		{"mov.b64 x, {b, f}; mov.b64 {_, s}, x; mov.v2.u32 {r, s}, {s, 1}; mov.v4.u32 {r, s, _, b}, %ntid; mov.u16 u, %tid.x;", ""},
		{"mul.f32 f, f, b; mul.f32 b, b, b; mul.f32 f, f, 2.0; mul.f64 d, d, 2.0; mov.b32 b, 0f3f800000;", ""},
		{"add.u32 r, r, s; add.s32 r, s, b; mov.b32 f, r; mov.b32 r, f; and.b32 r, f, r; not.b32 f, r;", ""},
		{"cvt.rn.f32.u32 f, r; cvt.rn.f32.u32 f, 5; clz.b32 r, f; selp.b32 f, r, f, p; mov.b64 d, {r, r};", ""},
		{"ld.global.b32 f, [x]; ld.global.b16 f, [x]; ld.global.u16 r, [x]; st.global.b16 [x], f; cvt.f32.f16 f, h;", ""},
	} {
		text := ".version 8.0\n.target sm_80\n.address_size 64\n.entry k() {\n.reg .u16 u; .reg .b16 h; .shared .u32 sh; .reg .b32 b; .reg .u32 r; .reg .s32 s; .reg .u64 x; .reg .f32 f; .reg .f64 d; .reg .pred p;\n" + c.instructions + "\nret;\n}"
		_, err := New(Options{}).Load(mustParse(t, "kinds.ptx", text))
		if c.refused == "" {
			if err != nil {
				t.Errorf("%s: %v", c.instructions, err)
			}
			assemble(t, text)
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), "kinds.ptx:6: ") || !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: error %v, expected one at line 6 with %q", c.instructions, err, c.refused)
		}
		refusedByAssembler(t, text)
	}
}
