package kernels

import (
	"errors"
	"math"
	"runtime"
	"testing"
)

// machineOf simulates a machine that has the given number of bytes more than this program uses.
func machineOf(t *testing.T, bytes int64) {
	t.Helper()
	runtime.GC()
	all := held() + bytes
	machineMemory = func() (int64, int64) { return all, all / 2 }
	t.Cleanup(func() { machineMemory = hostMemory })
}

// refused allocates, and returns the error if the allocation is refused.
func refused(n int) (b *Host, err error) {
	defer func() {
		if e, ok := recover().(*DeviceError); ok {
			err = e
		}
	}()
	return NewHost(Uint8, n), nil
}

// Buffers that fit one by one are refused if all together do not, whether large or small.
func TestHostMemoryOfAllBuffers(t *testing.T) {
	for _, size := range []int{300 << 20, 16 << 20} {
		machineOf(t, 1<<30)
		var held []*Host
		for err := error(nil); err == nil; {
			var b *Host
			if b, err = refused(size); err == nil {
				if held = append(held, b); len(held) > (1<<30+2*memoryStep)/size {
					t.Fatalf("%d buffers of %d bytes are taken, where 1 GB is to be had", len(held), size)
				}
				continue
			}
			var memory *OutOfMemoryError
			if !errors.As(err, &memory) || memory.Asked != int64(size) || memory.Used < int64(len(held)*size) || memory.Free < 0 {
				t.Errorf("%v after %d buffers of %d bytes", err, len(held), size)
			}
		}
		if len(held) < (1<<30-2*memoryStep)/size {
			t.Errorf("only %d buffers of %d bytes are taken, where 1 GB is to be had", len(held), size)
		}
		// The next request is refused immediately, not only after some more.
		if _, err := refused(size); err == nil {
			t.Errorf("a buffer of %d bytes is taken after one was refused", size)
		}
		runtime.KeepAlive(held)
	}
}

// Garbage does not count.
func TestHostMemoryOfGarbage(t *testing.T) {
	machineOf(t, 1<<30)
	for range 10 {
		if _, err := refused(300 << 20); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHostMemoryUnknown(t *testing.T) {
	machineMemory = func() (int64, int64) { return 0, 0 }
	t.Cleanup(func() { machineMemory = hostMemory })
	unseen.Store(math.MaxInt32)
	checkHostMemory(math.MaxInt64 / 2) // accepted without a check
	unseen.Store(0)
}
