package emulator

import "fmt"

// Whether an access races with earlier ones, and the reports of races and of uninitialised memory.

// trackPieces checks an access of any size; base is the address at which hist begins.
func (w *warp) trackPieces(o *op, i int, kind accessKind, addr, n uint64, now stamp, hist *cells, base uint64, space Space,
	races, uninit bool, has func(k uint32, mask uint8) bool, set func(k uint32, mask uint8)) {
	for at := addr; at < addr+n; {
		step := min(4-at%4, addr+n-at)
		k := uint32((at - base) / 4)
		mask := uint8(1<<step-1) << (at % 4)
		if kind != accessWrite && uninit && !has(k, mask) {
			w.uninit(o, i, space, at, int(step))
			set(k, mask)
		}
		if kind != accessRead {
			set(k, mask)
		}
		if races {
			lo, hi, list := (at-base)/4, (at-base)/4+1, hist.words
			if hist.bytes != nil {
				lo, hi, list = at-base, at-base+step, hist.bytes
			}
			for j := lo; j < hi; j++ {
				h := &list[j]
				w.checkCell(o, i, h, now, kind, space, at, int(step))
				if kind == accessRead {
					h.noteRead(now, o.at)
				} else {
					h.noteWrite(now, o.at)
				}
			}
		}
		at += step
	}
}

// checkCell reports a race between lane i's access and earlier ones.
func (w *warp) checkCell(o *op, i int, h *cell, now stamp, kind accessKind, space Space, addr uint64, size int) {
	if w.conflicts(h.w, now, i, space, addr) {
		if !(kind == accessWrite && w.sameStore(o, i, h, now)) {
			w.race(o, i, kind, "write", h.w, int32(h.wpc), space, addr, size)
		}
		h.w = 0
		return
	}
	if kind == accessRead {
		return
	}
	if w.conflicts(h.r1, now, i, space, addr) {
		w.race(o, i, kind, "read", h.r1, int32(h.rpc1), space, addr, size)
	} else if w.conflicts(h.r2, now, i, space, addr) {
		w.race(o, i, kind, "read", h.r2, int32(h.rpc2), space, addr, size)
	}
}

// conflicts reports whether an access to addr and an earlier one are unordered; at least one of
// them must be a write.
func (w *warp) conflicts(s, now stamp, i int, space Space, addr uint64) bool {
	if s == 0 {
		return false
	}
	same := s>>blockShift<<blockShift == w.chk.block
	if !same && space == Shared { // left by a block that ran earlier
		return false
	}
	if s&now&strongBit != 0 && (same || (s|now)&ctaBit == 0) {
		return false
	}
	return !w.chk.before(w, s, i) && !(s&strongBit != 0 && w.chk.saw(w, s, space, addr))
}

// sameStore reports whether one store instruction writes the same value to the same address from
// two lanes, which is well defined.
func (w *warp) sameStore(o *op, i int, h *cell, now stamp) bool {
	s := h.w
	if int32(h.wpc) != o.at || s.block() != now.block() || s.warp() != now.warp() || s.clock() != now.clock() {
		return false
	}
	j := int(s.thread() & 31)
	if len(o.x.wides) != len(o.x.vec) || o.address(w, i) != o.address(w, j) {
		return false // stmatrix writes the registers of other lanes
	}
	for k := range o.x.vec {
		if o.x.get(w, k, i) != o.x.get(w, k, j) {
			return false
		}
	}
	return len(o.x.vec) > 0
}

// race reports two unordered accesses.
func (w *warp) race(o *op, i int, kind accessKind, before string, s stamp, pc int32, space Space, addr uint64, size int) {
	f := w.finding("race", o, i)
	f.Space, f.Address, f.Size = space.String(), addr, size
	f.Allocation = w.placeName(space, addr)
	what := [...]string{"read", "write", "atomic"}[kind]
	sameBlock := s>>blockShift<<blockShift == w.chk.block
	if s&strongBit != 0 && before == "write" {
		before = "atomic or volatile write"
	}
	who := "another block"
	t := s.thread()
	b := w.blk.grid.cfg.Block
	thread := Dim3{t % b.X, t / b.X % b.Y, t / b.X / b.Y}
	if sameBlock {
		who = fmt.Sprintf("thread %v of the same block", thread)
		if s.warp() == w.chk.self {
			who = fmt.Sprintf("thread %v of the same warp", thread)
		}
	} else {
		n := s.block() - 1
		gx, gy := uint64(w.blk.grid.cfg.Grid.X), uint64(w.blk.grid.cfg.Grid.Y)
		who = fmt.Sprintf("thread %v of block %v", thread, Dim3{uint32(n % gx), uint32(n / gx % gy), uint32(n / gx / gy)})
	}
	at := ""
	if pc >= 0 && int(pc) < len(w.ops) && pc < 0xffff {
		in := w.ops[pc].in
		f.OtherLine = int(in.Pos.Line)
		at = fmt.Sprintf(" at line %d, %s", in.Pos.Line, in.Name())
	}
	strong := kind == accessAtomic || o.x.strong
	f.Hint = raceHint(sameBlock && s.warp() == w.chk.self, sameBlock, strong != (s&strongBit != 0))
	f.Detail = fmt.Sprintf("this %s and %s %s by %s%s are not ordered", what, pick(before[0] == 'a', "an", "a"), before, who, at)
	w.report(f)
}

// uninit reports memory that is read before it was written.
func (w *warp) uninit(o *op, i int, space Space, addr uint64, size int) {
	f := w.finding("uninitialised memory", o, i)
	f.Space, f.Address, f.Size = space.String(), addr, size
	f.Allocation = w.placeName(space, addr)
	if space == Local {
		f.Allocation = w.nearLocal(i, addr, uint64(size))
	}
	f.Detail = "read before it was written"
	w.report(f)
}

// placeName describes the memory at an address.
func (w *warp) placeName(space Space, addr uint64) string {
	if space == Shared {
		return w.nearShared(addr)
	}
	if a := find(w.blk.grid.allocs, addr); a != nil {
		return fmt.Sprintf("%d bytes into %s", addr-a.base, a.describe())
	}
	return ""
}
