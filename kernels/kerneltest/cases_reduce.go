package kerneltest

import (
	"fmt"
	"math"

	"baregrad/kernels"
)

// reductions are shapes [Outer,N,Inner] of which the middle axis is reduced.
func reductions() []kernels.ReduceSpec {
	list := []kernels.ReduceSpec{
		{Outer: 3, N: 5, Inner: 7}, {Outer: 1, N: 1, Inner: 1}, {Outer: 1, N: 17, Inner: 1}, {Outer: 5, N: 1, Inner: 3},
		{Outer: 2, N: 33, Inner: 2}, {Outer: 1, N: 6, Inner: 50}, {Outer: 35, N: 3, Inner: 1},
		{Outer: 0, N: 3, Inner: 2}, {Outer: 4, N: 3, Inner: 0}, {Outer: 2, N: 0, Inner: 3},
		{Outer: 1, N: 676, Inner: 32}, {Outer: 128, N: 10, Inner: 1}, // a bias's gradient, the classes of a batch
	}
	for n := range 36 {
		list = append(list, kernels.ReduceSpec{Outer: 2, N: n, Inner: 1}, kernels.ReduceSpec{Outer: 1, N: 3, Inner: n})
	}
	return list
}

func reduceDetail(s kernels.ReduceSpec) string {
	return fmt.Sprintf("[%d,%d,%d]", s.Outer, s.N, s.Inner)
}

// sumOracle is y[o,i] = Σ over n of x[o,n,i], divided by divisor, plus old.
func sumOracle(s kernels.ReduceSpec, divisor float64, old []float64) func(x, at [][]float64) [][]float64 {
	return func(x, _ [][]float64) [][]float64 {
		y := make([]float64, s.Outer*s.Inner)
		for at := range y {
			o, i := at/s.Inner, at%s.Inner
			for n := range s.N {
				y[at] += x[0][(o*s.N+n)*s.Inner+i]
			}
			y[at] /= divisor
			if old != nil {
				y[at] += old[at]
			}
		}
		return [][]float64{y}
	}
}

// Sum, which can accumulate.
func sumCases() (cases []operation) {
	for _, s := range reductions() {
		for _, mode := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
			op := operation{method: "Sum", detail: fmt.Sprintf("%s accumulate=%t", reduceDetail(s), mode),
				large: s.Outer*s.N*s.Inner > 500, tol: summing(s.N), gradTol: rounding(1)}
			g := newGenerator(op.detail)
			op.in = []array{floats(g.signed(s.Outer * s.N * s.Inner))}
			op.out = []array{outputs(s.Outer * s.Inner)}
			var old []float64
			if mode == kernels.Accumulate {
				op.out = []array{floats(g.signed(s.Outer * s.Inner))}
				old = op.out[0].values()
			}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Sum(out[0], in[0], s, mode) }
			op.oracle = sumOracle(s, 1, old)
			op.wrt = []int{0}
			op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, _ []kernels.Buffer, m []kernels.Mode) {
				d.SumGrad(din[0], dy, s, m[0])
			}
			cases = append(cases, op)
		}
	}
	return cases
}

// Mean; that of nothing is NaN.
func meanCases() (cases []operation) {
	for _, s := range reductions() {
		op := operation{method: "Mean", detail: reduceDetail(s),
			large: s.Outer*s.N*s.Inner > 500, tol: summing(s.N), gradTol: rounding(2)}
		op.in = []array{floats(newGenerator(op.detail).signed(s.Outer * s.N * s.Inner))}
		op.out = []array{outputs(s.Outer * s.Inner)}
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Mean(out[0], in[0], s) }
		op.oracle = sumOracle(s, float64(s.N), nil)
		op.wrt = []int{0}
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, _, _ []kernels.Buffer, m []kernels.Mode) {
			d.MeanGrad(din[0], dy, s, m[0])
		}
		cases = append(cases, op)
	}
	return cases
}

// Max and where it is, the first of equals.
func maxCases() (cases []operation) {
	for _, s := range reductions() {
		if s.N > 0 { // there is no maximum of nothing: see testRefused
			cases = append(cases, maxCase(s))
		}
	}
	return cases
}

func maxCase(s kernels.ReduceSpec) operation {
	op := operation{method: "Max", detail: reduceDetail(s),
		large: s.Outer*s.N*s.Inner > 500, tol: exact, gradTol: rounding(1)} // rounding where it accumulates
	op.in = []array{floats(newGenerator(op.detail).coarse(s.Outer * s.N * s.Inner))}
	op.out = []array{outputs(s.Outer * s.Inner), intOutputs(s.Outer * s.Inner)}
	op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Max(out[0], out[1], in[0], s) }
	op.oracle = func(x, at [][]float64) [][]float64 {
		y, arg := make([]float64, s.Outer*s.Inner), make([]float64, s.Outer*s.Inner)
		for j := range y {
			positions := make([]int, s.N)
			for n := range positions {
				positions[n] = (j/s.Inner*s.N+n)*s.Inner + j%s.Inner
			}
			best := firstMaximum(at[0], positions)
			y[j], arg[j] = x[0][positions[best]], float64(best)
		}
		return [][]float64{y, arg}
	}
	op.wrt = []int{0}
	op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, _ []kernels.Buffer, m []kernels.Mode) {
		d.MaxGrad(din[0], dy, out[1], s, m[0])
	}
	return op
}

