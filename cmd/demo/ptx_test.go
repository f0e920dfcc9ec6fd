package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baregrad/mnist"
)

// ptx runs a command line of demo ptx.
func ptx(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(context.Background(), append([]string{"ptx"}, args...), &out, &errs)
	return status, out.String(), errs.String()
}

// relu are the arguments of relu_fwd_f32 over five elements from -2 to 2.
func relu(command string, n string, more ...string) []string {
	return append([]string{command, "relu.ptx", "-k", "relu_fwd_f32", "--block", "256",
		"--arg", "f32[5]", "--arg", "f32[5]=range(-2,1)", "--arg", n}, more...)
}

func TestPTXShowExpandsTemplates(t *testing.T) {
	status, out, _ := ptx(t, "show", "relu_fwd_f32")
	if status != 0 || !strings.Contains(out, ".entry relu_fwd_f32") || strings.Contains(out, "{{") || strings.Contains(out, "relu_bwd_f32") {
		t.Errorf("status %d, text:\n%s", status, out)
	}
	status, _, errs := ptx(t, "show", "relu_fw_f32")
	if status != statusFailed || !strings.Contains(errs, "nearest: relu_fwd_f32, ") {
		t.Errorf("an unknown kernel gave status %d and %q", status, errs)
	}
}

func TestPTXRunPrintsAndWritesWhatChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "y.npy")
	status, out, errs := ptx(t, relu("run", "5", "--out", "0="+path)...)
	if status != 0 || out != "0 param_y f32[5]: 0 0 0 1 2\n" {
		t.Fatalf("status %d, printed %q, errors %q", status, out, errs)
	}
	array, err := mnist.ReadNPYFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := array.Float32(); len(got) != 5 || got[3] != 1 || got[4] != 2 {
		t.Errorf("the file holds %v, want 0 0 0 1 2", got)
	}
	// What was written can be read again.
	status, out, errs = ptx(t, "run", "relu.ptx", "-k", "relu_fwd_f32", "--block", "256", "--arg", "f32[5]", "--arg", path, "--arg", "5")
	if status != 0 || out != "0 param_y f32[5]: 0 0 0 1 2\n" {
		t.Errorf("status %d, printed %q, errors %q", status, out, errs)
	}
}

func TestPTXCheckFindsWhatLiesOutside(t *testing.T) {
	status, out, _ := ptx(t, relu("check", "5")...)
	if status != 0 || out != "no findings\n" {
		t.Errorf("a kernel without fault: status %d, %q", status, out)
	}
	status, out, errs := ptx(t, relu("check", "6")...)
	if status != statusFailed || !strings.Contains(out, "out of bounds") || !strings.Contains(out, "argument 1 (param_x)") || !strings.Contains(errs, "2 findings") {
		t.Errorf("one element too many: status %d, %q, %q", status, out, errs)
	}
	status, out, _ = ptx(t, relu("check", "6", "--json")...)
	var report struct{ Findings []struct{ Kind string } }
	if err := json.Unmarshal([]byte(out), &report); err != nil || status != statusFailed || len(report.Findings) != 2 {
		t.Errorf("as JSON: status %d, %v, %q", status, err, out)
	}
}

func TestPTXStatsCounts(t *testing.T) {
	status, out, _ := ptx(t, relu("stats", "5")...)
	for _, want := range []string{"ld.global.f32", "flops for each byte", "H100", "µs"} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d; %q is missing in:\n%s", status, want, out)
		}
	}
}

func TestPTXTraceFollowsOneThread(t *testing.T) {
	status, out, _ := ptx(t, relu("trace", "5", "--thread", "3")...)
	for _, want := range []string{"mov.u32     i, %tid.x;", " i=3", "x0=1", "param_y f32[5]"} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d; %q is missing in:\n%s", status, want, out)
		}
	}
	if status, _, errs := ptx(t, relu("trace", "5", "--thread", "256")...); status != statusFailed || !strings.Contains(errs, "0 to 255") {
		t.Errorf("a thread outside the block: status %d, %q", status, errs)
	}
}

