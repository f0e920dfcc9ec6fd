package emulator

import (
	"fmt"
	"math/bits"
	"slices"
)

// The checks of local memory: is an access inside a variable of the active calls, and was the
// memory written before it is read.

// inLocal reports whether the bytes lie within one local variable of the active calls, or one piece
// that lane i got from alloca.
func (w *warp) inLocal(i int, addr, n uint64) bool {
	for f := w.fr; f != nil; f = f.caller {
		if addr < f.local {
			continue
		}
		off := int64(addr - f.local)
		for _, v := range f.fc.locals {
			at := f.fc.varAt[v]
			if off >= at && off+int64(n) <= at+v.Size {
				return true
			}
		}
		if f.stack != nil {
			for _, p := range f.stack.pieces[i] {
				if addr >= p.at && addr+n <= p.at+p.size {
					return true
				}
			}
		}
		return false
	}
	return false
}

// nearLocal names the local variable that the n bytes lie in or just after.
func (w *warp) nearLocal(i int, addr, n uint64) string {
	best := "the thread has no local variable there"
	for f := w.fr; f != nil; f = f.caller {
		if addr < f.local {
			continue
		}
		near := func(name string, at, size uint64) (done bool) {
			switch {
			case addr >= at && addr+n <= at+size:
				best = fmt.Sprintf("%d bytes into %s of %d bytes", addr-at, name, size)
				return true
			case addr >= at && addr < at+size:
				best = fmt.Sprintf("%d bytes into %s of %d bytes, past its end with the access", addr-at, name, size)
				return true
			case addr >= at+size:
				best = fmt.Sprintf("%d bytes past the end of %s of %d bytes", addr-at-size, name, size)
			}
			return false
		}
		for _, v := range f.fc.locals {
			if near(".local "+v.Name, f.local+uint64(f.fc.varAt[v]), uint64(v.Size)) {
				return best
			}
		}
		if f.stack != nil {
			for _, p := range f.stack.pieces[i] {
				if near("memory from alloca", p.at, p.size) {
					return best
				}
			}
		}
		break
	}
	return best
}

// trackLocal records which bytes of local memory are initialised, and reports an element that is
// read with no byte initialised. Some initialised bytes are enough, because compilers copy structs
// with their padding.
func (w *warp) trackLocal(o *op, mask uint32, kind accessKind, n uint64) {
	if w.blk.grid.checks&CheckUninit == 0 {
		return
	}
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		addr := o.address(w, i)
		if o.x.space == Generic {
			addr -= localWindow
		}
		if addr >= w.stack || n > w.stack-addr || addr&(n-1) != 0 || !w.inLocal(i, addr, n) {
			continue // a fault, reported elsewhere
		}
		known := w.localInit[uint64(i)*w.stack+addr:][:n]
		for size := uint64(o.x.size); kind == accessRead && len(known) > 0; known = known[size:] {
			if !slices.Contains(known[:size], true) {
				w.uninit(o, i, Local, addr+n-uint64(len(known)), int(size))
				known[0] = true // report it once
			}
		}
		for k := range known {
			known[k] = true
		}
	}
}

// forgetLocal marks n bytes of lane i's local memory as uninitialised.
func (w *warp) forgetLocal(i int, at, n uint64) {
	if w.localInit != nil {
		clear(w.localInit[uint64(i)*w.stack+at:][:n])
	}
}
