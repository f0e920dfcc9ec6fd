package emulator

import (
	"fmt"
	"math/bits"
)

// Bulk copies: cp.async.bulk between shared and global memory, whose completion is signalled by an
// mbarrier or a bulk group, and st.async. As with cp.async, the emulator copies at once, and
// CheckAsync verifies that the kernel waits.

// bulk decodes cp.async.bulk.
func (d *decoder) bulk() {
	words := d.in.Mods[1:]
	if words[0] != "bulk" || len(words) < 2 {
		d.refuse("unsupported instruction")
	}
	words = words[1:]
	o := d.o
	o.x = &extra{}
	switch words[0] {
	case "commit_group", "wait_group":
		d.bulkGroup(words)
		return
	case "prefetch":
		if len(words) < 3 || words[1] != "L2" || words[2] != "global" {
			d.refuse("unsupported instruction")
		}
		a := d.args(2 + int(one(words[len(words)-1] == "L2::cache_hint")))
		d.src(&a[1], U32, false)
		d.o.x = &extra{}
		d.place(&a[0], Global)
		nothing(d)
		return
	case "tensor":
		d.refuse("unsupported instruction")
	}
	var spaces []Space
	b := &bulkCopy{mask: -1}
	mbarrier, group, cache, multicast := false, false, false, false
	for _, w := range words {
		switch w {
		case "shared::cluster", "shared::cta":
			spaces = append(spaces, Shared)
		case "global":
			spaces = append(spaces, Global)
		case "mbarrier::complete_tx::bytes":
			mbarrier = true
		case "bulk_group":
			group = true
		case "L2::cache_hint":
			cache = true
		case "multicast::cluster":
			multicast = true
		default:
			d.refuse("unsupported modifier .%s", w)
		}
	}
	if len(spaces) != 2 || mbarrier == group || mbarrier != (spaces[0] == Shared) || group && spaces[1] != Shared || multicast && spaces[1] != Global {
		d.refuse("unsupported form")
	}
	n := 3
	for _, more := range []bool{mbarrier, multicast, cache} {
		n += int(one(more))
	}
	a := d.args(n)
	d.place(&a[1], spaces[1])
	b.src = op{a: o.a, imm: o.imm, x: &extra{wide: o.x.wide, space: spaces[1], origin: o.x.origin, n: 1, size: 16, typ: B8}}
	if mbarrier {
		o.x = &extra{}
		d.place(&a[3], Shared)
		b.bar = &op{a: o.a, imm: o.imm, x: &extra{wide: o.x.wide, space: Shared, origin: o.x.origin, n: 1, size: 8, typ: B64}}
	}
	if multicast {
		b.mask, _ = d.src(&a[4], U16, false)
	}
	if cache {
		d.src(&a[n-1], B64, false)
	}
	b.size, _ = d.src(&a[2], U32, false)
	o.x = &extra{}
	d.place(&a[0], spaces[0])
	o.x.n, o.x.size, o.x.typ, o.x.memory, o.x.v = 1, 16, B8, true, b
	o.run = bulkRun
}

// bulkGroup decodes cp.async.bulk.commit_group and cp.async.bulk.wait_group{.read} n.
func (d *decoder) bulkGroup(words []string) {
	if words[0] == "commit_group" {
		if len(words) > 1 {
			d.refuse("unsupported modifier .%s", words[1])
		}
		d.args(0)
		d.o.run = func(w *warp, o *op_, mask uint32) {
			if w.chk != nil {
				w.chk.bulkState().commit(mask)
			}
		}
		return
	}
	if len(words) > 2 || len(words) == 2 && words[1] != "read" {
		d.refuse("unsupported modifier .%s", words[1])
	}
	a := d.args(1)
	if a[0].Kind != OperandInt || a[0].Int > 1<<20 {
		d.refuse("expected a constant number of groups")
	}
	n := int(a[0].Int)
	d.o.run = func(w *warp, o *op_, mask uint32) {
		if w.chk != nil {
			w.chk.bulkState().wait(w.chk.clock, mask, n)
		}
	}
}

