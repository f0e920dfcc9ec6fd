package arith

import (
	"fmt"
	"math/bits"
)

// A Fragment is one matrix operand of a warp: 32-bit registers by lane and number. MMA.Registers
// says how many are used.
type Fragment [32][4]uint32

// Elem is an element type of a matrix of mma.sync.
type Elem uint8

// The element types of mma.sync, and f64, which is for MMAF64 and WMMA.
const (
	ElemF16 Elem = iota
	ElemBF16
	ElemTF32
	ElemF32
	ElemS8
	ElemU8
	ElemS4
	ElemU4
	ElemS32
	ElemB1
	ElemE4M3
	ElemE5M2
	ElemF64
)

var elemNames = [...]string{"f16", "bf16", "tf32", "f32", "s8", "u8", "s4", "u4", "s32", "b1", "e4m3", "e5m2", "f64"}

// String returns the type as PTX writes it, without the dot.
func (e Elem) String() string { return elemNames[e] }

// ParseElem returns the element type that PTX writes as name; false if there is none.
func ParseElem(name string) (Elem, bool) {
	for i, n := range elemNames {
		if n == name {
			return Elem(i), true
		}
	}
	return 0, false
}

func (e Elem) bits() int {
	switch e {
	case ElemF16, ElemBF16:
		return 16
	case ElemS8, ElemU8, ElemE4M3, ElemE5M2:
		return 8
	case ElemS4, ElemU4:
		return 4
	case ElemB1:
		return 1
	case ElemF64:
		return 64
	}
	return 32
}

// MMA is one form of mma.sync.aligned.mMnNkK.row.col.D.A.B.C: the M×N matrix
// D = A·B + C, with A M×K and B K×N.
//
// All forms share one layout. The lanes form eight groups of four: group = lane / 4, member = lane
// % 4. With E elements per 32-bit register, element e of register r is at
//
//	A: row group + 8·(r%2), column member·E + e + 4·E·(r/2); r counts rows only where M is 16
//	B: row member·E + e + 4·E·r, column group
//	C, D: row group + 8·(r/2), column 2·member + r%2, or for f16, two to a
//	register, row group + 8·r, column 2·member + e
//
// The form m8n8k4 of f16 has its own layout; see MMAQuads.
type MMA struct {
	M, N, K    int  // of the shape mMnNkK
	D, A, B, C Elem // the types of the elements
	// Sat is .satfinite: integer results are clamped to s32 instead of wrapping.
	Sat bool
	// And is .and.popc, for b1: count the bits of a AND b; otherwise of a XOR b.
	And bool
}

// Check returns an error if the form does not exist.
func (m MMA) Check() error {
	unsupported := fmt.Errorf("mma.sync.m%dn%dk%d.%v.%v.%v.%v: no such form", m.M, m.N, m.K, m.D, m.A, m.B, m.C)
	shape := [3]int{m.M, m.N, m.K}
	integer := m.C == ElemS32 && m.D == ElemS32
	float32s := m.C == ElemF32 && m.D == ElemF32
	float16s := m.C == ElemF16 && m.D == ElemF16
	ok := false
	switch m.A {
	case ElemF16:
		ok = m.B == m.A && (float16s || float32s) && (shape == [3]int{16, 8, 8} || shape == [3]int{16, 8, 16})
	case ElemE4M3, ElemE5M2:
		ok = (m.B == ElemE4M3 || m.B == ElemE5M2) && (float16s || float32s) &&
			(shape == [3]int{16, 8, 16} || shape == [3]int{16, 8, 32})
	case ElemB1:
		ok = m.B == m.A && integer && !m.Sat &&
			(shape == [3]int{8, 8, 128} || shape == [3]int{16, 8, 128} || shape == [3]int{16, 8, 256})
	case ElemBF16:
		ok = m.B == m.A && float32s && (shape == [3]int{16, 8, 8} || shape == [3]int{16, 8, 16})
	case ElemTF32:
		ok = m.B == m.A && float32s && (shape == [3]int{16, 8, 4} || shape == [3]int{16, 8, 8})
	case ElemS8, ElemU8:
		ok = (m.B == ElemS8 || m.B == ElemU8) && integer &&
			(shape == [3]int{8, 8, 16} || shape == [3]int{16, 8, 16} || shape == [3]int{16, 8, 32})
	case ElemS4, ElemU4:
		ok = (m.B == ElemS4 || m.B == ElemU4) && integer &&
			(shape == [3]int{8, 8, 32} || shape == [3]int{16, 8, 32} || shape == [3]int{16, 8, 64})
	}
	if !ok || m.Sat && !integer {
		return unsupported
	}
	return nil
}

// Registers returns how many 32-bit registers per lane hold each operand.
func (m MMA) Registers() (d, a, b, c int) {
	return m.M * m.N * m.D.bits() / 1024, m.M * m.K * m.A.bits() / 1024,
		m.K * m.N * m.B.bits() / 1024, m.M * m.N * m.C.bits() / 1024
}

