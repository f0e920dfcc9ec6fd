package mnist

import (
	"image"
	"image/draw"
	"math"
)

// plane is a grey image of float32 levels.
type plane struct {
	pixels        []float32 // row by row
	width, height int
}

func newPlane(width, height int) *plane {
	return &plane{make([]float32, width*height), width, height}
}

func (p *plane) at(x, y int) float32     { return p.pixels[y*p.width+x] }
func (p *plane) set(x, y int, v float32) { p.pixels[y*p.width+x] = v }

// greyPlanes returns the brightness of an image, 0 to 255, averaged over squares of
// pixels so that no side is longer than digitWorking: on a white ground and, if any
// part of it is transparent, also on a black one (otherwise nil). Brightness is
// .299 red + .587 green + .114 blue, as in JPEG files.
func greyPlanes(img image.Image) (onWhite, onBlack *plane) {
	bounds := img.Bounds()
	width, height := bounds.Dx(), bounds.Dy()
	factor := (max(width, height) + digitWorking - 1) / digitWorking
	onWhite = newPlane((width+factor-1)/factor, (height+factor-1)/factor)
	onBlack = newPlane(onWhite.width, onWhite.height)
	transparent := false
	// draw.Draw has a fast path for each kind of image. One strip at a time becomes a
	// row of the planes.
	strip := image.NewRGBA(image.Rect(0, 0, width, factor))
	for y := range onWhite.height {
		n := min(factor, height-y*factor)
		draw.Draw(strip, image.Rect(0, 0, width, n), img, image.Pt(bounds.Min.X, bounds.Min.Y+y*factor), draw.Src)
		for x := range onWhite.width {
			m := min(factor, width-x*factor)
			var light, clear float64
			for v := range n {
				row := strip.Pix[v*strip.Stride+4*x*factor:]
				for u := range m {
					pixel := row[4*u : 4*u+4]
					light += float64(.299*float64(pixel[0])) + float64(.587*float64(pixel[1])) + float64(.114*float64(pixel[2]))
					clear += 255 - float64(pixel[3])
				}
			}
			transparent = transparent || clear > 0
			onBlack.set(x, y, float32(light/float64(n*m)))
			onWhite.set(x, y, float32((light+clear)/float64(n*m)))
		}
	}
	if !transparent {
		onBlack = nil
	}
	return onWhite, onBlack
}

// turn rotates an image with an EXIF orientation upright. The eight values say
// where the image's first row and first column belong: 1 top left, 2 top
// right, 3 bottom right, 4 bottom left, and with rows and columns exchanged 5
// left top, 6 right top, 7 right bottom, 8 left bottom.
func (p *plane) turn(orientation int) *plane {
	swap := orientation >= 5
	right := orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7
	bottom := orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8
	out := newPlane(p.width, p.height)
	if swap {
		out = newPlane(p.height, p.width)
	}
	for y := range out.height {
		for x := range out.width {
			u, v := x, y
			if right {
				u = out.width - 1 - x
			}
			if bottom {
				v = out.height - 1 - y
			}
			if swap {
				u, v = v, u
			}
			out.set(x, y, p.at(u, v))
		}
	}
	return out
}

// crop returns the part of the plane within bounds.
func (p *plane) crop(bounds image.Rectangle) *plane {
	out := newPlane(bounds.Dx(), bounds.Dy())
	for y := range out.height {
		from := (bounds.Min.Y+y)*p.width + bounds.Min.X
		copy(out.pixels[y*out.width:(y+1)*out.width], p.pixels[from:from+out.width])
	}
	return out
}

// fit scales the plane so that its longer side is size pixels, and its shorter one
// by the same factor, rounded up, with the plane centred in it. Each new pixel is the
// average over the area that it covers; outside the plane that is 0.
func (p *plane) fit(size int) *plane {
	ratio := float64(max(p.width, p.height)) / float64(size) // old pixels per new one
	// Slightly less, so that rounding does not add a whole pixel.
	length := func(old int) int { return min(size, int(math.Ceil(float64(old)/ratio-1e-9))) }

	across := newPlane(length(p.width), p.height) // first along rows, then along columns
	weights := areaWeights(p.width, across.width, ratio)
	for y := range across.height {
		for x := range across.width {
			sum := 0.
			for _, w := range weights[x] {
				sum += float64(w.weight * float64(p.at(w.from, y)))
			}
			across.set(x, y, float32(sum))
		}
	}
	out := newPlane(across.width, length(p.height))
	weights = areaWeights(p.height, out.height, ratio)
	for y := range out.height {
		for x := range out.width {
			sum := 0.
			for _, w := range weights[y] {
				sum += float64(w.weight * float64(across.at(x, w.from)))
			}
			out.set(x, y, float32(sum))
		}
	}
	return out
}

// areaWeight is an old pixel's share of a new one.
type areaWeight struct {
	from   int
	weight float64
}

// areaWeights returns, for each of after pixels in a row, the old pixels that it
// covers. Each is ratio old pixels long, and the row of before old pixels is centred.
func areaWeights(before, after int, ratio float64) [][]areaWeight {
	out := make([][]areaWeight, after)
	first := (float64(before) - float64(float64(after)*ratio)) / 2
	for i := range out {
		start := first + float64(float64(i)*ratio) // half of a number, as first is, is exact
		end := start + ratio
		for from := max(int(start), 0); from < before && float64(from) < end; from++ {
			covered := min(end, float64(from+1)) - max(start, float64(from))
			if covered > 1e-9 { // less is a rounding error
				out[i] = append(out[i], areaWeight{from, covered / ratio})
			}
		}
	}
	return out
}
