package nn

import (
	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// What changes from step to step is where a batch begins, the number of the training
// step, and the learning rates. All of it lies on the device, and the device moves it
// on at the end of each step (Device.Advance). So a step that is replayed needs nothing
// from the host, which on a GPU is a launch and no copies. The host knows what the
// device has, and writes only where that is not what the next step needs: at the
// beginning of an epoch, or when a callback sets another learning rate.

// counters is that memory, and what the host knows of it.
type counters struct {
	model *Sequential

	all    *tensor.Tensor // int32: cursor, step, and the row of the table that the next step's rates are in
	cursor *tensor.Tensor // the position in the index where the batch begins
	step   *tensor.Tensor // the number of the training step
	rates  *tensor.Tensor // the two learning rates, see Updater.Rates
	table  *tensor.Tensor // [tableRows, 2]: the rates of steps to come
	by     map[stepKind]*tensor.Tensor

	now      [3]int32 // in all
	ratesNow [2]float32
	tableNow [2 * tableRows]float32
	learning []float64 // the learning rate of each step that the table is for
	first    int       // and the first of these steps
}

// tableRows is for how many steps rates are worked out ahead, at most.
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

// set sees to it that the device has what a step needs whose batch begins at from.
func (c *counters) set(kind stepKind, from int) {
	want := [3]int32{int32(from), c.now[1], c.now[2]}
	if kind.training {
		want[1] = int32(c.model.step)
		if !c.known(c.model.step) && c.ratesAt(c.model.step) != c.ratesNow {
			c.fill(1 + max(0, kind.x.Dim(0)-from-1)/kind.batch)
			want[2] = 0
		}
	}
	if want != c.now {
		c.now = want
		tensor.Set(c.all, c.now[:])
	}
}

// known tells whether the row that the device has come to was worked out for this step and for the
// learning rate that it has now: it need not be worked out again, which for Adam takes two powers.
func (c *counters) known(step int) bool {
	row := int(c.now[2])
	return row < len(c.learning) && c.first+row == step && c.learning[row] == c.model.learningRateAt(step)
}

// ratesAt gives the optimizer's rates at a step, if nothing changes them before.
func (c *counters) ratesAt(step int) [2]float32 {
	return c.model.updater.Rates(c.model.learningRateAt(step), step)
}

// fill puts the rates of the steps from now on into the table, of as many as the epoch
// still has (a schedule need not know more), and those of this step into their place.
// The rows behind them repeat the last: rates that stay are never written again.
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

// record makes the moving on the last work of a step.
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

// passed notes what the device has moved on to after a step.
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
