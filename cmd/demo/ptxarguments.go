package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"baregrad/kernels/cuda/emulator"
	"baregrad/kernels/cuda/emulator/arith"
	"baregrad/mnist"
)

// Kernel arguments as written on the command line.

// elementSizes maps the types of a buffer's elements to their sizes in bytes.
var elementSizes = map[string]int{
	"f32": 4, "f64": 8, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "s32": 4, "u32": 4, "s64": 8, "u64": 8,
	"f16": 2, "bf16": 2,
}

// halves maps the 16-bit types to their arithmetic.
var halves = map[string]arith.Half{"f16": arith.F16, "bf16": arith.BF16}

// maxBuffer is the maximum size in bytes of a buffer given on the command line.
const maxBuffer = 1 << 30

// ptxArgument is a number, or a buffer in the machine's memory.
type ptxArgument struct {
	cell     uint64 // the number's bits, or the buffer's address
	element  string // the type of a buffer's elements; empty for a number
	contents []byte // the buffer's initial contents
	shape    []int
}

// parseDim parses "X", "X,Y" or "X,Y,Z".
func parseDim(what, text string) (emulator.Dim3, error) {
	sizes := [3]uint32{1, 1, 1}
	parts := strings.Split(text, ",")
	for i, part := range parts {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 31)
		if err != nil || n == 0 || i > 2 {
			return emulator.Dim3{}, fmt.Errorf("--%s %s: must be one to three numbers from 1 up, such as 4 or 4,2", what, text)
		}
		sizes[i] = uint32(n)
	}
	return emulator.Dim3{X: sizes[0], Y: sizes[1], Z: sizes[2]}, nil
}

// parseArgument parses an --arg for a parameter.
func parseArgument(text string, p emulator.KernelParam) (*ptxArgument, error) {
	file, open := strings.HasSuffix(text, ".npy"), strings.IndexByte(text, '[')
	switch {
	case (file || open >= 0) && p.Size != 8:
		return nil, fmt.Errorf("%q is a buffer, the parameter is a number of type .%s", text, p.Type)
	case file:
		return readBuffer(text)
	case open >= 0:
		return parseBuffer(text, open)
	}
	bits, err := parseNumber(text, p.Type.String())
	return &ptxArgument{cell: bits}, err
}

// parseNumber returns the bits of a number of a type such as f32 or u64.
func parseNumber(text, kind string) (uint64, error) {
	switch kind {
	case "f32":
		v, err := strconv.ParseFloat(text, 32)
		if err != nil {
			return 0, fmt.Errorf("%q is no number that fits .f32", text)
		}
		return uint64(math.Float32bits(float32(v))), nil
	case "f64":
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no number that fits .f64", text)
		}
		return math.Float64bits(v), nil
	case "f16", "bf16":
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no number that fits .%s", text, kind)
		}
		return uint64(halves[kind].FromFloat64(v, arith.RN)), nil
	}
	size, err := strconv.Atoi(strings.TrimLeft(kind, "subf"))
	if err != nil {
		return 0, fmt.Errorf("parameters of type .%s can't be given on the command line", kind)
	}
	if v, err := strconv.ParseInt(text, 0, size); err == nil {
		return uint64(v) & (math.MaxUint64 >> (64 - size)), nil
	}
	v, err := strconv.ParseUint(text, 0, size)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number that fits .%s", text, kind)
	}
	return v, nil
}

// parseBuffer parses TYPE[N] or TYPE[N]=VALUES; open is the position of the bracket.
func parseBuffer(text string, open int) (*ptxArgument, error) {
	element, rest := text[:open], text[open+1:]
	size, ok := elementSizes[element]
	if !ok {
		return nil, fmt.Errorf("%q: no type is called %q; there are f32 f64 s8 u8 s16 u16 s32 u32 s64 u64 f16 bf16", text, element)
	}
	length, rest, ok := strings.Cut(rest, "]")
	n, err := strconv.Atoi(length)
	if err != nil || !ok || n < 1 || n > maxBuffer/size {
		return nil, fmt.Errorf("%q: the length must be a number from 1 to %d in brackets", text, maxBuffer/size)
	}
	a := &ptxArgument{element: element, contents: make([]byte, n*size), shape: []int{n}}
	if rest == "" {
		return a, nil // zeros
	}
	values, ok := strings.CutPrefix(rest, "=")
	if !ok {
		return nil, fmt.Errorf("%q: after the bracket comes = and the values, or nothing", text)
	}
	number, err := sequence(values, element)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	for i := range n {
		bits, err := number(i)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		var cell [8]byte
		binary.LittleEndian.PutUint64(cell[:], bits)
		copy(a.contents[i*size:], cell[:size])
	}
	return a, nil
}

