package kerneltest

import (
	"bytes"
	"fmt"

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
	memory := guardBytes(n * size)
	copy(memory[p.offset*size:], a.host())
	p.whole = d.Alloc(a.kind, n)
	d.Write(p.whole, memory)
	p.part = p.whole.Slice(p.offset, p.offset+a.len())
	return p
}

// take brings the array back from the device, frees its memory there, and
// checks the guard words.
func (p placed) take(d kernels.Device) (array, error) {
	if p.like.absent {
		return p.like, nil
	}
	size := p.like.kind.Size()
	from, to := p.offset*size, (p.offset+p.like.len())*size
	memory := make([]byte, p.whole.Len()*size)
	d.Read(memory, p.whole)
	p.whole.Free()
	want := guardBytes(len(memory))
	if !bytes.Equal(memory[:from], want[:from]) {
		return absent, fmt.Errorf("memory before the buffer was overwritten")
	}
	if !bytes.Equal(memory[to:], want[to:]) {
		return absent, fmt.Errorf("memory after the buffer was overwritten")
	}
	return p.like.fromMemory(memory[from:to], p.like.len()), nil
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
		after, err := in[i].take(d)
		if err == nil && !after.absent {
			err = sameBits(after, c.in[i])
		}
		if err != nil {
			return nil, fmt.Errorf("input %d was changed: %w", i, err)
		}
	}
	return results, nil
}
