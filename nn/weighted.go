package nn

import (
	"fmt"
	"slices"

	"baregrad/autograd"
	"baregrad/tensor"
)

// A weightedMetric is a metric of CompileOptions.WeightedMetrics: the mean, weighted by the weights
// that the examples have in the loss. Without such weights it is the metric itself.
type weightedMetric struct {
	Metric
	as string // its name if the model has another metric with that of its own
}

// Name is "weighted_" and the metric's name if that one is taken, as in Keras.
func (m weightedMetric) Name() string { return orName(m.as, m.Metric.Name()) }

// Check is the metric's Check, if it has one.
func (m weightedMetric) Check(output []int, labels *tensor.Tensor) error {
	if c, ok := m.Metric.(labelChecker); ok {
		return c.Check(output, labels)
	}
	return nil
}

// Record records each example's value, times its weight.
func (m weightedMetric) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	values := m.Metric.Record(t, out, labels)
	checkRecorded("metric "+m.Name(), values, out.Logits.Shape()[:1], "a number for each example")
	return out.weighted(t, values)
}

// RecordDenominator records each example's weight, or if the metric has divisors, these times it.
func (m weightedMetric) RecordDenominator(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	if ratio, ok := m.Metric.(RatioMetric); ok {
		return out.weighted(t, ratio.RecordDenominator(t, out, labels))
	}
	one := t.Input(out.Logits.Value.Dim(0))
	t.Device().Fill(one.Value.Buffer(), 1)
	return out.weighted(t, one)
}

// weighted is the values of the examples [batch], times the examples' weights, if there are any.
func (o *Output) weighted(t *autograd.Tape, values *autograd.Var) *autograd.Var {
	if o.weights == nil {
		return values
	}
	return t.Mul(values, o.weights)
}

// compileMetrics checks the metrics and the weighted ones, and returns them in one list, prepared
// for a model whose output has the given shape, without the batch.
func compileMetrics(metrics, weighted []Metric, output []int) (all []Metric, err error) {
	names := map[string]bool{"loss": true}
	for i, metric := range slices.Concat(metrics, weighted) {
		what := fmt.Sprintf("metric %d", i)
		w := weightedMetric{Metric: metric}
		isWeighted := i >= len(metrics)
		if isWeighted {
			what = fmt.Sprintf("weighted metric %d", i-len(metrics))
		}
		if isNil(metric) {
			return nil, fmt.Errorf("compile: %s is nil", what)
		}
		if l, ok := metric.(LossMetric); ok && isNil(l.Loss) {
			return nil, fmt.Errorf("compile: %s is a LossMetric without a loss", what)
		}
		if s, ok := metric.(sizedMetric); ok && len(output) > 0 {
			metric = s.sized(output[len(output)-1])
		}
		if isWeighted {
			if _, sums := metric.(SumsMetric); sums {
				return nil, fmt.Errorf("compile: %s, %s, can't be weighted: it is computed from sums over batches, not from a number for each example", what, metric.Name())
			}
			if names[metric.Name()] {
				w.as = "weighted_" + metric.Name()
			}
			metric = w
		}
		if names[metric.Name()] {
			return nil, fmt.Errorf("compile: two of the measured values are called %q, each needs a name of its own", metric.Name())
		}
		names[metric.Name()] = true
		all = append(all, metric)
	}
	return all, nil
}

// compiledMetrics is the metrics as they were given to Compile.
func (m *Sequential) compiledMetrics() (metrics, weighted []Metric) {
	for _, metric := range m.metrics {
		if w, ok := metric.(weightedMetric); ok {
			weighted = append(weighted, w.Metric)
		} else {
			metrics = append(metrics, metric)
		}
	}
	return metrics, weighted
}
