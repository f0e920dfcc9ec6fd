package emulator

import "math/bits"

// The checks of cp.async and mbarrier: data is there for the thread that copied
// it once it has waited, and for others once something orders them after that.

// asyncState is the copies of a warp's lanes: groups are numbered from 0.
type asyncState struct {
	open  [32]uint32           // the group that copies go to
	done  [32]uint32           // groups below are complete
	clock [32][doneKept]uint32 // when the group number%doneKept was waited for
}

const doneKept = 64

// asyncMark says which copy wrote a word of shared memory last.
type asyncMark struct {
	thread uint16 // plus one; 0 is no copy
	group  uint32
}

func (c *warpChecks) state() *asyncState {
	if c.async == nil {
		c.async = &asyncState{}
	}
	return c.async
}

// commit closes the group of the lanes of mask.
func (c *warpChecks) commit(w *warp, mask uint32) {
	s := c.state()
	for m := mask; m != 0; m &= m - 1 {
		s.open[bits.TrailingZeros32(m)&31]++
	}
}

// wait completes all groups but the last n, or all copies where n is -1.
func (c *warpChecks) wait(w *warp, mask uint32, n int) {
	s := c.state()
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		to := s.open[i]
		if n < 0 {
			s.open[i]++
			to = s.open[i]
		} else if to -= min(uint32(n), to); to < s.done[i] {
			continue
		}
		for g := s.done[i]; g < to; g++ {
			s.clock[i][g%doneKept] = c.clock
		}
		s.done[i] = max(s.done[i], to)
	}
}

// copyAsync checks one lane's copy before it is made.
func (c *warpChecks) copyAsync(w *warp, o, from *op, i int, n uint64) {
	mask := uint32(1) << i
	if n > 0 {
		f := *from
		x := *from.x
		f.x = &x
		if n == 4 || n == 8 || n == 16 {
			x.size = int(n)
		} else if n&(n-1) != 0 || n > 16 {
			x.size = 1 << (bits.Len64(n) - 1)
		} else {
			x.size = int(n)
		}
		w.track(&f, mask, accessRead)
	}
	blk := w.blk.chk
	if blk.async == nil {
		blk.async = make([]asyncMark, len(blk.init))
	}
	w.track(o, mask, accessWrite)
	addr := o.address(w, i)
	s := c.state()
	for a := addr; a < addr+uint64(o.x.size); a += 4 {
		if k := a / 4; k < uint64(len(blk.async)) {
			blk.async[k] = asyncMark{thread: uint16(w.index*32 + i + 1), group: s.open[i]}
		}
	}
}

// checkAsync reports an access to a word whose copy is not known to be complete.
func (w *warp) checkAsync(o *op, i int, kind accessKind, addr, n uint64) {
	blk := w.blk.chk
	for a := addr &^ 3; a < addr+n; a += 4 {
		m := &blk.async[a/4]
		if m.thread == 0 {
			continue
		}
		t := uint32(m.thread - 1)
		owner := w.blk.warps[t/32]
		s := owner.chk.state()
		lane := t % 32
		bad := ""
		switch {
		case m.group >= s.done[lane]:
			if t == uint32(w.index*32+i) && m.group == s.open[lane] && kind == accessWrite && o.in.Op == "cp" {
				break // a later copy of the same group
			}
			bad = "the thread that copied has not waited for this copy"
		case t != uint32(w.index*32+i) && s.done[lane]-m.group <= doneKept &&
			!w.chk.before(w, w.chk.block|stamp(t)<<threadShift|stamp(s.clock[lane][m.group%doneKept]), i):
			bad = "nothing orders this access after the wait of the thread that copied"
		}
		if bad != "" && w.blk.grid.checks&CheckAsync != 0 {
			f := w.finding("unfinished copy", o, i)
			f.Space, f.Address, f.Size = "shared", a, 4
			f.Allocation = w.placeName(Shared, a)
			f.Detail = bad
			w.report(f)
			m.thread = 0
		}
		if kind == accessWrite {
			m.thread = 0
		}
	}
}

// mbarInit notes that the barrier's memory holds a value.
func (c *warpChecks) mbarInit(w *warp, o *op, i int) {
	if addr, ok := w.mbarAddr(o, i); ok {
		w.blk.chk.init[addr/4], w.blk.chk.init[addr/4+1] = 15, 15
	}
}

func (w *warp) mbarAddr(o *op, i int) (uint64, bool) {
	addr := o.address(w, i)
	if o.x.space == Generic {
		addr -= sharedWindow
	}
	return addr, addr+8 <= uint64(len(w.blk.shared))
}

// mbarArrive leaves what the warp knows at the barrier.
func (c *warpChecks) mbarArrive(w *warp, o *op, i int) {
	addr, ok := w.mbarAddr(o, i)
	if !ok {
		return
	}
	blk := w.blk.chk
	if blk.mbars == nil {
		blk.mbars = map[uint64][]uint32{}
	}
	row := blk.mbars[addr]
	if row == nil {
		row = make([]uint32, len(w.blk.warps))
		blk.mbars[addr] = row
	}
	c.advance()
	join(row, c.row(len(row)))
}

// mbarWait takes along what those who arrived knew.
func (c *warpChecks) mbarWait(w *warp, o *op, i int) {
	if addr, ok := w.mbarAddr(o, i); ok {
		join(c.ord[:len(w.blk.warps)], w.blk.chk.mbars[addr])
	}
}
