package emulator

import (
	"fmt"
	"path/filepath"
	"sort"
)

// Pos is a place in a PTX file, Line and Col, which count from 1.
type Pos struct {
	Line, Col int32
}

// SyntaxError says where and why a text is not the PTX that this package reads.
type SyntaxError struct {
	File   string // the name that the text was given
	Pos    Pos    // where in it
	Reason string // what was found and what was expected
}

// Error gives "file:line:column: reason".
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Pos.Line, e.Pos.Col, e.Reason)
}

// Module is a parsed PTX file. Its names are resolved, its instructions are not
// yet checked: Machine.Load does that.
type Module struct {
	File         string      // the name that the text was given
	VersionMajor int         // of .version
	VersionMinor int         // of .version
	Targets      []string    // of .target: sm_70
	AddressSize  int         // 32 or 64 bits
	Vars         []*Variable // module-level .global, .const and .shared variables
	Funcs        []*Function // in the order of the file; prototypes are replaced by their definitions

	funcByName map[string]*Function
	varByName  map[string]*Variable
	aliases    map[string]string
	files      map[int64]string // by their numbers in .file
}

// sourceLine is what .loc says: a line of a file of another language.
type sourceLine struct {
	file, line int64
}

// source names the line that an instruction was compiled from: kernel.cu:12; empty
// if the file does not say.
func (m *Module) source(in *Instr) string {
	if in.source.line <= 0 || m.files[in.source.file] == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", filepath.Base(m.files[in.source.file]), in.source.line)
}

// Function is a .entry (a kernel) or a .func.
type Function struct {
	Name    string      // as errors and callers know it
	Pos     Pos         // of its declaration
	Entry   bool        // a kernel; else a .func
	Extern  bool        // declared here, never defined
	Returns []*Variable // of a .func
	Params  []*Variable // in their order
	Instrs  []Instr     // the body
	Regs    []*Register // those that the body mentions
	Vars    []*Variable // .shared, .local, .param, .global and .const variables of the body

	ReqThreads [3]uint32 // .reqntid, zero where not given
	MaxThreads uint32    // product of .maxntid or .reqntid, 0 where not given
	Cluster    bool      // .reqnctapercluster asks for more than one block

	labels map[string]*label
	module *Module
}

// label is a place in a body, or a list of names given to a branch or a call.
type label struct {
	name   string
	target int      // index of the next instruction
	list   []string // .branchtargets, .calltargets
	isList bool
	proto  *Function // .callprototype
	pos    Pos
}

// Register is one PTX register of a function.
type Register struct {
	Name string // with its %, if it has one
	Type Type   // as it was declared
}

// Variable is memory that has a name: a parameter or a variable of any space.
type Variable struct {
	Name   string     // as it was declared
	Pos    Pos        // of its declaration
	Space  Space      // global, shared, …
	Type   Type       // of an element
	Align  int        // bytes
	Size   int64      // bytes; 0 for an array without a size
	Extern bool       // declared here, defined elsewhere or by the launch
	Array  bool       // it was declared with [ ]
	IsReg  bool       // a .reg parameter of a .func
	Reg    *Register  // where IsReg
	Init   []initItem // the first values; zeros where nil
}

// initItem is one element of an initialiser.
type initItem struct {
	offset int64
	size   int
	bits   uint64
	symbol string // address of this variable or function, plus bits
	pos    Pos
}

// Instr is one instruction: an opcode, its modifiers and its operands.
type Instr struct {
	Pos   Pos       // where it stands
	Op    string    // "ld"
	Mods  []string  // "global", "v4", "f32"
	Args  []Operand // in their order
	Guard *Register // nil if unconditional
	Not   bool      // the guard is @!p

	source sourceLine
}

// Name gives the opcode with its modifiers, such as "ld.global.f32".
func (in *Instr) Name() string {
	s := in.Op
	for _, m := range in.Mods {
		s += "." + m
	}
	return s
}

// OperandKind says what an operand is.
type OperandKind uint8

// The kinds of operands.
const (
	OperandReg     OperandKind = iota // a register, perhaps negated: %r1, !%p1
	OperandInt                        // an integer constant
	OperandFloat                      // a floating-point constant
	OperandVector                     // {a, b, …}
	OperandAddress                    // [a+4]
	OperandSymbol                     // the address of a variable, plus an offset
	OperandFunc                       // the name of a function
	OperandLabel                      // the name of a label
	OperandSpecial                    // %tid.x
	OperandList                       // (a, b) of a call
	OperandSink                       // _
)

// Operand is one operand of an instruction.
type Operand struct {
	Kind   OperandKind // says which of the fields below count
	Pos    Pos         // where it stands
	Not    bool        // !p
	Single bool        // a float written 0f…, whose bits are exactly single
	Reg    *Register   // a register, or the base of an address
	Int    uint64      // integer, or bits of a 0f… float
	Float  float64     // value of a float
	Var    *Variable   // of an address or symbol
	Offset int64       // of an address or symbol
	Name   string      // of a function, a label, a special register or a vector of those
	Elems  []Operand   // of a vector or list
	Second *Operand    // q of p|q
	Part   string      // h0 of a.h0, in a video instruction
	Neg    bool        // -a, in a video instruction
}

// Kernels lists the names of the module's entries that have a body, sorted.
func (m *Module) Kernels() []string {
	var names []string
	for _, f := range m.Funcs {
		if f.Entry && !f.Extern {
			names = append(names, f.Name)
		}
	}
	sort.Strings(names)
	return names
}

// Function gives the function of that name, or nil.
func (m *Module) Function(name string) *Function {
	if to, ok := m.aliases[name]; ok {
		name = to
	}
	return m.funcByName[name]
}
