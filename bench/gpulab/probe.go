package main

import (
	_ "embed"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

//go:embed probe.ptx
var probeText string

// approximate lists the instructions that probe.ptx asks.
var approximate = []string{
	"ex2.approx.f32", "ex2.approx.ftz.f32", "lg2.approx.f32", "lg2.approx.ftz.f32", "rcp.approx.f32", "rcp.approx.ftz.f32",
	"rsqrt.approx.f32", "rsqrt.approx.ftz.f32", "sqrt.approx.f32", "sin.approx.f32", "cos.approx.f32", "tanh.approx.f32",
}

func kernelName(instruction string) string { return strings.ReplaceAll(instruction, ".", "_") }

// probeSource is the PTX text with its templates expanded.
func probeSource() (string, error) {
	t, err := template.New("probe.ptx").Funcs(template.FuncMap{"name": kernelName}).Parse(probeText)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = t.Execute(&text, approximate)
	return text.String(), err
}

// probe writes what the hardware answers to files of float32, little-endian:
// NAME.in and NAME.out, and for the tensor cores mma.a, .b, .c and .d.
func probe(g driver.Driver, dir string, smoke bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := probeSource()
	if err != nil {
		return err
	}
	m, err := g.Load("probe.ptx", text)
	if err != nil {
		return err
	}
	s, err := g.NewStream()
	if err != nil {
		return err
	}
	defer s.Close()
	mantissas, products := 1024, 4096
	if smoke {
		mantissas, products = 4, 8
	}
	x := everyExponent(mantissas)
	for _, instruction := range approximate {
		y := make([]float32, len(x))
		launch := driver.Launch{Grid: driver.Dim{X: (len(x) + 255) / 256}, Block: driver.Dim{X: 256}}
		if err := ask(g, s, m, "probe_"+kernelName(instruction), launch, y, [][]float32{x}, uint64(len(x))); err != nil {
			return err
		}
		for suffix, values := range map[string][]float32{".in": x, ".out": y} {
			if err := os.WriteFile(filepath.Join(dir, instruction+suffix), kernels.Bytes(values), 0o644); err != nil {
				return err
			}
		}
	}
	random := rand.New(rand.NewPCG(5, 6))
	wide := func(n int) []float32 { // of either sign, and magnitudes that differ by up to 2³⁰
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(math.Ldexp(random.Float64()*2-1, random.IntN(31)-15))
		}
		return values
	}
	a, b, c, d := wide(128*products), wide(64*products), wide(128*products), make([]float32, 128*products)
	if err := ask(g, s, m, "probe_mma_m16n8k8_tf32", driver.Launch{Grid: driver.Dim{X: products}, Block: driver.Dim{X: 32}}, d, [][]float32{a, b, c}); err != nil {
		return err
	}
	for suffix, values := range map[string][]float32{"a": a, "b": b, "c": c, "d": d} {
		if err := os.WriteFile(filepath.Join(dir, "mma."+suffix), kernels.Bytes(values), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// everyExponent gives n float32 of each sign and exponent: zeros, subnormal
// numbers, infinities and NaNs among them.
func everyExponent(n int) []float32 {
	random := rand.New(rand.NewPCG(7, 8))
	var x []float32
	for high := range uint32(512) { // the sign and the exponent
		x = append(x, math.Float32frombits(high<<23), math.Float32frombits(high<<23|0x7fffff))
		for range n - 2 {
			x = append(x, math.Float32frombits(high<<23|random.Uint32()&0x7fffff))
		}
	}
	return x
}

// ask runs a kernel on copies of the inputs and reads its output. The kernel's
// arguments are the output, the inputs, and what follows.
func ask(g driver.Driver, s driver.Stream, m driver.Module, name string, l driver.Launch, out []float32, in [][]float32, more ...uint64) error {
	f, err := m.Function(name)
	if err != nil {
		return err
	}
	for i, values := range append([][]float32{out}, in...) {
		p, err := g.Alloc(int64(4 * len(values)))
		if err != nil {
			return err
		}
		defer g.Free(p)
		l.Args = append(l.Args, uint64(p))
		if i > 0 {
			err = s.Write(p, kernels.Bytes(values))
		}
		if err != nil {
			return err
		}
	}
	to := driver.Pointer(l.Args[0])
	l.Args = append(l.Args, more...)
	if err := s.Launch(f, l); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return s.Read(kernels.Bytes(out), to)
}
