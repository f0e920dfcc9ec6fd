package mnist

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
)

// idxBytes returns an IDX file with the given magic number, dimensions and
// values, whether or not they fit together.
func idxBytes(magic uint32, dims []uint32, values []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, magic)
	for _, dim := range dims {
		out = binary.BigEndian.AppendUint32(out, dim)
	}
	return append(out, values...)
}

// gzipped compresses data.
func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gzipBomb returns a gzip file whose contents begin with header and go on with
// blocks MiB of zeros. It repeats one deflated block, so making it is quick.
// Its checksum is wrong, which a reader that takes it all would find out last.
func gzipBomb(t testing.TB, header []byte, blocks int) []byte {
	t.Helper()
	deflated := func(data []byte) []byte {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	out := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	out = append(out, deflated(header)...)
	out = append(out, bytes.Repeat(deflated(make([]byte, 1<<20)), blocks)...)
	out = append(out, 1, 0, 0, 0xff, 0xff) // an empty last block
	return append(out, make([]byte, 8)...)
}

// count returns n values 0, 1, 2, …
func count(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i)
	}
	return out
}

func TestReadIDX(t *testing.T) {
	plain := idxBytes(magicImages, []uint32{2, 3, 4}, count(24))
	readers := map[string]func(data []byte) (*IDX, error){
		"bytes.Reader": func(data []byte) (*IDX, error) { return ReadIDX(bytes.NewReader(data), "f") },
		"unknown size": func(data []byte) (*IDX, error) { return ReadIDX(io.MultiReader(bytes.NewReader(data)), "f") },
		"byte by byte": func(data []byte) (*IDX, error) {
			return ReadIDX(iotest.OneByteReader(bytes.NewReader(data)), "f")
		},
		"data with EOF": func(data []byte) (*IDX, error) {
			return ReadIDX(iotest.DataErrReader(bytes.NewReader(data)), "f")
		},
		"fs.FS": func(data []byte) (*IDX, error) {
			return ReadIDXFile(fstest.MapFS{"f": {Data: data}}, "f")
		},
	}
	for name, read := range readers {
		for form, data := range map[string][]byte{"plain": plain, "gzip": gzipped(t, plain)} {
			x, err := read(data)
			if err != nil {
				t.Errorf("%s, %s: %v", name, form, err)
				continue
			}
			if !slices.Equal(x.Dims, []int{2, 3, 4}) || !bytes.Equal(x.Data, count(24)) {
				t.Errorf("%s, %s: read %v %v", name, form, x.Dims, x.Data)
			}
		}
	}
}

// A file larger than a single step of reading arrives whole.
func TestReadIDXLarge(t *testing.T) {
	values := bytes.Repeat(count(251), 3<<20/251)
	plain := idxBytes(magicLabels, []uint32{uint32(len(values))}, values)
	for form, data := range map[string][]byte{"plain": plain, "gzip": gzipped(t, plain)} {
		x, err := ReadIDX(io.MultiReader(bytes.NewReader(data)), "f")
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if !bytes.Equal(x.Data, values) {
			t.Errorf("%s: the values differ", form)
		}
	}
}

func TestReadIDXEmptyArray(t *testing.T) {
	x, err := ReadIDX(bytes.NewReader(idxBytes(magicImages, []uint32{0, 1<<31 - 1, 1<<31 - 1}, nil)), "f")
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Data) != 0 || x.Dims[0] != 0 {
		t.Errorf("read %v with %d values", x.Dims, len(x.Data))
	}
}

