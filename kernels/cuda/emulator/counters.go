package emulator

import (
	"fmt"
	"math/bits"
	"slices"
	"sort"
	"strings"
	"sync"
)

// Counters: what each line of a kernel executed, and where that lies under a GPU's roofline.

// LineCount is what one instruction of a kernel did in all launches since the counters were last
// reset.
type LineCount struct {
	// Location and text of the instruction.
	Kernel string `json:"kernel"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Instr  string `json:"instruction"`

	WarpInstructions    uint64 `json:"warpInstructions"`    // executions by a warp
	ThreadInstructions  uint64 `json:"threadInstructions"`  // executions by a lane
	MachineInstructions uint64 `json:"machineInstructions"` // of warps, with divisions and the like as what ptxas makes of them: see expansions
	Flops               uint64 `json:"flops"`               // an fma counts as two, an mma as 2·M·N·K
	GlobalBytes         uint64 `json:"globalBytes"`         // requested by the lanes from global memory
	Sectors             uint64 `json:"sectors"`             // 32-byte sectors of global memory moved for them
	IdealSectors        uint64 `json:"idealSectors"`        // sectors that would hold the distinct bytes
	SharedBytes         uint64 `json:"sharedBytes"`         // requested by the lanes from shared memory
	BankConflicts       uint64 `json:"bankConflicts"`       // passes over shared memory after the first
}

func (c *LineCount) add(o *LineCount) {
	c.WarpInstructions += o.WarpInstructions
	c.ThreadInstructions += o.ThreadInstructions
	c.MachineInstructions += o.MachineInstructions
	c.Flops += o.Flops
	c.GlobalBytes += o.GlobalBytes
	c.Sectors += o.Sectors
	c.IdealSectors += o.IdealSectors
	c.SharedBytes += o.SharedBytes
	c.BankConflicts += o.BankConflicts
}

// Counters holds the counts by line, ordered by kernel and line.
type Counters struct {
	Lines []LineCount `json:"lines"` // lines that were executed
	Total LineCount   `json:"total"` // their sum
}

// Intensity returns floating-point operations per byte moved by global memory.
func (c Counters) Intensity() float64 {
	if c.Total.Sectors == 0 {
		return 0
	}
	return float64(c.Total.Flops) / float64(32*c.Total.Sectors)
}

// ActiveLanes returns how many of a warp's 32 lanes took part on average.
func (c Counters) ActiveLanes() float64 {
	if c.Total.WarpInstructions == 0 {
		return 0
	}
	return float64(c.Total.ThreadInstructions) / float64(c.Total.WarpInstructions)
}

// GPU holds the two figures that a roofline needs.
type GPU struct {
	Name      string  // its maker's name of it
	Flops     float64 // peak float32 operations per second, without tensor cores
	Bandwidth float64 // bytes per second of its memory
}

// Some GPUs; figures from the manufacturers' data sheets.
var (
	H100SXM   = GPU{"H100 SXM", 67e12, 3.35e12}
	A100SXM   = GPU{"A100 SXM 80 GB", 19.5e12, 2.039e12}
	RTX4090   = GPU{"RTX 4090", 82.6e12, 1.008e12}
	RTX3090   = GPU{"RTX 3090", 35.6e12, 0.936e12}
	T4        = GPU{"T4", 8.1e12, 0.32e12}
	GTX1660Ti = GPU{"GTX 1660 Ti", 5.4e12, 0.288e12}
)

// Roofline is what a GPU's limits allow a kernel: at most its peak, and at most its bandwidth times
// the kernel's intensity. Caches are ignored, so a kernel that often reads the same memory may do
// better.
type Roofline struct {
	GPU        GPU
	Intensity  float64 // operations per byte
	Ridge      float64 // the intensity at which the GPU's two limits meet
	Attainable float64 // operations per second
	Bound      string  // "memory" or "compute"
	Seconds    float64 // minimum time for the counted work
}

// Roofline returns the limits that a GPU sets for the counted work.
func (c Counters) Roofline(g GPU) Roofline {
	r := Roofline{GPU: g, Intensity: c.Intensity(), Ridge: g.Flops / g.Bandwidth, Bound: "memory"}
	r.Attainable = min(g.Flops, r.Intensity*g.Bandwidth)
	move := float64(32*c.Total.Sectors) / g.Bandwidth
	work := float64(c.Total.Flops) / g.Flops
	r.Seconds = max(move, work)
	if work > move {
		r.Bound = "compute"
		r.Attainable = g.Flops
	}
	return r
}

// String formats the counts as a table: for each line how many warp instructions were issued, how
// many lanes of a warp took part on average, and what they did. An instruction that stands for
// several of the machine has their number behind it.
func (c Counters) String() string {
	rows := [][]string{{"line", "issued", "lanes", "flops", "bytes", "sectors", "ideal", "conflicts", "instruction"}}
	row := func(line string, l LineCount) {
		lanes := 0.0
		if l.WarpInstructions > 0 {
			lanes = float64(l.ThreadInstructions) / float64(l.WarpInstructions)
		}
		rows = append(rows, []string{line, fmt.Sprint(l.WarpInstructions), fmt.Sprintf("%.1f", lanes), fmt.Sprint(l.Flops), fmt.Sprint(l.GlobalBytes),
			fmt.Sprint(l.Sectors), fmt.Sprint(l.IdealSectors), fmt.Sprint(l.BankConflicts), l.Instr})
	}
	kernel := ""
	for _, l := range c.Lines {
		if l.Kernel != kernel {
			kernel = l.Kernel
			rows = append(rows, []string{fmt.Sprintf("%s (%s)", kernel, l.File)})
		}
		if each := l.MachineInstructions / max(l.WarpInstructions, 1); each > 1 {
			l.Instr += fmt.Sprintf(" ×%d", each)
		}
		row(fmt.Sprint(l.Line), l)
	}
	row("all", c.Total)
	var widths [8]int // of the numeric columns
	for _, cells := range rows {
		for i := range min(len(cells)-1, len(widths)) {
			widths[i] = max(widths[i], len(cells[i]))
		}
	}
	var sb strings.Builder
	for _, cells := range rows {
		var line strings.Builder
		for i, cell := range cells {
			if i < len(widths) && len(cells) > 1 {
				fmt.Fprintf(&line, "%*s  ", widths[i], cell)
			} else {
				line.WriteString(cell)
			}
		}
		sb.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	fmt.Fprintf(&sb, "%d instructions issued, %d of the machine\n", c.Total.WarpInstructions, c.Total.MachineInstructions)
	fmt.Fprintf(&sb, "%.3g flops for each byte of global memory\n", c.Intensity())
	return sb.String()
}

type countKey struct {
	kernel, file string
	line         int
	col          int32
}

// countTable collects the counts of all blocks.
type countTable struct {
	mu    sync.Mutex
	lines map[countKey]*LineCount
}

// merge adds a block's counts; the block may go on counting afterwards.
func (t *countTable) merge(g *grid, b *block) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lines == nil {
		t.lines = map[countKey]*LineCount{}
	}
	for i := range b.counts {
		c := &b.counts[i]
		if c.WarpInstructions == 0 {
			continue
		}
		in := g.kern.ops[i].in
		key := countKey{g.kern.Name, g.kern.file, int(in.Pos.Line), in.Pos.Col}
		l := t.lines[key]
		if l == nil {
			l = &LineCount{Kernel: g.kern.Name, File: g.kern.file, Line: int(in.Pos.Line), Instr: in.Name()}
			t.lines[key] = l
		}
		c.MachineInstructions = c.WarpInstructions * expansion(in)
		l.add(c)
		*c = LineCount{}
	}
}

// Counters returns the counts since the last reset; Options.Counters must be set.
func (m *Machine) Counters() Counters {
	m.counts.mu.Lock()
	defer m.counts.mu.Unlock()
	var keys []countKey
	for k := range m.counts.lines {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := keys[i], keys[j]
		if a.kernel != b.kernel {
			return a.kernel < b.kernel
		}
		return a.line < b.line || a.line == b.line && a.col < b.col
	})
	var c Counters
	for _, k := range keys {
		l := m.counts.lines[k]
		c.Lines = append(c.Lines, *l)
		c.Total.add(l)
	}
	return c
}

// ResetCounters sets all counts to zero.
func (m *Machine) ResetCounters() {
	m.counts.mu.Lock()
	defer m.counts.mu.Unlock()
	m.counts.lines = nil
}

// count records that a warp is about to run an op for the lanes of mask.
func (b *block) count(w *warp, o *op, mask uint32) {
	if b.counts == nil {
		b.counts = make([]LineCount, len(w.ops))
	}
	c := &b.counts[o.at]
	x := o.x
	if x != nil && x.prefix {
		return
	}
	c.WarpInstructions++
	lanes := uint64(bits.OnesCount32(mask))
	c.ThreadInstructions += lanes
	if x == nil || mask == 0 {
		return
	}
	c.Flops += lanes * uint64(x.flops)
	if x.size == 0 || o.checked == nil && !x.memory {
		return
	}
	var global, shared vec64
	ng, ns := 0, 0
	n := uint64(x.size * x.n)
	if ao, ok := x.v.(*asyncOp); ok { // cp.async reads from one space and writes to the other
		for m := mask; m != 0; m &= m - 1 {
			if i := bits.TrailingZeros32(m) & 31; ao.reads(w, i) > 0 {
				global[ng] = ao.src.address(w, i)
				ng++
			}
		}
	}
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		addr := o.address(w, i)
		space := x.space
		if space == Generic {
			if space = spaceOf(addr); space == Shared {
				addr -= sharedWindow
			}
		}
		switch space {
		case Global:
			global[ng] = addr
			ng++
		case Shared:
			shared[ns] = addr
			ns++
		}
	}
	if ng > 0 {
		c.GlobalBytes += uint64(ng) * n
		s, ideal := sectors(global[:ng], n)
		c.Sectors += s
		c.IdealSectors += ideal
	}
	if ns > 0 {
		c.SharedBytes += uint64(ns) * n
		c.BankConflicts += bankConflicts(shared[:ns], n)
	}
}

// uncount takes back an instruction that a warp could not run yet.
func (b *block) uncount(o *op, mask uint32) {
	c := &b.counts[o.at]
	c.WarpInstructions--
	c.ThreadInstructions -= uint64(bits.OnesCount32(mask))
	if o.x != nil {
		c.Flops -= uint64(bits.OnesCount32(mask)) * uint64(o.x.flops)
	}
}

// sectors returns how many 32-byte sectors accesses of n bytes touch, and how many would hold their
// distinct bytes. It sorts addrs.
func sectors(addrs []uint64, n uint64) (touched, ideal uint64) {
	if !slices.IsSorted(addrs) {
		slices.Sort(addrs)
	}
	next := uint64(0) // the first sector not counted yet
	distinct, end := uint64(0), uint64(0)
	for _, a := range addrs {
		first, last := a/32, (a+n-1)/32
		first = max(first, next)
		if last+1 > first {
			touched += last + 1 - first
			next = last + 1
		}
		from := max(a, end)
		if a+n > from {
			distinct += a + n - from
			end = a + n
		}
	}
	return touched, (distinct + 31) / 32
}

// free reports whether no bank is asked for two different words.
func free(addrs []uint64, n uint64) bool {
	var word [32]uint64 // plus one
	for _, a := range addrs {
		for w := a / 4; w <= (a+n-1)/4; w++ {
			p := &word[w%32]
			if *p != 0 && *p != w+1 {
				return false
			}
			*p = w + 1
		}
	}
	return true
}

// bankConflicts returns how many passes after the first a warp's access to shared memory takes.
// There are 32 banks of 4 bytes, and a bank delivers one word per pass. Accesses of 8 bytes are
// made by half warps, accesses of 16 bytes by quarter warps.
func bankConflicts(addrs []uint64, n uint64) uint64 {
	group := 32
	if n > 4 {
		group = int(32 * 4 / min(n, 16))
	}
	extra := uint64(0)
	for len(addrs) > 0 {
		part := addrs[:min(group, len(addrs))]
		addrs = addrs[len(part):]
		if free(part, n) {
			continue
		}
		var words [32][]uint64
		most := 0
		for _, a := range part {
			for w := a / 4; w <= (a+n-1)/4; w++ {
				b := w % 32
				if !slices.Contains(words[b], w) {
					words[b] = append(words[b], w)
					most = max(most, len(words[b]))
				}
			}
		}
		extra += uint64(most - 1)
	}
	return extra
}
