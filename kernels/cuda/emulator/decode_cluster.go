package emulator

import (
	"fmt"
	"math/bits"
)

// Clusters. Here every block is a cluster of its own: %cluster_ctarank is 0 of 1, mapa to block 0
// returns the address itself, and barrier.cluster is a split arrive/wait barrier of the block. A
// kernel that requires larger clusters is refused.

func init() {
	register(map[string]func(*decoder){"mapa": decodeMapa, "getctarank": decodeCtarank})
}

// decodeMapa decodes mapa{.shared::cluster}.type d, a, rank.
func decodeMapa(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "shared::cluster")
	a := d.args(3)
	if t.Bits() == 32 && !m.has["shared::cluster"] {
		d.refuse("a generic address has 64 bits")
	}
	o := d.o
	var wide bool
	o.a, wide = d.src(&a[1], t, false)
	o.b, _ = d.src(&a[2], U32, false)
	o.d, _ = d.dst(&a[0], t, false)
	o.run = func(w *warp, o *op_, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			if r := w.r32[o.b][i]; r != 0 {
				w.stopFault(o, i, "bad cluster rank", fmt.Sprintf("block %d of a cluster that has one block", r))
				return
			}
			if wide {
				w.r64[o.d][i] = w.r64[o.a][i]
			} else {
				w.r32[o.d][i] = w.r32[o.a][i]
			}
		}
	}
}

// decodeCtarank decodes getctarank{.shared::cluster}.type d, a: the block of the cluster that owns
// an address of shared memory.
func decodeCtarank(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "shared::cluster")
	a := d.args(2)
	d.src(&a[1], t, false)
	o := d.o
	o.a = d.constant(0, false)
	o.d, _ = d.dst(&a[0], U32, false)
	o.pure, o.run = 1, movB32
}

// clusterBarrier is a block's barrier.cluster: threads arrive, and later wait for the end of the
// phase in which they arrived.
type clusterBarrier struct {
	phase  uint32         // phases completed
	clocks [2][]uint32    // for the checks: what the threads that arrived know, by phase
	known  [2][]reference // and what they know of other blocks
}

func decodeClusterBarrier(d *decoder, m modset) {
	d.allow(m, "cluster", "arrive", "wait", "release", "acquire", "relaxed", "aligned")
	d.args(0)
	aligned := m.has["aligned"]
	switch {
	case m.has["arrive"] == m.has["wait"], m.has["wait"] && (m.has["release"] || m.has["relaxed"]), m.has["arrive"] && m.has["acquire"]:
		d.refuse("unsupported form")
	case m.has["arrive"]:
		relaxed := m.has["relaxed"]
		d.o.run = func(w *warp, o *op_, mask uint32) { w.clusterArrive(o, mask, aligned, relaxed) }
	default:
		d.o.run = func(w *warp, o *op_, mask uint32) { w.clusterWait(o, mask, aligned) }
	}
}

// clusterAligned reports an .aligned barrier that some lanes do not reach.
func (w *warp) clusterAligned(o *op, mask uint32) {
	if w.blk.grid.checks&CheckBarriers == 0 {
		return
	}
	if missing := w.lanes &^ mask; missing != 0 {
		f := w.finding("divergent barrier", o, bits.TrailingZeros32(mask))
		f.Detail = fmt.Sprintf("lanes %s of warp %d are not at the barrier", laneList(missing), w.index)
		w.report(f)
	}
}

func (w *warp) clusterArrive(o *op, mask uint32, aligned, relaxed bool) {
	if aligned {
		w.clusterAligned(o, mask)
	}
	b := w.blk
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		if w.arrivedAt[i] != 0 {
			w.stopFault(o, i, "bad barrier", "a thread arrives twice at barrier.cluster without a wait in between")
			return
		}
		w.arrivedAt[i] = b.cluster.phase + 1
	}
	if w.chk != nil && !relaxed {
		c := &b.cluster
		k := c.phase % 2
		if c.clocks[k] == nil {
			c.clocks[k] = make([]uint32, len(b.warps))
		}
		w.chk.absorb(w)
		w.chk.advance()
		join(c.clocks[k], w.chk.row(len(b.warps)))
		c.known[k] = mergeRefs(c.known[k], w.chk.known)
	}
	b.openCluster()
}

// openCluster ends the phase once all threads that have not exited have arrived.
func (b *block) openCluster() {
	c := &b.cluster
	arrived := false
	for _, w := range b.warps {
		for m := w.lanes &^ w.exited; m != 0; m &= m - 1 {
			if w.arrivedAt[bits.TrailingZeros32(m)&31] != c.phase+1 {
				return
			}
			arrived = true
		}
	}
	if !arrived {
		return
	}
	c.phase++
	c.clocks[c.phase%2], c.known[c.phase%2] = nil, nil
	for _, w := range b.warps {
		for _, s := range w.splits {
			if s.state == stCluster {
				s.state = stRunning
			}
		}
	}
}

func (w *warp) clusterWait(o *op, mask uint32, aligned bool) {
	c := &w.blk.cluster
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		if w.arrivedAt[i] == 0 {
			w.stopFault(o, i, "bad barrier", "a thread waits at barrier.cluster without having arrived")
			return
		}
		if w.arrivedAt[i] > c.phase {
			w.hold(o, mask, stCluster) // the op will run again
			return
		}
	}
	if aligned {
		w.clusterAligned(o, mask)
	}
	for m := mask; m != 0; m &= m - 1 {
		w.arrivedAt[bits.TrailingZeros32(m)&31] = 0
	}
	if w.chk == nil {
		return
	}
	k := (c.phase - 1) % 2
	lanes := w.chk.ord[w.index]
	join(w.chk.ord[:len(w.blk.warps)], c.clocks[k])
	w.chk.known = mergeRefs(w.chk.known, c.known[k])
	if mask != w.lanes&^w.exited {
		w.chk.ord[w.index] = lanes
		w.chk.syncLanes(w, mask)
	}
}
