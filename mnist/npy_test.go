package mnist

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// numpyArray is an array as NumPy described it in expected.json.
type numpyArray struct {
	Descr  string
	Shape  []int
	Values []json.Number
}

// numpyExpected returns what NumPy says the files in testdata/numpy hold.
func numpyExpected(t testing.TB) map[string]json.RawMessage {
	t.Helper()
	text, err := os.ReadFile("testdata/numpy/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	expected := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	return expected
}

// sameAsNumPy compares an array with NumPy's description, value by value and
// exactly: both hold the same bits.
func sameAsNumPy(t *testing.T, name string, a *Array, raw json.RawMessage) {
	t.Helper()
	var want numpyArray
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if a.DType() != want.Descr || !slices.Equal(a.Shape, want.Shape) || a.Len() != len(want.Values) {
		t.Errorf("%s: %d values %s of shape %v, expected %d values %s of shape %v",
			name, a.Len(), a.DType(), a.Shape, len(want.Values), want.Descr, want.Shape)
		return
	}
	for i, number := range want.Values {
		same := false
		switch data := a.Data.(type) {
		case []float32:
			v, err := number.Float64()
			same = err == nil && math.Float32bits(data[i]) == math.Float32bits(float32(v))
		case []float64:
			v, err := number.Float64()
			same = err == nil && math.Float64bits(data[i]) == math.Float64bits(v)
		case []uint8:
			same = number.String() == fmt.Sprint(data[i])
		case []int32:
			same = number.String() == fmt.Sprint(data[i])
		case []int64:
			same = number.String() == fmt.Sprint(data[i])
		}
		if !same {
			t.Errorf("%s: value %d is not NumPy's %s", name, i, number)
		}
	}
}

func TestReadNPYOfNumPy(t *testing.T) {
	read := 0
	for name, raw := range numpyExpected(t) {
		if !strings.HasSuffix(name, ".npy") {
			continue
		}
		read++
		path := filepath.Join("testdata/numpy", name)
		a, err := ReadNPYFile(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameAsNumPy(t, name, a, raw)

		// The same from a reader whose size is not known.
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		a, err = ReadNPY(iotest.OneByteReader(bytes.NewReader(data)), name)
		if err != nil {
			t.Errorf("%s, byte by byte: %v", name, err)
			continue
		}
		sameAsNumPy(t, name, a, raw)
	}
	if read < 15 {
		t.Errorf("only %d files were read", read)
	}
}

// Row-major arrays are written exactly as NumPy writes them.
func TestWriteNPYAsNumPy(t *testing.T) {
	for _, name := range []string{"type-f4", "type-f8", "type-u1", "type-i4", "type-i8",
		"negative-f4", "negative-i8", "scalar", "one", "empty", "empty-3d"} {
		want, err := os.ReadFile(filepath.Join("testdata/numpy", name+".npy"))
		if err != nil {
			t.Fatal(err)
		}
		a, err := ReadNPY(bytes.NewReader(want), name)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := WriteNPY(&b, a); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s: wrote\n%q\nexpected\n%q", name, b.Bytes(), want)
		}
	}
}

// npyBytes returns a .npy file with the given version, header and values.
func npyBytes(major byte, header string, values []byte) []byte {
	out := append([]byte(npyMagic), major, 0)
	if major == 1 {
		out = binary.LittleEndian.AppendUint16(out, uint16(len(header)))
	} else {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(header)))
	}
	return append(append(out, header...), values...)
}

// npyText returns a header for bytes of a shape, as NumPy writes it.
func npyText(shape string) string {
	return "{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + ", }\n"
}

func TestReadNPYHeaders(t *testing.T) {
	for _, header := range []string{
		npyText("(2, 3)"),
		"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}",
		"{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }",
		`{"shape":(2,3,),"descr":"|u1","fortran_order":False}`,
		" \t{ 'shape' : ( 2 , 3 , ) , 'fortran_order' : False , 'descr' : '|u1' , } \n \n",
	} {
		a, err := ReadNPY(bytes.NewReader(npyBytes(1, header, count(6))), "f")
		if err != nil {
			t.Errorf("%q: %v", header, err)
			continue
		}
		if data, ok := a.Data.([]uint8); !ok || !bytes.Equal(data, count(6)) || !slices.Equal(a.Shape, []int{2, 3}) {
			t.Errorf("%q: read %v", header, a)
		}
	}
}

// The longest header that is written is read again.
func TestWriteNPYManyDimensions(t *testing.T) {
	shape := append([]int{0}, slices.Repeat([]int{math.MaxInt}, 63)...)
	var b bytes.Buffer
	if err := WriteNPY(&b, &Array{Shape: shape, Data: []float32{}}); err != nil {
		t.Fatal(err)
	}
	a, err := ReadNPY(&b, "f")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Shape, shape) {
		t.Errorf("shape %v", a.Shape)
	}
}
