package kerneltest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"baregrad/kernels"
)

// testWrongArguments takes the arguments of a case that has no empty ones and
// makes them wrong one at a time: missing, one element longer, one shorter, of
// another type. The device must panic with a *kernels.ShapeError that names the operation.
func (s *suite) testWrongArguments(t *testing.T, cases []operation) {
	op, ok := wholeCase(cases)
	if !ok {
		t.Fatal("no case of this method has all its arguments")
	}
	forward := call{out: op.out, in: op.in, run: op.forward}
	if !op.composed {
		s.wrongArguments(t, op.method, "forward", forward, func(i int, wrong string) verdict {
			switch {
			case contains(op.optional, i) && wrong == missing:
				return pass
			case contains(op.loose, i) && (wrong == tooLong || wrong == tooShort):
				return either
			}
			return fail
		})
	}
	if op.gradient == nil {
		return
	}
	name := op.method
	if op.gradientName != "" {
		name = op.gradientName
	}
	s.wrongArguments(t, name, "gradient", s.backward(t, op), func(i int, wrong string) verdict {
		switch {
		case i == 0:
			return fail // dy
		case i <= len(op.out)+len(op.in):
			return either // of the forward kernel's operands a gradient takes some
		case wrong == missing && len(op.wrt) > 1:
			return pass // a gradient that is not wanted, beside others that may be
		}
		return fail
	})
}

// A verdict says how a call with a wrong argument should end. However it ends, a
// panic must be a *kernels.ShapeError.
type verdict int

const (
	fail verdict = iota // with a panic
	pass
	either
)

// The ways to be wrong.
const (
	missing   = "missing"
	otherType = "of another type"
	tooLong   = "too long"
	tooShort  = "too short"
)

// wholeCase finds a case none of whose arguments is absent or empty.
func wholeCase(cases []operation) (operation, bool) {
next:
	for _, op := range cases {
		for _, a := range append(append([]array(nil), op.in...), op.out...) {
			if a.absent || a.len() == 0 {
				continue next
			}
		}
		return op, true
	}
	return operation{}, false
}

// wrongArguments makes the call with each argument made wrong in each way.
// Arguments are numbered with the inputs first.
func (s *suite) wrongArguments(t *testing.T, method, label string, c call, expect func(i int, wrong string) verdict) {
	t.Helper()
	name := plain(strings.SplitN(method, "Grad", 2)[0])
	arguments := append(append([]array(nil), c.in...), c.out...)
	for i, right := range arguments {
		for _, wrong := range []string{missing, otherType, tooLong, tooShort} {
			changed := append([]array(nil), arguments...)
			changed[i] = right.wrong(wrong)
			buffers := upload(s.device.d, changed)
			shape, err := shapeError(func() { c.run(s.device.d, buffers[len(c.in):], buffers[:len(c.in)]) })
			free(buffers)
			want := expect(i, wrong)
			what := fmt.Sprintf("%s, argument %d %s", label, i, wrong)
			switch {
			case err == nil && want == pass:
				t.Errorf("%s: panic: %v", what, shape)
			case err == nil && !strings.HasPrefix(plain(shape.Op), name):
				t.Errorf("%s: the error %q names %q, want %s", what, shape, shape.Op, method)
			case err != nil && (want == fail || !errors.Is(err, errNoPanic)):
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

// wrong is the array made wrong in one of the ways.
func (a array) wrong(way string) array {
	switch way {
	case missing:
		return absent
	case otherType:
		if a.kind == kernels.Uint8 {
			return ints(make([]int32, a.len()))
		}
		return uint8s(make([]uint8, a.len()))
	}
	n := a.len() + 1
	if way == tooShort {
		n = a.len() - 1
	}
	return array{kind: a.kind}.fromMemory(append(a.host(), make([]byte, 4)...)[:n*a.kind.Size()], n)
}

func upload(d kernels.Device, arrays []array) []kernels.Buffer {
	return mapped(arrays, func(a array) kernels.Buffer {
		if a.absent {
			return nil
		}
		b := d.Alloc(a.kind, a.len())
		d.Write(b, a.host())
		return b
	})
}

func free(buffers []kernels.Buffer) {
	for _, b := range buffers {
		if b != nil {
			b.Free()
		}
	}
}

// plain is a name in lower case without what separates its words.
func plain(name string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(name))
}

// testAllocations makes each call of the last case of a method once, and then
// counts the allocations of further calls: there must be none.
func (s *suite) testAllocations(t *testing.T, cases []operation) {
	op := cases[len(cases)-1]
	forward := call{out: op.out, in: op.in, run: op.forward}
	s.countAllocations(t, "forward", forward)
	if op.gradient != nil {
		s.countAllocations(t, "gradient", s.backward(t, op))
	}
}

// backward is the call of the gradient kernel after the forward kernel's.
func (s *suite) backward(t *testing.T, op operation) call {
	t.Helper()
	out, err := call{out: op.out, in: op.in, run: op.forward}.on(s.device, aligned)
	if err != nil {
		t.Fatal(err)
	}
	dy := floats(make([]float32, op.out[0].len()))
	return op.gradientCall(op.gradients(), dy, out, make([]kernels.Mode, len(op.wrt)))
}

func (s *suite) countAllocations(t *testing.T, label string, c call) {
	t.Helper()
	out, in := upload(s.device, c.out), upload(s.device, c.in)
	defer free(append(out, in...))
	// AllocsPerRun makes one call before it begins to count.
	if n := testing.AllocsPerRun(2, func() { c.run(s.device, out, in) }); n != 0 {
		t.Errorf("%s: %v allocations a call", label, n)
	}
}
