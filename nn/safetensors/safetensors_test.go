package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func example(t testing.TB) (File, []byte) {
	t.Helper()
	f := File{
		Tensors: []Tensor{
			FromFloats("dense/kernel", []float32{1, -2, 3.5, float32(math.Inf(1)), 0, -0.25}, 2, 3),
			FromFloats("empty", nil, 0, 4),
			FromFloats("step", []float32{7}),
			{Name: "labels", Type: "U8", Shape: []int{3}, Data: []byte{1, 2, 3}},
		},
		Metadata: map[string]string{"format": "pt", "note": "\"quoted\" ünïcode"},
	}
	f.Tensors[2].Shape = []int{}
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return f, b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	f, file := example(t)
	if n := binary.LittleEndian.Uint64(file); n%8 != 0 {
		t.Errorf("the header has %d bytes, want a multiple of 8", n)
	}
	got, err := Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got.Tensors {
		if len(got.Tensors[i].Data) == 0 {
			got.Tensors[i].Data = f.Tensors[i].Data
		}
	}
	if !reflect.DeepEqual(*got, f) {
		t.Errorf("read %+v, wrote %+v", *got, f)
	}
	values, err := got.Tensors[0].Floats()
	if err != nil || !reflect.DeepEqual(values, []float32{1, -2, 3.5, float32(math.Inf(1)), 0, -0.25}) {
		t.Errorf("floats %v, error %v", values, err)
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	_, file := example(t)
	for n := range file {
		if _, err := Parse(file[:n]); err == nil {
			t.Errorf("a file cut off at byte %d of %d was accepted", n, len(file))
		}
	}
}

// raw makes a file from a header and a number of data bytes.
func raw(header string, data int) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), make([]byte, data)...)
}

// attacks are files that must be refused, with a word that the error must contain.
var attacks = []struct {
	name, want string
	file       []byte
}{
	{"huge header", "length", binary.LittleEndian.AppendUint64(nil, math.MaxUint64)},
	{"header over the limit", "length", binary.LittleEndian.AppendUint64(nil, MaxHeader+1)},
	{"no brace", "begin with", raw(` {}`, 0)},
	{"trailing bytes", "data", raw(`{}`, 1)},
	{"trailing header", "closing brace", raw(`{}x`, 0)},
	{"duplicate name", "twice", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1)},
	{"duplicate field", "twice", raw(`{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1)},
	{"duplicate metadata", "twice", raw(`{"__metadata__":{"a":"b","a":"c"}}`, 0)},
	{"metadata number", "expected a string", raw(`{"__metadata__":{"a":1}}`, 0)},
	{"overlap", "offsets", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3)},
	{"hole", "offsets", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3)},
	{"beyond the end", "offsets", raw(`{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}`, 3)},
	{"backwards", "offsets", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[3,2]}}`, 3)},
	{"overflowing shape", "too large", raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0)},
	{"negative shape", "whole numbers", raw(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}`, 0)},
	{"fractional offset", "whole numbers", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1.0]}}`, 1)},
	{"unknown type", "unknown type", raw(`{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,1]}}`, 1)},
	{"missing field", "expected dtype", raw(`{"a":{"dtype":"U8","shape":[1]}}`, 1)},
	{"unknown field", "unknown field", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"code":"rm"}}`, 1)},
	{"size does not match", "bytes", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1]}}`, 1)},
	{"not JSON", "safetensors", raw(`{"a":}`, 0)},
}

func TestAttacksAreRefused(t *testing.T) {
	for _, a := range attacks {
		if _, err := Parse(a.file); err == nil || !strings.Contains(err.Error(), a.want) {
			t.Errorf("%s: error %v, want one with %q", a.name, err, a.want)
		}
	}
}

func TestHalf(t *testing.T) {
	for _, c := range []struct {
		bits uint16
		want float32
	}{{0x3C00, 1}, {0xC000, -2}, {0x7BFF, 65504}, {0x0001, 1.0 / (1 << 24)}, {0x03FF, 1023.0 / (1 << 24)}, {0x3555, 0.333251953125}} {
		if got := fromHalf(c.bits); got != c.want {
			t.Errorf("half %#x is %v, want %v", c.bits, got, c.want)
		}
	}
	if got := fromHalf(0x7C00); !math.IsInf(float64(got), 1) {
		t.Errorf("half infinity is %v", got)
	}
	if got := fromHalf(0x7E00); got == got {
		t.Errorf("half NaN is %v", got)
	}
}

func FuzzParse(f *testing.F) {
	_, file := example(f)
	f.Add(file)
	for _, a := range attacks {
		f.Add(a.file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		parsed, err := Parse(file)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Write(&b, *parsed); err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		again, err := Parse(b.Bytes())
		if err != nil || len(again.Tensors) != len(parsed.Tensors) {
			t.Fatalf("what was written can't be read: %v", err)
		}
	})
}

// Open finds the same as Parse, and reads numbers only when they are requested.
func TestOpen(t *testing.T) {
	f, file := example(t)
	long := make([]float32, readAtOnce/4+3) // more than one piece
	for i := range long {
		long[i] = float32(i)
	}
	f.Tensors = append(f.Tensors, FromFloats("long", long, len(long)))
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	got, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := Parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range parsed.Tensors {
		have := got.Tensors[i]
		if have.Name != want.Name || have.Type != want.Type || !slices.Equal(have.Shape, want.Shape) || have.Data != nil {
			t.Errorf("opened %+v, want %s %s %v without data", have, want.Name, want.Type, want.Shape)
		}
		values, err := have.Floats()
		wanted, wantErr := want.Floats()
		if (err == nil) != (wantErr == nil) || !slices.Equal(values, wanted) {
			t.Errorf("%s: %d values, error %v; want %d values, error %v", want.Name, len(values), err, len(wanted), wantErr)
		}
	}
	for n := range file {
		if _, err := Open(bytes.NewReader(file[:n]), int64(len(file))); n < len(file)-32 && err == nil {
			t.Errorf("a file that ended at byte %d of %d while its header was read was accepted", n, len(file))
		}
	}
	// A file that is truncated after it was opened.
	got, err = Open(bytes.NewReader(b.Bytes()[:b.Len()-1]), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := got.Tensors[len(got.Tensors)-1].Floats(); err == nil || !strings.Contains(err.Error(), `"long"`) {
		t.Errorf("a tensor that is not whole: error %v, want one that names it", err)
	}
}
