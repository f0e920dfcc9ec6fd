package mnist

// The .npy format, as defined by numpy.lib.format:
//
//	6 bytes   \x93NUMPY
//	2 bytes   the version, major and minor: 1.0, 2.0 or 3.0
//	2 or 4    the header's length, little-endian; 2 bytes in version 1.0
//	header    a Python dictionary, spaces, a newline; its end is aligned to 64
//	the rest  the values
//
// Version 3.0 differs from 2.0 only in that the header is UTF-8.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"baregrad/internal/regular"
)

const (
	npyMagic = "\x93NUMPY"
	// maxNPYHeader is also NumPy's limit.
	maxNPYHeader = 10000
)

// Array is an array as NumPy saves it.
type Array struct {
	// Shape has the size of each dimension; it is empty for a single number.
	Shape []int
	// Data holds the values, row-major. It is a []float32, []float64, []uint8,
	// []int32 or []int64.
	Data any
}

// Len returns the number of values, or -1 if Data does not have one of the five
// types.
func (a *Array) Len() int {
	switch data := a.Data.(type) {
	case []float32:
		return len(data)
	case []float64:
		return len(data)
	case []uint8:
		return len(data)
	case []int32:
		return len(data)
	case []int64:
		return len(data)
	}
	return -1
}

// DType returns NumPy's name for the type of the values: "<f4" for float32,
// "<f8" for float64, "|u1" for uint8, "<i4" for int32 and "<i8" for int64. It
// is empty for any other type.
func (a *Array) DType() string {
	switch a.Data.(type) {
	case []float32:
		return "<f4"
	case []float64:
		return "<f8"
	case []uint8:
		return "|u1"
	case []int32:
		return "<i4"
	case []int64:
		return "<i8"
	}
	return ""
}

// Float32 returns the values as float32: the array's own memory if it holds float32,
// and otherwise a rounded copy. It panics if Data does not have one of the five types.
func (a *Array) Float32() []float32 {
	switch data := a.Data.(type) {
	case []float32:
		return data
	case []float64:
		return toFloat32(data)
	case []uint8:
		return toFloat32(data)
	case []int32:
		return toFloat32(data)
	case []int64:
		return toFloat32(data)
	}
	panic(fmt.Sprintf("mnist: an Array of %T", a.Data))
}

func toFloat32[T float64 | uint8 | int32 | int64](values []T) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

// Int32 returns the values as int32, the type in which networks take class numbers: the
// array's own memory if it holds int32, and otherwise a copy. (NumPy's labels are
// int64.) A value that is not a whole number, or out of the range of int32, is an error.
// It panics if Data does not have one of the five types.
func (a *Array) Int32() ([]int32, error) {
	switch data := a.Data.(type) {
	case []int32:
		return data, nil
	case []float32:
		return toInt32(data)
	case []float64:
		return toInt32(data)
	case []uint8:
		return toInt32(data)
	case []int64:
		return toInt32(data)
	}
	panic(fmt.Sprintf("mnist: an Array of %T", a.Data))
}

func toInt32[T float32 | float64 | uint8 | int64](values []T) ([]int32, error) {
	out := make([]int32, len(values))
	for i, v := range values {
		// float64 represents every int32 exactly.
		if f := float64(v); !(f >= math.MinInt32 && f <= math.MaxInt32 && f == math.Trunc(f)) {
			return nil, fmt.Errorf("mnist: value %d of the array is %v, expected a whole number from %d to %d", i, v, math.MinInt32, math.MaxInt32)
		}
		out[i] = int32(v)
	}
	return out, nil
}

// check returns an error if the array's values do not fit its shape.
func (a *Array) check() error {
	if a == nil {
		return errors.New("no array")
	}
	if a.DType() == "" {
		return fmt.Errorf("values of type %T, expected []float32, []float64, []uint8, []int32 or []int64", a.Data)
	}
	if total, ok := product(a.Shape); !ok || total != a.Len() {
		return fmt.Errorf("%d values for the shape %s", a.Len(), formatShape(a.Shape))
	}
	if len(a.Shape) > maxNPYDims {
		return fmt.Errorf("%d dimensions, expected at most %d", len(a.Shape), maxNPYDims)
	}
	return nil
}

