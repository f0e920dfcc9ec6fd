package emulator

import (
	"fmt"
	"strings"
	"time"
)

// Special registers. Those that are constant while a block runs are ordinary registers that are
// filled when the block starts. The others (clocks) are read by a small op before each instruction
// that names them.

type specialKind uint8

const (
	spTidX specialKind = iota
	spTidY
	spTidZ
	spNtidX
	spNtidY
	spNtidZ
	spCtaidX
	spCtaidY
	spCtaidZ
	spNctaidX
	spNctaidY
	spNctaidZ
	spLaneid
	spWarpid
	spNwarpid
	spSmid
	spNsmid
	spGridid
	spLanemaskEq
	spLanemaskLe
	spLanemaskLt
	spLanemaskGe
	spLanemaskGt
	spDynamicSmem
	spTotalSmem
	spZero
	spOne
	spFalse // a predicate
	spClock // the volatile ones start here
	spClockHi
	spClock64
	spTimer
	spTimerLo
	spTimerHi
)

type specialInfo struct {
	kind specialKind
	wide bool // 64 bits
}

// widths returns the widths in bits of which mov may read the register %name. Thread and block
// indices and sizes once had 16 bits, and %gridid has had 16, 32 and 64.
func (s specialInfo) widths(name string) []int {
	switch vector, _, _ := strings.Cut(name, "."); {
	case name == "%gridid":
		return []int{16, 32, 64}
	case s.wide:
		return []int{64}
	case vector == "%tid" || vector == "%ntid" || vector == "%ctaid" || vector == "%nctaid":
		return []int{16, 32}
	}
	return []int{32}
}

// Registers that a driver may set and this one leaves zero: environment registers, performance
// counters, shared memory reserved by the driver, and the graph that a kernel runs in.
func init() {
	for i := range 32 {
		specials[fmt.Sprintf("%%envreg%d", i)] = specialInfo{kind: spZero}
	}
	for i := range 8 {
		specials[fmt.Sprintf("%%pm%d", i)] = specialInfo{kind: spZero}
		specials[fmt.Sprintf("%%pm%d_64", i)] = specialInfo{spZero, true}
	}
	for _, name := range []string{"begin", "end", "cap", "0", "1"} {
		specials["%reserved_smem_offset_"+name] = specialInfo{kind: spZero}
	}
	specials["%current_graph_exec"] = specialInfo{spZero, true}
	for _, name := range specialVectors {
		specials[name+".w"] = specialInfo{kind: spZero} // of four elements, the last of which is always zero
	}
}

// specialVectors are the special registers with elements .x, .y, .z and .w.
var specialVectors = []string{"%tid", "%ntid", "%ctaid", "%nctaid", "%clusterid", "%nclusterid", "%cluster_ctaid", "%cluster_nctaid"}

var specials = map[string]specialInfo{
	"%tid.x": {kind: spTidX}, "%tid.y": {kind: spTidY}, "%tid.z": {kind: spTidZ},
	"%ntid.x": {kind: spNtidX}, "%ntid.y": {kind: spNtidY}, "%ntid.z": {kind: spNtidZ},
	"%ctaid.x": {kind: spCtaidX}, "%ctaid.y": {kind: spCtaidY}, "%ctaid.z": {kind: spCtaidZ},
	"%nctaid.x": {kind: spNctaidX}, "%nctaid.y": {kind: spNctaidY}, "%nctaid.z": {kind: spNctaidZ},
	"%laneid": {kind: spLaneid}, "%warpid": {kind: spWarpid}, "%nwarpid": {kind: spNwarpid},
	"%smid": {kind: spSmid}, "%nsmid": {kind: spNsmid}, "%gridid": {spGridid, true},
	"%lanemask_eq": {kind: spLanemaskEq}, "%lanemask_le": {kind: spLanemaskLe}, "%lanemask_lt": {kind: spLanemaskLt},
	"%lanemask_ge": {kind: spLanemaskGe}, "%lanemask_gt": {kind: spLanemaskGt},
	"%dynamic_smem_size": {kind: spDynamicSmem}, "%total_smem_size": {kind: spTotalSmem},
	"%aggr_smem_size": {kind: spTotalSmem},
	"%clock":          {kind: spClock}, "%clock_hi": {kind: spClockHi}, "%clock64": {spClock64, true},
	"%globaltimer": {spTimer, true}, "%globaltimer_lo": {kind: spTimerLo}, "%globaltimer_hi": {kind: spTimerHi},
	// Each block is a cluster of its own.
	"%clusterid.x": {kind: spCtaidX}, "%clusterid.y": {kind: spCtaidY}, "%clusterid.z": {kind: spCtaidZ},
	"%nclusterid.x": {kind: spNctaidX}, "%nclusterid.y": {kind: spNctaidY}, "%nclusterid.z": {kind: spNctaidZ},
	"%cluster_ctaid.x": {kind: spZero}, "%cluster_ctaid.y": {kind: spZero}, "%cluster_ctaid.z": {kind: spZero},
	"%cluster_nctaid.x": {kind: spOne}, "%cluster_nctaid.y": {kind: spOne}, "%cluster_nctaid.z": {kind: spOne},
	"%cluster_ctarank": {kind: spZero}, "%cluster_nctarank": {kind: spOne}, "%is_explicit_cluster": {kind: spFalse},
}

