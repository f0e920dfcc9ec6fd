package tensor_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

func TestNew(t *testing.T) {
	d := reference.New()
	x := tensor.New(d, 2, 3)
	if x.Len() != 6 || x.Rank() != 2 || x.Type() != kernels.Float32 || x.Device() != kernels.Device(d) {
		t.Errorf("New(2, 3) has %d elements, %d axes, type %v", x.Len(), x.Rank(), x.Type())
	}
	for i, v := range x.Floats() {
		if v != 0 {
			t.Errorf("element %d of a new tensor is %v, want 0", i, v)
		}
	}
	if got := tensor.NewOf(d, kernels.Uint8, 4).Uint8s(); !slices.Equal(got, make([]uint8, 4)) {
		t.Errorf("NewOf(uint8, 4) holds %v", got)
	}
	scalar := tensor.New(d)
	if scalar.Len() != 1 || scalar.Rank() != 0 {
		t.Errorf("a tensor without axes has %d elements and %d axes, want 1 and 0", scalar.Len(), scalar.Rank())
	}
	if empty := tensor.New(d, 3, 0, 2); empty.Len() != 0 || len(empty.Floats()) != 0 {
		t.Errorf("shape [3 0 2] has %d elements, want none", empty.Len())
	}
}

func TestShapeIsACopy(t *testing.T) {
	shape := []int{2, 3}
	x := tensor.New(reference.New(), shape...)
	shape[0] = 7
	if !slices.Equal(x.Shape(), []int{2, 3}) {
		t.Errorf("the shape is %v after the caller changed its slice, want [2 3]", x.Shape())
	}
}

func TestFromAndBack(t *testing.T) {
	d := reference.New()
	floats := []float32{1, -2.5, float32(math.Inf(1)), 0}
	x := tensor.From(d, floats, 2, 2)
	floats[0] = 9 // the tensor has a copy
	if got, want := x.Floats(), []float32{1, -2.5, float32(math.Inf(1)), 0}; !slices.Equal(got, want) {
		t.Errorf("Floats returns %v, want %v", got, want)
	}
	x.Floats()[1] = 9 // and returns copies
	if got := x.Floats()[1]; got != -2.5 {
		t.Errorf("element 1 is %v after a change of what Floats returned, want -2.5", got)
	}
	if got, want := tensor.From(d, []int32{-1, 1 << 30}, 2).Ints(), []int32{-1, 1 << 30}; !slices.Equal(got, want) {
		t.Errorf("Ints returns %v, want %v", got, want)
	}
	if got, want := tensor.From(d, []uint8{0, 255}, 2).Uint8s(), []uint8{0, 255}; !slices.Equal(got, want) {
		t.Errorf("Uint8s returns %v, want %v", got, want)
	}
}

func TestReshape(t *testing.T) {
	x := tensor.From(reference.New(), []float32{0, 1, 2, 3, 4, 5}, 2, 3)
	for _, c := range []struct{ to, want []int }{
		{[]int{3, 2}, []int{3, 2}},
		{[]int{-1}, []int{6}},
		{[]int{3, -1}, []int{3, 2}},
		{[]int{-1, 6, 1}, []int{1, 6, 1}},
	} {
		y := x.Reshape(c.to...)
		if !slices.Equal(y.Shape(), c.want) || !slices.Equal(y.Floats(), x.Floats()) {
			t.Errorf("Reshape(%v) gives shape %v and %v, want shape %v", c.to, y.Shape(), y.Floats(), c.want)
		}
	}
	y := x.Reshape(6)
	tensor.Set(y, []float32{5, 4, 3, 2, 1, 0})
	if got := x.Floats()[0]; got != 5 {
		t.Errorf("a reshaped tensor shares the memory: element 0 is %v, want 5", got)
	}
	if got := tensor.New(x.Device()).Reshape(1, 1).Shape(); !slices.Equal(got, []int{1, 1}) {
		t.Errorf("a scalar reshaped to [1 1] has shape %v", got)
	}
	if got := x.Reshape(6).Slice(0, 1).Reshape().Rank(); got != 0 {
		t.Errorf("one element reshaped to a scalar has %d axes, want 0", got)
	}
}

func TestSlice(t *testing.T) {
	x := tensor.From(reference.New(), []float32{0, 1, 2, 3, 4, 5, 6, 7}, 4, 2)
	middle := x.Slice(1, 3)
	if !slices.Equal(middle.Shape(), []int{2, 2}) || !slices.Equal(middle.Floats(), []float32{2, 3, 4, 5}) {
		t.Errorf("Slice(1, 3) is %v of shape %v", middle.Floats(), middle.Shape())
	}
	tensor.Set(middle, []float32{-2, -3, -4, -5})
	if got, want := x.Floats(), []float32{0, 1, -2, -3, -4, -5, 6, 7}; !slices.Equal(got, want) {
		t.Errorf("after writing to the slice the tensor is %v, want %v", got, want)
	}
	middle.Free() // freeing a slice does nothing
	if got := x.Floats()[2]; got != -2 {
		t.Errorf("after freeing the slice element 2 is %v, want -2", got)
	}
	if none := x.Slice(4, 4); none.Len() != 0 || none.Dim(0) != 0 || none.Dim(1) != 2 {
		t.Errorf("Slice(4, 4) has shape %v, want [0 2]", none.Shape())
	}
	if got := x.Slice(1, 4).Slice(1, 2).Floats(); !slices.Equal(got, []float32{-4, -5}) {
		t.Errorf("a slice of a slice is %v, want [-4 -5]", got)
	}
}

