// Gpulab measures on an NVIDIA GPU, compared with PyTorch, and compares the GPU's results with the
// emulator's. make gpu-lab puts it and everything it needs into build/gpu-lab; run.sh there starts
// it. See docs/GPU.md.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/nvidia"
)

const usage = `usage: gpulab [-smoke] [-device cuda|emulator] COMMAND

  about            what the GPU is, as JSON
  cases GROUP      what time measures, as JSON for torch_time.py
  time GROUP       times the kernels of a group: matmul, conv or memory
  forms            holds every rung of the ladder of products, and every form of
                   convolution, against the reference
  epochs           times an epoch of each tutorial
  to99             times the training to 99 % on MNIST
  probe DIR        writes what the hardware answers where PTX leaves it open
  data DIR         writes the tutorials' data for torch_train.py
  watch COMMAND…   time, forms, epochs or probe in a process of its own, and in a new
                   one with what is left where that fails or hangs
  profile DIR      where the time of the kernels goes, by Nsight Compute: a line each
  launches SET FILE
                   launches what profile looks at, once, and lists it in FILE
  tests LOG PROGRAM PATTERN
                   a program's tests, each failure followed by a new process
  report RAW DIR   makes DIR/report.json and DIR/report.md of what is in RAW,
                   and prints what was found in short
  keep DIR         takes what a run left in DIR into the repository: bench/results,
                   the records for the emulator's tests, the tables of the goals
`

func main() {
	smoke := flag.Bool("smoke", false, "sizes so small that an emulator gets through")
	device := flag.String("device", "cuda", "cuda or emulator")
	from := flag.Int("from", 0, "how many of the command's parts to leave out, from the first on")
	flag.Usage = func() { fmt.Fprint(flag.CommandLine.Output(), usage) }
	flag.Parse()
	err := run(os.Stdout, *device, *smoke, &turns{from: *from, watcher: watcher()}, flag.Args())
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "gpulab:", err)
	if errors.Is(err, errLost) {
		os.Exit(exitLost)
	}
	os.Exit(1)
}

func run(w io.Writer, device string, smoke bool, parts *turns, args []string) error {
	if len(args) > 1 && args[0] == "watch" {
		return watchCommand(w, device, smoke, args[1:])
	}
	if len(args) == 4 && args[0] == "tests" {
		idle := quietest
		if smoke {
			idle *= 10 // the machine may have other things to do
		}
		return runTests(w, args[1], args[2], args[3], idle)
	}
	if len(args) == 3 && args[0] == "report" {
		return report(w, args[1], args[2])
	}
	if len(args) == 3 && args[0] == "launches" {
		return launchesCommand(device, smoke, args[1], args[2])
	}
	if len(args) == 2 {
		what := args[1]
		switch args[0] {
		case "cases":
			list, err := casesOf(what, smoke)
			if err != nil {
				return err
			}
			return json.NewEncoder(w).Encode(list)
		case "time":
			list, err := casesOf(what, smoke)
			if err != nil {
				return err
			}
			return withDevice(device, func(d *cuda.Device) error { return timeCases(w, d, list, parts) })
		case "keep":
			root, err := root()
			if err != nil {
				return err
			}
			return keep(w, root, what)
		case "data":
			return writeData(what)
		case "profile":
			return profileCommand(w, device, smoke, what)
		case "probe":
			g, err := open(device)
			if err != nil {
				return err
			}
			defer g.Close()
			return askHardware(w, g, what, parts)
		}
	}
	if len(args) != 1 {
		return fmt.Errorf("what is asked for? %v\n%s", args, usage)
	}
	switch args[0] {
	case "about":
		g, err := open(device)
		if err != nil {
			return err
		}
		defer g.Close()
		return json.NewEncoder(w).Encode(struct {
			driver.Info
			Emulated, Smoke bool // see About
		}{g.Info(), emulated(device), smoke})
	case "forms":
		return withDevice(device, func(d *cuda.Device) error { return checkForms(w, d, parts) })
	case "epochs":
		return withDevice(device, func(d *cuda.Device) error { return timeEpochs(w, d, smoke, parts) })
	case "to99":
		return withDevice(device, func(d *cuda.Device) error { return to99(w, d, smoke) })
	}
	return fmt.Errorf("nothing is called %q\n%s", args[0], usage)
}

// withDevice opens the device and calls f.
func withDevice(name string, f func(*cuda.Device) error) (err error) {
	g, err := open(name)
	if err != nil {
		return err
	}
	d, err := cuda.New(name, g)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return f(d)
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

// emulated reports whether the emulator computes.
func emulated(device string) bool {
	return device == "emulator" || os.Getenv("BAREGRAD_LIBCUDA") == "emulator"
}
