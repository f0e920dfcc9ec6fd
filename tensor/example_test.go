package tensor_test

import (
	"fmt"

	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

func Example() {
	d := reference.New()
	x := tensor.From(d, []float32{1, 2, 3, 4.5, 5, 6}, 2, 3)
	fmt.Println(x.Shape(), x.Type())
	fmt.Println(x)
	// Output:
	// [2 3] float32
	// [[1.  2.  3. ]
	//  [4.5 5.  6. ]]
}

func ExampleTensor_Reshape() {
	x := tensor.From(reference.New(), []int32{0, 1, 2, 3, 4, 5}, 6)
	fmt.Println(x.Reshape(2, -1))
	// Output:
	// [[0 1 2]
	//  [3 4 5]]
}

func ExampleTensor_Slice() {
	images := tensor.NewOf(reference.New(), kernels.Uint8, 100, 28, 28)
	batch := images.Slice(32, 64) // the same memory
	fmt.Println(batch.Shape())
	// Output: [32 28 28]
}

// Large tensors are shortened, and floats that differ widely in size are written with
// exponents.
func ExampleTensor_String() {
	d := reference.New()
	fmt.Println(tensor.New(d, 60000, 784))
	fmt.Println(tensor.From(d, []float32{0.00025, 1, -40}, 3))
	// Output:
	// [[0. 0. 0. ... 0. 0. 0.]
	//  [0. 0. 0. ... 0. 0. 0.]
	//  [0. 0. 0. ... 0. 0. 0.]
	//  ...
	//  [0. 0. 0. ... 0. 0. 0.]
	//  [0. 0. 0. ... 0. 0. 0.]
	//  [0. 0. 0. ... 0. 0. 0.]]
	// [ 2.5e-04  1.0e+00 -4.0e+01]
}
