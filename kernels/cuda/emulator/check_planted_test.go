package emulator

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// Kernels with planted faults, each with a corrected twin: the checks find the fault, and nothing in
// the twin.

// planted is a kernel body with a fault at the line marked FAULT, and its corrected twin. The kernel
// has the parameters x (4096 initialised bytes) and y (4096 uninitialised bytes), and the registers
// declared in plantedHead.
type planted struct {
	name        string
	kind        string
	grid, block Dim3
	bad, good   string
	want        []string // parts of the report
}

const plantedHead = header + `
.extern .shared .align 16 .b8 dyn[];
.visible .entry k(.param .u64 p_x, .param .u64 p_y)
{
	.shared .align 16 .b32 s[256];
	.shared .align 8 .b64 bar8;
	.shared .align 16 .b32 high[128];
	.local .align 4 .b32 loc[4];
	.local .align 4 .b32 far[16];
	.reg .pred %p, %q;
	.reg .b16 %h;
	.reg .b32 %a, %b, %c, %t, %w, %i, %j;
	.reg .f32 %f;
	.reg .b64 %x, %y, %z, %st, %v;
	ld.param.u64 %x, [p_x];
	ld.param.u64 %y, [p_y];
	mov.u32 %t, %tid.x;
	mov.u32 %w, s;
	mov.u32 %c, %ctaid.x;
	mad.wide.u32 %z, %t, 4, %x;     // z = &x[t]
	mad.lo.u32 %w, %t, 4, %w;       // w = &s[t]
	mad.wide.u32 %st, %t, 4, %y;    // st = &y[t]
`

