package emulator

import (
	"fmt"
	"math/bits"
)

// Control flow: bra, brx.idx, call, ret, exit, trap.

func init() {
	register(map[string]func(*decoder){
		"bra": decodeBra, "brx": decodeBrx, "call": decodeCall, "ret": decodeRet, "exit": decodeExit,
		"trap": decodeTrap, "brkpt": decodeTrap, "nanosleep": decodeSleep, "pmevent": decodeNumber,
		"setmaxnreg": decodeNumber,
	})
}

// binding copies one argument of a call between a variable or register of the caller and one of the
// callee.
type binding struct {
	fromReg, toReg bool
	wide           bool
	from, to       int32 // register, or offset in .param memory
	size           int32
}

func decodeBra(d *decoder) {
	d.allow(d.mods(), "uni")
	a := d.args(1)
	if a[0].Kind != OperandLabel {
		d.refuse("expected a label")
	}
	l := d.fn.labels[a[0].Name]
	if l.isList {
		d.refuse("%s is a list of targets", l.name)
	}
	d.fixups = append(d.fixups, fixup{at: d.here(), label: l, fc: d.fc})
	d.o.run = branch
}

// branch sends the lanes of mask to op c; the others fall through.
func branch(w *warp, o *op, mask uint32) {
	if mask == w.active {
		w.pc = o.c
		if len(w.splits) > 1 && o.c <= o.at {
			w.limit = -1
		}
		return
	}
	w.fork(mask, o.c)
}

func decodeBrx(d *decoder) {
	d.allow(d.mods(), "idx", "uni")
	a := d.args(2)
	if a[1].Kind != OperandLabel || !d.fn.labels[a[1].Name].isList {
		d.refuse("expected the label of .branchtargets")
	}
	l := d.fn.labels[a[1].Name]
	for _, name := range l.list {
		if t := d.fn.labels[name]; t == nil || t.isList {
			d.refuse("%q is not a label", name)
		}
	}
	d.o.x = &extra{}
	d.o.a, _ = d.src(&a[0], U32, false)
	d.fixups = append(d.fixups, fixup{at: d.here(), list: l.list, fc: d.fc})
	d.o.run = func(w *warp, o *op_, mask uint32) {
		next := w.pc
		for mask != 0 {
			i := bits.TrailingZeros32(mask)
			idx := w.r32[o.a][i]
			var same uint32
			for m := mask; m != 0; m &= m - 1 {
				j := bits.TrailingZeros32(m)
				same |= one(w.r32[o.a][j] == idx) << j
			}
			mask &^= same
			if int(idx) >= len(o.x.targets) {
				w.stopFault(o, i, "bad branch", fmt.Sprintf("index %d, but there are %d targets", idx, len(o.x.targets)))
				return
			}
			if same == w.active {
				w.pc = o.x.targets[idx]
				if len(w.splits) > 1 {
					w.limit = -1
				}
				return
			}
			w.fork(same, o.x.targets[idx])
		}
		w.pc = next
	}
}

func decodeExit(d *decoder) {
	d.args(0)
	d.o.run = func(w *warp, o *op_, mask uint32) { w.quit(mask) }
}

func decodeTrap(d *decoder) {
	d.args(0)
	name := d.in.Op
	d.o.run = func(w *warp, o *op_, mask uint32) { w.stopFault(o, bits.TrailingZeros32(mask), name, "") }
}

// decodeSleep yields to other splits and warps.
func decodeSleep(d *decoder) {
	a := d.args(1)
	d.src(&a[0], U32, false)
	d.o.run = func(w *warp, o *op_, mask uint32) {
		if len(w.splits) > 1 {
			w.limit = -1
			w.streak = slice
		}
	}
}

