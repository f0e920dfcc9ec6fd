//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"baregrad/kernels/cuda/emulator"
)

// A table constructed after the documented format of ncu --csv --page raw --print-units base: lines
// of the tool, names, units, a line for each launch. No GPU printed it.
const table = `==PROF== Connected to process 4711 (/tmp/gpulab)
==PROF== Profiling "fill" - 0: 0%....50%....100% - 9 passes
==PROF== Disconnected from process 4711
"ID","Process ID","Process Name","Host Name","Kernel Name","Context","Stream","Block Size","Grid Size","Device","CC","dram__bytes_read.sum","dram__bytes_write.sum","dram__throughput.avg.pct_of_peak_sustained_elapsed","gpu__time_duration.sum","l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum","l1tex__data_pipe_lsu_wavefronts_mem_shared.sum","launch__registers_per_thread","launch__waves_per_multiprocessor","lts__throughput.avg.pct_of_peak_sustained_elapsed","sm__inst_executed_pipe_fma.avg.pct_of_peak_sustained_active","sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active","sm__throughput.avg.pct_of_peak_sustained_elapsed","sm__warps_active.avg.pct_of_peak_sustained_active","smsp__average_warps_issue_stalled_gmma_per_issue_active.ratio","smsp__average_warps_issue_stalled_long_scoreboard_per_issue_active.ratio","smsp__average_warps_issue_stalled_wait_per_issue_active.ratio","smsp__issue_active.avg.pct_of_peak_sustained_active"
"","","","","","","","","","","","byte","byte","%","ns","","","register/thread","","%","%","%","%","%","inst","inst","inst","%"
"0","4711","gpulab","127.0.0.1","fill","1","13","(256, 1, 1)","(16384, 1, 1)","0","9.0","0","268,435,456","91.53","96,064","0","0","16","31.03","60.10","0.01","n/a","12.40","88.20","n/a","20.51","1.02","9.80"
"1","4711","gpulab","127.0.0.1","matmul","1","13","(256, 1, 1)","(32, 32, 1)","0","9.0","134,217,728","67,108,864","11.02","2,750,112","1,000","50,000","128","3.88","31.50","88.01","0","91.40","24.90","n/a","0.20","0.71","93.33"
`

var tableLaunches = []Launched{
	{Kernel: "fill", Grid: [3]int{16384, 1, 1}, Block: [3]int{256, 1, 1}},
	{What: "a product", Kernel: "matmul", Grid: [3]int{32, 32, 1}, Block: [3]int{256, 1, 1}},
	{What: "a product", Kernel: "add_splits", Grid: [3]int{8, 1, 1}, Block: [3]int{256, 1, 1}},
}

func TestReadProfiles(t *testing.T) {
	list, complaint, err := readProfiles(strings.NewReader(table), "products", tableLaunches)
	if err != nil || complaint != "" || len(list) != 2 {
		t.Fatalf("%d profiles, complaint %q, error %v, want the two with a name", len(list), complaint, err)
	}
	if p := list[0]; math.Abs(p.Values[duration]-2.750112e-3) > 1e-12 || p.Values[dramRead] != 134217728 || p.Values[registers] != 128 || p.Set != "products" {
		t.Errorf("%+v", p)
	}
	if _, known := list[0].Values[stall("gmma")]; known {
		t.Error("what is not available has a value")
	}
	if want := "not in ncu's table"; list[1].Problem != want {
		t.Errorf("a launch that is not in the table: %q, want %q", list[1].Problem, want)
	}
	text := profileTable(list)
	for _, want := range []string{
		"| a product | matmul | 1024 × 256 | 3.9 | 2750.1 | 201.3 | SM 91 | 91, 11, 32, – | 88 | 0 | 25 | 128 | 93 | 2 | wait 0.7, long scoreboard 0.2 |",
		"| a product | add_splits | | | | | not in ncu's table |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table has no line %s:\n%s", want, text)
		}
	}
	for _, torn := range []string{table[:len(table)-40], strings.ReplaceAll(table, "Kernel Name", "Name"), strings.ReplaceAll(table, `"fill"`, `"add_splits"`)} {
		if list, _, err := readProfiles(strings.NewReader(torn), "products", tableLaunches); err == nil {
			t.Errorf("no error, and %d profiles, of\n%s", len(list), torn)
		}
	}
	foreign := strings.ReplaceAll(strings.ReplaceAll(table, `"fill"`, `"a_driver's(int)"`), `"matmul"`, `"matmul(float*)"`)
	if list, _, err := readProfiles(strings.NewReader(foreign), "products", tableLaunches); err != nil || len(list) != 3 ||
		list[0].Kernel != "a_driver's" || list[0].What != "not one of ours" || list[1].Values[registers] != 128 {
		t.Errorf("error %v, profiles %+v", err, list)
	}
	if text := profileTable(nil); text != "" {
		t.Errorf("without profiles the report has %q", text)
	}
}

