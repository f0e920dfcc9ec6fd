package emulator

import (
	"math/bits"
	"unsafe"
)

// Fast handlers for 32-bit loads and stores. Anything unusual goes to the general handlers.

// loadGlobal32 handles ld.global.b32 with a 64-bit address.
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

// storeGlobal32 handles st.global.b32 with a 64-bit address.
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

// loadGlobalVec handles ld.global.v2.b32 and v4 with a 64-bit address.
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

// sharedAddr returns the lanes' addresses in shared memory as 32-bit offsets, without the constant
// part.
func (w *warp) sharedAddr(o *op, tmp *vec32) *vec32 {
	if !o.x.wide {
		return &w.r32[o.a]
	}
	for i, v := range &w.r64[o.a] {
		tmp[i] = uint32(min(v, 1<<31))
	}
	return tmp
}

// loadShared32 handles ld.shared.b32.
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

// storeShared32 handles st.shared.b32.
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

// loadSharedVec handles ld.shared.v2.b32 and v4.
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

// storeVec handles st.v2.b32 and st.v4.b32 in shared memory, or in global memory with a 64-bit
// address.
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
