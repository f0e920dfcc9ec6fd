//go:build !cuda

package nvidia

import "baregrad/kernels/cuda/driver"

// Count is the number of GPUs: none, in a program built without the tag cuda.
func Count() (int, error) {
	return 0, &NoDeviceError{
		Looked: "this program was built without GPU support",
		Hint:   "make cuda builds bin/demo with it; that needs Go and a C compiler",
	}
}

// Open returns the error of Count.
func Open(int, Options) (driver.Driver, error) {
	_, err := Count()
	return nil, err
}