// fakeNCU does as ncu does, as far as options, files and messages go. It knows no metric with the
// name in $UNKNOWN, and it does what $NCU says. It prints the launches that the program reports.
const fakeNCU = `#!/usr/bin/env bash
echo "$*" >>"$FAKE/calls"
while [ "${1#--}" != "$1" ]; do
	case $1 in
	--csv) shift; continue ;;
	--log-file) log=$2 ;;
	--launch-skip) skip=$2 ;;
	--launch-count) count=$2 ;;
	--metrics) metrics=$2 ;;
	esac
	shift 2
done
exec 5>"$log"
for name in $UNKNOWN; do
	case ,$metrics, in *,$name.*)
		echo "==ERROR== Failed to find metric regex:^$name(\.(sum|avg|ratio))*\$" >&5; exit 1 ;;
	esac
done
case $NCU in
forbidden)
	echo '==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU Performance Counters on the target device 0.' >&5
	"$@"; exit 1 ;;
silent) exit ;;
hangs-*) case "$*" in *" ${NCU#hangs-} "*) sleep 60 ;; esac ;;
esac
file=${@: -1}
"$@" || exit
{
	printf '"ID","Kernel Name"'; printf ',"%s"' ${metrics//,/ }; echo
	printf '"",""'; for m in ${metrics//,/ }; do printf ',""'; done; echo
	tail -n +$((skip + 1)) "$file" | head -n "$count" | sed 's/.*"kernel":"\([^"]*\)".*/\1/' | while read -r kernel; do
		printf '"0","%s"' "$kernel"; for m in ${metrics//,/ }; do printf ',"1,000.5"'; done; echo
	done
} >&5
`

// profiled profiles sets on the emulator with fakeNCU. A set is launched by this program.
func profiled(t *testing.T, ncu, unknown string, most time.Duration, sets ...string) (list []Profile, calls string, err error) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "ncu", []byte(fakeNCU))
	if err := os.Chmod(filepath.Join(dir, "ncu"), 0o755); err != nil {
		t.Fatal(err)
	}
	var some []launchSet
	for _, name := range sets {
		s, err := launchSetByName(name, true)
		if err != nil {
			t.Fatal(err)
		}
		some = append(some, s)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "gpulab")); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = profiles(&out, filepath.Join(dir, "ncu-files"), some, most, func(ctx context.Context, with []string, set, file string) *exec.Cmd {
		command := append(with[:len(with):len(with)], filepath.Join(dir, "gpulab"), "-device", "emulator", "-smoke", "launches", set, file)
		if len(with) > 0 {
			command[0] = filepath.Join(dir, "ncu")
		}
		c := exec.CommandContext(ctx, command[0], command[1:]...)
		c.Env = append(os.Environ(), "FAKE="+dir, "NCU="+ncu, "UNKNOWN="+unknown)
		return c
	})
	for line := range strings.Lines(out.String()) {
		var p Profile
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, p)
	}
	text, _ := os.ReadFile(filepath.Join(dir, "calls"))
	return list, string(text), err
}

