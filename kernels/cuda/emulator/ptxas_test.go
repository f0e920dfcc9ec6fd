package emulator

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

var ptxTarget = regexp.MustCompile(`\.target (sm_\w+)`)

// assemble has NVIDIA's assembler look at a test's kernel, where BAREGRAD_PTXAS
// says where it is: a test must not rest on PTX that only this emulator takes.
func assemble(t testing.TB, text string) {
	t.Helper()
	if out, err := ptxas(t, text); err != nil {
		t.Errorf("%v: %s\n%s", err, out, text)
	}
}

// refusedByAssembler sees that NVIDIA's assembler, where there is one, refuses a kernel, too.
func refusedByAssembler(t testing.TB, text string) {
	t.Helper()
	if _, err := ptxas(t, text); err == nil && os.Getenv("BAREGRAD_PTXAS") != "" {
		t.Errorf("NVIDIA's assembler takes\n%s", text)
	}
}

// ptxas runs NVIDIA's assembler on a kernel; without one it does nothing.
func ptxas(t testing.TB, text string) (out []byte, err error) {
	t.Helper()
	ptxas := os.Getenv("BAREGRAD_PTXAS")
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
