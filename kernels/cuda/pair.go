package cuda

import "baregrad/kernels/cuda/driver"

// Two calls in one launch. A training step gathers images and labels, and adds losses and metrics
// to the sums of an epoch: this work is so small that its cost is that of its launches. Such a call
// is deferred until something else is asked of the device. If the next call is of the same kind, on
// other memory, one launch does both.

// A span is the memory that a call reads or writes.
type span struct{ from, to uint64 }

// floats returns the span of n elements of 4 bytes.
func floats(address uint64, n int) span { return span{address, address + 4*uint64(n)} }

func (s span) meets(t span) bool { return s.from < t.to && t.from < s.to }

// A call is one that can be deferred. Its kernel takes the arguments of two calls, followed by the
// number of blocks of the first.
type call struct {
	kernel    kernel
	blocks    int // of 256 threads
	arguments [16]uint64
	n         int // number of arguments
	writes    span
	reads     [4]span
}

// apart reports whether two calls may run in any order.
func (c *call) apart(other *call) bool {
	for i := range c.reads {
		if c.reads[i].meets(other.writes) || other.reads[i].meets(c.writes) {
			return false
		}
	}
	return !c.writes.meets(other.writes)
}

// pair is the deferred call, if its number of blocks is not 0.
type pair struct {
	call
	both [maxArguments]uint64 // of the launch; Device.arguments may be in use
}

// putOffCall defers a call, or launches it together with the deferred one.
func (d *Device) putOffCall(c call, arguments ...uint64) {
	if c.blocks == 0 {
		return
	}
	c.n = copy(c.arguments[:], arguments)
	if d.pair.blocks > 0 && d.pair.kernel == c.kernel && d.pair.apart(&c) {
		d.launchPair(&c)
		return
	}
	d.update()
	d.pair.call = c
}

// launchPair launches the deferred call, alone or with a second one.
func (d *Device) launchPair(second *call) {
	first := &d.pair.call
	if first.blocks == 0 {
		return
	}
	arguments, blocks := append(d.pair.both[:0], first.arguments[:first.n]...), first.blocks
	if second != nil {
		arguments = append(arguments, second.arguments[:second.n]...)
		blocks += second.blocks
	} else {
		arguments = append(arguments, first.arguments[:first.n]...) // not read by any block
	}
	arguments = append(arguments, count(first.blocks))
	k := first.kernel
	first.blocks = 0
	d.start(k, driver.Launch{Grid: line(blocks), Block: lanes(256), Args: arguments})
}
