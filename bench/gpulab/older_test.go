package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator"
)

// On a GPU older than sm_80, everything that it can run is measured and checked; the report says that
// it can't run the rest. Nothing ends the program, and no kernel is measured under another's name.
func TestOlderGPU(t *testing.T) {
	d, err := cuda.New("cuda", emulator.NewDriver(emulator.Options{Compute: [2]int{7, 5}}))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for group := range groups {
		list, err := casesOf(group, true)
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		if err := timeCases(&said, d, list, &turns{}); err != nil {
			t.Fatal(err)
		}
		left := 0
		for line := range strings.Lines(said.String()) {
			var m Measurement
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			newer := m.TF32 || strings.Contains(m.Form, "async") || strings.Contains(m.Form, "tf32") || strings.Contains(m.Form, "winograd")
			if newer && m.Problem != noInstructions || !newer && m.Problem != "" {
				t.Errorf("%s: problem %q, want %q: %v", m.Name, m.Problem, noInstructions, newer)
			}
			left++
		}
		if left != len(list) {
			t.Errorf("%s: %d lines of %d cases", group, left, len(list))
		}
	}
	var said bytes.Buffer
	if err := checkForms(&said, d, &turns{}); err != nil {
		t.Errorf("%v:\n%s", err, said.String())
	}
	if !strings.Contains(said.String(), noInstructions) || !strings.Contains(said.String(), "largest error") {
		t.Errorf("some can be checked on such a GPU, and some can't:\n%s", said.String())
	}
}
