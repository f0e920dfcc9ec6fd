package nn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"baregrad/kernels"
	"baregrad/tensor"
)

// EvaluateOptions say how Evaluate and Predict work. The zero value is Keras's
// defaults, without progress.
type EvaluateOptions struct {
	// BatchSize is the number of examples in a step. If it is 0, it is 32, or with Steps what
	// divides the examples into that number of steps, as in Keras.
	BatchSize int
	Steps     int // use the examples of the first steps only; all if 0
	// SampleWeight is the weight of each example in Evaluate's loss, [n], or of each
	// position of each example, as in FitOptions. Metrics count all examples equally, unless
	// they are among CompileOptions.WeightedMetrics. Predict ignores it.
	SampleWeight []float32
	Progress     bool      // show progress
	Output       io.Writer // where progress is shown; os.Stdout if nil
}

func (o EvaluateOptions) withDefaults() EvaluateOptions {
	if o.Output == nil {
		o.Output = os.Stdout
	}
	return o
}

func (o EvaluateOptions) bar() *progress {
	if !o.Progress {
		return nil
	}
	return newProgress(o.Output, Bar)
}

// Evaluate measures the model on examples x [n, …] and labels y [n, …], as Fit takes
// them, without training. It returns the loss and each metric by name, as means over
// all examples. With SampleWeight, each example's loss is multiplied by its weight before
// taking the mean. When ctx ends, its error is returned.
func (m *Sequential) Evaluate(ctx context.Context, x, y *tensor.Tensor, o EvaluateOptions) (scores map[string]float64, err error) {
	scores, _, err = m.evaluate(ctx, x, y, o, false)
	return scores, err
}

// EvaluatePredict is Evaluate and Predict in one pass over the examples: it returns the
// scores and the predictions, which the caller frees.
func (m *Sequential) EvaluatePredict(ctx context.Context, x, y *tensor.Tensor, o EvaluateOptions) (scores map[string]float64, predictions *tensor.Tensor, err error) {
	return m.evaluate(ctx, x, y, o, true)
}

// evaluate returns the scores and, with keep, the predictions.
func (m *Sequential) evaluate(ctx context.Context, x, y *tensor.Tensor, o EvaluateOptions, keep bool) (scores map[string]float64, predictions *tensor.Tensor, err error) {
	defer freeIfFailed(&predictions, &err)
	defer catchDevice(&err)
	if err := checkContext("evaluate", ctx); err != nil {
		return nil, nil, err
	}
	if m.updater == nil {
		return nil, nil, errors.New("evaluate: the model is not compiled")
	}
	o = o.withDefaults()
	y, free := m.labels(y)
	defer free()
	if err := m.checkData("evaluate", x, y, cmp.Or(o.BatchSize, 1)); err != nil {
		return nil, nil, err
	}
	if err := m.checkSampleWeight("evaluate", o.SampleWeight, x.Dim(0)); err != nil {
		return nil, nil, err
	}
	if o.BatchSize, err = batchSize("evaluate", "steps", o.BatchSize, o.Steps, x.Dim(0)); err != nil {
		return nil, nil, err
	}
	x, y, o.SampleWeight = firstSteps(o.Steps, o.BatchSize, x, y, o.SampleWeight)
	weights, err := exampleWeights("evaluate", m, y, nil, o.SampleWeight)
	if err != nil {
		return nil, nil, err
	}
	defer freeIfAny(weights)
	s := newSession(m)
	defer s.free()
	if keep {
		predictions = tensor.New(m.device, append([]int{x.Dim(0)}, m.OutputShape()...)...)
	}
	scores, err = s.evaluate(ctx, stepKind{x: x, y: y, weights: weights, batch: o.BatchSize, keep: keep}, "", predictions, o.bar())
	return scores, predictions, err
}

// freeIfFailed is deferred before catchDevice. If a function ends with any error, it frees
// the predictions, so that none are returned.
func freeIfFailed(predictions **tensor.Tensor, err *error) {
	if *err != nil && *predictions != nil {
		(*predictions).Free()
		*predictions = nil
	}
}

