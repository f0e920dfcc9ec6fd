package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"baregrad/bench"
)

func TestProfile(t *testing.T) {
	status, out, errs := demo(context.Background(), "profile", "binary-mlp", "--device", "reference", "--threads", "1,2", "--budget", "1ns", "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, want := range []string{"binary-mlp: training steps of 200 examples", "reference/cores=1", "reference/cores=2",
		"forward\n  Gather", "200×64×20, bias, ReLU", "backward\n", "SigmoidBinaryCrossEntropyGrad", "update\n  RMSprop", "a step, calls not timed"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var p bench.Profile
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &p); err != nil {
		t.Fatalf("the last line is no JSON object: %v", err)
	}
	if p.Network != "binary-mlp" || len(p.Results) != 2 || p.Results[0].Device != "reference" || len(p.Results[1].Calls) == 0 || p.Machine.Cores < 1 {
		t.Errorf("profile %+v", p)
	}
}

func TestProfileRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"mnist-clp", `unknown network "mnist-clp": did you mean "mnist-mlp"?`},
		{"mnist-mlp --device referense", `did you mean "reference"?`},
		{"mnist-mlp --device emulator", "--device is emulator: the emulator's time is not a GPU's"},
		{"mnist-mlp --device reference --threads 0", "--threads is 0, must be from 1 to 1024"},
		{"mnist-mlp --budget 0s", "--budget is 0s"},
	} {
		status, _, errs := demo(context.Background(), append([]string{"profile"}, strings.Fields(c.args)...)...)
		if status != statusFailed || !strings.Contains(errs, c.want) {
			t.Errorf("demo profile %s: status %d, standard error %q, want one with %q", c.args, status, errs, c.want)
		}
	}
}
