package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"baregrad/kernels"
)

// Dropout: y[i] = x[i]/(1−rate) unless the upper 24 bits of element i's random
// number are below rate·2²⁴. Number i is lane i%4 of Philox with the counter
// (i/4, step, layer, 0) and the seed as its key.
func dropoutCases() (cases []operation) {
	first := kernels.UniformBits(kernels.Philox([4]uint32{0, 0, 5, 0}, [2]uint32{10, 0})[0]) // the first element's number: at this rate it is kept
	for _, c := range []struct {
		rate float32
		seed uint64
		step int32
	}{{first, 10, 0}, {0.5, 0xFEDCBA9876543210, 7}, {0, 3, 1}, {1, 4, 2}} {
		for _, n := range lengths() {
			s := kernels.DropoutSpec{Rate: c.rate, Seed: c.seed, Layer: 5}
			op := operation{method: "Dropout", detail: fmt.Sprintf("%d rate=%v", n, c.rate), elementwise: true,
				tol: rounding(2), gradTol: rounding(2), large: n > 200}
			op.in = []array{floats(newGenerator(op.detail).signed(n)), ints([]int32{c.step})}
			op.out = []array{outputs(n)}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Dropout(out[0], in[0], in[1], s) }
			op.oracle = func(x, _ [][]float64) [][]float64 {
				y := make([]float64, n)
				for i := range y {
					bits := kernels.Philox([4]uint32{uint32(i / 4), uint32(c.step), 5, 0},
						[2]uint32{uint32(c.seed), uint32(c.seed >> 32)})[i%4]
					if float64(bits>>8)/(1<<24) >= float64(c.rate) {
						y[i] = x[0][i] / (1 - float64(c.rate))
					}
				}
				return [][]float64{y}
			}
			op.wrt = []int{0}
			op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, in []kernels.Buffer, m []kernels.Mode) {
				d.DropoutGrad(din[0], dy, in[1], s, m[0])
			}
			cases = append(cases, op)
		}
	}
	return cases
}

// Uniform: y[i] = low + (high−low)·u, u from Philox with the counter (i/4, 0, 0, 1).
func uniformCases() (cases []operation) {
	const low, high, seed = -0.75, 2.5, 0x123456789ABCDEF
	for _, n := range lengths() {
		op := operation{method: "Uniform", detail: fmt.Sprint(n), tol: rounding(2), loose: []int{0}}
		op.out = []array{outputs(n)}
		op.forward = func(d kernels.Device, out, _ []kernels.Buffer) { d.Uniform(out[0], low, high, seed) }
		op.oracle = func(_, _ [][]float64) [][]float64 {
			y := make([]float64, n)
			for i := range y {
				bits := kernels.Philox([4]uint32{uint32(i / 4), 0, 0, 1}, [2]uint32{seed & 0xFFFFFFFF, seed >> 32})[i%4]
				y[i] = low + (high-low)*float64(bits>>8)/(1<<24)
			}
			return [][]float64{y}
		}
		cases = append(cases, op)
	}
	return cases
}

// Gather: dst[i] = src[index[cursor+i]]·Scale + Shift, by rows.
func gatherCases() (cases []operation) {
	for _, c := range []struct{ rows, width, sources, cursor int }{
		{3, 5, 4, 2}, {1, 1, 1, 0}, {7, 1, 5, 1}, {4, 17, 9, 3}, {2, 784, 3, 0}, {0, 3, 2, 1}, {3, 0, 0, 0}, {5, 33, 2, 0}, {8, 64, 8, 8},
	} {
		for _, kind := range []kernels.Type{kernels.Uint8, kernels.Float32, kernels.Int32} {
			s := kernels.GatherSpec{Rows: c.rows, Width: c.width, Scale: 1. / 255, Shift: -0.5}
			op := operation{method: "Gather", detail: fmt.Sprintf("%d×%d from %d %v", c.rows, c.width, c.sources, kind),
				loose: []int{1}, tol: rounding(3)}
			g := newGenerator(op.detail)
			var src array
			switch n := c.sources * c.width; kind {
			case kernels.Uint8:
				src = uint8s(mapped(g.below(n, 256), func(v int32) uint8 { return uint8(v) }))
			case kernels.Float32:
				src = floats(g.signed(n))
			case kernels.Int32:
				src = ints(g.below(n, 1000))
			}
			index := ints(g.below(c.cursor+c.rows+2, max(c.sources, 1)))
			op.in = []array{src, index, ints([]int32{int32(c.cursor)})}
			op.out = []array{outputs(c.rows * c.width)}
			if kind == kernels.Int32 {
				op.out = []array{intOutputs(c.rows * c.width)}
			}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Gather(out[0], in[0], in[1], in[2], s) }
			op.oracle = func(x, _ [][]float64) [][]float64 {
				y := make([]float64, c.rows*c.width)
				for at := range y {
					row := int(x[1][c.cursor+at/c.width])
					y[at] = x[0][row*c.width+at%c.width]
					if kind != kernels.Int32 {
						y[at] = y[at]*float64(s.Scale) + float64(s.Shift)
					}
				}
				return [][]float64{y}
			}
			cases = append(cases, op)
		}
	}
	return cases
}

