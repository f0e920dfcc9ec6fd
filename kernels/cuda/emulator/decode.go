package emulator

import (
	"fmt"
	"math"
)

// Decoding turns every instruction into an op once, when a module is loaded: a
// handler and the numbers of the registers that it works on. Constants and the
// special registers get register numbers too, so that handlers know one kind of
// operand only.

// funcCode is a decoded function.
type funcCode struct {
	fn            *Function
	entry         int32
	n32, n64, np  int
	consts32      []constSlot
	consts64      []constSlot
	specials32    []specialSlot
	specials64    []specialSlot
	paramBytes    int // .param memory of one call, a lane
	localBytes    uint64
	varAt         map[*Variable]int64 // of .param and .local variables
	formals, rets []*Variable
	locals        []*Variable
	init          []uint32 // with checks: which registers hold a value at the start
	names         []string // of the registers, in the order of init
	slots         map[*Register]int32
}

type constSlot struct {
	slot  int32
	value uint64
}

type specialSlot struct {
	slot int32
	kind specialKind
}

// The bits of frame.init: predicates, then 32-bit, then 64-bit registers. While a
// function is decoded the numbers of registers are not known, so uses and defs
// hold bank<<24 | slot until the end.
const (
	bankP  = 0 << 28
	bank32 = 1 << 28
	bank64 = 2 << 28
)

type constKey struct {
	wide  bool
	value uint64
}

type decoder struct {
	prog *Program
	kern *Kernel
	fc   *funcCode
	fn   *Function
	in   *Instr
	o    *op // the op at hand

	slots  map[*Register]int32
	consts map[constKey]int32
	specs  map[string]int32
	queue  []*Function
	codes  map[*Function]*funcCode
	shared map[*Variable]uint64
	fixups []fixup
}

// fixup is a branch whose target is known when the function ends.
type fixup struct {
	at    int32
	label *label
	list  []string
	fc    *funcCode
}

// refuse leaves the decoder with a LoadError about the instruction at hand.
func (d *decoder) refuse(format string, args ...any) {
	e := &LoadError{File: d.kern.file, Reason: fmt.Sprintf(format, args...)}
	if d.in != nil {
		e.Pos, e.Instr = d.in.Pos, d.in.Name()
	} else if d.fn != nil {
		e.Pos = d.fn.Pos
	}
	panic(refusal{e})
}

type refusal struct{ err *LoadError }

func (p *Program) decodeKernel(f *Function) (k *Kernel, err error) {
	k = &Kernel{Name: f.Name, file: p.mod.File, machine: p.machine, prog: p, entries: map[uint64]*funcCode{}}
	d := &decoder{prog: p, kern: k, codes: map[*Function]*funcCode{}, shared: map[*Variable]uint64{}}
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(refusal)
			if !ok {
				panic(r)
			}
			k, err = nil, b.err
		}
	}()
	d.fn = f
	off := 0
	for _, v := range f.Params {
		off = (off + v.Align - 1) / v.Align * v.Align
		if v.Size > 32<<10 || off > 32<<10 {
			d.refuse("parameters of more than 32 KiB")
		}
		k.Params = append(k.Params, KernelParam{v.Name, v.Type, off, int(v.Size)})
		off += int(v.Size)
	}
	k.paramBytes = off
	k.main = d.code(f)
	// Shared memory first: its offsets are constants of the code.
	d.placeShared()
	for len(d.queue) > 0 {
		fn := d.queue[0]
		d.queue = d.queue[1:]
		d.function(fn)
	}
	for i := range k.ops {
		k.ops[i].at = int32(i)
	}
	// A warp looks at the next op's rank before it sees that no lane is left, so
	// there is one more op, which never runs.
	k.ops = append(k.ops, op{in: &Instr{Pos: f.Pos, Op: "ret"}, rank: math.MaxInt32})
	for f, fc := range d.codes {
		k.entries[p.funcs[f.Name]] = fc
	}
	return k, nil
}

