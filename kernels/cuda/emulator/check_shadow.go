package emulator

import "sync"

// Shadow memory: for every word of shared and global memory, who wrote it last, who read it last,
// and which of its bytes are initialised.

// stamp says who accessed a word and when, in 64 bits:
//
//	block+1 (30) | cta scope (1) | strong (1) | thread (10) | clock of its warp (22)
//
// 0 means nobody. Strong accesses are atomics and volatile, relaxed, acquire or release loads and
// stores; they do not race with each other, unless their scope is the block and the blocks differ.
type stamp uint64

const (
	clockBits   = 22
	clockMask   = 1<<clockBits - 1
	threadShift = clockBits
	strongBit   = stamp(1) << 32
	ctaBit      = stamp(1) << 33
	blockShift  = 34
	whoMask     = ^(stamp(1)<<blockShift - 1) | stamp(1023)<<threadShift // block and thread
)

func (s stamp) clock() uint32  { return uint32(s) & clockMask }
func (s stamp) thread() uint32 { return uint32(s) >> threadShift }
func (s stamp) warp() uint32   { return uint32(s) >> (threadShift + 5) }
func (s stamp) block() uint64  { return uint64(s) >> blockShift }

// cell is the history of one word, or of one byte where memory is accessed in pieces smaller than a
// word.
type cell struct {
	w      stamp // the last write
	r1, r2 stamp // the last reads by two different threads
	wpc    uint32
	rpc1   uint16 // indices of the ops, for reports
	rpc2   uint16
}

func (c *cell) noteRead(now stamp, pc int32) {
	if (c.r1^now)&whoMask != 0 {
		c.r2, c.rpc2 = c.r1, c.rpc1
	}
	c.r1, c.rpc1 = now, shortPC(pc)
}

func (c *cell) noteWrite(now stamp, pc int32) {
	c.w, c.wpc = now, uint32(pc)
	c.r1, c.r2 = 0, 0
}

func shortPC(pc int32) uint16 { return uint16(min(pc, 0xffff)) }

// cells is the history of a piece of memory: per word or, after an access smaller than a word, per
// byte.
type cells struct {
	words []cell
	bytes []cell // nil until needed; then words is unused
}

// split switches to one cell per byte.
func (s *cells) split() {
	s.bytes = make([]cell, 4*len(s.words))
	for i, c := range s.words {
		for k := range 4 {
			s.bytes[4*i+k] = c
		}
	}
}

const (
	pageWords = 1024
	pageBytes = 4 * pageWords
)

// page is the shadow of 4 KiB of global memory. A warp holds its lock while it checks the page.
type page struct {
	mu   sync.Mutex
	gen  uint32 // the launch that the history belongs to
	hist cells
	full bool    // all bytes are initialised
	init []uint8 // one bit per byte of each word; nil: see full
}

// globalShadow is the shadow of one allocation.
type globalShadow struct {
	pages []page
}

func newGlobalShadow(size uint64) *globalShadow {
	return &globalShadow{pages: make([]page, (size+pageBytes-1)/pageBytes)}
}

// fresh clears the history if it is from an earlier launch; the lock is held.
func (p *page) fresh(gen uint32) {
	if p.gen == gen {
		return
	}
	p.gen = gen
	if p.hist.words == nil {
		p.hist.words = make([]cell, pageWords)
	} else {
		clear(p.hist.words)
	}
	p.hist.bytes = nil
}

// has reports whether the bytes of mask in word i are initialised.
func (p *page) has(i uint32, mask uint8) bool {
	return p.full || p.init != nil && p.init[i]&mask == mask
}

func (p *page) set(i uint32, mask uint8) {
	if p.full {
		return
	}
	if p.init == nil {
		p.init = make([]uint8, pageWords)
	}
	p.init[i] |= mask
}

// setInit marks n bytes starting at off as initialised.
func (s *globalShadow) setInit(off, n uint64) {
	for n > 0 {
		p := &s.pages[off/pageBytes]
		in := off % pageBytes
		k := min(n, pageBytes-in)
		p.mu.Lock()
		if k == pageBytes {
			p.full, p.init = true, nil
		} else {
			for i := in; i < in+k; {
				if i%4 == 0 && in+k-i >= 4 {
					p.set(uint32(i/4), 15)
					i += 4
				} else {
					p.set(uint32(i/4), 1<<(i%4))
					i++
				}
			}
		}
		p.mu.Unlock()
		off += k
		n -= k
	}
}

// copyInit copies which bytes are initialised.
func (s *globalShadow) copyInit(from *globalShadow, dst, src, n uint64) {
	known := make([]bool, n)
	for i := range known {
		p := &from.pages[(src+uint64(i))/pageBytes]
		at := (src + uint64(i)) % pageBytes
		p.mu.Lock()
		known[i] = p.has(uint32(at/4), 1<<(at%4))
		p.mu.Unlock()
	}
	for i := 0; i < len(known); {
		j := i
		for j < len(known) && known[j] == known[i] {
			j++
		}
		if known[i] {
			s.setInit(dst+uint64(i), uint64(j-i))
		}
		i = j
	}
}
