package emulator

import (
	"fmt"
	"math/bits"
)

// The slow loop, which replaces execute if checks, counters or tracing are on, and the check of
// uninitialised registers.

// finishChecks turns uses and defs into indices of frame.init, once register numbers are final, and
// sets what is initialised at the start.
func (d *decoder) finishChecks(fc *funcCode, lo, hi int32) {
	place := func(list []int32) {
		for i, v := range list {
			slot := v & (1<<28 - 1)
			switch v &^ (1<<28 - 1) {
			case bankP:
				list[i] = slot
			case bank32:
				list[i] = fc.bit(false, slot)
			case bank64:
				list[i] = fc.bit(true, slot)
			}
		}
	}
	for i := lo; i < hi; i++ {
		o := &d.kern.ops[i]
		place(o.uses)
		place(o.defs)
	}
	// Only named registers begin uninitialised.
	fc.init = make([]uint32, fc.np+fc.n32+fc.n64)
	fc.names = make([]string, len(fc.init))
	for i := range fc.init {
		fc.init[i] = fullMask
	}
	for r, slot := range d.slots {
		i := slot
		if r.Type != Pred {
			i = fc.bit(r.Type.Bits() >= 64, slot)
		}
		if r.Type == B128 {
			fc.init[i+1] = 0
			fc.names[i+1] = r.Name
		}
		fc.init[i] = 0
		fc.names[i] = r.Name
	}
}

// executeChecked is execute with checks, counters and tracing.
func (w *warp) executeChecked(n int) int {
	ops := w.ops
	g := w.blk.grid
	regs := g.checks&CheckUninit != 0
	left := n
	for ; left > 0; left-- {
		o := &ops[w.pc]
		if o.rank >= w.limit {
			break
		}
		w.pc++
		mask := w.active & (w.p[o.guard] ^ o.not)
		if regs {
			w.checkRegs(o, mask)
		}
		if g.count {
			w.blk.count(w, o, mask)
		}
		if mask == 0 {
			continue
		}
		if o.checked != nil && g.check {
			o.checked(w, o, mask)
		}
		if mask == fullMask {
			o.run(w, o, mask)
		} else {
			w.partial(o, mask)
		}
		if w.pc == o.at && o.in.Op != "bra" { // it waits and will run again
			if g.count {
				w.blk.uncount(o, mask)
			}
		} else if g.m.opts.Trace != nil {
			w.trace(o, mask)
		}
		if o.x != nil && o.x.strong && g.check {
			w.after(o, mask)
		}
	}
	return n - left
}

// checkRegs reports registers that are read before they were written. A plain move is not reported;
// it makes its destination uninitialised, too.
func (w *warp) checkRegs(o *op, mask uint32) {
	init := w.fr.init
	for k, u := range o.uses {
		need := mask
		if k == 0 && o.guard != 0 {
			need = w.active
		}
		if missing := need &^ init[u]; missing != 0 {
			if o.x != nil {
				if _, move := o.x.v.(moveMark); move && (k > 0 || o.guard == 0) {
					init[o.defs[0]] = init[o.defs[0]]&^mask | init[u]&mask
					return
				}
			}
			i := bits.TrailingZeros32(missing)
			f := w.finding("uninitialised register", o, i)
			f.Detail = fmt.Sprintf("%s is read before it is written, by lanes %s of warp %d", w.fr.fc.names[u], laneList(missing), w.index)
			w.report(f)
			init[u] |= missing // report it once
		}
	}
	for _, d := range o.defs {
		init[d] |= mask
	}
}