// isSpecial reports whether name is a special register, with its component.
func isSpecial(name string) bool {
	_, ok := specials[name]
	return ok
}

// byBlock reports whether a special register differs between the blocks of a launch.
func (k specialKind) byBlock() bool {
	return k == spCtaidX || k == spCtaidY || k == spCtaidZ || k == spSmid
}

// fillSpecial writes the values of a special register that is constant while the block runs.
func (w *warp) fillSpecial(k specialKind, d *vec32) {
	b := w.blk
	g := b.grid
	nx, ny := g.cfg.Block.X, g.cfg.Block.Y
	for i := range d {
		t := uint32(w.index*32 + i)
		var v uint32
		switch k {
		case spTidX:
			v = t % nx
		case spTidY:
			v = t / nx % ny
		case spTidZ:
			v = t / nx / ny
		case spNtidX:
			v = nx
		case spNtidY:
			v = ny
		case spNtidZ:
			v = g.cfg.Block.Z
		case spCtaidX:
			v = b.id.X
		case spCtaidY:
			v = b.id.Y
		case spCtaidZ:
			v = b.id.Z
		case spNctaidX:
			v = g.cfg.Grid.X
		case spNctaidY:
			v = g.cfg.Grid.Y
		case spNctaidZ:
			v = g.cfg.Grid.Z
		case spLaneid:
			v = uint32(i)
		case spWarpid:
			v = uint32(w.index)
		case spNwarpid:
			v = uint32(len(b.warps))
		case spSmid:
			v = uint32(b.sm)
		case spNsmid:
			v = uint32(g.workers)
		case spLanemaskEq:
			v = 1 << i
		case spLanemaskLe:
			v = 2<<i - 1
		case spLanemaskLt:
			v = 1<<i - 1
		case spLanemaskGe:
			v = ^uint32(0) << i
		case spLanemaskGt:
			v = ^uint32(0) << i << 1
		case spDynamicSmem:
			v = uint32(g.cfg.SharedBytes)
		case spTotalSmem:
			v = uint32(g.kern.sharedBytes-g.kern.gapBytes) + uint32(g.cfg.SharedBytes)
		case spOne:
			v = 1
		}
		d[i] = v
	}
}

// readClock reads a clock register: %clock counts the warp's instructions, %globaltimer is the
// host's clock in nanoseconds.
func readClock(w *warp, o *op, _ uint32) {
	ticks := w.steps
	if w.cur != nil {
		w.tick++
		ticks += w.tick
	}
	now := uint64(time.Now().UnixNano())
	var v uint64
	switch o.x.v.(specialKind) {
	case spClock:
		v = ticks & 0xffffffff
	case spClockHi:
		v = ticks >> 32
	case spClock64:
		v = ticks
	case spTimer:
		v = now
	case spTimerLo:
		v = now & 0xffffffff
	case spTimerHi:
		v = now >> 32
	}
	for i := 0; i < 32; i++ {
		if o.x.wide {
			w.r64[o.d][i] = v
		} else {
			w.r32[o.d][i] = uint32(v)
		}
	}
}

// localAddress computes the address of a local variable, which depends on the call depth.
func localAddress(w *warp, o *op, _ uint32) {
	v := w.fr.local + o.imm
	for i := 0; i < 32; i++ {
		if o.x.wide {
			w.r64[o.d][i] = v
		} else {
			w.r32[o.d][i] = uint32(v)
		}
	}
}
