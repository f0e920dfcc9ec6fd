package arith

import "math"

// MinMax is the modifiers of min and max: .ftz; .NaN (any NaN operand makes the result NaN; without
// it the other operand is the result); .xorsign.abs (compare magnitudes, and give the result the
// XOR of the operands' signs).
type MinMax struct {
	FTZ, NaN, XorSignAbs bool // .ftz, .NaN and .xorsign.abs
}

// MinF32 is min{.ftz}{.NaN}{.xorsign.abs}.f32, with -0 < +0.
func MinF32(a, b uint32, m MinMax) uint32 {
	if m == (MinMax{}) { // the plain form, for unequal numbers
		if x, y := f32(a), f32(b); x < y {
			return a
		} else if y < x {
			return b
		}
	}
	return uint32(formatF32.minMax(uint64(a), uint64(b), m, false))
}

// MaxF32 is max{.ftz}{.NaN}{.xorsign.abs}.f32, with -0 < +0.
func MaxF32(a, b uint32, m MinMax) uint32 {
	if m == (MinMax{}) { // the plain form, for unequal numbers
		if x, y := f32(a), f32(b); x > y {
			return a
		} else if y > x {
			return b
		}
	}
	return uint32(formatF32.minMax(uint64(a), uint64(b), m, true))
}

// MinF64 is min.f64, with -0 < +0. For two NaNs the result is the first, quieted.
func MinF64(a, b uint64) uint64 {
	if isNaN64(a) && isNaN64(b) {
		return a | quiet64
	}
	return formatF64.minMax(a, b, MinMax{}, false)
}

// MaxF64 is max.f64, with -0 < +0. For two NaNs the result is the first, quieted.
func MaxF64(a, b uint64) uint64 {
	if isNaN64(a) && isNaN64(b) {
		return a | quiet64
	}
	return formatF64.minMax(a, b, MinMax{}, true)
}

func (f *format) minMax(a, b uint64, m MinMax, max bool) uint64 {
	if m.FTZ {
		a, b = f.flush(a), f.flush(b)
	}
	var sign uint64
	if m.XorSignAbs {
		sign = (a ^ b) & f.sign
		a, b = a&^f.sign, b&^f.sign
	}
	nanA, nanB := f.isNaN(a), f.isNaN(b)
	switch {
	case nanA && nanB, m.NaN && (nanA || nanB):
		return f.nan
	case nanA:
		a = b
	case nanB:
	case (f.order(a) < f.order(b)) == max:
		a = b
	}
	if m.XorSignAbs {
		a = a&^f.sign | sign
	}
	return a
}

// order maps the encodings of numbers to integers in the order of their values, with -0 just below
// +0.
func (f *format) order(b uint64) int64 {
	if b&f.sign != 0 {
		return -1 - int64(b&(f.sign-1))
	}
	return int64(b)
}

// Property is what testp tests.
type Property uint8

// The properties of testp. Zeros count as normal.
const (
	Finite Property = iota
	Infinite
	Number
	NotANumber
	Normal
	Subnormal
)

// TestPF32 is testp.op.f32.
func TestPF32(op Property, a uint32) bool { return formatF32.testP(op, uint64(a)) }

// TestPF64 is testp.op.f64.
func TestPF64(op Property, a uint64) bool { return formatF64.testP(op, a) }

func (f *format) testP(op Property, b uint64) bool {
	mag := b & (f.sign - 1)
	switch op {
	case Finite:
		return mag < f.inf
	case Infinite:
		return mag == f.inf
	case Number:
		return mag <= f.inf
	case NotANumber:
		return mag > f.inf
	case Normal:
		return mag == 0 || mag >= 1<<uint(f.mant) && mag < f.inf
	default: // Subnormal
		return mag != 0 && mag < 1<<uint(f.mant)
	}
}

// relu is max(x, 0): negative values and -0 become +0, a NaN becomes the canonical NaN.
func (f *format) relu(b uint64) uint64 {
	switch {
	case f.isNaN(b):
		return f.nan
	case b&f.sign != 0:
		return 0
	}
	return b
}

// sat clamps to [0, 1]; NaN becomes +0.
func (f *format) sat(b uint64) uint64 {
	one := uint64(f.bias) << uint(f.mant)
	switch {
	case f.isNaN(b), b&f.sign != 0:
		return 0
	case b > one:
		return one
	}
	return b
}

// roundToInt rounds x to an integer, ties to even for RN; a zero result has the sign of x.
func roundToInt(x float64, r Rounding) float64 {
	switch r {
	case RZ:
		return math.Trunc(x)
	case RM:
		return math.Floor(x)
	case RP:
		return math.Ceil(x)
	default:
		return math.RoundToEven(x)
	}
}
