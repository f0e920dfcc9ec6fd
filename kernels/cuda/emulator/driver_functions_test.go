package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// printing is what printf in CUDA C compiles to: the arguments are in local memory, each aligned to
// its size.
const printing = header + `
.extern .func (.param .b32 count) vprintf (.param .b64 format, .param .b64 arguments);
.extern .func __assertfail (.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e);
.extern .func (.param .b64 p) malloc (.param .b64 n);
.global .align 1 .b8 text[128] = {FORMAT};
.global .align 1 .b8 word[6] = {115, 101, 118, 101, 110, 0};
.visible .entry k(.param .u64 out)
{
	.local .align 8 .b8 depot[56];
	.reg .pred %p;
	.reg .b32 %t, %n;
	.reg .b64 %o, %a, %f, %w;
	mov.u32 %t, %tid.x;
	ld.param.u64 %o, [out];
	cvta.local.u64 %a, depot;
	st.u32 [%a], %t;
	st.f64 [%a+8], 0d400921FB54442D18;     // pi
	cvta.global.u64 %w, word;
	st.u64 [%a+16], %w;
	st.u64 [%a+24], -5;
	st.u32 [%a+32], 255;
	st.u32 [%a+36], 65;
	st.f64 [%a+40], 0dFFF0000000000000;    // -inf
	setp.ne.u32 %p, %t, 2;
	@%p bra past;
	cvta.global.u64 %f, text;
	{ .param .b64 f; .param .b64 g; .param .b32 r;
	st.param.b64 [f], %f; st.param.b64 [g], %a;
	call.uni (r), vprintf, (f, g);
	ld.param.b32 %n, [r]; }
	st.global.u32 [%o], %n;
past:	CALL
	ret;
}
`

func printed(t *testing.T, format, call string, checks Checks) (string, []byte, error) {
	t.Helper()
	codes := strings.Trim(strings.ReplaceAll(fmt.Sprint([]byte(format+"\x00")), " ", ","), "[]")
	text := strings.Replace(strings.Replace(printing, "FORMAT", codes, 1), "CALL", call, 1)
	assemble(t, text)
	var out bytes.Buffer
	m := New(Options{Checks: checks, Output: &out})
	mod := mustParse(t, "printing.ptx", text)
	p, err := m.Load(mod)
	if err != nil {
		return "", nil, err
	}
	y, err := m.Alloc(4)
	if err != nil {
		t.Fatal(err)
	}
	err = m.Launch(context.Background(), kernel(t, p, "k"), LaunchConfig{Grid: Dim3{X: 1}, Block: Dim3{X: 4}}, y)
	count := make([]byte, 4)
	if e := m.CopyOut(count, y); e != nil {
		t.Fatal(e)
	}
	return out.String(), count, err
}

func TestPrintf(t *testing.T) {
	for _, c := range []struct {
		format, want string
		count        byte
	}{
		{`thread %d: %.3f %s %lld %x %c %f%%.`, "thread 2: 3.142 seven -5 ff A -inf%.", 7},
		{`%5d|%-8.2e|%7s|%+lld|%#X|%3c|%G`, "    2|3.14e+00|  seven|-5|0XFF|  A|-INF", 7},
		{`%u %g %p`, "2 3.14159 0x700000", 3},
		{`nothing`, "nothing", 0},
		{`%*d end`, " 0 end", 2}, // the width is 2, the number is what lies before pi
		{`%q %`, "%q %", 0},
		{`%999999999999d`, "2", 1},
	} {
		got, count, err := printed(t, c.format, "", AllChecks)
		if err != nil {
			t.Errorf("%q: %v", c.format, err)
		}
		if c.format == `%u %g %p` {
			got = got[:len(c.want)] // the address of the word does not matter
		}
		if got != c.want || count[0] != c.count {
			t.Errorf("%q printed %q and returned %d, expected %q and %d", c.format, got, count[0], c.want, c.count)
		}
	}
}

// With more directives than arguments, printf reads beyond the memory of the arguments.
func TestPrintfOfTooMuch(t *testing.T) {
	_, _, err := printed(t, "%d %f %s %lld %x %c %f %f %f", "", AllChecks)
	var found *FindingsError
	if !errors.As(err, &found) {
		t.Errorf("got %v, expected a finding", err)
	}
}

func TestAssertFail(t *testing.T) {
	_, _, err := printed(t, "", `@!%p bra over;
	{ .param .b64 a; .param .b64 b; .param .b32 c; .param .b64 d; .param .b64 e;
	st.param.b64 [a], %w; st.param.b64 [b], %w; st.param.b32 [c], 12; st.param.b64 [d], %w; st.param.b64 [e], 1;
	call.uni __assertfail, (a, b, c, d, e); }
	over:`, 0)
	var f *Fault
	if !errors.As(err, &f) || f.Kind != "assertion failed" || f.Thread != (Dim3{}) || f.Detail != "seven, seven:12, in seven" {
		t.Errorf("got %v", err)
	}
}

// A function of the driver that is not supported is refused by name, and so is one with a wrong
// declaration.
func TestDriverFunctionsRefused(t *testing.T) {
	_, _, err := printed(t, "", "{ .param .b64 n; .param .b64 r; st.param.b64 [n], 8; call.uni (r), malloc, (n); }", 0)
	if err == nil || !strings.Contains(err.Error(), `"malloc" has no body in this file`) {
		t.Errorf("malloc: %v", err)
	}
	mod := mustParse(t, "p.ptx", header+".extern .func vprintf (.param .b32 x);\n.entry k() { .param .b32 x; st.param.b32 [x], 0; call.uni vprintf, (x); }")
	if _, err := New(Options{}).Load(mod); err == nil || !strings.Contains(err.Error(), "vprintf must have parameters") {
		t.Errorf("another vprintf: %v", err)
	}
}
