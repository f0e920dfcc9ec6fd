package cuda

import (
	"fmt"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// checkedGrid is an idle driver that refuses what a GPU would refuse of a launch.
type checkedGrid struct{ idle }

func (d *checkedGrid) NewStream() (driver.Stream, error) { return d, nil }

func (d *checkedGrid) Launch(f driver.Function, l driver.Launch) error {
	if g := l.Grid; g.X < 1 || g.X > 1<<31-1 || g.Y < 1 || g.Y > 65535 || g.Z < 1 || g.Z > 65535 {
		return fmt.Errorf("a grid of %v blocks", g)
	}
	return nil
}

const most = 1<<31 - 1 // elements of a buffer

// The largest and thinnest matrices that buffers hold still give a grid that a GPU takes.
func TestGridsOfTheLargestSizes(t *testing.T) {
	for _, compute := range [][2]int{{7, 0}, {9, 0}} {
		d, err := New("cuda", &checkedGrid{})
		if err != nil {
			t.Fatal(err)
		}
		d.info.Compute = compute
		for _, shape := range [][2]int{{1, most}, {most, 1}, {2, 1 << 29}, {1 << 29, 2}, {3, 1 << 22}, {5, 1<<23 - 1<<7}, {31, 1 << 26}, {1 << 26, 31}, {1 << 15, 1 << 15}, {7, 70000}, {70000, 7}, {70000, 300}} {
			for name, call := range largeCalls(d, shape[0], shape[1]) {
				func() {
					defer func() {
						if failure := recover(); failure != nil {
							t.Errorf("compute %v, %s of %v: %v", compute, name, shape, failure)
						}
					}()
					call()
					d.update()
				}()
			}
		}
	}
}

// A product that no kernel's grid is wide enough for is refused by its sizes.
func TestTooWideAProduct(t *testing.T) {
	d, err := New("cuda", &checkedGrid{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), "[1 1] × [1 8388609]") || !strings.Contains(err.Error(), "8388480") {
			t.Errorf("error %v, want one that names the sizes and the limit", err)
		}
	}()
	n := 1<<23 + 1
	d.MatMul(d.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, 1), d.Alloc(kernels.Float32, n), nil, kernels.MatMulSpec{M: 1, N: n, K: 1})
}

