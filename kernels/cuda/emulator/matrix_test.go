package emulator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"baregrad/kernels/cuda/emulator/arith"
)

// mmaCase is a form of mma.sync: its text up to the operands, the number of 32-bit registers of d, a,
// b and c per lane, and the function of arith, on registers [lane][number].
type mmaCase struct {
	text string
	regs [4]int
	run  func(a, b, c [32][8]uint32) [32][8]uint32
}

func mmaCases() []mmaCase {
	var out []mmaCase
	narrow := func(f [32][8]uint32) (g arith.Fragment) {
		for i := range f {
			copy(g[i][:], f[i][:4])
		}
		return
	}
	form := func(text string, m arith.MMA) {
		nd, na, nb, nc := m.Registers()
		out = append(out, mmaCase{text, [4]int{nd, na, nb, nc}, func(a, b, c [32][8]uint32) (d [32][8]uint32) {
			fa, fb, fc := narrow(a), narrow(b), narrow(c)
			m.Run(&fc, &fa, &fb, &fc)
			for i := range d {
				copy(d[i][:], fc[i][:])
			}
			return
		}})
	}
	const s32, b1, f32, f16 = arith.ElemS32, arith.ElemB1, arith.ElemF32, arith.ElemF16
	for _, k := range []struct{ m, k int }{{8, 128}, {16, 128}, {16, 256}} {
		shape := fmt.Sprintf("mma.sync.aligned.m%dn8k%d.row.col.s32.b1.b1.s32.", k.m, k.k)
		form(shape+"xor.popc", arith.MMA{M: k.m, N: 8, K: k.k, D: s32, A: b1, B: b1, C: s32})
		form(shape+"and.popc", arith.MMA{M: k.m, N: 8, K: k.k, D: s32, A: b1, B: b1, C: s32, And: true})
	}
	form("mma.sync.aligned.m8n8k32.row.col.satfinite.s32.u4.s4.s32", arith.MMA{M: 8, N: 8, K: 32, D: s32, A: arith.ElemU4, B: arith.ElemS4, C: s32, Sat: true})
	form("mma.sync.aligned.m16n8k64.row.col.s32.s4.u4.s32", arith.MMA{M: 16, N: 8, K: 64, D: s32, A: arith.ElemS4, B: arith.ElemU4, C: s32})
	form("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32", arith.MMA{M: 16, N: 8, K: 32, D: s32, A: arith.ElemU8, B: arith.ElemS8, C: s32})
	form("mma.sync.aligned.m16n8k16.row.col.f32.e4m3.e5m2.f32", arith.MMA{M: 16, N: 8, K: 16, D: f32, A: arith.ElemE4M3, B: arith.ElemE5M2, C: f32})
	form("mma.sync.aligned.m16n8k32.row.col.f16.e5m2.e5m2.f16", arith.MMA{M: 16, N: 8, K: 32, D: f16, A: arith.ElemE5M2, B: arith.ElemE5M2, C: f16})
	form("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", arith.MMA{M: 16, N: 8, K: 16, D: f32, A: arith.ElemBF16, B: arith.ElemBF16, C: f32})
	for _, types := range [][2]arith.Elem{{f16, f16}, {f32, f16}, {f32, f32}} {
		for _, la := range []string{"row", "col"} {
			for _, lb := range []string{"row", "col"} {
				m := arith.MMAQuads{ColA: la == "col", RowB: lb == "row", D: types[0], C: types[1]}
				nd, na, nb, nc := m.Registers()
				out = append(out, mmaCase{fmt.Sprintf("mma.sync.aligned.m8n8k4.%s.%s.%v.f16.f16.%v", la, lb, m.D, m.C), [4]int{nd, na, nb, nc},
					func(a, b, c [32][8]uint32) [32][8]uint32 {
						fa, fb, fc := arith.FragmentQuads(a), arith.FragmentQuads(b), arith.FragmentQuads(c)
						m.Run(&fc, &fa, &fb, &fc)
						return fc
					}})
			}
		}
	}
	return out
}

