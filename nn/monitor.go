package nn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Mode says which way a monitored value should go.
type Mode int

const (
	// Either goes by the metric of the model that has the name, of training or (val_…) validation
	// data: Largest for this package's metrics, and Smallest for losses and a LossMetric. Other
	// values go by their names, as loss or accuracy. If these say nothing, Either is an error.
	Either Mode = iota
	// Smallest means that smaller values are better.
	Smallest
	// Largest means that larger values are better.
	Largest
)

// monitor follows one value of the logs.
type monitor struct {
	callback string // the callback's name, for errors
	name     string
	mode     Mode    // Either until the first value, or if the direction is unknown
	minDelta float64 // smaller changes do not count
	best     float64
	started  bool // there is a best value
}

// newMonitor returns a monitor of the value called name, val_loss if empty.
func newMonitor(callback, name string, mode Mode, minDelta float64) *monitor {
	if name == "" {
		name = "val_loss"
	}
	return &monitor{callback: callback, name: name, mode: mode, minDelta: math.Abs(minDelta)}
}

// beat sets the value that the first one has to beat; nil means none.
func (m *monitor) beat(threshold *float64) {
	if threshold != nil {
		m.best, m.started = *threshold, true
	}
}

// direction is the better direction for a value that the model measures, or Either.
func (m *Sequential) direction(name string) Mode {
	name = strings.TrimPrefix(name, "val_")
	for _, metric := range m.metrics {
		if metric.Name() != name {
			continue
		}
		if w, ok := metric.(weightedMetric); ok {
			metric = w.Metric
		}
		switch metric.(type) {
		case LossMetric, RootMeanSquaredError:
			return Smallest
		case Accuracy, BinaryAccuracy, categoricalAccuracy, TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy,
			AUC, CosineMetric, F1Score, FBetaScore, Precision, R2Score, Recall:
			return Largest
		}
	}
	if name == "auc" || name == "cosine_similarity" || name == "precision" || name == "recall" || strings.Contains(name, "acc") {
		return Largest
	}
	if _, ok := losses[name]; ok || name == "loss" {
		return Smallest
	}
	return Either
}

// value returns the monitored value from an epoch's logs. ok is false, without an error, if it
// is a validation value and the epoch was not validated, because of ValidationFreq.
func (m *monitor) value(r *Run, logs map[string]float64) (value float64, ok bool, err error) {
	value, ok = logs[m.name]
	if !ok && strings.HasPrefix(m.name, "val_") && r.Options.ValidationX != nil && !r.validates() {
		return 0, false, nil
	}
	if !ok {
		hint := ""
		if measured := strings.TrimPrefix(m.name, "val_"); measured != m.name {
			if _, trained := logs[measured]; trained {
				hint = "; give Fit a ValidationSplit, or ValidationX and ValidationY"
			}
		}
		return 0, false, fmt.Errorf("%s: there is no %q to monitor; this training measures %s%s",
			m.callback, m.name, strings.Join(slices.Sorted(maps.Keys(logs)), ", "), hint)
	}
	if m.mode < Either || m.mode > Largest {
		return 0, false, fmt.Errorf("%s: Mode is %d, must be Either, Smallest or Largest, which are 0 to 2", m.callback, m.mode)
	}
	if m.mode == Either {
		m.mode = r.Model.direction(m.name)
	}
	if m.mode == Either {
		return 0, false, fmt.Errorf("%s: is a small or a large %q the better one? Set Mode to nn.Smallest or nn.Largest", m.callback, m.name)
	}
	return value, true, nil
}

// better reports whether value is better than another by more than minDelta. If either is
// NaN, it is not.
func (m *monitor) better(value, than float64) bool {
	if m.mode == Largest {
		return value-m.minDelta > than
	}
	return value+m.minDelta < than
}

// improved reports whether a value is the best so far, and remembers it if so. The first
// value always is. If that is NaN, no later one can be: this is what Keras does.
func (m *monitor) improved(value float64) bool {
	if m.started && !m.better(value, m.best) {
		return false
	}
	m.best, m.started = value, true
	return true
}
