package reference

import "baregrad/kernels"

// Advance is counters += by, and then, with i the last counter, rate = table[i,:]
// if the table has that row.
func (d *Device) Advance(counters, by, rate, table kernels.Buffer) {
	rows := kernels.CheckAdvance(counters, by, rate, table)
	now := kernels.Ints(counters)
	for i, n := range kernels.Ints(by) {
		now[i] += n
	}
	if row := int(now[len(now)-1]); row >= 0 && row < rows {
		width := rate.Len()
		copy(kernels.Floats(rate), kernels.Floats(table)[row*width:(row+1)*width])
	}
}
