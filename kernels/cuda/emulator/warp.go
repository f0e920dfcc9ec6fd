package emulator

import "math/bits"

// A warp is 32 lanes. Registers are laid out as [register][lane], so that an instruction is one
// tight loop over the lanes.
//
// Lanes that have diverged are in different splits. All splits of one call share that call's frame,
// since their lanes are disjoint; a split that calls a function gets a new frame for it.
// schedule.go decides which split runs.

type (
	vec32 = [32]uint32
	vec64 = [32]uint64
)

const fullMask = ^uint32(0)

// handler executes an op for the lanes in mask, which is never zero.
type handler func(w *warp, o *op, mask uint32)

// op is a decoded instruction. d, a, b, c are register numbers; the handler knows in which bank.
// Constants and special registers are registers, too.
type op struct {
	run        handler
	d, a, b, c int32
	guard      int32  // predicate; 0 is always true
	not        uint32 // all ones if the guard is negated
	rank       int32  // place in the reconvergence order, see order.go
	pure       uint8  // 1, 2: run writes all lanes of d in bank 32, 64
	imm        uint64
	x          *extra
	in         *Instr
	at         int32   // index of the op in the program
	uses       []int32 // registers read and written, as bits of frame.init
	defs       []int32
	checked    handler // runs before run if checks are on; nil if there is nothing to check
}

// frame is the registers and memory of one function call.
type frame struct {
	fc     *funcCode
	r32    []vec32
	r64    []vec64
	p      []uint32 // predicates, one bit per lane; p[0] is all ones
	init   []uint32 // with checks: which lanes of each register are initialised
	params []byte   // .param variables of the function, one lane after another
	caller *frame
	ret    int32  // where the caller continues
	local  uint64 // where the frame's local variables begin
	stack  *stack // memory from alloca
	depth  int32
	users  int32 // splits in it or in a frame called from it
	rets   []binding
}

type splitState uint8

const (
	stRunning splitState = iota
	stBarrier            // waits at a barrier of the block
	stSync               // waits for lanes of its warp, at shfl.sync and the like
	stCluster            // waits at barrier.cluster
)

// split is a set of lanes at the same instruction.
type split struct {
	pc     int32
	active uint32
	fr     *frame
	state  splitState
	bar    int    // the barrier, in stBarrier
	need   uint32 // the lanes, in stSync
	ran    uint64 // tick of its last turn, for fairness
	red    *barArrival
}

// warp is the state of 32 lanes.
type warp struct {
	// The fields of the running split, cached here for speed.
	pc     int32
	active uint32
	limit  int32 // the rank at which pick must run again
	r32    []vec32
	r64    []vec64
	p      []uint32
	fr     *frame

	blk    *block
	ops    []op
	index  int
	lanes  uint32 // lanes that exist; the last warp may have fewer than 32
	exited uint32
	cur    *split
	splits []*split
	tick   uint64
	streak int // ops that cur has run while others could run
	pool   map[*funcCode][]*frame
	local  []byte // local memory, one lane after another
	stack  uint64 // bytes of local memory per lane

	localInit []bool // with checks: which bytes of local are initialised
	steps     uint64 // warp instructions executed
	carry     uint32 // the carry flag CC.CF, one bit per lane

	arrivedAt [32]uint32 // one more than the barrier.cluster phase that a lane arrived in; 0: none
	chk       *warpChecks
}

// slice is how many instructions a split runs while others of its warp could run, before it yields.
// Without it, a lane spinning on a lock would starve the lane that holds the lock.
const slice = 1024

// newFrame returns the registers for a call of fc, with constants filled in.
func (w *warp) newFrame(fc *funcCode) *frame {
	if list := w.pool[fc]; len(list) > 0 {
		f := list[len(list)-1]
		w.pool[fc] = list[:len(list)-1]
		f.users, f.caller, f.rets, f.stack = 0, nil, nil, nil
		// Unwritten registers are cleared, so that every run of a kernel sees the same values.
		clear(f.r32[:fc.named32])
		clear(f.r64[:fc.named64])
		clear(f.p[1:])
		clear(f.params)
		if w.chk != nil {
			copy(f.init, fc.init)
		}
		return f
	}
	f := &frame{fc: fc, r32: make([]vec32, fc.n32), r64: make([]vec64, fc.n64), p: make([]uint32, fc.np)}
	f.p[0] = fullMask
	for _, c := range fc.consts32 {
		for i := range f.r32[c.slot] {
			f.r32[c.slot][i] = uint32(c.value)
		}
	}
	for _, c := range fc.consts64 {
		for i := range f.r64[c.slot] {
			f.r64[c.slot][i] = c.value
		}
	}
	f.params = make([]byte, 32*fc.paramBytes)
	if w.chk != nil {
		f.init = append([]uint32(nil), fc.init...)
	}
	w.fillFrame(f, false)
	return f
}

