package emulator

import "math/bits"

// Asynchronous copies: cp.async and its groups. Bulk copies are in decode_bulk.go, the barriers in
// shared memory in decode_mbarrier.go.
//
// The emulator copies at once, which is one of the orders that hardware may show. CheckAsync
// verifies that the kernel waits before it uses the data.

func init() {
	register(map[string]func(*decoder){"cp": decodeCp})
}

func decodeCp(d *decoder) {
	m := d.mods()
	if len(d.in.Mods) == 0 || d.in.Mods[0] != "async" {
		d.refuse("unsupported instruction")
	}
	if m.has["bulk"] {
		d.bulk()
		return
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

// arriveAsync is cp.async.mbarrier.arrive{.noinc}: an arrival at an mbarrier once the copies so far
// are complete, which here they always are. Without .noinc the pending count is also incremented by
// one, so that only the ordering of memory remains.
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
			mbarArrive(w, o, mask, arrival{release: true})
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

// asyncOp holds the operands of cp.async.
type asyncOp struct {
	src     op // the source address is read through this
	bytes   uint64
	srcSize int32 // register with the number of bytes to read; -1: all
	ignore  int32 // if this predicate holds, nothing is read; -1: none
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
	ao.src = op{a: o.a, imm: o.imm, x: &extra{wide: o.x.wide, space: Global, origin: o.x.origin, n: 1, size: int(ao.bytes), typ: B8}}
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

// reads returns how many bytes a lane reads; the rest is filled with zeros.
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

// bytes returns n bytes of global memory; n need not be a power of two.
func (w *warp) bytes(o *op, i int, addr, n uint64) []byte {
	a := w.alloc(o, addr)
	if a == nil || n > a.size-(addr-a.base) {
		w.fault(o, faultBounds, Global, i, addr, n, false)
		return nil
	}
	off := addr - a.base
	return a.data[off : off+n]
}
