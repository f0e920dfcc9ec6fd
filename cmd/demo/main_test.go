package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/kernels/auto"
	"baregrad/nn"
)

// demo runs a command line and gives what it printed.
func demo(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(ctx, args, &out, &errs)
	return status, out.String(), errs.String()
}

// withPath splits a command at its spaces. PATH in it stands for the path, which may have spaces itself.
func withPath(command, path string) []string {
	list := strings.Fields(command)
	for i, word := range list {
		list[i] = strings.Replace(word, "PATH", path, 1)
	}
	return list
}

// load loads a model that was saved.
func load(t *testing.T, path string) *nn.Sequential {
	t.Helper()
	d, err := auto.Open("reference")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	m, err := nn.Load(context.Background(), d, path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTrainJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	args := withPath("--model mlp --limit 2000 --epochs 2 --batch 100 --seed 3 --json --save PATH", path)
	status, out, errs := demo(context.Background(), args...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var r result
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatalf("the last line is no JSON object: %v\n%s", err, lines[len(lines)-1])
	}
	if r.Model != "mlp" || r.Dataset != "mnist" || r.Seed != 3 || r.Epochs != 2 || r.Params != 203530 || r.Saved != path ||
		len(r.EpochSeconds) != 2 || len(r.History["loss"]) != 2 || !(r.TrainSeconds > 0) || !(r.TestLoss > 0) || !(r.TestAccuracy > 0.8) {
		t.Errorf("result %+v", r)
	}
	for _, want := range []string{"Model: \"sequential\"", "Epoch 2/2", "20/20 ━", "Test accuracy", "recall", "surest", "Saved to " + path + "\n", "Try next"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	if _, params := load(t, path).ParamCount(); params != r.Params {
		t.Errorf("the file has %d parameters, want %d", params, r.Params)
	}
	// The same seed gives the same result, to the last digit.
	_, out, _ = demo(context.Background(), append(args, "--quiet")...)
	lines = strings.Split(strings.TrimSpace(out), "\n")
	var again result
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &again); err != nil || again.TestLoss != r.TestLoss {
		t.Errorf("a second run gave the test loss %v, the first %v (error %v)", again.TestLoss, r.TestLoss, err)
	}
	if _, out, errs = demo(context.Background(), "--model", "mlp", "--limit", "100", "--epochs", "1", "--save", path); !strings.Contains(out, "Saved to "+path+", in place of the file that was there\n") {
		t.Errorf("that a file is replaced is not said:\n%s%s", out, errs)
	}
}

func TestRefusals(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"--model cn", 1, `unknown model "cn": did you mean "cnn"?`},
		{"--optimizer adm", 1, `unknown optimizer "adm": did you mean "adam"?`},
		{"--dataset mnits", 1, `did you mean "mnist"?`},
		{"--device gpu", 1, `unknown device "gpu": did you mean "cuda"?`},
		{"--device avx51", 1, `did you mean "avx512"?`},
		{"--epochs 0", 1, "--epochs is 0, must be at least 1"},
		{"--epochs -1 --quiet", 1, "--epochs is -1, must be at least 1"},
		{"train --lr -0.5", 1, "--lr is -0.5, must be above 0"},
		{"--batch-size 0", 1, "--batch is 0, must be at least 1"},
		{"--learning-rate 0", 1, "--lr is 0, must be above 0"},
		{"predict --model", 2, "demo: --model needs a value\n"},
		{"ptx", 2, "demo: ptx needs a command: list, show, run, check, stats, trace\n"},
		{"--batch=-5", 1, "--batch is -5, must be at least 1"},
		{"--limit 0", 1, "--limit is 0, must be at least 1"},
		{"--lr 0", 1, "--lr is 0, must be above 0"},
		{"--lr 1e7", 1, "--lr is 1e+07, must be above 0, and at most 1e6"},
		{"--optimizer RMSProp", 1, `did you mean "rmsprop"?`},
		{"--data-dir PATH", 1, missing},
		{"--save PATH/x", 1, "save " + missing},
		{"--backup PATH/x", 1, "backup " + missing},
		{"--backup x --save x", 1, "--backup and --save are both x"},
		{"--backup x --save ./x", 1, "--backup and --save are both ./x"},
		{"--backup mnist-mlp.safetensors --model mlp --limit 100 --epochs 1", 1, "--backup and --save are both mnist-mlp.safetensors"},
		{"--checkpoint --save -", 1, "--checkpoint saves the model"},
		{"--save " + os.DevNull, 1, "not a regular file, but a device (--save - saves nothing)"},
		{"--epochs many", 2, "many"},
		{"train --epochs many", 2, "Try demo train --help."},
		{"ptx stats", 2, "Try demo ptx stats --help."},
		{"--frobnicate", 2, "--frobnicate"},
		{"trian", 2, `unknown command "trian": did you mean "train"?`},
		{"tutorial mnist-mpl", 1, `did you mean "mnist-mlp"?`},
		{"tutorial mnist-mlp --epochs 0", 1, "--epochs is 0"},
	} {
		status, out, errs := demo(context.Background(), withPath(c.args, missing)...)
		if strings.Contains(out, "Epoch") {
			t.Errorf("demo %s: was refused after the training had begun", c.args)
		}
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("demo %s: status %d, want %d; standard error %q, want one with %q", c.args, status, c.status, errs, c.want)
		}
	}
}

