// Package auto opens a device by name. The whole choice fits on this screen.
package auto

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"baregrad/internal/spelling"
	"baregrad/kernels"
	"baregrad/kernels/avx"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/nvidia"
	"baregrad/kernels/reference"
)

// library is the environment variable with the path of the CUDA driver; see package
// libcuda. Setting it means that a GPU is wanted.
const library = "BAREGRAD_LIBCUDA"

// Names lists the names that Open takes.
func Names() []string {
	return []string{"auto", "cpu", "cuda", "avx512", "avx2", "reference", "emulator"}
}

// Open opens the named device:
//
//	auto             the fastest available: a GPU, otherwise the processor
//	cuda             the first NVIDIA GPU, in a program built with the tag cuda
//	cpu              the processor, with the best instructions that it has and BAREGRAD_CPU allows
//	avx512, avx2     the processor, with exactly these instructions
//	reference        the processor, in plain Go
//	emulator         the GPU's kernels, on an emulated GPU
//
// The error says what is missing, or lists the known names.
func Open(name string) (kernels.Device, error) {
	switch name {
	case "auto":
		wanted := os.Getenv(library)
		if wanted == "emulator" {
			return Open("cpu")
		}
		d, err := Open("cuda")
		var none *nvidia.NoDeviceError
		switch {
		case !errors.As(err, &none):
			return d, err
		case wanted != "":
			return nil, fmt.Errorf("%s is %q: %w", library, wanted, err)
		}
		return Open("cpu")
	case "cuda":
		if _, err := nvidia.Count(); err != nil {
			return nil, err
		}
		limit, err := memoryLimit()
		if err != nil {
			return nil, err
		}
		gpu, err := nvidia.Open(0, nvidia.Options{MemoryLimit: limit})
		if err != nil {
			return nil, err
		}
		d, err := cuda.New(name, gpu)
		if err != nil {
			return nil, err
		}
		return d, nil
	case "cpu":
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
		limit, err := memoryLimit()
		if err != nil {
			return nil, err
		}
		d, err := cuda.New(name, emulator.NewDriver(emulator.Options{MemoryBytes: uint64(limit)}))
		if err != nil {
			return nil, err
		}
		return d, nil
	}
	guess := spelling.Guess(name, Names())
	if strings.EqualFold(name, "gpu") { // spelling alone would suggest cpu
		guess = "cuda"
	}
	if guess != "" {
		return nil, fmt.Errorf("unknown device %q: did you mean %q? Known: %s", name, guess, strings.Join(Names(), ", "))
	}
	return nil, fmt.Errorf("unknown device %q. Known: %s", name, strings.Join(Names(), ", "))
}
