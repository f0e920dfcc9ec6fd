// Package tensor provides arrays of numbers in a device's memory: a shape over a
// buffer. All computation is in package autograd, on the device's kernels.
//
//	device, err := auto.Open("auto") // of baregrad/kernels/auto
//	x := tensor.From(device, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
//	fmt.Println(x.Shape(), x.Slice(0, 1).Floats()) // [2 3] [1 2 3]
//
// A mistake, such as a shape with another number of elements or a wrong element type,
// panics with a *kernels.ShapeError. A failing device panics with a *kernels.DeviceError.
package tensor

import (
	"math"
	"slices"

	"baregrad/kernels"
)

// A Tensor is an array with any number of axes in the memory of one device. It is
// contiguous and row-major: the last axis varies fastest. Elements are float32 or,
// for labels, indices and images, int32 and uint8.
type Tensor struct {
	shape  []int
	device kernels.Device
	buffer kernels.Buffer
}

// New returns a tensor of float32 zeros. With no sizes it is a scalar.
func New(d kernels.Device, shape ...int) *Tensor {
	return NewOf(d, kernels.Float32, shape...)
}

// NewOf returns a tensor of zeros of type t.
func NewOf(d kernels.Device, t kernels.Type, shape ...int) *Tensor {
	n := Size(shape)
	if d == nil {
		kernels.Panicf("tensor", "the device is nil, for a tensor of shape %v: open one, and look at its error", shape)
	}
	return &Tensor{shape: slices.Clone(shape), device: d, buffer: d.Alloc(t, n)}
}

// From copies data, row by row, to a new tensor on device d. It panics with a
// *kernels.ShapeError unless data has as many elements as the shape.
func From[T kernels.Element](d kernels.Device, data []T, shape ...int) *Tensor {
	if Size(shape) != len(data) {
		kernels.Panicf("tensor", "%d elements for shape %v, which has %d", len(data), shape, Size(shape))
	}
	t := NewOf(d, kernels.TypeOf[T](), shape...)
	kernels.Upload(d, t.buffer, data)
	return t
}

// Scalar returns a tensor with no axes that holds one number.
func Scalar(d kernels.Device, value float32) *Tensor { return From(d, []float32{value}) }

// Size is the number of elements of a shape. It panics with a
// *kernels.ShapeError if a size is negative or the number does not fit an int.
func Size(shape []int) int {
	for _, size := range shape {
		if size < 0 {
			kernels.Panicf("tensor", "shape %v has a negative size", shape)
		}
	}
	n, fits := product(shape)
	if !fits {
		kernels.Panicf("tensor", "shape %v has more elements than an int can count", shape)
	}
	return n
}

// product multiplies sizes that are not negative. fits is false if the result
// does not fit an int.
func product(sizes []int) (n int, fits bool) {
	if slices.Contains(sizes, 0) {
		return 0, true
	}
	n = 1
	for _, size := range sizes {
		if n > math.MaxInt/size {
			return 0, false
		}
		n *= size
	}
	return n, true
}

// Shape is the size of each axis. It must not be changed.
func (t *Tensor) Shape() []int { return t.shape }

// Dim is the size of one axis. −1 is the last axis, −2 the one before it.
func (t *Tensor) Dim(axis int) int {
	i := axis
	if i < 0 {
		i += len(t.shape)
	}
	if i < 0 || i >= len(t.shape) {
		kernels.Panicf("dim", "shape %v has no axis %d", t.shape, axis)
	}
	return t.shape[i]
}

// Rank is the number of axes.
func (t *Tensor) Rank() int { return len(t.shape) }

// Len is the number of elements.
func (t *Tensor) Len() int { return t.buffer.Len() }

// Type is the type of the elements.
func (t *Tensor) Type() kernels.Type { return t.buffer.Type() }

// Device is the device whose memory holds the tensor.
func (t *Tensor) Device() kernels.Device { return t.device }

// Buffer is the memory of the tensor, for calls of the device's kernels.
func (t *Tensor) Buffer() kernels.Buffer { return t.buffer }

