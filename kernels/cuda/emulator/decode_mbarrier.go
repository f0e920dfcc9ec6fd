package emulator

import "math/bits"

// mbarrier: barriers in shared memory.

func init() { register(map[string]func(*decoder){"mbarrier": decodeMbarrier}) }

// An mbarrier is 64 bits of shared memory; its layout is opaque to programs:
//
//	pending arrivals of this phase (20) | arrivals per phase (20) |
//	pending bytes of this phase, minus those that came early (21, signed) |
//	parity of the phase (1) | mark of an initialised mbarrier (2)
//
// A phase ends when neither arrivals nor bytes are pending.
const (
	mbarCount  = 1<<20 - 1
	mbarExpect = 20
	mbarTx     = 40
	mbarTxBits = 21
	mbarPhase  = 61
	mbarMark   = 2 << 62
)

// mbarState is an unpacked mbarrier.
type mbarState struct {
	pending, expect uint64
	tx              int64
	phase           uint64
}

func unpackMbar(v uint64) mbarState {
	return mbarState{v & mbarCount, v >> mbarExpect & mbarCount, int64(v<<(64-mbarTx-mbarTxBits)) >> (64 - mbarTxBits), v >> mbarPhase & 1}
}

func (s mbarState) pack() uint64 {
	return mbarMark | s.phase<<mbarPhase | uint64(s.tx)&(1<<mbarTxBits-1)<<mbarTx | s.expect<<mbarExpect | s.pending
}

func decodeMbarrier(d *decoder) {
	ac := d.access()
	o := d.o
	o.x = &extra{}
	a := d.in.Args
	if len(ac.rest) == 0 || ac.typ != B64 || ac.space != Generic && ac.space != Shared {
		d.refuse("expected an operation, .b64 and a space of shared memory")
	}
	relaxed := ac.strong && !ac.acquire && !ac.release
	kind := ac.rest[0]
	mod := map[string]bool{}
	for _, w := range ac.rest[1:] {
		allowed := (kind == "arrive" || kind == "arrive_drop") && (w == "expect_tx" || w == "noComplete") ||
			(kind == "test_wait" || kind == "try_wait") && w == "parity"
		if !allowed || len(mod) > 0 {
			d.refuse("unsupported modifier .%s", w)
		}
		mod[w] = true
	}
	o.x.n, o.x.size, o.x.typ = 1, 8, B64
	o.x.acquire, o.x.release = true, true
	switch kind {
	case "init":
		d.args(2)
		d.place(&a[0], ac.space)
		o.b, _ = d.src(&a[1], U32, false)
		o.run = mbarInit
	case "inval":
		d.args(1)
		d.place(&a[0], ac.space)
		o.run = mbarInval
	case "arrive", "arrive_drop":
		if len(a) < 2 || len(a) > 3 || len(mod) > 0 && len(a) < 3 {
			d.refuse("%d operands, expected 2 or 3", len(a))
		}
		d.place(&a[1], ac.space)
		o.b = d.constant(1, false)
		if len(a) == 3 {
			o.b, _ = d.src(&a[2], U32, false)
		}
		o.d, _ = d.dst(&a[0], U64, false)
		how := arrival{drop: kind == "arrive_drop", tx: mod["expect_tx"], stays: mod["noComplete"], release: !relaxed}
		o.run = func(w *warp, o *op_, mask uint32) { mbarArrive(w, o, mask, how) }
	case "expect_tx", "complete_tx":
		d.args(2)
		d.place(&a[0], ac.space)
		o.b, _ = d.src(&a[1], U32, false)
		sign := pick[int64](kind == "expect_tx", 1, -1)
		o.run = func(w *warp, o *op_, mask uint32) {
			for m := mask; m != 0; m &= m - 1 {
				i := bits.TrailingZeros32(m) & 31
				if !w.mbarTx(o, i, sign*int64(w.r32[o.b][i])) {
					return
				}
			}
		}
	case "test_wait", "try_wait":
		if len(a) < 3 || len(a) > 4 || len(a) == 4 && kind == "test_wait" {
			d.refuse("%d operands, expected 3, or 4 of try_wait", len(a))
		}
		d.place(&a[1], ac.space)
		parity := mod["parity"]
		switch state := a[2]; {
		case parity && state.Kind == OperandInt && state.Int > 1:
			d.refuse("%d as the parity of a phase, expected 0 or 1", int64(state.Int))
		case !parity && state.Kind != OperandReg && state.Kind != OperandInt:
			d.refuse("the state of a barrier is not a register")
		case a[0].Kind == OperandSink:
			d.refuse("_ can't stand here: the result goes to a predicate")
		}
		o.b, _ = d.src(&a[2], pick(parity, U32, U64), false)
		if len(a) == 4 {
			d.src(&a[3], U32, false)
		}
		o.d = d.pdst(&a[0])
		o.run = func(w *warp, o *op_, mask uint32) { mbarTest(w, o, mask, parity, !relaxed) }
	case "pending_count":
		d.args(2)
		o.a, _ = d.src(&a[1], B64, false)
		o.d, _ = d.dst(&a[0], B32, false)
		o.pure = 1
		o.run = func(w *warp, o *op_, _ uint32) {
			for i, v := range &w.r64[o.a] {
				w.r32[o.d][i] = uint32(v & mbarCount)
			}
		}
	default:
		d.refuse("unsupported operation .%s", kind)
	}
}

