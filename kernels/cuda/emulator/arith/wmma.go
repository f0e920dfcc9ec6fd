package arith

import (
	"fmt"
	"math"
	"math/bits"
)

// WMMA is one form of wmma.mma: the M×N matrix D = A·B + C, with A M×K and B K×N.
//
// The manual does not specify which lane holds which elements, so a program cannot rely on it:
// fragments come from wmma.load, and a program must treat all elements alike. Here the elements of
// A, C and D are numbered by rows, those of B by columns, and dealt to the lanes in that order, as
// many per lane as its registers hold. Fragments of f16 factors have eight registers in every
// shape; if that is more than there are elements, the numbering starts again from the first.
type WMMA struct {
	M, N, K    int
	D, A, B, C Elem     // the types of the elements
	Sat, And   bool     // as for MMA
	Round      Rounding // for f64
}

// Matrix is an operand of WMMA.
type Matrix uint8

// The operands of WMMA.
const (
	MatrixA Matrix = iota
	MatrixB
	MatrixC
	MatrixD
)

// WMMAFragment is one operand of a warp: registers by lane and number, with 64 bits for f64,
// otherwise 32.
type WMMAFragment [32][8]uint64

// Check returns an error if the form does not exist.
func (w WMMA) Check() error {
	shape := [3]int{w.M, w.N, w.K}
	wide := shape == [3]int{16, 16, 16} || shape == [3]int{32, 8, 16} || shape == [3]int{8, 32, 16}
	sums := func(e Elem) bool { return w.C == e && w.D == e }
	ok := w.A == w.B
	switch w.A {
	case ElemF16:
		ok = ok && wide && (w.C == ElemF16 || w.C == ElemF32) && (w.D == ElemF16 || w.D == ElemF32)
	case ElemBF16:
		ok = ok && wide && sums(ElemF32)
	case ElemTF32:
		ok = ok && shape == [3]int{16, 16, 8} && sums(ElemF32)
	case ElemS8, ElemU8:
		ok = ok && wide && sums(ElemS32)
	case ElemS4, ElemU4:
		ok = ok && shape == [3]int{8, 8, 32} && sums(ElemS32)
	case ElemB1:
		ok = ok && shape == [3]int{8, 8, 128} && sums(ElemS32)
	case ElemF64:
		ok = ok && shape == [3]int{8, 8, 4} && sums(ElemF64)
	default:
		ok = false
	}
	if !ok || w.Sat && (w.D != ElemS32 || w.A == ElemB1) {
		return fmt.Errorf("wmma.mma.m%dn%dk%d.%v.%v.%v.%v: no such form", w.M, w.N, w.K, w.D, w.A, w.B, w.C)
	}
	return nil
}

// Elem returns the element type of an operand.
func (w WMMA) Elem(x Matrix) Elem { return [...]Elem{w.A, w.B, w.C, w.D}[x] }

// Size returns the rows and columns of an operand.
func (w WMMA) Size(x Matrix) (rows, cols int) {
	switch x {
	case MatrixA:
		return w.M, w.K
	case MatrixB:
		return w.K, w.N
	}
	return w.M, w.N
}

// Registers returns how many registers per lane hold an operand, and how many elements each of them
// holds.
func (w WMMA) Registers(x Matrix) (n, per int) {
	e := w.Elem(x)
	per = max(1, 32/e.bits())
	rows, cols := w.Size(x)
	if e == ElemF16 && x <= MatrixB {
		return 8, per
	}
	return rows * cols / (32 * per), per
}

// Place returns row and column of element e of register r of a lane.
func (w WMMA) Place(x Matrix, lane, r, e int) (row, col int) {
	n, per := w.Registers(x)
	rows, cols := w.Size(x)
	i := ((lane*n+r)*per + e) % (rows * cols)
	if x == MatrixB {
		return i % rows, i / rows
	}
	return i / cols, i % cols
}

// each calls f for every element of an operand, with its bits.
func (w WMMA) each(x Matrix, frag *WMMAFragment, f func(row, col int, v uint64)) {
	n, per := w.Registers(x)
	size := w.Elem(x).bits()
	for lane := range 32 {
		for r := range n {
			for e := range per {
				row, col := w.Place(x, lane, r, e)
				f(row, col, frag[lane][r]>>(e*size)&(1<<size-1))
			}
		}
	}
}

// Run computes d = a·b + c, rounded like MMA.Run and MMAF64.Run. d may be c.
func (w WMMA) Run(d, a, b, c *WMMAFragment) {
	var result func(row, col int) uint64
	var rows, cols [32][128]uint64 // of A, and of B
	w.each(MatrixA, a, func(row, col int, v uint64) { rows[row][col] = v })
	w.each(MatrixB, b, func(row, col int, v uint64) { cols[col][row] = v })
	var start [32][32]uint64
	w.each(MatrixC, c, func(row, col int, v uint64) { start[row][col] = v })
	switch w.D {
	case ElemF64:
		result = func(row, col int) uint64 {
			sum := start[row][col]
			for k := range w.K {
				sum = FMAF64(rows[row][k], cols[col][k], sum, w.Round)
			}
			return sum
		}
	case ElemS32:
		result = func(row, col int) uint64 {
			sum := int64(int32(start[row][col]))
			for k := range w.K {
				x, y := uint32(rows[row][k]), uint32(cols[col][k])
				switch {
				case w.A != ElemB1:
					sum += int64(w.A.int(x, 0) * w.B.int(y, 0))
				case w.And:
					sum += int64(bits.OnesCount32(x & y))
				default:
					sum += int64(bits.OnesCount32(x ^ y))
				}
			}
			if w.Sat {
				sum = int64(saturate(sum))
			}
			return uint64(uint32(sum))
		}
	default:
		result = func(row, col int) uint64 {
			sum := w.C.float(start[row][col])
			for k := range w.K {
				sum += float64(w.A.float(rows[row][k]) * w.B.float(cols[col][k]))
			}
			if w.D == ElemF16 {
				return uint64(F16.FromFloat64(sum, RN))
			}
			return uint64(bits32(float32(sum)))
		}
	}
	n, per := w.Registers(MatrixD)
	size := w.D.bits()
	for lane := range 32 {
		for r := range n {
			var v uint64
			for e := range per {
				row, col := w.Place(MatrixD, lane, r, e)
				v |= result(row, col) << (e * size)
			}
			d[lane][r] = v
		}
	}
}

// float returns the value of a single unpacked element.
func (e Elem) float(v uint64) float64 {
	switch e {
	case ElemF16:
		return F16.Float64(uint16(v))
	case ElemBF16:
		return BF16.Float64(uint16(v))
	case ElemTF32:
		v &^= 1<<13 - 1
	}
	return float64(math.Float32frombits(uint32(v)))
}
