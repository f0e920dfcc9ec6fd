package nn

import (
	"fmt"
	"math"
)

// Keras's schedules, in addition to OneCycle. Each is a formula for the learning rate of
// a step, counted from 0. Settings left at 0 stand for Keras's defaults.

// ExponentialDecay is Initial·Rate^(step/Steps).
type ExponentialDecay struct {
	Initial   float64 // the first learning rate
	Steps     int     // the rate is multiplied by Rate once in this many steps
	Rate      float64 // the factor
	Staircase bool    // change the rate only after every Steps steps
}

// Name is "exponential_decay".
func (ExponentialDecay) Name() string { return "exponential_decay" }

// At is the learning rate of a step, counted from 0.
func (s ExponentialDecay) At(step int) float64 {
	return s.Initial * math.Pow(s.Rate, stairs(step, s.Steps, s.Staircase))
}

// Check refuses settings out of range.
func (s ExponentialDecay) Check() error {
	return firstError(positiveSteps(s.Name(), s.Steps), within(s.Name(), "initial rate", s.Initial, 0, 1e6), within(s.Name(), "rate", s.Rate, 0, 1e6))
}

// InverseTimeDecay is Initial/(1 + Rate·step/Steps).
type InverseTimeDecay struct {
	Initial   float64 // the first learning rate
	Steps     int     // the steps after which it is Initial/(1+Rate)
	Rate      float64 // how fast the divisor grows
	Staircase bool    // change the rate only after every Steps steps
}

// Name is "inverse_time_decay".
func (InverseTimeDecay) Name() string { return "inverse_time_decay" }

// At is the learning rate of a step, counted from 0.
func (s InverseTimeDecay) At(step int) float64 {
	return s.Initial / (1 + float64(s.Rate*stairs(step, s.Steps, s.Staircase)))
}

// Check refuses settings out of range.
func (s InverseTimeDecay) Check() error {
	return firstError(positiveSteps(s.Name(), s.Steps), within(s.Name(), "initial rate", s.Initial, 0, 1e6), within(s.Name(), "rate", s.Rate, 0, 1e6))
}

// PolynomialDecay falls from Initial to End in Steps:
// (Initial−End)·(1−step/Steps)^Power + End.
type PolynomialDecay struct {
	Initial float64 // the first learning rate
	Steps   int     // of the decay
	End     float64 // the last learning rate; 0.0001 if 0
	Power   float64 // 1 if 0
	Cycle   bool    // at the end, start again with two, three, … times Steps, instead of staying at End
}

// Name is "polynomial_decay".
func (PolynomialDecay) Name() string { return "polynomial_decay" }

// At is the learning rate of a step, counted from 0.
func (s PolynomialDecay) At(step int) float64 {
	at, steps, end := float64(step), float64(s.Steps), or(s.End, 1e-4)
	if s.Cycle {
		steps *= math.Max(1, math.Ceil(at/steps))
	} else {
		at = math.Min(at, steps)
	}
	return float64((s.Initial-end)*math.Pow(1-at/steps, or(s.Power, 1))) + end
}

// Check refuses settings out of range.
func (s PolynomialDecay) Check() error {
	return firstError(positiveSteps(s.Name(), s.Steps), within(s.Name(), "initial rate", s.Initial, 0, 1e6),
		within(s.Name(), "last rate", s.End, 0, 1e6), within(s.Name(), "power", s.Power, 0, 1e6))
}

// PiecewiseConstantDecay is Values[0] up to step Boundaries[0], that step
// included, then Values[1] up to Boundaries[1], and so on.
type PiecewiseConstantDecay struct {
	Boundaries []int     // steps, ascending
	Values     []float64 // learning rates, one more than Boundaries
}

// Name is "piecewise_constant_decay".
func (PiecewiseConstantDecay) Name() string { return "piecewise_constant_decay" }

// At is the learning rate of a step, counted from 0; NaN for settings that Check refuses.
func (s PiecewiseConstantDecay) At(step int) float64 {
	if len(s.Values) != len(s.Boundaries)+1 {
		return math.NaN()
	}
	for i, boundary := range s.Boundaries {
		if step <= boundary {
			return s.Values[i]
		}
	}
	return s.Values[len(s.Boundaries)]
}

// Check refuses settings out of range.
func (s PiecewiseConstantDecay) Check() error {
	if len(s.Values) != len(s.Boundaries)+1 {
		return fmt.Errorf("%s: %d values for %d boundaries, must be one more", s.Name(), len(s.Values), len(s.Boundaries))
	}
	for i, b := range s.Boundaries {
		if i > 0 && b <= s.Boundaries[i-1] {
			return fmt.Errorf("%s: boundary %d is %d, must be above %d, the one before", s.Name(), i, b, s.Boundaries[i-1])
		}
	}
	for _, v := range s.Values {
		if err := within(s.Name(), "a value", v, 0, 1e6); err != nil {
			return err
		}
	}
	return nil
}

// CosineDecay falls along half a cosine, from Initial to Alpha·Initial in Steps
// (Loshchilov and Hutter, "SGDR", 2016). With WarmupSteps, the rate first rises linearly
// from Initial to WarmupTarget, and falls from there.
type CosineDecay struct {
	Initial      float64 // the first learning rate
	Steps        int     // of the decay
	Alpha        float64 // the last rate, as a share of the highest
	WarmupTarget float64 // the highest rate, with WarmupSteps
	WarmupSteps  int     // of the linear rise; none if 0
}

