package emulator

import "fmt"

// Program is a module loaded on a machine: its variables have memory and its kernels are decoded.
type Program struct {
	mod     *Module
	machine *Machine
	kernels map[string]*Kernel
	addrs   map[*Variable]uint64 // of global and const variables
	funcs   map[string]uint64    // addresses of functions
	vars    []*allocation
}

// Kernel is a .entry that can be launched.
type Kernel struct {
	Name   string        // as in the file
	Params []KernelParam // in order

	file        string
	machine     *Machine
	prog        *Program
	ops         []op
	main        *funcCode
	paramBytes  int
	sharedBytes uint64 // static, with the padding before the dynamic part
	gapBytes    uint64 // the part of sharedBytes that exists for the checks only
	shared      []sharedVar
	gaps        []gap                // between the shared variables
	entries     map[uint64]*funcCode // by address, for indirect calls
}

// KernelParam is one parameter of a kernel and its position in the parameter bytes.
type KernelParam struct {
	Name         string // as in the file
	Type         Type   // of an element
	Offset, Size int    // in bytes
}

// sharedVar is the placement of a shared variable.
type sharedVar struct {
	v      *Variable
	offset uint64
	size   uint64
	name   string
}

// StaticShared returns the bytes of shared memory per block, without the dynamic part.
func (k *Kernel) StaticShared() int { return int(k.sharedBytes - k.gapBytes) }

// Registers returns how many 32-bit registers, 64-bit registers and predicates the kernel's own
// body names.
func (k *Kernel) Registers() (n32, n64, preds int) {
	for _, r := range k.main.fn.Regs {
		switch {
		case r.Type == Pred:
			preds++
		case r.Type == B128:
			n64 += 2
		case r.Type.Bits() == 64:
			n64++
		default:
			n32++
		}
	}
	return
}

// LoadError is an instruction or declaration that this emulator does not support or PTX does not
// allow.
type LoadError struct {
	File   string // the name passed to Parse
	Pos    Pos    // position in the file
	Instr  string // the instruction or declaration
	Reason string // why it is refused
}

// Error gives "file:line: instruction: reason".
func (e *LoadError) Error() string {
	s := fmt.Sprintf("%s:%d: ", e.File, e.Pos.Line)
	if e.Instr != "" {
		s += e.Instr + ": "
	}
	return s + e.Reason
}

// Load allocates the module's variables and decodes its kernels. The error is a *LoadError or an
// *OutOfMemoryError.
func (m *Machine) Load(mod *Module) (*Program, error) {
	p := &Program{mod: mod, machine: m, kernels: map[string]*Kernel{}, addrs: map[*Variable]uint64{}, funcs: map[string]uint64{}}
	if mod.AddressSize != 64 {
		return nil, &LoadError{File: mod.File, Pos: Pos{1, 1}, Reason: "only .address_size 64 is supported"}
	}
	has, target := mod.VersionMajor*10+mod.VersionMinor, mod.target()
	if least := firstVersions[target]; has < least {
		return nil, &LoadError{File: mod.File, Pos: Pos{1, 1}, Reason: fmt.Sprintf(".target sm_%d needs .version %d.%d or later; the file has %d.%d", target, least/10, least%10, has/10, has%10)}
	}
	for i, f := range mod.Funcs {
		p.funcs[f.Name] = funcWindow + uint64(i+1)*16
	}
	if err := p.place(); err != nil {
		p.Unload()
		return nil, err
	}
	for _, f := range mod.Funcs {
		if !f.Entry || f.Extern {
			continue
		}
		k, err := p.decodeKernel(f)
		if err != nil {
			p.Unload()
			return nil, err
		}
		p.kernels[f.Name] = k
	}
	return p, nil
}

// Unload frees the memory of the program's variables.
func (p *Program) Unload() {
	for _, a := range p.vars {
		a.kind = kindAlloc
		_ = p.machine.mem.free(a.base)
	}
	p.vars = nil
}

// Kernel returns the kernel with that name, or an error.
func (p *Program) Kernel(name string) (*Kernel, error) {
	if k := p.kernels[name]; k != nil {
		return k, nil
	}
	names := p.mod.Kernels()
	if len(names) == 0 {
		return nil, fmt.Errorf("emulator: %s has no kernels", p.mod.File)
	}
	return nil, fmt.Errorf("emulator: %s has no kernel %q; the nearest of its %d: %s", p.mod.File, name, len(names), Nearest(name, names))
}

// Global returns the address and size of a module-level .global or .const variable.
func (p *Program) Global(name string) (Address, uint64, error) {
	v := p.mod.varByName[name]
	if v == nil || p.addrs[v] == 0 {
		return 0, 0, fmt.Errorf("emulator: %s has no global variable %q", p.mod.File, name)
	}
	return p.addrs[v], uint64(v.Size), nil
}

// place allocates and initialises the global and const variables.
func (p *Program) place() error {
	list := append([]*Variable(nil), p.mod.Vars...)
	for _, f := range p.mod.Funcs {
		list = append(list, f.Vars...)
	}
	at := map[*Variable]*allocation{}
	consts := int64(0)
	for _, v := range list {
		if v.Space != Global && v.Space != Const {
			continue
		}
		if v.Extern {
			return &LoadError{File: p.mod.File, Pos: v.Pos, Reason: fmt.Sprintf("variable %s is .extern and defined nowhere", v.Name)}
		}
		kind := kindGlobal
		if v.Space == Const {
			kind = kindConst
			if consts += v.Size; consts > 64<<10 {
				return &LoadError{File: p.mod.File, Pos: v.Pos, Reason: "more than 64 KiB of .const variables"}
			}
		}
		a, err := p.machine.mem.alloc(uint64(v.Size), kind, v.Name, true)
		if err != nil {
			return err
		}
		p.vars = append(p.vars, a)
		p.addrs[v] = a.base
		at[v] = a
	}
	for v, a := range at {
		for _, it := range v.Init {
			bits := it.bits
			if it.symbol != "" {
				if t := p.mod.varByName[it.symbol]; t != nil {
					base, ok := p.addrs[t]
					if !ok {
						return &LoadError{File: p.mod.File, Pos: it.pos, Reason: fmt.Sprintf("%s is not a .global or .const variable", it.symbol)}
					}
					bits += base
				} else {
					bits += p.funcs[p.mod.Function(it.symbol).Name]
				}
			}
			storeBytes(a.data[it.offset:it.offset+int64(it.size)], bits)
		}
	}
	return nil
}
