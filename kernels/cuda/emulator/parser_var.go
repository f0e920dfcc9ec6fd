package emulator

import "math"

// Variables, their initialisers and constant expressions.

// maxVarBytes bounds the size of one declared variable: 1 TiB.
const maxVarBytes = 1 << 40

// declarator reads ".align 4 .b8 name[16]" from the token after the space, for
// variables and parameters.
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
		// ".ptr .global .align 8" gives the alignment of what is pointed to.
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

// initialiser reads a value or a braced list into v from the byte offset on; it
// returns the offset after it.
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

// floatBits gives the bits of x in type t, F32 or F64.
func floatBits(t Type, x float64) uint64 {
	if t == F64 {
		return math.Float64bits(x)
	}
	return uint64(math.Float32bits(float32(x)))
}

// variables reads a declaration of module- or function-level variables.
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

// constant is the value of a constant expression.
type constant struct {
	bits    uint64
	uns     bool
	isFloat bool
	single  bool // bits are a float32's
	float   float64
	symbol  string // address of a symbol, plus bits
}

var precedence = map[string]int{
	"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6,
	"<": 7, "<=": 7, ">": 7, ">=": 7, "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}

// expression reads a constant expression: C's operators on 64-bit integers.
func (p *parser) expression() constant {
	c := p.binary(1)
	if p.is("?") {
		pos := p.tok.pos
		p.integer(c, pos)
		p.advance()
		p.enter()
		a := p.expression()
		p.expect(":", "in a conditional expression")
		b := p.expression()
		p.leave()
		if c.bits != 0 {
			return a
		}
		return b
	}
	return c
}

func (p *parser) integer(c constant, pos Pos) {
	if c.isFloat || c.symbol != "" {
		p.fail(pos, "operator %s needs integers", p.tok.describe())
	}
}

func (p *parser) binary(level int) constant {
	a := p.unary()
	for p.tok.kind == tokPunct && precedence[p.tok.text] >= level {
		op, pos := p.tok.text, p.tok.pos
		if op == ">" && level == 1 && p.peek().kind == tokPunct { // the end of a register range
			return a
		}
		if op == "|" && p.peek().kind == tokIdent { // p|q
			return a
		}
		if a.symbol != "" && (op == "+" || op == "-") {
			p.advance()
			b := p.binary(precedence[op] + 1)
			p.integer(b, pos)
			if op == "-" {
				b.bits = -b.bits
			}
			a.bits += b.bits
			continue
		}
		p.integer(a, pos)
		p.advance()
		p.enter()
		b := p.binary(precedence[op] + 1)
		p.leave()
		p.integer(b, pos)
		a = p.apply(op, a, b, pos)
	}
	return a
}

func (p *parser) apply(op string, a, b constant, pos Pos) constant {
	uns := a.uns || b.uns
	x, y := a.bits, b.bits
	less := int64(x) < int64(y)
	if uns {
		less = x < y
	}
	truth := func(ok bool) uint64 {
		if ok {
			return 1
		}
		return 0
	}
	r := constant{uns: uns}
	switch op {
	case "||":
		r.bits = truth(x != 0 || y != 0)
	case "&&":
		r.bits = truth(x != 0 && y != 0)
	case "|":
		r.bits = x | y
	case "^":
		r.bits = x ^ y
	case "&":
		r.bits = x & y
	case "==":
		r.bits = truth(x == y)
	case "!=":
		r.bits = truth(x != y)
	case "<":
		r.bits = truth(less)
	case ">=":
		r.bits = truth(!less)
	case "<=":
		r.bits = truth(less || x == y)
	case ">":
		r.bits = truth(!less && x != y)
	case "<<":
		r.bits = x << min(y, 64)
	case ">>":
		if a.uns {
			r.bits = x >> min(y, 64)
		} else {
			r.bits = uint64(int64(x) >> min(y, 63))
		}
	case "+":
		r.bits = x + y
	case "-":
		r.bits = x - y
	case "*":
		r.bits = x * y
	case "/", "%":
		if y == 0 {
			p.fail(pos, "division by zero")
		}
		switch {
		case uns && op == "/":
			r.bits = x / y
		case uns:
			r.bits = x % y
		case op == "/":
			r.bits = uint64(divide(int64(x), int64(y)))
		default:
			r.bits = x - uint64(divide(int64(x), int64(y)))*y
		}
	}
	return r
}

// divide is x/y with the one overflowing case wrapped, as hardware does.
func divide(x, y int64) int64 {
	if y == -1 {
		return -x
	}
	return x / y
}

func (p *parser) unary() constant {
	p.enter()
	defer p.leave()
	t := p.tok
	switch {
	case t.kind == tokInt:
		p.advance()
		return constant{bits: t.int, uns: t.uns || t.int > math.MaxInt64}
	case t.kind == tokFloat:
		p.advance()
		return constant{isFloat: true, single: t.single, float: t.float, bits: t.int}
	case t.kind == tokIdent && t.text == "WARP_SZ":
		p.advance()
		return constant{bits: 32}
	case t.kind == tokIdent && t.text == "generic":
		p.advance()
		p.expect("(", "after generic")
		name := p.ident("a variable's name")
		p.expect(")", "after generic(…")
		return constant{symbol: name}
	case t.kind == tokIdent:
		p.advance()
		return constant{symbol: t.text}
	case p.accept("("):
		if p.tok.kind == tokDot && (p.tok.text == "s64" || p.tok.text == "u64") {
			uns := p.tok.text == "u64"
			p.advance()
			p.expect(")", "after a cast")
			c := p.unary()
			p.integer(c, t.pos)
			c.uns = uns
			return c
		}
		c := p.expression()
		p.expect(")", "in a constant expression")
		return c
	case t.kind == tokPunct && (t.text == "-" || t.text == "+" || t.text == "~" || t.text == "!"):
		p.advance()
		c := p.unary()
		if c.isFloat && t.text == "-" {
			c.float = -c.float
			if c.single {
				c.bits ^= 1 << 31
			} else {
				c.bits ^= 1 << 63
			}
			return c
		}
		if c.isFloat && t.text == "+" {
			return c
		}
		p.integer(c, t.pos)
		switch t.text {
		case "-":
			c.bits = -c.bits
			c.uns = c.uns && t.text != "-"
		case "~":
			c.bits = ^c.bits
		case "!":
			if c.bits == 0 {
				c.bits = 1
			} else {
				c.bits = 0
			}
		}
		return c
	}
	p.fail(t.pos, "expected a constant, found %s", t.describe())
	return constant{}
}
