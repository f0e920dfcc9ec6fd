package emulator

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// Launches: validation, dealing blocks to workers, and the errors that end a launch.

// Dim3 is a size or position in up to three dimensions, X, Y and Z. In a size, 0 counts as 1.
type Dim3 struct{ X, Y, Z uint32 }

// String gives "(x,y,z)".
func (d Dim3) String() string { return fmt.Sprintf("(%d,%d,%d)", d.X, d.Y, d.Z) }

// LaunchConfig is the geometry of a launch.
type LaunchConfig struct {
	Grid        Dim3 // blocks
	Block       Dim3 // threads per block
	SharedBytes int  // bytes of dynamic shared memory per block
}

// LaunchError says why a launch was refused before anything ran.
type LaunchError struct {
	Kernel string // its name
	Reason string // what is wrong with the launch
}

// Error gives the kernel and the reason.
func (e *LaunchError) Error() string { return "emulator: launch of " + e.Kernel + ": " + e.Reason }

// StopError says that a launch was stopped: by its context, by the instruction limit, or by a
// deadlock.
type StopError struct {
	Kernel string   // its name
	Reason string   // what stopped it
	Where  []string // where each warp of the running blocks stood
	Err    error    // the context's error, if that was the cause
}

// Error gives the reason and where the warps stood, at most eight of them.
func (e *StopError) Error() string {
	s := "emulator: " + e.Kernel + ": " + e.Reason
	for i, w := range e.Where {
		if i == 8 {
			return s + fmt.Sprintf("\n  … and %d more", len(e.Where)-i)
		}
		s += "\n  " + w
	}
	return s
}

// Unwrap returns the context's error.
func (e *StopError) Unwrap() error { return e.Err }

// grid is one launch.
type grid struct {
	m       *Machine
	kern    *Kernel
	cfg     LaunchConfig
	threads int
	blocks  uint64
	params  []byte
	workers int
	check   bool
	checks  Checks
	count   bool
	slow    bool
	allocs  []*allocation
	gen     uint32
	limit   int64
	spent   atomic.Int64
	next    atomic.Uint64
	stop    atomic.Bool
	done    <-chan struct{}
	ctx     context.Context

	mu    sync.Mutex
	err   error
	where []string
	sync  *syncTable
}

// Launch runs a kernel on every block of the grid and waits for it. Each argument is one uint64
// that holds a parameter's bits in its low end: pointers and integers as they are, a float32 as
// math.Float32bits.
//
// The error is a *LaunchError if nothing ran, a *StopError if the launch was stopped, a *Fault for
// an invalid memory access with CheckBounds off or for a trap, or, with checks on, a *FindingsError
// that holds this launch's findings.
func (m *Machine) Launch(ctx context.Context, k *Kernel, cfg LaunchConfig, args ...uint64) error {
	raw := make([]byte, k.paramBytes)
	if len(args) != len(k.Params) {
		return &LaunchError{k.Name, fmt.Sprintf("%d arguments, but the kernel has %d parameters", len(args), len(k.Params))}
	}
	for i, p := range k.Params {
		if p.Size > 8 {
			return &LaunchError{k.Name, fmt.Sprintf("parameter %s has %d bytes, more than a cell: use LaunchRaw", p.Name, p.Size)}
		}
		if p.Size < 8 && args[i]>>(8*p.Size) != 0 && int64(args[i])>>(8*p.Size-1) != -1 {
			return &LaunchError{k.Name, fmt.Sprintf("argument %#x does not fit parameter %s of %d bytes", args[i], p.Name, p.Size)}
		}
		storeBytes(raw[p.Offset:p.Offset+p.Size], args[i])
	}
	return m.LaunchRaw(ctx, k, cfg, raw)
}

// LaunchRaw is Launch with all parameters in one piece of memory, laid out as Kernel.Params says.
func (m *Machine) LaunchRaw(ctx context.Context, k *Kernel, cfg LaunchConfig, params []byte) error {
	for _, d := range []*uint32{&cfg.Grid.X, &cfg.Grid.Y, &cfg.Grid.Z, &cfg.Block.X, &cfg.Block.Y, &cfg.Block.Z} {
		if *d == 0 {
			*d = 1
		}
	}
	if err := m.validate(k, cfg, params); err != nil {
		return err
	}
	g := &grid{m: m, kern: k, cfg: cfg, params: append([]byte(nil), params...), ctx: ctx}
	g.threads = int(cfg.Block.X * cfg.Block.Y * cfg.Block.Z)
	g.blocks = uint64(cfg.Grid.X) * uint64(cfg.Grid.Y) * uint64(cfg.Grid.Z)
	g.workers = int(min(uint64(m.opts.Workers), g.blocks))
	g.checks = m.opts.Checks
	g.check = g.checks != 0
	g.count = m.opts.Counters
	g.slow = g.check || g.count || m.opts.Trace != nil
	if g.slow {
		m.launchMu.Lock()
		defer m.launchMu.Unlock()
	}
	g.allocs = m.mem.snapshot()
	g.gen = m.launches.Add(1)
	g.limit = int64(min(m.opts.Instructions, 1<<62))
	g.done = ctx.Done()
	if g.check {
		g.sync = newSyncTable()
		m.findings.begin()
	}
	if err := ctx.Err(); err != nil {
		return &StopError{Kernel: k.Name, Reason: "stopped before it began: " + err.Error(), Err: err}
	}
	var wg sync.WaitGroup
	for i := 1; i < g.workers; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			g.work(i)
		}()
	}
	g.work(0)
	wg.Wait()
	if s, ok := g.err.(*StopError); ok {
		sort.Strings(g.where)
		s.Where = g.where
	}
	var found error
	if g.check {
		found = m.findings.end()
	}
	if g.err != nil { // findings made before the error are in the machine's report
		return g.err
	}
	return found
}

