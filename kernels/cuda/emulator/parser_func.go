package emulator

// Functions: their heads, and the statements of their bodies.

// function parses a .entry or .func, a definition or a prototype.
func (p *parser) function(extern bool) {
	f := &Function{Entry: p.tok.text == "entry", module: p.mod, labels: map[string]*label{}}
	p.advance()
	p.fn = f
	p.push()
	for p.isDot("attribute") {
		p.advance()
		p.expect("(", "after .attribute")
		for !p.accept(")") {
			if p.tok.kind == tokEOF {
				p.fail(p.tok.pos, ".attribute is not closed")
			}
			p.advance()
		}
	}
	if p.is("(") {
		if f.Entry {
			p.fail(p.tok.pos, "a .entry returns nothing")
		}
		f.Returns = p.params(true)
	}
	p.source = sourceLine{}
	f.Pos = p.tok.pos
	f.Name = p.ident("a function's name")
	if p.is("(") {
		f.Params = p.params(!f.Entry)
	}
	p.performance(f)
	if p.mod.varByName[f.Name] != nil {
		p.fail(f.Pos, "%q is declared twice", clip(f.Name))
	}
	old := p.mod.funcByName[f.Name]
	if p.accept(";") {
		f.Extern = true
		if old == nil {
			p.declare(f)
		}
		p.pop()
		p.fn = nil
		return
	}
	if extern {
		p.fail(f.Pos, "an .extern function has no body")
	}
	if old != nil && !old.Extern {
		p.fail(f.Pos, "function %q is defined twice", clip(f.Name))
	}
	if old != nil { // keep the object that earlier calls refer to
		*old = *f
		f = old
		p.fn = f
	} else {
		p.declare(f)
	}
	p.expect("{", "before the body of "+clip(f.Name))
	p.body()
	p.pop()
	p.fn = nil
}

func (p *parser) declare(f *Function) {
	p.mod.funcByName[f.Name] = f
	p.mod.Funcs = append(p.mod.Funcs, f)
}

// params parses a parenthesised parameter list into the current scope.
func (p *parser) params(regs bool) []*Variable {
	p.expect("(", "before parameters")
	var list []*Variable
	for !p.accept(")") {
		var v *Variable
		pos := p.tok.pos
		switch {
		case p.isDot("param"):
			p.advance()
			v = p.declarator(Param)
		case p.isDot("reg") && regs:
			p.advance()
			v = p.declarator(Reg)
			v.IsReg = true
		default:
			p.fail(pos, "expected .param, found %s", p.tok.describe())
		}
		if v.Name != "_" {
			p.declared(v.Name, v.Pos)
			if v.IsReg {
				v.Reg = p.newReg(p.top(), v.Name, v.Type)
			} else {
				p.top().vars[v.Name] = v
			}
		}
		list = append(list, v)
		if !p.accept(",") && !p.is(")") {
			p.fail(p.tok.pos, "expected \",\" or \")\" after a parameter, found %s", p.tok.describe())
		}
	}
	return list
}

// performance parses the directives between a function's head and its body.
func (p *parser) performance(f *Function) {
	for p.tok.kind == tokDot {
		w, pos := p.tok.text, p.tok.pos
		switch w {
		case "maxntid", "reqntid":
			p.advance()
			dims := [3]uint32{1, 1, 1}
			total := uint64(1)
			for i := 0; ; i++ {
				n := p.constInt("after ." + w)
				if i == 3 || n == 0 || n > 1024 {
					p.fail(pos, ".%s takes up to three sizes from 1 to 1024", w)
				}
				dims[i] = uint32(n)
				total *= n
				if !p.accept(",") {
					break
				}
			}
			f.MaxThreads = uint32(min(total, 1<<31))
			if w == "reqntid" {
				f.ReqThreads = dims
			}
		case "minnctapersm", "maxnctapersm", "maxnreg", "explicitcluster", "blocksareclusters",
			"maxclusterrank", "reqnctapercluster", "noreturn", "unique":
			p.advance()
			for p.tok.kind == tokInt {
				if w == "reqnctapercluster" && p.tok.int > 1 {
					f.Cluster = true
				}
				p.advance()
				if !p.accept(",") {
					break
				}
			}
		case "pragma":
			p.pragma()
		case "abi_preserve", "abi_preserve_control":
			p.advance()
			p.constInt("after ." + w)
		default:
			p.fail(pos, "unknown directive .%s before a body", clip(w))
		}
	}
}

