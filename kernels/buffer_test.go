package kernels_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// panics runs f, which must panic with a *kernels.ShapeError whose text contains
// want.
func panics(t *testing.T, name, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		r := recover()
		e, ok := r.(*kernels.ShapeError)
		if !ok || !strings.Contains(e.Error(), want) {
			t.Errorf("%s: panic with %v, want a *kernels.ShapeError with %q", name, r, want)
		}
	}()
	f()
}

func TestHostOver(t *testing.T) {
	memory, released := make([]byte, 12), 0
	b := kernels.HostOver(kernels.Float32, memory[4:], func() { released++ })
	if b.Len() != 2 || &kernels.Bytes(kernels.Floats(b))[0] != &memory[4] {
		t.Errorf("a buffer of %d elements that does not lie over the memory given", b.Len())
	}
	part := b.Slice(0, 1)
	part.Free()
	if released != 0 {
		t.Error("freeing a slice released the memory")
	}
	for range 2 {
		if b.Free(); released != 1 {
			t.Errorf("the memory was released %d times", released)
		}
	}
	kernels.HostOver(kernels.Uint8, memory, nil).Free()
	panics(t, "11 bytes of int32", "11 bytes", func() { kernels.HostOver(kernels.Int32, memory[:11], nil) })
}

func TestTypes(t *testing.T) {
	for _, c := range []struct {
		t    kernels.Type
		size int
		name string
	}{{kernels.Float32, 4, "float32"}, {kernels.Int32, 4, "int32"}, {kernels.Uint8, 1, "uint8"}, {9, 4, "Type(9)"}} {
		if c.t.String() != c.name || (c.t <= kernels.Uint8 && c.t.Size() != c.size) {
			t.Errorf("type %d is %v of %d bytes, want %s of %d", uint8(c.t), c.t, c.t.Size(), c.name, c.size)
		}
	}
	if kernels.TypeOf[float32]() != kernels.Float32 || kernels.TypeOf[int32]() != kernels.Int32 || kernels.TypeOf[uint8]() != kernels.Uint8 {
		t.Error("TypeOf gives another type")
	}
}

func TestHostBufferStartsOnACacheLine(t *testing.T) {
	for n := range 100 {
		b := kernels.NewHost(kernels.Float32, n+1)
		if at := uintptr(unsafe.Pointer(&kernels.Floats(b)[0])); at%64 != 0 {
			t.Fatalf("%d elements start at %#x", n+1, at)
		}
		if len(kernels.Floats(b)) != n+1 {
			t.Fatalf("%d elements, want %d", len(kernels.Floats(b)), n+1)
		}
	}
}

func TestHostSlices(t *testing.T) {
	b := kernels.NewHost(kernels.Int32, 10)
	inner := b.Slice(2, 8).Slice(1, 4)
	copy(kernels.Ints(inner), []int32{7, 8, 9})
	if got := kernels.Ints(b); !slices.Equal(got, []int32{0, 0, 0, 7, 8, 9, 0, 0, 0, 0}) {
		t.Errorf("written through a slice: %v", got)
	}
	if got := kernels.Ints(inner); cap(got) != 3 {
		t.Errorf("a slice of 3 elements lets one append %d in the memory behind it", cap(got)-3)
	}
	if got := kernels.Ints(b.Slice(10, 10)); len(got) != 0 {
		t.Errorf("an empty slice holds %v", got)
	}
	inner.Free() // does nothing
	if kernels.Ints(b)[3] != 7 || kernels.Ints(inner)[0] != 7 {
		t.Error("freeing a slice changed the memory")
	}
	b.Free()
	b.Free() // freeing twice is allowed
	panics(t, "use after free", "was used after it was freed", func() { kernels.Ints(b) })
	panics(t, "slice after free", "was used after it was freed", func() { b.Slice(0, 1) })
}

type foreign struct{ kernels.Buffer }

