package emulator

import (
	"cmp"
	"fmt"
	"slices"
)

// Where addresses come from. A register that holds the address of a shared or local variable, or
// that address moved, converted or with an offset, still refers to that variable: an access through
// it that lands in another variable is out of bounds, however far away. So the decoder finds, for
// every register of a function, the variables whose address it may hold. The answer does not depend
// on the place in the function. That keeps the analysis simple and causes no false reports: if a
// register may refer to several variables, all of them are allowed. An address that went through
// memory, a call or another operation is not followed.

// origin is what the address of an access is known to point into.
type origin struct {
	operand *Operand
	within  []sharedVar // shared or local; empty: unknown
}

// bases is the set of variables that a register may point into. lost means that it holds an address
// after an operation that is not followed; opaque that its value comes from memory, a parameter or
// a call, and may or may not be an address.
type bases struct {
	vars         map[*Variable]bool
	lost, opaque bool
}

// originOf records the address operand of the current op.
func (d *decoder) originOf(a *Operand) *origin {
	if d.prog.machine.opts.Checks&CheckBounds == 0 {
		return nil
	}
	o := &origin{operand: a}
	d.origins = append(d.origins, o)
	return o
}

// findOrigins fills in the origins of a function's accesses.
func (d *decoder) findOrigins() {
	if len(d.origins) == 0 {
		return
	}
	regs := map[*Register]*bases{}
	for _, v := range append(append([]*Variable(nil), d.fn.Params...), d.fn.Returns...) {
		if v.IsReg {
			regs[v.Reg] = &bases{vars: map[*Variable]bool{}, opaque: true}
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range d.fn.Instrs {
			in := &d.fn.Instrs[i]
			for _, r := range results(in) {
				b := regs[r]
				if b == nil {
					b = &bases{vars: map[*Variable]bool{}}
					regs[r] = b
				}
				changed = b.add(flow(in, regs)) || changed
			}
		}
	}
	for _, o := range d.origins {
		for v := range source(o.operand, regs).variables() {
			switch at, ok := d.shared[v]; {
			case ok && v.Size > 0:
				o.within = append(o.within, sharedVar{v, at, uint64(v.Size), v.Name})
			case ok: // dynamic: up to the end of shared memory
				o.within = append(o.within, sharedVar{v, at, 1 << 32, v.Name})
			case v.Space == Local:
				o.within = append(o.within, sharedVar{v, uint64(d.fc.varAt[v]), uint64(v.Size), v.Name})
			}
		}
		slices.SortFunc(o.within, func(a, b sharedVar) int { return cmp.Compare(a.offset, b.offset) })
	}
	d.origins = nil
}

// variables returns the variables of which an address certainly points into one, or nil.
func (b bases) variables() map[*Variable]bool {
	if b.lost || b.opaque {
		return nil
	}
	return b.vars
}

// add merges more into b, and reports whether anything changed.
func (b *bases) add(more bases) (changed bool) {
	for v := range more.vars {
		if !b.vars[v] {
			b.vars[v], changed = true, true
		}
	}
	if more.lost && !b.lost {
		b.lost, changed = true, true
	}
	if more.opaque && !b.opaque {
		b.opaque, changed = true, true
	}
	return changed
}

// results lists the registers that an instruction may write.
func results(in *Instr) []*Register {
	switch in.Op {
	case "st", "red", "bra", "bar", "barrier", "cp", "ret", "exit":
		return nil
	}
	var list []*Register
	var note func(o *Operand)
	note = func(o *Operand) {
		if o.Kind == OperandReg && o.Reg.Type != Pred {
			list = append(list, o.Reg)
		}
		for i := range o.Elems {
			note(&o.Elems[i])
		}
	}
	if len(in.Args) > 0 {
		note(&in.Args[0])
	}
	return list
}

// source returns what an operand points into.
func source(o *Operand, regs map[*Register]*bases) bases {
	if o.Var != nil && (o.Kind == OperandSymbol || o.Kind == OperandAddress) {
		if o.Var.Space == Shared || o.Var.Space == Local {
			return bases{vars: map[*Variable]bool{o.Var: true}}
		}
		return bases{}
	}
	if o.Reg != nil {
		if b := regs[o.Reg]; b != nil {
			return *b
		}
	}
	all := bases{}
	for i := range o.Elems {
		if b := source(&o.Elems[i], regs); len(b.vars) > 0 || b.lost {
			all.lost = true
		}
	}
	return all
}

func (b bases) pointer() bool { return b.lost || len(b.vars) > 0 }

// flow returns what the result of an instruction points into.
func flow(in *Instr, regs map[*Register]*bases) bases {
	switch in.Op {
	case "mov", "cvta", "cvt", "mapa", "selp", "add", "sub", "mul", "mad", "shl", "shr", "and", "or", "xor", "not", "min", "max":
	case "setp", "set", "isspacep", "getctarank":
		return bases{}
	default: // loaded from memory, or not followed
		return bases{opaque: true}
	}
	if len(in.Args) < 2 {
		return bases{opaque: true}
	}
	args := make([]bases, 0, 4)
	pointers, last, opaque := 0, 0, false
	for i := range in.Args[1:] {
		b := source(&in.Args[i+1], regs)
		args = append(args, b)
		opaque = opaque || b.opaque
		if b.pointer() {
			pointers++
			last = i
		}
	}
	both := bases{vars: map[*Variable]bool{}}
	switch {
	case pointers == 0:
		return bases{opaque: opaque}
	case in.Op == "selp" && len(args) == 3:
		both.add(args[0])
		both.add(args[1])
		return both
	case pointers > 1 || in.Args[0].Kind == OperandVector || in.Args[1].Kind == OperandVector:
	case in.Op == "mov", in.Op == "cvt", in.Op == "cvta", in.Op == "mapa", in.Op == "add",
		in.Op == "sub" && last == 0, in.Op == "mad" && last == 2:
		return args[last] // a move, or a non-address was added
	}
	return bases{lost: true}
}

// strays reports whether n bytes at addr lie outside the variables that the address was derived
// from. Addresses are relative to the same base as the variables' offsets.
func (o *origin) strays(addr, n uint64) bool {
	if o == nil || len(o.within) == 0 {
		return false
	}
	for _, v := range o.within {
		if addr >= v.offset && addr+n <= v.offset+v.size {
			return false
		}
	}
	return true
}

// describe says where an address lies relative to the variable that it was derived from.
func (o *origin) describe(space Space, addr uint64) string {
	best := ""
	for _, v := range o.within {
		switch {
		case addr < v.offset && best == "":
			return fmt.Sprintf("%d bytes before .%s %s, of which the address was made", v.offset-addr, space, v.name)
		case addr >= v.offset+v.size:
			best = fmt.Sprintf("%d bytes past the end of .%s %s of %d bytes, of which the address was made", addr-v.offset-v.size, space, v.name, v.size)
		}
	}
	return best
}
