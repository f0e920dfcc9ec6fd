package mnist

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"
)

func TestDigit(t *testing.T) {
	grey := func(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }
	changes := []struct {
		name   string
		change func(d *drawing)
		// within is the largest mean difference from the plain drawing, of 255:
		// rounding makes up to .5, other edges at the same place make 1 to 3, and
		// the soft edges of a drawing as small as MNIST's make about 7.
		within float64
	}{
		{"the same", func(d *drawing) {}, 0},
		{"elsewhere", func(d *drawing) { d.x, d.y = 20, 110 }, 0},
		{"elsewhere, between pixels", func(d *drawing) { d.x, d.y = 100.4, 30.7 }, 1.5},
		{"at the corner", func(d *drawing) { d.x, d.y = 12, 12 }, .5},
		{"inverted", func(d *drawing) { d.ink, d.paper = white, black }, 0},
		{"grey on grey", func(d *drawing) { d.ink, d.paper = grey(90), grey(150) }, 1},
		{"lighter grey on grey", func(d *drawing) { d.ink, d.paper = grey(180), grey(120) }, 1},
		{"blue on white", func(d *drawing) { d.ink = color.NRGBA{20, 40, 200, 255} }, 1},
		{"yellow on blue", func(d *drawing) {
			d.ink, d.paper = color.NRGBA{255, 240, 40, 255}, color.NRGBA{10, 10, 120, 255}
		}, 1},
		{"black on transparent", func(d *drawing) { d.paper = color.NRGBA{} }, 1},
		{"white on transparent", func(d *drawing) { d.ink, d.paper = white, color.NRGBA{255, 255, 255, 0} }, 1},
		{"half the size", func(d *drawing) { d.size = 70 }, 3},
		{"tiny", func(d *drawing) { d.width, d.height, d.x, d.y, d.size = 28, 28, 5, 4, 18 }, 8},
		{"large", func(d *drawing) { d.width, d.height, d.x, d.y, d.size = 900, 700, 300, 100, 500 }, 1.5},
		{"small in a large picture", func(d *drawing) { d.width, d.height, d.x, d.y, d.size = 800, 600, 500, 300, 160 }, 1},
		{"wide picture", func(d *drawing) { d.width = 900 }, 3},
		{"tall picture", func(d *drawing) { d.height = 900 }, 3},
		{"noise", func(d *drawing) { d.change = noise(10) }, .5},
		{"light from one side", func(d *drawing) {
			d.change = func(x, y int, c color.NRGBA) color.NRGBA {
				dim := func(v uint8) uint8 { return uint8(float64(v)*.7 + float64(x)/280*40 + float64(y)/280*20) }
				return color.NRGBA{dim(c.R), dim(c.G), dim(c.B), 255}
			}
		}, .5},
		{"specks", func(d *drawing) {
			d.change = func(x, y int, c color.NRGBA) color.NRGBA {
				if (x-20)*(x-20)+(y-250)*(y-250) < 9 || (x-270)*(x-270)+(y-8)*(y-8) < 6 {
					return black
				}
				return c
			}
		}, 0},
	}
	for digit := range strokes {
		want, err := Digit(plain(digit).draw())
		if err != nil {
			t.Fatal(err)
		}
		checkForm(t, fmt.Sprint(digit), want)
		for _, test := range changes {
			name := fmt.Sprintf("%d, %s", digit, test.name)
			d := plain(digit)
			test.change(&d)
			got, err := Digit(d.draw())
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			checkForm(t, name, got)
			if off := difference(got, want); !(off <= test.within) {
				t.Errorf("%s: differs by %.2f, expected at most %v\n%s", name, off, test.within, Screen{}.Image(got, 28, 28))
			}
		}
	}
	// The digits themselves remain apart.
	one, _ := Digit(plain(1).draw())
	seven, _ := Digit(plain(7).draw())
	if off := difference(one, seven); off < 20 {
		t.Errorf("a 1 and a 7 differ by %.2f only", off)
	}
}

// MNIST's own images, brought to MNIST's form, remain what they are.
func TestDigitOfMNIST(t *testing.T) {
	d := testMNIST(t)
	const scale, tries = 3, 200
	sum, moved := 0., 0
	for i := range tries {
		src := d.Test.Image(i)
		img := image.NewGray(image.Rect(-5, 7, 28*scale+40, 28*scale+90))
		for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
			for x := img.Rect.Min.X; x < img.Rect.Max.X; x++ {
				level := uint8(255)
				if u, v := x-13, y-40; u >= 0 && v >= 0 && u < 28*scale && v < 28*scale {
					level -= src[v/scale*28+u/scale]
				}
				img.SetGray(x, y, color.Gray{level})
			}
		}
		got, err := Digit(img)
		if err != nil {
			t.Fatal(err)
		}
		off := 0.
		for i := range got {
			off += math.Abs(float64(got[i])-float64(src[i])) / 784
		}
		sum += off
		if off > 3 {
			moved++
		}
	}
	// Where the outermost row of a digit is faint, it is not taken for a part
	// of it, and the digit becomes a twentieth larger.
	if mean := sum / tries; !(mean <= .6) || moved > tries/50 {
		t.Errorf("a mean difference of %.2f, and %d of %d images are others; expected at most .6, and %d",
			mean, moved, tries, tries/50)
	}
}

func BenchmarkDigit(b *testing.B) {
	photo := plain(4)
	photo.width, photo.height, photo.x, photo.y, photo.size = 1000, 750, 400, 200, 300
	for name, d := range map[string]drawing{"280x280": plain(4), "1000x750": photo} {
		img := d.draw()
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Digit(img); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
