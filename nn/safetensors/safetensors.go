// Package safetensors reads and writes the safetensors file format, which PyTorch, JAX
// and others use for the weights of models: a length, a JSON header, and the numbers as
// they are in memory, little-endian, row by row.
//
//	8 bytes   n, the length of the header (unsigned, little-endian)
//	n bytes   {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}, padded with spaces
//	the rest  the tensors one after the other, without gaps; offsets count from here
//
// The header may hold "__metadata__", a map of strings. The format contains no code, and a
// reader can check everything before it allocates memory. This one refuses whatever the
// format does not allow, including duplicate names, and needs no more memory than the
// file's size. Open reads only the header, and the numbers of a tensor when they are
// requested.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// MaxHeader is the largest header that the format allows, in bytes.
const MaxHeader = 100_000_000

const metadataName = "__metadata__"

// A Tensor is a named array of numbers.
type Tensor struct {
	Name  string // unique in its file
	Type  string // the format's name for it: F32, F64, F16, BF16, I32, U8, …
	Shape []int  // the sizes of its axes; none for a single number
	Data  []byte // little-endian, row by row; nil for a tensor from Open

	source *io.SectionReader // the data of a tensor from Open
}

// A File is the contents of a safetensors file.
type File struct {
	Tensors  []Tensor          // in the order of their data
	Metadata map[string]string // further strings in the file; may be nil
}

// sizes maps the format's types to their size in bytes.
var sizes = map[string]int{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1,
	"I16": 2, "U16": 2, "F16": 2, "BF16": 2,
	"I32": 4, "U32": 4, "F32": 4,
	"I64": 8, "U64": 8, "F64": 8, "C64": 8,
}

// FromFloats makes a tensor of type F32.
func FromFloats(name string, values []float32, shape ...int) Tensor {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return Tensor{Name: name, Type: "F32", Shape: shape, Data: data}
}

// Floats returns the numbers of a tensor of type F32, F16, BF16 or F64 as float32. For a
// tensor from Open it reads them from the file.
func (t Tensor) Floats() ([]float32, error) {
	var bits func(b []byte) float32
	switch t.Type {
	case "F32":
		bits = func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
	case "F64":
		bits = func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }
	case "BF16": // the upper half of a float32
		bits = func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }
	case "F16":
		bits = func(b []byte) float32 { return fromHalf(binary.LittleEndian.Uint16(b)) }
	default:
		return nil, fmt.Errorf("safetensors: tensor %q has type %s, expected F32, F16, BF16 or F64", t.Name, t.Type)
	}
	size := sizes[t.Type]
	if t.source == nil {
		values := make([]float32, len(t.Data)/size)
		for i := range values {
			values[i] = bits(t.Data[i*size:])
		}
		return values, nil
	}
	values := make([]float32, t.source.Size()/int64(size))
	piece := make([]byte, min(t.source.Size(), readAtOnce))
	for done := 0; done < len(values); {
		count := min(len(values)-done, len(piece)/size)
		if _, err := t.source.ReadAt(piece[:count*size], int64(done*size)); err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
		}
		for i := range count {
			values[done+i] = bits(piece[i*size:])
		}
		done += count
	}
	return values, nil
}

// readAtOnce is the size of the pieces in which a tensor is read, in bytes.
const readAtOnce = 1 << 20