// ArgMax is Max without the maximum.
func argMaxCases() (cases []operation) {
	for _, s := range reductions() {
		if s.N == 0 {
			continue
		}
		op := maxCase(s)
		withMaximum := op.oracle
		op.method, op.out = "ArgMax", op.out[1:]
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.ArgMax(out[0], in[0], s) }
		op.oracle = func(x, at [][]float64) [][]float64 { return withMaximum(x, at)[1:] }
		op.gradient, op.wrt = nil, nil
		cases = append(cases, op)
	}
	return cases
}

// Accuracy: y[r] = 1 where the first maximum of x[r,:] is the class, else 0.
func accuracyCases() (cases []operation) {
	for _, m := range append(matrices(), [2]int{4, 70}, [2]int{2, 1100}) {
		rows, cols := m[0], m[1]
		if cols == 0 {
			continue
		}
		g := newGenerator(fmt.Sprint("accuracy", m))
		x := floats(g.coarse(rows * cols))
		best := func(values []float64, r int) int {
			positions := make([]int, cols)
			for c := range positions {
				positions[c] = r*cols + c
			}
			return firstMaximum(values, positions)
		}
		classes := make([]int32, rows)
		for r := range classes { // every second one right
			if classes[r] = int32(r % cols); r%2 == 0 {
				classes[r] = int32(best(x.values(), r))
			}
		}
		for _, labels := range []array{ints(classes), floats(g.coarse(rows * cols))} {
			op := operation{method: "Accuracy", detail: fmt.Sprintf("%v %v", m, labels.kind), large: rows*cols > 500, tol: exact}
			op.in, op.out = []array{x, labels}, []array{outputs(rows)}
			op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Accuracy(out[0], in[0], in[1], rows, cols) }
			op.oracle = func(x, at [][]float64) [][]float64 {
				y := make([]float64, rows)
				for r := range y {
					class := 0
					if labels.kind == kernels.Int32 {
						class = int(x[1][r])
					} else {
						class = best(at[1], r)
					}
					if best(at[0], r) == class {
						y[r] = 1
					}
				}
				return [][]float64{y}
			}
			cases = append(cases, op)
		}
	}
	return cases
}

// matrices are shapes [rows,cols] for what works by row.
func matrices() [][2]int {
	list := [][2]int{{3, 10}, {5, 7}, {2, 33}, {17, 1}, {0, 4}, {3, 0}, {1, 100}, {35, 3}, {128, 10}}
	for n := range 36 {
		list = append(list, [2]int{2, n})
	}
	return list
}

// softmaxOracle is the softmax of row r, with the maximum subtracted, and the
// logarithm of it.
func softmaxOracle(x []float64) (softmax, logs []float64) {
	maximum := math.Inf(-1)
	for _, v := range x {
		maximum = math.Max(maximum, v)
	}
	total := 0.0
	for _, v := range x {
		total += math.Exp(v - maximum)
	}
	return mapped(x, func(v float64) float64 { return math.Exp(v-maximum) / total }),
		mapped(x, func(v float64) float64 { return v - maximum - math.Log(total) })
}

// byRow is an oracle that works on each row of x[0].
func byRow(rows, cols int, f func(row []float64) []float64) func(x, at [][]float64) [][]float64 {
	return func(x, _ [][]float64) [][]float64 {
		y := []float64{}
		for r := range rows {
			y = append(y, f(x[0][r*cols:(r+1)*cols])...)
		}
		return [][]float64{y}
	}
}

// Softmax and LogSoftmax by row.
func softmaxCases() (cases []operation) {
	for _, size := range matrices() {
		rows, cols := size[0], size[1]
		op := softmaxCase("Softmax", rows, cols)
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.Softmax(out[0], in[0], rows, cols) }
		op.oracle = byRow(rows, cols, func(row []float64) []float64 {
			y, _ := softmaxOracle(row)
			return y
		})
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, _ []kernels.Buffer, m []kernels.Mode) {
			d.SoftmaxGrad(din[0], dy, out[0], rows, cols, m[0])
		}
		cases = append(cases, op)
	}
	for _, size := range matrices() {
		rows, cols := size[0], size[1]
		op := softmaxCase("LogSoftmax", rows, cols)
		op.forward = func(d kernels.Device, out, in []kernels.Buffer) { d.LogSoftmax(out[0], in[0], rows, cols) }
		op.oracle = byRow(rows, cols, func(row []float64) []float64 {
			_, y := softmaxOracle(row)
			return y
		})
		op.gradient = func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, _ []kernels.Buffer, m []kernels.Mode) {
			d.LogSoftmaxGrad(din[0], dy, out[0], rows, cols, m[0])
		}
		cases = append(cases, op)
	}
	return cases
}

func softmaxCase(method string, rows, cols int) operation {
	op := operation{method: method, detail: fmt.Sprintf("%d×%d", rows, cols), large: rows*cols > 500}
	op.in = []array{floats(newGenerator(op.detail).signed(rows * cols))}
	op.out = []array{outputs(rows * cols)}
	// A few epsilons for the exponential, as many for the sum, which is of
	// positive numbers and so has a small relative error.
	op.tol = rounding(8)
	op.wrt = []int{0}
	op.gradTol = summing(cols + 8)
	return op
}