func TestTo(t *testing.T) {
	source := reference.New()
	target, err := auto.Open("auto")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	x := tensor.From(source, []int32{3, 1, 2}, 3)
	y := x.To(target)
	tensor.Set(x, []int32{0, 0, 0})
	if y.Device() != target || y.Type() != kernels.Int32 || !slices.Equal(y.Ints(), []int32{3, 1, 2}) {
		t.Errorf("To copies %v of type %v, want [3 1 2] of int32", y.Ints(), y.Type())
	}
	part := tensor.From(source, []uint8{1, 2, 3, 4}, 2, 2).Slice(1, 2).To(target)
	if !slices.Equal(part.Uint8s(), []uint8{3, 4}) || !slices.Equal(part.Shape(), []int{1, 2}) {
		t.Errorf("To copies a slice as %v of shape %v, want [3 4] of shape [1 2]", part.Uint8s(), part.Shape())
	}
}

func TestDimAndItem(t *testing.T) {
	d := reference.New()
	x := tensor.New(d, 2, 3, 5)
	for axis, want := range map[int]int{0: 2, 1: 3, 2: 5, -1: 5, -2: 3, -3: 2} {
		if got := x.Dim(axis); got != want {
			t.Errorf("Dim(%d) is %d, want %d", axis, got, want)
		}
	}
	if got := tensor.Scalar(d, 2.5).Item(); got != 2.5 {
		t.Errorf("Item is %v, want 2.5", got)
	}
	if got := tensor.From(d, []float32{4}, 1, 1).Item(); got != 4 {
		t.Errorf("Item of shape [1 1] is %v, want 4", got)
	}
}

// Mistakes panic with a *kernels.ShapeError that names the operation, every
// shape and what was expected.
func TestMistakes(t *testing.T) {
	d := reference.New()
	x := tensor.New(d, 2, 3)
	freed := tensor.New(d, 2)
	freed.Free()
	huge := math.MaxInt/2 + 1
	for _, c := range []struct {
		do   func()
		want string
	}{
		{func() { tensor.From(d, []float32{1, 2}, 3) }, "tensor: 2 elements for shape [3], which has 3"},
		{func() { tensor.New(d, 2, -3) }, "tensor: shape [2 -3] has a negative size"},
		{func() { tensor.New(d, 0, -3) }, "tensor: shape [0 -3] has a negative size"},
		{func() { tensor.New(d, huge, 2) }, "has more elements than an int can count"},
		{func() { tensor.New(d, huge, 4) }, "has more elements than an int can count"}, // 4·huge overflows to 0
		{func() { x.Dim(2) }, "dim: shape [2 3] has no axis 2"},
		{func() { x.Dim(-3) }, "dim: shape [2 3] has no axis -3"},
		{func() { x.Reshape(4, 2) }, "reshape: [2 3] to [4 2]: the number of elements differs"},
		{func() { x.Reshape(4, -1) }, "reshape: [2 3] to [4 -1]: the sizes given don't divide"},
		{func() { x.Reshape(-1, -1) }, "reshape: [2 3] to [-1 -1]: only one size can be −1"},
		{func() { x.Reshape(-2, -3) }, "reshape: [2 3] to [-2 -3]: a size can't be negative"},
		{func() { x.Reshape(0, -1) }, "reshape: [2 3] to [0 -1]"},
		{func() { x.Reshape(huge, 4) }, "the number of elements differs"},
		{func() { tensor.New(d, 0).Reshape(huge, 4) }, "the number of elements differs"},
		{func() { x.Slice(1, 3) }, "slice: [1:3] of shape [2 3]: must lie within [0:2]"},
		{func() { x.Slice(-1, 1) }, "slice: [-1:1] of shape [2 3]"},
		{func() { x.Slice(2, 1) }, "slice: [2:1] of shape [2 3]"},
		{func() { tensor.New(d).Slice(0, 1) }, "slice: [0:1] of shape []"},
		{func() { x.Item() }, "item: shape [2 3] has 6 elements, must have one"},
		{func() { x.Ints() }, "ints: the tensor is float32 [2 3], must be int32: Floats copies these"},
		{func() { tensor.Set(x, []float32{1}) }, "set: 1 float32 for a tensor float32 [2 3], which has 6 float32"},
		{func() { tensor.Set(x, make([]int32, 6)) }, "set: 6 int32 for a tensor float32 [2 3], which has 6 float32"},
		{func() { tensor.From(d, []uint8{1, 2}, 2).Floats() }, "floats: the tensor is uint8 [2], must be float32: Uint8s copies these"},
		{func() { tensor.From(d, []int32{1}, 1).Item() }, "item: the tensor is int32 [1], must be float32: Ints copies these"},
		{func() { tensor.New(nil, 2) }, "tensor: the device is nil, for a tensor of shape [2]"},
		{func() { freed.Floats() }, "a buffer of 2 float32 was used after it was freed"},
	} {
		func() {
			defer func() {
				got := recover()
				err, ok := got.(error)
				var mistake *kernels.ShapeError
				switch {
				case !ok || !errors.As(err, &mistake):
					t.Errorf("expected a panic with a *kernels.ShapeError that says %q, got %v", c.want, got)
				case !strings.Contains(mistake.Error(), c.want):
					t.Errorf("the panic says %q, want %q", mistake.Error(), c.want)
				}
			}()
			c.do()
		}()
	}
}
