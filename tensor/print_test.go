package tensor_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
	"baregrad/tensor"
)

// A printCase is an array as NumPy prints it; testdata/print.py makes them.
type printCase struct {
	Name     string
	Type     string
	Shape    []int
	Elements []int64 // for float32 the bits; none stands for 0, 1, 2, …
	Text     string
}

func (c printCase) tensor() *tensor.Tensor {
	d := reference.New()
	elements := c.Elements
	counted := len(elements) == 0
	for i := int64(0); counted && i < int64(tensor.Size(c.Shape)); i++ {
		elements = append(elements, i)
	}
	switch c.Type {
	case "float32":
		values := make([]float32, len(elements))
		for i, e := range elements {
			values[i] = math.Float32frombits(uint32(e))
			if counted {
				values[i] = float32(e)
			}
		}
		return tensor.From(d, values, c.Shape...)
	case "int32":
		return tensor.From(d, convert[int32](elements), c.Shape...)
	case "uint8":
		return tensor.From(d, convert[uint8](elements), c.Shape...)
	}
	panic("unknown type " + c.Type)
}

func convert[T int32 | uint8](elements []int64) []T {
	values := make([]T, len(elements))
	for i, e := range elements {
		values[i] = T(e)
	}
	return values
}

func TestPrintsAsNumPy(t *testing.T) {
	raw, err := os.ReadFile("testdata/print.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []printCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 300 {
		t.Fatalf("%d cases, the script makes more than 300", len(cases))
	}
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.Name, " ", "-"), func(t *testing.T) {
			x := c.tensor()
			if got := x.String(); got != c.Text {
				t.Errorf("shape %v\ngot:\n%s\nNumPy:\n%s", c.Shape, got, c.Text)
			}
			if got := fmt.Sprintf("%v", x); got != c.Text {
				t.Errorf("%%v differs from String:\n%s", got)
			}
		})
	}
}

// counting is the reference device, counting the bytes that are read from it.
type counting struct {
	*reference.Device
	read int
}

func (c *counting) Read(dst []byte, src kernels.Buffer) {
	c.read += len(dst)
	c.Device.Read(dst, src)
}

func TestPrintReadsOnlyWhatItShows(t *testing.T) {
	d := &counting{Device: reference.New()}
	x := tensor.New(d, 500, 28, 28)
	text := x.String()
	if want := 6 * 6 * 6 * 4; d.read != want {
		t.Errorf("%d bytes were read to print a corner of 6×6×6 float32, want %d", d.read, want)
	}
	if !strings.Contains(text, "...") {
		t.Errorf("a tensor of 392000 elements is printed without ellipsis:\n%s", text)
	}
}
