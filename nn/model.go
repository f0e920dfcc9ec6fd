// Package nn provides layers, losses, optimizers and metrics, and Sequential, the
// model that combines them: built from a list of layers, compiled with an optimizer
// and a loss, trained by Fit, measured by Evaluate and used by Predict. Names and
// defaults are Keras's; contexts, errors and writers are Go's.
//
//	model := nn.NewSequential(device, nn.Seed(1),
//		&nn.Flatten{InputShape: []int{28, 28}},
//		&nn.Dense{Units: 128, Activation: nn.ReLU},
//		&nn.Dense{Units: 10, Activation: nn.Softmax},
//	)
//	err := model.Compile(nn.CompileOptions{
//		Optimizer: nn.Adam{}, Loss: nn.SparseCategoricalCrossentropy{}, Metrics: []nn.Metric{nn.Accuracy{}},
//	})
//	history, err := model.Fit(ctx, images, labels, nn.FitOptions{Epochs: 10})
//
// Layers are pointers, &nn.Dense{…}, because they keep their parameters. Losses, metrics and
// optimizers are values. The most common ones, and those with settings, are types whose zero
// fields are Keras's defaults: nn.Adam{}, nn.BinaryCrossentropy{}. The other losses are
// variables: nn.Huber, nn.MeanAbsoluteError.
//
// Only one goroutine at a time may use a device, and so a model. Two models that work at the
// same time need a device each. Several goroutines that share one model need a lock. If two
// use a device at once and it notices, it panics with a *kernels.BusyError.
package nn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"baregrad/kernels"
	"baregrad/tensor"
)

// A Sequential is a model whose layers run one after another.
type Sequential struct {
	// Metadata is saved in the model's file and restored by Load. It holds whatever a
	// program wants to know about a model later, such as the names of its classes.
	Metadata map[string]string

	device kernels.Device
	random *Random
	layers []Layer

	fitting bool // Fit is running
	built   bool
	kept    []LayerInfo // of an earlier build, whose parameters the next one takes over
	input   []int       // the shape of one example
	info    []LayerInfo
	params  []*Param
	dropout uint64 // the seed of the model's dropout layers
	// recordings counts the recordings that Forward made for training.
	recordings uint64

	optimizer Optimizer
	loss      Loss
	metrics   []Metric
	updater   Updater
	step      int      // training steps taken
	rate      *float64 // set by SetLearningRate
	warned    bool     // Fit has shown lossWarning since Compile
}

// LayerInfo describes a layer of a built model.
type LayerInfo struct {
	Name    string   // its own name, or one made from its kind
	Layer   Layer    // the layer itself
	Output  []int    // the shape of its output, without the batch
	Params  []*Param // its parameters: kernel, then bias
	Trained bool     // false if it is frozen
}

// NewSequential returns a model of the given layers, with its parameters in the memory
// of device d. All randomness in it comes from random; nil stands for Seed(0).
func NewSequential(d kernels.Device, random *Random, layers ...Layer) *Sequential {
	if random == nil {
		random = Seed(0)
	}
	return &Sequential{device: d, random: random, layers: layers}
}

// Device is the device that the model computes on.
func (m *Sequential) Device() kernels.Device { return m.device }

// InputShape is the shape of one example, or nil before the model is built.
func (m *Sequential) InputShape() []int { return m.input }

// OutputShape is the shape of the prediction for one example, or nil before the model is built.
func (m *Sequential) OutputShape() []int {
	if !m.built {
		return nil
	}
	return m.info[len(m.info)-1].Output
}

// Layers describes each layer of a built model. It is nil before.
func (m *Sequential) Layers() []LayerInfo { return m.info }

// Params lists the parameters of a built model, layer by layer, including frozen ones.
// It is nil before.
func (m *Sequential) Params() []*Param { return m.params }

