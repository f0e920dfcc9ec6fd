package mnist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"baregrad/kernels/kerneltest"
)

// isolate keeps a test away from the user's data sets and cache.
func isolate(t *testing.T) (cache string) {
	t.Helper()
	t.Setenv(EnvDir, "")
	cache = t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	t.Setenv("LocalAppData", cache)
	return cache
}

// smallFiles returns the four files of a data set of 28×28 images.
func smallFiles(train, test int) map[string][]byte {
	images := func(n int) []byte {
		return idxBytes(magicImages, []uint32{uint32(n), 28, 28}, count(n*28*28))
	}
	labels := func(n int) []byte {
		values := make([]byte, n)
		for i := range values {
			values[i] = byte(i % 10)
		}
		return idxBytes(magicLabels, []uint32{uint32(n)}, values)
	}
	return map[string][]byte{
		fileNames[trainImages]: images(train),
		fileNames[trainLabels]: labels(train),
		fileNames[testImages]:  images(test),
		fileNames[testLabels]:  labels(test),
	}
}

// smallKnown returns a data set as Load knows them, whose published files are
// the given ones. It is nowhere on this machine.
func smallKnown(t *testing.T, files map[string][]byte) *known {
	t.Helper()
	k := &known{
		name: "small", title: "Small", folder: "small-set",
		classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		system:  filepath.Join(t.TempDir(), "absent"),
		hint:    "install small",
	}
	for i, name := range fileNames {
		x, err := ReadIDX(bytes.NewReader(files[name]), name)
		if err != nil {
			t.Fatal(err)
		}
		k.sums[i] = x.sum()
	}
	return k
}

// write puts files, with a suffix on each name, in a folder.
func write(t *testing.T, dir, suffix string, files map[string][]byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if suffix == ".gz" {
			data = gzipped(t, data)
		}
		if err := os.WriteFile(filepath.Join(dir, name+suffix), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checkSmall checks that a data set is that of smallFiles(6, 4).
func checkSmall(t *testing.T, d *Dataset) {
	t.Helper()
	if d.Train.N != 6 || d.Test.N != 4 {
		t.Errorf("%d and %d images, expected 6 and 4", d.Train.N, d.Test.N)
	}
	for _, s := range []Set{d.Train, d.Test} {
		if s.Rows != 28 || s.Cols != 28 || len(s.Images) != s.N*784 || len(s.Labels) != s.N {
			t.Errorf("%d images of %d×%d, %d pixels, %d labels", s.N, s.Rows, s.Cols, len(s.Images), len(s.Labels))
		}
	}
	if !bytes.Equal(d.Train.Images, count(6*784)) || !bytes.Equal(d.Test.Labels, count(4)) {
		t.Error("the contents differ")
	}
}

var loadMNIST = sync.OnceValues(func() (*Dataset, error) {
	return Load(context.Background(), "mnist", Options{})
})

// testMNIST returns MNIST for tests that only look at it.
func testMNIST(t testing.TB) *Dataset {
	t.Helper()
	d, err := loadMNIST()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

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

func TestLoadErrors(t *testing.T) {
	isolate(t)
	ten := idxBytes(magicLabels, []uint32{6}, []byte{0, 1, 2, 3, 10, 5})
	change := func(name string, data []byte) map[string][]byte {
		files := smallFiles(6, 4)
		files[name] = data
		return files
	}
	good := smallFiles(6, 4)
	tests := []struct {
		name  string
		files map[string][]byte
		want  []string
	}{
		{"none of the files", map[string][]byte{"notes.txt": nil}, []string{"none of", "train-images-idx3-ubyte", "embedded MNIST"}},
		{"one file missing", map[string][]byte{fileNames[0]: good[fileNames[0]], fileNames[1]: good[fileNames[1]], fileNames[2]: good[fileNames[2]]},
			[]string{"MNIST", "missing t10k-labels-idx1-ubyte", ".gz"}},
		{"truncated", change(fileNames[testImages], good[fileNames[testImages]][:1000]),
			[]string{"t10k-images-idx3-ubyte", "984 bytes", "expected 3136, for 4×28×28"}},
		{"label out of range", change(fileNames[trainLabels], ten),
			[]string{"train-labels-idx1-ubyte", "label 4", "found 10", "expected 0 to 9"}},
		{"fewer labels than images", change(fileNames[trainLabels], good[fileNames[testLabels]]),
			[]string{"train-labels-idx1-ubyte", "number of labels", "found 4", "expected 6", "train-images-idx3-ubyte"}},
		{"more labels than images", change(fileNames[testLabels], good[fileNames[trainLabels]]),
			[]string{"t10k-labels-idx1-ubyte", "found 6", "expected 4"}},
		{"labels as images", change(fileNames[trainImages], good[fileNames[trainLabels]]),
			[]string{"train-images-idx3-ubyte", "magic number", "0x00000801", "0x00000803"}},
		{"images as labels", change(fileNames[testLabels], good[fileNames[testImages]]),
			[]string{"t10k-labels-idx1-ubyte", "magic number", "0x00000803", "0x00000801"}},
		{"no images", change(fileNames[testImages], idxBytes(magicImages, []uint32{0, 28, 28}, nil)),
			[]string{"t10k-images-idx3-ubyte", "number of images", "found 0", "at least 1"}},
		{"images without pixels", change(fileNames[testImages], idxBytes(magicImages, []uint32{4, 0, 28}, nil)),
			[]string{"t10k-images-idx3-ubyte", "size of the images", "0×28", "at least 1×1"}},
		{"images of another size", change(fileNames[testImages], idxBytes(magicImages, []uint32{4, 14, 56}, count(4*784))),
			[]string{"t10k-images-idx3-ubyte", "size of the images", "14×56", "28×28"}},
	}
	for _, test := range tests {
		dir := t.TempDir()
		write(t, dir, "", test.files)
		d, err := Load(t.Context(), "mnist", Options{Dir: dir})
		if err == nil || d != nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		for _, part := range append(test.want, dir) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error %q does not contain %q", test.name, err, part)
			}
		}
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		if _, err := Load(t.Context(), name, Options{Dir: file}); err == nil || !strings.Contains(err.Error(), file+": neither a folder nor a .npz file") {
			t.Errorf("%s from a file in place of a folder: error %v", name, err)
		}
		if _, err := Load(t.Context(), name, Options{Dir: file + "-absent"}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s from an absent folder: error %v", name, err)
		}
	}
}

func TestLoadNotFound(t *testing.T) {
	isolate(t)
	k := smallKnown(t, smallFiles(6, 4))
	dir, env, cache := t.TempDir(), t.TempDir(), t.TempDir()
	check := func(err error, want ...string) {
		t.Helper()
		var missing *NotFoundError
		if !errors.As(err, &missing) || !errors.Is(err, errNoDownload) {
			t.Fatalf("error %v, expected a *NotFoundError", err)
		}
		for _, part := range append(want, "Small", k.system, filepath.Join(cache, "small-set"),
			EnvDir, "train-images-idx3-ubyte.gz", "install small") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("the error %q does not contain %q", err, part)
			}
		}
	}
	_, err := k.load(t.Context(), Options{CacheDir: cache, NoDownload: true})
	check(err, EnvDir+" (not set)")
	t.Setenv(EnvDir, env)
	_, err = k.load(t.Context(), Options{Dir: dir, CacheDir: cache, NoDownload: true})
	check(err, dir, env+" ("+EnvDir+")")
	// What is wrong in the cache is told as well.
	write(t, filepath.Join(cache, k.folder), "", smallFiles(5, 3))
	_, err = k.load(t.Context(), Options{CacheDir: cache, NoDownload: true})
	check(err, k.sums[0])
}

