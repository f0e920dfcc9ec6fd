package avx

import (
	"math"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"baregrad/kernels"
	"baregrad/kernels/kerneltest"
)

// TestKernelsStayWithinTheirBuffers runs every case of every operation on buffers that begin right
// after a page that can't be touched, and on buffers that end right before one: products,
// convolutions by all methods, pooling, and everything else. A kernel that reads or writes one byte
// too far crashes the program, and the trace names it. Each kernel must be called at least once.
func TestKernelsStayWithinTheirBuffers(t *testing.T) {
	for _, set := range Names() {
		for name, option := range map[string]kerneltest.Option{"before": kerneltest.FencedBefore, "behind": kerneltest.FencedBehind} {
			t.Run(set+"/"+name, func(t *testing.T) {
				need(t, set)
				calls := countCalls(t, set)
				memory := newFencedMemory(t)
				open := func() kernels.Device {
					d, err := New(set)
					if err != nil {
						t.Fatal(err)
					}
					return betweenPages{d, memory, option == kerneltest.FencedBehind}
				}
				kerneltest.Run(t, open, option, kerneltest.DriverAllocates) // the counters allocate
				d := open()
				for _, s := range zeroSpecs() {
					multiplyZeros(d.(betweenPages), s)
				}
				multiplyTransposed(d)
				multiplyAndUpdate(d)
				for _, s := range convSpecs() {
					convolve(d, s)
				}
				for _, s := range convPoolSpecs() {
					convolveAndPool(d, s)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
				for kernel, count := range calls {
					// Kernels that measure the machine have their own memory; a prefetch can't fault.
					if count.Load() == 0 && !strings.Contains(kernel, ".peak.") && !strings.Contains(kernel, ".prefetch") {
						t.Errorf("%s was never called: no case of kerneltest, zeroSpecs, multiplyAndUpdate, convSpecs or convPoolSpecs takes it", kernel)
					}
				}
			})
		}
	}
}

// multiplyZeros computes products of an A that is mostly zeros, with its own buffers.
func multiplyZeros(d betweenPages, s kernels.MatMulSpec) {
	alloc := func(n int) kernels.Buffer { return d.Alloc(kernels.Float32, n) }
	a, b, c, bias := alloc(s.M*s.K), alloc(s.K*s.N), alloc(s.M*s.N), alloc(s.N)
	for i := 0; i < a.Len(); i += 3 {
		kernels.Floats(a)[i] = 1
	}
	for _, infinite := range []float32{0, float32(math.Inf(1))} {
		kernels.Floats(b)[s.N/2] = infinite
		eachWay(d.Device, s, func(bool) {
			multiply(d.Device, kernels.Floats(c), kernels.Floats(a), kernels.Floats(b), kernels.Floats(bias), s, true)
		})
	}
	for _, b := range []kernels.Buffer{a, b, c, bias} {
		b.Free()
	}
}

// multiplyTransposed computes a product of several strips, too small to be shared, whose A is stored
// transposed and is copied.
func multiplyTransposed(d kernels.Device) {
	s := kernels.MatMulSpec{M: 23, N: 200, K: 21, TransA: true}
	c, a, b := d.Alloc(kernels.Float32, s.M*s.N), d.Alloc(kernels.Float32, s.M*s.K), d.Alloc(kernels.Float32, s.K*s.N)
	d.MatMul(c, a, b, nil, s)
	for _, b := range []kernels.Buffer{a, b, c} {
		b.Free()
	}
}

// multiplyAndUpdate computes the gradient of weights, and Adam's step with it, in one kernel if there
// is one: the rows are whole blocks, one more pair, and a single row.
func multiplyAndUpdate(d kernels.Device) {
	for _, rows := range []int{144, 146, 147} {
		s := kernels.MatMulSpec{M: rows, N: adamColumns, K: 32, TransA: true}
		alloc := func(n int) kernels.Buffer { return d.Alloc(kernels.Float32, n) }
		g, a, b := alloc(s.M*s.N), alloc(s.M*s.K), alloc(s.K*s.N)
		u := &kernels.AdamUpdate{W: alloc(s.M * s.N), M: alloc(s.M * s.N), V: alloc(s.M * s.N), Rate: alloc(2)}
		for i := range a.Len() {
			kernels.Floats(a)[i] = float32(i % s.M / 2 % 2) // every other pair of rows
		}
		d.MatMulUpdate(u, g, a, b, s)
		for _, b := range []kernels.Buffer{g, a, b, u.W, u.M, u.V, u.Rate} {
			b.Free()
		}
	}
}

// convolve calls the three methods of a convolution with its own buffers.
func convolve(d kernels.Device, s kernels.ConvSpec) {
	alloc := func(n int) kernels.Buffer { return d.Alloc(kernels.Float32, n) }
	x, w, y, bias := alloc(s.N*s.H*s.W*s.C), alloc(s.Cols()*s.Out), alloc(s.Rows()*s.Out), alloc(s.Out)
	d.Conv2D(y, x, w, bias, s)
	for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
		d.Conv2DGradInput(x, y, w, s, m)
		d.Conv2DGradFilter(w, y, x, s, m)
	}
	for _, b := range []kernels.Buffer{x, w, y, bias} {
		b.Free()
	}
}

