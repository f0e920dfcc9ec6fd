package nn

import "reflect"

// Optimizers, losses, metrics and schedules of this package are values. A pointer to one has its
// methods too, so Go accepts &Adam{} for an Optimizer. Compile takes what it points to; otherwise
// such a model could be trained, but not saved.

// pointed returns what v points to if that is one of the known values' types; otherwise v.
func pointed[V, K any](v V, known map[string]K) V {
	of := reflect.ValueOf(v)
	if of.Kind() != reflect.Pointer || of.IsNil() {
		return v
	}
	for _, own := range known {
		if reflect.TypeOf(own) == of.Type().Elem() {
			return of.Elem().Interface().(V)
		}
	}
	return v
}

// byValue is the options without pointers to this package's types.
func (o CompileOptions) byValue() CompileOptions {
	o.Loss, o.Optimizer = pointed(o.Loss, losses), pointed(o.Optimizer, optimizers)
	switch of := o.Optimizer.(type) {
	case SGD:
		of.Schedule = pointed(of.Schedule, schedules)
		o.Optimizer = of
	case RMSprop:
		of.Schedule = pointed(of.Schedule, schedules)
		o.Optimizer = of
	case Adam:
		of.Schedule = pointed(of.Schedule, schedules)
		o.Optimizer = of
	case AdamW:
		of.Schedule = pointed(of.Schedule, schedules)
		o.Optimizer = of
	}
	o.Metrics, o.WeightedMetrics = metricsByValue(o.Metrics), metricsByValue(o.WeightedMetrics)
	return o
}

func metricsByValue(list []Metric) (values []Metric) {
	for _, m := range list {
		m = pointed(m, metrics)
		if l, ok := m.(*LossMetric); ok && l != nil {
			m = *l
		}
		if l, ok := m.(LossMetric); ok {
			m = LossMetric{pointed(l.Loss, losses), l.As}
		}
		values = append(values, m)
	}
	return values
}
