package emulator

import (
	"fmt"
	"math"
	"strconv"

	"baregrad/kernels/cuda/emulator/arith"
)

// Step is one executed instruction of a warp, as passed to Options.Trace. It is valid until that
// function returns.
type Step struct {
	Kernel string // its name
	File   string // that holds the instruction
	Instr  *Instr // the instruction
	Block  Dim3   // the warp's block
	Warp   int    // its index in the block: threads 32·Warp to 32·Warp+31
	Lanes  uint32 // one bit for each lane that took part

	warp *warp
}

// Thread returns the position in the block of a lane's thread.
func (s Step) Thread(lane int) Dim3 { return s.warp.thread(lane) }

// Registers lists the registers that the instruction names, in order.
func (s Step) Registers() []*Register {
	var list []*Register
	var walk func(o Operand)
	walk = func(o Operand) {
		if o.Reg != nil {
			list = append(list, o.Reg)
		}
		for _, part := range o.Elems {
			walk(part)
		}
		if o.Second != nil {
			walk(*o.Second)
		}
	}
	if s.Instr.Guard != nil {
		list = append(list, s.Instr.Guard)
	}
	for _, o := range s.Instr.Args {
		walk(o)
	}
	return list
}

// Register finds a register of the running function by name. It returns nil if no instruction of
// the function names it.
func (s Step) Register(name string) *Register {
	for _, r := range s.warp.fr.fc.fn.Regs {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Value formats the value of a register of the running function in one lane, as a number of the
// register's type. It returns "-" if the instruction was a call or a return and the register
// belongs to the other function.
func (s Step) Value(r *Register, lane int) string {
	f := s.warp.fr
	slot, ok := f.fc.slots[r]
	if !ok {
		return "-"
	}
	switch {
	case r.Type == Pred:
		return strconv.Itoa(int(f.p[slot] >> lane & 1))
	case r.Type == B128:
		return fmt.Sprintf("%#x%016x", f.r64[slot+1][lane], f.r64[slot][lane])
	case r.Type.Bits() == 64:
		v := f.r64[slot][lane]
		switch r.Type {
		case F64:
			return strconv.FormatFloat(math.Float64frombits(v), 'g', -1, 64)
		case S64:
			return strconv.FormatInt(int64(v), 10)
		}
		return fmt.Sprintf("%#x", v)
	}
	v := f.r32[slot][lane]
	switch r.Type {
	case F32:
		return strconv.FormatFloat(float64(math.Float32frombits(v)), 'g', -1, 32)
	case F16:
		return strconv.FormatFloat(arith.F16.Float64(uint16(v)), 'g', 6, 32)
	case S32:
		return strconv.Itoa(int(int32(v)))
	case S16:
		return strconv.Itoa(int(int16(v)))
	case B32:
		return fmt.Sprintf("%#x", v)
	}
	return strconv.FormatUint(uint64(v), 10)
}

// trace reports an executed instruction to Options.Trace.
func (w *warp) trace(o *op, mask uint32) {
	g := w.blk.grid
	g.m.opts.Trace(Step{
		Kernel: g.kern.Name, File: g.kern.file, Instr: o.in,
		Block: w.blk.id, Warp: w.index, Lanes: mask, warp: w,
	})
}
