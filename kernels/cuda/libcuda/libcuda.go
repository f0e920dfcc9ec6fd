//go:build cuda

// Package libcuda lets gorgonia.org/cu be built and started on any machine. It has three parts:
//
//	include/cuda.h  declares the parts of the CUDA driver that are used, instead of a toolkit's
//	shim/shim.c     defines those functions: each looks up the driver's own when it is called
//	*.go, table.c   replace the driver by the emulator, if that is asked for
//
// The shim is compiled into a libcuda.a that the linker finds first; make cuda does all that.
// BAREGRAD_LIBCUDA names another library instead of libcuda.so.1 or, as "emulator", selects this
// package's emulator: then everything above the driver's C functions runs as on a GPU.
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

// Variable is the environment variable that says what provides the CUDA driver's functions: the
// path of a library, "emulator", or empty for the driver.
const Variable = "BAREGRAD_LIBCUDA"

func init() {
	// This runs before any driver function is called, except gorgonia.org/cu's cuInit, which always
	// succeeds.
	if os.Getenv(Variable) == "emulator" {
		C.emulate()
	}
}

// Emulated reports whether the emulator replaces the driver.
func Emulated() bool { return os.Getenv(Variable) == "emulator" }

// Started returns what the driver's cuInit returned: 0 on success. gorgonia.org/cu is told 0 in any
// case.
func Started() int {
	if Emulated() {
		return 0
	}
	return int(C.baregrad_cuda_init)
}

// Present returns nil if there is a driver; otherwise the error says what was looked for.
func Present() error {
	if C.baregrad_cuda_present() != 0 {
		return nil
	}
	if C.baregrad_cuda_error != nil {
		return errors.New(C.GoString(C.baregrad_cuda_error))
	}
	return errors.New("the library found has no function cuDriverGetVersion")
}