// bulkCopy holds the operands of cp.async.bulk other than the destination.
type bulkCopy struct {
	src  op
	bar  *op   // the mbarrier; nil for a bulk group
	size int32 // register: number of bytes
	mask int32 // register: blocks of the cluster that get a copy; -1: this one
}

func bulkRun(w *warp, o *op, mask uint32) {
	b := o.x.v.(*bulkCopy)
	from := b.src
	from.at, from.in = o.at, o.in
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		n := uint64(w.r32[b.size][i])
		if n%16 != 0 {
			w.stopFault(o, i, "bad copy", fmt.Sprintf("%d bytes, expected a multiple of 16", n))
			return
		}
		if b.mask >= 0 && uint16(w.r32[b.mask][i]) != 1 {
			w.stopFault(o, i, "bad cluster rank", fmt.Sprintf("copies to blocks %#x of a cluster that has one block", uint16(w.r32[b.mask][i])))
			return
		}
		if n > 0 {
			dst, src := w.span(o, i, n, true), w.span(&from, i, n, false)
			if w.chk != nil && dst != nil && src != nil {
				w.chk.bulkCopy(w, o, &from, b.bar, i, n)
			}
			copy(dst, src)
		}
		if b.bar == nil {
			continue
		}
		bar := *b.bar
		bar.at, bar.in = o.at, o.in
		if !w.mbarTx(&bar, i, -int64(n)) {
			return
		}
	}
}

// span returns n bytes of shared or global memory at an address that must be a multiple of 16, or
// nil after a fault.
func (w *warp) span(o *op, i int, n uint64, write bool) []byte {
	addr := o.address(w, i)
	if addr%16 != 0 {
		w.fault(o, faultMisaligned, o.x.space, i, addr, 16, write)
		return nil
	}
	if o.x.space == Shared {
		if size := uint64(len(w.blk.shared)); addr > size || n > size-addr {
			w.fault(o, faultBounds, Shared, i, addr, n, write)
			return nil
		}
		return w.blk.shared[addr : addr+n]
	}
	a := w.alloc(o, addr)
	if a == nil || n > a.size-(addr-a.base) || write && a.kind == kindConst {
		w.fault(o, faultBounds, Global, i, addr, n, write)
		return nil
	}
	return a.data[addr-a.base:][:n]
}

// decodeStoreAsync decodes st.async{.weak}.shared::cluster.mbarrier::complete_tx::bytes{.v}.T [a],
// b, [mbar]: a store whose completion the mbarrier signals.
func decodeStoreAsync(d *decoder) {
	in := *d.in
	in.Mods = nil
	mechanism := false
	for _, w := range d.in.Mods {
		switch w {
		case "async", "weak":
		case "mbarrier::complete_tx::bytes":
			mechanism = true
		default:
			in.Mods = append(in.Mods, w)
		}
	}
	whole := d.in
	d.in = &in
	ac := d.access()
	d.in = whole
	if len(ac.rest) > 0 || !mechanism || ac.strong || ac.typ.Bits() < 32 || ac.space != Shared && ac.space != Generic {
		d.refuse("unsupported form")
	}
	a := d.args(3)
	o := d.o
	o.x = &extra{}
	d.place(&a[2], ac.space)
	bar := op{a: o.a, imm: o.imm, x: &extra{wide: o.x.wide, space: ac.space, origin: o.x.origin, n: 1, size: 8, typ: B64}}
	o.x = &extra{}
	d.place(&a[0], ac.space)
	d.elems(&a[1], ac, false)
	o.x.memory = true
	o.run = func(w *warp, o *op_, mask uint32) {
		bar := bar
		bar.at, bar.in = o.at, o.in
		for m := mask; m != 0; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			if w.chk != nil {
				w.chk.storeAsync(w, o, &bar, i)
			}
			storeGeneral(w, o, 1<<i)
			if !w.mbarTx(&bar, i, -int64(o.x.size*o.x.n)) {
				return
			}
		}
	}
}
