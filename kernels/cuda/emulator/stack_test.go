package emulator

import (
	"strings"
	"testing"
)

// alloca and the stack, clusters of one block, and special registers that a driver may leave zero.

func TestAlloca(t *testing.T) {
	block := Dim3{64, 1, 1}
	// Every thread fills i%7+1 words and sums them, twice in the same memory.
	expectU32(t, "alloca of a size that differs by lane", "", `
	.reg .b64 %save, %n8, %a, %b;
	rem.u32 %n, %i, 7;
	add.u32 %n, %n, 1;
	mul.wide.u32 %n8, %n, 4;
	stacksave.u64 %save;
	mov.u32 %l, 0;
again:
	alloca.u64 %a, %n8, 16;
	and.b64 %y, %a, 15;
	setp.ne.u64 %p, %y, 0;
	@%p trap;
	mov.u32 %j, 0;
fill:
	mad.wide.u32 %x, %j, 4, %a;
	add.u32 %lane, %j, %i;
	st.local.u32 [%x], %lane;
	add.u32 %j, %j, 1;
	setp.lt.u32 %p, %j, %n;
	@%p bra fill;
	cvta.local.u64 %b, %a;
	mov.u32 %j, 0;
sum:
	mad.wide.u32 %x, %j, 4, %b;
	ld.u32 %lane, [%x];
	add.u32 %k, %k, %lane;
	add.u32 %j, %j, 1;
	setp.lt.u32 %p, %j, %n;
	@%p bra sum;
	stackrestore.u64 %save;
	add.u32 %l, %l, 1;
	setp.lt.u32 %p, %l, 2;
	@%p bra again;
	st.global.u32 [%o], %k;
	ret;`, Dim3{}, block, func(i uint32) uint32 {
		n := i%7 + 1
		return 2 * (n*i + n*(n-1)/2)
	})
	// A function allocates and calls itself while it holds the memory: n + (n-1) + … + 1.
	expectU32(t, "alloca in a recursion", `
.func (.reg .b32 r) down(.reg .b32 n)
{
	.reg .pred p;
	.reg .b32 m, got;
	.reg .b64 a;
	alloca.u64 a, 4;
	st.local.u32 [a], n;
	mov.u32 r, 0;
	setp.eq.u32 p, n, 0;
	@p ret;
	sub.u32 m, n, 1;
	call (got), down, (m);
	ld.local.u32 m, [a];
	add.u32 r, got, m;
	ret;
}`, `
	and.b32 %n, %i, 15;
	call (%k), down, (%n);
	st.global.u32 [%o], %k;
	ret;`, Dim3{}, block, func(i uint32) uint32 { return (i & 15) * (i&15 + 1) / 2 })
	for body, want := range map[string]string{
		"alloca.u64 %x, 600000;":                         "stack overflow",
		"again: alloca.u64 %x, 1024;\nbra again;":        "stack overflow",
		"mov.u64 %x, 1234567;\nstackrestore.u64 %x;":     "bad stack pointer",
		"mov.u32 %j, 1;\nmapa.u64 %x, %o, %j;":           "bad cluster rank",
		"barrier.cluster.wait;":                          "without having arrived",
		"barrier.cluster.arrive;barrier.cluster.arrive;": "twice",
		"setp.lt.u32 %p, %i, 9;\n@%p bra out;\nbarrier.cluster.arrive;\nout: bar.sync 0;\nbarrier.cluster.wait;": "without having arrived",
		"setp.lt.u32 %p, %i, 9;\n@%p bra out;\nbarrier.cluster.arrive;\nbarrier.cluster.wait;\nout: bar.sync 0;": "deadlock",
	} {
		if _, err := runU32(t, Options{}, "", body+"\nret;", Dim3{}, block); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %q", body, err, want)
		}
	}
}

func TestClusterOfOneBlock(t *testing.T) {
	block := Dim3{96, 1, 1}
	expectU32(t, "special registers", "", `
	mov.u32 %j, %cluster_ctarank;
	mov.u32 %k, %cluster_nctarank;
	mad.lo.u32 %j, %k, 10, %j;
	mov.u32 %k, %cluster_ctaid.x;
	add.u32 %j, %j, %k;
	mov.u32 %k, %cluster_nctaid.z;
	mad.lo.u32 %j, %k, 100, %j;
	mov.u32 %k, %clusterid.x;
	mad.lo.u32 %j, %k, 1000, %j;
	mov.u32 %k, %nclusterid.x;
	mad.lo.u32 %j, %k, 10000, %j;
	mov.b32 %k, %envreg7;
	add.u32 %j, %j, %k;
	mov.u32 %k, %pm3;
	add.u32 %j, %j, %k;
	mov.u64 %x, %current_graph_exec;
	cvt.u32.u64 %k, %x;
	add.u32 %j, %j, %k;
	mov.pred %p, %is_explicit_cluster;
	@%p add.u32 %j, %j, 1;
	st.global.u32 [%o], %j;
	ret;`, Dim3{3, 1, 1}, block, func(i uint32) uint32 { return 30110 + 1000*(i/96) })
	expectU32(t, "mapa and getctarank", "", `
	.shared .align 8 .b32 s[96];
	mov.u32 %k, s;
	mad.lo.u32 %k, %i, 4, %k;
	mapa.shared::cluster.u32 %l, %k, 0;
	st.shared::cluster.u32 [%l], %i;
	cvt.u64.u32 %x, %k;
	cvta.shared.u64 %x, %x;
	mov.u32 %n, %cluster_ctarank;
	mapa.u64 %y, %x, %n;
	getctarank.u64 %n, %y;
	ld.u32 %j, [%y];
	getctarank.shared::cluster.u32 %lane, %l;
	add.u32 %j, %j, %n;
	add.u32 %j, %j, %lane;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 { return i })
	// A thread does other work between arrive and wait; the barrier orders memory.
	expectU32(t, "barrier.cluster, two phases", "", `
	.shared .b32 s[96];
	mov.u64 %x, s; mad.wide.u32 %x, %i, 4, %x;
	sub.u32 %n, 95, %i;
	mov.u64 %y, s; mad.wide.u32 %y, %n, 4, %y;
	st.shared.u32 [%x], %i;
	barrier.cluster.arrive;
	mul.lo.u32 %l, %i, 1000;
	barrier.cluster.wait;
	ld.shared.u32 %j, [%y];
	barrier.cluster.arrive.release.aligned;
	barrier.cluster.wait.acquire.aligned;
	st.shared.u32 [%x], 0;
	add.u32 %j, %j, %l;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 { return 95 - i + 1000*i })
	expectU32(t, "barrier.cluster that some threads leave", "", `
	setp.ge.u32 %p, %i, 40;
	@%p exit;
	barrier.cluster.arrive;
	barrier.cluster.wait;
	st.global.u32 [%o], 7;
	ret;`, Dim3{}, block, func(i uint32) uint32 {
		if i < 40 {
			return 7
		}
		return 0
	})
}
