// Package auto opens a device by its name: the whole choice is on this screen.
package auto

import (
	"fmt"
	"strings"

	"baregrad/kernels"
	"baregrad/kernels/avx"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/reference"
)

// Names lists what Open takes.
func Names() []string { return []string{"auto", "cpu", "avx512", "avx2", "reference", "emulator"} }

// Open opens the named device:
//
//	auto             the fastest there is
//	cpu              the processor, with the best instructions that it has and BAREGRAD_CPU allows
//	avx512, avx2     the processor, with exactly these instructions
//	reference        the processor, in plain Go
//	emulator         the GPU's kernels, on an emulated GPU
//
// The error says what is missing, or which names there are.
func Open(name string) (kernels.Device, error) {
	switch name {
	case "auto", "cpu":
		best, err := avx.Best()
		if err != nil {
			return nil, err
		}
		return Open(best)
	case "avx512", "avx2":
		d, err := avx.New(name)
		if err != nil {
			return nil, err // not d: a nil pointer in an interface is not nil
		}
		return d, nil
	case "reference":
		return reference.New(), nil
	case "emulator":
		d, err := cuda.New(name, emulator.NewDriver(emulator.Options{}))
		if err != nil {
			return nil, err
		}
		return d, nil
	}
	return nil, fmt.Errorf("no device is called %q: known are %s", name, strings.Join(Names(), ", "))
}
