package emulator

import (
	"context"
	"errors"
	"testing"
)

// runU32 runs the body of a kernel and returns its result, a word per thread. Each thread has its
// number in %i and the address of its word in %o.
func runU32(t testing.TB, opts Options, decls, body string, grid, block Dim3) ([]uint32, error) {
	t.Helper()
	n := 1
	for _, d := range []uint32{grid.X, grid.Y, grid.Z, block.X, block.Y, block.Z} {
		n *= int(max(d, 1))
	}
	m := New(opts)
	k := kernel(t, load(t, m, "flow.ptx", textU32(decls, body)), "k")
	out := upload(t, m, make([]byte, 4*n))
	err := m.Launch(context.Background(), k, LaunchConfig{Grid: grid, Block: block}, out)
	return download32(t, m, out, n), err
}

func textU32(decls, body string) string {
	return header + decls + `
.visible .entry k(.param .u64 p)
{
	.reg .pred %p, %q, %s;
	.reg .b16 %h;
	.reg .b32 %i, %j, %k, %l, %n, %lane;
	.reg .f32 %f, %g;
	.reg .b64 %o, %base, %x, %y;
	ld.param.u64 %base, [p];
	mov.u32 %i, %tid.x;
	mov.u32 %j, %ctaid.x;
	mov.u32 %k, %ntid.x;
	mad.lo.u32 %i, %j, %k, %i;
	mad.wide.u32 %o, %i, 4, %base;
	mov.u32 %lane, %laneid;
	mov.u32 %j, 0;
	mov.u32 %k, 0;
` + body + "\n}\n"
}

// expectU32 runs a body without and with checks, and compares each thread's word.
func expectU32(t *testing.T, name, decls, body string, grid, block Dim3, want func(i uint32) uint32) {
	t.Helper()
	assemble(t, textU32(decls, body))
	for _, opts := range []Options{{}, {Checks: AllChecks, Counters: true}} {
		got, err := runU32(t, opts, decls, body, grid, block)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for i, v := range got {
			if w := want(uint32(i)); v != w {
				t.Errorf("%s: thread %d has %#x, expected %#x", name, i, v, w)
				return
			}
		}
	}
}

func collatz(n uint32) (steps uint32) {
	for ; n > 1; steps++ {
		if n%2 == 0 {
			n /= 2
		} else {
			n = 3*n + 1
		}
	}
	return
}

func TestControlFlow(t *testing.T) {
	one, block := Dim3{}, Dim3{96, 1, 1}
	expectU32(t, "a loop of a different length in every lane", "", `
	mov.u32 %n, %i;
loop:
	setp.le.u32 %p, %n, 1;
	@%p bra done;
	add.u32 %j, %j, 1;
	and.b32 %l, %n, 1;
	setp.eq.u32 %q, %l, 0;
	@%q bra even;
	mad.lo.u32 %n, %n, 3, 1;
	bra loop;
even:
	shr.u32 %n, %n, 1;
	bra loop;
done:
	st.global.u32 [%o], %j;
	ret;`, Dim3{2, 1, 1}, block, collatz)
	expectU32(t, "lanes meet again after a loop whose exit stands before its body", "", `
	and.b32 %n, %i, 7;
	bra head;
after:
	activemask.b32 %l;
	st.global.u32 [%o], %l;
	ret;
head:
	setp.eq.u32 %p, %n, 0;
	@%p bra after;
	sub.u32 %n, %n, 1;
	bra head;`, one, block, func(uint32) uint32 { return ^uint32(0) })
	expectU32(t, "nested ifs meet again", "", `
	and.b32 %l, %i, 1;
	setp.eq.u32 %p, %l, 0;
	@%p bra a;
	and.b32 %l, %i, 2;
	setp.eq.u32 %q, %l, 0;
	@%q bra b;
	mov.u32 %j, 3;
	bra c;
b:	mov.u32 %j, 2;
c:	activemask.b32 %k;
	bra d;
a:	mov.u32 %j, 1;
d:	activemask.b32 %l;
	not.b32 %l, %l;
	mad.lo.u32 %j, %l, 16, %j;
	add.u32 %j, %j, %k;
	st.global.u32 [%o], %j;
	ret;`, one, block, func(i uint32) uint32 {
		switch i % 4 {
		case 1:
			return 2 + 0xaaaaaaaa
		case 3:
			return 3 + 0xaaaaaaaa
		}
		return 1
	})
	expectU32(t, "brx.idx", "", `
	rem.u32 %n, %i, 3;
table: .branchtargets x, y, z;
	brx.idx %n, table;
x:	mov.u32 %j, 10; bra out;
y:	mov.u32 %j, 20; bra out;
z:	mov.u32 %j, 30;
out: activemask.b32 %l;
	setp.ne.u32 %p, %l, 0xffffffff;
	@%p mov.u32 %j, 99;
	st.global.u32 [%o], %j;
	ret;`, one, block, func(i uint32) uint32 { return (i%3 + 1) * 10 })
	expectU32(t, "predicated exit", "", `
	st.global.u32 [%o], 5;
	setp.gt.u32 %p, %i, 40;
	@%p exit;
	st.global.u32 [%o], %i;`, one, block, func(i uint32) uint32 {
		if i > 40 {
			return 5
		}
		return i
	})
	expectU32(t, "special registers", "", `
	mov.u32 %j, %ntid.x;
	mov.u32 %k, %warpid;
	mad.lo.u32 %j, %j, 1000, %k;
	mov.u32 %k, %lanemask_lt;
	popc.b32 %k, %k;
	mad.lo.u32 %j, %j, 100, %k;
	cvt.u64.u32 %x, %nctaid.x;
	cvt.u32.u64 %k, %x;
	add.u32 %j, %j, %k;
	st.global.u32 [%o], %j;
	ret;`, Dim3{3, 1, 1}, block, func(i uint32) uint32 { i %= 96; return (96*1000+i/32)*100 + i%32 + 3 })
}

