package nn

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"baregrad/nn/safetensors"
	"baregrad/tensor"
)

// saved lists all tensors of the model that a file holds, by name.
func (m *Sequential) saved() []NamedTensor {
	var list []NamedTensor
	for _, p := range m.params {
		list = append(list, NamedTensor{p.Name, p.Value})
	}
	return list
}

// checkSizes compares the shapes of the parameters that the layers would make with those
// in the file, before memory is allocated for them.
func (m *Sequential) checkSizes(f *safetensors.File) error {
	if len(m.layers) == 0 {
		return errors.New("the model has no layers")
	}
	m.input = m.layers[0].Options().InputShape
	if !fits(m.input) {
		return fmt.Errorf("the input shape %v is beyond what memory can hold", m.input)
	}
	shapes := map[string][]int{}
	for _, t := range f.Tensors {
		shapes[t.Name] = t.Shape
	}
	info, err := m.buildLayers(true)
	if err != nil {
		return err
	}
	for _, l := range info {
		for _, p := range l.Params {
			shape, ok := shapes[p.Name]
			if !ok {
				return lacks(f, p.Name)
			}
			if !slices.Equal(shape, p.shape) {
				return differs(p.Name, shape, p.shape)
			}
		}
	}
	return nil
}

// lacks is the error for a tensor missing from the file. It names some that are there.
func lacks(f *safetensors.File, name string) error {
	const most = 6
	var has []string
	for _, t := range f.Tensors[:min(most, len(f.Tensors))] {
		has = append(has, fmt.Sprintf("%.60q", t.Name))
	}
	if more := len(f.Tensors) - most; more > 0 {
		has = append(has, fmt.Sprintf("%d more", more))
	}
	return fmt.Errorf("the file lacks %q; it has %s", name, cmp.Or(strings.Join(has, ", "), "no tensors"))
}

// differs is the error for a tensor that has another shape in the file.
func differs(name string, got, want []int) error {
	hint := ""
	if len(got) == 2 && len(want) == 2 && got[0] == want[1] && got[1] == want[0] {
		hint = ": it is transposed, as PyTorch's weights are"
	}
	return fmt.Errorf("%q has shape %v in the file, expected %v%s", name, got, want, hint)
}

// setAll copies tensors from the file into those with the same names. It changes nothing
// unless all are present with the right shapes.
func setAll(f *safetensors.File, into []NamedTensor) error {
	byName := map[string]safetensors.Tensor{}
	for _, t := range f.Tensors {
		byName[t.Name] = t
	}
	values := make([][]float32, len(into))
	for i, to := range into {
		t, ok := byName[to.Name]
		if !ok {
			return lacks(f, to.Name)
		}
		if !slices.Equal(t.Shape, to.Tensor.Shape()) {
			return differs(to.Name, t.Shape, to.Tensor.Shape())
		}
		var err error
		if values[i], err = t.Floats(); err != nil {
			return err
		}
	}
	for i, to := range into {
		tensor.Set(to.Tensor, values[i])
	}
	return nil
}

