package auto

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"baregrad/kernels/avx"
	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/nvidia"
)

// Info describes a device that a program could compute on.
type Info struct {
	Name      string `json:"name"`      // the name that Open takes
	Available bool   `json:"available"` // whether Open would succeed
	Reason    string `json:"reason"`    // why not; empty if available
	Hardware  string `json:"hardware"`  // the processor's name; empty if unknown
	Workers   int    `json:"workers"`   // the number of cores that it computes on, or of a GPU's multiprocessors
	Memory    int64  `json:"memory"`    // its memory in bytes; 0 if unknown
	Free      int64  `json:"free"`      // the memory available to a program now, in bytes; 0 if unknown
}

// List describes every device that baregrad has kernels for, fastest first. For a
// device that can't be opened, Reason says why.
func List() []Info {
	memory := systemMemory()
	hardware := avx.Detect().Name
	if hardware == "" {
		hardware = runtime.GOARCH
	}
	list := []Info{gpu()}
	for _, name := range avx.Names() {
		info := Info{Name: name, Hardware: hardware, Workers: runtime.GOMAXPROCS(0), Memory: memory}
		if err := avx.Allowed(name); err != nil {
			info.Reason = err.Error()
		}
		info.Available = info.Reason == ""
		list = append(list, info)
	}
	emulated := Info{Name: "emulator", Available: true, Hardware: "PTX emulator on " + hardware, Workers: runtime.GOMAXPROCS(0),
		Memory: emulator.DefaultMemory}
	if limit, err := memoryLimit(); err != nil {
		emulated.Available, emulated.Reason = false, err.Error()
	} else if limit > 0 {
		emulated.Memory = limit
	}
	return append(list,
		Info{Name: "reference", Available: true, Hardware: hardware, Workers: runtime.GOMAXPROCS(0), Memory: memory}, emulated)
}

// WithoutGPU says why "auto" does not choose a GPU. It is empty if it does, and in a program built
// without GPU support.
func WithoutGPU() string {
	switch {
	case !nvidia.Built:
		return ""
	case os.Getenv(library) == "emulator":
		return library + " is \"emulator\", and emulating is slow"
	}
	return gpu().Reason
}

// gpu describes the first NVIDIA GPU.
func gpu() Info {
	info := Info{Name: "cuda"}
	n, err := nvidia.Count()
	if err != nil {
		info.Reason = err.Error()
		return info
	}
	limit, err := memoryLimit()
	if err != nil {
		info.Reason = err.Error()
		return info
	}
	d, err := nvidia.Open(0, nvidia.Options{MemoryLimit: limit})
	if err != nil {
		info.Reason = err.Error()
		return info
	}
	defer d.Close()
	about := d.Info()
	info.Available, info.Workers, info.Memory = true, about.Multiprocessors, about.Memory
	_, info.Free = d.Memory()
	info.Hardware = fmt.Sprintf("%s (compute capability %d.%d)", about.Name, about.Compute[0], about.Compute[1])
	if n > 1 {
		info.Hardware += fmt.Sprintf(", the first of %d GPUs", n)
	}
	return info
}

// systemMemory returns the machine's memory in bytes on Linux, and 0 elsewhere.
func systemMemory() int64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			var kilobytes int64
			if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
				return 0
			}
			return kilobytes << 10
		}
	}
	return 0
}