var plantedCases = []planted{
	{name: "global past the end", kind: "out of bounds", block: Dim3{32, 1, 1},
		bad: "ld.global.u32 %a, [%z+4096]; // FAULT\nst.global.u32 [%z], %a;", good: "ld.global.u32 %a, [%z];\nst.global.u32 [%z], %a;",
		want: []string{"0 bytes past the end of allocation of 4096 bytes"}},
	{name: "global before the start", kind: "out of bounds", block: Dim3{32, 1, 1},
		bad: "mov.u32 %a, 1;\nst.global.u32 [%x+-4], %a; // FAULT", good: "mov.u32 %a, 1;\nst.global.u32 [%z+0], %a;",
		want: []string{"4 bytes before allocation"}},
	{name: "null pointer", kind: "out of bounds", block: Dim3{1, 1, 1},
		bad: "mov.u64 %z, 0;\nld.global.u32 %a, [%z+8]; // FAULT", good: "ld.global.u32 %a, [%z+8];",
		want: []string{"a null pointer"}},
	{name: "one lane of a vector load", kind: "out of bounds", block: Dim3{2, 1, 1},
		bad:  "mad.wide.u32 %z, %t, 4088, %x;\nld.global.v2.u32 {%a,%b}, [%z]; // FAULT2\nld.global.v2.u32 {%a,%b}, [%z+8]; // FAULT",
		good: "mad.wide.u32 %z, %t, 4080, %x;\nld.global.v2.u32 {%a,%b}, [%z+8];"},
	{name: "misaligned", kind: "misaligned", block: Dim3{32, 1, 1},
		bad: "ld.global.u32 %a, [%z+2]; // FAULT", good: "ld.global.u16 %h, [%z+2];", want: []string{"not a multiple of 4"}},
	{name: "misaligned vector in shared", kind: "misaligned", block: Dim3{1, 1, 1},
		bad:  "st.shared.v2.u32 [%w+4], {%t,%t}; // FAULT",
		good: "st.shared.v2.u32 [%w+8], {%t,%t};"},
	{name: "shared past the end", kind: "out of bounds", block: Dim3{32, 1, 1},
		bad: "st.shared.u32 [%w+1024], %t; // FAULT", good: "st.shared.u32 [%w+896], %t;", want: []string{".shared"}},
	{name: "from one shared variable into the next", kind: "out of bounds", block: Dim3{32, 1, 1},
		bad: "st.shared.u32 [s+1024], %t; // FAULT", good: "st.shared.u32 [s+1020], 0;\nst.shared.u64 [bar8], %x;",
		want: []string{"0 bytes past the end of .shared s of 1024 bytes"}},
	{name: "before a shared variable, through a generic address", kind: "out of bounds", block: Dim3{1, 1, 1},
		bad: "mov.u64 %z, bar8;\ncvta.shared.u64 %z, %z;\nld.u32 %a, [%z+-4]; // FAULT", good: "mov.u64 %z, bar8;\ncvta.shared.u64 %z, %z;\nst.u32 [%z+4], %t;",
		want: []string{".shared s"}},
	{name: "local past the end", kind: "out of bounds", block: Dim3{1, 1, 1},
		bad: "mov.u64 %z, loc;\nst.local.u32 [%z+16], %t; // FAULT", good: "mov.u64 %z, loc;\nst.local.u32 [%z+12], %t;",
		want: []string{"0 bytes past the end of .local loc"}},
	{name: "local through a generic address", kind: "out of bounds", block: Dim3{1, 1, 1},
		bad: "mov.u64 %z, loc;\ncvta.local.u64 %z, %z;\nst.u32 [%z+-4], %t; // FAULT", good: "mov.u64 %z, loc;\ncvta.local.u64 %z, %z;\nst.u32 [%z+4], %t;"},
	{name: "from one shared variable far into another", kind: "out of bounds", block: Dim3{32, 1, 1},
		bad: "st.shared.u32 [%w+1424], %t; // FAULT", good: "st.shared.u32 [%w+896], %t;",
		want: []string{"400 bytes past the end of .shared s of 1024 bytes"}},
	{name: "by an index from one shared variable into another, through a generic address", kind: "out of bounds", block: Dim3{32, 1, 1},
		bad:  "ld.global.u32 %a, [%x+4];\nmad.lo.u32 %a, %a, 330, %t;\nmov.u64 %v, s;\ncvta.shared.u64 %v, %v;\nmad.wide.u32 %v, %a, 4, %v;\nst.u32 [%v], %t; // FAULT",
		good: "ld.global.u32 %a, [%x+4];\nmad.lo.u32 %a, %a, 200, %t;\nmov.u64 %v, s;\ncvta.shared.u64 %v, %v;\nmad.wide.u32 %v, %a, 4, %v;\nst.u32 [%v], %t;",
		want: []string{"296 bytes past the end of .shared s of 1024 bytes, of which the address was made"}},
	{name: "from a shared variable back into another", kind: "out of bounds", block: Dim3{32, 1, 1},
		bad: "mov.u32 %i, high;\nmad.lo.u32 %i, %t, 4, %i;\nst.shared.u32 [%i+-700], %t; // FAULT", good: "mov.u32 %i, high;\nmad.lo.u32 %i, %t, 4, %i;\nst.shared.u32 [%i+384], %t;",
		want: []string{"700 bytes before .shared high"}},
	{name: "a register that means one variable or the other", kind: "out of bounds", block: Dim3{32, 1, 1},
		bad:  "setp.lt.u32 %p, %t, 16;\nmov.u32 %i, high;\n@%p mov.u32 %i, s;\nmad.lo.u32 %i, %t, 4, %i;\nst.shared.u32 [%i+1088], %t; // FAULT",
		good: "setp.lt.u32 %p, %t, 16;\nmov.u32 %i, high;\n@%p mov.u32 %i, s;\nmad.lo.u32 %i, %t, 4, %i;\nst.shared.u32 [%i+128], %t;"},
	{name: "from one local variable far into another", kind: "out of bounds", block: Dim3{1, 1, 1},
		bad: "st.local.u32 [loc+0], %t;\nst.local.u32 [far], %t;\nmov.u64 %v, loc;\nst.local.u32 [%v+36], %t; // FAULT", good: "mov.u64 %v, loc;\nst.local.u32 [%v+12], %t;\nst.local.u32 [far+32], %t;",
		want: []string{"20 bytes past the end of .local loc of 16 bytes, of which the address was made"}},
	{name: "copy far past its variable", kind: "out of bounds", block: Dim3{1, 1, 1},
		bad: "cp.async.ca.shared.global [high+-512], [%x], 16; // FAULT\ncp.async.wait_all;", good: "cp.async.ca.shared.global [high+496], [%x], 16;\ncp.async.wait_all;"},
	{name: "past the end of memory from alloca", kind: "out of bounds", block: Dim3{2, 1, 1},
		bad: "alloca.u64 %z, 24;\nst.local.u32 [%z+24], %t; // FAULT", good: "alloca.u64 %z, 24;\nst.local.u32 [%z+20], %t;",
		want: []string{"0 bytes past the end of memory from alloca of 24 bytes"}},
	{name: "memory from alloca after stackrestore", kind: "out of bounds", block: Dim3{2, 1, 1},
		bad:  "stacksave.u64 %y;\nalloca.u64 %z, 24;\nst.local.u32 [%z], %t;\nstackrestore.u64 %y;\nld.local.u32 %a, [%z]; // FAULT",
		good: "stacksave.u64 %y;\nalloca.u64 %z, 24;\nst.local.u32 [%z], %t;\nld.local.u32 %a, [%z];\nstackrestore.u64 %y;"},
	{name: "uninitialised local", kind: "uninitialised memory", block: Dim3{32, 1, 1},
		bad: "st.local.u32 [loc+4], %t;\nld.local.u32 %a, [loc+8]; // FAULT", good: "st.local.u32 [loc+8], %t;\nld.local.u32 %a, [loc+8];",
		want: []string{"read before it was written", "8 bytes into .local loc of 16 bytes"}},
	{name: "uninitialised local in a vector, through a generic address", kind: "uninitialised memory", block: Dim3{32, 1, 1},
		bad:  "mov.u64 %z, loc;\ncvta.local.u64 %z, %z;\nst.u32 [%z], %t;\nld.v2.u32 {%a,%b}, [%z]; // FAULT",
		good: "mov.u64 %z, loc;\ncvta.local.u64 %z, %z;\nst.v2.u32 [%z], {%t,%t};\nld.v2.u32 {%a,%b}, [%z];", want: []string{"4 bytes into .local loc"}},
	{name: "uninitialised memory from alloca", kind: "uninitialised memory", block: Dim3{2, 1, 1},
		bad: "alloca.u64 %z, 8;\nld.local.u32 %a, [%z+4]; // FAULT", good: "alloca.u64 %z, 8;\nst.local.u64 [%z], %x;\nld.local.u32 %a, [%z+4];"},
	{name: "cluster barrier that only arrives", kind: "race", block: Dim3{64, 1, 1},
		bad:  "xor.b32 %i, %w, 128;\nst.shared.u32 [%w], 0;\nbar.sync 0;\nst.shared.u32 [%w], %t;\nbarrier.cluster.arrive;\nld.shared.u32 %a, [%i]; // FAULT\nbarrier.cluster.wait;",
		good: "xor.b32 %i, %w, 128;\nst.shared.u32 [%w], %t;\nbarrier.cluster.arrive;\nbarrier.cluster.wait;\nld.shared.u32 %a, [%i];"},
	{name: "relaxed cluster barrier", kind: "race", block: Dim3{64, 1, 1},
		bad:  "xor.b32 %i, %w, 128;\nst.shared.u32 [%w], %t;\nbarrier.cluster.arrive.relaxed;\nbarrier.cluster.wait;\nld.shared.u32 %a, [%i]; // FAULT",
		good: "xor.b32 %i, %w, 128;\nst.shared.u32 [%w], %t;\nbarrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;\nld.shared.u32 %a, [%i];"},
	{name: "half a warp at an aligned cluster barrier", kind: "divergent barrier", block: Dim3{64, 1, 1},
		bad:  "setp.lt.u32 %p, %t, 48;\n@%p barrier.cluster.arrive.aligned; // FAULT\n@!%p barrier.cluster.arrive.aligned; // FAULT\nbarrier.cluster.wait;",
		good: "setp.lt.u32 %p, %t, 48;\n@%p barrier.cluster.arrive;\n@!%p barrier.cluster.arrive;\nbarrier.cluster.wait;"},
	{name: "wmma past the end of a matrix", kind: "out of bounds", block: Dim3{32, 1, 1},
		bad:  "wmma.load.a.sync.aligned.row.m16n16k8.global.tf32 {%a,%b,%i,%j}, [%x+3616], 32; // FAULT",
		good: "wmma.load.a.sync.aligned.row.m16n16k8.global.tf32 {%a,%b,%i,%j}, [%x+2048], 32;"},
	{name: "wmma from an address that is no multiple of its share", kind: "misaligned", block: Dim3{32, 1, 1},
		bad:  "wmma.load.a.sync.aligned.row.m16n16k8.global.tf32 {%a,%b,%i,%j}, [%x+8], 32; // FAULT",
		good: "wmma.load.a.sync.aligned.row.m16n16k8.global.tf32 {%a,%b,%i,%j}, [%x+16], 32;"},
	{name: "wmma of shared memory without values", kind: "uninitialised memory", block: Dim3{32, 1, 1},
		bad:  "wmma.load.a.sync.aligned.row.m8n8k32.shared.u4 {%a}, [s], 32; // FAULT",
		good: "st.shared.u32 [%w], %t;\nbar.warp.sync -1;\nwmma.load.a.sync.aligned.row.m8n8k32.shared.u4 {%a}, [s], 32;"},
	{name: "wmma.store read without a barrier", kind: "race", block: Dim3{64, 1, 1},
		bad:  "st.shared.u32 [%w], 0;\nbar.sync 0;\nsetp.lt.u32 %p, %t, 32;\n@%p wmma.store.d.sync.aligned.row.m8n8k32.shared.s32 [s+128], {%t,%t};\nld.shared.u32 %a, [%w]; // FAULT",
		good: "setp.lt.u32 %p, %t, 32;\n@%p wmma.store.d.sync.aligned.row.m8n8k32.shared.s32 [s], {%t,%t};\nbar.sync 0;\nld.shared.u32 %a, [%w];"},
	{name: "uninitialised register", kind: "uninitialised register", block: Dim3{32, 1, 1},
		bad:  "setp.lt.u32 %p, %t, 16;\n@%p mov.u32 %a, 1;\nadd.u32 %b, %a, 1; // FAULT\nst.global.u32 [%z], %b;",
		good: "setp.lt.u32 %p, %t, 16;\nmov.u32 %a, 0;\n@%p mov.u32 %a, 1;\nadd.u32 %b, %a, 1;\nst.global.u32 [%z], %b;",
		want: []string{"%a is read", "lanes 16-31"}},
	{name: "uninitialised predicate", kind: "uninitialised register", block: Dim3{32, 1, 1},
		bad: "@%q st.global.u32 [%z], %t; // FAULT", good: "setp.eq.u32 %q, %t, 0;\n@%q st.global.u32 [%z], %t;", want: []string{"%q"}},
	{name: "uninitialised register through a move", kind: "uninitialised register", block: Dim3{32, 1, 1},
		bad: "mov.u32 %b, %a;\nst.global.u32 [%z], %b; // FAULT", good: "mov.u32 %b, %a;\nmov.u32 %b, 1;\nst.global.u32 [%z], %b;", want: []string{"%b"}},
	{name: "uninitialised global", kind: "uninitialised memory", block: Dim3{32, 1, 1},
		bad: "ld.global.u32 %a, [%st]; // FAULT", good: "st.global.u32 [%st], %t;\nld.global.u32 %a, [%st];"},
	{name: "uninitialised byte of global", kind: "uninitialised memory", block: Dim3{1, 1, 1},
		bad: "st.global.u8 [%st], %t;\nld.global.u16 %h, [%st]; // FAULT", good: "st.global.u8 [%st], %t;\nst.global.u8 [%st+1], %t;\nld.global.u16 %h, [%st];"},
	{name: "uninitialised shared", kind: "uninitialised memory", block: Dim3{32, 1, 1},
		bad: "ld.shared.u32 %a, [%w]; // FAULT", good: "st.shared.u32 [%w], %t;\nld.shared.u32 %a, [%w];", want: []string{".shared s"}},
	{name: "race in shared between warps", kind: "race", block: Dim3{64, 1, 1},
		bad:  "xor.b32 %i, %w, 128;\nst.shared.u32 [%w], 0;\nbar.sync 0;\nst.shared.u32 [%w], %t;\nld.shared.u32 %a, [%i]; // FAULT",
		good: "xor.b32 %i, %w, 128;\nst.shared.u32 [%w], %t;\nbar.sync 0;\nld.shared.u32 %a, [%i];",
		want: []string{"not ordered", "same block", "at line"}},
	{name: "race in shared, written after a read", kind: "race", block: Dim3{64, 1, 1},
		bad:  "xor.b32 %i, %w, 128;\nst.shared.u32 [%w], %t;\nbar.sync 0;\nld.shared.u32 %a, [%i];\nst.shared.u32 [%w], %a; // FAULT",
		good: "xor.b32 %i, %w, 128;\nst.shared.u32 [%w], %t;\nbar.sync 0;\nld.shared.u32 %a, [%i];\nbar.sync 0;\nst.shared.u32 [%w], %a;"},
	{name: "race in shared within a warp", kind: "race", block: Dim3{32, 1, 1},
		bad:  "xor.b32 %i, %w, 4;\nst.shared.u32 [%w], %t;\nld.shared.u32 %a, [%i]; // FAULT",
		good: "xor.b32 %i, %w, 4;\nst.shared.u32 [%w], %t;\nbar.warp.sync 0xffffffff;\nld.shared.u32 %a, [%i];",
		want: []string{"same warp"}},
	{name: "race within a warp, half of it synchronised", kind: "race", block: Dim3{32, 1, 1},
		bad:  "xor.b32 %i, %w, 64;\nst.shared.u32 [%w], %t;\nsetp.lt.u32 %p, %t, 16;\n@!%p bra out;\nbar.warp.sync 0xffff;\nld.shared.u32 %a, [%i]; // FAULT\nout:",
		good: "xor.b32 %i, %w, 32;\nst.shared.u32 [%w], %t;\nsetp.lt.u32 %p, %t, 16;\n@!%p bra out;\nbar.warp.sync 0xffff;\nld.shared.u32 %a, [%i];\nout:"},
	{name: "two lanes store different values", kind: "race", block: Dim3{32, 1, 1},
		bad: "st.global.u32 [%y], %t; // FAULT", good: "mov.u32 %a, 7;\nst.global.u32 [%y], %a;"},
	{name: "race of bytes", kind: "race", block: Dim3{64, 1, 1},
		bad:  "cvt.u64.u32 %z, %t;\nadd.u64 %z, %z, %y;\nst.global.u8 [%z], %t;\nst.global.u8 [%z+1], %t; // FAULT",
		good: "cvt.u64.u32 %z, %t;\nadd.u64 %z, %z, %y;\nst.global.u8 [%z], %t;\nst.global.u8 [%z+64], %t;"},
	{name: "race in global between blocks", kind: "race", grid: Dim3{4, 1, 1}, block: Dim3{32, 1, 1},
		bad:  "st.global.u32 [%st], %c; // FAULT",
		good: "mad.wide.u32 %st, %c, 128, %st;\nst.global.u32 [%st], %c;", want: []string{"of block"}},
	{name: "add without an atomic", kind: "race", grid: Dim3{4, 1, 1}, block: Dim3{1, 1, 1},
		bad:  "ld.global.u32 %a, [%x];\nadd.u32 %a, %a, 1;\nst.global.u32 [%x], %a; // FAULT",
		good: "red.global.add.u32 [%x], 1;"},
	{name: "atomic against a plain store", kind: "race", grid: Dim3{2, 1, 1}, block: Dim3{1, 1, 1},
		bad:  "setp.eq.u32 %p, %c, 0;\n@%p st.global.u32 [%x], 0;\n@!%p red.global.add.u32 [%x], 1; // FAULT",
		good: "setp.eq.u32 %p, %c, 0;\n@%p atom.global.exch.b32 %a, [%x], 0;\n@!%p red.global.add.u32 [%x], 1;"},
	{name: "last block reads what all wrote", kind: "race", grid: Dim3{8, 1, 1}, block: Dim3{32, 1, 1},
		bad:  lastBlock("", "// FAULT"),
		good: lastBlock("membar.gl;", "")},
	{name: "lock without a fence", kind: "race", block: Dim3{64, 1, 1},
		bad: lockBody(""), good: lockBody("membar.cta;")},
	{name: "half a warp at a barrier", kind: "divergent barrier", block: Dim3{64, 1, 1},
		bad:  "setp.lt.u32 %p, %t, 48;\n@%p bar.sync 0; // FAULT\n@!%p bar.sync 0;",
		good: "bar.sync 0;"},
	{name: "threads left before a barrier", kind: "divergent barrier", block: Dim3{64, 1, 1},
		bad:  "setp.ge.u32 %p, %t, 40;\n@%p exit;\nbar.sync 0; // FAULT",
		good: "setp.ge.u32 %p, %t, 40;\nbar.sync 0;\n@%p exit;", want: []string{"exited"}},
	{name: "shuffle of lanes that left", kind: "divergent warp instruction", block: Dim3{32, 1, 1},
		bad:  "setp.ge.u32 %p, %t, 16;\n@%p exit;\nshfl.sync.bfly.b32 %a, %t, 1, 31, 0xffffffff; // FAULT",
		good: "setp.ge.u32 %p, %t, 16;\n@%p exit;\nshfl.sync.bfly.b32 %a, %t, 1, 31, 0xffff;"},
	{name: "shuffle from a lane outside", kind: "divergent warp instruction", block: Dim3{32, 1, 1},
		bad:  "setp.ge.u32 %p, %t, 16;\n@%p bra out;\nshfl.sync.down.b32 %a, %t, 8, 31, 0xffff; // FAULT\nout:",
		good: "setp.ge.u32 %p, %t, 16;\n@%p bra out;\nshfl.sync.bfly.b32 %a, %t, 8, 31, 0xffff;\nout:"},
	{name: "shuffle with masks that differ", kind: "divergent warp instruction", block: Dim3{32, 1, 1},
		bad:  "setp.ge.u32 %p, %t, 16;\nselp.u32 %b, 0xffff0000, 0xffffffff, %p;\nshfl.sync.bfly.b32 %a, %t, 1, 31, %b; // FAULT",
		good: "setp.ge.u32 %p, %t, 16;\nselp.u32 %b, 0xffff0000, 0x0000ffff, %p;\nshfl.sync.bfly.b32 %a, %t, 1, 31, %b;\nbar.warp.sync %b;", want: []string{"lanes 0 and 16", "0xffffffff and 0xffff0000"}},
	{name: "shuffle into another group", kind: "divergent warp instruction", block: Dim3{32, 1, 1},
		bad:  "setp.ge.u32 %p, %t, 16;\nselp.u32 %b, 0xffff0000, 0x0000ffff, %p;\nshfl.sync.bfly.b32 %a, %t, 16, 31, %b; // FAULT",
		good: "shfl.sync.bfly.b32 %a, %t, 16, 31, -1;", want: []string{"lane 16, which does not take part"}},
	{name: "lanes outside of their own mask", kind: "divergent warp instruction", block: Dim3{32, 1, 1},
		bad: "setp.eq.u32 %q, %t, 3;\nvote.sync.any.pred %p, %q, 0; // FAULT", good: "setp.eq.u32 %q, %t, 3;\nvote.sync.any.pred %p, %q, -1;", want: []string{"own member mask 0x0"}},
	{name: "copy read before its wait", kind: "unfinished copy", block: Dim3{32, 1, 1},
		bad:  "cp.async.ca.shared.global [%w], [%z], 4;\ncp.async.commit_group;\nld.shared.u32 %a, [%w]; // FAULT",
		good: "cp.async.ca.shared.global [%w], [%z], 4;\ncp.async.commit_group;\ncp.async.wait_group 0;\nld.shared.u32 %a, [%w];"},
	{name: "copy waited for one group short", kind: "unfinished copy", block: Dim3{32, 1, 1},
		bad:  "cp.async.ca.shared.global [%w], [%z], 4;\ncp.async.commit_group;\ncp.async.ca.shared.global [%w+128], [%z+128], 4;\ncp.async.commit_group;\ncp.async.wait_group 1;\nld.shared.u32 %a, [%w+128]; // FAULT",
		good: "cp.async.ca.shared.global [%w], [%z], 4;\ncp.async.commit_group;\ncp.async.ca.shared.global [%w+128], [%z+128], 4;\ncp.async.commit_group;\ncp.async.wait_group 1;\nld.shared.u32 %a, [%w];"},
	{name: "copy waited for after the barrier", kind: "unfinished copy", block: Dim3{64, 1, 1},
		bad:  "xor.b32 %i, %w, 128;\ncp.async.ca.shared.global [%w], [%z], 4;\nbar.sync 0;\ncp.async.wait_all;\nld.shared.u32 %a, [%i]; // FAULT",
		good: "xor.b32 %i, %w, 128;\ncp.async.ca.shared.global [%w], [%z], 4;\ncp.async.wait_all;\nbar.sync 0;\nld.shared.u32 %a, [%i];"},
	{name: "bulk copy read before its mbarrier", kind: "unfinished copy", block: Dim3{64, 1, 1},
		bad: bulkBody("", "bar.sync 0;", "// FAULT"), good: bulkBody("", bulkWait, "")},
	{name: "bulk copy that one thread waited for", kind: "unfinished copy", block: Dim3{32, 1, 1},
		bad: bulkBody("", "@!%q bra past;\n"+bulkWait+"past:", "// FAULT"), good: bulkBody("", "@!%q bra past;\n"+bulkWait+"past: bar.sync 0;", "")},
	{name: "bulk copy after a relaxed wait", kind: "unfinished copy", block: Dim3{64, 1, 1},
		bad: bulkBody("", strings.Replace(bulkWait, "parity", "parity.relaxed.cta", 1), "// FAULT"), good: bulkBody("", strings.Replace(bulkWait, "parity", "parity.acquire.cta", 1), "")},
	{name: "bulk copy over what others read", kind: "race", block: Dim3{64, 1, 1},
		bad:  strings.Replace(bulkBody("", bulkWait, ""), "bar.sync 0;", "bar.sync 0;\nld.shared.u32 %a, [%w]; // FAULT", 1),
		good: strings.Replace(bulkBody("", bulkWait, ""), "bar.sync 0;", "bar.sync 0;\nld.shared.u32 %a, [%w];\nbar.sync 0;", 1)},
	{name: "bulk copy past the end of global memory", kind: "out of bounds", block: Dim3{64, 1, 1},
		bad: strings.Replace(bulkBody("", bulkWait, ""), "[%x], 256, [bar8];", "[%x+3856], 256, [bar8]; // FAULT", 1), good: strings.Replace(bulkBody("", bulkWait, ""), "[%x]", "[%x+3840]", 1)},
	{name: "bulk copy past the end of its variable", kind: "out of bounds", block: Dim3{64, 1, 1},
		bad: strings.Replace(bulkBody("", "", ""), "[s], [%x], 256, [bar8];", "[high+512], [%x], 256, [bar8]; // FAULT", 1) + "\nexit;", good: bulkBody("", bulkWait, "")},
	{name: "bulk copy of global memory without values", kind: "uninitialised memory", block: Dim3{64, 1, 1},
		bad: strings.Replace(bulkBody("", bulkWait, ""), "[%x], 256, [bar8];", "[%y], 256, [bar8]; // FAULT", 1), good: bulkBody("", bulkWait, "")},
	{name: "source of a bulk copy written too early", kind: "unfinished copy", block: Dim3{64, 1, 1},
		bad: bulkStore("", "st.shared.u32 [s+128], 7; // FAULT\nout:"), good: bulkStore("cp.async.bulk.wait_group.read 0;", "st.shared.u32 [s+128], 7;\nout:")},
	{name: "source of a bulk copy written by others too early", kind: "unfinished copy", block: Dim3{64, 1, 1},
		bad:  bulkStore("", "out: bar.sync 0;\nst.shared.u32 [%w], 5; // FAULT"),
		good: bulkStore("cp.async.bulk.wait_group.read 0;", "out: bar.sync 0;\nst.shared.u32 [%w], 5;")},
	{name: "bulk copy waited for one group short", kind: "unfinished copy", block: Dim3{64, 1, 1},
		bad:  bulkStore("cp.async.bulk.wait_group 1;", "st.shared.u32 [s+128], 7; // FAULT\nout:"),
		good: bulkStore("cp.async.bulk.commit_group;\ncp.async.bulk.wait_group 1;", "st.shared.u32 [s+128], 7;\nout:")},
	{name: "bulk copy of shared memory that others still write", kind: "race", block: Dim3{32, 1, 1},
		bad:  strings.NewReplacer("bar.sync 0;", "", "256;", "128; // FAULT").Replace(bulkStore("cp.async.bulk.wait_group 0;", "out:")),
		good: strings.NewReplacer("256;", "128;").Replace(bulkStore("cp.async.bulk.wait_group 0;", "out:"))},
	{name: "mbarrier orders", kind: "race", block: Dim3{64, 1, 1},
		bad: mbarBody("setp.eq.u32 %q, %t, %t;", "// FAULT"), good: mbarBody("mbarrier.test_wait.shared.b64 %q, [bar8], %st;", "")},
	{name: "named barrier of half the block", kind: "race", block: Dim3{128, 1, 1},
		bad:  "mov.u32 %a, 0;\nst.shared.u32 [%w], 0;\nbar.sync 0;\nsetp.ge.u32 %p, %t, 64;\nst.shared.u32 [%w], %t;\n@%p bra out;\nbar.sync 1, 64;\nxor.b32 %i, %w, 256;\nld.shared.u32 %a, [%i]; // FAULT2\nout: st.shared.u32 [%w], %a; // FAULT",
		good: "setp.ge.u32 %p, %t, 64;\nst.shared.u32 [%w], %t;\n@%p bra out;\nbar.sync 1, 64;\nxor.b32 %i, %w, 128;\nld.shared.u32 %a, [%i];\nout:"},
}