const callDecls = `
.func (.reg .u32 %r) square(.reg .u32 %a) { mul.lo.u32 %r, %a, %a; ret; }
.func (.param .b32 ret) fib(.param .b32 n)
{
	.reg .u32 %a, %b, %c; .reg .pred %p;
	ld.param.u32 %a, [n];
	setp.lt.u32 %p, %a, 2;
	@%p bra base;
	sub.u32 %b, %a, 1;
	{ .param .b32 x; .param .b32 y;
	  st.param.b32 [x], %b;
	  call.uni (y), fib, (x);
	  ld.param.b32 %c, [y]; }
	sub.u32 %b, %a, 2;
	{ .param .b32 x; .param .b32 y;
	  st.param.b32 [x], %b;
	  call.uni (y), fib, (x);
	  ld.param.b32 %b, [y]; }
	add.u32 %a, %b, %c;
base:
	st.param.b32 [ret], %a;
	ret;
}
.func (.param .b32 ret) sum(.param .align 4 .b8 s[16], .param .b64 out)
{
	.local .align 4 .b8 mine[8];
	.reg .u32 %a, %b; .reg .u64 %o, %l;
	ld.param.u32 %a, [s];
	ld.param.u32 %b, [s+12];
	add.u32 %a, %a, %b;
	mov.u64 %l, mine;
	st.local.u32 [%l+4], %a;
	ld.local.u32 %b, [mine+4];
	ld.param.u64 %o, [out];
	st.u32 [%o], %b;
	st.param.b32 [ret], 7;
	ret;
}
.func (.reg .u32 %r) twice(.reg .u32 %a) { add.u32 %r, %a, %a; ret; }
.global .u64 table[2] = {square, twice};
`

func fib(n uint32) uint32 {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func TestCalls(t *testing.T) {
	block := Dim3{64, 1, 1}
	expectU32(t, "arguments in registers", callDecls, `
	call (%j), square, (%i);
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 { return i * i })
	expectU32(t, "recursion to a different depth in every lane", callDecls, `
	and.b32 %n, %i, 7;
	{ .param .b32 a; .param .b32 r;
	st.param.b32 [a], %n;
	call.uni (r), fib, (a);
	ld.param.b32 %j, [r]; }
	activemask.b32 %l;
	setp.ne.u32 %p, %l, 0xffffffff;
	@%p mov.u32 %j, 1000;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 { return fib(i & 7) })
	expectU32(t, "a structure, and a pointer to the caller's local memory", `
`+callDecls, `
	.local .align 4 .b8 mine[4];
	{ .param .align 4 .b8 s[16]; .param .b64 out; .param .b32 r;
	st.param.b32 [s+0], %i;
	st.param.b32 [s+12], 100;
	mov.u64 %x, mine;
	cvta.local.u64 %y, %x;
	st.param.b64 [out], %y;
	call.uni (r), sum, (s, out);
	ld.param.b32 %j, [r]; }
	ld.local.u32 %k, [%x];
	add.u32 %j, %j, %k;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 { return i + 107 })
	expectU32(t, "a call through a table, to two functions from one warp", callDecls, `
proto: .callprototype (.reg .u32 _) _ (.reg .u32 _);
	and.b32 %n, %i, 1;
	mov.u64 %x, table;
	mad.wide.u32 %x, %n, 8, %x;
	ld.global.u64 %y, [%x];
	call (%j), %y, (%i), proto;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 {
		if i&1 == 1 {
			return 2 * i
		}
		return i * i
	})
	expectU32(t, "a predicated call", callDecls, `
	setp.lt.u32 %p, %i, 10;
	mov.u32 %j, 1;
	@%p call (%j), square, (%i);
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 {
		if i < 10 {
			return i * i
		}
		return 1
	})
	_, err := runU32(t, Options{}, `.func forever(.reg .u32 %a) { call forever, (%a); ret; }`, "call forever, (%i); ret;", Dim3{}, block)
	var f *Fault
	if !errors.As(err, &f) || f.Kind != "stack overflow" {
		t.Errorf("endless recursion: error %v", err)
	}
}
