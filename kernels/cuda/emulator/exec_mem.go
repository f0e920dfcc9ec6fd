package emulator

import "math/bits"

// Loads and stores: the general handlers, which process one lane at a time and support every space
// and fault. The common forms also have a fast handler (exec_mem_fast.go).

// alloc returns the allocation that contains addr, or nil if there is none or it was freed.
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

// at returns the n bytes at addr in a space, as lane i sees them, or nil after a fault.
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

// address returns lane i's address.
func (o *op) address(w *warp, i int) uint64 {
	if o.x.wide {
		return w.r64[o.a][i] + o.imm
	}
	return uint64(w.r32[o.a][i]+uint32(o.imm)) & 0xffffffff
}

// set writes v to register k of the vector, extended to the width of the register.
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

// loadGeneral handles every form of ld.
func loadGeneral(w *warp, o *op, mask uint32) {
	x := o.x
	size, n := uint64(x.size), uint64(x.n)
	var from vec64 // the addresses, because the result may overwrite their register
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

// storeGeneral handles every form of st.
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

// loadParam reads a kernel parameter, which is the same for all lanes.
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
