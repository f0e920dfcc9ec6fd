package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
)

// A Case is one kernel at one size, for us and for PyTorch: torch_time.py does the same work from
// the same description.
type Case struct {
	Name  string  `json:"name"`
	Kind  string  `json:"kind"`           // what is computed; see measured and torch_time.py
	Dims  []int   `json:"dims"`           // matmul: M N K; conv…: N H W C KH KW Out; pool: N H W C; rows: rows cols; otherwise elements
	TF32  bool    `json:"tf32"`           // factors may be rounded to tf32
	Form  string  `json:"form,omitempty"` // a kernel of the ladder or a form of convolution to compare with the default choice; ours only
	FLOP  float64 `json:"flop"`           // per call, if it is limited by arithmetic
	Bytes float64 `json:"bytes"`          // read and written per call, if each element is touched once

	Calls   int `json:"calls"`   // per graph, each on its own memory
	Samples int `json:"samples"` // launches of the graph
}

// groups maps a group of cases that are timed together to their kinds.
var groups = map[string][]string{
	"matmul": {"matmul"},
	"conv":   {"conv", "conv_dx", "conv_dw"},
	"memory": {"maxpool", "avgpool", "softmax", "copy", "relu", "add", "exp", "sum", "maxpool_dx", "avgpool_dx", "softmax_dx", "relu_dx"},
}

// casesOf lists the cases of a group, in the report's order.
func casesOf(group string, smoke bool) ([]Case, error) {
	kinds, ok := groups[group]
	if !ok {
		return nil, fmt.Errorf("no group of kernels is called %q: there are matmul, conv and memory", group)
	}
	list := slices.DeleteFunc(cases(smoke), func(c Case) bool { return !slices.Contains(kinds, c.Kind) })
	for i := range list {
		list[i].Calls, list[i].Samples = list[i].rotation(), 31
		if smoke {
			list[i].Calls, list[i].Samples = 2, 3
		}
	}
	return list, nil
}

// group returns the group of a case.
func (c Case) group() string {
	for group, kinds := range groups {
		if slices.Contains(kinds, c.Kind) {
			return group
		}
	}
	return ""
}

