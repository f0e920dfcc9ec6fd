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

// FormatError reports a file whose contents are not what its format, or the
// rest of the data set, demands.
type FormatError struct {
	File     string // the file's name
	Thing    string // what was looked at, such as "magic number"
	Found    string // what is there
	Expected string // what should be there
	Err      error  // the error underneath, where there is one
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

// Unwrap returns the error underneath, or nil.
func (e *FormatError) Unwrap() error { return e.Err }

// A compressed file may claim to hold far more than anyone would put there (a
// "bomb"). Real pictures compress to a fifth; deflate itself can reach a
// thousandth. Readers give up when contents outgrow
//
//	16 MiB + 64 × the file's own size
//
// and they reach that much only step by step, as the contents arrive.
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

// product multiplies sizes as they stand in a file's header. It reports false
// where a size is negative or the product does not fit an int.
func product(sizes []int) (int, bool) {
	if slices.ContainsFunc(sizes, func(size int) bool { return size < 0 }) {
		return 0, false
	}
	if slices.Contains(sizes, 0) {
		return 0, true // whatever the others are
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

// formatSizes writes sizes as 60000×28×28.
func formatSizes(sizes []int) string {
	parts := make([]string, len(sizes))
	for i, size := range sizes {
		parts[i] = fmt.Sprint(size)
	}
	return strings.Join(parts, "×")
}

// countingReader counts the bytes that have passed through it.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// errExpansion is what readSteps returns for a bomb.
var errExpansion = errors.New("the contents outgrow what the file's size justifies")

// readSteps reads total bytes from r. It begins with room for first bytes and
// doubles the room as the contents arrive, never past limit(), which may grow
// while r is read. It returns what it got, and io.ErrUnexpectedEOF where that
// is less than total.
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

// lengthError is the error underneath where a file has got bytes instead of
// want: io.ErrUnexpectedEOF where it is too short.
func lengthError(got, want int64) error {
	if got < want {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// headerError reports that got of want bytes of a part of the header came.
func headerError(name, thing string, got, want int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &FormatError{File: name, Thing: thing,
			Found:    fmt.Sprintf("the end of the file after %d bytes", got),
			Expected: fmt.Sprintf("%d bytes", want), Err: io.ErrUnexpectedEOF}
	}
	return damageError(name, err)
}

// damageError makes a FormatError of what gzip, zip and flate say of damaged
// contents, and names the file in any other error.
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
