package emulator

import (
	"strings"
	"testing"
)

// Instructions with types that they do not have are refused, and valid ones are accepted. So
// does NVIDIA's assembler, if it is available.
func TestInstructionTypes(t *testing.T) {
	for _, c := range []struct {
		instructions string
		refused      string // empty if they are right
	}{
		{"and.u32 r, r, r;", "it is of .u32, expected .pred, .b16, .b32, .b64"},
		{"xor.s32 s, s, s;", "it is of .s32"},
		{"not.u32 r, r;", "it is of .u32"},
		{"shl.u32 r, r, 1;", "it is of .u32, expected .b16, .b32, .b64"},
		{"popc.u32 r, r;", "it is of .u32"},
		{"clz.u32 r, r;", "it is of .u32"},
		{"brev.u32 r, r;", "it is of .u32"},
		{"bfi.u32 r, r, r, 1, 1;", "it is of .u32"},
		{"prmt.u32 r, r, r, r;", "it is of .u32"},
		{"lop3.u32 r, r, r, r, 1;", "it is of .u32"},
		{"neg.u32 r, r;", "it is of .u32, expected .s16"},
		{"abs.u32 r, r;", "it is of .u32"},
		{"add.b32 r, r, r;", ".b32 is no type of numbers, expected one such as .u32 or .s32"},
		{"sub.b64 x, x, x;", ".b64 is no type of numbers"},
		{"min.b32 r, r, r;", ".b32 is no type of numbers"},
		{"mul.lo.b32 r, r, r;", ".b32 is no type of numbers"},
		{"sad.f32 f, f, f, f;", "it is of .f32"},
		{"setp.lt.b32 p, r, r;", ".b32 has no order, expected .eq or .ne"},
		{"setp.lo.s32 p, s, s;", "for unsigned integers"},
		{"setp.hi.f32 p, f, f;", "for unsigned integers"},
		{"ld.global.f16 h, [x];", "it is of .f16, expected .b8, .b16"},
		{"st.global.f16x2 [x], r;", "it is of .f16x2"},
		{"mov.f16 h, h;", "it is of .f16"},
		{"selp.f16 h, h, h, p;", "it is of .f16"},
		{"shfl.sync.up.f32 f, f, 1, 0, -1;", "it is of .f32, expected .b32"},
		{"match.any.sync.u32 r, r, -1;", "it is of .u32"},
		{"shfl.up.b32 r, r, 1, 0;", "needs .sync, and a mask of the lanes, from .version 6.4 and .target sm_70 on"},
		{"vote.any.pred p, p;", "needs .sync"},
		{"cvt.rn.tf32.f32 r, f;", "needs .target sm_90"},
		{"ld.nc.f32 f, [x];", ".nc is for ld.global"},
		{"st.global.nc.f32 [x], f;", ".nc is for ld.global"},
		{"nanosleep 10;", "it is of no type, expected .u32"},
		{"atom.global.add.s64 x, [x], x;", "it is of .s64, expected .u32, .s32, .u64"},
		{"atom.global.cas.u32 r, [x], r, r;", "it is of .u32, expected .b16, .b32, .b64"},
		{"atom.global.exch.f32 f, [x], f;", "it is of .f32"},
		{"atom.global.inc.s32 s, [x], s;", "it is of .s32"},
		{"red.global.and.u32 [x], r;", "it is of .u32"},
		{"add.u32 r, %tid.x, 1;", "%tid.x can't stand here: a mov, such as mov.u32, takes it to a register first"},
		{"setp.eq.u32 p, %tid.x, 0;", "%tid.x can't stand here"},
		{"st.global.u32 [x], %laneid;", "%laneid can't stand here"},
		{"cvt.rn.f32.u32 f, %tid.x;", "%tid.x can't stand here"},
		{"slct.u32.u32 r, r, r, r;", "it chooses by a .u32, expected .s32 or .f32"},
		{"shr.f32 f, f, 1;", "it is of .f32"},
		{"mov.u64 x, %tid.x;", "%tid.x has 32 bits, expected .u32"},
		{"mov.u32 r, %clock64;", "%clock64 has 64 bits, expected .u64"},
		{"mov.u32 r, %tid;", "%tid has four elements, expected mov.v4.u32 or one of them, such as %tid.x"},
		{"cvt.u32.b32 r, r;", "expected types of numbers, such as .u32: mov copies bits"},
		{"cvt.sat.s32.s32 s, s;", "every .s32 is a .s32"},
		{"cvt.rn.f32.u32 f, h;", "register h is .b16, expected 32 bits"},
		{"set.eq.b32.u32 r, r, r;", "a result of .b32, expected one of .u32, .s32"},
		{"setp.eq.ftz.u32 p, r, r;", ".ftz is for .f32, .f16 and .f16x2"},
		{"atom.global.add.f16 h, [x], h;", "must have it"},
		{"red.global.exch.b32 [x], r;", "red has no such operation"},
		{"redux.sync.and.u32 r, r, -1;", "it is of .u32, expected .b32"},
		{"shfl.sync.b32 r, r, 1, 0, -1;", "expected .up, .down, .bfly or .idx"},
		{"ld.relaxed.global.u32 r, [x];", ".relaxed needs a scope, such as .gpu"},
		{"ld.gpu.global.u32 r, [x];", ".gpu needs an order of memory"},
		{"st.acquire.gpu.global.u32 [x], r;", "st has no .acquire"},
		{"st.global.ca.u32 [x], r;", "st has no .ca"},
		{"ld.global.v4.b64 {x, x, x, x}, [x];", "needs .version 8.8 and .target sm_100"},
		{"mad.lo.sat.s32 s, s, s, s;", ".sat is for mad.hi.s32"},
		{"fma.rn.sat.relu.f16 h, h, h, h;", "not both"},
		{"min.f32 f, f, f, f;", "three inputs need .target sm_100"},
		{"and.b32 r, r, r; and.pred p, p, p; shl.b64 x, x, 1; shr.u32 r, r, 1; shr.b32 r, r, 1; popc.b64 r, x; clz.b32 r, r;", ""},
		{"neg.s32 s, s; abs.f32 f, f; neg.f16 h, h; add.u16 u, u, u; add.s64 x, x, x; min.f64 d, d, d; mul.lo.u32 r, r, r;", ""},
		{"setp.eq.b32 p, r, r; setp.lo.u32 p, r, r; setp.lt.s32 p, s, s; setp.lt.u32 p, r, r; set.eq.u32.b32 r, r, r;", ""},
		{"ld.global.b16 h, [x]; st.global.b32 [x], r; ld.global.u8 r, [x]; ld.global.nc.f32 f, [x]; mov.b16 h, h; selp.b16 h, h, h, p; selp.f32 f, f, f, p;", ""},
		{"shfl.sync.up.b32 f, f, 1, 0, -1; match.any.sync.b32 r, r, -1; nanosleep.u32 10;", ""},
		{"atom.global.add.u64 x, [x], x; atom.global.cas.b32 r, [x], r, r; atom.global.exch.b32 f, [x], f; red.global.min.s64 [x], x; red.global.add.f32 [x], f;", ""},
		{"mov.u32 r, %tid.x; mov.b32 r, %laneid; mov.u16 u, %tid.x; cvt.u64.u32 x, %tid.x; add.u32 r, r, WARP_SZ;", ""},
	} {
		text := ".version 8.0\n.target sm_80\n.address_size 64\n.entry k() {\n.reg .u16 u; .reg .b16 h; .reg .u32 r; .reg .s32 s; .reg .u64 x; .reg .f32 f; .reg .f64 d; .reg .pred p;\n" + c.instructions + "\nret;\n}"
		_, err := New(Options{}).Load(mustParse(t, "types.ptx", text))
		if c.refused == "" {
			if err != nil {
				t.Errorf("%s: %v", c.instructions, err)
			}
			assemble(t, text)
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), "types.ptx:6: ") || !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: error %v, expected one at line 6 with %q", c.instructions, err, c.refused)
		}
		refusedByAssembler(t, text)
	}
}