// TestMMAForms runs mma.sync on random registers and compares with package arith, which is tested
// against the manual's formulas for which lane holds which element.
func TestMMAForms(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for n, c := range mmaCases() {
		var s strings.Builder
		s.WriteString(".version 8.7\n.target sm_89\n.address_size 64\n.visible .entry k(.param .u64 p) {\n.reg .b32 %d<8>, %a<8>, %b<8>, %c<8>, %t; .reg .b64 %x, %y;\n" +
			"ld.param.u64 %x, [p];\nmov.u32 %t, %tid.x;\nmul.wide.u32 %y, %t, 96;\nadd.u64 %x, %x, %y;\n")
		list := func(name string, n int) string {
			var regs []string
			for i := range n {
				regs = append(regs, fmt.Sprintf("%%%s%d", name, i))
			}
			return "{" + strings.Join(regs, ", ") + "}"
		}
		for x, name := range []string{"a", "b", "c"} {
			for i := range c.regs[x+1] {
				fmt.Fprintf(&s, "ld.global.b32 %%%s%d, [%%x+%d];\n", name, i, 4*(8*x+i))
			}
		}
		fmt.Fprintf(&s, "%s %s, %s, %s, %s;\n", c.text, list("d", c.regs[0]), list("a", c.regs[1]), list("b", c.regs[2]), list("c", c.regs[3]))
		for i := range c.regs[0] {
			fmt.Fprintf(&s, "st.global.b32 [%%x+%d], %%d%d;\n", 4*i, i)
		}
		s.WriteString("ret;\n}\n")
		assemble(t, s.String())
		var in [3][32][8]uint32
		raw := make([]uint32, 32*24)
		for x := range in {
			for i := range in[x] {
				for r := range in[x][i] {
					v := rng.Uint32()
					if strings.Contains(c.text, "f16") || strings.Contains(c.text, "f32") { // floats near 1, no NaN
						v = v&0x83ff83ff | 0x3c003c00
						if strings.Contains(c.text, "e5m2") {
							v = v&0x87878787 | 0x30303030
						}
					}
					in[x][i][r], raw[24*i+8*x+r] = v, v
				}
			}
		}
		m := New(Options{Checks: AllChecks})
		p := upload(t, m, u32bytes(raw))
		launch(t, m, kernel(t, load(t, m, fmt.Sprintf("mma%d.ptx", n), s.String()), "k"), Dim3{}, Dim3{32, 1, 1}, p)
		got := download32(t, m, p, len(raw))
		want := c.run(in[0], in[1], in[2])
		for i := range 32 {
			for r := range c.regs[0] {
				if got[24*i+r] != want[i][r] {
					t.Fatalf("%s: lane %d register %d: %#x, expected %#x", c.text, i, r, got[24*i+r], want[i][r])
				}
			}
		}
	}
}

