package emulator

import (
	"math/bits"

	"baregrad/kernels/cuda/emulator/arith"
)

// wmma.load, wmma.mma and wmma.store. PTX does not specify which lane holds which elements of a
// fragment; see arith.WMMA.

func init() { register(map[string]func(*decoder){"wmma": decodeWMMA}) }

func decodeWMMA(d *decoder) {
	f := d.matrixForm()
	if len(f.words) == 0 {
		d.refuse("expected .load, .mma or .store")
	}
	switch kind := f.words[0]; kind {
	case "mma":
		d.wmmaMMA(f)
	case "load", "store":
		d.wmmaMove(f, kind == "load")
	default:
		d.refuse("unsupported modifier .%s", kind)
	}
}

// wmmaMMA decodes wmma.mma{.xor.popc}.sync.aligned.row.col.mMnNkK.D.A.B.C, or only .D.C if A and B
// are f16.
func (d *decoder) wmmaMMA(f matrixForm) {
	if len(f.words) > 1 {
		d.refuse("unsupported modifier .%s", f.words[1])
	}
	e := f.elems
	if len(e) == 2 {
		e = []arith.Elem{e[0], arith.ElemF16, arith.ElemF16, e[1]}
	}
	if len(e) != 4 || len(f.layouts) != 2 {
		d.refuse("%d element types and %d layouts, expected 4 and 2", len(f.elems), len(f.layouts))
	}
	form := arith.WMMA{M: f.shape[0], N: f.shape[1], K: f.shape[2], D: e[0], A: e[1], B: e[2], C: e[3], Sat: f.sat, And: f.and, Round: f.round}
	if err := form.Check(); err != nil {
		d.refuse("%v", err)
	}
	if f.bits != (e[1] == arith.ElemB1) {
		d.refuse("expected .xor.popc or .and.popc with .b1, and only there")
	}
	d.wmmaLayout(e[1], arith.MatrixA, f.layouts[0])
	d.wmmaLayout(e[2], arith.MatrixB, f.layouts[1])
	a := d.args(4)
	d.o.x = &extra{flops: 2 * form.M * form.N * form.K / 32}
	var regs [4][]int32
	for i, x := range []arith.Matrix{arith.MatrixA, arith.MatrixB, arith.MatrixC, arith.MatrixD} {
		n, _ := form.Registers(x)
		regs[x] = d.regList(&a[(i+1)%4], wmmaRegister(form.Elem(x)), n, x == arith.MatrixD)
	}
	wide := e[0] == arith.ElemF64
	d.o.run = func(w *warp, o *op_, mask uint32) {
		if !w.together(o, mask) {
			return
		}
		var frags [4]arith.WMMAFragment
		for x := range 3 {
			for k, s := range regs[x] {
				for i := range 32 {
					if wide {
						frags[x][i][k] = w.r64[s][i]
					} else {
						frags[x][i][k] = uint64(w.r32[s][i])
					}
				}
			}
		}
		form.Run(&frags[3], &frags[0], &frags[1], &frags[2])
		for k, s := range regs[3] {
			for i := range 32 {
				if wide {
					w.r64[s][i] = frags[3][i][k]
				} else {
					w.r32[s][i] = uint32(frags[3][i][k])
				}
			}
		}
	}
}

// wmmaRegister returns the type of a register that holds elements of type e.
func wmmaRegister(e arith.Elem) Type {
	if e == arith.ElemF64 {
		return F64
	}
	return B32
}

// wmmaLayout refuses unsupported layouts: factors with elements smaller than a byte are contiguous
// by rows, for B by columns.
func (d *decoder) wmmaLayout(e arith.Elem, x arith.Matrix, layout string) {
	want := [...]string{"row", "col"}
	if narrow := e == arith.ElemS4 || e == arith.ElemU4 || e == arith.ElemB1; narrow && x <= arith.MatrixB && layout != want[x] {
		d.refuse("expected .%s for .%v", want[x], e)
	}
}

