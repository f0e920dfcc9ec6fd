package avx

import "baregrad/kernels"

// Softmax cross-entropy and accuracy with few classes, such as ten digits.
//
// A row of ten numbers only partly fills a register, and sums or comparisons over it would go from
// lane to lane. So blocks of 64 rows are transposed: column c of neighbouring rows is then
// contiguous, each lane processes its own row from the first column to the last, and one instruction
// sequence computes the logarithms of a whole register of rows. Transposed blocks are [cols,
// classRows], in the worker's own memory. Rows missing from a block are computed from old values, and
// nobody reads them.

const (
	// leastClasses is the least number of columns: blocks of 8×8 are transposed.
	leastClasses = 8
	// mostClasses is the most columns. Wider rows fill their registers well enough.
	mostClasses = 32
	// classRows is the rows in a block: whole registers of any instruction set.
	classRows = 64
)

// fewClasses tells whether this file handles rows of cols columns.
func fewClasses(cols int) bool { return leastClasses <= cols && cols <= mostClasses }

// classTask is an operation being computed by the workers, block by block.
type classTask struct {
	d          *Device
	block      func(t *classTask, b *classBlock, from, n int) // for n rows, from row from on
	rows, cols int
	y, x       []float32 // [rows, cols]: an output and an input
	row        []float32 // [rows]: loss, its gradient, or accuracy
	labels     []float32 // [rows, cols], or nil if there are classes
	classes    []int32   // [rows]
}

// classBlock is a worker's memory: transposed blocks, and vectors with one number for each row.
type classBlock struct {
	y, x, labels []float32 // [mostClasses, classRows]
	row          []float32 // [classRows]
	arg, classes []int32   // [classRows]
}

// classKernels work on transposed blocks of cols columns. labels is nil if the labels are classes.
type classKernels struct {
	softmax_cross_entropy_classes_fwd_f32 func(loss, probs, x, labels *float32, classes *int32, rows, cols int)
	softmax_cross_entropy_classes_bwd_f32 func(dx, dloss, probs, labels *float32, classes *int32, rows, cols int)
	argmax_classes_f32                    func(arg *int32, x *float32, rows, cols int)
}

// runClasses runs t for all rows.
func (d *Device) runClasses(t classTask) {
	t.d = d
	for i := range d.workspaces {
		d.workspaces[i].classes.reserve()
	}
	d.classes = t
	d.pool.run((t.rows+classRows-1)/classRows, &d.classes)
	d.classes = classTask{} // don't keep references to memory that the caller frees
}

// reserve allocates the memory, once.
func (b *classBlock) reserve() {
	if b.row == nil {
		b.y, b.x, b.labels = floats(mostClasses*classRows), floats(mostClasses*classRows), floats(mostClasses*classRows)
		b.row = floats(classRows)
		b.arg, b.classes = make([]int32, classRows), make([]int32, classRows)
	}
}

// floats returns n zeros, aligned to a cache line.
func floats(n int) []float32 { return kernels.Floats(kernels.NewHost(kernels.Float32, n)) }

// part processes block i.
func (t *classTask) part(worker, i int) {
	from := i * classRows
	t.block(t, &t.d.workspaces[worker].classes, from, min(classRows, t.rows-from))
}

// softmaxCrossEntropy computes the losses and the softmax of n rows.
func (t *classTask) softmaxCrossEntropy(b *classBlock, from, n int) {
	t.read(b.x, t.x, from, n)
	labels, classes := t.readLabels(b, from, n)
	t.d.set.classes.softmax_cross_entropy_classes_fwd_f32(&b.row[0], &b.y[0], &b.x[0], labels, classes, n, t.cols)
	copy(t.row[from:from+n], b.row)
	t.write(t.y, b.y, from, n)
}

// softmaxCrossEntropyGrad computes the gradient of the logits of n rows, from the softmax.
func (t *classTask) softmaxCrossEntropyGrad(b *classBlock, from, n int) {
	t.read(b.x, t.x, from, n)
	labels, classes := t.readLabels(b, from, n)
	copy(b.row, t.row[from:from+n])
	t.d.set.classes.softmax_cross_entropy_classes_bwd_f32(&b.y[0], &b.row[0], &b.x[0], labels, classes, n, t.cols)
	t.write(t.y, b.y, from, n)
}

// accuracy finds the rows, of n, whose largest number is that of the label's class.
func (t *classTask) accuracy(b *classBlock, from, n int) {
	k := &t.d.set.classes
	t.read(b.x, t.x, from, n)
	k.argmax_classes_f32(&b.arg[0], &b.x[0], n, t.cols)
	if labels, _ := t.readLabels(b, from, n); labels != nil {
		k.argmax_classes_f32(&b.classes[0], labels, n, t.cols)
	}
	t.d.set.vector.equal_i32(t.row[from:from+n], b.arg[:n], b.classes[:n])
}

// readLabels transposes n rows of labels, or copies their classes. The other result is nil.
func (t *classTask) readLabels(b *classBlock, from, n int) (labels *float32, classes *int32) {
	if t.labels == nil {
		copy(b.classes, t.classes[from:from+n])
		return nil, &b.classes[0]
	}
	t.read(b.labels, t.labels, from, n)
	return &b.labels[0], nil
}

// read transposes n rows of x, from row from on, to a block.
func (t *classTask) read(block, x []float32, from, n int) {
	t.d.set.tiles.transpose(block, classRows, x[from*t.cols:], t.cols, n, t.cols)
}

// write transposes a block back to n rows of y.
func (t *classTask) write(y, block []float32, from, n int) {
	t.d.set.tiles.transpose(y[from*t.cols:], t.cols, block, classRows, t.cols, n)
}
