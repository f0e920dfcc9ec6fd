package kerneltest

import (
	"math"
	"slices"
	"testing"

	"baregrad/kernels"
)

// testMemory tests what a device does with its memory.
func (s *suite) testMemory(t *testing.T) {
	d := s.device
	if d.Name() == "" {
		t.Error("the device has no name")
	}
	t.Run("zeroed", func(t *testing.T) {
		for _, n := range []int{0, 1, 17, 1000} {
			for range 3 { // memory that was given back must come zeroed too
				testZeroed[float32](t, d, n, 7)
				testZeroed[int32](t, d, n, 7)
				testZeroed[uint8](t, d, n, 7)
			}
		}
	})
	t.Run("copies", func(t *testing.T) {
		testCopies(t, d, func(i int) float32 { return float32(i) + 0.5 })
		testCopies(t, d, func(i int) int32 { return int32(i) - 5 })
		testCopies(t, d, func(i int) uint8 { return uint8(200 + i) })
	})
	t.Run("fill", func(t *testing.T) {
		for _, n := range lengths() {
			fill := call{out: []array{outputs(n)}, run: func(d kernels.Device, out, _ []kernels.Buffer) { d.Fill(out[0], -2.5) }}
			s.twice(t, "fill", fill, [][]float64{filled(n, -2.5)}, exact, true)
		}
		b := d.Alloc(kernels.Float32, 1)
		d.Fill(b, float32(math.Inf(-1)))
		if got := download[float32](d, b); !math.IsInf(float64(got[0]), -1) {
			t.Errorf("filled with −Inf: %v", got)
		}
		b.Free()
	})
	t.Run("misuse", func(t *testing.T) { testMisuse(t, s.device.d) })
	d.Sync()
}

func download[T kernels.Element](d kernels.Device, b kernels.Buffer) []T {
	values := make([]T, b.Len())
	kernels.Download(d, values, b)
	return values
}

func testZeroed[T kernels.Element](t *testing.T, d kernels.Device, n int, junk T) {
	t.Helper()
	b := d.Alloc(kernels.TypeOf[T](), n)
	if b.Len() != n || b.Type() != kernels.TypeOf[T]() {
		t.Fatalf("Alloc of %d %v gave %d %v", n, kernels.TypeOf[T](), b.Len(), b.Type())
	}
	if got := download[T](d, b); !slices.Equal(got, make([]T, n)) {
		t.Errorf("%d new elements are not zeros: %v", n, got)
	}
	kernels.Upload(d, b, filled(n, junk))
	b.Free()
}

// testCopies writes, copies, slices and reads elements made by f.
func testCopies[T kernels.Element](t *testing.T, d kernels.Device, f func(i int) T) {
	t.Helper()
	kind := kernels.TypeOf[T]()
	values := make([]T, 10)
	for i := range values {
		values[i] = f(i)
	}
	a, b := d.Alloc(kind, 10), d.Alloc(kind, 10)
	kernels.Upload(d, a, values)
	d.Copy(b.Slice(3, 8), a.Slice(1, 6))
	d.Copy(b.Slice(9, 9), a.Slice(0, 0)) // nothing
	want := make([]T, 10)
	copy(want[3:8], values[1:6])
	if got := download[T](d, b); !slices.Equal(got, want) {
		t.Errorf("%v: copied %v, want %v", kind, got, want)
	}
	inner := b.Slice(3, 8).Slice(1, 3) // a slice of a slice
	if got := download[T](d, inner); inner.Len() != 2 || inner.Type() != kind || !slices.Equal(got, values[2:4]) {
		t.Errorf("%v: slice of a slice: %v, want %v", kind, got, values[2:4])
	}
	kernels.Upload(d, inner, values[8:10])
	copy(want[4:6], values[8:10])
	inner.Free() // does nothing
	if got := download[T](d, b); !slices.Equal(got, want) {
		t.Errorf("%v: written through a slice: %v, want %v", kind, got, want)
	}
	a.Free()
	b.Free()
}

func testMisuse(t *testing.T, d kernels.Device) {
	a, b, c := d.Alloc(kernels.Float32, 4), d.Alloc(kernels.Float32, 5), d.Alloc(kernels.Int32, 4)
	freed := d.Alloc(kernels.Float32, 4)
	freed.Free()
	for name, f := range map[string]func(){
		"write of too many bytes": func() { d.Write(a, make([]byte, 17)) },
		"write of too few bytes":  func() { d.Write(a, make([]byte, 15)) },
		"read of too many bytes":  func() { d.Read(make([]byte, 17), a) },
		"read of too few bytes":   func() { d.Read(make([]byte, 15), a) },
		"write to nothing":        func() { d.Write(nil, make([]byte, 16)) },
		"read from nothing":       func() { d.Read(make([]byte, 16), nil) },
		"copy to another length":  func() { d.Copy(a, b) },
		"copy to another type":    func() { d.Copy(a, c) },
		"copy from nothing":       func() { d.Copy(a, nil) },
		"copy to nothing":         func() { d.Copy(nil, a) },
		"fill of int32":           func() { d.Fill(c, 1) },
		"fill of nothing":         func() { d.Fill(nil, 1) },
		"negative length":         func() { d.Alloc(kernels.Float32, -1) },
		"slice past the end":      func() { a.Slice(2, 5) },
		"slice backwards":         func() { a.Slice(3, 2) },
		"slice before the start":  func() { a.Slice(-1, 2) },
		"use after free":          func() { d.Fill(freed, 1) },
		"read after free":         func() { d.Read(make([]byte, 16), freed) },
	} {
		if _, err := shapeError(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	free([]kernels.Buffer{a, b, c})
}
