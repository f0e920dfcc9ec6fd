package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/nvidia"
	"baregrad/kernels/kerneltest"
)

// twin is a GPU and the emulator as one driver. Both do everything that is requested, and
// wherever a result is read, the two must have the same bits. A device on top of it, with every
// operation's test, compares every kernel.
type twin struct {
	gpu, emulated driver.Driver
	blocks        map[driver.Pointer]pair // by address on the GPU
	report        *differences
}

// pair is a block of memory on both drivers.
type pair struct {
	emulated driver.Pointer
	bytes    int64
}

// differences records what was compared.
type differences struct {
	bytes int64 // that were equal
	nans  int64 // NaNs whose bits differ: PTX does not say which NaN an operation gives

	launched []string          // the kernels since the last read
	found    []string          // their names, joined, where results differed
	words    map[string]int64  // number of words that differed, by that name
	first    map[string]string // the first difference, by that name
}

// launch records a kernel whose results will be read.
func (r *differences) launch(name string) {
	if !slices.Contains(r.launched, name) {
		r.launched = append(r.launched, name)
	}
}

// differ records a word that differs.
func (r *differences) differ(what string) {
	name := strings.Join(r.launched, ", ")
	if r.words == nil {
		r.words, r.first = map[string]int64{}, map[string]string{}
	}
	if r.words[name]++; r.words[name] == 1 {
		r.found = append(r.found, name)
		r.first[name] = what
	}
}

func newTwin(gpu driver.Driver) *twin {
	return &twin{gpu, emulator.NewDriver(emulator.Options{}), map[driver.Pointer]pair{}, &differences{}}
}

func (w *twin) Info() driver.Info          { return w.gpu.Info() }
func (w *twin) Memory() (used, free int64) { return w.gpu.Memory() }

func (w *twin) Close() error {
	if err := w.emulated.Close(); err != nil {
		return err
	}
	return w.gpu.Close()
}

func (w *twin) Alloc(n int64) (driver.Pointer, error) {
	p, err := w.gpu.Alloc(n)
	if err != nil {
		return 0, err
	}
	q, err := w.emulated.Alloc(n)
	if err != nil {
		return 0, err
	}
	w.blocks[p] = pair{q, n}
	return p, nil
}

func (w *twin) Free(p driver.Pointer) error {
	if err := w.emulated.Free(w.blocks[p].emulated); err != nil {
		return err
	}
	delete(w.blocks, p)
	return w.gpu.Free(p)
}

// there translates an address on the GPU to the emulator's. A value that lies in no block is not
// an address, and is returned unchanged.
func (w *twin) there(p driver.Pointer) driver.Pointer {
	for start, b := range w.blocks {
		if p >= start && p < start+driver.Pointer(b.bytes) {
			return b.emulated + (p - start)
		}
	}
	return p
}

type twinModule struct{ gpu, emulated driver.Module }

type twinFunction struct{ gpu, emulated driver.Function }

func (w *twin) Load(name, text string) (driver.Module, error) {
	a, err := w.gpu.Load(name, text)
	if err != nil {
		return nil, err
	}
	b, err := w.emulated.Load(name, text)
	return twinModule{a, b}, err
}

func (m twinModule) Function(name string) (driver.Function, error) {
	a, err := m.gpu.Function(name)
	if err != nil {
		return nil, err
	}
	b, err := m.emulated.Function(name)
	return twinFunction{a, b}, err
}

func (f twinFunction) Name() string { return f.gpu.Name() }

type twinStream struct {
	*twin
	gpu, emulated driver.Stream
}

func (w *twin) NewStream() (driver.Stream, error) {
	a, err := w.gpu.NewStream()
	if err != nil {
		return nil, err
	}
	b, err := w.emulated.NewStream()
	return &twinStream{w, a, b}, err
}

func (s *twinStream) Write(dst driver.Pointer, src []byte) error {
	if err := s.emulated.Write(s.there(dst), src); err != nil {
		return err
	}
	return s.gpu.Write(dst, src)
}

// Read reads from both and compares.
func (s *twinStream) Read(dst []byte, src driver.Pointer) error {
	if err := s.gpu.Read(dst, src); err != nil {
		return err
	}
	other := make([]byte, len(dst))
	if err := s.emulated.Read(other, s.there(src)); err != nil {
		return err
	}
	s.report.compare(dst, other)
	s.report.launched = nil
	return nil
}

