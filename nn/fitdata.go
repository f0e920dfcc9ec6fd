package nn

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"

	"baregrad/kernels"
	"baregrad/tensor"
)

// How Fit, Evaluate and Predict prepare options and data before anything is computed.

// prepareFit fills in defaults, splits off validation data, and checks everything.
func (m *Sequential) prepareFit(x, y *tensor.Tensor, o FitOptions) (FitOptions, *tensor.Tensor, *tensor.Tensor, error) {
	fail := func(err error) (FitOptions, *tensor.Tensor, *tensor.Tensor, error) { return o, nil, nil, err }
	if m.updater == nil {
		return fail(errors.New("fit: the model is not compiled"))
	}
	if o.Epochs == 0 {
		o.Epochs = 1
	}
	if o.Output == nil {
		o.Output = os.Stdout
	}
	if o.Epochs < 1 {
		return fail(fmt.Errorf("fit: epochs is %d, must be at least 1", o.Epochs))
	}
	if o.InitialEpoch < 0 {
		return fail(fmt.Errorf("fit: initial epoch is %d, must be at least 0", o.InitialEpoch))
	}
	if o.Verbose < Auto || o.Verbose > Silent {
		return fail(fmt.Errorf("fit: verbose is %d, must be Auto, Bar, Lines or Silent, which are 0 to 3", o.Verbose))
	}
	if i := slices.IndexFunc(o.Callbacks, func(c Callback) bool { return isNil(c) }); i >= 0 {
		return fail(fmt.Errorf("fit: callback %d is nil", i))
	}
	if !slices.ContainsFunc(m.params, func(p *Param) bool { return p.Trainable() }) {
		return fail(errors.New("fit: the model has nothing to train: it has no parameters, or all are frozen"))
	}
	if err := m.checkData("fit", x, y, cmp.Or(o.BatchSize, 1)); err != nil {
		return fail(err)
	}
	if err := m.checkSampleWeight("fit", o.SampleWeight, x.Dim(0)); err != nil {
		return fail(err)
	}
	if o.ValidationBatchSize < 0 || o.ValidationFreq < 0 {
		return fail(fmt.Errorf("fit: validation batch size is %d and validation frequency %d, must be at least 1, or 0 for the default",
			o.ValidationBatchSize, o.ValidationFreq))
	}
	if o.ValidationX == nil && o.ValidationSplit == 0 && (o.ValidationBatchSize != 0 || o.ValidationSteps != 0 || o.ValidationFreq != 0) {
		return fail(fmt.Errorf("fit: validation batch size %d, steps %d and frequency %d were given, but no examples to validate with",
			o.ValidationBatchSize, o.ValidationSteps, o.ValidationFreq))
	}
	if o.ValidationX == nil && (o.ValidationY != nil || o.ValidationSampleWeight != nil) {
		return fail(errors.New("fit: labels or weights to validate with were given, but no examples"))
	}
	if split := o.ValidationSplit; split != 0 {
		if o.ValidationX != nil {
			return fail(errors.New("fit: both validation data and a validation split were given"))
		}
		if !(split > 0 && split < 1) {
			return fail(fmt.Errorf("fit: validation split is %v, must be between 0 and 1", split))
		}
		n := x.Dim(0)
		cut := int(math.Floor(float64(n) * (1 - split)))
		if cut == 0 || cut == n {
			return fail(fmt.Errorf("fit: a validation split of %v leaves one side of %d examples empty", split, n))
		}
		if o.SampleWeight != nil {
			at := len(o.SampleWeight) / n * cut // an example may have several weights
			o.SampleWeight, o.ValidationSampleWeight = o.SampleWeight[:at], o.SampleWeight[at:]
		}
		o.ValidationX, o.ValidationY = x.Slice(cut, n), y.Slice(cut, n)
		x, y = x.Slice(0, cut), y.Slice(0, cut)
	} else if o.ValidationX != nil {
		if err := m.checkData("fit: validation data", o.ValidationX, o.ValidationY, cmp.Or(o.BatchSize, 1)); err != nil {
			return fail(err)
		}
	}
	if o.ValidationX != nil {
		if err := m.prepareValidation(&o); err != nil {
			return fail(err)
		}
	}
	var err error
	if o.BatchSize, err = batchSize("fit", "steps per epoch", o.BatchSize, o.StepsPerEpoch, x.Dim(0)); err != nil {
		return fail(err)
	}
	return o, x, y, nil
}

