package mnist

import (
	"image"
	"image/color"
	"math"
	"slices"
	"testing"
)

// lettered is a plane of the given rows, one letter for each pixel.
func lettered(rows ...string) *plane {
	p := newPlane(len(rows[0]), len(rows))
	for y, row := range rows {
		for x, letter := range row {
			p.set(x, y, float32(letter))
		}
	}
	return p
}

// Each EXIF orientation says where the stored image's first row and first column belong.
func TestTurn(t *testing.T) {
	for i, upright := range []*plane{
		lettered("abc", "def"), lettered("cba", "fed"), lettered("fed", "cba"), lettered("def", "abc"),
		lettered("ad", "be", "cf"), lettered("da", "eb", "fc"), lettered("fc", "eb", "da"), lettered("cf", "be", "ad"),
	} {
		got := lettered("abc", "def").turn(i + 1)
		if got.width != upright.width || got.height != upright.height || !slices.Equal(got.pixels, upright.pixels) {
			t.Errorf("orientation %d: %d×%d pixels %v, want %d×%d %v", i+1, got.width, got.height, got.pixels, upright.width, upright.height, upright.pixels)
		}
	}
}

// A picture with a side of more than 400 pixels is averaged over squares; those at its right and
// bottom edge have fewer pixels. A picture need not begin at (0, 0).
func TestGreyPlanesAverage(t *testing.T) {
	img := image.NewGray(image.Rect(5, 7, 5+802, 7+4)) // squares of 3×3, 268 of them in a row
	for y := 7; y < 11; y++ {
		for x := 5; x < 807; x++ {
			img.SetGray(x, y, color.Gray{uint8((x-5)/3%2*90 + (y-7)/3*60 + (y-7)%3*3)}) // the last row and column stand alone
		}
	}
	onWhite, onBlack := greyPlanes(img)
	if onBlack != nil {
		t.Error("a picture without transparent parts has a plane on black")
	}
	if onWhite.width != 268 || onWhite.height != 2 {
		t.Fatalf("a plane of %d×%d, want 268×2", onWhite.width, onWhite.height)
	}
	for x := range 268 {
		for y, want := range []float32{float32(x%2*90 + 3), float32(x%2*90 + 60)} {
			if got := onWhite.at(x, y); math.Abs(float64(got-want)) > 1e-3 {
				t.Fatalf("pixel (%d, %d) is %v, want %v", x, y, got, want)
			}
		}
	}
	if p, _ := greyPlanes(image.NewGray(image.Rect(0, 0, 400, 1))); p.width != 400 {
		t.Errorf("400 pixels became %d", p.width)
	}
	if p, _ := greyPlanes(image.NewGray(image.Rect(0, 0, 1, 401))); p.height != 201 {
		t.Errorf("401 pixels became %d", p.height)
	}
}

// Brightness is weighted by colour, and what is transparent shows the ground.
func TestGreyPlanesOfColors(t *testing.T) {
	for _, c := range []struct {
		color            color.NRGBA
		onWhite, onBlack float64 // onBlack is -1 for none
	}{
		{color.NRGBA{200, 0, 0, 255}, .299 * 200, -1},
		{color.NRGBA{0, 200, 0, 255}, .587 * 200, -1},
		{color.NRGBA{0, 0, 200, 255}, .114 * 200, -1},
		{color.NRGBA{255, 255, 255, 0}, 255, 0},
		{color.NRGBA{0, 0, 0, 204}, 51, 0},
		{color.NRGBA{255, 255, 255, 51}, 255, 51},
	} {
		img := image.NewNRGBA(image.Rect(0, 0, 402, 2)) // averaged over squares of 2×2
		for i := range 402 * 2 {
			img.SetNRGBA(i%402, i/402, c.color)
		}
		onWhite, onBlack := greyPlanes(img)
		black := -1.
		if onBlack != nil {
			black = float64(onBlack.at(0, 0))
		}
		if white := float64(onWhite.at(0, 0)); math.Abs(white-c.onWhite) > 1e-3 || math.Abs(black-c.onBlack) > 1e-3 {
			t.Errorf("%v: %v on white and %v on black, want %v and %v", c.color, white, black, c.onWhite, c.onBlack)
		}
	}
}

// The shorter side is scaled by the same factor, in the middle of as many pixels as it touches.
func TestFitCentres(t *testing.T) {
	p := newPlane(56, 3)
	for x := range 56 {
		p.set(x, 0, 100)
		p.set(x, 1, 40)
		p.set(x, 2, 60)
	}
	got := p.fit(28)
	// Two rows of two old ones each, of which half an old row lies outside above and below.
	if got.width != 28 || got.height != 2 || got.at(9, 0) != (100+40/2)/2 || got.at(9, 1) != (40/2+60)/2 {
		t.Errorf("%d×%d, rows %v and %v, want 28×2, 60 and 40", got.width, got.height, got.at(9, 0), got.at(9, 1))
	}
}