// Reshape returns the same memory with another shape of the same number of elements.
// One size may be −1, and is then computed from the others.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	resolved, err := ResolveShape(t.Len(), shape)
	if err != "" {
		kernels.Panicf("reshape", "%v to %v: %s", t.shape, shape, err)
	}
	return &Tensor{shape: resolved, device: t.device, buffer: t.buffer}
}

// ResolveShape computes the size given as −1 in a shape for n elements. problem says
// why the shape does not fit; it is empty if it does.
func ResolveShape(n int, shape []int) (resolved []int, problem string) {
	resolved = slices.Clone(shape)
	open := -1
	for i, size := range shape {
		switch {
		case size == -1 && open >= 0:
			return nil, "only one size can be −1"
		case size == -1:
			open = i
			resolved[i] = 1
		case size < 0:
			return nil, "a size can't be negative"
		}
	}
	known, fits := product(resolved)
	if open >= 0 {
		if !fits || known == 0 || n%known != 0 {
			return nil, "the sizes given don't divide the number of elements"
		}
		resolved[open] = n / known
		known = n
	}
	if !fits || known != n {
		return nil, "the number of elements differs"
	}
	return resolved, ""
}

// Slice returns rows [from, to) of the first axis. The result shares the memory.
func (t *Tensor) Slice(from, to int) *Tensor {
	if len(t.shape) == 0 {
		kernels.Panicf("slice", "[%d:%d] of shape [], which has no axis", from, to)
	}
	if from < 0 || to < from || to > t.shape[0] {
		kernels.Panicf("slice", "[%d:%d] of shape %v: must lie within [0:%d]", from, to, t.shape, t.shape[0])
	}
	row := Size(t.shape[1:])
	shape := slices.Clone(t.shape)
	shape[0] = to - from
	return &Tensor{shape: shape, device: t.device, buffer: t.buffer.Slice(from*row, to*row)}
}

// To copies the tensor to another device.
func (t *Tensor) To(d kernels.Device) *Tensor {
	raw := make([]byte, t.Len()*t.Type().Size())
	t.device.Read(raw, t.buffer)
	copied := NewOf(d, t.Type(), t.shape...)
	d.Write(copied.buffer, raw)
	return copied
}

// Floats copies the elements of a float32 tensor, row by row, to a new slice on the host.
func (t *Tensor) Floats() []float32 { return download[float32](t, "floats") }

// Ints copies the elements of an int32 tensor to the host, like Floats.
func (t *Tensor) Ints() []int32 { return download[int32](t, "ints") }

// Uint8s copies the elements of a uint8 tensor to the host, like Floats.
func (t *Tensor) Uint8s() []uint8 { return download[uint8](t, "uint8s") }

// readers names the method that copies elements of each type.
var readers = map[kernels.Type]string{kernels.Float32: "Floats", kernels.Int32: "Ints", kernels.Uint8: "Uint8s"}

func download[T kernels.Element](t *Tensor, op string) []T {
	if want := kernels.TypeOf[T](); t.Type() != want {
		kernels.Panicf(op, "the tensor is %v %v, must be %v: %s copies these", t.Type(), t.shape, want, readers[t.Type()])
	}
	data := make([]T, t.Len())
	kernels.Download(t.device, data, t.buffer)
	return data
}

// Item returns the only element of a float32 tensor that has exactly one.
func (t *Tensor) Item() float32 {
	if t.Len() != 1 {
		kernels.Panicf("item", "shape %v has %d elements, must have one", t.shape, t.Len())
	}
	return download[float32](t, "item")[0]
}

// Set copies data, row by row, from the host into the tensor. Type and number of
// elements must match.
func Set[T kernels.Element](t *Tensor, data []T) {
	if given := kernels.TypeOf[T](); given != t.Type() || len(data) != t.Len() {
		kernels.Panicf("set", "%d %v for a tensor %v %v, which has %d %v", len(data), given, t.Type(), t.shape, t.Len(), t.Type())
	}
	kernels.Upload(t.device, t.buffer, data)
}

// Free gives the memory back. Tensors that share it can't be used after it. CPU memory that is
// not freed is garbage-collected; GPU memory is not. Freeing a Slice does nothing.
func (t *Tensor) Free() { t.buffer.Free() }