// body parses statements up to the function's closing brace.
func (p *parser) body() {
	f := p.fn
	open := 1
	first := len(p.pending)
	for open > 0 {
		switch {
		case p.tok.kind == tokEOF:
			p.fail(p.tok.pos, "the body of %s is not closed", clip(f.Name))
		case p.accept("{"):
			p.push()
			open++
		case p.is("}"):
			if open--; open > 0 {
				p.pop()
			}
			p.advance()
		case p.accept(";"):
		case p.tok.kind == tokDot:
			p.bodyDirective()
		case p.tok.kind == tokIdent && p.peek().kind == tokPunct && p.peek().text == ":":
			p.label()
		case p.is("@"), p.tok.kind == tokIdent:
			p.instruction()
		default:
			p.fail(p.tok.pos, "expected an instruction, found %s", p.tok.describe())
		}
	}
	// Names of this function's labels are resolved now; the rest must be functions that the file
	// declares, earlier or later.
	rest := p.pending[:first]
	for _, o := range p.pending[first:] {
		if f.labels[o.Name] != nil {
			o.Kind = OperandLabel
		} else {
			rest = append(rest, o)
		}
	}
	p.pending = rest
	for _, l := range f.labels {
		if !l.isList || l.proto != nil {
			continue
		}
		for _, name := range l.list {
			if f.labels[name] == nil && p.mod.Function(name) == nil {
				p.fail(l.pos, "%q in the list %s is not a label or function", clip(name), clip(l.name))
			}
		}
	}
}

func (p *parser) resolveLate(o *Operand) {
	if p.mod.Function(o.Name) == nil {
		p.fail(o.Pos, "%q is not declared", clip(o.Name))
	}
	o.Kind = OperandFunc
}

func (p *parser) bodyDirective() {
	pos := p.tok.pos
	switch p.tok.text {
	case "reg":
		p.registers()
	case "shared", "local", "global", "const", "param":
		p.variables(false)
	case "extern", "visible", "weak":
		extern := p.tok.text == "extern"
		p.advance()
		p.variables(extern)
	case "loc", "file":
		p.debugLine()
	case "pragma":
		p.pragma()
	case "section":
		p.section()
	default:
		p.fail(pos, "unknown directive .%s in a body", clip(p.tok.text))
	}
}

func (p *parser) label() {
	f := p.fn
	l := &label{name: p.tok.text, pos: p.tok.pos, target: len(f.Instrs)}
	if f.labels[l.name] != nil {
		p.fail(l.pos, "label %q is defined twice in %s", clip(l.name), clip(f.Name))
	}
	f.labels[l.name] = l
	p.advance()
	p.advance()
	switch {
	case p.isDot("branchtargets"), p.isDot("calltargets"):
		l.isList = true
		p.advance()
		for {
			l.list = append(l.list, p.ident("a name"))
			if !p.accept(",") {
				break
			}
		}
		p.expect(";", "after a list of targets")
	case p.isDot("callprototype"):
		l.isList = true
		p.advance()
		l.proto = &Function{Name: l.name}
		fn := p.fn
		p.fn = &Function{}
		p.push()
		if p.is("(") {
			l.proto.Returns = p.params(true)
		}
		p.ident("_")
		if p.is("(") {
			l.proto.Params = p.params(true)
		}
		p.performance(l.proto)
		p.pop()
		p.fn = fn
		p.expect(";", "after .callprototype")
	}
}

func (p *parser) instruction() {
	in := Instr{Pos: p.tok.pos, source: p.source}
	if p.accept("@") {
		in.Not = p.accept("!")
		pos := p.tok.pos
		r, ok := p.lookup(p.ident("a predicate")).(*Register)
		if !ok || r.Type != Pred {
			p.fail(pos, "the guard is not a declared predicate")
		}
		in.Guard = r
		in.Pos = p.tok.pos
	}
	in.Op = p.ident("an instruction")
	for p.tok.kind == tokDot && p.tok.glued {
		in.Mods = append(in.Mods, p.tok.text)
		p.advance()
	}
	// Modifiers may be separated by spaces, as in "setp .lt .s32".
	for p.tok.kind == tokDot {
		in.Mods = append(in.Mods, p.tok.text)
		p.advance()
	}
	if !p.is(";") && !p.is("}") {
		for {
			in.Args = append(in.Args, p.operand(in.Op == "call"))
			if !p.accept(",") {
				break
			}
		}
	}
	p.expect(";", "after an instruction")
	p.fn.Instrs = append(p.fn.Instrs, in)
	last := p.fn.Instrs[len(p.fn.Instrs)-1].Args
	for i := range last {
		p.await(&last[i])
	}
}

// await records the unresolved names inside o.
func (p *parser) await(o *Operand) {
	if o.Kind == OperandFunc {
		p.pending = append(p.pending, o)
	}
	for i := range o.Elems {
		p.await(&o.Elems[i])
	}
}