// Build checks that the layers fit together and makes their parameters. Compile
// and Summary call it; calling it again does nothing. It returns a *LayerError
// for a layer that does not fit.
func (m *Sequential) Build() (err error) {
	defer catchDevice(&err)
	if m.built {
		return nil
	}
	if len(m.layers) == 0 {
		return errors.New("the model has no layers")
	}
	if i := slices.IndexFunc(m.layers, func(l Layer) bool { return isNil(l) }); i >= 0 {
		return fmt.Errorf("layer %d of the model, from 0, is nil", i)
	}
	first := m.layers[0].Options()
	if len(first.InputShape) == 0 {
		field := "InputShape"
		if _, input := m.layers[0].(*Input); input {
			field = "Shape"
		}
		return &LayerError{layerName(m.layers[0], nil, nil), m.layers[0].Kind(),
			fmt.Errorf("it is the first layer and needs %s, the shape of one example", field)}
	}
	for _, size := range first.InputShape {
		if size < 1 || !fits(first.InputShape) {
			return &LayerError{layerName(m.layers[0], nil, nil), m.layers[0].Kind(),
				fmt.Errorf("InputShape is %v, every size must be at least 1 and all of it fit in memory", first.InputShape)}
		}
	}
	m.input = slices.Clone(first.InputShape)
	// The first pass only checks that everything fits; the second makes the parameters.
	if _, err := m.buildLayers(true); err != nil {
		return err
	}
	if m.info, err = m.buildLayers(false); err != nil {
		return err
	}
	for _, l := range m.info {
		m.params = append(m.params, l.Params...)
	}
	m.dropout = m.random.Uint64()
	m.built, m.kept = true, nil
	return nil
}

// buildLayer is l.Build. A *kernels.ShapeError panic in it becomes an error, too.
func buildLayer(l Layer, b *Builder, in []int) (out []int, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *kernels.ShapeError:
			err = e
		default:
			panic(e)
		}
	}()
	return l.Build(b, in)
}

// buildLayers builds the layers one after another. With dry set it makes no parameters.
func (m *Sequential) buildLayers(dry bool) (info []LayerInfo, err error) {
	names := map[string]bool{}
	numbers := map[string]int{}
	shape := m.input
	for i, l := range m.layers {
		name := layerName(l, names, numbers)
		fail := func(err error) ([]LayerInfo, error) { return nil, &LayerError{name, l.Kind(), err} }
		if names[name] {
			return fail(errors.New("another layer of the model has this name"))
		}
		names[name] = true
		if own := l.Options().InputShape; i > 0 && len(own) > 0 && !slices.Equal(own, shape) {
			return fail(fmt.Errorf("InputShape is %s, but the layer before gives %s", shapeString(own), shapeString(shape)))
		}
		b := &Builder{device: m.device, random: m.random, layer: name, number: uint32(i), frozen: l.Options().Frozen, dry: dry, model: m}
		if i < len(m.kept) && m.kept[i].Name == name {
			b.kept, b.frozen = m.kept[i].Params, !m.kept[i].Trained
		}
		if i+1 < len(m.layers) {
			b.next = m.layers[i+1]
		}
		if shape, err = buildLayer(l, b, shape); err != nil {
			return fail(err)
		}
		if !fits(shape) {
			return fail(fmt.Errorf("the output %s is beyond what memory can hold", shapeString(shape)))
		}
		for _, p := range b.params {
			if !fits(p.shape) {
				return fail(fmt.Errorf("parameter %s of shape %v is beyond what memory can hold", p.Name, p.shape))
			}
		}
		info = append(info, LayerInfo{name, l, shape, b.params, !b.frozen})
	}
	return info, nil
}

// maxElements is 2⁴⁰, or what an int can count.
const maxElements = min(1<<40, math.MaxInt)

// fits reports whether an array of the shape has at most maxElements.
func fits(shape []int) bool {
	n := 1
	for _, size := range shape {
		if size < 0 || size > 0 && n > maxElements/size {
			return false
		}
		n *= max(size, 1)
	}
	return true
}

// CompileOptions say how a model is trained.
type CompileOptions struct {
	Optimizer Optimizer // RMSprop{} if nil
	Loss      Loss      // what training minimizes; required
	Metrics   []Metric  // measured in addition to the loss; may be nil
	// WeightedMetrics are measured with the weights that the examples have in the loss: those of
	// ClassWeight and SampleWeight. Metrics count all examples equally. A name that is in both
	// lists is shown as weighted_… for these.
	WeightedMetrics []Metric
}

// Compile builds the model, if necessary, and sets how it is trained. It discards the
// optimizer's state from earlier training and any rate set by SetLearningRate. Errors
// are those of Build, settings out of range, and two metrics with the same name.
func (m *Sequential) Compile(o CompileOptions) (err error) {
	defer catchDevice(&err)
	if m.fitting {
		return errors.New("compile: Fit is running, and computes with what an earlier Compile made: stop it, and compile when it has returned")
	}
	if err := m.Build(); err != nil {
		return err
	}
	o = o.byValue()
	if o.Optimizer == nil {
		o.Optimizer = RMSprop{}
	}
	if isNil(o.Optimizer) {
		return fmt.Errorf("compile: the optimizer is a nil %T", o.Optimizer)
	}
	if err := firstError(o.Optimizer.Check(), checkSchedule(ScheduleOf(o.Optimizer))); err != nil {
		return err
	}
	if isNil(o.Loss) {
		return errors.New("compile: no loss was given")
	}
	metrics, err := compileMetrics(o.Metrics, o.WeightedMetrics, m.OutputShape())
	if err != nil {
		return err
	}
	m.freeOptimizer()
	m.optimizer, m.loss, m.metrics = o.Optimizer, o.Loss, metrics
	m.updater = o.Optimizer.Prepare(m.device, m.learnt())
	m.step, m.rate, m.warned = 0, nil, false
	return nil
}

