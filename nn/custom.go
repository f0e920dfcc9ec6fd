package nn

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
)

// A model's file names its layers, loss, metrics, optimizer and schedule, and holds
// their settings as JSON. Load knows the names in this package; Register adds others,
// like Keras's custom_objects.

// registered holds the values given to Register: by kind ("layer"), then by name.
var registered = struct {
	sync.RWMutex
	values map[string]map[string]any
}{values: map[string]map[string]any{}}

// A RegisterError is Register's panic for a value that it can't take.
type RegisterError struct {
	Value  any    // the value given to Register
	Reason string // why it can't take it
}

// Error names the value's type.
func (e *RegisterError) Error() string {
	return fmt.Sprintf("nn.Register: a value of type %T: %s", e.Value, e.Reason)
}

// Register makes your own types known by name: to Load, for files written by Save, and
// to OptimizerByName, LossByName and MetricByName. Call it once, for instance in an init
// function, with a value of each type:
//
//	nn.Register(&Residual{}, FocalLoss{Gamma: 2})
//
// A value is a Layer (known by its Kind), an Optimizer, a Loss or a Metric (by its
// Name), or a Schedule with a method Name() string. A loss is also registered as a
// metric. Load copies the value and sets the copy's exported fields to the settings in
// the file, as encoding/json does. Fields that JSON omits keep their registered values;
// for instance, a formula can be stored in such a field. Types with nested settings
// implement json.Marshaler and json.Unmarshaler.
//
// It panics with a *RegisterError if a value is none of these kinds, has a name that
// this package uses, or has the name of another registered type.
func Register(values ...any) {
	registered.Lock()
	defer registered.Unlock()
	for _, v := range values {
		roles := rolesOf(v)
		if len(roles) == 0 {
			panic(&RegisterError{v, "it is no Layer, Optimizer, Loss, Metric, or Schedule with a Name"})
		}
		for kind, name := range roles {
			if slices.Contains(ownNames(kind), name) {
				panic(&RegisterError{v, fmt.Sprintf("%q is the name of a %s of this package", name, kind)})
			}
			if name == "" {
				panic(&RegisterError{v, "it has no name"})
			}
			if before, taken := registered.values[kind][name]; taken && reflect.TypeOf(before) != reflect.TypeOf(v) {
				panic(&RegisterError{v, fmt.Sprintf("a %s of type %T has the name %q", kind, before, name)})
			}
			if registered.values[kind] == nil {
				registered.values[kind] = map[string]any{}
			}
			registered.values[kind][name] = v
		}
	}
}

// rolesOf returns the kinds that a value can serve as, and its name for each.
func rolesOf(v any) map[string]string {
	roles := map[string]string{}
	if l, ok := v.(Layer); ok {
		roles["layer"] = l.Kind()
	}
	if o, ok := v.(Optimizer); ok {
		roles["optimizer"] = o.Name()
	}
	if l, ok := v.(Loss); ok {
		roles["loss"] = l.Name()
	}
	if m, ok := v.(Metric); ok {
		roles["metric"] = m.Name()
	}
	if s, ok := v.(namedSchedule); ok {
		roles["schedule"] = s.Name()
	}
	return roles
}

// ownNames lists this package's names of a kind.
func ownNames(kind string) []string {
	switch kind {
	case "layer":
		return slices.Collect(maps.Keys(layerKinds))
	case "optimizer":
		return slices.Collect(maps.Keys(optimizers))
	case "loss":
		return slices.Collect(maps.Keys(losses))
	case "metric": // a loss serves as a metric
		return append(slices.Collect(maps.Keys(metrics)), slices.Collect(maps.Keys(losses))...)
	case "schedule":
		return slices.Collect(maps.Keys(schedules))
	}
	return nil
}

// custom returns the value registered as that kind under that name.
func custom(kind, name string) (any, bool) {
	registered.RLock()
	defer registered.RUnlock()
	v, ok := registered.values[kind][name]
	return v, ok
}

// knownNames lists this package's names and the registered ones.
func knownNames(kind string) []string {
	registered.RLock()
	defer registered.RUnlock()
	return append(ownNames(kind), slices.Collect(maps.Keys(registered.values[kind]))...)
}

// restoreCustom returns a copy of a registered value with the settings from a file.
func restoreCustom[T any](kind string, p savedPart) (made T, err error) {
	v, ok := custom(kind, p.Name)
	if !ok {
		return made, fmt.Errorf("%w. If it is a %s of your own, call nn.Register with a value of its type before Load",
			Unknown(kind, p.Name, knownNames(kind)), kind)
	}
	return withSettings(v.(T), kind, p)
}

// withSettings returns a copy of a value with the settings from a file.
func withSettings[T any](v T, kind string, p savedPart) (made T, err error) {
	of := reflect.ValueOf(v)
	pointer := of.Kind() == reflect.Pointer
	if pointer {
		of = of.Elem()
	}
	c := reflect.New(of.Type())
	c.Elem().Set(of)
	forget(c.Elem())
	if err := strictly(p.Config, c.Interface()); err != nil {
		return made, fmt.Errorf("%s %s: %w", kind, p.Name, err)
	}
	if !pointer {
		c = c.Elem()
	}
	return c.Interface().(T), nil
}

// forget zeroes the fields that JSON fills in, so that the copy shares no slice with
// the registered value.
func forget(v reflect.Value) {
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
			v.Field(i).SetZero()
		}
	}
}

// part describes a value for a file: its name and its settings. It refuses a value that
// has a name of this package but another type: Load would silently turn it into this
// package's type.
func part(kind, name string, value any) (savedPart, error) {
	if own := ownValue(kind, name); own != nil && reflect.TypeOf(own) != reflect.TypeOf(value) {
		return savedPart{}, fmt.Errorf("the %s of type %T can't be saved: its name %q is that of another one, of type %T", kind, value, name, own)
	}
	config, err := json.Marshal(value)
	if err != nil {
		return savedPart{}, fmt.Errorf("the settings of the %s %q: %w", kind, name, err)
	}
	return savedPart{name, config}, nil
}

// ownValue is this package's value with that name, or nil.
func ownValue(kind, name string) any {
	switch kind {
	case "layer":
		if make := layerKinds[name]; make != nil {
			return make()
		}
	case "optimizer":
		if o, ok := optimizers[name]; ok {
			return o
		}
	case "loss":
		if l, ok := losses[name]; ok {
			return l
		}
	case "schedule":
		if s, ok := schedules[name]; ok {
			return s
		}
	case "metric":
		if m, ok := metrics[name]; ok {
			return m
		}
	}
	return nil
}
