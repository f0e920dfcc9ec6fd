package probe

import (
	"fmt"
	"math"
	"math/rand/v2"

	"baregrad/kernels/cuda/emulator/arith"
)

// The tensor cores' products d = a·b + c. PTX specifies neither the order in which the products are
// added nor how sums are rounded.

func products() (list []Instruction) {
	for _, f := range []struct {
		m               arith.MMA
		version, target string
	}{
		{arith.MMA{M: 16, N: 8, K: 8, D: arith.ElemF16, A: arith.ElemF16, B: arith.ElemF16, C: arith.ElemF16}, "6.5", "sm_75"},
		{arith.MMA{M: 16, N: 8, K: 8, D: arith.ElemF32, A: arith.ElemF16, B: arith.ElemF16, C: arith.ElemF32}, "6.5", "sm_75"},
		{arith.MMA{M: 16, N: 8, K: 16, D: arith.ElemF16, A: arith.ElemF16, B: arith.ElemF16, C: arith.ElemF16}, "7.0", "sm_80"},
		{arith.MMA{M: 16, N: 8, K: 16, D: arith.ElemF32, A: arith.ElemF16, B: arith.ElemF16, C: arith.ElemF32}, "7.0", "sm_80"},
		{arith.MMA{M: 16, N: 8, K: 8, D: arith.ElemF32, A: arith.ElemBF16, B: arith.ElemBF16, C: arith.ElemF32}, "7.0", "sm_80"},
		{arith.MMA{M: 16, N: 8, K: 16, D: arith.ElemF32, A: arith.ElemBF16, B: arith.ElemBF16, C: arith.ElemF32}, "7.0", "sm_80"},
		{arith.MMA{M: 16, N: 8, K: 4, D: arith.ElemF32, A: arith.ElemTF32, B: arith.ElemTF32, C: arith.ElemF32}, "7.0", "sm_80"},
		{arith.MMA{M: 16, N: 8, K: 8, D: arith.ElemF32, A: arith.ElemTF32, B: arith.ElemTF32, C: arith.ElemF32}, "7.0", "sm_80"},
	} {
		form := f.m
		d, a, b, c := form.Registers()
		list = append(list, Instruction{
			Name:    fmt.Sprintf("mma.sync.aligned.m%dn%dk%d.row.col.%v.%v.%v.%v", form.M, form.N, form.K, form.D, form.A, form.B, form.C),
			Version: f.version, Target: f.target, In: 32 * (a + b + c), Out: 32 * d, Form: &form,
			items: func(r *rand.Rand) []uint32 { return matrices(form, r) },
		})
	}
	return list
}

// An element is an entry of a matrix: its position and its type.
type element struct {
	word, shift int
	kind        arith.Elem
}

func (e element) get(words []uint32) float64 {
	switch w := words[e.word] >> e.shift; e.kind {
	case arith.ElemF16:
		return arith.F16.Float64(uint16(w))
	case arith.ElemBF16:
		return arith.BF16.Float64(uint16(w))
	case arith.ElemTF32:
		return float(w &^ 0x1fff)
	default:
		return float(w)
	}
}

func (e element) set(words []uint32, x float64) {
	switch e.kind {
	case arith.ElemF16:
		words[e.word] |= uint32(arith.F16.FromFloat64(x, arith.RN)) << e.shift
	case arith.ElemBF16:
		words[e.word] |= uint32(arith.BF16.FromFloat64(x, arith.RN)) << e.shift
	case arith.ElemTF32:
		words[e.word] = math.Float32bits(float32(x)) &^ 0x1fff
	default:
		words[e.word] = math.Float32bits(float32(x))
	}
}

// The layouts are those of arith.MMA: group = lane/4, member = lane%4; register r of a lane is word
// 32·r + lane.

func place(register, lane, e int, kind arith.Elem) element {
	shift := 0
	if kind == arith.ElemF16 || kind == arith.ElemBF16 {
		shift = 16 * e
	}
	return element{32*register + lane, shift, kind}
}

// perRegister returns the number of elements per register.
func perRegister(kind arith.Elem) int {
	if kind == arith.ElemF16 || kind == arith.ElemBF16 {
		return 2
	}
	return 1
}

