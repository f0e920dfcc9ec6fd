package emulator

// Handlers built from scalar functions. All 32 lanes are computed; partial restores the lanes that
// do not take part.

func map32x1(f func(a uint32) uint32) handler {
	return func(w *warp, o *op, _ uint32) {
		d, a := &w.r32[o.d], &w.r32[o.a]
		for i := range d {
			d[i] = f(a[i])
		}
	}
}

func map32x2(f func(a, b uint32) uint32) handler {
	return func(w *warp, o *op, _ uint32) {
		d, a, b := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b]
		for i := range d {
			d[i] = f(a[i], b[i])
		}
	}
}

func map32x3(f func(a, b, c uint32) uint32) handler {
	return func(w *warp, o *op, _ uint32) {
		d, a, b, c := &w.r32[o.d], &w.r32[o.a], &w.r32[o.b], &w.r32[o.c]
		for i := range d {
			d[i] = f(a[i], b[i], c[i])
		}
	}
}

func map64x1(f func(a uint64) uint64) handler {
	return func(w *warp, o *op, _ uint32) {
		d, a := &w.r64[o.d], &w.r64[o.a]
		for i := range d {
			d[i] = f(a[i])
		}
	}
}

func map64x2(f func(a, b uint64) uint64) handler {
	return func(w *warp, o *op, _ uint32) {
		d, a, b := &w.r64[o.d], &w.r64[o.a], &w.r64[o.b]
		for i := range d {
			d[i] = f(a[i], b[i])
		}
	}
}

func map64x3(f func(a, b, c uint64) uint64) handler {
	return func(w *warp, o *op, _ uint32) {
		d, a, b, c := &w.r64[o.d], &w.r64[o.a], &w.r64[o.b], &w.r64[o.c]
		for i := range d {
			d[i] = f(a[i], b[i], c[i])
		}
	}
}

// widened returns register slot as 64-bit values.
func (w *warp) widened(tmp *vec64, slot int32, wide bool) *vec64 {
	if wide {
		return &w.r64[slot]
	}
	for i, v := range &w.r32[slot] {
		tmp[i] = uint64(v)
	}
	return tmp
}

// mapMixed is for operands of different widths: x.wides says which of d, a, b, c are 64-bit
// registers.
func mapMixed(n int, f func(a, b, c uint64) uint64) handler {
	return func(w *warp, o *op, _ uint32) {
		var ta, tb, tc vec64
		a := w.widened(&ta, o.a, o.x.wides[1])
		b, c := &tb, &tc
		if n > 1 {
			b = w.widened(&tb, o.b, o.x.wides[2])
		}
		if n > 2 {
			c = w.widened(&tc, o.c, o.x.wides[3])
		}
		if o.x.wides[0] {
			d := &w.r64[o.d]
			for i := range d {
				d[i] = f(a[i], b[i], c[i])
			}
			return
		}
		d := &w.r32[o.d]
		for i := range d {
			d[i] = uint32(f(a[i], b[i], c[i]))
		}
	}
}

// compute decodes an instruction with operands d, a, b, … of the given types; f is its scalar
// function, one of
//
//	func(uint32) uint32, func(uint32, uint32) uint32, func(uint32, uint32, uint32) uint32,
//	the same with uint64, or, for mixed widths, func(a, b, c uint64) uint64,
//
// or a handler. Narrower values are zero-extended in 32-bit registers.
func (d *decoder) compute(f any, types ...Type) {
	args := d.args(len(types))
	o := d.o
	wides := make([]bool, len(types))
	slots := make([]int32, 4)
	for i := len(types) - 1; i >= 0; i-- {
		if i == 0 {
			slots[0], wides[0] = d.dst(&args[0], types[0], false)
		} else {
			slots[i], wides[i] = d.src(&args[i], types[i], false)
		}
	}
	o.d, o.a, o.b, o.c = slots[0], slots[1], slots[2], slots[3]
	o.pure = 1
	if wides[0] {
		o.pure = 2
	}
	same := func(want bool) {
		for _, w := range wides {
			if w != want {
				d.refuse("operands of mixed width")
			}
		}
	}
	switch f := f.(type) {
	case func(uint32) uint32:
		same(false)
		o.run = map32x1(f)
	case func(a, b uint32) uint32:
		same(false)
		o.run = map32x2(f)
	case func(a, b, c uint32) uint32:
		same(false)
		o.run = map32x3(f)
	case func(uint64) uint64:
		same(true)
		o.run = map64x1(f)
	case func(a, b uint64) uint64:
		same(true)
		o.run = map64x2(f)
	case func(a, b, c uint64) uint64:
		all := true
		for _, w := range wides {
			all = all && w
		}
		if all && len(types) == 4 {
			o.run = map64x3(f)
			break
		}
		if o.x == nil {
			o.x = &extra{}
		}
		o.x.wides = wides
		o.run = mapMixed(len(types)-1, f)
	case handler:
		o.run = f
	case func(w *warp, o *op, mask uint32):
		o.run = f
	default:
		d.refuse("unsupported form")
	}
}
