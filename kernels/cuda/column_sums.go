package cuda

import (
	"math/bits"

	"baregrad/kernels/cuda/driver"
)

// columnSums are the sizes of a launch that sums the rows of matrices by column, and its scratch
// memory: see column_sums.tmpl.
type columnSums struct {
	rows, cols, segment int
	log                 int // log2 of the lanes per row
	grid                driver.Dim
	partial, counters   uint64
}

// columnSums cuts the rows into segments, so that there are enough blocks. Every lane of a block has
// at least atOnce rows, those that its kernel loads at once. kept is how many numbers a segment
// leaves for each column.
func (d *Device) columnSums(rows, cols, kept, atOnce int) columnSums {
	s := columnSums{rows: rows, cols: cols, log: bits.Len(uint(min(cols, 32) - 1))}
	groups := ceilDiv(cols, 32)
	least := atOnce * 256 >> s.log
	parts := max(1, min(ceilDiv(rows, least), 2*busy/groups))
	s.segment = ceilDiv(ceilDiv(max(1, rows), parts), least) * least
	parts = max(1, ceilDiv(rows, s.segment))
	if parts > 1 {
		s.partial = uint64(d.scratch.floats(d, parts*kept*cols))
		s.counters = uint64(d.counters.first(d, groups))
	}
	s.grid = driver.Dim{X: groups, Y: parts, Z: 1}
	return s
}

// sumColumns launches such a kernel: the last arguments are those of "column-parameters".
func (d *Device) sumColumns(k kernel, s columnSums, arguments ...uint64) {
	d.launch(k, s.grid, lanes(256), append(d.with(arguments...), s.partial, s.counters,
		count(s.rows), count(s.cols), count(s.segment), count(s.log))...)
}
