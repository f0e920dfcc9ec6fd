package nn

import (
	"baregrad/autograd"
	"baregrad/tensor"
)

// BinaryFocalCrossentropy is BinaryCrossentropy of each output, times (1−q)^Gamma for the probability
// q that the model gives to the right answer: what it is sure of already counts for less (Lin, Goyal,
// Girshick, He and Dollár, "Focal loss for dense object detection", 2017). It is for data in which
// one answer is much more frequent. Targets are as for BinaryCrossentropy. After a Sigmoid, or with
// FromLogits, it is computed from the logits.
type BinaryFocalCrossentropy struct {
	Gamma          float64 `json:",omitempty"` // 2 if 0
	ClassBalancing bool    `json:",omitempty"` // weight targets of 1 by Alpha, and those of 0 by 1−Alpha
	Alpha          float64 `json:",omitempty"` // 0.25 if 0
	FromLogits     bool    // the model's last layer has no sigmoid; if it has, its input is taken
	LabelSmoothing float64 `json:",omitempty"` // the share of each target, from 0 to 1, that is moved to one half
}

// Name is "binary_focal_crossentropy".
func (BinaryFocalCrossentropy) Name() string { return "binary_focal_crossentropy" }

// Check refuses labels that are not float32 with the shape of the model's output, or not all from 0
// to 1, and settings out of range.
func (l BinaryFocalCrossentropy) Check(output []int, labels *tensor.Tensor) error {
	return firstError(checkFocal(l.Name(), l.Gamma, l.Alpha, l.LabelSmoothing), checkTargetsWithin(l.Name(), output, labels, 0, 1))
}

// Record records the loss of each example: [batch].
func (l BinaryFocalCrossentropy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return byExample(t, out, l.byPosition(t, out, labels))
}

func (l BinaryFocalCrossentropy) byPosition(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	y := byPosition(t, smoothed(t, labels, l.LabelSmoothing, 2))
	single := func(x *autograd.Var) *autograd.Var { return t.Reshape(x, -1, 1) } // rows of one number each
	var p, loss *autograd.Var
	if out.Activation == Sigmoid || l.FromLogits {
		logits := byPosition(t, out.logits(t))
		p, loss = t.Sigmoid(logits), t.SigmoidBinaryCrossEntropy(single(logits), single(y))
	} else {
		p = byPosition(t, out.Value(t))
		loss = t.BinaryCrossEntropy(single(p), single(y))
	}
	loss = t.Reshape(loss, y.Shape()...)
	wrong := t.Sub(t.Add(p, y), t.Affine(t.Mul(p, y), 2, 0)) // 1−q = y·(1−p) + (1−y)·p
	loss = t.Mul(loss, power(t, wrong, or(l.Gamma, 2)))
	if l.ClassBalancing {
		alpha := or(l.Alpha, 0.25)
		loss = t.Mul(loss, t.Affine(y, float32(2*alpha-1), float32(1-alpha)))
	}
	return t.Mean(loss, 1, 1)
}

// CategoricalFocalCrossentropy is Alpha·(1−p)^Gamma times CategoricalCrossentropy, for the probability
// p that the model gives to the label's class: see BinaryFocalCrossentropy. Labels are one-hot rows,
// float32 with the shape of the model's output. After a Softmax, or with FromLogits, it is computed
// from the logits. Other predictions are divided by their sum and clipped to [1e-7, 1−1e-7].
type CategoricalFocalCrossentropy struct {
	Gamma          float64 `json:",omitempty"` // 2 if 0
	Alpha          float64 `json:",omitempty"` // 0.25 if 0
	FromLogits     bool    // the model's last layer has no softmax; if it has, its input is taken
	LabelSmoothing float64 `json:",omitempty"` // the share of each label, from 0 to 1, that is spread evenly over the classes
}

// Name is "categorical_focal_crossentropy".
func (CategoricalFocalCrossentropy) Name() string { return "categorical_focal_crossentropy" }

// Check refuses labels that are not float32 with the shape of the model's output, and settings out
// of range.
func (l CategoricalFocalCrossentropy) Check(output []int, labels *tensor.Tensor) error {
	return firstError(checkFocal(l.Name(), l.Gamma, l.Alpha, l.LabelSmoothing), checkTargets(output, labels))
}

// Record records the loss of each example: [batch].
func (l CategoricalFocalCrossentropy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return byExample(t, out, l.byPosition(t, out, labels))
}

func (l CategoricalFocalCrossentropy) byPosition(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	y := byPosition(t, labels)
	y = smoothed(t, y, l.LabelSmoothing, y.Value.Dim(1))
	var p, logs *autograd.Var
	if out.Activation == Softmax || l.FromLogits {
		logits := byPosition(t, out.logits(t))
		p, logs = t.Softmax(logits), t.LogSoftmax(logits)
	} else {
		p = byPosition(t, out.Value(t))
		p = t.Div(p, t.Reshape(t.Sum(p, 1, 1), -1, 1))
		p = atMost(t, atLeast(t, p, epsilon), 1-epsilon)
		logs = t.Log(p)
	}
	factor := t.Affine(power(t, t.Affine(p, -1, 1), or(l.Gamma, 2)), float32(-or(l.Alpha, 0.25)), 0)
	return t.Sum(t.Mul(t.Mul(factor, logs), y), 1, 1)
}

// power is x to the given power, for x from 0.
func power(t *autograd.Tape, x *autograd.Var, exponent float64) *autograd.Var {
	switch exponent {
	case 1:
		return x
	case 2:
		return t.Mul(x, x)
	}
	return t.Exp(t.Affine(t.Log(atLeast(t, x, 1e-12)), float32(exponent), 0))
}

func checkFocal(name string, gamma, alpha, smoothing float64) error {
	return firstError(within(name, "gamma", gamma, 0, 1e3), within(name, "alpha", alpha, 0, 1), within(name, "label smoothing", smoothing, 0, 1))
}
