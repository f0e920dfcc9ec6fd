package cuda

import (
	"slices"
	"strings"

	"baregrad/kernels"
	"baregrad/kernels/cuda/driver"
)

// The ladder of matrix products, from the simplest to the fastest. They compute
// the same, but for the order of their sums (and the last, in tf32).
//
//	matmul_naive_f32     one thread for each element of C; for the smallest
//	matmul_tiled_f32     tiles of 16×16 through shared memory
//	matmul_32x32_f32     register tiles of 4×4, double buffered, for small matrices
//	matmul_64x64_f32     the same, for larger ones
//	matmul_128x128_f32   register tiles of 8×8
//	matmul_tf32          tensor cores
var ladder = []rung{
	{k: kernel{"matmul_naive.ptx", "matmul_naive_f32"}, bm: 8, bn: 32, block: driver.Dim{X: 32, Y: 8, Z: 1}},
	{k: kernel{"matmul_tiled.ptx", "matmul_tiled_f32"}, bm: 16, bn: 16, block: driver.Dim{X: 16, Y: 16, Z: 1}},
	{k: kernel{"matmul_register.ptx", "matmul_32x32_f32"}, bm: 32, bn: 32, block: lanes(64), splits: true},
	{k: kernel{"matmul_register.ptx", "matmul_64x64_f32"}, bm: 64, bn: 64, block: lanes(256), splits: true},
	{k: kernel{"matmul_register.ptx", "matmul_128x128_f32"}, bm: 128, bn: 128, block: lanes(256), splits: true},
	{k: kernel{"matmul_tf32.ptx", "matmul_tf32"}, bm: 128, bn: 128, block: lanes(256), splits: true},
}

// A rung is one kernel of the ladder.
type rung struct {
	k      kernel
	bm, bn int // the size of a block's tile of C
	block  driver.Dim
	splits bool // whether it can take K in parts
}

// busy is how many blocks it takes to keep a GPU busy. The choices below must
// not depend on the GPU at hand, or two of them would sum in different orders.
const busy = 128

// choose picks the rung for a product: the largest tiles that give blocks enough.
func (d *Device) choose(m, n, k int) rung {
	tiles := func(size int) int {
		if min(m, n) <= size/2 {
			return 0 // most of a tile would lie outside
		}
		return ceilDiv(m, size) * ceilDiv(n, size)
	}
	switch {
	case m*n*k <= 32*32*32:
		return ladder[0] // less than one tile's work: there is nothing to share
	case d.TensorCores && d.info.Compute[0] >= 8 && min(m, n) >= 64:
		return ladder[5]
	case tiles(128) >= busy:
		return ladder[4]
	case tiles(64) >= busy:
		return ladder[3]
	}
	return ladder[2]
}

// share is how much of K one block takes: all of it, or, where there are few
// tiles and K is long, so much that there are blocks enough; 128 at least.
func (r rung) share(m, n, k int) int {
	tiles := ceilDiv(m, r.bm) * ceilDiv(n, r.bn)
	parts := min(busy/max(tiles, 1), k/128)
	if !r.splits || parts < 2 {
		return max(k, 1)
	}
	return ceilDiv(ceilDiv(k, parts), 16) * 16 // whole steps along K
}

// MatMul is C = op(A)·op(B), and more: see kernels.MatMulSpec.
func (d *Device) MatMul(c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	s.Check(c, a, b, bias)
	d.matMul(d.choose(s.M, s.N, s.K), c, a, b, bias, s)
}

// Picks says which kernel of the Ladder MatMul takes for C[m,n] = op(A)[m,k]·op(B)[k,n].
func (d *Device) Picks(m, n, k int) string { return d.choose(m, n, k).k.name }

// Ladder lists the kernels that MatMulBy takes, the simplest first.
func Ladder() []string {
	var names []string
	for _, r := range ladder {
		names = append(names, r.k.name)
	}
	return names
}

// MatMulBy is MatMul by one kernel of the Ladder, so that they can be compared.
func (d *Device) MatMulBy(name string, c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
	s.Check(c, a, b, bias)
	i := slices.Index(Ladder(), name)
	if i < 0 {
		kernels.Panicf("matmul", "no kernel is called %q: there are %s", name, strings.Join(Ladder(), ", "))
	}
	d.matMul(ladder[i], c, a, b, bias, s)
}

func (d *Device) matMul(r rung, c, a, b, bias kernels.Buffer, s kernels.MatMulSpec) {
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
	added := address(bias)
	to, then := address(c), s // what the kernel writes, and what it does on the way out
	if splits > 1 {
		to = uint64(d.scratch.floats(d, splits*s.M*s.N))
		bias, then.Mode, then.ReLU = nil, kernels.Overwrite, false
	}
	arguments := d.with(to, address(a), address(b), address(bias), count(s.M), count(s.N), count(s.K),
		count(aM), count(aK), count(bN), count(bK), mode(then.Mode), truth(then.ReLU))
	if r.splits {
		arguments = append(arguments, count(share))
	}
	d.launch(r.k, grid, r.block, arguments...)
	if splits > 1 {
		d.addSplits(address(c), to, added, s.M*s.N, s.N, splits, s.Mode, s.ReLU)
	}
}

// addSplits adds up the matrices of a product that was split along K.
func (d *Device) addSplits(c, partial, bias uint64, elements, n, splits int, m kernels.Mode, relu bool) {
	d.each(kernel{"matmul_register.ptx", "matmul_split_f32"}, elements,
		c, partial, bias, count(elements), count(n), count(splits), mode(m), truth(relu))
}
