package mnist

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"baregrad/kernels/kerneltest"
)

func TestLoadEmbedded(t *testing.T) {
	isolate(t)
	d, err := Load(t.Context(), "mnist", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "mnist" || d.Title != "MNIST" || d.Source != "embedded" || !d.Published {
		t.Errorf("loaded %q, %q from %q, published: %v", d.Name, d.Title, d.Source, d.Published)
	}
	if !slices.Equal(d.ClassNames, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}) {
		t.Errorf("classes %q", d.ClassNames)
	}
	k := knownSets[0]
	for i, x := range []*IDX{
		{Dims: []int{60000, 28, 28}, Data: d.Train.Images},
		{Dims: []int{60000}, Data: d.Train.Labels},
		{Dims: []int{10000, 28, 28}, Data: d.Test.Images},
		{Dims: []int{10000}, Data: d.Test.Labels},
	} {
		if total, _ := product(x.Dims); total != len(x.Data) {
			t.Errorf("%s: %d values for %v", fileNames[i], len(x.Data), x.Dims)
		}
		if got := x.sum(); got != k.sums[i] {
			t.Errorf("%s: SHA-256 sum %s, expected %s", fileNames[i], got, k.sums[i])
		}
	}
	// How often each digit occurs, as the database is described everywhere.
	var counts [10]int
	for _, label := range d.Train.Labels {
		counts[label]++
	}
	if want := [10]int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}; counts != want {
		t.Errorf("training digits %v, expected %v", counts, want)
	}
	if want := []uint8{7, 2, 1, 0, 4}; !bytes.Equal(d.Test.Labels[:5], want) {
		t.Errorf("first test labels %v, expected %v", d.Test.Labels[:5], want)
	}
}

func TestLoadFromFolders(t *testing.T) {
	files := smallFiles(6, 4)
	k := smallKnown(t, files)
	dotted := map[string][]byte{}
	for name, data := range files {
		dotted[strings.Replace(name, "-idx", ".idx", 1)] = data
	}
	mixed := func(t *testing.T, dir string) {
		write(t, dir, "", map[string][]byte{fileNames[0]: files[fileNames[0]], fileNames[1]: files[fileNames[1]]})
		write(t, dir, ".gz", map[string][]byte{fileNames[2]: files[fileNames[2]], fileNames[3]: files[fileNames[3]]})
	}
	layouts := map[string]func(t *testing.T, dir string){
		"plain":             func(t *testing.T, dir string) { write(t, dir, "", files) },
		"gzipped":           func(t *testing.T, dir string) { write(t, dir, ".gz", files) },
		"mixed":             mixed,
		"dotted":            func(t *testing.T, dir string) { write(t, dir, "", dotted) },
		"in its own folder": func(t *testing.T, dir string) { write(t, filepath.Join(dir, "small-set"), "", files) },
		"in a folder of its short name": func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "small"), ".gz", files)
		},
	}
	for layout, fill := range layouts {
		t.Run(layout, func(t *testing.T) {
			for _, where := range []string{"Dir", EnvDir, "CacheDir", "user's cache", "system"} {
				cache := isolate(t)
				dir := t.TempDir()
				k := *k
				opts := Options{NoDownload: true}
				switch where {
				case "Dir":
					opts.Dir = dir
				case EnvDir:
					t.Setenv(EnvDir, dir)
				case "CacheDir":
					opts.CacheDir = filepath.Dir(dir)
					k.folder = filepath.Base(dir)
				case "user's cache":
					user, err := os.UserCacheDir()
					if err != nil || !strings.HasPrefix(user, cache) {
						t.Fatalf("the user's cache folder is %s (%v), not in %s", user, err, cache)
					}
					dir = filepath.Join(user, "baregrad", k.folder)
				case "system":
					k.system = dir
				}
				if (where == "CacheDir" || where == "user's cache") && strings.HasPrefix(layout, "in ") {
					continue // the cache has no folders within
				}
				fill(t, dir)
				d, err := k.load(t.Context(), opts)
				if err != nil {
					t.Errorf("%s: %v", where, err)
					continue
				}
				checkSmall(t, d)
				if !d.Published || !strings.HasPrefix(d.Source, dir) {
					t.Errorf("%s: source %q, published: %v", where, d.Source, d.Published)
				}
			}
		})
	}
}

