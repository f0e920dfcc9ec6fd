package cuda

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"baregrad/kernels/kerneltest"
)

// NVIDIA's assembler ptxas turns PTX into the machine code of a GPU. It needs no GPU, and
// scripts/install-ptxas.sh fetches it. BAREGRAD_PTXAS names the program; otherwise it is looked for
// in PATH. BAREGRAD_REQUIRE=ptxas makes its absence a failure.
//
//	go test ./kernels/cuda -run TestPTXAS -update
//
// writes its figures for each kernel into docs/PTX.md.
var update = flag.Bool("update", false, "write the table of registers into docs/PTX.md")

const tableFile = "../../docs/PTX.md"

// architectures are the GPUs that the kernels are assembled for: Volta, Turing, Ampere, Ada, Hopper,
// Blackwell. An older ptxas does not know the last ones.
var architectures = []int{70, 75, 80, 86, 89, 90, 100, 120}

// usage holds the figures of ptxas for a kernel on one architecture.
type usage struct{ registers, shared, spills, stack int }

func findPTXAS(t *testing.T) string {
	t.Helper()
	name := os.Getenv("BAREGRAD_PTXAS")
	if name == "" {
		name = "ptxas"
	}
	path, err := exec.LookPath(name)
	kerneltest.Require(t, "ptxas", err == nil, fmt.Sprintf("%v (scripts/install-ptxas.sh fetches it, BAREGRAD_PTXAS names it)", err))
	return path
}

func TestPTXAS(t *testing.T) {
	ptxas := findPTXAS(t)
	help, err := exec.Command(ptxas, "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%s --help: %v", ptxas, err)
	}
	var used []int
	for _, sm := range architectures {
		if bytes.Contains(help, fmt.Appendf(nil, "'sm_%d'", sm)) {
			used = append(used, sm)
		}
	}
	if len(used) < 2 {
		t.Fatalf("%s knows of %v only", ptxas, used)
	}
	table := map[string]map[int]usage{}
	var order []string
	for _, file := range Files() {
		text, err := Source(file)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), file)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		names, err := Entries(file)
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, names...)
		for _, sm := range used {
			if sm < target(t, file, text) {
				continue
			}
			for name, u := range assemble(t, ptxas, path, sm) {
				if table[name] == nil {
					table[name] = map[int]usage{}
				}
				table[name][sm] = u
			}
		}
	}
	for _, name := range order {
		if len(table[name]) == 0 {
			t.Errorf("%s: ptxas said nothing about it", name)
		}
	}
	if *update {
		writeTable(t, ptxas, used, order, table)
	}
}

var targetLine = regexp.MustCompile(`(?m)^\.target sm_(\d+)`)

func target(t *testing.T, file, text string) int {
	t.Helper()
	m := targetLine.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%s has no line .target sm_N", file)
	}
	sm, _ := strconv.Atoi(m[1]) // can't fail: the pattern matches digits
	return sm
}

var (
	aboutKernel = regexp.MustCompile(`Function properties for (\w+)`)
	aboutStack  = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
	aboutUse    = regexp.MustCompile(`Used (\d+) registers`)
	aboutShared = regexp.MustCompile(`(\d+) bytes smem`)
)

// assemble runs ptxas -v on one file. It fails on errors, warnings, spilled registers and local
// memory, because no kernel should have any.
func assemble(t *testing.T, ptxas, path string, sm int) map[string]usage {
	t.Helper()
	output, err := exec.Command(ptxas, "-v", "--warning-as-error", fmt.Sprintf("-arch=sm_%d", sm), "-o", os.DevNull, path).CombinedOutput()
	if err != nil {
		t.Errorf("%s for sm_%d: %v\n%s", filepath.Base(path), sm, err, output)
		return nil
	}
	found := map[string]usage{}
	name := ""
	for line := range strings.Lines(string(output)) {
		number := func(p *regexp.Regexp, group int) int {
			if m := p.FindStringSubmatch(line); m != nil {
				n, _ := strconv.Atoi(m[group])
				return n
			}
			return 0
		}
		if m := aboutKernel.FindStringSubmatch(line); m != nil {
			name = m[1]
		}
		u := found[name]
		u.stack += number(aboutStack, 1)
		u.spills += number(aboutStack, 2) + number(aboutStack, 3)
		u.registers += number(aboutUse, 1)
		u.shared += number(aboutShared, 1)
		found[name] = u
	}
	delete(found, "")
	for name, u := range found {
		if u.registers == 0 {
			t.Errorf("%s for sm_%d: no count of registers in what ptxas says:\n%s", name, sm, output)
		}
		if u.spills != 0 || u.stack != 0 {
			t.Errorf("%s for sm_%d: %d bytes of registers spilled, %d bytes of stack, want none", name, sm, u.spills, u.stack)
		}
	}
	return found
}

const (
	tableBegin = "<!-- table of registers: begin (written by go test ./kernels/cuda -run TestPTXAS -update) -->\n"
	tableEnd   = "<!-- table of registers: end -->\n"
)

func writeTable(t *testing.T, ptxas string, used []int, order []string, table map[string]map[int]usage) {
	t.Helper()
	version, err := exec.Command(ptxas, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	release := regexp.MustCompile(`V[\d.]+`).FindString(string(version))
	var text strings.Builder
	fmt.Fprintf(&text, "Registers of a thread, and bytes of shared memory of a block, as ptxas %s says. No kernel spills registers or uses local memory.\n\n", release)
	text.WriteString("| kernel |")
	for _, sm := range used {
		fmt.Fprintf(&text, " sm_%d |", sm)
	}
	text.WriteString(" shared |\n|---|" + strings.Repeat("--:|", len(used)+1) + "\n")
	for _, name := range order {
		fmt.Fprintf(&text, "| %s |", name)
		shared := 0
		for _, sm := range used {
			u, ok := table[name][sm]
			if !ok {
				text.WriteString(" – |")
				continue
			}
			shared = max(shared, u.shared)
			fmt.Fprintf(&text, " %d |", u.registers)
		}
		fmt.Fprintf(&text, " %d |\n", shared)
	}
	page, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), tableBegin)
	_, tail, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no lines %q and %q", tableFile, tableBegin, tableEnd)
	}
	if err := os.WriteFile(tableFile, []byte(head+tableBegin+text.String()+tableEnd+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every kernel is in the table. This test needs no ptxas.
func TestTableIsComplete(t *testing.T) {
	page, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range Files() {
		names, err := Entries(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 0 {
			t.Errorf("%s has no kernel", file)
		}
		for _, name := range names {
			if !bytes.Contains(page, []byte("| "+name+" |")) {
				t.Errorf("%s is not in the table of %s: go test -run TestPTXAS -update writes it", name, tableFile)
			}
		}
	}
}
