package arith

import (
	"math"
	"math/rand/v2"
	"testing"
)

// wmmaForms is a form of every type and shape.
var wmmaForms = []WMMA{
	{M: 16, N: 16, K: 16, D: ElemF32, A: ElemF16, B: ElemF16, C: ElemF32},
	{M: 16, N: 16, K: 16, D: ElemF16, A: ElemF16, B: ElemF16, C: ElemF32},
	{M: 32, N: 8, K: 16, D: ElemF32, A: ElemF16, B: ElemF16, C: ElemF16},
	{M: 8, N: 32, K: 16, D: ElemF16, A: ElemF16, B: ElemF16, C: ElemF16},
	{M: 16, N: 16, K: 16, D: ElemF32, A: ElemBF16, B: ElemBF16, C: ElemF32},
	{M: 32, N: 8, K: 16, D: ElemF32, A: ElemBF16, B: ElemBF16, C: ElemF32},
	{M: 8, N: 32, K: 16, D: ElemF32, A: ElemBF16, B: ElemBF16, C: ElemF32},
	{M: 16, N: 16, K: 8, D: ElemF32, A: ElemTF32, B: ElemTF32, C: ElemF32},
	{M: 16, N: 16, K: 16, D: ElemS32, A: ElemS8, B: ElemS8, C: ElemS32},
	{M: 32, N: 8, K: 16, D: ElemS32, A: ElemU8, B: ElemU8, C: ElemS32, Sat: true},
	{M: 8, N: 32, K: 16, D: ElemS32, A: ElemS8, B: ElemS8, C: ElemS32},
	{M: 8, N: 8, K: 32, D: ElemS32, A: ElemS4, B: ElemS4, C: ElemS32},
	{M: 8, N: 8, K: 32, D: ElemS32, A: ElemU4, B: ElemU4, C: ElemS32, Sat: true},
	{M: 8, N: 8, K: 128, D: ElemS32, A: ElemB1, B: ElemB1, C: ElemS32},
	{M: 8, N: 8, K: 128, D: ElemS32, A: ElemB1, B: ElemB1, C: ElemS32, And: true},
	{M: 8, N: 8, K: 4, D: ElemF64, A: ElemF64, B: ElemF64, C: ElemF64},
}

// The manual's table of how many registers each fragment has.
var wmmaRegisters = [][4]int{ // a, b, c, d
	{8, 8, 8, 8}, {8, 8, 8, 4}, {8, 8, 4, 8}, {8, 8, 4, 4},
	{4, 4, 8, 8}, {8, 2, 8, 8}, {2, 8, 8, 8}, {4, 4, 8, 8},
	{2, 2, 8, 8}, {4, 1, 8, 8}, {1, 4, 8, 8}, {1, 1, 2, 2}, {1, 1, 2, 2}, {1, 1, 2, 2}, {1, 1, 2, 2}, {1, 1, 2, 2},
}

// TestWMMA multiplies matrices of small integers, which every type holds exactly.
func TestWMMA(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	limit := map[Elem][2]int{ElemS8: {-128, 127}, ElemU8: {0, 255}, ElemS4: {-8, 7}, ElemU4: {0, 15}, ElemB1: {0, 1}}
	for n, w := range wmmaForms {
		if err := w.Check(); err != nil {
			t.Error(err)
			continue
		}
		draw := func(x Matrix) [][]int {
			rows, cols := w.Size(x)
			m := make([][]int, rows)
			for i := range m {
				m[i] = make([]int, cols)
				for j := range m[i] {
					m[i][j] = rng.IntN(15) - 7
					if l, ok := limit[w.Elem(x)]; ok {
						m[i][j] = l[0] + rng.IntN(l[1]-l[0]+1)
					}
				}
			}
			return m
		}
		code := func(e Elem, v int) uint64 {
			if e == ElemF64 {
				return math.Float64bits(float64(v))
			}
			return uint64(encode(e, v))
		}
		fill := func(x Matrix, m [][]int) *WMMAFragment {
			var f WMMAFragment
			regs, per := w.Registers(x)
			if regs != wmmaRegisters[n][x] {
				t.Errorf("%+v: operand %d has %d registers, expected %d", w, x, regs, wmmaRegisters[n][x])
			}
			size := w.Elem(x).bits()
			for lane := range 32 {
				for r := range regs {
					for e := range per {
						row, col := w.Place(x, lane, r, e)
						f[lane][r] |= code(w.Elem(x), m[row][col]) & (1<<size - 1) << (e * size)
					}
				}
			}
			return &f
		}
		a, b, c := draw(MatrixA), draw(MatrixB), draw(MatrixC)
		if w.Sat {
			c[0][0], c[1][1] = math.MaxInt32-3, math.MinInt32+3
		}
		var got WMMAFragment
		fa, fb, fc := fill(MatrixA, a), fill(MatrixB, b), fill(MatrixC, c)
		w.Run(&got, fa, fb, fc)
		for i := range c {
			for j := range c[i] {
				for k := range w.K {
					if w.A == ElemB1 && !w.And {
						c[i][j] += a[i][k] ^ b[k][j]
					} else {
						c[i][j] += a[i][k] * b[k][j]
					}
				}
				if w.Sat {
					c[i][j] = max(math.MinInt32, min(math.MaxInt32, c[i][j]))
				}
			}
		}
		if want := fill(MatrixD, c); got != *want {
			t.Errorf("%+v: got %x, want %x", w, got[0], want[0])
		}
	}
	for _, bad := range []WMMA{
		{M: 16, N: 8, K: 16, D: ElemF32, A: ElemF16, B: ElemF16, C: ElemF32}, {M: 16, N: 16, K: 16, D: ElemS32, A: ElemS8, B: ElemU8, C: ElemS32},
		{M: 16, N: 16, K: 8, D: ElemF16, A: ElemTF32, B: ElemTF32, C: ElemF16}, {M: 16, N: 16, K: 16, D: ElemF32, A: ElemF16, B: ElemF16, C: ElemF32, Sat: true},
		{M: 8, N: 8, K: 128, D: ElemS32, A: ElemB1, B: ElemB1, C: ElemS32, Sat: true}, {M: 8, N: 8, K: 8, D: ElemF32, A: ElemF32, B: ElemF32, C: ElemF32},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}
