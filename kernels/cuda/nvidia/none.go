//go:build !cuda

package nvidia

import "baregrad/kernels/cuda/driver"

// Built reports whether the program was built with GPU support: with the tag cuda.
const Built = false

// Count returns an error: there are no GPUs in a program built without the tag cuda.
func Count() (int, error) {
	return 0, &NoDeviceError{
		Looked: "this program was built without GPU support",
		Hint:   "make cuda builds bin/demo with it; that needs Go and a C compiler",
	}
}

// Open returns Count's error.
func Open(int, Options) (driver.Driver, error) {
	_, err := Count()
	return nil, err
}