func decodeRet(d *decoder) {
	d.allow(d.mods(), "uni")
	d.args(0)
	if d.fn.Entry {
		d.o.run = func(w *warp, o *op_, mask uint32) { w.quit(mask) }
		return
	}
	d.o.run = func(w *warp, o *op_, mask uint32) {
		if rest := w.active &^ mask; rest != 0 {
			w.fork(rest, w.pc)
		}
		f := w.fr
		up := f.caller
		for _, b := range f.rets {
			b.copy(w, f, up, mask)
		}
		w.pc = f.ret
		w.setFrame(up)
		w.leaveFrames(f, up)
		if len(w.splits) > 1 {
			w.limit = -1
		}
	}
}

// copy copies one argument for the lanes of mask.
func (b binding) copy(w *warp, from, to *frame, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		if !b.fromReg && !b.toReg { // any size
			src, dst := i*from.fc.paramBytes+int(b.from), i*to.fc.paramBytes+int(b.to)
			copy(to.params[dst:dst+int(b.size)], from.params[src:src+int(b.size)])
			continue
		}
		b.set(to, i, b.value(from, i))
	}
	if to.init != nil && b.toReg {
		to.init[to.fc.bit(b.wide, b.to)] |= mask
	}
}

// value returns lane i's argument, of at most 8 bytes.
func (b binding) value(from *frame, i int) uint64 {
	switch {
	case !b.fromReg:
		at := i*from.fc.paramBytes + int(b.from)
		return loadBytes(from.params[at : at+int(b.size)])
	case b.wide:
		return from.r64[b.from][i]
	}
	return uint64(from.r32[b.from][i])
}

// set stores lane i's argument.
func (b binding) set(to *frame, i int, v uint64) {
	switch {
	case !b.toReg:
		at := i*to.fc.paramBytes + int(b.to)
		storeBytes(to.params[at:at+int(b.size)], v)
	case b.wide:
		to.r64[b.to][i] = v
	default:
		to.r32[b.to][i] = uint32(v)
	}
}

// maxDepth is the maximum call depth.
const maxDepth = 4096

func decodeCall(d *decoder) {
	d.allow(d.mods(), "uni")
	args := d.in.Args
	var rets, ins []Operand
	if len(args) > 0 && args[0].Kind == OperandList {
		rets, args = args[0].Elems, args[1:]
	}
	if len(args) == 0 {
		d.refuse("no function")
	}
	target := args[0]
	args = args[1:]
	if len(args) > 0 && args[0].Kind == OperandList {
		ins, args = args[0].Elems, args[1:]
	}
	var proto *Function
	o := d.o
	o.x = &extra{}
	switch target.Kind {
	case OperandFunc:
		proto = d.prog.mod.Function(target.Name)
		if proto == nil || proto.Entry {
			d.refuse("%q is not a function", target.Name)
		}
		if proto.Extern {
			decodeDriverCall(d, proto, rets, ins)
			return
		}
		o.x.callee = d.code(proto)
	case OperandReg:
		if len(args) != 1 || args[0].Kind != OperandLabel {
			d.refuse("an indirect call needs a prototype or a list of targets")
		}
		l := d.fn.labels[args[0].Name]
		proto = l.proto
		if proto == nil && len(l.list) > 0 {
			proto = d.prog.mod.Function(l.list[0])
		}
		if proto == nil {
			d.refuse("%q is not a prototype", l.name)
		}
		o.a, _ = d.src(&target, U64, false)
	default:
		d.refuse("expected a function")
	}
	if len(rets) != len(proto.Returns) || len(ins) != len(proto.Params) {
		d.refuse("%d results and %d arguments, expected %d and %d", len(rets), len(ins), len(proto.Returns), len(proto.Params))
	}
	// The callee's side is bound at the call, when the callee is known.
	for i := range ins {
		o.x.args = append(o.x.args, d.bindCaller(&ins[i], proto.Params[i], true))
	}
	for i := range rets {
		o.x.rets = append(o.x.rets, d.bindCaller(&rets[i], proto.Returns[i], false))
	}
	o.run = call
}

