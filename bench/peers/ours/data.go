//go:build linux

package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"baregrad/bench"
	"baregrad/kernels"
)

// A description is what index.json says of a network and its examples.
type description struct {
	Batch      int    `json:"batch"`
	Examples   int    `json:"examples"`    // of the tutorial's epoch
	EpochSteps int    `json:"epoch_steps"` // whole batches
	Steps      int    `json:"steps"`       // of a training: see bench.Trainer
	Data       string `json:"data"`
	StandIn    bool   `json:"stand_in"` // it is not what the tutorial trains on
	Inputs     string `json:"inputs"`   // a file: uint8 pixels, or float32
	Labels     string `json:"labels"`   // a file: uint8 class numbers, or float32
}

// writeData writes the examples of all networks to files, and index.json, so that
// every library trains on the same.
func writeData(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	index := map[string]description{}
	for _, n := range bench.Networks() {
		data, err := n.Data(ctx)
		if err != nil {
			return err
		}
		inputs, labels := data.Pixels, data.Labels
		if data.Rows != nil {
			inputs, labels = kernels.Bytes(data.Rows), kernels.Bytes(data.Targets)
		}
		d := description{
			Batch: n.Batch, Examples: n.Examples, EpochSteps: n.Examples / n.Batch, Steps: n.Steps(),
			Data: data.String(), StandIn: data.Missing != "", Inputs: n.Dataset + ".inputs", Labels: n.Dataset + ".labels",
		}
		for name, content := range map[string][]byte{d.Inputs: inputs, d.Labels: labels} {
			if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
				return err
			}
		}
		index[n.Name] = d
	}
	text, err := json.MarshalIndent(index, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "index.json"), append(text, '\n'), 0o644)
}

// A fingerprint is what all libraries must agree on: the number of examples, how many
// of their inputs are not zero, and the labels added up.
type fingerprint struct {
	Examples int `json:"examples"`
	Nonzero  int `json:"nonzero"`
	Labels   int `json:"labels"`
}

// fingerprintOf is that of as many of the examples as make whole batches.
func fingerprintOf(d *bench.Data, batch int) *fingerprint {
	f := &fingerprint{Examples: d.N / batch * batch}
	width := (len(d.Pixels) + len(d.Rows)) / d.N
	if d.Rows != nil {
		for _, v := range d.Rows[:f.Examples*width] {
			if v != 0 {
				f.Nonzero++
			}
		}
		for _, v := range d.Targets[:f.Examples] {
			f.Labels += int(v)
		}
		return f
	}
	for _, v := range d.Pixels[:f.Examples*width] {
		if v != 0 {
			f.Nonzero++
		}
	}
	for _, v := range d.Labels[:f.Examples] {
		f.Labels += int(v)
	}
	return f
}
