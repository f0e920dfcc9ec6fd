package avx

import (
	"slices"
	"unsafe"

	"baregrad/kernels"
)

// workspace is one worker's own memory.
type workspace struct {
	strip      strip
	adam       adamRows
	first      int       // the first row of C in the memory that C is written to
	end        int       // after the last row of the part
	gradient   []float32 // that memory, if it is the worker's own: see matmul_update.go
	cell       int       // the block of C that two parts share: see matmul_halves.go
	second     bool      // the block of C has the other run's sum already: see matmul_halves.go
	window     window
	rows       []int     // a table of rows, padded to whole tiles
	a          []float32 // pieces of A
	panels     []float32 // matrix product: strips of B
	zeros      zeroSpace // for skipping zeros
	sampled    sampledSpace
	image      []float32 // rows of a padded image
	patch      patch
	classes    classBlock // softmax cross-entropy: rows, transposed
	product    planeProduct
	masked     []float32 // pooling: a gradient after a ReLU
	band       []float32 // convolution: rows of its output, to be pooled
	chosen     chosen
	sparse     sparseLists
	choice     places
	places     []int32        // which of a window's four positions has the maximum
	windows    []chosenWindow // lists of the windows that contain a pixel
	begins     []int          // where each row of them begins
	pooled     pooledTiles
	nonzero    []uint64  // which pixels of a row are not 0
	masks      []uint64  // which taps of a tile add something
	u          []float32 // Winograd: the sums of a filter's gradient
	sums       []float32 // Winograd: the planes of the output
	tile       []float32 // Winograd: a tile of the output
	batch      []int     // Winograd: the tiles that are multiplied next
	background background
	temp       []float32 // Winograd: a tile between its two transforms
}

// reserve enlarges every worker's memory to what one call needs, so that nothing is allocated later,
// whichever worker does a part.
func (d *Device) reserve(rows, a, image, sums, tile int) {
	for i := range d.workspaces {
		w := &d.workspaces[i]
		w.rows = slices.Grow(w.rows[:0], rows+tileRows)
		w.batch = slices.Grow(w.batch[:0], rows)
		grow(&w.a, a)
		grow(&w.image, image)
		grow(&w.sums, sums)
		grow(&w.tile, tile)
		grow(&w.temp, 36*16)
	}
}

// reserveBits enlarges the memory for bits of rows of pixels and for masks of taps.
func (w *workspace) reserveBits(rows, masks int) {
	if cap(w.nonzero) < rows {
		w.nonzero = make([]uint64, rows)
	}
	if cap(w.masks) < masks {
		w.masks = make([]uint64, masks)
	}
}

// reservePanels is reserve for panels of B.
func (d *Device) reservePanels(n int) {
	for i := range d.workspaces {
		grow(&d.workspaces[i].panels, n)
	}
}

// table returns the address of a table of rows for the kernels: the first m of rows, padded to whole
// tiles by repeating the last one.
func (w *workspace) table(rows []int, m, height int) uintptr {
	if m%height != 0 {
		w.rows = append(w.rows[:0], rows[:m]...)
		for len(w.rows)%height != 0 {
			w.rows = append(w.rows, rows[m-1])
		}
		rows = w.rows
	}
	return uintptr(unsafe.Pointer(unsafe.SliceData(rows)))
}

// grow returns n floats of scratch memory, enlarging it if needed. They hold old values.
func grow(scratch *[]float32, n int) []float32 {
	if cap(*scratch) < n {
		*scratch = kernels.Floats(kernels.NewHost(kernels.Float32, n))
	}
	return (*scratch)[:n]
}