// bindCaller returns the caller's side of an argument or result.
func (d *decoder) bindCaller(a *Operand, v *Variable, in bool) binding {
	b := binding{size: int32(v.Size)}
	var reg bool
	var at int32
	switch {
	case a.Kind == OperandSymbol && a.Var.Space == Param && !a.Var.IsReg:
		if a.Var.Size != v.Size {
			d.refuse("%s has %d bytes, the parameter %d", a.Var.Name, a.Var.Size, v.Size)
		}
		off, ok := d.fc.varAt[a.Var]
		if !ok {
			d.refuse("%s is a parameter of a kernel", a.Var.Name)
		}
		at = int32(off)
	case a.Kind == OperandSink && !in:
		reg = true
		b.wide = v.Size == 8
		at = d.scratch(b.wide)
	default:
		t := v.Type
		if v.Array || v.Size > 8 {
			d.refuse("a register cannot carry %d bytes", v.Size)
		}
		reg = true
		if in {
			at, b.wide = d.src(a, t, false)
		} else {
			at, b.wide = d.dst(a, t, false)
		}
	}
	if in {
		b.fromReg, b.from = reg, at
	} else {
		b.toReg, b.to = reg, at
	}
	return b
}

// bit returns the index of a register in frame.init.
func (fc *funcCode) bit(wide bool, slot int32) int32 {
	if wide {
		return int32(fc.np+fc.n32) + slot
	}
	return int32(fc.np) + slot
}

// complete fills in the callee's side of bindings.
func (fc *funcCode) complete(list []binding, vars []*Variable, in bool) []binding {
	out := make([]binding, len(list))
	for i, b := range list {
		v := vars[i]
		reg, at := v.IsReg, int32(0)
		if reg {
			at = fc.slots[v.Reg]
			b.wide = v.Type.Bits() == 64
		} else {
			at = int32(fc.varAt[v])
		}
		if in {
			b.toReg, b.to = reg, at
		} else {
			b.fromReg, b.from = reg, at
		}
		out[i] = b
	}
	return out
}

// call enters a function, directly or through an address that may differ between lanes.
func call(w *warp, o *op, mask uint32) {
	fc := o.x.callee
	if fc == nil {
		i := bits.TrailingZeros32(mask)
		addr := w.r64[o.a][i]
		fc = w.blk.grid.kern.entries[addr]
		if fc == nil || fc.fn.Entry || len(fc.formals) != len(o.x.args) || len(fc.rets) != len(o.x.rets) {
			w.stopFault(o, i, "bad call", fmt.Sprintf("%#x is not the address of a function of this form", addr))
			return
		}
		for k, v := range fc.formals {
			if v.Size != int64(o.x.args[k].size) {
				w.stopFault(o, i, "bad call", fmt.Sprintf("%s takes other parameters", fc.fn.Name))
				return
			}
		}
		var same uint32
		for m := mask; m != 0; m &= m - 1 {
			j := bits.TrailingZeros32(m)
			same |= one(w.r64[o.a][j] == addr) << j
		}
		if same != mask { // the other lanes make their call separately
			w.fork(mask&^same, o.at)
			mask = same
		}
	}
	if rest := w.active &^ mask; rest != 0 {
		w.fork(rest, w.pc)
	}
	up := w.fr
	local := up.localEnd(mask)
	if up.depth >= maxDepth || local+fc.localBytes > maxLocal {
		w.stopFault(o, bits.TrailingZeros32(mask), "stack overflow", fmt.Sprintf("calls nest %d deep with %d bytes of local memory", up.depth, local))
		return
	}
	f := w.newFrame(fc)
	f.caller, f.ret, f.depth, f.local, f.users = up, w.pc, up.depth+1, local, 1
	f.rets = fc.complete(o.x.rets, fc.rets, false)
	w.growLocal(local + fc.localBytes)
	for m := mask; m != 0 && w.localInit != nil; m &= m - 1 {
		w.forgetLocal(bits.TrailingZeros32(m)&31, local, fc.localBytes)
	}
	for _, b := range fc.complete(o.x.args, fc.formals, true) {
		b.copy(w, up, f, mask)
	}
	w.pc = fc.entry
	w.setFrame(f)
}
