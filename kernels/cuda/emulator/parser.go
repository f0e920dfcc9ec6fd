package emulator

import (
	"regexp"
	"strconv"
	"strings"
)

// A recursive-descent parser with two tokens of look-ahead. It resolves register and variable names
// as it goes; labels and functions may come later in the text, so they are resolved at the end of
// the function or file.

// maxNesting is how deep scopes, expressions and initialisers may nest.
const maxNesting = 200

type parser struct {
	lexer
	tok, ahead token
	hasAhead   bool
	mod        *Module
	fn         *Function
	scopes     []*scope
	depth      int
	pending    []*Operand // names to resolve at the end of the file
	source     sourceLine // of the last .loc
}

// Parse parses the text of a PTX file. The name is only used in messages. The error, if any, is a
// *SyntaxError.
func Parse(filename, source string) (mod *Module, err error) {
	p := &parser{lexer: lexer{file: filename, src: source, line: 1}}
	p.mod = &Module{File: filename, AddressSize: 64,
		funcByName: map[string]*Function{}, varByName: map[string]*Variable{}, aliases: map[string]string{}, files: map[int64]string{}}
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(bail)
			if !ok {
				panic(r)
			}
			mod, err = nil, b.err
		}
	}()
	p.advance()
	p.file_()
	return p.mod, nil
}

func (p *parser) advance() {
	if p.hasAhead {
		p.tok, p.hasAhead = p.ahead, false
		return
	}
	p.tok = p.next()
}

func (p *parser) peek() token {
	if !p.hasAhead {
		p.ahead, p.hasAhead = p.next(), true
	}
	return p.ahead
}

func (p *parser) is(punct string) bool { return p.tok.kind == tokPunct && p.tok.text == punct }
func (p *parser) isDot(word string) bool {
	return p.tok.kind == tokDot && p.tok.text == word
}

