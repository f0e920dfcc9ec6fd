//go:build linux

// Command ours answers the requests of bench/peers/run.py with baregrad: see bench/peers/README.md.
// With the argument start it trains a network on the embedded images for a few steps, and reports
// when the first one is done; with data it writes the training data for all libraries to a folder.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"baregrad/bench"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/mnist"
	"baregrad/nn"
	"baregrad/tensor"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "start":
		err = start(os.Args[2])
	case len(os.Args) == 3 && os.Args[1] == "data":
		err = bench.WriteExamples(context.Background(), os.Args[2])
	default:
		err = serve()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ours:", err)
		os.Exit(1)
	}
}

// serve answers requests until its input ends.
func serve() error {
	d, err := auto.Open("auto")
	if err != nil {
		return err
	}
	defer d.Close()
	answer := json.NewEncoder(os.Stdout)
	machine := bench.ThisMachine()
	if err := answer.Encode(map[string]any{
		"version": "baregrad, " + d.Name(), "machine": machine, "slug": machine.Slug(),
	}); err != nil {
		return err
	}
	w := worker{device: d}
	defer w.clear()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		a, err := w.do(lines.Text())
		if err != nil {
			return fmt.Errorf("%q: %w", lines.Text(), err)
		}
		if err := answer.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

// A result is what a request measured, in seconds.
type result struct {
	Median    float64 `json:"median"` // of the runs
	Fastest   float64 `json:"fastest"`
	Total     float64 `json:"total"`
	Processor float64 `json:"processor"` // CPU time of all threads, on average per run
	Count     int     `json:"count"`

	Loss *float64     `json:"loss,omitempty"` // of training: the mean of the epoch so far
	Data *fingerprint `json:"data,omitempty"`
}

// A meter times consecutive runs. CPU time is read once for all of them, because reading it takes
// as long as a small product.
type meter struct {
	start, end time.Time
	busy       float64
	times      []float64
}

func (m *meter) begin() {
	m.busy -= processorTime()
	m.start = time.Now()
	m.end = m.start
}

// ran records that a run has ended and the next one begins.
func (m *meter) ran() {
	now := time.Now()
	m.times = append(m.times, now.Sub(m.end).Seconds())
	m.end = now
}

// pause ends the interval started by begin.
func (m *meter) pause() { m.busy += processorTime() }

// result summarises the runs. There must have been at least one.
func (m *meter) result() *result {
	n := len(m.times)
	r := &result{Processor: m.busy / float64(n), Count: n}
	for _, t := range m.times {
		r.Total += t
	}
	slices.Sort(m.times)
	r.Median, r.Fastest = m.times[n/2], m.times[0]
	return r
}

// worker keeps the state of the last request for the next one.
type worker struct {
	device  kernels.Device
	product *bench.Multiplier
	trainer *bench.Trainer
	data    *fingerprint // of the trainer's data
}

func (w *worker) clear() error {
	if w.product != nil {
		w.product.Close()
		w.product = nil
	}
	if w.trainer != nil {
		t := w.trainer
		w.trainer = nil
		return t.Close()
	}
	return nil
}

// do handles a request.
func (w *worker) do(request string) (*result, error) {
	var p bench.Product
	var name string
	var seconds float64
	var steps int
	if _, err := fmt.Sscanf(request, "matmul %d %d %d %g", &p.M, &p.N, &p.K, &seconds); err == nil {
		return w.multiply(p, seconds)
	}
	if _, err := fmt.Sscanf(request, "train %s %d", &name, &steps); err != nil || steps < 2 {
		return nil, errors.New("expected matmul M N K SECONDS or train NETWORK STEPS, with 2 steps or more")
	}
	if w.trainer == nil || w.trainer.Network.Name != name {
		if err := w.clear(); err != nil {
			return nil, err
		}
		n, err := bench.NetworkByName(name)
		if err != nil {
			return nil, err
		}
		if w.trainer, err = bench.NewTrainer(context.Background(), w.device, n, 0, nil); err != nil {
			return nil, err
		}
		w.data = fingerprintOf(w.trainer.Data, w.trainer.Network.Batch)
		if err := w.trainer.Step(); err != nil { // records the step; not counted
			return nil, err
		}
		steps--
	}
	return w.train(steps)
}

// multiply computes a product repeatedly for the given time, at least once.
func (w *worker) multiply(p bench.Product, seconds float64) (*result, error) {
	if w.product == nil || w.product.Product != p {
		if err := w.clear(); err != nil {
			return nil, err
		}
		w.product = bench.NewMultiplier(w.device, p)
		w.product.Run() // not counted
	}
	var m meter
	m.begin()
	for len(m.times) == 0 || m.end.Sub(m.start).Seconds() < seconds {
		w.product.Run()
		m.ran()
	}
	m.pause()
	return m.result(), nil
}

// train takes the given number of steps. When a training ends another begins with fresh weights;
// its first step, which records, is not counted.
func (w *worker) train(steps int) (*result, error) {
	m := meter{times: make([]float64, 0, steps)}
	for steps > 0 {
		if w.trainer.Ended() {
			if err := w.trainer.Restart(); err != nil {
				return nil, err
			}
			steps--
			continue
		}
		m.begin()
		for ; steps > 0 && !w.trainer.Ended(); steps-- {
			if err := w.trainer.Step(); err != nil {
				return nil, err
			}
			m.ran()
		}
		m.pause()
	}
	if len(m.times) == 0 {
		return nil, errors.New("no step was left to measure")
	}
	r := m.result()
	loss := w.trainer.Loss()
	r.Loss, r.Data = &loss, w.data
	return r, nil
}

// processorTime returns the CPU time of this process's threads, in seconds.
func processorTime() float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // every Linux has this clock
	}
	return float64(t.Nano()) / 1e9
}

// steps is the number of steps taken by start.
const steps = 10

// start trains on the embedded images, and prints a line after the first batch and after the last.
func start(name string) error {
	ctx := context.Background()
	n, err := bench.NetworkByName(name)
	if err != nil {
		return err
	}
	d, err := auto.Open("auto")
	if err != nil {
		return err
	}
	defer d.Close()
	data, err := mnist.Load(ctx, "mnist", mnist.Options{})
	if err != nil {
		return err
	}
	rows, err := mnist.ToCategorical(data.Train.Labels, n.Outputs)
	if err != nil {
		return err
	}
	x := tensor.From(d, data.Train.Images, append([]int{data.Train.N}, n.Input...)...)
	y := tensor.From(d, rows, data.Train.N, n.Outputs)
	m, err := n.Model(d)
	if err != nil {
		return err
	}
	_, err = m.Fit(ctx, x, y, nn.FitOptions{BatchSize: n.Batch, Verbose: nn.Silent, Callbacks: []nn.Callback{&saying{}}})
	return err
}

// saying prints when the first step is done and ends the training after a few.
type saying struct{ nn.BaseCallback }

func (saying) BatchEnd(r *nn.Run) error {
	switch r.Batch {
	case 0:
		r.Logs() // waits for the device
		fmt.Println("first")
	case steps - 1:
		fmt.Println("last")
		r.Stop()
	}
	return nil
}
