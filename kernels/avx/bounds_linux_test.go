package avx

import (
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"

	"baregrad/kernels"
)

// TestKernelsStayWithinTheirMemory gives every kernel slices that end at the end of a page, followed
// by a page that can't be touched. Guard words show out-of-bounds writes; this shows out-of-bounds
// reads. (For products, convolutions and pooling, which process more than rows, see
// TestKernelsStayWithinTheirBuffers.)
func TestKernelsStayWithinTheirMemory(t *testing.T) {
	for _, set := range Names() {
		t.Run(set, func(t *testing.T) {
			k := vectorsOf(t, set)
			memory := make([]pageEnd, 5)
			for i := range memory {
				memory[i] = newPageEnd(t)
			}
			slice := func(i, n int) []float32 { return atEnd[float32](memory[i], n) }
			within := func(name string, n int, call func()) {
				t.Helper()
				defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
				defer func() {
					if fault := recover(); fault != nil {
						t.Errorf("%s of %d goes beyond its memory: %v", name, n, fault)
					}
				}()
				call()
			}
			keys := roundKeys(1)
			for n := range 131 {
				for _, test := range loopTests {
					s := make([][]float32, test.slices)
					for i := range s {
						s[i] = slice(i, n)
					}
					within(test.name, n, func() { test.kernel(k, s, kernels.Overwrite) })
					within(test.name, n, func() { test.kernel(k, s, kernels.Accumulate) })
				}
				y, a, b := slice(0, n), slice(1, n), slice(2, n)
				ints, others := atEnd[int32](memory[3], n), atEnd[int32](memory[4], n)
				if n > 0 {
					for _, test := range arithmeticTests {
						within(test.name, n, func() { test.f(k)(&y[0], &a[0], &b[0], 1, n, 0, 0, 1, 1) })
						within(test.name+" of a scalar", n, func() { test.f(k)(&y[0], &a[0], &b[n-1], 1, n, 0, 0, 1, 0) })
					}
					within("argmax_f32", n, func() { k.argmax_f32(a) })
				}
				within("sum_f32", n, func() { k.sum_f32(a) })
				within("sum_rows_f32", n, func() { k.sum_rows_f32(atEnd[float64](memory[3], n), a, 1) })
				within("batch_norm_sums_f32", n, func() {
					k.batch_norm_sums_f32(atEnd[float64](memory[3], n), atEnd[float64](memory[4], n), a, b, y, 1)
				})
				within("batch_norm_fwd_f32", n, func() { k.batch_norm_fwd_f32(y, a, b, slice(3, n), slice(4, n), 1) })
				for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
					within("batch_norm_bwd_f32", n, func() { k.batch_norm_bwd_f32(y, a, b, slice(3, n), slice(4, n), slice(4, n), slice(3, n), 1, m) })
				}
				one := slice(3, 1)
				within("layer_norm_sums_f32", n, func() {
					k.layer_norm_sums_f32(atEnd[float64](memory[3], n), atEnd[float64](memory[4], n), a, b, make([]float32, 1), make([]float32, 1))
				})
				within("layer_norm_fwd_f32", n, func() { k.layer_norm_fwd_f32(y, a, one, one, b, slice(4, n), 1) })
				for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
					within("layer_norm_bwd_f32", n, func() { k.layer_norm_bwd_f32(y, a, b, one, one, slice(4, n), m) })
				}
				if n > 0 && n%8 == 0 {
					within("sum_parts_f64", n, func() { k.sum_parts_f64(atEnd[float64](memory[3], 2*n), n, 2) })
				}
				within("dropout_f32", n, func() { k.dropout_f32(y, a, make([]uint32, (n+31)/32), &keys, 0, 0, 0, 1<<23, 2, kernels.Accumulate) })
				within("uniform_f32", n, func() { k.uniform_f32(y, &keys, 0, 0, 1) })
				if n > 0 { // a row, the last of x and of the index
					within("gather_u8_f32", n, func() {
						k.gather_u8_f32(y, atEnd[uint8](memory[1], n), atEnd[int32](memory[2], 1), 1, n, 4, 1, 0)
					})
					within("gather_f32", n, func() { k.gather_f32(y, a, atEnd[int32](memory[2], 1), 1, n, 4, 1, 0) })
				}
				within("equal_i32", n, func() { k.equal_i32(y, ints, others) })
				within("greater_f32", n, func() { k.greater_f32(ints, a, 0) })
				within("softmax_fwd_f32", n, func() { k.softmax_fwd_f32(y, a) })
				within("dot_f32", n, func() { k.dot_f32(a, b) })
				within("squared_error_f32", n, func() { k.squared_error_f32(a, b) })
				within("sigmoid_binary_cross_entropy_f32", n, func() { k.sigmoid_binary_cross_entropy_f32(a, b) })
				within("binary_cross_entropy_f32", n, func() { k.binary_cross_entropy_f32(a, b) })
			}
			square, turned := slice(0, 64), slice(1, 64)
			within("transpose_f32", 64, func() { k.transpose_f32(&square[0], &turned[0], 8, 8, 8, 8) })
		})
	}
}

// pageEnd is a page of memory, followed by one that can't be touched.
type pageEnd []byte

func newPageEnd(t *testing.T) pageEnd {
	t.Helper()
	size := syscall.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 2*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(memory[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return memory[:size]
}

// atEnd returns the last n elements of the page.
func atEnd[T any](p pageEnd, n int) []T {
	var zero T
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&p[len(p)-n*int(unsafe.Sizeof(zero))])), n)
}
