package emulator

import (
	"math"
	"os"
	"strings"
	"testing"
)

func TestCountersOfMatmul(t *testing.T) {
	const n = 32
	text, err := os.ReadFile("testdata/matmul.ptx")
	if err != nil {
		t.Fatal(err)
	}
	lineA := lineOf(t, string(text), "ld.global.f32 %x, [%a];")
	lineB := lineOf(t, string(text), "ld.global.f32 %y, [%b];")
	for _, workers := range []int{1, 2} {
		mach := New(Options{Counters: true, Workers: workers})
		k := kernel(t, loadFile(t, mach, "matmul.ptx"), "matmul_naive")
		a, b, c := alloc(t, mach, 4*n*n), alloc(t, mach, 4*n*n), alloc(t, mach, 4*n*n)
		launch(t, mach, k, Dim3{n / 16, n / 16, 1}, Dim3{16, 16, 1}, a, b, c, n, n, n)
		got := mach.Counters()
		if want := uint64(2 * n * n * n); got.Total.Flops != want {
			t.Errorf("%d flops, expected %d", got.Total.Flops, want)
		}
		warps := uint64(n * n / 32)
		for _, l := range got.Lines {
			switch {
			case l.Line == lineA: // two rows of the tile, one address each: their 8 bytes would fit one sector
				if l.WarpInstructions != warps*n || l.Sectors != 2*l.WarpInstructions || l.IdealSectors != l.WarpInstructions || l.GlobalBytes != 4*n*n*n {
					t.Errorf("%+v", l)
				}
			case l.Line == lineB: // 16 floats in a row, read by both halves: 64 bytes, two sectors
				if l.Sectors != 2*l.WarpInstructions || l.IdealSectors != 2*l.WarpInstructions {
					t.Errorf("%+v", l)
				}
			case l.Instr == "st.global.f32":
				if l.WarpInstructions != warps || l.Sectors != 4*warps || l.IdealSectors != 4*warps {
					t.Errorf("%+v", l)
				}
			case l.Instr == "fma.rn.f32":
				if l.ThreadInstructions != n*n*n {
					t.Errorf("%+v", l)
				}
			}
		}
		// Lanes that a guard excludes, as in the last branch of the loop, do not count.
		if lanes := got.ActiveLanes(); !(lanes > 31.8 && lanes < 32) {
			t.Errorf("%g active lanes", lanes)
		}
		if !strings.Contains(got.String(), "fma.rn.f32") {
			t.Error("the table lacks fma")
		}
		r := got.Roofline(GPU{"test", 1e12, 1e11})
		if r.Ridge != 10 || r.Bound != "memory" || !(math.Abs(r.Attainable-r.Intensity*1e11) < 1) {
			t.Errorf("%+v", r)
		}
	}
}

func TestSectorsAndConflicts(t *testing.T) {
	seq := func(start, stride uint64, n int) []uint64 {
		out := make([]uint64, n)
		for i := range out {
			out[i] = start + uint64(i)*stride
		}
		return out
	}
	for _, c := range []struct {
		name           string
		addrs          []uint64
		n              uint64
		sectors, ideal uint64
		conflicts      uint64
	}{
		{"consecutive words", seq(0, 4, 32), 4, 4, 4, 0},
		{"shifted by one word", seq(4, 4, 32), 4, 5, 4, 0},
		{"every second word", seq(0, 8, 32), 4, 8, 4, 1},
		{"a column of 32 words", seq(0, 128, 32), 4, 32, 4, 31},
		{"a padded column", seq(0, 132, 32), 4, 32, 4, 0},
		{"one word for all", seq(64, 0, 32), 4, 1, 1, 0},
		{"vectors of four", seq(0, 16, 32), 16, 16, 16, 0},
		{"pairs", seq(0, 8, 32), 8, 8, 8, 0},
		{"bytes", seq(0, 1, 32), 1, 1, 1, 0},
		{"backwards", seq(1<<20, ^uint64(3), 32), 4, 5, 4, 0},
	} {
		if got := bankConflicts(append([]uint64(nil), c.addrs...), c.n); got != c.conflicts {
			t.Errorf("%s: %d conflicts, expected %d", c.name, got, c.conflicts)
		}
		s, ideal := sectors(append([]uint64(nil), c.addrs...), c.n)
		if s != c.sectors || ideal != c.ideal {
			t.Errorf("%s: %d sectors, ideal %d; expected %d, %d", c.name, s, ideal, c.sectors, c.ideal)
		}
	}
}

// A copy that reads no bytes and fills with zeros loads nothing from global memory.
func TestCountersOfCopiesOfNothing(t *testing.T) {
	mach := New(Options{Counters: true})
	k := kernel(t, load(t, mach, "copies.ptx", header+`
.visible .entry copies(.param .u64 param_from)
{
    .reg .u32 lane, to, bytes;
    .reg .u64 from;
    .reg .pred first;
    .shared .align 16 .b8 tile[512];
    ld.param.u64 from, [param_from];
    mov.u32 lane, %tid.x;
    mad.wide.u32 from, lane, 16, from;
    mov.u32 to, tile;
    mad.lo.u32 to, lane, 16, to;
    setp.lt.u32 first, lane, 8;
    selp.u32 bytes, 16, 0, first;
    cp.async.cg.shared.global [to], [from], 16, bytes;
    cp.async.wait_all;
    ret;
}`), "copies")
	launch(t, mach, k, Dim3{1, 1, 1}, Dim3{32, 1, 1}, alloc(t, mach, 512))
	if got := mach.Counters().Total; got.Sectors != 4 || got.IdealSectors != 4 || got.GlobalBytes != 128 || got.SharedBytes != 512 {
		t.Errorf("%d sectors, ideal %d, %d bytes read, %d written to shared memory: expected 4, 4, 128, 512",
			got.Sectors, got.IdealSectors, got.GlobalBytes, got.SharedBytes)
	}
}
