package safetensors

import (
	"math"
	"os"
	"slices"
	"testing"
)

// testdata/python.safetensors was written by the Python package with
// bench/peers/safetensors_file.py, which has the same values.
func TestPythonFile(t *testing.T) {
	content, err := os.ReadFile("testdata/python.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	inf := float32(math.Inf(1))
	byName := map[string]Tensor{}
	for _, tensor := range f.Tensors {
		byName[tensor.Name] = tensor
	}
	for _, want := range []struct {
		name, kind string
		shape      []int
		values     []float32
	}{
		{"dense/kernel", "F32", []int{3, 2}, []float32{-0.25, -0.125, 0, 0.125, 0.25, 0.375}},
		{"dense/bias", "F16", []int{2}, []float32{0.5, -1.5}},
		{"single", "F32", []int{5}, []float32{1.5, float32(math.Copysign(0, -1)), inf, 1e-45, math.MaxFloat32}},
		{"half", "F16", []int{2, 3}, []float32{1, -2, 65504, 1.0 / (1 << 24), 1.0 / (1 << 14), -inf}},
		{"brain", "BF16", []int{4}, []float32{1, -3.140625, float32(math.Ldexp(1, -130)), inf}},
		{"double", "F64", []int{3}, []float32{float32(1.0 / 3), -1e30, inf}}, // 1e300 overflows float32
		{"scalar", "F32", []int{}, []float32{7}},
		{"empty", "F32", []int{0, 3}, []float32{}},
	} {
		got := byName[want.name]
		values, err := got.Floats()
		if err != nil || got.Type != want.kind || !slices.Equal(got.Shape, want.shape) || !slices.Equal(values, want.values) {
			t.Errorf("%s: %s %v %v, error %v; want %s %v %v", want.name, got.Type, got.Shape, values, err, want.kind, want.shape, want.values)
		}
	}
	if values, _ := byName["single"].Floats(); !math.Signbit(float64(values[1])) {
		t.Error("-0 became 0")
	}
	if labels := byName["labels"]; labels.Type != "I32" || !slices.Equal(labels.Data, []byte{3, 0, 0, 0, 255, 255, 255, 255, 4, 0, 0, 0}) {
		t.Errorf("labels: %+v", labels)
	}
	if len(f.Tensors) != 9 || len(f.Metadata) != 2 || f.Metadata["format"] != "np" || f.Metadata["note"] != `quoted "text", ünïcode` {
		t.Errorf("%d tensors, metadata %v", len(f.Tensors), f.Metadata)
	}
}
