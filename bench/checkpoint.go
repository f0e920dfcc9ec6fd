package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/nn"
)

// A Checkpoint is a network trained for some steps of its first epoch, with the state of its
// optimizer. Benchmarks of a step begin there, because an untrained network has other shares of
// zeros than it has for most of the epoch.
type Checkpoint struct {
	Step  int
	model []byte // the contents of its saved file
}

// warmUp limits how long training to the middle of an epoch may take. If it would take longer,
// benchmarks begin with what was reached, and say so.
const warmUp = 10 * time.Second

var middles struct {
	sync.Mutex
	of map[string]*Checkpoint
}

// Middle trains the network to the middle of its first epoch (of its training, if that is several
// epochs), on the fastest device of this machine and all its cores. It remembers the result.
func (n Network) Middle(ctx context.Context) (*Checkpoint, error) {
	middles.Lock()
	defer middles.Unlock()
	if c, ok := middles.of[n.Name]; ok {
		return c, nil
	}
	c, err := n.middle(ctx, warmUp)
	if err != nil {
		return nil, fmt.Errorf("%s, to the middle of an epoch: %w", n.Name, err)
	}
	if middles.of == nil {
		middles.of = map[string]*Checkpoint{}
	}
	middles.of[n.Name] = c
	return c, nil
}

// middle takes as many steps as there is time for, at least one.
func (n Network) middle(ctx context.Context, limit time.Duration) (c *Checkpoint, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU()))
	d, err := auto.Open("auto")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	t, err := NewTrainer(ctx, d, n, 0, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	c = &Checkpoint{}
	for begin := time.Now(); c.Step == 0 || c.Step < t.Steps/2 && time.Since(begin) < limit; c.Step++ {
		if err := t.Step(); err != nil {
			return nil, err
		}
	}
	c.model, err = save(ctx, t.model)
	return c, err
}

// save returns the contents of the model's file.
func save(ctx context.Context, m *nn.Sequential) ([]byte, error) {
	dir, err := os.MkdirTemp("", "baregrad-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	if err := m.Save(ctx, path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// load creates the model again on a device.
func (c *Checkpoint) load(ctx context.Context, d kernels.Device) (*nn.Sequential, error) {
	dir, err := os.MkdirTemp("", "baregrad-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	if err := os.WriteFile(path, c.model, 0o600); err != nil {
		return nil, err
	}
	return nn.Load(ctx, d, path)
}
