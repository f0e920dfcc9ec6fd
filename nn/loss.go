package nn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"baregrad/autograd"
	"baregrad/kernels"
	"baregrad/tensor"
)

// A Loss measures how wrong predictions are. If a model gives several for an example, such as
// [batch, time, classes], the losses of this package compare each with its label, along the
// last axis, and an example's loss is their mean.
type Loss interface {
	// Name is Keras's name of the loss.
	Name() string
	// Check returns an error if labels do not fit a model whose output has the given
	// shape, without the batch.
	Check(output []int, labels *tensor.Tensor) error
	// Record records the loss of each example: [batch].
	Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var
}

// An Output is a model's output: the input of its last activation, and that activation.
// Losses and metrics use either side of it. A loss that starts from the logits is
// accurate even where probabilities have been rounded to 0 or 1.
type Output struct {
	Logits     *autograd.Var  // [batch, …]: the model's output before its last activation
	Activation ActivationFunc // the last activation

	value   *autograd.Var
	weights *autograd.Var // of the examples [batch], or nil
}

// Value is the model's output after its last activation.
func (o *Output) Value(t *autograd.Tape) *autograd.Var {
	if o.value == nil {
		o.value = o.Activation.record(t, o.Logits)
	}
	return o.value
}

// logits is where a loss with FromLogits starts: the model's output, or, as in Keras on
// TensorFlow, the input of a softmax or sigmoid that makes probabilities of it.
func (o *Output) logits(t *autograd.Tape) *autograd.Var {
	if o.Activation == Softmax || o.Activation == Sigmoid {
		return o.Logits
	}
	return o.Value(t)
}

// CategoricalCrossentropy is −Σ labels·ln(prediction) over the classes. Labels are
// distributions, such as one-hot rows: float32 [n, …, classes], like the model's output.
//
// If the model's last activation is Softmax, or with FromLogits, it is computed from the
// logits, which is accurate however confident the model is. Other predictions are divided
// by their sum and clipped to [1e-7, 1−1e-7], as in Keras.
type CategoricalCrossentropy struct {
	FromLogits     bool    // the model's last layer has no softmax; if it has, its input is taken
	LabelSmoothing float64 `json:",omitempty"` // the share of each label, from 0 to 1, that is spread evenly over the classes
}

// Name is "categorical_crossentropy".
func (CategoricalCrossentropy) Name() string { return "categorical_crossentropy" }

// Check refuses labels that are not float32 with the shape of the model's output.
func (l CategoricalCrossentropy) Check(output []int, labels *tensor.Tensor) error {
	if err := within(l.Name(), "label smoothing", l.LabelSmoothing, 0, 1); err != nil {
		return err
	}
	if labels.Type() == kernels.Int32 {
		return &labelsError{fmt.Sprintf("labels are int32 %v: categorical_crossentropy takes one-hot rows,", labels.Shape()),
			nShape(output) + "; for labels that are class numbers use sparse_categorical_crossentropy", false}
	}
	return checkTargets(output, labels)
}

// Record records the loss of each example: [batch].
func (l CategoricalCrossentropy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return byExample(t, out, l.byPosition(t, out, labels))
}

func (l CategoricalCrossentropy) byPosition(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	labels = smoothed(t, labels, l.LabelSmoothing, labels.Value.Dim(-1))
	return crossEntropy(t, out, labels, l.FromLogits)
}

// SparseCategoricalCrossentropy is CategoricalCrossentropy for labels given as class
// numbers, from 0 to classes−1: int32 [n], or [n, …] with the output's axes before that of
// the classes. Predictions that do not come from a softmax are clipped to [1e-7, 1−1e-7] and
// then divided by their sum, as in Keras on TensorFlow. (On JAX and PyTorch, Keras divides first.)
type SparseCategoricalCrossentropy struct {
	FromLogits bool // the model's last layer has no softmax; if it has, its input is taken
}

// Name is "sparse_categorical_crossentropy".
func (SparseCategoricalCrossentropy) Name() string { return "sparse_categorical_crossentropy" }

// Check refuses labels that are not int32 [n, …], each from 0 to classes−1.
func (l SparseCategoricalCrossentropy) Check(output []int, labels *tensor.Tensor) error {
	return checkClasses(l.Name(), output, labels)
}

