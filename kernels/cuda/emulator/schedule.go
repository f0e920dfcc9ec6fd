package emulator

import "math"

// Which split of a warp runs next, and when splits merge.
//
// Every op has a rank: its place in an order of the program in which a loop's body comes before the
// code after the loop (order.go). The split with the lowest rank runs until it reaches the rank of
// another; then the two are at the same op and merge. So diverged lanes reconverge at the first op
// that both reach, which is never later than the immediate post-dominator. A split deeper in calls
// runs before a shallower one.
//
// That alone would let a lane spin forever on a lock that a waiting lane holds. So a split that has
// run for a slice while others could run yields to the one that has waited longest.

// run executes at most budget instructions of the warp. It returns what is left of the budget; if
// that is more than zero, the warp is blocked or done.
func (w *warp) run(budget int) int {
	for budget > 0 && !w.blk.dead {
		s := w.pick()
		if s == nil {
			return budget
		}
		w.load(s)
		n := budget
		if len(w.splits) > 1 {
			n = min(n, slice)
		}
		var done int
		if w.blk.grid.slow {
			done = w.executeChecked(n)
		} else {
			done = w.execute(n)
		}
		w.save()
		budget -= done
		w.steps += uint64(done)
		w.streak += done
		if w.cur.active == 0 {
			w.drop(w.cur)
		}
		if done == 0 {
			budget-- // a turn without progress still costs one
		}
	}
	return budget
}

func (w *warp) drop(s *split) {
	for i, t := range w.splits {
		if t == s {
			w.splits = append(w.splits[:i], w.splits[i+1:]...)
			return
		}
	}
}

// pick chooses the split to run, merges splits that have met, and sets the limit.
func (w *warp) pick() *split {
	if len(w.splits) == 1 {
		s := w.splits[0]
		w.limit = math.MaxInt32
		if s.state != stRunning {
			return nil
		}
		return s
	}
	w.mergeAll()
	var best, oldest *split
	for _, s := range w.splits {
		if s.state != stRunning {
			continue
		}
		if best == nil || s.fr.depth > best.fr.depth ||
			s.fr.depth == best.fr.depth && w.ops[s.pc].rank < w.ops[best.pc].rank {
			best = s
		}
		if oldest == nil || s.ran < oldest.ran {
			oldest = s
		}
	}
	if best == nil {
		return nil
	}
	if best != w.cur {
		w.streak = 0
	} else if w.streak >= slice {
		best = oldest
		w.streak = 0
	}
	w.tick++
	best.ran = w.tick
	w.limit = math.MaxInt32
	rank := w.ops[best.pc].rank
	for _, s := range w.splits {
		if s != best && s.fr == best.fr && s.state == stRunning {
			if r := w.ops[s.pc].rank; r > rank && r < w.limit {
				w.limit = r
			}
		}
	}
	return best
}

// mergeAll merges splits that are at the same instruction of the same call.
func (w *warp) mergeAll() {
	for i := 0; i < len(w.splits); i++ {
		a := w.splits[i]
		for j := i + 1; j < len(w.splits); {
			b := w.splits[j]
			if a.fr == b.fr && a.pc == b.pc && a.state == b.state && a.state == stRunning {
				w.absorb(a, b)
				w.splits = append(w.splits[:j], w.splits[j+1:]...)
				if b == w.cur {
					w.cur = a
				}
			} else {
				j++
			}
		}
	}
}

// absorb adds the lanes of b to a.
func (w *warp) absorb(a, b *split) {
	a.active |= b.active
	a.ran = max(a.ran, b.ran)
	for f := b.fr; f != nil; f = f.caller {
		f.users--
	}
}

// hold stops the running split before op o until other lanes arrive. Lanes that the guard excludes
// go on in a split of their own. It returns the waiting split.
func (w *warp) hold(o *op, mask uint32, state splitState) *split {
	if rest := w.active &^ mask; rest != 0 {
		w.fork(rest, w.pc)
	}
	w.pc = o.at
	w.limit = -1
	s := w.cur
	s.state = state
	return s
}

// gather makes the running lanes wait at a .sync instruction until all lanes of need are there. It
// returns true once they are; if it returns false, the op must return.
func (w *warp) gather(o *op, mask, need uint32) bool {
	need &^= w.exited
	if need&^mask == 0 {
		return true
	}
	// Other lanes may already wait here.
	all := mask
	for _, s := range w.splits {
		if s != w.cur && s.state == stSync && s.fr == w.fr && s.pc == o.at {
			all |= s.active
		}
	}
	s := w.hold(o, mask, stSync)
	s.need = need
	if need&^all != 0 {
		return false
	}
	// All have arrived: merge them into one split, which runs the op again.
	w.save()
	for i := 0; i < len(w.splits); {
		t := w.splits[i]
		if t != s && t.state == stSync && t.fr == s.fr && t.pc == s.pc {
			w.absorb(s, t)
			w.splits = append(w.splits[:i], w.splits[i+1:]...)
		} else {
			i++
		}
	}
	s.state = stRunning
	w.active = s.active
	return false
}

// quit ends the lanes of mask.
func (w *warp) quit(mask uint32) {
	w.exited |= mask
	w.active &^= mask
	w.limit = -1
	if w.active == 0 {
		w.leaveFrames(w.fr, nil)
	}
	// Nobody waits for the exited lanes any more.
	for _, s := range w.splits {
		if s.state == stSync && s.need&mask != 0 {
			s.need &^= mask
			if s != w.cur && w.complete(s) {
				s.state = stRunning
			}
		}
	}
	w.blk.exits(w)
}

// complete reports whether all lanes that s waits for have arrived.
func (w *warp) complete(s *split) bool {
	all := s.active
	for _, t := range w.splits {
		if t != s && t.state == stSync && t.fr == s.fr && t.pc == s.pc {
			all |= t.active
		}
	}
	return s.need&^w.exited&^all == 0
}

// done reports whether all lanes have exited.
func (w *warp) done() bool { return w.exited == fullMask }
