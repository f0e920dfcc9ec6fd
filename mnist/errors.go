package mnist

import (
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// FormatError reports a file whose contents do not match its format or the rest of
// the data set.
type FormatError struct {
	File     string // the file's name
	Thing    string // what was checked, such as "magic number"
	Found    string // what is there
	Expected string // what should be there
	Err      error  // the underlying error, if any
}

// Error names the file, the thing, what was found and what was expected.
func (e *FormatError) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ": ")
	}
	b.WriteString(e.Thing + ": found " + e.Found + ", expected " + e.Expected)
	return b.String()
}

// Unwrap returns the underlying error, or nil.
func (e *FormatError) Unwrap() error { return e.Err }

// A compressed file may claim to hold far more than it could reasonably contain (a
// "bomb"). Real pictures compress to a fifth; deflate itself can reach a thousandth.
// Readers give up if the contents exceed
//
//	16 MiB + 64 × the file's own size
//
// and they allocate that much only step by step, as the contents arrive.
const (
	expansionFloor = 16 << 20
	expansionRatio = 64
)

// justified returns how many bytes a file of size bytes may expand to.
func justified(size int64) int64 {
	if size < 0 {
		size = 0
	}
	const most = (1<<63 - 1 - expansionFloor) / expansionRatio
	return expansionFloor + expansionRatio*min(size, most)
}

// product multiplies sizes from a file's header. It reports false if a size is
// negative or the product does not fit an int.
func product(sizes []int) (int, bool) {
	if slices.ContainsFunc(sizes, func(size int) bool { return size < 0 }) {
		return 0, false
	}
	if slices.Contains(sizes, 0) {
		return 0, true // whatever the other sizes are
	}
	total := uint64(1)
	for _, size := range sizes {
		high, low := bits.Mul64(total, uint64(size))
		if high != 0 || low > math.MaxInt {
			return 0, false
		}
		total = low
	}
	return int(total), true
}

// formatSizes formats sizes as 60000×28×28.
func formatSizes(sizes []int) string {
	parts := make([]string, len(sizes))
	for i, size := range sizes {
		parts[i] = fmt.Sprint(size)
	}
	return strings.Join(parts, "×")
}

// countingReader counts the bytes read through it.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// errExpansion is the error of readSteps for a bomb.
var errExpansion = errors.New("the contents outgrow what the file's size justifies")

// readSteps reads total bytes from r. It starts with a buffer of first bytes and
// doubles it as the contents arrive, but never beyond limit(), which may grow while
// r is read. It returns what it got, and io.ErrUnexpectedEOF if that is less than
// total.
func readSteps(r io.Reader, total, first int, limit func() int64) ([]byte, error) {
	buf := make([]byte, 0, min(total, max(first, 64<<10)))
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) && len(buf) < total {
			err = io.ErrUnexpectedEOF
		}
		if len(buf) == total {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
		room := total
		if cap(buf) < total/2 {
			room = 2 * cap(buf)
		}
		if int64(room) > limit() {
			room = int(limit())
		}
		if room <= len(buf) {
			return buf, errExpansion
		}
		grown := make([]byte, len(buf), room)
		copy(grown, buf)
		buf = grown
	}
}

// lengthError is the underlying error of a file with got bytes instead of want:
// io.ErrUnexpectedEOF if it is too short.
func lengthError(got, want int64) error {
	if got < want {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// headerError reports that only got of want bytes of a part of the header arrived.
func headerError(name, thing string, got, want int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &FormatError{File: name, Thing: thing,
			Found:    fmt.Sprintf("the end of the file after %d bytes", got),
			Expected: fmt.Sprintf("%d bytes", want), Err: io.ErrUnexpectedEOF}
	}
	return damageError(name, err)
}

// damageError turns errors of gzip, zip and flate about damaged contents into a
// FormatError, and adds the file's name to any other error.
func damageError(name string, err error) error {
	bad := &FormatError{File: name, Thing: "compressed contents", Found: "damage (" + err.Error() + ")",
		Expected: "a whole file", Err: err}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		bad.Found, bad.Err = "the end of the file", io.ErrUnexpectedEOF
		return bad
	}
	for _, damage := range []error{gzip.ErrHeader, gzip.ErrChecksum, zip.ErrFormat, zip.ErrChecksum, zip.ErrAlgorithm} {
		if errors.Is(err, damage) {
			return bad
		}
	}
	if corrupt := flate.CorruptInputError(0); errors.As(err, &corrupt) {
		return bad
	}
	return fmt.Errorf("%s: %w", name, err)
}
