package kernels

import (
	"fmt"
	"math"
	"unsafe"
)

// Type is the type of a buffer's elements.
type Type uint8

// Float32 is the type of everything that is differentiated. Int32 holds labels and
// indices, Uint8 holds images as they come from a file.
const (
	Float32 Type = iota
	Int32
	Uint8
)

// Size is the number of bytes of one element.
func (t Type) Size() int {
	if t == Uint8 {
		return 1
	}
	return 4
}

// String names the type as NumPy does.
func (t Type) String() string {
	switch t {
	case Float32:
		return "float32"
	case Int32:
		return "int32"
	case Uint8:
		return "uint8"
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// A Buffer is a run of elements in the memory of one device. Only that device
// can compute with it. Device.Write and Device.Read copy its contents from and to the host.
type Buffer interface {
	// Type is the type of the elements.
	Type() Type
	// Len is the number of elements.
	Len() int
	// Slice returns the elements [from, to) as a buffer that shares the memory. Freeing
	// it does nothing.
	Slice(from, to int) Buffer
	// Free gives the memory back. Using a freed buffer panics.
	Free()
	// Freed reports whether the memory was given back. Using it would panic.
	Freed() bool
}

// Element lists the Go types that a buffer's elements have on the host.
type Element interface{ float32 | int32 | uint8 }

// TypeOf is the buffer type for elements of Go type T.
func TypeOf[T Element]() Type {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case int32:
		return Int32
	}
	return Uint8
}

// Bytes views a slice's memory as bytes, in the machine's byte order.
func Bytes[T Element](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

// Upload copies src from the host into dst, which must have T's type and src's length.
func Upload[T Element](d Device, dst Buffer, src []T) {
	checkTransfer[T]("upload", dst, len(src))
	d.Write(dst, Bytes(src))
}

// Download copies src into dst on the host, which must have src's length. It
// waits for all work that the device was given before.
func Download[T Element](d Device, dst []T, src Buffer) {
	checkTransfer[T]("download", src, len(dst))
	d.Read(Bytes(dst), src)
}

func checkTransfer[T Element](name string, b Buffer, n int) {
	if b.Type() != TypeOf[T]() || b.Len() != n {
		Panicf(name, "a buffer of %d %v and a slice of %d %v: they must be alike",
			b.Len(), b.Type(), n, TypeOf[T]())
	}
}

// Host is a Buffer in the machine's own memory. The CPU devices use it.
type Host struct {
	elements Type
	n        int
	memory   []byte // nil once freed
	owner    bool   // false for slices of another buffer
	release  func() // called when the buffer is freed; may be nil
}

// cacheLine is the alignment of host buffers: a cache line, and the size of an AVX-512 register.
const cacheLine = 64

// NewHost returns a zeroed host buffer of n elements that starts on a cache line. On Linux it
// panics with a *DeviceError if the machine's memory can't hold the buffer in addition to what
// the program uses already. Otherwise Go or Linux would end the program.
func NewHost(t Type, n int) *Host {
	if n < 0 {
		Panicf("alloc", "%d elements: a length can't be negative", n)
	}
	if n > (math.MaxInt-cacheLine)/t.Size() {
		Panicf("alloc", "%d %v: more bytes than an int can count", n, t)
	}
	size := n * t.Size()
	checkHostMemory(int64(size))
	// Go aligns large blocks to pages but small ones only to their size class.
	raw := make([]byte, size+cacheLine)
	preferHugePages(raw)
	skip := int(-uintptr(unsafe.Pointer(&raw[0])) & (cacheLine - 1))
	return &Host{elements: t, n: n, memory: raw[skip : skip+size : skip+size], owner: true}
}

// HostOver returns a host buffer over memory, which may start at any address. Its elements
// are the contents of memory. Freeing the buffer calls release, if it is not nil.
func HostOver(t Type, memory []byte, release func()) *Host {
	if len(memory)%t.Size() != 0 {
		Panicf("alloc", "%d bytes are no whole number of %v", len(memory), t)
	}
	return &Host{elements: t, n: len(memory) / t.Size(), memory: memory, owner: true, release: release}
}

// Type is the type of the elements.
func (h *Host) Type() Type { return h.elements }

// Len is the number of elements.
func (h *Host) Len() int { return h.n }

// Slice returns the elements [from, to) as a buffer that shares the memory.
func (h *Host) Slice(from, to int) Buffer {
	if from < 0 || to < from || to > h.n {
		Panicf("slice", "[%d:%d] of a buffer of %d elements", from, to, h.n)
	}
	size := h.elements.Size()
	return &Host{elements: h.elements, n: to - from, memory: h.bytes()[from*size : to*size : to*size]}
}

// Free leaves the memory to Go's garbage collector. Slices stay usable.
func (h *Host) Free() {
	if h.owner {
		if h.memory != nil && h.release != nil {
			h.release()
		}
		h.memory = nil
	}
}

// Freed reports whether Free was called. For a slice it is always false: a slice stays usable.
func (h *Host) Freed() bool { return h.memory == nil }

func (h *Host) bytes() []byte {
	if h.memory == nil {
		Panicf("host memory", "a buffer of %d %v was used after it was freed", h.n, h.elements)
	}
	return h.memory
}

// HostScratch is memory that successive calls of a CPU device share. It grows to the
// largest size that one call needed.
type HostScratch struct{ whole, part Host }

// Floats returns a buffer of n float32, valid until the next call. Its contents are
// left over from before.
func (s *HostScratch) Floats(n int) Buffer {
	if s.whole.n < n {
		s.whole = *NewHost(Float32, n)
	}
	s.part = Host{elements: Float32, n: n, memory: s.whole.memory[: 4*n : 4*n]}
	return &s.part
}

// Floats is the memory of a host buffer of float32. A nil Buffer, which stands
// for an omitted argument, gives a nil slice.
func Floats(b Buffer) []float32 { return hostSlice[float32](b, Float32) }

// Ints is the memory of a host buffer of int32; see Floats.
func Ints(b Buffer) []int32 { return hostSlice[int32](b, Int32) }

// Uint8s is the memory of a host buffer of uint8; see Floats.
func Uint8s(b Buffer) []uint8 { return hostSlice[uint8](b, Uint8) }

// hostSlice is the memory of b, whose elements must be T. elements is TypeOf[T](): a small call on the
// CPU spends much of its time in here, and finding the type each time would double that.
func hostSlice[T Element](b Buffer, elements Type) []T {
	if b == nil {
		return nil
	}
	h, ok := b.(*Host)
	if !ok || h.elements != elements || h.memory == nil {
		refuse(b, elements)
	}
	if len(h.memory) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&h.memory[0])), h.n)
}

// refuse panics because b is no host buffer of that type with memory.
func refuse(b Buffer, elements Type) {
	h, ok := b.(*Host)
	if !ok {
		Panicf("host memory", "a %T belongs to another device", b)
	}
	if h.elements != elements {
		Panicf("host memory", "a buffer of %v where %v is expected", h.elements, elements)
	}
	h.bytes() // panics
}
