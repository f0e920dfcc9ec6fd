package mnist

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

func generator(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func TestWarp(t *testing.T) {
	src := []uint8{
		10, 20, 30,
		40, 50, 60,
		70, 80, 90,
	}
	tests := []struct {
		name   string
		m      affine
		dx, dy []float32
		want   []uint8
	}{
		{"as it is", affine{XX: 1, YY: 1}, nil, nil, src},
		{"one to the left", affine{XX: 1, X0: 1, YY: 1}, nil, nil, []uint8{20, 30, 0, 50, 60, 0, 80, 90, 0}},
		{"one down", affine{XX: 1, YY: 1, Y0: -1}, nil, nil, []uint8{0, 0, 0, 10, 20, 30, 40, 50, 60}},
		{"half to the left", affine{XX: 1, X0: .5, YY: 1}, nil, nil, []uint8{15, 25, 15, 45, 55, 30, 75, 85, 45}},
		{"half to the right", affine{XX: 1, X0: -.5, YY: 1}, nil, nil, []uint8{5, 15, 25, 20, 45, 55, 35, 75, 85}},
		{"a quarter up", affine{XX: 1, YY: 1, Y0: .25}, nil, nil, []uint8{18, 28, 38, 48, 58, 68, 53, 60, 68}},
		{"a quarter turn", affine{XY: 1, YX: -1, Y0: 2}, nil, nil, []uint8{70, 40, 10, 80, 50, 20, 90, 60, 30}},
		{"half the size", affine{XX: 2, X0: -1, YY: 2, Y0: -1}, nil, nil, []uint8{0, 0, 0, 0, 50, 0, 0, 0, 0}},
		{"far away", affine{XX: 1, X0: 1e9, YY: 1, Y0: -1e9}, nil, nil, make([]uint8, 9)},
		{"nowhere", affine{X0: float32(math.NaN())}, nil, nil, make([]uint8, 9)},
		{"each elsewhere", affine{XX: 1, YY: 1},
			[]float32{1, 0, 0, 0, 0, -1, 0, .5, 0}, []float32{0, 1, 0, 0, 0, 0, 0, 0, -2},
			[]uint8{20, 50, 30, 40, 50, 50, 70, 85, 30}},
	}
	for _, test := range tests {
		got := make([]uint8, 9)
		warp(got, src, 3, 3, test.m, test.dx, test.dy)
		if !bytes.Equal(got, test.want) {
			t.Errorf("%s: %v, expected %v", test.name, got, test.want)
		}
	}
	one := make([]uint8, 1)
	if warp(one, []uint8{200}, 1, 1, affine{XX: 1, X0: .5, YY: 1}, nil, nil); one[0] != 100 {
		t.Errorf("half of a single pixel: %d, expected 100", one[0])
	}
}

// blob returns an n×n image with a soft spot, whose levels stay off 0 and 255.
func blob(n int) []uint8 {
	img := make([]uint8, n*n)
	for i := range img {
		x, y := float64(i%n)-float64(n-1)/2, float64(i/n)-float64(n-1)/2
		img[i] = uint8(200 * math.Exp(-(x*x+y*y)/20))
	}
	return img
}

// centerOf returns the centre of mass and the mass of an n×n image.
func centerOf(img []uint8, n int) (x, y, mass float64) {
	for i, v := range img {
		x += float64(v) * float64(i%n)
		y += float64(v) * float64(i/n)
		mass += float64(v)
	}
	return x / mass, y / mass, mass
}

func TestAugmentNothing(t *testing.T) {
	s := testMNIST(t).Test.Slice(0, 20)
	got := Augmenter{}.Set(s, generator(1))
	if !bytes.Equal(got.Images, s.Images) || &got.Images[0] == &s.Images[0] || got.N != 20 {
		t.Error("the zero value changes images, or does not copy them")
	}
	if got := (Augmenter{}).Set(Set{Rows: 28, Cols: 28}, generator(1)); got.N != 0 {
		t.Errorf("of no images: %d", got.N)
	}
}

// Each parameter is drawn evenly between its bounds.
func TestAugmentRanges(t *testing.T) {
	const n, tries = 41, 400
	middle := float64(n-1) / 2
	// For the rotation, a spot to the right of the centre.
	spot := make([]uint8, n*n)
	warp(spot, blob(n), n, n, affine{XX: 1, X0: -12, YY: 1}, nil, nil)
	_, _, mass := centerOf(blob(n), n)
	tests := []struct {
		name    string
		a       Augmenter
		src     []uint8
		measure func(img []uint8) float64
		bound   float64
		// off is what rounding the levels adds to the measure.
		off float64
	}{
		{"shift along x", Augmenter{Shift: 3}, blob(n), func(img []uint8) float64 { x, _, _ := centerOf(img, n); return x - middle }, 3, .05},
		{"shift along y", Augmenter{Shift: 3}, blob(n), func(img []uint8) float64 { _, y, _ := centerOf(img, n); return y - middle }, 3, .05},
		{"angle", Augmenter{Rotate: 30}, spot, func(img []uint8) float64 {
			x, y, _ := centerOf(img, n)
			return math.Atan2(y-middle, x-middle) * 180 / math.Pi
		}, 30, .5},
		{"scale", Augmenter{Scale: .2}, blob(n), func(img []uint8) float64 {
			_, _, m := centerOf(img, n) // grows with the area
			return math.Sqrt(m/mass) - 1
		}, .2, .01},
	}
	for _, test := range tests {
		dst := make([]uint8, n*n)
		r := generator(7)
		var sum, squares, least, most float64
		for range tries {
			test.a.Images(dst, test.src, n, n, r)
			v := test.measure(dst) / test.bound
			sum, squares, least, most = sum+v, squares+v*v, min(least, v), max(most, v)
		}
		edge := 1 + test.off/test.bound
		if least < -edge || most > edge || least > -.95 || most < .95 {
			t.Errorf("%s: from %.3f to %.3f of its bound, expected nearly -1 to 1", test.name, least, most)
		}
		// Of an even distribution from -1 to 1 the mean is 0 ± 1/sqrt(3·tries), of
		// which four times is allowed, and the variance 1/3.
		if mean := sum / tries; !(math.Abs(mean) <= 4/math.Sqrt(3*tries)+test.off/test.bound) {
			t.Errorf("%s: mean %.3f, expected 0", test.name, mean)
		}
		if variance := squares / tries; !(math.Abs(variance-1./3) <= .06) {
			t.Errorf("%s: variance %.3f, expected 1/3", test.name, variance)
		}
	}
}

func TestBoxRadii(t *testing.T) {
	for _, sigma := range []float64{0, .1, .5, 1, 2, 3, 4, 5.5, 10} {
		variance := 0.
		for _, radius := range boxRadii(sigma) {
			width := float64(2*radius + 1)
			variance += (width*width - 1) / 12
		}
		// Variances between two radii have steps of 2·(radius+1)/3; the error is at most half of one.
		if off := math.Abs(variance - sigma*sigma); !(off <= (sigma+1)/3+1e-9) {
			t.Errorf("sigma %v: radii %v have the variance %.3f, expected %.3f", sigma, boxRadii(sigma), variance, sigma*sigma)
		}
	}
}

// The filters are what their definition says, also where they are larger than
// the image.
func TestBoxes(t *testing.T) {
	const rows, cols = 5, 7
	in := make([]float32, rows*cols)
	r := generator(3)
	for i := range in {
		in[i] = r.Float32()
	}
	for radius := range 9 {
		across, down := make([]float32, rows*cols), make([]float32, rows*cols)
		boxAcross(across, in, rows, cols, radius)
		boxDown(down, in, make([]float32, cols), rows, cols, radius)
		for y := range rows {
			for x := range cols {
				var wantAcross, wantDown float64
				for d := -radius; d <= radius; d++ {
					if x+d >= 0 && x+d < cols {
						wantAcross += float64(in[y*cols+x+d])
					}
					if y+d >= 0 && y+d < rows {
						wantDown += float64(in[(y+d)*cols+x])
					}
				}
				wantAcross /= float64(2*radius + 1)
				wantDown /= float64(2*radius + 1)
				// A running sum of seven float32 below 7 is off by some 1e-6.
				if i := y*cols + x; !(math.Abs(float64(across[i])-wantAcross) <= 1e-5) || !(math.Abs(float64(down[i])-wantDown) <= 1e-5) {
					t.Errorf("radius %d at (%d, %d): %v and %v, expected %v and %v", radius, x, y, across[i], down[i], wantAcross, wantDown)
				}
			}
		}
	}
}

// The elastic field has the spread and the smoothness of Simard's.
func TestElastic(t *testing.T) {
	const n, alpha, sigma, tries = 61, 34, 4., 200
	w := new(workspace)
	var squares, sum, next, across float64
	count := 0.
	for i := range tries {
		w.source.Seed(9, uint64(i))
		w.elastic(n, n, alpha, sigma)
		// In the middle, where the edges do not matter, and far apart.
		for _, at := range []int{20*n + 20, 20*n + 40, 40*n + 20, 40*n + 40} {
			for _, v := range [][]float32{w.field[:n*n], w.field[n*n:]} {
				sum += float64(v[at])
				squares += float64(v[at]) * float64(v[at])
				next += float64(v[at]) * float64(v[at+4])
				count++
			}
			across += float64(w.field[at]) * float64(w.field[n*n+at])
		}
	}
	// White noise of the variance 1/3, smoothed with a Gaussian in the plane,
	// has the variance 1/3 · 1/(4π·sigma²).
	want := alpha * math.Sqrt(1./3/(4*math.Pi*sigma*sigma))
	deviation := math.Sqrt(squares / count)
	if !(math.Abs(deviation/want-1) <= .1) { // ± 2 % of chance, some of the boxes
		t.Errorf("standard deviation %.3f, expected %.3f", deviation, want)
	}
	if mean := sum / count; !(math.Abs(mean) <= 4*want/math.Sqrt(count)) {
		t.Errorf("mean %.3f, expected 0", mean)
	}
	// Smoothed noise has the correlation exp(-d²/4·sigma²) at the distance d.
	if correlation, want := next/squares, math.Exp(-.25); !(math.Abs(correlation-want) <= .05) {
		t.Errorf("correlation %.3f over a distance of sigma, expected %.3f", correlation, want)
	}
	// The two directions have nothing to do with each other.
	if correlation := 2 * across / squares; !(math.Abs(correlation) <= 4/math.Sqrt(count/2)) {
		t.Errorf("correlation %.3f between the directions, expected 0", correlation)
	}
	// Without smoothing the noise itself remains.
	w.elastic(n, n, 1, 0)
	least, most := float32(0), float32(0)
	for _, v := range w.field {
		least, most = min(least, v), max(most, v)
	}
	if least < -1 || most > 1 || least > -.99 || most < .99 {
		t.Errorf("noise from %v to %v, expected -1 to 1", least, most)
	}
}

// The same seed gives the same bytes on any number of processors.
func TestAugmentDeterminism(t *testing.T) {
	s := testMNIST(t).Train.Slice(0, 300)
	first := LightAugmenter.Set(s, generator(1))
	for _, processors := range []int{1, 2, 8} {
		before := runtime.GOMAXPROCS(processors)
		again := LightAugmenter.Set(s, generator(1))
		runtime.GOMAXPROCS(before)
		if !bytes.Equal(again.Images, first.Images) {
			t.Errorf("%d processors give other images", processors)
		}
	}
	if other := LightAugmenter.Set(s, generator(2)); bytes.Equal(other.Images, first.Images) {
		t.Error("another seed gives the same images")
	}
	r := generator(1)
	LightAugmenter.Set(s, r)
	if second := LightAugmenter.Set(s, r); bytes.Equal(second.Images, first.Images) {
		t.Error("the second time gives the same images")
	}
	if !bytes.Equal(first.Labels, s.Labels) {
		t.Error("the labels differ")
	}
	// The same image twice is varied in two ways.
	twice := Set{Images: append(bytes.Clone(s.Image(0)), s.Image(0)...), Labels: []uint8{5, 5}, N: 2, Rows: 28, Cols: 28}
	if v := LightAugmenter.Set(twice, generator(1)); bytes.Equal(v.Image(0), v.Image(1)) {
		t.Error("two images of a batch are varied alike")
	}
	// A light variation keeps most of the ink.
	for i := range s.N {
		var before, after float64
		for j, v := range s.Image(i) {
			before += float64(v)
			after += float64(first.Image(i)[j])
		}
		if !(after >= .6*before && after <= 1.6*before) {
			t.Errorf("image %d: %.0f of ink became %.0f", i, before, after)
		}
	}
}

func TestAugmentPanics(t *testing.T) {
	good := make([]uint8, 12)
	for want, f := range map[string]func(){
		"Augmenter.Shift is -1":   func() { Augmenter{Shift: -1}.Images(good, good, 3, 4, generator(1)) },
		"Augmenter.Rotate is NaN": func() { Augmenter{Rotate: math.NaN()}.Images(good, good, 3, 4, generator(1)) },
		"Augmenter.Scale is 1":    func() { Augmenter{Scale: 1}.Images(good, good, 3, 4, generator(1)) },
		"Augmenter.Alpha is +Inf": func() { Augmenter{Alpha: math.Inf(1)}.Images(good, good, 3, 4, generator(1)) },
		"Augmenter.Sigma is -2":   func() { Augmenter{Sigma: -2}.Images(good, good, 3, 4, generator(1)) },
		"12 pixels into 8":        func() { Augmenter{}.Images(good[:8], good, 2, 2, generator(1)) },
		"12 pixels into 12":       func() { Augmenter{}.Images(good, good, 5, 5, generator(1)) },
		"whole images of 0×5":     func() { Augmenter{}.Images(good, good, 0, 5, generator(1)) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("panic %q, expected %q", got, want)
				}
			}()
			f()
		}()
	}
}