// formatShape formats a shape as a Python tuple.
func formatShape(shape []int) string {
	var b strings.Builder
	for i, size := range shape {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(size))
	}
	if len(shape) == 1 {
		b.WriteString(",")
	}
	return "(" + b.String() + ")"
}

// ReadNPY reads an array in NumPy's .npy format, up to the end of r. The name is
// only used in errors. Values must be <f4, <f8, |u1, <i4 or <i8; the error for another
// type names it. An array in Fortran order is converted to row-major order.
//
// Wrong contents give a *FormatError.
func ReadNPY(r io.Reader, name string) (*Array, error) {
	size := int64(-1)
	if known, ok := r.(interface{ Len() int }); ok {
		size = int64(known.Len())
	}
	return readNPY(r, size, size, name)
}

// ReadNPYFile reads the .npy file at path, as ReadNPY does.
func ReadNPYFile(path string) (*Array, error) {
	f, size, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readNPY(f, size, size, path)
}

// readNPY reads from r, which holds size bytes (-1: unknown) that take up stored
// bytes of a file (fewer if compressed).
func readNPY(r io.Reader, size, stored int64, name string) (*Array, error) {
	h, start, err := readNPYHeader(r, name)
	if err != nil {
		return nil, err
	}
	itemSize := map[string]int{"<f4": 4, "<f8": 8, "|u1": 1, "<i4": 4, "<i8": 8}[h.descr]
	if itemSize == 0 {
		return nil, &FormatError{File: name, Thing: "type of the values",
			Found: describeDescr(h.descr), Expected: npyTypesText}
	}
	total, ok := product(append(slices.Clone(h.shape), itemSize))
	if !ok {
		return nil, &FormatError{File: name, Thing: "shape",
			Found: formatShape(h.shape) + ", which overflows", Expected: "a size that memory can hold"}
	}
	expected := fmt.Sprintf("%d, for the shape %s of %s", total, formatShape(h.shape), h.descr)
	if size >= 0 && size-start != int64(total) {
		return nil, &FormatError{File: name, Thing: "length of the values",
			Found:    fmt.Sprintf("%d bytes after the header", size-start),
			Expected: expected, Err: lengthError(size-start, int64(total))}
	}
	first := 0
	if size >= 0 {
		first = int(min(int64(total), expansionRatio*stored))
	}
	raw, err := readSteps(r, total, first, func() int64 { return math.MaxInt64 })
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &FormatError{File: name, Thing: "length of the values",
			Found: fmt.Sprintf("the end of the file after %d bytes", len(raw)), Expected: expected, Err: err}
	}
	if err != nil {
		return nil, damageError(name, err)
	}
	var extra [1]byte
	switch n, err := io.ReadFull(r, extra[:]); {
	case n > 0:
		return nil, &FormatError{File: name, Thing: "end of the file", Found: "more bytes",
			Expected: "the end after " + expected}
	case !errors.Is(err, io.EOF):
		return nil, damageError(name, err)
	}
	a := &Array{Shape: h.shape}
	switch h.descr {
	case "<f4":
		a.Data = decode(raw, h, 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) })
	case "<f8":
		a.Data = decode(raw, h, 8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
	case "|u1":
		a.Data = rowMajor(raw, h)
	case "<i4":
		a.Data = decode(raw, h, 4, func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) })
	case "<i8":
		a.Data = decode(raw, h, 8, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) })
	}
	return a, nil
}