// cases lists all cases: at full size, or small enough for an emulator.
func cases(smoke bool) (list []Case) {
	squares, batch, large := []int{1024, 2048, 4096, 8192}, 128, 1<<26
	products := [][]int{{1000, 32, 784}, {128, 128, 784}, {200, 784, 784}, {128, 128, 9216}, {32, 128, 784}}
	if smoke {
		squares, batch, large = []int{64}, 1, 4096
		products = [][]int{{20, 16, 24}}
	}
	product := func(m, n, k int, tf32 bool, forms ...string) {
		name := fmt.Sprintf("matmul %s %dx%dx%d", map[bool]string{false: "fp32", true: "tf32"}[tf32], m, n, k)
		c := Case{Name: name, Kind: "matmul", Dims: []int{m, n, k}, TF32: tf32, FLOP: 2 * float64(m) * float64(n) * float64(k)}
		list = append(list, c)
		for _, c.Form = range forms {
			c.Name = name + " by " + c.Form
			list = append(list, c)
		}
	}
	for _, n := range squares {
		if n == 2048 || n == 8192 || smoke {
			product(n, n, n, false, "matmul_128x128_f32", "matmul_async_128x128_f32", "matmul_async_128x256_f32")
			product(n, n, n, true, "matmul_tf32", "matmul_tf32_128x256")
			continue
		}
		product(n, n, n, false)
		product(n, n, n, true)
	}
	for _, p := range products {
		product(p[0], p[1], p[2], false, "matmul_32x32_f32", "matmul_64x64_f32")
		product(p[0], p[1], p[2], true)
	}
	convolutions := [][]int{ // mnist-cnn's two, and the 5×5 of mnist-cnn-channels-first
		{batch, 28, 28, 1, 3, 3, 32}, {batch, 26, 26, 32, 3, 3, 64}, {batch, 28, 28, 1, 5, 5, 32},
	}
	if smoke {
		convolutions = [][]int{{1, 8, 8, 1, 3, 3, 4}, {1, 6, 6, 8, 3, 3, 64}}
	}
	for _, c := range convolutions {
		s := convSpec(c)
		for _, kind := range []string{"conv", "conv_dx", "conv_dw"} {
			if kind == "conv_dx" && s.C == 1 {
				continue // the gradient by the images, which is never needed
			}
			name := fmt.Sprintf("%s %dx%dx%dx%d by %dx%dx%d", kind, c[0], c[1], c[2], c[3], c[4], c[5], c[6])
			one := Case{Name: name, Kind: kind, Dims: c, FLOP: 2 * float64(s.Rows()) * float64(s.Cols()) * float64(s.Out)}
			list = append(list, one)
			for _, one.Form = range slices.Sorted(maps.Keys(convForms)) {
				if s.C%4 != 0 && strings.HasPrefix(one.Form, "async") {
					continue // it needs a multiple of 4 channels
				}
				if strings.HasPrefix(one.Form, "winograd") && !byWinograd(s, kind, one.Form) {
					continue
				}
				one.Name = name + ", " + one.Form
				list = append(list, one)
			}
		}
	}
	n := float64(large)
	list = append(list, Case{Name: fmt.Sprintf("copy %d", large), Kind: "copy", Dims: []int{large}, Bytes: 8 * n}) // first: the others' measure
	for _, p := range [][]int{{batch, 24, 24, 64}, {8 * batch, 24, 24, 64}} {
		n := float64(p[0] * p[1] * p[2] * p[3])
		size := fmt.Sprintf(" %dx%dx%dx%d", p[0], p[1], p[2], p[3])
		list = append(list,
			Case{Name: "maxpool" + size, Kind: "maxpool", Dims: p, Bytes: n*4 + n/4*8},
			Case{Name: "avgpool" + size, Kind: "avgpool", Dims: p, Bytes: n*4 + n/4*4})
		if p[0] == batch {
			continue // of the gradients, the large ones alone
		}
		list = append(list,
			Case{Name: "maxpool_dx" + size, Kind: "maxpool_dx", Dims: p, Bytes: n*4 + n/4*8},
			Case{Name: "avgpool_dx" + size, Kind: "avgpool_dx", Dims: p, Bytes: n*4 + n/4*4})
	}
	for _, cols := range []int{10, 1024, 10000} {
		rows := max(1, large/cols)
		list = append(list,
			Case{Name: fmt.Sprintf("softmax %dx%d", rows, cols), Kind: "softmax", Dims: []int{rows, cols}, Bytes: 8 * float64(rows*cols)},
			Case{Name: fmt.Sprintf("softmax_dx %dx%d", rows, cols), Kind: "softmax_dx", Dims: []int{rows, cols}, Bytes: 12 * float64(rows*cols)})
	}
	return append(list,
		Case{Name: fmt.Sprintf("relu %d", large), Kind: "relu", Dims: []int{large}, Bytes: 8 * n},
		Case{Name: fmt.Sprintf("relu_dx %d", large), Kind: "relu_dx", Dims: []int{large}, Bytes: 12 * n},
		Case{Name: fmt.Sprintf("add %d", large), Kind: "add", Dims: []int{large}, Bytes: 12 * n},
		Case{Name: fmt.Sprintf("exp %d", large), Kind: "exp", Dims: []int{large}, Bytes: 8 * n},
		Case{Name: fmt.Sprintf("sum %d", large), Kind: "sum", Dims: []int{large}, Bytes: 4 * n})
}

// noInstructions is the problem of a case that needs a newer GPU.
const noInstructions = "this GPU has no such instructions"

