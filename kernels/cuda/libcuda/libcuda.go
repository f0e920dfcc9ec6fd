//go:build cuda

// Package libcuda is what lets gorgonia.org/cu be built and started on any
// machine. It has three parts:
//
//	include/cuda.h  declares what is used of the CUDA driver, in place of a toolkit's
//	shim/shim.c     defines those functions: each finds the driver's own when it is called
//	*.go, table.c   put the emulator in the driver's place, if that is asked for
//
// The shim is compiled into a libcuda.a that the linker finds first; make cuda
// does all that. BAREGRAD_LIBCUDA names another library in place of libcuda.so.1,
// or, as "emulator", this package's emulator: then everything above the driver's C
// functions runs as it does on a GPU.
package libcuda

/*
#cgo CFLAGS: -I${SRCDIR}/include
#cgo LDFLAGS: -lcuda -ldl
#include "cuda.h"

extern void *(*baregrad_cuda_lookup)(const char *name);
extern const char *baregrad_cuda_error;
extern int baregrad_cuda_init;
int baregrad_cuda_present(void);
void *baregrad_emulated(const char *name);

static void emulate(void) { baregrad_cuda_lookup = baregrad_emulated; }
*/
import "C"

import (
	"errors"
	"os"
)

// Variable is the environment variable that says what stands behind the CUDA
// driver's functions: a library's path, "emulator", or nothing for the driver.
const Variable = "BAREGRAD_LIBCUDA"

func init() {
	// Before any function of the driver is called, gorgonia.org/cu's cuInit apart,
	// which always succeeds.
	if os.Getenv(Variable) == "emulator" {
		C.emulate()
	}
}

// Emulated tells whether the emulator stands in the driver's place.
func Emulated() bool { return os.Getenv(Variable) == "emulator" }

// Started is the number that the driver answered when it was started: 0 if all went
// well. gorgonia.org/cu is told 0 in any case.
func Started() int {
	if Emulated() {
		return 0
	}
	return int(C.baregrad_cuda_init)
}

// Present tells whether there is a driver; the error says what was looked for.
func Present() error {
	if C.baregrad_cuda_present() != 0 {
		return nil
	}
	if C.baregrad_cuda_error != nil {
		return errors.New(C.GoString(C.baregrad_cuda_error))
	}
	return errors.New("the library found has no function cuDriverGetVersion")
}
