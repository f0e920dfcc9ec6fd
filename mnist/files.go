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

// contents are the four arrays of a data set as they were read.
type contents struct {
	arrays [numFiles]*IDX
	files  [numFiles]string // their names in errors
	sums   [numFiles]string // SHA-256 sums as IDX files; empty if not requested
}

// errNoFiles is the error of findFiles if none of the files is present.
var errNoFiles = errors.New("none of the data set's files is here")

// findFiles returns the paths of the four files in a folder of fsys. Each may be
// gzipped; the uncompressed one has priority. Some decompression tools write a dot
// instead of the second hyphen: train-images.idx3-ubyte.
func findFiles(fsys fs.FS, folder string) (found [numFiles]string, err error) {
	var missing []string
	for i, name := range fileNames {
		dotted := strings.Replace(name, "-idx", ".idx", 1)
		for _, candidate := range []string{name, name + ".gz", dotted, dotted + ".gz"} {
			info, err := fs.Stat(fsys, path.Join(folder, candidate))
			if errors.Is(err, fs.ErrPermission) {
				return found, err
			}
			if err == nil && info.Mode().IsRegular() {
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

// readFiles reads the four files of fsys in parallel, with their sums if sum is true.
// Errors name the files as they are in the folder dir.
func readFiles(ctx context.Context, fsys fs.FS, found [numFiles]string, dir string, sum bool) (*contents, error) {
	var wait sync.WaitGroup
	var errs [numFiles]error
	c := &contents{}
	for i, name := range found {
		c.files[i] = name
		if dir != "" {
			c.files[i] = filepath.Join(dir, filepath.FromSlash(name))
		}
		wait.Go(func() {
			c.arrays[i], errs[i] = readFile(ctx, fsys, name, c.files[i])
			if errs[i] == nil && sum {
				c.sums[i] = c.arrays[i].sum()
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c, errors.Join(errs[:]...)
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
