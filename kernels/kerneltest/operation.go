package kerneltest

import (
	"fmt"
	"slices"
	"testing"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// An operation is one call of a forward kernel with its data, what it should
// give, and the kernel of its gradient.
type operation struct {
	method string // of kernels.Device
	detail string // tells one case of a method from another
	in     []array
	out    []array // with what they hold before: NaN where that must not matter

	forward func(d kernels.Device, out, in []kernels.Buffer)
	// apart, where it is not nil, is the same by several calls: it must give the same bits.
	apart func(d kernels.Device, out, in []kernels.Buffer)

	// oracle computes the outputs in float64, from the formula alone, by loops
	// of its own. Values are taken from x. Decisions are taken from at: on which
	// side of a kink a value lies, which element is the maximum. With x = at that
	// is the operation; with x varied a little, and at held, its derivative is
	// what the gradient should be even where the operation has none.
	oracle func(x, at [][]float64) [][]float64
	tol    tolerance

	// gradient computes the gradients din of the inputs numbered by wrt from the
	// gradient dy of out[0]. Elements of din are nil where a gradient is not wanted.
	gradient func(d kernels.Device, din []kernels.Buffer, dy kernels.Buffer, out, in []kernels.Buffer, m []kernels.Mode)
	wrt      []int
	gradTol  tolerance
	// gradientName is the gradient's method where it is not named after the forward one.
	gradientName string

	// composed says that the forward pass is put together from other methods, whose
	// own cases give them wrong arguments.
	composed bool

	// large says that differences of the oracle would take too long: the
	// gradient is compared with the reference device's, which smaller cases check.
	large bool
	// spare says that other large cases take the same ways, see Slow.
	spare bool
	// elementwise says that an output may share the buffer of an operand of its length.
	elementwise bool
	// keepFinite lists the inputs that get no NaN and no infinity, gradientKeepsFinite
	// those that get none before a gradient; upstream is dy.
	keepFinite, gradientKeepsFinite []int
	// loose lists the arguments that may be of other lengths, optional those that
	// may be left out. Arguments are numbered with the inputs first.
	loose, optional []int

	// known is what was worked out before, for another device or the same one.
	known *known
}

// upstream stands for dy in a list of inputs.
const upstream = -1

// suite is a run of the tests on one device.
type suite struct {
	device      *counting
	reference   kernels.Device
	isReference bool
	fence       alignment // at which end of a buffer of the device there is a fence: first or last; else aligned
	brief       bool      // see Slow
}

// elements counts those of the inputs and the outputs.
func (op operation) elements() (n int) {
	for _, a := range slices.Concat(op.in, op.out) {
		n += a.len()
	}
	return n
}

// check runs an operation forward and backward in every way.
func (s *suite) check(t *testing.T, op operation) {
	t.Helper()
	g := newGenerator(op.method + op.detail)
	out := s.checkForward(t, op)
	if op.gradient != nil {
		dy := floats(g.signed(op.out[0].len()))
		s.checkGradient(t, op, g, dy, out, s.wantGradient(op, dy, out))
	}
	s.checkNonFinite(t, op, g)
}

// checkForward compares the outputs with the oracle's and returns them.
func (s *suite) checkForward(t *testing.T, op operation) []array {
	t.Helper()
	want := op.want("forward")
	forward := call{out: op.out, in: op.in, run: op.forward}
	result := s.twice(t, "forward", forward, want, op.tol, true)
	if op.apart != nil {
		other := s.once(t, "by several calls", call{out: op.out, in: op.in, run: op.apart}, s.fence, want, op.tol)
		for k := range result {
			if err := sameBits(result[k], other[k]); err != nil {
				t.Fatalf("output %d: at once, and by several calls: %v", k, err)
			}
		}
	}
	if op.elementwise {
		for i, a := range op.in {
			if a.isFloat() && a.len() == op.out[0].len() {
				forward.shared = sharing(len(op.out), 0, i)
				s.once(t, fmt.Sprintf("forward into input %d", i), forward, s.fence, want, op.tol)
			}
		}
	}
	return result
}

// want works out the outputs by the oracle.
func (op operation) want(label string) [][]float64 {
	return op.known.remember(label, op.in, func() [][]float64 {
		x := allValues(op.in)
		return op.oracle(x, x)
	})
}

// wantGradient works out the gradients by the inputs that op.wrt lists.
func (s *suite) wantGradient(op operation, dy array, out []array) (want [][]float64) {
	if !op.large {
		return op.known.remember("gradient", append([]array{dy}, op.in...), func() (want [][]float64) {
			for _, which := range op.wrt {
				want = append(want, op.numericGradient(which, dy.floats))
			}
			return want
		})
	}
	return op.known.remember("gradient of the reference", slices.Concat([]array{dy}, out, op.in), func() [][]float64 {
		din, modes := op.gradients(), make([]kernels.Mode, len(op.wrt))
		results, err := op.gradientCall(din, dy, out, modes).on(s.reference, aligned)
		if err != nil {
			panic(fmt.Sprintf("the reference device: %v", err))
		}
		return allValues(results)
	})
}

// checkGradient compares the gradients with those wanted: all at once and one at
// a time, overwriting and accumulating, and into the memory of dy.
func (s *suite) checkGradient(t *testing.T, op operation, g generator, dy array, out []array, want [][]float64) {
	t.Helper()
	n := len(op.wrt)
	first := true
	brief := op.large && s.brief
	done := map[string]bool{}
	for _, modes := range modePatterns(n) {
		for _, left := range subsets(n) {
			same := effective(modes, left)
			if brief && done[same] {
				continue
			}
			done[same] = true
			din, wantNow := op.gradients(), make([][]float64, n)
			for k := range din {
				if left[k] {
					din[k] = absent
					continue
				}
				wantNow[k] = want[k]
				if modes[k] == kernels.Accumulate {
					din[k] = floats(g.signed(din[k].len()))
					old := din[k].values()
					wantNow[k] = make([]float64, len(old))
					for i := range old {
						wantNow[k][i] = old[i] + want[k][i]
					}
				}
			}
			label := fmt.Sprintf("gradient, accumulate %v, left out %v", modes, left)
			s.twice(t, label, op.gradientCall(din, dy, out, modes), wantNow, op.gradTol, first || !brief)
			first = false
		}
	}
	if op.elementwise {
		for k, a := range op.gradients() {
			if a.len() == dy.len() {
				c := op.gradientCall(op.gradients(), dy, out, make([]kernels.Mode, n))
				c.shared = sharing(n, k, 0)
				s.once(t, fmt.Sprintf("gradient %d into the memory of dy", k), c, s.fence, want, op.gradTol)
			}
		}
	}
}

// checkNonFinite puts NaN and infinities into the inputs, one input at a time,
// and into dy. The outputs are compared with the oracle's, the gradients with
// the reference device's.
func (s *suite) checkNonFinite(t *testing.T, op operation, g generator) {
	t.Helper()
	x := op.in
	for i, a := range op.in {
		if !a.isFloat() || a.len() == 0 || contains(op.keepFinite, i) {
			continue
		}
		op.in = append([]array(nil), x...)
		op.in[i] = g.withNonFinite(a)
		label := fmt.Sprintf("forward with NaN or Inf in input %d", i)
		want := op.want(label)
		c := call{out: op.out, in: op.in, run: op.forward}
		out := s.once(t, label, c, s.fence, want, op.tol)
		if op.gradient == nil || s.isReference || contains(op.gradientKeepsFinite, i) {
			continue
		}
		finite := floats(g.signed(op.out[0].len()))
		upstreams := []array{finite}
		if !contains(op.gradientKeepsFinite, upstream) {
			upstreams = append(upstreams, g.withNonFinite(finite))
		}
		for _, dy := range upstreams {
			op.large = true // differences of infinities say nothing
			want := s.wantGradient(op, dy, out)
			c := op.gradientCall(op.gradients(), dy, out, make([]kernels.Mode, len(op.wrt)))
			s.once(t, fmt.Sprintf("gradient with NaN or Inf in input %d", i), c, s.fence, want, op.gradTol)
		}
	}
}

// gradients are the arrays that the gradient kernel writes to.
func (op operation) gradients() []array {
	return mapped(op.wrt, func(which int) array { return outputs(op.in[which].len()) })
}

// gradientCall is the call of the gradient kernel; its inputs are dy, then the
// forward kernel's outputs, then its inputs.
func (op operation) gradientCall(din []array, dy array, out []array, modes []kernels.Mode) call {
	in := append(append([]array{dy}, out...), op.in...)
	return call{out: din, in: in, run: func(d kernels.Device, din, in []kernels.Buffer) {
		op.gradient(d, din, in[0], in[1:1+len(out)], in[1+len(out):], modes)
	}}
}

// numericGradient is ∂L/∂x for L = Σ dy·y: central differences of the oracle.
// Their error is h²/6 of the third derivative, 1e-11 or so, and 1e-16/h from rounding.
func (op operation) numericGradient(which int, dy []float32) []float64 {
	const h = 1e-5
	at, x := allValues(op.in), allValues(op.in)
	gradient := make([]float64, len(x[which]))
	for i, v := range x[which] {
		x[which][i] = v + h
		above := op.oracle(x, at)[0]
		x[which][i] = v - h
		below := op.oracle(x, at)[0]
		x[which][i] = v
		for j, weight := range dy {
			gradient[i] += float64(weight) * (above[j] - below[j]) / ((v + h) - (v - h))
		}
	}
	return gradient
}

// once makes the call and compares what it gives.
func (s *suite) once(t *testing.T, label string, c call, where alignment, want [][]float64, tol tolerance) []array {
	t.Helper()
	got, err := c.on(s.device, where)
	if err != nil {
		t.Fatalf("%s: %v", label, err)
	}
	for k, a := range got {
		if a.absent {
			continue
		}
		tol := tol
		if a.kind != kernels.Float32 {
			tol = exact
		}
		if err := compare(a, want[k], tol); err != nil {
			t.Fatalf("%s: output %d: %v", label, k, err)
		}
	}
	return got
}

// twice makes the call twice on aligned memory, which must give the same bits, unless
// again is false, and once on misaligned memory; or once against the fences, if there
// are any.
func (s *suite) twice(t *testing.T, label string, c call, want [][]float64, tol tolerance, again bool) []array {
	t.Helper()
	if s.fence != aligned {
		return s.once(t, label, c, s.fence, want, tol)
	}
	first := s.once(t, label, c, aligned, want, tol)
	if again {
		second := s.once(t, label, c, aligned, want, tol)
		for k := range first {
			if err := sameBits(first[k], second[k]); err != nil {
				t.Fatalf("%s: output %d: two runs differ: %v", label, k, err)
			}
		}
	}
	s.once(t, label+", misaligned", c, misaligned, want, tol)
	return first
}

// modePatterns lists the modes to try for n gradients: all overwrite, all
// accumulate, and, for more than one, a mixture.
func modePatterns(n int) [][]kernels.Mode {
	all := filled(n, kernels.Accumulate)
	patterns := [][]kernels.Mode{make([]kernels.Mode, n), all}
	if n > 1 {
		mixed := append([]kernels.Mode(nil), all...)
		mixed[0] = kernels.Overwrite
		patterns = append(patterns, mixed)
	}
	return patterns
}

// subsets lists which of n gradients to leave out: none, and, for more than
// one, all but each.
func subsets(n int) [][]bool {
	sets := [][]bool{make([]bool, n)}
	for k := range n {
		if n > 1 {
			set := filled(n, true)
			set[k] = false
			sets = append(sets, set)
		}
	}
	return sets
}

// effective describes a call of a gradient kernel: the modes of those that are not left
// out, of which alone the modes matter.
func effective(modes []kernels.Mode, left []bool) string {
	var wanted []any
	for k, m := range modes {
		if left[k] {
			wanted = append(wanted, "left out")
		} else {
			wanted = append(wanted, m)
		}
	}
	return fmt.Sprint(wanted...)
}

// sharing makes output k of n share the buffer of input i.
func sharing(n, k, i int) []int {
	shared := filled(n, -1)
	shared[k] = i
	return shared
}

func contains(list []int, i int) bool {
	for _, v := range list {
		if v == i {
			return true
		}
	}
	return false
}

// referenceDevice opens the device that others are compared with.
func referenceDevice() kernels.Device { return reference.New() }
