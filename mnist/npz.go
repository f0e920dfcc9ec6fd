package mnist

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"

	"baregrad/internal/regular"
)

// NPZ is an open .npz file: a zip archive of .npy files, as written by numpy.savez
// and numpy.savez_compressed.
type NPZ struct {
	name    string
	entries map[string]*zip.File // by the array's name, without .npy
}

// OpenNPZ opens the .npz file of size bytes in r. The name is only used in errors.
// It reads only the archive's directory.
//
// It returns a *FormatError for files that are not zip archives; for entries that are
// not .npy files, are encrypted, duplicated or overlapping, or have names with a path
// that leads out of the archive; and for archives that claim to expand beyond what
// the file's size justifies.
func OpenNPZ(r io.ReaderAt, size int64, name string) (*NPZ, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, damageError(name, err)
	}
	z := &NPZ{name: name, entries: make(map[string]*zip.File)}
	var stored, expanded uint64
	for _, f := range archive.File {
		bad := func(thing, found, expected string) error {
			return &FormatError{File: name, Thing: thing, Found: found, Expected: expected}
		}
		key, isNPY := strings.CutSuffix(f.Name, ".npy")
		_, twice := z.entries[key]
		switch {
		case !fs.ValidPath(f.Name) || strings.Contains(f.Name, `\`):
			return nil, bad("name of an entry", fmt.Sprintf("%q", f.Name), "a path that stays within the archive")
		case !isNPY || key == "":
			return nil, bad("name of an entry", fmt.Sprintf("%q", f.Name), "one that ends in .npy")
		case twice:
			return nil, bad("entries", fmt.Sprintf("%q twice", f.Name), "each name once")
		case f.Flags&1 != 0:
			return nil, bad(fmt.Sprintf("entry %q", f.Name), "an encrypted entry", "one that is not encrypted")
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, bad(fmt.Sprintf("entry %q", f.Name), fmt.Sprintf("compression method %d", f.Method), "0 (stored) or 8 (deflated)")
		}
		z.entries[key] = f
		stored = addCapped(stored, f.CompressedSize64)
		expanded = addCapped(expanded, f.UncompressedSize64)
	}
	if stored > uint64(size) {
		return nil, &FormatError{File: name, Thing: "sizes of the compressed entries",
			Found: fmt.Sprintf("%d bytes in all", stored), Expected: fmt.Sprintf("at most the file's %d: entries overlap", size)}
	}
	if most := justified(size); expanded > uint64(most) {
		return nil, &FormatError{File: name, Thing: "sizes of the entries",
			Found:    fmt.Sprintf("%d bytes in all", expanded),
			Expected: fmt.Sprintf("at most %d, which a file of %d bytes justifies", most, size), Err: errExpansion}
	}
	return z, nil
}

// addCapped adds sizes; on overflow it returns the largest number.
func addCapped(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// Names returns the names of the arrays, sorted.
func (z *NPZ) Names() []string { return slices.Sorted(maps.Keys(z.entries)) }

// Read reads the array called name, without .npy. An unknown name, or contents
// that ReadNPY would refuse, give a *FormatError.
func (z *NPZ) Read(name string) (*Array, error) {
	f, ok := z.entries[name]
	if !ok {
		return nil, &FormatError{File: z.name, Thing: "arrays",
			Found: strings.Join(z.Names(), ", "), Expected: name + " among them"}
	}
	shown := z.name + ": " + f.Name
	r, err := f.Open()
	if err != nil {
		return nil, damageError(shown, err)
	}
	defer r.Close()
	return readNPY(r, int64(f.UncompressedSize64), int64(f.CompressedSize64), shown)
}

// ReadNPZFile reads all arrays of the .npz file at path, by name.
func ReadNPZFile(path string) (map[string]*Array, error) {
	f, size, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := OpenNPZ(f, size, path)
	if err != nil {
		return nil, err
	}
	arrays := make(map[string]*Array, len(z.entries))
	for _, name := range z.Names() {
		if arrays[name], err = z.Read(name); err != nil {
			return nil, err
		}
	}
	return arrays, nil
}

// WriteNPZ writes arrays, sorted by name, as numpy.savez does, or as
// numpy.savez_compressed does if compress is true. The same arrays give the same
// bytes.
func WriteNPZ(w io.Writer, arrays map[string]*Array, compress bool) error {
	archive := zip.NewWriter(w)
	method := zip.Store
	if compress {
		method = zip.Deflate
	}
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		if file := name + ".npy"; name == "" || !fs.ValidPath(file) || strings.Contains(name, `\`) {
			return fmt.Errorf("write NPZ: the array name %q cannot stand in an archive", name)
		}
		if err := arrays[name].check(); err != nil {
			return fmt.Errorf("write NPZ: array %q: %w", name, err)
		}
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: method})
		if err != nil {
			return err
		}
		if err := WriteNPY(entry, arrays[name]); err != nil {
			return err
		}
	}
	return archive.Close()
}