func TestPTXTraceTakesCommands(t *testing.T) {
	commands, err := os.Create(filepath.Join(t.TempDir(), "commands"))
	if err != nil {
		t.Fatal(err)
	}
	defer commands.Close()
	if _, err := commands.WriteString("\nprint n\nprint nothing\nnonsense\nquit\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := commands.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = commands
	defer func() { os.Stdin = stdin }()
	status, out, errs := ptx(t, relu("trace", "5", "--step")...)
	if status != 0 {
		t.Fatalf("status %d, %q", status, errs)
	}
	if n := strings.Count(out, "(step, continue"); n != 5 {
		t.Errorf("asked %d times, want 5:\n%s", n, out)
	}
	for _, want := range []string{"no register is called nothing", "Enter or step", "thread (31,0,0)"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	if strings.Contains(out, "st.global") {
		t.Errorf("the trace went on after quit:\n%s", out)
	}
}

// Ctrl-C ends a trace that waits for a command.
func TestPTXTraceCtrlCWhileWaiting(t *testing.T) {
	commands, typing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer commands.Close()
	defer typing.Close() // nothing is ever typed
	stdin := os.Stdin
	os.Stdin = commands
	defer func() { os.Stdin = stdin }()
	ctx, cancel := context.WithCancel(context.Background())
	status := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		status <- run(ctx, append([]string{"ptx"}, relu("trace", "5", "--step")...), cancelAt{"(step, continue", cancel}, &errs)
	}()
	// If the trace still waits, go test ends the test.
	if s := <-status; s != statusInterrupted || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("status %d, want %d; %q", s, statusInterrupted, errs.String())
	}
}

func TestPTXArgumentsThatAreWrong(t *testing.T) {
	fill := func(args ...string) []string { return append([]string{"run", "fill.ptx"}, args...) }
	for _, test := range []struct {
		args []string
		want string
	}{
		{fill(), "0 arguments for fill_f32, which has 3 parameters: param_y .u64"},
		{fill("--arg", "f32[0]", "--arg", "1", "--arg", "1"), "the length must be"},
		{fill("--arg", "f33[4]", "--arg", "1", "--arg", "1"), "no type is called"},
		{fill("--arg", "f32[4]=1,x", "--arg", "1", "--arg", "1"), `"x" is no number`},
		{fill("--arg", "f32[4]=ones()", "--arg", "1", "--arg", "1"), "range(START,STEP)"},
		{fill("--arg", "f32[4]", "--arg", "x", "--arg", "1"), "no number that fits .f32"},
		{fill("--arg", "f32[4]", "--arg", "1", "--arg", "-"), "no whole number that fits .u32"},
		{fill("--arg", "f32[4]", "--arg", "1", "--arg", "4", "--grid", "0"), "--grid 0"},
		{fill("--arg", "f32[4]", "--arg", "1", "--arg", "4", "--block", "2048"), "at most 1024"},
		{fill("--arg", "f32[4]", "--arg", "1", "--arg", "4", "--out", "1=x.npy"), "--out 1=x.npy"},
		{fill("--arg", "u32[4]", "--arg", "1", "--arg", "4", "--out", "0=x.npy"), "give the argument as s32, which has the same bits"},
		{fill("--arg", "f32[4]", "--arg", "1", "--arg", "u32[1]"), "is a buffer, the parameter is a number of type .u32"},
		{fill("--arg", "f32[4]", "--arg", "1", "--arg", "4", "--out", "0=missing/x.npy"), "--out 0=missing/x.npy: "},
		{fill("--arg", "f32[4]=random(-1)", "--arg", "1", "--arg", "1"), "the seed must be a whole number"},
		{fill("--arg", "f32[4]=random(0.5)", "--arg", "1", "--arg", "1"), "the seed must be a whole number"},
		{fill("--arg", "f32[4]=random(1e300)", "--arg", "1", "--arg", "1"), "the seed must be a whole number"},
		{relu("trace", "5", "--block", "65536,65536"), "a block of (65536,65536,1) threads, expected at most 1024"},
		{[]string{"run", "nowhere.ptx"}, "nowhere.ptx"},
		{[]string{"run", "rellu.ptx"}, "the nearest: relu.ptx, "},
		{[]string{"run", "relu.ptx", "-k", "relu_f32"}, "has no kernel \"relu_f32\"; the nearest of its 2: relu_bwd_f32, relu_fwd_f32"},
		{[]string{"run", "relu.ptx"}, "relu.ptx has 2 kernels: name one with --kernel"},
	} {
		status, out, errs := ptx(t, test.args...)
		if status != statusFailed || !strings.Contains(errs, test.want) || out != "" {
			t.Errorf("%v: status %d, %q, want %q in it; printed %q, want nothing", test.args, status, errs, test.want, out)
		}
	}
}