// checkClasses refuses labels that are no class numbers for the output, for a loss or a metric.
func checkClasses(what string, output []int, labels *tensor.Tensor) error {
	if len(output) == 0 {
		return fmt.Errorf("the model's output is %s, must have a value for each class", shapeString(output))
	}
	classes, of := output[len(output)-1], output[:len(output)-1]
	if labels.Type() != kernels.Int32 || labels.Rank() == 0 || !slices.Equal(labels.Shape()[1:], of) {
		hint := ""
		if labels.Type() == kernels.Float32 && labels.Rank() > 1 && classes > 1 && slices.Equal(labels.Shape()[1:], output) {
			hint = "; for one-hot rows use " + strings.TrimPrefix(what, "sparse_")
		} else if len(of) > 0 && labels.Rank() == 1 {
			hint = forgottenFlatten
		}
		return fmt.Errorf("labels are %v %v: %s takes class numbers, int32 %s%s",
			labels.Type(), labels.Shape(), what, nShape(of), hint)
	}
	for i, label := range labels.Ints() {
		if label < 0 || int(label) >= classes {
			return fmt.Errorf("label %d of example %d is out of range: the model has the classes 0 to %d", label, i/positions(output), classes-1)
		}
	}
	return nil
}

// Record records the loss of each example: [batch].
func (l SparseCategoricalCrossentropy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return byExample(t, out, l.byPosition(t, out, labels))
}

func (l SparseCategoricalCrossentropy) byPosition(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return crossEntropy(t, out, labels, l.FromLogits)
}

// crossEntropy is the cross-entropy at each position: [batch·positions].
func crossEntropy(t *autograd.Tape, out *Output, labels *autograd.Var, fromLogits bool) *autograd.Var {
	labels = labelsByPosition(t, out, labels)
	if out.Activation == Softmax || fromLogits {
		logits := out.logits(t)
		loss, probs := t.SoftmaxCrossEntropy(byPosition(t, logits), labels)
		if out.Activation == Softmax {
			if logits.Value.Rank() > 2 {
				probs = t.Reshape(probs, logits.Shape()...)
			}
			out.value = probs
		}
		return loss
	}
	probs := byPosition(t, out.Value(t))
	if labels.Value.Type() == kernels.Float32 {
		return t.CrossEntropy(probs, labels) // divides by the sum first
	}
	// The logarithms of numbers are the logits of these numbers divided by their sum.
	logits := atMost(t, t.Log(atLeast(t, probs, epsilon)), -epsilon) // ln(1−1e-7) ≈ −1e-7
	loss, _ := t.SoftmaxCrossEntropy(logits, labels)
	return loss
}

// smoothed moves a share of each label to the uniform distribution over the classes
// (Szegedy et al., "Rethinking the Inception architecture", 2015, section 7).
func smoothed(t *autograd.Tape, labels *autograd.Var, share float64, classes int) *autograd.Var {
	if share == 0 {
		return labels
	}
	return t.Affine(labels, float32(1-share), float32(share/float64(classes)))
}

// BinaryCrossentropy is the mean over the outputs of −t·ln(p) − (1−t)·ln(1−p). Targets t
// are from 0 to 1: float32 with the shape of the model's output. After a Sigmoid, or with
// FromLogits, it is computed from the logits. Other predictions are clipped to
// [1e-7, 1−1e-7].
type BinaryCrossentropy struct {
	FromLogits     bool    // the model's last layer has no sigmoid; if it has, its input is taken
	LabelSmoothing float64 `json:",omitempty"` // the share of each target, from 0 to 1, that is moved to one half
}

// Name is "binary_crossentropy".
func (BinaryCrossentropy) Name() string { return "binary_crossentropy" }

// Check refuses labels that are not float32 with the shape of the model's output, or not
// all from 0 to 1. With others the loss would have no lower bound.
func (l BinaryCrossentropy) Check(output []int, labels *tensor.Tensor) error {
	return firstError(within(l.Name(), "label smoothing", l.LabelSmoothing, 0, 1), checkTargetsWithin(l.Name(), output, labels, 0, 1))
}

// Record records the loss of each example: [batch].
func (l BinaryCrossentropy) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return byExample(t, out, l.byPosition(t, out, labels))
}

func (l BinaryCrossentropy) byPosition(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	labels = byPosition(t, smoothed(t, labels, l.LabelSmoothing, 2))
	if out.Activation == Sigmoid || l.FromLogits {
		return t.SigmoidBinaryCrossEntropy(byPosition(t, out.logits(t)), labels)
	}
	return t.BinaryCrossEntropy(byPosition(t, out.Value(t)), labels)
}

// MeanSquaredError is the mean over the outputs of (prediction−target)². Targets are
// float32 with the shape of the model's output.
type MeanSquaredError struct{}

// Name is "mean_squared_error".
func (MeanSquaredError) Name() string { return "mean_squared_error" }

// Check refuses labels that are not float32 with the shape of the model's output.
func (MeanSquaredError) Check(output []int, labels *tensor.Tensor) error {
	return checkTargets(output, labels)
}

// Record records the loss of each example: [batch].
func (l MeanSquaredError) Record(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return byExample(t, out, l.byPosition(t, out, labels))
}

