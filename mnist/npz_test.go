package mnist

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// zipEntry is an entry of a zip archive made by zipBytes. Where raw is given,
// it stands in the archive as it is, under the sizes that header claims.
type zipEntry struct {
	header zip.FileHeader
	data   []byte
	raw    bool
}

// zipBytes makes a zip archive, honest or not.
func zipBytes(t testing.TB, entries ...zipEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, entry := range entries {
		create := w.CreateHeader
		if entry.raw {
			create = w.CreateRaw
		}
		out, err := create(&entry.header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(entry.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readAll opens an archive and reads all its arrays.
func readAll(data []byte) (map[string]*Array, error) {
	z, err := OpenNPZ(bytes.NewReader(data), int64(len(data)), "the-file")
	if err != nil {
		return nil, err
	}
	arrays := map[string]*Array{}
	for _, name := range z.Names() {
		if arrays[name], err = z.Read(name); err != nil {
			return nil, err
		}
	}
	return arrays, nil
}

func TestReadNPZOfNumPy(t *testing.T) {
	read := 0
	for file, raw := range numpyExpected(t) {
		if !strings.HasSuffix(file, ".npz") {
			continue
		}
		read++
		arrays, err := ReadNPZFile(filepath.Join("testdata/numpy", file))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		want := map[string]json.RawMessage{}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if len(arrays) != len(want) {
			t.Errorf("%s: %d arrays, expected %d", file, len(arrays), len(want))
		}
		for name := range want {
			if arrays[name] == nil {
				t.Errorf("%s: no array %s", file, name)
				continue
			}
			sameAsNumPy(t, file+": "+name, arrays[name], want[name])
		}
	}
	if read != 3 {
		t.Errorf("%d files were read, expected 3", read)
	}
}

func TestWriteNPZ(t *testing.T) {
	arrays := map[string]*Array{
		"weights":   {Shape: []int{2, 2}, Data: []float32{1, -2, 3.5, 4}},
		"dense/b":   {Shape: []int{2}, Data: []float64{1, 2}},
		"labels":    {Shape: []int{3}, Data: []uint8{1, 2, 3}},
		"step":      {Data: []int64{7}},
		"histogram": {Shape: []int{1, 1}, Data: []int32{-9}},
	}
	for _, compress := range []bool{false, true} {
		var b bytes.Buffer
		if err := WriteNPZ(&b, arrays, compress); err != nil {
			t.Fatal(err)
		}
		back, err := readAll(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if len(back) != len(arrays) {
			t.Errorf("%d arrays, expected %d", len(back), len(arrays))
		}
		for name, want := range arrays {
			got := back[name]
			if got == nil || !slices.Equal(got.Shape, want.Shape) || got.DType() != want.DType() || !slices.Equal(got.Float32(), want.Float32()) {
				t.Errorf("%s: %v, expected %v", name, got, want)
			}
		}
		var again bytes.Buffer
		if err := WriteNPZ(&again, arrays, compress); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Errorf("the same arrays make other bytes (%v)", err)
		}
	}
	for name, arrays := range map[string]map[string]*Array{
		"name leads elsewhere": {"../weights": arrays["weights"]},
		"name with backslash":  {`a\b`: arrays["weights"]},
		"absolute name":        {"/weights": arrays["weights"]},
		"no name":              {"": arrays["weights"]},
		"no array":             {"weights": nil},
		"values do not fit":    {"weights": {Shape: []int{5}, Data: []float32{1}}},
	} {
		if err := WriteNPZ(io.Discard, arrays, false); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := WriteNPZ(failingWriter{}, arrays, false); !errors.Is(err, errFull) {
		t.Errorf("full disk: error %v", err)
	}
}

// npzAttacks are archives that must be refused, each with parts of the error.
func npzAttacks(t testing.TB) map[string]struct {
	data []byte
	want []string
} {

	array := npyBytes(1, npyText("(2, 3)"), count(6))
	entry := func(name string) zipEntry { return zipEntry{header: zip.FileHeader{Name: name}, data: array} }
	raw := func(h zip.FileHeader, data []byte) zipEntry {
		h.Name, h.CRC32 = "a.npy", crc32.ChecksumIEEE(array)
		h.CompressedSize64 = max(h.CompressedSize64, uint64(len(data)))
		return zipEntry{header: h, data: data, raw: true}
	}
	good := zipBytes(t, entry("a.npy"))
	zeros := func(mib int) []byte {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		for range mib {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	bomb := zeros(32)
	// An archive whose directory names the one entry a thousand times, under
	// other names: each could be expanded.
	overlap := func() []byte {
		big := make([]byte, 10<<10)
		one := zipBytes(t, zipEntry{header: zip.FileHeader{Name: "0000.npy"}, data: big})
		at := bytes.Index(one, []byte("PK\x01\x02"))
		end := bytes.Index(one, []byte("PK\x05\x06"))
		directory := one[at:end]
		out := slices.Clone(one[:at])
		for i := range 1000 {
			digits := []byte{byte('0' + i/100), byte('0' + i/10%10), byte('0' + i%10)}
			out = append(out, bytes.Replace(directory, []byte("0000.npy"), append(append([]byte("0"), digits...), ".npy"...), 1)...)
		}
		size := len(out) - at
		tail := slices.Clone(one[end:])
		tail[8], tail[9], tail[10], tail[11] = 0xe8, 3, 0xe8, 3 // a thousand entries
		for i := range 4 {
			tail[12+i] = byte(size >> (8 * i))
		}
		return append(out, tail...)
	}()
	numpy := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata/numpy", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	type attack = struct {
		data []byte
		want []string
	}
	return map[string]attack{
		"empty":                     {nil, []string{"compressed contents", "whole file"}},
		"not a zip archive":         {array, []string{"compressed contents", "zip"}},
		"cut in its directory":      {good[:len(good)-30], []string{"compressed contents"}},
		"pickled object":            {numpy("refuse-object.npz"), []string{"bad.npy", "pickled Python objects"}},
		"path traversal":            {numpy("refuse-traversal.npz"), []string{`"../one.npy"`, "stays within"}},
		"other files":               {numpy("refuse-other-files.npz"), []string{`"notes.txt"`, "ends in .npy"}},
		"absolute path":             {zipBytes(t, entry("/etc/a.npy")), []string{`"/etc/a.npy"`, "stays within"}},
		"backslashes":               {zipBytes(t, entry(`..\a.npy`)), []string{"stays within"}},
		"folder":                    {zipBytes(t, zipEntry{header: zip.FileHeader{Name: "a/"}}), []string{`"a/"`}},
		"no name":                   {zipBytes(t, entry(".npy")), []string{`".npy"`}},
		"same name twice":           {zipBytes(t, entry("a.npy"), entry("a.npy")), []string{`"a.npy" twice`}},
		"encrypted":                 {zipBytes(t, raw(zip.FileHeader{Flags: 1, UncompressedSize64: uint64(len(array))}, array)), []string{"encrypted"}},
		"unknown method":            {zipBytes(t, raw(zip.FileHeader{Method: 12, UncompressedSize64: uint64(len(array))}, array)), []string{"compression method 12"}},
		"bomb":                      {zipBytes(t, raw(zip.FileHeader{Method: zip.Deflate, UncompressedSize64: 32 << 20}, bomb)), []string{"sizes of the entries", "33554432", "justifies"}},
		"claim of 16 EiB":           {zipBytes(t, raw(zip.FileHeader{Method: zip.Deflate, UncompressedSize64: 1<<64 - 1}, bomb)), []string{"sizes of the entries", "18446744073709551615"}},
		"bomb of a small claim":     {zipBytes(t, raw(zip.FileHeader{Method: zip.Deflate, UncompressedSize64: uint64(len(array))}, bomb)), []string{"a.npy"}},
		"claim larger than it is":   {zipBytes(t, raw(zip.FileHeader{UncompressedSize64: uint64(len(array)) + 9}, array)), []string{"a.npy", "length of the values"}},
		"claim smaller than it is":  {zipBytes(t, raw(zip.FileHeader{UncompressedSize64: uint64(len(array)) - 1}, array)), []string{"a.npy"}},
		"compressed size too large": {zipBytes(t, raw(zip.FileHeader{CompressedSize64: 1 << 40, UncompressedSize64: 1}, array)), []string{"overlap"}},
		"overlapping entries":       {overlap, []string{"overlap", "bytes in all"}},
		"wrong checksum":            {flipped(good, bytes.Index(good, count(6))+3), []string{"a.npy", "checksum"}},
		"damaged deflate": {zipBytes(t, raw(zip.FileHeader{Method: zip.Deflate, UncompressedSize64: uint64(len(array))}, []byte("\xff\xff\xff"))),
			[]string{"a.npy", "damage"}},
		"deflate cut short": {zipBytes(t, raw(zip.FileHeader{Method: zip.Deflate, UncompressedSize64: 1 << 10}, bomb[:4])), []string{"a.npy"}},
	}
}

func TestReadNPZErrors(t *testing.T) {
	for name, attack := range npzAttacks(t) {
		var err error
		used := allocated(func() { _, err = readAll(attack.data) })
		var bad *FormatError
		if !errors.As(err, &bad) {
			t.Errorf("%s: error %v, expected a *FormatError", name, err)
			continue
		}
		for _, part := range append(attack.want, "the-file: ") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error %q does not contain %q", name, err, part)
			}
		}
		// The zip directory of a thousand entries is the largest of them.
		if most := int64(2<<20 + 4*len(attack.data)); used > most {
			t.Errorf("%s: %d bytes allocated for a file of %d, expected at most %d", name, used, len(attack.data), most)
		}
	}
	if _, err := ReadNPZFile("testdata/absent.npz"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: error %v", err)
	}
	if _, err := ReadNPZFile("testdata"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: error %v", err)
	}
	z, err := OpenNPZ(bytes.NewReader(zipBytes(t)), 22, "the-file")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Read("weights"); err == nil || !strings.Contains(err.Error(), "weights among them") {
		t.Errorf("unknown array: error %v", err)
	}
}

func FuzzReadNPZ(f *testing.F) {
	for _, file := range []string{"stored.npz", "compressed.npz", "nothing.npz", "digits.npz"} {
		data, err := os.ReadFile(filepath.Join("testdata/numpy", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, attack := range npzAttacks(f) {
		f.Add(attack.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		arrays, err := readAll(data)
		if err != nil {
			return
		}
		total := 0
		for name, a := range arrays {
			if err := a.check(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			total += a.Len()
		}
		if int64(total) > justified(int64(len(data))) {
			t.Fatalf("%d values from a file of %d bytes", total, len(data))
		}
		var b bytes.Buffer
		if err := WriteNPZ(&b, arrays, false); err != nil {
			t.Fatal(err)
		}
		if back, err := readAll(b.Bytes()); err != nil || len(back) != len(arrays) {
			t.Fatalf("written and read again: %d arrays, %v", len(back), err)
		}
	})
}