// prepareValidation fills in the size of the validation's batches and cuts the data that
// ValidationSteps leaves out.
func (m *Sequential) prepareValidation(o *FitOptions) (err error) {
	n := o.ValidationX.Dim(0)
	if err := m.checkSampleWeight("fit: validation data", o.ValidationSampleWeight, n); err != nil {
		return err
	}
	size := cmp.Or(o.ValidationBatchSize, o.BatchSize)
	if o.ValidationBatchSize, err = batchSize("fit: validation data", "validation steps", size, o.ValidationSteps, n); err != nil {
		return err
	}
	o.ValidationX, o.ValidationY, o.ValidationSampleWeight =
		firstSteps(o.ValidationSteps, o.ValidationBatchSize, o.ValidationX, o.ValidationY, o.ValidationSampleWeight)
	return nil
}

// stepsOf is the number of batches of a size in n examples, at least 1. The last may be smaller.
func stepsOf(n, size int) int { return 1 + (n-1)/size }

// batchSize is the size of the batches of n examples: the given one, or if that is 0, what
// divides the examples into the steps, or if these are 0 too, 32. It refuses more steps than
// there are batches. what names the steps for the error.
func batchSize(op, what string, given, steps, n int) (int, error) {
	if steps < 0 {
		return 0, fmt.Errorf("%s: %s is %d, must be at least 1, or 0 for all examples", op, what, steps)
	}
	size := given
	switch {
	case given == 0 && steps > 0:
		size = stepsOf(n, steps)
	case given == 0:
		size = 32
	}
	if batches := stepsOf(n, size); steps > batches {
		return 0, fmt.Errorf("%s: %s is %d, must be at most %d: that is how many batches of %d are in %d examples",
			op, what, steps, batches, size, n)
	}
	return size, nil
}

// firstSteps returns the examples, labels and weights of the first steps, or all if steps is 0.
// Labels and weights may be nil.
func firstSteps(steps, size int, x, y *tensor.Tensor, weights []float32) (*tensor.Tensor, *tensor.Tensor, []float32) {
	n := x.Dim(0)
	if steps == 0 || steps >= stepsOf(n, size) {
		return x, y, weights
	}
	k := steps * size
	if y != nil {
		y = y.Slice(0, k)
	}
	if weights != nil {
		weights = weights[:len(weights)/n*k] // an example may have several weights
	}
	return x.Slice(0, k), y, weights
}

// labels converts labels to the shape and type that the loss takes, where Keras accepts
// others too. For a model with one output, float32 [n] becomes [n 1]. Class numbers [n 1],
// as in CIFAR-10, become [n]. If the output has more axes, they stand in between. For a loss
// of this package that compares numbers, int32 of the output's shape becomes float32. The
// caller calls free when it no longer needs the labels.
func (m *Sequential) labels(y *tensor.Tensor) (labels *tensor.Tensor, free func()) {
	free = func() {}
	if y == nil || y.Rank() == 0 || y.Buffer().Freed() { // checkData says so
		return y, free
	}
	output, shape := m.OutputShape(), y.Shape()
	last := len(output) - 1
	if last < 0 {
		return y, free
	}
	if _, sparse := m.loss.(SparseCategoricalCrossentropy); sparse {
		if y.Type() == kernels.Int32 && slices.Equal(shape[1:], append(slices.Clone(output[:last]), 1)) {
			y = y.Reshape(shape[:len(shape)-1]...)
		}
		return y, free
	}
	whole := y.Type() == kernels.Int32 && knowsPositions(m.loss)
	if (whole || y.Type() == kernels.Float32) && output[last] == 1 && slices.Equal(shape[1:], output[:last]) {
		y = y.Reshape(append(slices.Clone(shape), 1)...)
	}
	if whole && slices.Equal(y.Shape()[1:], output) {
		numbers := make([]float32, y.Len())
		for i, v := range y.Ints() {
			numbers[i] = float32(v)
		}
		y = tensor.From(y.Device(), numbers, y.Shape()...)
		free = y.Free
	}
	return y, free
}

