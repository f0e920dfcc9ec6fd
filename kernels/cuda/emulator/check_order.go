package emulator

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// Which accesses are ordered: vector clocks.
//
// Every warp has a clock that advances whenever the warp makes its work known to others: at
// barriers, fences and bar.warp.sync. ord[v] is what a warp knows of warp v of its block: accesses
// that v stamped with a lower clock came before. Its entry for its own warp is about the other
// lanes: bar.warp.sync and barriers order them; running in lockstep does not.
//
// Between blocks, and for locks and flags within a block, knowledge travels through memory. A fence
// publishes what the warp knows, a strong write after it leaves that at its address, a strong read
// picks it up, and the next fence or barrier makes it known to the reader. A release does the first
// two steps at once, an acquire the last two.

type warpChecks struct {
	self    uint32 // index of the warp
	block   stamp  // block+1, shifted
	clock   uint32
	ord     [32]uint32
	lanes   *[32][32]uint32 // what lanes know of each other after partial syncs
	pub     *published      // what the last fence published
	pending []reference     // picked up from memory, not yet fenced
	known   []reference
	async   *asyncState
	bulk    *asyncState
}

func (c *warpChecks) reset(w *warp) {
	*c = warpChecks{self: uint32(w.index), block: stamp((w.blk.linear+1)&(1<<30-1)) << blockShift, clock: 1}
}

// advance moves the clock on; accesses so far have a lower clock.
func (c *warpChecks) advance() uint32 {
	if c.clock < clockMask {
		c.clock++
	}
	return c.clock
}

// row returns what the warp knows of all warps, including itself.
func (c *warpChecks) row(n int) []uint32 {
	r := make([]uint32, n)
	copy(r, c.ord[:n])
	r[c.self] = c.clock
	return r
}

func join(a, b []uint32) {
	for i, v := range b {
		a[i] = max(a[i], v)
	}
}

// syncLanes handles bar.warp.sync for the lanes of mask.
func (c *warpChecks) syncLanes(w *warp, mask uint32) {
	now := c.advance()
	if mask == w.lanes&^w.exited {
		c.ord[c.self] = now
		return
	}
	if c.lanes == nil {
		c.lanes = new([32][32]uint32)
	}
	var all [32]uint32
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		join(all[:], c.lanes[i][:])
		all[i] = now
	}
	for m := mask; m != 0; m &= m - 1 {
		c.lanes[bits.TrailingZeros32(m)&31] = all
	}
}

// before reports whether the access with stamp s is ordered before what lane i does now.
func (c *warpChecks) before(w *warp, s stamp, i int) bool {
	if s == 0 {
		return true
	}
	if s>>blockShift<<blockShift != c.block {
		return c.knows(s)
	}
	if s.thread() == c.self*32+uint32(i) {
		return true
	}
	v := s.warp()
	if s.clock() < c.ord[v] {
		return true
	}
	return v == c.self && c.lanes != nil && s.clock() < c.lanes[i][s.thread()&31]
}

// saw reports whether this warp knows of a release by the block of s at the address that s, a
// strong access, went to. It allows the usual counter of finished blocks: the last block may reset
// the counter after all have incremented it.
func (c *warpChecks) saw(w *warp, s stamp, space Space, addr uint64) bool {
	for _, at := range []uint64{addr, addr &^ 7} { // a counter of 4 bytes, or of 8
		v := w.blk.grid.sync.get(w.syncKey(space, at), false)
		if v == nil {
			continue
		}
		for _, r := range c.known {
			if r.v == v && r.at(s>>blockShift<<blockShift) != nil {
				return true
			}
		}
	}
	return false
}

// published is what a warp knew at a fence.
type published struct {
	block stamp
	row   []uint32
	known []reference
	cta   bool // only visible to its own block
}

// syncVar is an address through which knowledge travels.
type syncVar struct {
	mu       sync.Mutex
	seq      uint64
	versions map[stamp][]version // the last few releases of each block
}

type version struct {
	seq uint64
	pub *published
}

// reference is what a strong read picked up: all that was left at v up to seq.
type reference struct {
	v   *syncVar
	seq uint64
}

// syncTable holds the syncVars of a launch by address.
type syncTable struct {
	mu   sync.Mutex
	vars map[uint64]*syncVar
	n    atomic.Int64
}

func newSyncTable() *syncTable { return &syncTable{vars: map[uint64]*syncVar{}} }

