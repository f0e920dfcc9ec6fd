package emulator

import "math/bits"

// The checks of asynchronous copies. The data of a cp.async is ready for the copying thread once it
// has waited, and for others once something orders them after that wait. The data of a bulk copy is
// ready for every thread that has waited at its mbarrier; nothing else orders an access after it.
// The shared memory that a bulk copy reads must not change until its group has been waited for.

// asyncState is the state of the copy groups of a warp's lanes. Each lane numbers its groups from
// 0.
type asyncState struct {
	open  [32]uint32           // the group that new copies join
	done  [32]uint32           // groups below this are complete
	clock [32][doneKept]uint32 // when group number%doneKept was waited for
}

const doneKept = 64

// asyncMark says which copy last wrote a word of shared memory, or which reads it.
type asyncMark struct {
	kind   markKind
	thread uint16
	group  uint32 // of the thread; for a bulk copy the phase of its mbarrier
	bar    uint32 // address of that mbarrier
}

type markKind uint8

const (
	markNone   markKind = iota
	markCopy            // written by cp.async
	markBulk            // written by cp.async.bulk or st.async
	markSource          // read by cp.async.bulk
)

// mbarCheck is what the checks know about an mbarrier.
type mbarCheck struct {
	row    []uint32 // what the threads that arrived knew
	phases uint32   // phases completed
	seen   map[uint32][]observed
}

// observed records which lanes of a warp have seen a phase complete, the first lane that saw it,
// and the warp's clock then.
type observed struct{ lanes, first, clock uint32 }

// phasesKept is for how many past phases this is kept.
const phasesKept = 16

func (c *warpChecks) state() *asyncState {
	if c.async == nil {
		c.async = &asyncState{}
	}
	return c.async
}

// bulkState is the state of the bulk groups.
func (c *warpChecks) bulkState() *asyncState {
	if c.bulk == nil {
		c.bulk = &asyncState{}
	}
	return c.bulk
}

// commit closes the open group of the lanes of mask.
func (s *asyncState) commit(mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		s.open[bits.TrailingZeros32(m)&31]++
	}
}

// wait completes all groups but the last n, or all copies if n is -1.
func (s *asyncState) wait(clock, mask uint32, n int) {
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
			s.clock[i][g%doneKept] = clock
		}
		s.done[i] = max(s.done[i], to)
	}
}

func (c *warpChecks) commit(_ *warp, mask uint32)      { c.state().commit(mask) }
func (c *warpChecks) wait(_ *warp, mask uint32, n int) { c.state().wait(c.clock, mask, n) }

// marks returns the marks of the block's shared memory.
func (c *blockChecks) marks() []asyncMark {
	if c.async == nil {
		c.async = make([]asyncMark, len(c.init))
	}
	return c.async
}

// mark puts a mark on n bytes of shared memory.
func (c *blockChecks) mark(addr, n uint64, m asyncMark) {
	for a := addr; a < addr+n; a += 4 {
		if k := a / 4; k < uint64(len(c.async)) {
			c.async[k] = m
		}
	}
}

// trackSpan checks a read or write of n bytes by lane i before it is made; n need not be a power of
// two.
func (w *warp) trackSpan(o *op, i int, n uint64, kind accessKind) {
	f := *o
	for n > 0 {
		x := *o.x
		f.x = &x
		step := min(n, 16)
		if step&(step-1) != 0 {
			step = 1 << (bits.Len64(step) - 1)
		}
		x.n, x.size = 1, int(step)
		w.track(&f, 1<<i, kind)
		f.imm += step
		n -= step
	}
}

// copyAsync checks one lane's copy before it is made.
func (c *warpChecks) copyAsync(w *warp, o, from *op, i int, n uint64) {
	w.trackSpan(from, i, n, accessRead)
	marks := w.blk.chk
	marks.marks()
	w.track(o, 1<<i, accessWrite)
	marks.mark(o.address(w, i), uint64(o.x.size), asyncMark{kind: markCopy, thread: uint16(w.index*32 + i), group: c.state().open[i]})
}

// bulkCopy checks one lane's bulk copy of n bytes before it is made.
func (c *warpChecks) bulkCopy(w *warp, o, from, bar *op, i int, n uint64) {
	blk := w.blk.chk
	blk.marks()
	w.trackSpan(from, i, n, accessRead)
	w.trackSpan(o, i, n, accessWrite)
	if bar == nil {
		blk.mark(from.address(w, i), n, asyncMark{kind: markSource, thread: uint16(w.index*32 + i), group: c.bulkState().open[i]})
		return
	}
	c.bulkWritten(w, o.address(w, i), n, bar, i)
}

// storeAsync checks one lane's st.async before it is made.
func (c *warpChecks) storeAsync(w *warp, o, bar *op, i int) {
	w.blk.chk.marks()
	n := uint64(o.x.size * o.x.n)
	w.trackSpan(o, i, n, accessWrite)
	addr := o.address(w, i)
	if o.x.space == Generic {
		addr -= sharedWindow
	}
	c.bulkWritten(w, addr, n, bar, i)
}

