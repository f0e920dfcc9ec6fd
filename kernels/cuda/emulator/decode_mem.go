package emulator

import (
	"slices"
	"strings"
)

// Decoding of ld, st and similar instructions.

func init() {
	register(map[string]func(*decoder){
		"ld": decodeLoad, "ldu": decodeLoad, "st": decodeStore,
		"prefetch": decodeHint, "prefetchu": decodeHint, "applypriority": decodeHint, "discard": decodeHint,
		"createpolicy": decodePolicy,
	})
}

// hint reports whether a modifier concerns caches only and changes no result.
func hint(w string) bool {
	switch w {
	case "ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "nontemporal", "unified", "weak":
		return true
	}
	return strings.HasPrefix(w, "L1::") || strings.HasPrefix(w, "L2::") || strings.HasPrefix(w, "level::")
}

// access is the modifiers of a memory instruction, decoded.
type access struct {
	space   Space
	vec     int
	typ     Type
	strong  bool
	acquire bool
	release bool
	cta     bool
	cache   bool // .L2::cache_hint: there is one more operand
	rest    []string
}

func (d *decoder) access() access {
	a := access{vec: 1}
	for _, w := range d.in.Mods {
		if t, ok := typeByName[w]; ok {
			a.typ = t
			continue
		}
		if s, ok := spaceByName[w]; ok {
			a.space = s
			continue
		}
		switch w {
		case "v2":
			a.vec = 2
		case "v4":
			a.vec = 4
		case "v8":
			a.vec = 8
		case "volatile", "relaxed", "mmio":
			a.strong = true
		case "acquire":
			a.strong, a.acquire = true, true
		case "release":
			a.strong, a.release = true, true
		case "acq_rel":
			a.strong, a.acquire, a.release = true, true, true
		case "cta":
			a.cta = true
		case "gpu", "sys", "cluster", "gl":
		case "shared::cluster":
			a.space = Shared
		default:
			if w == "L2::cache_hint" {
				a.cache = true
			}
			if !hint(w) {
				a.rest = append(a.rest, w)
			}
		}
	}
	return a
}

// checkOrder refuses combinations of memory order, scope and cache hint that are invalid or not
// supported by the instruction.
func (d *decoder) checkOrder() {
	has := func(words ...string) string {
		for _, w := range d.in.Mods {
			if slices.Contains(words, w) {
				return w
			}
		}
		return ""
	}
	order, scope := has("relaxed", "acquire", "release", "acq_rel"), has("cta", "cluster", "gpu", "sys")
	load := d.in.Op == "ld"
	switch {
	case order != "" && scope == "":
		d.refuse(".%s needs a scope, such as .gpu", order)
	case order == "" && scope != "" && has("mmio") == "":
		d.refuse(".%s needs an order of memory, such as .relaxed", scope)
	case load && (order == "release" || order == "acq_rel"), d.in.Op == "st" && (order == "acquire" || order == "acq_rel"):
		d.refuse("%s has no .%s", d.in.Op, order)
	case load && has("wb", "wt") != "", d.in.Op == "st" && has("ca", "lu", "cv") != "":
		d.refuse("%s has no .%s", d.in.Op, has("wb", "wt", "ca", "lu", "cv"))
	}
}

// place decodes an address operand into o.a, o.imm, x.wide and x.space.
func (d *decoder) place(a *Operand, space Space) {
	o := d.o
	if a.Kind != OperandAddress || len(a.Elems) > 0 {
		d.refuse("expected an address in brackets, such as [x] or [x+4]")
	}
	o.x.space = space
	o.x.origin = d.originOf(a)
	o.imm = uint64(a.Offset)
	switch {
	case a.Reg != nil:
		n := a.Reg.Type.Bits()
		if t := a.Reg.Type; t.Float() {
			d.refuse("address register %s is .%s, expected an integer of 64 bits", a.Reg.Name, t)
		}
		if n != 64 && (n != 32 || space == Generic || space == Global || space == Const) {
			d.refuse("address register %s is .%s, expected 64 bits", a.Reg.Name, a.Reg.Type)
		}
		o.a, o.x.wide = d.slots[a.Reg], n == 64
		d.use(o.a, n == 64)
	case a.Var != nil:
		v := a.Var
		switch {
		case v.IsReg:
			d.refuse("%s is a register", v.Name)
		case space == Generic:
			d.refuse("variable %s needs its space .%s on the instruction", v.Name, v.Space)
		case v.Space != space:
			d.refuse("variable %s is in .%s, not in .%s", v.Name, v.Space, space)
		}
		sym := *a
		sym.Kind = OperandSymbol
		sym.Offset = 0
		o.a, o.x.wide = d.symbol(&sym, U64), true
	case space != Local:
		d.refuse("a number as an address is for .local alone, expected a register or a variable")
	default:
		o.a, o.x.wide = d.constant(0, true), true
	}
}

