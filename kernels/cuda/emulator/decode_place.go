package emulator

// Where the variables of a kernel are placed: parameters, local and shared memory.

// code returns the funcCode of f, and queues f for decoding if it is new.
func (d *decoder) code(f *Function) *funcCode {
	if fc := d.codes[f]; fc != nil {
		return fc
	}
	fc := &funcCode{fn: f, varAt: map[*Variable]int64{}, formals: f.Params, rets: f.Returns}
	d.codes[f] = fc
	d.queue = append(d.queue, f)
	at := int64(0)
	place := func(list []*Variable) {
		for _, v := range list {
			if v.IsReg || v.Space != Param {
				continue
			}
			at = (at + int64(v.Align) - 1) / int64(v.Align) * int64(v.Align)
			fc.varAt[v] = at
			at += v.Size
			if at > 1<<20 {
				d.refuse("function %s has more than 1 MiB of .param variables", f.Name)
			}
		}
	}
	if !f.Entry {
		place(f.Params)
		place(f.Returns)
	}
	place(f.Vars)
	fc.paramBytes = int(at+15) / 16 * 16
	local := int64(0)
	for _, v := range f.Vars {
		if v.Space != Local {
			continue
		}
		// A gap after each variable, so that an index past its end is detected.
		local = (local + int64(v.Align) - 1) / int64(v.Align) * int64(v.Align)
		fc.varAt[v] = local
		fc.locals = append(fc.locals, v)
		local += v.Size + localGap
		if local > maxLocal {
			d.refuse("function %s has more than %d bytes of .local variables", f.Name, maxLocal)
		}
	}
	fc.localBytes = uint64(local+15) / 16 * 16
	return fc
}

const (
	maxLocal = 512 << 10 // maximum local memory of a thread in bytes, as in PTX
	localGap = 16
)

// sharedGap is the number of bytes (one word of each bank) left free after a shared variable if
// bounds are checked, so that an index past its end is detected.
const sharedGap = 128

// gap is a range of shared memory that belongs to no variable.
type gap struct{ from, to uint32 }

// maxStaticShared is how many bytes of .shared variables a kernel may declare, on any GPU.
const maxStaticShared = 48 << 10

// placeShared places the shared variables that the kernel can reach.
func (d *decoder) placeShared() {
	seen := map[*Function]bool{}
	used := map[*Variable]bool{}
	var dynamic []*Variable
	var list []*Variable
	note := func(v *Variable) {
		if v == nil || v.Space != Shared || used[v] {
			return
		}
		used[v] = true
		if v.Size == 0 {
			dynamic = append(dynamic, v)
		} else {
			list = append(list, v)
		}
	}
	var walk func(f *Function)
	var operand func(o *Operand)
	indirect := false
	operand = func(o *Operand) {
		note(o.Var)
		if o.Kind == OperandFunc {
			if f := d.prog.mod.Function(o.Name); f != nil {
				walk(f)
			}
		}
		for i := range o.Elems {
			operand(&o.Elems[i])
		}
	}
	walk = func(f *Function) {
		if seen[f] {
			return
		}
		seen[f] = true
		for _, v := range f.Vars {
			note(v)
		}
		for i := range f.Instrs {
			in := &f.Instrs[i]
			for j := range in.Args {
				operand(&in.Args[j])
				if in.Op == "call" && in.Args[j].Kind == OperandReg {
					indirect = true
				}
			}
		}
	}
	walk(d.fn)
	if indirect { // any function may be called
		for _, f := range d.prog.mod.Funcs {
			if !f.Entry && !f.Extern {
				walk(f)
				d.code(f)
			}
		}
	}
	at, end := uint64(0), uint64(0)
	space := func(align uint64) { // adds the gap before the next variable
		if d.prog.machine.opts.Checks&CheckBounds != 0 && end > 0 {
			at += sharedGap
		}
		at = (at + align - 1) / align * align
		if at > end && end > 0 {
			d.kern.gaps = append(d.kern.gaps, gap{uint32(end), uint32(at)})
			d.kern.gapBytes = at - (end+align-1)/align*align + d.kern.gapBytes
		}
	}
	for _, v := range list {
		space(uint64(v.Align))
		d.shared[v] = at
		d.kern.shared = append(d.kern.shared, sharedVar{v, at, uint64(v.Size), v.Name})
		at += uint64(v.Size)
		end = at
		if at-d.kern.gapBytes > d.prog.machine.opts.SharedBytes {
			d.in = nil
			d.refuse("kernel %s has more than %d bytes of .shared variables", d.kern.Name, d.prog.machine.opts.SharedBytes)
		}
	}
	align := uint64(16)
	for _, v := range dynamic {
		align = max(align, uint64(v.Align))
	}
	if len(dynamic) > 0 {
		space(align)
	}
	for _, v := range dynamic {
		d.shared[v] = at
		d.kern.shared = append(d.kern.shared, sharedVar{v, at, 0, v.Name})
	}
	d.kern.sharedBytes = at
	if static := at - d.kern.gapBytes; static > maxStaticShared {
		d.in = nil
		d.refuse("kernel %s has %d bytes of .shared variables, expected at most %d; more must be dynamic: .extern .shared, and its size given at the launch", d.kern.Name, static, maxStaticShared)
	}
}
