package emulator

import "math"

// Variables and their initialisers.

// maxVarBytes bounds the size of one declared variable: 1 TiB.
const maxVarBytes = 1 << 40

// declarator parses ".align 4 .b8 name[16]", starting after the state space, for variables and
// parameters.
func (p *parser) declarator(space Space) *Variable {
	v := &Variable{Space: space, Pos: p.tok.pos}
	vec := 1
	for p.tok.kind == tokDot {
		w := p.tok.text
		pos := p.tok.pos
		p.advance()
		switch w {
		case "align":
			n := p.constInt("after .align")
			if n == 0 || n&(n-1) != 0 || n > 1<<20 {
				p.fail(pos, ".align %d is not a power of two up to 2^20", n)
			}
			v.Align = int(n)
		case "ptr", "managed", "const", "global", "shared", "local", "param", "generic", "attribute", "unified":
			if w == "attribute" && p.accept("(") {
				for !p.accept(")") {
					if p.tok.kind == tokEOF {
						p.fail(pos, ".attribute is not closed")
					}
					p.advance()
				}
			}
		case "v2":
			vec = 2
		case "v4":
			vec = 4
		default:
			t, ok := typeByName[w]
			if !ok || t == Pred {
				p.fail(pos, "unknown type .%s", clip(w))
			}
			if v.Type != TypeNone && space == Param && v.Align == 0 { // .param .u64 .ptr .f32 does not occur
				p.fail(pos, "second type .%s", w)
			}
			v.Type = t
		}
		// ".ptr .global .align 8" gives the alignment of the pointee.
		if w == "ptr" {
			for p.tok.kind == tokDot {
				if _, ok := spaceByName[p.tok.text]; ok {
					p.advance()
				} else if p.isDot("align") {
					p.advance()
					p.constInt("after .align")
				} else {
					break
				}
			}
		}
	}
	if v.Type == TypeNone {
		p.fail(p.tok.pos, "expected a type, found %s", p.tok.describe())
	}
	v.Pos = p.tok.pos
	v.Name = p.ident("a variable's name")
	elem := int64(v.Type.Size()) * int64(vec)
	if v.Align == 0 {
		v.Align = int(elem)
	}
	v.Size = elem
	unsized := false
	for p.accept("[") {
		v.Array = true
		if p.accept("]") {
			unsized = true
			v.Size = elem
			continue
		}
		n := p.constInt("as an array's size")
		p.expect("]", "after an array's size")
		if n > maxVarBytes || n != 0 && v.Size > maxVarBytes/int64(n) {
			p.fail(v.Pos, "array %s has more than 2^40 bytes", clip(v.Name))
		}
		v.Size *= int64(n)
	}
	if p.is("=") {
		pos := p.tok.pos
		p.advance()
		if space != Global && space != Const {
			p.fail(pos, "a variable in .%s has no initialiser", space)
		}
		end := p.initialiser(v, 0)
		if unsized {
			v.Size = end
		} else if end > v.Size {
			p.fail(pos, "initialiser has %d bytes, but %s has %d", end, clip(v.Name), v.Size)
		}
	} else if unsized {
		v.Size = 0
	}
	return v
}

// initialiser parses a value or a braced list into v at byte offset off; it returns the offset
// after it.
func (p *parser) initialiser(v *Variable, off int64) int64 {
	p.enter()
	defer p.leave()
	if p.accept("{") {
		for !p.accept("}") {
			off = p.initialiser(v, off)
			if !p.accept(",") && !p.is("}") {
				p.fail(p.tok.pos, "expected \",\" or \"}\" in an initialiser, found %s", p.tok.describe())
			}
		}
		return off
	}
	size := v.Type.Size()
	it := initItem{offset: off, size: size, pos: p.tok.pos}
	c := p.expression()
	it.symbol = c.symbol
	switch {
	case c.symbol != "":
		it.bits = c.bits
	case v.Type.Float() && !c.isFloat:
		it.bits = floatBits(v.Type, float64(int64(c.bits)))
		if v.Type.Bits() == 16 {
			it.bits = c.bits
		}
	case c.isFloat && c.single && size == 4:
		it.bits = c.bits
	case c.isFloat && size == 4:
		it.bits = floatBits(F32, c.float)
	case c.isFloat && size == 8:
		it.bits = math.Float64bits(c.float)
	case c.isFloat:
		p.fail(it.pos, "a floating constant initialises a .%s", v.Type)
	default:
		it.bits = c.bits
	}
	v.Init = append(v.Init, it)
	return off + int64(size)
}

// floatBits returns the bits of x as type t, F32 or F64.
func floatBits(t Type, x float64) uint64 {
	if t == F64 {
		return math.Float64bits(x)
	}
	return uint64(math.Float32bits(float32(x)))
}

// variables parses a declaration of module- or function-level variables.
func (p *parser) variables(extern bool) {
	for p.tok.kind == tokDot && (p.tok.text == "visible" || p.tok.text == "weak" || p.tok.text == "common" || p.tok.text == "extern") {
		extern = extern || p.tok.text == "extern"
		p.advance()
	}
	space, ok := spaceByName[p.tok.text]
	if p.tok.kind != tokDot || !ok {
		p.fail(p.tok.pos, "expected a state space, found %s", p.tok.describe())
	}
	if p.fn == nil && (space == Local || space == Param) {
		p.fail(p.tok.pos, "a .%s variable outside of a function", space)
	}
	p.advance()
	for {
		v := p.declarator(space)
		v.Extern = extern
		if v.Size == 0 && !extern && space != Shared {
			p.fail(v.Pos, "%s has no size", clip(v.Name))
		}
		if p.fn != nil && len(p.scopes) > 0 {
			p.declared(v.Name, v.Pos)
			p.top().vars[v.Name] = v
			p.fn.Vars = append(p.fn.Vars, v)
		} else {
			old := p.mod.varByName[v.Name]
			switch {
			case p.mod.funcByName[v.Name] != nil || old != nil && !old.Extern && !extern:
				p.fail(v.Pos, "%q is declared twice", clip(v.Name))
			case old != nil && old.Extern && !extern:
				*old = *v
			case old == nil:
				p.mod.varByName[v.Name] = v
				p.mod.Vars = append(p.mod.Vars, v)
			}
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect(";", "after a variable")
}