func TestHostMisuse(t *testing.T) {
	b := kernels.NewHost(kernels.Float32, 4)
	panics(t, "negative length", "-1 elements", func() { kernels.NewHost(kernels.Float32, -1) })
	panics(t, "too many bytes", "float32: more bytes than an int can count", func() { kernels.NewHost(kernels.Float32, math.MaxInt/4) })
	panics(t, "past the end", "[0:5] of a buffer of 4", func() { b.Slice(0, 5) })
	panics(t, "backwards", "[3:2] of a buffer of 4", func() { b.Slice(3, 2) })
	panics(t, "before the start", "[-1:2] of a buffer of 4", func() { b.Slice(-1, 2) })
	panics(t, "as int32", "a buffer of float32 where int32 is expected", func() { kernels.Ints(b) })
	panics(t, "as uint8", "a buffer of float32 where uint8 is expected", func() { kernels.Uint8s(b) })
	panics(t, "another device's", "belongs to another device", func() { kernels.Floats(foreign{b}) })
	if kernels.Floats(nil) != nil || kernels.Ints(nil) != nil || kernels.Uint8s(nil) != nil {
		t.Error("an argument left out holds something")
	}
}

// HostScratch gives as many elements as are asked for. It allocates only if no call before needed so many.
func TestHostScratch(t *testing.T) {
	var s kernels.HostScratch
	five := kernels.Floats(s.Floats(5))
	three := kernels.Floats(s.Floats(3))
	if len(five) != 5 || len(three) != 3 || cap(three) != 3 || &three[0] != &five[0] {
		t.Errorf("5, then 3 elements: %d, then %d, of a capacity of %d, in the same memory: %v", len(five), len(three), cap(three), &three[0] == &five[0])
	}
	if six := kernels.Floats(s.Floats(6)); len(six) != 6 || &six[0] == &five[0] {
		t.Errorf("6 elements after 5: %d, in the same memory: %v", len(six), &six[0] == &five[0])
	}
	if six, again := kernels.Floats(s.Floats(6)), kernels.Floats(s.Floats(6)); &six[0] != &again[0] {
		t.Error("a second call of the same size allocated")
	}
}

func TestTransfers(t *testing.T) {
	d := reference.New()
	b := d.Alloc(kernels.Float32, 3)
	kernels.Upload(d, b, []float32{1, 2, 3})
	got := make([]float32, 3)
	kernels.Download(d, got, b)
	if !slices.Equal(got, []float32{1, 2, 3}) {
		t.Errorf("downloaded %v", got)
	}
	panics(t, "upload of another length", "3 float32 and a slice of 2 float32", func() { kernels.Upload(d, b, []float32{1, 2}) })
	panics(t, "upload of another type", "3 float32 and a slice of 3 int32", func() { kernels.Upload(d, b, []int32{1, 2, 3}) })
	panics(t, "download to another length", "3 float32 and a slice of 4 float32", func() { kernels.Download(d, make([]float32, 4), b) })
	panics(t, "download to another type", "3 float32 and a slice of 12 uint8", func() { kernels.Download(d, make([]uint8, 12), b) })
	if kernels.Bytes([]int32{}) != nil || len(kernels.Bytes([]int32{1, 2})) != 8 {
		t.Error("Bytes is of another length than its memory")
	}
}

func TestChecksNameThePart(t *testing.T) {
	f := func(n int) kernels.Buffer { return kernels.NewHost(kernels.Float32, n) }
	s := kernels.MatMulSpec{M: 2, N: 3, K: 4}
	s.Check(f(6), f(8), f(12), nil)
	s.Check(f(6), f(8), f(12), f(3))
	panics(t, "A", "matmul: the A is 9 float32, must be 8 float32", func() { s.Check(f(6), f(9), f(12), nil) })
	panics(t, "B", "matmul: the B is missing: it must be 12 float32", func() { s.Check(f(6), f(8), nil, nil) })
	panics(t, "bias", "matmul: the bias is 2 float32, must be 3 float32", func() { s.Check(f(6), f(8), f(12), f(2)) })
	panics(t, "type", "matmul: the C is 6 int32, must be 6 float32", func() {
		s.Check(kernels.NewHost(kernels.Int32, 6), f(8), f(12), nil)
	})
}