// fillFrame sets the special registers or, if moved, only those that differ between blocks.
func (w *warp) fillFrame(f *frame, moved bool) {
	for _, s := range f.fc.specials32 {
		if !moved || s.kind.byBlock() {
			w.fillSpecial(s.kind, &f.r32[s.slot])
		}
	}
	for _, s := range f.fc.specials64 {
		if moved && !s.kind.byBlock() {
			continue
		}
		var t vec32
		w.fillSpecial(s.kind, &t)
		for i, v := range t {
			f.r64[s.slot][i] = uint64(v)
		}
	}
}

// recycle keeps the frame for a later call.
func (w *warp) recycle(f *frame) { w.pool[f.fc] = append(w.pool[f.fc], f) }

// reset prepares the warp for a block.
func (w *warp) reset(b *block, index int) {
	w.blk, w.index = b, index
	w.ops = b.grid.kern.ops
	w.lanes = fullMask
	if left := b.grid.threads - index*32; left < 32 {
		w.lanes = 1<<left - 1
	}
	if w.pool == nil {
		w.pool = map[*funcCode][]*frame{}
	}
	w.exited, w.streak, w.steps, w.carry = ^w.lanes, 0, 0, 0
	w.arrivedAt = [32]uint32{}
	if b.grid.check {
		if w.chk == nil {
			w.chk = &warpChecks{}
		}
		w.chk.reset(w)
	}
	for _, list := range w.pool {
		for _, f := range list {
			w.fillFrame(f, true)
		}
	}
	fr := w.newFrame(b.grid.kern.main)
	fr.depth, fr.ret, fr.local = 0, -1, 0
	fr.users = 1
	clear(w.local)
	clear(w.localInit)
	w.growLocal(fr.fc.localBytes)
	s := &split{pc: fr.fc.entry, active: w.lanes, fr: fr}
	w.splits = append(w.splits[:0], s)
	w.cur = nil
}

// growLocal grows local memory to at least n bytes per lane.
func (w *warp) growLocal(n uint64) {
	if n <= w.stack {
		return
	}
	size := max(n, 2*w.stack)
	grown := make([]byte, 32*size)
	for i := uint64(0); i < 32 && w.stack > 0; i++ {
		copy(grown[i*size:], w.local[i*w.stack:(i+1)*w.stack])
	}
	if w.blk.grid.checks&CheckUninit != 0 {
		known := make([]bool, 32*size)
		for i := uint64(0); i < 32 && w.localInit != nil; i++ {
			copy(known[i*size:], w.localInit[i*w.stack:(i+1)*w.stack])
		}
		w.localInit = known
	}
	w.local, w.stack = grown, size
}

// load makes s the running split.
func (w *warp) load(s *split) {
	w.cur = s
	w.pc, w.active = s.pc, s.active
	w.setFrame(s.fr)
}

func (w *warp) setFrame(f *frame) {
	w.fr, w.r32, w.r64, w.p = f, f.r32, f.r64, f.p
}

// save writes back what load cached.
func (w *warp) save() {
	s := w.cur
	s.pc, s.active, s.fr = w.pc, w.active, w.fr
}

// fork moves the lanes of mask into a new split at pc; the running split keeps the rest.
func (w *warp) fork(mask uint32, pc int32) *split {
	s := &split{pc: pc, active: mask, fr: w.fr, ran: w.tick}
	for f := w.fr; f != nil; f = f.caller {
		f.users++
	}
	w.active &^= mask
	w.splits = append(w.splits, s)
	w.limit = -1
	return s
}

// leaveFrames removes a finished split from f and its callers, up to but not including until.
func (w *warp) leaveFrames(f *frame, until *frame) {
	for f != until {
		up := f.caller
		if f.users--; f.users == 0 {
			w.recycle(f)
		}
		f = up
	}
}

// execute runs the current split until it must stop or has run n instructions; it returns how many
// it ran.
func (w *warp) execute(n int) int {
	ops := w.ops
	left := n
	for ; left > 0; left-- {
		o := &ops[w.pc]
		if o.rank >= w.limit {
			break
		}
		w.pc++
		mask := w.active & (w.p[o.guard] ^ o.not)
		if mask == fullMask {
			o.run(w, o, mask)
		} else if mask != 0 {
			w.partial(o, mask)
		}
	}
	return n - left
}

// partial runs an op for some of the lanes. A pure op writes all lanes of its result, so the other
// lanes are restored.
func (w *warp) partial(o *op, mask uint32) {
	switch o.pure {
	case 0:
		o.run(w, o, mask)
	case 1:
		old := w.r32[o.d]
		o.run(w, o, mask)
		d := &w.r32[o.d]
		for m := ^mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			d[i] = old[i]
		}
	case 2:
		old := w.r64[o.d]
		o.run(w, o, mask)
		d := &w.r64[o.d]
		for m := ^mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			d[i] = old[i]
		}
	}
}
