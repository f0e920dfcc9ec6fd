package emulator

import (
	"strings"
	"testing"
)

// TestModifiersByType gives instructions whose modifiers exist, but not for their
// type: they are refused, since guessing a meaning would hide the mistake until
// the text meets NVIDIA's assembler.
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
