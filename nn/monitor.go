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
	// Either is Largest for values whose name speaks of accuracy, else Smallest.
	Either Mode = iota
	// Smallest takes the smallest value for the best.
	Smallest
	// Largest takes the largest value for the best.
	Largest
)

// monitor follows one value of the logs.
type monitor struct {
	name     string // val_loss where empty
	mode     Mode
	minDelta float64 // a change has to be larger than this to count
	best     float64
	started  bool
}

func newMonitor(name string, mode Mode, minDelta float64) *monitor {
	if name == "" {
		name = "val_loss"
	}
	if mode == Either {
		mode = Smallest
		if strings.Contains(name, "acc") {
			mode = Largest
		}
	}
	return &monitor{name: name, mode: mode, minDelta: math.Abs(minDelta)}
}

// improved takes the value of an epoch and tells whether it is the best so far.
func (m *monitor) improved(callback string, logs map[string]float64) (bool, error) {
	value, ok := logs[m.name]
	if !ok {
		return false, fmt.Errorf("%s: there is no %q to monitor; this training measures %s",
			callback, m.name, strings.Join(slices.Sorted(maps.Keys(logs)), ", "))
	}
	better := !m.started || m.mode == Largest && value-m.minDelta > m.best || m.mode == Smallest && value+m.minDelta < m.best
	if better && value == value {
		m.best, m.started = value, true
		return true, nil
	}
	return false, nil
}
