package mnist

// The IDX format, as defined on the MNIST database's page:
//
//	2 bytes   zero
//	1 byte    the type of the values: 0x08 unsigned bytes, and five others
//	1 byte    the number of dimensions, n
//	n × 4     each dimension, big-endian, unsigned
//	the rest  the values, row-major
//
// The first four bytes are called the magic number: 0x00000803 for images
// (number, rows, columns), 0x00000801 for labels (number).

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

const (
	idxUnsignedByte = 0x08
	maxIDXDims      = 8

	magicImages = 0x00000803
	magicLabels = 0x00000801
)

// idxTypes names the value types that the format defines.
var idxTypes = map[byte]string{
	0x08: "unsigned byte", 0x09: "signed byte", 0x0B: "short",
	0x0C: "int", 0x0D: "float", 0x0E: "double",
}

// IDX is an array of unsigned bytes read from an IDX file.
type IDX struct {
	Dims []int   // the size of each dimension, 1 to 8 of them
	Data []uint8 // the values, row-major; as many as the product of Dims
}

// magic returns the magic number of an IDX file of this array.
func (x *IDX) magic() uint32 {
	return idxUnsignedByte<<8 | uint32(len(x.Dims))
}

// header returns the part of the file before the values.
func (x *IDX) header() []byte {
	header := binary.BigEndian.AppendUint32(nil, x.magic())
	for _, dim := range x.Dims {
		header = binary.BigEndian.AppendUint32(header, uint32(dim))
	}
	return header
}

// ReadIDX reads an array of unsigned bytes in the IDX format, up to the end
// of r. Contents compressed with gzip are recognised and decompressed. The
// name is only used in errors.
//
// Wrong contents give a *FormatError: a wrong magic number, values that are not
// unsigned bytes, contents shorter or longer than the dimensions say, or contents
// that expand beyond what the compressed size justifies.
func ReadIDX(r io.Reader, name string) (*IDX, error) {
	size := int64(-1)
	if known, ok := r.(interface{ Len() int }); ok {
		size = int64(known.Len())
	}
	return readIDX(r, size, name)
}

// ReadIDXFile reads the IDX file called name in fsys, as ReadIDX does.
func ReadIDXFile(fsys fs.FS, name string) (*IDX, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readIDX(f, fileSize(f), name)
}

// fileSize returns a regular file's size, or -1 if it is unknown.
func fileSize(f fs.File) int64 {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	return info.Size()
}

// readIDX reads from r, which holds size bytes (-1: unknown).
func readIDX(r io.Reader, size int64, name string) (*IDX, error) {
	counted := &countingReader{r: r}
	buffered := bufio.NewReaderSize(counted, 64<<10)
	var contents io.Reader = buffered
	start, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	compressed := len(start) == 2 && start[0] == 0x1f && start[1] == 0x8b
	if compressed {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, damageError(name, err)
		}
		contents = unzipped
	}

	dims, total, err := readIDXHeader(contents, name)
	if err != nil {
		return nil, err
	}
	header := int64(4 + 4*len(dims))
	if !compressed && size >= 0 && size-header != int64(total) {
		return nil, &FormatError{
			File:     name,
			Thing:    "length of the values",
			Found:    fmt.Sprintf("%d bytes after the header", size-header),
			Expected: fmt.Sprintf("%d, for %s", total, formatSizes(dims)),
			Err:      lengthError(size-header, int64(total)),
		}
	}

	first := 0
	limit := func() int64 { return justified(counted.n) }
	if size >= 0 {
		first = int(min(int64(total), expansionRatio*size))
		limit = func() int64 { return justified(size) }
	}
	data, err := readSteps(contents, total, first, limit)
	if err != nil {
		return nil, valuesError(name, dims, total, len(data), err)
	}
	// One more read detects the end, and with gzip verifies the checksum.
	var extra [1]byte
	switch n, err := io.ReadFull(contents, extra[:]); {
	case n > 0:
		return nil, &FormatError{
			File:     name,
			Thing:    "end of the file",
			Found:    "more bytes",
			Expected: fmt.Sprintf("the end after %d values, for %s", total, formatSizes(dims)),
		}
	case !errors.Is(err, io.EOF):
		return nil, damageError(name, err)
	}
	return &IDX{Dims: dims, Data: data}, nil
}