// kernelParam returns the offset of the kernel parameter that a names, or -1.
func (d *decoder) kernelParam(a *Operand) int64 {
	if a.Kind != OperandAddress || a.Var == nil || a.Var.Space != Param || !d.fn.Entry {
		return -1
	}
	for i, v := range d.fn.Params {
		if v == a.Var {
			return int64(d.kern.Params[i].Offset) + a.Offset
		}
	}
	return -1
}

// elems sets the registers of a load or store: one, or the elements of a vector.
func (d *decoder) elems(a *Operand, ac access, load bool) {
	list := []Operand{*a}
	if ac.vec > 1 {
		if a.Kind != OperandVector || len(a.Elems) != ac.vec {
			d.refuse("expected a vector of %d elements", ac.vec)
		}
		list = a.Elems
	} else if a.Kind == OperandVector {
		if len(a.Elems) != 1 {
			d.refuse("a vector, but the instruction has no .v%d", len(a.Elems))
		}
		list = a.Elems
	}
	d.alike(list)
	if load && ac.vec > 1 && !slices.ContainsFunc(list, func(e Operand) bool { return e.Kind != OperandSink }) {
		d.refuse("every element is _, expected a register")
	}
	x := d.o.x
	x.vmask = fullMask
	if ac.typ == B128 { // as two 64-bit elements
		if ac.vec > 1 || ac.strong {
			d.refuse(".b128 is loaded and stored alone, and weakly")
		}
		s := d.halves(&list[0], load)
		x.vec, x.wides = []int32{s, s + 1}, []bool{true, true}
		ac.typ, list = B64, nil
	}
	for i := range list {
		e := &list[i]
		if load && e.Kind == OperandSink && ac.vec > 1 {
			x.vec, x.wides = append(x.vec, -1), append(x.wides, false)
			continue
		}
		var s int32
		var wide bool
		if load {
			s, wide = d.dst(e, ac.typ, true)
			if e.Kind == OperandReg && e.Reg.Type.Bits() == 16 {
				x.vmask = 0xffff
			} else if e.Kind == OperandReg && e.Reg.Type.Bits() == 8 {
				x.vmask = 0xff
			}
		} else {
			s, wide = d.src(e, ac.typ, d.in.Op == "st")
		}
		x.vec, x.wides = append(x.vec, s), append(x.wides, wide)
	}
	x.n, x.typ, x.size = len(x.vec), ac.typ, ac.typ.Size()
	x.signed = ac.typ.Signed() && !ac.typ.Float() && ac.typ.Bits() < 64
	x.strong, x.acquire, x.release, x.cta = ac.strong, ac.acquire, ac.release, ac.cta
	if ac.typ == TypeNone || ac.typ == Pred || x.size*x.n > 32 {
		d.refuse("unsupported type")
	}
}