// Run computes d = a·b + c. d may be c.
//
// Float forms: every product of two elements is exact in float64; the products are added to the
// accumulator in float64 in order of k, and the sum is rounded once to nearest. The manual leaves
// order and rounding open beyond "at least single precision"; hardware adds groups of products in
// fixed point and truncates, so its last bits differ. The low 13 bits of tf32 operands are ignored.
// Integer forms are exact and wrap around, or saturate with Sat.
func (m MMA) Run(d, a, b, c *Fragment) {
	switch {
	case m.A == ElemB1:
		m.runBits(d, a, b, c)
		return
	case m.D == ElemS32:
		m.runInt(d, a, b, c)
		return
	}
	var matA [16][32]float64
	var matB [8][32]float64 // by column: the inner loop runs over k
	_, regsA, regsB, _ := m.Registers()
	per := 32 / m.A.bits()
	for r := range regsA {
		for lane := range 32 {
			m.A.unpack(matA[lane/4+8*(r%2)][lane%4*per+4*per*(r/2):], a[lane][r])
		}
	}
	for r := range regsB {
		for lane := range 32 {
			m.B.unpack(matB[lane/4][lane%4*per+4*per*r:], b[lane][r])
		}
	}
	for lane := range 32 {
		group, member := lane/4, lane%4
		// Four accumulators per lane, each summed in order of k.
		var s0, s1, s2, s3 float64
		if m.C == ElemF32 {
			s0, s1, s2, s3 = wide(c[lane][0]), wide(c[lane][1]), wide(c[lane][2]), wide(c[lane][3])
		} else {
			s0, s1 = F16.Float64(low(c[lane][0])), F16.Float64(high(c[lane][0]))
			s2, s3 = F16.Float64(low(c[lane][1])), F16.Float64(high(c[lane][1]))
		}
		row0, row8 := matA[group][:m.K], matA[group+8][:m.K]
		col0, col1 := matB[2*member][:m.K], matB[2*member+1][:m.K]
		for k, x := range row0 {
			s0 += float64(x * col0[k])
			s1 += float64(x * col1[k])
			s2 += float64(row8[k] * col0[k])
			s3 += float64(row8[k] * col1[k])
		}
		out := [4]float64{s0, s1, s2, s3}
		if m.D == ElemF32 {
			for i, x := range out {
				d[lane][i] = bits32(float32(x))
			}
		} else {
			for r := range 2 {
				d[lane][r] = pair(F16.FromFloat64(out[2*r], RN), F16.FromFloat64(out[2*r+1], RN))
			}
		}
	}
}

// unpack writes the elements of a register to to[0], to[1], ….
func (e Elem) unpack(to []float64, reg uint32) {
	switch e {
	case ElemTF32:
		to[0] = wide(reg &^ (1<<13 - 1))
	case ElemBF16:
		to[0], to[1] = wide(reg<<16), wide(reg&^0xffff)
	case ElemE4M3, ElemE5M2:
		fp := E4M3
		if e == ElemE5M2 {
			fp = E5M2
		}
		for i := range 4 {
			to[i] = fp.Float64(uint8(reg >> (8 * i)))
		}
	default: // ElemF16
		to[0], to[1] = F16.Float64(low(reg)), F16.Float64(high(reg))
	}
}

// runInt is Run for integers.
func (m MMA) runInt(d, a, b, c *Fragment) {
	var matA [16][64]int32
	var matB [8][64]int32
	_, regsA, regsB, regsC := m.Registers()
	per := 32 / m.A.bits()
	halves := m.M / 8 // registers of A alternate between the halves of 16 rows
	for lane := range 32 {
		group, member := lane/4, lane%4
		for r := range regsA {
			for e := range per {
				matA[group+8*(r%halves)][member*per+e+4*per*(r/halves)] = m.A.int(a[lane][r], e)
			}
		}
		for r := range regsB {
			for e := range per {
				matB[group][member*per+e+4*per*r] = m.B.int(b[lane][r], e)
			}
		}
	}
	for lane := range 32 {
		group, member := lane/4, lane%4
		for i := range regsC {
			sum := int64(int32(c[lane][i]))
			row, col := &matA[group+8*(i/2)], &matB[2*member+i%2]
			for k, x := range row[:m.K] {
				sum += int64(x * col[k])
			}
			if m.Sat {
				sum = int64(saturate(sum))
			}
			d[lane][i] = uint32(sum)
		}
	}
}

// runBits is Run for single bits, 32 per register: it counts the bits in which a row of A and a
// column of B differ, or that both have set.
func (m MMA) runBits(d, a, b, c *Fragment) {
	var matA [16][8]uint32
	var matB [8][8]uint32
	_, regsA, regsB, regsC := m.Registers()
	halves := m.M / 8
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
			for k, x := range row[:m.K/32] {
				if m.And {
					sum += uint32(bits.OnesCount32(x & col[k]))
				} else {
					sum += uint32(bits.OnesCount32(x ^ col[k]))
				}
			}
			d[lane][i] = sum
		}
	}
}

// int returns element i of a register.
func (e Elem) int(reg uint32, i int) int32 {
	switch e {
	case ElemS8:
		return int32(int8(reg >> (8 * i)))
	case ElemU8:
		return int32(uint8(reg >> (8 * i)))
	case ElemS4:
		return int32(reg<<(28-4*i)) >> 28
	default: // ElemU4
		return int32(reg >> (4 * i) & 15)
	}
}