// bulkWritten marks shared memory as written by a copy that signals the mbarrier. It is removed
// from the access history: nothing that the requesting thread does later orders others after the
// copy.
func (c *warpChecks) bulkWritten(w *warp, addr, n uint64, bar *op, i int) {
	blk := w.blk.chk
	at, ok := w.mbarAddr(bar, i)
	if !ok || addr+n > uint64(len(w.blk.shared)) {
		return
	}
	blk.mark(addr, n, asyncMark{kind: markBulk, thread: uint16(w.index*32 + i), group: blk.mbar(w, at).phases, bar: uint32(at)})
	for k := addr / 4; k < (addr+n)/4; k++ {
		blk.hist.words[k].w = 0
		for j := 4 * k; j < 4*k+4 && blk.hist.bytes != nil; j++ {
			blk.hist.bytes[j].w = 0
		}
	}
}

// checkAsync reports an access to a word whose copy is not known to be complete.
func (w *warp) checkAsync(o *op, i int, kind accessKind, addr, n uint64) {
	blk := w.blk.chk
	for a := addr &^ 3; a < addr+n; a += 4 {
		m := &blk.async[a/4]
		if m.kind == markNone {
			continue
		}
		bad := ""
		switch m.kind {
		case markCopy:
			bad = w.checkCopy(o, i, kind, m, w.blk.warps[m.thread/32].chk.state(), "the thread that copied has not waited for this copy")
		case markSource:
			if kind != accessRead {
				bad = w.checkCopy(o, i, kind, m, w.blk.warps[m.thread/32].chk.bulkState(), "the bulk copy that reads this memory has not been waited for")
			}
		case markBulk:
			if !blk.mbar(w, uint64(m.bar)).saw(w, m.group, i) {
				bad = "nothing orders this access after the end of the phase of the mbarrier that the copy tells"
			}
		}
		if bad != "" && w.blk.grid.checks&CheckAsync != 0 {
			f := w.finding("unfinished copy", o, i)
			f.Space, f.Address, f.Size = "shared", a, 4
			f.Allocation = w.placeName(Shared, a)
			f.Detail = bad
			w.report(f)
			m.kind = markNone
		}
		if kind != accessRead {
			m.kind = markNone
		}
	}
}

// checkCopy returns what is wrong with an access of lane i to memory that a copy group writes or
// reads, or "".
func (w *warp) checkCopy(o *op, i int, kind accessKind, m *asyncMark, s *asyncState, unfinished string) string {
	t := uint32(m.thread)
	lane, own := t%32, t == uint32(w.index*32+i)
	switch {
	case m.group >= s.done[lane]:
		if own && m.group == s.open[lane] && kind == accessWrite && o.in.Op == "cp" && m.kind == markCopy {
			return "" // a later copy of the same group
		}
		return unfinished
	case !own && s.done[lane]-m.group <= doneKept &&
		!w.chk.before(w, w.chk.block|stamp(t)<<threadShift|stamp(s.clock[lane][m.group%doneKept]), i):
		return "nothing orders this access after the wait of the thread that copied"
	}
	return ""
}

// mbar returns what is known about the mbarrier at an address of shared memory.
func (c *blockChecks) mbar(w *warp, addr uint64) *mbarCheck {
	if c.mbars == nil {
		c.mbars = map[uint64]*mbarCheck{}
	}
	b := c.mbars[addr]
	if b == nil {
		b = &mbarCheck{row: make([]uint32, len(w.blk.warps)), seen: map[uint32][]observed{}}
		c.mbars[addr] = b
	}
	return b
}

// saw reports whether what lane i of w does is ordered after some thread saw the phase complete.
func (b *mbarCheck) saw(w *warp, phase uint32, i int) bool {
	if b.phases-phase > phasesKept {
		return true
	}
	for p := phase; p < b.phases; p++ {
		for v, o := range b.seen[p] {
			if o.lanes == 0 {
				continue
			}
			if uint32(v) == w.chk.self && o.lanes>>i&1 != 0 {
				return true
			}
			if w.chk.before(w, w.chk.block|stamp(uint32(v)*32+o.first)<<threadShift|stamp(o.clock), i) {
				return true
			}
		}
	}
	return false
}

// mbarInit marks the mbarrier's memory as initialised.
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

// mbarArrive adds what the warp knows to the mbarrier.
func (c *warpChecks) mbarArrive(w *warp, o *op, i int) {
	addr, ok := w.mbarAddr(o, i)
	if !ok {
		return
	}
	b := w.blk.chk.mbar(w, addr)
	c.advance()
	join(b.row, c.row(len(b.row)))
}

// mbarEnds records the end of a phase.
func (c *warpChecks) mbarEnds(w *warp, o *op, i int) {
	if addr, ok := w.mbarAddr(o, i); ok {
		b := w.blk.chk.mbar(w, addr)
		delete(b.seen, b.phases-phasesKept)
		b.phases++
	}
}

// mbarWait takes over what the threads that arrived knew, and records who saw the phase complete.
func (c *warpChecks) mbarWait(w *warp, o *op, i int) {
	addr, ok := w.mbarAddr(o, i)
	if !ok {
		return
	}
	b := w.blk.chk.mbar(w, addr)
	join(c.ord[:len(b.row)], b.row)
	if b.phases == 0 {
		return
	}
	list := b.seen[b.phases-1]
	if list == nil {
		list = make([]observed, len(b.row))
		b.seen[b.phases-1] = list
	}
	if list[c.self].lanes == 0 {
		list[c.self].first, list[c.self].clock = uint32(i), c.clock
	}
	list[c.self].lanes |= 1 << i
}
