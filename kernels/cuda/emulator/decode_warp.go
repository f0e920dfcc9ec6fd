package emulator

import (
	"fmt"
	"math/bits"

	"baregrad/kernels/cuda/emulator/arith"
)

// Instructions that exchange data between the lanes of a warp: shfl, vote, match, redux, elect,
// activemask.

func init() {
	register(map[string]func(*decoder){
		"shfl": decodeShfl, "vote": decodeVote, "activemask": decodeActivemask, "match": decodeMatch,
		"redux": decodeRedux, "elect": decodeElect,
	})
}

// members waits for the lanes that a .sync instruction names. It returns the lanes that take part
// together; if ok is false, the op must return for now.
//
// Lanes that arrive together may name different groups, each lane its own. Then the first group
// takes part, and the other lanes run the op again separately.
func (w *warp) members(o *op, mask uint32, slot int32) (part uint32, ok bool) {
	if slot < 0 { // the old forms without .sync
		return mask, true
	}
	need, same := w.group(mask, slot)
	if w.blk.grid.checks&CheckBarriers != 0 {
		w.checkMembers(o, mask, slot)
	}
	if others := mask &^ same; others != 0 && need&others == 0 {
		w.fork(others, o.at)
		mask = same
	}
	if need&mask != mask { // a lane that does not name itself; its result is undefined
		need |= mask
	}
	return mask, w.gather(o, mask, need)
}

// allMembers is members for an op that does not depend on whether groups take part together or one
// after another.
func (w *warp) allMembers(o *op, mask uint32, slot int32) (part uint32, ok bool) {
	if slot >= 0 {
		var need uint32
		for m := mask; m != 0; m &= m - 1 {
			need |= w.r32[slot][bits.TrailingZeros32(m)&31]
		}
		if need&^w.exited == mask {
			if w.blk.grid.checks&CheckBarriers != 0 {
				w.checkMembers(o, mask, slot)
			}
			return mask, true
		}
	}
	return w.members(o, mask, slot)
}

// group returns the member mask of the first lane of mask, and which lanes of mask have the same
// one.
func (w *warp) group(mask uint32, slot int32) (need, same uint32) {
	need = w.r32[slot][bits.TrailingZeros32(mask)&31]
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		same |= one(w.r32[slot][i] == need) << i
	}
	return need, same
}

// checkMembers reports invalid member masks. A warp barrier may name lanes that have exited.
func (w *warp) checkMembers(o *op, mask uint32, slot int32) {
	for left := mask; left != 0; {
		need, same := w.group(left, slot)
		left &^= same
		i := bits.TrailingZeros32(same) & 31
		f := w.finding("divergent warp instruction", o, i)
		if absent := same &^ need; absent != 0 {
			j := bits.TrailingZeros32(absent) & 31
			f.Thread = w.thread(j)
			f.Detail = fmt.Sprintf("lane %d runs it, but is not in its own member mask %#x", j, need)
		} else if differ := need & mask &^ same; differ != 0 {
			j := bits.TrailingZeros32(differ) & 31
			f.Detail = fmt.Sprintf("lanes %d and %d run it with different member masks, %#x and %#x, and the first names both", i, j, need, w.r32[slot][j])
		} else if gone := need & w.exited & w.lanes; gone != 0 && o.in.Op != "bar" {
			f.Detail = fmt.Sprintf("the member mask %#x names lanes %s, which have exited", need, laneList(gone))
		} else {
			continue
		}
		w.report(f)
		return
	}
}

func (d *decoder) memberMask(m modset, a *Operand) int32 {
	if !m.has["sync"] {
		return -1
	}
	s, _ := d.src(a, U32, false)
	return s
}

