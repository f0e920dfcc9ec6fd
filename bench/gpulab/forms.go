package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/reference"
)

// Which kernel computes a product or a convolution depends on its shape, so the operations' tests
// do not reach the alternatives. Here each of them is compared with the reference.

// checkForms computes the same with every rung of the ladder and every form of convolution, and
// reports the errors relative to the sum of the terms' magnitudes.
func checkForms(w io.Writer, d *cuda.Device, parts *turns) error {
	defer func() { d.ConvForm = cuda.ConvByShape }()
	host := reference.New()
	bad := 0
	for _, c := range formChecks() {
		if !parts.take() {
			continue
		}
		if c.needs > d.Info().Compute[0] {
			fmt.Fprintf(w, "%-66s %s\n", c.name, noInstructions)
			continue
		}
		verdict := ""
		e := c.error(d, host)
		if !(e <= c.allowed) {
			verdict = fmt.Sprintf(": WRONG, at most %.2g is right", c.allowed)
			bad++
		}
		fmt.Fprintf(w, "%-66s largest error %.2g%s\n", c.name, e, verdict)
	}
	if bad > 0 {
		return fmt.Errorf("%d kernels give wrong results", bad)
	}
	return nil
}

// A formCheck is a kernel whose result the reference can compute, too.
type formCheck struct {
	name    string
	needs   int     // major number of the GPU's compute capability
	allowed float64 // the largest acceptable error
	error   func(d *cuda.Device, host kernels.Device) float64
}

// formChecks lists all checks.
func formChecks() (list []formCheck) {
	for transposes := range 4 {
		s := kernels.MatMulSpec{M: 132, N: 260, K: 68, TransA: transposes&1 != 0, TransB: transposes&2 != 0}
		for _, rung := range cuda.Ladder() {
			c := formCheck{name: fmt.Sprintf("%s, transposed %v %v", rung, s.TransA, s.TransB), needs: needs(rung), allowed: 0x1p-18} // sums of 68 terms in some order of float32
			if strings.HasPrefix(rung, "matmul_tf32") {
				c.allowed = 0x1p-10 // two factors, each rounded to 11 bits
			}
			c.error = func(d *cuda.Device, host kernels.Device) float64 {
				on := newCopies(d, host, s.M*s.N, s.M*s.K, s.K*s.N)
				defer on.free()
				on.reference(func(b []kernels.Buffer) { host.MatMul(b[0], b[1], b[2], nil, s) })
				return on.error(func(b []kernels.Buffer) { d.MatMulBy(rung, b[0], b[1], b[2], nil, s) })
			}
			list = append(list, c)
		}
	}
	list = append(list, convChecks("", []int{2, 12, 10, 32, 3, 3, 64}, slices.Sorted(maps.Keys(convForms))...)...)
	// Tiles for 16 columns: low ones and, with this many pixels, high ones.
	list = append(list, convChecks("of 16 channels ", []int{2, 12, 10, 16, 3, 3, 16}, "async")...)
	return append(list, convChecks("of 16 channels of 168x168 ", []int{1, 168, 168, 16, 1, 1, 16}, "async")...)
}

