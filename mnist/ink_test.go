package mnist

import (
	"image"
	"math"
	"testing"
)

// planeOf returns a plane with the given level at each pixel.
func planeOf(width, height int, level func(x, y int) float64) *plane {
	p := newPlane(width, height)
	for y := range height {
		for x := range width {
			p.set(x, y, float32(level(x, y)))
		}
	}
	return p
}

// The background slopes until it is white, or black, in a part of the picture. The slope
// does not go on there: that part is background, too.
func TestInkOnSaturatedBackground(t *testing.T) {
	const width, height, strength = 400, 120, 60
	const tolerance = 0.5 // the pixels that the fit leaves out are not symmetric
	stroke := func(x, y int) bool { return x >= 180 && x < 200 && y >= 30 && y < 90 }
	overexposed := func(x, y int) float64 { return min(100+0.5*float64(x), 255) }
	upright := func(level func(x, y int) float64) func(x, y int) float64 {
		return func(x, y int) float64 { return level(y, x) }
	}
	for name, p := range map[string]*plane{
		"white to the right, dark ink": planeOf(width, height, func(x, y int) float64 {
			if stroke(x, y) {
				return overexposed(x, y) - strength
			}
			return overexposed(x, y)
		}),
		"black to the right, light ink": planeOf(width, height, func(x, y int) float64 {
			if stroke(x, y) {
				return 255 - overexposed(x, y) + strength
			}
			return 255 - overexposed(x, y)
		}),
		"white at the bottom, dark ink": planeOf(height, width, upright(func(x, y int) float64 {
			if stroke(x, y) {
				return overexposed(x, y) - strength
			}
			return overexposed(x, y)
		})),
	} {
		ink, contrast := p.ink()
		if !(math.Abs(contrast-strength) <= tolerance) {
			t.Errorf("%s: the contrast is %v, want %v", name, contrast, strength)
		}
		for y := range p.height {
			for x := range p.width {
				want := 0.
				if stroke(x, y) && p.width == width || stroke(y, x) && p.width == height {
					want = strength
				}
				if got := float64(ink.at(x, y)); !(math.Abs(got-want) <= tolerance) {
					t.Fatalf("%s: the ink at (%d, %d) is %v, want %v", name, x, y, got, want)
				}
			}
		}
	}
}

// Up to three standard deviations of the border's noise are no ink.
func TestInkAboveNoise(t *testing.T) {
	const noise = 4
	levels := []float64{100, 100 - 2.9*noise, 100 - 3.1*noise, 100 + 2*noise, 20}
	p := planeOf(41, 41, func(x, y int) float64 { // every other pixel of the border lies above 100, the others below
		if x > 5 && x < 35 && y > 5 && y < 35 {
			return levels[x%len(levels)]
		}
		return 100 + noise*float64(1-2*((x+y)%2))
	})
	ink, contrast := p.ink()
	if !(math.Abs(contrast-80) <= 0.1) { // the border has one pixel more of one kind
		t.Errorf("the contrast is %v, want 80", contrast)
	}
	for x := 6; x < 35; x++ {
		want := 100 - levels[x%len(levels)]
		if want <= 3*noise {
			want = 0
		}
		if got := float64(ink.at(x, 20)); !(math.Abs(got-want) <= 0.1) {
			t.Errorf("the ink at level %v is %v, want %v", levels[x%len(levels)], got, want)
		}
	}
}

// Of two strokes as far from the background the darker is ink: people write dark on light.
func TestInkIsDarkInATie(t *testing.T) {
	p := planeOf(64, 64, func(x, y int) float64 {
		switch {
		case y < 20 || y >= 40:
			return 100
		case x >= 15 && x < 20:
			return 40
		case x >= 40 && x < 45:
			return 160
		}
		return 100
	})
	ink, contrast := p.ink()
	if dark, light := ink.at(17, 30), ink.at(42, 30); contrast != 60 || dark != 60 || light != 0 {
		t.Errorf("the contrast is %v, the dark stroke's ink %v and the light one's %v, want 60, 60 and 0", contrast, dark, light)
	}
}

// The border is a frame of a thirty-second of the shorter side, and at least one pixel.
func TestBackgroundIsOfTheFrame(t *testing.T) {
	rings := func(x, y, width, height int) int { return min(x, y, width-1-x, height-1-y) }
	for _, c := range []struct{ width, height, frame int }{{64, 200, 2}, {200, 64, 2}, {96, 96, 3}, {95, 95, 2}, {20, 30, 1}, {1, 1, 1}} {
		sum, n := 0., 0.
		p := planeOf(c.width, c.height, func(x, y int) float64 {
			ring := rings(x, y, c.width, c.height)
			level := 100 + 8*float64(min(ring, 5))
			if ring < c.frame {
				sum += level
				n++
			}
			return level
		})
		level, slopeX, slopeY, _ := p.background()
		if want := sum / n; !(math.Abs(level-want) <= 1e-9) || !(math.Abs(slopeX) <= 1e-9) || !(math.Abs(slopeY) <= 1e-9) {
			t.Errorf("%d×%d: the background is %v with slopes %v and %v, want %v of a frame %d pixels wide, and none",
				c.width, c.height, level, slopeX, slopeY, want, c.frame)
		}
	}
}

