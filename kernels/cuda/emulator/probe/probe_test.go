package probe

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/kerneltest"
)

// answers are the emulator's.
func answers(t *testing.T, i Instruction, in []uint32) *Record {
	t.Helper()
	d := emulator.NewDriver(emulator.Options{Checks: emulator.AllChecks})
	defer d.Close()
	r, err := Ask(d, i, in)
	if err != nil {
		t.Fatalf("%s: %v", i.Name, err)
	}
	return r
}

// The emulator's own answers, written and read again, are the emulator's; and whatever
// bit of an answer is changed that counts, that is found.
func TestRecords(t *testing.T) {
	for _, i := range Instructions() {
		t.Run(i.Name, func(t *testing.T) {
			asked := answers(t, i, nil)
			var file bytes.Buffer
			if err := asked.Write(&file); err != nil {
				t.Fatal(err)
			}
			if file.Len() > 300<<10 {
				t.Errorf("the record has %d bytes, want at most 300 KB", file.Len())
			}
			r, err := Read(&file)
			if err != nil {
				t.Fatal(err)
			}
			want := answers(t, i, r.In)
			c := i.Compare(r, want.Out)
			if r.Instruction != i.Name || c.Words < 1000 || c.Same < c.Words*9/10 || c.Beyond > 0 {
				t.Fatalf("%s: %d words, %d the same, %d beyond the bounds: %v", r.Instruction, c.Words, c.Same, c.Beyond, c.First)
			}
			found := 0
			for at := 0; at < len(r.Out); at += len(r.Out)/97 + 1 {
				old := r.Out[at]
				r.Out[at] ^= 0x40004000 // an exponent, of both where there are two
				if c := i.Compare(r, want.Out); c.Beyond > 0 && c.First != nil {
					found++
				}
				r.Out[at] = old
				if i.Form != nil && at > len(r.Out)/20 {
					break // each comparison goes through all products
				}
			}
			if found < 3 {
				t.Errorf("of answers that were changed, %d were found", found)
			}
			if c := i.Compare(&Record{In: r.In, Out: r.Out[1:]}, want.Out); c.First == nil {
				t.Error("a record that lacks an answer was not found")
			}
		})
	}
}

// Where a product's bits lie is where the emulator has them: the sum of one product is
// that product.
func TestElements(t *testing.T) {
	for _, i := range products() {
		m := *i.Form
		_, na, nb, _ := m.Registers()
		for _, c := range [][3]int{{0, 0, 0}, {5, 3, 2}, {15, m.K - 1, 7}, {9, m.K / 2, 4}} {
			in := make([]uint32, i.In)
			elementA(m, c[0], c[1]).set(in, 3)
			elementB(m, c[1], c[2]).set(in, 5)
			elementD(m.C, na+nb, c[0], c[2]).set(in, 7)
			out := answers(t, i, in).Out
			for row := range m.M {
				for col := range m.N {
					want := 0.0
					if row == c[0] && col == c[2] {
						want = 22
					}
					if got := elementD(m.D, 0, row, col).get(out); got != want {
						t.Errorf("%s: a%v·b gives %v in row %d, column %d, want %v", i.Name, c, got, row, col, want)
					}
				}
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	var file bytes.Buffer
	r := &Record{"x", "a GPU", []uint32{1, 2}, []uint32{3}}
	if err := r.Write(&file); err != nil {
		t.Fatal(err)
	}
	for n := range file.Len() {
		if _, err := Read(bytes.NewReader(file.Bytes()[:n])); err == nil {
			t.Errorf("%d of %d bytes are no record, and were read", n, file.Len())
		}
	}
	if back, err := Read(&file); err != nil || back.Device != "a GPU" || len(back.In) != 2 || len(back.Out) != 1 || back.Out[0] != 3 {
		t.Errorf("read %+v, %v", back, err)
	}
}

// NVIDIA's assembler takes the probes.
func TestAssemble(t *testing.T) {
	ptxas := os.Getenv("BAREGRAD_PTXAS")
	kerneltest.Require(t, "ptxas", ptxas != "", "BAREGRAD_PTXAS names none")
	for _, i := range Instructions() {
		text, err := i.PTX()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "probe.ptx")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(ptxas, "-arch=sm_90", "-o", os.DevNull, path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", i.Name, err, out)
		}
	}
}

// What hardware has answered lies within the manual's bounds of what the emulator
// answers. gpulab probe makes the records.
func TestHardware(t *testing.T) {
	paths, err := filepath.Glob("testdata/*/*.probe")
	if err != nil {
		t.Fatal(err)
	}
	kerneltest.Require(t, "gpu-records", len(paths) > 0, "there are no records of a GPU's answers in testdata/GPU/: gpulab probe makes them")
	known := map[string]Instruction{}
	for _, i := range Instructions() {
		known[i.Name] = i
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Read(bytes.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		i, ok := known[r.Instruction]
		if !ok || strings.Contains(r.Device, "emulator") {
			t.Errorf("%s: a record of %q by %q", path, r.Instruction, r.Device)
			continue
		}
		c := i.Compare(r, answers(t, i, r.In).Out)
		t.Logf("%s on %s: %d of %d as the emulator's", r.Instruction, r.Device, c.Same, c.Words)
		if c.Beyond > 0 {
			t.Errorf("%d beyond the bounds: %v", c.Beyond, c.First)
		}
	}
}
