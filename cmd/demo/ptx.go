package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator"
)

// PTXCommand runs kernels for GPUs, baregrad's own or any other, on the emulator.
type PTXCommand struct {
	List  PTXListCommand  `cmd:"" help:"List baregrad's own kernels."`
	Show  PTXShowCommand  `cmd:"" help:"Print one of baregrad's kernels, with its templates expanded."`
	Run   PTXRunCommand   `cmd:"" help:"Run a kernel and print what it changed."`
	Check PTXCheckCommand `cmd:"" help:"Run a kernel with all checks on: memory, races, barriers, uninitialised values. Ends with status 1 if there is a finding."`
	Stats PTXStatsCommand `cmd:"" help:"Run a kernel and count, line by line, instructions, lanes, bytes, bank conflicts."`
	Trace PTXTraceCommand `cmd:"" help:"Run a kernel and show one thread's instructions with their values; step by step with --step."`
}

// PTXListCommand lists the kernels.
type PTXListCommand struct{}

// Run prints one line per file.
func (c *PTXListCommand) Run(w io.Writer) error {
	say := paragraphs(w)
	for _, file := range cuda.Files() {
		names, err := cuda.Entries(file)
		if err != nil {
			return err
		}
		say(37, "%-36s %s\n", file, strings.Join(names, " "))
	}
	return nil
}

// PTXShowCommand prints a kernel.
type PTXShowCommand struct {
	Kernel string `arg:"" help:"A kernel, such as relu_fwd_f32, or a whole file, such as relu.ptx."`
}

// Run prints the text that a GPU's driver gets.
func (c *PTXShowCommand) Run(w io.Writer) error {
	if slices.Contains(cuda.Files(), c.Kernel) {
		text, err := cuda.Source(c.Kernel)
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, text)
		return err
	}
	var names []string
	for _, file := range cuda.Files() {
		entries, err := cuda.Entries(file)
		if err != nil {
			return err
		}
		names = append(names, entries...)
	}
	if !slices.Contains(names, c.Kernel) {
		return fmt.Errorf("no kernel is called %q; the nearest: %s (demo ptx list has all)", c.Kernel, emulator.Nearest(c.Kernel, names))
	}
	_, text, err := cuda.Find(c.Kernel)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

// ptxLaunch is the common part of the commands that run a kernel.
type ptxLaunch struct {
	File   string   `arg:"" help:"A .ptx file; or one of baregrad's, such as relu.ptx."`
	Kernel string   `short:"k" help:"The kernel. It can be left out if the file has only one."`
	Grid   string   `default:"1" placeholder:"X[,Y[,Z]]" help:"Blocks (1)."`
	Block  string   `default:"32" placeholder:"X[,Y[,Z]]" help:"Threads per block (32)."`
	Shared int      `placeholder:"BYTES" help:"Dynamic shared memory per block."`
	Arg    []string `sep:"none" placeholder:"VALUE" help:"An argument; give one for each parameter, in order. A number, or a buffer: f32[8]=1,2,3 (repeated as needed), f32[8]=range or range(START,STEP), f32[8]=random or random(SEED), f32[8] (zeros), or a .npy file. Types: f32 f64 s8 u8 s16 u16 s32 u32 s64 u64 f16 bf16."`
	Out    []string `sep:"none" placeholder:"N=FILE" help:"Write the buffer of argument N, from 0, to a .npy file afterwards."`
	Limit  uint64   `default:"1000000000" help:"Stop a kernel after this many warp instructions; 0 for no limit."`
}

// job is a kernel ready to run.
type job struct {
	machine   *emulator.Machine
	kernel    *emulator.Kernel
	config    emulator.LaunchConfig
	source    string
	arguments []*ptxArgument
	cells     []uint64
	out       []output
}

// prepare loads the kernel and its arguments into a new machine.
func (l *ptxLaunch) prepare(ctx context.Context, o emulator.Options) (*job, error) {
	o.Instructions = l.Limit
	name, source, err := readPTX(ctx, l.File)
	if err != nil {
		return nil, err
	}
	module, err := emulator.Parse(name, source)
	if err != nil {
		return nil, err
	}
	j := &job{machine: emulator.New(o), source: source}
	program, err := j.machine.Load(module)
	if err != nil {
		return nil, err
	}
	kernel := l.Kernel
	if kernel == "" {
		switch kernels := module.Kernels(); len(kernels) {
		case 0:
			return nil, fmt.Errorf("%s has no kernels", name)
		case 1:
			kernel = kernels[0]
		default:
			return nil, fmt.Errorf("%s has %d kernels: name one with --kernel: %s", name, len(kernels), someOf(kernels))
		}
	}
	if j.kernel, err = program.Kernel(kernel); err != nil {
		return nil, err
	}
	if j.config.Grid, err = parseDim("grid", l.Grid); err != nil {
		return nil, err
	}
	if j.config.Block, err = parseDim("block", l.Block); err != nil {
		return nil, err
	}
	j.config.SharedBytes = l.Shared
	if len(l.Arg) != len(j.kernel.Params) {
		return nil, fmt.Errorf("%d arguments for %s, which has %d parameters: %s. Give an --arg for each: a number, or for a pointer a buffer such as f32[8]=range",
			len(l.Arg), kernel, len(j.kernel.Params), describeParameters(j.kernel))
	}
	for i, text := range l.Arg {
		a, err := parseArgument(text, j.kernel.Params[i])
		if err != nil {
			return nil, fmt.Errorf("argument %d, %s: %w", i, j.kernel.Params[i].Name, err)
		}
		if err := a.place(j.machine, fmt.Sprintf("argument %d (%s)", i, j.kernel.Params[i].Name)); err != nil {
			return nil, err
		}
		j.arguments = append(j.arguments, a)
		j.cells = append(j.cells, a.cell)
	}
	j.out, err = j.outputs(l.Out)
	return j, err
}