func (MeanSquaredError) byPosition(t *autograd.Tape, out *Output, labels *autograd.Var) *autograd.Var {
	return t.MeanSquaredError(byPosition(t, out.Value(t)), byPosition(t, labels))
}

func checkTargets(output []int, labels *tensor.Tensor) error {
	return checkTargetsWithin("", output, labels, float32(math.Inf(-1)), float32(math.Inf(1)))
}

// checkTargetsWithin is checkTargets for a loss that only takes numbers from low to high.
func checkTargetsWithin(loss string, output []int, labels *tensor.Tensor, low, high float32) error {
	if len(output) == 0 {
		return fmt.Errorf("the model's output is %s, must have an axis for this loss; end with a Reshape to (None, 1)", shapeString(output))
	}
	if labels.Type() != kernels.Float32 || labels.Rank() == 0 || !slices.Equal(labels.Shape()[1:], output) {
		hint := ""
		if len(output) > 1 && labels.Rank() < 3 {
			hint = forgottenFlatten
		}
		return &labelsError{fmt.Sprintf("labels are %v %v, must be", labels.Type(), labels.Shape()),
			nShape(output) + ", as the model's output" + hint, false}
	}
	size := tensor.Size(output)
	for i, v := range labels.Floats() {
		if v >= low && v <= high {
			continue
		}
		example := i / size
		if v != v {
			return fmt.Errorf("the label of example %d is not a number", example)
		}
		if v < low || v > high {
			hint := "for classes beyond 0 and 1, give the model an output for each, a softmax, and sparse_categorical_crossentropy"
			if v < 0 {
				hint = "for labels of -1 and 1 take hinge, or bring them to 0 and 1"
			}
			return fmt.Errorf("the label of example %d is %v: %s takes numbers from %v to %v; %s", example, v, loss, low, high, hint)
		}
	}
	return nil
}

// A labelsError says that labels are not float32 with the shape that a loss or a metric needs.
// Fit and Evaluate know whether int32 would be accepted too: see Sequential.labels.
type labelsError struct {
	are, shape string
	whole      bool // int32 is accepted, too
}

func (e *labelsError) Error() string {
	if e.whole {
		return e.are + " float32 or int32 " + e.shape
	}
	return e.are + " float32 " + e.shape
}

// forgottenFlatten is the hint for a model that gives several predictions for each example
// when the labels have only one.
const forgottenFlatten = "; for one prediction for each example put a Flatten layer before the last Dense"

// nShape formats the shape of labels or examples for any number n: [n 4 3].
func nShape(shape []int) string {
	s := "[n"
	for _, size := range shape {
		s += fmt.Sprintf(" %d", size)
	}
	return s + "]"
}

var losses = map[string]Loss{
	"categorical_crossentropy":        CategoricalCrossentropy{},
	"sparse_categorical_crossentropy": SparseCategoricalCrossentropy{},
	"binary_crossentropy":             BinaryCrossentropy{},
	"binary_focal_crossentropy":       BinaryFocalCrossentropy{},
	"categorical_focal_crossentropy":  CategoricalFocalCrossentropy{},
	"mean_squared_error":              MeanSquaredError{},
	"mean_absolute_error":             MeanAbsoluteError,
	"mean_absolute_percentage_error":  MeanAbsolutePercentageError,
	"mean_squared_logarithmic_error":  MeanSquaredLogarithmicError,
	"huber":                           Huber,
	"log_cosh":                        LogCosh,
	"poisson":                         Poisson,
	"kl_divergence":                   KLDivergence,
	"cosine_similarity":               CosineSimilarity,
	"categorical_hinge":               CategoricalHinge,
	"hinge":                           Hinge,
	"squared_hinge":                   SquaredHinge,
	// Keras's aliases.
	"bce": BinaryCrossentropy{}, "mse": MeanSquaredError{}, "mae": MeanAbsoluteError, "mape": MeanAbsolutePercentageError,
	"msle": MeanSquaredLogarithmicError, "logcosh": LogCosh, "kld": KLDivergence, "kullback_leibler_divergence": KLDivergence,
}

// LossByName returns the loss with that name in Keras, or the one registered under it, or
// a *NameError.
func LossByName(name string) (Loss, error) { return byName("loss", name, losses) }

// byName returns this package's value with that name, or the one registered as that kind.
func byName[V any](kind, name string, known map[string]V) (V, error) {
	v, ok := known[name]
	if ok {
		return v, nil
	}
	if own, ok := custom(kind, name); ok {
		return own.(V), nil
	}
	names := knownNames(kind)
	if len(names) == 0 { // a kind that can't be registered
		names = slices.Collect(maps.Keys(known))
	}
	slices.Sort(names)
	return v, Unknown(kind, name, slices.Compact(names))
}
