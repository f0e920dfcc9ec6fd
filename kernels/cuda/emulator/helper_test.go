package emulator

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"
)

// header is the beginning of the tests' small programs.
const header = ".version 8.6\n.target sm_90\n.address_size 64\n"

// mustParse parses a text or ends the test.
func mustParse(t testing.TB, name, text string) *Module {
	t.Helper()
	mod, err := Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return mod
}

// loadFile loads a file of testdata.
func loadFile(t testing.TB, m *Machine, name string) *Program {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return load(t, m, name, string(text))
}

func load(t testing.TB, m *Machine, name, text string) *Program {
	t.Helper()
	p, err := m.Load(mustParse(t, name, text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func kernel(t testing.TB, p *Program, name string) *Kernel {
	t.Helper()
	k, err := p.Kernel(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func u32bytes(v []uint32) []byte {
	b := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[4*i:], x)
	}
	return b
}

func f32bytes(v []float32) []byte {
	b := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
	}
	return b
}

// upload allocates memory and fills it.
func upload(t testing.TB, m *Machine, b []byte) Address {
	t.Helper()
	a, err := m.Alloc(uint64(len(b)))
	if err == nil {
		err = m.CopyIn(a, b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func alloc(t testing.TB, m *Machine, n int) Address {
	t.Helper()
	a, err := m.Alloc(uint64(n))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func download32(t testing.TB, m *Machine, a Address, n int) []uint32 {
	t.Helper()
	b := make([]byte, 4*n)
	if err := m.CopyOut(b, a); err != nil {
		t.Fatal(err)
	}
	out := make([]uint32, n)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

func launch(t testing.TB, m *Machine, k *Kernel, grid, block Dim3, args ...uint64) {
	t.Helper()
	if err := m.Launch(context.Background(), k, LaunchConfig{Grid: grid, Block: block}, args...); err != nil {
		t.Fatal(err)
	}
}

// lineOf returns the number of the first line of a text that contains a mark.
func lineOf(t testing.TB, text, mark string) int {
	t.Helper()
	for i, l := range strings.Split(text, "\n") {
		if strings.Contains(l, mark) {
			return i + 1
		}
	}
	t.Fatalf("no line has %q", mark)
	return 0
}