// Images of other sizes follow one another through the same workspaces.
func TestAugmentSizes(t *testing.T) {
	for _, size := range [][2]int{{28, 28}, {1, 1}, {3, 50}, {50, 3}, {28, 28}, {14, 56}} {
		src := bytes.Repeat([]uint8{255}, 3*size[0]*size[1])
		dst := make([]uint8, len(src))
		LightAugmenter.Images(dst, src, size[0], size[1], generator(1))
	}
}

func BenchmarkAugment(b *testing.B) {
	s := testMNIST(b).Train.Slice(0, 128)
	dst := make([]uint8, len(s.Images))
	for name, a := range map[string]Augmenter{
		"shift, rotate and scale": {Shift: 2, Rotate: 10, Scale: .1},
		"and elastic":             LightAugmenter,
	} {
		b.Run(name, func(b *testing.B) {
			r := generator(1)
			b.ReportAllocs()
			for b.Loop() {
				a.Images(dst, s.Images, 28, 28, r)
			}
			b.ReportMetric(float64(b.N*s.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// The same seed gives the same images on every processor: the sum over them was taken on
// amd64. Where arm64 fused the products of warp with what is added to them, it was another.
func TestAugmentedBits(t *testing.T) {
	images := testMNIST(t).Test.Slice(0, 500)
	sum := crc32.NewIEEE()
	for _, a := range []Augmenter{LightAugmenter, {Rotate: 25, Scale: .3}, {Shift: 1.5}} {
		sum.Write(a.Set(images, generator(9)).Images)
	}
	if got := sum.Sum32(); got != 0x20c34f07 {
		t.Errorf("the images have the sum %08x, want 20c34f07", got)
	}
}
