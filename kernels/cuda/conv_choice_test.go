package cuda

import (
	"testing"

	"baregrad/kernels"
)

// ampere is a device that has all forms of convolution, for asking which it would choose.
func ampere() *Device {
	d := &Device{}
	d.info.Compute, d.info.SharedPerBlock = [2]int{8, 0}, 227<<10
	return d
}

// convOf is a convolution with unit strides, n×n filters and as many outputs as inputs.
func convOf(images, size, channels, filters, n int) kernels.ConvSpec {
	return kernels.ConvSpec{N: images, H: size, W: size, C: channels, KH: n, KW: n, Out: filters,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: n / 2, PadLeft: n / 2, OH: size, OW: size}
}

// The implicit form is for products with a tile to fill, unless a form is asked for.
func TestImplicitIsForLargeProducts(t *testing.T) {
	d := ampere()
	for _, c := range []struct {
		m, n, k int
		want    bool
	}{{64, 16, 32, true}, {63, 16, 32, false}, {64, 15, 32, false}, {64, 16, 31, false}, {1 << 20, 64, 576, true}} {
		if got := d.implicitSuits(c.m, c.n, c.k); got != c.want {
			t.Errorf("%d×%d by %d: %v, want %v", c.m, c.n, c.k, got, c.want)
		}
	}
	for form, want := range map[ConvForm]bool{ConvDirect: false, ConvImplicit: true, ConvAsync: false, ConvAsyncLarge: false} {
		d.ConvForm = form
		if d.implicitSuits(1, 1, 1) != want || d.implicitSuits(1<<20, 64, 576) != want {
			t.Errorf("form %v: the implicit form is taken for some products and not for others, want %v for all", form, want)
		}
	}
}