// wmmaText writes one product with wmma: the form, its number of registers, the layouts, and whether
// the sums are stored by rows.
func wmmaText(f arith.WMMA, space, la, lb, lc string, strides [4]int) string {
	text := ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 pa, .param .u64 pb, .param .u64 pc, .param .u64 pd) {\n" +
		".reg .b32 %a<8>, %b<8>, %c<8>, %d<8>, %s; .reg .f64 %fa<1>, %fb<1>, %fc<2>, %fd<2>; .reg .b64 %x;\n"
	shape := fmt.Sprintf("m%dn%dk%d", f.M, f.N, f.K)
	list := func(x arith.Matrix) string {
		n, _ := f.Registers(x)
		var regs []string
		for i := range n {
			regs = append(regs, fmt.Sprintf("%%%s%c%d", map[bool]string{true: "f"}[f.A == arith.ElemF64], "abcd"[x], i))
		}
		return "{" + strings.Join(regs, ",") + "}"
	}
	for x, layout := range []string{la, lb, lc} {
		m := arith.Matrix(x)
		text += fmt.Sprintf("ld.param.u64 %%x, [p%c];\nmov.u32 %%s, %d;\n", "abc"[x], strides[x])
		text += fmt.Sprintf("wmma.load.%c.sync.aligned.%s.%s%s.%v %s, [%%x], %%s;\n", "abc"[x], layout, shape, space, f.Elem(m), list(m))
	}
	mods, types := "", fmt.Sprintf("%v.%v", f.D, f.C)
	if f.A != arith.ElemF16 {
		types = fmt.Sprintf("%v.%v.%v.%v", f.D, f.A, f.B, f.C)
	}
	if f.A == arith.ElemB1 {
		mods = map[bool]string{true: ".and.popc", false: ".xor.popc"}[f.And]
	}
	sat := map[bool]string{true: ".satfinite"}[f.Sat]
	text += fmt.Sprintf("wmma.mma%s.sync.aligned.%s.%s.%s.%s%s %s, %s, %s, %s;\n", mods, la, lb, shape, types, sat,
		list(arith.MatrixD), list(arith.MatrixA), list(arith.MatrixB), list(arith.MatrixC))
	text += fmt.Sprintf("ld.param.u64 %%x, [pd];\nwmma.store.d.sync.aligned.%s.%s%s.%v [%%x], %s, %d;\nret;\n}\n", lc, shape, space, f.D, list(arith.MatrixD), strides[3])
	return text
}

// TestWMMA multiplies matrices in memory, in every form and layout, and compares with a product by
// three loops. It does not test fragments, whose layout the manual leaves open.
func TestWMMA(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	const s32, f32, f16, f64 = arith.ElemS32, arith.ElemF32, arith.ElemF16, arith.ElemF64
	var forms []arith.WMMA
	for _, s := range [][2]int{{16, 16}, {32, 8}, {8, 32}} {
		for _, e := range [][2]arith.Elem{{f16, f16}, {f16, f32}, {f32, f16}, {f32, f32}} {
			forms = append(forms, arith.WMMA{M: s[0], N: s[1], K: 16, D: e[0], A: f16, B: f16, C: e[1]})
		}
		forms = append(forms, arith.WMMA{M: s[0], N: s[1], K: 16, D: f32, A: arith.ElemBF16, B: arith.ElemBF16, C: f32},
			arith.WMMA{M: s[0], N: s[1], K: 16, D: s32, A: arith.ElemS8, B: arith.ElemS8, C: s32},
			arith.WMMA{M: s[0], N: s[1], K: 16, D: s32, A: arith.ElemU8, B: arith.ElemU8, C: s32, Sat: true})
	}
	forms = append(forms, arith.WMMA{M: 16, N: 16, K: 8, D: f32, A: arith.ElemTF32, B: arith.ElemTF32, C: f32},
		arith.WMMA{M: 8, N: 8, K: 4, D: f64, A: f64, B: f64, C: f64},
		arith.WMMA{M: 8, N: 8, K: 32, D: s32, A: arith.ElemS4, B: arith.ElemS4, C: s32},
		arith.WMMA{M: 8, N: 8, K: 32, D: s32, A: arith.ElemU4, B: arith.ElemU4, C: s32},
		arith.WMMA{M: 8, N: 8, K: 128, D: s32, A: arith.ElemB1, B: arith.ElemB1, C: s32},
		arith.WMMA{M: 8, N: 8, K: 128, D: s32, A: arith.ElemB1, B: arith.ElemB1, C: s32, And: true})
	for n, f := range forms {
		narrow := f.A == arith.ElemS4 || f.A == arith.ElemU4 || f.A == arith.ElemB1
		for layouts := range 8 {
			name := func(bit int) string { return [2]string{"row", "col"}[layouts>>bit&1] }
			if narrow && (name(0) != "row" || name(1) != "col") {
				continue
			}
			testWMMA(t, rng, f, []string{"", ".global"}[n%2], name(0), name(1), name(2))
		}
	}
}

