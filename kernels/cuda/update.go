package cuda

import (
	"math"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// Optimizer steps for several tensors in one launch: see update.tmpl. A call of SGD, RMSprop or
// Adam is deferred until something else is asked of the device; consecutive calls of the same kind
// with the same settings become one launch. So a network's step has one launch for all of its
// weights.

// together is the maximum number of tensors per launch.
const together = 8

// A tensorStep is what an optimizer's kernel gets for one tensor: w, its gradient and its optimizer
// state.
type tensorStep struct {
	buffers [5]uint64
	n       int
}

// updates holds the deferred calls.
type updates struct {
	kernel   kernel
	buffers  int // per tensor
	settings [6]uint64
	more     int // number of settings
	list     [together]tensorStep
	count    int

	arguments [maxArguments]uint64 // of the launch; Device.arguments may be in use
}

// putOff defers a call with the buffers of one tensor and the settings, the first of which is the
// address of the learning rates.
func (d *Device) putOff(k kernel, n int, buffers []uint64, settings []uint64) {
	if n == 0 {
		return
	}
	d.launchLoss(0)
	d.launchLossGrad()
	d.launchPair(nil)
	u := tensorStep{n: n}
	copy(u.buffers[:], buffers)
	var common [6]uint64
	copy(common[:], settings)
	p := &d.updates
	if p.count > 0 && (p.kernel != k || p.settings != common || p.count == together || p.holds(u)) {
		d.update()
	}
	p.kernel, p.buffers, p.settings, p.more = k, len(buffers), common, len(settings)
	p.list[p.count] = u
	p.count++
}

// holds reports whether a tensor of u is already in the list; two steps of one tensor need two
// launches.
func (p *updates) holds(u tensorStep) bool {
	for _, other := range p.list[:p.count] {
		for _, a := range u.buffers {
			for _, b := range other.buffers {
				if a == b && a != 0 {
					return true
				}
			}
		}
	}
	return false
}

// update launches all deferred work, of this file and others. It is called before anything else
// goes to the stream.
func (d *Device) update() {
	d.launchLoss(0)
	d.launchLossGrad()
	d.launchPair(nil)
	p := &d.updates
	if p.count == 0 {
		return
	}
	arguments, blocks := p.arguments[:0], 0
	for t := range together {
		u, first := p.list[t], count(blocks)
		if t >= p.count {
			u, first = tensorStep{}, math.MaxUint32
		}
		arguments = append(arguments, u.buffers[:p.buffers]...)
		arguments = append(arguments, count(u.n), first)
		blocks += ceilDiv(u.n, 1024)
	}
	p.count = 0
	d.start(p.kernel, driver.Launch{Grid: line(blocks), Block: lanes(256), Args: append(arguments, p.settings[:p.more]...)})
}

// forget drops all deferred work.
func (d *Device) forget() {
	d.updates.count, d.pair.blocks, d.loss.rows, d.lossGrad.rows = 0, 0, 0, 0
}

var (
	adam    = kernel{"adam.ptx", "adam_f32"}
	rmsprop = kernel{"rmsprop.ptx", "rmsprop_f32"}
	sgd     = kernel{"sgd.ptx", "sgd_f32"}
)

// Adam does a step of Adam or AdamW: see adam.ptx.
func (d *Device) Adam(w, g, m, v, rate kernels.Buffer, s kernels.AdamSpec) {
	s.Check(w, g, m, v, rate)
	buffers := [...]uint64{address(w), address(g), address(m), address(v)}
	settings := [...]uint64{address(rate), float(float32(1 - float64(s.Beta1))), float(float32(1 - float64(s.Beta2))),
		float(s.Epsilon), float(s.WeightDecay)}
	d.putOff(adam, w.Len(), buffers[:], settings[:])
}

// RMSprop does a step of RMSprop: see rmsprop.ptx.
func (d *Device) RMSprop(w, g, v, mean, moment, rate kernels.Buffer, s kernels.RMSpropSpec) {
	s.Check(w, g, v, mean, moment, rate)
	if !s.Centered {
		mean = nil
	}
	buffers := [...]uint64{address(w), address(g), address(v), address(mean), address(moment)}
	settings := [...]uint64{address(rate), float(s.Rho), float(float32(1 - float64(s.Rho))), float(s.Momentum),
		float(s.Epsilon), truth(s.Centered)}
	d.putOff(rmsprop, w.Len(), buffers[:], settings[:])
}

// SGD does a step of stochastic gradient descent: see sgd.ptx.
func (d *Device) SGD(w, g, v, rate kernels.Buffer, s kernels.SGDSpec) {
	s.Check(w, g, v, rate)
	buffers := [...]uint64{address(w), address(g), address(v)}
	settings := [...]uint64{address(rate), float(s.Momentum), truth(s.Nesterov)}
	d.putOff(sgd, w.Len(), buffers[:], settings[:])
}
