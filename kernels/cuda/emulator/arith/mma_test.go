package arith

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The manual's fragment formulas, shape by shape, as it writes them: g is
// groupID, t is threadID_in_group, i the number of an element in its lane.
type layout struct{ row, col func(g, t, i int) int }

func low8(g, _, _ int) int { return g }

var (
	layoutsA = map[string]layout{
		"f16 k8": {func(g, _, i int) int { return ifElse(i < 2, g, g+8) },
			func(_, t, i int) int { return t*2 + i&1 }},
		"f16 k16": {func(g, _, i int) int { return ifElse(i < 2 || 4 <= i && i < 6, g, g+8) },
			func(_, t, i int) int { return ifElse(i < 4, t*2+i&1, t*2+i&1+8) }},
		"tf32 k4": {func(g, _, i int) int { return ifElse(i == 0, g, g+8) }, func(_, t, i int) int { return t }},
		"tf32 k8": {func(g, _, i int) int { return ifElse(i == 0 || i == 2, g, g+8) },
			func(_, t, i int) int { return ifElse(i < 2, t, t+4) }},
		"s8 m8": {low8, func(_, t, i int) int { return t*4 + i }},
		"s8 k16": {func(g, _, i int) int { return ifElse(i < 4, g, g+8) },
			func(_, t, i int) int { return t*4 + i&3 }},
		"s8 k32": {func(g, _, i int) int { return ifElse(i < 4 || 8 <= i && i < 12, g, g+8) },
			func(_, t, i int) int { return ifElse(i < 8, t*4+i&3, t*4+i&3+16) }},
		"s4 m8": {low8, func(_, t, i int) int { return t*8 + i }},
		"s4 k32": {func(g, _, i int) int { return ifElse(i < 8, g, g+8) },
			func(_, t, i int) int { return t*8 + i&7 }},
		"s4 k64": {func(g, _, i int) int { return ifElse(i < 8 || 16 <= i && i < 24, g, g+8) },
			func(_, t, i int) int { return ifElse(i < 16, t*8+i&7, t*8+i&7+32) }},
		"b1 m8": {low8, func(_, t, i int) int { return t*32 + i }},
		"b1 k128": {func(g, _, i int) int { return ifElse(i < 32, g, g+8) },
			func(_, t, i int) int { return t*32 + i&0x1f }},
		"b1 k256": {func(g, _, i int) int { return ifElse(i < 32 || 64 <= i && i < 96, g, g+8) },
			func(_, t, i int) int { return ifElse(i < 64, t*32+i&0x1f, t*32+i&0x1f+128) }},
		"f64 m8": {low8, func(_, t, _ int) int { return t }},
		"f64":    {func(g, _, i int) int { return ifElse(i%2 == 0, g, g+8) }, func(_, t, i int) int { return ifElse(i%2 == 0, i*2+t, i*2-2+t) }},
	}
	layoutsB = map[string]layout{
		"f16 k8":  {func(_, t, i int) int { return t*2 + i }, low8},
		"f16 k16": {func(_, t, i int) int { return ifElse(i < 2, t*2+i&1, t*2+i&1+8) }, low8},
		"tf32 k4": {func(_, t, _ int) int { return t }, low8},
		"tf32 k8": {func(_, t, i int) int { return ifElse(i == 0, t, t+4) }, low8},
		"s8 m8":   {func(_, t, i int) int { return t*4 + i }, low8},
		"s8 k16":  {func(_, t, i int) int { return t*4 + i }, low8},
		"s8 k32":  {func(_, t, i int) int { return ifElse(i < 4, t*4+i&3, t*4+i&3+16) }, low8},
		"s4 m8":   {func(_, t, i int) int { return t*8 + i }, low8},
		"s4 k32":  {func(_, t, i int) int { return t*8 + i }, low8},
		"s4 k64":  {func(_, t, i int) int { return ifElse(i < 8, t*8+i&7, t*8+i&7+32) }, low8},
		"b1 m8":   {func(_, t, i int) int { return t*32 + i }, low8},
		"b1 k128": {func(_, t, i int) int { return t*32 + i }, low8},
		"b1 k256": {func(_, t, i int) int { return ifElse(i < 32, t*32+i, t*32+i&0x1f+128) }, low8},
		"f64 m8":  {func(_, t, _ int) int { return t }, low8},
		"f64":     {func(_, t, i int) int { return t + i*4 }, low8},
	}
	layoutC = layout{func(g, _, i int) int { return ifElse(i < 2, g, g+8) },
		func(_, t, i int) int { return t*2 + i&1 }}
)

