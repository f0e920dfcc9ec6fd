package nn_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels/kerneltest"
	"baregrad/nn"
)

// A file of 64 GB (1 GB where an int has 32 bits), nearly all of it a tensor that the
// model does not need. The model's own tensors are read, and the rest takes neither memory
// nor time.
func TestLoadReadsOnlyWhatTheModelHas(t *testing.T) {
	rest := int64(64 << 30)
	if math.MaxInt == math.MaxInt32 {
		rest = 1 << 30
	}
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "large.safetensors")
	d := open(t, "reference")
	m := stripeModel(t, d, 1)
	if err := m.Save(ctx, path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	length := binary.LittleEndian.Uint64(content)
	var header map[string]any
	if err := json.Unmarshal(content[8:8+length], &header); err != nil {
		t.Fatal(err)
	}
	data := int64(len(content)) - 8 - int64(length)
	header["elsewhere"] = map[string]any{"dtype": "U8", "shape": []int64{rest}, "data_offsets": []int64{data, data + rest}}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	file = append(file, content[8+length:]...)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	err = os.Truncate(path, int64(len(file))+rest)
	kerneltest.Require(t, "sparse-files", err == nil, fmt.Sprint("a file of ", rest, " bytes that takes no room: ", err))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	loaded, err := nn.Load(ctx, d, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.LoadWeights(ctx, path); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("loading took %d bytes, want no more than the model needs", used)
	}
	if !slices.Equal(weights(loaded), weights(m)) {
		t.Error("the loaded model has other weights")
	}
}

// Files without a size, or without an end, are refused before they are opened.
func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	d := open(t, "reference")
	m := stripeModel(t, d, 1)
	for path, want := range map[string]string{t.TempDir(): "a folder", os.DevNull: "a device"} {
		if _, err := nn.Load(context.Background(), d, path); err == nil || !strings.Contains(err.Error(), "not a regular file, but "+want) {
			t.Errorf("Load %s: error %v, want one that tells of %s", path, err, want)
		}
		if err := m.LoadWeights(context.Background(), path); err == nil || !strings.Contains(err.Error(), "not a regular file, but "+want) {
			t.Errorf("LoadWeights %s: error %v, want one that tells of %s", path, err, want)
		}
	}
}

// A layer that SetTrainable froze, or unfroze, is restored that way.
func TestSetTrainableIsSaved(t *testing.T) {
	ctx := context.Background()
	d := open(t, "reference")
	m := nn.NewSequential(d, nil,
		&nn.Dense{Units: 3, Name: "first", InputShape: []int{2}},
		&nn.Dense{Units: 3, Name: "second", Frozen: true},
		&nn.Dense{Units: 3, Name: "third", Frozen: true},
		&nn.Dense{Units: 1, Name: "last"},
	)
	for layer, on := range map[string]bool{"first": false, "second": true} {
		if err := m.SetTrainable(layer, on); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "model")
	if err := m.Save(ctx, path); err != nil {
		t.Fatal(err)
	}
	loaded, err := nn.Load(ctx, d, path)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range loaded.Layers() {
		if want := []bool{false, true, false, true}[i]; l.Trained != want || l.Params[0].Trainable() != want {
			t.Errorf("%s: trained %v, its kernel %v, want %v", l.Name, l.Trained, l.Params[0].Trainable(), want)
		}
	}
}
