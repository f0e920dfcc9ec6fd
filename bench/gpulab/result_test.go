package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator"
)

// faulty is an emulator whose graphs are wrong: what is captured is changed. Launches outside of a
// capture stay right, as the operations' tests would find them.
type faulty struct {
	driver.Driver
	launch func(l *driver.Launch) bool // changes a captured launch; false leaves it out
	bytes  int64                       // by which a captured copy is too short
	after  func(s driver.Stream) error // done after each launch of a graph
	blocks []driver.Pointer            // of memory, in the order in which they were allocated
}

type faultyStream struct {
	driver.Stream
	of        *faulty
	capturing *bool
}

type faultyGraph struct {
	driver.Graph
	stream driver.Stream
	of     *faulty
}

func (f *faulty) NewStream() (driver.Stream, error) {
	s, err := f.Driver.NewStream()
	return faultyStream{s, f, new(bool)}, err
}

func (s faultyStream) Launch(f driver.Function, l driver.Launch) error {
	if *s.capturing && s.of.launch != nil {
		l.Args = append([]uint64(nil), l.Args...)
		if !s.of.launch(&l) {
			return nil
		}
	}
	return s.Stream.Launch(f, l)
}

func (s faultyStream) Copy(dst, src driver.Pointer, bytes int64) error {
	if *s.capturing {
		bytes -= s.of.bytes
	}
	return s.Stream.Copy(dst, src, bytes)
}

func (s faultyStream) BeginCapture() error {
	*s.capturing = true
	return s.Stream.(driver.Capturer).BeginCapture()
}

func (s faultyStream) EndCapture() (driver.Graph, error) {
	*s.capturing = false
	g, err := s.Stream.(driver.Capturer).EndCapture()
	return faultyGraph{g, s.Stream, s.of}, err
}

func (g faultyGraph) Launch() error {
	err := g.Graph.Launch()
	if err == nil && g.of.after != nil {
		err = g.of.after(g.stream)
	}
	return err
}

// Alloc remembers the blocks of memory.
func (f *faulty) Alloc(n int64) (driver.Pointer, error) {
	p, err := f.Driver.Alloc(n)
	f.blocks = append(f.blocks, p)
	return p, err
}

// measured measures a case with two calls, after fault has made the emulator faulty; it gets the
// operands of both calls.
func (f *faulty) measured(d *cuda.Device, c Case, fault func(first, last func(i int) driver.Pointer)) Measurement {
	c.Calls, c.Samples = 2, 1
	before, each := len(f.blocks), len(c.operands())
	if strings.HasPrefix(c.Kind, "maxpool") {
		each++
	}
	f.launch, f.bytes, f.after = nil, 0, nil
	fault(func(i int) driver.Pointer { return f.blocks[before+i] }, func(i int) driver.Pointer { return f.blocks[before+each+i] })
	return measure(d, c)
}

