package kernels

// Checks for operations whose spec alone does not determine all sizes. Like the
// Check methods of spec.go, they are called by every device.

// Check panics unless y and x have s.Len() elements each. (A permutation does not
// change the number, so either of them may be the permuted one.)
func (s PermuteSpec) Check(op string, y, x Buffer) {
	Want(op, "output", y, Float32, s.Len())
	Want(op, "input", x, Float32, s.Len())
}

// CheckMax panics unless the axis has at least one element and arg is int32
// [Outer,Inner]. A nil y is not checked.
func (s ReduceSpec) CheckMax(op string, y, arg, x Buffer) {
	if s.N < 1 {
		Panicf(op, "the axis has %d elements: a maximum needs at least 1", s.N)
	}
	if y != nil {
		s.Check(op, y, Float32, x)
	}
	s.Check(op, arg, Int32, x)
}

// CheckRows panics unless every buffer is float32 [rows, cols].
func CheckRows(op string, rows, cols int, buffers ...Buffer) {
	for _, b := range buffers {
		Want(op, "matrix", b, Float32, rows*cols)
	}
}

// CheckBiasReLU panics unless dx, dy and y are float32 [rows, cols] and dbias,
// which may be nil, is float32 [cols].
func CheckBiasReLU(op string, dx, dbias, dy, y Buffer, rows, cols int) {
	CheckRows(op, rows, cols, dx, dy, y)
	if dbias != nil {
		Want(op, "bias", dbias, Float32, cols)
	}
}

// CheckBatchNorm panics unless rows is at least 1, the matrices are float32 [rows, cols] and the
// columns' values float32 [cols]. Those of optional may be nil.
func CheckBatchNorm(op string, rows, cols int, matrices, columns, optional [2]Buffer) {
	if rows < 1 {
		Panicf(op, "%d rows: a column must have 1 at least for a mean", rows)
	}
	CheckRows(op, rows, cols, matrices[0], matrices[1])
	Want(op, "mean", columns[0], Float32, cols)
	Want(op, "variance", columns[1], Float32, cols)
	for i, name := range [2]string{"gamma", "beta"} {
		if optional[i] != nil {
			Want(op, name, optional[i], Float32, cols)
		}
	}
}

// CheckLayerNorm panics unless cols is at least 1, the matrices are float32 [rows, cols], mean and
// inverse float32 [rows], and those of columns, which may be nil, float32 [cols].
func CheckLayerNorm(op string, rows, cols int, matrices [2]Buffer, mean, inverse Buffer, columns ...Buffer) {
	if cols < 1 {
		Panicf(op, "%d columns: a row must have 1 at least for a mean", cols)
	}
	CheckRows(op, rows, cols, matrices[0], matrices[1])
	Want(op, "mean", mean, Float32, rows)
	Want(op, "inverse deviation", inverse, Float32, rows)
	for i, b := range columns {
		if b != nil {
			Want(op, [...]string{"gamma", "beta"}[i], b, Float32, cols)
		}
	}
}

// CheckLayerNormGrad is CheckLayerNorm for the gradient's operands: dx, dgamma, dbeta and gamma
// may be nil.
func CheckLayerNormGrad(op string, rows, cols int, dx, dgamma, dbeta, dy, x, mean, inverse, gamma Buffer) {
	CheckLayerNorm(op, rows, cols, [2]Buffer{dy, x}, mean, inverse, dgamma, dbeta)
	if gamma != nil {
		Want(op, "gamma", gamma, Float32, cols)
	}
	if dx != nil {
		CheckRows(op, rows, cols, dx)
	}
}

// CheckLoss panics unless loss is float32 [rows], x float32 [rows, cols], and
// labels either int32 [rows] or float32 [rows, cols].
func CheckLoss(op string, loss, x, labels Buffer, rows, cols int) {
	Want(op, "loss", loss, Float32, rows)
	Want(op, "input", x, Float32, rows*cols)
	if labels != nil && labels.Type() == Int32 {
		Want(op, "labels", labels, Int32, rows)
		return
	}
	Want(op, "labels", labels, Float32, rows*cols)
}

// CheckAccuracy is CheckLoss with at least one column.
func CheckAccuracy(y, x, labels Buffer, rows, cols int) {
	const op = "accuracy"
	if cols < 1 {
		Panicf(op, "%d columns: a row must have 1 at least", cols)
	}
	CheckLoss(op, y, x, labels, rows, cols)
}

// CheckTargets is CheckLoss where the labels must be float32 [rows, cols].
func CheckTargets(op string, loss, x, targets Buffer, rows, cols int) {
	Want(op, "loss", loss, Float32, rows)
	Want(op, "input", x, Float32, rows*cols)
	Want(op, "targets", targets, Float32, rows*cols)
}

// Check panics unless y and x have the same size, step is one int32, and the rate lies in [0,1].
func (s DropoutSpec) Check(op string, y, x, step Buffer) {
	if !(s.Rate >= 0 && s.Rate <= 1) {
		Panicf(op, "the rate is %v, must be from 0 to 1", s.Rate)
	}
	Want(op, "step", step, Int32, 1)
	SameLen(op, x, y)
}

// Check panics unless the buffers have the same size and rate holds a learning rate.
func (s SGDSpec) Check(w, g, v, rate Buffer) { s.check("sgd", w, g, v, rate) }

func (s SGDSpec) check(op string, w, g, v, rate Buffer) {
	SameLen(op, w, g)
	if s.Momentum != 0 {
		Want(op, "velocity", v, Float32, w.Len())
	}
	checkRate(op, rate, 1)
}

// Check panics unless the buffers have the same size and rate holds a learning rate.
func (s RMSpropSpec) Check(w, g, v, mean, moment, rate Buffer) {
	s.check("rmsprop", w, g, v, mean, moment, rate)
}

func (s RMSpropSpec) check(op string, w, g, v, mean, moment, rate Buffer) {
	SameLen(op, w, g, v)
	if s.Centered {
		Want(op, "mean gradient", mean, Float32, w.Len())
	}
	if s.Momentum != 0 {
		Want(op, "moment", moment, Float32, w.Len())
	}
	checkRate(op, rate, 1)
}

// Check panics unless the buffers have the same size and rate holds two learning rates.
func (s AdamSpec) Check(w, g, m, v, rate Buffer) { s.check("adam", w, g, m, v, rate) }

func (s AdamSpec) check(op string, w, g, m, v, rate Buffer) {
	SameLen(op, w, g, m, v)
	checkRate(op, rate, 2)
}

// checkRate accepts longer rate buffers, so that one can serve every optimizer.
func checkRate(op string, rate Buffer, least int) {
	if rate == nil || rate.Type() != Float32 || rate.Len() < least {
		Panicf(op, "the rate must be a buffer of at least %d float32", least)
	}
}
