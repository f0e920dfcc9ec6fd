package emulator

import (
	"math"
	"slices"
)

// Operands: registers, constants, special registers and addresses become register numbers. Also the
// modifiers of an instruction.

// constant returns the number of a register that holds v.
func (d *decoder) constant(v uint64, wide bool) int32 {
	key := constKey{wide, v}
	if s, ok := d.consts[key]; ok {
		return s
	}
	var s int32
	if wide {
		s = int32(d.fc.n64)
		d.fc.n64++
		d.fc.consts64 = append(d.fc.consts64, constSlot{s, v})
	} else {
		s = int32(d.fc.n32)
		d.fc.n32++
		d.fc.consts32 = append(d.fc.consts32, constSlot{s, v})
	}
	d.consts[key] = s
	return s
}

// immediate returns the bits of a constant operand as type t.
func (d *decoder) immediate(a *Operand, t Type) uint64 {
	var v uint64
	switch {
	case a.Kind == OperandInt && t.Float():
		d.refuse("%d is an integer, expected a number of .%s: 1.0 is one of .f32 and .f64, and 0f3F800000 is its bits", int64(a.Int), t)
	case a.Kind == OperandFloat && t != F32 && t != F64 && (t != B32 || !a.Single) && (t != B64 || a.Single):
		d.refuse("a floating-point constant, expected one of .%s", t)
	case a.Kind == OperandFloat && t == F64:
		v = math.Float64bits(a.Float)
	case a.Kind == OperandFloat && t.Bits() == 32:
		if a.Single {
			v = a.Int
		} else {
			v = uint64(math.Float32bits(float32(a.Float)))
		}
	case a.Kind == OperandFloat:
		v = math.Float64bits(a.Float)
	default:
		v = a.Int
	}
	if n := t.Bits(); n < 64 && n > 0 {
		v &= 1<<n - 1
	}
	return v
}

// src returns the register that holds operand a, read as type t, and whether it is a 64-bit
// register. Loose operands may be wider than t.
func (d *decoder) src(a *Operand, t Type, loose bool) (slot int32, wide bool) {
	if t.Bits() > 64 {
		d.refuse("unsupported type")
	}
	switch a.Kind {
	case OperandReg:
		r := a.Reg
		if r.Type == Pred {
			d.refuse("operand %s is a predicate", r.Name)
		}
		d.whole(a)
		if n := r.Type.Bits(); n != t.Bits() && !(loose && n > t.Bits()) || n > 64 {
			d.refuse("register %s is .%s, expected %d bits", r.Name, r.Type, t.Bits())
		}
		d.sameKind(r, t)
		slot, wide = d.slots[r], r.Type.Bits() == 64
	case OperandInt, OperandFloat:
		wide = t.Bits() == 64
		slot = d.constant(d.immediate(a, t), wide)
		return
	case OperandSpecial:
		return d.special(a, t)
	case OperandSymbol, OperandFunc:
		if name := a.Name; !takesAddress[d.in.Op] && (a.Kind == OperandFunc || a.Offset == 0) {
			if a.Kind == OperandSymbol {
				name = a.Var.Name
			}
			d.refuse("the address of %s can't stand here: a mov, such as mov.u64, takes it to a register first", name)
		}
		return d.symbol(a, t), t.Bits() == 64
	default:
		d.refuse("operand is not a register or constant")
	}
	d.use(slot, wide)
	return
}

// takesAddress is the set of instructions in which a variable's name means its address.
var takesAddress = map[string]bool{"mov": true, "cvta": true, "mapa": true, "call": true}

// dropsResult is the set of instructions whose result may be _.
var dropsResult = map[string]bool{"setp": true, "lop3": true, "elect": true, "match": true, "shfl": true, "atom": true, "mbarrier": true, "call": true}

func (d *decoder) use(slot int32, wide bool) {
	if wide {
		d.o.uses = append(d.o.uses, bank64|slot)
	} else {
		d.o.uses = append(d.o.uses, bank32|slot)
	}
}

func (d *decoder) define(slot int32, wide bool) {
	if wide {
		d.o.defs = append(d.o.defs, bank64|slot)
	} else {
		d.o.defs = append(d.o.defs, bank32|slot)
	}
}