// Every launch of a set is profiled, and has its name. A metric that this ncu does not know costs
// only itself.
func TestProfiles(t *testing.T) {
	gmma, fma := strings.TrimSuffix(stall("gmma"), ".ratio"), "sm__inst_executed_pipe_fma"
	list, calls, err := profiled(t, "", gmma+" "+fma, time.Minute, "mnist-mlp", "memory")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(calls, "\n"); n != 4 || !strings.Contains(calls, "--clock-control none") {
		t.Errorf("ncu was started %d times, want once for each of two metrics, and for each set:\n%s", n, calls)
	}
	memory, err := launchSetByName("memory", true)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"a step of mnist-mlp, batch 1": true}
	for _, c := range memory.cases {
		want[c.Name] = true
	}
	kernels := map[string]bool{}
	for _, p := range list {
		if p.Problem != "" || p.Values[registers] != 1000.5 || len(p.Values) != len(counters())-2 {
			t.Errorf("%+v", p)
		}
		if _, known := want[p.What]; !known {
			t.Errorf("%q is profiled, which is none of %v", p.What, want)
		}
		want[p.What] = false
		kernels[p.Kernel] = true
	}
	for name, missing := range want {
		if missing {
			t.Errorf("%s was not profiled", name)
		}
	}
	for _, k := range []string{"maxpool_bwd_by4_f32", "rmsprop_f32"} {
		if !kernels[k] {
			t.Errorf("the kernel %s was not profiled: %v", k, kernels)
		}
	}
}

// What ncu can't do is a line of the report.
func TestProfilesWithoutCounters(t *testing.T) {
	list, _, err := profiled(t, "silent", "", time.Minute, "mnist-mlp")
	if want := "ncu printed no table"; err == nil || len(list) != 1 || list[0].Problem != want {
		t.Errorf("error %v, profiles %+v, want %q", err, list, want)
	}
	list, calls, err := profiled(t, "forbidden", "", time.Minute, "mnist-mlp", "products")
	if !errors.Is(err, errForbidden) || len(list) != 1 || !strings.Contains(list[0].Problem, "ERR_NVGPUCTRPERM") || strings.Count(calls, "\n") != 1 {
		t.Errorf("error %v, profiles %+v, calls\n%s", err, list, calls)
	}
	raw, dir := t.TempDir(), t.TempDir()
	write(t, raw, "about.json", []byte(`{"Name":"a GPU","Compute":[9,0]}`))
	text, err := json.Marshal(list[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, raw, "profile.jsonl", append(text, '\n'))
	lab(t, "report", raw, dir)
	if text, err = os.ReadFile(filepath.Join(dir, "report.md")); err != nil || !strings.Contains(string(text), "| mnist-mlp |  | | | | | "+errForbidden.Error()+" |") {
		t.Errorf("error %v, the report is\n%s", err, text)
	}
}

// A set that hangs is stopped, and the next one is profiled.
func TestProfilesThatHang(t *testing.T) {
	for most := 2 * time.Second; ; most *= 2 {
		list, _, err := profiled(t, "hangs-mnist-mlp", "", most, "mnist-mlp", "tf32")
		want := fmt.Sprintf("it took longer than %v, and was stopped", most)
		late := len(list) < 2 || list[0].Problem != want || list[1].Problem != ""
		if late && most < time.Minute {
			continue // the machine may have held up what does not hang: more patience
		}
		if err == nil || late {
			t.Errorf("error %v, profiles %+v", err, list)
		}
		return
	}
}

// The launches of a step are those of one step: each layer's are there once, and nothing that only
// prepares it.
func TestLaunchesOfAStep(t *testing.T) {
	var out bytes.Buffer
	set, err := launchSetByName("mnist-mlp", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := launchSetOf(emulator.NewDriver(emulator.Options{}), set, true, json.NewEncoder(&out)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "launches")
	write(t, filepath.Dir(path), "launches", out.Bytes())
	list, skip, err := readLaunches(path)
	if err != nil || skip == 0 {
		t.Fatalf("%d before the step, error %v", skip, err)
	}
	counts := map[string]int{}
	for _, l := range list {
		if l.What == "" {
			t.Errorf("%s is not of the step", l.Kernel)
		}
		counts[l.Kernel]++
	}
	if counts["rmsprop_f32"] != 1 || slices.ContainsFunc(list, func(l Launched) bool { return strings.HasPrefix(l.Kernel, "uniform") }) {
		t.Errorf("launches %v, want one update and no initial weights", counts)
	}
}