// Each place is asked before the next.
func TestLoadOrder(t *testing.T) {
	isolate(t)
	files := smallFiles(6, 4)
	k := smallKnown(t, files)
	dir, env, cache := t.TempDir(), t.TempDir(), t.TempDir()
	k.system = t.TempDir()
	t.Setenv(EnvDir, env)
	opts := Options{Dir: dir, CacheDir: cache, NoDownload: true}
	for _, place := range []string{k.system, filepath.Join(cache, k.folder), env, dir} {
		write(t, place, "", files)
		d, err := k.load(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		if d.Source != place {
			t.Errorf("loaded from %s, expected %s", d.Source, place)
		}
	}
}

// Your own files are accepted in Dir, and only there.
func TestLoadOwnFiles(t *testing.T) {
	isolate(t)
	k := smallKnown(t, smallFiles(6, 4))
	dir := t.TempDir()
	write(t, dir, ".gz", smallFiles(5, 3))
	d, err := k.load(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.N != 5 || d.Test.N != 3 || d.Published || !strings.Contains(d.Source, "not the published files") {
		t.Errorf("%d and %d images from %q, published: %v", d.Train.N, d.Test.N, d.Source, d.Published)
	}
	// Of the ten classes the labels name five, which OwnClasses takes.
	if d.Name != "small" || len(d.ClassNames) != 10 {
		t.Errorf("%q with the classes %q", d.Name, d.ClassNames)
	}
	if d, err = k.load(t.Context(), Options{Dir: dir, OwnClasses: true}); err != nil || d.Name != "own" || len(d.ClassNames) != 5 || d.Published {
		t.Errorf("own classes: %+v, error %v", d, err)
	}
	write(t, dir, ".gz", smallFiles(11, 3)) // all ten
	if d, err = k.load(t.Context(), Options{Dir: dir, OwnClasses: true}); err != nil || d.Name != "small" || len(d.ClassNames) != 10 || d.Published {
		t.Errorf("own files with as many classes: %+v, error %v", d, err)
	}
	t.Setenv(EnvDir, dir)
	var bad *FormatError
	if _, err := k.load(t.Context(), Options{}); !errors.As(err, &bad) || !strings.Contains(err.Error(), k.sums[0]) {
		t.Errorf("the same files by %s: error %v", EnvDir, err)
	}
}

// MNIST's files have the same names as Fashion-MNIST's.
func TestLoadOtherSet(t *testing.T) {
	isolate(t)
	dir := t.TempDir()
	for _, name := range fileNames {
		data, err := embedded.ReadFile("data/" + name + ".gz")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".gz"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Load(t.Context(), "mnist", Options{Dir: dir})
	if err != nil || d.Source != dir || !d.Published {
		t.Errorf("MNIST: %+v, error %v", d, err)
	}
	_, err = Load(t.Context(), "fashion", Options{Dir: dir})
	var bad *FormatError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), "which is MNIST's train-images-idx3-ubyte") {
		t.Errorf("MNIST's files as Fashion-MNIST: error %v", err)
	}
}

func TestLoadFS(t *testing.T) {
	fsys := fstest.MapFS{}
	for name, data := range smallFiles(6, 4) {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	d, err := LoadFS(t.Context(), fsys)
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
	if !slices.Equal(d.ClassNames, []string{"0", "1", "2", "3", "4", "5"}) {
		t.Errorf("classes %q", d.ClassNames)
	}

	delete(fsys, fileNames[testLabels])
	if _, err := LoadFS(t.Context(), fsys); err == nil || !strings.Contains(err.Error(), fileNames[testLabels]) {
		t.Errorf("without test labels: error %v", err)
	}
	if _, err := LoadFS(t.Context(), fstest.MapFS{}); !errors.Is(err, errNoFiles) {
		t.Errorf("without files: error %v", err)
	}
	for name, data := range smallFiles(6, 4) {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	fsys[fileNames[testImages]].Data = idxBytes(magicImages, []uint32{4, 5, 5}, count(100))
	if _, err := LoadFS(t.Context(), fsys); err == nil || !strings.Contains(err.Error(), "found 5×5, expected 28×28") {
		t.Errorf("test images of another size: error %v", err)
	}
	if _, err := LoadFS(t.Context(), lockedFS{fsys}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("files that may not be read: error %v", err)
	}
}

// lockedFS is a file system whose files may not be read.
type lockedFS struct{ fs.FS }

func (l lockedFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

// The real Fashion-MNIST, where this machine has it.
func TestLoadFashion(t *testing.T) {
	d, err := Load(t.Context(), "fashion", Options{NoDownload: true})
	var missing *NotFoundError
	kerneltest.Require(t, "fashion", !errors.As(err, &missing), fmt.Sprint(err))
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.N != 60000 || d.Test.N != 10000 || !d.Published || d.ClassNames[d.Test.Labels[0]] != "Ankle boot" {
		t.Errorf("%d and %d images, published: %v, first test image %q",
			d.Train.N, d.Test.N, d.Published, d.ClassNames[d.Test.Labels[0]])
	}
}

func BenchmarkLoadEmbedded(b *testing.B) {
	for b.Loop() {
		if _, err := Load(b.Context(), "mnist", Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