func ifElse(c bool, a, b int) int {
	if c {
		return a
	}
	return b
}

// setElement places an element in a fragment: number i of a lane.
func setElement(f *Fragment, e Elem, lane, i int, v uint32) {
	n := e.bits()
	per := 32 / n
	mask := uint32(1<<uint(n) - 1)
	f[lane][i/per] |= v & mask << uint(n*(i%per))
}

func getElement(f *Fragment, e Elem, lane, i int) uint32 {
	n := e.bits()
	per := 32 / n
	return f[lane][i/per] >> uint(n*(i%per)) & uint32(1<<uint(n)-1)
}

// encode gives small integers in every type; value reads them back.
func encode(e Elem, v int) uint32 {
	switch e {
	case ElemF16:
		return uint32(F16.FromFloat64(float64(v), RN))
	case ElemBF16:
		return uint32(BF16.FromFloat64(float64(v), RN))
	case ElemTF32, ElemF32:
		return math.Float32bits(float32(v))
	case ElemE4M3:
		return uint32(E4M3.FromFloat64(float64(v), false))
	case ElemE5M2:
		return uint32(E5M2.FromFloat64(float64(v), false))
	}
	return uint32(v)
}

func TestMMA(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, c := range []struct {
		m      MMA
		layout string
	}{
		{MMA{16, 8, 8, ElemF32, ElemF16, ElemF16, ElemF32, false, false}, "f16 k8"},
		{MMA{16, 8, 8, ElemF16, ElemF16, ElemF16, ElemF16, false, false}, "f16 k8"},
		{MMA{16, 8, 8, ElemF32, ElemBF16, ElemBF16, ElemF32, false, false}, "f16 k8"},
		{MMA{16, 8, 16, ElemF32, ElemF16, ElemF16, ElemF32, false, false}, "f16 k16"},
		{MMA{16, 8, 16, ElemF16, ElemF16, ElemF16, ElemF16, false, false}, "f16 k16"},
		{MMA{16, 8, 16, ElemF32, ElemBF16, ElemBF16, ElemF32, false, false}, "f16 k16"},
		{MMA{16, 8, 4, ElemF32, ElemTF32, ElemTF32, ElemF32, false, false}, "tf32 k4"},
		{MMA{16, 8, 8, ElemF32, ElemTF32, ElemTF32, ElemF32, false, false}, "tf32 k8"},
		{MMA{8, 8, 16, ElemS32, ElemS8, ElemS8, ElemS32, false, false}, "s8 m8"},
		{MMA{8, 8, 16, ElemS32, ElemU8, ElemS8, ElemS32, true, false}, "s8 m8"},
		{MMA{16, 8, 16, ElemS32, ElemS8, ElemU8, ElemS32, false, false}, "s8 k16"},
		{MMA{16, 8, 32, ElemS32, ElemS8, ElemS8, ElemS32, true, false}, "s8 k32"},
		{MMA{16, 8, 32, ElemS32, ElemU8, ElemU8, ElemS32, false, false}, "s8 k32"},
		{MMA{8, 8, 32, ElemS32, ElemS4, ElemS4, ElemS32, false, false}, "s4 m8"},
		{MMA{16, 8, 32, ElemS32, ElemU4, ElemS4, ElemS32, false, false}, "s4 k32"},
		{MMA{16, 8, 64, ElemS32, ElemS4, ElemU4, ElemS32, true, false}, "s4 k64"},
		{MMA{16, 8, 16, ElemF32, ElemE4M3, ElemE5M2, ElemF32, false, false}, "s8 k16"},
		{MMA{16, 8, 32, ElemF16, ElemE5M2, ElemE4M3, ElemF16, false, false}, "s8 k32"},
		{MMA{16, 8, 32, ElemF32, ElemE4M3, ElemE4M3, ElemF32, false, false}, "s8 k32"},
		{MMA{8, 8, 128, ElemS32, ElemB1, ElemB1, ElemS32, false, false}, "b1 m8"},
		{MMA{8, 8, 128, ElemS32, ElemB1, ElemB1, ElemS32, false, true}, "b1 m8"},
		{MMA{16, 8, 128, ElemS32, ElemB1, ElemB1, ElemS32, false, true}, "b1 k128"},
		{MMA{16, 8, 256, ElemS32, ElemB1, ElemB1, ElemS32, false, false}, "b1 k256"},
		{MMA{16, 8, 256, ElemS32, ElemB1, ElemB1, ElemS32, false, true}, "b1 k256"},
	} {
		m := c.m
		if err := m.Check(); err != nil {
			t.Error(err)
			continue
		}
		limit := map[Elem][2]int{ElemS8: {-128, 127}, ElemU8: {0, 255}, ElemS4: {-8, 7}, ElemU4: {0, 15}, ElemB1: {0, 1}}
		draw := func(e Elem) int {
			if l, ok := limit[e]; ok {
				return l[0] + rng.IntN(l[1]-l[0]+1)
			}
			return rng.IntN(15) - 7 // every sum is a small integer, exact in f16
		}
		var matA [16][256]int
		var matB [256][8]int
		var matC [16][8]int
		for i := range m.M {
			for k := range m.K {
				matA[i][k] = draw(m.A)
			}
			for j := range m.N {
				matC[i][j] = draw(m.C)
			}
		}
		for k := range m.K {
			for j := range m.N {
				matB[k][j] = draw(m.B)
			}
		}
		if m.Sat {
			matC[0][0], matC[1][1] = math.MaxInt32-3, math.MinInt32+3
		}
		var a, b, cd Fragment
		la, lb := layoutsA[c.layout], layoutsB[c.layout]
		for lane := range 32 {
			g, th := lane>>2, lane&3
			for i := range m.M * m.K / 32 {
				setElement(&a, m.A, lane, i, encode(m.A, matA[la.row(g, th, i)][la.col(g, th, i)]))
			}
			for i := range m.K * m.N / 32 {
				setElement(&b, m.B, lane, i, encode(m.B, matB[lb.row(g, th, i)][lb.col(g, th, i)]))
			}
			for i := range m.M * m.N / 32 {
				setElement(&cd, m.C, lane, i, encode(m.C, matC[layoutC.row(g, th, i)][layoutC.col(g, th, i)]))
			}
		}
		m.Run(&cd, &a, &b, &cd)
		for lane := range 32 {
			for i := range m.M * m.N / 32 {
				row, col := layoutC.row(lane>>2, lane&3, i), layoutC.col(lane>>2, lane&3, i)
				want := int64(matC[row][col])
				for k := range m.K {
					if m.A == ElemB1 && !m.And {
						want += int64(matA[row][k] ^ matB[k][col])
					} else {
						want += int64(matA[row][k] * matB[k][col])
					}
				}
				if m.Sat {
					want = max(math.MinInt32, min(math.MaxInt32, want))
				}
				if got := getElement(&cd, m.D, lane, i); got != encode(m.D, int(want)) {
					t.Fatalf("%+v: lane %d element %d (row %d, column %d): got %#x, want %d", m, lane, i, row, col, got, want)
				}
			}
		}
	}
}