// A part with less than a twentieth of the ink of the strongest is a speck. It does not
// count for the bounds, and is cleared even if it lies within them.
func TestSpecksAreCleared(t *testing.T) {
	digit := []string{
		"..........",
		".55555555.",
		".5........",
		".5..a..b..",
		".5........",
		".55555555.",
		"..........",
		".........c",
	}
	for _, c := range []struct {
		b, c   float32 // the ink of two parts; that of the digit is 950
		bounds image.Rectangle
	}{{47.5, 47.4, image.Rect(1, 1, 9, 6)}, {47.4, 47.5, image.Rect(1, 1, 10, 8)}} {
		p := planeOf(10, 8, func(x, y int) float64 {
			return float64(map[byte]float32{'5': 50, 'a': 47, 'b': c.b, 'c': c.c}[digit[y][x]])
		})
		if bounds := p.digitBounds(20); bounds != c.bounds {
			t.Errorf("parts of %v and %v: the bounds are %v, want %v", c.b, c.c, bounds, c.bounds)
		}
		cleared := func(v float32) float32 {
			if v < 47.5 {
				return 0
			}
			return v
		}
		if a, b, speck := p.at(4, 3), p.at(7, 3), p.at(9, 7); a != 0 || b != cleared(c.b) || speck != cleared(c.c) {
			t.Errorf("parts of 47, %v and %v became %v, %v and %v: those below 47.5 must be cleared", c.b, c.c, a, b, speck)
		}
	}
}

// A digit whose ink lies to one side is moved only as far as there is room.
func TestCenterHasRoom(t *testing.T) {
	for _, c := range []struct{ x, y, left, top int }{{0, 0, 8, 8}, {19, 19, 0, 0}, {0, 19, 8, 0}, {10, 9, 4, 5}} {
		p := planeOf(20, 20, func(x, y int) float64 {
			if x == c.x && y == c.y {
				return 1e6
			}
			return 1
		})
		got := center28(p)
		for i, v := range got {
			want := uint8(0)
			if i == (c.top+c.y)*imageSize+c.left+c.x {
				want = 255
			}
			if v != want {
				t.Errorf("ink at (%d, %d): pixel (%d, %d) is %d, want %d", c.x, c.y, i%imageSize, i/imageSize, v, want)
				break
			}
		}
	}
}

// The strongest tenth of the pixels with ink, rounded up, average 255.
func TestCenterScalesInk(t *testing.T) {
	for _, c := range []struct {
		n    int // pixels with ink: 200, 100, then 10s
		want [3]uint8
	}{
		{10, [3]uint8{255, 128, 13}},
		{11, [3]uint8{255, 170, 17}},
		{20, [3]uint8{255, 170, 17}},
		{21, [3]uint8{255, 247, 25}}, // of 200, 100 and 10
	} {
		p := planeOf(20, 2, func(x, y int) float64 {
			switch i := y*20 + x; {
			case i == 0:
				return 200
			case i == 1:
				return 100
			case i < c.n:
				return 10
			}
			return 0
		})
		count := map[uint8]int{}
		for _, v := range center28(p) {
			count[v]++
		}
		if count[c.want[0]] != 1 || count[c.want[1]] != 1 || count[c.want[2]] != c.n-2 || count[0] != imageSize*imageSize-c.n {
			t.Errorf("%d pixels: the levels are %v, want one of %d, one of %d, %d of %d", c.n, count, c.want[0], c.want[1], c.n-2, c.want[2])
		}
	}
}

// Levels are rounded to the nearest whole number, and kept from 0 to 255.
func TestMiddleRounds(t *testing.T) {
	levels := []float32{99.4, 99.5, 99.6, -3, 0.2, 254.4, 254.6, 255.4, 256, 300}
	want := []uint8{99, 100, 100, 0, 0, 254, 255, 255, 255, 255}
	got := middle28(planeOf(len(levels), 1, func(x, y int) float64 { return float64(levels[x]) }))
	for i := range levels {
		if v := got[13*imageSize+9+i]; v != want[i] {
			t.Errorf("level %v became %d, want %d", levels[i], v, want[i])
		}
	}
}
