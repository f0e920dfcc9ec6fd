package emulator

import (
	"strconv"
	"strings"
)

// Scopes: name resolution for registers and variables, and .reg declarations.

// scope holds the names of one { } block.
type scope struct {
	regs   map[string]*Register
	vecs   map[string][]*Register // .reg .v2 and .v4
	vars   map[string]*Variable
	ranges []regRange
}

// regRange is ".reg .f32 %f<100>". Its registers are created when they are first named, so that a
// large range costs nothing.
type regRange struct {
	prefix string
	count  uint64
	typ    Type
}

// lookup returns what a name refers to: a *Register, a []*Register, a *Variable, or nil.
func (p *parser) lookup(name string) any {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		s := p.scopes[i]
		if r, ok := s.regs[name]; ok {
			return r
		}
		if v, ok := s.vars[name]; ok {
			return v
		}
		if v, ok := s.vecs[name]; ok {
			return v
		}
		for _, rg := range s.ranges {
			if digits, ok := strings.CutPrefix(name, rg.prefix); ok && digits != "" {
				n, err := strconv.ParseUint(digits, 10, 64)
				if err == nil && n < rg.count && (digits[0] != '0' || digits == "0") {
					return p.newReg(s, name, rg.typ)
				}
			}
		}
	}
	if v, ok := p.mod.varByName[name]; ok {
		return v
	}
	return nil
}

func (p *parser) newReg(s *scope, name string, t Type) *Register {
	r := &Register{Name: name, Type: t}
	s.regs[name] = r
	p.fn.Regs = append(p.fn.Regs, r)
	return r
}

func (p *parser) top() *scope { return p.scopes[len(p.scopes)-1] }

func (p *parser) push() {
	p.enter()
	p.scopes = append(p.scopes, &scope{regs: map[string]*Register{}, vars: map[string]*Variable{}, vecs: map[string][]*Register{}})
}

func (p *parser) pop() {
	p.leave()
	p.scopes = p.scopes[:len(p.scopes)-1]
}

// declared fails if the innermost scope already has this name.
func (p *parser) declared(name string, pos Pos) {
	s := p.top()
	if s.regs[name] != nil || s.vars[name] != nil || s.vecs[name] != nil {
		p.fail(pos, "%q is declared twice in one scope", clip(name))
	}
}

// registers parses a .reg declaration.
func (p *parser) registers() {
	p.advance()
	vec := 1
	var t Type
	for p.tok.kind == tokDot {
		switch w := p.tok.text; w {
		case "v2":
			vec = 2
		case "v4":
			vec = 4
		default:
			var ok bool
			if t, ok = typeByName[w]; !ok {
				p.fail(p.tok.pos, "unknown register type .%s", clip(w))
			}
		}
		p.advance()
	}
	if t == TypeNone {
		p.fail(p.tok.pos, "expected a type after .reg, found %s", p.tok.describe())
	}
	for {
		pos := p.tok.pos
		name := p.ident("a register's name")
		s := p.top()
		if p.accept("<") {
			n := p.constInt("in a register range")
			p.expect(">", "after a register range")
			if vec != 1 {
				p.fail(pos, "a range of vector registers is not supported")
			}
			s.ranges = append(s.ranges, regRange{name, n, t})
		} else {
			p.declared(name, pos)
			if vec == 1 {
				p.newReg(s, name, t)
			} else {
				var list []*Register
				for _, c := range []string{".x", ".y", ".z", ".w"}[:vec] {
					r := &Register{Name: name + c, Type: t}
					p.fn.Regs = append(p.fn.Regs, r)
					list = append(list, r)
				}
				s.vecs[name] = list
			}
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect(";", "after .reg")
}