// readNPYHeader reads everything before the values, and returns the header's contents
// and the number of bytes read.
func readNPYHeader(r io.Reader, name string) (h npyHeader, start int64, err error) {
	var intro [8]byte
	if n, err := io.ReadFull(r, intro[:]); err != nil {
		return h, 0, headerError(name, "magic string and version", n, len(intro), err)
	}
	if string(intro[:6]) != npyMagic {
		return h, 0, &FormatError{File: name, Thing: "magic string",
			Found: fmt.Sprintf("%q", intro[:6]), Expected: fmt.Sprintf("%q", npyMagic)}
	}
	major, minor := intro[6], intro[7]
	if major < 1 || major > 3 || minor != 0 {
		return h, 0, &FormatError{File: name, Thing: "version",
			Found: fmt.Sprintf("%d.%d", major, minor), Expected: "1.0, 2.0 or 3.0"}
	}
	sizeBytes := make([]byte, 2)
	if major > 1 {
		sizeBytes = make([]byte, 4)
	}
	if n, err := io.ReadFull(r, sizeBytes); err != nil {
		return h, 0, headerError(name, "length of the header", n, len(sizeBytes), err)
	}
	var length uint32
	if major > 1 {
		length = binary.LittleEndian.Uint32(sizeBytes)
	} else {
		length = uint32(binary.LittleEndian.Uint16(sizeBytes))
	}
	if length > maxNPYHeader {
		return h, 0, &FormatError{File: name, Thing: "length of the header",
			Found: fmt.Sprint(length), Expected: fmt.Sprintf("at most %d", maxNPYHeader)}
	}
	text := make([]byte, length)
	if n, err := io.ReadFull(r, text); err != nil {
		return h, 0, headerError(name, "header", n, len(text), err)
	}
	h, err = parseNPYHeader(string(text))
	if err != nil {
		bad := &FormatError{File: name, Thing: "header", Found: err.Error(), Expected: "a header as NumPy writes it", Err: err}
		if syntax := (*headerSyntax)(nil); errors.As(err, &syntax) {
			bad.Found, bad.Expected = syntax.found, syntax.expected
		}
		return h, 0, bad
	}
	return h, int64(len(intro)+len(sizeBytes)) + int64(length), nil
}

// decode converts raw to values of itemSize bytes each, in row-major order.
func decode[T any](raw []byte, h npyHeader, itemSize int, value func([]byte) T) []T {
	out := make([]T, len(raw)/itemSize)
	for i := range out {
		out[i] = value(raw[i*itemSize:])
	}
	return rowMajor(out, h)
}

// rowMajor converts values from Fortran order, in which the first index varies
// fastest, to row-major order, in which the last one does. Values that are already in
// row-major order are returned as they are.
func rowMajor[T any](values []T, h npyHeader) []T {
	if !h.fortran || len(h.shape) < 2 || len(values) == 0 {
		return values
	}
	strides := make([]int, len(h.shape)) // of the Fortran order, in values
	stride := 1
	for i, size := range h.shape {
		strides[i] = stride
		stride *= size
	}
	out := make([]T, len(values))
	index := make([]int, len(h.shape))
	from := 0
	for i := range out {
		out[i] = values[from]
		// Increment the index, its last part first.
		for d := len(index) - 1; d >= 0; d-- {
			index[d]++
			from += strides[d]
			if index[d] < h.shape[d] {
				break
			}
			from -= index[d] * strides[d]
			index[d] = 0
		}
	}
	return out
}

// WriteNPY writes the array in NumPy's .npy format, version 1.0, in row-major
// order.
func WriteNPY(w io.Writer, a *Array) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("write NPY: %w", err)
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", a.DType(), formatShape(a.Shape))
	// The values start at a multiple of 64. At most 64 dimensions of 20 digits keep
	// the header far below version 1.0's limit of 65535 bytes.
	start := (len(npyMagic) + 4 + len(text) + 1 + 63) / 64 * 64
	header := append([]byte(npyMagic), 1, 0)
	header = binary.LittleEndian.AppendUint16(header, uint16(start-len(npyMagic)-4))
	header = append(header, text...)
	for len(header) < start-1 {
		header = append(header, ' ')
	}
	header = append(header, '\n')
	if _, err := w.Write(header); err != nil {
		return err
	}
	if data, ok := a.Data.([]uint8); ok {
		_, err := w.Write(data)
		return err
	}
	return binary.Write(w, binary.LittleEndian, a.Data)
}
