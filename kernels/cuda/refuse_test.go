package cuda_test

import (
	"math"
	"testing"

	"baregrad/kernels"
)

// Indices and labels are in the device's memory, where a launcher can't check them. An element that
// does not exist is never read; the result is NaN.
func TestWhatIsNotThere(t *testing.T) {
	d := checked(t)
	defer d.Close()
	ints := func(values ...int32) kernels.Buffer {
		b := d.Alloc(kernels.Int32, len(values))
		kernels.Upload(d, b, values)
		return b
	}
	floats := func(values ...float32) kernels.Buffer {
		b := d.Alloc(kernels.Float32, len(values))
		kernels.Upload(d, b, values)
		return b
	}
	read := func(b kernels.Buffer) []float32 {
		values := make([]float32, b.Len())
		kernels.Download(d, values, b)
		return values
	}
	nan := float32(math.NaN())
	same := func(name string, got, want []float32) {
		t.Helper()
		for i, w := range want {
			if got[i] != w && !(w != w && got[i] != got[i]) {
				t.Errorf("%s: %v, want %v", name, got, want)
				return
			}
		}
	}

	src, index := floats(1, 2, 3, 4, 5, 6), ints(2, 3, -1, 0)
	dst := d.Alloc(kernels.Float32, 8)
	d.Gather(dst, src, index, ints(0), kernels.GatherSpec{Rows: 4, Width: 2, Scale: 1})
	same("rows 2, 3, -1 and 0 of 3", read(dst), []float32{5, 6, nan, nan, nan, nan, 1, 2})
	d.Gather(dst, src, index, ints(3), kernels.GatherSpec{Rows: 4, Width: 2, Scale: 1})
	same("an index that ends after one", read(dst), []float32{1, 2, nan, nan, nan, nan, nan, nan})
	whole := d.Alloc(kernels.Int32, 2)
	d.Gather(whole, ints(7, 8), ints(1, 2), ints(0), kernels.GatherSpec{Rows: 2, Width: 1})
	got := make([]int32, 2)
	kernels.Download(d, got, whole)
	if got[0] != 8 || got[1] != math.MinInt32 {
		t.Errorf("labels 1 and 2 of 2: %v, want [8 %d]", got, math.MinInt32)
	}

	loss, probs := d.Alloc(kernels.Float32, 3), floats(0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
	half := float32(0.6931472)
	d.CrossEntropy(loss, probs, ints(1, 2, -1), 3, 2)
	same("cross-entropy of classes 1, 2 and -1 of 2", read(loss), []float32{half, nan, nan})
	d.SoftmaxCrossEntropy(loss, d.Alloc(kernels.Float32, 6), probs, ints(0, -1, 2), 3, 2)
	same("softmax cross-entropy of classes 0, -1 and 2 of 2", read(loss), []float32{half, nan, nan})
}