// lastBlock is a reduction in which the last block to finish reads what another wrote, and resets
// the counter.
func lastBlock(fence, mark string) string {
	return "mad.wide.u32 %st, %c, 128, %st;\nst.global.u32 [%st], %c;\n" + fence + "\nbar.sync 0;\nsetp.eq.u32 %p, %t, 0;\n" +
		"@%p atom.global.inc.u32 %a, [%x], 7;\n@%p st.shared.u32 [s], %a;\nbar.sync 0;\nld.shared.u32 %a, [s];\n" +
		"setp.ne.u32 %p, %a, 7;\n@%p exit;\nadd.u32 %c, %c, 1;\nand.b32 %c, %c, 7;\nmad.wide.u32 %st, %c, 128, %y;\n" +
		"ld.global.u32 %b, [%st]; " + mark + "\nsetp.eq.u32 %p, %t, 0;\n@%p st.global.u32 [%x], 0; " + mark
}

// lockBody adds to a counter under a lock that one lane of each warp takes.
func lockBody(fence string) string {
	return "and.b32 %i, %t, 31;\nsetp.ne.u32 %p, %i, 0;\n@%p exit;\n" +
		"spin: atom.global.cas.b32 %a, [%x+4], 1, 0;\nsetp.ne.u32 %p, %a, 1;\n@%p bra spin;\n" + fence + "\n" +
		"ld.global.u32 %b, [%x]; // FAULT\nadd.u32 %b, %b, 1;\nst.global.u32 [%x], %b;\n" + fence + "\n" +
		"atom.global.exch.b32 %a, [%x+4], 1;"
}

