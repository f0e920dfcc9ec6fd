package bench

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"baregrad/kernels"
	"baregrad/kernels/auto"
	"baregrad/kernels/avx"
)

// Machine describes what figures were measured on, and with what.
type Machine struct {
	CPU      string   `json:"cpu"`
	Cores    int      `json:"cores"` // as seen by Go
	CacheL1  int      `json:"cache_l1"`
	CacheL2  int      `json:"cache_l2"` // bytes per core, as for L1
	CacheL3  int      `json:"cache_l3"`
	Sets     []string `json:"instruction_sets"` // that have kernels and may be used
	GPU      string   `json:"gpu"`              // the device cuda: an NVIDIA GPU, or the emulator that replaces it; empty if there is none
	OS       string   `json:"os"`
	Arch     string   `json:"arch"`
	Go       string   `json:"go"`
	Revision string   `json:"revision"` // of the source; empty if unknown
	Load     string   `json:"load"`     // the system's load during the measurement; empty if unknown
	Date     string   `json:"date"`
}

// ThisMachine describes this machine.
func ThisMachine() Machine {
	p := avx.Detect()
	m := Machine{
		CPU: p.Name, Cores: runtime.NumCPU(), CacheL1: p.L1, CacheL2: p.L2, CacheL3: p.L3, Sets: []string{},
		OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"),
	}
	if m.CPU == "" {
		m.CPU = runtime.GOARCH
	}
	for _, set := range avx.Names() {
		if avx.Allowed(set) == nil {
			m.Sets = append(m.Sets, set)
		}
	}
	for _, device := range auto.List() {
		if device.Name == "cuda" && device.Available {
			m.GPU = device.Hardware
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				m.Revision = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(text))[:min(3, len(strings.Fields(string(text))))], " ")
	}
	return m
}

// Slug returns a file name for the machine: its processor and number of cores.
func (m Machine) Slug() string {
	words := strings.FieldsFunc(strings.ToLower(m.CPU), func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9')
	})
	return fmt.Sprintf("%s-%d-cores", strings.Join(words, "-"), m.Cores)
}

// String describes the machine in one line.
func (m Machine) String() string {
	s := fmt.Sprintf("%s, %d cores", m.CPU, m.Cores)
	for _, c := range []struct {
		name  string
		bytes int
	}{{"L1", m.CacheL1}, {"L2", m.CacheL2}, {"L3", m.CacheL3}} {
		if c.bytes > 0 {
			s += fmt.Sprintf(", %s %s", kernels.FormatBytes(int64(c.bytes)), c.name)
		}
	}
	if len(m.Sets) > 0 {
		s += ", " + strings.Join(m.Sets, " and ")
	}
	if m.GPU != "" {
		s += "; cuda is " + m.GPU
	}
	return fmt.Sprintf("%s; %s, %s/%s", s, m.Go, m.OS, m.Arch)
}
