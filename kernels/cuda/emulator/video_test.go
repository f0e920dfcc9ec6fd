package emulator_test

import (
	"testing"

	"baregrad/kernels/cuda/emulator/arith"
)

// TestVideoInstructions tests that the decoder puts selectors, masks and signs in the right places.
// The functions themselves are tested in package arith.
func TestVideoInstructions(t *testing.T) {
	simd2 := func(v arith.VideoSIMD) arith.VideoSIMD {
		v.Lanes = 2
		if v.Mask == 0 {
			v.Mask = 3
		}
		if v.SelA == [4]uint8{} && v.SelB == [4]uint8{} {
			v.SelA, v.SelB = [4]uint8{0, 1}, [4]uint8{2, 3}
		}
		return v
	}
	simd4 := func(v arith.VideoSIMD) arith.VideoSIMD {
		v.Lanes = 4
		if v.Mask == 0 {
			v.Mask = 15
		}
		if v.SelA == [4]uint8{} && v.SelB == [4]uint8{} {
			v.SelA, v.SelB = [4]uint8{0, 1, 2, 3}, [4]uint8{4, 5, 6, 7}
		}
		return v
	}
	scalar := func(v arith.Video) instrFunc {
		return bin32(func(a, b uint32) uint32 { return v.Run(a, b, 0) })
	}
	runInstrCases(t, []instrCase{
		{"vadd.u32.u32.u32 rd, ra, rb;", bin32(func(a, b uint32) uint32 { return a + b })},
		{"vadd.s32.u32.s32.sat rd, ra.b0, rb.h0;", scalar(arith.Video{SignedD: true, SignedB: true, Sat: true, A: arith.PartB0, B: arith.PartH0})},
		{"vsub.s32.s32.u32.sat rd, ra.h1, rb.h1;", scalar(arith.Video{Op: arith.VideoSub, SignedD: true, SignedA: true, Sat: true, A: arith.PartH1, B: arith.PartH1})},
		{"vabsdiff.s32.s32.s32.sat rd.h0, ra.b0, rb.b2, rc;", tri32(arith.Video{Op: arith.VideoAbsDiff, SignedD: true, SignedA: true, SignedB: true, Sat: true,
			D: arith.PartH0, A: arith.PartB0, B: arith.PartB2}.Run)},
		{"vmin.s32.s32.s32.sat.add rd, ra, rb, rc;", tri32(arith.Video{Op: arith.VideoMin, SignedD: true, SignedA: true, SignedB: true, Sat: true, Second: arith.SecondAdd}.Run)},
		{"vmax.u32.s32.u32.min rd, ra.b3, rb.b1, rc;", tri32(arith.Video{Op: arith.VideoMax, SignedA: true, A: arith.PartB3, B: arith.PartB1, Second: arith.SecondMin}.Run)},
		{"vadd.s32.s32.s32.max rd, ra, 7, rc;", tri32(func(a, _, c uint32) uint32 {
			return arith.Video{SignedD: true, SignedA: true, SignedB: true, Second: arith.SecondMax}.Run(a, 7, c)
		})},
		{"vshl.s32.u32.u32.clamp rd, ra, rb;", scalar(arith.Video{Op: arith.VideoShl, SignedD: true})},
		{"vshr.u32.u32.u32.wrap rd, ra, rb.h1;", scalar(arith.Video{Op: arith.VideoShr, Wrap: true, B: arith.PartH1})},
		{"vshr.s32.s32.u32.sat.clamp.add rd, ra.h0, rb.b0, rc;", tri32(arith.Video{Op: arith.VideoShr, SignedD: true, SignedA: true, Sat: true,
			A: arith.PartH0, B: arith.PartB0, Second: arith.SecondAdd}.Run)},
		{"vset.s32.u32.lt rd, ra, rb;", scalar(arith.Video{Op: arith.VideoSetLT, SignedA: true})},
		{"vset.u32.u32.ne rd, ra, rb.h1;", scalar(arith.Video{Op: arith.VideoSetNE, B: arith.PartH1})},
		{"vset.u32.s32.ge.add rd, ra, rb, rc;", tri32(arith.Video{Op: arith.VideoSetGE, SignedB: true, Second: arith.SecondAdd}.Run)},
		{"vset.u32.u32.eq rd.b1, ra.b0, rb.b0, rc;", tri32(arith.Video{Op: arith.VideoSetEQ, D: arith.PartB1, A: arith.PartB0, B: arith.PartB0}.Run)},
		{"vmad.s32.s32.u32.sat rd, ra, rb, -rc;", tri32(arith.VideoMad{SignedA: true, Sat: true, NegC: true}.Run)},
		{"vmad.u32.u32.u32.shr15 rd, ra.h0, rb.h0, rc;", tri32(arith.VideoMad{A: arith.PartH0, B: arith.PartH0, Shift: 15}.Run)},
		{"vmad.s32.s32.s32.shr7 rd, -ra, rb.b1, rc;", tri32(arith.VideoMad{SignedA: true, SignedB: true, NegProduct: true, B: arith.PartB1, Shift: 7}.Run)},
		{"vmad.u32.u32.u32.po.sat rd, ra, rb, rc;", tri32(arith.VideoMad{PlusOne: true, Sat: true}.Run)},
		{"vmad.u32.u32.u32 rd, -ra, -rb, rc;", tri32(arith.VideoMad{}.Run)},
		{"vadd2.s32.s32.u32.sat rd, ra, rb, rc;", tri32(simd2(arith.VideoSIMD{SignedD: true, SignedA: true, Sat: true}).Run)},
		{"vsub2.s32.s32.s32.sat rd.h0, ra.h10, rb.h32, rc;", tri32(simd2(arith.VideoSIMD{Op: arith.VideoSub, SignedD: true, SignedA: true, SignedB: true, Sat: true, Mask: 1}).Run)},
		{"vmin2.s32.u32.u32.add rd.h10, ra.h00, rb.h22, rc;", tri32(simd2(arith.VideoSIMD{Op: arith.VideoMin, SignedD: true, Add: true, SelB: [4]uint8{2, 2}}).Run)},
		{"vavrg2.s32.s32.s32 rd.h1, ra, rb, rc;", tri32(simd2(arith.VideoSIMD{Op: arith.VideoAvrg, SignedD: true, SignedA: true, SignedB: true, Mask: 2}).Run)},
		{"vset2.u32.u32.ne.add rd, ra, rb, rc;", tri32(simd2(arith.VideoSIMD{Op: arith.VideoSetNE, Add: true}).Run)},
		{"vadd4.s32.s32.u32.sat rd, ra, rb, rc;", tri32(simd4(arith.VideoSIMD{SignedD: true, SignedA: true, Sat: true}).Run)},
		{"vsub4.s32.s32.s32.sat rd.b0, ra.b3210, rb.b7654, rc;", tri32(simd4(arith.VideoSIMD{Op: arith.VideoSub, SignedD: true, SignedA: true, SignedB: true, Sat: true, Mask: 1}).Run)},
		{"vabsdiff4.u32.u32.u32.add rd, ra, rb, rc;", tri32(simd4(arith.VideoSIMD{Op: arith.VideoAbsDiff, Add: true}).Run)},
		{"vmax4.u32.u32.s32 rd.b310, ra.b0123, rb.b4444, rc;", tri32(simd4(arith.VideoSIMD{Op: arith.VideoMax, SignedB: true, Mask: 11,
			SelA: [4]uint8{3, 2, 1, 0}, SelB: [4]uint8{4, 4, 4, 4}}).Run)},
		{"vavrg4.u32.u32.u32 rd, ra, rb, rc;", tri32(simd4(arith.VideoSIMD{Op: arith.VideoAvrg}).Run)},
		{"vset4.u32.s32.le rd.b21, ra, rb, rc;", tri32(simd4(arith.VideoSIMD{Op: arith.VideoSetLE, SignedB: true, Mask: 6}).Run)},
		{"lop3.or.b32 rd|pd, ra, rb, rc, 0x96, pa_;\nselp.b32 rd, 1, 0, pd;", tri32(func(a, b, c uint32) uint32 { return ifOne(a^b^c != 0 || int32(a) < 0) })},
		{"lop3.and.b32 _|pd, ra, rb, rc, 0x80, !pa_;\nselp.b32 rd, 1, 0, pd;", tri32(func(a, b, c uint32) uint32 { return ifOne(a&b&c != 0 && int32(a) >= 0) })},
		{"lop3.and.b32 rd|pd, ra, rb, rc, 0xe8, pb_;\nmov.b32 rd, rd;", tri32(func(a, b, c uint32) uint32 { return a&b | a&c | b&c })},
	})
}

func ifOne(ok bool) uint32 {
	if ok {
		return 1
	}
	return 0
}