// freeOptimizer gives back the memory of the optimizer's state. The model is no longer
// compiled.
func (m *Sequential) freeOptimizer() {
	if m.updater != nil {
		for _, s := range m.updater.State() {
			s.Tensor.Free()
		}
	}
	m.updater = nil
}

// notInFit panics with a *kernels.ShapeError if Fit is running: a callback must not take away what it
// computes with.
func (m *Sequential) notInFit(op string) {
	if m.fitting {
		kernels.Panicf(op, "Fit is running, and computes with the model's layers and memory: stop it, and change the model when it has returned")
	}
}

// Free gives back the model's memory on the device: its parameters, their gradients, and
// the optimizer's state. The model can't be used afterwards.
func (m *Sequential) Free() {
	m.notInFit("free")
	m.freeOptimizer()
	for _, l := range append(m.kept, m.info...) {
		l.free()
	}
}

// Compiled returns the options given to Compile and the number of training steps since.
// The loss is nil if the model is not compiled.
func (m *Sequential) Compiled() (o CompileOptions, steps int) {
	metrics, weighted := m.compiledMetrics()
	return CompileOptions{m.optimizer, m.loss, metrics, weighted}, m.step
}

// layerName is the layer's own name, or one made from its kind: dense, dense_1, ….
// numbers holds the next number to try for each kind. Searching from 1 for each layer
// would take very long in a model with very many layers.
func layerName(l Layer, taken map[string]bool, numbers map[string]int) string {
	if name := l.Options().Name; name != "" {
		return name
	}
	base := snakeCase(l.Kind())
	name := base
	for taken[name] {
		numbers[base]++
		name = fmt.Sprintf("%s_%d", base, numbers[base])
	}
	return name
}

// snakeCase turns a class name into Keras's layer name: MaxPooling2D into max_pooling2d.
func snakeCase(kind string) string {
	var s strings.Builder
	for i, c := range kind {
		upper := c >= 'A' && c <= 'Z'
		if upper && i > 0 && kind[i-1] >= 'a' && kind[i-1] <= 'z' {
			s.WriteByte('_')
		}
		s.WriteString(strings.ToLower(string(c)))
	}
	return s.String()
}

// shapeString formats the shape of a layer's input or output as Keras does, with
// None for the batch.
func shapeString(shape []int) string {
	s := "(None"
	for _, size := range shape {
		s += fmt.Sprintf(", %d", size)
	}
	return s + ")"
}

// catchDevice turns the panic of a failed device into an error. Other panics, such as
// those for programming mistakes, continue.
func catchDevice(err *error) {
	switch e := recover().(type) {
	case nil:
	case *kernels.DeviceError:
		*err = e
	default:
		panic(e)
	}
}

// isNil reports whether an interface is nil or holds a nil pointer.
func isNil(v any) bool {
	of := reflect.ValueOf(v)
	return v == nil || of.Kind() == reflect.Pointer && of.IsNil()
}

// checkContext returns an error if there is no context.
func checkContext(op string, ctx context.Context) error {
	if ctx == nil {
		return fmt.Errorf("%s: the context is nil; context.Background() is one that never ends", op)
	}
	return nil
}

// learnt lists the parameters that the optimizer updates: all but those made by Builder.State.
func (m *Sequential) learnt() []*Param {
	return slices.DeleteFunc(slices.Clone(m.params), func(p *Param) bool { return p.state })
}

// count is the number of elements of all params.
func count(params []*Param) int {
	n := 0
	for _, p := range params {
		n += tensor.Size(p.Shape())
	}
	return n
}

// ParamCount returns the number of trained elements in a built model's parameters, and of all.
func (m *Sequential) ParamCount() (trained, all int) {
	for _, l := range m.info {
		all += count(l.Params)
		for _, p := range l.Params {
			if l.Trained && !p.state {
				trained += tensor.Size(p.Shape())
			}
		}
	}
	return trained, all
}