// Name is "cosine_decay".
func (CosineDecay) Name() string { return "cosine_decay" }

// At is the learning rate of a step, counted from 0.
func (s CosineDecay) At(step int) float64 {
	high := s.Initial
	if s.WarmupSteps > 0 {
		if step < s.WarmupSteps {
			return s.Initial + (s.WarmupTarget-s.Initial)*float64(step)/float64(s.WarmupSteps)
		}
		high, step = s.WarmupTarget, step-s.WarmupSteps
	}
	return halfCosine(high, float64(s.Alpha*high), math.Min(float64(step)/float64(s.Steps), 1))
}

// Check refuses settings out of range.
func (s CosineDecay) Check() error {
	return firstError(positiveSteps(s.Name(), s.Steps), within(s.Name(), "initial rate", s.Initial, 0, 1e6),
		within(s.Name(), "alpha", s.Alpha, 0, 1), within(s.Name(), "warmup target", s.WarmupTarget, 0, 1e6),
		within(s.Name(), "warmup steps", float64(s.WarmupSteps), 0, math.MaxInt32))
}

// CosineDecayRestarts is CosineDecay with restarts: each decay takes StepsFactor times as
// many steps as the one before, and starts RateFactor times as high.
type CosineDecayRestarts struct {
	Initial     float64 // the first learning rate
	Steps       int     // of the first decay
	StepsFactor float64 // 2 if 0
	RateFactor  float64 // 1 if 0
	Alpha       float64 // the lowest rate, as a share of Initial
}

// Name is "cosine_decay_restarts".
func (CosineDecayRestarts) Name() string { return "cosine_decay_restarts" }

// At is the learning rate of a step, counted from 0.
func (s CosineDecayRestarts) At(step int) float64 {
	factor, at := or(s.StepsFactor, 2), float64(step)/float64(s.Steps)
	// Decay number i starts at 1 + factor + … + factor^(i−1).
	var fall float64
	if factor == 1 {
		fall = math.Floor(at)
		at -= fall
	} else {
		fall = math.Floor(math.Log(1-float64(at*(1-factor))) / math.Log(factor))
		at = (at - (1-math.Pow(factor, fall))/(1-factor)) / math.Pow(factor, fall)
	}
	share := (1 + math.Cos(math.Pi*at)) / 2 * math.Pow(or(s.RateFactor, 1), fall)
	return s.Initial * (float64((1-s.Alpha)*share) + s.Alpha)
}

// Check refuses settings out of range. With a factor below 1 the decays would have a
// finite total length.
func (s CosineDecayRestarts) Check() error {
	return firstError(positiveSteps(s.Name(), s.Steps), within(s.Name(), "initial rate", s.Initial, 0, 1e6),
		within(s.Name(), "factor of the steps", or(s.StepsFactor, 2), 1, 1e6),
		within(s.Name(), "factor of the rate", s.RateFactor, 0, 1e6), within(s.Name(), "alpha", s.Alpha, 0, 1))
}

// stairs is step/steps, rounded down if whole is set.
func stairs(step, steps int, whole bool) float64 {
	at := float64(step) / float64(steps)
	if whole {
		return math.Floor(at)
	}
	return at
}

func positiveSteps(schedule string, steps int) error {
	if steps < 1 {
		return fmt.Errorf("%s: the number of steps is %d, must be at least 1", schedule, steps)
	}
	return nil
}

// A namedSchedule is a schedule that can be saved.
type namedSchedule interface {
	Schedule
	Name() string
}

// schedules has the schedules of this package, by Keras's names and PyTorch's one_cycle.
var schedules = map[string]namedSchedule{
	"one_cycle": OneCycle{}, "exponential_decay": ExponentialDecay{}, "inverse_time_decay": InverseTimeDecay{},
	"polynomial_decay": PolynomialDecay{}, "piecewise_constant_decay": PiecewiseConstantDecay{},
	"cosine_decay": CosineDecay{}, "cosine_decay_restarts": CosineDecayRestarts{},
}

// restoreSchedule makes a schedule from its description in a file.
func restoreSchedule(p savedPart) (Schedule, error) {
	var s Schedule
	var err error
	switch p.Name {
	case "one_cycle":
		s, err = decoded[OneCycle](p.Config)
	case "exponential_decay":
		s, err = decoded[ExponentialDecay](p.Config)
	case "inverse_time_decay":
		s, err = decoded[InverseTimeDecay](p.Config)
	case "polynomial_decay":
		s, err = decoded[PolynomialDecay](p.Config)
	case "piecewise_constant_decay":
		s, err = decoded[PiecewiseConstantDecay](p.Config)
	case "cosine_decay":
		s, err = decoded[CosineDecay](p.Config)
	case "cosine_decay_restarts":
		s, err = decoded[CosineDecayRestarts](p.Config)
	default:
		return restoreCustom[Schedule]("schedule", p)
	}
	if err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	return s, checkSchedule(s)
}

// decoded reads a value from JSON.
func decoded[T any](config []byte) (v T, err error) {
	err = strictly(config, &v)
	return v, err
}

// checkSchedule calls the schedule's Check, if it has one.
func checkSchedule(s Schedule) error {
	if c, ok := s.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}