func TestMMAF64(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, m := range []MMAF64{{8, 8, 4, RN}, {16, 8, 4, RZ}, {16, 8, 8, RM}, {16, 8, 16, RP}} {
		if err := m.Check(); err != nil {
			t.Error(err)
			continue
		}
		name := ifString(m.M == 8, "f64 m8", "f64")
		la, lb := layoutsA[name], layoutsB[name]
		var matA, matB, matC [16][16]float64
		for i := range 16 {
			for j := range 16 {
				matA[i][j], matB[i][j], matC[i][j] = rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()
			}
		}
		var a, b, c, d FragmentF64
		for lane := range 32 {
			g, th := lane>>2, lane&3
			for i := range m.M * m.K / 32 {
				a[lane][i] = math.Float64bits(matA[la.row(g, th, i)][la.col(g, th, i)])
			}
			for i := range m.K * m.N / 32 {
				b[lane][i] = math.Float64bits(matB[lb.row(g, th, i)][lb.col(g, th, i)])
			}
			for i := range m.M * m.N / 32 {
				c[lane][i] = math.Float64bits(matC[layoutC.row(g, th, i)][layoutC.col(g, th, i)])
			}
		}
		m.Run(&d, &a, &b, &c)
		for lane := range 32 {
			for i := range m.M * m.N / 32 {
				row, col := layoutC.row(lane>>2, lane&3, i), layoutC.col(lane>>2, lane&3, i)
				want := matC[row][col]
				for k := range m.K {
					want += matA[row][k] * matB[k][col]
				}
				// 16 sums of values near 1, each rounded once in either chain.
				if got := f64(d[lane][i]); !(math.Abs(got-want) <= 32*0x1p-50) {
					t.Fatalf("%+v: lane %d element %d: got %g, want %g", m, lane, i, got, want)
				}
			}
		}
	}
}

