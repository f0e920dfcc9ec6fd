// Package kerneltest tests every method of kernels.Device on any device: one
// table of operations, each with its formula in float64.
//
// A forward kernel is compared with the formula; a gradient with central
// differences of the formula, or, where those would take too long, with the
// reference device. Each call is made twice, to see that it gives the same bits,
// and on misaligned memory, always between guard words. Shapes are odd, prime,
// one and zero; x = 0 is always among the inputs; upstream gradients are not
// ones; NaN and the infinities have their turn; gradients overwrite and
// accumulate; what may be left out is left out.
//
// What those comparisons can't pin down is pinned by tests of single values:
// pinned.go.
package kerneltest

import (
	"os"
	"slices"
	"sync"
	"testing"

	"baregrad/kernels"
)

// An Option excuses a device from a test.
type Option int

// DriverAllocates excuses a device from the test that its methods allocate
// nothing: what stands behind it, such as an emulator, allocates in Go at each
// launch, and the device's own part is tested without it.
const DriverAllocates Option = 1

// Slow excuses a device, such as an emulator with its checks on, from large cases
// beside which others take the same ways through the kernels, and from some calls of the
// other large cases: of the gradient kernel's calls, it repeats only the first to see
// that it gives the same bits, and makes one of those that differ in nothing but the
// mode of a gradient that is left out. It excuses from nothing where BAREGRAD_LONG=1 is
// in the environment.
const Slow Option = 2

// Small keeps a device to the small cases of each method, of which every method has
// some. It is for the race detector, under which an emulator is a hundred times as
// slow: what it watches, the Go code between a method and the driver, does the same
// whatever the size. Without it all cases run.
const Small Option = 3

// FencedBefore and FencedBehind say that the device's Alloc gives memory right behind, or
// right before, memory that can't be touched. Then each call is made once, with
// arguments that lie right against that fence: the program ends where a kernel reads or
// writes beyond them, which guard words tell of writes only.
const (
	FencedBefore Option = 4
	FencedBehind Option = 5
)

// smallCase is the most elements that a small case has, inputs and outputs together.
const smallCase = 600

// Run tests the device that open returns.
func Run(t *testing.T, open func() kernels.Device, options ...Option) {
	d := open()
	s := &suite{device: newCounting(d), reference: referenceDevice(), isReference: d.Name() == "reference"}
	countAllocations := !slices.Contains(options, DriverAllocates)
	s.brief = slices.Contains(options, Slow) && os.Getenv("BAREGRAD_LONG") != "1"
	small := slices.Contains(options, Small)
	switch {
	case slices.Contains(options, FencedBefore):
		s.fence = first
	case slices.Contains(options, FencedBehind):
		s.fence = last
	}
	planned, ran := 0, 0
	group := func(t *testing.T, name string, test func(t *testing.T)) {
		planned++
		t.Run(name, func(t *testing.T) {
			ran++
			test(t)
		})
	}

	operations := theOperations()
	group(t, "Memory", s.testMemory)
	for i := 0; i < len(operations); {
		same := i + 1
		for same < len(operations) && operations[same].method == operations[i].method {
			same++
		}
		cases := operations[i:same]
		group(t, cases[0].method, func(t *testing.T) {
			for _, op := range cases {
				t.Run(op.detail, func(t *testing.T) {
					if small && op.elements() > smallCase {
						t.Skip("the device is tested with small cases only (kerneltest.Small), and this one is large")
					}
					if op.spare && s.brief {
						t.Skip("needs BAREGRAD_LONG=1: the device is slow, and other cases take the same ways")
					}
					s.check(t, op)
				})
			}
			t.Run("wrong arguments", func(t *testing.T) { s.testWrongArguments(t, cases) })
			if countAllocations {
				t.Run("allocations", func(t *testing.T) { s.testAllocations(t, cases) })
			}
		})
		i = same
	}
	group(t, "Pinned", s.testPinned)
	group(t, "Random geometries", s.testRandomGeometries)

	if err := s.device.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	t.Run("every method", func(t *testing.T) {
		if ran < planned {
			t.Skipf("needs all of the tests: %d of %d ran", ran, planned)
		}
		for method, count := range s.device.calls {
			if count == 0 {
				t.Errorf("%s was never tested", method)
			}
		}
	})
}

// theOperations is the table, made once, with what is known of its cases.
var theOperations = sync.OnceValue(func() []operation {
	all := allOperations()
	for i := range all {
		all[i].known = new(known)
	}
	return all
})

// allOperations makes the table. The cases of a method stand together.
func allOperations() (all []operation) {
	for _, cases := range [][]operation{
		matMulCases(), sampledMatMulCases(), matMulUpdateCases(), im2ColCases(), convCases(), maxPoolCases(), biasReLUMaxPoolCases(), convPoolCases(), avgPoolCases(),
		activationCases(), biasReLUCases(), batchNormCases(), layerNormCases(), arithmeticCases(), affineCases(), comparisonCases(), transposeCases(),
		sumCases(), meanCases(), maxCases(), argMaxCases(), accuracyCases(), softmaxCases(),
		softmaxCrossEntropyCases(), crossEntropyCases(), rowLossCases(),
		dropoutCases(), uniformCases(), gatherCases(), advanceCases(), optimizerCases(), clipCases(),
	} {
		all = append(all, cases...)
	}
	return all
}
