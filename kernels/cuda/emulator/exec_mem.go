package emulator

import (
	"math/bits"
	"unsafe"
)

// Loads and stores. Each form has a general handler, which looks at one lane at
// a time and knows every space and fault, and the common ones a fast handler,
// which leaves to the general one whatever is not plain.

// alloc gives the allocation that holds addr, nil if there is none or it is freed.
func (w *warp) alloc(o *op, addr uint64) *allocation {
	c := &w.blk.cache[o.at&63]
	if a := *c; a != nil && addr-a.base < a.size {
		return a
	}
	a := find(w.blk.grid.allocs, addr)
	if a == nil || a.ptr == nil {
		return nil
	}
	*c = a
	return a
}

// at gives the n bytes at addr in a space, as lane i sees them; nil after a fault.
func (w *warp) at(o *op, space Space, i int, addr uint64, n uint64, write bool) []byte {
	if space == Generic {
		switch space = spaceOf(addr); space {
		case Shared:
			addr -= sharedWindow
		case Local:
			addr -= localWindow
		case Param:
			addr -= paramWindow
		}
	}
	if addr&(n-1) != 0 {
		w.fault(o, faultMisaligned, space, i, addr, n, write)
		return nil
	}
	switch space {
	case Global, Const:
		a := w.alloc(o, addr)
		if a == nil || n > a.size-(addr-a.base) || write && a.kind == kindConst {
			w.fault(o, faultBounds, space, i, addr, n, write)
			return nil
		}
		off := addr - a.base
		return a.data[off : off+n : off+n]
	case Shared:
		size := uint64(len(w.blk.shared))
		if addr >= size || n > size-addr {
			w.fault(o, faultBounds, space, i, addr, n, write)
			return nil
		}
		return w.blk.shared[addr : addr+n : addr+n]
	case Local:
		if addr >= w.stack || n > w.stack-addr || w.blk.grid.check && (!w.inLocal(i, addr, n) || o.x.origin.strays(addr-w.fr.local, n)) {
			w.fault(o, faultBounds, space, i, addr, n, write)
			return nil
		}
		off := uint64(i)*w.stack + addr
		return w.local[off : off+n : off+n]
	case Param:
		if addr >= frameParams {
			addr -= frameParams
			size := uint64(w.fr.fc.paramBytes)
			if addr >= size || n > size-addr {
				w.fault(o, faultBounds, space, i, addr, n, write)
				return nil
			}
			off := uint64(i)*size + addr
			return w.fr.params[off : off+n : off+n]
		}
		p := w.blk.grid.params
		if addr >= uint64(len(p)) || n > uint64(len(p))-addr || write {
			w.fault(o, faultBounds, space, i, addr, n, write)
			return nil
		}
		return p[addr : addr+n : addr+n]
	}
	return nil
}

// address gives lane i's address.
func (o *op) address(w *warp, i int) uint64 {
	if o.x.wide {
		return w.r64[o.a][i] + o.imm
	}
	return uint64(w.r32[o.a][i]+uint32(o.imm)) & 0xffffffff
}

// set writes v to register k of the vector, widened as the register asks.
func (x *extra) set(w *warp, k, i int, v uint64) {
	s := x.vec[k]
	if s < 0 {
		return
	}
	if x.signed {
		v = ext(v, x.typ)
	}
	if x.wides[k] {
		w.r64[s][i] = v
	} else {
		w.r32[s][i] = uint32(v) & x.vmask
	}
}

func (x *extra) get(w *warp, k, i int) uint64 {
	if x.wides[k] {
		return w.r64[x.vec[k]][i]
	}
	return uint64(w.r32[x.vec[k]][i])
}

// loadGeneral is ld of any kind.
func loadGeneral(w *warp, o *op, mask uint32) {
	x := o.x
	size, n := uint64(x.size), uint64(x.n)
	var from vec64 // the addresses, for the result may overwrite their register
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		from[i] = o.address(w, i)
	}
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		b := w.at(o, x.space, i, from[i], size*n, false)
		for k := range x.vec {
			v := uint64(0)
			if b != nil {
				e := b[uint64(k)*size : uint64(k+1)*size]
				if x.strong {
					v = loadAtomic(e)
				} else {
					v = loadBytes(e)
				}
			}
			x.set(w, k, i, v)
		}
	}
}