// sequence returns the bits of element i of range, random, or a repeated list.
func sequence(values, element string) (func(i int) (uint64, error), error) {
	name, rest, called := strings.Cut(values, "(")
	unknown := fmt.Errorf("%q: there are range, range(START,STEP), random and random(SEED)", values)
	var parameters []float64
	if called {
		if name != "range" && name != "random" {
			return nil, unknown
		}
		inner, ok := strings.CutSuffix(rest, ")")
		if !ok {
			return nil, fmt.Errorf("a closing bracket is missing in %q", values)
		}
		for _, part := range strings.Split(inner, ",") {
			v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
			if err != nil {
				return nil, fmt.Errorf("%q is no number", part)
			}
			parameters = append(parameters, v)
		}
	}
	parameter := func(i int, otherwise float64) float64 {
		if i < len(parameters) {
			return parameters[i]
		}
		return otherwise
	}
	float := strings.Contains(element, "f")
	number := func(v float64) (uint64, error) {
		if float {
			return parseNumber(strconv.FormatFloat(v, 'g', -1, 64), element)
		}
		return parseNumber(strconv.FormatFloat(v, 'f', -1, 64), element)
	}
	switch {
	case name == "range" && len(parameters) <= 2:
		return func(i int) (uint64, error) { return number(parameter(0, 0) + float64(float64(i)*parameter(1, 1))) }, nil
	case name == "random" && len(parameters) <= 1:
		seed := parameter(0, 1)
		if !(seed >= 0 && seed <= 1<<53 && seed == math.Trunc(seed)) {
			return nil, fmt.Errorf("%q: the seed must be a whole number from 0 to 2⁵³", values)
		}
		r := rand.New(rand.NewPCG(uint64(seed), 0))
		return func(int) (uint64, error) {
			if float {
				return number(float64(r.Float32()*2 - 1)) // from -1 to 1; exact
			}
			return number(float64(r.IntN(100)))
		}, nil
	case called:
		return nil, unknown // too many numbers in the brackets
	}
	list := strings.Split(values, ",")
	return func(i int) (uint64, error) { return parseNumber(strings.TrimSpace(list[i%len(list)]), element) }, nil
}

// readBuffer reads a .npy file.
func readBuffer(path string) (*ptxArgument, error) {
	array, err := mnist.ReadNPYFile(path)
	if err != nil {
		return nil, err
	}
	var contents bytes.Buffer
	if err := binary.Write(&contents, binary.LittleEndian, array.Data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	element := map[string]string{"<f4": "f32", "<f8": "f64", "|u1": "u8", "<i4": "s32", "<i8": "s64"}[array.DType()]
	if contents.Len() == 0 {
		return nil, fmt.Errorf("%s holds no values", path)
	}
	return &ptxArgument{element: element, contents: contents.Bytes(), shape: array.Shape}, nil
}

// place copies a buffer into the machine's memory.
func (a *ptxArgument) place(m *emulator.Machine, name string) error {
	if a.element == "" {
		return nil
	}
	address, err := m.AllocNamed(name, uint64(len(a.contents)))
	if err != nil {
		return err
	}
	a.cell = uint64(address)
	return m.CopyIn(address, a.contents)
}

// now returns the buffer's current contents.
func (a *ptxArgument) now(m *emulator.Machine) ([]byte, error) {
	contents := make([]byte, len(a.contents))
	return contents, m.CopyOut(contents, emulator.Address(a.cell))
}

// array converts bytes to an array of the buffer's type and shape.
func (a *ptxArgument) array(contents []byte) (*mnist.Array, error) {
	n := len(contents) / elementSizes[a.element]
	var data any
	switch a.element {
	case "f32":
		data = make([]float32, n)
	case "f64":
		data = make([]float64, n)
	case "s8":
		data = make([]int8, n)
	case "u8":
		data = make([]uint8, n)
	case "s16":
		data = make([]int16, n)
	case "u16":
		data = make([]uint16, n)
	case "s32":
		data = make([]int32, n)
	case "u32":
		data = make([]uint32, n)
	case "s64":
		data = make([]int64, n)
	case "u64":
		data = make([]uint64, n)
	}
	if h, half := halves[a.element]; half { // Go lacks these types; float32 holds them exactly
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(h.Float64(binary.LittleEndian.Uint16(contents[2*i:])))
		}
		return &mnist.Array{Shape: a.shape, Data: list}, nil
	}
	err := binary.Read(bytes.NewReader(contents), binary.LittleEndian, data)
	return &mnist.Array{Shape: a.shape, Data: data}, err
}