func (p *parser) accept(punct string) bool {
	if p.is(punct) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(punct, where string) {
	if !p.accept(punct) {
		p.fail(p.tok.pos, "expected %q %s, found %s", punct, where, p.tok.describe())
	}
}

func (p *parser) ident(what string) string {
	if p.tok.kind != tokIdent {
		p.fail(p.tok.pos, "expected %s, found %s", what, p.tok.describe())
	}
	s := p.tok.text
	p.advance()
	return s
}

func (p *parser) enter() {
	if p.depth++; p.depth > maxNesting {
		p.fail(p.tok.pos, "nested deeper than %d levels", maxNesting)
	}
}

func (p *parser) leave() { p.depth-- }

// targetName matches an operand of .target: an architecture or one of four options.
var targetName = regexp.MustCompile(`^((sm|compute)_[1-9][0-9]{1,2}[af]?|texmode_unified|texmode_independent|debug|map_f64_to_f32)$`)

// file_ parses the directives of the file.
func (p *parser) file_() {
	if !p.isDot("version") {
		p.fail(p.tok.pos, "a PTX file begins with .version, found %s", p.tok.describe())
	}
	for p.tok.kind != tokEOF {
		if p.accept(";") {
			continue
		}
		if p.is("@@") { // @@DWARF lines of old compilers
			line := p.tok.pos.Line
			for p.tok.kind != tokEOF && p.tok.pos.Line == line {
				p.advance()
			}
			continue
		}
		if p.tok.kind != tokDot {
			p.fail(p.tok.pos, "expected a directive, found %s", p.tok.describe())
		}
		p.directive()
	}
	if len(p.mod.Targets) == 0 {
		p.fail(p.tok.pos, "the file has no .target, expected one such as .target sm_70 after its .version")
	}
	for _, o := range p.pending {
		p.resolveLate(o)
	}
	for _, v := range p.mod.Vars {
		p.checkInit(v)
	}
	for _, f := range p.mod.Funcs {
		for _, v := range f.Vars {
			p.checkInit(v)
		}
	}
	for from, to := range p.mod.aliases {
		if p.mod.funcByName[to] == nil {
			p.fail(p.tok.pos, ".alias %s names %s, which is no function", from, to)
		}
	}
}

func (p *parser) checkInit(v *Variable) {
	for _, it := range v.Init {
		if it.symbol != "" && p.mod.varByName[it.symbol] == nil && p.mod.Function(it.symbol) == nil {
			p.fail(it.pos, "initialiser names %q, which is not declared", clip(it.symbol))
		}
	}
}

func (p *parser) directive() {
	pos := p.tok.pos
	switch p.tok.text {
	case "version":
		p.advance()
		p.version(pos)
	case "target":
		p.advance()
		for {
			at, name := p.tok.pos, p.ident("a target such as sm_70")
			if !targetName.MatchString(name) {
				p.fail(at, "no target is called %q, expected one such as sm_70", clip(name))
			}
			p.mod.Targets = append(p.mod.Targets, name)
			if !p.accept(",") {
				break
			}
		}
	case "address_size":
		p.advance()
		n := p.constInt("after .address_size")
		if n != 32 && n != 64 {
			p.fail(pos, ".address_size is %d, expected 32 or 64", n)
		}
		p.mod.AddressSize = int(n)
	case "file", "loc":
		p.debugLine()
	case "section":
		p.section()
	case "pragma":
		p.pragma()
	case "alias":
		p.advance()
		from := p.ident("a function's name")
		p.expect(",", "in .alias")
		p.mod.aliases[from] = p.ident("a function's name")
		p.expect(";", "after .alias")
	case "entry", "func":
		p.function(false)
	case "extern", "visible", "weak", "common":
		extern := p.tok.text == "extern"
		p.advance()
		if p.isDot("entry") || p.isDot("func") {
			p.function(extern)
		} else {
			p.variables(extern)
		}
	case "global", "const", "shared", "tex", "local":
		p.variables(false)
	default:
		p.fail(pos, "unknown directive .%s", clip(p.tok.text))
	}
}

func (p *parser) version(pos Pos) {
	if p.tok.kind != tokFloat && p.tok.kind != tokInt {
		p.fail(p.tok.pos, "expected a version such as 7.0, found %s", p.tok.describe())
	}
	major, minor, _ := strings.Cut(p.tok.text, ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	if err1 != nil || err2 != nil {
		p.fail(p.tok.pos, "malformed version %s", p.tok.describe())
	}
	p.advance()
	if a < 3 || a > 9 { // before 3.0 some instructions had other defaults
		p.fail(pos, "PTX version %d.%d is not supported, expected 3.0 to 9.x", a, b)
	}
	p.mod.VersionMajor, p.mod.VersionMinor = a, b
}

// debugLine parses .file and .loc, which have no terminating semicolon:
//
//	.file 1 "kernel.cu"
//	.loc 1 12 5, function_name $L__info0, inlined_at 1 30 2
func (p *parser) debugLine() {
	loc := p.tok.text == "loc"
	p.advance()
	var numbers []int64
	name := ""
	for p.tok.kind == tokInt || p.tok.kind == tokString || p.is(",") {
		comma := p.is(",")
		if p.tok.kind == tokInt && len(numbers) < 2 {
			n, _ := strconv.ParseInt(p.tok.text, 0, 64)
			numbers = append(numbers, n)
		} else if p.tok.kind == tokString && name == "" {
			name = p.tok.text
		}
		p.advance()
		if comma && p.tok.kind == tokIdent && loc {
			switch p.tok.text {
			case "function_name", "inlined_at":
				p.advance()
				if p.tok.kind == tokIdent {
					p.advance()
					if p.accept("+") && p.tok.kind == tokInt {
						p.advance()
					}
				}
			}
		}
	}
	switch {
	case loc && len(numbers) == 2:
		p.source = sourceLine{numbers[0], numbers[1]}
	case !loc && len(numbers) > 0:
		p.mod.files[numbers[0]] = name
	}
}

// section skips a .section and its braces.
func (p *parser) section() {
	p.advance()
	if p.tok.kind == tokDot || p.tok.kind == tokIdent || p.tok.kind == tokString {
		p.advance()
	}
	p.expect("{", "after .section")
	for !p.is("}") {
		if p.tok.kind == tokEOF {
			p.fail(p.tok.pos, ".section is not closed")
		}
		p.advance()
	}
	p.advance()
}

func (p *parser) pragma() {
	p.advance()
	for {
		if p.tok.kind != tokString {
			p.fail(p.tok.pos, "expected a string after .pragma, found %s", p.tok.describe())
		}
		p.advance()
		if !p.accept(",") {
			break
		}
	}
	p.expect(";", "after .pragma")
}

// constInt parses a constant expression that must not be negative.
func (p *parser) constInt(where string) uint64 {
	pos := p.tok.pos
	v := p.expression()
	if v.isFloat || v.symbol != "" {
		p.fail(pos, "expected an integer %s", where)
	}
	if int64(v.bits) < 0 {
		p.fail(pos, "value %d %s is negative", int64(v.bits), where)
	}
	return v.bits
}