// The manual's formulas for mma.m8n8k4 of f16: l is %laneid, i the number of an
// element in its lane.
var (
	quadsA = map[bool]layout{
		false: {func(l, _, i int) int { return ifElse(l < 16, l%4, l%4+4) }, func(_, _, i int) int { return i }},
		true:  {func(l, _, i int) int { return ifElse(l < 16, i%4, i%4+4) }, func(l, _, _ int) int { return l % 4 }},
	}
	quadsB = map[bool]layout{
		true:  {func(l, _, _ int) int { return l % 4 }, func(l, _, i int) int { return ifElse(l < 16, i, i+4) }},
		false: {func(_, _, i int) int { return i }, func(l, _, _ int) int { return ifElse(l < 16, l%4, l%4+4) }},
	}
	quadsC = map[Elem]layout{
		ElemF16: {func(l, _, i int) int { return ifElse(l < 16, l%4, l%4+4) }, func(_, _, i int) int { return i }},
		ElemF32: {func(l, _, i int) int { return ifElse(l < 16, l&1+i&2, l&1+i&2+4) }, func(l, _, i int) int { return i&4 + l&2 + i&1 }},
	}
)

func TestMMAQuads(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	for form := range 12 {
		types := [3][2]Elem{{ElemF16, ElemF16}, {ElemF32, ElemF16}, {ElemF32, ElemF32}}[form%3]
		m := MMAQuads{ColA: form/3%2 == 1, RowB: form/6 == 1, D: types[0], C: types[1]}
		quad := func(l int) int { return l % 16 / 4 }
		var matA, matB, matC [4][8][8]int
		for q := range 4 {
			for i := range 64 {
				matA[q][i/8][i%8], matB[q][i/8][i%8], matC[q][i/8][i%8] = rng.IntN(15)-7, rng.IntN(15)-7, rng.IntN(15)-7
			}
		}
		var a, b, cd FragmentQuads
		put := func(f *FragmentQuads, e Elem, l, i, v int) {
			if e == ElemF32 {
				f[l][i] = encode(e, v)
			} else {
				f[l][i/2] |= encode(e, v) << (16 * (i % 2))
			}
		}
		la, lb, lc, ld := quadsA[m.ColA], quadsB[m.RowB], quadsC[m.C], quadsC[m.D]
		for l := range 32 {
			for i := range 4 {
				put(&a, ElemF16, l, i, matA[quad(l)][la.row(l, 0, i)][la.col(l, 0, i)])
				put(&b, ElemF16, l, i, matB[quad(l)][lb.row(l, 0, i)][lb.col(l, 0, i)])
			}
			for i := range 8 {
				put(&cd, m.C, l, i, matC[quad(l)][lc.row(l, 0, i)][lc.col(l, 0, i)])
			}
		}
		m.Run(&cd, &a, &b, &cd)
		var want FragmentQuads
		for l := range 32 {
			for i := range 8 {
				row, col := ld.row(l, 0, i), ld.col(l, 0, i)
				sum := matC[quad(l)][row][col]
				for k := range 4 {
					sum += matA[quad(l)][row][k] * matB[quad(l)][k][col]
				}
				put(&want, m.D, l, i, sum)
			}
			nd, _, _, _ := m.Registers()
			for r := range nd {
				if cd[l][r] != want[l][r] {
					t.Fatalf("%+v: lane %d register %d: got %#x, want %#x", m, l, r, cd[l][r], want[l][r])
				}
			}
		}
	}
}

func ifString(c bool, a, b string) string {
	if c {
		return a
	}
	return b
}