func TestReadIDXErrors(t *testing.T) {
	images := idxBytes(magicImages, []uint32{2, 3, 4}, count(24))
	zipped := gzipped(t, images)
	tests := []struct {
		name string
		data []byte
		want []string // parts of the error
	}{
		{"empty", nil, []string{"magic number", "after 0 bytes", "4 bytes"}},
		{"half a magic number", []byte{0, 0}, []string{"magic number", "after 2 bytes", "4 bytes"}},
		{"wrong magic number", []byte("\x89PNG\r\n\x1a\n"), []string{"magic number", "0x89504e47", "0x00000803"}},
		{"signed bytes", idxBytes(0x0903, []uint32{1, 1, 1}, count(1)), []string{"type of the values", "0x09", "signed byte", "0x08"}},
		{"doubles", idxBytes(0x0E01, []uint32{1}, count(8)), []string{"type of the values", "0x0e", "double", "0x08"}},
		{"unknown type", idxBytes(0x0701, []uint32{1}, count(1)), []string{"type of the values", "0x07", "unknown", "0x08"}},
		{"no dimensions", idxBytes(0x0800, nil, nil), []string{"number of dimensions", "found 0", "1 to 8"}},
		{"too many dimensions", idxBytes(0x08ff, make([]uint32, 255), nil), []string{"number of dimensions", "found 255", "1 to 8"}},
		{"half a dimension", images[:7], []string{"dimensions", "after 3 bytes", "12 bytes"}},
		{"truncated", images[:len(images)-5], []string{"length of the values", "found", "19 bytes", "expected 24", "2×3×4"}},
		{"no values", images[:16], []string{"length of the values", "0 bytes", "expected 24"}},
		{"trailing bytes", append(slices.Clone(images), 7), []string{"expected", "24", "2×3×4"}},
		{"count that the length denies", idxBytes(magicImages, []uint32{60000, 28, 28}, count(100)), []string{"100 bytes", "47040000", "60000×28×28"}},
		{"dimension past 31 bits", idxBytes(magicLabels, []uint32{1 << 31}, nil), []string{"dimension 0", "2147483648", "2147483647"}},
		{"product overflows", idxBytes(0x0804, []uint32{1<<31 - 1, 1<<31 - 1, 1<<31 - 1, 2}, nil), []string{"number of values", "overflows"}},
		{"gzip cut in its header", zipped[:5], []string{"compressed contents", "end of the file"}},
		{"gzip cut in its values", gzipped(t, images[:20])[:20], []string{"found", "expected"}},
		{"gzip of a truncated file", gzipped(t, images[:len(images)-5]), []string{"after 19 bytes", "expected 24"}},
		{"gzip of trailing bytes", gzipped(t, append(slices.Clone(images), 7)), []string{"more bytes", "24 values"}},
		{"gzip without its checksum", zipped[:len(zipped)-8], []string{"compressed contents", "end of the file"}},
		{"gzip with a wrong checksum", flipped(zipped, len(zipped)-8), []string{"compressed contents", "checksum"}},
		{"gzip with a wrong length", flipped(zipped, len(zipped)-1), []string{"compressed contents", "checksum"}},
		{"gzip with rubbish behind", append(slices.Clone(zipped), "rubbish of many bytes"...), []string{"compressed contents", "damage"}},
		{"gzip with an unknown method", flipped(zipped, 2), []string{"compressed contents", "damage"}},
		{"gzip with a reserved block", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x07"), []string{"compressed contents", "damage"}},
	}
	for _, test := range tests {
		for form, r := range map[string]io.Reader{
			"known size":   bytes.NewReader(test.data),
			"unknown size": io.MultiReader(bytes.NewReader(test.data)),
		} {
			x, err := ReadIDX(r, "the-file")
			if err == nil {
				t.Errorf("%s, %s: read %v, expected an error", test.name, form, x.Dims)
				continue
			}
			var bad *FormatError
			if !errors.As(err, &bad) {
				t.Errorf("%s, %s: the error is a %T, expected a *FormatError: %v", test.name, form, err, err)
			}
			for _, part := range append(test.want, "the-file: ") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%s, %s: the error %q does not contain %q", test.name, form, err, part)
				}
			}
		}
	}
}

// flipped returns data with the lowest bit of the byte at i flipped.
func flipped(data []byte, i int) []byte {
	out := slices.Clone(data)
	out[i] ^= 1
	return out
}

// Every proper prefix of a file is an error that says so, never a panic.
func TestReadIDXEveryTruncation(t *testing.T) {
	plain := idxBytes(magicImages, []uint32{2, 3, 4}, count(24))
	for form, data := range map[string][]byte{"plain": plain, "gzip": gzipped(t, plain)} {
		for n := range data {
			if _, err := ReadIDX(bytes.NewReader(data[:n]), "f"); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, first %d bytes: error %v, expected io.ErrUnexpectedEOF", form, n, err)
			}
		}
	}
}

func TestReadIDXPassesReadErrorsOn(t *testing.T) {
	broken := errors.New("the disk is broken")
	images := idxBytes(magicImages, []uint32{2, 3, 4}, count(24))
	for _, data := range [][]byte{images, gzipped(t, images)} {
		for n := range data {
			r := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken))
			if _, err := ReadIDX(r, "the-file"); !errors.Is(err, broken) || !strings.Contains(err.Error(), "the-file") {
				t.Errorf("broken after %d bytes: error %v", n, err)
			}
		}
	}
	if _, err := ReadIDXFile(fstest.MapFS{}, "absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: error %v, expected fs.ErrNotExist", err)
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