// convolveAndPool calls the methods of a convolution whose output is pooled.
func convolveAndPool(d kernels.Device, s kernels.ConvPoolSpec) {
	alloc := func(n int) kernels.Buffer { return d.Alloc(kernels.Float32, n) }
	c, p := s.Conv, s.Pool
	pooled := p.N * p.OH * p.OW * p.C
	x, w, bias, y := alloc(c.N*c.H*c.W*c.C), alloc(c.Cols()*c.Out), alloc(c.Out), alloc(pooled)
	dx, dw, dbias, dy := alloc(x.Len()), alloc(w.Len()), alloc(c.Out), alloc(pooled)
	arg := d.Alloc(kernels.Int32, pooled)
	d.Conv2DReLUMaxPool(y, arg, x, w, bias, s)
	for _, m := range []kernels.Mode{kernels.Overwrite, kernels.Accumulate} {
		d.Conv2DReLUMaxPoolGrad(dx, dw, dbias, dy, y, arg, x, w, s, m, m, m)
	}
	below := alloc(c.C)
	d.BiasReLUConv2DReLUMaxPoolGrad(dx, below, dw, dbias, dy, y, arg, x, w, s, kernels.Overwrite, kernels.Overwrite, kernels.Overwrite)
	for _, b := range []kernels.Buffer{x, w, bias, y, dx, dw, dbias, dy, arg, below} {
		b.Free()
	}
}

// betweenPages is a device whose buffers lie between pages that can't be touched, right next to one
// of them.
type betweenPages struct {
	*Device
	memory *fencedMemory
	behind bool // before the page after it, instead of after the page before
}

// Alloc returns such a buffer, filled with zeros.
func (f betweenPages) Alloc(t kernels.Type, n int) kernels.Buffer {
	if n < 0 {
		return f.Device.Alloc(t, n) // which refuses
	}
	page, size := syscall.Getpagesize(), n*t.Size()
	whole := f.memory.take(size)
	within := whole[page : len(whole)-page]
	if f.behind {
		within = within[len(within)-size:]
	}
	clear(within[:size])
	return kernels.HostOver(t, within[:size:size], func() { f.memory.giveBack(whole) })
}

// fencedMemory is pages with one more at each end that can't be touched. Freed memory can't be
// touched either, but stays mapped: mapping a page and touching it for the first time would take
// longer than most kernels.
type fencedMemory struct {
	t    *testing.T
	free map[int][][]byte // by length
}

func newFencedMemory(t *testing.T) *fencedMemory {
	m := &fencedMemory{t, map[int][][]byte{}}
	t.Cleanup(func() {
		for _, list := range m.free {
			for _, whole := range list {
				m.must(syscall.Munmap(whole))
			}
		}
	})
	return m
}

// take returns pages for the given number of bytes, and the two next to them.
func (m *fencedMemory) take(bytes int) []byte {
	page := syscall.Getpagesize()
	length := (bytes+page-1)/page*page + 2*page
	var whole []byte
	if free := m.free[length]; len(free) > 0 {
		whole, m.free[length] = free[len(free)-1], free[:len(free)-1]
	} else {
		var err error
		whole, err = syscall.Mmap(-1, 0, length, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		m.must(err)
	}
	m.protect(whole, syscall.PROT_READ|syscall.PROT_WRITE)
	return whole
}

func (m *fencedMemory) giveBack(whole []byte) {
	m.protect(whole, syscall.PROT_NONE)
	m.free[len(whole)] = append(m.free[len(whole)], whole)
}

// protect sets the protection of the pages between the fences.
func (m *fencedMemory) protect(whole []byte, what int) {
	if page := syscall.Getpagesize(); len(whole) > 2*page {
		m.must(syscall.Mprotect(whole[page:len(whole)-page], what))
	}
}

func (m *fencedMemory) must(err error) {
	if err != nil {
		m.t.Fatal(err)
	}
}

// The fences are where they should be.
func TestFences(t *testing.T) {
	touch := func(p *byte) (faulted bool) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() { faulted = recover() != nil }()
		*p++
		return
	}
	for _, behind := range []bool{false, true} {
		d := betweenPages{nil, newFencedMemory(t), behind}
		for _, n := range []int{1, 1023, 1024, 1025, 1023} { // the last one gets freed memory
			b := d.Alloc(kernels.Float32, n)
			bytes := kernels.Bytes(kernels.Floats(b))
			start, end := unsafe.Pointer(&bytes[0]), unsafe.Pointer(&bytes[len(bytes)-1])
			if touch((*byte)(start)) || touch((*byte)(end)) {
				t.Errorf("%d floats can't be written", n)
			}
			if behind && !touch((*byte)(unsafe.Add(end, 1))) || !behind && !touch((*byte)(unsafe.Add(start, -1))) {
				t.Errorf("what is beside %d floats can be written", n)
			}
			b.Free()
			if !touch((*byte)(start)) || !touch((*byte)(end)) {
				t.Errorf("%d floats can be written after they were given back", n)
			}
		}
	}
}