// fromHalf converts an IEEE 754 half: 1 sign bit, 5 exponent bits, 10 fraction bits.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero and subnormals: fraction · 2⁻²⁴
		magnitude := math.Float32bits(float32(fraction) * (1.0 / (1 << 24)))
		return math.Float32frombits(sign | magnitude)
	case 31: // infinities and NaN
		return math.Float32frombits(sign | 0xFF<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// Write writes metadata and tensors, the tensors in the given order.
func Write(w io.Writer, f File) error {
	var header bytes.Buffer
	field := func(name string, value any) error {
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if header.Len() > 1 {
			header.WriteByte(',')
		}
		header.Write(key)
		header.WriteByte(':')
		header.Write(text)
		return nil
	}
	header.WriteByte('{')
	if len(f.Metadata) > 0 {
		if err := field(metadataName, f.Metadata); err != nil {
			return err
		}
	}
	offset := 0
	seen := map[string]bool{metadataName: true}
	for _, t := range f.Tensors {
		size, err := byteSize(t.Name, t.Type, t.Shape)
		if err != nil {
			return err
		}
		if size != len(t.Data) || seen[t.Name] {
			return fmt.Errorf("safetensors: tensor %q: %d bytes for %s %v, expected %d and a name of its own",
				t.Name, len(t.Data), t.Type, t.Shape, size)
		}
		seen[t.Name] = true
		shape := t.Shape
		if shape == nil {
			shape = []int{} // a scalar's shape is [], not null
		}
		err = field(t.Name, map[string]any{"dtype": t.Type, "shape": shape, "data_offsets": []int{offset, offset + size}})
		if err != nil {
			return err
		}
		offset += size
	}
	header.WriteByte('}')
	for header.Len()%8 != 0 { // so that the numbers are aligned in a mapped file
		header.WriteByte(' ')
	}
	if header.Len() > MaxHeader {
		return fmt.Errorf("safetensors: the header has %d bytes, at most %d are allowed", header.Len(), MaxHeader)
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(header.Len())); err != nil {
		return err
	}
	if _, err := w.Write(header.Bytes()); err != nil {
		return err
	}
	for _, t := range f.Tensors {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
	}
	return nil
}

// Parse reads a file from memory. The tensors' data share that memory.
func Parse(file []byte) (*File, error) {
	f, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		_, begin, size := t.source.Outer()
		t.Data, t.source = file[begin:begin+size:begin+size], nil
	}
	return f, nil
}

// Open reads and checks the header of a file of the given size in bytes. The numbers stay
// in the file until Floats reads them, so r must stay open.
func Open(r io.ReaderAt, size int64) (*File, error) {
	if size < 8 {
		return nil, fmt.Errorf("safetensors: the file has %d bytes, expected at least the 8 of the header's length", size)
	}
	var first [8]byte
	if _, err := r.ReadAt(first[:], 0); err != nil {
		return nil, fmt.Errorf("safetensors: the header's length: %w", err)
	}
	length := binary.LittleEndian.Uint64(first[:])
	if length > MaxHeader || length > uint64(size-8) {
		return nil, fmt.Errorf("safetensors: the header's length is %d, but %d bytes follow and at most %d are allowed: is it a safetensors file?",
			length, size-8, MaxHeader)
	}
	header := make([]byte, length)
	if n, err := r.ReadAt(header, 8); n < len(header) {
		return nil, fmt.Errorf("safetensors: the header: %w", err)
	}
	if len(header) == 0 || header[0] != '{' {
		return nil, errors.New("safetensors: the header does not begin with {")
	}
	f, spans, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	// In the order of their data, tensors must follow one another without gaps.
	order := make([]int, len(spans))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		if spans[i].begin != spans[j].begin {
			return compare(spans[i].begin, spans[j].begin)
		}
		return compare(spans[i].end, spans[j].end)
	})
	start := 8 + int64(length)
	data := uint64(size - start)
	sorted := make([]Tensor, 0, len(order))
	at := uint64(0)
	for _, i := range order {
		t, s := f.Tensors[i], spans[i]
		if s.begin != at || s.end < s.begin || s.end > data {
			return nil, fmt.Errorf("safetensors: tensor %q has the offsets [%d, %d], expected to begin at %d and end by %d",
				t.Name, s.begin, s.end, at, data)
		}
		size, err := byteSize(t.Name, t.Type, t.Shape)
		if err != nil {
			return nil, err
		}
		if uint64(size) != s.end-s.begin {
			return nil, fmt.Errorf("safetensors: tensor %q has %d bytes, expected %d for %s %v", t.Name, s.end-s.begin, size, t.Type, t.Shape)
		}
		t.source = io.NewSectionReader(r, start+int64(s.begin), int64(s.end-s.begin))
		sorted = append(sorted, t)
		at = s.end
	}
	if at != data {
		return nil, fmt.Errorf("safetensors: the tensors end at %d, but the file has %d bytes of data", at, data)
	}
	f.Tensors = sorted
	return f, nil
}

