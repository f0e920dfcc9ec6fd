package nn_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baregrad/nn"
)

func TestModelCheckpoint(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 100)
	dir := t.TempDir()
	m := stripeModel(t, d, 1)
	_, err := m.Fit(context.Background(), x, y, quiet(2,
		&nn.ModelCheckpoint{Path: filepath.Join(dir, "w.{epoch:02d}-{val_loss:.2f}.safetensors")},
		&nn.ModelCheckpoint{Path: filepath.Join(dir, "best"), Monitor: "val_accuracy", SaveBestOnly: true}))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 3 || !strings.HasPrefix(filepath.Base(files[2]), "w.02-") {
		t.Errorf("files %v, error %v", files, err)
	}
	if _, err := nn.Load(context.Background(), d, files[2]); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"", "{epoch:s}", "{epoch:999d}"} {
		_, err := m.Fit(context.Background(), x, y, quiet(1, &nn.ModelCheckpoint{Path: path}))
		if err == nil {
			t.Errorf("path %q was accepted", path)
		}
	}
}

// A file every few steps, in the middle of epochs too. It has weights only, which
// LoadWeights reads and Load refuses.
func TestModelCheckpointEvery(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 64)
	m := stripeModel(t, d, 1)
	dir := t.TempDir()
	saved := []string{}
	var before, last []string // the files after the previous step, and after the last one
	seen := batchEnd(func(r *nn.Run) error {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		saved = append(saved, fmt.Sprint(len(files)))
		before, last = last, files
		return err
	})
	o := quiet(2, &nn.ModelCheckpoint{Path: filepath.Join(dir, "{epoch:02d}-{loss}"), Every: 2, WeightsOnly: true}, seen)
	o.BatchSize = 16 // three steps in an epoch
	if _, err := m.Fit(context.Background(), x, y, o); err != nil {
		t.Fatal(err)
	}
	if want := "0 1 1 2 2 3"; strings.Join(saved, " ") != want {
		t.Errorf("files after each step: %v, want %s", saved, want)
	}
	files, err := filepath.Glob(filepath.Join(dir, "02-*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files of the second epoch: %v, error %v", files, err)
	}
	last = slices.DeleteFunc(last, func(path string) bool { return slices.Contains(before, path) })
	if len(last) != 1 {
		t.Fatalf("the last step wrote %v, want one file", last)
	}
	other := stripeModel(t, d, 2)
	if err := other.LoadWeights(context.Background(), last[0]); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(weights(other), weights(m)) {
		t.Error("the last file does not hold the last weights")
	}
	if _, err := nn.Load(context.Background(), d, files[0]); err == nil || !strings.Contains(err.Error(), "LoadWeights") {
		t.Errorf("Load of weights only: error %v, want one that tells of LoadWeights", err)
	}
}

// With Every, what needs validation can never work and is refused before the first step. Keras
// saves every time then, with a warning for each file, and fails for the path.
func TestModelCheckpointEveryWithoutValidation(t *testing.T) {
	d := open(t, "reference")
	x, y := stripes(d, 10)
	m := stripeModel(t, d, 1)
	dir := t.TempDir()
	for want, c := range map[string]*nn.ModelCheckpoint{
		`Every is 2, and between epochs there is no "val_loss" to monitor: set Monitor to loss`:     {SaveBestOnly: true},
		`Every is 2, and between epochs there is no "val_accuracy" to monitor: set Monitor to loss`: {SaveBestOnly: true, Monitor: "val_accuracy"},
		`Every is 2, and between epochs there is no val_loss for the path "{epoch}-{val_loss:.2f}"`: {Path: "{epoch}-{val_loss:.2f}"},
	} {
		c.Every = 2
		if c.Path == "" {
			c.Path = filepath.Join(dir, "m")
		}
		o := quiet(3, c)
		o.ValidationFreq, o.BatchSize = 2, 1
		_, err := m.Fit(context.Background(), x, y, o)
		if _, steps := m.Compiled(); err == nil || !strings.Contains(err.Error(), want) || steps > 0 {
			t.Errorf("error %v after %d steps, want %q before the first", err, steps, want)
		}
	}
	o := quiet(2, &nn.ModelCheckpoint{Path: filepath.Join(dir, "runs", "{epoch}", "best"), Every: 2, SaveBestOnly: true, Monitor: "loss"})
	o.ValidationFreq, o.BatchSize = 2, 4
	if _, err := m.Fit(context.Background(), x, y, o); err != nil {
		t.Fatal(err)
	}
	if _, err := nn.Load(context.Background(), d, filepath.Join(dir, "runs", "1", "best")); err != nil {
		t.Errorf("the file in a folder that the checkpoint made: %v", err)
	}
}
