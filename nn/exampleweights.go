package nn

import (
	"fmt"
	"math"

	"baregrad/kernels"
	"baregrad/tensor"
)

// The weight of each example in the loss: FitOptions.ClassWeight and SampleWeight.

// exampleWeights combines the weights of the classes with those of the examples. The result
// is [n], or [n, positions] for weights of each position of each example's output, or nil if
// there are neither.
func exampleWeights(op string, m *Sequential, labels *tensor.Tensor, classes map[int]float64, examples []float32) (*tensor.Tensor, error) {
	if classes == nil && examples == nil {
		return nil, nil
	}
	n := labels.Dim(0)
	if err := m.checkSampleWeight(op, examples, n); err != nil {
		return nil, err
	}
	each := max(1, len(examples)/n) // weights for each example
	if _, weighted := m.compiledMetrics(); each > 1 && len(weighted) > 0 {
		return nil, fmt.Errorf("%s: there are weights for each position of the output, but the weighted metric %s takes one for each example", op, weighted[0].Name())
	}
	weights := make([]float32, n*each)
	for i := range weights {
		weights[i] = 1
	}
	if examples != nil {
		copy(weights, examples)
	}
	if classes != nil {
		of, err := classNumbers(op, labels)
		if err != nil {
			return nil, err
		}
		for i, class := range of {
			if w, ok := classes[class]; ok {
				for j := range each {
					weights[i*each+j] *= float32(w)
				}
			}
		}
	}
	for i, w := range weights {
		if !(w >= 0 && w <= math.MaxFloat32) {
			return nil, fmt.Errorf("%s: the weight of example %d is %v, must be a number from 0", op, i/each, w)
		}
	}
	if each > 1 {
		return tensor.From(m.device, weights, n, each), nil
	}
	return tensor.From(m.device, weights, n), nil
}

// checkSampleWeight refuses sample weights unless there is one for each of n examples, or
// one for each position of each example.
func (m *Sequential) checkSampleWeight(op string, weights []float32, n int) error {
	each := positions(m.OutputShape())
	switch {
	case weights == nil || len(weights) == n:
		return nil
	case each == 1:
		return fmt.Errorf("%s: %d sample weights for %d examples", op, len(weights), n)
	case len(weights) != n*each:
		return fmt.Errorf("%s: %d sample weights for %d examples of %d positions each: there must be one for each example, or %d",
			op, len(weights), n, each, n*each)
	case !knowsPositions(m.loss):
		return fmt.Errorf("%s: there are sample weights for the positions of the output, but the loss %s, of type %T, is a number for each example",
			op, m.loss.Name(), m.loss)
	}
	return nil
}

// classNumbers reads the class of each example from labels of any kind.
func classNumbers(op string, labels *tensor.Tensor) ([]int, error) {
	classes := make([]int, labels.Dim(0))
	switch {
	case labels.Type() == kernels.Int32 && labels.Rank() == 1:
		for i, class := range labels.Ints() {
			classes[i] = int(class)
		}
	case labels.Rank() == 2 && labels.Dim(1) == 1:
		for i, target := range labels.Floats() {
			classes[i] = int(math.RoundToEven(float64(target))) // as in Keras
		}
	case labels.Rank() == 2 && labels.Type() == kernels.Float32:
		values, width := labels.Floats(), labels.Dim(1)
		for i := range classes {
			best := 0
			for c, v := range values[i*width : (i+1)*width] {
				if v > values[i*width+best] {
					best = c
				}
			}
			classes[i] = best
		}
	default:
		return nil, fmt.Errorf("%s: class weights need one class for each example, labels int32 [n] or float32 [n classes], not %v %v; give SampleWeight in their place",
			op, labels.Type(), labels.Shape())
	}
	return classes, nil
}
