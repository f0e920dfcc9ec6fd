package emulator

import (
	"fmt"
	"math/bits"

	"baregrad/kernels/cuda/emulator/arith"
)

// Matrix instructions: ldmatrix, stmatrix, movmatrix, mma.sync. wmma is in decode_wmma.go.

func init() {
	register(map[string]func(*decoder){"ldmatrix": decodeLdmatrix, "stmatrix": decodeLdmatrix, "mma": decodeMMA, "movmatrix": decodeMovmatrix})
}

// regList returns the registers of a vector operand.
func (d *decoder) regList(a *Operand, t Type, n int, dst bool) []int32 {
	if a.Kind != OperandVector || a.Name != "" {
		d.refuse("operand is not a vector of registers, expected %d registers in braces", n)
	}
	list := a.Elems
	if len(list) != n {
		d.refuse("%d registers, expected %d", len(list), n)
	}
	d.alike(list)
	var out []int32
	for i := range list {
		var s int32
		if dst {
			s, _ = d.dst(&list[i], t, false)
		} else {
			s, _ = d.src(&list[i], t, false)
		}
		out = append(out, s)
	}
	return out
}

// together waits until all lanes of the warp have reached an .aligned instruction.
func (w *warp) together(o *op, mask uint32) bool {
	if w.blk.grid.checks&CheckBarriers != 0 && w.exited&w.lanes != 0 {
		f := w.finding("divergent warp instruction", o, bits.TrailingZeros32(mask))
		f.Detail = "lanes " + laneList(w.exited&w.lanes) + " of the warp have exited"
		w.report(f)
	}
	return w.gather(o, mask, fullMask)
}

// decodeLdmatrix decodes ldmatrix and stmatrix of one, two or four 8×8 matrices of b16.
func decodeLdmatrix(d *decoder) {
	load := d.in.Op == "ldmatrix"
	n, trans, space := 0, false, Generic
	for _, w := range d.in.Mods {
		switch w {
		case "sync", "aligned", "m8n8", "b16":
		case "x1":
			n = 1
		case "x2":
			n = 2
		case "x4":
			n = 4
		case "trans":
			trans = true
		case "shared", "shared::cta":
			space = Shared
		default:
			d.refuse("unsupported modifier .%s", w)
		}
	}
	if n == 0 {
		d.refuse("expected .x1, .x2 or .x4")
	}
	a := d.args(2)
	o := d.o
	o.x = &extra{n: 1, size: 16, typ: B8, memory: true}
	if load {
		d.place(&a[1], space)
		o.x.vec = d.regList(&a[0], B32, n, true)
	} else {
		d.place(&a[0], space)
		o.x.vec = d.regList(&a[1], B32, n, false)
	}
	lanes := uint32(fullMask) >> (32 - 8*n) // lanes that provide the address of a row
	track := checkedAccess(pick(load, accessRead, accessWrite))
	o.run = func(w *warp, o *op_, mask uint32) {
		if !w.together(o, mask) {
			return
		}
		if w.chk != nil {
			track(w, o, lanes)
		}
		var loaded [4]vec32
		for k, s := range o.x.vec {
			var rows [8][8]uint16
			if !load {
				rows = arith.StMatrix(&w.r32[s], trans)
			}
			for r := range rows {
				i := arith.MatrixRowLane(k, r)
				b := w.at(o, o.x.space, i, o.address(w, i), 16, !load)
				if b == nil {
					continue
				}
				for c := range rows[r] {
					if load {
						rows[r][c] = uint16(loadBytes(b[2*c : 2*c+2]))
					} else {
						storeBytes(b[2*c:2*c+2], uint64(rows[r][c]))
					}
				}
			}
			if load {
				loaded[k] = arith.LdMatrix(&rows, trans)
			}
		}
		if load { // after all rows: a result may overwrite the register of the addresses
			for k, s := range o.x.vec {
				w.r32[s] = loaded[k]
			}
		}
	}
}

func decodeMovmatrix(d *decoder) {
	m := d.mods()
	d.allow(m, "sync", "aligned", "m8n8", "trans")
	a := d.args(2)
	o := d.o
	o.a, _ = d.src(&a[1], B32, false)
	o.d, _ = d.dst(&a[0], B32, false)
	o.run = func(w *warp, o *op_, mask uint32) {
		if !w.together(o, mask) {
			return
		}
		rows := arith.StMatrix(&w.r32[o.a], false)
		w.r32[o.d] = arith.LdMatrix(&rows, true)
	}
}

// matrixForm is the modifiers of mma and wmma, decoded.
type matrixForm struct {
	elems   []arith.Elem
	shape   [3]int
	layouts []string // row, col
	words   []string // the others
	sat     bool
	and     bool // .and.popc of b1, otherwise .xor.popc
	bits    bool // .popc
	round   arith.Rounding
}

func (d *decoder) matrixForm() matrixForm {
	f := matrixForm{round: arith.RN}
	for _, w := range d.in.Mods {
		if e, ok := arith.ParseElem(w); ok {
			f.elems = append(f.elems, e)
			continue
		}
		switch w {
		case "sync", "aligned", "xor":
		case "row", "col":
			f.layouts = append(f.layouts, w)
		case "satfinite":
			f.sat = true
		case "and":
			f.and = true
		case "popc":
			f.bits = true
		case "rn", "rz", "rm", "rp":
			f.round = map[string]arith.Rounding{"rn": arith.RN, "rz": arith.RZ, "rm": arith.RM, "rp": arith.RP}[w]
		default:
			if _, err := fmt.Sscanf(w, "m%dn%dk%d", &f.shape[0], &f.shape[1], &f.shape[2]); err != nil ||
				w != fmt.Sprintf("m%dn%dk%d", f.shape[0], f.shape[1], f.shape[2]) {
				f.words = append(f.words, w)
			}
		}
	}
	return f
}