// Values as they are written for buffers of each kind.
func TestPTXSequences(t *testing.T) {
	for _, test := range []struct {
		text, want string
	}{
		{"f32[4]=1,2.5", "[1 2.5 1 2.5]"},
		{"s8[3]=-1", "[-1 -1 -1]"},
		{"u8[3]=range", "[0 1 2]"},
		{"u16[3]=range(7,3)", "[7 10 13]"},
		{"s32[2]=0x10,-3", "[16 -3]"},
		{"u64[2]=18446744073709551615,1", "[18446744073709551615 1]"},
		{"f64[2]=range(0.5,0.25)", "[0.5 0.75]"},
		{"s64[2]", "[0 0]"},
	} {
		a, err := parseBuffer(test.text, strings.IndexByte(test.text, '['))
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		array, err := a.array(a.contents)
		if got := strings.TrimSpace(strings.Join(strings.Fields(fmt.Sprint(array.Data)), " ")); err != nil || got != test.want {
			t.Errorf("%s gave %s (%v), want %s", test.text, got, err, test.want)
		}
	}
	first, err := parseBuffer("f32[8]=random(3)", 3)
	if err != nil {
		t.Fatal(err)
	}
	again, err := parseBuffer("f32[8]=random(3)", 3)
	other, err2 := parseBuffer("f32[8]=random(4)", 3)
	if err != nil || err2 != nil || !bytes.Equal(first.contents, again.contents) || bytes.Equal(first.contents, other.contents) {
		t.Errorf("random numbers must follow from the seed: %v %v", err, err2)
	}
}

// Halves are given and printed as numbers, and written as float32.
func TestPTXHalves(t *testing.T) {
	file := filepath.Join(t.TempDir(), "add.ptx")
	text := `.version 7.8
.target sm_90
.address_size 64
.visible .entry add(.param .u64 a, .param .u64 b)
{
	.reg .b64 %a, %b;
	.reg .b16 %x, %y;
	ld.param.u64 %a, [a];
	ld.param.u64 %b, [b];
	ld.global.b16 %x, [%a+2];
	add.f16 %x, %x, %x;
	st.global.b16 [%a+2], %x;
	ld.global.b16 %y, [%b+2];
	add.bf16 %y, %y, %y;
	st.global.b16 [%b+2], %y;
	ret;
}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	y := filepath.Join(t.TempDir(), "y.npy")
	status, out, errs := ptx(t, "check", file, "--block", "1", "--arg", "f16[3]=0.1", "--arg", "bf16[3]=range(0.5,0.25)")
	if status != 0 {
		t.Fatalf("status %d, %q, %q", status, out, errs)
	}
	_, out, errs = ptx(t, "run", file, "--block", "1", "--arg", "f16[3]=0.1", "--arg", "bf16[3]=range(0.5,0.25)", "--out", "0="+y)
	if want := "0 a f16[3]: 0.099975586 0.19995117 0.099975586\n1 b bf16[3]: 0.5 1.5 1\n"; out != want {
		t.Errorf("printed %q, %q, want %q", out, errs, want)
	}
	array, err := mnist.ReadNPYFile(y)
	if err != nil || array.Float32()[1] != 0.19995117 {
		t.Errorf("the file holds %v, %v", array, err)
	}
}