// code gives the funcCode of f, to be decoded if it is new.
func (d *decoder) code(f *Function) *funcCode {
	if fc := d.codes[f]; fc != nil {
		return fc
	}
	fc := &funcCode{fn: f, varAt: map[*Variable]int64{}, formals: f.Params, rets: f.Returns}
	d.codes[f] = fc
	d.queue = append(d.queue, f)
	at := int64(0)
	place := func(list []*Variable) {
		for _, v := range list {
			if v.IsReg || v.Space != Param {
				continue
			}
			at = (at + int64(v.Align) - 1) / int64(v.Align) * int64(v.Align)
			fc.varAt[v] = at
			at += v.Size
			if at > 1<<20 {
				d.refuse("function %s has more than 1 MiB of .param variables", f.Name)
			}
		}
	}
	if !f.Entry {
		place(f.Params)
		place(f.Returns)
	}
	place(f.Vars)
	fc.paramBytes = int(at+15) / 16 * 16
	local := int64(0)
	for _, v := range f.Vars {
		if v.Space != Local {
			continue
		}
		// A gap after each variable, so that an index past its end is found.
		local = (local + int64(v.Align) - 1) / int64(v.Align) * int64(v.Align)
		fc.varAt[v] = local
		fc.locals = append(fc.locals, v)
		local += v.Size + localGap
		if local > maxLocal {
			d.refuse("function %s has more than %d bytes of .local variables", f.Name, maxLocal)
		}
	}
	fc.localBytes = uint64(local+15) / 16 * 16
	return fc
}

const (
	maxLocal = 512 << 10 // bytes of local memory of a thread, as PTX has it
	localGap = 16
)

// placeShared finds the shared variables that the kernel can reach.
func (d *decoder) placeShared() {
	seen := map[*Function]bool{}
	used := map[*Variable]bool{}
	var dynamic []*Variable
	var list []*Variable
	note := func(v *Variable) {
		if v == nil || v.Space != Shared || used[v] {
			return
		}
		used[v] = true
		if v.Size == 0 {
			dynamic = append(dynamic, v)
		} else {
			list = append(list, v)
		}
	}
	var walk func(f *Function)
	var operand func(o *Operand)
	indirect := false
	operand = func(o *Operand) {
		note(o.Var)
		if o.Kind == OperandFunc {
			if f := d.prog.mod.Function(o.Name); f != nil {
				walk(f)
			}
		}
		for i := range o.Elems {
			operand(&o.Elems[i])
		}
	}
	walk = func(f *Function) {
		if seen[f] {
			return
		}
		seen[f] = true
		for _, v := range f.Vars {
			note(v)
		}
		for i := range f.Instrs {
			in := &f.Instrs[i]
			for j := range in.Args {
				operand(&in.Args[j])
				if in.Op == "call" && in.Args[j].Kind == OperandReg {
					indirect = true
				}
			}
		}
	}
	walk(d.fn)
	if indirect { // any function may be called
		for _, f := range d.prog.mod.Funcs {
			if !f.Entry && !f.Extern {
				walk(f)
				d.code(f)
			}
		}
	}
	at := uint64(0)
	for _, v := range list {
		at = (at + uint64(v.Align) - 1) / uint64(v.Align) * uint64(v.Align)
		d.shared[v] = at
		d.kern.shared = append(d.kern.shared, sharedVar{v, at, uint64(v.Size), v.Name})
		at += uint64(v.Size)
		if at > d.prog.machine.opts.SharedBytes {
			d.in = nil
			d.refuse("kernel %s has more than %d bytes of .shared variables", d.kern.Name, d.prog.machine.opts.SharedBytes)
		}
	}
	align := uint64(16)
	for _, v := range dynamic {
		align = max(align, uint64(v.Align))
	}
	if len(dynamic) > 0 {
		at = (at + align - 1) / align * align
	}
	for _, v := range dynamic {
		d.shared[v] = at
		d.kern.shared = append(d.kern.shared, sharedVar{v, at, 0, v.Name})
	}
	d.kern.sharedBytes = at
}

