package avx

// columns is the right-hand matrix op(B)[K,N] of a product, split into strips of columns for the
// kernels. It is read in place if its rows allow that, otherwise packed into panels. A strip's panel
// holds its rows one after the other, each padded with zeros to whole registers.
type columns struct {
	tiles  *tiles
	n, k   int
	b      []float32
	trans  bool      // B is stored as [N,K]
	strips []int     // the first column of each strip, and N
	panels []float32 // nil if B is read in place
}

// cut sets where the strips of n columns begin.
func (m *columns) cut(t *tiles, n int) {
	m.tiles, m.n = t, n
	m.strips = m.strips[:0]
	for j := 0; j < n; j += t.columns(n - j) {
		m.strips = append(m.strips, j)
	}
	m.strips = append(m.strips, n)
}

// set splits B into strips. It packs nothing yet: if panels is not nil, pack has to be called for
// each part. rows is the number of rows of C.
func (m *columns) set(t *tiles, b []float32, n, k int, trans bool, rows int, memory *[]float32) {
	m.cut(t, n)
	m.b, m.k, m.trans = b, k, trans
	// B stays in place if its rows are strips already, or if packing costs more than it saves: with
	// few rows of C, unless B's rows are a multiple of 1 KB apart, where they evict each other from
	// the cache.
	whole := t.masked || n%t.lanes == 0
	m.panels = nil
	if trans || !whole || !(m.count() == 1 || rows <= 256 && n%256 != 0 || n <= 128) {
		m.panels = grow(memory, k*t.padded(n))
	}
}

// count is the number of strips.
func (m *columns) count() int { return len(m.strips) - 1 }

// strip returns the first column of strip i and its number of columns.
func (m *columns) strip(i int) (first, n int) {
	return m.strips[i], m.strips[i+1] - m.strips[i]
}

// at returns the address of row k of strip i, and the bytes from row to row.
func (m *columns) at(i, k int) (b uintptr, step int) {
	first, n := m.strip(i)
	if m.panels == nil {
		return address(m.b[k*m.n+first:]), 4 * m.n
	}
	width := m.tiles.padded(n)
	return address(m.panels[first*m.k+k*width:]), 4 * width
}

// packParts is the number of parts that packing is split into.
func (m *columns) packParts() int {
	if m.trans {
		return m.count()
	}
	return (m.k + packRows - 1) / packRows
}

// packRows is how many rows of B one part packs.
const packRows = 64

// pack does part i of the packing: one strip if B is transposed, so that rows of B become columns;
// otherwise some rows of all strips, so that B is read forwards.
func (m *columns) pack(i int) {
	if !m.trans {
		for strip := range m.count() {
			m.packRows(strip, i*packRows, min(m.k, (i+1)*packRows))
		}
		return
	}
	first, n := m.strip(i)
	width := m.tiles.padded(n)
	panel := m.panels[first*m.k : (first+width)*m.k]
	m.tiles.transpose(panel, width, m.b[first*m.k:], m.k, n, m.k)
	m.pad(i, 0, m.k)
}

// packRows copies rows [from, to) of one strip.
func (m *columns) packRows(strip, from, to int) {
	first, n := m.strip(strip)
	width := m.tiles.padded(n)
	panel := m.panels[first*m.k:]
	for k := from; k < to; k++ {
		copy(panel[k*width:k*width+n], m.b[k*m.n+first:])
	}
	m.pad(strip, from, to)
}

// pad writes the zeros after each row of a strip that is not a whole number of registers wide.
func (m *columns) pad(strip, from, to int) {
	first, n := m.strip(strip)
	width := m.tiles.padded(n)
	if n == width {
		return
	}
	for k := from; k < to; k++ {
		clear(m.panels[first*m.k+k*width+n : first*m.k+(k+1)*width])
	}
}

// transpose is dst[j,i] = src[i,j] for rows·columns elements of src. The rows of dst and src are
// dstStride and srcStride floats apart. If rows or columns is not a multiple of 8, the last block of
// 8 overlaps the one before. The kernels' blocks go along the longer side.
func (t *tiles) transpose(dst []float32, dstStride int, src []float32, srcStride, rows, columns int) {
	switch {
	case rows < 8 || columns < 8:
		for i := range rows {
			for j, v := range src[i*srcStride : i*srcStride+columns] {
				dst[j*dstStride+i] = v
			}
		}
	case columns < rows:
		for j := 0; j < columns; j += 8 {
			j := min(j, columns-8)
			t.transposeColumns(&dst[j*dstStride], &src[j], 8, rows&^7, dstStride, srcStride)
			if i := rows - 8; rows%8 != 0 {
				t.transposeColumns(&dst[j*dstStride+i], &src[i*srcStride+j], 8, 8, dstStride, srcStride)
			}
		}
	default:
		for i := 0; i < rows; i += 8 {
			i := min(i, rows-8)
			t.transpose8(&dst[i], 4*dstStride, &src[i*srcStride], 4*srcStride, columns/8)
			if j := columns - 8; columns%8 != 0 {
				t.transpose8(&dst[j*dstStride+i], 4*dstStride, &src[i*srcStride+j], 4*srcStride, 1)
			}
		}
	}
}
