package emulator

import (
	"fmt"
	"path/filepath"
	"sort"
)

// Pos is a position in a PTX file; Line and Col count from 1.
type Pos struct {
	Line, Col int32
}

// SyntaxError says where and why a text is not PTX that this package can parse.
type SyntaxError struct {
	File   string // the name passed to Parse
	Pos    Pos    // position in the text
	Reason string // what was found and what was expected
}

// Error gives "file:line:column: reason".
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Pos.Line, e.Pos.Col, e.Reason)
}

// Module is a parsed PTX file. Names are resolved; instructions are not yet checked, which
// Machine.Load does.
type Module struct {
	File         string      // the name passed to Parse
	VersionMajor int         // of .version
	VersionMinor int         // of .version
	Targets      []string    // of .target, such as sm_70
	AddressSize  int         // 32 or 64 bits
	Vars         []*Variable // module-level .global, .const and .shared variables
	Funcs        []*Function // in file order; prototypes are replaced by their definitions

	funcByName map[string]*Function
	varByName  map[string]*Variable
	aliases    map[string]string
	files      map[int64]string // by their numbers in .file
}

// sourceLine is the operand of .loc: a line of a file in another language.
type sourceLine struct {
	file, line int64
}

// source returns the line that an instruction was compiled from, such as kernel.cu:12, or "" if the
// file does not say.
func (m *Module) source(in *Instr) string {
	if in.source.line <= 0 || m.files[in.source.file] == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", filepath.Base(m.files[in.source.file]), in.source.line)
}

// Function is a .entry (a kernel) or a .func.
type Function struct {
	Name    string      // as in the file
	Pos     Pos         // of its declaration
	Entry   bool        // a kernel; otherwise a .func
	Extern  bool        // declared here, never defined
	Returns []*Variable // of a .func
	Params  []*Variable // in order
	Instrs  []Instr     // the body
	Regs    []*Register // registers that the body names
	Vars    []*Variable // .shared, .local, .param, .global and .const variables of the body

	ReqThreads [3]uint32 // .reqntid, zero if absent
	MaxThreads uint32    // product of .maxntid or .reqntid, 0 if absent
	Cluster    bool      // .reqnctapercluster requires more than one block

	labels map[string]*label
	module *Module
}

// label is a position in a body, or a list of names for a branch or a call.
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
	Type Type   // as declared
}

// Variable is named memory: a parameter or a variable of any space.
type Variable struct {
	Name   string     // as declared
	Pos    Pos        // of its declaration
	Space  Space      // global, shared, …
	Type   Type       // of an element
	Align  int        // bytes
	Size   int64      // bytes; 0 for an array without a size
	Extern bool       // declared here, defined elsewhere or by the launch
	Array  bool       // declared with [ ]
	IsReg  bool       // a .reg parameter of a .func
	Reg    *Register  // if IsReg
	Init   []initItem // initial values; zeros if nil
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
	Pos   Pos       // its position
	Op    string    // "ld"
	Mods  []string  // "global", "v4", "f32"
	Args  []Operand // in order
	Guard *Register // nil if unconditional
	Not   bool      // the guard is @!p

	source sourceLine
}

// Name returns the opcode with its modifiers, such as "ld.global.f32".
func (in *Instr) Name() string {
	s := in.Op
	for _, m := range in.Mods {
		s += "." + m
	}
	return s
}

// OperandKind is the kind of an operand.
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
	Kind   OperandKind // says which of the fields below are used
	Pos    Pos         // its position
	Not    bool        // !p
	Single bool        // a float written 0f…, with the bits of a float32
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

// Kernels lists the module's .entry functions that have a body, sorted by name.
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

// Function returns the function with that name, or nil.
func (m *Module) Function(name string) *Function {
	if to, ok := m.aliases[name]; ok {
		name = to
	}
	return m.funcByName[name]
}
