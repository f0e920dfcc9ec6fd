package bench

import (
	"fmt"
	"strings"

	"baregrad/kernels"
)

// A call is an operation that a step requests from the device.
type call struct {
	operation string
	sizes     [4]int  // of its operands, or M, N and K of a product; 0 after the last
	filter    [3]int  // of a convolution: height, width, and output channels
	note      string  // further details
	flop      float64 // of a product or a convolution, by its definition; otherwise 0
}

// shape formats the sizes of the call.
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

// of returns a call of an operation with the given sizes, by axis.
func of(operation string, sizes ...int) call {
	c := call{operation: operation}
	copy(c.sizes[:], sizes)
	return c
}

// product returns a matrix product, sampled or whole.
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

// convolution returns an operation on the images of a convolution, with the arithmetic of the given
// number of convolutions.
func convolution(operation string, s kernels.ConvSpec, times int) call {
	c := of(operation, s.N, s.H, s.W, s.C)
	c.filter = [3]int{s.KH, s.KW, s.Out}
	c.flop = float64(times) * Product{s.Rows(), s.Out, s.Cols()}.FLOP()
	return c
}

// present counts the buffers that are not nil.
func present(buffers ...kernels.Buffer) (n int) {
	for _, b := range buffers {
		if b != nil {
			n++
		}
	}
	return n
}

// length returns the number of a buffer's elements. A missing buffer has 0; the device reports it.
func length(b kernels.Buffer) int {
	if b == nil {
		return 0
	}
	return b.Len()
}