// TestMMANumerics pins the choices: tf32 operands lose their low 13 bits, sums
// round once, NaN and infinities come through.
func TestMMANumerics(t *testing.T) {
	m := MMA{16, 8, 8, ElemF32, ElemTF32, ElemTF32, ElemF32, false, false}
	var a, b, c, d Fragment
	// Row 0 of A: lane 0 registers 0 and 2 are columns 0 and 4, lanes 1 to 3 follow.
	a[0][0] = math.Float32bits(1) | 0x1fff // 1 once the low bits go
	a[1][0], a[2][0] = math.Float32bits(0x1p-30), math.Float32bits(-1)
	for lane := range 4 { // column 0 of B
		b[lane][0] = math.Float32bits(1)
	}
	m.Run(&d, &a, &b, &c)
	if got := f32(d[0][0]); got != 0x1p-30 { // 1 + 2^-30 - 1, exact in float64
		t.Errorf("sum of 1, 2^-30 and -1: got %g, want 2^-30", got)
	}
	c[0][0] = inf32 | signF32
	m.Run(&d, &a, &b, &c)
	if d[0][0] != inf32|signF32 {
		t.Errorf("-Inf in the accumulator: got %#x", d[0][0])
	}
	a[0][0] = inf32
	m.Run(&d, &a, &b, &c)
	if d[0][0] != nanF32 {
		t.Errorf("Inf - Inf: got %#x, want the canonical NaN", d[0][0])
	}
	for _, bad := range []MMA{
		{16, 8, 32, ElemF32, ElemF16, ElemF16, ElemF32, false, false}, {16, 8, 8, ElemF16, ElemBF16, ElemBF16, ElemF16, false, false},
		{8, 8, 16, ElemS32, ElemS8, ElemS4, ElemS32, false, false}, {16, 8, 8, ElemF32, ElemTF32, ElemTF32, ElemF32, true, false},
		{16, 8, 8, ElemF32, ElemF32, ElemF32, ElemF32, false, false},
		{16, 8, 16, ElemF32, ElemF16, ElemF16, ElemF16, false, false}, // the assembler refuses it too
		{8, 8, 128, ElemS32, ElemB1, ElemB1, ElemS32, true, false}, {16, 8, 32, ElemF32, ElemE4M3, ElemF16, ElemF32, false, false},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
	if (MMAF64{8, 8, 8, RN}).Check() == nil {
		t.Error("m8n8k8.f64: no error")
	}
	for e := ElemF16; e <= ElemF64; e++ {
		if back, ok := ParseElem(e.String()); !ok || back != e {
			t.Errorf("%v does not parse back", e)
		}
	}
}

func TestLdMatrix(t *testing.T) {
	var m [8][8]uint16
	for r := range m {
		for c := range m[r] {
			m[r][c] = uint16(10*r + c)
		}
	}
	reg := LdMatrix(&m, false)
	if reg[0] != 1<<16|0 || reg[1] != 3<<16|2 || reg[31] != 77<<16|76 {
		t.Errorf("lanes 0, 1 and 31 hold %#x, %#x and %#x", reg[0], reg[1], reg[31])
	}
	if StMatrix(&reg, false) != m {
		t.Error("stmatrix does not undo ldmatrix")
	}
	reg = LdMatrix(&m, true) // lane 1: column 0, rows 2 and 3
	if reg[1] != 30<<16|20 || reg[4] != 11<<16|1 {
		t.Errorf("trans: lanes 1 and 4 hold %#x and %#x", reg[1], reg[4])
	}
	if StMatrix(&reg, true) != m {
		t.Error("stmatrix.trans does not undo ldmatrix.trans")
	}
	if MatrixRowLane(3, 7) != 31 {
		t.Error("row 7 of matrix 3 is lane 31's")
	}
}

func BenchmarkFMAF32RN(b *testing.B) {
	var x, y, z, d [32]uint32
	for i := range x {
		x[i], y[i], z[i] = one32+uint32(i)<<9, 0x3f7fff00, 0x3a000000
	}
	for b.Loop() {
		for i := range d {
			d[i] = FMAF32RN(x[i], y[i], z[i])
		}
	}
}

func BenchmarkMMATF32(b *testing.B) {
	m := MMA{16, 8, 8, ElemF32, ElemTF32, ElemTF32, ElemF32, false, false}
	var f, g Fragment
	for b.Loop() {
		m.Run(&f, &g, &g, &f)
	}
}
