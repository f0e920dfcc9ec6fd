package bench

import (
	"strings"
	"testing"

	"baregrad/kernels/auto"
)

func tableForTest() Table {
	r := Report{
		Peaks: []PeakResult{{Config{"avx2", 1}, 100, 20}},
		MatMul: []ProductResult{
			{Config{"avx2", 1}, 2, 3, 4, 50}, {Config{"avx2", 1}, 20, 3, 4, 80}, {Config{"reference", 1}, 2, 3, 4, 0.5},
		},
	}
	return r.Products()
}

func TestTableText(t *testing.T) {
	const want = `matrix product, GFLOP/s  avx2/cores=1  reference/cores=1
2×3×4                      50.0  50 %                0.5
20×3×4                     80.0  80 %                  –
`
	if got := tableForTest().Text(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTableMarkdown(t *testing.T) {
	const want = `| matrix product, GFLOP/s | avx2, 1 core | reference, 1 core |
|---|--:|--:|
| 2×3×4 | 50.0 (50 %) | 0.5 |
| 20×3×4 | 80.0 (80 %) | – |
`
	if got := tableForTest().Markdown(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Bars for 80 and 50, in 16 eighths. Without the reference's figure the scale is linear.
func TestTableChart(t *testing.T) {
	table := tableForTest()
	table.Cells[0][1] = 0
	const want = `matrix product, GFLOP/s
2×3×4
  avx2/cores=1      █▎ 50.0
20×3×4
  avx2/cores=1      ██ 80.0
`
	if got := table.Chart(2, false); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// With the reference's figure, a hundredth of the others, the scale is logarithmic and starts at a
// third of it: 50 fills ln(3·50/0.5) / ln(3·80/0.5) = 0.92 of the 64 eighths, and so on.
func TestTableChartOfUnlikeFigures(t *testing.T) {
	const want = `matrix product, GFLOP/s
(logarithmic scale)
2×3×4
  avx2/cores=1      ███████▍ 50.0
  reference/cores=1 █▍ 0.5
20×3×4
  avx2/cores=1      ████████ 80.0
`
	if got := tableForTest().Chart(8, false); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// If there is no table, the chart shows the shares.
func TestTableChartWithShares(t *testing.T) {
	const want = "  avx2/cores=1      ███████▍ 50.0 (50 %)\n"
	if got := tableForTest().Chart(8, true); !strings.Contains(got, want) || !strings.Contains(got, " 0.5\n") {
		t.Errorf("got\n%swant it with\n%s", got, want)
	}
}

func TestSlug(t *testing.T) {
	m := Machine{CPU: "Intel(R) Xeon(R) @ 2.10GHz", Cores: 8}
	if got, want := m.Slug(), "intel-r-xeon-r-2-10ghz-8-cores"; got != want {
		t.Errorf("slug %q, want %q", got, want)
	}
}

// Wherever figures of the device cuda are shown, what replaced the GPU is named.
func TestMachineNamesItsGPU(t *testing.T) {
	m := Machine{CPU: "x", Cores: 2, Go: "go1.26", OS: "linux", Arch: "amd64"}
	if s := m.String(); strings.Contains(s, "cuda") {
		t.Errorf("a machine without a GPU is %q", s)
	}
	m.GPU = "PTX emulator (compute capability 9.0)"
	r := Report{Machine: m}
	for _, s := range []string{m.String(), r.Markdown(nil)} {
		if !strings.Contains(s, m.GPU) {
			t.Errorf("%q does not name the GPU", s)
		}
	}
	available := ""
	for _, device := range auto.List() {
		if device.Name == "cuda" && device.Available {
			available = device.Hardware
		}
	}
	if got := ThisMachine().GPU; got != available {
		t.Errorf("this machine's GPU is %q, want %q", got, available)
	}
}

func TestParseBenchmarks(t *testing.T) {
	const text = `goos: linux
BenchmarkKernels/device=avx2/cores=1/MatMul/forward/1x2x3-2 	 10	 1234 ns/op	 50.5 %peak	 60 GFLOP/s	 0 allocs/op
BenchmarkTrainStep/network=mnist-cnn/device=avx2/cores=2-2   	 3	 99 ns/op
PASS
`
	list, err := ParseBenchmarks(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Name != "Kernels/device=avx2/cores=1/MatMul/forward/1x2x3" || list[0].Runs != 10 ||
		list[0].Metrics["%peak"] != 50.5 || list[0].Metrics["ns/op"] != 1234 || list[1].Name != "TrainStep/network=mnist-cnn/device=avx2/cores=2" {
		t.Errorf("%+v", list)
	}
	table := kernelTable(list, "GFLOP/s")
	const want = `| kernel, GFLOP/s | avx2, 1 core |
|---|--:|
| MatMul/forward/1x2x3 | 60.0 (50 %) |
`
	if got := table.Markdown(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, bad := range []string{"BenchmarkX many 3 ns/op", "BenchmarkX 3 x ns/op"} {
		if _, err := ParseBenchmarks(strings.NewReader(bad)); err == nil {
			t.Errorf("%q gave no error", bad)
		}
	}
}

func TestMarkdownTellsOfLoad(t *testing.T) {
	for _, c := range []struct {
		load string
		want bool
	}{{"", false}, {"0.10 5.00 5.00", false}, {"7.00 0.10 0.10", true}} {
		r := Report{Machine: Machine{CPU: "x", Cores: 2, Load: c.load}}
		if got := strings.Contains(r.Markdown(nil), "Other programs were running"); got != c.want {
			t.Errorf("with the load %q the report tells of other programs: %v, want %v", c.load, got, c.want)
		}
	}
}