// The asynchronous form needs compute capability 8, channels and filters in fours, at most 32
// taps, and addresses that 16 divides: it copies 16 bytes at a time.
func TestAsyncFits(t *testing.T) {
	fits := convOf(8, 28, 16, 16, 3)
	taps := func(h, w int) kernels.ConvSpec {
		s := fits
		s.KH, s.KW = h, w
		return s
	}
	old, d := ampere(), ampere()
	old.info.Compute = [2]int{7, 5}
	for _, c := range []struct {
		name      string
		d         *Device
		s         kernels.ConvSpec
		addresses []uint64
		want      bool
	}{
		{"all", d, fits, []uint64{16, 32, 0, 4096}, true},
		{"an older GPU", old, fits, []uint64{16}, false},
		{"6 channels", d, convOf(8, 28, 6, 16, 3), []uint64{16}, false},
		{"18 filters", d, convOf(8, 28, 16, 18, 3), []uint64{16}, false},
		{"32 taps", d, taps(8, 4), []uint64{16}, true},
		{"33 taps", d, taps(3, 11), []uint64{16}, false},
		{"36 taps", d, taps(6, 6), []uint64{16}, false},
		{"the first address off by 8", d, fits, []uint64{24, 32, 16}, false},
		{"the last address off by 4", d, fits, []uint64{16, 32, 20}, false},
	} {
		if got := c.d.asyncFits(c.s, c.addresses...); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// By shape, the asynchronous form is for products with a tile to fill, if at most a quarter of the
// channels that it computes with are padding.
func TestAsyncSuits(t *testing.T) {
	d := ampere()
	for _, c := range []struct {
		m, n, channels int
		want           bool
	}{
		{64, 16, 16, true}, {63, 16, 16, false}, {64, 15, 16, false},
		{64, 16, 12, true}, {64, 16, 11, false}, {64, 16, 8, false}, // of 16
		{64, 16, 24, true}, {64, 16, 23, false}, // of 32
		{64, 16, 36, true}, {64, 16, 35, false}, // of 48
		{0, 16, 16, false}, {64, 0, 16, false}, {64, 16, 0, false},
	} {
		if got := d.asyncSuits(c.m, c.n, c.channels, convOf(8, 28, 16, 16, 3), 16); got != c.want {
			t.Errorf("%d×%d, %d channels: %v, want %v", c.m, c.n, c.channels, got, c.want)
		}
	}
	for _, c := range []struct {
		s    kernels.ConvSpec
		want bool
	}{
		{convOf(8, 28, 48, 16, 1), true}, {convOf(8, 28, 44, 16, 1), false}, // rows of the gradient
		{convOf(8, 28, 48, 12, 1), false}, {convOf(0, 28, 48, 16, 1), false}, {convOf(8, 28, 50, 16, 1), false},
	} {
		if got := d.asyncSuitsFilter(c.s, 16); got != c.want {
			t.Errorf("gradient by filter of %+v: %v, want %v", c.s, got, c.want)
		}
	}
	for form, want := range map[ConvForm]bool{ConvDirect: false, ConvImplicit: false, ConvAsync: true, ConvAsyncLarge: true} {
		d.ConvForm = form
		small, large := convOf(1, 1, 4, 4, 1), convOf(8, 28, 64, 64, 3)
		for _, s := range []kernels.ConvSpec{small, large} {
			if d.asyncSuits(s.Rows(), s.Out, s.C, s, 16) != want || d.asyncSuitsFilter(s, 16) != want {
				t.Errorf("form %v, %+v: want the asynchronous form: %v", form, s, want)
			}
		}
	}
}

// Winograd's algorithm needs 3×3 filters with unit strides and dilations, channels in eights,
// filters in 32s, and shared memory for its tiles.
func TestWinogradFits(t *testing.T) {
	fits := convOf(8, 28, 16, 64, 3)
	changed := func(change func(s *kernels.ConvSpec)) kernels.ConvSpec {
		s := fits
		change(&s)
		return s
	}
	d, old, small, enough := ampere(), ampere(), ampere(), ampere()
	old.info.Compute = [2]int{7, 5}
	enough.info.SharedPerBlock = winogradWide.shared() + 1024
	small.info.SharedPerBlock = enough.info.SharedPerBlock - 1
	for _, c := range []struct {
		name    string
		d       *Device
		s       kernels.ConvSpec
		address uint64
		want    bool
	}{
		{"all", d, fits, 32, true},
		{"32 filters", d, convOf(8, 28, 16, 32, 3), 32, true},
		{"just enough shared memory", enough, fits, 32, true},
		{"a byte less", small, fits, 32, false},
		{"narrow tiles in it", small, convOf(8, 28, 16, 32, 3), 32, true},
		{"an older GPU", old, fits, 32, false},
		{"an address off by 8", d, fits, 40, false},
		{"12 channels", d, convOf(8, 28, 12, 64, 3), 32, false},
		{"48 filters", d, convOf(8, 28, 16, 48, 3), 32, false},
		{"no images", d, convOf(0, 28, 16, 64, 3), 32, false},
		{"5×5", d, convOf(8, 28, 16, 64, 5), 32, false},
		{"2×3", d, changed(func(s *kernels.ConvSpec) { s.KH = 2 }), 32, false},
		{"3×2", d, changed(func(s *kernels.ConvSpec) { s.KW = 2 }), 32, false},
		{"a stride down", d, changed(func(s *kernels.ConvSpec) { s.StrideH = 2 }), 32, false},
		{"a stride across", d, changed(func(s *kernels.ConvSpec) { s.StrideW = 2 }), 32, false},
		{"a dilation down", d, changed(func(s *kernels.ConvSpec) { s.DilationH = 2 }), 32, false},
		{"a dilation across", d, changed(func(s *kernels.ConvSpec) { s.DilationW = 2 }), 32, false},
	} {
		if got := c.d.winogradFits(c.s, 16, c.address); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Only a pooling whose windows are the tiles of 2×2 is computed together with the convolution.
func TestWinogradPools(t *testing.T) {
	tiles := kernels.PoolSpec{N: 1, H: 6, W: 8, C: 32, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 3, OW: 4}
	if !winogradPools(kernels.ConvPoolSpec{Pool: tiles}) {
		t.Errorf("%+v: the windows are the tiles", tiles)
	}
	for _, change := range []func(p *kernels.PoolSpec){
		func(p *kernels.PoolSpec) { p.KH = 3 },
		func(p *kernels.PoolSpec) { p.KW = 3 },
		func(p *kernels.PoolSpec) { p.StrideH = 1 },
		func(p *kernels.PoolSpec) { p.StrideW = 1 },
		func(p *kernels.PoolSpec) { p.PadTop = 1 },
		func(p *kernels.PoolSpec) { p.PadLeft = 1 },
		func(p *kernels.PoolSpec) { p.H = 7 },
		func(p *kernels.PoolSpec) { p.W = 9 },
	} {
		p := tiles
		change(&p)
		if winogradPools(kernels.ConvPoolSpec{Pool: p}) {
			t.Errorf("%+v: the windows are not the tiles", p)
		}
	}
}
