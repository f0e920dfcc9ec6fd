package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/avx"
)

// A Report is the result of one run. It omits what was not measured.
type Report struct {
	CPU       string             `json:"cpu"`
	Threads   int                `json:"threads"`     // maximum over the devices
	PeakFLOPS map[string]float64 `json:"peak_gflops"` // per core, by instruction set
	Peaks     []PeakResult       `json:"peaks"`
	MatMul    []ProductResult    `json:"matmul"`
	Sparse    []SparseResult     `json:"sparse"`
	Train     []TrainResult      `json:"train"`
	Scaling   []ScalingResult    `json:"scaling"`   // of all of these
	Transfers []TransferResult   `json:"transfers"` // of devices with their own memory
	Left      []string           `json:"left"`      // what was skipped, and why
	Machine   Machine            `json:"machine"`
}

// PeakResult is the measured peak of an instruction set.
type PeakResult struct {
	Config
	GFLOPS  float64 `json:"gflops"`
	CopyGBs float64 `json:"copy_gb_s"` // bytes read plus bytes written
}

// ProductResult is the speed of a matrix product.
type ProductResult struct {
	Config
	M      int     `json:"m"`
	N      int     `json:"n"`
	K      int     `json:"k"`
	GFLOPS float64 `json:"gflops"`
}

// SparseResult is the speed of a product whose first operand is a layer's actual input.
type SparseResult struct {
	ProductResult
	Transposed bool    `json:"a_transposed"`
	Of         string  `json:"a"`
	Nonzero    float64 `json:"a_nonzero"` // share of A's elements that are not zero
}

// TrainResult is a training step of a tutorial's network.
type TrainResult struct {
	Config
	Network         string  `json:"network"`
	Batch           int     `json:"batch"`
	Data            string  `json:"data"`         // what it trains on
	StandIn         bool    `json:"stand_in"`     // Data is not what the tutorial trains on
	From            int     `json:"from_step"`    // steps of the epoch taken before
	StepSeconds     float64 `json:"step_seconds"` // of the fastest step
	ImagesPerSecond float64 `json:"images_per_second"`
	GFLOPS          float64 `json:"gflops"` // of its products and convolutions
}

// TransferResult is the speed of copies to and from a device.
type TransferResult struct {
	Config
	Bytes    int     `json:"bytes"`
	WriteGBs float64 `json:"write_gb_s"`
	ReadGBs  float64 `json:"read_gb_s"`
}

// Options say what Measure measures.
type Options struct {
	Configs  []Config  // Configs() if nil
	Networks []Network // Networks() if nil
	Products []Product // Products() if nil
	Sparse   []SparseProduct
	Budget   time.Duration // per figure and number of cores in a round; 0.15 s if 0
	// Rounds is how often everything is measured, one figure after another; 1 if 0. The best value
	// of each figure counts. What takes longer than Budget is measured once.
	Rounds int
	// Slowest is the maximum time of one product or step; 1 s if 0. Anything slower is skipped.
	Slowest time.Duration
	// More is how long, after the rounds, figures are measured again for which too few turns on one
	// core and on several count: see scaling.go.
	More     time.Duration
	Progress func(what string) // called before each measurement; may be nil

	// For moreTurns only.
	only  map[row]bool       // what is measured, on at least one of the device's numbers of cores
	until time.Time          // nothing new is begun after this
	pace  map[Config]float64 // operations per second
}

