package arith

// ldmatrix and stmatrix move 8×8 matrices of 16-bit elements between shared memory and registers.
// The eight rows of matrix i, 16 bytes each, are at the addresses given by lanes 8·i to 8·i+7;
// register i of every lane holds two elements of matrix i.

// MatrixElement returns the position in its matrix of element e (0 for the low half, 1 for the high
// half) of a lane's register: row lane/4, column 2·(lane%4) + e, or with .trans the reverse.
func MatrixElement(lane, e int, trans bool) (row, col int) {
	row, col = lane/4, 2*(lane%4)+e
	if trans {
		return col, row
	}
	return row, col
}

// MatrixRowLane returns the lane that provides the address of a row of matrix i.
func MatrixRowLane(i, row int) int { return 8*i + row }

// LdMatrix distributes one matrix, stored by rows, to a register of each lane.
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
