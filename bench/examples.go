package bench

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"baregrad/kernels"
)

// A Description is the entry of index.json for a network and its examples.
type Description struct {
	Batch      int    `json:"batch"`
	Examples   int    `json:"examples"`    // in the tutorial's epoch
	EpochSteps int    `json:"epoch_steps"` // whole batches
	Steps      int    `json:"steps"`       // in a training: see bench.Trainer
	Data       string `json:"data"`
	StandIn    bool   `json:"stand_in"` // not the data that the tutorial trains on
	Inputs     string `json:"inputs"`   // a file: uint8 pixels, or float32
	Labels     string `json:"labels"`   // a file: uint8 class numbers, or float32
}

// WriteExamples writes the examples of all networks to files in the folder, and index.json with a
// Description of each by name, so that other libraries can train on the same data.
func WriteExamples(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	index := map[string]Description{}
	for _, n := range Networks() {
		data, err := n.Data(ctx)
		if err != nil {
			return err
		}
		inputs, labels := data.Pixels, data.Labels
		if data.Rows != nil {
			inputs, labels = kernels.Bytes(data.Rows), kernels.Bytes(data.Targets)
		}
		d := Description{
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