// Measure measures, on each device, the machine's peaks, matrix products, a training step of each
// network, and transfers.
func Measure(ctx context.Context, o Options) (*Report, error) {
	if o.Configs == nil {
		o.Configs = Configs()
	}
	if o.Networks == nil {
		o.Networks = Networks()
	}
	if o.Products == nil {
		o.Products = Products()
	}
	if o.Budget == 0 {
		o.Budget = 150 * time.Millisecond
	}
	if o.Slowest == 0 {
		o.Slowest = time.Second
	}
	if o.Rounds == 0 {
		o.Rounds = 1
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	r, err := measureOnce(ctx, o)
	for round := 1; round < o.Rounds && err == nil; round++ {
		o.Slowest = min(o.Slowest, o.Budget)
		var again *Report
		again, err = measureOnce(ctx, o)
		r.takeBest(again)
	}
	if err == nil && o.More > 0 {
		o.Slowest = min(o.Slowest, o.Budget)
		err = r.moreTurns(ctx, o)
	}
	return r, err
}

// newReport returns a report without measurements.
func newReport(o Options) *Report {
	m := ThisMachine()
	r := &Report{CPU: m.CPU, Machine: m, PeakFLOPS: map[string]float64{},
		Peaks: []PeakResult{}, MatMul: []ProductResult{}, Sparse: []SparseResult{}, Train: []TrainResult{}, Scaling: []ScalingResult{}, Transfers: []TransferResult{}, Left: []string{}}
	for _, c := range o.Configs {
		r.Threads = max(r.Threads, c.Threads)
	}
	return r
}

// measureOnce is one round of Measure; o has no defaults left to fill in.
func measureOnce(ctx context.Context, o Options) (*Report, error) {
	r := newReport(o)
	if err := r.peaks(ctx, o); err != nil {
		return r, err
	}
	for _, configs := range byDevice(o.Configs) {
		if err := r.device(ctx, configs, o); err != nil {
			return r, err
		}
	}
	return r, nil
}

// peaks measures each instruction set among the devices, on one core and on as many as the devices
// use.
func (r *Report) peaks(ctx context.Context, o Options) error {
	for _, set := range avx.Names() {
		threads := []int{}
		for _, c := range o.Configs {
			if c.Device == set {
				threads = append(threads, c.Threads)
			}
		}
		if len(threads) == 0 {
			continue
		}
		threads = append(threads, 1)
		slices.Sort(threads)
		for _, n := range slices.Compact(threads) {
			if err := ctx.Err(); err != nil {
				return err
			}
			c := Config{set, n}
			o.Progress("peak of " + c.String())
			p, err := c.Peak()
			if err != nil {
				return err
			}
			r.Peaks = append(r.Peaks, PeakResult{c, p.GFLOPS, p.CopyGBs})
			if n == 1 {
				r.PeakFLOPS[set] = p.GFLOPS
			}
		}
	}
	return nil
}

// device measures one device, with each of its numbers of cores.
func (r *Report) device(ctx context.Context, configs []Config, o Options) (err error) {
	var seats []*seat
	defer func() {
		for _, s := range slices.Backward(seats) {
			err = errors.Join(err, s.close())
		}
	}()
	for _, c := range configs {
		s, err := c.seat()
		if err != nil {
			return err
		}
		seats = append(seats, s)
	}
	if err := r.products(ctx, seats, o); err != nil {
		return err
	}
	for _, p := range o.Sparse {
		if err := r.sparse(ctx, seats, p, o); err != nil {
			return err
		}
	}
	for _, n := range o.Networks {
		if err := r.train(ctx, seats, n, o); err != nil {
			return err
		}
	}
	for _, s := range seats {
		if OwnMemory(s.device) && o.only == nil {
			const bytes = 16 << 20
			o.Progress(fmt.Sprintf("%v: transfers", s.Config))
			write, read := Transfer(s.device, bytes)
			r.Transfers = append(r.Transfers, TransferResult{s.Config, bytes, write, read})
		}
	}
	return nil
}

// products measures the matrix products, smallest first. The highest rate so far tells which ones
// would take too long. (Not the rate of the previous product: if another program had the processor
// at that moment, all later products would be skipped.)
func (r *Report) products(ctx context.Context, seats []*seat, o Options) error {
	for _, s := range seats {
		s.take()
		s.pace = max(trial(s.device), o.pace[s.Config])
	}
	ascending := slices.Clone(o.Products)
	slices.SortStableFunc(ascending, func(a, b Product) int { return cmp.Compare(a.FLOP(), b.FLOP()) })
	speeds := map[*seat]map[Product]float64{}
	for _, s := range seats {
		speeds[s] = map[Product]float64{}
	}
	for _, p := range ascending {
		seconds, err := r.turns(ctx, seats, "product "+p.String(), p.FLOP(), o, func(s *seat) (timer, error) {
			return productTimer{NewMultiplier(s.device, p)}, nil
		})
		if err != nil {
			return err
		}
		for s, t := range seconds {
			speeds[s][p] = p.FLOP() / t
			s.pace = max(s.pace, speeds[s][p])
		}
	}
	for _, s := range seats {
		for _, p := range o.Products {
			if speed, measured := speeds[s][p]; measured {
				r.MatMul = append(r.MatMul, ProductResult{s.Config, p.M, p.N, p.K, speed / 1e9})
			}
		}
	}
	return nil
}

// trial returns the operations per second of a product that even the emulator computes within a
// tenth of a second. It takes the fastest of three, so that interference by other programs does not
// make the device look slow.
func trial(d kernels.Device) float64 {
	p := Product{32, 32, 64}
	m := NewMultiplier(d, p)
	defer m.Close()
	m.Run()
	seconds := math.Inf(1)
	for range 3 {
		start := time.Now()
		m.Run()
		seconds = min(seconds, time.Since(start).Seconds())
	}
	return p.FLOP() / seconds
}

// sparse measures a product with zeros.
func (r *Report) sparse(ctx context.Context, seats []*seat, p SparseProduct, o Options) error {
	nonzero := 0.0
	seconds, err := r.turns(ctx, seats, "product "+p.String(), p.FLOP(), o, func(s *seat) (timer, error) {
		m, share, err := NewSparseMultiplier(ctx, s.device, p)
		if err != nil {
			return nil, err
		}
		nonzero = share
		return productTimer{m}, nil
	})
	for _, s := range seats {
		if t, measured := seconds[s]; measured {
			r.Sparse = append(r.Sparse, SparseResult{ProductResult{s.Config, p.M, p.N, p.K, p.FLOP() / t / 1e9}, p.Transposed, p.Of, nonzero})
		}
	}
	return err
}

// train measures training steps, starting in the middle of the network's first epoch.
func (r *Report) train(ctx context.Context, seats []*seat, n Network, o Options) error {
	m, err := n.Model(seats[0].device)
	if err != nil {
		return err
	}
	flop := n.FLOP(m, n.Batch)
	m.Free()
	trainers := map[*seat]*Trainer{}
	seconds, err := r.turns(ctx, seats, "a step of "+n.Name, flop, o, func(s *seat) (timer, error) {
		from, err := n.Middle(ctx)
		if err != nil {
			return nil, err
		}
		t, err := NewTrainer(ctx, s.device, n, 0, from)
		if err != nil {
			return nil, err
		}
		trainers[s] = t
		return stepTimer{t}, nil
	})
	for _, s := range seats {
		if seconds, measured := seconds[s]; measured {
			t := trainers[s]
			r.Train = append(r.Train, TrainResult{s.Config, n.Name, t.Batch, t.Data.String(), t.Data.Missing != "", t.From,
				seconds, float64(t.Batch) / seconds, flop / seconds / 1e9})
		}
	}
	return err
}

// tooSlow records what is skipped because it would take too long.
func (r *Report) tooSlow(c Config, what string, seconds float64, o Options) bool {
	if seconds <= o.Slowest.Seconds() {
		return false
	}
	r.Left = append(r.Left, fmt.Sprintf("%v: %s, which would take about %.2g s", c, what, seconds))
	return true
}

// Peak returns the measured peak of the config's instruction set in GFLOP/s, 0 if it was not
// measured.
func (r *Report) Peak(c Config) float64 {
	for _, p := range r.Peaks {
		if p.Config == c {
			return p.GFLOPS
		}
	}
	return 0
}

// StandIns says, for each network that did not train on its tutorial's data, what it trained on.
func (r *Report) StandIns() []string {
	var list []string
	for _, t := range r.Train {
		if note := fmt.Sprintf("%s trained on %s", t.Network, t.Data); t.StandIn && !slices.Contains(list, note) {
			list = append(list, note)
		}
	}
	return list
}

// Configs lists the devices with measurements, in order.
func (r *Report) Configs() []Config {
	var list []Config
	for _, p := range r.MatMul {
		if !slices.Contains(list, p.Config) {
			list = append(list, p.Config)
		}
	}
	for _, p := range r.Sparse {
		if !slices.Contains(list, p.Config) {
			list = append(list, p.Config)
		}
	}
	for _, t := range r.Train {
		if !slices.Contains(list, t.Config) {
			list = append(list, t.Config)
		}
	}
	return list
}