// LoadWeights reads the parameters by name from a safetensors file into a model that has
// the same parameters. The file may be written by Save or by another program. Other
// contents of the file are ignored.
func (m *Sequential) LoadWeights(ctx context.Context, path string) (err error) {
	defer catchDevice(&err)
	if err := firstError(m.Build(), checkFile("load", ctx, path)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	f, file, err := openFile(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := setAll(f, m.saved()); err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}

func (m *Sequential) restoreTraining(t *savedTraining, f *safetensors.File) error {
	var schedule Schedule
	if t.Schedule != nil {
		var err error
		if schedule, err = restoreSchedule(*t.Schedule); err != nil {
			return err
		}
	}
	optimizer, err := restoreOptimizer(t.Optimizer, schedule)
	if err != nil {
		return err
	}
	loss, err := restoreLoss(t.Loss)
	if err != nil {
		return err
	}
	o := CompileOptions{Optimizer: optimizer, Loss: loss}
	for i, p := range slices.Concat(t.Metrics, t.Weighted) {
		metric, err := restoreMetric(p)
		if err != nil {
			return err
		}
		if i < len(t.Metrics) {
			o.Metrics = append(o.Metrics, metric)
		} else {
			o.WeightedMetrics = append(o.WeightedMetrics, metric)
		}
	}
	if err := m.Compile(o); err != nil {
		return err
	}
	m.step, m.rate = t.Step, t.Rate
	return setAll(f, m.optimizerState())
}

// optimizerState lists the optimizer's state under the names in the file.
func (m *Sequential) optimizerState() []NamedTensor {
	state := m.updater.State()
	for i := range state {
		state[i].Name = optimizerPrefix + state[i].Name
	}
	return state
}

// resume restores a compiled model's state from a file of the same model. It returns the
// position in its training run, if the file is a backup.
func (m *Sequential) resume(path string) (*position, error) {
	f, file, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fail := func(err error) (*position, error) { return nil, fmt.Errorf("load %s: %w", path, err) }
	text, ok := f.Metadata[metadataKey]
	if !ok {
		return fail(fmt.Errorf("it is no backup: the metadata lacks %q", metadataKey))
	}
	saved, err := parseModel(text)
	if err != nil {
		return fail(err)
	}
	t := saved.Training
	if t == nil {
		return fail(errors.New("the model in it was not compiled"))
	}
	if t.Optimizer.Name != m.optimizer.Name() {
		return fail(fmt.Errorf("it was trained with %s, this model with %s", t.Optimizer.Name, m.optimizer.Name()))
	}
	if err := m.sameLayers(saved.Layers); err != nil {
		return fail(err)
	}
	var random Random
	if err := random.UnmarshalBinary(saved.Random); err != nil {
		return fail(fmt.Errorf("the state of the random generator: %w", err))
	}
	if err := setAll(f, append(m.saved(), m.optimizerState()...)); err != nil {
		return fail(err)
	}
	m.step, m.rate, m.dropout = t.Step, t.Rate, saved.Dropout
	*m.random = random
	return t.Position, nil
}

// sameLayers returns an error unless the layers have the kinds and names of those in a file.
func (m *Sequential) sameLayers(saved []savedLayer) error {
	if len(saved) != len(m.info) {
		return fmt.Errorf("the model in it has %d layers, this model %d", len(saved), len(m.info))
	}
	for i, l := range m.info {
		if s := saved[i]; s.Kind != l.Layer.Kind() || s.Name != l.Name {
			return fmt.Errorf("layer %d of the model in it is %s (%s), of this model %s (%s)", i, s.Name, s.Kind, l.Name, l.Layer.Kind())
		}
	}
	return nil
}

func restoreOptimizer(p savedPart, s Schedule) (Optimizer, error) {
	switch p.Name {
	case "sgd":
		o, err := decoded[SGD](p.Config)
		o.Schedule = s
		return o, err
	case "rmsprop":
		o, err := decoded[RMSprop](p.Config)
		o.Schedule = s
		return o, err
	case "adam":
		o, err := decoded[Adam](p.Config)
		o.Schedule = s
		return o, err
	case "adamw":
		o, err := decoded[AdamW](p.Config)
		o.Schedule = s
		return o, err
	}
	return restoreCustom[Optimizer]("optimizer", p)
}

func restoreLoss(p savedPart) (Loss, error) {
	switch p.Name {
	case "categorical_crossentropy":
		return decoded[CategoricalCrossentropy](p.Config)
	case "sparse_categorical_crossentropy":
		return decoded[SparseCategoricalCrossentropy](p.Config)
	case "binary_crossentropy":
		return decoded[BinaryCrossentropy](p.Config)
	case "binary_focal_crossentropy":
		return decoded[BinaryFocalCrossentropy](p.Config)
	case "categorical_focal_crossentropy":
		return decoded[CategoricalFocalCrossentropy](p.Config)
	}
	if l, ok := losses[p.Name]; ok {
		return l, nil
	}
	return restoreCustom[Loss]("loss", p)
}

func restoreMetric(p savedPart) (Metric, error) {
	var measured struct { // a LossMetric
		Loss json.RawMessage
		As   string
	}
	if strictly(p.Config, &measured) == nil && measured.Loss != nil {
		l, err := restoreLoss(savedPart{p.Name, measured.Loss})
		return LossMetric{l, measured.As}, err
	}
	if _, own := custom("metric", p.Name); own {
		return restoreCustom[Metric]("metric", p)
	}
	if own, ok := metrics[p.Name]; ok {
		return withSettings(own, "metric", p)
	}
	if m, err := MetricByName(p.Name); err == nil { // a loss
		return m, nil
	}
	return restoreCustom[Metric]("metric", p)
}

// ScheduleOf returns the schedule of one of this package's optimizers, or nil.
func ScheduleOf(o Optimizer) Schedule {
	switch o := o.(type) {
	case SGD:
		return o.Schedule
	case RMSprop:
		return o.Schedule
	case Adam:
		return o.Schedule
	case AdamW:
		return o.Schedule
	}
	return nil
}
