package mnist

// How a picture of a digit is converted to MNIST's form. MNIST's authors fitted
// each digit into a box of 20×20 pixels, keeping its proportions, with grey levels
// from averaging, and placed it in 28×28 pixels with its centre of mass at the
// centre. In their files that is pixel (14, 14), counted from 0: the centres of mass
// of all images lie between 13.5 and 14.5.
//
//	grey        brightness, averaged down to at most 400 pixels a side
//	background  its level along the border, which may slope
//	ink         distance from the background, in the direction (darker or
//	            lighter) that reaches farther; 0 if below the border's noise
//	digit       the connected parts of the ink, without specks
//	box         the digit averaged into 20×20
//	place       moved by whole pixels until the centre of mass is at (14, 14)

import (
	"fmt"
	"image"
	"math"
	"slices"
)

const (
	digitBox     = 20  // the longer side of a digit
	digitCenter  = 14  // the position of its centre of mass
	digitWorking = 400 // the longer side of the plane in which it is searched

	// maxDigitPixels is above the size of 24-megapixel photographs.
	maxDigitPixels = 25_000_000
	// minContrast is the smallest difference, of 255, between ink and background.
	// Pencil on paper has about 60.
	minContrast = 32
	// inkThreshold is the share of the strongest ink that counts as a stroke
	// when the digit's bounds are determined.
	inkThreshold = 0.15
	// speckShare is the share of the largest part's ink below which another
	// part is a speck of dirt. The bar of a 5 has far more.
	speckShare = 0.05
)

// Digit converts a picture of one digit to the form of MNIST's images, and
// returns its 28·28 grey levels, 0 background to 255 ink. The digit may be
// dark on light or light on dark, of any size and anywhere in the picture. Its
// background should have one colour or one gentle gradient. Transparent parts count
// as white, or as black if nothing would be visible on white.
//
// A picture without pixels, with more than 25 million, or with nothing on it
// gives a *FormatError.
func Digit(img image.Image) ([]uint8, error) { return digit(img, 1) }

// digit is Digit for an image with an EXIF orientation.
func digit(img image.Image, orientation int) ([]uint8, error) {
	ink, contrast, err := inkOf(img, orientation)
	if err != nil {
		return nil, err
	}
	bounds := ink.digitBounds(inkThreshold * contrast)
	return center28(ink.crop(bounds).fit(digitBox)), nil
}

// checkImageSize refuses images that are empty or too large.
func checkImageSize(name string, width, height int) error {
	if width > 0 && height > 0 && width <= maxDigitPixels/height {
		return nil
	}
	return &FormatError{File: name, Thing: "size of the image",
		Found:    fmt.Sprintf("%d×%d pixels", width, height),
		Expected: fmt.Sprintf("1 to %d pixels in all", maxDigitPixels)}
}

// ink returns how far each pixel is from the background, 0 where it is within the
// background's own noise, and the largest of these distances.
func (p *plane) ink() (*plane, float64) {
	level, slopeX, slopeY, noise := p.background()
	centerX, centerY := float64(p.width-1)/2, float64(p.height-1)/2
	out := newPlane(p.width, p.height)
	lightest, darkest := 0., 0.
	for y := range p.height {
		for x := range p.width {
			back := level + float64(slopeX*(float64(x)-centerX)) + float64(slopeY*(float64(y)-centerY)) // halves are exact
			// Extrapolating the slope may leave the range of pixels.
			back = min(max(back, 0), 255)
			d := float64(p.at(x, y)) - back
			out.set(x, y, float32(d))
			lightest, darkest = max(lightest, d), max(darkest, -d)
		}
	}
	sign := float32(1)
	contrast := lightest
	if darkest >= lightest {
		sign, contrast = -1, darkest
	}
	for i, v := range out.pixels {
		out.pixels[i] = sign * v
		if float64(sign*v) <= 3*noise {
			out.pixels[i] = 0
		}
	}
	return out, contrast
}

