package mnist

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"
)

// Strokes of digits, as lines between points of a square from 0 to 1.
var strokes = map[int][][2]float64{
	1: {{.5, 0}, {.5, 1}},
	4: {{.6, 0}, {0, .6}, {.9, .6}, {.7, .6}, {.7, .3}, {.7, 1}},
	7: {{0, 0}, {.8, 0}, {.3, 1}},
}

// drawing says how draw draws a digit.
type drawing struct {
	digit         int
	width, height int     // of the picture, in pixels
	x, y, size    float64 // of the digit, in pixels
	pen           float64 // width of the pen as a share of size; 0: .12
	ink, paper    color.NRGBA
	// change, if not nil, is what becomes of each pixel in the end.
	change func(x, y int, c color.NRGBA) color.NRGBA
}

var (
	black = color.NRGBA{0, 0, 0, 255}
	white = color.NRGBA{255, 255, 255, 255}
)

// plain returns a drawing of a digit in the middle of a white square.
func plain(digit int) drawing {
	return drawing{digit: digit, width: 280, height: 280, x: 80, y: 70, size: 140, ink: black, paper: white}
}

// draw draws strokes with soft edges: each pixel is inked by how far its
// centre lies within the pen's width of the nearest line.
func (d drawing) draw() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, d.width, d.height))
	pen := d.pen
	if pen == 0 {
		pen = .12
	}
	points := strokes[d.digit]
	for py := range d.height {
		for px := range d.width {
			nearest := math.Inf(1)
			for i := range len(points) - 1 {
				ax, ay := d.x+d.size*points[i][0], d.y+d.size*points[i][1]
				bx, by := d.x+d.size*points[i+1][0]-ax, d.y+d.size*points[i+1][1]-ay
				cx, cy := float64(px)+.5-ax, float64(py)+.5-ay
				along := min(max((cx*bx+cy*by)/(bx*bx+by*by), 0), 1)
				nearest = min(nearest, math.Hypot(cx-along*bx, cy-along*by))
			}
			cover := min(max(pen*d.size/2-nearest+.5, 0), 1)
			mix := func(paper, ink uint8) uint8 {
				return uint8(math.Round(float64(paper) + cover*(float64(ink)-float64(paper))))
			}
			c := color.NRGBA{mix(d.paper.R, d.ink.R), mix(d.paper.G, d.ink.G), mix(d.paper.B, d.ink.B), mix(d.paper.A, d.ink.A)}
			if d.change != nil {
				c = d.change(px, py, c)
			}
			img.SetNRGBA(px, py, c)
		}
	}
	return img
}

// difference returns the mean difference of two images' pixels, where one may
// be moved by a pixel: a centre of mass that lies half way between two pixels
// is rounded this way or that.
func difference(a, b []uint8) float64 {
	least := math.Inf(1)
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			sum := 0.
			for i := range a {
				other := 0.
				if x, y := i%28+dx, i/28+dy; x >= 0 && x < 28 && y >= 0 && y < 28 {
					other = float64(b[y*28+x])
				}
				sum += math.Abs(float64(a[i]) - other)
			}
			least = min(least, sum/float64(len(a)))
		}
	}
	return least
}

// checkForm checks what is true of nearly all of MNIST's images: the longer
// side is 20, the centre of mass is at (14, 14) to half a pixel, and the
// strokes are of full ink.
func checkForm(t *testing.T, name string, img []uint8) {
	t.Helper()
	if len(img) != 784 {
		t.Fatalf("%s: %d pixels, expected 784", name, len(img))
	}
	var bounds image.Rectangle
	var mass, x, y, most float64
	for i, v := range img {
		if v == 0 {
			continue
		}
		bounds = bounds.Union(image.Rect(i%28, i/28, i%28+1, i/28+1))
		mass += float64(v)
		x += float64(v) * float64(i%28)
		y += float64(v) * float64(i/28)
		most = max(most, float64(v))
	}
	if longer := max(bounds.Dx(), bounds.Dy()); longer != 20 {
		t.Errorf("%s: the longer side is %d, expected 20", name, longer)
	}
	// Rounding the levels to whole numbers can move the centre a little more.
	if x, y := x/mass, y/mass; !(math.Abs(x-14) <= .51) || !(math.Abs(y-14) <= .51) {
		t.Errorf("%s: the centre of mass is (%.2f, %.2f), expected (14, 14)", name, x, y)
	}
	if most < 250 {
		t.Errorf("%s: the strongest ink is %v, expected 255", name, most)
	}
}

// noise returns a change that adds noise of up to ±most to each pixel.
func noise(most int) func(x, y int, c color.NRGBA) color.NRGBA {
	r := rand.New(rand.NewPCG(1, 2))
	return func(x, y int, c color.NRGBA) color.NRGBA {
		n := r.IntN(2*most+1) - most
		add := func(v uint8) uint8 { return uint8(min(max(int(v)+n, 0), 255)) }
		return color.NRGBA{add(c.R), add(c.G), add(c.B), c.A}
	}
}
