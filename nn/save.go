package nn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"

	"baregrad/internal/regular"
	"baregrad/kernels"
	"baregrad/nn/safetensors"
)

// A model is one safetensors file. It holds the parameters under their names, the
// optimizer's state under optimizer/…, and in the metadata, as JSON, the layers and how
// the model is trained.

const (
	metadataKey     = "baregrad"
	optimizerPrefix = "optimizer/"
	formatVersion   = 1
)

// savedModel is the JSON in the metadata.
type savedModel struct {
	Version  int            `json:"version"`
	Layers   []savedLayer   `json:"layers"`
	Dropout  uint64         `json:"dropout_seed,string"`
	Random   []byte         `json:"random"` // the generator's state
	Training *savedTraining `json:"training,omitempty"`
}

type savedLayer struct {
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Config  json.RawMessage `json:"config"`
	Trained *bool           `json:"trained,omitempty"` // set by SetTrainable
}

type savedTraining struct {
	Optimizer savedPart   `json:"optimizer"`
	Schedule  *savedPart  `json:"schedule,omitempty"`
	Loss      savedPart   `json:"loss"`
	Metrics   []savedPart `json:"metrics"`
	Weighted  []savedPart `json:"weighted_metrics,omitempty"`
	Step      int         `json:"step"`
	Rate      *float64    `json:"rate,omitempty"` // set by SetLearningRate
	Position  *position   `json:"position,omitempty"`
}

// savedPart is a value with the name of its type.
type savedPart struct {
	Name   string          `json:"name"`
	Config json.RawMessage `json:"config"`
}

// layerKinds has a constructor for each kind of layer of this package.
var layerKinds = map[string]func() Layer{
	"Activation":             func() Layer { return new(Activation) },
	"AveragePooling2D":       func() Layer { return new(AveragePooling2D) },
	"BatchNormalization":     func() Layer { return new(BatchNormalization) },
	"Conv2D":                 func() Layer { return new(Conv2D) },
	"Dense":                  func() Layer { return new(Dense) },
	"Dropout":                func() Layer { return new(Dropout) },
	"Flatten":                func() Layer { return new(Flatten) },
	"GlobalAveragePooling2D": func() Layer { return new(GlobalAveragePooling2D) },
	"GlobalMaxPooling2D":     func() Layer { return new(GlobalMaxPooling2D) },
	"LayerNormalization":     func() Layer { return new(LayerNormalization) },
	"InputLayer":             func() Layer { return new(Input) },
	"MaxPooling2D":           func() Layer { return new(MaxPooling2D) },
	"Normalization":          func() Layer { return new(Normalization) },
	"UpSampling2D":           func() Layer { return new(UpSampling2D) },
	"Reshape":                func() Layer { return new(Reshape) },
	"ZeroPadding2D":          func() Layer { return new(ZeroPadding2D) },
}

// Save writes the model to a file: layers, parameters, Metadata, and, if it is compiled,
// the optimizer with its state. The file is replaced completely or not at all. Python's
// safetensors can read it. The key "baregrad" of Metadata is reserved. For your own types
// of layers, losses, metrics and optimizers it writes the name and the value's JSON; Load
// needs their types: see Register.
func (m *Sequential) Save(ctx context.Context, path string) error {
	return m.save(ctx, path, nil)
}

