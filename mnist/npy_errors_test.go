package mnist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadNPYRefusesNumPys(t *testing.T) {
	tests := map[string][]string{
		"big-endian": {`">f4"`, "big-endian", npyTypesText},
		"half":       {`"<f2"`, "floating point", npyTypesText},
		"i1":         {`"|i1"`, "signed integers", npyTypesText},
		"u8":         {`"<u8"`, "unsigned integers", npyTypesText},
		"bool":       {`"|b1"`, "booleans", npyTypesText},
		"complex":    {`"<c8"`, "complex", npyTypesText},
		"bytes":      {`"|S3"`, "bytes", npyTypesText},
		"text":       {`"<U3"`, "text", npyTypesText},
		"date":       {`"<M8[D]"`, "dates", npyTypesText},
		"object":     {`"|O"`, "pickled Python objects", npyTypesText},
		"structured": {"structured type", npyTypesText},
	}
	files, err := filepath.Glob("testdata/numpy/refuse-*.npy")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(tests) {
		t.Errorf("%d files to refuse, expected %d", len(files), len(tests))
	}
	for name, want := range tests {
		path := filepath.Join("testdata/numpy", "refuse-"+name+".npy")
		_, err := ReadNPYFile(path)
		var bad *FormatError
		if !errors.As(err, &bad) {
			t.Errorf("%s: error %v, expected a *FormatError", name, err)
			continue
		}
		for _, part := range append(want, path) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error %q does not contain %q", name, err, part)
			}
		}
	}
}

func TestReadNPYErrors(t *testing.T) {
	good := npyBytes(1, npyText("(2, 3)"), count(6))
	header := func(text string) []byte { return npyBytes(1, text, count(6)) }
	tests := []struct {
		name string
		data []byte
		want []string
	}{
		{"empty", nil, []string{"magic string and version", "after 0 bytes", "8 bytes"}},
		{"wrong magic string", []byte("PK\x03\x04 and more"), []string{"magic string", `"PK\x03\x04 a"`, `"\x93NUMPY"`}},
		{"version 4", npyBytes(4, npyText("(2, 3)"), count(6)), []string{"version", "found 4.0", "1.0, 2.0 or 3.0"}},
		{"version 0", npyBytes(0, npyText("(2, 3)"), count(6)), []string{"version", "found 0.0"}},
		{"version 1.1", flipped(good, 7), []string{"version", "found 1.1"}},
		{"no header length", good[:9], []string{"length of the header", "after 1 bytes", "2 bytes"}},
		{"huge header", npyBytes(2, strings.Repeat(" ", maxNPYHeader+1), nil), []string{"length of the header", "10001", "at most 10000"}},
		{"header cut", good[:40], []string{"header", "after 30 bytes"}},
		{"truncated", good[:len(good)-1], []string{"length of the values", "5 bytes", "expected 6, for the shape (2, 3) of |u1"}},
		{"trailing bytes", append(slices.Clone(good), 7), []string{"expected", "6, for the shape (2, 3)"}},
		{"size that the length denies", header(npyText("(10000, 10000)")), []string{"6 bytes", "100000000"}},
		{"size overflows", header(npyText(fmt.Sprintf("(%d, 2)", math.MaxInt))), []string{"shape", "overflows"}},
		{"size overflows with the type", header(fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%d,)}", math.MaxInt/4+1)), []string{"shape", "overflows"}},
		{"size beyond 64 bits", header(npyText("(18446744073709551616, 2)")), []string{"a size that memory can hold"}},
		{"negative size", header(npyText("(-2, -3)")), []string{`"-2, -3)`, "a size that memory can hold"}},
		{"size with a fraction", header(npyText("(2.0, 3)")), []string{`".0, 3)`, `","`}},
		{"number as a shape", header(npyText("6")), []string{`"6, }`, `"("`}},
		{"number in brackets as a shape", header(npyText("(6)")), []string{`expected ","`}},
		{"65 dimensions", header(npyText("(" + strings.Repeat("1, ", 65) + ")")), []string{"more dimensions", "at most 64"}},
		{"no dictionary", header("[1, 2]"), []string{`"[1, 2]"`, `"{"`}},
		{"dictionary not closed", header("{'descr': '|u1'"), []string{"the end of the header", `","`}},
		{"no colon", header("{'descr' '|u1'}"), []string{`":"`}},
		{"key without quotes", header("{descr: '|u1'}"), []string{"a string in quotes"}},
		{"quote not closed", header("{'descr"), []string{"a closing quote"}},
		{"escape", header(`{'de\x73cr': '|u1'}`), []string{"a string without escapes"}},
		{"key twice", header("{'descr': '|u1', 'descr': '|u1'}"), []string{`the key "descr" twice`}},
		{"unknown key", header("{'colour': 'red'}"), []string{`the key "colour"`, "descr, fortran_order or shape"}},
		{"no shape", header("{'descr': '|u1', 'fortran_order': False}"), []string{"no key shape"}},
		{"order is a number", header("{'fortran_order': 0}"), []string{"True or False"}},
		{"more behind the dictionary", header(npyText("(2, 3)") + "import os"), []string{`"import os"`, "only spaces"}},
		{"expression as a shape", header(npyText("(2, 3)*1")), []string{`"*1`}},
		{"call as a type", header("{'descr': open('x')}"), []string{"a string in quotes"}},
		{"empty type", header("{'descr': '', 'fortran_order': False, 'shape': (2, 3)}"), []string{"no type"}},
		{"unknown type", header("{'descr': '<q9', 'fortran_order': False, 'shape': (2, 3)}"), []string{`"<q9" (an unknown type)`}},
		{"type of one letter", header("{'descr': 'd', 'fortran_order': False, 'shape': (2, 3)}"), []string{`"d"`}},
	}
	for _, test := range tests {
		for form, r := range map[string]io.Reader{
			"known size":   bytes.NewReader(test.data),
			"unknown size": io.MultiReader(bytes.NewReader(test.data)),
		} {
			a, err := ReadNPY(r, "the-file")
			var bad *FormatError
			if !errors.As(err, &bad) || a != nil {
				t.Errorf("%s, %s: error %v, expected a *FormatError", test.name, form, err)
				continue
			}
			for _, part := range append(test.want, "the-file: ") {
				if form == "unknown size" && (part == "6 bytes" || part == "5 bytes") {
					part = "the file"
				}
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%s, %s: the error %q does not contain %q", test.name, form, err, part)
				}
			}
		}
	}
	for n := range good {
		if _, err := ReadNPY(bytes.NewReader(good[:n]), "f"); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("first %d bytes: error %v, expected io.ErrUnexpectedEOF", n, err)
		}
		broken := errors.New("the disk is broken")
		r := io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(broken))
		if _, err := ReadNPY(r, "f"); !errors.Is(err, broken) {
			t.Errorf("broken after %d bytes: error %v", n, err)
		}
	}
	if _, err := ReadNPYFile("testdata/absent.npy"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: error %v", err)
	}
}

