package nn

import (
	"cmp"
	"fmt"
)

// Whether a cross-entropy and the model's output agree on logits or probabilities.

// lossWarning returns a line if the loss takes the output for probabilities and it is not, or for
// logits and it is probabilities; otherwise it is empty. As in Keras, the model can still be
// trained (Keras clips to [1e-7, 1−1e-7], and warns of the second case), but not as expected.
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
	default:
		return ""
	}
	name, activation, known := m.lastActivation()
	switch {
	case !known:
		return ""
	case fromLogits && (activation == Softmax || activation == Sigmoid):
		return fmt.Sprintf("The loss %s has FromLogits set, but layer %s gives probabilities, by the activation %s: one of the two is too many.",
			m.loss.Name(), name, activation)
	case !fromLogits && !activation.probable():
		return fmt.Sprintf("The loss %s takes probabilities, and layer %s gives numbers of any size, by the activation %s: "+
			"those beyond 0 to 1 are clipped, and teach nothing. Give the layer the activation %s, or the loss FromLogits.",
			m.loss.Name(), name, cmp.Or(activation, Linear), squash)
	}
	return ""
}

// lastActivation returns the activation that computes the output, and the name of its layer.
// known is false if that is a layer of another kind.
func (m *Sequential) lastActivation() (name string, f ActivationFunc, known bool) {
	for i := len(m.info) - 1; i >= 0; i-- {
		name = m.info[i].Name
		switch l := m.info[i].Layer.(type) {
		case *Dense:
			return name, l.Activation, true
		case *Conv2D:
			return name, l.Activation, true
		case *Activation:
			if l.Function != Linear && l.Function != "" {
				return name, l.Function, true
			}
		case *Reshape, *Flatten: // the same numbers
		default:
			return "", "", false
		}
	}
	return "", "", false
}

// probable reports whether the function's values are from 0 to 1.
func (a ActivationFunc) probable() bool {
	return a == Softmax || a == Sigmoid || a == HardSigmoid || a == SparseSigmoid
}
