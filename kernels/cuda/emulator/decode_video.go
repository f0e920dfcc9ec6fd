package emulator

import (
	"strings"

	"baregrad/kernels/cuda/emulator/arith"
)

// The video instructions: vadd, vsub, vabsdiff, vmin, vmax, vshl, vshr, vset and vmad, and those on
// two halves (vadd2 …) or four bytes (vadd4 …).

var videoOps = map[string]arith.VideoOp{
	"vadd": arith.VideoAdd, "vsub": arith.VideoSub, "vabsdiff": arith.VideoAbsDiff, "vmin": arith.VideoMin,
	"vmax": arith.VideoMax, "vavrg": arith.VideoAvrg, "vshl": arith.VideoShl, "vshr": arith.VideoShr,
}

var videoCompare = map[string]arith.VideoOp{
	"eq": arith.VideoSetEQ, "ne": arith.VideoSetNE, "lt": arith.VideoSetLT,
	"le": arith.VideoSetLE, "gt": arith.VideoSetGT, "ge": arith.VideoSetGE,
}

var videoParts = map[string]arith.Part{
	"": arith.PartAll, "b0": arith.PartB0, "b1": arith.PartB1, "b2": arith.PartB2, "b3": arith.PartB3,
	"h0": arith.PartH0, "h1": arith.PartH1,
}

func init() {
	table := map[string]func(*decoder){"vset": decodeVideo, "vset2": decodeVideo, "vset4": decodeVideo, "vmad": decodeVmad}
	for name, op := range videoOps {
		if op != arith.VideoAvrg {
			table[name] = decodeVideo
		}
		if op != arith.VideoShl && op != arith.VideoShr {
			table[name+"2"], table[name+"4"] = decodeVideo, decodeVideo
		}
	}
	register(table)
}

// split removes the part selector and the minus sign from an operand.
func (d *decoder) split(a *Operand, neg bool) (plain Operand, part string, minus bool) {
	plain = *a
	plain.Part, plain.Neg = "", false
	if a.Neg && !neg {
		d.refuse("a minus sign does not stand here")
	}
	return plain, a.Part, a.Neg
}

// videoPart returns the part of a register that an operand of a scalar form selects.
func (d *decoder) videoPart(name string) arith.Part {
	p, ok := videoParts[name]
	if !ok {
		d.refuse("unknown part .%s", name)
	}
	return p
}

// withArgs runs f on the instruction with other operands.
func (d *decoder) withArgs(args []Operand, f func()) {
	in := *d.in
	in.Args = args
	saved := d.in
	d.in = &in
	f()
	d.in = saved
}

func decodeVideo(d *decoder) {
	m := d.mods()
	name := d.in.Op
	lanes := 1
	if last := name[len(name)-1]; last == '2' || last == '4' {
		lanes = int(last - '0')
		name = name[:len(name)-1]
	}
	op := videoOps[name]
	want := 3
	if name == "vset" {
		want = 2
		n := 0
		for w, c := range videoCompare {
			if m.has[w] {
				op = c
				n++
			}
		}
		if n != 1 {
			d.refuse("expected one comparison")
		}
		m.types = append([]Type{U32}, m.types...)
	}
	if len(m.types) != 3 {
		d.refuse("%d types, expected %d", len(m.types)-3+want, want)
	}
	for _, t := range m.types {
		if t != U32 && t != S32 {
			d.refuse("expected .u32 or .s32")
		}
	}
	sd, sa, sb := m.types[0] == S32, m.types[1] == S32, m.types[2] == S32
	words := []string{"add"}
	if name == "vset" {
		for w := range videoCompare {
			words = append(words, w)
		}
	} else {
		words = append(words, "sat")
	}
	if lanes > 1 {
		d.allow(m, words...)
		d.videoSIMD(arith.VideoSIMD{Op: op, Lanes: lanes, SignedD: sd, SignedA: sa, SignedB: sb, Sat: m.has["sat"], Add: m.has["add"]})
		return
	}
	v := arith.Video{Op: op, SignedD: sd, SignedA: sa, SignedB: sb, Sat: m.has["sat"], Wrap: m.has["wrap"]}
	words = append(words, "min", "max")
	if op == arith.VideoShl || op == arith.VideoShr {
		words = append(words, "clamp", "wrap")
		if m.has["clamp"] == m.has["wrap"] || sb {
			d.refuse("expected .u32 and one of .clamp and .wrap")
		}
	}
	d.allow(m, words...)
	for w, s := range map[string]arith.VideoSecond{"add": arith.SecondAdd, "min": arith.SecondMin, "max": arith.SecondMax} {
		if m.has[w] && v.Second != arith.SecondNone {
			d.refuse("more than one second operation")
		} else if m.has[w] {
			v.Second = s
		}
	}
	a := d.in.Args
	if len(a) < 3 || len(a) > 4 {
		d.refuse("%d operands, expected 3 or 4", len(a))
	}
	args := make([]Operand, len(a))
	parts := make([]string, len(a))
	for i := range a {
		args[i], parts[i], _ = d.split(&a[i], false)
	}
	v.D, v.A, v.B = d.videoPart(parts[0]), d.videoPart(parts[1]), d.videoPart(parts[2])
	merges := v.D != arith.PartAll
	if (merges || v.Second != arith.SecondNone) != (len(a) == 4) || merges && v.Second != arith.SecondNone || len(a) == 4 && parts[3] != "" {
		d.refuse("expected a third source with a second operation or a part of the result, not with both")
	}
	d.withArgs(args, func() {
		if len(args) == 3 {
			d.compute(func(a, b uint32) uint32 { return v.Run(a, b, 0) }, B32, B32, B32)
		} else {
			d.compute(v.Run, B32, B32, B32, B32)
		}
	})
}