func TestReadNPYClaims(t *testing.T) {
	claim := npyBytes(1, npyText("(1099511627776,)"), nil) // 1 TiB
	for form, read := range map[string]func() error{
		"known size":   func() error { _, err := ReadNPY(bytes.NewReader(claim), "f"); return err },
		"unknown size": func() error { _, err := ReadNPY(io.MultiReader(bytes.NewReader(claim)), "f"); return err },
	} {
		var err error
		used := allocated(func() { err = read() })
		// One step of reading takes 64 KiB.
		if err == nil || used > 256<<10 {
			t.Errorf("%s: %d bytes allocated, error %v", form, used, err)
		}
	}
}

func TestWriteNPYErrors(t *testing.T) {
	for name, a := range map[string]*Array{
		"no array":         nil,
		"no values":        {Shape: []int{0}},
		"another type":     {Shape: []int{1}, Data: []string{"a"}},
		"too few values":   {Shape: []int{2, 2}, Data: []float32{1, 2, 3}},
		"negative size":    {Shape: []int{-1}, Data: []float32{1}},
		"size overflows":   {Shape: []int{math.MaxInt, 2}, Data: []float32{1}},
		"too many of them": {Shape: slices.Repeat([]int{1}, 65), Data: []float32{1}},
	} {
		if err := WriteNPY(io.Discard, a); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := WriteNPY(failingWriter{}, &Array{Shape: []int{1}, Data: []uint8{1}}); !errors.Is(err, errFull) {
		t.Errorf("full disk: error %v", err)
	}
}

func FuzzReadNPY(f *testing.F) {
	files, err := filepath.Glob("testdata/numpy/*.npy")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, header := range []string{
		npyText("(1099511627776,)"),
		npyText("(9223372036854775807, 2)"),
		npyText("(0, 9223372036854775807, 9223372036854775807)"),
		npyText("(-1,)"),
		npyText("(" + strings.Repeat("1, ", 64) + ")"),
		"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}",
		"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
		"{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}",
		strings.Repeat("{", 5000),
	} {
		f.Add(npyBytes(1, header, count(6)))
	}
	f.Add(npyBytes(2, "", nil)[:8])
	f.Add(append([]byte(npyMagic), 2, 0, 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ReadNPY(io.MultiReader(bytes.NewReader(data)), "fuzz")
		_, again := ReadNPY(bytes.NewReader(data), "fuzz")
		if (err == nil) != (again == nil) {
			t.Fatalf("unknown size: %v; known size: %v", err, again)
		}
		if err != nil {
			return
		}
		if err := a.check(); err != nil {
			t.Fatal(err)
		}
		if a.Len() > len(data) {
			t.Fatalf("%d values from %d bytes", a.Len(), len(data))
		}
		var b bytes.Buffer
		if err := WriteNPY(&b, a); err != nil {
			t.Fatal(err)
		}
		first := slices.Clone(b.Bytes())
		back, err := ReadNPY(&b, "fuzz")
		if err != nil {
			t.Fatal(err)
		}
		var c bytes.Buffer
		if err := WriteNPY(&c, back); err != nil || !bytes.Equal(first, c.Bytes()) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
