package mnist

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shirt is an image in Fashion-MNIST's form: 28 pixels high, in the middle, with
// shades from light to dark.
func shirt() []uint8 {
	r := rand.New(rand.NewPCG(3, 4))
	pixels := make([]uint8, imageSize*imageSize)
	for y := range imageSize {
		from, to := 9, 19 // the body
		if y < 10 {
			from, to = 4, 24 // and the sleeves
		}
		for x := from; x < to; x++ {
			pixels[y*imageSize+x] = uint8(70 + r.IntN(186))
		}
	}
	return pixels
}

// photo is an image, enlarged, on a sheet of paper: what is 255 in it is black.
func photo(pixels []uint8, scale, left, top, width, height int, paper uint8) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			level := paper
			if u, v := (x-left)/scale, (y-top)/scale; x >= left && y >= top && u < imageSize && v < imageSize {
				level -= uint8(int(pixels[v*imageSize+u]) * int(paper) / 255)
			}
			img.SetGray(x, y, color.Gray{level})
		}
	}
	return img
}

// mostOff is the largest difference of two images' pixels, infinite if they have not as many.
func mostOff(a, b []uint8) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	most := 0.
	for i := range a {
		most = max(most, math.Abs(float64(a[i])-float64(b[i])))
	}
	return most
}

// A picture of a garment gives the image back that it was made from, wherever on
// the paper it lies, and whatever shape the paper has.
func TestGarment(t *testing.T) {
	want := shirt()
	for _, c := range []struct {
		img  image.Image
		most float64
	}{
		{photo(want, 8, 100, 40, 500, 300, 255), 1},
		{photo(want, 5, 3, 7, 160, 400, 255), 1},
		{photo(want, 10, 60, 60, 400, 400, 240), 2}, // paper that is not quite white
	} {
		got, err := Garment(c.img)
		if err != nil {
			t.Fatal(err)
		}
		// On grey paper black is nearer to the background.
		if paper := c.img.At(0, 0).(color.Gray).Y; paper < 255 {
			for i := range got {
				got[i] = uint8(min(255, math.Round(float64(got[i])*255/float64(paper))))
			}
		}
		if off := mostOff(got, want); !(off <= c.most) {
			t.Errorf("%v: a pixel is off by %v, allowed are %v", c.img.Bounds(), off, c.most)
		}
	}
	// A wide thing fills the width.
	wide := make([]uint8, imageSize*imageSize)
	for i := range wide {
		if y := i / imageSize; y >= 10 && y < 18 {
			wide[i] = 200
		}
	}
	got, err := Garment(photo(wide, 6, 50, 80, 300, 300, 255))
	if err != nil || !(mostOff(got, wide) <= 1) {
		t.Errorf("a shoe is off by %v (error %v)", mostOff(got, wide), err)
	}
}

// stripes is a sheet of white paper, 60×40, with a stripe for each distance from white: 4 pixels wide and
// 20 high, side by side from column 10.
func stripes(distances ...uint8) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 60, 40))
	for y := range 40 {
		for x := range 60 {
			level := uint8(255)
			if i := (x - 10) / 4; x >= 10 && i < len(distances) && y >= 10 && y < 30 {
				level -= distances[i]
			}
			img.SetNRGBA(x, y, color.NRGBA{level, level, level, 255})
		}
	}
	return img
}

// What is nearer to the background than a twentieth of the range is trimmed off, however dark the rest is.
func TestGarmentIsTrimmed(t *testing.T) {
	for _, c := range []struct {
		distances []uint8
		width     int // of what is left, in stripes
	}{
		{[]uint8{200, 200}, 2}, {[]uint8{13, 200}, 2}, {[]uint8{12, 200}, 1}, {[]uint8{13, 40}, 2}, {[]uint8{12, 40}, 1},
	} {
		got, err := Garment(stripes(c.distances...))
		if err != nil {
			t.Fatal(err)
		}
		columns := 0
		for x := range imageSize {
			if got[14*imageSize+x] > 0 {
				columns++
			}
		}
		// 20 pixels become 28.
		if want := float64(4*c.width) * 28 / 20; math.Abs(float64(columns)-want) > 1 {
			t.Errorf("distances %v: %d columns are left, want about %v", c.distances, columns, want)
		}
	}
}

