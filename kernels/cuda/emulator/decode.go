package emulator

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// Decoding turns every instruction into an op once, when a module is loaded: a handler and the
// numbers of its registers. Constants and special registers get register numbers, too, so that
// handlers deal with one kind of operand only.

// funcCode is a decoded function.
type funcCode struct {
	fn            *Function
	entry         int32
	n32, n64, np  int
	named32       int // of n32 and n64, the registers that the text names; they come first
	named64       int
	consts32      []constSlot
	consts64      []constSlot
	specials32    []specialSlot
	specials64    []specialSlot
	paramBytes    int // bytes of .param memory per lane and call
	localBytes    uint64
	varAt         map[*Variable]int64 // offsets of .param and .local variables
	formals, rets []*Variable
	locals        []*Variable
	init          []uint32 // with checks: which registers are initialised at the start
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

// The banks of frame.init: predicates, then 32-bit, then 64-bit registers. The number of registers
// is known only at the end of a function; until then uses and defs hold bank|slot.
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
	o    *op // the current op

	slots  map[*Register]int32
	consts map[constKey]int32
	specs  map[string]int32
	queue  []*Function
	codes  map[*Function]*funcCode
	shared map[*Variable]uint64
	fixups []fixup

	origins []*origin // of the accesses in the current function
}

// fixup is a branch whose target is resolved at the end of the function.
type fixup struct {
	at    int32
	label *label
	list  []string
	fc    *funcCode
}

// refuse aborts decoding with a LoadError about the current instruction.
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
	if f.Cluster {
		d.refuse("clusters of more than one block are not supported")
	}
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
	// Shared memory comes first: its offsets are constants in the code.
	d.placeShared()
	for len(d.queue) > 0 {
		fn := d.queue[0]
		d.queue = d.queue[1:]
		d.function(fn)
	}
	for i := range k.ops {
		k.ops[i].at = int32(i)
	}
	// A warp looks at the next op's rank before it notices that no lanes are left, so one more op
	// follows, which never runs.
	k.ops = append(k.ops, op{in: &Instr{Pos: f.Pos, Op: "ret"}, rank: math.MaxInt32})
	for f, fc := range d.codes {
		k.entries[p.funcs[f.Name]] = fc
	}
	return k, nil
}

// function decodes the body of f.
func (d *decoder) function(f *Function) {
	fc := d.codes[f]
	d.fc, d.fn = fc, f
	d.slots, d.consts, d.specs, d.fixups = map[*Register]int32{}, map[constKey]int32{}, map[string]int32{}, nil
	d.origins = nil
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
		case r.Type == B128: // two 64-bit registers, the low half first
			d.slots[r] = int32(fc.n64)
			fc.n64 += 2
		case r.Type.Bits() <= 32:
			d.slots[r] = int32(fc.n32)
			fc.n32++
		default:
			d.in = nil
			d.refuse("register %s: .%s registers are not supported", r.Name, r.Type)
		}
	}
	fc.named32, fc.named64 = fc.n32, fc.n64
	lo := int32(len(d.kern.ops))
	fc.entry = lo
	starts := make([]int32, len(f.Instrs)+1)
	for i := range f.Instrs {
		starts[i] = int32(len(d.kern.ops))
		d.in = &f.Instrs[i]
		d.instruction()
	}
	starts[len(f.Instrs)] = int32(len(d.kern.ops))
	// A lane that runs past the last instruction returns.
	end := Instr{Pos: f.Pos, Op: "ret"}
	if n := len(f.Instrs); n > 0 {
		end.Pos = f.Instrs[n-1].Pos
	}
	d.in = &end
	d.instruction()
	hi := int32(len(d.kern.ops))
	d.findOrigins()
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

// decoders maps an opcode to its decoder.
var decoders map[string]func(*decoder)

func register(table map[string]func(*decoder)) {
	if decoders == nil {
		decoders = map[string]func(*decoder){}
	}
	for name, f := range table {
		decoders[name] = f
	}
}

// instruction decodes d.in.
func (d *decoder) instruction() {
	in := d.in
	dec, ok := decoders[in.Op]
	if !ok {
		d.refuse("unsupported instruction; the nearest: %s", Nearest(in.Op, slices.Sorted(maps.Keys(decoders))))
	}
	d.checkRequirements()
	d.checkTypes()
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

// prefix inserts a small op before the current one.
func (d *decoder) prefix(p op) {
	p.in = d.in
	if p.x == nil {
		p.x = &extra{}
	}
	p.x.prefix = true
	d.kern.ops = append(d.kern.ops, p)
}

// here returns the index that the current op will have.
func (d *decoder) here() int32 { return int32(len(d.kern.ops)) }

// extra holds fields that only some ops need.
type extra struct {
	prefix  bool // belongs to the op that follows
	memory  bool // a memory access without a checked handler; for the counters
	targets []int32
	vec     []int32 // registers of a vector; -1 is the sink
	wides   []bool
	n       int
	size    int
	space   Space
	origin  *origin // of the address, if bounds are checked
	typ     Type
	strong  bool // volatile, relaxed, acquire or release
	acquire bool
	release bool
	cta     bool // scope is the block only
	signed  bool
	wide    bool
	vmask   uint32
	args    []binding
	rets    []binding
	callee  *funcCode
	v       any
	flops   int
}
