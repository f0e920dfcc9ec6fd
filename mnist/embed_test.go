package mnist

import (
	"crypto/md5"
	"encoding/hex"
	"testing"
)

// The embedded files are those that were published: their MD5 sums are the
// ones that the database's mirrors have listed ever since.
func TestEmbeddedFilesAreThePublishedOnes(t *testing.T) {
	published := map[string]string{
		"train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
		"train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
		"t10k-images-idx3-ubyte.gz":  "9fb629c4189551a2d022fa330f9573f3",
		"t10k-labels-idx1-ubyte.gz":  "ec29112dd5afa0611ce80d1b7f02629c",
	}
	entries, err := embedded.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(published) {
		t.Errorf("%d files are embedded, expected %d", len(entries), len(published))
	}
	for name, want := range published {
		data, err := embedded.ReadFile("data/" + name)
		if err != nil {
			t.Error(err)
			continue
		}
		sum := md5.Sum(data)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s: MD5 sum %s, expected %s", name, got, want)
		}
	}
}