// function decodes the body of f.
func (d *decoder) function(f *Function) {
	fc := d.codes[f]
	d.fc, d.fn = fc, f
	d.slots, d.consts, d.specs, d.fixups = map[*Register]int32{}, map[constKey]int32{}, map[string]int32{}, nil
	fc.slots = d.slots
	fc.np = 1
	for _, r := range f.Regs {
		switch {
		case r.Type == Pred:
			d.slots[r] = int32(fc.np)
			fc.np++
		case r.Type.Bits() == 64:
			d.slots[r] = int32(fc.n64)
			fc.n64++
		case r.Type.Bits() <= 32:
			d.slots[r] = int32(fc.n32)
			fc.n32++
		default:
			d.in = nil
			d.refuse("register %s: .%s registers are not supported", r.Name, r.Type)
		}
	}
	lo := int32(len(d.kern.ops))
	fc.entry = lo
	starts := make([]int32, len(f.Instrs)+1)
	for i := range f.Instrs {
		starts[i] = int32(len(d.kern.ops))
		d.in = &f.Instrs[i]
		d.instruction()
	}
	starts[len(f.Instrs)] = int32(len(d.kern.ops))
	// Whoever runs off the end leaves the function.
	end := Instr{Pos: f.Pos, Op: "ret"}
	if n := len(f.Instrs); n > 0 {
		end.Pos = f.Instrs[n-1].Pos
	}
	d.in = &end
	d.instruction()
	hi := int32(len(d.kern.ops))
	for _, fx := range d.fixups {
		o := &d.kern.ops[fx.at]
		if fx.label != nil {
			o.c = starts[fx.label.target]
			continue
		}
		for _, name := range fx.list {
			o.x.targets = append(o.x.targets, starts[f.labels[name].target])
		}
	}
	ranks := order(lo, hi, func(i int32) ([]int32, bool) {
		o := &d.kern.ops[i]
		switch o.in.Op {
		case "bra":
			if o.x != nil && o.x.prefix {
				return nil, true
			}
			return []int32{o.c}, o.guard != 0
		case "brx":
			if o.x.targets == nil {
				return nil, true
			}
			return o.x.targets, o.guard != 0
		case "ret", "exit", "trap":
			return nil, o.guard != 0
		}
		return nil, true
	})
	for i := range ranks {
		d.kern.ops[lo+int32(i)].rank = lo + ranks[i]
	}
	d.finishChecks(fc, lo, hi)
}

// instruction decodes d.in.
func (d *decoder) instruction() {
	in := d.in
	dec, ok := decoders[in.Op]
	if !ok {
		d.refuse("unsupported instruction")
	}
	o := op{in: in}
	if in.Guard != nil {
		o.guard = d.slots[in.Guard]
		if in.Not {
			o.not = fullMask
		}
		o.uses = append(o.uses, bankP|o.guard)
	}
	d.o = &o
	dec(d)
	if o.run == nil {
		d.refuse("unsupported form")
	}
	d.kern.ops = append(d.kern.ops, o)
}

// prefix puts a small op before the one at hand.
func (d *decoder) prefix(p op) {
	p.in = d.in
	if p.x == nil {
		p.x = &extra{}
	}
	p.x.prefix = true
	d.kern.ops = append(d.kern.ops, p)
}

// next is the number that the op at hand will have.
func (d *decoder) here() int32 { return int32(len(d.kern.ops)) }

// extra is what few ops need.
type extra struct {
	prefix  bool // belongs to the op that follows
	memory  bool // an access, for the counters, that has no checked handler
	targets []int32
	vec     []int32 // registers of a vector; -1 is the sink
	wides   []bool
	n       int
	size    int
	space   Space
	typ     Type
	strong  bool // volatile, relaxed, acquire or release
	acquire bool
	release bool
	cta     bool // scope of the block only
	signed  bool
	wide    bool
	vmask   uint32
	f1      func(a uint64) uint64
	f2      func(a, b uint64) uint64
	f3      func(a, b, c uint64) uint64
	args    []binding
	rets    []binding
	callee  *funcCode
	v       any
	flops   int
}

// constant gives the number of a register that holds v.
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

// immediate gives the bits of a constant operand as type t.
func (d *decoder) immediate(a *Operand, t Type) uint64 {
	var v uint64
	switch {
	case a.Kind == OperandFloat && t == F64:
		v = math.Float64bits(a.Float)
	case a.Kind == OperandFloat && t.Bits() == 32:
		if a.Single {
			v = a.Int
		} else {
			v = uint64(math.Float32bits(float32(a.Float)))
		}
	case a.Kind == OperandFloat && a.Single: // bits of a float in a wider or narrower type
		v = a.Int
	case a.Kind == OperandFloat && t.Bits() == 64:
		v = math.Float64bits(a.Float)
	case a.Kind == OperandFloat:
		d.refuse("a floating constant is no .%s", t)
	case t == F32:
		v = uint64(math.Float32bits(float32(int64(a.Int))))
	case t == F64:
		v = math.Float64bits(float64(int64(a.Int)))
	default:
		v = a.Int
	}
	if n := t.Bits(); n < 64 && n > 0 {
		v &= 1<<n - 1
	}
	return v
}

