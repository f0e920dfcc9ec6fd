package emulator

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needy are the instructions of the table, as kernels write them.
var needy = []string{
	"match.any.sync.b32 r0, r1, -1;", "fence.acq_rel.gpu;", "ld.acquire.gpu.global.u32 r0, [g];", "nanosleep.u32 10;", "activemask.b32 r0;",
	"atom.global.add.noftz.f16 h0, [g], h1;", "wmma.load.c.sync.aligned.m16n16k16.row.f32 {f0,f1,f2,f3,f4,f5,f6,f7}, [g];",
	"mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 {f0,f1,f2,f3,f4,f5,f6,f7},{r0,r1},{r2,r3},{f0,f1,f2,f3,f4,f5,f6,f7};",
	"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {f0,f1,f2,f3},{r0,r1},{r2},{f0,f1,f2,f3};",
	"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {f0,f1,f2,f3},{r0,r1,r2,r3},{r2,r3},{f0,f1,f2,f3};",
	"mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32 {f0,f1,f2,f3},{r0,r1},{r2},{f0,f1,f2,f3};",
	"mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {r0,r1},{r2},{r3},{r0,r1};",
	"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {r0,r1,r2,r3},{r0,r1,r2,r3},{r0,r1},{r0,r1,r2,r3};",
	"mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {f0,f1,f2,f3},{r0,r1,r2,r3},{r0,r1},{f0,f1,f2,f3};",
	"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {r0}, [s];", "stmatrix.sync.aligned.m8n8.x1.shared.b16 [s], {r0};", "movmatrix.sync.aligned.m8n8.trans.b16 r0, r1;",
	"tanh.approx.f32 f0, f1;", "ex2.approx.f16 h0, h1;", "redux.sync.add.u32 r0, r1, -1;", "mbarrier.init.shared.b64 [b], 1;",
	"mbarrier.try_wait.shared.b64 p0, [b], d0;", "mbarrier.arrive.expect_tx.shared.b64 d0, [b], 16;", "cp.async.ca.shared.global [s], [g], 16;", "cp.async.commit_group;",
	"cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [g], 16, [b];", "cvt.rna.tf32.f32 r0, f1;", "cvt.rn.bf16.f32 h0, f1;",
	"cvt.rn.satfinite.e4m3x2.f32 h0, f1, f2;", "fma.rn.bf16 h0, h1, h2, h3;", "fma.rn.relu.f16 h0, h1, h2, h3;", "min.f16 h0, h1, h2;", "min.NaN.f32 f0, f1, f2;", "neg.bf16 h0, h1;",
	"add.bf16 h0, h1, h2;", "setp.lt.bf16 p0, h0, h1;", "atom.global.add.noftz.bf16 h0, [g], h1;", "alloca.u64 d0, 16;", "discard.global.L2 [g], 128;",
	"bmsk.clamp.b32 r0, r1, r2;", "szext.wrap.u32 r0, r1, r2;", "mapa.shared::cluster.u32 r0, r1, 0;", "barrier.cluster.arrive;", "griddepcontrol.wait;",
	"elect.sync r0|p0, -1;", "fence.proxy.async;", "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [s], r0, [b];", "ld.global.v8.f32 {f0,f1,f2,f3,f4,f5,f6,f7}, [g];",
}

// The table's requirements are exact: the emulator accepts each instruction with the version and
// target of the table, and refuses it with less. So does NVIDIA's assembler, if it is available.
func TestRequirements(t *testing.T) {
	ptxas := assembler(t)
	targets, versions := []int{60, 70, 75, 80, 89, 90, 100}, []int{60, 61, 62, 63, 64, 65, 70, 71, 73, 74, 76, 78, 80, 81, 83, 84, 86, 88}
	text := func(version, target int, instruction string) string {
		return fmt.Sprintf(`.version %d.%d
.target sm_%d
.address_size 64
.visible .entry k(.param .u64 p) {
	.shared .align 128 .b8 sh[1024];
	.reg .pred p0; .reg .b16 h<4>; .reg .b32 r<4>, s, b; .reg .b64 d<4>, g; .reg .f32 f<8>;
	ld.param.u64 g, [p];
	mov.u32 s, sh;
	add.u32 b, s, 512;
	%s
	ret;
}
`, version/10, version%10, target, instruction)
	}
	dir := t.TempDir()
	assembles := func(text string, target int) bool {
		file := filepath.Join(dir, "k.ptx")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return exec.Command(ptxas, fmt.Sprintf("-arch=sm_%d", target), "-o", filepath.Join(dir, "k.cubin"), file).Run() == nil
	}
	below := func(list []int, n int) int { // the greatest below n, or 0 if there is none
		most := 0
		for _, v := range list {
			if v < n {
				most = v
			}
		}
		return most
	}
	for _, instruction := range needy {
		mod := mustParse(t, "k.ptx", text(88, 100, instruction))
		in := &mod.Function("k").Instrs[3]
		version, target := needs(in)
		if version == 0 {
			t.Errorf("%s: not in the table", instruction)
			continue
		}
		target = max(target, 60)
		version = max(version, firstVersions[target])
		check := func(version, target int, want bool) {
			source := text(version, target, instruction)
			_, err := New(Options{}).Load(mustParse(t, "k.ptx", source))
			if (err == nil) != want {
				t.Errorf("%s in version %d for sm_%d: %v, expected to be taken: %v", instruction, version, target, err, want)
			}
			if !want && err != nil && !strings.Contains(err.Error(), "needs .") {
				t.Errorf("%s: refused with %v, expected what it needs", instruction, err)
			}
			if ptxas != "" && assembles(source, target) != want {
				t.Errorf("%s in version %d for sm_%d: NVIDIA's assembler does not say %v", instruction, version, target, want)
			}
		}
		check(version, target, true)
		if older := below(targets, target); older != 0 {
			check(max(version, firstVersions[older]), older, false)
		}
		if older := below(versions, version); older >= firstVersions[target] && older != 0 {
			check(older, target, false)
		}
	}
}

// A target that the version does not know is refused, too.
func TestTargetNeedsVersion(t *testing.T) {
	_, err := New(Options{}).Load(mustParse(t, "k.ptx", ".version 6.5\n.target sm_80\n.address_size 64\n.entry k() { ret; }"))
	if err == nil || !strings.Contains(err.Error(), "sm_80 needs .version 7.0") {
		t.Errorf("got %v", err)
	}
}
