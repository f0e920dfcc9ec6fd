package avx

// columns is the right-hand matrix op(B)[K,N] of a product, cut into strips of
// columns for the kernels: in place where its rows can be read as they lie, or
// else packed into panels. The panel of a strip holds its rows one after the
// other, each padded with zeros to whole registers.
type columns struct {
	tiles  *tiles
	n, k   int
	b      []float32
	trans  bool      // B is stored as [N,K]
	strips []int     // the first column of each strip, and N
	panels []float32 // nil where B is read in place
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

// set cuts B into strips. It packs nothing yet: pack has to be called for each
// strip if panels is not nil. rows is how many rows of C the product has.
func (m *columns) set(t *tiles, b []float32, n, k int, trans bool, rows int, memory *[]float32) {
	m.cut(t, n)
	m.b, m.k, m.trans = b, k, trans
	// B stays in place where its rows are strips already, or where packing would
	// cost more than it saves.
	whole := t.masked || n%t.lanes == 0
	m.panels = nil
	if trans || !whole || !(m.count() == 1 || rows <= 32 || n <= 128) {
		m.panels = grow(memory, k*t.padded(n))
	}
}

// count is the number of strips.
func (m *columns) count() int { return len(m.strips) - 1 }

// strip gives the first column of strip i and the number of its columns.
func (m *columns) strip(i int) (first, n int) {
	return m.strips[i], m.strips[i+1] - m.strips[i]
}

// at gives the address of row k of strip i, and the bytes from row to row.
func (m *columns) at(i, k int) (b uintptr, step int) {
	first, n := m.strip(i)
	if m.panels == nil {
		return address(m.b[k*m.n+first:]), 4 * m.n
	}
	width := m.tiles.padded(n)
	return address(m.panels[first*m.k+k*width:]), 4 * width
}

// pack writes strip i into its panel.
func (m *columns) pack(i int) {
	first, n := m.strip(i)
	width := m.tiles.padded(n)
	panel := m.panels[first*m.k : (first+width)*m.k]
	if m.trans {
		for j := range n {
			for k, v := range m.b[(first+j)*m.k : (first+j+1)*m.k] {
				panel[k*width+j] = v
			}
		}
	} else {
		for k := range m.k {
			copy(panel[k*width:k*width+n], m.b[k*m.n+first:])
		}
	}
	if n < width {
		for k := range m.k {
			clear(panel[k*width+n : (k+1)*width])
		}
	}
}
