package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// If the file names the source it was compiled from, so do reports and faults.
func TestReportsNameTheSource(t *testing.T) {
	text := strings.Replace(plantedHead, "\tld.param.u64 %x", "\t.loc 1 30 2\n\tld.param.u64 %x", 1) +
		".loc 1 12 5, function_name $L__name, inlined_at 1 30 2\nld.global.u32 %a, [%z+4096];\nret;\n}\n.file 1 \"/home/learner/kernel.cu\"\n.section .debug_str\n{\n$L__name:\n.b8 107\n.b8 0\n}\n"
	assemble(t, text)
	for _, checks := range []Checks{AllChecks, 0} {
		m := New(Options{Checks: checks})
		err := m.Launch(context.Background(), kernel(t, load(t, m, "compiled.ptx", text), "k"), LaunchConfig{}, upload(t, m, make([]byte, 4096)), alloc(t, m, 4))
		if err == nil || !strings.Contains(err.Error(), "(kernel.cu:12)") {
			t.Errorf("checks %b: %v, want kernel.cu:12", checks, err)
		}
	}
}

// Races between blocks, and with an atomic, have other remedies than those within a warp.
func TestHintsOfRaces(t *testing.T) {
	for body, want := range map[string]string{
		"st.shared.u32 [s], %t;":                                                               "__syncwarp",
		"shr.u32 %a, %t, 5;\nst.shared.u32 [s], %a;":                                           "__syncthreads",
		"setp.eq.u32 %p, %t, 0;\n@%p st.global.u32 [%x], %c;":                                  "blocks run in any order",
		"setp.eq.u32 %p, %t, 0;\n@%p st.global.u32 [%x], 1;\n@!%p red.global.add.u32 [%x], 1;": "one of the two is a plain access",
	} {
		fe, _ := runPlanted(t, planted{grid: Dim3{2, 1, 1}, block: Dim3{64, 1, 1}}, body, 1)
		if fe == nil || !strings.Contains(fe.Report.String(), "hint: ") || !strings.Contains(fe.Report.String(), want) {
			t.Errorf("%s: %v\nlacks %q", body, fe, want)
		}
	}
}

func TestUseAfterFreeAndLeaks(t *testing.T) {
	text := plantedHead + "ld.global.u32 %a, [%z]; // FAULT\nret;\n}\n"
	m := New(Options{Checks: AllChecks})
	k := kernel(t, load(t, m, "freed.ptx", text), "k")
	x, y := upload(t, m, make([]byte, 4096)), alloc(t, m, 4096)
	run := func() error { return m.Launch(context.Background(), k, LaunchConfig{Block: Dim3{32, 1, 1}}, x, y) }
	if err := run(); err != nil {
		t.Fatal(err)
	}
	if err := m.Free(x); err != nil {
		t.Fatal(err)
	}
	var fe *FindingsError
	if err := run(); !errors.As(err, &fe) {
		t.Fatalf("error %v, expected findings", err)
	}
	f := fe.Report.Findings[0]
	if f.Kind != "use after free" || f.Line != lineOf(t, text, "FAULT") || f.Count != 32 {
		t.Errorf("finding %+v", f)
	}
	leaks := m.Leaks()
	if len(leaks.Findings) != 1 || leaks.Findings[0].Address != y {
		t.Errorf("leaks %v, expected the second allocation", leaks)
	}
	if err := m.Free(x); err == nil {
		t.Error("freeing twice went unnoticed")
	}
	if err := m.Free(y); err != nil {
		t.Fatal(err)
	}
	if l := m.Leaks(); len(l.Findings) != 0 {
		t.Errorf("leaks %v after all was freed", l)
	}
	raw, err := m.Report().JSON()
	var back Report
	if err != nil || json.Unmarshal(raw, &back) != nil || len(back.Findings) != 1 || back.Findings[0].Kind != "use after free" {
		t.Errorf("JSON %s, error %v", raw, err)
	}
}

// Without checks the first bad access ends the kernel.
func TestFaultWithoutChecks(t *testing.T) {
	text := plantedHead + "st.global.u32 [%z+4000], %t; // FAULT\nret;\n}\n"
	m := New(Options{})
	k := kernel(t, load(t, m, "fault.ptx", text), "k")
	x, y := alloc(t, m, 4096), alloc(t, m, 4096)
	err := m.Launch(context.Background(), k, LaunchConfig{Block: Dim3{64, 1, 1}}, x, y)
	var f *Fault
	if !errors.As(err, &f) {
		t.Fatalf("error %v, expected a fault", err)
	}
	if f.Kind != "out of bounds" || f.Line != lineOf(t, text, "FAULT") || f.Thread != (Dim3{24, 0, 0}) || f.Address != x+4096 {
		t.Errorf("fault %+v", f)
	}
}

// Findings from before the fault that ends the kernel are kept.
func TestFindingsBeforeATrap(t *testing.T) {
	text := plantedHead + "ld.shared.u32 %a, [%w]; // FAULT\ntrap; // HERE\n}\n"
	m := New(Options{Checks: AllChecks})
	k := kernel(t, load(t, m, "trap.ptx", text), "k")
	x, y := upload(t, m, make([]byte, 4096)), alloc(t, m, 4096)
	err := m.Launch(context.Background(), k, LaunchConfig{Block: Dim3{32, 1, 1}}, x, y)
	var f *Fault
	if !errors.As(err, &f) || f.Kind != "trap" || f.Line != lineOf(t, text, "HERE") {
		t.Errorf("error %v, expected the trap", err)
	}
	r := m.Report()
	if len(r.Findings) != 1 || r.Findings[0].Line != lineOf(t, text, "FAULT") || r.Findings[0].Kind != "uninitialised memory" {
		t.Errorf("report %v", r)
	}
}
