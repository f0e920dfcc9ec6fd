package nn

import (
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// Before each step the device has the position of the batch, the number of the step and
// its rates, whatever came before: steps in order, epochs, smaller batches,
// evaluations, a changed learning rate, more steps than the table has rows.
func TestCountersBeforeEachStep(t *testing.T) {
	for name, optimizer := range map[string]Optimizer{
		"constant": SGD{LearningRate: 0.1}, "adam": Adam{}, "cycle": Adam{Schedule: OneCycle{Peak: 0.01, Steps: 700}},
	} {
		t.Run(name, func(t *testing.T) {
			d := reference.New()
			m := NewSequential(d, Seed(1), &Dense{Units: 2, Activation: Softmax, InputShape: []int{1}})
			if err := m.Compile(CompileOptions{Optimizer: optimizer, Loss: SparseCategoricalCrossentropy{}}); err != nil {
				t.Fatal(err)
			}
			const n, batch = 601, 2 // 301 steps
			kind := stepKind{x: tensor.New(d, n, 1), y: tensor.NewOf(d, kernels.Int32, n), batch: batch, training: true}
			s := newSession(m)
			defer s.free()
			s.order(ascending(n))
			filled := 0
			step := func(kind stepKind, from int) {
				t.Helper()
				before := s.counters.tableNow
				s.counters.set(kind, from)
				if s.counters.tableNow != before {
					filled++
				}
				var at, number [1]int32
				var rates [2]float32
				kernels.Download(d, at[:], s.counters.cursor.Buffer())
				kernels.Download(d, number[:], s.counters.step.Buffer())
				kernels.Download(d, rates[:], s.counters.rates.Buffer())
				if want := m.updater.Rates(m.LearningRate(), m.step); int(at[0]) != from ||
					kind.training && (int(number[0]) != m.step || rates != want) {
					t.Fatalf("step %d from %d: the device has step %d from %d with rates %v, want %v", m.step, from, number[0], at[0], rates, want)
				}
				s.run(kind, from)
			}
			epoch := func(before func(from int)) {
				t.Helper()
				for from := 0; from < n; from += batch {
					before(from)
					k := kind
					k.batch = min(batch, n-from)
					step(k, from)
				}
			}
			nothing := func(int) {}
			epoch(nothing)
			epoch(nothing)
			if most := map[string]int{"constant": 1, "adam": 4, "cycle": 4}[name]; filled > most || filled == 0 {
				t.Errorf("rates were written %d times in two epochs, want at most %d", filled, most)
			}
			evaluation := kind
			evaluation.training = false
			epoch(func(from int) {
				if from%50 == 0 {
					step(evaluation, from/2)
				}
				if from == 100 || from == 102 || from == 400 {
					m.SetLearningRate(0.5 + float64(from))
				}
				if from == 500 { // the table still has rows of this rate, but for other steps: Adam's differ
					m.step = 40
				}
			})
			m.step = 5000 // as a backup that is restored sets it
			step(kind, 200)
			step(kind, 0)
		})
	}
}