// save is Save with the position in a training run, or nil.
func (m *Sequential) save(ctx context.Context, path string, place *position) (err error) {
	defer catchDevice(&err)
	if err := firstError(m.Build(), checkFile("save", ctx, path)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, taken := m.Metadata[metadataKey]; taken {
		return fmt.Errorf("save %s: the model's Metadata has the key %q, which the model itself takes", path, metadataKey)
	}
	description, err := m.describe(place)
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	f := m.weightsFile()
	f.Metadata[metadataKey] = string(description)
	if m.updater != nil {
		for _, s := range m.updater.State() {
			f.Tensors = append(f.Tensors, safetensors.FromFloats(optimizerPrefix+s.Name, s.Tensor.Floats(), s.Tensor.Shape()...))
		}
	}
	return write(path, f)
}

// SaveWeights writes only the parameters, under their names, and Metadata to a file, for
// LoadWeights or for other programs. It omits the layers and how the model is trained. The
// file is replaced completely or not at all.
func (m *Sequential) SaveWeights(ctx context.Context, path string) (err error) {
	defer catchDevice(&err)
	if err := firstError(m.Build(), checkFile("save", ctx, path)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	f := m.weightsFile()
	delete(f.Metadata, metadataKey) // only Save writes this key
	return write(path, f)
}

// weightsFile returns the parameters under their names, and Metadata.
func (m *Sequential) weightsFile() safetensors.File {
	f := safetensors.File{Metadata: map[string]string{}}
	maps.Copy(f.Metadata, m.Metadata)
	for _, p := range m.params {
		f.Tensors = append(f.Tensors, safetensors.FromFloats(p.Name, p.Value.Floats(), p.Shape()...))
	}
	return f
}

// checkFile returns an error if there is no context or no path.
func checkFile(op string, ctx context.Context, path string) error {
	if path == "" {
		return fmt.Errorf("%s: no path was given", op)
	}
	return checkContext(op, ctx)
}

// write replaces the file at path, completely or not at all.
func write(path string, f safetensors.File) error {
	if err := writeAtomically(path, func(w io.Writer) error { return safetensors.Write(w, f) }); err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return nil
}

func (m *Sequential) describe(place *position) ([]byte, error) {
	saved := savedModel{Version: formatVersion, Dropout: m.dropout}
	var err error
	if saved.Random, err = m.random.MarshalBinary(); err != nil {
		return nil, err
	}
	for _, l := range m.info {
		p, err := part("layer", l.Layer.Kind(), l.Layer)
		if err != nil {
			return nil, err
		}
		layer := savedLayer{Kind: p.Name, Name: l.Name, Config: p.Config}
		if l.Trained == l.Layer.Options().Frozen {
			layer.Trained = &l.Trained
		}
		saved.Layers = append(saved.Layers, layer)
	}
	if m.updater != nil {
		t := &savedTraining{Step: m.step, Rate: m.rate, Position: place}
		if t.Optimizer, err = part("optimizer", m.optimizer.Name(), m.optimizer); err != nil {
			return nil, err
		}
		if s := ScheduleOf(m.optimizer); s != nil {
			n, ok := s.(namedSchedule)
			if !ok {
				return nil, fmt.Errorf("a schedule of type %T can't be saved: it has no method Name() string, for Register to know it by", s)
			}
			p, err := part("schedule", n.Name(), s)
			if err != nil {
				return nil, err
			}
			t.Schedule = &p
		}
		if t.Loss, err = part("loss", m.loss.Name(), m.loss); err != nil {
			return nil, err
		}
		metrics, weighted := m.compiledMetrics()
		if t.Metrics, err = metricParts(metrics); err != nil {
			return nil, err
		}
		if t.Weighted, err = metricParts(weighted); err != nil {
			return nil, err
		}
		saved.Training = t
	}
	return json.Marshal(saved)
}

func metricParts(metrics []Metric) (parts []savedPart, err error) {
	for _, metric := range metrics {
		p, err := metricPart(metric)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// metricPart is part for a metric. A LossMetric is saved under the name of its loss, from
// which restoreMetric recreates it.
func metricPart(m Metric) (savedPart, error) {
	l, ok := m.(LossMetric)
	if !ok {
		return part("metric", metricKind(m), m)
	}
	if _, err := part("loss", l.Loss.Name(), l.Loss); err != nil {
		return savedPart{}, err
	}
	config, err := json.Marshal(l)
	return savedPart{l.Loss.Name(), config}, err
}

// metricKind is the name by which restoreMetric knows a metric: if it is one of this package
// with a name of its own, the name of its type among metrics.
func metricKind(m Metric) string {
	of := reflect.TypeOf(m)
	if reflect.TypeOf(metrics[m.Name()]) == of {
		return m.Name()
	}
	for kind, own := range metrics {
		if reflect.TypeOf(own) == of {
			return kind
		}
	}
	return m.Name()
}

// Load reads a model written by Save into the memory of device d. If it was compiled, its
// training can continue where it stopped. Your own types in it must be registered: see
// Register.
func Load(ctx context.Context, d kernels.Device, path string) (m *Sequential, err error) {
	defer catchDevice(&err)
	if err := checkFile("load", ctx, path); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, file, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, ok := f.Metadata[metadataKey]
	if !ok {
		return nil, fmt.Errorf("load %s: it has weights but no model: the metadata lacks %q; "+
			"build the model and use LoadWeights", path, metadataKey)
	}
	if m, err = restore(d, text, f); err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	delete(f.Metadata, metadataKey)
	m.Metadata = f.Metadata
	return m, nil
}

// openFile opens a safetensors file and reads its header. The caller closes the file when
// it has read the tensors that it wants.
func openFile(path string) (*safetensors.File, io.Closer, error) {
	file, size, err := regular.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("load: %w", err)
	}
	f, err := safetensors.Open(file, size)
	if err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("load %s: %w", path, err)
	}
	return f, file, nil
}

// strictly decodes JSON. It refuses fields that the target does not have, and trailing
// data.
func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the end of the JSON object")
	}
	return nil
}

