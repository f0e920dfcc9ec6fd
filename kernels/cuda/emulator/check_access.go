package emulator

import "math/bits"

// The checks of one access: is the memory initialised, and is there a race (check_race.go).

type accessKind uint8

const (
	accessRead accessKind = iota
	accessWrite
	accessAtomic
)

// blockChecks is the shadow of a block's shared memory.
type blockChecks struct {
	hist  cells
	init  []uint8
	async []asyncMark           // nil until a cp.async was seen
	mbars map[uint64]*mbarCheck // by address
}

func newBlockChecks(b *block, size uint64) *blockChecks {
	n := (size + 3) / 4
	return &blockChecks{hist: cells{words: make([]cell, n)}, init: make([]uint8, n)}
}

// reset prepares for the next block. The history need not be cleared: its stamps carry the number
// of their block.
func (c *blockChecks) reset(b *block) {
	clear(c.init)
	clear(c.async)
	c.mbars = nil
}

// checkedAccess returns the handler that runs before an access.
func checkedAccess(kind accessKind) handler {
	return func(w *warp, o *op, mask uint32) { w.track(o, mask, kind) }
}

// track checks the accesses of all lanes before they are made.
func (w *warp) track(o *op, mask uint32, kind accessKind) {
	if w.blk.grid.checks&(CheckBounds|CheckUninit|CheckRaces|CheckAsync) == 0 {
		return
	}
	x := o.x
	n := uint64(x.size * x.n)
	switch {
	case x.space == Shared:
		w.trackShared(o, mask, kind, n)
	case x.space == Local:
		w.trackLocal(o, mask, kind, n)
		return
	case w.blk.grid.checks == CheckBounds && x.space != Generic:
	case x.space == Generic || x.space == Global || x.space == Const:
		var shared, local uint32
		if x.space == Generic {
			for m := mask; m != 0; m &= m - 1 {
				i := bits.TrailingZeros32(m) & 31
				switch spaceOf(o.address(w, i)) {
				case Shared:
					shared |= 1 << i
				case Local:
					mask &^= 1 << i
					local |= 1 << i
				case Param:
					mask &^= 1 << i
				}
			}
		}
		if local != 0 {
			w.trackLocal(o, local, kind, n)
		}
		if shared != 0 {
			w.trackShared(o, shared, kind, n)
		}
		if mask &^= shared; mask != 0 && w.blk.grid.checks != CheckBounds {
			w.trackGlobal(o, mask, kind, n)
		}
	default:
		return
	}
	if x.strong && kind != accessRead {
		w.eachPlace(o, mask, (*warpChecks).release)
	}
}

// after is called after a strong access.
func (w *warp) after(o *op, mask uint32) { w.eachPlace(o, mask, (*warpChecks).acquire) }

func (w *warp) eachPlace(o *op, mask uint32, f func(c *warpChecks, w *warp, o *op, space Space, addr uint64)) {
	if w.chk.pub == nil && !o.x.release && w.blk.grid.sync.n.Load() == 0 {
		return
	}
	last := ^uint64(0)
	for m := mask; m != 0; m &= m - 1 {
		addr := o.address(w, bits.TrailingZeros32(m)&31)
		if addr == last {
			continue
		}
		last = addr
		space := o.x.space
		if space == Generic {
			if space = spaceOf(addr); space == Shared {
				addr -= sharedWindow
			}
		}
		if space == Shared || space == Global {
			f(w.chk, w, o, space, addr)
		}
	}
}

// stamp is the stamp of lane 0 for this access; that of lane i is i<<threadShift higher.
func (w *warp) stamp(o *op) stamp {
	s := w.chk.block | stamp(w.index*32)<<threadShift | stamp(w.chk.clock)
	if o.x.strong {
		s |= strongBit
		if o.x.cta {
			s |= ctaBit
		}
	}
	return s
}