// dst returns the register that operand a names as a result of type t.
func (d *decoder) dst(a *Operand, t Type, loose bool) (slot int32, wide bool) {
	if t.Bits() > 64 {
		d.refuse("unsupported type")
	}
	if a.Kind == OperandSink {
		if !dropsResult[d.in.Op] {
			d.refuse("_ can't stand here: the result goes to a register")
		}
		wide = t.Bits() == 64
		return d.scratch(wide), wide
	}
	if a.Kind != OperandReg || a.Reg.Type == Pred {
		d.refuse("the result is not a register")
	}
	d.whole(a)
	r := a.Reg
	if n := r.Type.Bits(); n != t.Bits() && !(loose && n > t.Bits()) || n > 64 {
		d.refuse("register %s is .%s, expected %d bits", r.Name, r.Type, t.Bits())
	}
	d.sameKind(r, t)
	slot, wide = d.slots[r], r.Type.Bits() == 64
	d.define(slot, wide)
	return
}

// sameKind refuses a register whose type is of another kind than t, as NVIDIA's assembler does: an
// integer register where floating-point numbers are computed, or the reverse. The types .b8 to
// .b128 match every kind.
func (d *decoder) sameKind(r *Register, t Type) {
	if r.Type.bare() || t.bare() || r.Type == t || !r.Type.Float() && !t.Float() {
		return
	}
	d.refuse("register %s is .%s, expected .%s: cvt converts numbers, mov.b%d copies their bits", r.Name, r.Type, t, r.Type.Bits())
}

// halves returns the first of the two 64-bit registers that make up a .b128 register.
func (d *decoder) halves(a *Operand, dst bool) int32 {
	if a.Kind != OperandReg || a.Reg.Type != B128 {
		d.refuse("operand is not a .b128 register")
	}
	d.whole(a)
	s := d.slots[a.Reg]
	for k := range int32(2) {
		if dst {
			d.define(s+k, true)
		} else {
			d.use(s+k, true)
		}
	}
	return s
}

// whole refuses parts of registers and minus signs, which only video instructions allow, and a
// second result, which few instructions allow; their decoders remove these first.
func (d *decoder) whole(a *Operand) {
	if a.Second != nil {
		d.refuse("a predicate after |, which this instruction does not have")
	}
	if a.Part != "" || a.Neg {
		d.refuse("operand %s has a part or a minus sign", a.Reg.Name)
	}
}

// scratch allocates an unnamed register.
func (d *decoder) scratch(wide bool) int32 {
	if wide {
		d.fc.n64++
		return int32(d.fc.n64 - 1)
	}
	d.fc.n32++
	return int32(d.fc.n32 - 1)
}

// pdst returns the predicate that operand a names as a result.
func (d *decoder) pdst(a *Operand) int32 {
	if a.Kind == OperandSink {
		if !dropsResult[d.in.Op] {
			d.refuse("_ can't stand here: the result goes to a predicate")
		}
		d.fc.np++
		return int32(d.fc.np - 1)
	}
	if a.Kind != OperandReg || a.Reg.Type != Pred || a.Not {
		d.refuse("the result is not a predicate")
	}
	d.whole(a)
	s := d.slots[a.Reg]
	d.o.defs = append(d.o.defs, bankP|s)
	return s
}

// psrc returns the predicate that operand a reads, and the mask that negates it.
func (d *decoder) psrc(a *Operand) (slot int32, not uint32) {
	if a.Kind == OperandInt { // a constant: the predicate that is always true, or its negation
		if a.Int == 0 {
			return 0, fullMask
		}
		return 0, 0
	}
	if a.Kind == OperandSpecial && specials[a.Name].kind == spFalse {
		if d.in.Op != "mov" {
			d.refuse("%s can't stand here: a mov.pred takes it to a register first", a.Name)
		}
		return 0, fullMask
	}
	if a.Kind != OperandReg || a.Reg.Type != Pred {
		d.refuse("operand is not a predicate")
	}
	d.whole(a)
	s := d.slots[a.Reg]
	d.o.uses = append(d.o.uses, bankP|s)
	if a.Not {
		not = fullMask
	}
	return s, not
}

