package emulator

import "fmt"

// Faults: invalid memory accesses. With CheckBounds they become findings and the kernel goes on;
// without it they end the kernel.

type faultKind uint8

const (
	faultBounds faultKind = iota
	faultMisaligned
)

// nullPage is the lowest address that is not taken for a null pointer plus an offset.
const nullPage = 1 << 16

// describe names an allocation in a report.
func (a *allocation) describe() string {
	what := "allocation"
	switch {
	case a.kind == kindGlobal:
		what = "variable .global " + a.name
	case a.kind == kindConst:
		what = "variable .const " + a.name
	case a.name != "":
		what = "allocation " + a.name
	}
	if a.freed.Load() {
		what = "freed " + what
	}
	return fmt.Sprintf("%s of %d bytes at %#x", what, a.size, a.base)
}

// thread returns the position of lane i's thread in its block.
func (w *warp) thread(i int) Dim3 {
	t := uint32(w.index*32 + i)
	b := w.blk.grid.cfg.Block
	return Dim3{t % b.X, t / b.X % b.Y, t / b.X / b.Y}
}

// finding returns a Finding with the location of op and lane filled in.
func (w *warp) finding(kind string, o *op, lane int) Finding {
	return Finding{Kind: kind, Kernel: w.blk.grid.kern.Name, File: w.blk.grid.kern.file, Line: int(o.in.Pos.Line), Instr: o.in.Name(),
		Source: w.blk.grid.kern.prog.mod.source(o.in),
		Block:  w.blk.id, Thread: w.thread(lane)}
}

// report passes a finding to the machine.
func (w *warp) report(f Finding) {
	if f.Hint == "" {
		f.Hint = f.hint()
	}
	w.blk.grid.m.findings.add(f)
}

// fault handles an access of lane i that is out of bounds or misaligned.
func (w *warp) fault(o *op, kind faultKind, space Space, i int, addr, n uint64, write bool) {
	f := w.finding("out of bounds", o, i)
	verb := "read"
	if write {
		verb = "write"
	}
	f.Space, f.Address, f.Size = space.String(), addr, int(n)
	switch {
	case kind == faultMisaligned:
		f.Kind = "misaligned"
		f.Detail = fmt.Sprintf("the address of this %s is not a multiple of %d", verb, n)
		if space == Global || space == Const {
			if a := find(w.blk.grid.allocs, addr); a != nil {
				f.Allocation = fmt.Sprintf("%d bytes into %s", addr-a.base, a.describe())
			} else if addr < nullPage {
				f.Detail += "; a null pointer, or a number where an address is wanted"
			}
		}
	case space == Global || space == Const:
		w.describeGlobal(&f, addr, n, write)
	case space == Shared:
		f.Detail = fmt.Sprintf("the block has %d bytes of shared memory", uint64(len(w.blk.shared))-w.blk.grid.kern.gapBytes)
		f.Allocation = w.nearShared(addr)
		if o.x.origin.strays(addr, n) {
			f.Allocation = o.x.origin.describe(Shared, addr)
		}
	case space == Local:
		f.Allocation = w.nearLocal(i, addr, n)
		if o.x.origin.strays(addr-w.fr.local, n) {
			f.Allocation = o.x.origin.describe(Local, addr-w.fr.local)
		}
	case space == Param:
		f.Detail = fmt.Sprintf("the kernel has %d bytes of parameters, which are not written", len(w.blk.grid.params))
	}
	if w.blk.grid.checks&CheckBounds != 0 {
		w.report(f)
		return
	}
	detail := fmt.Sprintf("%s of %d bytes at %#x in .%s", verb, n, addr, space)
	if f.Detail != "" {
		detail += "; " + f.Detail
	}
	if f.Allocation != "" {
		detail += "; " + f.Allocation
	}
	w.die(&Fault{Kind: f.Kind, Kernel: f.Kernel, File: f.File, Line: f.Line, Source: f.Source, Instr: f.Instr, Block: f.Block, Thread: f.Thread,
		Address: addr, Detail: detail})
}

// describeGlobal says which allocation a global address belongs to or just missed.
func (w *warp) describeGlobal(f *Finding, addr, n uint64, write bool) {
	list := w.blk.grid.allocs
	a := find(list, addr)
	switch {
	case a != nil && a.freed.Load():
		f.Kind = "use after free"
		f.Allocation = fmt.Sprintf("%d bytes into %s", addr-a.base, a.describe())
	case a != nil && write && a.kind == kindConst:
		f.Kind = "write to constant memory"
		f.Allocation = a.describe()
	case a != nil:
		f.Allocation = fmt.Sprintf("%d bytes into %s, %d past its end", addr-a.base, a.describe(), addr+n-a.base-a.size)
	default:
		if a = nearest(list, addr); a == nil {
			f.Detail = "no allocation is near"
			if addr < nullPage {
				f.Detail = "a null pointer, or an offset from one"
			}
			return
		}
		if addr >= a.base {
			f.Allocation = fmt.Sprintf("%d bytes past the end of %s", addr-a.base-a.size, a.describe())
		} else {
			f.Allocation = fmt.Sprintf("%d bytes before %s", a.base-addr, a.describe())
		}
	}
}

// nearShared names the shared variable that an address lies in or after.
func (w *warp) nearShared(addr uint64) string {
	best := ""
	for _, s := range w.blk.grid.kern.shared {
		size := s.size
		if size == 0 {
			size = uint64(len(w.blk.shared)) - s.offset
		}
		switch {
		case addr >= s.offset && addr < s.offset+size:
			return fmt.Sprintf("%d bytes into .shared %s of %d bytes", addr-s.offset, s.name, size)
		case addr >= s.offset+size:
			best = fmt.Sprintf("%d bytes past the end of .shared %s of %d bytes", addr-s.offset-size, s.name, size)
		}
	}
	return best
}

// stopFault ends the kernel: a trap, an invalid indirect call, and the like.
func (w *warp) stopFault(o *op, lane int, kind, detail string) {
	f := w.finding(kind, o, lane)
	w.die(&Fault{Kind: kind, Kernel: f.Kernel, File: f.File, Line: f.Line, Source: f.Source, Instr: f.Instr, Block: f.Block, Thread: f.Thread, Detail: detail})
}

// die ends the launch with err.
func (w *warp) die(err error) {
	w.blk.grid.halt(err)
	w.blk.dead = true
	w.limit = -1
}