// mbar returns the mbarrier of lane i; ok is false after a fault.
func (w *warp) mbar(o *op, i int, init bool) (b []byte, ok bool) {
	addr := o.address(w, i)
	b = w.at(o, o.x.space, i, addr, 8, true)
	if b == nil {
		return nil, false
	}
	if !init && loadBytes(b)&(3<<62) != mbarMark {
		w.stopFault(o, i, "bad mbarrier", "there is no initialised mbarrier at this address")
		return nil, false
	}
	return b, true
}

// settle stores the state, and ends the phase if nothing is pending.
func (w *warp) settle(o *op, i int, b []byte, s mbarState) (ended bool) {
	if s.pending == 0 && s.tx == 0 {
		s.pending, s.phase, ended = s.expect, s.phase^1, true
		if w.chk != nil {
			w.chk.mbarEnds(w, o, i)
		}
	}
	storeBytes(b, s.pack())
	return ended
}

func mbarInit(w *warp, o *op, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		b, ok := w.mbar(o, i, true)
		if !ok {
			return
		}
		n := uint64(w.r32[o.b][i])
		if n == 0 || n > mbarCount {
			w.stopFault(o, i, "bad mbarrier", "the count must be 1 to 1048575")
			return
		}
		storeBytes(b, mbarState{pending: n, expect: n}.pack())
		if w.chk != nil {
			w.chk.mbarInit(w, o, i)
		}
	}
}

func mbarInval(w *warp, o *op, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		if b, ok := w.mbar(o, bits.TrailingZeros32(m)&31, false); ok {
			storeBytes(b, 0)
		}
	}
}

// arrival says how a thread arrives: drop removes it from later phases; tx means that n is bytes to
// expect, not arrivals; stays means that it must not complete the phase; release publishes the
// thread's work.
type arrival struct{ drop, tx, stays, release bool }

func mbarArrive(w *warp, o *op, mask uint32, how arrival) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		n := uint64(w.r32[o.b][i])
		b, ok := w.mbar(o, i, false)
		if !ok {
			return
		}
		v := loadBytes(b)
		s := unpackMbar(v)
		if how.tx {
			if s.tx += int64(n); s.tx > mbarCount {
				w.stopFault(o, i, "bad mbarrier", "more than 1048575 bytes to wait for")
				return
			}
			n = 1
		}
		w.r64[o.d][i] = v
		if n == 0 || n > s.pending {
			w.stopFault(o, i, "bad mbarrier", "more arrivals than the barrier expects")
			return
		}
		if how.drop {
			s.expect -= n
		}
		s.pending -= n
		if how.release && w.chk != nil {
			w.chk.mbarArrive(w, o, i)
		}
		if w.settle(o, i, b, s) && how.stays {
			w.stopFault(o, i, "bad mbarrier", "an arrival with .noComplete ends the phase")
			return
		}
	}
}

// mbarTx adds n to the pending bytes of the mbarrier; a negative n means that bytes have arrived.
// It returns false after a fault.
func (w *warp) mbarTx(o *op, i int, n int64) bool {
	b, ok := w.mbar(o, i, false)
	if !ok {
		return false
	}
	s := unpackMbar(loadBytes(b))
	if s.tx += n; s.tx > mbarCount || s.tx < -mbarCount {
		w.stopFault(o, i, "bad mbarrier", "more than 1048575 bytes to wait for, or that came too early")
		return false
	}
	w.settle(o, i, b, s)
	return true
}

func mbarTest(w *warp, o *op, mask uint32, parity, acquire bool) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		b, ok := w.mbar(o, i, false)
		if !ok {
			return
		}
		phase := unpackMbar(loadBytes(b)).phase
		var waited uint64
		if parity {
			waited = uint64(w.r32[o.b][i] & 1)
		} else {
			waited = unpackMbar(w.r64[o.b][i]).phase
		}
		done := phase != waited
		w.p[o.d] = w.p[o.d]&^(1<<i) | one(done)<<i
		if done && acquire && w.chk != nil {
			w.chk.mbarWait(w, o, i)
		}
	}
}
