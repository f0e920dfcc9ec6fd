package avx

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"baregrad/kernels"
	"baregrad/kernels/reference"
)

// Variable names the environment variable that limits the choice of instruction set: avx512, avx2 or
// reference. No faster set is used.
const Variable = "BAREGRAD_CPU"

// referenceName is what Best returns if there is no assembly to use.
const referenceName = "reference"

// Device computes with the kernels of one instruction set, and with the reference's for operations
// that have none.
type Device struct {
	*reference.Device
	set   *instructionSet
	pool  *pool
	job   job           // the elementwise call in progress: see share
	step  optimizerStep // dropout's
	sums  []float64     // scratch: see sumScratch
	masks masks         // of dropout

	border kernels.ConvSpec // of Im2Col

	cacheL2    int         // L2 cache of one core, in bytes
	cacheL3    int         // L3 cache, in bytes; 0 if there is none
	workspaces []workspace // one for each worker
	product    matmulTask
	small      smallProduct
	choices    zeroChoices // whether products skip zeros
	sampling   sampledTask
	conv       convTask
	filter     filterTask
	pooling    poolingTask
	oneChannel oneChannelTask
	oneFilter  oneChannelFilterTask
	sparse     sparseTask
	wino       winogradTask
	classes    classTask
	columns    []float32           // normalizations: values for each column
	panels     []float32           // matrix product: packed B
	partial    []float32           // sums of the chunks of K
	padded     []float32           // sampled product: A with its rows padded to whole chunks
	across     []float32           // the transposed result of a product with few columns
	turned     []float32           // convolution: the filter, rearranged for a gradient
	between    kernels.HostScratch // what is pooled, or its gradient
}

var _ kernels.Device = (*Device)(nil)

// instructionSet holds the kernels of one instruction set and the processor features that they need.
// instructionSets lists them, fastest first.
type instructionSet struct {
	name     string
	needs    []feature
	peak     peakKernels
	vector   vectorKernels
	classes  classKernels
	tiles    tiles
	zeros    zeroKernels
	sampled  sampledKernels
	pooling  poolingKernels
	winograd []winogradKernels // the widest first
	planes   planeKernels
	filter   []filterKernel
	convPool convPoolKernels
	sparse   sparseKernels
}

// feature is one instruction-set extension.
type feature struct {
	name    string
	present bool
}

// missing names the features that this processor or its operating system lacks.
func (s *instructionSet) missing() []string {
	var names []string
	for _, f := range s.needs {
		if !f.present {
			names = append(names, f.name)
		}
	}
	return names
}

// Best names the device to use: the fastest instruction set of this processor that BAREGRAD_CPU
// allows, otherwise "reference". It returns an error if BAREGRAD_CPU is not a known name, or names a
// set that cannot be used here.
func Best() (string, error) {
	limit := os.Getenv(Variable)
	if limit == referenceName {
		return referenceName, nil
	}
	if limit != "" {
		if err := Check(limit); err != nil {
			return "", fmt.Errorf("%s=%s: %w", Variable, limit, err)
		}
		return limit, nil
	}
	for _, s := range instructionSets {
		if len(s.missing()) == 0 {
			return s.name, nil
		}
	}
	return referenceName, nil
}

// Check returns nil if this program can use the named instruction set on this processor, otherwise an
// error that says what is missing.
func Check(name string) error {
	if !slices.Contains(Names(), name) {
		return fmt.Errorf("%q is no instruction set: known are %s, and %s", name, strings.Join(Names(), ", "), referenceName)
	}
	i := slices.IndexFunc(instructionSets, func(s *instructionSet) bool { return s.name == name })
	if i < 0 {
		return fmt.Errorf("this program has no assembly for %s: it was built for %s/%s%s", name, runtime.GOOS, runtime.GOARCH, buildNote)
	}
	if lack := instructionSets[i].missing(); len(lack) > 0 {
		return fmt.Errorf("%s needs %s, which this processor lacks", name, strings.Join(lack, ", "))
	}
	return nil
}

// Names lists the instruction sets that baregrad has kernels for, fastest first, whether or not this
// processor has them.
func Names() []string { return []string{"avx512", "avx2"} }

// Allowed is Check; it also returns an error if BAREGRAD_CPU rules the name out.
func Allowed(name string) error {
	if err := Check(name); err != nil {
		return err
	}
	best, err := Best()
	if err != nil {
		return err
	}
	rank := func(name string) int { return slices.Index(append(Names(), referenceName), name) }
	if rank(name) < rank(best) {
		return fmt.Errorf("%s=%s rules out %s", Variable, best, name)
	}
	return nil
}

// New opens a device that computes with the named instruction set, with runtime.GOMAXPROCS workers.
// The error says what is missing: a processor feature, assembly in this build, or permission from
// BAREGRAD_CPU.
func New(name string) (*Device, error) {
	if err := Allowed(name); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(instructionSets, func(s *instructionSet) bool { return s.name == name })
	workers := runtime.GOMAXPROCS(0)
	d := &Device{Device: reference.New(), set: instructionSets[i], pool: newPool(workers)}
	d.workspaces = make([]workspace, workers)
	d.product.rows = make([]int, 0, usualRows)
	d.reserve(0, usualPiece, 0, 0, 0)
	d.reservePanels(usualPanels)
	for i := range d.workspaces {
		d.workspaces[i].zeros.reserve(usualBits, usualSums, usualStrips)
	}
	processor := Detect()
	// Virtual machines may report no cache sizes, or nonsense.
	d.cacheL2, d.cacheL3 = max(processor.L2, leastL2), processor.L3
	return d, nil
}

// leastL2 is the smallest L2 cache of any processor with AVX2, in bytes.
const leastL2 = 256 << 10

// Name is avx512 or avx2.
func (d *Device) Name() string { return d.set.name }

// Close ends the workers. The device must not be used afterwards.
func (d *Device) Close() error {
	d.pool.close()
	return d.Device.Close()
}