// A garment that differs from its background by 32 of 255 is seen, a fainter one is not, and a white
// one on a transparent ground is seen as if on black.
func TestGarmentContrast(t *testing.T) {
	if _, err := Garment(stripes(32)); err != nil {
		t.Errorf("a contrast of 32: %v", err)
	}
	if _, err := Garment(stripes(31)); err == nil || !strings.Contains(err.Error(), "31 of 255, expected at least 32") {
		t.Errorf("a contrast of 31: error %v", err)
	}
	img := stripes(0)
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for y := range 40 {
		for x := range 60 {
			if x < 10 || x >= 50 || y < 10 || y >= 30 {
				img.SetNRGBA(x, y, color.NRGBA{})
			}
		}
	}
	got, err := Garment(img)
	if err != nil || got[14*imageSize+14] != 255 || got[0] != 0 {
		t.Errorf("white on nothing: error %v, %v", err, got)
	}
}

// Plain leaves an image of 28×28 as it is, and scales others.
func TestPlain(t *testing.T) {
	want := shirt()
	small := image.NewGray(image.Rect(0, 0, imageSize, imageSize))
	copy(small.Pix, want)
	if got, err := Plain(small); err != nil || mostOff(got, want) != 0 {
		t.Errorf("an image of 28×28 became another, off by %v (error %v)", mostOff(got, want), err)
	}
	double := image.NewGray(image.Rect(0, 0, 2*imageSize, 2*imageSize))
	for i := range double.Pix {
		double.Pix[i] = want[i/(2*imageSize)/2*imageSize+i%(2*imageSize)/2]
	}
	if got, err := Plain(double); err != nil || mostOff(got, want) != 0 {
		t.Errorf("one of 56×56 became another, off by %v (error %v)", mostOff(got, want), err)
	}
	wide := image.NewNRGBA(image.Rect(0, 0, 56, 28)) // transparent, but for one white half
	for y := range 28 {
		for x := range 28 {
			wide.SetNRGBA(x, y, white)
		}
	}
	got, err := Plain(wide)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		x, y := i%imageSize, i/imageSize
		expected := uint8(0)
		if x < 14 && y >= 7 && y < 21 {
			expected = 255
		}
		if v != expected {
			t.Fatalf("pixel (%d, %d) is %d, want %d", x, y, v, expected)
		}
	}
	blank := image.NewGray(image.Rect(0, 0, 50, 50)) // nothing to find, and nothing to refuse
	if got, err := Plain(blank); err != nil || mostOff(got, make([]uint8, 784)) != 0 {
		t.Errorf("a black picture gave %v, error %v", got, err)
	}
}

func TestFormRefuses(t *testing.T) {
	var bad *FormatError
	if _, err := Garment(image.NewGray(image.Rect(0, 0, 50, 50))); !errors.As(err, &bad) || !strings.Contains(err.Error(), "the image is blank") {
		t.Errorf("a blank picture: error %v", err)
	}
	for _, form := range []Form{DigitForm, FashionForm, PlainForm} {
		if _, err := form.ReadPicture(strings.NewReader("no picture"), "x.png"); !errors.As(err, &bad) || bad.File != "x.png" {
			t.Errorf("%s: error %v", form, err)
		}
		if _, err := form.ReadPictureFile(filepath.Join(t.TempDir(), "none.png")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: error %v", form, err)
		}
	}
	for _, f := range []func(image.Image) ([]uint8, error){Digit, Garment, Plain} {
		if _, err := f(image.NewGray(image.Rect(0, 0, 0, 9))); !errors.As(err, &bad) {
			t.Errorf("no pixels: error %v", err)
		}
	}
	if _, err := Form("fashoin").ReadPicture(nil, ""); err == nil || !strings.Contains(err.Error(), `unknown form "fashoin": did you mean "fashion"?`) {
		t.Errorf("error %v", err)
	}
	if f, err := FormByName("plain"); err != nil || f != PlainForm {
		t.Errorf("%v, %v", f, err)
	}
}

func TestReadPicture(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, photo(shirt(), 6, 20, 30, 220, 230, 255)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "shirt.png")
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := FashionForm.ReadPictureFile(path); err != nil || !(mostOff(got, shirt()) <= 1) {
		t.Errorf("from a file: off by %v, error %v", mostOff(got, shirt()), err)
	}
	got, err := FashionForm.ReadPicture(&file, "shirt.png")
	if err != nil || !(mostOff(got, shirt()) <= 1) {
		t.Errorf("off by %v, error %v", mostOff(got, shirt()), err)
	}
}
