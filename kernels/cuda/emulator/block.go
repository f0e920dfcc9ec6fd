package emulator

import (
	"fmt"
	"math/bits"
	"strings"
	"unsafe"
)

// A block is its warps, its shared memory and its barriers. One goroutine runs it; the warps take
// turns.

const (
	warpTurn  = 1 << 14 // instructions that a warp runs before the next one's turn
	blockTurn = 1 << 17 // instructions that a block runs before its worker turns to another
)

// barrier is one of the sixteen barriers of a block.
type barrier struct {
	arrived int      // threads
	expect  int      // 0: all threads of the block that have not exited
	count   int      // threads whose predicate was true, for .red
	clocks  []uint32 // for the checks: clocks of the warps that arrived, joined
	known   []reference
	fresh   bool // clocks and known are from the last use
}

// barArrival is a result that a waiting split gets when its barrier opens (barrier.red).
type barArrival struct {
	o    *op
	mask uint32
}

type block struct {
	grid   *grid
	id     Dim3
	linear uint64
	sm     int
	warps  []*warp
	shared []byte
	sptr   unsafe.Pointer
	bars   [16]barrier

	cluster clusterBarrier
	exited  int
	dead    bool // ended by a fault or a stop
	turn    int
	cache   [64]*allocation // the last allocation that each op accessed
	chk     *blockChecks
	words   []uint64
	counts  []LineCount // by op, if counters are on
}

// start prepares the block to run as block n of the grid.
func (b *block) start(g *grid, n uint64, sm int) {
	b.grid, b.linear, b.sm = g, n, sm
	gx, gy := uint64(g.cfg.Grid.X), uint64(g.cfg.Grid.Y)
	b.id = Dim3{uint32(n % gx), uint32(n / gx % gy), uint32(n / gx / gy)}
	size := g.kern.sharedBytes + uint64(g.cfg.SharedBytes)
	if b.words == nil {
		b.words = make([]uint64, (size+7)/8+1)
		b.sptr = unsafe.Pointer(&b.words[0])
		b.shared = unsafe.Slice((*byte)(b.sptr), len(b.words)*8)[:size]
	} else if !g.check {
		clear(b.words)
	}
	b.bars, b.cluster = [16]barrier{}, clusterBarrier{}
	b.exited, b.dead, b.turn = 0, false, 0
	clear(b.cache[:])
	if g.check {
		if b.chk == nil {
			b.chk = newBlockChecks(b, size)
		}
		b.chk.reset(b)
	}
	nw := (g.threads + 31) / 32
	for len(b.warps) < nw {
		b.warps = append(b.warps, &warp{})
	}
	for i, w := range b.warps {
		w.reset(b, i)
	}
}

type blockStatus uint8

const (
	blockDone blockStatus = iota
	blockMore
	blockStuck
)

// run executes about budget instructions of the block's warps.
func (b *block) run(budget int) blockStatus {
	for budget > 0 {
		progress, live := false, false
		for range b.warps {
			w := b.warps[b.turn]
			b.turn++
			if b.turn == len(b.warps) {
				b.turn = 0
			}
			if w.done() {
				continue
			}
			live = true
			left := w.run(warpTurn)
			used := warpTurn - left
			if used > 0 {
				progress = true
				budget -= used
				if !b.grid.spend(used) {
					b.dead = true
				}
			}
			if b.dead {
				return blockDone
			}
		}
		if !live {
			return blockDone
		}
		if !progress {
			for _, w := range b.warps { // a barrier may have opened after the warp's turn
				for _, s := range w.splits {
					if s.state == stRunning && !w.done() {
						progress = true
					}
				}
			}
			if !progress {
				return blockStuck
			}
		}
	}
	return blockMore
}

// arrive counts the lanes of mask at barrier id and opens it if they are the last.
func (b *block) arrive(w *warp, o *op, id int, mask uint32, expect int) {
	bar := &b.bars[id]
	if bar.arrived == 0 || bar.expect == 0 {
		bar.expect = expect
	}
	bar.arrived += bits.OnesCount32(mask)
	if b.chk != nil {
		b.chk.barrierArrive(b, w, id)
	}
	b.tryOpen(id)
}

func (b *block) tryOpen(id int) {
	bar := &b.bars[id]
	want := bar.expect
	if want == 0 {
		want = b.grid.threads - b.exited
	}
	if bar.arrived == 0 || bar.arrived < want {
		return
	}
	if b.chk != nil {
		b.chk.barrierOpen(b, id)
	}
	for _, w := range b.warps {
		for _, s := range w.splits {
			if s.state != stBarrier || s.bar != id {
				continue
			}
			s.state = stRunning
			if s.red != nil {
				finishBarRed(s.fr, s.red, bar)
				s.red = nil
			}
		}
	}
	*bar = barrier{clocks: bar.clocks, fresh: true}
}

// exits updates the count of exited threads; barriers that wait for all threads now wait for fewer.
func (b *block) exits(w *warp) {
	n := 0
	for _, x := range b.warps {
		n += bits.OnesCount32(x.exited & x.lanes)
	}
	b.exited = n
	for id := range b.bars {
		if b.bars[id].arrived > 0 && b.bars[id].expect == 0 {
			b.tryOpen(id)
		}
	}
	b.openCluster()
}

// where describes what each warp of the block is doing.
func (b *block) where() []string {
	var out []string
	for _, w := range b.warps {
		if w.done() {
			continue
		}
		for _, s := range w.splits {
			if s.active == 0 {
				continue
			}
			pc := s.pc
			state := "runs at"
			switch s.state {
			case stBarrier:
				state = fmt.Sprintf("waits at barrier %d,", s.bar)
				pc--
			case stCluster:
				state = "waits at"
			case stSync:
				state = fmt.Sprintf("waits for lanes %s at", laneList(s.need&^s.active))
			}
			in := w.ops[pc].in
			out = append(out, fmt.Sprintf("block %v warp %d lanes %s: %s %s:%d %s",
				b.id, w.index, laneList(s.active), state, b.grid.kern.file, in.Pos.Line, in.Name()))
		}
	}
	return out
}

// laneList writes a mask as "0-3,7".
func laneList(m uint32) string {
	var sb strings.Builder
	for i := 0; i < 32; {
		if m>>i&1 == 0 {
			i++
			continue
		}
		j := i
		for j+1 < 32 && m>>(j+1)&1 == 1 {
			j++
		}
		if sb.Len() > 0 {
			sb.WriteByte(',')
		}
		if i == j {
			fmt.Fprintf(&sb, "%d", i)
		} else {
			fmt.Fprintf(&sb, "%d-%d", i, j)
		}
		i = j + 1
	}
	return sb.String()
}
