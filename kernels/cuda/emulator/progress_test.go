package emulator

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

// Kernels that wait, wait forever, never end, or do not start.

// Lanes that wait for each other make progress.
func TestForwardProgress(t *testing.T) {
	lock := `
.global .u32 lock;
.global .u32 count;
`
	expectU32(t, "a spin lock that all lanes of a warp take in turn", lock, `
	mov.u64 %x, lock;
	mov.u64 %y, count;
spin:
	atom.global.cas.b32 %j, [%x], 0, 1;
	setp.ne.u32 %p, %j, 0;
	@%p bra spin;
	membar.gl;
	ld.global.u32 %k, [%y];
	add.u32 %k, %k, 1;
	st.global.u32 [%y], %k;
	membar.gl;
	atom.global.exch.b32 %j, [%x], 0;
	bar.sync 0;
	membar.gl;
	ld.volatile.global.u32 %k, [%y];
	st.global.u32 [%o], %k;
	ret;`, Dim3{}, Dim3{96, 1, 1}, func(uint32) uint32 { return 96 })
	expectU32(t, "a lane waits for a flag that a later lane sets", `.global .u32 flag;`, `
	mov.u64 %x, flag;
	setp.eq.u32 %p, %i, 37;
	@%p bra set;
wait:
	ld.volatile.global.u32 %j, [%x];
	setp.eq.u32 %q, %j, 0;
	@%q bra wait;
	bra out;
set:
	st.volatile.global.u32 [%x], 1;
	mov.u32 %j, 1;
out:
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, Dim3{64, 1, 1}, func(uint32) uint32 { return 1 })
	expectU32(t, "blocks that wait for all blocks", `.global .u32 here;`, `
	mov.u64 %x, here;
	atom.global.add.u32 %j, [%x], 1;
wait:
	ld.acquire.gpu.global.u32 %j, [%x];
	setp.lt.u32 %q, %j, 12;
	@%q bra wait;
	st.global.u32 [%o], %j;
	ret;`, Dim3{12, 1, 1}, Dim3{1, 1, 1}, func(uint32) uint32 { return 12 })
}

func TestDeadlockIsReported(t *testing.T) {
	for _, c := range []struct{ name, body, where string }{
		{"a barrier that half a block passes by", `
	setp.lt.u32 %p, %i, 32;
	@%p bar.sync 1, 64;
	@!%p bar.sync 2, 64;
	ret;`, "barrier 1"},
		{"lanes that wait for each other at two places", `
	setp.lt.u32 %p, %lane, 16;
	@%p bra a;
	bar.warp.sync 0xffffffff;
	ret;
a:	bar.sync 0;
	ret;`, "waits for lanes 0-15"},
	} {
		_, err := runU32(t, Options{}, "", c.body, Dim3{}, Dim3{64, 1, 1})
		var s *StopError
		if !errors.As(err, &s) || !strings.Contains(s.Reason, "deadlock") || !strings.Contains(err.Error(), c.where) || !strings.Contains(err.Error(), "flow.ptx:") {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}

// soonOver is a context whose deadline passes 20 ms after it was first asked whether it has; the
// first answer is no, even if it takes longer than that. A launch asks before it begins, so the
// kernel runs when it is stopped, however slow the machine is.
type soonOver struct {
	context.Context
	once sync.Once
	done chan struct{}
}

func (s *soonOver) Done() <-chan struct{} { return s.done }

func (s *soonOver) Err() error {
	first := false
	s.once.Do(func() {
		first = true
		time.AfterFunc(20*time.Millisecond, func() { close(s.done) })
	})
	if first {
		return nil
	}
	select {
	case <-s.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestKernelThatNeverEnds(t *testing.T) {
	body := "again: add.u32 %j, %j, 1;\nbra again;"
	_, err := runU32(t, Options{Instructions: 100000}, "", body, Dim3{}, Dim3{64, 1, 1})
	var s *StopError
	if !errors.As(err, &s) || !strings.Contains(s.Reason, "100000") || len(s.Where) != 2 || !strings.Contains(s.Where[1], "warp 1") {
		t.Errorf("limit: error %v", err)
	}
	m := New(Options{})
	k := kernel(t, load(t, m, "forever.ptx", header+".entry k() { .reg .u32 a; mov.u32 a, 0; again: add.u32 a, a, 1; bra again; }"), "k")
	ctx := &soonOver{Context: context.Background(), done: make(chan struct{})}
	err = m.Launch(ctx, k, LaunchConfig{Grid: Dim3{100, 1, 1}, Block: Dim3{32, 1, 1}})
	if !errors.As(err, &s) || !errors.Is(err, context.DeadlineExceeded) || len(s.Where) == 0 {
		t.Errorf("context: error %v", err)
	}
	done, cancel2 := context.WithCancel(context.Background())
	cancel2()
	if err = m.Launch(done, k, LaunchConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("context that had ended: error %v", err)
	}
}

func TestLaunchIsRefused(t *testing.T) {
	m := New(Options{})
	p := load(t, m, "launch.ptx", header+`
.entry k(.param .u64 a, .param .u32 b) .reqntid 32, 2 { .shared .b8 s[40000]; ret; }
.entry big(.param .align 4 .b8 s[12]) .maxntid 64 { ret; }`)
	k, big := kernel(t, p, "k"), kernel(t, p, "big")
	if _, err := p.Kernel("nothing"); err == nil || !strings.Contains(err.Error(), "the nearest of its 2: big, k") {
		t.Errorf("unknown kernel: %v", err)
	}
	ok := LaunchConfig{Block: Dim3{32, 2, 1}}
	ctx := context.Background()
	if err := m.Launch(ctx, k, ok, 1, 2); err != nil {
		t.Errorf("a right launch: %v", err)
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{m.Launch(ctx, k, ok, 1), "1 arguments, but the kernel has 2"},
		{m.Launch(ctx, k, ok, 1, 1<<40), "does not fit parameter b"},
		{m.Launch(ctx, k, LaunchConfig{Block: Dim3{64, 1, 1}}, 1, 2), ".reqntid asks for (32,2,1)"},
		{m.Launch(ctx, k, LaunchConfig{Block: Dim3{32, 2, 1}, SharedBytes: 200000}, 1, 2), "240000 bytes of shared memory"},
		{m.Launch(ctx, big, LaunchConfig{}, 1), "use LaunchRaw"},
		{m.LaunchRaw(ctx, big, LaunchConfig{}, make([]byte, 8)), "8 bytes of parameters, expected 12"},
		{m.LaunchRaw(ctx, big, LaunchConfig{Block: Dim3{65, 1, 1}}, make([]byte, 12)), ".maxntid allows 64"},
		{m.LaunchRaw(ctx, big, LaunchConfig{Block: Dim3{1025, 1, 1}}, make([]byte, 12)), "at most 1024"},
		{m.LaunchRaw(ctx, big, LaunchConfig{Grid: Dim3{1, 70000, 1}}, make([]byte, 12)), "at most (2147483647,65535,65535)"},
		{New(Options{}).Launch(ctx, k, ok, 1, 2), "another machine"},
	} {
		var le *LaunchError
		if !errors.As(c.err, &le) || !strings.Contains(le.Reason, c.want) {
			t.Errorf("error %v, expected %q", c.err, c.want)
		}
	}
	if _, err := m.Alloc(5 << 30); !errors.As(err, new(*OutOfMemoryError)) {
		t.Errorf("too much memory: %v", err)
	}
}
