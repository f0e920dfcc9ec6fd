package avx

import "unsafe"

// The nonzeros of one image's dz as a sparse matrix, once by position and once by filter.
//
// By position: row 4·window + q holds those of the window's position q, above left, above
// right, below left, below right. A window's elements are in four lists, one for each
// position, so that every row's are neighbours: the kernel picks 16 filters' nonzeros of one
// position from a register, puts them side by side and writes them behind the list's last.
//
// By filter the same elements are appended, one after another, to the list of their filter.

// sparseRow is a row: elements first to first+count−1, and where its sums are, in bytes.
// The kernels rely on its layout.
type sparseRow struct{ sums, first, count int }

// nonzeros is the argument of the kernel that finds an image's nonzeros. Steps are in
// elements.
type nonzeros struct {
	dy, y, arg      uintptr  // [OH, OW, Out] of the image
	values, indices uintptr  // the lists: dz and its filter
	list            [4]int   // where each list goes on
	rows            uintptr  // [4·windows]sparseRow: first and count are set
	filters         int      // Out
	down, across    int      // windows below each other, and side by side
	left            int      // windows of the line: the kernel's own
	first           int      // arg of the first window's first position
	windowIndex     int      // by how much it is more for the next window
	rowIndex        int      // from behind a row's last window to the next row
	places          [4]int32 // by how much arg is more for each position
}

// sparseProduct is the argument of the kernels that multiply: for each row, each line u and
// each float i of a piece of the line,
//
//	sums[row.sums + u·sumsLine + i] += Σ over the row's elements of value · dense[index·denseStep + u·denseLine + i]
//
// Steps are in bytes.
type sparseProduct struct {
	rows                 uintptr // []sparseRow; those without elements are passed over
	count                int     // of them
	values, indices      uintptr // []float32, []int32: the elements
	dense                uintptr
	denseStep, denseLine int
	sums                 uintptr
	sumsLine             int
	last                 int // floats of the piece's last register
}

// sparseKernels are one instruction set's. lines3[v−1] multiplies three lines of v
// registers, lines1[v−1] one.
type sparseKernels struct {
	lanes             int
	conv_nonzeros_f32 func(n *nonzeros)
	lines3, lines1    []func(p *sparseProduct)
}

// packed is, for each mask of 8 lanes, the permutation that puts the lanes that are set
// side by side.
var packed = func() (lanes [256][8]uint8) {
	for mask := range lanes {
		n := 0
		for lane := range uint8(8) {
			if mask>>lane&1 == 1 {
				lanes[mask][n] = lane
				n++
			}
		}
	}
	return lanes
}()

// sparseLists are a worker's.
type sparseLists struct {
	rows    []sparseRow // by position
	values  []float32   // four lists of capacity elements
	indices []int32     // their filters
	filters []sparseRow // by filter
	turned  []float32   // [Out, windows]: their values
	places  []int32     // and where their patches begin, in bytes
	found   nonzeros
	product sparseProduct
}

// plan says where the sums of each row are, and sees that there is memory.
func (l *sparseLists) plan(t *sparseTask) {
	c, p, line := t.s.Conv, t.s.Pool, t.view.w*t.s.Conv.C
	l.rows, l.filters = l.rows[:0], l.filters[:0]
	for i := range p.OH {
		for j := range p.OW {
			for q := range 4 {
				l.rows = append(l.rows, sparseRow{sums: 4 * ((2*i+q/2)*c.StrideH*line + (2*j+q%2)*c.StrideW*c.C)})
			}
		}
	}
	for o := range c.Out {
		l.filters = append(l.filters, sparseRow{sums: 4 * o * c.Cols(), first: o * t.windows})
	}
	grow(&l.values, 4*t.capacity)
	grow(&l.turned, c.Out*t.windows)
	l.values, l.turned = l.values[:cap(l.values)], l.turned[:cap(l.turned)]
	if len(l.indices) < 4*t.capacity {
		l.indices = make([]int32, 4*t.capacity)
	}
	if len(l.places) < c.Out*t.windows {
		l.places = make([]int32, c.Out*t.windows)
	}
}

// find finds the nonzeros of image n, by position.
func (l *sparseLists) find(t *sparseTask, n int) {
	p := t.s.Pool
	size := t.windows * p.C
	l.found = nonzeros{
		dy: address(t.dy[n*size:]), y: address(t.y[n*size:]), arg: address(t.arg[n*size:]),
		values: address(l.values), indices: address(l.indices),
		list: [4]int{0, t.capacity, 2 * t.capacity, 3 * t.capacity}, rows: addressOf(l.rows),
		filters: p.C, down: p.OH, across: p.OW,
		first: n * p.H * p.W * p.C, windowIndex: 2 * p.C, rowIndex: 2 * (p.W - p.OW) * p.C,
		places: [4]int32{0, int32(p.C), int32(p.W * p.C), int32((p.W + 1) * p.C)},
	}
	t.d.set.sparse.conv_nonzeros_f32(&l.found)
}

// turn puts the elements in order by filter, and adds up each filter's.
func (l *sparseLists) turn(sums []float64) {
	for o := range l.filters {
		l.filters[o].count = 0
	}
	clear(sums)
	for _, r := range l.rows {
		for k := r.first; k < r.first+r.count; k++ {
			f := &l.filters[l.indices[k]]
			at := f.first + f.count
			l.turned[at], l.places[at] = l.values[k], int32(r.sums)
			f.count++
			sums[l.indices[k]] += float64(l.values[k])
		}
	}
}

// addressOf is where rows begin.
func addressOf(rows []sparseRow) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(rows))) }
