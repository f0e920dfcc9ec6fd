package emulator

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"baregrad/kernels/kerneltest"
)

var ptxTarget = regexp.MustCompile(`\.target (sm_\w+)`)

// assembler returns NVIDIA's assembler, which BAREGRAD_PTXAS names, or "" if there is none and
// BAREGRAD_REQUIRE does not list it.
func assembler(t testing.TB) string {
	t.Helper()
	program := os.Getenv("BAREGRAD_PTXAS")
	kerneltest.Has(t, "ptxas", program != "", "BAREGRAD_PTXAS names none")
	return program
}

// assemble checks a test's kernel with NVIDIA's assembler, if BAREGRAD_PTXAS names it: a test must
// not depend on PTX that only this emulator accepts.
func assemble(t testing.TB, text string) {
	t.Helper()
	if out, err := ptxas(t, text); err != nil {
		t.Errorf("%v: %s\n%s", err, out, text)
	}
}

// refusedByAssembler checks that NVIDIA's assembler, if there is one, refuses a kernel, too.
func refusedByAssembler(t testing.TB, text string) {
	t.Helper()
	if _, err := ptxas(t, text); err == nil && assembler(t) != "" {
		t.Errorf("NVIDIA's assembler takes\n%s", text)
	}
}

// ptxas runs NVIDIA's assembler on a kernel; without one it does nothing.
func ptxas(t testing.TB, text string) (out []byte, err error) {
	t.Helper()
	ptxas := assembler(t)
	if ptxas == "" {
		return nil, nil
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "k.ptx")
	if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return exec.Command(ptxas, "-arch="+ptxTarget.FindStringSubmatch(text)[1], "-o", filepath.Join(dir, "k.cubin"), in).CombinedOutput()
}