func newFaulty(t *testing.T) (*faulty, *cuda.Device) {
	t.Helper()
	f := &faulty{Driver: emulator.NewDriver(emulator.Options{})}
	d, err := cuda.New("emulator", f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, d
}

// The small cases, and some whose kernels have several blocks.
func faultyCases() []Case {
	list := append(cases(true), Case{Name: "sum 40000", Kind: "sum", Dims: []int{40000}}, Case{Name: "softmax 300x10", Kind: "softmax", Dims: []int{300, 10}})
	for _, kind := range []string{"relu", "copy", "add", "exp"} {
		list = append(list, Case{Name: kind + " 5001", Kind: kind, Dims: []int{5001}})
	}
	for _, rung := range cuda.Ladder() {
		list = append(list, Case{Name: "132x260x68 by " + rung, Kind: "matmul", Dims: []int{132, 260, 68}, Form: rung, TF32: strings.Contains(rung, "tf32")})
	}
	for form := range convForms {
		for _, kind := range []string{"conv", "conv_dx", "conv_dw"} {
			if kind != "conv_dw" || !strings.HasPrefix(form, "winograd") {
				list = append(list, Case{Name: kind + " 2x12x10x32 by 3x3x64, " + form, Kind: kind, Dims: []int{2, 12, 10, 32, 3, 3, 64}, Form: form})
			}
		}
	}
	return list
}

// No time counts of a graph whose results are wrong: in which a block or a whole launch is lost, a
// call has another one's operand, or an element is wrong, be it the last or one in the middle.
func TestWrongResults(t *testing.T) {
	faults := map[string]func(f *faulty, c Case, first, last func(i int) driver.Pointer){
		"none": func(*faulty, Case, func(int) driver.Pointer, func(int) driver.Pointer) {},
		"a lost block": func(f *faulty, c Case, first, last func(i int) driver.Pointer) {
			f.launch, f.bytes = loseBlock, 4
		},
		"another operand": func(f *faulty, c Case, first, last func(i int) driver.Pointer) {
			f.launch = func(l *driver.Launch) bool {
				for i, a := range l.Args {
					if a == uint64(last(1)) {
						l.Args[i] = uint64(first(1))
					}
				}
				return true
			}
			f.bytes = 4 // of a copy, which has no launch
		},
		"the last element": func(f *faulty, c Case, first, last func(i int) driver.Pointer) {
			f.after = spoil(last, c.operands()[0]-1)
		},
		"the element in the middle": func(f *faulty, c Case, first, last func(i int) driver.Pointer) {
			f.after = spoil(last, c.operands()[0]/2)
		},
	}
	f, d := newFaulty(t)
	for _, c := range faultyCases() {
		for name, fault := range faults {
			if c.Form != "" && name != "none" && name != "a lost block" {
				continue // the check is the same for every form
			}
			m := f.measured(d, c, func(first, last func(i int) driver.Pointer) { fault(f, c, first, last) })
			if name == "none" {
				if m.Problem != "" {
					t.Errorf("%s: %s", c.Name, m.Problem)
				}
			} else if !strings.Contains(m.Problem, "wrong result") || m.Seconds > 0 {
				t.Errorf("%s with %s: problem %q, %v s", c.Name, name, m.Problem, m.Seconds)
			}
		}
	}
}

// loseBlock makes a grid smaller, or leaves out a launch of one block.
func loseBlock(l *driver.Launch) bool {
	for _, n := range []*int{&l.Grid.X, &l.Grid.Y, &l.Grid.Z} {
		if *n > 1 {
			*n--
			return true
		}
	}
	return false
}

// spoil changes an element of the last call's result: an integer by 1, another number by a thousandth.
func spoil(last func(i int) driver.Pointer, at int) func(s driver.Stream) error {
	return func(s driver.Stream) error {
		place, b := last(0)+driver.Pointer(4*at), make([]byte, 4)
		if err := s.Read(b, place); err != nil {
			return err
		}
		v := math.Float32frombits(binary.LittleEndian.Uint32(b))
		if v == float32(math.Round(float64(v))) {
			v++
		} else {
			v *= 1.001
		}
		binary.LittleEndian.PutUint32(b, math.Float32bits(v))
		return s.Write(place, b)
	}
}

// A product of factors that were rounded to tf32 is no fp32 product.
func TestPrecisionIsChecked(t *testing.T) {
	f, d := newFaulty(t)
	for _, rung := range []string{"matmul_tf32", "matmul_tf32_128x256"} {
		for _, tf32 := range []bool{false, true} {
			c := Case{Name: rung, Kind: "matmul", Dims: []int{132, 260, 68}, Form: rung, TF32: tf32}
			m := f.measured(d, c, func(first, last func(i int) driver.Pointer) {})
			if wrong := strings.HasPrefix(m.Problem, "wrong result: element"); wrong == tf32 || !wrong && m.Problem != "" {
				t.Errorf("%s, allowed tf32 %v: problem %q", rung, tf32, m.Problem)
			}
		}
	}
}

// The partial sums of every case's integers are exact: they stay below 2²⁴.
func TestIntegersAreExact(t *testing.T) {
	for _, c := range cases(false) {
		terms := 0
		switch c.Kind {
		case "matmul":
			terms = c.Dims[2]
		case "conv", "conv_dx", "conv_dw":
			s := convSpec(c.Dims)
			terms = map[string]int{"conv": s.Cols(), "conv_dx": s.KH * s.KW * s.Out, "conv_dw": s.Rows()}[c.Kind]
		case "softmax_dx":
			if terms := c.Dims[1]; 3*(9*terms+3) > 1<<23 {
				t.Errorf("%s: %d products of up to 9, times up to 3", c.Name, terms)
			}
			continue
		case "sum":
			sum, values := 0, c.space()
			c.integers(values)
			for _, v := range values[1] {
				if sum += int(v); v != 1 && v != -1 || sum < -100 || sum >= 1<<24 {
					t.Fatalf("%s: a partial sum is %d, a term %v", c.Name, sum, v)
				}
			}
			continue
		}
		if 64*terms > 1<<23 {
			t.Errorf("%s: %d products of up to 64", c.Name, terms)
		}
	}
}

// The sizes in a case's name are its own.
func TestNamesOfTheCases(t *testing.T) {
	numbers := regexp.MustCompile(`\b\d+\b`)
	for _, smoke := range []bool{false, true} {
		for _, c := range cases(smoke) {
			sizes := strings.NewReplacer("x", " ", c.Form, "").Replace(c.Name)
			if got, want := strings.Join(numbers.FindAllString(sizes, -1), " "), strings.Trim(fmt.Sprint(c.Dims), "[]"); got != want {
				t.Errorf("%s: the name has the sizes %s, want %s", c.Name, got, want)
			}
		}
	}
}

// A case's operations are the products of all its elements, its bytes those of all operands.
func TestWorkOfTheCases(t *testing.T) {
	for _, c := range cases(true) {
		lengths, products, bytes := c.operands(), 0, 0
		switch c.Kind {
		case "matmul", "conv", "conv_dx", "conv_dw":
			for at := range lengths[0] {
				c.products(at, func(i, j int) { products++ })
			}
		case "maxpool", "maxpool_dx":
			bytes = 4 * min(lengths[0], lengths[1]) // the indices
			fallthrough
		default:
			for _, n := range lengths {
				bytes += 4 * n
			}
		}
		if c.FLOP != 2*float64(products) || c.Bytes != float64(bytes) && c.Kind != "sum" || c.Kind == "sum" && c.Bytes != float64(4*lengths[1]) {
			t.Errorf("%s: %v operations and %v bytes, want %d and %d", c.Name, c.FLOP, c.Bytes, 2*products, bytes)
		}
	}
}
