// Gpulab measures on an NVIDIA GPU, beside PyTorch, and compares the GPU's results
// with the emulator's. make gpu-lab puts it, and all that it needs, into
// build/gpu-lab; run.sh there is what one starts. docs/GPU.md says more.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/nvidia"
)

const usage = `usage: gpulab [-smoke] [-device cuda|emulator] COMMAND

  about          what the GPU is, as JSON
  cases          what time measures, as JSON for torch_time.py
  time           times the kernels
  epochs         times an epoch of each tutorial
  to99           times the training to 99 % on MNIST
  probe DIR      writes what the hardware answers where PTX leaves it open
  data DIR       writes MNIST as bytes for torch_train.py
  report DIR     makes report.json and report.md of what is in DIR
`

func main() {
	smoke := flag.Bool("smoke", false, "sizes so small that an emulator gets through")
	device := flag.String("device", "cuda", "cuda or emulator")
	flag.Usage = func() { fmt.Fprint(flag.CommandLine.Output(), usage) }
	flag.Parse()
	if err := run(os.Stdout, *device, *smoke, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "gpulab:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, device string, smoke bool, args []string) error {
	if len(args) == 1 && args[0] == "cases" {
		return json.NewEncoder(w).Encode(cases(smoke))
	}
	if len(args) == 2 {
		dir := args[1]
		switch args[0] {
		case "report":
			return report(dir)
		case "data":
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			return writeData(func(name string, data []byte) error {
				return os.WriteFile(filepath.Join(dir, name), data, 0o644)
			})
		case "probe":
			g, err := open(device)
			if err != nil {
				return err
			}
			defer g.Close()
			return probe(g, dir, smoke)
		}
	}
	if len(args) != 1 {
		return fmt.Errorf("what is asked for? %v\n%s", args, usage)
	}
	g, err := open(device)
	if err != nil {
		return err
	}
	if args[0] == "about" {
		defer g.Close()
		return json.NewEncoder(w).Encode(struct {
			driver.Info
			Emulated bool // the emulator stands in: its times say nothing of a GPU
		}{g.Info(), emulated(device)})
	}
	d, err := cuda.New(device, g)
	if err != nil {
		return err
	}
	defer d.Close()
	switch args[0] {
	case "time":
		return timeCases(w, d, smoke)
	case "epochs":
		return timeEpochs(w, d, smoke)
	case "to99":
		return to99(w, d, smoke)
	}
	return fmt.Errorf("nothing is called %q\n%s", args[0], usage)
}

func open(device string) (driver.Driver, error) {
	switch device {
	case "cuda":
		return nvidia.Open(0, nvidia.Options{})
	case "emulator":
		return emulator.NewDriver(emulator.Options{}), nil
	}
	return nil, fmt.Errorf("no device is called %q: there are cuda and emulator", device)
}

// emulated tells whether the emulator computes.
func emulated(device string) bool {
	return device == "emulator" || os.Getenv("BAREGRAD_LIBCUDA") == "emulator"
}
