package cuda

import (
	"errors"
	"math"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// buffer is a kernels.Buffer in the device's memory.
type buffer struct {
	elements kernels.Type
	n        int
	block    *block
	offset   int // of the first element in the block, in bytes
	owner    bool
}

// block is the memory that a buffer shares with its slices.
type block struct {
	device *Device
	start  driver.Pointer // 0 if it is empty
	freed  bool
}

func (b *buffer) Type() kernels.Type { return b.elements }
func (b *buffer) Len() int           { return b.n }

func (b *buffer) Slice(from, to int) kernels.Buffer {
	if from < 0 || to < from || to > b.n {
		kernels.Panicf("slice", "[%d:%d] of a buffer of %d elements", from, to, b.n)
	}
	return &buffer{elements: b.elements, n: to - from, block: b.block, offset: b.offset + from*b.elements.Size()}
}

func (b *buffer) Free() {
	if !b.owner || b.block.freed {
		return
	}
	b.block.device.notCaptured("free")
	if !b.block.device.lost {
		b.block.device.update() // it may use this buffer
	}
	b.block.freed = true
	// A lost GPU's memory is gone; an error from freeing it would hide the cause.
	if b.block.start != 0 && !b.block.device.lost {
		d := b.block.device
		d.enter()
		err := d.driver.Free(b.block.start)
		d.leave()
		d.check("free", err)
	}
}

// Freed reports whether the memory was freed; a slice is freed with its owner.
func (b *buffer) Freed() bool { return b.block.freed }

// address returns the address of the buffer's first element.
func (b *buffer) address() driver.Pointer {
	if b.block.freed {
		kernels.Panicf("device memory", "a buffer of %d %v was used after it was freed", b.n, b.elements)
	}
	if b.block.start == 0 {
		return 0
	}
	if g := b.block.device.capturing; g != nil {
		g.blocks[b.block] = true
	}
	return b.block.start + driver.Pointer(b.offset)
}

func (b *buffer) bytes() int64 { return int64(b.n) * int64(b.elements.Size()) }

// own returns b as a buffer of this package.
func own(b kernels.Buffer) *buffer {
	mine, ok := b.(*buffer)
	if !ok {
		kernels.Panicf("device memory", "a %T belongs to another device", b)
	}
	return mine
}

// Alloc returns a zeroed buffer of n elements.
func (d *Device) Alloc(t kernels.Type, n int) kernels.Buffer {
	if n < 0 || n > math.MaxInt32 {
		kernels.Panicf("alloc", "%d elements: a buffer has from 0 to %d, so that kernels can index it with 32 bits", n, math.MaxInt32)
	}
	b := &buffer{elements: t, n: n, block: &block{device: d}, owner: true}
	if n == 0 {
		return b
	}
	d.notCaptured("alloc")
	d.enter()
	start, err := d.driver.Alloc(b.bytes())
	if err == nil {
		b.block.start = start
		err = d.stream.Fill(start, 0, b.bytes())
	}
	d.leave()
	d.check("alloc", err)
	return b
}

// Write copies bytes from the host.
func (d *Device) Write(dst kernels.Buffer, src []byte) {
	d.notCaptured("write")
	if b := own(dst); d.sameSize("write", b, len(src)) {
		q, to := d.queue(), b.address()
		d.enter()
		err := q.Write(to, src)
		d.leave()
		d.check("write", err)
	}
}

// Read copies bytes to the host, after all work submitted before.
func (d *Device) Read(dst []byte, src kernels.Buffer) {
	d.notCaptured("read")
	if b := own(src); d.sameSize("read", b, len(dst)) {
		q, from := d.queue(), b.address()
		d.enter()
		err := q.Read(dst, from)
		d.leave()
		d.check("read", err)
	}
}

// sameSize panics unless a host slice is as long as the buffer; it reports whether there is
// anything to copy.
func (d *Device) sameSize(op string, b *buffer, n int) bool {
	if b.bytes() != int64(n) {
		kernels.Panicf(op, "a buffer of %d %v has %d bytes, the host's slice %d", b.n, b.elements, b.bytes(), n)
	}
	return n > 0
}

// Copy is dst = src, for any type.
func (d *Device) Copy(dst, src kernels.Buffer) {
	n := kernels.LenOf("copy", "source", src)
	kernels.Want("copy", "destination", dst, src.Type(), n)
	if n > 0 {
		d.check("copy", d.queue().Copy(own(dst).address(), own(src).address(), own(src).bytes()))
	}
}

// scratch is memory that kernels use within one call, such as the partial sums of a split product.
// It grows to the largest size needed, so nothing is allocated when a training step is replayed.
// Smaller blocks are kept until the end, because recorded graphs may contain their addresses.
type scratch struct {
	blocks []driver.Pointer // the last one is in use
	bytes  int64            // its size
}

// floats returns the address of n float32 values, which the next call may overwrite.
func (s *scratch) floats(d *Device, n int) driver.Pointer {
	if bytes := 4 * int64(n); bytes > s.bytes {
		d.notCaptured("scratch")
		bytes = max(bytes, 2*s.bytes)
		start, err := d.driver.Alloc(bytes)
		d.check("scratch", err)
		s.blocks, s.bytes = append(s.blocks, start), bytes
	}
	return s.blocks[len(s.blocks)-1]
}

// buffer returns the same as a buffer.
func (s *scratch) buffer(d *Device, n int) kernels.Buffer {
	return &buffer{elements: kernels.Float32, n: n, block: &block{device: d, start: s.floats(d, n)}}
}

// counters count the finished blocks of a launch: see last.tmpl. They are 0 before and after every
// launch, so all launches can share them.
type counters struct{ scratch }

// first returns the address of n counters.
func (c *counters) first(d *Device, n int) driver.Pointer {
	if 4*int64(n) > c.bytes {
		start := c.floats(d, max(n, 1024))
		d.check("scratch", d.stream.Fill(start, 0, c.bytes))
	}
	return c.floats(d, n)
}

func (s *scratch) free(d *Device) error {
	var failures []error
	for _, start := range s.blocks {
		failures = append(failures, d.driver.Free(start))
	}
	*s = scratch{}
	return errors.Join(failures...)
}