func elementA(m arith.MMA, row, col int) element {
	per := perRegister(m.A)
	lane := 4*(row%8) + col/per%4
	return place(row/8+2*(col/(4*per)), lane, col%per, m.A)
}

func elementB(m arith.MMA, row, col int) element {
	_, a, _, _ := m.Registers()
	per := perRegister(m.B)
	return place(a+row/(4*per), 4*col+row/per%4, row%per, m.B)
}

// elementD returns an entry of a sum whose registers begin at first.
func elementD(kind arith.Elem, first, row, col int) element {
	lane := 4*(row%8) + col/2
	if kind == arith.ElemF16 {
		return place(first+row/8, lane, col%2, kind)
	}
	return place(first+2*(row/8)+col%2, lane, 0, kind)
}

// matrices returns the inputs: 48 items of each of four kinds, which show how many bits below the
// largest term are kept, whether discarded bits are rounded, and which terms are added first.
func matrices(m arith.MMA, r *rand.Rand) (all []uint32) {
	_, na, nb, nc := m.Registers()
	reach := 12 // exponents that all types support
	for item := range 4 * 48 {
		words := make([]uint32, 32*(na+nb+nc))
		power := func(n int) float64 { return math.Ldexp(1, n) }
		for row := range m.M {
			at, other, third := r.IntN(m.K), r.IntN(m.K), r.IntN(m.K)
			for k := range m.K {
				x := 0.0
				switch item % 4 {
				case 0: // anything
					x = math.Ldexp(2*r.Float64()-1, r.IntN(2*reach)-reach) // doubling is exact
				case 1: // one small product and c = 1
					if k == at {
						x = power(-(item / 4 % 24) / 2)
					}
				case 2: // a large one, its negative, and a small one: which is added last?
					switch k {
					case third:
						x = power(-(item / 4 % reach))
					case at:
						x += power(item / 48 % reach)
					case other:
						x -= power(item / 48 % reach)
					}
				case 3: // many small ones that together reach the last bit of c = 1
					x = power(-reach)
				}
				elementA(m, row, k).set(words, x)
			}
		}
		for col := range m.N {
			for k := range m.K {
				x := 1.0
				switch item % 4 {
				case 0:
					x = math.Ldexp(2*r.Float64()-1, r.IntN(2*reach)-reach) // doubling is exact
				case 1, 3:
					x = power(-(item/4+col)%14) * float64(1-2*(item/96%2))
				}
				elementB(m, k, col).set(words, x)
			}
		}
		for row := range m.M {
			for col := range m.N {
				x := []float64{math.Ldexp(2*r.Float64()-1, r.IntN(2*reach)-reach), 1, power(-row), 1 + power(-9)*float64(row%2)}[item%4] // powers of 2 are exact
				elementD(m.C, na+nb, row, col).set(words, x)
			}
		}
		all = append(all, words...)
	}
	return all
}

// compareProducts allows each sum the loss that occurs if every product and every partial sum is
// truncated to the precision of the result: at least float32's, for f16 sums f16's.
func (i Instruction) compareProducts(r *Record, want []uint32, c *Comparison) {
	m := *i.Form
	_, na, nb, _ := m.Registers()
	c.Words = 0
	for item := range len(r.Out) / i.Out {
		in, got, emulated := r.In[item*i.In:(item+1)*i.In], r.Out[item*i.Out:(item+1)*i.Out], want[item*i.Out:(item+1)*i.Out]
		for row := range m.M {
			for col := range m.N {
				size := math.Abs(elementD(m.C, na+nb, row, col).get(in))
				for k := range m.K {
					size += math.Abs(elementA(m, row, k).get(in) * elementB(m, k, col).get(in))
				}
				at := elementD(m.D, 0, row, col)
				x, y := at.get(emulated), at.get(got)
				unit := 0x1p-22
				if m.D == arith.ElemF16 {
					unit = 0x1p-9
				}
				c.Words++
				if x == y {
					c.Same++
				} else if !close(x, y, 0, float64(m.K+1)*unit*size, 0x1p-24) && !(m.D == arith.ElemF16 && size > 65000) {
					c.miss(fmt.Errorf("%s, item %d, row %d, column %d: %v, where the emulator has %v and terms of %v in all", i.Name, item, row, col, y, x, size))
				}
			}
		}
	}
}