func decodeShfl(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "sync", "up", "down", "bfly", "idx")
	if t.Bits() != 32 {
		d.refuse("expected .b32")
	}
	n := 4
	if m.has["sync"] {
		n = 5
	}
	a := d.args(n)
	o := d.o
	mode := ""
	for _, w := range m.rest {
		if w != "sync" && mode != "" {
			d.refuse(".%s and .%s, expected one of them", mode, w)
		} else if w != "sync" {
			mode = w
		}
	}
	if mode == "" {
		d.refuse("expected .up, .down, .bfly or .idx")
	}
	if a[0].Kind == OperandSink {
		d.refuse("_ can't stand here: the result goes to a register")
	}
	o.a, _ = d.src(&a[1], t, false)
	o.b, _ = d.src(&a[2], B32, false)
	o.c, _ = d.src(&a[3], B32, false)
	var last *Operand
	if n == 5 {
		last = &a[4]
	}
	slot := d.memberMask(m, last)
	pred := int32(-1)
	if a[0].Second != nil {
		pred = d.pdst(a[0].Second)
	}
	dst := a[0]
	dst.Second = nil
	o.d, _ = d.dst(&dst, t, false)
	o.run = func(w *warp, o *op_, mask uint32) {
		mask, ok := w.allMembers(o, mask, slot)
		if !ok {
			return
		}
		src, b, c := w.r32[o.a], &w.r32[o.b], &w.r32[o.c]
		var out vec32
		var valid uint32
		for i := int32(0); i < 32; i++ {
			bv, cv := int32(b[i]&31), int32(c[i]&31)
			seg := int32(c[i] >> 8 & 31)
			maxLane := i&seg | cv&^seg
			minLane := i & seg
			var j int32
			var p bool
			switch mode {
			case "up":
				j = i - bv
				p = j >= maxLane
			case "down":
				j = i + bv
				p = j <= maxLane
			case "bfly":
				j = i ^ bv
				p = j <= maxLane
			default:
				j = minLane | bv&^seg
				p = j <= maxLane
			}
			if !p {
				j = i
			}
			out[i] = src[j&31]
			valid |= one(p) << i
			part := mask
			if slot >= 0 {
				part &= w.r32[slot][i]
			}
			if mask>>i&1 != 0 && part>>(j&31)&1 == 0 && j != i && w.blk.grid.checks&CheckBarriers != 0 {
				f := w.finding("divergent warp instruction", o, int(i))
				f.Detail = fmt.Sprintf("reads the register of lane %d, which %s", j, pick(w.exited>>(j&31)&1 != 0, "has exited", "does not take part"))
				w.report(f)
			}
		}
		d := &w.r32[o.d]
		for l := mask; l != 0; l &= l - 1 {
			i := bits.TrailingZeros32(l) & 31
			d[i] = out[i]
		}
		if pred >= 0 {
			w.p[pred] = w.p[pred]&^mask | valid&mask
		}
	}
}

func decodeVote(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "sync", "all", "any", "uni", "ballot")
	n := 2
	if m.has["sync"] {
		n = 3
	}
	a := d.args(n)
	o := d.o
	var not uint32
	o.a, not = d.psrc(&a[1])
	slot := d.memberMask(m, &a[n-1])
	ballot := m.has["ballot"]
	if ballot != (t == B32) {
		d.refuse("expected .ballot.b32 or .pred")
	}
	if ballot {
		o.d, _ = d.dst(&a[0], B32, false)
	} else {
		o.d = d.pdst(&a[0])
	}
	all, any := m.has["all"], m.has["any"]
	o.run = func(w *warp, o *op_, mask uint32) {
		mask, ok := w.members(o, mask, slot)
		if !ok {
			return
		}
		p := (w.p[o.a] ^ not) & mask
		if ballot {
			for l := mask; l != 0; l &= l - 1 {
				w.r32[o.d][bits.TrailingZeros32(l)&31] = p
			}
			return
		}
		r := p == mask || p == 0 // uni
		if all {
			r = p == mask
		} else if any {
			r = p != 0
		}
		w.p[o.d] &^= mask
		if r {
			w.p[o.d] |= mask
		}
	}
}

func decodeActivemask(d *decoder) {
	a := d.args(1)
	d.one(d.mods())
	d.o.d, _ = d.dst(&a[0], B32, false)
	d.o.run = func(w *warp, o *op_, mask uint32) {
		for l := mask; l != 0; l &= l - 1 {
			w.r32[o.d][bits.TrailingZeros32(l)&31] = mask
		}
	}
}

