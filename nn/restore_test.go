package nn

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"baregrad/kernels/reference"
	"baregrad/nn/safetensors"
)

// smallModel is compiled, not trained, and has state of every kind.
func smallModel(t testing.TB, seed uint64) *Sequential {
	t.Helper()
	m := NewSequential(reference.New(), Seed(seed),
		&Conv2D{Filters: 2, Kernel: [2]int{3, 3}, InputShape: []int{6, 6, 1}, Activation: ReLU},
		&MaxPooling2D{}, &Flatten{}, &Dropout{Rate: 0.5}, &Dense{Units: 3, Activation: Softmax})
	if err := m.Compile(CompileOptions{
		Optimizer: Adam{Schedule: OneCycle{Peak: 0.1, Steps: 10}}, Loss: SparseCategoricalCrossentropy{}, Metrics: []Metric{Accuracy{}},
	}); err != nil {
		t.Fatal(err)
	}
	return m
}

func saveTo(t testing.TB, m *Sequential, path string) []byte {
	t.Helper()
	if err := m.save(context.Background(), path, &position{Epoch: 1, Random: []byte{1}, Totals: []uint32{1, 2}}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Everything that reads a file refuses one that is truncated at any byte.
func TestTruncated(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	whole := saveTo(t, smallModel(t, 1), filepath.Join(dir, "whole"))
	path := filepath.Join(dir, "cut")
	m := smallModel(t, 2)
	before := m.copyWeights()
	for n := range len(whole) {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(ctx, m.device, path); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("cut off at byte %d of %d: error %v, want one that names the file", n, len(whole), err)
		}
		if n%97 != 0 { // the other functions read the file with the same code
			continue
		}
		if err := m.LoadWeights(ctx, path); err == nil {
			t.Fatalf("weights cut off at byte %d of %d were loaded", n, len(whole))
		}
		if _, err := m.resume(path); err == nil {
			t.Fatalf("a backup cut off at byte %d of %d was resumed", n, len(whole))
		}
	}
	for i, values := range m.copyWeights() {
		for j, v := range values {
			if v != before[i][j] {
				t.Fatalf("a refused file changed %s", m.params[i].Name)
			}
		}
	}
	if err := os.WriteFile(path, append(whole, 0), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(ctx, m.device, path); err == nil {
		t.Error("a file with a byte after its end was loaded")
	}
}

// rewritten returns the file of a small model with other metadata.
func rewritten(t testing.TB, change func(string) string) *safetensors.File {
	t.Helper()
	f, err := safetensors.Parse(saveTo(t, smallModel(t, 1), filepath.Join(t.TempDir(), "m")))
	if err != nil {
		t.Fatal(err)
	}
	f.Metadata[metadataKey] = change(f.Metadata[metadataKey])
	return f
}

// attacks are changes to the description of the model, and the expected errors.
var attacks = []struct{ old, new, want string }{
	{`"Units":3`, `"Units":4`, `"dense/kernel" has shape [8 3] in the file, expected [8 4]`},
	{`"Units":3`, `"Units":10000000`, `expected [8 10000000]`},
	{`"Units":3`, fmt.Sprintf(`"Units":%d`, math.MaxInt/2+1), "beyond what memory can hold"},
	{`"Units":3`, `"Units":-3`, "units is -3, must be at least 1"},
	{`"Units":3`, `"Units":1e3`, "cannot unmarshal"},
	{`"Filters":2`, `"Filters":9999999`, "expected [3 3 1 9999999]"},
	{`"Kernel":[3,3]`, `"Kernel":[3,2]`, "expected [3 2 1 2]"},
	{`"Kernel":[3,3]`, `"Kernel":[-3,3]`, "conv2d"},
	{`"Strides":[0,0]`, `"Strides":[-1,1]`, "conv2d"},
	{`"Dilations":[0,0]`, `"Dilations":[9223372036854775807,1]`, "conv2d"},
	{`"InputShape":[6,6,1]`, `"InputShape":[6000000,6000000,1]`, "beyond what memory can hold"},
	{`"InputShape":[6,6,1]`, `"InputShape":[600000,60,1]`, "expected ["},
	{`"InputShape":[6,6,1]`, `"InputShape":[-6,-6,1]`, "beyond what memory can hold"},
	{`"InputShape":[6,6,1]`, `"InputShape":[0,6,1]`, "conv2d"},
	{`"InputShape":[6,6,1]`, `"InputShape":null`, "conv2d"},
	{`"Rate":0.5`, `"Rate":7`, "rate is 7, must be from 0 to 1"},
	{`"kind":"Flatten"`, `"kind":"Lambda"`, `unknown layer "Lambda"`},
	{`"name":"flatten"`, `"name":"other"`, `called "other" in the description of the model and "flatten"`},
	{`"name":"adam"`, `"name":"adamw"`, ""}, // the same state, and nothing out of range
	{`"name":"adam"`, `"name":"sgd"`, "unknown field"},
	{`"Beta1":0`, `"Beta1":2`, "beta1 is 2, must be from 0 to below 1"},
	{`"step":0`, `"step":-1`, "training steps is -1, must be at least 0"},
	{`"Steps":10`, `"Steps":-10`, "the number of steps is -10, must be at least 1"},
	{`"name":"one_cycle"`, `"name":"forever"`, `unknown schedule "forever"`},
	{`"name":"accuracy"`, `"name":"os.RemoveAll"`, "unknown metric"},
	{`"epoch":1`, `"epoch":-1`, "epoch -1"},
	{`"version":1`, `"version":2`, "version 2 of the format, expected 1"},
	{`"version":1`, `"version":1,"code":"x"`, `unknown field "code"`},
	{`{"version"`, `{} {"version"`, "something follows"},
	{`"random":"`, `"random":"AAAA`, "the state of the random generator"},
}

func TestRestoreRefuses(t *testing.T) {
	for _, a := range attacks {
		f := rewritten(t, func(text string) string {
			if !strings.Contains(text, a.old) {
				t.Fatalf("the description lacks %s:\n%s", a.old, text)
			}
			return strings.Replace(text, a.old, a.new, 1)
		})
		_, err := restore(reference.New(), f.Metadata[metadataKey], f)
		if a.want == "" {
			if err != nil {
				t.Errorf("%s in place of %s: %v", a.new, a.old, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), a.want) {
			t.Errorf("%s in place of %s: error %v, want one with %s", a.new, a.old, err, a.want)
		}
	}
}

// A model without parameters, so that no tensor in the file justifies its sizes, takes no
// memory for them. Very many layers take no longer than they must.
func TestRestoreTakesLittle(t *testing.T) {
	d := reference.New()
	random, err := Seed(0).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	random64 := `"` + base64.StdEncoding.EncodeToString(random) + `"`
	wide := `{"version":1,"dropout_seed":"1","random":` + random64 + `,"layers":[{"kind":"Flatten","name":"flatten","config":{"InputShape":[20000,20000]}}]}`
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := restore(d, wide, &safetensors.File{}); err != nil {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("a model without parameters took %d bytes", used)
	}
	var many strings.Builder
	many.WriteString(`{"version":1,"dropout_seed":"1","random":` + random64 + `,"layers":[{"kind":"Flatten","name":"flatten","config":{"InputShape":[4]}}`)
	for range 50_000 {
		many.WriteString(`,{"kind":"Dropout","name":"","config":{}}`)
	}
	many.WriteString("]}")
	if _, err := restore(d, many.String(), &safetensors.File{}); err == nil || !strings.Contains(err.Error(), `layer 1 is called ""`) {
		t.Errorf("error %v", err)
	}
}

func TestResumeRefusesAnotherModel(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "backup")
	saveTo(t, smallModel(t, 1), path)
	for _, c := range []struct {
		layers []Layer
		o      Optimizer
		want   string
	}{
		{[]Layer{&Flatten{InputShape: []int{6, 6, 1}}, &Dense{Units: 3}}, Adam{}, "the model in it has 5 layers, this model 2"},
		{[]Layer{&Conv2D{Filters: 2, Kernel: [2]int{3, 3}, InputShape: []int{6, 6, 1}}, &AveragePooling2D{}, &Flatten{}, &Dropout{}, &Dense{Units: 3}}, Adam{},
			"layer 1 of the model in it is max_pooling2d (MaxPooling2D), of this model average_pooling2d"},
		{[]Layer{&Conv2D{Filters: 2, Kernel: [2]int{3, 3}, InputShape: []int{6, 6, 1}}, &MaxPooling2D{}, &Flatten{}, &Dropout{}, &Dense{Units: 4}}, Adam{},
			`"dense/kernel" has shape [8 3] in the file, expected [8 4]`},
		{[]Layer{&Conv2D{Filters: 2, Kernel: [2]int{3, 3}, InputShape: []int{6, 6, 1}}, &MaxPooling2D{}, &Flatten{}, &Dropout{}, &Dense{Units: 3}}, SGD{},
			"it was trained with adam, this model with sgd"},
	} {
		m := NewSequential(reference.New(), Seed(1), c.layers...)
		if err := m.Compile(CompileOptions{Optimizer: c.o, Loss: SparseCategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		if _, err := m.resume(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	m := smallModel(t, 5)
	if place, err := m.resume(path); err != nil || place.Epoch != 1 {
		t.Errorf("the same model: %+v, %v", place, err)
	}
	plain := filepath.Join(dir, "plain")
	f, err := os.Create(plain)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := safetensors.Write(f, safetensors.File{}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.resume(plain); err == nil || !strings.Contains(err.Error(), "it is no backup") {
		t.Errorf("error %v", err)
	}
}

// FuzzRestore changes the description of a model but not its tensors. Whatever the
// description says, there is no panic, and memory is only taken for what the tensors
// justify.
func FuzzRestore(f *testing.F) {
	file := rewritten(f, func(text string) string { return text })
	text := file.Metadata[metadataKey]
	f.Add(text)
	for _, a := range attacks {
		f.Add(strings.Replace(text, a.old, a.new, 1))
	}
	bytes := 0
	for _, t := range file.Tensors {
		bytes += len(t.Data)
	}
	d := reference.New()
	f.Fuzz(func(t *testing.T, text string) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := restore(d, text, file)
		runtime.ReadMemStats(&after)
		// Decoding JSON takes some memory for each byte, the tensors are held a few
		// times, and a little is always needed.
		if used, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<18+200*len(text)+20*bytes); used > most {
			t.Errorf("%d bytes of memory for a description of %d bytes and %d bytes of tensors", used, len(text), bytes)
		}
		if err == nil && m.OutputShape() == nil {
			t.Error("a model without a shape was restored")
		}
	})
}
