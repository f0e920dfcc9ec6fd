package terminal

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"baregrad/kernels/kerneltest"
)

// wrapped hands on to another writer.
type wrapped struct{ io.Writer }

func (w wrapped) Unwrap() io.Writer { return w.Writer }

// Neither memory nor a file is a terminal, whatever stands before it.
func TestWidthOfWhatIsNoTerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, w := range []io.Writer{&bytes.Buffer{}, file, wrapped{file}, wrapped{wrapped{&bytes.Buffer{}}}, wrapped{}} {
		if watched, columns := Width(w); watched || columns != 0 {
			t.Errorf("%T: %v, %d columns; want no terminal", w, watched, columns)
		}
	}
}

// A terminal is one behind another writer, too.
func TestWidthOfATerminal(t *testing.T) {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	kerneltest.Require(t, "terminal", err == nil && runtime.GOOS == "linux", fmt.Sprintf("Linux gives a new one by /dev/ptmx: %v", err))
	defer f.Close()
	for _, w := range []io.Writer{f, wrapped{f}, wrapped{wrapped{f}}} {
		if watched, _ := Width(w); !watched {
			t.Errorf("%T is not taken for a terminal", w)
		}
	}
}

func TestUnicode(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, true},
		{map[string]string{"LANG": "en_US.UTF-8"}, true},
		{map[string]string{"LANG": "de_DE.utf8"}, true},
		{map[string]string{"LANG": "C"}, true}, // names no character set
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, false},
		{map[string]string{"LC_ALL": "de_DE.ISO-8859-1", "LANG": "en_US.UTF-8"}, false},
		{map[string]string{"LC_CTYPE": "en_US.UTF-8", "LANG": "de_DE.ISO-8859-1"}, true},
	} {
		if got := Unicode(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %v, want %v", c.env, got, c.want)
		}
	}
}
