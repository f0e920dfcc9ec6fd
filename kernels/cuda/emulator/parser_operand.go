package emulator

import (
	"regexp"
	"slices"
)

// The operands of instructions.

func (p *parser) operand(call bool) Operand {
	p.enter()
	defer p.leave()
	pos := p.tok.pos
	switch {
	case p.accept("{"):
		o := Operand{Kind: OperandVector, Pos: pos}
		for !p.accept("}") {
			o.Elems = append(o.Elems, p.operand(false))
			if !p.accept(",") && !p.is("}") {
				p.fail(p.tok.pos, "expected \",\" or \"}\" in a vector, found %s", p.tok.describe())
			}
		}
		return o
	case p.is("(") && call:
		p.advance()
		o := Operand{Kind: OperandList, Pos: pos}
		for !p.accept(")") {
			o.Elems = append(o.Elems, p.operand(false))
			if !p.accept(",") && !p.is(")") {
				p.fail(p.tok.pos, "expected \",\" or \")\" in a list, found %s", p.tok.describe())
			}
		}
		return o
	case p.accept("["):
		return p.address(pos)
	case p.is("!") && p.peek().kind == tokIdent && p.peek().text != "WARP_SZ":
		p.advance()
		if p.tok.kind != tokIdent {
			p.fail(p.tok.pos, "expected a predicate after \"!\", found %s", p.tok.describe())
		}
		o := p.named()
		if o.Kind != OperandReg || o.Reg.Type != Pred {
			p.fail(pos, "\"!\" needs a predicate")
		}
		o.Not = true
		return o
	case p.is("-") && p.peek().kind == tokIdent && p.peek().text != "WARP_SZ":
		p.advance()
		o := p.named()
		if o.Kind != OperandReg || o.Reg.Type == Pred {
			p.fail(pos, "\"-\" needs a register or a constant")
		}
		o.Neg = true
		return o
	case p.tok.kind == tokIdent && p.tok.text != "WARP_SZ":
		o := p.named()
		if p.accept("|") {
			if p.tok.kind != tokIdent {
				p.fail(p.tok.pos, "expected a register after \"|\", found %s", p.tok.describe())
			}
			q := p.named()
			o.Second = &q
		}
		return o
	}
	c := p.expression()
	if c.symbol != "" {
		p.fail(pos, "the name %q stands in a constant expression", clip(c.symbol))
	}
	return constOperand(c, pos)
}

func constOperand(c constant, pos Pos) Operand {
	if c.isFloat {
		return Operand{Kind: OperandFloat, Pos: pos, Single: c.single, Float: c.float, Int: c.bits}
	}
	return Operand{Kind: OperandInt, Pos: pos, Int: c.bits}
}

// videoPart matches the part of a register in a video instruction: r.b0, r.h1, and for several
// bytes or halves r.b3210.
var videoPart = regexp.MustCompile(`^(b[0-7]{1,4}|h[0-3]{1,2})$`)

var component = map[string]int{"x": 0, "r": 0, "y": 1, "g": 1, "z": 2, "b": 2, "w": 3, "a": 3}

// named parses an operand that begins with a name.
func (p *parser) named() Operand {
	pos, name := p.tok.pos, p.tok.text
	p.advance()
	if name == "_" {
		return Operand{Kind: OperandSink, Pos: pos}
	}
	switch v := p.lookup(name).(type) {
	case *Register:
		o := Operand{Kind: OperandReg, Pos: pos, Reg: v}
		if p.tok.kind == tokDot && p.tok.glued && videoPart.MatchString(p.tok.text) {
			o.Part = p.tok.text
			p.advance()
		}
		return o
	case []*Register:
		if p.tok.kind == tokDot && p.tok.glued {
			c, ok := component[p.tok.text]
			if !ok || c >= len(v) {
				p.fail(p.tok.pos, "%s has no component .%s", clip(name), clip(p.tok.text))
			}
			p.advance()
			return Operand{Kind: OperandReg, Pos: pos, Reg: v[c]}
		}
		o := Operand{Kind: OperandVector, Pos: pos}
		for _, r := range v {
			o.Elems = append(o.Elems, Operand{Kind: OperandReg, Pos: pos, Reg: r})
		}
		return o
	case *Variable:
		o := Operand{Kind: OperandSymbol, Pos: pos, Var: v}
		if p.is("+") || p.is("-") {
			o.Offset = p.offset()
		} else if p.accept("[") { // a[4] is the address of a plus four elements
			n := p.constInt("as an index")
			p.expect("]", "after an index")
			if n > maxVarBytes {
				p.fail(pos, "index %d is too large", n)
			}
			o.Offset = int64(n) * int64(v.Type.Size())
		}
		return o
	}
	if name[0] == '%' {
		full := name
		if p.tok.kind == tokDot && p.tok.glued {
			full += "." + p.tok.text
		}
		if isSpecial(full) {
			if full != name {
				p.advance()
			}
			return Operand{Kind: OperandSpecial, Pos: pos, Name: full}
		}
		if full == name && slices.Contains(specialVectors, name) {
			o := Operand{Kind: OperandVector, Pos: pos, Name: name}
			for _, element := range []string{".x", ".y", ".z", ".w"} {
				o.Elems = append(o.Elems, Operand{Kind: OperandSpecial, Pos: pos, Name: name + element})
			}
			return o
		}
		p.fail(pos, "register %q is not declared", clip(full))
	}
	return Operand{Kind: OperandFunc, Pos: pos, Name: name} // a label or function; see body
}

// offset parses "+4" or "+-4" after a base. PTX has no "-4" there.
func (p *parser) offset() int64 {
	pos := p.tok.pos
	if p.is("-") {
		p.fail(pos, "PTX has no \"-\" after the base of an address, expected \"+-\" as in [x+-4]")
	}
	p.advance()
	c := p.expression()
	if c.isFloat || c.symbol != "" {
		p.fail(pos, "an offset must be an integer")
	}
	return int64(c.bits)
}

// address parses an address up to its closing bracket; the opening one has been read.
func (p *parser) address(pos Pos) Operand {
	o := Operand{Kind: OperandAddress, Pos: pos}
	if p.tok.kind == tokIdent && p.tok.text != "WARP_SZ" {
		base := p.named()
		switch base.Kind {
		case OperandReg:
			if base.Part != "" {
				p.fail(base.Pos, "an address is a whole register")
			}
			o.Reg = base.Reg
		case OperandSymbol:
			o.Var, o.Offset = base.Var, base.Offset
		case OperandFunc: // perhaps a variable in an operand of an unsupported instruction
			p.fail(base.Pos, "%q is not declared", clip(base.Name))
		default:
			p.fail(base.Pos, "an address begins with a register, a variable or an integer")
		}
		if p.is("+") || p.is("-") {
			o.Offset += p.offset()
		}
	} else {
		c := p.expression()
		if c.isFloat || c.symbol != "" {
			p.fail(pos, "an address must be an integer")
		}
		o.Int = c.bits
		o.Offset = int64(c.bits)
	}
	for p.accept(",") { // coordinates of a tensor
		o.Elems = append(o.Elems, p.operand(false))
	}
	p.expect("]", "after an address")
	return o
}
