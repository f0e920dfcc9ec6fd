// Package probe records what the hardware does where PTX leaves it open: the approximate functions,
// for which the manual gives only error bounds, and the sums of the tensor cores, whose order and
// rounding it does not specify. A GPU's answers are kept as records, small files with which this
// package's tests compare the emulator, without a GPU.
package probe

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"text/template"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
	"baregrad/kernels/cuda/emulator/arith"
)

//go:embed probe.ptx
var source string

// An Instruction is an instruction to probe: a function from In words of 32 bits to Out words.
type Instruction struct {
	Name            string     // such as ex2.approx.f32
	Version, Target string     // the minimum it needs
	In, Out         int        // words per item: per thread, or for the 32 lanes of a warp
	Half            bool       // operates on two 16-bit numbers per word
	Form            *arith.MMA // of a matrix product; nil for a function

	bound func(in []uint32, want, got uint32) bool // is got within the manual's bound?
	items func(r *rand.Rand) []uint32
}

// Instructions lists all instructions to probe.
func Instructions() []Instruction { return append(functions(), products()...) }

// registers returns how many registers of a, b, c and d a lane has in the form.
func (i Instruction) registers() (d, a, b, c int) {
	if i.Form == nil {
		return 0, 0, 0, 0
	}
	return i.Form.Registers()
}

// D returns the number of d's registers per lane. A, B and C do the same for a, b and c; the
// kernel's template calls them.
func (i Instruction) D() int { d, _, _, _ := i.registers(); return d }

// A returns the number of a's registers.
func (i Instruction) A() int { _, a, _, _ := i.registers(); return a }

// B returns the number of b's registers.
func (i Instruction) B() int { _, _, b, _ := i.registers(); return b }

// C returns the number of c's registers.
func (i Instruction) C() int { _, _, _, c := i.registers(); return c }

func names(letter string, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(letter, i))
	}
	return list
}

// Loads names the registers that are loaded, in memory order.
func (i Instruction) Loads() []string {
	return append(append(names("a", i.A()), names("b", i.B())...), names("c", i.C())...)
}

// Stores names the registers that are stored, in memory order.
func (i Instruction) Stores() []string { return names("d", i.D()) }

// Operands returns the instruction's operands.
func (i Instruction) Operands() string {
	list := func(letter string, n int) string { return "{" + strings.Join(names(letter, n), ", ") + "}" }
	return strings.Join([]string{list("d", i.D()), list("a", i.A()), list("b", i.B()), list("c", i.C())}, ", ")
}

// PTX returns the kernel that runs the instruction.
func (i Instruction) PTX() (string, error) {
	t, err := template.New("probe.ptx").Funcs(template.FuncMap{
		"bytes": func(register int) int { return 128 * register },
		"mul4":  func(n int) int { return 4 * n },
	}).Parse(source)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = t.Execute(&text, i)
	return text.String(), err
}

// A Record holds the inputs and what a device answered.
type Record struct {
	Instruction string   // its name
	Device      string   // that answered
	In, Out     []uint32 // inputs and outputs, item by item
}

// Ask runs the instruction on a device, with its own inputs or the given ones.
func Ask(d driver.Driver, i Instruction, in []uint32) (*Record, error) {
	if in == nil {
		in = i.items(rand.New(rand.NewPCG(5, 6)))
	}
	n := len(in) / i.In
	text, err := i.PTX()
	if err != nil {
		return nil, err
	}
	module, err := d.Load(i.Name+".ptx", text)
	if err != nil {
		return nil, err
	}
	f, err := module.Function("probe")
	if err != nil {
		return nil, err
	}
	s, err := d.NewStream()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	out := make([]uint32, n*i.Out)
	x, err := d.Alloc(int64(4 * len(in)))
	if err != nil {
		return nil, err
	}
	defer d.Free(x)
	y, err := d.Alloc(int64(4 * len(out)))
	if err != nil {
		return nil, err
	}
	defer d.Free(y)
	if err := s.Write(x, words(in)); err != nil {
		return nil, err
	}
	launch := driver.Launch{Grid: driver.Dim{X: n}, Block: driver.Dim{X: 32}, Args: []uint64{uint64(y), uint64(x)}}
	if i.Form == nil {
		launch.Grid.X, launch.Block.X = (n+255)/256, 256
		launch.Args = append(launch.Args, uint64(n))
	}
	if err := s.Launch(f, launch); err != nil {
		return nil, err
	}
	answer := make([]byte, 4*len(out))
	if err := s.Read(answer, y); err != nil {
		return nil, err
	}
	for k := range out {
		out[k] = binary.LittleEndian.Uint32(answer[4*k:])
	}
	return &Record{i.Name, d.Info().Name, in, out}, nil
}