// convChecks lists the checks of a convolution: all its passes, in the given forms.
func convChecks(of string, dims []int, forms ...string) (list []formCheck) {
	s := convSpec(dims)
	x, filter, y := s.N*s.H*s.W*s.C, s.Cols()*s.Out, s.Rows()*s.Out
	pooled := kernels.ConvPoolSpec{Conv: s, Pool: kernels.PoolSpec{N: s.N, H: s.OH, W: s.OW, C: s.Out, KH: 2, KW: 2,
		StrideH: 2, StrideW: 2, OH: s.OH / 2, OW: s.OW / 2}}
	pooled.Conv.ReLU = true
	for _, form := range forms {
		for _, pass := range []struct {
			name  string
			sizes []int
			run   func(on kernels.Device, b []kernels.Buffer)
		}{
			{"forward", []int{y, x, filter}, func(on kernels.Device, b []kernels.Buffer) { on.Conv2D(b[0], b[1], b[2], nil, s) }},
			{"forward and pooled", []int{y / 4, x, filter}, func(on kernels.Device, b []kernels.Buffer) {
				arg := on.Alloc(kernels.Int32, y/4)
				defer arg.Free()
				on.Conv2DReLUMaxPool(b[0], arg, b[1], b[2], nil, pooled)
			}},
			{"by input", []int{x, y, filter}, func(on kernels.Device, b []kernels.Buffer) {
				on.Conv2DGradInput(b[0], b[1], b[2], s, kernels.Overwrite)
			}},
			{"by input, behind the ReLU below", []int{s.C, y / 4, x, filter}, func(on kernels.Device, b []kernels.Buffer) {
				behindReLU(on, b[0], b[1], b[2], b[3], pooled)
			}},
			{"by filter", []int{filter, y, x}, func(on kernels.Device, b []kernels.Buffer) {
				on.Conv2DGradFilter(b[0], b[1], b[2], s, kernels.Overwrite)
			}},
		} {
			if strings.HasPrefix(form, "winograd") && pass.name == "by filter" {
				continue // it does not support this
			}
			list = append(list, formCheck{name: "convolution " + of + pass.name + ", " + form, needs: needs(form), allowed: 0x1p-18, error: func(d *cuda.Device, host kernels.Device) float64 {
				d.ConvForm = convForms[form]
				on := newCopies(d, host, pass.sizes...)
				defer on.free()
				on.reference(func(b []kernels.Buffer) { pass.run(host, b) })
				return on.error(func(b []kernels.Buffer) { pass.run(d, b) })
			}})
		}
	}
	return list
}

// behindReLU computes the bias gradient of the ReLU below, with one call or with two, for windows
// whose first element was the maximum.
func behindReLU(on kernels.Device, dbelow, dy, x, w kernels.Buffer, s kernels.ConvPoolSpec) {
	const o = kernels.Overwrite
	places := make([]int32, dy.Len())
	for i := range places {
		c, p := i%s.Pool.C, i/s.Pool.C
		row, column := p/s.Pool.OW, p%s.Pool.OW // over all images: each has a whole number of windows
		places[i] = int32((2*row*s.Pool.W+2*column)*s.Pool.C + c)
	}
	arg, y, dx := on.Alloc(kernels.Int32, len(places)), on.Alloc(kernels.Float32, len(places)), on.Alloc(kernels.Float32, x.Len())
	defer arg.Free()
	defer y.Free()
	defer dx.Free()
	kernels.Upload(on, arg, places)
	on.Fill(y, 1)
	if !on.BiasReLUConv2DReLUMaxPoolGrad(dx, dbelow, nil, nil, dy, y, arg, x, w, s, o, o, o) {
		on.BiasReLUGrad(dx, dbelow, dx, x, s.Conv.N*s.Conv.H*s.Conv.W, s.Conv.C, o)
	}
}

// copies holds an operation's buffers on a device and on the host, the result first, and the
// reference's result.
type copies struct {
	d, host         kernels.Device
	there, here     []kernels.Buffer
	want, magnitude []float32
}

// newCopies fills the operands with random numbers from -1 to 1.
func newCopies(d, host kernels.Device, sizes ...int) *copies {
	c := &copies{d: d, host: host}
	for i, n := range sizes {
		here, there := host.Alloc(kernels.Float32, n), d.Alloc(kernels.Float32, n)
		host.Uniform(here, -1, 1, uint64(i+1))
		kernels.Upload(d, there, kernels.Floats(here))
		c.here, c.there = append(c.here, here), append(c.there, there)
	}
	return c
}

// reference computes the result and, with the operands' magnitudes, the sum of the terms'
// magnitudes.
func (c *copies) reference(run func(b []kernels.Buffer)) {
	run(c.here)
	c.want = slices.Clone(kernels.Floats(c.here[0]))
	for _, b := range c.here[1:] {
		for i, v := range kernels.Floats(b) {
			kernels.Floats(b)[i] = float32(math.Abs(float64(v)))
		}
	}
	run(c.here)
	c.magnitude = kernels.Floats(c.here[0])
}

// error runs the operation on the device and returns the largest error of an element.
func (c *copies) error(run func(b []kernels.Buffer)) (worst float64) {
	run(c.there)
	got := make([]float32, len(c.want))
	kernels.Download(c.d, got, c.there[0])
	for i, v := range got {
		if e := math.Abs(float64(v)-float64(c.want[i])) / float64(c.magnitude[i]); !(e <= worst) {
			worst = e
		}
	}
	return worst
}

func (c *copies) free() {
	for i := range c.there {
		c.there[i].Free()
		c.here[i].Free()
	}
}