func (t *syncTable) get(key uint64, make bool) *syncVar {
	if !make && t.n.Load() == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.vars[key]
	if v == nil && make {
		v = &syncVar{versions: map[stamp][]version{}}
		t.vars[key] = v
		t.n.Add(1)
	}
	return v
}

const keptVersions = 8

// leave records at v what p published.
func (v *syncVar) leave(p *published) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seq++
	list := v.versions[p.block]
	if n := len(list); n > 0 {
		// Later releases of a block include its earlier ones.
		old := list[n-1].pub
		merged := &published{block: p.block, row: append([]uint32(nil), p.row...), known: p.known, cta: p.cta && old.cta}
		if p.cta == old.cta {
			join(merged.row, old.row)
		}
		p = merged
	}
	list = append(list, version{v.seq, p})
	if len(list) > keptVersions {
		list = append(list[:0:0], list[len(list)-keptVersions:]...)
	}
	v.versions[p.block] = list
}

// at returns what block left at v up to seq.
func (r reference) at(block stamp) *published {
	r.v.mu.Lock()
	defer r.v.mu.Unlock()
	list := r.v.versions[block]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].seq <= r.seq {
			return list[i].pub
		}
	}
	return nil
}

// knows reports whether an access of another block is ordered before, as far as this warp knows.
func (c *warpChecks) knows(s stamp) bool {
	seen := map[reference]bool{}
	var look func(refs []reference, depth int) bool
	look = func(refs []reference, depth int) bool {
		for _, r := range refs {
			if seen[r] {
				continue
			}
			seen[r] = true
			if p := r.at(s >> blockShift << blockShift); p != nil && !p.cta && int(s.warp()) < len(p.row) && s.clock() < p.row[s.warp()] {
				return true
			}
			if depth < 8 {
				r.v.mu.Lock()
				var deeper []reference
				for _, list := range r.v.versions {
					for _, ver := range list {
						if ver.seq <= r.seq && len(ver.pub.known) > 0 {
							deeper = append(deeper, ver.pub.known...)
						}
					}
				}
				r.v.mu.Unlock()
				if len(deeper) > 0 && look(deeper, depth+1) {
					return true
				}
			}
		}
		return false
	}
	return look(c.known, 0)
}

// fence publishes what the warp did and makes known to it what it picked up.
func (c *warpChecks) fence(w *warp, _ uint32, cta bool) {
	c.absorb(w)
	c.advance()
	c.pub = &published{block: c.block, row: c.row(len(w.blk.warps)), known: c.known[:len(c.known):len(c.known)], cta: cta}
}

// absorb makes what was picked up known to the warp.
func (c *warpChecks) absorb(w *warp) {
	for _, r := range c.pending {
		if p := r.at(c.block); p != nil { // left by this block: part of the clocks
			join(c.ord[:len(p.row)], p.row)
		}
		found := false
		for i, k := range c.known {
			if k.v == r.v {
				c.known[i].seq = max(k.seq, r.seq)
				found = true
			}
		}
		if !found {
			c.known = append(c.known[:len(c.known):len(c.known)], r)
		}
	}
	c.pending = nil
}

// syncKey identifies a place in memory; each block has its own shared memory.
func (w *warp) syncKey(space Space, addr uint64) uint64 {
	if space == Shared {
		return 1<<63 | w.blk.linear<<24 | addr
	}
	return addr
}

// release leaves what the warp published at an address, before a strong write.
func (c *warpChecks) release(w *warp, o *op, space Space, addr uint64) {
	if o.x.release {
		c.fence(w, 0, o.x.cta)
	}
	if c.pub == nil {
		return
	}
	p := c.pub
	if o.x.cta && !p.cta {
		q := *p
		q.cta = true
		p = &q
	}
	w.blk.grid.sync.get(w.syncKey(space, addr), true).leave(p)
}

// acquire picks up what was left at an address, after a strong read.
func (c *warpChecks) acquire(w *warp, o *op, space Space, addr uint64) {
	v := w.blk.grid.sync.get(w.syncKey(space, addr), false)
	if v == nil {
		return
	}
	v.mu.Lock()
	r := reference{v, v.seq}
	v.mu.Unlock()
	for i, p := range c.pending {
		if p.v == v {
			c.pending[i] = r
			r.v = nil
		}
	}
	if r.v != nil {
		c.pending = append(c.pending, r)
	}
	if o.x.acquire {
		c.absorb(w)
	}
}
