package emulator

import "math/bits"

// Barriers and fences.

func init() {
	register(map[string]func(*decoder){
		"bar": decodeBar, "barrier": decodeBar, "membar": decodeFence, "fence": decodeFence,
		"griddepcontrol": func(d *decoder) { d.args(0); nothing(d) },
	})
}

// barInfo holds the fields of a barrier instruction other than its registers.
type barInfo struct {
	aligned bool
	hasN    bool
	arrive  bool
	red     string // popc, and, or
	not     uint32
}

func decodeBar(d *decoder) {
	m := d.mods()
	d.allow(m, "sync", "arrive", "red", "aligned", "warp", "cta", "popc", "and", "or", "cluster", "acquire", "release", "wait", "relaxed")
	a := d.in.Args
	o := d.o
	o.x = &extra{}
	if m.has["cluster"] && d.in.Op == "barrier" {
		decodeClusterBarrier(d, m)
		return
	}
	if m.has["warp"] {
		d.args(1)
		o.a, _ = d.src(&a[0], U32, false)
		o.run = barWarp
		return
	}
	info := barInfo{aligned: d.in.Op == "bar" || m.has["aligned"], arrive: m.has["arrive"]}
	rest := a
	if m.has["red"] {
		for _, r := range []string{"popc", "and", "or"} {
			if m.has[r] {
				info.red = r
			}
		}
		if info.red == "" || len(a) < 3 {
			d.refuse("expected .popc, .and or .or and three operands")
		}
		var p int32
		p, info.not = d.psrc(&a[len(a)-1])
		o.imm = uint64(p)
		if info.red == "popc" {
			o.d, _ = d.dst(&a[0], U32, false)
		} else {
			o.d = d.pdst(&a[0])
		}
		rest = a[1 : len(a)-1]
	}
	if len(rest) < 1 || len(rest) > 2 || info.arrive && len(rest) != 2 {
		d.refuse("expected a barrier and a number of threads")
	}
	if id := rest[0]; id.Kind == OperandInt && id.Int > 15 {
		d.refuse("barrier %d, expected 0 to 15", int64(id.Int))
	}
	o.a, _ = d.src(&rest[0], U32, false)
	if len(rest) == 2 {
		if n := rest[1]; n.Kind == OperandInt && (n.Int%32 != 0 || n.Int == 0 && info.arrive) {
			d.refuse("%d threads, expected a multiple of 32", int64(n.Int))
		}
		info.hasN = true
		o.b, _ = d.src(&rest[1], U32, false)
	}
	o.x.v = &info
	o.run = bar
}

// bar executes bar.sync, bar.arrive and bar.red.
func bar(w *warp, o *op, mask uint32) {
	info := o.x.v.(*barInfo)
	first := bits.TrailingZeros32(mask) & 31
	id := w.r32[o.a][first]
	if id > 15 {
		w.stopFault(o, first, "bad barrier", "there are barriers 0 to 15")
		return
	}
	n := 0
	if info.hasN {
		n = int(w.r32[o.b][first])
		if n == 0 || n%32 != 0 {
			w.stopFault(o, first, "bad barrier", "the number of threads must be a multiple of 32")
			return
		}
	}
	b := w.blk
	if info.arrive {
		b.arrive(w, o, int(id), mask, n)
		return
	}
	if info.red != "" {
		p := (w.p[o.imm] ^ info.not) & mask
		b.bars[id].count += bits.OnesCount32(p)
	}
	s := w.hold(o, mask, stBarrier)
	w.pc = o.at + 1
	s.bar = int(id)
	s.red = nil
	if info.red != "" {
		s.red = &barArrival{o: o, mask: mask}
	}
	w.save()
	// Lanes of this warp that already wait here merge with these.
	for i := 0; i < len(w.splits); {
		t := w.splits[i]
		if t != s && t.state == stBarrier && t.bar == s.bar && t.fr == s.fr && t.pc == s.pc {
			w.absorb(s, t)
			if s.red != nil {
				s.red.mask |= t.active
			}
			w.splits = append(w.splits[:i], w.splits[i+1:]...)
		} else {
			i++
		}
	}
	w.active = s.active
	b.arrive(w, o, int(id), mask, n)
}

// finishBarRed gives the waiting lanes the result of bar.red.
func finishBarRed(f *frame, r *barArrival, bar *barrier) {
	info := r.o.x.v.(*barInfo)
	switch info.red {
	case "popc":
		for m := r.mask; m != 0; m &= m - 1 {
			f.r32[r.o.d][bits.TrailingZeros32(m)&31] = uint32(bar.count)
		}
	case "and":
		f.p[r.o.d] &^= r.mask
		if bar.count == bar.arrived {
			f.p[r.o.d] |= r.mask
		}
	case "or":
		f.p[r.o.d] &^= r.mask
		if bar.count > 0 {
			f.p[r.o.d] |= r.mask
		}
	}
}

// barWarp executes bar.warp.sync: the named lanes wait for each other.
func barWarp(w *warp, o *op, mask uint32) {
	mask, ok := w.allMembers(o, mask, o.a)
	if !ok || w.chk == nil {
		return
	}
	for left := mask; left != 0; {
		_, same := w.group(left, o.a)
		w.chk.syncLanes(w, same)
		left &^= same
	}
}

// decodeFence decodes fences. The emulator keeps memory in order by itself; for the checks, a fence
// turns an atomic into a release or an acquire.
func decodeFence(d *decoder) {
	m := d.mods()
	d.allow(m, "gl", "cta", "sys", "gpu", "cluster", "sc", "acq_rel", "acquire", "release", "proxy", "alias", "async",
		"async::generic", "mbarrier_init", "global", "shared::cta", "shared::cluster", "sync_restrict::shared::cta", "sync_restrict::shared::cluster")
	if m.has["proxy"] && !m.has["acquire"] && !m.has["release"] { // of one thread's accesses by different ways
		nothing(d)
		return
	}
	d.args(0)
	cta := m.has["cta"]
	d.o.x = &extra{cta: cta}
	d.o.run = func(w *warp, o *op_, mask uint32) {
		if w.chk != nil {
			w.chk.fence(w, mask, o.x.cta)
		}
	}
}