func words(list []uint32) []byte {
	return kernels.Bytes(asInts(list))
}

func asInts(list []uint32) []int32 {
	ints := make([]int32, len(list))
	for i, w := range list {
		ints[i] = int32(w)
	}
	return ints
}

// A record's file is gzipped: a line with the magic and the counts of words, then the two names,
// one per line, then the words, little-endian.
const magic = "ptx-probe-1"

// Write writes a record's file.
func (r *Record) Write(to io.Writer) error {
	z, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	fmt.Fprintf(z, "%s %d %d\n%s\n%s\n", magic, len(r.In), len(r.Out), r.Instruction, strings.ReplaceAll(r.Device, "\n", " "))
	z.Write(words(r.In))
	z.Write(words(r.Out)) // Close reports errors of these writes
	return z.Close()
}

// Read reads a record's file.
func Read(from io.Reader) (*Record, error) {
	z, err := gzip.NewReader(from)
	if err != nil {
		return nil, fmt.Errorf("a record of the hardware: %w", err)
	}
	const most = 64 << 20
	text, err := io.ReadAll(io.LimitReader(z, most+1))
	if err != nil {
		return nil, fmt.Errorf("a record of the hardware: %w", err)
	}
	head := bytes.SplitN(text, []byte("\n"), 4)
	var in, out int
	if len(text) > most || len(head) < 4 {
		return nil, fmt.Errorf("a record of the hardware: %d bytes, of which no head can be read", len(text))
	}
	if n, err := fmt.Sscanf(string(head[0]), magic+" %d %d", &in, &out); n != 2 {
		return nil, fmt.Errorf("a record of the hardware: the first line is %.40q: %w", head[0], err)
	}
	data := head[3]
	if in < 0 || out < 0 || in > len(data)/4 || len(data) != 4*(in+out) {
		return nil, fmt.Errorf("a record of the hardware: %d bytes of data, should be %d and %d words", len(data), in, out)
	}
	all := make([]uint32, in+out)
	for i := range all {
		all[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return &Record{string(head[1]), string(head[2]), all[:in:in], all[in:]}, nil
}

// A Comparison is the result of comparing a record with other answers to the same inputs.
type Comparison struct {
	Words, Same int   // how many were compared, and how many are equal
	Beyond      int   // words outside the manual's bounds
	First       error // the first of these
}

// Compare compares a record with the emulator's answers.
func (i Instruction) Compare(r *Record, want []uint32) (c Comparison) {
	c.Words = len(r.Out)
	if len(want) != len(r.Out) || len(r.In)/i.In*i.Out != len(r.Out) {
		c.Beyond, c.First = len(r.Out), fmt.Errorf("%s: %d answers to %d words, should be %d", i.Name, len(r.Out), len(r.In), len(want))
		return c
	}
	if i.Form != nil {
		i.compareProducts(r, want, &c)
		return c
	}
	for k, got := range r.Out {
		in := r.In[k*i.In : (k+1)*i.In]
		if got == want[k] {
			c.Same++
		} else if !i.bound(in, want[k], got) {
			c.miss(fmt.Errorf("%s of %#x: %#x, where the emulator has %#x", i.Name, in, got, want[k]))
		}
	}
	return c
}

func (c *Comparison) miss(err error) {
	c.Beyond++
	if c.First == nil {
		c.First = err
	}
}