// shown is the maximum number of values printed per buffer.
const shown = 16

// results prints every changed buffer, and writes the requested files.
func (j *job) results(w io.Writer) error {
	changed := 0
	for i, a := range j.arguments {
		if a.element == "" {
			continue
		}
		contents, err := a.now(j.machine)
		if err != nil {
			return err
		}
		if bytes.Equal(contents, a.contents) {
			continue
		}
		changed++
		size := elementSizes[a.element]
		array, err := a.array(contents[:min(len(contents), shown*size)])
		if err != nil {
			return err
		}
		n := len(contents) / size
		fmt.Fprintf(w, "%d %s %s[%d]: %s", i, j.kernel.Params[i].Name, a.element, n, strings.Trim(fmt.Sprint(array.Data), "[]"))
		if n > shown {
			fmt.Fprintf(w, " … and %d more", n-shown)
		}
		fmt.Fprintln(w)
	}
	if changed == 0 {
		fmt.Fprintf(w, "%s changed no buffer.\n", j.kernel.Name)
	}
	return j.writeFiles()
}

// npyElements are the types supported in .npy files (f16 and bf16 are written as f32). A type with
// a value is written as that type, which has the same bits.
var npyElements = map[string]string{
	"f32": "", "f16": "", "bf16": "", "f64": "", "u8": "", "s32": "", "s64": "", "s8": "u8", "u32": "s32", "u64": "s64",
}

// output is a buffer to be written to a file.
type output struct {
	path     string
	argument *ptxArgument
}

// outputs parses --out arguments, N=FILE.
func (j *job) outputs(out []string) (list []output, err error) {
	for _, text := range out {
		number, path, ok := strings.Cut(text, "=")
		i, err := strconv.Atoi(number)
		if err != nil || !ok || path == "" || i < 0 || i >= len(j.arguments) || j.arguments[i].element == "" {
			return nil, fmt.Errorf("--out %s: must be N=FILE, N being the number of an argument that is a buffer", text)
		}
		element := j.arguments[i].element
		if other, ok := npyElements[element]; !ok {
			return nil, fmt.Errorf("--out %s: .npy files are written of f32, f64, u8, s32 and s64, not of %s", text, element)
		} else if other != "" {
			return nil, fmt.Errorf("--out %s: .npy files are written of f32, f64, u8, s32 and s64, not of %s: give the argument as %s, which has the same bits", text, element, other)
		}
		if err := isFolder(filepath.Dir(path)); err != nil { // check before the work
			return nil, fmt.Errorf("--out %s: %w", text, err)
		}
		list = append(list, output{path, j.arguments[i]})
	}
	return list, nil
}

// writeFiles writes the buffers requested by --out.
func (j *job) writeFiles() error {
	for _, o := range j.out {
		a := o.argument
		contents, err := a.now(j.machine)
		if err != nil {
			return err
		}
		array, err := a.array(contents)
		if err != nil {
			return err
		}
		var file bytes.Buffer
		if err := mnist.WriteNPY(&file, array); err != nil {
			return err
		}
		if err := os.WriteFile(o.path, file.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
