//go:build cuda

package nvidia

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unsafe"

	"gorgonia.org/cu"

	"baregrad/kernels/cuda/driver"
)

// maxArguments is the maximum number of parameters of a launch.
const maxArguments = 64

// stream is a stream of the GPU.
type stream struct {
	gpu       *gpu
	stream    cu.Stream
	stage     stage
	capturing bool
	closed    bool

	launchArguments
}

var (
	_ driver.Stream   = (*stream)(nil)
	_ driver.Capturer = (*stream)(nil)
)

// NewStream opens a stream.
func (g *gpu) NewStream() (driver.Stream, error) {
	if err := g.enter(); err != nil {
		return nil, err
	}
	defer g.leave()
	queue, err := cu.MakeStream(cu.NonBlocking)
	if err != nil {
		return nil, explain(err)
	}
	s := &stream{gpu: g, stream: queue}
	g.streams = append(g.streams, s)
	return s, nil
}

// Write copies from the host. Small copies go through pinned memory, so that the call need not
// wait.
func (s *stream) Write(dst driver.Pointer, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	if s.capturing { // the graph would copy whatever is there when it is launched
		return errors.New("a copy from the host can't be captured")
	}
	if err := s.gpu.enter(); err != nil {
		return err
	}
	defer s.gpu.leave()
	if len(src) <= stageSize/4 {
		from, err := s.stage.put(s.stream, src)
		if err != nil {
			return explain(err)
		}
		return explain(cu.MemcpyHtoDAsync(cu.DevicePtr(dst), from, int64(len(src)), s.stream))
	}
	if err := cu.MemcpyHtoDAsync(cu.DevicePtr(dst), unsafe.Pointer(&src[0]), int64(len(src)), s.stream); err != nil {
		return explain(err)
	}
	return explain(s.stream.Synchronize()) // after this, src may be changed
}

// Read copies to the host and waits for the copy.
func (s *stream) Read(dst []byte, src driver.Pointer) error {
	if err := s.gpu.enter(); err != nil {
		return err
	}
	defer s.gpu.leave()
	if len(dst) > 0 {
		if err := cu.MemcpyDtoHAsync(unsafe.Pointer(&dst[0]), cu.DevicePtr(src), int64(len(dst)), s.stream); err != nil {
			return explain(err)
		}
	}
	return explain(s.stream.Synchronize())
}

// Copy copies within the device.
func (s *stream) Copy(dst, src driver.Pointer, bytes int64) error {
	if bytes == 0 {
		return nil
	}
	if err := s.gpu.enter(); err != nil {
		return err
	}
	defer s.gpu.leave()
	return explain(cu.MemcpyDtoDAsync(cu.DevicePtr(dst), cu.DevicePtr(src), bytes, s.stream))
}

// Fill sets every byte.
func (s *stream) Fill(dst driver.Pointer, value byte, bytes int64) error {
	if bytes == 0 {
		return nil
	}
	if err := s.gpu.enter(); err != nil {
		return err
	}
	defer s.gpu.leave()
	return explain(cu.MemsetD8Async(cu.DevicePtr(dst), value, bytes, s.stream))
}

// Launch runs a kernel.
func (s *stream) Launch(f driver.Function, l driver.Launch) error {
	k, ok := f.(*function)
	if !ok {
		return fmt.Errorf("a %T is no kernel of this driver", f)
	}
	if s.gpu.closed {
		return driver.ErrClosed
	}
	if len(l.Args) > maxArguments {
		return fmt.Errorf("kernel %s: %d arguments, at most %d can be passed", k.name, len(l.Args), maxArguments)
	}
	// Without asking, a kernel gets 48 KiB less its static shared memory. Asking for less does no
	// harm, and is done once.
	if l.Shared > k.shared {
		if err := s.allow(k, l.Shared); err != nil {
			return err
		}
	}
	if err := s.launchKernel(k.function, l); err != nil {
		return fmt.Errorf("kernel %s: %w", k.name, err)
	}
	return nil
}

// allow allows a kernel that many bytes of dynamic shared memory.
func (s *stream) allow(k *function, bytes int) error {
	if err := s.gpu.enter(); err != nil {
		return err
	}
	defer s.gpu.leave()
	if err := allowShared(k.function, bytes); err != nil {
		return fmt.Errorf("kernel %s: %d bytes of shared memory: %w", k.name, bytes, err)
	}
	k.shared = bytes
	return nil
}

// Sync waits until all submitted work is done.
func (s *stream) Sync() error {
	if err := s.gpu.enter(); err != nil {
		return err
	}
	defer s.gpu.leave()
	return explain(s.stream.Synchronize())
}

// Close waits for all work and closes the stream.
func (s *stream) Close() error {
	if s.closed || s.gpu.closed {
		return nil
	}
	s.closed = true
	s.gpu.streams = slices.DeleteFunc(s.gpu.streams, func(other *stream) bool { return other == s })
	if err := s.gpu.enter(); err != nil {
		return err
	}
	defer s.gpu.leave()
	return errors.Join(explain(s.stream.Synchronize()), s.stage.free(), explain(s.stream.Destroy()))
}

// Record records the time at which all earlier work is done.
func (s *stream) Record() (driver.Event, error) {
	if err := s.gpu.enter(); err != nil {
		return nil, err
	}
	defer s.gpu.leave()
	e, err := cu.MakeEvent(cu.DefaultEvent)
	if err != nil {
		return nil, explain(err)
	}
	s.gpu.events = append(s.gpu.events, e)
	if err := e.Record(s.stream); err != nil {
		return nil, explain(err)
	}
	return event{s.gpu, e}, nil
}

// event is a point in a stream. The driver's object lives until the GPU is closed.
type event struct {
	gpu   *gpu
	event cu.Event
}

// Since waits for both events and returns the time between them.
func (e event) Since(earlier driver.Event) (time.Duration, error) {
	from, ok := earlier.(event)
	if !ok {
		return 0, fmt.Errorf("a %T is no event of this driver", earlier)
	}
	if err := e.gpu.enter(); err != nil {
		return 0, err
	}
	defer e.gpu.leave()
	if err := e.event.Synchronize(); err != nil {
		return 0, explain(err)
	}
	milliseconds, err := from.event.Elapsed(e.event)
	if err != nil {
		return 0, explain(err)
	}
	return time.Duration(milliseconds * float64(time.Millisecond)), nil
}
