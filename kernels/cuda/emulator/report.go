package emulator

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"
)

// Checks is a set of checks.
type Checks uint32

// The checks. CheckBounds covers accesses out of bounds, misaligned, or to freed memory, in every
// space: with it they are collected and the kernel goes on (a load gives 0); without it the first
// one ends the kernel with a *Fault.
const (
	CheckBounds   Checks = 1 << iota
	CheckUninit          // reads of registers, shared and global memory before they were written
	CheckRaces           // races in shared and global memory
	CheckBarriers        // barriers and warp-level instructions reached divergently
	CheckAsync           // data of asynchronous copies used before it was waited for

	AllChecks = CheckBounds | CheckUninit | CheckRaces | CheckBarriers | CheckAsync
)

// Finding is one fault of a kernel, at one line. Count is how often it occurred; the rest describes
// the first occurrence.
type Finding struct {
	Kind       string `json:"kind"`                 // such as out of bounds
	Kernel     string `json:"kernel"`               // its name
	File       string `json:"file"`                 // that holds the instruction
	Line       int    `json:"line"`                 // in File, from 1
	Source     string `json:"source,omitempty"`     // what .loc says it was compiled from: kernel.cu:12
	Instr      string `json:"instruction"`          // as the file writes it
	Block      Dim3   `json:"block"`                // of the thread
	Thread     Dim3   `json:"thread"`               // its position in the block
	Space      string `json:"space,omitempty"`      // of the memory: global, shared, …
	Address    uint64 `json:"address,omitempty"`    // in that space
	Size       int    `json:"size,omitempty"`       // bytes
	Allocation string `json:"allocation,omitempty"` // the memory nearest to the address
	OtherLine  int    `json:"otherLine,omitempty"`  // line of the access that this one conflicts with
	Detail     string `json:"detail,omitempty"`     // what else is known
	Hint       string `json:"hint,omitempty"`       // what usually fixes it
	Count      int    `json:"count"`
}

// String formats the finding for people, in a few lines.
func (f Finding) String() string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "%s: %s:%d: %s", f.Kind, f.File, f.Line, f.Instr)
	if f.Source != "" {
		fmt.Fprintf(&sb, " (%s)", f.Source)
	}
	fmt.Fprintf(&sb, "\n    kernel %s, block %v, thread %v", f.Kernel, f.Block, f.Thread)
	if f.Space != "" {
		fmt.Fprintf(&sb, "; %d bytes at %#x in .%s", f.Size, f.Address, f.Space)
	}
	if f.Detail != "" {
		sb.WriteString("\n    " + f.Detail)
	}
	if f.Allocation != "" {
		sb.WriteString("\n    " + f.Allocation)
	}
	if f.Count > 1 {
		fmt.Fprintf(&sb, "\n    %d times at this line", f.Count)
	}
	if f.Hint != "" {
		sb.WriteString("\n    hint: " + f.Hint)
	}
	return sb.String()
}

// Report is the result of the checks.
type Report struct {
	Findings []Finding `json:"findings"`          // in the order in which they first occurred
	Dropped  int       `json:"dropped,omitempty"` // number of distinct findings beyond Options.MaxFindings
}

// String formats all findings for people.
func (r Report) String() string {
	if len(r.Findings) == 0 {
		return "no findings\n"
	}
	var sb strings.Builder
	for _, f := range r.Findings {
		sb.WriteString(f.String() + "\n")
	}
	if r.Dropped > 0 {
		fmt.Fprintf(&sb, "and %d more\n", r.Dropped)
	}
	return sb.String()
}

// JSON encodes the report.
func (r Report) JSON() ([]byte, error) {
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	return json.MarshalIndent(r, "", "  ")
}

// FindingsError is what Launch returns if the checks found something.
type FindingsError struct {
	Report Report // of this launch only
}

// Error gives the number of findings and the first one.
func (e *FindingsError) Error() string {
	n := len(e.Report.Findings) + e.Report.Dropped
	s := fmt.Sprintf("emulator: %d findings; the first: %v", n, e.Report.Findings[0])
	if n == 1 {
		s = fmt.Sprintf("emulator: %v", e.Report.Findings[0])
	}
	return s
}

// findingList collects findings, one for each kind, kernel and line.
type findingList struct {
	mu      sync.Mutex
	max     int
	all     []*Finding
	now     []*Finding // of the running launch
	index   map[findingKey]*Finding
	dropped int
	lost    map[findingKey]bool
}

type findingKey struct {
	kind, kernel, file string
	line, other        int
}

func (l *findingList) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now, l.index, l.lost = nil, map[findingKey]*Finding{}, map[findingKey]bool{}
}

func (l *findingList) add(f Finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := findingKey{f.Kind, f.Kernel, f.File, f.Line, f.OtherLine}
	if old := l.index[key]; old != nil {
		old.Count++
		return
	}
	if len(l.now) >= l.max {
		l.lost[key] = true
		return
	}
	f.Count = 1
	l.now = append(l.now, &f)
	l.index[key] = &f
}

// end closes the launch and adds its findings to the machine's.
func (l *findingList) end() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.now) == 0 {
		return nil
	}
	sort.SliceStable(l.now, func(i, j int) bool {
		a, b := l.now[i], l.now[j]
		return a.Line < b.Line || a.Line == b.Line && a.Kind < b.Kind
	})
	e := &FindingsError{Report: Report{Dropped: len(l.lost)}}
	for _, f := range l.now {
		e.Report.Findings = append(e.Report.Findings, *f)
		if len(l.all) < l.max {
			l.all = append(l.all, f)
		} else {
			l.dropped++
		}
	}
	l.dropped += len(l.lost)
	l.now = nil
	return e
}

// Report returns what the checks found in all launches so far.
func (m *Machine) Report() Report {
	l := &m.findings
	l.mu.Lock()
	defer l.mu.Unlock()
	r := Report{Dropped: l.dropped}
	for _, f := range l.all {
		r.Findings = append(r.Findings, *f)
	}
	return r
}

// Leaks lists memory that was allocated and not freed, as findings.
func (m *Machine) Leaks() Report {
	var r Report
	for _, a := range m.mem.snapshot() {
		if a.kind == kindAlloc && !a.freed.Load() {
			r.Findings = append(r.Findings, Finding{Kind: "leak", Space: "global", Address: a.base, Size: int(a.size),
				Allocation: a.describe(), Count: 1})
		}
	}
	return r
}
