package nn

import (
	"slices"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A session is one running Fit, Evaluate or Predict. It holds the tapes that it has
// recorded, one for each kind of step, and the device memory that they read. free
// frees all of it.
type session struct {
	model    *Sequential
	tapes    map[stepKind]*recorded
	index    map[int]*tensor.Tensor // for n examples: the order in which they are used
	counters *counters              // the device's position in the data and in the training
	totals   *tensor.Tensor         // the loss and each metric, summed over the examples so far; then the divisors of RatioMetrics, then the sums of SumsMetrics

	constraints []*tensor.Tensor // what constraints compute with

	penalty *recorded // the regularizers' penalty for evaluations; nil until one needs it

	sums      int       // how many of the totals are sums of SumsMetrics
	totalsNow []float32 // the totals on the host; kept so that reading allocates nothing
	unreached []string  // trainable parameters that get no gradient
}

// A stepKind identifies the steps that can share a tape.
type stepKind struct {
	x, y     *tensor.Tensor // the data set's examples [n, …] and labels [n, …]; y is nil for predictions
	weights  *tensor.Tensor // float32 [n] or [n, positions]: exampleWeights; nil if all count the same
	batch    int            // examples in the step
	training bool
	keep     bool // keep the output of a step that has labels
	last     int  // the number of the layer whose output is wanted
}

// recorded is a step that can be replayed.
type recorded struct {
	tape   *autograd.Tape
	output *autograd.Var // the model's output, for a prediction or with keep
}

func newSession(m *Sequential) *session {
	d := m.device
	totals, sums := 1+len(m.metrics), 0
	for _, metric := range m.metrics {
		switch metric := metric.(type) {
		case RatioMetric:
			totals++
		case SumsMetric:
			sums += metric.Sums()
		}
	}
	return &session{
		model: m, tapes: map[stepKind]*recorded{}, index: map[int]*tensor.Tensor{},
		counters:  newCounters(m),
		totals:    tensor.New(d, totals+sums),
		totalsNow: make([]float32, totals+sums),
		sums:      sums,
	}
}

func (s *session) free() {
	for _, r := range s.tapes {
		r.tape.Free()
	}
	if s.penalty != nil {
		s.penalty.tape.Free()
	}
	for _, t := range s.constraints {
		t.Free()
	}
	for _, t := range s.index {
		t.Free()
	}
	s.counters.free()
	s.totals.Free()
}

// uncaptured returns the error with which the device refused to capture a training step, or nil.
func (s *session) uncaptured() error {
	for kind, r := range s.tapes {
		if _, refused := r.tape.Captured(); kind.training && refused != nil {
			return refused
		}
	}
	return nil
}

// order sets the order in which n examples are used.
func (s *session) order(order []int32) {
	t := s.index[len(order)]
	if t == nil {
		t = tensor.NewOf(s.model.device, kernels.Int32, len(order))
		s.index[len(order)] = t
	}
	tensor.Set(t, order)
}

// run does a step on the batch that starts at position from of the order.
func (s *session) run(kind stepKind, from int) *recorded {
	s.counters.set(kind, from)
	r := s.tapes[kind]
	switch {
	case r == nil:
		r = s.record(kind)
	case kind.training:
		r.tape.Replay()
	default:
		r.tape.Forward()
	}
	s.counters.passed(kind)
	if kind.training {
		s.model.step++
	}
	return r
}

// record runs a step for the first time and keeps it.
func (s *session) record(kind stepKind) *recorded {
	m := s.model
	t := autograd.NewForwardTape(m.device)
	if kind.training {
		t = autograd.NewTape(m.device)
		t.ShareMemory()
	}
	r := &recorded{tape: t}
	s.tapes[kind] = r // before anything can fail, so that free finds it
	p := &Pass{Tape: t, Training: kind.training, step: autograd.NewConst(s.counters.step), seed: m.dropout}
	// Similar operations are adjacent: a GPU runs two gathers, or two sums, at once.
	x := s.gather(t, kind.x, kind.batch)
	var labels, weights *autograd.Var
	if kind.y != nil {
		labels = s.gather(t, kind.y, kind.batch)
	}
	if kind.weights != nil {
		weights = s.gather(t, kind.weights, kind.batch)
	}
	out := m.forward(p, x, kind.last)
	if kind.y == nil {
		r.output = out.Value(t)
		s.counters.record(t, kind)
		return r
	}
	out.weights = weights
	rows := recordLoss(t, m.loss, out, labels, weights)
	if kind.training {
		if penalty := m.Penalty(t); penalty != nil {
			rows = t.Add(rows, penalty) // added to each example's loss, and so to the mean
		}
	}
	measured, batchSums := []*autograd.Var{rows}, []*autograd.Var(nil)
	for _, metric := range m.metrics {
		values := metric.Record(t, out, labels)
		if sums, ok := metric.(SumsMetric); ok {
			checkRecorded("metric "+metric.Name(), values, []int{sums.Sums()}, "its sums over the batch")
			batchSums, values = append(batchSums, values), nil
		} else {
			checkRecorded("metric "+metric.Name(), values, []int{kind.batch}, "a number for each example")
		}
		measured = append(measured, values)
	}
	for _, metric := range m.metrics {
		if ratio, ok := metric.(RatioMetric); ok {
			values := ratio.RecordDenominator(t, out, labels)
			checkRecorded("the divisor of metric "+metric.Name(), values, []int{kind.batch}, "a number for each example")
			measured = append(measured, values)
		}
	}
	for i, examples := range measured {
		if examples != nil {
			s.add(t, i, examples)
		}
	}
	at := len(measured)
	for _, sums := range batchSums {
		total := s.totals.Slice(at, at+sums.Value.Len()).Buffer()
		t.Do("total", func() { t.Device().AddScaled(total, sums.Value.Buffer(), 1) })
		at += sums.Value.Len()
	}
	if kind.training {
		t.BackwardMean(rows)
		s.recordUpdate(t)
		s.constrain(t)
		s.counters.record(t, kind)
		t.RunAfter()
	} else {
		s.counters.record(t, kind)
	}
	if kind.keep {
		r.output = out.Value(t)
	}
	return r
}

// recordUpdate records the optimizer's steps. With clipping they come at the end of the
// training step. Without it, the tape may do a step as soon as its gradient is computed.
func (s *session) recordUpdate(t *autograd.Tape) {
	m := s.model
	var trained []*Param
	var places []int
	learnt := m.learnt()
	for i, param := range learnt {
		switch {
		case t.HasGrad(param.Var):
			trained, places = append(trained, param), append(places, i)
		case param.Trainable() && !slices.Contains(s.unreached, param.Name):
			s.unreached = append(s.unreached, param.Name)
		}
	}
	m.optimizer.Clipping().record(t, trained)
	for _, i := range places {
		t.Update(learnt[i].Var, m.updater.Update(i, s.counters.rates.Buffer()))
	}
}

// gather records copying a batch's rows from a data set. uint8 images become float32
// from 0 to 1.
func (s *session) gather(t *autograd.Tape, from *tensor.Tensor, batch int) *autograd.Var {
	shape := append([]int{batch}, from.Shape()[1:]...)
	spec := kernels.GatherSpec{Rows: batch, Width: tensor.Size(shape[1:]), Scale: 1}
	elements := kernels.Float32
	switch from.Type() {
	case kernels.Uint8:
		spec.Scale = 1.0 / 255
	case kernels.Int32:
		elements = kernels.Int32
	}
	to := t.InputOf(elements, shape...)
	index := s.index[from.Dim(0)]
	t.Do("gather", func() {
		t.Device().Gather(to.Value.Buffer(), from.Buffer(), index.Buffer(), s.counters.cursor.Buffer(), spec)
	})
	return to
}

// add records totals[i] += the sum over a batch's examples.
func (s *session) add(t *autograd.Tape, i int, examples *autograd.Var) {
	total, all := s.totals.Slice(i, i+1).Buffer(), kernels.ReduceSpec{Outer: 1, N: examples.Value.Len(), Inner: 1}
	t.Do("total", func() { t.Device().Sum(total, examples.Value.Buffer(), all, kernels.Accumulate) })
}

// resetTotals starts new sums over examples.
func (s *session) resetTotals() { s.model.device.Fill(s.totals.Buffer(), 0) }

// means reads the loss and the metrics, each as the mean over n examples, or, for a
// RatioMetric, divided by its own sum, or computed from its sums.
func (s *session) means(n int, prefix string) map[string]float64 {
	kernels.Download(s.model.device, s.totalsNow, s.totals.Buffer())
	values := map[string]float64{prefix + "loss": float64(s.totalsNow[0]) / float64(n)}
	divisors := s.totalsNow[1+len(s.model.metrics):]
	sums := s.totalsNow[len(s.totalsNow)-s.sums:]
	for i, metric := range s.model.metrics {
		divisor, value := float64(n), float64(s.totalsNow[1+i])
		switch metric := metric.(type) {
		case RatioMetric:
			divisor, divisors = float64(divisors[0]), divisors[1:]
		case SumsMetric:
			own := make([]float64, metric.Sums())
			for j := range own {
				own[j] = float64(sums[j])
			}
			divisor, value, sums = 1, metric.Result(own), sums[len(own):]
		}
		if divisor != 0 {
			value /= divisor
		}
		values[prefix+metric.Name()] = value
	}
	return values
}

// penaltyNow is the regularizers' penalty for the current weights, 0 if there is none. It is
// the same for all batches of an evaluation.
func (s *session) penaltyNow() float64 {
	switch {
	case s.penalty == nil:
		s.penalty = &recorded{tape: autograd.NewForwardTape(s.model.device)}
		s.penalty.output = s.model.Penalty(s.penalty.tape)
	case s.penalty.output != nil:
		s.penalty.tape.Forward()
	}
	if s.penalty.output == nil {
		return 0
	}
	return float64(s.penalty.output.Value.Floats()[0])
}

// ascending is the order 0, 1, 2, ….
func ascending(n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	return order
}