// decodeMMA decodes mma.sync.aligned.mMnNkK.row.col{.satfinite}.D.A.B.C.
func decodeMMA(d *decoder) {
	f := d.matrixForm()
	if len(f.words) > 0 {
		d.refuse("unsupported modifier .%s", f.words[0])
	}
	if len(f.elems) != 4 || len(f.layouts) != 2 {
		d.refuse("%d element types and %d layouts, expected 4 and 2", len(f.elems), len(f.layouts))
	}
	a := d.args(4)
	o := d.o
	o.x = &extra{}
	e := f.elems
	if f.shape == [3]int{8, 8, 4} && e[1] == arith.ElemF16 && e[2] == arith.ElemF16 {
		d.mmaQuads(a, f)
		return
	}
	if f.layouts[0] != "row" || f.layouts[1] != "col" {
		d.refuse("expected .row.col")
	}
	o.x.flops = 2 * f.shape[0] * f.shape[1] * f.shape[2] / 32
	if e[0] == arith.ElemF64 {
		if e[1] != e[0] || e[2] != e[0] || e[3] != e[0] || f.sat {
			d.refuse("expected four times .f64")
		}
		d.mmaF64(a, arith.MMAF64{M: f.shape[0], N: f.shape[1], K: f.shape[2], Round: f.round})
		return
	}
	form := arith.MMA{M: f.shape[0], N: f.shape[1], K: f.shape[2], D: e[0], A: e[1], B: e[2], C: e[3], Sat: f.sat, And: f.and}
	if err := form.Check(); err != nil {
		d.refuse("%v", err)
	}
	if f.bits != (e[1] == arith.ElemB1) {
		d.refuse("expected .xor.popc or .and.popc with .b1, and only there")
	}
	nd, na, nb, nc := form.Registers()
	ra, rb, rc := d.regList(&a[1], B32, na, false), d.regList(&a[2], B32, nb, false), d.regList(&a[3], B32, nc, false)
	rd := d.regList(&a[0], B32, nd, true)
	o.run = func(w *warp, o *op_, mask uint32) {
		if !w.together(o, mask) {
			return
		}
		var fd, fa, fb, fc arith.Fragment
		for _, f := range []struct {
			frag *arith.Fragment
			regs []int32
		}{{&fa, ra}, {&fb, rb}, {&fc, rc}} {
			for k, s := range f.regs {
				for i, v := range &w.r32[s] {
					f.frag[i][k] = v
				}
			}
		}
		form.Run(&fd, &fa, &fb, &fc)
		for k, s := range rd {
			d := &w.r32[s]
			for i := range d {
				d[i] = fd[i][k]
			}
		}
	}
}

// mmaQuads decodes mma.sync.aligned.m8n8k4 of f16: four products at once.
func (d *decoder) mmaQuads(a []Operand, f matrixForm) {
	form := arith.MMAQuads{ColA: f.layouts[0] == "col", RowB: f.layouts[1] == "row", D: f.elems[0], C: f.elems[3]}
	for _, e := range []arith.Elem{form.C, form.D} {
		if e != arith.ElemF16 && e != arith.ElemF32 || form.C == arith.ElemF32 && form.D != form.C || f.sat || f.bits {
			d.refuse("expected .f16 or .f32 sums, and .f32 results of .f32 sums")
		}
	}
	d.o.x.flops = 4 * 2 * 8 * 8 * 4 / 32
	nd, na, nb, nc := form.Registers()
	ra, rb, rc := d.regList(&a[1], B32, na, false), d.regList(&a[2], B32, nb, false), d.regList(&a[3], B32, nc, false)
	rd := d.regList(&a[0], B32, nd, true)
	d.o.run = func(w *warp, o *op_, mask uint32) {
		if !w.together(o, mask) {
			return
		}
		var fd, fa, fb, fc arith.FragmentQuads
		fill := func(f *arith.FragmentQuads, regs []int32) {
			for k, s := range regs {
				for i, v := range &w.r32[s] {
					f[i][k] = v
				}
			}
		}
		fill(&fa, ra)
		fill(&fb, rb)
		fill(&fc, rc)
		form.Run(&fd, &fa, &fb, &fc)
		for k, s := range rd {
			for i := range fd {
				w.r32[s][i] = fd[i][k]
			}
		}
	}
}

func (d *decoder) mmaF64(a []Operand, form arith.MMAF64) {
	if err := form.Check(); err != nil {
		d.refuse("%v", err)
	}
	nd, na, nb, nc := form.Registers()
	ra, rb, rc := d.regList(&a[1], F64, na, false), d.regList(&a[2], F64, nb, false), d.regList(&a[3], F64, nc, false)
	rd := d.regList(&a[0], F64, nd, true)
	d.o.run = func(w *warp, o *op_, mask uint32) {
		if !w.together(o, mask) {
			return
		}
		var fd, fa, fb, fc arith.FragmentF64
		fill := func(f *arith.FragmentF64, regs []int32) {
			for k, s := range regs {
				for i, v := range &w.r64[s] {
					f[i][k] = v
				}
			}
		}
		fill(&fa, ra)
		fill(&fb, rb)
		fill(&fc, rc)
		form.Run(&fd, &fa, &fb, &fc)
		for k, s := range rd {
			for i := range fd {
				w.r64[s][i] = fd[i][k]
			}
		}
	}
}