// inVariables reports lanes whose access touches the gap between two shared variables, or lies
// outside the variables that its address was derived from. It returns the other lanes.
func (w *warp) inVariables(o *op, mask uint32, kind accessKind, n uint64) uint32 {
	var tmp vec32
	addrs, imm := &tmp, uint32(0)
	if o.x.space == Generic {
		for i := range tmp {
			tmp[i] = uint32(o.address(w, i) - sharedWindow)
		}
	} else {
		addrs, imm = w.sharedAddr(o, &tmp), uint32(o.imm)
	}
	var outside uint32
	if from := o.x.origin; from != nil && len(from.within) == 1 && from.within[0].size >= n {
		v := &from.within[0]
		first, last := uint32(v.offset)-imm, uint32(min(v.size-n, 1<<31))
		for i, addr := range addrs {
			if addr-first > last {
				outside |= 1 << i
			}
		}
	} else if from != nil && len(from.within) > 0 {
		for _, v := range from.within {
			if v.size < n {
				continue
			}
			first, last := uint32(v.offset)-imm, uint32(min(v.size-n, 1<<31))
			for i, addr := range addrs {
				outside |= one(addr-first <= last) << i
			}
		}
		outside = ^outside
	} else {
		for _, g := range w.blk.grid.kern.gaps {
			first, count := g.from-uint32(n-1)-imm, g.to-g.from+uint32(n-1) // the addresses that touch the gap
			for i, addr := range addrs {
				if addr-first < count {
					outside |= 1 << i
				}
			}
		}
	}
	outside &= mask
	for m := outside; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		if addr := uint64(addrs[i] + imm); addr < uint64(len(w.blk.shared)) { // otherwise reported elsewhere
			w.fault(o, faultBounds, Shared, i, addr, n, kind != accessRead)
		}
	}
	return mask &^ outside
}

func (w *warp) trackShared(o *op, mask uint32, kind accessKind, n uint64) {
	if len(w.blk.grid.kern.gaps) > 0 && w.blk.grid.checks&CheckBounds != 0 {
		if mask = w.inVariables(o, mask, kind, n); mask == 0 {
			return
		}
	}
	c := w.blk.chk
	size := uint64(len(w.blk.shared))
	if o.x.size < 4 && c.hist.bytes == nil {
		c.hist.split()
	}
	base := w.stamp(o)
	generic := o.x.space == Generic
	if !generic && kind != accessAtomic && c.hist.bytes == nil {
		w.trackSharedWords(o, mask, kind, base, uint32(n))
	}
	races := w.blk.grid.checks&CheckRaces != 0
	uninit := w.blk.grid.checks&CheckUninit != 0
	words := !generic && kind != accessAtomic && c.hist.bytes == nil
	if words && c.async == nil {
		return
	}
	has := func(k uint32, mask uint8) bool { return c.init[k]&mask == mask }
	set := func(k uint32, mask uint8) { c.init[k] |= mask }
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		addr := o.address(w, i)
		if generic {
			addr -= sharedWindow
		}
		if addr >= size || n > size-addr || addr&(n-1) != 0 {
			continue // a fault, reported elsewhere
		}
		if !words {
			now := base + stamp(i)<<threadShift
			w.trackPieces(o, i, kind, addr, n, now, &c.hist, 0, Shared, races, uninit, has, set)
		}
		if c.async != nil {
			w.checkAsync(o, i, kind, addr, n)
		}
	}
}