// An interrupted run says how far it got, and leaves an older file as it was.
func TestInterrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(path, []byte("older"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var errs bytes.Buffer
	// As Ctrl-C would, but at a known moment: when the second epoch begins.
	status := run(ctx, withPath("--epochs 1000 --model mlp --limit 3000 --save PATH", path), cancelAt{"Epoch 2/1000", cancel}, &errs)
	if status != statusInterrupted || !strings.Contains(errs.String(), "training stopped in epoch 2 of 1000 after 0 of 24 batches: interrupted\n") {
		t.Errorf("status %d, standard error %q", status, errs.String())
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "older" {
		t.Errorf("the file holds %q (error %v), want what it held before", content, err)
	}
}

// If the model can't be saved after the training, as on a full disk, it is tested none the less.
func TestSavingFails(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "models")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	remove := cancelAt{"Epoch 1/1", func() { os.Remove(folder) }} // after it was found to be writable
	status := run(context.Background(), withPath("--epochs 1 --model mlp --limit 500 --json --save PATH/m", folder), io.MultiWriter(remove, &out), &errs)
	if status != statusFailed || !strings.Contains(errs.String(), "demo: save "+folder) {
		t.Errorf("status %d, standard error %q", status, errs.String())
	}
	for _, want := range []string{"Test accuracy", "recall", `"saved":""`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "Saved to") || strings.Contains(out.String(), "is saved") {
		t.Errorf("the output says that the model is saved:\n%s", out.String())
	}
}

// A training with --backup goes on where it was interrupted, to the same result.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	backup := filepath.Join(dir, "state")
	args := withPath("--epochs 3 --model mlp --limit 1000 --json --save - --backup PATH", backup)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var errs bytes.Buffer
	status := run(ctx, args, cancelAt{"Epoch 3/3", cancel}, &errs)
	if status != statusInterrupted || !strings.Contains(errs.String(), "interrupted (the same command goes on from "+backup+")\n") {
		t.Errorf("status %d, standard error %q", status, errs.String())
	}
	// Another training does not go on from there.
	for _, other := range []string{"--seed 2", "--limit 900", "--lr 0.004", "--epochs 4", "--batch 64", "--optimizer sgd", "--augment"} {
		status, out, errs := demo(context.Background(), append(slices.Clone(args), strings.Fields(other)...)...)
		if status != statusFailed || !strings.Contains(errs, "backup "+backup+" is of a training with --model mlp --dataset mnist --limit 1000 --epochs 3 ") ||
			strings.Contains(out, "Epoch") {
			t.Errorf("with %s: status %d, standard error %q", other, status, errs)
		}
	}
	final := func(args []string) (r result) {
		t.Helper()
		status, out, errs := demo(context.Background(), args...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil || status != 0 {
			t.Fatalf("status %d, %v in %s%s", status, err, out, errs)
		}
		return r
	}
	rest := final(args)
	whole := final(args)
	if len(rest.EpochSeconds) != 1 || len(whole.EpochSeconds) != 3 || rest.TestLoss != whole.TestLoss {
		t.Errorf("%d epochs after the interruption and test loss %v, without one %d and %v", len(rest.EpochSeconds), rest.TestLoss, len(whole.EpochSeconds), whole.TestLoss)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// cancelAt is an output that calls cancel when a text is written to it.
type cancelAt struct {
	text   string
	cancel func()
}

func (c cancelAt) Write(p []byte) (int, error) {
	if strings.Contains(string(p), c.text) {
		c.cancel()
	}
	return len(p), nil
}

// full is an output that takes nothing more than what fits.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

// A command whose output is lost has failed, and says why, whatever prints it.
func TestFullDisk(t *testing.T) {
	for _, c := range []struct {
		args string
		left int
	}{{"devices", 0}, {"devices --json", 0}, {"tutorial", 100}, {"tutorial binary-mlp --epochs 1", 100}, {"ptx list", 1000}, {"ptx show relu.ptx", 0},
		{"train --model mlp --limit 100 --epochs 1 --quiet --save -", 10}} {
		var errs bytes.Buffer
		status := run(context.Background(), strings.Fields(c.args), &full{c.left}, &errs)
		if status != statusFailed || !strings.Contains(errs.String(), "demo: no space left") {
			t.Errorf("demo %s, %d bytes of whose output are taken: status %d, want %d; standard error %q", c.args, c.left, status, statusFailed, errs.String())
		}
	}
}

func TestDevices(t *testing.T) {
	status, out, errs := demo(context.Background(), "devices")
	if status != 0 || !strings.Contains(out, "✓ reference") {
		t.Errorf("status %d, output %s%s", status, out, errs)
	}
	_, out, _ = demo(context.Background(), "devices", "--json")
	var list struct{ Devices []auto.Info }
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Devices) != len(auto.List()) {
		t.Errorf("%v in %s", err, out)
	}
}

func TestTutorials(t *testing.T) {
	_, out, _ := demo(context.Background(), "tutorial", "list")
	if _, again, _ := demo(context.Background(), "tutorial"); again != out {
		t.Errorf("demo tutorial prints %q, and demo tutorial list %q", again, out)
	}
	for _, name := range []string{"mnist-mlp", "mnist-cnn", "fashion-mlp", "binary-mlp", "mnist-wide-mlp", "mnist-cnn-channels-first"} {
		if !strings.Contains(out, name+" ") {
			t.Errorf("the list lacks %s", name)
		}
	}
	dir := t.TempDir()
	status, out, errs := demo(context.Background(), "tutorial", "binary-mlp", "--epochs", "2", "--out", dir, "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var r result
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil || r.Params != 5569 || !(r.TestLoss > 0.6 && r.TestLoss < 0.8) {
		t.Errorf("error %v, result %+v", err, r)
	}
	if _, err := os.Stat(filepath.Join(dir, "history.png")); err != nil {
		t.Error(err)
	}
}

// The same seed varies images in the same way; other images give another result.
func TestTrainAugment(t *testing.T) {
	losses := []float64{}
	for _, flags := range []string{"--augment", "--augment", ""} {
		args := "--model mlp --limit 600 --epochs 2 --quiet --json --save - " + flags
		status, out, errs := demo(context.Background(), strings.Fields(args)...)
		if status != 0 {
			t.Fatalf("status %d: %s", status, errs)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		var r result
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
			t.Fatal(err)
		}
		losses = append(losses, float64(r.TestLoss))
	}
	if losses[0] != losses[1] || losses[0] == losses[2] {
		t.Errorf("test losses %v, want the first two the same and the third another", losses)
	}
}

func TestOutOfMemory(t *testing.T) {
	t.Setenv("BAREGRAD_GPU_MEMORY", "100KB")
	status, _, stderr := demo(context.Background(), "train", "--device", "emulator", "--save", "-")
	if status != statusFailed || !strings.Contains(stderr, "out of memory: asked for") || strings.Contains(stderr, "goroutine") {
		t.Errorf("status %d, want %d and one line that says what was asked for:\n%s", status, statusFailed, stderr)
	}
}

// A training that goes astray still gives a line of JSON, with null for what is
// no number; and its model refuses to predict.
func TestTrainAstray(t *testing.T) {
	file := filepath.Join(t.TempDir(), "astray.safetensors")
	status, out, errs := demo(context.Background(), withPath("--model mlp --optimizer adamw --lr 1e6 --limit 2560 --quiet --json --save PATH", file)...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var r map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		t.Fatalf("the last line is no JSON: %v\n%s", err, lines[len(lines)-1])
	}
	if loss, ok := r["test_loss"]; !ok || loss != nil {
		t.Errorf("the test loss is %v, want null: this rate is meant to lead astray", loss)
	}
	status, _, errs = demo(context.Background(), "predict", "--model", file, "--json")
	if status != 1 || !strings.Contains(errs, "not a number") {
		t.Errorf("predict with its model: status %d, %q", status, errs)
	}
}

// The program is called again as it was called.
func TestCallOf(t *testing.T) {
	built := "/tmp/go-build123/b001/exe/demo"
	for path, want := range map[string]string{
		"demo": "demo", "bin/demo": "bin/demo", "/tmp/demo.test": "demo", "demo.exe": "demo.exe",
		built: "demo", // no cmd/demo is here
	} {
		if got := callOf(path); got != want {
			t.Errorf("callOf(%q) = %q, want %q", path, got, want)
		}
	}
	t.Chdir("../..")
	if got := callOf(built); got != "go run ./cmd/demo" {
		t.Errorf("callOf(%q) = %q, want go run", built, got)
	}
}
