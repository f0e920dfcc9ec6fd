package cuda

import (
	"math"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// The optimizers' steps, of several tensors in one launch: see update.tmpl. A
// call of SGD, RMSprop or Adam is put off until something else is asked of the
// device; calls of the same kind, with the same settings, that follow one another
// are then one launch. A network's step has one launch for all of its weights.

// together is how many tensors one launch takes.
const together = 8

// A tensorStep is what an optimizer's kernel gets for one tensor: w, its gradient
// and what the optimizer keeps for it.
type tensorStep struct {
	buffers [5]uint64
	n       int
}

// updates are the calls that have been put off.
type updates struct {
	kernel   kernel
	buffers  int // of each tensor
	settings [6]uint64
	more     int // how many settings there are
	list     [together]tensorStep
	count    int

	arguments [maxArguments]uint64 // of the launch; not Device.arguments, which may be in use
}

// putOff keeps a call for later: the buffers of one tensor, and the settings, of
// which the first is the address of the learning rates.
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

// holds tells whether one of the tensors is u's: two steps of it take two launches.
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

// update launches what has been put off, here and elsewhere. Everything that is asked of the stream
// comes after it.
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

var (
	adam    = kernel{"adam.ptx", "adam_f32"}
	rmsprop = kernel{"rmsprop.ptx", "rmsprop_f32"}
	sgd     = kernel{"sgd.ptx", "sgd_f32"}
)

// Adam is a step of Adam or AdamW: see adam.ptx.
func (d *Device) Adam(w, g, m, v, rate kernels.Buffer, s kernels.AdamSpec) {
	s.Check(w, g, m, v, rate)
	buffers := [...]uint64{address(w), address(g), address(m), address(v)}
	settings := [...]uint64{address(rate), float(float32(1 - float64(s.Beta1))), float(float32(1 - float64(s.Beta2))),
		float(s.Epsilon), float(s.WeightDecay)}
	d.putOff(adam, w.Len(), buffers[:], settings[:])
}

// RMSprop is a step of RMSprop: see rmsprop.ptx.
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

// SGD is a step of stochastic gradient descent: see sgd.ptx.
func (d *Device) SGD(w, g, v, rate kernels.Buffer, s kernels.SGDSpec) {
	s.Check(w, g, v, rate)
	buffers := [...]uint64{address(w), address(g), address(v)}
	settings := [...]uint64{address(rate), float(s.Momentum), truth(s.Nesterov)}
	d.putOff(sgd, w.Len(), buffers[:], settings[:])
}
