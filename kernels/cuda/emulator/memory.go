package emulator

import (
	"encoding/binary"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Device memory. Every allocation is a separate Go slice. Its address is never reused and there is
// a gap on either side, so an address past its end, or into freed memory, belongs to no allocation
// and is detected.

// The 64-bit address map. Shared, local and parameter memory have windows for generic addresses;
// within their own space, addresses count from 0.
const (
	sharedWindow = 0x6000_0000_0000
	localWindow  = 0x6100_0000_0000
	paramWindow  = 0x6200_0000_0000
	funcWindow   = 0x6300_0000_0000
	windowSize   = 0x0001_0000_0000
	globalBase   = 0x7000_0000_0000
	guardBytes   = 1 << 20
	allocAlign   = 512
)

type allocKind uint8

const (
	kindAlloc allocKind = iota
	kindGlobal
	kindConst
)

// allocation is one piece of device memory.
type allocation struct {
	base  uint64
	size  uint64
	data  []byte
	ptr   unsafe.Pointer // &data[0]
	name  string
	kind  allocKind
	freed atomic.Bool
	track *globalShadow // if checks need it
}

// Address is an address in device memory.
type Address = uint64

type memory struct {
	mu     sync.Mutex
	allocs []*allocation // by ascending base; freed ones stay for a while
	next   uint64
	used   uint64
	limit  uint64
	freed  int
	shadow bool
}

// OutOfMemoryError says how much device memory was asked for and how much there was.
type OutOfMemoryError struct {
	Asked, Used, Limit uint64 // bytes
}

// Error gives the three figures.
func (e *OutOfMemoryError) Error() string {
	return fmt.Sprintf("emulator: out of device memory: %d bytes asked, %d of %d in use", e.Asked, e.Used, e.Limit)
}

func (m *memory) alloc(size uint64, kind allocKind, name string, zero bool) (*allocation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if size == 0 {
		return nil, fmt.Errorf("emulator: allocation of 0 bytes")
	}
	if size > m.limit || m.used > m.limit-size {
		return nil, &OutOfMemoryError{Asked: size, Used: m.used, Limit: m.limit}
	}
	words := make([]uint64, (size+7)/8)
	a := &allocation{base: m.next, size: size, name: name, kind: kind}
	a.ptr = unsafe.Pointer(&words[0])
	a.data = unsafe.Slice((*byte)(a.ptr), len(words)*8)[:size:size]
	if m.shadow {
		a.track = newGlobalShadow(size)
		if zero {
			a.track.setInit(0, size)
		}
	}
	m.next += (size+allocAlign-1)/allocAlign*allocAlign + guardBytes
	m.used += size
	m.allocs = append(m.allocs, a)
	return a, nil
}

// find returns the allocation that contains addr, freed or not, or nil.
func find(allocs []*allocation, addr uint64) *allocation {
	lo, hi := 0, len(allocs)
	for lo < hi {
		mid := (lo + hi) / 2
		if allocs[mid].base <= addr {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return nil
	}
	if a := allocs[lo-1]; addr-a.base < a.size {
		return a
	}
	return nil
}

// nearest returns the allocation closest to addr, for messages.
func nearest(allocs []*allocation, addr uint64) *allocation {
	i := sort.Search(len(allocs), func(i int) bool { return allocs[i].base > addr })
	var best *allocation
	bestGap := uint64(guardBytes)
	if i > 0 {
		a := allocs[i-1]
		if gap := addr - a.base - a.size; addr-a.base >= a.size && gap < bestGap {
			best, bestGap = a, gap
		} else if addr-a.base < a.size {
			return a
		}
	}
	if i < len(allocs) {
		if gap := allocs[i].base - addr; gap < bestGap {
			best = allocs[i]
		}
	}
	return best
}

func (m *memory) snapshot() []*allocation {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.allocs[:len(m.allocs):len(m.allocs)]
}

// free frees an allocation; its address range remains known as freed.
func (m *memory) free(addr uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := find(m.allocs, addr)
	switch {
	case a == nil || a.base != addr || a.kind != kindAlloc:
		return fmt.Errorf("emulator: Free(%#x): no allocation begins there", addr)
	case a.freed.Load():
		return fmt.Errorf("emulator: Free(%#x): freed twice", addr)
	}
	a.freed.Store(true)
	// A copy replaces it, so that a running launch keeps the one it uses.
	tomb := &allocation{base: a.base, size: a.size, name: a.name, kind: a.kind}
	tomb.freed.Store(true)
	m.used -= a.size
	m.freed++
	list := make([]*allocation, 0, len(m.allocs))
	drop := 0
	if m.freed > 1024 {
		drop = m.freed / 2
		m.freed -= drop
	}
	for _, x := range m.allocs {
		switch {
		case x == a:
			list = append(list, tomb)
		case x.freed.Load() && drop > 0:
			drop--
		default:
			list = append(list, x)
		}
	}
	m.allocs = list
	return nil
}

// span returns the bytes [addr, addr+n) for a copy from or to the host.
func (m *memory) span(what string, addr, n uint64) (*allocation, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := find(m.allocs, addr)
	if a == nil {
		return nil, nil, fmt.Errorf("emulator: %s: address %#x is in no allocation", what, addr)
	}
	if a.freed.Load() {
		return nil, nil, fmt.Errorf("emulator: %s: address %#x is in freed memory", what, addr)
	}
	off := addr - a.base
	if n > a.size-off {
		return nil, nil, fmt.Errorf("emulator: %s: %d bytes from %#x, but its allocation ends after %d", what, n, addr, a.size-off)
	}
	return a, a.data[off : off+n], nil
}

// hostLittle reports whether the host is little-endian like the device. Only then are the handlers
// used that access words in place.
var hostLittle = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

func loadBytes(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

func storeBytes(b []byte, v uint64) {
	switch len(b) {
	case 1:
		b[0] = byte(v)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(v))
	default:
		binary.LittleEndian.PutUint64(b, v)
	}
}

// update replaces the value at b by f of it and returns the old value; it is atomic with respect to
// other updates. b lies within one aligned word of 32 or 64 bits.
func update(b []byte, f func(old uint64) uint64) uint64 {
	if len(b) == 8 {
		p := (*uint64)(unsafe.Pointer(&b[0]))
		for {
			raw := atomic.LoadUint64(p)
			old := binary.LittleEndian.Uint64((*[8]byte)(unsafe.Pointer(&raw))[:])
			var out [8]byte
			binary.LittleEndian.PutUint64(out[:], f(old))
			if atomic.CompareAndSwapUint64(p, raw, *(*uint64)(unsafe.Pointer(&out))) {
				return old
			}
		}
	}
	at := uintptr(unsafe.Pointer(&b[0])) & 3
	p := (*uint32)(unsafe.Add(unsafe.Pointer(&b[0]), -int(at)))
	for {
		raw := atomic.LoadUint32(p)
		word := *(*[4]byte)(unsafe.Pointer(&raw))
		part := word[at : int(at)+len(b)]
		old := loadBytes(part)
		storeBytes(part, f(old))
		if atomic.CompareAndSwapUint32(p, raw, *(*uint32)(unsafe.Pointer(&word))) {
			return old
		}
	}
}

// loadAtomic reads b as a volatile or relaxed load does. b lies within one aligned word.
func loadAtomic(b []byte) uint64 {
	if len(b) == 8 {
		raw := atomic.LoadUint64((*uint64)(unsafe.Pointer(&b[0])))
		return loadBytes((*[8]byte)(unsafe.Pointer(&raw))[:])
	}
	at := uintptr(unsafe.Pointer(&b[0])) & 3
	raw := atomic.LoadUint32((*uint32)(unsafe.Add(unsafe.Pointer(&b[0]), -int(at))))
	return loadBytes((*[4]byte)(unsafe.Pointer(&raw))[at : int(at)+len(b)])
}