// A user without a home folder has no cache; other places still serve.
func TestLoadWithoutCache(t *testing.T) {
	isolate(t)
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	files := smallFiles(6, 4)
	k := smallKnown(t, files)
	if _, err := k.load(t.Context(), Options{}); !errors.Is(err, errNoCache) {
		t.Errorf("error %v, expected %v", err, errNoCache)
	}
	k.system = t.TempDir()
	write(t, k.system, "", files)
	d, err := k.load(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, d)
}

func TestLoadUnknownName(t *testing.T) {
	tests := []struct {
		name    string
		nearest []string
	}{
		{"fasion", []string{"fashion"}},
		{"mnits", []string{"mnist"}},
		{"mmist", []string{"mnist"}},
		{"FashionMNIST", []string{"fashion-mnist"}},
		{"digit", []string{"digits"}},
		{"cifar10", nil},
		{"", nil},
	}
	for _, test := range tests {
		_, err := Load(t.Context(), test.name, Options{})
		var unknown *UnknownNameError
		if !errors.As(err, &unknown) {
			t.Errorf("%q: error %v, expected an *UnknownNameError", test.name, err)
			continue
		}
		if !slices.Equal(unknown.Nearest, test.nearest) {
			t.Errorf("%q: nearest %q, expected %q", test.name, unknown.Nearest, test.nearest)
		}
		for _, part := range append(Names(), test.nearest...) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: the error %q does not contain %q", test.name, err, part)
			}
		}
	}
	for _, name := range []string{"fashion", "fashion-mnist", "fashion_mnist", "Fashion-MNIST", " fashion "} {
		if k, err := lookup(name); err != nil || k.name != "fashion" {
			t.Errorf("%q: %v, error %v", name, k, err)
		}
	}
}

func TestLoadCancelled(t *testing.T) {
	isolate(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	write(t, dir, "", smallFiles(6, 4))
	for _, opts := range []Options{{}, {Dir: dir}} {
		if d, err := Load(ctx, "mnist", opts); !errors.Is(err, context.Canceled) || d != nil {
			t.Errorf("%+v: error %v, expected %v", opts, err, context.Canceled)
		}
	}
	if _, err := Load(ctx, "fashion", Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("fashion: error %v, expected %v", err, context.Canceled)
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

func TestSetSlices(t *testing.T) {
	s := Set{Images: count(5 * 6), Labels: count(5), N: 5, Rows: 2, Cols: 3}
	if got := s.Image(2); !bytes.Equal(got, []byte{12, 13, 14, 15, 16, 17}) {
		t.Errorf("image 2: %v", got)
	}
	part := s.Slice(1, 3)
	if got := part.Int32Labels(); !slices.Equal(got, []int32{int32(part.Labels[0]), int32(part.Labels[1])}) || len(got) != 2 {
		t.Errorf("labels %d as int32, want %d", got, part.Labels)
	}
	if part.N != 2 || !bytes.Equal(part.Labels, []byte{1, 2}) || !bytes.Equal(part.Image(0), s.Image(1)) {
		t.Errorf("slice [1:3]: %+v", part)
	}
	copied := s.Clone()
	copied.Images[0], copied.Labels[0] = 99, 99
	if s.Images[0] != 0 || s.Labels[0] != 0 {
		t.Error("a clone shares memory")
	}
	for name, f := range map[string]func(){
		"image -1":    func() { s.Image(-1) },
		"image 5":     func() { s.Image(5) },
		"slice [3:2]": func() { s.Slice(3, 2) },
		"slice [0:6]": func() { s.Slice(0, 6) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, name) {
					t.Errorf("%s: panic %q", name, got)
				}
			}()
			f()
		}()
	}
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