// someOf lists names, only the first dozen if there are many.
func someOf(names []string) string {
	if len(names) > 12 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:12], ", "), len(names)-12)
	}
	return strings.Join(names, ", ")
}

// run launches the kernel.
func (j *job) run(ctx context.Context) error {
	return j.machine.Launch(ctx, j.kernel, j.config, j.cells...)
}

// readPTX reads a file or, if it does not exist, one of baregrad's own.
func readPTX(ctx context.Context, file string) (name, source string, err error) {
	text, err := await(ctx, func() (string, error) { return readText(file) })
	if err == nil {
		return file, text, nil
	}
	if errors.Is(err, fs.ErrNotExist) && slices.Contains(cuda.Files(), file) {
		source, err = cuda.Source(file)
		return file, source, err
	}
	if errors.Is(err, fs.ErrNotExist) && !strings.Contains(file, "/") {
		err = fmt.Errorf("%w, and none of baregrad's own kernels are in a file of that name; the nearest: %s", err, emulator.Nearest(file, cuda.Files()))
	}
	return "", "", err
}

// maxPTX is the maximum size of a PTX file in bytes.
const maxPTX = 64 << 20

// readText reads a file of at most maxPTX bytes, which may be a pipe.
func readText(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPTX+1))
	if err == nil && len(text) > maxPTX {
		err = fmt.Errorf("%s has more than %d bytes, the most that is read of PTX", file, maxPTX)
	}
	return string(text), err
}

func describeParameters(k *emulator.Kernel) string {
	var list []string
	for _, p := range k.Params {
		list = append(list, fmt.Sprintf("%s .%s", p.Name, p.Type))
	}
	return strings.Join(list, ", ")
}

// besides returns where a kernel prints to; its output must not mix with JSON.
func besides(w io.Writer, json bool) io.Writer {
	if json {
		return os.Stderr
	}
	return w
}

// PTXRunCommand runs a kernel.
type PTXRunCommand struct{ ptxLaunch }

// Run prints every buffer that the kernel changed.
func (c *PTXRunCommand) Run(ctx context.Context, w io.Writer) error {
	j, err := c.prepare(ctx, emulator.Options{Output: w})
	if err != nil {
		return err
	}
	if err := j.run(ctx); err != nil {
		return err
	}
	return j.results(w)
}

// PTXCheckCommand runs a kernel with all checks on.
type PTXCheckCommand struct {
	ptxLaunch
	JSON bool `help:"Print the findings as JSON."`
}

// Run prints the findings.
func (c *PTXCheckCommand) Run(ctx context.Context, w io.Writer) error {
	j, err := c.prepare(ctx, emulator.Options{Checks: emulator.AllChecks, Output: besides(w, c.JSON)})
	if err != nil {
		return err
	}
	err = j.run(ctx)
	var found *emulator.FindingsError
	if err != nil && !errors.As(err, &found) {
		return err
	}
	report := j.machine.Report()
	if c.JSON {
		text, err := report.JSON()
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\n", text)
	} else {
		paragraphs(w)(8, "%v", report)
	}
	if found != nil {
		n := len(report.Findings) + report.Dropped
		if n == 1 {
			return fmt.Errorf("%s: 1 finding", j.kernel.Name)
		}
		return fmt.Errorf("%s: %d findings", j.kernel.Name, n)
	}
	return j.writeFiles()
}

// PTXStatsCommand counts what a kernel executes.
type PTXStatsCommand struct {
	ptxLaunch
	JSON bool `help:"Print the counts as JSON."`
}

// rooflines are the GPUs for which the minimum time is computed.
var rooflines = []emulator.GPU{emulator.H100SXM, emulator.A100SXM, emulator.RTX4090, emulator.T4}

// Run prints the counts by line, and the kernel's place under the rooflines.
func (c *PTXStatsCommand) Run(ctx context.Context, w io.Writer) error {
	j, err := c.prepare(ctx, emulator.Options{Counters: true, Output: besides(w, c.JSON)})
	if err != nil {
		return err
	}
	if err := j.run(ctx); err != nil {
		return err
	}
	counts := j.machine.Counters()
	if c.JSON {
		return json.NewEncoder(w).Encode(counts)
	}
	fmt.Fprint(w, counts)
	say := paragraphs(w)
	say(0, "\nWhat a GPU's data sheet allows at least (arithmetic and memory alone; a launch costs microseconds more):\n")
	for _, gpu := range rooflines {
		r := counts.Roofline(gpu)
		say(19, "  %-16s %10.3g µs, bound by %s (%.3g of the %.3g flops a byte at which its limits meet)\n",
			gpu.Name, r.Seconds*1e6, r.Bound, r.Intensity, r.Ridge)
	}
	return j.writeFiles()
}