// needs returns the major compute capability that a kernel or a form of a convolution needs: 8 for
// asynchronous copies and for tf32.
func needs(form string) int {
	for _, word := range []string{"async", "tf32", "winograd"} {
		if strings.Contains(form, word) {
			return 8
		}
	}
	return 0
}

// needs returns that of a case.
func (c Case) needs() int {
	if c.TF32 {
		return 8
	}
	return needs(c.Form)
}

// rotated is the minimum number of bytes that the calls of a graph touch: more than any GPU's cache
// holds.
const rotated = 256 << 20

// rotation returns how many calls touch that much memory, at least two.
func (c Case) rotation() int {
	bytes := 0
	for _, n := range c.operands() {
		bytes += 4 * n
	}
	return max(2, (rotated+bytes-1)/bytes)
}

// convForms maps names to forms of convolution.
var convForms = map[string]cuda.ConvForm{
	"direct": cuda.ConvDirect, "implicit": cuda.ConvImplicit, "async": cuda.ConvAsync, "async large": cuda.ConvAsyncLarge,
	"winograd": cuda.ConvWinograd, "winograd narrow": cuda.ConvWinogradNarrow,
}

// byWinograd reports whether conv_winograd.ptx can compute a convolution and has a form for it.
func byWinograd(s kernels.ConvSpec, kind, form string) bool {
	c, out := s.C, s.Out
	if kind == "conv_dx" {
		c, out = out, c
	}
	return kind != "conv_dw" && s.KH == 3 && s.KW == 3 && c%8 == 0 && out%32 == 0 && (out%64 == 0 || form == "winograd narrow")
}

