package cuda_test

import (
	"errors"
	"math"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/reference"
)

// adamOf returns an Adam step of one tensor of n weights: w, g, m, v and rates.
func adamOf(d kernels.Device, n int) (step func(), w kernels.Buffer) {
	buffers := make([]kernels.Buffer, 5)
	for k := range buffers {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32((i*7+k*3)%11)/11 + 0.1
		}
		if k == 4 {
			x = []float32{0.01, 0.02}
		}
		buffers[k] = d.Alloc(kernels.Float32, len(x))
		kernels.Upload(d, buffers[k], x)
	}
	spec := kernels.AdamSpec{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, WeightDecay: 0.01}
	return func() { d.Adam(buffers[0], buffers[1], buffers[2], buffers[3], buffers[4], spec) }, buffers[0]
}

func weights(d kernels.Device, w kernels.Buffer) []float32 {
	x := make([]float32, w.Len())
	kernels.Download(d, x, w)
	return x
}

// near compares with the result of the reference device. They may differ by some roundings of
// numbers near 1; a missing or repeated step would make a difference of 1e-2.
func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if !(math.Abs(float64(got[i])-float64(want[i])) <= 1e-6) {
			t.Fatalf("%s: weight %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// The optimizer's steps of several tensors are one launch for every eight, before whatever was called
// after them.
func TestUpdatesAreOneLaunch(t *testing.T) {
	d, count := counting(t)
	defer d.Close()
	host := reference.New()
	rates := d.Alloc(kernels.Float32, 2)
	kernels.Upload(d, rates, []float32{0.01, 0.02})
	spec := kernels.SGDSpec{Momentum: 0.9}
	sizes := []int{1, 0, 3, 1023, 1024, 1025, 2100, 5, 256, 255, 7}
	type tensor struct{ w, g, v kernels.Buffer }
	var got, want []tensor
	hostRates := host.Alloc(kernels.Float32, 2)
	kernels.Upload(host, hostRates, []float32{0.01, 0.02})
	for k, n := range sizes {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32((i*5+k)%13) / 13
		}
		for _, to := range []struct {
			d    kernels.Device
			list *[]tensor
		}{{d, &got}, {host, &want}} {
			var b [3]kernels.Buffer
			for i := range b {
				b[i] = to.d.Alloc(kernels.Float32, n)
				kernels.Upload(to.d, b[i], x)
			}
			*to.list = append(*to.list, tensor{b[0], b[1], b[2]})
		}
	}
	before := count.launches
	for range 2 {
		for i := range sizes {
			d.SGD(got[i].w, got[i].g, got[i].v, rates, spec)
			host.SGD(want[i].w, want[i].g, want[i].v, hostRates, spec)
		}
	}
	for i := range sizes {
		near(t, "sgd", weights(d, got[i].w), weights(host, want[i].w))
	}
	// Ten nonempty tensors: 8, then 2 with 6 of the second round, then 4.
	if n := count.launches - before; n != 3 {
		t.Errorf("%d launches for two steps of ten tensors, want 3", n)
	}
}

// Whatever is called after a step sees its results.
func TestUpdatesComeFirst(t *testing.T) {
	host := reference.New()
	stepHost, wHost := adamOf(host, 100)
	stepHost()
	once := weights(host, wHost)
	stepHost()
	twice := weights(host, wHost)
	for name, after := range map[string]func(d *cuda.Device, step func(), w kernels.Buffer) []float32{
		"read": func(d *cuda.Device, step func(), w kernels.Buffer) []float32 { return weights(d, w) },
		"copy": func(d *cuda.Device, step func(), w kernels.Buffer) []float32 {
			other := d.Alloc(kernels.Float32, 100)
			d.Copy(other, w)
			return weights(d, other)
		},
		"write": func(d *cuda.Device, step func(), w kernels.Buffer) []float32 {
			kernels.Upload(d, w, once) // after the step, not before it
			return weights(d, w)
		},
		"a kernel": func(d *cuda.Device, step func(), w kernels.Buffer) []float32 {
			other := d.Alloc(kernels.Float32, 100)
			d.Affine(other, w, 1, 0)
			return weights(d, other)
		},
		"free": func(d *cuda.Device, step func(), w kernels.Buffer) []float32 {
			x := weights(d, w)
			step() // of memory that is freed before the launch
			w.Free()
			d.Sync()
			return x
		},
		"a capture": func(d *cuda.Device, step func(), w kernels.Buffer) []float32 {
			other := d.Alloc(kernels.Float32, 100)
			g, err := d.Capture(func() { d.Copy(other, w) })
			if err != nil {
				t.Fatal(err)
			}
			g.Launch()
			g.Free()
			return weights(d, other)
		},
		"a capture that fails": func(d *cuda.Device, step func(), w kernels.Buffer) []float32 {
			_, err := d.Capture(func() {
				step() // is never executed
				d.Sync()
			})
			if err == nil || errors.Unwrap(err) == nil {
				t.Fatalf("a capture with Sync in it gave %v", err)
			}
			return weights(d, w)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := checked(t).(*cuda.Device)
			defer d.Close()
			step, w := adamOf(d, 100)
			step()
			near(t, name, after(d, step, w), once)
		})
	}
	t.Run("a graph", func(t *testing.T) { // captured before the step that comes before its launch
		d := checked(t).(*cuda.Device)
		defer d.Close()
		step, w := adamOf(d, 100)
		other := d.Alloc(kernels.Float32, 100)
		g, err := d.Capture(func() { d.Copy(other, w) })
		if err != nil {
			t.Fatal(err)
		}
		defer g.Free()
		step()
		g.Launch()
		near(t, "what the graph copied", weights(d, other), once)
	})
	t.Run("a graph of steps", func(t *testing.T) {
		d := checked(t).(*cuda.Device)
		defer d.Close()
		step, w := adamOf(d, 100)
		step()
		g, err := d.Capture(step)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Free()
		near(t, "before the graph", weights(d, w), once)
		g.Launch()
		near(t, "after the graph", weights(d, w), twice)
	})
}
