package arith

// FragmentQuads is one matrix operand of MMAQuads: 32-bit registers by lane and number.
type FragmentQuads [32][8]uint32

// MMAQuads is mma.sync.aligned.m8n8k4.{row,col}.{row,col}.D.f16.f16.C, Volta's form: four products
// D = A·B + C at once, with A 8×4 and B 4×8. Lanes 4q … 4q+3 and 4q+16 … 4q+19 hold product q; high
// is 1 for the latter four, otherwise 0. With j = lane % 4 and i the number of an element in its
// lane,
//
//	A by rows:     row j + 4·high,         column i
//	A by columns:  row i + 4·high,         column j
//	B by rows:     row j,                  column i + 4·high
//	B by columns:  row i,                  column j + 4·high
//	C, D of f16:   row j + 4·high,         column i
//	C, D of f32:   row j%2 + i&2 + 4·high, column i&4 + j&2 + i&1
//
// f16 elements are two to a register, the first in the lower half.
type MMAQuads struct {
	ColA, RowB bool // A by columns, B by rows
	D, C       Elem // ElemF16 or ElemF32; D is ElemF32 if C is
}

// Registers returns how many 32-bit registers per lane hold each operand.
func (m MMAQuads) Registers() (d, a, b, c int) { return m.D.bits() / 4, 2, 2, m.C.bits() / 4 }

// placeC returns row and column of element i of C or D with type e.
func (m MMAQuads) placeC(e Elem, lane, i int) (row, col int) {
	j, high := lane%4, lane/16
	if e == ElemF16 {
		return j + 4*high, i
	}
	return j%2 + i&2 + 4*high, i&4 + j&2 + i&1
}

// Run computes d = a·b + c, rounded like MMA.Run. d may be c.
func (m MMAQuads) Run(d, a, b, c *FragmentQuads) {
	half := func(f *FragmentQuads, lane, i int) float64 {
		return F16.Float64(uint16(f[lane][i/2] >> (16 * (i % 2))))
	}
	for q := range 4 {
		var matA, matB, sum [8][8]float64 // A by rows, B by columns
		lanes := [8]int{4 * q, 4*q + 1, 4*q + 2, 4*q + 3, 4*q + 16, 4*q + 17, 4*q + 18, 4*q + 19}
		for _, lane := range lanes {
			j, high := lane%4, lane/16
			for i := range 4 {
				if m.ColA {
					matA[i+4*high][j] = half(a, lane, i)
				} else {
					matA[j+4*high][i] = half(a, lane, i)
				}
				if m.RowB {
					matB[i+4*high][j] = half(b, lane, i)
				} else {
					matB[j+4*high][i] = half(b, lane, i)
				}
			}
			for i := range 8 {
				row, col := m.placeC(m.C, lane, i)
				if m.C == ElemF16 {
					sum[row][col] = half(c, lane, i)
				} else {
					sum[row][col] = wide(c[lane][i])
				}
			}
		}
		for row := range sum {
			for col := range sum {
				for k := range 4 {
					sum[row][col] += float64(matA[row][k] * matB[col][k])
				}
			}
		}
		for _, lane := range lanes {
			for i := range 8 {
				row, col := m.placeC(m.D, lane, i)
				switch x := sum[row][col]; {
				case m.D == ElemF32:
					d[lane][i] = bits32(float32(x))
				case i%2 == 0:
					d[lane][i/2] = uint32(F16.FromFloat64(x, RN))
				default:
					d[lane][i/2] |= uint32(F16.FromFloat64(x, RN)) << 16
				}
			}
		}
	}
}