// src gives the register that holds operand a, which is read as type t, and
// whether it is a 64-bit one. Loose operands may be wider than t.
func (d *decoder) src(a *Operand, t Type, loose bool) (slot int32, wide bool) {
	switch a.Kind {
	case OperandReg:
		r := a.Reg
		if r.Type == Pred {
			d.refuse("operand %s is a predicate", r.Name)
		}
		if n := r.Type.Bits(); n != t.Bits() && !(loose && n > t.Bits()) {
			d.refuse("register %s is .%s, expected %d bits", r.Name, r.Type, t.Bits())
		}
		slot, wide = d.slots[r], r.Type.Bits() == 64
	case OperandInt, OperandFloat:
		wide = t.Bits() == 64
		slot = d.constant(d.immediate(a, t), wide)
		return
	case OperandSpecial:
		return d.special(a, t)
	case OperandSymbol, OperandFunc:
		return d.symbol(a, t), t.Bits() == 64
	default:
		d.refuse("operand is not a register or constant")
	}
	d.use(slot, wide)
	return
}

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

// dst gives the register that operand a names as the result of type t.
func (d *decoder) dst(a *Operand, t Type, loose bool) (slot int32, wide bool) {
	if a.Kind == OperandSink {
		wide = t.Bits() == 64
		return d.scratch(wide), wide
	}
	if a.Kind != OperandReg || a.Reg.Type == Pred {
		d.refuse("the result is not a register")
	}
	r := a.Reg
	if n := r.Type.Bits(); n != t.Bits() && !(loose && n > t.Bits()) {
		d.refuse("register %s is .%s, expected %d bits", r.Name, r.Type, t.Bits())
	}
	slot, wide = d.slots[r], r.Type.Bits() == 64
	d.define(slot, wide)
	return
}

// scratch makes a register that no name refers to.
func (d *decoder) scratch(wide bool) int32 {
	if wide {
		d.fc.n64++
		return int32(d.fc.n64 - 1)
	}
	d.fc.n32++
	return int32(d.fc.n32 - 1)
}

// pdst gives the predicate that operand a names as a result.
func (d *decoder) pdst(a *Operand) int32 {
	if a.Kind == OperandSink {
		d.fc.np++
		return int32(d.fc.np - 1)
	}
	if a.Kind != OperandReg || a.Reg.Type != Pred || a.Not {
		d.refuse("the result is not a predicate")
	}
	s := d.slots[a.Reg]
	d.o.defs = append(d.o.defs, bankP|s)
	return s
}

// psrc gives the predicate that operand a reads, and the mask to negate it.
func (d *decoder) psrc(a *Operand) (slot int32, not uint32) {
	if a.Kind == OperandInt { // a constant: the predicate that is always true, or its negation
		if a.Int == 0 {
			return 0, fullMask
		}
		return 0, 0
	}
	if a.Kind != OperandReg || a.Reg.Type != Pred {
		d.refuse("operand is not a predicate")
	}
	s := d.slots[a.Reg]
	d.o.uses = append(d.o.uses, bankP|s)
	if a.Not {
		not = fullMask
	}
	return s, not
}

// special gives the register that stands for a special register.
func (d *decoder) special(a *Operand, t Type) (slot int32, wide bool) {
	info := specials[a.Name]
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

// symbol gives a register that holds the address of a variable or function.
func (d *decoder) symbol(a *Operand, t Type) int32 {
	wide := t.Bits() == 64
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
		// Parameters of functions follow the kernel's in the parameter space.
		return d.constant(uint64(frameParams+d.fc.varAt[v]+a.Offset), wide)
	case Local:
		slot := d.scratch(wide)
		d.prefix(op{run: localAddress, d: slot, imm: uint64(d.fc.varAt[v] + a.Offset), x: &extra{wide: wide}})
		return slot
	}
	d.refuse("%s has no address", v.Name)
	return 0
}

// frameParams is where, in the parameter space, the .param variables of the
// function that runs begin; the kernel's parameters are below.
const frameParams = 1 << 24

// args checks how many operands there are.
func (d *decoder) args(n int) []Operand {
	if len(d.in.Args) != n {
		d.refuse("%d operands, expected %d", len(d.in.Args), n)
	}
	return d.in.Args
}

// mods takes the modifiers apart: it removes those in the list that are there,
// and says which; the rest must be types.
type modset struct {
	has   map[string]bool
	types []Type
	rest  []string
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

// one gives the only type of the instruction.
func (d *decoder) one(m modset) Type {
	if len(m.types) != 1 {
		d.refuse("%d types, expected 1", len(m.types))
	}
	return m.types[0]
}