func TestReadIDXBombs(t *testing.T) {
	huge := idxBytes(magicImages, []uint32{1 << 20, 1 << 10, 1 << 10}, nil) // 1 TiB
	tests := []struct {
		name string
		data []byte
	}{
		{"count without values", idxBytes(magicLabels, []uint32{1<<31 - 1}, nil)},
		{"count of 1 TiB without values", huge},
		{"gzip of a count without values", gzipped(t, huge)},
		{"gzip bomb of 1 GiB", gzipBomb(t, idxBytes(magicLabels, []uint32{1 << 30}, nil), 1<<10)},
		{"gzip bomb of 1 TiB cut short", gzipBomb(t, huge, 1<<10)},
		{"gzip bomb behind few values", gzipBomb(t, idxBytes(magicLabels, []uint32{3}, nil), 1<<10)},
		{"gzip bomb without a header", gzipBomb(t, nil, 1<<10)},
	}
	for _, test := range tests {
		// Steps that double add up to less than twice the last one; 1 MiB is for
		// the decompressor and the buffers.
		bound := 2*justified(int64(len(test.data))) + 1<<20
		for form, r := range map[string]io.Reader{
			"known size":   bytes.NewReader(test.data),
			"unknown size": io.MultiReader(bytes.NewReader(test.data)),
		} {
			var err error
			used := allocated(func() { _, err = ReadIDX(r, "bomb") })
			if err == nil {
				t.Errorf("%s, %s: no error", test.name, form)
			}
			if used > bound {
				t.Errorf("%s, %s: %d bytes allocated for a file of %d, expected at most %d",
					test.name, form, used, len(test.data), bound)
			}
		}
	}
	// Small files that claim much cost nothing at all.
	used := allocated(func() {
		for range 100 {
			if _, err := ReadIDX(io.MultiReader(bytes.NewReader(huge)), "f"); err == nil {
				t.Error("no error")
			}
		}
	})
	if perFile := used / 100; perFile > 256<<10 {
		t.Errorf("%d bytes allocated for a file of 16, expected at most the 256 KiB of the buffers", perFile)
	}
}

func TestWriteIDX(t *testing.T) {
	want := idxBytes(magicImages, []uint32{2, 3, 4}, count(24))
	var b bytes.Buffer
	if err := WriteIDX(&b, &IDX{Dims: []int{2, 3, 4}, Data: count(24)}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("wrote % x, expected % x", b.Bytes(), want)
	}
	for name, x := range map[string]*IDX{
		"too few values":      {Dims: []int{2, 2}, Data: count(3)},
		"no dimensions":       {Data: count(1)},
		"negative dimension":  {Dims: []int{-1, -1}, Data: count(1)},
		"too many dimensions": {Dims: []int{1, 1, 1, 1, 1, 1, 1, 1, 1}, Data: count(1)},
	} {
		if err := WriteIDX(io.Discard, x); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := WriteIDX(failingWriter{}, &IDX{Dims: []int{1}, Data: count(1)}); !errors.Is(err, errFull) {
		t.Errorf("full disk: error %v", err)
	}
}

var errFull = errors.New("the disk is full")

// failingWriter is a disk without room.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

func FuzzReadIDX(f *testing.F) {
	images := idxBytes(magicImages, []uint32{2, 3, 4}, count(24))
	huge := idxBytes(magicImages, []uint32{1 << 20, 1 << 10, 1 << 10}, nil)
	for _, seed := range [][]byte{
		nil,
		images,
		gzipped(f, images),
		images[:len(images)-5],                  // truncated
		append(slices.Clone(images), 7),         // trailing bytes
		huge,                                    // a count that the length denies
		gzipped(f, huge),                        // the same, compressed
		idxBytes(0x0E01, []uint32{1}, count(8)), // doubles
		idxBytes(0x0804, []uint32{1<<31 - 1, 1<<31 - 1, 1<<31 - 1, 2}, nil), // overflow
		idxBytes(magicLabels, []uint32{1<<32 - 1}, nil),
		idxBytes(0x08ff, make([]uint32, 255), nil),
		gzipBomb(f, idxBytes(magicLabels, []uint32{1 << 26}, nil), 1<<6),
		gzipBomb(f, nil, 1<<6),
		gzipped(f, gzipped(f, images)),                              // gzip within gzip is no IDX
		append(gzipped(f, images[:20]), gzipped(f, images[20:])...), // two gzip members
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := ReadIDX(io.MultiReader(bytes.NewReader(data)), "fuzz")
		y, again := ReadIDX(bytes.NewReader(data), "fuzz")
		if (err == nil) != (again == nil) {
			t.Fatalf("unknown size: %v; known size: %v", err, again)
		}
		if err != nil {
			return
		}
		if !slices.Equal(x.Dims, y.Dims) || !bytes.Equal(x.Data, y.Data) {
			t.Fatal("known and unknown size give different arrays")
		}
		if total, ok := product(x.Dims); !ok || total != len(x.Data) {
			t.Fatalf("%d values for the dimensions %v", len(x.Data), x.Dims)
		}
		if int64(len(x.Data)) > justified(int64(len(data))) {
			t.Fatalf("%d values from a file of %d bytes", len(x.Data), len(data))
		}
		var b bytes.Buffer
		if err := WriteIDX(&b, x); err != nil {
			t.Fatal(err)
		}
		back, err := ReadIDX(&b, "fuzz")
		if err != nil || !slices.Equal(back.Dims, x.Dims) || !bytes.Equal(back.Data, x.Data) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
