package cuda

import "baregrad/kernels"

// Advance advances the counters of a recorded step: see advance.ptx.
func (d *Device) Advance(counters, by, rate, table kernels.Buffer) {
	rows, width := kernels.CheckAdvance(counters, by, rate, table), 0
	if rows > 0 {
		width = rate.Len()
	}
	d.launch(kernel{"advance.ptx", "advance_i32"}, line(1), lanes(32),
		address(counters), address(by), address(rate), address(table), count(counters.Len()), count(width), count(rows))
}
