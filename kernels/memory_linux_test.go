package kernels_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/kerneltest"
)

// Asking for more memory than the machine has is a typed panic; Go itself would end the program.
func TestHostMemoryThatIsNotThere(t *testing.T) {
	kerneltest.Require(t, "int64", math.MaxInt > math.MaxInt32, "more memory than the machine has, 4 TB, is more than an int of 32 bits can count")
	defer func() {
		err, _ := recover().(error)
		var memory *kernels.OutOfMemoryError
		if !errors.As(err, &memory) {
			t.Fatalf("the panic is %v, want a *kernels.DeviceError for want of memory", err)
		}
		if memory.Free < 0 || memory.Used <= 0 || memory.Free+memory.Used >= memory.Asked {
			t.Errorf("asked for %d, %d in use, %d free", memory.Asked, memory.Used, memory.Free)
		}
		if !strings.HasPrefix(err.Error(), "host memory: alloc: out of memory: asked for ") {
			t.Errorf("the error is %q", err)
		}
	}()
	size := int64(4 << 40)
	kernels.NewHost(kernels.Uint8, int(size))
}
