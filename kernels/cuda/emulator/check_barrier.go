package emulator

import (
	"fmt"
	"math/bits"
)

// What a barrier of a block orders, and whether its threads reach it convergently.

// barrierArrive adds what w knows to the barrier.
func (c *blockChecks) barrierArrive(b *block, w *warp, id int) {
	bar := &b.bars[id]
	if len(bar.clocks) != len(b.warps) {
		bar.clocks = make([]uint32, len(b.warps))
	}
	if bar.fresh { // the first to arrive
		clear(bar.clocks)
		bar.known, bar.fresh = nil, false
	}
	wc := w.chk
	wc.absorb(w) // a barrier also orders memory for its participants
	wc.advance()
	join(bar.clocks, wc.ord[:len(b.warps)])
	bar.clocks[w.index] = wc.clock
	bar.known = mergeRefs(bar.known, wc.known)
}

func mergeRefs(a, b []reference) []reference {
	if len(b) == 0 {
		return a
	}
	out := append([]reference(nil), a...)
next:
	for _, r := range b {
		for i := range out {
			if out[i].v == r.v {
				out[i].seq = max(out[i].seq, r.seq)
				continue next
			}
		}
		out = append(out, r)
	}
	return out
}

// barrierOpen gives what all participants know to those that waited, and reports a barrier that was
// reached divergently.
func (c *blockChecks) barrierOpen(b *block, id int) {
	bar := &b.bars[id]
	for _, w := range b.warps {
		var waits uint32
		var first *split
		n := 0
		for _, s := range w.splits {
			if s.state == stBarrier && s.bar == id {
				waits |= s.active
				if first == nil {
					first = s
				}
				n++
			}
		}
		if first == nil {
			continue
		}
		if b.grid.checks&CheckBarriers != 0 {
			c.checkBarrier(b, w, id, waits, n, first)
		}
		lanes := w.chk.ord[w.index]
		join(w.chk.ord[:len(bar.clocks)], bar.clocks)
		w.chk.known = mergeRefs(w.chk.known, bar.known)
		if waits != w.lanes&^w.exited { // some lanes were not there
			w.chk.ord[w.index] = lanes
			w.chk.syncLanes(w, waits)
		}
	}
}

func (c *blockChecks) checkBarrier(b *block, w *warp, id int, waits uint32, splits int, first *split) {
	o := &w.ops[first.pc-1]
	info := o.x.v.(*barInfo)
	if !info.aligned {
		return
	}
	f := w.finding("divergent barrier", o, bits.TrailingZeros32(first.active))
	switch missing := w.lanes &^ waits; {
	case splits > 1:
		f.Detail = fmt.Sprintf("lanes %s of warp %d are at other bar instructions than lanes %s", laneList(waits&^first.active), w.index, laneList(first.active))
	case missing&^w.exited != 0:
		f.Detail = fmt.Sprintf("lanes %s of warp %d are not at the barrier", laneList(missing&^w.exited), w.index)
	case missing != 0:
		f.Detail = fmt.Sprintf("lanes %s of warp %d have exited", laneList(missing), w.index)
	case !info.hasN && b.exited > 0:
		f.Detail = fmt.Sprintf("%d threads of the block have exited", b.exited)
	default:
		return
	}
	w.report(f)
}
