package emulator_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"baregrad/kernels/cuda/emulator/arith"
)

// The floating-point instructions and the conversions, from text to result. Those of integers are
// in instr_test.go.

func TestFloatInstructions(t *testing.T) {
	var cases []instrCase
	add := func(text string, want instrFunc) { cases = append(cases, instrCase{text, want}) }
	for r, name := range map[arith.Rounding]string{arith.RN: ".rn", arith.RZ: ".rz", arith.RM: ".rm", arith.RP: ".rp"} {
		for mask := range 4 {
			m := arith.Mode{Round: r, FTZ: mask&1 != 0, Sat: mask&2 != 0}
			mods := name + map[bool]string{true: ".ftz"}[m.FTZ]
			full := mods + map[bool]string{true: ".sat"}[m.Sat] + ".f32"
			add("add"+full+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.AddF32(a, b, m) }))
			add("sub"+full+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.SubF32(a, b, m) }))
			add("mul"+full+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.MulF32(a, b, m) }))
			add("fma"+full+" fd, fa, fb, fc;", tri32(func(a, b, c uint32) uint32 { return arith.FMAF32(a, b, c, m) }))
			add("mad"+full+" fd, fa, fb, fc;", tri32(func(a, b, c uint32) uint32 { return arith.FMAF32(a, b, c, m) }))
			if m.Sat {
				continue
			}
			add("div"+mods+".f32 fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.DivF32(a, b, m) }))
			add("rcp"+mods+".f32 fd, fa;", un32(func(a uint32) uint32 { return arith.RcpF32(a, m) }))
			add("sqrt"+mods+".f32 fd, fa;", un32(func(a uint32) uint32 { return arith.SqrtF32(a, m) }))
		}
		add("add"+name+".f64 dd, da, db;", bin64(func(a, b uint64) uint64 { return arith.AddF64(a, b, r) }))
		add("sub"+name+".f64 dd, da, db;", bin64(func(a, b uint64) uint64 { return arith.SubF64(a, b, r) }))
		add("mul"+name+".f64 dd, da, db;", bin64(func(a, b uint64) uint64 { return arith.MulF64(a, b, r) }))
		add("fma"+name+".f64 dd, da, db, dc;", func(a, b, c uint64) uint64 { return arith.FMAF64(a, b, c, r) })
		add("mad"+name+".f64 dd, da, db, dc;", func(a, b, c uint64) uint64 { return arith.FMAF64(a, b, c, r) })
		add("div"+name+".f64 dd, da, db;", bin64(func(a, b uint64) uint64 { return arith.DivF64(a, b, r) }))
		add("rcp"+name+".f64 dd, da;", un64(func(a uint64) uint64 { return arith.RcpF64(a, r) }))
		add("sqrt"+name+".f64 dd, da;", un64(func(a uint64) uint64 { return arith.SqrtF64(a, r) }))
	}
	add("add.f32 fd, fa, 0f3F000000;", un32(func(a uint32) uint32 { return arith.AddF32RN(a, 0x3f000000) }))
	add("mul.f64 dd, da, 0d4008000000000000;", un64(func(a uint64) uint64 { return arith.MulF64(a, 0x4008000000000000, arith.RN) }))
	add("fma.rn.f32 fd, fa, 1.5, -2.0;", un32(func(a uint32) uint32 { return arith.FMAF32RN(a, 0x3fc00000, 0xc0000000) }))
	for _, ftz := range []bool{false, true} {
		mods := map[bool]string{true: ".ftz"}[ftz] + ".f32"
		for name, f := range map[string]func(uint32, bool) uint32{"rcp": arith.RcpApproxF32, "sqrt": arith.SqrtApproxF32,
			"rsqrt": arith.RsqrtApproxF32, "sin": arith.SinApproxF32, "cos": arith.CosApproxF32, "lg2": arith.Lg2ApproxF32, "ex2": arith.Ex2ApproxF32} {
			add(name+".approx"+mods+" fd, fa;", un32(func(a uint32) uint32 { return f(a, ftz) }))
		}
		add("div.approx"+mods+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.DivApproxF32(a, b, ftz) }))
		add("div.full"+mods+" fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.DivFullF32(a, b, ftz) }))
		add("abs"+mods+" fd, fa;", un32(func(a uint32) uint32 { return arith.AbsF32(a, ftz) }))
		add("neg"+mods+" fd, fa;", un32(func(a uint32) uint32 { return arith.NegF32(a, ftz) }))
		for _, nan := range []bool{false, true} {
			m := arith.MinMax{FTZ: ftz, NaN: nan}
			mods := map[bool]string{true: ".ftz"}[ftz] + map[bool]string{true: ".NaN"}[nan]
			add("min"+mods+".f32 fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.MinF32(a, b, m) }))
			x := arith.MinMax{FTZ: ftz, NaN: nan, XorSignAbs: true}
			add("max"+mods+".xorsign.abs.f32 fd, fa, fb;", bin32(func(a, b uint32) uint32 { return arith.MaxF32(a, b, x) }))
		}
		for op := arith.EQ; op <= arith.NAN; op++ {
			if op >= arith.LO && op <= arith.HS {
				continue
			}
			add("setp."+op.String()+mods+" pd, fa, fb;", func(a, b, _ uint64) uint64 {
				return truth(arith.CompareF32(op, uint32(a), uint32(b), ftz))
			})
			if !ftz {
				add("setp."+op.String()+".f64 pd, da, db;", func(a, b, _ uint64) uint64 { return truth(arith.CompareF64(op, a, b)) })
			}
		}
	}
	add("tanh.approx.f32 fd, fa;", un32(arith.TanhApproxF32))
	add("rcp.approx.ftz.f64 dd, da;", un64(arith.RcpApproxF64))
	add("rsqrt.approx.ftz.f64 dd, da;", un64(arith.RsqrtApproxFTZF64))
	add("rsqrt.approx.f64 dd, da;", un64(arith.RsqrtApproxF64))
	add("min.f64 dd, da, db;", bin64(arith.MinF64))
	add("max.f64 dd, da, db;", bin64(arith.MaxF64))
	add("abs.f64 dd, da;", un64(arith.AbsF64))
	add("neg.f64 dd, da;", un64(arith.NegF64))
	add("copysign.f32 fd, fa, fb;", bin32(arith.CopySignF32))
	add("copysign.f64 dd, da, db;", bin64(arith.CopySignF64))
	for op, name := range []string{"finite", "infinite", "number", "notanumber", "normal", "subnormal"} {
		add("testp."+name+".f32 pd, fa;", func(a, _, _ uint64) uint64 { return truth(arith.TestPF32(arith.Property(op), uint32(a))) })
		add("testp."+name+".f64 pd, da;", func(a, _, _ uint64) uint64 { return truth(arith.TestPF64(arith.Property(op), a)) })
	}
	runInstrCases(t, cases)
}

