package emulator

import "math"

// Constant expressions, such as the 4*(3+1) of an offset, and their values.

// constant is the value of a constant expression.
type constant struct {
	bits    uint64
	uns     bool
	isFloat bool
	single  bool // bits holds a float32
	float   float64
	symbol  string // address of a symbol, plus bits
}

var precedence = map[string]int{
	"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6,
	"<": 7, "<=": 7, ">": 7, ">=": 7, "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}

// expression parses a constant expression: C's operators on 64-bit integers.
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

// divide is x/y, where the one overflowing case wraps around, as in hardware.
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
