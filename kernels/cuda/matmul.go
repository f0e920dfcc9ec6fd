package cuda

import (
	"slices"
	"strings"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// The ladder of matrix products, from the simplest to the fastest. They compute
// the same, but for the last, whose factors are rounded to tf32; where K is not
// split, in the same order too.
//
//	matmul_naive_f32           one thread for each element of C; for the smallest
//	matmul_tiled_f32           tiles of 16×16 through shared memory
//	matmul_32x32_f32           register tiles of 4×4, double buffered, for small matrices
//	matmul_64x64_f32           the same, for larger ones
//	matmul_128x128_f32         register tiles of 8×8
//	matmul_async_128x128_f32   the same, fed by asynchronous copies
//	matmul_async_128x256_f32   register tiles of 8×16, fed likewise
//	matmul_tf32                tensor cores
//	matmul_tf32_128x256        the same, in wider tiles
var ladder = []rung{
	{name: "matmul_naive_f32", file: "matmul_naive.ptx", bm: 8, bn: 32, block: driver.Dim{X: 32, Y: 8, Z: 1}},
	{name: "matmul_tiled_f32", file: "matmul_tiled.ptx", bm: 16, bn: 16, block: driver.Dim{X: 16, Y: 16, Z: 1}},
	{name: "matmul_32x32_f32", file: "matmul_register.ptx", bm: 32, bn: 32, block: lanes(64), step: 16, slots: 400},
	{name: "matmul_64x64_f32", file: "matmul_register.ptx", bm: 64, bn: 64, block: lanes(256), step: 16, slots: 355},
	{name: "matmul_128x128_f32", file: "matmul_register.ptx", bm: 128, bn: 128, block: lanes(256), step: 8, slots: 620},
	{name: "matmul_async_128x128_f32", file: "matmul_async.ptx", bm: 128, bn: 128, block: lanes(256), step: 8, slots: 585, by16: true},
	{name: "matmul_async_128x256_f32", file: "matmul_async.ptx", bm: 128, bn: 256, block: lanes(256), step: 8, slots: 1118, by16: true},
	{name: "matmul_tf32", file: "matmul_tf32.ptx", bm: 128, bn: 128, block: lanes(256), step: 8, slots: 205},
	{name: "matmul_tf32_128x256", file: "matmul_tf32_wide.ptx", bm: 128, bn: 256, block: lanes(256), step: 16, slots: 410, by16: true, shared: 51200},
}

// A rung is one kernel of the ladder; or four, one for each way the factors lie.
type rung struct {
	name, file string
	bm, bn     int // the size of a block's tile of C
	block      driver.Dim
	step       int  // what it walks along K at a time; 0 if it can't take K in parts
	slots      int  // about how many instructions a warp starts for a step: see split.go
	by16       bool // whether it copies 16 bytes at a time: see fits
	shared     int  // bytes of dynamic shared memory
	layouts    [4]kernel
}

// The names of a kernel that copies by 16 bytes say how the factors lie:
// matmul_async_128x128_nt_f32.
func init() {
	for i := range ladder {
		r := &ladder[i]
		for layout, letters := range [...]string{"nn", "tn", "nt", "tt"} {
			name := r.name
			if base, float := strings.CutSuffix(name, "_f32"); r.by16 && float {
				name = base + "_" + letters + "_f32"
			} else if r.by16 {
				name += "_" + letters
			}
			r.layouts[layout] = kernel{r.file, name}
		}
	}
}

// kernel is the one for the factors' layout.
func (r *rung) kernel(s kernels.MatMulSpec) kernel {
	layout := 0
	if s.TransA {
		layout++
	}
	if s.TransB {
		layout += 2
	}
	return r.layouts[layout]
}

// fits tells whether a rung can take a product: what it copies and writes by 16
// bytes has to be aligned to them, in every row.
func (r *rung) fits(d *Device, c, a, b, bias uint64, s kernels.MatMulSpec) bool {
	tensorCores := r.file == "matmul_tf32_wide.ptx" // which copies along K by 16 bytes too
	switch {
	case !r.by16:
		return true
	case d.info.Compute[0] < 8, s.N%4 != 0, (c|bias)%16 != 0:
		return false
	case s.TransA && (s.M%4 != 0 || a%16 != 0), !s.TransB && b%16 != 0:
		return false
	case tensorCores && !s.TransA && (s.K%4 != 0 || a%16 != 0), tensorCores && s.TransB && (s.K%4 != 0 || b%16 != 0):
		return false
	}
	return true
}

// busy is how many blocks it takes to keep a GPU busy. The choices below must
// not depend on the GPU at hand where that changes how K is split: two of them
// would sum in different orders.
const busy = 128

// choose picks the rung for a product: the largest tiles that give blocks enough.
func (d *Device) choose(c, a, b, bias uint64, s kernels.MatMulSpec) *rung {
	suits := func(r *rung) bool { // it can take the product, and most of its tiles lie inside
		return s.M > r.bm/2 && s.N > r.bn/2 && ceilDiv(s.M, r.bm)*ceilDiv(s.N, r.bn) >= busy && r.fits(d, c, a, b, bias, s)
	}
	if s.M*s.N*s.K <= 32*32*32 {
		return &ladder[0] // less than one tile's work: there is nothing to share
	}
	if d.TensorCores && d.info.Compute[0] >= 8 && min(s.M, s.N) >= 64 {
		if suits(&ladder[8]) {
			return &ladder[8]
		}
		return &ladder[7]
	}
	for i := 6; i > 2; i-- {
		if suits(&ladder[i]) {
			return &ladder[i]
		}
	}
	return &ladder[2]
}

// MatMul is C = op(A)·op(B), and more: see kernels.MatMulSpec.
func (d *Device) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	s.Check(c, a, b, bias)
	d.matMul(d.choose(address(c), address(a), address(b), address(bias), s), c, a, b, bias, s)
}

