package mnist

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// otherSetError says which data set the contents belong to.
type otherSetError struct{ title string }

func (e *otherSetError) Error() string { return "the file belongs to " + e.title }

// checkSum compares the sum of file number i with the published one.
func (k *known) checkSum(i int, sum, file string) error {
	if sum == k.sums[i] {
		return nil
	}
	bad := &FormatError{File: file, Thing: "SHA-256 sum of the decompressed contents",
		Found: sum, Expected: fmt.Sprintf("%s, of %s's %s", k.sums[i], k.title, fileNames[i])}
	for _, other := range knownSets {
		for j, known := range other.sums {
			if sum == known {
				bad.Found += fmt.Sprintf(", which is %s's %s", other.title, fileNames[j])
				bad.Err = &otherSetError{title: other.title}
			}
		}
	}
	return bad
}

// errNoFiles is what findFiles returns where none of the files is present.
var errNoFiles = errors.New("none of the data set's files is here")

// findFiles returns the paths of the four files in a folder of fsys. Each may
// be gzipped; the uncompressed one comes first. Some tools that decompress
// write a dot in place of the second hyphen: train-images.idx3-ubyte.
func findFiles(fsys fs.FS, folder string) (found [numFiles]string, err error) {
	var missing []string
	for i, name := range fileNames {
		dotted := strings.Replace(name, "-idx", ".idx", 1)
		for _, candidate := range []string{name, name + ".gz", dotted, dotted + ".gz"} {
			info, err := fs.Stat(fsys, path.Join(folder, candidate))
			if errors.Is(err, fs.ErrPermission) {
				return found, err
			}
			if err == nil && !info.IsDir() {
				found[i] = path.Join(folder, candidate)
				break
			}
		}
		if found[i] == "" {
			missing = append(missing, name)
		}
	}
	switch len(missing) {
	case 0:
		return found, nil
	case numFiles:
		return found, errNoFiles
	}
	return found, fmt.Errorf("missing %s (or the same with .gz)", strings.Join(missing, ", "))
}

// readFiles reads the four files at once and fills d's sets, and the SHA-256
// sums of the contents where sums is not nil. Errors name a file as it lies in
// the folder dir.
func readFiles(ctx context.Context, d *Dataset, fsys fs.FS, found [numFiles]string, dir string, sums *[numFiles]string) error {
	var wait sync.WaitGroup
	var arrays [numFiles]*IDX
	var errs [numFiles]error
	var shown [numFiles]string
	for i, name := range found {
		shown[i] = name
		if dir != "" {
			shown[i] = filepath.Join(dir, filepath.FromSlash(name))
		}
		wait.Go(func() {
			arrays[i], errs[i] = readFile(ctx, fsys, name, shown[i])
			if errs[i] == nil && sums != nil {
				sums[i] = arrays[i].sum()
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	return d.fill(arrays, shown)
}

// fill makes the two sets of the four arrays. Labels must be below the number
// of class names.
func (d *Dataset) fill(arrays [numFiles]*IDX, files [numFiles]string) (err error) {
	classes := len(d.ClassNames)
	d.Train, err = assemble(arrays[trainImages], arrays[trainLabels], files[trainImages], files[trainLabels], classes)
	if err != nil {
		return err
	}
	d.Test, err = assemble(arrays[testImages], arrays[testLabels], files[testImages], files[testLabels], classes)
	return err
}

// readFile reads an IDX file of fsys; shown is its name in errors.
func readFile(ctx context.Context, fsys fs.FS, name, shown string) (*IDX, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readIDX(contextReader{ctx, f}, fileSize(f), shown)
}

// sum returns the SHA-256 sum of the IDX file that holds the array.
func (x *IDX) sum() string {
	h := sha256.New()
	h.Write(x.header())
	h.Write(x.Data)
	return hex.EncodeToString(h.Sum(nil))
}

// contextReader stops reading when its context is cancelled.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