func TestHalfInstructions(t *testing.T) {
	var cases []instrCase
	type mode = arith.HalfMode
	for name, h := range map[string]arith.Half{"f16": arith.F16, "bf16": arith.BF16} {
		one := func(text string, f func(a, b, c uint16) uint16) {
			cases = append(cases, instrCase{strings.ReplaceAll(text, "T", name), func(a, b, c uint64) uint64 {
				return uint64(f(uint16(a), uint16(b), uint16(c)))
			}})
		}
		two := func(text string, f func(a, b, c uint32) uint32) {
			cases = append(cases, instrCase{strings.ReplaceAll(text, "T", name+"x2"), tri32(f)})
		}
		one("add.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Add(a, b, mode{}) })
		one("sub.rn.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Sub(a, b, mode{}) })
		one("mul.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Mul(a, b, mode{}) })
		one("fma.rn.T hd, ha, hb, hc;", func(a, b, c uint16) uint16 { return h.FMA(a, b, c, mode{}) })
		one("fma.rn.relu.T hd, ha, hb, hc;", func(a, b, c uint16) uint16 { return h.FMA(a, b, c, mode{Relu: true}) })
		one("min.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Min(a, b, arith.MinMax{}) })
		one("max.NaN.T hd, ha, hb;", func(a, b, _ uint16) uint16 { return h.Max(a, b, arith.MinMax{NaN: true}) })
		one("neg.T hd, ha;", func(a, _, _ uint16) uint16 { return h.Neg(a, false) })
		one("abs.T hd, ha;", func(a, _, _ uint16) uint16 { return h.Abs(a, false) })
		one("tanh.approx.T hd, ha;", func(a, _, _ uint16) uint16 { return h.Tanh(a) })
		one("setp.ltu.T pd, ha, hb;", func(a, b, _ uint16) uint16 { return uint16(truth(h.Compare(arith.LTU, a, b, false))) })
		two("add.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Add2(a, b, mode{}) })
		two("sub.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Sub2(a, b, mode{}) })
		two("mul.rn.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Mul2(a, b, mode{}) })
		two("fma.rn.T rd, ra, rb, rc;", func(a, b, c uint32) uint32 { return h.FMA2(a, b, c, mode{}) })
		two("min.NaN.xorsign.abs.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Min2(a, b, arith.MinMax{NaN: true, XorSignAbs: true}) })
		two("max.T rd, ra, rb;", func(a, b, _ uint32) uint32 { return h.Max2(a, b, arith.MinMax{}) })
		two("neg.T rd, ra;", func(a, _, _ uint32) uint32 { return h.Neg2(a, false) })
		two("abs.T rd, ra;", func(a, _, _ uint32) uint32 { return h.Abs2(a, false) })
		two("tanh.approx.T rd, ra;", func(a, _, _ uint32) uint32 { return h.Tanh2(a) })
	}
	f16, bf16 := arith.F16, arith.BF16
	cases = append(cases, []instrCase{
		{"add.ftz.sat.f16 hd, ha, hb;", func(a, b, _ uint64) uint64 {
			return uint64(f16.Add(uint16(a), uint16(b), mode{FTZ: true, Sat: true}))
		}},
		{"fma.rn.ftz.f16x2 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return f16.FMA2(a, b, c, mode{FTZ: true}) })},
		{"ex2.approx.f16 hd, ha;", func(a, _, _ uint64) uint64 { return uint64(f16.Ex2(uint16(a))) }},
		{"ex2.approx.f16x2 rd, ra;", un32(f16.Ex2x2)},
		{"ex2.approx.ftz.bf16x2 rd, ra;", un32(bf16.Ex2x2)},
	}...)
	runInstrCases(t, cases)
}

func TestCvtInstructions(t *testing.T) {
	var cases []instrCase
	letter := func(t arith.Type) string {
		return map[arith.Type]string{arith.TypeF32: "f", arith.TypeF64: "d", arith.TypeU64: "l", arith.TypeS64: "l",
			arith.TypeU32: "r", arith.TypeS32: "r"}[t]
	}
	reg := func(t arith.Type) string {
		if l := letter(t); l != "" {
			return l
		}
		return "h" // 8-bit values are in 16-bit registers
	}
	for dst := arith.TypeU8; dst <= arith.TypeF64; dst++ {
		for src := arith.TypeU8; src <= arith.TypeF64; src++ {
			if dst == arith.TypeTF32 || src == arith.TypeTF32 {
				continue
			}
			modes := map[string]arith.CvtMode{"": {}}
			widens := dst == src || dst == arith.TypeF64 || dst == arith.TypeF32 && src != arith.TypeF64
			switch {
			case dst.Float() && src.Float() && widens:
				if dst != arith.TypeBF16 && (src == arith.TypeF32 || dst == arith.TypeF32) {
					modes[".ftz"] = arith.CvtMode{FTZ: true}
				}
				if dst == src && dst != arith.TypeBF16 {
					modes[".rmi"] = arith.CvtMode{Integer: true, Round: arith.RM}
					modes[".sat"] = arith.CvtMode{Sat: true}
				}
				if dst == arith.TypeBF16 {
					continue
				}
			case dst.Float() && src.Float() && (dst == arith.TypeBF16 || src == arith.TypeBF16):
				modes = map[string]arith.CvtMode{".rn": {}, ".rz": {Round: arith.RZ}}
			case dst == arith.TypeBF16 && src.Bits() == 8:
				continue
			case dst.Float():
				modes = map[string]arith.CvtMode{".rn": {}, ".rz": {Round: arith.RZ}, ".rm": {Round: arith.RM}, ".rp": {Round: arith.RP}}
			case src.Float():
				modes = map[string]arith.CvtMode{".rni": {Integer: true}, ".rzi": {Integer: true, Round: arith.RZ}, ".rmi": {Integer: true, Round: arith.RM}}
				if src != arith.TypeBF16 {
					modes[".rpi.sat"] = arith.CvtMode{Integer: true, Round: arith.RP, Sat: true}
				}
			case dst.Bits() < src.Bits(), dst.Bits() == src.Bits() && dst != src, src.Signed() && !dst.Signed():
				modes[".sat"] = arith.CvtMode{Sat: true} // if a value can be too large
			}
			for mods, m := range modes {
				f, err := arith.Cvt(dst, src, m)
				if err != nil {
					t.Fatal(err)
				}
				width := uint(dst.Bits())
				if width == 8 {
					width = 16 // the register
				}
				cases = append(cases, instrCase{
					fmt.Sprintf("cvt%s.%v.%v %sd, %sa;", mods, dst, src, reg(dst), reg(src)),
					func(a, _, _ uint64) uint64 {
						n := uint(src.Bits())
						return f(a<<(64-n)>>(64-n)) << (64 - width) >> (64 - width)
					}})
			}
		}
	}
	cvt := func(dst, src arith.Type, m arith.CvtMode) func(uint64) uint64 {
		f, err := arith.Cvt(dst, src, m)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	pack := func(dst arith.Type, m arith.CvtMode) instrFunc {
		return bin32(func(a, b uint32) uint32 { return arith.CvtPack2(dst, m, a, b) })
	}
	cases = append(cases, []instrCase{
		{"cvt.rna.tf32.f32 rd, fa;", un64(func(a uint64) uint64 {
			return cvt(arith.TypeTF32, arith.TypeF32, arith.CvtMode{Round: arith.RNA})(a & math.MaxUint32)
		})},
		{"cvt.rn.tf32.f32 rd, fa;", un64(func(a uint64) uint64 { return cvt(arith.TypeTF32, arith.TypeF32, arith.CvtMode{})(a & math.MaxUint32) })},
		{"cvt.rn.relu.f16.f32 hd, fa;", un64(func(a uint64) uint64 {
			return cvt(arith.TypeF16, arith.TypeF32, arith.CvtMode{Relu: true})(a & math.MaxUint32)
		})},
		{"cvt.rz.f16x2.f32 rd, fa, fb;", pack(arith.TypeF16, arith.CvtMode{Round: arith.RZ})},
		{"cvt.rn.relu.bf16x2.f32 rd, fa, fb;", pack(arith.TypeBF16, arith.CvtMode{Relu: true})},
		{"cvt.rn.satfinite.e4m3x2.f32 hd, fa, fb;", bin32(func(a, b uint32) uint32 { return uint32(arith.E4M3.PackF32(a, b, false)) })},
		{"cvt.rn.satfinite.relu.e5m2x2.f32 hd, fa, fb;", bin32(func(a, b uint32) uint32 { return uint32(arith.E5M2.PackF32(a, b, true)) })},
		{"cvt.rn.satfinite.e5m2x2.f16x2 hd, ra;", un32(func(a uint32) uint32 { return uint32(arith.E5M2.PackF16x2(a, false)) })},
		{"cvt.rn.f16x2.e4m3x2 rd, ha;", un32(func(a uint32) uint32 { return arith.E4M3.UnpackF16x2(uint16(a), false) })},
		{"cvt.pack.sat.s16.s32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return arith.CvtPackInt(arith.TypeS16, a, b, 0) })},
		{"cvt.pack.sat.u8.s32.b32 rd, ra, rb, rc;", tri32(func(a, b, c uint32) uint32 { return arith.CvtPackInt(arith.TypeU8, a, b, c) })},
		{"cvt.u32.u8 rd, ra;", un32(func(a uint32) uint32 { return a & 255 })}, // a wider register at each end
		{"cvt.s64.s16 ld, ra;", un64(func(a uint64) uint64 { return uint64(int64(int16(a))) })},
		{"cvt.s8.s64 rd, la;", un64(func(a uint64) uint64 { return uint64(uint32(int32(int8(a)))) })},
	}...)
	runInstrCases(t, cases)
}
