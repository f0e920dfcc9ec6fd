package nn

import (
	"cmp"
	"fmt"
)

// Whether a cross-entropy and the model's output agree on logits or probabilities.

// lossWarning returns a line if the loss takes the output for probabilities and it is not, or for
// logits and it is probabilities; otherwise it is empty. As in Keras, the model can still be
// trained. Probabilities are clipped to [1e-7, 1−1e-7], so the first case hardly learns. In the
// second case the loss is computed from the last activation's input, which is its logits, unless a
// layer comes between the two.
func (m *Sequential) lossWarning() string {
	var fromLogits bool
	var squash ActivationFunc // the activation that gives probabilities
	switch l := m.loss.(type) {
	case CategoricalCrossentropy:
		fromLogits, squash = l.FromLogits, Softmax
	case SparseCategoricalCrossentropy:
		fromLogits, squash = l.FromLogits, Softmax
	case BinaryCrossentropy:
		fromLogits, squash = l.FromLogits, Sigmoid
	case CategoricalFocalCrossentropy:
		fromLogits, squash = l.FromLogits, Softmax
	case BinaryFocalCrossentropy:
		fromLogits, squash = l.FromLogits, Sigmoid
	default:
		return ""
	}
	at, activation := m.lastActivation()
	if at < 0 {
		return ""
	}
	name := m.info[at].Name
	switch {
	case fromLogits && (activation == Softmax || activation == Sigmoid):
		taken := "the activation's input is taken instead"
		for _, l := range m.info[at+1:] {
			if !changesNothing(l.Layer, true) {
				taken = "they are taken for logits" // Loss.Record gets the output of a layer in between
			}
		}
		return fmt.Sprintf("The loss %s has FromLogits set, but layer %s gives probabilities, by the activation %s: %s. Leave out one of the two.",
			m.loss.Name(), name, activation, taken)
	case !fromLogits && !activation.probable():
		return fmt.Sprintf("The loss %s takes probabilities, and layer %s gives numbers of any size, by the activation %s: "+
			"those beyond 0 to 1 are clipped, and teach nothing. Give the layer the activation %s, or the loss FromLogits.",
			m.loss.Name(), name, cmp.Or(activation, Linear), squash)
	}
	return ""
}

// lastActivation returns the activation that computes the output, and the number of its layer,
// −1 if that is a layer of another kind.
func (m *Sequential) lastActivation() (at int, f ActivationFunc) {
	for i := len(m.info) - 1; i >= 0; i-- {
		if changesNothing(m.info[i].Layer, true) {
			continue
		}
		switch l := m.info[i].Layer.(type) {
		case *Dense:
			return i, l.Activation
		case *Conv2D:
			return i, l.Activation
		case *Activation:
			return i, l.Function
		case *Reshape, *Flatten: // the same numbers
		default:
			return -1, ""
		}
	}
	return -1, ""
}

// probable reports whether the function's values are from 0 to 1.
func (a ActivationFunc) probable() bool {
	return a == Softmax || a == Sigmoid || a == HardSigmoid || a == SparseSigmoid
}
