package bench

import (
	"fmt"
	"strings"

	"baregrad/kernels"
)

// A call is an operation that a step asks the device for.
type call struct {
	operation string
	sizes     [4]int  // of what it works on, or M, N and K of a product; 0 behind the last
	filter    [3]int  // of a convolution: its height, its width, and the channels that come out
	note      string  // what else there is to say
	flop      float64 // of a product or a convolution, by its definition; else 0
}

// shape writes what the call works on.
func (c call) shape() string {
	var sizes []string
	for _, n := range c.sizes {
		if n > 0 {
			sizes = append(sizes, fmt.Sprint(n))
		}
	}
	s := strings.Join(sizes, "×")
	if c.filter != [3]int{} {
		s += fmt.Sprintf(", %d×%d → %d", c.filter[0], c.filter[1], c.filter[2])
	}
	return s + c.note
}

// of is an operation on so many elements, by axis.
func of(operation string, sizes ...int) call {
	c := call{operation: operation}
	copy(c.sizes[:], sizes)
	return c
}

// product is a matrix product, sampled or whole.
func product(operation string, s kernels.MatMulSpec, bias bool) call {
	c := of(operation, s.M, s.N, s.K)
	c.flop = Product{s.M, s.N, s.K}.FLOP()
	switch {
	case s.TransA && s.TransB:
		c.note = ", Aᵀ·Bᵀ"
	case s.TransA:
		c.note = ", Aᵀ·B"
	case s.TransB:
		c.note = ", A·Bᵀ"
	case bias && s.ReLU:
		c.note = ", bias, ReLU"
	case bias:
		c.note = ", bias"
	}
	return c
}

// convolution is an operation on the images of a convolution, with as much arithmetic
// as the given number of convolutions.
func convolution(operation string, s kernels.ConvSpec, times int) call {
	c := of(operation, s.N, s.H, s.W, s.C)
	c.filter = [3]int{s.KH, s.KW, s.Out}
	c.flop = float64(times) * Product{s.Rows(), s.Out, s.Cols()}.FLOP()
	return c
}

// present counts the buffers that there are.
func present(buffers ...kernels.Buffer) (n int) {
	for _, b := range buffers {
		if b != nil {
			n++
		}
	}
	return n
}

// length is the number of a buffer's elements; that it is missing is for the device to
// say.
func length(b kernels.Buffer) int {
	if b == nil {
		return 0
	}
	return b.Len()
}
