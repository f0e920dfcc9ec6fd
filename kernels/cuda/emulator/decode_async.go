package emulator

import "math/bits"

// Asynchronous copies and the barriers in shared memory: cp.async, mbarrier.
//
// The emulator copies at once: that is one of the orders that hardware may show.
// That the kernel waits before it uses the data is for CheckAsync to see.

func init() {
	register(map[string]func(*decoder){"cp": decodeCp, "mbarrier": decodeMbarrier})
}

func decodeCp(d *decoder) {
	m := d.mods()
	if len(d.in.Mods) == 0 || d.in.Mods[0] != "async" || m.has["bulk"] {
		d.refuse("unsupported instruction")
	}
	o := d.o
	o.x = &extra{}
	switch {
	case m.has["commit_group"]:
		d.args(0)
		o.run = func(w *warp, o *op_, mask uint32) {
			if w.chk != nil {
				w.chk.commit(w, mask)
			}
		}
	case m.has["wait_all"]:
		d.args(0)
		o.run = func(w *warp, o *op_, mask uint32) {
			if w.chk != nil {
				w.chk.wait(w, mask, -1)
			}
		}
	case m.has["wait_group"]:
		a := d.args(1)
		if a[0].Kind != OperandInt || a[0].Int > 1<<20 {
			d.refuse("expected a constant number of groups")
		}
		n := int(a[0].Int)
		o.run = func(w *warp, o *op_, mask uint32) {
			if w.chk != nil {
				w.chk.wait(w, mask, n)
			}
		}
	case m.has["mbarrier"]:
		d.arriveAsync(m)
	default:
		d.copyAsync()
	}
}

// arriveAsync is cp.async.mbarrier.arrive{.noinc}: an arrival at an mbarrier when
// the copies so far are there, which they are. Without .noinc the barrier expects
// one arrival more for it, so that nothing changes but the order of memory.
func (d *decoder) arriveAsync(m modset) {
	d.allow(m, "async", "mbarrier", "arrive", "noinc", "shared", "shared::cta")
	a := d.args(1)
	o := d.o
	space := Generic
	if m.has["shared"] || m.has["shared::cta"] {
		space = Shared
	}
	d.place(&a[0], space)
	o.x.n, o.x.size, o.x.typ = 1, 8, B64
	o.b, o.d = d.constant(1, false), d.scratch(true)
	noinc := m.has["noinc"]
	o.run = func(w *warp, o *op_, mask uint32) {
		if w.chk != nil {
			w.chk.wait(w, mask, -1)
		}
		if noinc {
			mbarArrive(w, o, mask, false)
			return
		}
		for m := mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			if _, ok := w.mbar(o, i, false); ok && w.chk != nil {
				w.chk.mbarArrive(w, o, i)
			}
		}
	}
}

// asyncOp is the operands of cp.async.
type asyncOp struct {
	src     op // its address is read through this
	bytes   uint64
	srcSize int32 // register with the number of bytes to read, -1: all
	ignore  int32 // predicate under which nothing is read, -1: none
	not     uint32
}

func (d *decoder) copyAsync() {
	cache := false
	for _, w := range d.in.Mods[1:] {
		switch w {
		case "ca", "cg", "shared", "shared::cta", "shared::cluster", "global":
		case "L2::cache_hint":
			cache = true
		default:
			if !hint(w) {
				d.refuse("unknown modifier .%s", w)
			}
		}
	}
	a := d.in.Args
	if cache && len(a) > 0 {
		a = a[:len(a)-1]
	}
	if len(a) != 3 && len(a) != 4 {
		d.refuse("%d operands, expected 3 or 4", len(d.in.Args))
	}
	if a[2].Kind != OperandInt || a[2].Int != 4 && a[2].Int != 8 && a[2].Int != 16 {
		d.refuse("copies 4, 8 or 16 bytes")
	}
	o := d.o
	ao := &asyncOp{bytes: a[2].Int, srcSize: -1, ignore: -1}
	d.place(&a[1], Global)
	ao.src = op{a: o.a, imm: o.imm, x: &extra{wide: o.x.wide, space: Global, n: 1, size: int(ao.bytes), typ: B8}}
	d.place(&a[0], Shared)
	o.x.n, o.x.size, o.x.typ, o.x.memory = 1, int(ao.bytes), B8, true
	if len(a) == 4 {
		if a[3].Kind == OperandReg && a[3].Reg.Type == Pred {
			ao.ignore, ao.not = d.psrc(&a[3])
		} else {
			ao.srcSize, _ = d.src(&a[3], U32, false)
		}
	}
	o.x.v = ao
	o.run = copyAsync
}

func copyAsync(w *warp, o *op, mask uint32) {
	ao := o.x.v.(*asyncOp)
	from := ao.src
	from.at, from.in = o.at, o.in
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		n := ao.reads(w, i)
		dst := w.at(o, Shared, i, o.address(w, i), ao.bytes, true)
		if dst == nil {
			continue
		}
		var src []byte
		if n > 0 {
			addr := from.address(w, i)
			if addr&(ao.bytes-1) != 0 {
				w.fault(o, faultMisaligned, Global, i, addr, ao.bytes, false)
				continue
			}
			if src = w.bytes(o, i, addr, n); src == nil {
				continue
			}
		}
		if w.chk != nil {
			w.chk.copyAsync(w, o, &from, i, n)
		}
		clear(dst[copy(dst, src):])
	}
}