// mbarBody passes data from one warp to the other through an mbarrier.
func mbarBody(wait, mark string) string {
	return "setp.eq.u32 %p, %t, 0;\n@%p mbarrier.init.shared.b64 [bar8], 64;\nst.shared.u32 [%w], 0;\nbar.sync 0;\nst.shared.u32 [%w], %t;\n" +
		"mbarrier.arrive.shared.b64 %st, [bar8];\nagain: " + wait + "\n@!%q bra again;\nxor.b32 %i, %w, 128;\nld.shared.u32 %a, [%i]; " + mark
}

const bulkWait = "wait: mbarrier.try_wait.parity.shared.b64 %p, [bar8], 0;\n@!%p bra wait;\n"

// bulkBody copies 256 bytes to shared memory by one thread; all threads read them.
func bulkBody(before, wait, mark string) string {
	return "st.shared.u32 [%w], 0;\nsetp.eq.u32 %q, %t, 0;\n@%q mbarrier.init.shared.b64 [bar8], 1;\nbar.sync 0;\n@!%q bra go;\n" + before +
		"mbarrier.arrive.expect_tx.shared.b64 _, [bar8], 256;\ncp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [%x], 256, [bar8];\ngo: " +
		wait + "\nld.shared.u32 %a, [%w]; " + mark
}

