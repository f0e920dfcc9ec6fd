package emulator

import (
	"math/bits"
	"slices"

	"baregrad/kernels/cuda/emulator/arith"
)

// Atomics: atom and red, with every operation, type and space.

func init() {
	register(map[string]func(*decoder){"atom": decodeAtom, "red": decodeAtom})
}

// atomFunc returns the function from the old value and the operands to the new value.
func (d *decoder) atomFunc(name string, t Type, flush bool) func(old, b, c uint64) uint64 {
	h, pair, half := halfOf(t)
	switch name {
	case "exch":
		return func(_, b, _ uint64) uint64 { return b }
	case "cas":
		return func(old, b, c uint64) uint64 {
			if old == b {
				return c
			}
			return old
		}
	case "and":
		return func(old, b, _ uint64) uint64 { return old & b }
	case "or":
		return func(old, b, _ uint64) uint64 { return old | b }
	case "xor":
		return func(old, b, _ uint64) uint64 { return old ^ b }
	case "inc":
		return func(old, b, _ uint64) uint64 {
			if old >= b {
				return 0
			}
			return old + 1
		}
	case "dec":
		return func(old, b, _ uint64) uint64 {
			if old == 0 || old > b {
				return b
			}
			return old - 1
		}
	case "add":
		switch {
		case half && pair:
			return func(old, b, _ uint64) uint64 {
				return uint64(h.Add2(uint32(old), uint32(b), arith.HalfMode{}))
			}
		case half:
			return func(old, b, _ uint64) uint64 {
				return uint64(h.Add(uint16(old), uint16(b), arith.HalfMode{}))
			}
		case t == F32: // in global memory subnormals are flushed, in shared memory they are not
			mode := arith.Mode{FTZ: flush}
			return func(old, b, _ uint64) uint64 { return uint64(arith.AddF32(uint32(old), uint32(b), mode)) }
		case t == F64:
			return func(old, b, _ uint64) uint64 { return arith.AddF64(old, b, arith.RN) }
		}
		return func(old, b, _ uint64) uint64 { return trim(old+b, t) }
	case "min", "max":
		max := name == "max"
		if half {
			return func(old, b, _ uint64) uint64 {
				f := pick(max, h.Max2, h.Min2)
				v := uint64(f(uint32(old), uint32(b), arith.MinMax{}))
				if !pair {
					v &= 0xffff
				}
				return v
			}
		}
		if t.Float() {
			break
		}
		return func(old, b, _ uint64) uint64 {
			x, y := ext(old, t), ext(b, t)
			less := x < y
			if t.Signed() {
				less = int64(x) < int64(y)
			}
			if less == max {
				return b
			}
			return old
		}
	}
	d.refuse("unsupported operation .%s.%s", name, t)
	return nil
}

// atomOp holds what the handler of an atomic needs.
type atomOp struct {
	global, shared func(old, b, c uint64) uint64
	result         []int32
	third          []int32
	dead           bool // red: no result
}

func decodeAtom(d *decoder) {
	ac := d.access()
	name := ""
	for _, w := range ac.rest {
		switch w {
		case "noftz", "ftz":
		default:
			if name != "" {
				d.refuse("unknown modifier .%s", w)
			}
			name = w
		}
	}
	if name == "" {
		d.refuse("no operation, expected one such as .add")
	}
	if ac.space != Generic && ac.space != Global && ac.space != Shared {
		d.refuse("atomics work in .global and .shared")
	}
	red := d.in.Op == "red"
	a := d.in.Args
	n := 3
	if red {
		n = 2
	}
	if name == "cas" {
		n++
	}
	if ac.cache {
		n++
	}
	d.args(n)
	o := d.o
	o.x = &extra{}
	ao := &atomOp{dead: red}
	ac.strong = true
	if slices.ContainsFunc(a, func(e Operand) bool { return e.Kind == OperandVector }) && ac.vec == 1 {
		d.refuse("a vector, but the instruction has no .v2, .v4 or .v8")
	}
	if red {
		d.place(&a[0], ac.space)
		d.elems(&a[1], ac, false)
	} else {
		d.place(&a[1], ac.space)
		d.elems(&a[2], ac, false)
	}
	x := o.x
	if name == "cas" {
		s, _ := d.src(&a[n-1-int(one(ac.cache))], ac.typ, false)
		ao.third = []int32{s}
	}
	if !red {
		dst := []Operand{a[0]}
		if a[0].Kind == OperandVector {
			dst = a[0].Elems
		}
		if len(dst) != x.n {
			d.refuse("a result of %d elements, expected %d", len(dst), x.n)
		}
		for i := range dst {
			if dst[i].Kind == OperandSink {
				ao.result = append(ao.result, -1)
				continue
			}
			s, _ := d.dst(&dst[i], ac.typ, false)
			ao.result = append(ao.result, s)
		}
	}
	ao.global = d.atomFunc(name, ac.typ, true)
	ao.shared = d.atomFunc(name, ac.typ, false)
	x.v = ao
	o.run = atomic_
	o.checked = checkedAccess(accessAtomic)
	if ac.typ.Float() {
		x.flops = x.n
	}
}

// atomic_ executes an atomic, one lane after another.
func atomic_(w *warp, o *op, mask uint32) {
	x := o.x
	ao := x.v.(*atomOp)
	size, n := uint64(x.size), uint64(x.n)
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		addr := o.address(w, i)
		space := x.space
		if space == Generic {
			space = spaceOf(addr)
			if space == Shared {
				addr -= sharedWindow
			}
		}
		b := w.at(o, space, i, addr, size*n, true)
		for k := range x.vec {
			v := x.get(w, k, i) & (1<<(8*size-1)<<1 - 1)
			var c, old uint64
			if ao.third != nil {
				if size == 8 {
					c = w.r64[ao.third[0]][i]
				} else {
					c = uint64(w.r32[ao.third[0]][i])
				}
			}
			if b != nil {
				e := b[uint64(k)*size : uint64(k+1)*size]
				if space == Shared {
					old = loadBytes(e)
					storeBytes(e, ao.shared(old, v, c))
				} else {
					old = update(e, func(old uint64) uint64 { return ao.global(old, v, c) })
				}
			}
			if !ao.dead && ao.result[k] >= 0 {
				if size == 8 {
					w.r64[ao.result[k]][i] = old
				} else {
					w.r32[ao.result[k]][i] = uint32(old)
				}
			}
		}
	}
}