// storeGeneral is st of any kind.
func storeGeneral(w *warp, o *op, mask uint32) {
	x := o.x
	size, n := uint64(x.size), uint64(x.n)
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		b := w.at(o, x.space, i, o.address(w, i), size*n, true)
		if b == nil {
			continue
		}
		for k := range x.vec {
			e := b[uint64(k)*size : uint64(k+1)*size]
			v := x.get(w, k, i)
			if x.strong {
				update(e, func(uint64) uint64 { return v })
			} else {
				storeBytes(e, v)
			}
		}
	}
}

// loadParam reads a kernel parameter, the same for all lanes.
func loadParam(w *warp, o *op, mask uint32) {
	x := o.x
	for k := range x.vec {
		off := int(o.imm) + k*x.size
		v := loadBytes(w.blk.grid.params[off : off+x.size])
		if mask == fullMask && x.wides[k] && x.vec[k] >= 0 && !x.signed {
			d := &w.r64[x.vec[k]]
			for i := range d {
				d[i] = v
			}
			continue
		}
		for m := mask; m != 0; m &= m - 1 {
			x.set(w, k, bits.TrailingZeros32(m)&31, v)
		}
	}
}

// loadGlobal32 is ld.global.b32 with a 64-bit address.
func loadGlobal32(w *warp, o *op, mask uint32) {
	addr, d := &w.r64[o.a], &w.r32[o.d]
	first := bits.TrailingZeros32(mask) & 31
	al := w.alloc(o, addr[first]+o.imm)
	if al == nil || al.size < 4 {
		loadGeneral(w, o, mask)
		return
	}
	base, lim, p := al.base-o.imm, al.size-4, al.ptr
	if mask == fullMask {
		for i := range d {
			off := addr[i] - base
			if off > lim || off&3 != 0 {
				loadGeneral(w, o, mask&(^uint32(0)<<i))
				return
			}
			d[i] = *(*uint32)(unsafe.Add(p, off))
		}
		return
	}
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		off := addr[i] - base
		if off > lim || off&3 != 0 {
			loadGeneral(w, o, m)
			return
		}
		d[i] = *(*uint32)(unsafe.Add(p, off))
	}
}

// storeGlobal32 is st.global.b32 with a 64-bit address.
func storeGlobal32(w *warp, o *op, mask uint32) {
	addr, s := &w.r64[o.a], &w.r32[o.b]
	first := bits.TrailingZeros32(mask) & 31
	al := w.alloc(o, addr[first]+o.imm)
	if al == nil || al.size < 4 || al.kind == kindConst {
		storeGeneral(w, o, mask)
		return
	}
	base, lim, p := al.base-o.imm, al.size-4, al.ptr
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		off := addr[i] - base
		if off > lim || off&3 != 0 {
			storeGeneral(w, o, m)
			return
		}
		*(*uint32)(unsafe.Add(p, off)) = s[i]
	}
}

// loadGlobalV4 is ld.global.v4.b32 (and v2) with a 64-bit address.
func loadGlobalVec(w *warp, o *op, mask uint32) {
	addr := &w.r64[o.a]
	x := o.x
	n := uint64(4 * x.n)
	first := bits.TrailingZeros32(mask) & 31
	al := w.alloc(o, addr[first]+o.imm)
	if al == nil || al.size < n {
		loadGeneral(w, o, mask)
		return
	}
	base, lim, p := al.base-o.imm, al.size-n, al.ptr
	d0, d1 := &w.r32[x.vec[0]], &w.r32[x.vec[1]]
	d2, d3 := d0, d1
	if x.n == 4 {
		d2, d3 = &w.r32[x.vec[2]], &w.r32[x.vec[3]]
	}
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		off := addr[i] - base
		if off > lim || off&(n-1) != 0 {
			loadGeneral(w, o, m)
			return
		}
		if n == 16 {
			v := (*[4]uint32)(unsafe.Add(p, off))
			d0[i], d1[i], d2[i], d3[i] = v[0], v[1], v[2], v[3]
		} else {
			v := (*[2]uint32)(unsafe.Add(p, off))
			d0[i], d1[i] = v[0], v[1]
		}
	}
}

// sharedBase gives the lanes' addresses in shared memory as 32-bit offsets,
// without the constant part.
func (w *warp) sharedAddr(o *op, tmp *vec32) *vec32 {
	if !o.x.wide {
		return &w.r32[o.a]
	}
	for i, v := range &w.r64[o.a] {
		tmp[i] = uint32(min(v, 1<<31))
	}
	return tmp
}

