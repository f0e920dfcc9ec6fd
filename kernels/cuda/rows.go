package cuda

import (
	"math"
	"strings"
)

// rowForm is a form of a kernel by row that holds rows of up to Most columns in registers: see
// rows.tmpl. Lanes threads share a row, Count columns each; if Block is set, a warp for every
// 32·Count columns does, and if Long is set, too, the row is read in pieces.
type rowForm struct {
	Name        string
	Most        int
	Lanes       int
	Count       int
	Threads     int // at most, of a block
	Block, Long bool
}

// rowForms are in the order of Most. The loops for rows of any length hold 8 elements, because with
// 16 a block of 1024 threads spills registers.
var rowForms = [...]rowForm{
	{Name: "16", Most: 16, Lanes: 4, Count: 4, Threads: 256},
	{Name: "32", Most: 32, Lanes: 8, Count: 4, Threads: 256},
	{Name: "64", Most: 64, Lanes: 16, Count: 4, Threads: 256},
	{Name: "128", Most: 128, Lanes: 32, Count: 4, Threads: 256},
	{Name: "256", Most: 256, Lanes: 32, Count: 8, Threads: 256},
	{Name: "512", Most: 512, Lanes: 32, Count: 16, Threads: 256},
	{Name: "16384", Most: 16384, Lanes: 32, Count: 16, Threads: 1024, Block: true},
	{Name: "long", Most: math.MaxInt, Lanes: 32, Count: 8, Threads: 1024, Block: true, Long: true},
}

// rowKernel holds the forms of a kernel.
type rowKernel [len(rowForms)]kernel

// rowKernels returns the forms of a kernel, whose names have the form's name in the place of the *.
func rowKernels(file, name string) (k rowKernel) {
	for i, f := range rowForms {
		k[i] = kernel{file, strings.Replace(name, "*", f.Name, 1)}
	}
	return k
}

// byHeldRow launches the form for rows of cols columns.
func (d *Device) byHeldRow(k *rowKernel, rows, cols int, arguments ...uint64) {
	i := 0
	for cols > rowForms[i].Most {
		i++
	}
	switch f := &rowForms[i]; {
	case f.Long:
		d.launch(k[i], line(rows), lanes(f.Threads), arguments...)
	case f.Block:
		d.launch(k[i], line(rows), lanes(32*ceilDiv(cols, 32*f.Count)), arguments...)
	default:
		d.launch(k[i], line(ceilDiv(rows*f.Lanes, f.Threads)), lanes(f.Threads), arguments...)
	}
}
