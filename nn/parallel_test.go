package nn_test

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"

	"baregrad/kernels/auto"
	"baregrad/nn"
	"baregrad/tensor"
)

// Models on separate devices, each used by one goroutine, can train in parallel and get the
// same bits as alone, because devices share nothing that is written to.
func TestTrainingSideBySide(t *testing.T) {
	train := func(name string) (bits []uint32, err error) {
		d, err := auto.Open(name)
		if err != nil {
			return nil, err
		}
		defer d.Close()
		const n = 48
		images, labels := make([]uint8, n*12*12), make([]int32, n)
		for i := range images {
			images[i] = uint8(i * 7)
		}
		for i := range labels {
			labels[i] = int32(i % 3)
		}
		m := nn.NewSequential(d, nn.Seed(1), &nn.Conv2D{Filters: 8, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: []int{12, 12, 1}},
			&nn.MaxPooling2D{}, &nn.Flatten{}, &nn.Dropout{Rate: 0.2}, &nn.Dense{Units: 3, Activation: nn.Softmax})
		if err := m.Compile(nn.CompileOptions{Optimizer: nn.Adam{}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
			return nil, err
		}
		x, y := tensor.From(d, images, n, 12, 12, 1), tensor.From(d, labels, n)
		if _, err := m.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 2, BatchSize: 16, Verbose: nn.Silent}); err != nil {
			return nil, err
		}
		for _, p := range m.Params() {
			for _, v := range p.Value.Floats() {
				bits = append(bits, math.Float32bits(v))
			}
		}
		return bits, nil
	}
	names := []string{"cpu", "reference", "emulator", "cpu", "emulator", "cpu", "reference"}
	alone := map[string][]uint32{}
	for _, name := range names[:3] {
		bits, err := train(name)
		if err != nil {
			t.Fatal(err)
		}
		alone[name] = bits
	}
	var all sync.WaitGroup
	for _, name := range names {
		all.Go(func() {
			if bits, err := train(name); err != nil || !slices.Equal(bits, alone[name]) {
				t.Errorf("%s beside others gives other bits than alone (error %v)", name, err)
			}
		})
	}
	all.Wait()
}
