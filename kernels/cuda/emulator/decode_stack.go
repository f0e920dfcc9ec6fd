package emulator

import (
	"fmt"
	"math/bits"
)

// alloca, stacksave and stackrestore: local memory whose size is only known at run time. It lies
// after the local variables of the call that allocated it, and is freed when that call returns or
// by stackrestore.

func init() {
	register(map[string]func(*decoder){"alloca": decodeAlloca, "stacksave": decodeStack, "stackrestore": decodeStack})
}

// stack is what the lanes of a call have allocated.
type stack struct {
	top    [32]uint64 // bytes used after the local variables of the call
	pieces [32][]piece
}

// piece is one allocation of one lane.
type piece struct{ at, size uint64 }

// localEnd returns where local memory after the frame begins, for the lanes of mask.
func (f *frame) localEnd(mask uint32) uint64 {
	end := f.local + f.fc.localBytes
	if f.stack == nil {
		return end
	}
	most := uint64(0)
	for m := mask; m != 0; m &= m - 1 {
		most = max(most, f.stack.top[bits.TrailingZeros32(m)&31])
	}
	return end + most
}

// decodeAlloca decodes alloca.type ptr, size{, align}; ptr is an address in .local.
func decodeAlloca(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m)
	if t != U32 && t != U64 {
		d.refuse("expected .u32 or .u64")
	}
	a := d.in.Args
	if len(a) != 2 && len(a) != 3 {
		d.refuse("%d operands, expected 2 or 3", len(a))
	}
	align := uint64(8)
	if len(a) == 3 {
		if a[2].Kind != OperandInt || a[2].Int == 0 || a[2].Int&(a[2].Int-1) != 0 || a[2].Int > 1<<20 {
			d.refuse("the alignment must be a constant power of two")
		}
		align = a[2].Int
	}
	o := d.o
	var wide bool
	o.a, wide = d.src(&a[1], t, false)
	o.d, _ = d.dst(&a[0], t, false)
	gap := uint64(0)
	if d.prog.machine.opts.Checks&CheckBounds != 0 {
		gap = localGap
	}
	o.run = func(w *warp, o *op_, mask uint32) {
		f := w.fr
		if f.stack == nil {
			f.stack = &stack{}
		}
		for m := mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			var size uint64
			if wide {
				size = w.r64[o.a][i]
			} else {
				size = uint64(w.r32[o.a][i])
			}
			base := f.local + f.fc.localBytes
			at := (base + f.stack.top[i] + align - 1) &^ (align - 1)
			if size > maxLocal || at+size+gap > maxLocal {
				w.stopFault(o, i, "stack overflow", fmt.Sprintf("alloca of %d bytes, with %d bytes of local memory in use", size, at))
				return
			}
			w.growLocal(at + size + gap)
			f.stack.top[i] = at + size + gap - base
			f.stack.pieces[i] = append(f.stack.pieces[i], piece{at, size})
			w.forgetLocal(i, at, size)
			if wide {
				w.r64[o.d][i] = at
			} else {
				w.r32[o.d][i] = uint32(at)
			}
		}
	}
}

// decodeStack decodes stacksave.type d and stackrestore.type a.
func decodeStack(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m)
	if t != U32 && t != U64 {
		d.refuse("expected .u32 or .u64")
	}
	a := d.args(1)
	o := d.o
	if d.in.Op == "stacksave" {
		var wide bool
		o.d, wide = d.dst(&a[0], t, false)
		o.run = func(w *warp, o *op_, mask uint32) {
			for m := mask; m != 0; m &= m - 1 {
				i := bits.TrailingZeros32(m) & 31
				if end := w.fr.localEnd(1 << i); wide {
					w.r64[o.d][i] = end
				} else {
					w.r32[o.d][i] = uint32(end)
				}
			}
		}
		return
	}
	var wide bool
	o.a, wide = d.src(&a[0], t, false)
	o.run = func(w *warp, o *op_, mask uint32) {
		f := w.fr
		for m := mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			var to uint64
			if wide {
				to = w.r64[o.a][i]
			} else {
				to = uint64(w.r32[o.a][i])
			}
			base := f.local + f.fc.localBytes
			if to < base || to > f.localEnd(1<<i) {
				w.stopFault(o, i, "bad stack pointer", fmt.Sprintf("%#x is not what stacksave gave in this call", to))
				return
			}
			if f.stack == nil {
				continue
			}
			f.stack.top[i] = to - base
			list := f.stack.pieces[i]
			for len(list) > 0 && list[len(list)-1].at >= to {
				list = list[:len(list)-1]
			}
			f.stack.pieces[i] = list
		}
	}
}