func (m *Machine) validate(k *Kernel, cfg LaunchConfig, params []byte) error {
	bad := func(format string, args ...any) error {
		return &LaunchError{k.Name, fmt.Sprintf(format, args...)}
	}
	if k.machine != m {
		return bad("the kernel was loaded on another machine")
	}
	if len(params) != k.paramBytes {
		return bad("%d bytes of parameters, expected %d", len(params), k.paramBytes)
	}
	threads := uint64(cfg.Block.X) * uint64(cfg.Block.Y)
	if cfg.Block.X > 1024 || cfg.Block.Y > 1024 || cfg.Block.Z > 64 || threads*uint64(cfg.Block.Z) > 1024 {
		return bad("a block of %v threads, expected at most 1024, and 64 in z", cfg.Block)
	}
	threads *= uint64(cfg.Block.Z)
	if cfg.Grid.X > 1<<31-1 || cfg.Grid.Y > 65535 || cfg.Grid.Z > 65535 {
		return bad("a grid of %v blocks, expected at most (2147483647,65535,65535)", cfg.Grid)
	}
	if r := k.main.fn.ReqThreads; r[0] != 0 && (Dim3{r[0], r[1], r[2]}) != cfg.Block {
		return bad("a block of %v threads, but .reqntid asks for %v", cfg.Block, Dim3{r[0], r[1], r[2]})
	}
	if n := k.main.fn.MaxThreads; n != 0 && threads > uint64(n) {
		return bad("%d threads in a block, but .maxntid allows %d", threads, n)
	}
	if cfg.SharedBytes < 0 {
		return bad("%d bytes of dynamic shared memory", cfg.SharedBytes)
	}
	static := k.sharedBytes - k.gapBytes
	if total := static + uint64(cfg.SharedBytes); total > m.opts.SharedBytes {
		return bad("%d bytes of shared memory (%d of the kernel, %d dynamic), expected at most %d",
			total, static, cfg.SharedBytes, m.opts.SharedBytes)
	}
	return nil
}

// maxResident is the most blocks that one worker interleaves.
const maxResident = 64

// work runs blocks until none are left. A block that takes long shares its worker with others, so
// that blocks that wait for each other make progress.
func (g *grid) work(sm int) {
	var resident, spare []*block
	defer func() { // if the launch was stopped, note where this worker's blocks stood
		if g.stop.Load() {
			for _, b := range resident {
				g.stand(b)
			}
		}
		if g.count {
			for _, b := range append(spare, resident...) {
				g.m.counts.merge(g, b)
			}
		}
	}()
	fresh := func() bool {
		n := g.next.Add(1) - 1
		if n >= g.blocks {
			return false
		}
		b := &block{}
		if len(spare) > 0 {
			b, spare = spare[len(spare)-1], spare[:len(spare)-1]
		}
		b.start(g, n, sm)
		resident = append(resident, b)
		return true
	}
	for turn := 0; ; turn++ {
		if len(resident) == 0 && !fresh() {
			return
		}
		turn %= len(resident)
		b := resident[turn]
		st := b.run(blockTurn)
		if g.stop.Load() {
			return
		}
		switch st {
		case blockStuck:
			g.halt(&StopError{Kernel: g.kern.Name, Reason: fmt.Sprintf("deadlock in block %v: every thread waits", b.id)})
			return
		case blockDone:
			spare = append(spare, b)
			resident = append(resident[:turn], resident[turn+1:]...)
			turn--
		case blockMore:
			if len(resident) < maxResident {
				fresh()
			}
		}
	}
}

// spend counts instructions; it returns false if the launch must stop.
func (g *grid) spend(n int) bool {
	spent := g.spent.Add(int64(n))
	if g.stop.Load() {
		return false
	}
	if g.limit > 0 && spent > g.limit {
		g.halt(&StopError{Kernel: g.kern.Name, Reason: fmt.Sprintf("stopped after %d warp instructions, its limit", g.limit)})
		return false
	}
	select {
	case <-g.done:
		err := context.Cause(g.ctx)
		g.halt(&StopError{Kernel: g.kern.Name, Reason: "stopped: " + err.Error(), Err: g.ctx.Err()})
		return false
	default:
		return true
	}
}

// halt ends the launch with err, unless it has already ended.
func (g *grid) halt(err error) {
	g.mu.Lock()
	if g.err == nil {
		g.err = err
	}
	g.mu.Unlock()
	g.stop.Store(true)
}

func (g *grid) stand(b *block) {
	lines := b.where()
	g.mu.Lock()
	g.where = append(g.where, lines...)
	g.mu.Unlock()
}

// Fault is an invalid memory access with CheckBounds off, or something else that ends a kernel,
// such as a trap.
type Fault struct {
	Kind    string // "out of bounds", "misaligned", "trap" …
	Kernel  string // its name
	File    string // that holds the instruction
	Line    int    // in File, from 1
	Source  string // what .loc says it was compiled from, such as kernel.cu:12; may be empty
	Instr   string // as the file writes it
	Block   Dim3   // of the thread
	Thread  Dim3   // its position in the block
	Address uint64 // that was accessed, if any
	Detail  string // what else is known
}

// Error gives one line.
func (f *Fault) Error() string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "emulator: %s:%d: %s: %s in %s, block %v thread %v", f.File, f.Line, f.Instr, f.Kind, f.Kernel, f.Block, f.Thread)
	if f.Detail != "" {
		sb.WriteString(": " + f.Detail)
	}
	if f.Source != "" {
		sb.WriteString(" (" + f.Source + ")")
	}
	return sb.String()
}
