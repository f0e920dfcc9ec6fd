package nn

import "slices"

// How a model that is built already gets other last layers.

// Add appends a layer. Added to a model that is built already, it is built too, and the others keep
// their parameters; if it does not fit, Compile returns the error. Compile the model again before
// training. While Fit is running, Add and Pop panic.
func (m *Sequential) Add(l Layer) {
	m.notInFit("add")
	m.change(func() { m.layers = append(slices.Clip(m.layers), l) })
}

// Pop removes the last layer, frees its parameters, and returns it, or nil if there is none. The
// others keep their parameters, and Add can put another layer in its place: see the transfer
// example. Compile the model again before training.
func (m *Sequential) Pop() Layer {
	m.notInFit("pop")
	last := len(m.layers) - 1
	if last < 0 {
		return nil
	}
	l := m.layers[last]
	m.change(func() {
		m.layers = m.layers[:last]
		if last < len(m.kept) {
			m.kept[last].free()
			m.kept = m.kept[:last]
		}
	})
	return l
}

// change changes the layers. A model that was built is built again, with the parameters it had. It
// is no longer compiled, because the optimizer's state does not fit.
func (m *Sequential) change(layers func()) {
	wasBuilt := m.built
	if wasBuilt {
		m.freeOptimizer()
		m.optimizer, m.loss, m.metrics = nil, nil, nil
		m.built, m.kept = false, m.info
		m.input, m.info, m.params = nil, nil, nil
	}
	layers()
	if wasBuilt && len(m.layers) > 0 {
		m.Build() // Compile returns its error
	}
}

// free gives back the memory of the layer's parameters.
func (l LayerInfo) free() {
	for _, p := range l.Params {
		p.Value.Free()
		freeIfAny(p.Grad)
	}
}