// reads is how many bytes a lane reads; the rest becomes 0.
func (ao *asyncOp) reads(w *warp, i int) uint64 {
	n := ao.bytes
	if ao.srcSize >= 0 {
		n = min(n, uint64(w.r32[ao.srcSize][i]))
	}
	if ao.ignore >= 0 && (w.p[ao.ignore]^ao.not)>>i&1 != 0 {
		n = 0
	}
	return n
}

// bytes gives n bytes of global memory, of which n need not be a power of two.
func (w *warp) bytes(o *op, i int, addr, n uint64) []byte {
	a := w.alloc(o, addr)
	if a == nil || n > a.size-(addr-a.base) {
		w.fault(o, faultBounds, Global, i, addr, n, false)
		return nil
	}
	off := addr - a.base
	return a.data[off : off+n]
}

// An mbarrier is 64 bits of shared memory: arrivals still missing in this phase
// (20 bits), arrivals of a phase (20 bits), the number of the phase (20 bits),
// and a mark that it is one.
const (
	mbarCount = 1<<20 - 1
	mbarMark  = 0xB << 60
)

func decodeMbarrier(d *decoder) {
	ac := d.access()
	o := d.o
	o.x = &extra{}
	a := d.in.Args
	if len(ac.rest) == 0 {
		d.refuse("expected an operation")
	}
	kind := ac.rest[0]
	parity := len(ac.rest) > 1 && ac.rest[1] == "parity"
	if len(ac.rest) > 1 && !parity {
		d.refuse("unsupported modifier .%s", ac.rest[1])
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
		if len(a) < 2 || len(a) > 3 {
			d.refuse("%d operands, expected 2 or 3", len(a))
		}
		d.place(&a[1], ac.space)
		o.b = d.constant(1, false)
		if len(a) == 3 {
			o.b, _ = d.src(&a[2], U32, false)
		}
		o.d, _ = d.dst(&a[0], B64, false)
		drop := kind == "arrive_drop"
		o.run = func(w *warp, o *op_, mask uint32) { mbarArrive(w, o, mask, drop) }
	case "test_wait", "try_wait":
		if len(a) < 3 || len(a) > 4 {
			d.refuse("%d operands, expected 3 or 4", len(a))
		}
		d.place(&a[1], ac.space)
		if parity {
			o.b, _ = d.src(&a[2], U32, false)
		} else {
			o.b, _ = d.src(&a[2], B64, false)
		}
		if len(a) == 4 {
			d.src(&a[3], U32, false)
		}
		o.d = d.pdst(&a[0])
		o.run = func(w *warp, o *op_, mask uint32) { mbarTest(w, o, mask, parity) }
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

// mbar gives the barrier of lane i; ok is false after a fault.
func (w *warp) mbar(o *op, i int, init bool) (b []byte, ok bool) {
	addr := o.address(w, i)
	b = w.at(o, o.x.space, i, addr, 8, true)
	if b == nil {
		return nil, false
	}
	if !init && loadBytes(b)&(0xF<<60) != mbarMark {
		w.stopFault(o, i, "bad mbarrier", "there is no initialised mbarrier at this address")
		return nil, false
	}
	return b, true
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
		storeBytes(b, mbarMark|n<<20|n)
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

func mbarArrive(w *warp, o *op, mask uint32, drop bool) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		n := uint64(w.r32[o.b][i])
		b, ok := w.mbar(o, i, false)
		if !ok {
			return
		}
		v := loadBytes(b)
		w.r64[o.d][i] = v
		pending, expect, phase := v&mbarCount, v>>20&mbarCount, v>>40&mbarCount
		if n == 0 || n > pending {
			w.stopFault(o, i, "bad mbarrier", "more arrivals than the barrier expects")
			return
		}
		if drop {
			expect -= n
		}
		if pending -= n; pending == 0 {
			pending, phase = expect, phase+1
		}
		storeBytes(b, mbarMark|(phase&mbarCount)<<40|expect<<20|pending)
		if w.chk != nil {
			w.chk.mbarArrive(w, o, i)
		}
	}
}

func mbarTest(w *warp, o *op, mask uint32, parity bool) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		b, ok := w.mbar(o, i, false)
		if !ok {
			return
		}
		phase := loadBytes(b) >> 40 & mbarCount
		done := false
		if parity {
			done = phase&1 != uint64(w.r32[o.b][i]&1)
		} else {
			done = phase != w.r64[o.b][i]>>40&mbarCount
		}
		w.p[o.d] = w.p[o.d]&^(1<<i) | one(done)<<i
		if done && w.chk != nil {
			w.chk.mbarWait(w, o, i)
		}
	}
}
