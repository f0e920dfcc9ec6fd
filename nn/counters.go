package nn

import (
	"cmp"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// Three things change from step to step: where a batch starts, the number of the training
// step, and the learning rates. All are kept on the device, which advances them at the end
// of each step (Device.Advance). So replaying a step needs nothing from the host: on a GPU it
// is one launch and no copies. The host knows the device's values and writes them only if the
// next step needs others: at the start of an epoch, or when a callback changes the learning
// rate.

// counters is that memory, and what the host knows about it.
type counters struct {
	model *Sequential

	all    *tensor.Tensor // int32: cursor, step, and the row of the table with the next step's rates
	cursor *tensor.Tensor // the position in the index where the batch starts
	step   *tensor.Tensor // the number of the training step
	rates  *tensor.Tensor // the two learning rates, see Updater.Rates
	table  *tensor.Tensor // [tableRows, 2]: the rates of future steps
	by     map[stepKind]*tensor.Tensor

	end      int      // the position in the index where the epoch ends; 0 for that where the data do
	now      [3]int32 // the device's values of all
	ratesNow [2]float32
	tableNow [2 * tableRows]float32
	learning []float64 // the learning rate of each step in the table
	first    int       // the first of these steps
}

// tableRows is the maximum number of steps for which rates are computed ahead.
const tableRows = 256

func newCounters(m *Sequential) *counters {
	d := m.device
	all := tensor.NewOf(d, kernels.Int32, 3)
	return &counters{model: m, all: all, cursor: all.Slice(0, 1), step: all.Slice(1, 2),
		rates: tensor.New(d, 2), table: tensor.New(d, tableRows, 2), by: map[stepKind]*tensor.Tensor{},
		learning: make([]float64, 0, tableRows)}
}

func (c *counters) free() {
	for _, t := range c.by {
		t.Free()
	}
	for _, t := range []*tensor.Tensor{c.all, c.rates, c.table} {
		t.Free()
	}
}

// set makes sure that the device has the values for a step whose batch starts at from.
func (c *counters) set(kind stepKind, from int) {
	want := [3]int32{int32(from), c.now[1], c.now[2]}
	if kind.training {
		want[1] = int32(c.model.step)
		if !c.known(c.model.step) && c.ratesAt(c.model.step) != c.ratesNow {
			c.fill(1 + max(0, cmp.Or(c.end, kind.x.Dim(0))-from-1)/kind.batch)
			want[2] = 0
		}
	}
	if want != c.now {
		c.now = want
		tensor.Set(c.all, c.now[:])
	}
}

// known reports whether the device's current row of the table was computed for this step and for
// the current learning rate. Then it need not be computed again, which for Adam takes two powers.
func (c *counters) known(step int) bool {
	row := int(c.now[2])
	return row < len(c.learning) && c.first+row == step && c.learning[row] == c.model.learningRateAt(step)
}

// ratesAt returns the optimizer's rates at a step, if nothing changes them before.
func (c *counters) ratesAt(step int) [2]float32 {
	return c.model.updater.Rates(c.model.learningRateAt(step), step)
}

// fill writes the rates of the coming steps into the table, at most those of the current
// epoch (a schedule need not be defined beyond it), and those of this step into rates. The
// remaining rows repeat the last, so constant rates are never written again.
func (c *counters) fill(steps int) {
	c.learning, c.first = c.learning[:0], c.model.step
	for i := range tableRows {
		rates := c.tableNow[max(0, 2*i-2):]
		if i < steps {
			next := c.ratesAt(c.model.step + i)
			rates = next[:]
			c.learning = append(c.learning, c.model.learningRateAt(c.model.step+i))
		}
		copy(c.tableNow[2*i:], rates[:2])
	}
	c.ratesNow = [2]float32(c.tableNow[:2])
	tensor.Set(c.table, c.tableNow[:])
	tensor.Set(c.rates, c.ratesNow[:])
}

// record records Advance as the last work of a step.
func (c *counters) record(t *autograd.Tape, kind stepKind) {
	by := tensor.From(t.Device(), []int32{int32(kind.batch), 0, 0}, 3)
	c.by[kind] = by
	if !kind.training {
		t.Do("advance", func() { t.Device().Advance(c.all.Buffer(), by.Buffer(), nil, nil) })
		return
	}
	tensor.Set(by, []int32{int32(kind.batch), 1, 1})
	t.After(func() { t.Device().Advance(c.all.Buffer(), by.Buffer(), c.rates.Buffer(), c.table.Buffer()) })
}

// passed updates the host's copy after a step.
func (c *counters) passed(kind stepKind) {
	c.now[0] += int32(kind.batch)
	if !kind.training {
		return
	}
	c.now[1]++
	c.now[2]++
	if row := int(c.now[2]); row < tableRows {
		c.ratesNow = [2]float32(c.tableNow[2*row:])
	}
}
