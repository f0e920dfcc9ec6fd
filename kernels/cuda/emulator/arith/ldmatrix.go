package arith

// ldmatrix and stmatrix move 8×8 matrices of 16-bit elements between shared
// memory and registers. Matrix i has its eight rows, of 16 bytes each, at the
// addresses that lanes 8·i to 8·i+7 give; register i of every lane holds two
// elements of matrix i.

// MatrixElement is where element e (0 for the low half, 1 for the high half) of
// a lane's register lies in its matrix: row lane/4, column 2·(lane%4) + e, or
// with .trans the other way round.
func MatrixElement(lane, e int, trans bool) (row, col int) {
	row, col = lane/4, 2*(lane%4)+e
	if trans {
		return col, row
	}
	return row, col
}

// MatrixRowLane is the lane whose address operand points at a row of matrix i.
func MatrixRowLane(i, row int) int { return 8*i + row }

// LdMatrix gathers one matrix, in row-major order as it lies in memory, into a
// register of each lane.
func LdMatrix(rows *[8][8]uint16, trans bool) (reg [32]uint32) {
	for lane := range reg {
		r0, c0 := MatrixElement(lane, 0, trans)
		r1, c1 := MatrixElement(lane, 1, trans)
		reg[lane] = pair(rows[r0][c0], rows[r1][c1])
	}
	return reg
}

// StMatrix is the inverse of LdMatrix.
func StMatrix(reg *[32]uint32, trans bool) (rows [8][8]uint16) {
	for lane, x := range reg {
		r0, c0 := MatrixElement(lane, 0, trans)
		r1, c1 := MatrixElement(lane, 1, trans)
		rows[r0][c0], rows[r1][c1] = low(x), high(x)
	}
	return rows
}
