package avx

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"baregrad/kernels"
)

// arithmeticTests are the kernels of y = a ∘ b and the operation on one pair.
var arithmeticTests = []struct {
	name string
	f    func(k *vectorKernels) binaryKernel
	op   func(a, b float32) float32
}{
	{"add_fwd_f32", func(k *vectorKernels) binaryKernel { return k.add_fwd_f32 }, func(a, b float32) float32 { return a + b }},
	{"sub_fwd_f32", func(k *vectorKernels) binaryKernel { return k.sub_fwd_f32 }, func(a, b float32) float32 { return a - b }},
	{"mul_fwd_f32", func(k *vectorKernels) binaryKernel { return k.mul_fwd_f32 }, func(a, b float32) float32 { return a * b }},
	{"div_fwd_f32", func(k *vectorKernels) binaryKernel { return k.div_fwd_f32 }, func(a, b float32) float32 { return a / b }},
}

// TestArithmeticAgainstItsLoop covers every pattern of repetition of two operands over two axes. One
// operation on two float32 is rounded in only one way, so the bits must agree.
func TestArithmeticAgainstItsLoop(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			for _, test := range arithmeticTests {
				for _, cols := range testLengths() {
					rows := 3
					for pattern := range 16 {
						bit := func(i int) int { return pattern >> i & 1 }
						g := grid{rows: rows, cols: cols, rowA: bit(0) * cols, rowB: bit(1) * cols, stepA: bit(2), stepB: bit(3)}
						random := rand.New(rand.NewPCG(uint64(cols), uint64(pattern)))
						y, a, b := newGuarded(rows*cols, cols%4), newGuarded(rows*cols+1, 1), newGuarded(rows*cols+1, 2)
						fillMixed(a.s, random)
						fillMixed(b.s, random)
						y1 := &y.whole[y.offset] // y.s may be empty
						test.f(k)(y1, &a.s[0], &b.s[0], rows, cols, g.rowA, g.rowB, g.stepA, g.stepB)
						what := fmt.Sprintf("%s of %d columns, pattern %04b", test.name, cols, pattern)
						y.check(t, what)
						for r := range rows {
							for c := range cols {
								want := test.op(a.s[r*g.rowA+c*g.stepA], b.s[r*g.rowB+c*g.stepB])
								if got := y.s[r*cols+c]; !within(got, want, 0) {
									t.Fatalf("%s: got %v at [%d,%d], want %v", what, got, r, c, want)
								}
							}
						}
					}
				}
			}
		})
	}
}

// TestArithmeticOfAnImpossibleSpec: such a spec must not reach the kernels, which check no bounds.
func TestArithmeticOfAnImpossibleSpec(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			d := open(t, set)
			b := kernels.NewHost(kernels.Float32, 64*64)
			s := kernels.BroadcastSpec{
				Rank: 2, Dim: [kernels.MaxRank]int{64, 64},
				A: [kernels.MaxRank]int{64, 1}, B: [kernels.MaxRank]int{64, 1000},
			}
			for name, call := range map[string]func(){
				"Add":     func() { d.Add(b, b, b, s) },
				"AddGrad": func() { d.AddGrad(b, b, b, s, kernels.Overwrite, kernels.Overwrite) },
				"MulGrad": func() { d.MulGrad(b, b, b, b, b, s, kernels.Overwrite, kernels.Overwrite) },
			} {
				func() {
					defer func() {
						if recover() == nil {
							t.Errorf("%s with a stride of 1000 over 64×64 elements does not panic", name)
						}
					}()
					call()
				}()
			}
		})
	}
}
