//go:build cuda

package nvidia_test

import (
	"runtime"
	"sync"
	"testing"

	"gorgonia.org/cu"

	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/nvidia"
)

// A thread on which another context is current, or none, is no obstacle.
func TestContextIsMadeCurrent(t *testing.T) {
	g := open(t, nvidia.Options{})
	defer g.Close()
	s, err := g.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m, f := doubler(t, g)
	var all sync.WaitGroup
	all.Go(func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		none := func() {
			if err := cu.SetCurrentContext(cu.CUContext{}); err != nil {
				t.Error(err)
			}
		}
		none()
		if _, err := cu.MemAlloc(256); err != cu.InvalidContext {
			t.Errorf("without a context: error %v, want %v", err, cu.InvalidContext)
		}
		p, err := g.Alloc(256)
		if err != nil {
			t.Error(err)
			return
		}
		launch := driver.Launch{Grid: driver.Dim{X: 1}, Block: driver.Dim{X: 32}, Args: []uint64{uint64(p), 3}}
		var graph driver.Graph
		var event driver.Event
		for _, c := range []struct {
			name string
			call func() error
		}{
			{"fill", func() error { return s.Fill(p, 0, 256) }},
			{"write", func() error { return s.Write(p, make([]byte, 128)) }},
			{"launch", func() error { return s.Launch(f, launch) }},
			{"begin a capture", s.(driver.Capturer).BeginCapture},
			{"captured launch", func() error { return s.Launch(f, launch) }},
			{"end the capture", func() (err error) { graph, err = s.(driver.Capturer).EndCapture(); return err }},
			{"graph", func() error { return graph.Launch() }},
			{"close the graph", func() error { return graph.Close() }},
			{"copy", func() error { return s.Copy(p+128, p, 128) }},
			{"event", func() (err error) { event, err = s.Record(); return err }},
			{"time", func() error { _, err := event.Since(event); return err }},
			{"read", func() error { return s.Read(make([]byte, 256), p) }},
			{"sync", s.Sync},
			{"alloc", func() error { _, err := g.Alloc(1 << 20); return err }},
			{"load", func() error { _, err := g.Load("double.ptx", doubling); return err }},
			{"function", func() error { _, err := m.Function("double"); return err }},
		} {
			none()
			if err := c.call(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		none()
		if _, free := g.Memory(); free == 0 {
			t.Error("no memory is said to be free")
		}
	})
	all.Wait()
}
