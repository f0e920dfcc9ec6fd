package emulator

import (
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

// Options configure a Machine. The zero value is a machine with 4 GiB of memory, one worker per
// core and no checks.
type Options struct {
	Workers      int       // goroutines that run blocks; 0 is GOMAXPROCS
	MemoryBytes  uint64    // device memory; 0 is 4 GiB
	SharedBytes  uint64    // maximum shared memory per block; 0 is 227 KiB, as on an H100
	Compute      [2]int    // compute capability to report; zero is 9.0, as on an H100
	Checks       Checks    // which checks run
	Counters     bool      // count per source line
	Instructions uint64    // maximum warp instructions per launch; 0 is no limit
	MaxFindings  int       // distinct findings kept; 0 is 100
	Output       io.Writer // where kernels print to (vprintf); nil is os.Stdout
	// Trace is called after each instruction of a warp. With it, blocks run one after another.
	Trace func(Step)
}

// DefaultMemory is the device memory of a machine whose options do not set it, in bytes.
const DefaultMemory = 4 << 30

// Machine is an emulated GPU. Its methods may be called by several goroutines.
type Machine struct {
	opts     Options
	mem      memory
	launchMu sync.Mutex // with checks or counters on, launches run one at a time
	findings findingList
	counts   countTable
	launches atomic.Uint32
	printMu  sync.Mutex
}

// New makes a machine.
func New(o Options) *Machine {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MemoryBytes == 0 {
		o.MemoryBytes = DefaultMemory
	}
	if o.SharedBytes == 0 {
		o.SharedBytes = 227 << 10
	}
	if o.Compute == [2]int{} {
		o.Compute = [2]int{9, 0}
	}
	if o.MaxFindings == 0 {
		o.MaxFindings = 100
	}
	if o.Output == nil {
		o.Output = os.Stdout
	}
	if o.Trace != nil {
		o.Workers = 1
	}
	m := &Machine{opts: o}
	m.mem.limit = o.MemoryBytes
	m.mem.next = globalBase
	m.mem.shadow = o.Checks&(CheckRaces|CheckUninit) != 0
	m.findings.max = o.MaxFindings
	return m
}

// Alloc returns the address of n bytes of device memory, aligned to 512. They are zero, but
// CheckUninit reports a kernel that reads them before they are written. The error may be an
// *OutOfMemoryError.
func (m *Machine) Alloc(n uint64) (Address, error) {
	a, err := m.mem.alloc(n, kindAlloc, "", false)
	if err != nil {
		return 0, err
	}
	return a.base, nil
}

// AllocNamed is Alloc with a name for the memory in reports.
func (m *Machine) AllocNamed(name string, n uint64) (Address, error) {
	a, err := m.mem.alloc(n, kindAlloc, name, false)
	if err != nil {
		return 0, err
	}
	return a.base, nil
}

// Free releases what Alloc returned.
func (m *Machine) Free(addr Address) error { return m.mem.free(addr) }

// CopyIn copies from the host to the device.
func (m *Machine) CopyIn(dst Address, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	a, b, err := m.mem.span("CopyIn", dst, uint64(len(src)))
	if err != nil {
		return err
	}
	copy(b, src)
	if a.track != nil {
		a.track.setInit(dst-a.base, uint64(len(src)))
	}
	return nil
}

// CopyOut copies from the device to the host.
func (m *Machine) CopyOut(dst []byte, src Address) error {
	if len(dst) == 0 {
		return nil
	}
	_, b, err := m.mem.span("CopyOut", src, uint64(len(dst)))
	if err != nil {
		return err
	}
	copy(dst, b)
	return nil
}

// Copy copies n bytes within the device; the ranges may overlap.
func (m *Machine) Copy(dst, src Address, n uint64) error {
	if n == 0 {
		return nil
	}
	sa, s, err := m.mem.span("Copy", src, n)
	if err != nil {
		return err
	}
	da, d, err := m.mem.span("Copy", dst, n)
	if err != nil {
		return err
	}
	copy(d, s)
	if da.track != nil && sa.track != nil {
		da.track.copyInit(sa.track, dst-da.base, src-sa.base, n)
	}
	return nil
}

// Fill sets n bytes to v.
func (m *Machine) Fill(dst Address, v byte, n uint64) error {
	if n == 0 {
		return nil
	}
	a, b, err := m.mem.span("Fill", dst, n)
	if err != nil {
		return err
	}
	for i := range b {
		b[i] = v
	}
	if a.track != nil {
		a.track.setInit(dst-a.base, n)
	}
	return nil
}

// Memory returns the bytes in use and the size of device memory.
func (m *Machine) Memory() (used, total uint64) {
	m.mem.mu.Lock()
	defer m.mem.mu.Unlock()
	return m.mem.used, m.mem.limit
}