// Advance: counters += by; rate = table[the last counter], if there is such a row.
func advanceCases() (cases []operation) {
	for _, c := range []struct{ counters, width, rows, row, by int }{
		{3, 2, 5, 0, 1}, {1, 1, 1, 0, 0}, {1, 2, 4, 2, 1}, {32, 32, 3, 1, 1}, {2, 3, 4, 3, 1}, {2, 2, 4, -3, 1}, {4, 2, 0, 0, 1}, {5, 0, 0, 7, -9},
	} {
		op := operation{method: "Advance", detail: fmt.Sprintf("%d counters, row %d+%d of %d×%d", c.counters, c.row, c.by, c.rows, c.width),
			loose: []int{1, 3}, keepFinite: []int{1}}
		g := newGenerator(op.detail)
		counters, by := g.below(c.counters, 1000), g.below(c.counters, 9)
		counters[c.counters-1], by[c.counters-1] = int32(c.row), int32(c.by)
		rate := floats(g.signed(c.width))
		op.in = []array{ints(by), floats(g.signed(c.rows * c.width))}
		op.out = []array{ints(counters), rate}
		if c.width == 0 { // there is no table
			op.in[1], op.out[1] = absent, absent
		}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Advance(out[0], in[0], out[1], in[1]) }
		op.oracle = func(x, _ [][]float64) [][]float64 {
			now, rates := op.out[0].values(), op.out[1].values()
			for i := range now {
				now[i] += x[0][i]
			}
			if row := int(now[len(now)-1]); row >= 0 && row < c.rows {
				for j := range rates {
					rates[j] = x[1][row*c.width+j]
				}
			}
			return [][]float64{now, rates}
		}
		cases = append(cases, op)
	}
	return cases
}

// testDropoutMask: the mask has the share it should have, depends on the step,
// the layer and the seed, and is the same in the backward pass.
func (s *suite) testDropoutMask(t *testing.T) {
	const n, rate = 100_000, 0.3
	ones := filled(n, float32(1))
	mask := func(spec kernels.DropoutSpec, step int32, backward bool) []float32 {
		c := call{out: []array{outputs(n)}, in: []array{floats(ones), ints([]int32{step})}}
		c.run = func(d kernels.Device, out, in []kernels.Buffer) {
			if backward {
				d.DropoutGrad(out[0], in[0], in[1], spec, kernels.Overwrite)
			} else {
				d.Dropout(out[0], in[0], in[1], spec)
			}
		}
		out, err := c.on(s.device, aligned)
		if err != nil {
			t.Fatal(err)
		}
		return out[0].floats
	}
	spec := kernels.DropoutSpec{Rate: rate, Seed: 42, Layer: 1}
	base := mask(spec, 3, false)
	dropped := 0
	for i, v := range base {
		switch {
		case v == 0:
			dropped++
		case v != spec.Scale():
			t.Fatalf("element %d is %v, want 0 or %v", i, v, spec.Scale())
		}
	}
	// The standard deviation of the share is √(0.3·0.7/n) = 0.00145; five of them.
	if share := float64(dropped) / n; !(math.Abs(share-rate) <= 0.00725) {
		t.Errorf("a share of %v was dropped, want %v", share, rate)
	}
	agreeing := func(other []float32) (share float64) {
		for i, v := range other {
			if v == base[i] {
				share += 1. / n
			}
		}
		return share
	}
	if share := agreeing(mask(spec, 3, true)); !(share > 1-1e-9) {
		t.Errorf("the backward pass draws another mask: %v of it agrees", share)
	}
	otherLayer, otherSeed, otherHigh := spec, spec, spec
	otherLayer.Layer, otherSeed.Seed, otherHigh.Seed = 2, 43, spec.Seed+1<<32
	for name, other := range map[string][]float32{
		"step": mask(spec, 4, false), "layer": mask(otherLayer, 3, false),
		"seed": mask(otherSeed, 3, false), "upper half of the seed": mask(otherHigh, 3, false),
	} {
		// Independent masks agree on 0.3² + 0.7² = 0.58; five deviations are 0.0078.
		if share := agreeing(other); !(math.Abs(share-0.58) <= 0.0078) {
			t.Errorf("with another %s %v of the mask agrees, want 0.58", name, share)
		}
	}
}
