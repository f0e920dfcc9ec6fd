package emulator

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// What comes before what: vector clocks.
//
// Every warp has a clock that moves on whenever the warp lets others know of what
// it did: at barriers, fences and bar.warp.sync. ord[v] is how much a warp knows
// of warp v of its block: accesses that v stamped with a lower clock came before.
// For its own warp it is about the other lanes: bar.warp.sync and barriers order
// them, running in step does not.
//
// Between blocks, and for locks and flags within one, knowledge travels through
// memory: a fence publishes what the warp knows, a strong write after it leaves
// that at its address, a strong read takes it along, and the next fence or
// barrier makes it knowledge. An acquire or release does both at once.

type warpChecks struct {
	self    uint32 // index of the warp
	block   stamp  // block+1, shifted
	clock   uint32
	ord     [32]uint32
	lanes   *[32][32]uint32 // what lanes know of each other, after partial syncs
	pub     *published      // what the last fence published
	pending []reference     // taken from memory, not yet fenced
	known   []reference
	async   *asyncState
	bulk    *asyncState
}

func (c *warpChecks) reset(w *warp) {
	*c = warpChecks{self: uint32(w.index), block: stamp((w.blk.linear+1)&(1<<30-1)) << blockShift, clock: 1}
}

// advance moves the clock on; accesses so far have a lower one.
func (c *warpChecks) advance() uint32 {
	if c.clock < clockMask {
		c.clock++
	}
	return c.clock
}

// row is what the warp knows of all warps, its own included.
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

// syncLanes is bar.warp.sync for the lanes of mask.
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

// before says whether the access of stamp s came before what lane i does now.
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

// saw says whether this warp knows of a release by the block of s at an address that
// s, a strong access, went to: one that the last of several blocks makes on a counter
// comes before what that block does to the counter when all have counted.
func (c *warpChecks) saw(w *warp, s stamp, space Space, addr uint64) bool {
	for _, at := range []uint64{addr, addr &^ 7} { // of 4 bytes, or of 8
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
	cta   bool // for its own block only
}

// syncVar is a place in memory through which knowledge travels.
type syncVar struct {
	mu       sync.Mutex
	seq      uint64
	versions map[stamp][]version // by block, the last few releases
}

type version struct {
	seq uint64
	pub *published
}

// reference is what a strong read took along: all that was left at v up to seq.
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

// leave notes at v what p published.
func (v *syncVar) leave(p *published) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seq++
	list := v.versions[p.block]
	if n := len(list); n > 0 {
		// Later releases of a block go on where its earlier ones were.
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

// at gives what block left at v up to seq.
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

// knows says whether an access of another block came before, as far as this warp
// was told.
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

// fence publishes what the warp did and makes knowledge of what it read.
func (c *warpChecks) fence(w *warp, _ uint32, cta bool) {
	c.absorb(w)
	c.advance()
	c.pub = &published{block: c.block, row: c.row(len(w.blk.warps)), known: c.known[:len(c.known):len(c.known)], cta: cta}
}

// absorb turns what was read into knowledge.
func (c *warpChecks) absorb(w *warp) {
	for _, r := range c.pending {
		if p := r.at(c.block); p != nil { // of the own block: part of the clocks
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

// syncKey names a place in memory: shared memory is each block's own.
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

// acquire takes along what was left at an address, after a strong read.
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
