package emulator

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// matmulCase sets up one matrix product; run launches it.
func matmulCase(t testing.TB, opts Options, name string, m, n, k int) (run func() error, check func()) {
	mach := New(opts)
	kern := kernel(t, loadFile(t, mach, "matmul.ptx"), name)
	rng := rand.New(rand.NewPCG(1, 2))
	a, b := make([]float32, m*k), make([]float32, k*n)
	for i := range a {
		a[i] = rng.Float32() - 0.5
	}
	for i := range b {
		b[i] = rng.Float32() - 0.5
	}
	pa, pb := upload(t, mach, f32bytes(a)), upload(t, mach, f32bytes(b))
	pc := alloc(t, mach, 4*m*n)
	cfg := LaunchConfig{Grid: Dim3{uint32(n / 16), uint32(m / 16), 1}, Block: Dim3{16, 16, 1}}
	run = func() error {
		return mach.Launch(context.Background(), kern, cfg, pa, pb, pc, uint64(m), uint64(n), uint64(k))
	}
	check = func() {
		got := download32(t, mach, pc, m*n)
		for i := range m {
			for j := range n {
				sum := float32(0) // in the kernels' order of summation, so that the bits are the same
				for l := range k {
					sum = float32(math.FMA(float64(a[i*k+l]), float64(b[l*n+j]), float64(sum)))
				}
				// Product and sum in float64 have one rounding more than fma.rn.f32: at most half a
				// unit in the last place of float32, k times.
				if d := math.Abs(float64(math.Float32frombits(got[i*n+j]) - sum)); !(d <= 1e-6) {
					t.Fatalf("c[%d,%d] = %g, expected %g", i, j, math.Float32frombits(got[i*n+j]), sum)
				}
			}
		}
	}
	return
}

func TestMatmul(t *testing.T) {
	for _, name := range []string{"matmul_naive", "matmul_tiled"} {
		for _, checks := range []Checks{0, AllChecks} {
			run, check := matmulCase(t, Options{Checks: checks}, name, 32, 48, 64)
			if err := run(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			check()
		}
	}
}

// BenchmarkMatmul reports thread instructions per second on one core: by the clock, and by the CPU
// time of the process, which matters on a machine that also does other work.
func BenchmarkMatmul(b *testing.B) {
	for _, name := range []string{"matmul_naive", "matmul_tiled"} {
		for _, checks := range []Checks{0, AllChecks} {
			mode := "checks=off"
			if checks != 0 {
				mode = "checks=on"
			}
			b.Run(name+"/"+mode, func(b *testing.B) {
				const n = 128
				run, _ := matmulCase(b, Options{Checks: checks, Workers: 1}, name, n, n, n)
				// Instructions of one thread: the prologue, the epilogue and the loop.
				perThread := 27 + 8*n
				if name == "matmul_tiled" {
					perThread = 31 + n/16*58
				}
				instructions, began := 0.0, time.Duration(0)
				for b.Loop() {
					if instructions == 0 { // without the setup
						began = cpuTime()
					}
					if err := run(); err != nil {
						b.Fatal(err)
					}
					instructions += float64(perThread * n * n)
				}
				if used := cpuTime() - began; used > 0 {
					b.ReportMetric(instructions/used.Seconds()/1e6, "Minstr/cpu-s")
				}
				b.ReportMetric(instructions/b.Elapsed().Seconds()/1e6, "Minstr/s")
			})
		}
	}
}
