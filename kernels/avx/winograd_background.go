package avx

import (
	"bytes"
	"slices"
	"unsafe"

	"baregrad/kernels"
)

// Winograd's algorithm and the background of images. Where nothing is drawn, all pixels are the same:
// 0 in the first layer's images, and so ReLU(bias) in its output. A tile that reads only background
// has the same output as any other such tile, bit for bit. It is computed for the first one of each
// part; the others copy it. They are 23 % of mnist-cnn's tiles.

// background is the first tile of a part whose pixels are all the same, and the tiles like it.
type background struct {
	tile    int       // −1 until one is found
	pixel   []float32 // the pixel that it reads 36 times
	output  []float32 // [4,4,Out], once the batch of the tile has been computed
	waiting []int     // tiles since the last batch that read the same
}

// begin resets it for a new part.
func (b *background) begin() { b.tile, b.pixel, b.waiting = -1, nil, b.waiting[:0] }

func (b *background) reserve(tiles, output int) {
	b.waiting = slices.Grow(b.waiting[:0], tiles)
	grow(&b.output, output)
}

// waits tells whether a tile gets its output from b.tile. The first tile of background becomes b.tile
// itself.
func (b *background) waits(t *winogradTask, tile int) bool {
	if t.mode == kernels.Accumulate {
		return false // the old values differ from tile to tile
	}
	pixel := t.onlyPixel(tile)
	switch {
	case pixel == nil:
		return false
	case b.tile < 0:
		b.tile, b.pixel = tile, pixel
		return false
	case !equalBits(pixel, b.pixel):
		return false
	}
	b.waiting = append(b.waiting, tile)
	return true
}

// onlyPixel returns the pixel that a tile reads 36 times, or nil if it reads different pixels or ones
// outside of the image.
func (t *winogradTask) onlyPixel(tile int) []float32 {
	s := t.s
	n, h, k := t.position(tile)
	h, k = h-s.PadTop, k-s.PadLeft
	if h < 0 || k < 0 || h+6 > s.H || k+6 > s.W {
		return nil
	}
	size, row := 6*s.C, s.W*s.C
	pixels := t.x[((n*s.H+h)*s.W+k)*s.C:]
	first := pixels[:size]
	if !equalBits(first[s.C:], first[:size-s.C]) { // each equals the one before
		return nil
	}
	for r := 1; r < 6; r++ {
		if !equalBits(pixels[r*row:][:size], first) {
			return nil
		}
	}
	return first[:s.C]
}

// equalBits tells whether two slices of the same length hold the same bits.
func equalBits(a, b []float32) bool {
	bits := func(x []float32) []byte {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
	}
	return bytes.Equal(bits(a), bits(b))
}
