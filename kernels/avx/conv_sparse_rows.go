package avx

import "unsafe"

// The nonzeros of one image's dz as a sparse matrix, once by position and once by filter.
//
// By position: row 4·window + q holds the nonzeros of the window's position q: upper left, upper
// right, lower left, lower right. A window's elements are in four lists, one for each position, so
// that the elements of each row are contiguous. The kernel compresses the nonzeros of 16 filters at
// one position in a register, and writes them to the end of the list.
//
// By filter: the same elements are appended, one by one, to the list of their filter. An element
// knows its window, and with its list's position that gives its patch.

// sparseRow is a row: its elements are [first, end), and its sums are at offset sums, in bytes.
type sparseRow struct{ sums, first, end int }

// nonzeros is the argument of the kernel that finds an image's nonzeros. Steps are in elements.
type nonzeros struct {
	dy, y, arg      uintptr  // [OH, OW, Out] of the image
	values, indices uintptr  // the lists: dz, and its filter + 2¹⁶ · its window
	list            [4]int   // the end of each list
	rows            uintptr  // [4·windows]sparseRow: first and end are set
	filters         int      // Out
	down, across    int      // windows in each direction
	left            int      // windows left in the line: the kernel's own
	window          uint32   // 2¹⁶ · the number of the window
	first           int      // index of the first window's first position
	windowIndex     int      // index step to the next window
	rowIndex        int      // index step from the end of a row's last window to the next row
	places          [4]int32 // index offset of each position
}

// turning is the argument of the kernel that reorders one list's elements by filter.
type turning struct {
	values, indices uintptr // the list
	count           int
	windows         uintptr // []int32: where the patch of each window's first position begins, in bytes
	offset          int     // of the list's position from there
	filters         uintptr // []sparseRow: end is advanced
	turned, places  uintptr // []float32, []int32: their elements
	sums            uintptr // [Out]float64: the sums of their values
}

// packed is, for each mask of 8 lanes, the permutation that moves the set lanes to the front.
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

// sparseLists is a worker's memory for the lists.
type sparseLists struct {
	rows    []sparseRow // by position
	values  []float32   // four lists of capacity elements
	indices []int32     // their filters and windows
	windows []int32     // where the patch of each window's first position begins, in bytes
	filters []sparseRow // by filter
	turned  []float32   // [Out, windows]: their values
	places  []int32     // and where their patches begin, in bytes
	found   nonzeros
	turning turning
	product sparseProduct
}

// plan sets where the sums of each row are, and reserves memory.
func (l *sparseLists) plan(t *sparseTask) {
	c, p := t.s.Conv, t.s.Pool
	l.rows, l.filters, l.windows = l.rows[:0], l.filters[:0], l.windows[:0]
	for i := range p.OH {
		for j := range p.OW {
			l.windows = append(l.windows, int32(t.place(2*i, 2*j)))
			for q := range 4 {
				l.rows = append(l.rows, sparseRow{sums: t.place(2*i+q/2, 2*j+q%2)})
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

// turn reorders the elements of windows [from, to) by filter, and adds up each filter's.
func (l *sparseLists) turn(t *sparseTask, sums []float64, from, to int) {
	for o := range l.filters {
		l.filters[o].end = l.filters[o].first
	}
	for q := range 4 {
		first := l.rows[4*from+q].first
		l.turning = turning{
			values: address(l.values[first:]), indices: address(l.indices[first:]), count: l.rows[4*to-4+q].end - first,
			windows: address(l.windows), offset: t.place(q/2, q%2),
			filters: addressOf(l.filters), turned: address(l.turned), places: address(l.places),
			sums: uintptr(unsafe.Pointer(&sums[0])),
		}
		t.d.set.sparse.conv_turn_f32(&l.turning)
	}
}

// addressOf is the address of rows.
func addressOf(rows []sparseRow) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(rows))) }
