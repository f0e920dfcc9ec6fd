package mnist

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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