// loadShared32 is ld.shared.b32.
func loadShared32(w *warp, o *op, mask uint32) {
	var tmp vec32
	addr, d := w.sharedAddr(o, &tmp), &w.r32[o.d]
	b := w.blk
	if len(b.shared) < 4 {
		loadGeneral(w, o, mask)
		return
	}
	lim, imm, p := uint32(len(b.shared)-4), uint32(o.imm), b.sptr
	if mask == fullMask {
		for i := range d {
			off := addr[i] + imm
			if off > lim || off&3 != 0 {
				loadGeneral(w, o, mask&(^uint32(0)<<i))
				return
			}
			d[i] = *(*uint32)(unsafe.Add(p, off))
		}
		return
	}
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		off := addr[i] + imm
		if off > lim || off&3 != 0 {
			loadGeneral(w, o, m)
			return
		}
		d[i] = *(*uint32)(unsafe.Add(p, off))
	}
}

// storeShared32 is st.shared.b32.
func storeShared32(w *warp, o *op, mask uint32) {
	var tmp vec32
	addr, s := w.sharedAddr(o, &tmp), &w.r32[o.b]
	b := w.blk
	if len(b.shared) < 4 {
		storeGeneral(w, o, mask)
		return
	}
	lim, imm, p := uint32(len(b.shared)-4), uint32(o.imm), b.sptr
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		off := addr[i] + imm
		if off > lim || off&3 != 0 {
			storeGeneral(w, o, m)
			return
		}
		*(*uint32)(unsafe.Add(p, off)) = s[i]
	}
}

// loadSharedVec is ld.shared.v2.b32 and v4.
func loadSharedVec(w *warp, o *op, mask uint32) {
	var tmp vec32
	addr := w.sharedAddr(o, &tmp)
	b, x := w.blk, o.x
	n := uint32(4 * x.n)
	if len(b.shared) < int(n) {
		loadGeneral(w, o, mask)
		return
	}
	lim, imm, p := uint32(len(b.shared))-n, uint32(o.imm), b.sptr
	d0, d1 := &w.r32[x.vec[0]], &w.r32[x.vec[1]]
	d2, d3 := d0, d1
	if x.n == 4 {
		d2, d3 = &w.r32[x.vec[2]], &w.r32[x.vec[3]]
	}
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		off := addr[i] + imm
		if off > lim || off&(n-1) != 0 {
			loadGeneral(w, o, m)
			return
		}
		if n == 16 {
			v := (*[4]uint32)(unsafe.Add(p, off))
			d0[i], d1[i], d2[i], d3[i] = v[0], v[1], v[2], v[3]
		} else {
			v := (*[2]uint32)(unsafe.Add(p, off))
			d0[i], d1[i] = v[0], v[1]
		}
	}
}

// storeVec is st.v2.b32 and st.v4.b32 in shared memory, or in global memory with
// a 64-bit address.
func storeVec(w *warp, o *op, mask uint32) {
	x := o.x
	n := uint64(4 * x.n)
	var tmp vec32
	var addr32 *vec32
	var addr64 *vec64
	var base, lim uint64
	var p unsafe.Pointer
	if x.space == Shared {
		if uint64(len(w.blk.shared)) < n {
			storeGeneral(w, o, mask)
			return
		}
		addr32 = w.sharedAddr(o, &tmp)
		lim, p = uint64(len(w.blk.shared))-n, w.blk.sptr
	} else {
		addr64 = &w.r64[o.a]
		al := w.alloc(o, addr64[bits.TrailingZeros32(mask)&31]+o.imm)
		if al == nil || al.size < n || al.kind == kindConst {
			storeGeneral(w, o, mask)
			return
		}
		base, lim, p = al.base-o.imm, al.size-n, al.ptr
	}
	s0, s1 := &w.r32[x.vec[0]], &w.r32[x.vec[1]]
	s2, s3 := s0, s1
	if x.n == 4 {
		s2, s3 = &w.r32[x.vec[2]], &w.r32[x.vec[3]]
	}
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		var off uint64
		if addr32 != nil {
			off = uint64(addr32[i] + uint32(o.imm))
		} else {
			off = addr64[i] - base
		}
		if off > lim || off&(n-1) != 0 {
			storeGeneral(w, o, m)
			return
		}
		if n == 16 {
			*(*[4]uint32)(unsafe.Add(p, off)) = [4]uint32{s0[i], s1[i], s2[i], s3[i]}
		} else {
			*(*[2]uint32)(unsafe.Add(p, off)) = [2]uint32{s0[i], s1[i]}
		}
	}
}