func decodeLoad(d *decoder) {
	ac := d.access()
	if len(ac.rest) > 0 {
		d.refuse("unknown modifier .%s", ac.rest[0])
	}
	if d.in.Op == "ldu" && ac.space != Global && ac.space != Generic {
		d.refuse("ldu loads from .global")
	}
	d.checkOrder()
	n := 2
	if ac.cache {
		n = 3
	}
	a := d.args(n)
	o := d.o
	o.x = &extra{}
	if off := d.kernelParam(&a[1]); off >= 0 && ac.space == Param {
		d.elems(&a[0], ac, true)
		if off+int64(o.x.n*o.x.size) > int64(d.kern.paramBytes) {
			d.refuse("reads past the parameters")
		}
		o.x.space = Param
		o.imm, o.run = uint64(off), loadParam
		return
	}
	d.place(&a[1], ac.space)
	d.elems(&a[0], ac, true)
	o.run = loadGeneral
	o.checked = checkedAccess(accessRead)
	x := o.x
	narrow := true
	for k, wide := range x.wides {
		narrow = narrow && !wide && x.vec[k] >= 0
	}
	if !hostLittle || !narrow || x.size != 4 || x.strong {
		return
	}
	o.d = x.vec[0]
	switch {
	case x.space == Shared && x.n == 1:
		o.run = loadShared32
	case x.space == Shared && x.n <= 4:
		o.run = loadSharedVec
	case (x.space == Global || x.space == Generic || x.space == Const) && x.n == 1:
		o.run = loadGlobal32
	case (x.space == Global || x.space == Generic || x.space == Const) && x.n <= 4:
		o.run = loadGlobalVec
	}
}

func decodeStore(d *decoder) {
	if len(d.in.Mods) > 0 && d.in.Mods[0] == "async" {
		decodeStoreAsync(d)
		return
	}
	ac := d.access()
	if len(ac.rest) > 0 {
		d.refuse("unknown modifier .%s", ac.rest[0])
	}
	if ac.space == Const {
		d.refuse("constant memory is not written")
	}
	d.checkOrder()
	n := 2
	if ac.cache {
		n = 3
	}
	a := d.args(n)
	o := d.o
	o.x = &extra{}
	if d.kernelParam(&a[0]) >= 0 {
		d.refuse("a kernel does not write its parameters")
	}
	d.place(&a[0], ac.space)
	d.elems(&a[1], ac, false)
	o.run = storeGeneral
	o.checked = checkedAccess(accessWrite)
	x := o.x
	if !hostLittle || x.size != 4 || x.strong || x.n > 4 {
		return
	}
	for _, wide := range x.wides {
		if wide {
			return
		}
	}
	o.b = x.vec[0]
	switch {
	case x.n > 1 && (x.space == Shared || x.space == Global || x.space == Generic):
		o.run = storeVec
	case x.space == Shared:
		o.run = storeShared32
	case x.space == Global || x.space == Generic:
		o.run = storeGlobal32
	}
}

// decodeHint decodes an instruction that is only a cache hint about an address; for discard and
// applypriority, about 128 bytes from there.
func decodeHint(d *decoder) {
	n := 1
	if d.in.Op == "discard" || d.in.Op == "applypriority" {
		n = 2
	}
	if a := d.args(n); n == 2 && (a[1].Kind != OperandInt || a[1].Int != 128) {
		d.refuse("expected 128, the number of bytes")
	}
	space := d.access().space
	if v := d.in.Args[0].Var; v != nil && space == Generic && v.Space != Global {
		d.refuse("variable %s is in .%s, expected one in .global", v.Name, v.Space)
	}
	d.o.x = &extra{}
	if a := d.in.Args[0]; a.Kind != OperandAddress || space != Generic || a.Var == nil { // here a variable's name is an address in .global
		d.place(&d.in.Args[0], space)
	}
	nothing(d)
}

// decodeNumber decodes an instruction that only passes a number to the hardware.
func decodeNumber(d *decoder) {
	if a := d.args(1)[0]; a.Kind != OperandInt {
		d.refuse("expected a constant")
	}
	nothing(d)
}

// nothing decodes an instruction that has no effect here.
func nothing(d *decoder) { d.o.run = func(*warp, *op, uint32) {} }

// decodePolicy decodes createpolicy, whose result, a 64-bit cache policy, has no meaning here.
func decodePolicy(d *decoder) {
	a := d.args(len(d.in.Args))
	if len(a) == 0 {
		d.refuse("no operands")
	}
	d.o.d, _ = d.dst(&a[0], B64, false)
	d.o.a = d.constant(0, true)
	d.o.pure, d.o.run = 2, movB64
}