// convSpec returns a convolution with strides of 1 and no padding.
func convSpec(d []int) kernels.ConvSpec {
	return kernels.ConvSpec{N: d[0], H: d[1], W: d[2], C: d[3], KH: d[4], KW: d[5], Out: d[6],
		OH: d[1] - d[4] + 1, OW: d[2] - d[5] + 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
}

// operands returns the lengths of a case's float32 buffers, the output first.
func (c Case) operands() []int {
	d := c.Dims
	switch c.Kind {
	case "matmul":
		return []int{d[0] * d[1], d[0] * d[2], d[2] * d[1]}
	case "conv", "conv_dx", "conv_dw":
		s := convSpec(d)
		y, x, w := s.Rows()*s.Out, s.N*s.H*s.W*s.C, s.Cols()*s.Out
		return map[string][]int{"conv": {y, x, w}, "conv_dx": {x, y, w}, "conv_dw": {w, y, x}}[c.Kind]
	case "maxpool", "avgpool":
		n := d[0] * d[1] * d[2] * d[3]
		return []int{n / 4, n}
	case "maxpool_dx", "avgpool_dx":
		n := d[0] * d[1] * d[2] * d[3]
		return []int{n, n / 4}
	case "softmax":
		return []int{d[0] * d[1], d[0] * d[1]}
	case "softmax_dx":
		return []int{d[0] * d[1], d[0] * d[1], d[0] * d[1]}
	case "add", "relu_dx":
		return []int{d[0], d[0], d[0]}
	case "sum":
		return []int{1, d[0]}
	}
	return []int{d[0], d[0]}
}

// buffers returns memory for a case on a device: its operands, uninitialised, and for max pooling the
// places of the maxima, one for each window. The gradient reads them, so they are in it.
func (c Case) buffers(d *cuda.Device) (list []kernels.Buffer) {
	sizes := c.operands()
	for _, n := range sizes {
		list = append(list, d.Alloc(kernels.Float32, n))
	}
	switch c.Kind {
	case "maxpool":
		list = append(list, d.Alloc(kernels.Int32, sizes[0]))
	case "maxpool_dx":
		places := d.Alloc(kernels.Int32, sizes[1])
		list = append(list, places)
		to := make([]int32, sizes[1])
		for window := range to {
			to[window] = int32(c.corner(window, chosen(window)))
		}
		kernels.Upload(d, places, to)
	}
	return list
}

// chosen returns the place of a window's maximum, from 0 to 3, for the gradient of max pooling: any
// will do that differs from window to window.
func chosen(window int) int { return int(uint32(window) * 2654435761 >> 30) }

// corner returns the index of an element of a pooling's input, from 0 to 3 of a window.
func (c Case) corner(window, i int) int {
	h, w, channels := c.Dims[1], c.Dims[2], c.Dims[3]
	if h%2 != 0 {
		panic("a pooling whose rows are odd in number")
	}
	row, column := window/channels/(w/2), window/channels%(w/2) // over all images: their rows are even in number
	return ((2*row+i/2)*w+2*column+i%2)*channels + window%channels
}

// windowOf returns the window of an element of a pooling's input, and which one of it the element is.
func (c Case) windowOf(at int) (window, i int) {
	w, channels := c.Dims[2], c.Dims[3]
	row, column := at/channels/w, at/channels%w
	return (row/2*(w/2)+column/2)*channels + at%channels, row%2*2 + column%2
}

// call computes the case once, in the memory that buffers returned.
func (c Case) call(d *cuda.Device, b []kernels.Buffer) {
	n := c.Dims
	d.ConvForm = convForms[c.Form]
	defer func() { d.ConvForm = cuda.ConvByShape }()
	switch c.Kind {
	case "matmul":
		if c.Form != "" {
			d.MatMulBy(c.Form, b[0], b[1], b[2], nil, kernels.MatMulSpec{M: n[0], N: n[1], K: n[2]})
			return
		}
		d.TensorCores = c.TF32
		d.MatMul(b[0], b[1], b[2], nil, kernels.MatMulSpec{M: n[0], N: n[1], K: n[2]})
		d.TensorCores = false
	case "conv":
		d.Conv2D(b[0], b[1], b[2], nil, convSpec(n))
	case "conv_dx":
		d.Conv2DGradInput(b[0], b[1], b[2], convSpec(n), kernels.Overwrite)
	case "conv_dw":
		d.Conv2DGradFilter(b[0], b[1], b[2], convSpec(n), kernels.Overwrite)
	case "maxpool":
		d.MaxPool(b[0], b[2], b[1], poolSpec(n))
	case "avgpool":
		d.AvgPool(b[0], b[1], poolSpec(n))
	case "maxpool_dx":
		d.MaxPoolGrad(b[0], b[1], b[2], poolSpec(n), kernels.Overwrite)
	case "avgpool_dx":
		d.AvgPoolGrad(b[0], b[1], poolSpec(n), kernels.Overwrite)
	case "softmax":
		d.Softmax(b[0], b[1], n[0], n[1])
	case "softmax_dx":
		d.SoftmaxGrad(b[0], b[1], b[2], n[0], n[1], kernels.Overwrite)
	case "relu_dx":
		d.ReLUGrad(b[0], b[1], b[2], kernels.Overwrite)
	case "copy":
		d.Copy(b[0], b[1])
	case "relu":
		d.ReLU(b[0], b[1])
	case "exp":
		d.Exp(b[0], b[1])
	case "add":
		_, s, err := kernels.Broadcast(n, n)
		if err != nil {
			panic(err) // a shape is compatible with itself
		}
		d.Add(b[0], b[1], b[2], s)
	case "sum":
		d.Sum(b[0], b[1], kernels.ReduceSpec{Outer: 1, N: n[0], Inner: 1}, kernels.Overwrite)
	default:
		kernels.Panicf("gpulab", "nothing is called %q", c.Kind)
	}
}

// poolSpec returns a pooling with 2×2 windows.
func poolSpec(d []int) kernels.PoolSpec {
	return kernels.PoolSpec{N: d[0], H: d[1], W: d[2], C: d[3], KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: d[1] / 2, OW: d[2] / 2}
}
