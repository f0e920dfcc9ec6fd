package avx

import "unsafe"

// strip is a product with few columns: C[m,n] = A[m,K]·B[K,n], where n is at most the width of one
// kernel, followed by what MatMulSpec does to C. Every matrix product and every convolution here is
// made of strips.
//
// A is not one matrix in memory: element (i,k) is at a + rows[i] + offset(k). The table rows says
// where each row begins. offset(k) is the same for all rows, and the k are grouped in segments:
//
//	offset(0) = 0, offset(k+1) = offset(k) + aStep, plus aJump after each whole segment
//
// That covers a plain matrix, its transpose, a packed block, and the patches of an image, where a row
// of C is an output position and a segment is one row of the filter's window. So a convolution needs
// no im2col matrix.
//
// Steps, jumps and the table are in bytes. Addresses are uintptr, because the kernels advance them
// past the last row: whoever fills in a strip keeps the slices alive, in heap memory, until the
// kernel has returned.
type strip struct {
	rows     uintptr // []int: where the rows of A begin; padded to whole tiles with offsets that can be read
	a        uintptr // base of A
	aStep    int     // from k to k+1
	aJump    int     // from the end of a segment to the next
	length   int     // number of k in a segment, at least 1
	segments int     // at least 1; K = length·segments
	b        uintptr // B; whole registers can be read in each row, but see tiles.masked
	bStep    int     // from row to row of B
	panel    uintptr // 0, or where the first tile copies B to, for the others to read; only with one segment

	// The next aheadTiles tiles prefetch one line into the L2 cache with each k: from ahead on in
	// steps of aheadStep; the next tile begins aheadNext further on.
	ahead      uintptr
	aheadStep  int
	aheadNext  int
	aheadTiles int

	c     uintptr
	cStep int      // from row to row of C
	cNext int      // offset from c of the rows of C that a tile prefetches
	cFar  bool     // prefetch them into the L2 cache instead of L1
	m     int      // rows of C
	bias  uintptr  // n floats, or 0
	add   bool     // C += …
	relu  bool     // C = max(C, 0), at the end
	mask  uint16   // the lanes of the last register that belong to C
	lanes [8]int32 // the same mask for AVX2: −1 or 0

	// For kernels that skip zeros of A: see zeros_rows.go. With each k they prefetch one line into
	// the L2 cache, from ahead on in steps of aheadStep up to aheadEnd; then, from the line after
	// aheadFirst on, the next line of each row, and so on for aheadTiles lines.
	aheadFirst uintptr
	aheadEnd   uintptr
	masks      uintptr  // []uint64: which k of row 0 are not zero
	maskStep   int      // from row to row of the masks
	maskNext   int      // from word to word of a row
	words      int      // words of a row
	aWord      int      // from a word's first k to the next word's, in A
	bWord      int      // and in B
	aRow       int      // from row to row of A
	sums       uintptr  // rows of whole registers
	sumStep    int      // from row to row of the sums
	begins     bool     // the sums begin at 0
	last       bool     // they are complete after this kernel
	minus      bool     // set by the kernel: some sums are −0
	looks      bool     // a kernel for either of two rows sets infinite
	infinite   bool     // some sums are infinite or NaN
	least      [8]int32 // a kernel's own
}

// tiles is the table of an instruction set's kernels for strips, and the sizes of the tiles of C that
// they keep in registers.
type tiles struct {
	height int              // rows of a tile
	lanes  int              // floats in a register
	width  []func(s *strip) // width[v−1] is the kernel for v registers across
	masked bool             // B's last register is read through the mask

	// copyTiles splits n rows of src into pieces of height floats, and copies the first 8 floats from
	// the start of each piece to consecutive rows of 8.
	copyTiles func(dst, src *float32, dstStep, srcStep, tiles, n int)
	// transpose8 writes 8 rows of src as columns of dst, blocks·8 elements of each.
	transpose8 func(dst *float32, dstStep int, src *float32, srcStep, blocks int)
	// transposeColumns writes some columns of a number of rows of src as rows of dst; both numbers
	// are multiples of 8.
	transposeColumns func(dst, src *float32, columns, rows, dstStride, srcStride int)
}

// columns is the width in floats of the next strip of a matrix with n columns left. Widths are whole
// registers. A strip one register wide keeps few sums in flight, so 4 registers are split into 2+2,
// not 3+1.
func (t *tiles) columns(n int) int {
	registers, most := (n+t.lanes-1)/t.lanes, len(t.width)
	if most == 3 && registers > most && registers%most == 1 {
		return 2 * t.lanes
	}
	return min(registers, most) * t.lanes
}

// widest is the number of columns of the widest strip.
func (t *tiles) widest() int { return len(t.width) * t.lanes }

// padded is the number of columns n rounded up to whole registers.
func (t *tiles) padded(n int) int { return (n + t.lanes - 1) / t.lanes * t.lanes }

// run computes a strip with n columns, at most columns(n). It changes s.
func (t *tiles) run(s *strip, n int) {
	v := (n + t.lanes - 1) / t.lanes
	s.setMask(n - (v-1)*t.lanes)
	// The tile's own rows, unless its sums are ready before those arrive.
	s.cNext = aheadK / (s.length * s.segments) * t.height * s.cStep
	// Far, if what the tile reads would evict them from an L1 cache of 32 KB before its sums are
	// ready: lines on their way to L1 from memory delay all other loads.
	s.cFar = 4*(v*t.lanes+t.height)*s.length*s.segments > 24<<10
	t.width[v-1](s)
	s.aheadTiles = 0
}

// setMask says how many lanes of the last register belong to C.
func (s *strip) setMask(last int) {
	s.mask = uint16(1<<last - 1)
	for i := range s.lanes {
		s.lanes[i] = 0
		if i < last {
			s.lanes[i] = -1
		}
	}
}

// aheadK is how many k it takes at least until rows of C have arrived from memory.
const aheadK = 72

// address is where a slice begins; 0 for nil.
func address[T float32 | int32 | uint32 | uint64 | uint8 | int](x []T) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(x)))
}