// bulkStore copies 256 bytes that all threads wrote to global memory by one thread; the others jump
// to the label out.
func bulkStore(wait, rest string) string {
	return "st.shared.u32 [%w], %t;\nbar.sync 0;\nsetp.ne.u32 %q, %t, 0;\n@%q bra out;\ncp.async.bulk.global.shared::cta.bulk_group [%y], [s], 256;\ncp.async.bulk.commit_group;\n" +
		wait + "\n" + rest
}

// runPlanted launches a body with all checks on.
func runPlanted(t *testing.T, p planted, body string, workers int) (*FindingsError, string) {
	t.Helper()
	text := plantedHead + body + "\nret;\n}\n"
	m := New(Options{Checks: AllChecks, Workers: workers})
	k := kernel(t, load(t, m, "planted.ptx", text), "k")
	x := make([]uint32, 1024)
	x[1] = 1
	px := upload(t, m, u32bytes(x))
	py := alloc(t, m, 4096)
	err := m.Launch(context.Background(), k, LaunchConfig{Grid: p.grid, Block: p.block}, px, py)
	var fe *FindingsError
	if err != nil && !errors.As(err, &fe) {
		t.Fatalf("%v", err)
	}
	return fe, text
}

func TestPlantedFaults(t *testing.T) {
	for _, p := range plantedCases {
		t.Run(p.name, func(t *testing.T) {
			for _, workers := range []int{1, 2} {
				badWorkers := workers
				if raceDetector { // the planted race would be a race of goroutines, too
					badWorkers = 1
				}
				fe, text := runPlanted(t, p, p.bad, badWorkers)
				if fe == nil {
					t.Fatalf("nothing found with %d workers", workers)
				}
				lines := map[int]bool{}
				for i, l := range strings.Split(text, "\n") {
					if strings.Contains(l, "// FAULT") {
						lines[i+1] = true
					}
				}
				hit := false
				for _, f := range fe.Report.Findings {
					if f.Kind != p.kind || !lines[f.Line] && !(f.Kind == "race" && lines[f.OtherLine]) {
						t.Errorf("unexpected finding, expected %q at lines %v: %v", p.kind, lines, f)
						continue
					}
					hit = true
					if f.Hint == "" && f.Kind != "write to constant memory" {
						t.Errorf("no hint:\n%v", f)
					}
					for _, want := range p.want {
						if !strings.Contains(f.String(), want) {
							t.Errorf("the report lacks %q:\n%v", want, f)
						}
					}
				}
				if !hit {
					t.Errorf("not found: %q at lines %v", p.kind, lines)
				}
				if fe, _ := runPlanted(t, p, p.good, workers); fe != nil {
					t.Errorf("the mended kernel is flagged: %v", fe.Report)
				}
			}
		})
	}
}
