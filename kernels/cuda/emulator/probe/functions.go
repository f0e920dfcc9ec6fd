package probe

import (
	"math"
	"math/rand/v2"

	"baregrad/kernels/cuda/emulator/arith"
)

// The approximate functions, with the bounds of the PTX manual. The emulator computes in float64
// and rounds once, so a GPU may differ from it by the bound plus half a unit in the last place.

func functions() []Instruction {
	f32 := func(name string, in int, bound func(in []uint32, want, got uint32) bool) Instruction {
		i := Instruction{Name: name, Version: "6.0", Target: "sm_70", In: in, Out: 1, bound: bound, items: numbers}
		if in == 2 {
			i.items = pairs
		}
		return i
	}
	half := func(name, version, target string, h arith.Half, bound float64) Instruction {
		return Instruction{Name: name, Version: version, Target: target, In: 1, Out: 1, Half: true, items: everyHalf,
			bound: func(_ []uint32, want, got uint32) bool {
				return withinHalf(h, uint16(want), uint16(got), bound) && withinHalf(h, uint16(want>>16), uint16(got>>16), bound)
			}}
	}
	var list []Instruction
	for _, f := range []struct {
		name  string
		in    int
		bound func(in []uint32, want, got uint32) bool
	}{
		{"ex2.approx", 1, relative(0x1p-22)},
		{"lg2.approx", 1, either(math.Exp2(-21.9), math.Exp2(-21.9))}, // absolute near 1, otherwise relative
		{"rcp.approx", 1, relative(0x1p-22)},
		{"rsqrt.approx", 1, relative(math.Exp2(-22.3))},
		{"sqrt.approx", 1, relative(0x1p-22)},
		{"sin.approx", 1, circular},
		{"cos.approx", 1, circular},
		{"div.approx", 2, quotient},
		{"div.full", 2, relative(math.Exp2(-21.6))},
	} {
		list = append(list, f32(f.name+".f32", f.in, f.bound), f32(f.name+".ftz.f32", f.in, f.bound))
	}
	tanh := f32("tanh.approx.f32", 1, relative(math.Exp2(-10.9)))
	tanh.Version, tanh.Target = "7.0", "sm_75"
	return append(list, tanh,
		half("ex2.approx.f16x2", "7.0", "sm_75", arith.F16, math.Exp2(-9.8)),
		half("tanh.approx.f16x2", "7.0", "sm_75", arith.F16, math.Exp2(-9.8)),
		half("ex2.approx.ftz.bf16x2", "7.8", "sm_90", arith.BF16, math.Exp2(-6.8)),
		half("tanh.approx.bf16x2", "7.8", "sm_90", arith.BF16, math.Exp2(-6.8)))
}

func float(w uint32) float64 { return float64(math.Float32frombits(w)) }

// tiny is the smallest normal float32: below it results may be flushed.
const tiny = 0x1p-126

// relative allows an error relative to the value. If one value is subnormal, the other may be
// flushed to zero.
func relative(bound float64) func([]uint32, uint32, uint32) bool { return either(bound, 0) }

func either(rel, abs float64) func([]uint32, uint32, uint32) bool {
	return func(_ []uint32, want, got uint32) bool {
		return close(float(want), float(got), rel, abs, tiny)
	}
}

// close reports whether got equals want within the given error.
func close(want, got, rel, abs, tiny float64) bool {
	switch {
	case math.IsNaN(want) || math.IsNaN(got):
		return math.IsNaN(want) && math.IsNaN(got)
	case math.Abs(want) <= tiny && math.Abs(got) <= tiny:
		return true
	}
	return want == got || math.Abs(got-want) <= max(rel*math.Abs(want), abs)
}

// circular is the bound of sin and cos: the manual gives one within ±100π; beyond that, any number
// is allowed.
func circular(in []uint32, want, got uint32) bool {
	x, y := math.Abs(float(in[0])), float(got)
	switch {
	case x <= 2*math.Pi:
		return close(float(want), y, 0, math.Exp2(-20.4), tiny)
	case x <= 100*math.Pi:
		return close(float(want), y, 0, math.Exp2(-14.6), tiny)
	case math.IsInf(x, 0) || math.IsNaN(x):
		return math.IsNaN(y)
	}
	return math.Abs(y) <= 1.0001
}

// quotient is the bound of div.approx: 2 units in the last place for |b| from 2⁻¹²⁶ to 2¹²⁶. For
// smaller |b| there is no bound.
func quotient(in []uint32, want, got uint32) bool {
	return math.Abs(float(in[1])) < tiny || close(float(want), float(got), math.Exp2(-21.6), 0, tiny)
}

func withinHalf(h arith.Half, want, got uint16, bound float64) bool {
	tiny, step := 0x1p-14, 0x1p-23
	if h == arith.BF16 {
		tiny, step = 0x1p-126, 0
	}
	return close(h.Float64(want), h.Float64(got), bound, step, tiny)
}

// numbers returns float32 values of each sign and exponent (including zeros, subnormals, infinities
// and NaNs), evenly spaced ones in [1, 4), where a function's tables are visible, and angles.
func numbers(r *rand.Rand) (x []uint32) {
	for high := range uint32(512) { // sign and exponent
		x = append(x, high<<23, high<<23|0x7fffff, high<<23|r.Uint32N(1<<23), high<<23|r.Uint32N(1<<23))
	}
	for i := range uint32(2048) {
		x = append(x, 0x3f800000+i<<13|r.Uint32N(1<<13))
	}
	for range 1024 {
		x = append(x, math.Float32bits(float32((2*r.Float64()-1)*100*math.Pi))) // doubling is exact
	}
	return x
}

// pairs returns pairs of numbers.
func pairs(r *rand.Rand) (x []uint32) {
	a, b := numbers(r), numbers(r)
	r.Shuffle(len(a), func(i, j int) { a[i], a[j] = a[j], a[i] })
	for i := range a {
		x = append(x, a[i], b[i])
	}
	return x
}

// everyHalf returns all 16-bit numbers, two per word.
func everyHalf(*rand.Rand) (x []uint32) {
	for i := range uint32(1 << 15) {
		x = append(x, 2*i|(2*i+1)<<16)
	}
	return x
}