// parseModel reads the JSON in the metadata.
func parseModel(text string) (*savedModel, error) {
	var saved savedModel
	if err := strictly([]byte(text), &saved); err != nil {
		return nil, fmt.Errorf("the description of the model: %w", err)
	}
	if saved.Version != formatVersion {
		return nil, fmt.Errorf("the file has version %d of the format, expected %d", saved.Version, formatVersion)
	}
	if t := saved.Training; t != nil {
		if t.Step < 0 {
			return nil, fmt.Errorf("the number of training steps is %d, must be at least 0", t.Step)
		}
		if t.Rate != nil && !isRate(*t.Rate) {
			return nil, fmt.Errorf("the learning rate is %v, must be at least 0", *t.Rate)
		}
		if p := t.Position; p != nil && (p.Epoch < 0 || p.Batch < 0 || p.Used < 0) {
			return nil, fmt.Errorf("the place in the training run is epoch %d, batch %d after %d of the data, must be at least 0", p.Epoch, p.Batch, p.Used)
		}
	}
	return &saved, nil
}

func restoreLayer(l savedLayer) (Layer, error) {
	make := layerKinds[l.Kind]
	if make == nil {
		return restoreCustom[Layer]("layer", savedPart{l.Kind, l.Config})
	}
	layer := make()
	if err := strictly(l.Config, layer); err != nil {
		return nil, fmt.Errorf("layer %s: %w", l.Name, err)
	}
	return layer, nil
}

func restore(d kernels.Device, text string, f *safetensors.File) (*Sequential, error) {
	saved, err := parseModel(text)
	if err != nil {
		return nil, err
	}
	m := NewSequential(d, Seed(0))
	for _, l := range saved.Layers {
		layer, err := restoreLayer(l)
		if err != nil {
			return nil, err
		}
		m.Add(layer)
	}
	// Memory is allocated only from here on, and only for tensors that the file holds.
	if err := m.checkSizes(f); err != nil {
		return nil, err
	}
	if err := m.Build(); err != nil {
		return nil, err
	}
	for i, l := range m.info {
		if want := saved.Layers[i].Name; l.Name != want {
			return nil, fmt.Errorf("layer %d is called %q in the description of the model and %q in its own settings", i, want, l.Name)
		}
		if on := saved.Layers[i].Trained; on != nil {
			if err := m.SetTrainable(l.Name, *on); err != nil {
				return nil, err
			}
		}
	}
	if err := setAll(f, m.saved()); err != nil {
		return nil, err
	}
	if t := saved.Training; t != nil {
		if err := m.restoreTraining(t, f); err != nil {
			return nil, err
		}
	}
	m.dropout = saved.Dropout
	if err := m.random.UnmarshalBinary(saved.Random); err != nil {
		return nil, fmt.Errorf("the state of the random generator: %w", err)
	}
	return m, nil
}