// A window that lies entirely in the padding, on any side, has no maximum.
func TestWindowsOutsideTheImage(t *testing.T) {
	f := func(n int) kernels.Buffer { return kernels.NewHost(kernels.Float32, n) }
	s := kernels.PoolSpec{N: 1, H: 4, W: 4, C: 1, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 2, OW: 2}
	s.Check("pool", f(4), nil, f(16))
	for what, change := range map[string]func(s *kernels.PoolSpec){
		"above": func(s *kernels.PoolSpec) { s.PadTop = 2 }, "left": func(s *kernels.PoolSpec) { s.PadLeft = 2 },
		"below": func(s *kernels.PoolSpec) { s.PadTop = -2 }, "right": func(s *kernels.PoolSpec) { s.PadLeft = -2 },
		"below the last": func(s *kernels.PoolSpec) { s.OH = 3 }, "right of the last": func(s *kernels.PoolSpec) { s.OW = 3 },
		"nowhere above": func(s *kernels.PoolSpec) { s.PadTop = -1 }, "nowhere left": func(s *kernels.PoolSpec) { s.PadLeft = -1 },
	} {
		wrong := s
		change(&wrong)
		panics(t, what, "some lie outside the image of 4×4", func() { wrong.Check("pool", f(wrong.OH*wrong.OW), nil, f(16)) })
	}
}

func TestDropoutSpec(t *testing.T) {
	for _, c := range []struct {
		rate, scale float32
		threshold   uint32
	}{{0, 1, 0}, {0.5, 2, 1 << 23}, {0.75, 4, 3 << 22}, {1, 0, 1 << 24}} {
		s := kernels.DropoutSpec{Rate: c.rate}
		if s.Scale() != c.scale || s.Threshold() != c.threshold {
			t.Errorf("rate %v: scale %v, threshold %d, want %v, %d", c.rate, s.Scale(), s.Threshold(), c.scale, c.threshold)
		}
	}
}

func TestFormatBytes(t *testing.T) {
	for _, c := range []struct {
		n    int64
		want string
	}{
		{0, "0.00 B"}, {1023, "1023.00 B"}, {1024, "1.00 KB"}, {4_806_656, "4.58 MB"}, {1 << 30, "1.00 GB"},
		{1 << 40, "1.00 TB"}, {3 << 40, "3.00 TB"}, {1 << 50, "1024.00 TB"},
	} {
		if got := kernels.FormatBytes(c.n); got != c.want {
			t.Errorf("%d bytes are %q, want %q", c.n, got, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	var shape error = &kernels.ShapeError{Op: "matmul", Problem: "inner sizes 784 and 10 differ"}
	if shape.Error() != "matmul: inner sizes 784 and 10 differ" {
		t.Errorf("%q", shape)
	}
	memory := &kernels.OutOfMemoryError{Asked: 3 << 30, Used: 6 << 30, Free: 2 << 30}
	device := &kernels.DeviceError{Device: "cuda", Op: "alloc", Err: memory, Hint: "try a smaller batch"}
	want := "cuda: alloc: out of memory: asked for 3.00 GB, 6.00 GB in use, 2.00 GB free (try a smaller batch)"
	if device.Error() != want {
		t.Errorf("%q, want %q", device, want)
	}
	var found *kernels.OutOfMemoryError
	if !errors.As(error(device), &found) || found != memory {
		t.Error("the cause can't be found")
	}
	device.Hint = ""
	if strings.Contains(device.Error(), "(") {
		t.Errorf("without a hint: %q", device)
	}
}
