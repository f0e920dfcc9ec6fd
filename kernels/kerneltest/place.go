package kerneltest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"

	"baregrad/kernels"
)

// Every buffer that a kernel gets is a part of a larger one. What lies around it
// is filled with guard words, and must hold them still when the kernel is done.

// An alignment says where in the larger buffer the part begins.
type alignment int

const (
	aligned    alignment = iota // on a cache line
	misaligned                  // on an odd element, another one for each argument
	first                       // where the larger buffer begins: without guard words before it
	last                        // so that both end together: without guard words after it
)

// guard is the number of elements before (at least) and after a part, where there are any.
const guard = 64

// offset is the first element of argument number i.
func (a alignment) offset(i int) int {
	switch a {
	case misaligned:
		return guard + 1 + 2*(i%7)
	case first:
		return 0
	}
	return guard
}

// behind is the number of elements after an argument.
func (a alignment) behind() int {
	if a == last {
		return 0
	}
	return guard
}

// A placed array is an array on a device.
type placed struct {
	whole, part kernels.Buffer
	like        array
	offset      int
}

// place puts a onto the device d as argument number i.
func place(d kernels.Device, a array, i int, where alignment) placed {
	if a.absent {
		return placed{like: a}
	}
	p := placed{like: a, offset: where.offset(i)}
	size := a.kind.Size()
	n := p.offset + a.len() + where.behind()
	memory := borrow(n * size)
	defer giveBack(memory)
	from, to := p.offset*size, (p.offset+a.len())*size
	fillGuards(memory[:from])
	copy(memory[from:to], a.host())
	fillGuards(memory[to:])
	p.whole = d.Alloc(a.kind, n)
	d.Write(p.whole, memory)
	p.part = p.whole.Slice(p.offset, p.offset+a.len())
	return p
}

// take brings the array back from the device, frees its memory there, and
// checks the guard words.
func (p placed) take(d kernels.Device) (result array, err error) {
	if p.like.absent {
		return p.like, nil
	}
	err = p.bring(d, func(memory []byte) { result = p.like.fromMemory(memory, p.like.len()) })
	if err != nil {
		return absent, err
	}
	return result, nil
}

// unchanged does what take does, and fails if the array is not what was placed.
func (p placed) unchanged(d kernels.Device) (err error) {
	if p.like.absent {
		return nil
	}
	broken := p.bring(d, func(memory []byte) {
		if !bytes.Equal(memory, p.like.host()) {
			err = sameBits(p.like.fromMemory(memory, p.like.len()), p.like)
		}
	})
	if broken != nil {
		return broken
	}
	return err
}

// bring calls use with the array's memory, which it must not keep, frees it on the
// device, and checks the guard words.
func (p placed) bring(d kernels.Device, use func(memory []byte)) error {
	size := p.like.kind.Size()
	from, to := p.offset*size, (p.offset+p.like.len())*size
	memory := borrow(p.whole.Len() * size)
	defer giveBack(memory)
	d.Read(memory, p.whole)
	p.whole.Free()
	if !isGuards(memory[:from]) {
		return fmt.Errorf("memory before the buffer was overwritten")
	}
	if !isGuards(memory[to:]) {
		return fmt.Errorf("memory after the buffer was overwritten")
	}
	use(memory[from:to])
	return nil
}

// A call is one call of a kernel: outputs, with what they hold before, and inputs.
type call struct {
	out, in []array
	run     func(d kernels.Device, out, in []kernels.Buffer)
	// shared[k] is the input whose buffer output k is to be written to as well,
	// or -1. A nil slice shares nothing.
	shared []int
}

// on runs the call on d and returns the outputs. It fails if anything but the
// outputs has changed.
func (c call) on(d kernels.Device, where alignment) (results []array, err error) {
	in, out := make([]placed, len(c.in)), make([]placed, len(c.out))
	for i, a := range c.in {
		in[i] = place(d, a, i, where)
	}
	for k, a := range c.out {
		if c.shared != nil && c.shared[k] >= 0 {
			out[k] = in[c.shared[k]]
			continue
		}
		out[k] = place(d, a, len(c.in)+k, where)
	}
	part := func(p placed) kernels.Buffer { return p.part }
	c.run(d, mapped(out, part), mapped(in, part))
	for k := range out {
		result, err := out[k].take(d)
		if err != nil {
			return nil, fmt.Errorf("output %d: %w", k, err)
		}
		results = append(results, result)
	}
next:
	for i := range in {
		for _, shared := range c.shared {
			if shared == i { // taken as an output
				continue next
			}
		}
		if err := in[i].unchanged(d); err != nil {
			return nil, fmt.Errorf("input %d was changed: %w", i, err)
		}
	}
	return results, nil
}

// borrowed holds byte slices to be used again: new ones would have to be cleared first, and
// collected.
var borrowed sync.Pool

// borrow returns n bytes that hold anything, until giveBack.
func borrow(n int) []byte {
	if memory, ok := borrowed.Get().(*[]byte); ok && cap(*memory) >= n {
		return (*memory)[:n]
	}
	return make([]byte, n)
}

func giveBack(memory []byte) { borrowed.Put(&memory) }

// guardWord fills the memory around a buffer. As a float32 it is a NaN, as an
// int32 a large negative number: whoever computes with it betrays itself.
const guardWord = 0xFFC0DEAD

// guards are the bytes of as many guard words as stand at one end of a buffer at most.
var guards = func() []byte {
	var memory []byte
	for range 2 * guard {
		memory = binary.LittleEndian.AppendUint32(memory, guardWord)
	}
	return memory
}()

// fillGuards fills the memory at one end of a buffer with guard words; isGuards tells whether it
// still holds them.
func fillGuards(memory []byte)    { copy(memory, guards[:len(memory)]) }
func isGuards(memory []byte) bool { return bytes.Equal(memory, guards[:len(memory)]) }