// videoSIMD finishes decoding a form on halves or bytes.
func (d *decoder) videoSIMD(v arith.VideoSIMD) {
	if v.Sat && v.Add {
		d.refuse(".sat and .add do not go together")
	}
	a := d.args(4)
	letter := pick(v.Lanes == 2, "h", "b")
	// numbers reads a selector: element i is its i-th digit from the right.
	numbers := func(part, standard string, limit int) (list []uint8) {
		if part == "" {
			part = letter + standard
		}
		digits, ok := strings.CutPrefix(part, letter)
		for i := len(digits) - 1; i >= 0; i-- {
			n := int(digits[i] - '0')
			ok = ok && n < limit
			list = append(list, uint8(n))
		}
		if !ok {
			d.refuse("unknown part .%s", part)
		}
		return
	}
	args := make([]Operand, 4)
	var parts [4]string
	for i := range a {
		args[i], parts[i], _ = d.split(&a[i], false)
	}
	selA, selB := numbers(parts[1], "3210"[4-v.Lanes:], 2*v.Lanes), numbers(parts[2], pick(v.Lanes == 2, "32", "7654"), 2*v.Lanes)
	if len(selA) != v.Lanes || len(selB) != v.Lanes || parts[3] != "" {
		d.refuse("expected parts of %d digits", v.Lanes)
	}
	copy(v.SelA[:], selA)
	copy(v.SelB[:], selB)
	last := -1
	for _, n := range numbers(parts[0], "3210"[4-v.Lanes:], v.Lanes) {
		if int(n) <= last {
			d.refuse("unknown mask .%s", parts[0])
		}
		last = int(n)
		v.Mask |= 1 << n
	}
	d.withArgs(args, func() { d.compute(v.Run, B32, B32, B32, B32) })
}

// decodeVmad decodes vmad.dtype.atype.btype{.po}{.sat}{.shr7,.shr15} d, {-}a, {-}b, {-}c.
func decodeVmad(d *decoder) {
	m := d.mods()
	d.allow(m, "po", "sat", "shr7", "shr15")
	if len(m.types) != 3 {
		d.refuse("%d types, expected 3", len(m.types))
	}
	for _, t := range m.types {
		if t != U32 && t != S32 {
			d.refuse("expected .u32 or .s32")
		}
	}
	v := arith.VideoMad{SignedA: m.types[1] == S32, SignedB: m.types[2] == S32, PlusOne: m.has["po"], Sat: m.has["sat"]}
	switch {
	case m.has["shr7"] && m.has["shr15"]:
		d.refuse("more than one shift")
	case m.has["shr7"]:
		v.Shift = 7
	case m.has["shr15"]:
		v.Shift = 15
	}
	a := d.args(4)
	args := make([]Operand, 4)
	var parts [4]string
	var minus [4]bool
	for i := range a {
		args[i], parts[i], minus[i] = d.split(&a[i], i > 0)
	}
	if parts[0] != "" || parts[3] != "" {
		d.refuse("only a and b have parts")
	}
	v.A, v.B = d.videoPart(parts[1]), d.videoPart(parts[2])
	v.NegProduct, v.NegC = minus[1] != minus[2], minus[3]
	if v.NegProduct && v.NegC || v.PlusOne && (v.NegProduct || v.NegC) {
		d.refuse("either the product or c is negated, and neither with .po")
	}
	d.withArgs(args, func() { d.compute(v.Run, B32, B32, B32, B32) })
}