// largeCalls are calls of operations on matrices of that size.
func largeCalls(d *Device, rows, cols int) map[string]func() {
	floats := func(n int) kernels.Buffer { return d.Alloc(kernels.Float32, n) }
	n := rows * cols
	const o = kernels.Overwrite
	calls := map[string]func(){
		"relu":         func() { d.ReLU(floats(n), floats(n)) },
		"fill":         func() { d.Fill(floats(n), 1) },
		"softmax":      func() { d.Softmax(floats(n), floats(n), rows, cols) },
		"softmax grad": func() { d.SoftmaxGrad(floats(n), floats(n), floats(n), rows, cols, o) },
		"logsoftmax":   func() { d.LogSoftmax(floats(n), floats(n), rows, cols) },
		"log grad":     func() { d.LogSoftmaxGrad(floats(n), floats(n), floats(n), rows, cols, o) },
		"crossentropy": func() {
			d.SoftmaxCrossEntropy(floats(rows), floats(n), floats(n), d.Alloc(kernels.Int32, rows), rows, cols)
		},
		"bias relu grad": func() { d.BiasReLUGrad(floats(n), floats(cols), floats(n), floats(n), rows, cols, o) },
		"batch norm": func() {
			d.BatchNorm(floats(n), floats(cols), floats(cols), floats(n), floats(cols), floats(cols), rows, cols, 1)
		},
		"batch norm grad": func() {
			d.BatchNormGrad(floats(n), floats(cols), floats(cols), floats(n), floats(n), floats(cols), floats(cols), floats(cols), rows, cols, 1, o, o, o)
		},
		"layer norm": func() {
			d.LayerNorm(floats(n), floats(rows), floats(rows), floats(n), floats(cols), floats(cols), rows, cols, 1)
		},
		"layer norm grad": func() {
			d.LayerNormGrad(floats(n), floats(cols), floats(cols), floats(n), floats(n), floats(rows), floats(rows), floats(cols), rows, cols, o, o, o)
		},
		"sum of columns": func() { d.Sum(floats(cols), floats(n), kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols}, o) },
		"sum of rows":    func() { d.Sum(floats(rows), floats(n), kernels.ReduceSpec{Outer: rows, N: cols, Inner: 1}, o) },
		"max of columns": func() {
			d.Max(floats(cols), d.Alloc(kernels.Int32, cols), floats(n), kernels.ReduceSpec{Outer: 1, N: rows, Inner: cols})
		},
		"max of rows": func() {
			d.Max(floats(rows), d.Alloc(kernels.Int32, rows), floats(n), kernels.ReduceSpec{Outer: rows, N: cols, Inner: 1})
		},
		"accuracy": func() { d.Accuracy(floats(rows), floats(n), d.Alloc(kernels.Int32, rows), rows, cols) },
		"transpose": func() {
			_, s, err := kernels.Permute([]int{rows, cols}, []int{1, 0})
			if err != nil {
				panic(err)
			}
			d.Transpose(floats(n), floats(n), s)
		},
		"add a row": func() {
			_, s, err := kernels.Broadcast([]int{rows, cols}, []int{cols})
			if err != nil {
				panic(err)
			}
			d.Add(floats(n), floats(n), floats(cols), s)
			d.AddGrad(floats(n), floats(cols), floats(n), s, o, o)
		},
		"add a column": func() {
			_, s, err := kernels.Broadcast([]int{rows, cols}, []int{rows, 1})
			if err != nil {
				panic(err)
			}
			d.Mul(floats(n), floats(n), floats(rows), s)
			d.MulGrad(floats(n), floats(rows), floats(n), floats(n), floats(rows), s, o, o)
		},
		"dropout": func() {
			d.Dropout(floats(n), floats(n), d.Alloc(kernels.Int32, 1), kernels.DropoutSpec{Rate: 0.5})
		},
		"uniform":       func() { d.Uniform(floats(n), 0, 1, 1) },
		"squared error": func() { d.MeanSquaredError(floats(rows), floats(n), floats(n), rows, cols) },
		"norm":          func() { d.AddSquares(floats(1), floats(n)) },
	}
	const mostColumns = 65535 * 128
	for _, inner := range []int{1, 64} {
		if inner*max(rows, cols) <= most && cols <= mostColumns {
			calls[fmt.Sprint("product over ", inner)] = func() {
				d.MatMul(floats(n), floats(rows*inner), floats(inner*cols), nil, kernels.MatMulSpec{M: rows, N: cols, K: inner})
			}
		}
		if inner*max(rows, cols) <= most && cols <= mostColumns {
			calls[fmt.Sprint("product over the rows to ", inner)] = func() {
				d.MatMul(floats(inner*cols), floats(inner*rows), floats(n), nil, kernels.MatMulSpec{M: inner, N: cols, K: rows})
			}
		}
		if inner*max(rows, cols) <= most {
			calls[fmt.Sprint("product over the columns to ", inner)] = func() {
				d.MatMul(floats(rows*inner), floats(n), floats(inner*cols), nil, kernels.MatMulSpec{M: rows, N: inner, K: cols})
			}
		}
	}
	// Images of one pixel in height.
	conv := kernels.ConvSpec{N: 1, H: 1, W: rows, C: cols, KH: 1, KW: 1, Out: 4, OH: 1, OW: rows, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	if 4*max(rows, cols) <= most {
		calls["convolution"] = func() { d.Conv2D(floats(4*rows), floats(n), floats(4*cols), nil, conv) }
		calls["convolution by input"] = func() { d.Conv2DGradInput(floats(n), floats(4*rows), floats(4*cols), conv, o) }
		calls["convolution by filter"] = func() { d.Conv2DGradFilter(floats(4*cols), floats(4*rows), floats(n), conv, o) }
	}
	return calls
}