// readIDXHeader reads the magic number and the dimensions, and returns the
// dimensions and their product.
func readIDXHeader(r io.Reader, name string) (dims []int, total int, err error) {
	var magic [4]byte
	if n, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, 0, headerError(name, "magic number", n, len(magic), err)
	}
	number := fmt.Sprintf("0x%08x", binary.BigEndian.Uint32(magic[:]))
	if magic[0] != 0 || magic[1] != 0 {
		return nil, 0, &FormatError{File: name, Thing: "magic number", Found: number,
			Expected: "one that begins with two zero bytes, such as 0x00000803 for images or 0x00000801 for labels"}
	}
	if magic[2] != idxUnsignedByte {
		kind, known := idxTypes[magic[2]]
		if !known {
			kind = "unknown"
		}
		return nil, 0, &FormatError{File: name, Thing: "type of the values",
			Found:    fmt.Sprintf("0x%02x (%s) in the magic number %s", magic[2], kind, number),
			Expected: "0x08 (unsigned byte)"}
	}
	count := int(magic[3])
	if count < 1 || count > maxIDXDims {
		return nil, 0, &FormatError{File: name, Thing: "number of dimensions",
			Found:    fmt.Sprintf("%d in the magic number %s", count, number),
			Expected: fmt.Sprintf("1 to %d", maxIDXDims)}
	}
	raw := make([]byte, 4*count)
	if n, err := io.ReadFull(r, raw); err != nil {
		return nil, 0, headerError(name, "dimensions", n, len(raw), err)
	}
	dims = make([]int, count)
	for i := range dims {
		dim := binary.BigEndian.Uint32(raw[4*i:])
		if dim > 1<<31-1 {
			return nil, 0, &FormatError{File: name, Thing: fmt.Sprintf("dimension %d", i),
				Found: fmt.Sprint(dim), Expected: "at most 2147483647"}
		}
		dims[i] = int(dim)
	}
	total, ok := product(dims)
	if !ok {
		return nil, 0, &FormatError{File: name, Thing: "number of values",
			Found: formatSizes(dims) + ", which overflows", Expected: "a number that memory can hold"}
	}
	return dims, total, nil
}

// valuesError reports that only got of total values arrived.
func valuesError(name string, dims []int, total, got int, err error) error {
	expected := fmt.Sprintf("%d, for %s", total, formatSizes(dims))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &FormatError{File: name, Thing: "length of the values",
			Found:    fmt.Sprintf("the end of the file after %d bytes", got),
			Expected: expected, Err: err}
	case errors.Is(err, errExpansion):
		return &FormatError{File: name, Thing: "length of the values",
			Found: fmt.Sprintf("%s, which is more than %d MiB + %d times the file's size",
				expected, expansionFloor>>20, expansionRatio),
			Expected: "a length that the compressed file's size justifies", Err: err}
	}
	return damageError(name, err)
}

// WriteIDX writes the array in the IDX format, uncompressed. The dimensions
// must be 1 to 8 sizes whose product is the number of values.
func WriteIDX(w io.Writer, x *IDX) error {
	total, ok := product(x.Dims)
	if len(x.Dims) < 1 || len(x.Dims) > maxIDXDims || !ok || total != len(x.Data) {
		return fmt.Errorf("write IDX: %d values for the dimensions %s", len(x.Data), formatSizes(x.Dims))
	}
	for i, dim := range x.Dims {
		if int64(dim) > 1<<31-1 {
			return fmt.Errorf("write IDX: dimension %d is %d, expected at most 2147483647", i, dim)
		}
	}
	if _, err := w.Write(x.header()); err != nil {
		return err
	}
	_, err := w.Write(x.Data)
	return err
}
