package cuda

import (
	"errors"
	"fmt"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Capture and launch of graphs: see kernels.Capturer.

var _ kernels.Capturer = (*Device)(nil)

// graph is captured work.
type graph struct {
	device *Device
	work   driver.Graph
	// The memory that the work uses, and who owns it. The graph contains its addresses, so none of
	// it may be freed while the graph is launched.
	blocks map[*block]bool
}

// Capture calls work and records its launches and copies as a graph.
func (d *Device) Capture(work func()) (_ kernels.Graph, err error) {
	recorder, ok := d.stream.(driver.Capturer)
	switch {
	case d.NoGraphs:
		return nil, d.refusal("capture", errors.New("graphs are switched off"))
	case !ok:
		return nil, d.refusal("capture", errors.New("the driver can't record graphs"))
	case d.capturing != nil:
		return nil, d.refusal("capture", errors.New("another graph is being captured"))
	}
	d.update() // not part of the work
	if err := recorder.BeginCapture(); err != nil {
		return nil, d.refusal("capture", err)
	}
	g := &graph{device: d, blocks: map[*block]bool{}}
	d.capturing = g
	failure := caught(func() { work(); d.update() })
	d.capturing = nil
	// Always end the capture: otherwise the stream would go on recording.
	recorded, err := recorder.EndCapture()
	if failure != nil {
		d.forget() // what is left of the work that could not be captured
		if err == nil {
			err = recorded.Close()
		}
		if refused, ok := failure.(*kernels.DeviceError); ok {
			return nil, d.refusal(refused.Op, errors.Join(refused.Err, err))
		}
		panic(failure) // a programming error
	}
	if err != nil {
		return nil, d.refusal("capture", err)
	}
	g.work = recorded
	return g, nil
}

// caught calls work and returns its panic value, or nil.
func caught(work func()) (failure any) {
	defer func() { failure = recover() }()
	work()
	return nil
}

func (d *Device) refusal(op string, err error) error {
	failure := &kernels.DeviceError{Device: d.name, Op: op, Err: fmt.Errorf("can't be captured: %w", err)}
	var known *driver.Error
	if errors.As(err, &known) {
		failure.Hint = known.Hint
	}
	return failure
}

// notCaptured panics with a *kernels.DeviceError if op is called during a capture; op cannot be
// part of a graph.
func (d *Device) notCaptured(op string) {
	if d.capturing != nil {
		d.check(op, errors.New("it is not work that can be repeated"))
	}
}

// Launch runs the work again.
func (g *graph) Launch() {
	for b := range g.blocks {
		if b.freed {
			kernels.Panicf("graph", "memory that it uses was freed after it was captured")
		}
	}
	if g.device.closed() {
		g.device.check("graph", driver.ErrClosed)
	}
	g.device.update()
	g.device.enter()
	err := g.work.Launch()
	g.device.leave()
	g.device.check("graph", err)
}

// Free frees the graph.
func (g *graph) Free() {
	if !g.device.lost && !g.device.closed() {
		g.device.check("free", g.work.Close())
	}
}