func decodeMatch(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "sync", "any", "all")
	a := d.args(3)
	o := d.o
	var wide bool
	o.a, wide = d.src(&a[1], t, false)
	slot := d.memberMask(m, &a[2])
	pred := int32(-1)
	if a[0].Second != nil {
		if m.has["any"] {
			d.refuse("a predicate after |, which match.all has alone")
		}
		pred = d.pdst(a[0].Second)
	} else if a[0].Kind == OperandSink {
		d.refuse("_ can't stand here: the result goes to a register")
	}
	dst := a[0]
	dst.Second = nil
	o.d, _ = d.dst(&dst, U32, false)
	all := m.has["all"]
	o.run = func(w *warp, o *op_, mask uint32) {
		mask, ok := w.members(o, mask, slot)
		if !ok {
			return
		}
		var tmp vec64
		v := *w.widened(&tmp, o.a, wide)
		for l := mask; l != 0; l &= l - 1 {
			i := bits.TrailingZeros32(l) & 31
			var same uint32
			for k := mask; k != 0; k &= k - 1 {
				j := bits.TrailingZeros32(k) & 31
				same |= one(v[j] == v[i]) << j
			}
			p := one(same == mask)
			if all && same != mask {
				same = 0
			}
			w.r32[o.d][i] = same
			if pred >= 0 {
				w.p[pred] = w.p[pred]&^(1<<i) | p<<i
			}
		}
	}
}

func decodeRedux(d *decoder) {
	m := d.mods()
	t := d.one(m)
	d.allow(m, "sync", "add", "min", "max", "and", "or", "xor", "abs", "NaN")
	if (m.has["abs"] || m.has["NaN"]) && t != F32 {
		d.refuse(".abs and .NaN are for .f32")
	}
	a := d.args(3)
	o := d.o
	o.a, _ = d.src(&a[1], t, false)
	slot := d.memberMask(m, &a[2])
	o.d, _ = d.dst(&a[0], t, false)
	var f func(x, y uint32) uint32
	mm := arith.MinMax{NaN: m.has["NaN"]}
	abs := m.has["abs"]
	switch {
	case m.has["add"]:
		f = func(x, y uint32) uint32 { return x + y }
	case m.has["and"]:
		f = func(x, y uint32) uint32 { return x & y }
	case m.has["or"]:
		f = func(x, y uint32) uint32 { return x | y }
	case m.has["xor"]:
		f = func(x, y uint32) uint32 { return x ^ y }
	case t == F32:
		g := pick(m.has["max"], arith.MaxF32, arith.MinF32)
		f = func(x, y uint32) uint32 { return g(x, y, mm) }
	case m.has["min"], m.has["max"]:
		g := d.atomFunc(pick(m.has["max"], "max", "min"), t, false)
		f = func(x, y uint32) uint32 { return uint32(g(uint64(x), uint64(y), 0)) }
	default:
		d.refuse("expected an operation")
	}
	o.run = func(w *warp, o *op_, mask uint32) {
		mask, ok := w.members(o, mask, slot)
		if !ok {
			return
		}
		src := &w.r32[o.a]
		get := func(i int) uint32 {
			if abs {
				return src[i] &^ (1 << 31)
			}
			return src[i]
		}
		first := bits.TrailingZeros32(mask) & 31
		r := get(first)
		for l := mask & (mask - 1); l != 0; l &= l - 1 {
			r = f(r, get(bits.TrailingZeros32(l)&31))
		}
		for l := mask; l != 0; l &= l - 1 {
			w.r32[o.d][bits.TrailingZeros32(l)&31] = r
		}
	}
}

// decodeElect elects the lowest lane of the member mask.
func decodeElect(d *decoder) {
	m := d.mods()
	d.allow(m, "sync")
	if len(m.types) > 0 {
		d.refuse("it has no type")
	}
	a := d.args(2)
	o := d.o
	slot := d.memberMask(m, &a[1])
	if a[0].Second == nil {
		d.refuse("expected d|p")
	}
	pred := d.pdst(a[0].Second)
	dst := a[0]
	dst.Second = nil
	o.d, _ = d.dst(&dst, B32, false)
	o.run = func(w *warp, o *op_, mask uint32) {
		mask, ok := w.members(o, mask, slot)
		if !ok {
			return
		}
		leader := uint32(bits.TrailingZeros32(mask))
		for l := mask; l != 0; l &= l - 1 {
			w.r32[o.d][bits.TrailingZeros32(l)&31] = leader
		}
		w.p[pred] = w.p[pred]&^mask | 1<<leader&mask
	}
}