func (r *differences) compare(gpu, emulated []byte) {
	if bytes.Equal(gpu, emulated) {
		r.bytes += int64(len(gpu))
		return
	}
	for at := 0; at < len(gpu); at += 4 {
		end := min(at+4, len(gpu))
		here, there := gpu[at:end], emulated[at:end]
		switch {
		case bytes.Equal(here, there):
			r.bytes += int64(len(here))
		case len(here) == 4 && isNaN(here) && isNaN(there):
			r.nans++
		default:
			r.differ(fmt.Sprintf("bytes %d to %d of %d are %x on the GPU, %x on the emulator", at, end-1, len(gpu), here, there))
		}
	}
}

func isNaN(b []byte) bool {
	bits := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	x := math.Float32frombits(bits)
	return x != x
}

func (s *twinStream) Copy(dst, src driver.Pointer, n int64) error {
	if err := s.emulated.Copy(s.there(dst), s.there(src), n); err != nil {
		return err
	}
	return s.gpu.Copy(dst, src, n)
}

func (s *twinStream) Fill(dst driver.Pointer, value byte, n int64) error {
	if err := s.emulated.Fill(s.there(dst), value, n); err != nil {
		return err
	}
	return s.gpu.Fill(dst, value, n)
}

func (s *twinStream) Launch(f driver.Function, l driver.Launch) error {
	both := f.(twinFunction)
	s.report.launch(both.Name())
	if err := s.gpu.Launch(both.gpu, l); err != nil {
		return err
	}
	args := make([]uint64, len(l.Args))
	for i, a := range l.Args {
		args[i] = uint64(s.there(driver.Pointer(a)))
	}
	l.Args = args
	return s.emulated.Launch(both.emulated, l)
}

func (s *twinStream) Record() (driver.Event, error) { return s.gpu.Record() }
func (s *twinStream) Sync() error                   { return s.gpu.Sync() }

func (s *twinStream) Close() error {
	if err := s.emulated.Close(); err != nil {
		return err
	}
	return s.gpu.Close()
}

// Every operation gives the same bits on the GPU as on the emulator.
func TestBits(t *testing.T) {
	gpu, err := nvidia.Open(0, nvidia.Options{})
	why := ""
	if err != nil {
		why = err.Error()
	}
	kerneltest.Require(t, "cuda", err == nil, why)
	w := newTwin(gpu)
	begin := time.Now()
	kerneltest.Run(t, func() kernels.Device {
		d, err := cuda.New("cuda", w)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}, kerneltest.DriverAllocates, kerneltest.Slow)
	for _, name := range w.report.found {
		t.Errorf("GPU and emulator differ in %d words after %s: %s", w.report.words[name], name, w.report.first[name])
	}
	t.Logf("%s compared in %.0f s, alike but for %d NaNs", kernels.FormatBytes(w.report.bytes), time.Since(begin).Seconds(), w.report.nans)
}

// A difference of one bit is found anywhere, but which NaN it is does not matter.
func TestDifferencesAreFound(t *testing.T) {
	one := kernels.Bytes([]float32{1, 2, 3})
	for i := range one {
		for bit := range 8 {
			r := &differences{}
			r.launch("a kernel")
			other := bytes.Clone(one)
			other[i] ^= 1 << bit
			r.compare(one, other)
			first := i &^ 3
			if want := fmt.Sprintf("bytes %d to %d of 12", first, first+3); r.words["a kernel"] != 1 || !strings.Contains(r.first["a kernel"], want) || r.bytes != 8 {
				t.Fatalf("bit %d of byte %d differs, and what was found is %+v", bit, i, r)
			}
		}
	}
	r := &differences{}
	r.compare([]byte{0xff, 0xff, 0xff, 0x7f}, []byte{0, 0, 0xc0, 0x7f})
	if len(r.found) > 0 || r.nans != 1 {
		t.Errorf("two NaNs: %+v", r)
	}
	r.compare([]byte{1, 2}, []byte{1, 3}) // less than a word
	if len(r.found) != 1 {
		t.Errorf("the last of two bytes differs: %+v", r)
	}
}
