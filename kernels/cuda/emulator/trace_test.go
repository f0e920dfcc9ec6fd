package emulator

import (
	"context"
	"fmt"
	"testing"
)

// A trace reports every instruction that a warp executes once, with the lanes that took part and the
// values afterwards.
func TestTrace(t *testing.T) {
	const source = `.version 6.0
.target sm_70
.address_size 64
.visible .entry k(.param .u32 param_n)
{
    .reg .pred p;
    .reg .u32 i, n;
    .reg .f32 x;
    ld.param.u32 n, [param_n];
    mov.u32 i, %tid.x;
    setp.lt.u32 p, i, n;
    bar.sync 0;
    mov.f32 x, 0f3FC00000;
    @p add.u32 i, i, 10;
    ret;
}
`
	var got []string
	m := New(Options{Workers: 4, Trace: func(s Step) {
		if s.Warp != 1 {
			return
		}
		line := fmt.Sprintf("%d %s %08x", s.Instr.Pos.Line, s.Instr.Name(), s.Lanes)
		for _, r := range s.Registers() {
			line += fmt.Sprintf(" %s=%s", r.Name, s.Value(r, 2))
		}
		got = append(got, line)
		if s.Register("nothing") != nil || s.Register("x") == nil || s.Thread(2).X != 34 {
			t.Errorf("line %d: wrong registers or thread", s.Instr.Pos.Line)
		}
	}})
	mod, err := Parse("trace.ptx", source)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Load(mod)
	if err != nil {
		t.Fatal(err)
	}
	k, err := p.Kernel("k")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Launch(context.Background(), k, LaunchConfig{Block: Dim3{X: 64}}, 35); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"9 ld.param.u32 ffffffff n=35",
		"10 mov.u32 ffffffff i=34",
		"11 setp.lt.u32 ffffffff p=1 i=34 n=35",
		"12 bar.sync ffffffff",
		"13 mov.f32 ffffffff x=1.5",
		"14 add.u32 00000007 p=1 i=44 i=44",
		"15 ret ffffffff",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
