package cuda

import (
	"slices"
	"strings"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// The ladder of matrix products, from the simplest to the fastest. They compute the same result,
// except for the last two, which round the factors to tf32; if K is not split, they also sum in the
// same order.
//
//	matmul_naive_f32           one thread for each element of C; for the smallest products
//	matmul_tiled_f32           tiles of 16×16 through shared memory
//	matmul_32x32_f32           register tiles of 4×4, double buffered, for small matrices
//	matmul_64x64_f32           the same, for larger ones
//	matmul_128x128_f32         register tiles of 8×8
//	matmul_async_128x128_f32   the same, fed by asynchronous copies
//	matmul_async_128x256_f32   register tiles of 8×16, also fed by asynchronous copies
//	matmul_tf32                tensor cores
//	matmul_tf32_128x256        the same, with wider tiles, fed by asynchronous copies
var ladder = []rung{
	{name: "matmul_naive_f32", file: "matmul_naive.ptx", bm: 8, bn: 32, block: driver.Dim{X: 32, Y: 8, Z: 1}},
	{name: "matmul_tiled_f32", file: "matmul_tiled.ptx", bm: 16, bn: 16, block: driver.Dim{X: 16, Y: 16, Z: 1}},
	{name: "matmul_32x32_f32", file: "matmul_register.ptx", bm: 32, bn: 32, block: lanes(64), step: 16, slots: 400},
	{name: "matmul_64x64_f32", file: "matmul_register.ptx", bm: 64, bn: 64, block: lanes(256), step: 16, slots: 355},
	{name: "matmul_128x128_f32", file: "matmul_register.ptx", bm: 128, bn: 128, block: lanes(256), step: 8, slots: 620},
	{name: "matmul_async_128x128_f32", file: "matmul_async.ptx", bm: 128, bn: 128, block: lanes(256), step: 8, slots: 585, by16: true},
	{name: "matmul_async_128x256_f32", file: "matmul_async.ptx", bm: 128, bn: 256, block: lanes(256), step: 8, slots: 1118, by16: true},
	{name: "matmul_tf32", file: "matmul_tf32.ptx", bm: 128, bn: 128, block: lanes(256), step: 8, slots: 205},
	{name: "matmul_tf32_128x256", file: "matmul_tf32_wide.ptx", bm: 128, bn: 256, block: lanes(256), step: 32, slots: 820, by16: true, shared: 100352},
}

// A rung is one kernel of the ladder, or four: one for each layout of the factors.
type rung struct {
	name, file string
	bm, bn     int // size of a block's tile of C
	block      driver.Dim
	step       int  // step along K; 0 if K cannot be split
	slots      int  // approximate number of instructions that a warp issues per step: see split.go
	by16       bool // whether it copies 16 bytes at a time: see fits
	shared     int  // bytes of dynamic shared memory
	layouts    [4]kernel
}

// The name of a kernel that copies 16 bytes at a time says how the factors are laid out:
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

// kernel returns the kernel for the factors' layout.
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

// fits reports whether a rung can compute a product: what it copies and writes 16 bytes at a time
// must be aligned to 16 bytes in every row.
func (r *rung) fits(d *Device, c, a, b, bias uint64, s kernels.MatMulSpec) bool {
	tensorCores := r.file == "matmul_tf32_wide.ptx" // these also copy 16 bytes along K
	switch {
	case !r.by16:
		return true
	case d.info.Compute[0] < 8, s.N%4 != 0, (c|bias)%16 != 0:
		return false
	case s.TransA && (s.M%4 != 0 || a%16 != 0), !s.TransB && b%16 != 0:
		return false
	case tensorCores && max(s.M, s.N, s.K) >= 1<<30: // the bytes of a row would need more than 32 bits
		return false
	case tensorCores && !s.TransA && (s.K%4 != 0 || a%16 != 0), tensorCores && s.TransB && (s.K%4 != 0 || b%16 != 0):
		return false
	}
	return true
}

// busy is how many blocks keep a GPU busy. It is the same for every GPU, because the split of K
// depends on it: GPUs with different splits would sum in different orders.
const busy = 128

// choose picks the rung for a product: the largest tiles that give enough blocks.
func (d *Device) choose(c, a, b, bias uint64, s kernels.MatMulSpec) *rung {
	suits := func(r *rung) bool { // the rung can compute the product, and most of its tiles lie inside
		return r.reaches(s) && s.M > r.bm/2 && s.N > r.bn/2 && ceilDiv(s.M, r.bm)*ceilDiv(s.N, r.bn) >= busy && r.fits(d, c, a, b, bias, s)
	}
	if s.M*s.N*s.K <= 32*32*32 {
		return &ladder[0] // less work than one tile: nothing to share
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
	for i := 2; i < 4; i++ {
		if ladder[i].reaches(s) {
			return &ladder[i]
		}
	}
	return &ladder[4]
}

// mostBlocks is the maximum number of blocks of a grid in y and in z.
const mostBlocks = 65535

// reaches reports whether a grid of the rung's tiles can be as wide as a product.
func (r *rung) reaches(s kernels.MatMulSpec) bool { return ceilDiv(s.N, r.bn) <= mostBlocks }

// MatMul is C = op(A)·op(B), and more: see kernels.MatMulSpec.
func (d *Device) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	s.Check(c, a, b, bias)
	d.matMul(d.choose(address(c), address(a), address(b), address(bias), s), c, a, b, bias, s)
}

// SampledMatMul computes the whole product: on a GPU that is faster than finding out what the gate
// closes.
func (d *Device) SampledMatMul(c, a, b, gate kernels.Buffer, s kernels.MatMulSpec) {
	s.CheckSampled(c, a, b, gate)
	s.ReLU = false
	d.MatMul(c, a, b, nil, s)
}

// MatMulUpdate computes the product only. A GPU updates all weights in one launch once all
// gradients are there (see update.go); that is fewer launches than one per product.
func (d *Device) MatMulUpdate(u kernels.Update, g, a, b kernels.Buffer, s kernels.MatMulSpec) (done bool) {
	s.CheckUpdate(u, g, a, b)
	d.MatMul(g, a, b, nil, s)
	return false
}

// Picks returns the name of the Ladder kernel that MatMul uses for C[m,n] = A[m,k]·B[k,n].
func (d *Device) Picks(m, n, k int) string {
	return d.choose(0, 0, 0, 0, kernels.MatMulSpec{M: m, N: n, K: k}).name
}

// Ladder lists the kernels for MatMulBy, simplest first.
func Ladder() []string {
	var names []string
	for i := range ladder {
		names = append(names, ladder[i].name)
	}
	return names
}

// MatMulBy is MatMul with a given kernel of the Ladder, so that they can be compared. Kernels that
// copy 16 bytes at a time need every row aligned to 16 bytes.
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
	if !r.reaches(s) {
		kernels.Panicf("matmul", "[%d %d] × [%d %d]: %s computes at most %d columns", s.M, s.K, s.K, s.N, r.name, mostBlocks*r.bn)
	}
	share := r.share(s.M, s.N, s.K)
	splits := max(1, ceilDiv(s.K, share))
	grid := driver.Dim{X: ceilDiv(s.M, r.bm), Y: ceilDiv(s.N, r.bn), Z: splits}
	aM, aK := s.K, 1 // strides of op(A)
	if s.TransA {
		aM, aK = 1, s.M
	}
	bN, bK := 1, s.N // strides of op(B)
	if s.TransB {
		bN, bK = s.K, 1
	}
	to, partial, counters := address(c), uint64(0), uint64(0) // what the kernel writes
	added, then := address(bias), s                           // and what it does before storing
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