// elsewhere is the error text for data in the memory of another device than the model's.
func (m *Sequential) elsewhere(d kernels.Device) string {
	if d.Name() == m.device.Name() {
		return fmt.Sprintf("in the memory of another device than the model's, though both are called %s: "+
			"each opening makes a device of its own; use one for both, or copy them with Tensor.To", d.Name())
	}
	return fmt.Sprintf("in the memory of %s, the model computes on %s: Tensor.To copies them there", d.Name(), m.device.Name())
}

// checkExamples returns an error if the examples do not fit this model.
func (m *Sequential) checkExamples(op string, x *tensor.Tensor, batch int) error {
	if batch < 1 {
		return fmt.Errorf("%s: batch size is %d, must be at least 1", op, batch)
	}
	if x == nil {
		return fmt.Errorf("%s: no examples were given", op)
	}
	if x.Buffer().Freed() {
		return fmt.Errorf("%s: the examples, %v %v, were freed", op, x.Type(), x.Shape())
	}
	if x.Device() != m.device {
		return fmt.Errorf("%s: the examples are %s", op, m.elsewhere(x.Device()))
	}
	if x.Type() == kernels.Int32 {
		return fmt.Errorf("%s: the examples are int32, must be float32 or uint8", op)
	}
	if x.Rank() == 0 || !slices.Equal(x.Shape()[1:], m.input) {
		return fmt.Errorf("%s: the examples are %v, the model takes %s%s", op, x.Shape(), shapeString(m.input), m.reshapeHint(x.Shape()))
	}
	if x.Dim(0) == 0 {
		return fmt.Errorf("%s: there are 0 examples, must be at least 1", op)
	}
	return nil
}

// reshapeHint suggests a Reshape for examples of the wrong shape if their numbers are in the
// right order already. Otherwise it is empty.
func (m *Sequential) reshapeHint(shape []int) string {
	sizes := func(shape []int) []int {
		return slices.DeleteFunc(slices.Clone(shape), func(n int) bool { return n == 1 })
	}
	if len(shape) == 0 {
		return ""
	}
	example := shape[1:]
	switch {
	case slices.Equal(shape, m.input):
		return fmt.Sprintf("; one example is a batch too: Reshape it to %v", append([]int{1}, m.input...))
	case slices.Equal(sizes(example), sizes(m.input)), // only axes of size 1 are missing or extra
		min(len(example), len(m.input)) == 1 && tensor.Size(example) == tensor.Size(m.input): // or one side is flat
		return fmt.Sprintf("; Reshape them to %v", append([]int{-1}, m.input...))
	}
	return ""
}

// checkData returns an error if examples and labels do not fit this model.
func (m *Sequential) checkData(op string, x, y *tensor.Tensor, batch int) error {
	if err := m.checkExamples(op, x, batch); err != nil {
		return err
	}
	if y == nil {
		return fmt.Errorf("%s: %d examples and no labels", op, x.Dim(0))
	}
	if y.Rank() == 0 || y.Dim(0) != x.Dim(0) {
		return fmt.Errorf("%s: %d examples and labels of shape %v: there must be one label for each", op, x.Dim(0), y.Shape())
	}
	if y.Device() != m.device {
		return fmt.Errorf("%s: the labels are %s", op, m.elsewhere(y.Device()))
	}
	if y.Buffer().Freed() {
		return fmt.Errorf("%s: the labels, %v %v, were freed", op, y.Type(), y.Shape())
	}
	if err := m.loss.Check(m.OutputShape(), y); err != nil {
		if labels, ok := errors.AsType[*labelsError](err); ok {
			labels.whole = knowsPositions(m.loss)
		}
		return fmt.Errorf("%s: %w", op, err)
	}
	for _, metric := range m.metrics {
		if c, ok := metric.(labelChecker); ok {
			if err := c.Check(m.OutputShape(), y); err != nil {
				return fmt.Errorf("%s: metric %s: %w", op, metric.Name(), err)
			}
		}
	}
	return nil
}

// collectGarbage frees memory for the step if loading and converting the data left much
// garbage behind. Otherwise, as between calls of Fit on one batch each, it only costs some
// microseconds: a collection waits for all threads and may take longer than a small step.
func collectGarbage() {
	const much = 16 << 20
	if held, inUse := kernels.Heap(); held > inUse+much {
		runtime.GC()
	}
}