// special returns the register that stands for a special register.
func (d *decoder) special(a *Operand, t Type) (slot int32, wide bool) {
	info := specials[a.Name]
	if info.kind == spFalse {
		d.refuse("%s is a predicate", a.Name)
	}
	if t.Float() {
		d.refuse("%s is an integer, expected a .%s", a.Name, t)
	}
	widths := info.widths(a.Name)
	most := widths[len(widths)-1]
	if !slices.Contains(widths, t.Bits()) && (d.in.Op != "cvt" || most < t.Bits()) {
		d.refuse("%s has %d bits, expected .u%d", a.Name, most, most)
	}
	wide = t.Bits() == 64
	key := a.Name
	if wide {
		key += "/64"
	}
	volatile := info.kind >= spClock
	slot, ok := d.specs[key]
	if !ok {
		slot = d.scratch(wide)
		d.specs[key] = slot
		if !volatile {
			if wide {
				d.fc.specials64 = append(d.fc.specials64, specialSlot{slot, info.kind})
			} else {
				d.fc.specials32 = append(d.fc.specials32, specialSlot{slot, info.kind})
			}
		}
	}
	if volatile {
		d.prefix(op{run: readClock, d: slot, x: &extra{v: info.kind, wide: wide}})
	}
	return slot, wide
}

// symbol returns a register that holds the address of a variable or function.
func (d *decoder) symbol(a *Operand, t Type) int32 {
	wide := t.Bits() == 64
	if t.Float() && a.Kind == OperandSymbol {
		d.refuse("the address of %s is an integer, expected a .%s", a.Var.Name, t)
	}
	if !wide && t.Bits() != 32 {
		d.refuse("an address does not fit .%s", t)
	}
	if a.Kind == OperandFunc {
		f := d.prog.mod.Function(a.Name)
		if f == nil || !wide {
			d.refuse("%q is not a function or variable", a.Name)
		}
		return d.constant(d.prog.funcs[f.Name], true)
	}
	v := a.Var
	switch v.Space {
	case Global, Const:
		if !wide {
			d.refuse("the address of %s has 64 bits", v.Name)
		}
		return d.constant(d.prog.addrs[v]+uint64(a.Offset), true)
	case Shared:
		at, ok := d.shared[v]
		if !ok {
			d.refuse("shared variable %s has no place", v.Name)
		}
		return d.constant(uint64(int64(at)+a.Offset), wide)
	case Param:
		if d.fn.Entry {
			for i, pv := range d.fn.Params {
				if pv == v {
					return d.constant(uint64(int64(d.kern.Params[i].Offset)+a.Offset), wide)
				}
			}
		}
		// The .param variables of functions follow the kernel's parameters in the parameter space.
		return d.constant(uint64(frameParams+d.fc.varAt[v]+a.Offset), wide)
	case Local:
		slot := d.scratch(wide)
		d.prefix(op{run: localAddress, d: slot, imm: uint64(d.fc.varAt[v] + a.Offset), x: &extra{wide: wide}})
		return slot
	}
	d.refuse("%s has no address", v.Name)
	return 0
}

// frameParams is where the .param variables of the running function begin in the parameter space;
// the kernel's parameters lie below.
const frameParams = 1 << 24

// args checks the number of operands.
func (d *decoder) args(n int) []Operand {
	if len(d.in.Args) != n {
		d.refuse("%d operands, expected %d", len(d.in.Args), n)
	}
	return d.in.Args
}

// modset is the modifiers of an instruction, classified.
type modset struct {
	has   map[string]bool // the modifiers that are not types
	types []Type          // in order
	rest  []string        // those that are not types, in order
}

func (d *decoder) mods() modset {
	m := modset{has: map[string]bool{}}
	for _, w := range d.in.Mods {
		if t, ok := typeByName[w]; ok {
			m.types = append(m.types, t)
		} else {
			m.has[w] = true
			m.rest = append(m.rest, w)
		}
	}
	return m
}

// allow refuses modifiers that are not in the list.
func (d *decoder) allow(m modset, words ...string) {
next:
	for _, w := range m.rest {
		for _, x := range words {
			if w == x {
				continue next
			}
		}
		d.refuse("unknown modifier .%s", w)
	}
}

// one returns the only type of the instruction.
func (d *decoder) one(m modset) Type {
	if len(m.types) != 1 {
		d.refuse("%d types, expected 1", len(m.types))
	}
	return m.types[0]
}