// wmmaBits returns the width of an element; code encodes small integers in it.
func wmmaBits(e arith.Elem) int {
	return map[string]int{"f64": 64, "f32": 32, "tf32": 32, "s32": 32, "f16": 16, "bf16": 16, "s8": 8, "u8": 8, "s4": 4, "u4": 4, "b1": 1}[e.String()]
}

func wmmaCode(e arith.Elem, v int) uint64 {
	switch e {
	case arith.ElemF64:
		return math.Float64bits(float64(v))
	case arith.ElemF32, arith.ElemTF32:
		return uint64(math.Float32bits(float32(v)))
	case arith.ElemF16:
		return uint64(arith.F16.FromFloat64(float64(v), arith.RN))
	case arith.ElemBF16:
		return uint64(arith.BF16.FromFloat64(float64(v), arith.RN))
	}
	return uint64(v) & (1<<wmmaBits(e) - 1)
}

func testWMMA(t *testing.T, rng *rand.Rand, f arith.WMMA, space, la, lb, lc string) {
	t.Helper()
	limit := map[string][2]int{"s8": {-128, 127}, "u8": {0, 255}, "s4": {-8, 7}, "u4": {0, 15}, "b1": {0, 1}}
	sizes := [4][2]int{{f.M, f.K}, {f.K, f.N}, {f.M, f.N}, {f.M, f.N}}
	layouts := [4]string{la, lb, lc, lc}
	m := New(Options{Checks: AllChecks})
	var mats [4][][]int
	var strides [4]int
	var args []uint64
	for x := range mats {
		e := f.Elem(arith.Matrix(x))
		rows, cols := sizes[x][0], sizes[x][1]
		mats[x] = make([][]int, rows)
		for i := range mats[x] {
			mats[x][i] = make([]int, cols)
			for j := range mats[x][i] {
				mats[x][i][j] = rng.IntN(9) - 4
				if l, ok := limit[e.String()]; ok {
					mats[x][i][j] = l[0] + rng.IntN(l[1]-l[0]+1)
				}
			}
		}
		if layouts[x] == "col" {
			rows, cols = cols, rows
		}
		strides[x] = cols + 256/wmmaBits(e) // the smallest stride that keeps rows aligned and leaves a gap
		b := make([]byte, (rows*strides[x]*wmmaBits(e)+7)/8)
		for i := range mats[x] {
			for j, v := range mats[x][i] {
				at := i*strides[x] + j
				if layouts[x] == "col" {
					at = j*strides[x] + i
				}
				at *= wmmaBits(e)
				code := wmmaCode(e, v)
				for k := 0; k < wmmaBits(e); k += 8 {
					b[(at+k)/8] |= byte(code >> k << (at % 8))
				}
			}
		}
		if x == 3 {
			clear(b)
		}
		args = append(args, upload(t, m, b))
	}
	text := wmmaText(f, space, la, lb, lc, strides)
	assemble(t, text)
	launch(t, m, kernel(t, load(t, m, "wmma.ptx", text), "k"), Dim3{}, Dim3{32, 1, 1}, args...)
	size := wmmaBits(f.D) / 8
	rows, cols := f.M, f.N
	if lc == "col" {
		rows, cols = cols, rows
	}
	got := make([]byte, rows*strides[3]*size)
	if err := m.CopyOut(got, args[3]); err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		for j := range strides[3] {
			want := uint64(0) // in the gap
			if j < cols {
				r, c := i, j
				if lc == "col" {
					r, c = j, i
				}
				sum := mats[2][r][c]
				for k := range f.K {
					if f.A == arith.ElemB1 && !f.And {
						sum += mats[0][r][k] ^ mats[1][k][c]
					} else {
						sum += mats[0][r][k] * mats[1][k][c]
					}
				}
				want = wmmaCode(f.D, sum)
			}
			at := (i*strides[3] + j) * size
			if v := loadBytes(got[at : at+size]); v != want {
				t.Fatalf("%s\nelement %d of line %d: %#x, expected %#x", text, j, i, v, want)
			}
		}
	}
}