type span struct{ begin, end uint64 }

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// byteSize is the number of bytes of a tensor.
func byteSize(name, elements string, shape []int) (int, error) {
	size, ok := sizes[elements]
	if !ok {
		return 0, fmt.Errorf("safetensors: tensor %q has the unknown type %q", name, elements)
	}
	for _, n := range shape {
		if n < 0 || n > 0 && size > math.MaxInt/n {
			return 0, fmt.Errorf("safetensors: tensor %q of shape %v is too large", name, shape)
		}
		size *= n
	}
	return size, nil
}

// parseHeader reads the header token by token. Decoding it into a map would silently keep
// only the last of two entries with the same name.
func parseHeader(header []byte) (*File, []span, error) {
	d := json.NewDecoder(bytes.NewReader(header))
	d.UseNumber()
	f := &File{}
	var spans []span
	err := object(d, "the header", func(name string) error {
		if name == metadataName {
			f.Metadata = map[string]string{}
			return object(d, metadataName, func(key string) error {
				text, err := text(d)
				f.Metadata[key] = text
				return err
			})
		}
		t := Tensor{Name: name}
		var shape, offsets []uint64
		fields := 0
		err := object(d, strconv.Quote(name), func(key string) (err error) {
			fields++
			switch key {
			case "dtype":
				t.Type, err = text(d)
			case "shape":
				shape, err = numbers(d, name, key)
			case "data_offsets":
				offsets, err = numbers(d, name, key)
			default:
				err = fmt.Errorf("safetensors: tensor %q has the unknown field %q", name, key)
			}
			return err
		})
		if err != nil {
			return err
		}
		if fields != 3 || len(offsets) != 2 {
			return fmt.Errorf("safetensors: tensor %q: expected dtype, shape and two data_offsets", name)
		}
		t.Shape = make([]int, len(shape))
		for i, n := range shape {
			if n > math.MaxInt {
				return fmt.Errorf("safetensors: tensor %q of shape %v is too large", name, shape)
			}
			t.Shape[i] = int(n)
		}
		f.Tensors = append(f.Tensors, t)
		spans = append(spans, span{offsets[0], offsets[1]})
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if rest := header[d.InputOffset():]; strings.Trim(string(rest), " ") != "" {
		return nil, nil, errors.New("safetensors: the header goes on after its closing brace")
	}
	return f, spans, nil
}

// object reads a JSON object and calls field after each name. Duplicate names are an error.
func object(d *json.Decoder, what string, field func(name string) error) error {
	if err := delimiter(d, what, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := text(d)
		if err != nil {
			return fmt.Errorf("safetensors: %s: %w", what, err)
		}
		if seen[name] {
			return fmt.Errorf("safetensors: %s has the name %q twice", what, name)
		}
		seen[name] = true
		if err := field(name); err != nil {
			if !strings.HasPrefix(err.Error(), "safetensors: ") {
				err = fmt.Errorf("safetensors: %s, at %q: %w", what, name, err)
			}
			return err
		}
	}
	return delimiter(d, what, '}')
}

// text reads a JSON string.
func text(d *json.Decoder) (string, error) {
	token, err := d.Token()
	s, ok := token.(string)
	if err == nil && !ok {
		err = fmt.Errorf("found %v, expected a string", token)
	}
	return s, err
}

// numbers reads a JSON list of whole numbers from 0 to 2⁶³−1.
func numbers(d *json.Decoder, name, key string) ([]uint64, error) {
	if err := delimiter(d, name+"/"+key, '['); err != nil {
		return nil, err
	}
	list := []uint64{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		number, _ := token.(json.Number)
		n, err := strconv.ParseUint(number.String(), 10, 63)
		if err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %s has %v, expected whole numbers from 0 to 2⁶³−1", name, key, token)
		}
		list = append(list, n)
	}
	return list, delimiter(d, name+"/"+key, ']')
}

func delimiter(d *json.Decoder, what string, want json.Delim) error {
	token, err := d.Token()
	if err == nil && token != want {
		err = fmt.Errorf("found %v, expected %v", token, want)
	}
	if err != nil {
		return fmt.Errorf("safetensors: %s: %w", what, err)
	}
	return nil
}
