package emulator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Driver is a Machine behind the driver interface, so that the launchers written for a GPU run on
// it unchanged. Every call does its work before it returns.
type Driver struct {
	Machine *Machine // for what a GPU does not offer: reports and counters
}

var _ driver.Driver = (*Driver)(nil)

// NewDriver makes a machine and returns it as a driver.
func NewDriver(o Options) *Driver { return &Driver{Machine: New(o)} }

// Info describes the machine. Its compute capability is that of an H100, so it also runs kernels
// for earlier GPUs.
func (d *Driver) Info() driver.Info {
	_, total := d.Machine.Memory()
	return driver.Info{
		Name:            "PTX emulator",
		Compute:         d.Machine.opts.Compute,
		Multiprocessors: d.Machine.opts.Workers,
		Memory:          int64(min(total, math.MaxInt64)),
		SharedPerBlock:  int(d.Machine.opts.SharedBytes),
	}
}

// Memory returns the bytes in use and the bytes free.
func (d *Driver) Memory() (used, free int64) {
	u, total := d.Machine.Memory()
	return int64(u), int64(total - u)
}

// Alloc returns uninitialised memory.
func (d *Driver) Alloc(bytes int64) (driver.Pointer, error) {
	if bytes <= 0 {
		return 0, fmt.Errorf("emulator: allocation of %d bytes", bytes)
	}
	p, err := d.Machine.Alloc(uint64(bytes))
	var memory *OutOfMemoryError
	if errors.As(err, &memory) {
		err = &kernels.OutOfMemoryError{
			Asked: int64(memory.Asked), Used: int64(memory.Used), Free: int64(memory.Limit - memory.Used),
		}
	}
	return driver.Pointer(p), err
}

// Free releases what Alloc returned.
func (d *Driver) Free(p driver.Pointer) error { return d.Machine.Free(Address(p)) }

// Load parses and decodes PTX text. As a GPU does, it refuses what is for a later one.
func (d *Driver) Load(name, text string) (driver.Module, error) {
	parsed, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	if of := d.Machine.opts.Compute; parsed.target() > 10*of[0]+of[1] {
		return nil, fmt.Errorf("%s: is for sm_%d, this GPU is sm_%d%d", name, parsed.target(), of[0], of[1])
	}
	program, err := d.Machine.Load(parsed)
	if err != nil {
		return nil, err
	}
	return module{program}, nil
}

// NewStream opens a stream. Its work is done at once, not queued.
func (d *Driver) NewStream() (driver.Stream, error) { return &stream{machine: d.Machine}, nil }

// Close does nothing: the machine's memory is garbage collected with it.
func (d *Driver) Close() error { return nil }

type module struct{ program *Program }

func (m module) Function(name string) (driver.Function, error) {
	k, err := m.program.Kernel(name)
	if err != nil {
		return nil, err
	}
	return function{k}, nil
}

type function struct{ kernel *Kernel }

func (f function) Name() string { return f.kernel.Name }

// stream does its work at once or, during a capture, records it.
type stream struct {
	machine   *Machine
	capturing bool
	noted     []func() error
}

var _ driver.Capturer = (*stream)(nil)

// do does the work or records it.
func (s *stream) do(work func() error) error {
	if s.capturing {
		s.noted = append(s.noted, work)
		return nil
	}
	return work()
}

// errCapturing is returned for a call that would need the recorded work to have run, or whose
// source may have changed by the time the graph runs.
var errCapturing = errors.New("emulator: not while a graph is captured")

func (s *stream) Write(dst driver.Pointer, src []byte) error {
	if s.capturing {
		return errCapturing
	}
	return s.machine.CopyIn(Address(dst), src)
}

func (s *stream) Read(dst []byte, src driver.Pointer) error {
	if s.capturing {
		return errCapturing
	}
	return s.machine.CopyOut(dst, Address(src))
}

func (s *stream) Copy(dst, src driver.Pointer, bytes int64) error {
	return s.do(func() error { return s.machine.Copy(Address(dst), Address(src), uint64(bytes)) })
}

func (s *stream) Fill(dst driver.Pointer, value byte, bytes int64) error {
	return s.do(func() error { return s.machine.Fill(Address(dst), value, uint64(bytes)) })
}

func (s *stream) Launch(f driver.Function, l driver.Launch) error {
	k, ok := f.(function)
	if !ok {
		return fmt.Errorf("emulator: a %T is no kernel of this driver", f)
	}
	grid, err := dim3(l.Grid)
	if err != nil {
		return err
	}
	block, err := dim3(l.Block)
	if err != nil {
		return err
	}
	config := LaunchConfig{Grid: grid, Block: block, SharedBytes: l.Shared}
	arguments := l.Args
	if s.capturing {
		arguments = slices.Clone(arguments) // args belong to the caller
	}
	return s.do(func() error { return s.machine.Launch(context.Background(), k.kernel, config, arguments...) })
}

// BeginCapture starts recording work instead of doing it.
func (s *stream) BeginCapture() error {
	if s.capturing {
		return errCapturing
	}
	s.capturing, s.noted = true, nil
	return nil
}

// EndCapture stops recording and returns the graph.
func (s *stream) EndCapture() (driver.Graph, error) {
	if !s.capturing {
		return nil, errors.New("emulator: no graph is being captured")
	}
	s.capturing = false
	return &graph{s, s.noted}, nil
}

// graph is recorded work.
type graph struct {
	stream *stream
	work   []func() error
}

func (g *graph) Launch() error {
	for _, work := range g.work {
		if err := g.stream.do(work); err != nil {
			return err
		}
	}
	return nil
}

func (g *graph) Close() error { return nil }

func dim3(d driver.Dim) (Dim3, error) {
	for _, n := range []int{d.X, d.Y, d.Z} {
		if n < 0 || n > math.MaxInt32 {
			return Dim3{}, fmt.Errorf("emulator: a launch of (%d,%d,%d): sizes must be from 0 to %d", d.X, d.Y, d.Z, math.MaxInt32)
		}
	}
	return Dim3{X: uint32(d.X), Y: uint32(d.Y), Z: uint32(d.Z)}, nil
}

func (s *stream) Record() (driver.Event, error) { return moment(time.Now()), nil }

func (s *stream) Sync() error {
	if s.capturing {
		return errCapturing
	}
	return nil
}

func (s *stream) Close() error { return nil }

// moment is the time at which an event was recorded; all earlier work had finished by then.
type moment time.Time

func (m moment) Since(earlier driver.Event) (time.Duration, error) {
	e, ok := earlier.(moment)
	if !ok {
		return 0, fmt.Errorf("emulator: a %T is no event of this driver", earlier)
	}
	return time.Time(m).Sub(time.Time(e)), nil
}
