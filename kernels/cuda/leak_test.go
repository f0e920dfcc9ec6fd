package cuda_test

import (
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator"
)

// A closed device leaves no memory allocated: neither the launchers' memory for partial sums, nor a
// freed buffer.
func TestCloseLeaksNothing(t *testing.T) {
	driver := emulator.NewDriver(emulator.Options{Checks: emulator.AllChecks})
	d, err := cuda.New("emulator", driver)
	if err != nil {
		t.Fatal(err)
	}
	s := kernels.MatMulSpec{M: 32, N: 32, K: 512} // K is split: the parts need scratch memory
	a, b, c := d.Alloc(kernels.Float32, s.M*s.K), d.Alloc(kernels.Float32, s.K*s.N), d.Alloc(kernels.Float32, s.M*s.N)
	d.Fill(a, 1)
	d.Fill(b, 2)
	d.MatMul(c, a, b, nil, s)
	if leaks := driver.Machine.Leaks(); len(leaks.Findings) < 4 {
		t.Errorf("in use: %v, want three buffers and the scratch memory", leaks)
	}
	for _, buffer := range []kernels.Buffer{a, b, c} {
		buffer.Free()
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if leaks := driver.Machine.Leaks(); len(leaks.Findings) != 0 {
		t.Errorf("after Close: %v", leaks)
	}
}

// What was deferred is forgotten when the device is closed: its buffers can still be freed.
func TestCloseForgetsWhatWasDeferred(t *testing.T) {
	one := kernels.ReduceSpec{Outer: 1, N: 3, Inner: 1}
	for name, work := range map[string]func(d kernels.Device, x, rows kernels.Buffer){
		"sum": func(d kernels.Device, x, rows kernels.Buffer) {
			d.Sum(rows.Slice(0, 1), x.Slice(0, 3), one, kernels.Overwrite)
		},
		"optimizer": func(d kernels.Device, x, rows kernels.Buffer) { d.SGD(x, x, nil, rows, kernels.SGDSpec{}) },
		"loss":      func(d kernels.Device, x, rows kernels.Buffer) { d.SoftmaxCrossEntropy(rows, x, x, x, 2, 3) },
		"loss gradient": func(d kernels.Device, x, rows kernels.Buffer) {
			d.SoftmaxCrossEntropyGrad(x, rows, x, x, 2, 3, kernels.Overwrite)
		},
	} {
		d := checked(t)
		x, rows := d.Alloc(kernels.Float32, 6), d.Alloc(kernels.Float32, 2)
		work(d, x, rows)
		if err := d.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		func() {
			defer func() {
				if failure := recover(); failure != nil {
					t.Errorf("%s: freeing a buffer after Close: %v", name, failure)
				}
			}()
			x.Free()
			rows.Free()
		}()
	}
}
