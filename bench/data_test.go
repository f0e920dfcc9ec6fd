package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/cmd/demo/tutorial"
	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/mnist"
)

func open(t *testing.T, name string) kernels.Device {
	t.Helper()
	d, err := auto.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func network(t *testing.T, name string) Network {
	t.Helper()
	n, err := NetworkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Every network trains on its tutorial's data set, in the form that Fit takes.
func TestDataAreTheTutorials(t *testing.T) {
	d := open(t, "reference")
	set, err := mnist.Load(t.Context(), "mnist", mnist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range Networks() {
		of, err := tutorial.ByName(n.Name)
		if err != nil {
			t.Fatal(err)
		}
		if n.Dataset != of.Dataset {
			t.Errorf("%s trains on %q, the tutorial on %q", n.Name, n.Dataset, of.Dataset)
		}
		data, err := n.Data(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if data.N != n.Examples {
			t.Errorf("%s: %d examples, want %d", n.Name, data.N, n.Examples)
		}
		if n.Dataset == "mnist" && (data.Missing != "" || !bytes.Equal(data.Pixels, set.Train.Images) || !bytes.Equal(data.Labels, set.Train.Labels)) {
			t.Errorf("%s trains on %v, not on MNIST's training images", n.Name, data)
		}
		x, y, err := n.Tensors(d, data, 3)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(x.Shape(), append([]int{3}, n.Input...)) || y.Dim(0) != 3 {
			t.Errorf("%s: examples %v with labels %v", n.Name, x.Shape(), y.Shape())
		}
		if _, _, err := n.Tensors(d, data, data.N+1); err == nil {
			t.Errorf("%s: more examples than there are gave no error", n.Name)
		}
	}
}

// The measurements depend on this: 19.1 % of MNIST's training pixels are not zero.
func TestShareOfPixels(t *testing.T) {
	data, err := network(t, "mnist-mlp").Data(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	share := 1 - float64(bytes.Count(data.Pixels, []byte{0}))/float64(len(data.Pixels))
	if !(math.Abs(share-0.191) <= 0.0005) { // the known value has these digits
		t.Errorf("%.4f of the pixels are not zero, want 0.191", share)
	}
}

// If Fashion-MNIST is missing, digits replace it, and all output says so.
func TestMissingDataAreTold(t *testing.T) {
	t.Setenv(mnist.EnvDir, "")
	data, err := loadImages(t.Context(), "fashion", mnist.Options{CacheDir: t.TempDir(), NoDownload: true})
	if err != nil {
		t.Fatal(err)
	}
	if data.Missing == "" { // this machine has Debian's package of the data set
		if data.String() != "Fashion-MNIST" {
			t.Errorf("the data are %v", data)
		}
		data = &Data{Name: "MNIST", Missing: "Fashion-MNIST"}
	}
	const want = "MNIST in place of Fashion-MNIST, which is not on this machine"
	if data.String() != want {
		t.Errorf("the data are %q, want %q", data, want)
	}
	r := Report{Train: []TrainResult{
		{Config: Config{"avx2", 1}, Network: "fashion-mlp", Batch: 32, Data: data.String(), StandIn: true, ImagesPerSecond: 1},
		{Config: Config{"avx2", 2}, Network: "fashion-mlp", Batch: 32, Data: data.String(), StandIn: true, ImagesPerSecond: 1},
		{Config: Config{"avx2", 1}, Network: "mnist-mlp", Batch: 1000, Data: "MNIST", ImagesPerSecond: 1},
	}}
	if notes := r.StandIns(); len(notes) != 1 || notes[0] != "fashion-mlp trained on "+want {
		t.Errorf("the notes are %q", notes)
	}
	for name, text := range map[string]string{"table": r.Steps().Text(), "page": r.Markdown(nil)} {
		if strings.Count(text, "(OTHER DATA)") != 1 || !strings.Contains(text, "fashion-mlp, batch 32, after 0 steps (OTHER DATA)") {
			t.Errorf("the %s does not say what fashion-mlp trained on:\n%s", name, text)
		}
	}
	if text := r.Markdown(nil); !strings.Contains(text, want) {
		t.Errorf("the page does not say what fashion-mlp trained on:\n%s", text)
	}
}

// A tap records what is written to a device.
type tap struct {
	kernels.Device
	written [][]byte
}

func (d *tap) Write(dst kernels.Buffer, src []byte) {
	d.written = append(d.written, bytes.Clone(src))
	d.Device.Write(dst, src)
}

// binary-mlp's rows are the same as the tutorial's.
func TestRandomRowsAreTheTutorials(t *testing.T) {
	n := network(t, "binary-mlp")
	of, err := tutorial.ByName(n.Name)
	if err != nil {
		t.Fatal(err)
	}
	d := &tap{Device: open(t, "reference")}
	if _, err := of.Run(tutorial.Setting{Context: t.Context(), Device: d, Out: io.Discard, Epochs: 1, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	data, err := n.Data(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"rows": data.Rows, "targets": data.Targets} {
		if !slices.ContainsFunc(d.written, func(b []byte) bool { return bytes.Equal(b, kernels.Bytes(want)) }) {
			t.Errorf("the tutorial does not train on these %s", name)
		}
	}
}

// The other libraries read the same examples that ours trains on. The index has the networks' names
// and batches.
func TestWriteExamples(t *testing.T) {
	folder := t.TempDir()
	if err := WriteExamples(t.Context(), folder); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	var index map[string]Description
	if err := json.Unmarshal(read("index.json"), &index); err != nil {
		t.Fatal(err)
	}
	if len(index) != len(Networks()) {
		t.Errorf("%d networks in the index, want %d", len(index), len(Networks()))
	}
	for _, n := range Networks() {
		data, err := n.Data(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d := index[n.Name]
		inputs, labels := append(data.Pixels[:len(data.Pixels):len(data.Pixels)], kernels.Bytes(data.Rows)...),
			append(data.Labels[:len(data.Labels):len(data.Labels)], kernels.Bytes(data.Targets)...)
		if !bytes.Equal(read(d.Inputs), inputs) || !bytes.Equal(read(d.Labels), labels) {
			t.Errorf("%s: the files %s and %s are not what it trains on", n.Name, d.Inputs, d.Labels)
		}
		if d.Batch != n.Batch || d.EpochSteps != n.Examples/n.Batch || d.Steps%d.EpochSteps != 0 || d.Steps < 50 ||
			d.Data != data.String() || d.StandIn != (data.Missing != "") {
			t.Errorf("%s: the index says %+v", n.Name, d)
		}
	}
}