// background returns the grey level of the border at the centre of the plane,
// its slopes per pixel, and the standard deviation from that fit. The border is a
// frame around the plane. Pixels far from the frame's median are not background
// but something that reaches into the frame.
func (p *plane) background() (level, slopeX, slopeY, noise float64) {
	const near = 48
	frame := max(1, min(p.width, p.height)/32)
	var xs, ys, values []float64
	for y := range p.height {
		for x := range p.width {
			if x < frame || y < frame || x >= p.width-frame || y >= p.height-frame {
				xs = append(xs, float64(x)-float64(p.width-1)/2)  // exact
				ys = append(ys, float64(y)-float64(p.height-1)/2) // exact
				values = append(values, float64(p.at(x, y)))
			}
		}
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	median := sorted[len(sorted)/2]

	// A least-squares fit of level + slopeX·x + slopeY·y. In a frame around the
	// origin x, y and 1 are orthogonal, so each slope can be fitted separately.
	var n, sum, sumX, sumXX, sumY, sumYY float64
	for i, v := range values {
		if math.Abs(v-median) > near {
			continue
		}
		n++
		sum += v
		sumX += float64(xs[i] * (v - median))
		sumXX += float64(xs[i] * xs[i])
		sumY += float64(ys[i] * (v - median))
		sumYY += float64(ys[i] * ys[i])
	}
	level = sum / n // the median itself is near, so n > 0
	if sumXX > 0 {
		slopeX = sumX / sumXX
	}
	if sumYY > 0 {
		slopeY = sumY / sumYY
	}
	squares := 0.
	for i, v := range values {
		if math.Abs(v-median) <= near {
			off := v - (level + float64(slopeX*xs[i]) + float64(slopeY*ys[i]))
			squares += float64(off * off)
		}
	}
	return level, slopeX, slopeY, math.Sqrt(squares / n)
}

// digitBounds returns the bounds of everything stronger than threshold, except
// specks, which it clears.
func (p *plane) digitBounds(threshold float64) image.Rectangle {
	type part struct {
		bounds image.Rectangle
		pixels []int
		ink    float64
	}
	var parts []part
	seen := make([]bool, len(p.pixels))
	for start, v := range p.pixels {
		if seen[start] || float64(v) <= threshold {
			continue
		}
		// Flood-fill the part from start, over all eight neighbours.
		seen[start] = true
		one := part{pixels: []int{start}}
		for i := 0; i < len(one.pixels); i++ {
			at := one.pixels[i]
			x, y := at%p.width, at/p.width
			one.ink += float64(p.pixels[at])
			one.bounds = one.bounds.Union(image.Rect(x, y, x+1, y+1))
			for v := max(y-1, 0); v <= min(y+1, p.height-1); v++ {
				for u := max(x-1, 0); u <= min(x+1, p.width-1); u++ {
					if next := v*p.width + u; !seen[next] && float64(p.pixels[next]) > threshold {
						seen[next] = true
						one.pixels = append(one.pixels, next)
					}
				}
			}
		}
		parts = append(parts, one)
	}
	strongest := 0.
	for _, one := range parts {
		strongest = max(strongest, one.ink)
	}
	var bounds image.Rectangle
	for _, one := range parts {
		if one.ink >= speckShare*strongest {
			bounds = bounds.Union(one.bounds)
			continue
		}
		for _, at := range one.pixels {
			p.pixels[at] = 0
		}
	}
	return bounds
}

// center28 puts a digit of at most 28×28 pixels into MNIST's image, by whole
// pixels, so that its centre of mass is at (14, 14) as far as there is room. Its ink
// is scaled so that the strongest tenth of its pixels average 255, because strokes
// thinner than a pixel would otherwise be faint.
func center28(p *plane) []uint8 {
	var mass, massX, massY float64
	strong := []float32{}
	for y := range p.height {
		for x := range p.width {
			v := float64(p.at(x, y))
			if v > 0 {
				strong = append(strong, float32(v))
			}
			mass += v
			massX += float64(v * float64(x))
			massY += float64(v * float64(y))
		}
	}
	out := make([]uint8, imageSize*imageSize)
	if mass == 0 {
		return out
	}
	slices.Sort(strong)
	strong = strong[len(strong)-(len(strong)+9)/10:]
	full := 0.
	for _, v := range strong {
		full += float64(v) / float64(len(strong))
	}
	left := int(math.Round(digitCenter - massX/mass))
	top := int(math.Round(digitCenter - massY/mass))
	left = min(max(left, 0), imageSize-p.width)
	top = min(max(top, 0), imageSize-p.height)
	for y := range p.height {
		for x := range p.width {
			v := 255 * float64(p.at(x, y)) / full
			out[(top+y)*imageSize+left+x] = uint8(min(math.Round(v), 255))
		}
	}
	return out
}