// wmmaMove decodes wmma.load.a.sync.aligned.row.mMnNkK{.space}.T r, [p]{, stride}, and wmma.store.d
// … [p], r{, stride}. The stride, from row to row or column to column, is in elements; without one
// the matrix is contiguous.
func (d *decoder) wmmaMove(f matrixForm, load bool) {
	o := d.o
	x, space, ok := arith.MatrixD, Generic, !load
	for _, w := range f.words[1:] {
		switch {
		case w == "d" && !load:
		case load && (w == "a" || w == "b" || w == "c"):
			x, ok = map[string]arith.Matrix{"a": arith.MatrixA, "b": arith.MatrixB, "c": arith.MatrixC}[w], true
		case w == "global" || w == "shared" || w == "shared::cta":
			space = spaceByName[w]
		default:
			d.refuse("unsupported modifier .%s", w)
		}
	}
	if !ok || len(f.elems) != 1 || len(f.layouts) != 1 {
		d.refuse("expected a matrix, a layout and a type")
	}
	elem := f.elems[0]
	form, ok := wmmaFormOf(f.shape, x, elem)
	if !ok {
		d.refuse("no such form")
	}
	d.wmmaLayout(elem, x, f.layouts[0])
	a := d.in.Args
	if len(a) != 2 && len(a) != 3 {
		d.refuse("%d operands, expected 2 or 3", len(a))
	}
	n, per := form.Registers(x)
	mv := &wmmaMove{form: form, x: x, load: load, byRows: f.layouts[0] == "row", per: per, stride: -1}
	address, list := &a[1], &a[0]
	if !load {
		address, list = list, address
	}
	o.x = &extra{n: 1, typ: B8, memory: true}
	d.place(address, space)
	if len(a) == 3 {
		mv.stride, _ = d.src(&a[2], U32, false)
	}
	mv.regs = d.regList(list, wmmaRegister(elem), n, load)
	// Elements that are contiguous in memory are accessed a whole register at a time.
	mv.unit, mv.count = elemBytes(elem), per
	if mv.byRows == (x != arith.MatrixB) || mv.unit == 0 {
		mv.unit, mv.count = 4, 1
		if elem == arith.ElemF64 {
			mv.unit = 8
		}
	}
	mv.bits = 8 * mv.unit / (per / mv.count)
	o.x.size = mv.unit
	mv.access = op{a: d.scratch(true), x: &extra{wide: true, space: space, origin: o.x.origin, n: 1, size: mv.unit, typ: B8}}
	mv.track = checkedAccess(pick(load, accessRead, accessWrite))
	o.run = mv.run
}

// elemBytes returns the size of an element in bytes, 0 for less than one.
func elemBytes(e arith.Elem) int {
	switch e {
	case arith.ElemF64:
		return 8
	case arith.ElemF32, arith.ElemTF32, arith.ElemS32:
		return 4
	case arith.ElemF16, arith.ElemBF16:
		return 2
	case arith.ElemS8, arith.ElemU8:
		return 1
	}
	return 0
}

// wmmaFormOf returns a form in which operand x has type e, to get the size of its fragment.
func wmmaFormOf(shape [3]int, x arith.Matrix, e arith.Elem) (arith.WMMA, bool) {
	for factor := arith.ElemF16; factor <= arith.ElemF64; factor++ {
		for _, sum := range []arith.Elem{arith.ElemF16, arith.ElemF32, arith.ElemS32, arith.ElemF64} {
			f := arith.WMMA{M: shape[0], N: shape[1], K: shape[2], D: sum, A: factor, B: factor, C: sum}
			if f.Check() == nil && f.Elem(x) == e {
				return f, true
			}
		}
	}
	return arith.WMMA{}, false
}

// wmmaMove is a load or store of a fragment.
type wmmaMove struct {
	form   arith.WMMA
	x      arith.Matrix
	load   bool
	byRows bool
	per    int   // elements per register
	unit   int   // bytes per access
	count  int   // accesses per register
	bits   int   // bits per element
	stride int32 // register; -1: none
	regs   []int32
	access op // one access of every lane; its register holds the addresses
	track  handler
}

func (mv *wmmaMove) run(w *warp, o *op, mask uint32) {
	if !w.together(o, mask) {
		return
	}
	from := mv.access
	from.at, from.in = o.at, o.in
	first := bits.TrailingZeros32(mask) & 31
	base := o.address(w, first)
	rows, cols := mv.form.Size(mv.x)
	stride := uint64(pick(mv.byRows, cols, rows))
	if mv.stride >= 0 {
		stride = uint64(w.r32[mv.stride][first])
	}
	// The matrix must be aligned to a lane's share of it; each further row or column to that share
	// or 16 bytes, whichever is less.
	share := uint64(len(mv.regs) * max(4, mv.unit))
	second := base + stride*uint64(mv.bits)/8
	for _, at := range []struct{ addr, align uint64 }{{base, share}, {second, min(share, 16)}} {
		if at.addr%at.align != 0 {
			w.fault(o, faultMisaligned, o.x.space, first, at.addr, at.align, !mv.load)
			return
		}
	}
	for r, s := range mv.regs {
		var values vec64
		if !mv.load {
			for i := range values {
				if mv.unit == 8 {
					values[i] = w.r64[s][i]
				} else {
					values[i] = uint64(w.r32[s][i])
				}
			}
		}
		for u := range mv.count {
			at := &w.r64[from.a]
			for i := range at {
				row, col := mv.form.Place(mv.x, i, r, u*mv.per/mv.count)
				if !mv.byRows {
					row, col = col, row
				}
				at[i] = base + (uint64(row)*stride+uint64(col))*uint64(mv.bits)/8
			}
			if w.chk != nil {
				mv.track(w, &from, mask)
			}
			shift := 8 * u * mv.unit
			for m := mask; m != 0; m &= m - 1 {
				i := bits.TrailingZeros32(m) & 31
				b := w.at(&from, from.x.space, i, at[i], uint64(mv.unit), !mv.load)
				switch {
				case b == nil:
				case mv.load:
					values[i] |= loadBytes(b) << shift
				default:
					storeBytes(b, values[i]>>shift)
				}
			}
		}
		if !mv.load {
			continue
		}
		for i, v := range values {
			if mv.unit == 8 {
				w.r64[s][i] = v
			} else {
				w.r32[s][i] = uint32(v)
			}
		}
	}
}