// SampledMatMul is the whole product: a GPU multiplies it in less time than it takes to
// look for what is closed.
func (d *Device) SampledMatMul(c, a, b, gate kernels.Buffer, s kernels.MatMulSpec) {
	s.CheckSampled(c, a, b, gate)
	s.ReLU = false
	d.MatMul(c, a, b, nil, s)
}

// MatMulUpdate is the product alone: a GPU does the steps of all weights in one launch, when
// all gradients are there (see update.go), which is fewer launches than one for each product.
func (d *Device) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) (done bool) {
	s.CheckUpdate(u, g, a, b)
	d.MatMul(g, a, b, nil, s)
	return false
}

// Picks says which kernel of the Ladder MatMul takes for C[m,n] = A[m,k]·B[k,n].
func (d *Device) Picks(m, n, k int) string {
	return d.choose(0, 0, 0, 0, kernels.MatMulSpec{M: m, N: n, K: k}).name
}

// Ladder lists the kernels that MatMulBy takes, the simplest first.
func Ladder() []string {
	var names []string
	for i := range ladder {
		names = append(names, ladder[i].name)
	}
	return names
}

// MatMulBy is MatMul by one kernel of the Ladder, so that they can be compared.
// Those that copy by 16 bytes take only what is aligned to them, in every row.
func (d *Device) MatMulBy(name string, c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	s.Check(c, a, b, bias)
	i := slices.Index(Ladder(), name)
	if i < 0 {
		kernels.Panicf("matmul", "no kernel is called %q: there are %s", name, strings.Join(Ladder(), ", "))
	}
	if !ladder[i].fits(d, address(c), address(a), address(b), address(bias), s) {
		kernels.Panicf("matmul", "%s can't take [%d %d] × [%d %d]: it needs compute capability 8.0, and rows and buffers aligned to 16 bytes",
			name, s.M, s.K, s.K, s.N)
	}
	d.matMul(&ladder[i], c, a, b, bias, s)
}

func (d *Device) matMul(r *rung, c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	if s.M*s.N == 0 {
		return
	}
	share := r.share(s.M, s.N, s.K)
	splits := max(1, ceilDiv(s.K, share))
	grid := driver.Dim{X: ceilDiv(s.M, r.bm), Y: ceilDiv(s.N, r.bn), Z: splits}
	aM, aK := s.K, 1 // op(A)'s strides
	if s.TransA {
		aM, aK = 1, s.M
	}
	bN, bK := 1, s.N // op(B)'s
	if s.TransB {
		bN, bK = s.K, 1
	}
	to, partial, counters := address(c), uint64(0), uint64(0) // what the kernel writes
	added, then := address(bias), s                           // and what it does on the way out
	inside := splits > 1 && splits <= fewSplits && r.addsUp()
	apart := splits > 1 && !inside
	switch {
	case inside:
		tiles := grid.X * grid.Y
		partial, counters = uint64(d.scratch.floats(d, splits*tiles*r.bm*r.bn)), uint64(d.counters.first(d, tiles))
	case apart:
		to = uint64(d.scratch.floats(d, splits*s.M*s.N))
		added, then.Mode, then.ReLU = 0, kernels.Overwrite, false
	}
	arguments := d.with(to, address(a), address(b), added, count(s.M), count(s.N), count(s.K),
		count(aM), count(aK), count(bN), count(bK), mode(then.Mode), truth(then.ReLU))
	if r.step > 0 {
		arguments = append(arguments, count(share))
	}
	if r.addsUp() {
		arguments = append(arguments, partial, counters)
	}
	d.launchShared(r.kernel(s), grid, r.block, r.shared, arguments...)
	if apart {
		d.addSplits(address(c), to, address(bias), s.M*s.N, s.N, splits, s.Mode, s.ReLU)
	}
}
