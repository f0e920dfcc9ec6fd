// Command demo is the program that people run: it trains networks on MNIST and Fashion-MNIST with
// baregrad and shows the results. Without arguments it trains the default convolutional network.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"baregrad/kernels"
	"baregrad/nn"
)

// commands is the whole command line. Each command is a struct with a Run method.
type commands struct {
	Train    TrainCommand    `cmd:"" default:"withargs" help:"Train a network on MNIST or Fashion-MNIST and test it (the default command)."`
	Predict  PredictCommand  `cmd:"" help:"Classify pictures with a trained model."`
	Show     ShowCommand     `cmd:"" help:"Show what is inside a model: layers, training, filters, activations, mistakes."`
	Tutorial TutorialCommand `cmd:"" help:"Run a well-known Keras tutorial, or list them."`
	Bench    BenchCommand    `cmd:"" help:"Compare the speed of this machine's devices, in under a minute."`
	Profile  ProfileCommand  `cmd:"" help:"Show how long each call of a tutorial's training step takes."`
	Devices  DevicesCommand  `cmd:"" help:"List what this machine can compute on, and why anything is missing."`
	PTX      PTXCommand      `cmd:"" name:"ptx" help:"Show, run, check, count and trace GPU kernels on the emulator: ours and any other PTX."`
}

// Exit statuses.
const (
	statusFailed      = 1
	statusUsage       = 2
	statusInterrupted = 130 // as a shell reports a program ended by Ctrl-C
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() { // a second Ctrl-C ends the program at once
		<-ctx.Done()
		stop()
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes a command line and returns the exit status.
func run(ctx context.Context, args []string, out, stderr io.Writer) int {
	stdout := &printed{Writer: out}
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("demo"),
		kong.Description("Train small networks with baregrad, a deep-learning engine that can be read down to the machine instruction."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(status int) { exited = status }), // --help
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(io.Writer(stdout), (*io.Writer)(nil)),
	)
	if err != nil {
		panic(err) // a mistake in the struct tags
	}
	command, err := parser.Parse(joined(args))
	if exited >= 0 {
		return exited
	}
	if err != nil {
		if len(args) > 0 && !strings.HasPrefix(args[0], "-") && !slices.Contains(names(parser.Model.Node), args[0]) {
			err = nn.Unknown("command", args[0], names(parser.Model.Node))
		}
		fmt.Fprintf(stderr, "demo: %s\nTry %s%s --help.\n", plain(err), program, subcommand(err))
		return statusUsage
	}
	err = guarded(func() error { return command.Run() })
	if err == nil {
		err = stdout.failed
	}
	if err != nil {
		if errors.Is(err, context.Canceled) { // by Ctrl-C
			fmt.Fprintf(stderr, "demo: %s\n", strings.ReplaceAll(err.Error(), context.Canceled.Error(), "interrupted"))
			return statusInterrupted
		}
		fmt.Fprintf(stderr, "demo: %v\n", err)
		return statusFailed
	}
	return 0
}

// printed is the program's output. It remembers a failed write, as on a full disk: a command that
// lost a line of its output has failed.
type printed struct {
	io.Writer
	failed error // the first
}

func (p *printed) Write(text []byte) (int, error) {
	n, err := p.Writer.Write(text)
	if p.failed == nil {
		p.failed = err
	}
	return n, err
}

// Unwrap returns the underlying writer, because output to a terminal differs from output to a file.
func (p *printed) Unwrap() io.Writer { return p.Writer }

// names lists the commands below a command, or those of the program.
func names(node *kong.Node) (all []string) {
	for _, command := range node.Children {
		all = append(all, command.Name)
	}
	return all
}

// joined returns the arguments with a negative number joined to the flag before it: "--epochs -1" becomes
// "--epochs=-1". Alone the number would be taken for a flag.
func joined(args []string) (all []string) {
	for i, arg := range args {
		if arg == "--" {
			return append(all, args[i:]...)
		}
		_, err := strconv.ParseFloat(arg, 64)
		if last := len(all) - 1; err == nil && arg[0] == '-' && last >= 0 && strings.HasPrefix(all[last], "--") && !strings.Contains(all[last], "=") {
			all[last] += "=" + arg
			continue
		}
		all = append(all, arg)
	}
	return all
}

// noValue matches what kong says of a flag at the end of the line that lacks its value.
var noValue = regexp.MustCompile(`^(--\S+): expected \w+ value but got "EOL" \(<EOL>\)$`)

// plain returns the text of an error about the command line, without kong's own terms.
func plain(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && strings.HasPrefix(err.Error(), "expected one of") {
		if node := wrong.Context.Selected(); node != nil {
			return fmt.Sprintf("%s needs a command: %s", node.Name, strings.Join(names(node), ", "))
		}
	}
	return noValue.ReplaceAllString(err.Error(), "$1 needs a value")
}

// subcommand returns the command that a wrong command line was for, with a space before it, or "".
func subcommand(err error) string {
	var wrong *kong.ParseError
	if !errors.As(err, &wrong) || wrong.Context.Selected() == nil {
		return ""
	}
	return " " + strings.TrimSpace(wrong.Context.Selected().Path())
}

// program is how this program can be called again.
var program = callOf(os.Args[0])

// callOf returns the command for a program's path: go run ./cmd/demo if go run has built it and
// ./cmd/demo is available; otherwise the path itself, or demo if it has another name.
func callOf(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), ".exe")
	switch {
	case name != "demo":
		return "demo"
	case !strings.Contains(filepath.ToSlash(path), "/go-build"):
		return argument(path)
	case isFolder("cmd/demo") == nil:
		return "go run ./cmd/demo"
	}
	return "demo"
}

// guarded turns the panic of a failed device into an error. nn's methods return such errors, but
// copying to a device outside them panics.
func guarded(work func() error) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *kernels.DeviceError:
			err = e
		default:
			panic(e)
		}
	}()
	return work()
}
