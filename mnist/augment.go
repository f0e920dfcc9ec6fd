package mnist

// Augmentation: an image is redrawn through a random map of the plane. For
// each pixel (x, y) of the result, with c the image's centre, the source is
// read at
//
//	c + R·((x, y) − c) / s − t + α·G∗u(x, y)
//
// where R is a rotation, s a scale, t a shift, and u an elastic field: random
// vectors, smoothed with a Gaussian G (P. Simard, D. Steinkraus, J. Platt:
// Best practices for convolutional neural networks applied to visual document
// analysis, 2003). Between pixels the source is interpolated bilinearly;
// outside it is 0.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

// Augmenter makes random variations of images. The zero value does not change
// them.
type Augmenter struct {
	Shift  float64 // the largest shift along each axis, in pixels
	Rotate float64 // the largest rotation in either direction, in degrees
	Scale  float64 // the largest change in size: .1 means a factor from .9 to 1.1

	// Alpha is the strength of the elastic field and Sigma, in pixels, the
	// standard deviation of the Gaussian that smooths it. Simard et al. used 34
	// and 4, which moves each pixel by about 1.4 on average, and some by more.
	Alpha, Sigma float64
}

// LightAugmenter changes 28×28 digits slightly in all these ways.
var LightAugmenter = Augmenter{Shift: 2, Rotate: 10, Scale: .1, Alpha: 20, Sigma: 4}

// check panics if a parameter is out of range.
func (a Augmenter) check() {
	for _, p := range []struct {
		name  string
		value float64
		below float64
	}{
		{"Shift", a.Shift, math.Inf(1)}, {"Rotate", a.Rotate, math.Inf(1)}, {"Scale", a.Scale, 1},
		{"Alpha", a.Alpha, math.Inf(1)}, {"Sigma", a.Sigma, math.Inf(1)},
	} {
		if !(p.value >= 0 && p.value < p.below) {
			panic(fmt.Sprintf("mnist: Augmenter.%s is %v, expected at least 0 and below %v", p.name, p.value, p.below))
		}
	}
}

// Images writes a variation of each of the images in src, rows×cols grey
// levels each, to dst, which has the same length and must not overlap src. It
// draws one number from r. Each image's variation depends only on that and on the
// image's index, so the same generator state gives the same bytes on any number of
// processors, all of which it uses. It panics if the lengths do not fit or a
// parameter is out of range.
func (a Augmenter) Images(dst, src []uint8, rows, cols int, r *rand.Rand) {
	a.check()
	size := rows * cols
	if rows < 1 || cols < 1 || len(src)%size != 0 || len(dst) != len(src) {
		panic(fmt.Sprintf("mnist: augment %d pixels into %d, expected whole images of %d×%d and as many", len(src), len(dst), rows, cols))
	}
	seed := r.Uint64()
	n := len(src) / size
	workers := min(runtime.GOMAXPROCS(0), n)
	var next atomic.Int64
	work := func() {
		w := workspaces.Get().(*workspace)
		defer workspaces.Put(w)
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			w.source.Seed(seed, uint64(i))
			w.image(&a, dst[i*size:(i+1)*size], src[i*size:(i+1)*size], rows, cols)
		}
	}
	if workers <= 1 {
		work()
		return
	}
	var wait sync.WaitGroup
	for range workers {
		wait.Go(work)
	}
	wait.Wait()
}

// Set returns a set with one variation of each image of s, made by Images, and
// the same labels. The labels share s's memory.
func (a Augmenter) Set(s Set, r *rand.Rand) Set {
	images := make([]uint8, len(s.Images))
	if s.N > 0 {
		a.Images(images, s.Images, s.Rows, s.Cols, r)
	}
	s.Images = images
	return s
}

// workspace is a worker's memory, reused from image to image.
type workspace struct {
	source rand.PCG
	// field holds the elastic displacements along x, then those along y.
	field, spare []float32
	line         []float32
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// symmetric returns a number from -1 to 1.
func (w *workspace) symmetric() float64 {
	return float64(w.source.Uint64()>>11)/(1<<52) - 1 // exact
}

// affine is the map (x, y) → (XX·x + XY·y + X0, YX·x + YY·y + Y0).
type affine struct{ XX, XY, X0, YX, YY, Y0 float32 }

// image writes a variation of src to dst.
func (w *workspace) image(a *Augmenter, dst, src []uint8, rows, cols int) {
	angle := a.Rotate * w.symmetric() * math.Pi / 180
	scale := 1 + float64(a.Scale*w.symmetric())
	shiftX, shiftY := float64(a.Shift*w.symmetric()), float64(a.Shift*w.symmetric())
	sin, cos := math.Sincos(angle)
	sin, cos = sin/scale, cos/scale
	centerX, centerY := float64(cols-1)/2, float64(rows-1)/2
	m := affine{
		XX: float32(cos), XY: float32(-sin), X0: float32(centerX - float64(cos*centerX) + float64(sin*centerY) - shiftX), // halves are exact
		YX: float32(sin), YY: float32(cos), Y0: float32(centerY - float64(sin*centerX) - float64(cos*centerY) - shiftY), // halves are exact
	}
	if a.Alpha == 0 {
		warp(dst, src, rows, cols, m, nil, nil)
		return
	}
	w.elastic(rows, cols, float32(a.Alpha), a.Sigma)
	warp(dst, src, rows, cols, m, w.field[:rows*cols], w.field[rows*cols:])
}

// warp writes to each pixel (x, y) of dst the level of src at m(x, y). If dx and dy
// are given, they hold an additional displacement for each pixel.
func warp(dst, src []uint8, rows, cols int, m affine, dx, dy []float32) {
	for y := range rows {
		rowX, rowY := float32(m.XY*float32(y))+m.X0, float32(m.YY*float32(y))+m.Y0
		for x := range cols {
			u, v := float32(m.XX*float32(x))+rowX, float32(m.YX*float32(x))+rowY
			i := y*cols + x
			if dx != nil {
				u += dx[i]
				v += dy[i]
			}
			dst[i] = bilinear(src, rows, cols, u, v)
		}
	}
}

// bilinear returns the level of src at (u, v): the mean of the four pixels around
// it, weighted by their distance. Outside of src it is 0.
func bilinear(src []uint8, rows, cols int, u, v float32) uint8 {
	if !(u > -1 && v > -1 && u < float32(cols) && v < float32(rows)) {
		return 0
	}
	x, y := int(u+1)-1, int(v+1)-1 // rounded down
	fu, fv := u-float32(x), v-float32(y)
	i := y*cols + x
	var p00, p01, p10, p11 float32 // first index down, second across
	if x >= 0 && y >= 0 && x < cols-1 && y < rows-1 {
		upper, lower := src[i:i+2], src[i+cols:i+cols+2]
		if upper[0]|upper[1]|lower[0]|lower[1] == 0 {
			return 0 // a shortcut: most of a digit's image is empty
		}
		p00, p01, p10, p11 = float32(upper[0]), float32(upper[1]), float32(lower[0]), float32(lower[1])
	} else {
		if y >= 0 {
			if x >= 0 {
				p00 = float32(src[i])
			}
			if x < cols-1 {
				p01 = float32(src[i+1])
			}
		}
		if y < rows-1 {
			if x >= 0 {
				p10 = float32(src[i+cols])
			}
			if x < cols-1 {
				p11 = float32(src[i+cols+1])
			}
		}
	}
	upper := p00 + float32(fu*(p01-p00))
	lower := p10 + float32(fu*(p11-p10))
	return uint8(upper + float32(fv*(lower-upper)) + .5)
}
