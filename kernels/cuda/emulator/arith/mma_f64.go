package arith

import "fmt"

// A FragmentF64 is one matrix operand of an f64 mma: 64-bit registers by lane and number.
type FragmentF64 [32][8]uint64

// MMAF64 is mma.sync.aligned.mMnNkK.row.col.f64.f64.f64.f64 for the shapes m8n8k4 and m16n8k4, k8
// and k16, in the layout of MMA with one element per register. The sum over k is a chain of FMAs
// that starts from c, each rounded as Round says.
type MMAF64 struct {
	M, N, K int      // of the shape mMnNkK
	Round   Rounding // of each multiply-add
}

// Check returns an error if the form does not exist.
func (m MMAF64) Check() error {
	switch [3]int{m.M, m.N, m.K} {
	case [3]int{8, 8, 4}, [3]int{16, 8, 4}, [3]int{16, 8, 8}, [3]int{16, 8, 16}:
		return nil
	}
	return fmt.Errorf("mma.sync.m%dn%dk%d.f64.f64.f64.f64: no such form", m.M, m.N, m.K)
}

// Registers returns how many 64-bit registers per lane hold each operand.
func (m MMAF64) Registers() (d, a, b, c int) {
	return m.M * m.N / 32, m.M * m.K / 32, m.K * m.N / 32, m.M * m.N / 32
}

// Run computes d = a·b + c. d may be c.
func (m MMAF64) Run(d, a, b, c *FragmentF64) {
	var matA, matB [16][16]uint64 // B by column
	halves := m.M / 8
	regsC, regsA, regsB, _ := m.Registers()
	for lane := range 32 {
		group, member := lane/4, lane%4
		for r := range regsA {
			matA[group+8*(r%halves)][member+4*(r/halves)] = a[lane][r]
		}
		for r := range regsB {
			matB[group][member+4*r] = b[lane][r]
		}
	}
	for lane := range 32 {
		group, member := lane/4, lane%4
		for i := range regsC {
			sum := c[lane][i]
			row, col := &matA[group+8*(i/2)], &matB[2*member+i%2]
			for k := range m.K {
				sum = FMAF64(row[k], col[k], sum, m.Round)
			}
			d[lane][i] = sum
		}
	}
}
