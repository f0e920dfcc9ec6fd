package cuda_test

import (
	"fmt"
	"strings"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/cuda"
	"baregrad/kernels/cuda/emulator"
)

// metered returns a device over the emulator with counters on, and the machine that counts.
func metered(t *testing.T) (*cuda.Device, *emulator.Machine) {
	t.Helper()
	driver := emulator.NewDriver(emulator.Options{Counters: true})
	d, err := cuda.New("emulator", driver)
	if err != nil {
		t.Fatal(err)
	}
	return d, driver.Machine
}

// rungs are the tiles of the fast kernels, and the least share of multiply-adds among their warps'
// instructions, for a K as short as below.
var rungs = map[string]struct {
	bm, bn     int
	multiplies float64
}{
	"matmul_32x32_f32":         {32, 32, 0.45},
	"matmul_64x64_f32":         {64, 64, 0.5},
	"matmul_128x128_f32":       {128, 128, 0.55},
	"matmul_async_128x128_f32": {128, 128, 0.7},
	"matmul_async_128x256_f32": {128, 256, 0.75},
	"matmul_tf32":              {128, 128, 0.035},
	"matmul_tf32_128x256":      {128, 256, 0.06}, // one instruction of the tensor cores is 1024 multiply-adds
}

// The fast kernels access whole sectors of global memory, have no bank conflicts in shared memory
// for any combination of transposed factors, and load no more than their tiles need.
func TestMatMulCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	const m, n, k = 256, 256, 32
	a, b, c := d.Alloc(kernels.Float32, m*k), d.Alloc(kernels.Float32, k*n), d.Alloc(kernels.Float32, m*n)
	for name, rung := range rungs {
		for transposes := range 4 {
			s := kernels.MatMulSpec{M: m, N: n, K: k, TransA: transposes&1 != 0, TransB: transposes&2 != 0}
			t.Run(fmt.Sprintf("%s/%v,%v", name, s.TransA, s.TransB), func(t *testing.T) {
				machine.ResetCounters()
				d.MatMulBy(name, c, a, b, nil, s)
				got := machine.Counters()
				if got.Total.BankConflicts != 0 {
					t.Errorf("%d bank conflicts, want none", got.Total.BankConflicts)
				}
				loaded, stored, multiplied := uint64(0), uint64(0), uint64(0)
				for _, l := range got.Lines {
					switch {
					case strings.HasPrefix(l.Instr, "st.global"):
						stored += l.Sectors
					case l.Sectors > 0:
						loaded += l.Sectors
					case strings.HasPrefix(l.Instr, "fma"), strings.HasPrefix(l.Instr, "mma"):
						multiplied += l.WarpInstructions
					}
				}
				if want := uint64(m*n*k*(rung.bm+rung.bn)/(rung.bm*rung.bn)) / 8; loaded != want {
					t.Errorf("%d sectors loaded, want %d", loaded, want)
				}
				// matmul_128x128 has no registers left for stores of 16 bytes; matmul_tf32 stores single elements.
				if want := uint64(m*n) / 8; stored != want && name != "matmul_128x128_f32" && name != "matmul_tf32" {
					t.Errorf("%d sectors stored, want %d", stored, want)
				}
				if share := float64(multiplied) / float64(got.Total.WarpInstructions); !(share >= rung.multiplies) {
					t.Errorf("%.3f of the instructions are multiply-adds, want %g at least", share, rung.multiplies)
				}
			})
		}
	}
}

// Per 32 along K, a warp of matmul_tf32_128x256 issues 128 mma.sync. It rounds each of the 128 numbers
// that a lane takes from shared memory, one at a time, or four if the matrix is contiguous along K;
// copies 12 times 16 bytes a lane straight there from global memory; and issues at most 65 other
// instructions.
func TestTensorCoreCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	const m, n, most, warps = 128, 256, 96, 8
	a, b, c := d.Alloc(kernels.Float32, m*most), d.Alloc(kernels.Float32, most*n), d.Alloc(kernels.Float32, m*n)
	for transposes := range 4 {
		s := kernels.MatMulSpec{M: m, N: n, TransA: transposes&1 != 0, TransB: transposes&2 != 0}
		count := func(k int) map[string]uint64 {
			machine.ResetCounters()
			s.K = k
			d.MatMulBy("matmul_tf32_128x256", c, a.Slice(0, m*k), b.Slice(0, k*n), nil, s)
			found := map[string]uint64{}
			for _, l := range machine.Counters().Lines {
				name, _, _ := strings.Cut(l.Instr, " ")
				switch operation, _, _ := strings.Cut(name, "."); {
				case operation == "mma" || operation == "cvt":
					found[operation] += l.WarpInstructions
				case strings.HasPrefix(name, "cp.async.cg"):
					found["copy"] += l.WarpInstructions
				case strings.HasPrefix(name, "ldmatrix"), strings.HasPrefix(name, "ld.shared"):
					found["load"] += l.WarpInstructions
				default:
					found["other"] += l.WarpInstructions
				}
			}
			return found
		}
		loads := 128
		if !s.TransA {
			loads -= 48
		}
		if s.TransB {
			loads -= 48
		}
		short, long := count(most-32), count(most)
		for what, want := range map[string]int{"mma": 128, "cvt": 128, "copy": 12, "load": loads} {
			if got := int(long[what]-short[what]) / warps; got != want {
				t.Errorf("%+v: %d of %s for 32 more along K, want %d", s, got, what, want)
			}
		}
		if got := (long["other"] - short["other"]) / warps; got > 65 {
			t.Errorf("%+v: %d other instructions for 32 more along K, want at most 65", s, got)
		}
	}
}

// For long rows, softmax reads and writes each element once, and sums and maxima read each once, in
// whole sectors: sums and maxima 16 bytes per lane; softmax, whose lanes have 16 loads in flight, 4.
func TestLongRowCounts(t *testing.T) {
	d, machine := metered(t)
	defer d.Close()
	const rows, cols = 4, 10000
	x, y := d.Alloc(kernels.Float32, rows*cols), d.Alloc(kernels.Float32, rows*cols)
	sums, arg := y.Slice(0, rows), d.Alloc(kernels.Int32, rows)
	s := kernels.ReduceSpec{Outer: rows, N: cols, Inner: 1}
	for name, c := range map[string]struct {
		run     func()
		sectors int
		width   int // elements per load
	}{
		"softmax_16384": {func() { d.Softmax(y, x, rows, cols) }, 2 * rows * cols / 8, 1},
		"sum_long_rows": {func() { d.Sum(sums, x, s, kernels.Overwrite) }, rows*cols/8 + rows, 4},
		"max_long_rows": {func() { d.ArgMax(arg, x, s) }, rows*cols/8 + rows, 4},
	} {
		machine.ResetCounters()
		c.run()
		got := machine.Counters()
		if int(got.Total.Sectors) != c.sectors {
			t.Errorf("%s: %d sectors, want %d", name, got.Total.Sectors, c.sectors)
		}
		if got.Total.BankConflicts != 0 {
			t.Errorf("%s: %d bank conflicts, want none", name, got.Total.BankConflicts)
		}
		loads := uint64(0)
		for _, l := range got.Lines {
			if !strings.HasPrefix(l.Kernel, name) {
				t.Fatalf("%s ran, want %s", l.Kernel, name)
			}
			if strings.HasPrefix(l.Instr, "ld.global") {
				loads += l.ThreadInstructions
			}
		}
		if want := uint64(rows * cols / c.width); loads != want {
			t.Errorf("%s: %d loads by threads, want one for %d elements, %d", name, loads, c.width, want)
		}
	}
}
