package mnist

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
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