// trackSharedWords is trackShared for the most common case: each lane reads or writes one or more
// whole words. An earlier access is ordered if its clock is below what this warp knows of the
// accessing warp. Stamps left by earlier blocks may pass this test, too, which does no harm.
func (w *warp) trackSharedWords(o *op, mask uint32, kind accessKind, base stamp, n uint32) {
	var tmp vec32
	addrs := w.sharedAddr(o, &tmp)
	races := w.blk.grid.checks&CheckRaces != 0
	uninit := w.blk.grid.checks&CheckUninit != 0 && kind == accessRead
	imm, pc := uint32(o.imm), shortPC(o.at)
	c, ord := w.blk.chk, &w.chk.ord
	cells, init := c.hist.words, c.init[:len(c.hist.words)]
	size := uint32(len(w.blk.shared))
	last := ^uint32(0)
	again := false
	var run []cell // the words of the previous lane
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		addr := addrs[i] + imm
		now := base + stamp(i)<<threadShift
		if addr == last { // the same words as the previous lane: recording the first and the last lane is enough
			for j := range run {
				h := &run[j]
				if !again {
					h.r2, h.rpc2 = h.r1, pc
				}
				h.r1 = now
			}
			again = true
			continue
		}
		last, again = ^uint32(0), false
		if addr&(n-1) != 0 || size < n || addr > size-n {
			continue // a fault, reported elsewhere
		}
		k := addr >> 2
		if !races {
			for j := k; j < k+n/4; j++ {
				if uninit && init[j] != 15 {
					w.uninit(o, i, Shared, uint64(4*j), 4)
				}
				init[j] = 15
			}
			continue
		}
		run = cells[k : k+n/4]
		if kind == accessRead {
			last = addr
			for j := range run {
				h := &run[j]
				if uninit && init[k+uint32(j)] != 15 {
					w.uninit(o, i, Shared, uint64(addr)+4*uint64(j), 4)
					init[k+uint32(j)] = 15
				}
				if h.w != 0 && h.w.clock() >= ord[h.w.warp()] {
					w.checkCell(o, i, h, now, kind, Shared, uint64(addr)+4*uint64(j), 4)
					last = ^uint32(0) // every lane must check for itself
				}
				if (h.r1^now)&whoMask != 0 {
					h.r2, h.rpc2 = h.r1, h.rpc1
				}
				h.r1, h.rpc1 = now, pc
			}
			continue
		}
		for j := range run {
			h := &run[j]
			init[k+uint32(j)] = 15
			if h.w.clock() >= ord[h.w.warp()] || h.r1.clock() >= ord[h.r1.warp()] || h.r2.clock() >= ord[h.r2.warp()] {
				w.checkCell(o, i, h, now, kind, Shared, uint64(addr)+4*uint64(j), 4)
			}
			h.noteWrite(now, o.at)
		}
	}
}

func (w *warp) trackGlobal(o *op, mask uint32, kind accessKind, n uint64) {
	g := w.blk.grid
	races := g.checks&CheckRaces != 0
	uninit := g.checks&CheckUninit != 0 && kind != accessWrite
	base := w.stamp(o)
	var p *page
	var last uint64
	var lastAlloc *allocation
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		addr := o.address(w, i)
		a := lastAlloc
		if a == nil || addr-a.base >= a.size {
			a = w.alloc(o, addr)
		}
		if a == nil || a.track == nil || n > a.size-(addr-a.base) || addr&(n-1) != 0 {
			continue
		}
		off := addr - a.base
		if pg := off / pageBytes; p == nil || a != lastAlloc || pg != last {
			if p != nil {
				p.mu.Unlock()
			}
			p, last, lastAlloc = &a.track.pages[pg], pg, a
			p.mu.Lock()
			p.fresh(g.gen)
		}
		now := base + stamp(i)<<threadShift
		in := off % pageBytes
		if o.x.size < 4 && p.hist.bytes == nil {
			p.hist.split()
		}
		if p.hist.bytes != nil {
			pp := p
			w.trackPieces(o, i, kind, addr, n, now, &p.hist, addr-in, Global, races, uninit, pp.has, pp.set)
			continue
		}
		for k := uint32(in / 4); k < uint32((in+n)/4); k++ {
			if !p.full {
				if uninit && (p.init == nil || p.init[k] != 15) {
					w.uninit(o, i, Global, addr-in+4*uint64(k), 4)
				}
				if uninit || kind != accessRead {
					p.set(k, 15)
				}
			}
			if !races {
				continue
			}
			h := &p.hist.words[k]
			if kind != accessRead {
				w.checkCell(o, i, h, now, kind, Global, addr-in+4*uint64(k), 4)
				h.noteWrite(now, o.at)
				continue
			}
			if h.w != 0 {
				w.checkCell(o, i, h, now, kind, Global, addr-in+4*uint64(k), 4)
			}
			h.noteRead(now, o.at)
		}
	}
	if p != nil {
		p.mu.Unlock()
	}
}