// evaluate runs steps of the given kind over all examples in order. With kind.keep, the
// outputs go to predictions. bar may be nil.
func (s *session) evaluate(ctx context.Context, kind stepKind, prefix string, predictions *tensor.Tensor, bar *progress) (map[string]float64, error) {
	x, batch := kind.x, kind.batch
	kind.last = len(s.model.layers) - 1
	n := x.Dim(0)
	s.order(ascending(n))
	s.resetTotals()
	penalty := s.penaltyNow()
	means := func(n int) map[string]float64 {
		values := s.means(n, prefix)
		values[prefix+"loss"] += penalty
		return values
	}
	steps := stepsOf(n, batch)
	bar.begin("", steps)
	for from := 0; from < n; from += batch {
		if err := ctx.Err(); err != nil {
			bar.abandon()
			return nil, err
		}
		kind.batch = min(batch, n-from)
		r := s.run(kind, from)
		if kind.keep {
			s.model.device.Copy(predictions.Slice(from, from+kind.batch).Buffer(), r.output.Value.Buffer())
		}
		if bar.due() {
			bar.draw(from/batch+1, means(from+kind.batch))
		}
	}
	scores := means(n)
	bar.trained()
	bar.end(steps, scores)
	return scores, nil
}

// Predict returns the model's output for each example of x, float32 [n, …], in the memory
// of the model's device. x is float32, or uint8, which is scaled to 0–1.
func (m *Sequential) Predict(ctx context.Context, x *tensor.Tensor, o EvaluateOptions) (*tensor.Tensor, error) {
	if err := m.Build(); err != nil {
		return nil, err
	}
	return m.predict(ctx, x, o, len(m.layers)-1)
}

// predict returns the output of layer number last.
func (m *Sequential) predict(ctx context.Context, x *tensor.Tensor, o EvaluateOptions, last int) (predictions *tensor.Tensor, err error) {
	defer freeIfFailed(&predictions, &err)
	defer catchDevice(&err)
	o = o.withDefaults()
	if err := firstError(checkContext("predict", ctx), m.checkExamples("predict", x, cmp.Or(o.BatchSize, 1))); err != nil {
		return nil, err
	}
	if o.BatchSize, err = batchSize("predict", "steps", o.BatchSize, o.Steps, x.Dim(0)); err != nil {
		return nil, err
	}
	x, _, _ = firstSteps(o.Steps, o.BatchSize, x, nil, nil)
	s := newSession(m)
	defer s.free()
	n := x.Dim(0)
	s.order(ascending(n))
	predictions = tensor.New(m.device, append([]int{n}, m.info[last].Output...)...)
	steps := stepsOf(n, o.BatchSize)
	bar := o.bar()
	bar.begin("", steps)
	for from := 0; from < n; from += o.BatchSize {
		if err := ctx.Err(); err != nil {
			bar.abandon()
			return predictions, err
		}
		size := min(o.BatchSize, n-from)
		r := s.run(stepKind{x: x, batch: size, last: last}, from)
		m.device.Copy(predictions.Slice(from, from+size).Buffer(), r.output.Value.Buffer())
		if bar.due() {
			bar.draw(from/o.BatchSize+1, nil)
		}
	}
	m.device.Sync()
	bar.trained()
	bar.end(steps, nil)
	return predictions, nil
}

// PredictClasses returns the index of the largest output for each example of x. For a model
// with a single output it is 1 if the output is above one half, and 0 otherwise. (If an example
// can have several labels at once, compare the values of Predict with one half instead.) If the
// output has several axes, [n, time, classes], it returns a class for each position, row by
// row: that of position j of example i is at index i·time + j.
func (m *Sequential) PredictClasses(ctx context.Context, x *tensor.Tensor, o EvaluateOptions) (classes []int, err error) {
	defer catchDevice(&err)
	predictions, err := m.Predict(ctx, x, o)
	if err != nil {
		return nil, err
	}
	defer predictions.Free()
	if predictions.Rank() < 2 {
		return nil, fmt.Errorf("predict classes: the model's output is %s, must have a value for each class", shapeString(m.OutputShape()))
	}
	width := predictions.Dim(-1)
	rows := predictions.Len() / width
	found := tensor.NewOf(m.device, kernels.Int32, rows)
	defer found.Free()
	if width == 1 {
		m.device.Greater(found.Buffer(), predictions.Buffer(), 0.5)
	} else {
		m.device.ArgMax(found.Buffer(), predictions.Buffer(), kernels.ReduceSpec{Outer: rows, N: width, Inner: 1})
	}
	for _, class := range found.Ints() {
		classes = append(classes, int(class))
	}
	return classes, nil
}
