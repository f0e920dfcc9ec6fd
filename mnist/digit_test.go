package mnist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
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

// encoded returns an image as a PNG file, or as a JPEG file of some quality.
func encoded(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	if quality > 0 {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	} else {
		err = png.Encode(&b, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// as copies an image into one of another kind.
func as[T interface {
	image.Image
	Set(x, y int, c color.Color)
}](img image.Image, out T) image.Image {
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			out.Set(x, y, img.At(x, y))
		}
	}
	return out
}

func TestReadDigit(t *testing.T) {
	d := plain(4)
	d.paper = color.NRGBA{250, 245, 230, 255}
	img := d.draw()
	want, err := Digit(img)
	if err != nil {
		t.Fatal(err)
	}
	size := img.Bounds()
	greys := make(color.Palette, 256)
	for i := range greys {
		greys[i] = color.Gray{uint8(i)}
	}
	files := map[string][]byte{
		"PNG":              encoded(t, img, 0),
		"grey PNG":         encoded(t, as(img, image.NewGray(size)), 0),
		"16-bit grey PNG":  encoded(t, as(img, image.NewGray16(size)), 0),
		"16-bit PNG":       encoded(t, as(img, image.NewNRGBA64(size)), 0),
		"PNG of a palette": encoded(t, as(img, image.NewPaletted(size, greys)), 0),
		"JPEG":             encoded(t, img, 90),
		"poor JPEG":        encoded(t, img, 40),
		"grey JPEG":        encoded(t, as(img, image.NewGray(size)), 90),
	}
	for name, data := range files {
		got, err := ReadDigit(bytes.NewReader(data), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkForm(t, name, got)
		// JPEG's traces lie along the edges of strokes.
		if off := difference(got, want); !(off <= 1) {
			t.Errorf("%s: differs by %.2f, expected at most 1", name, off)
		}
	}
	path := filepath.Join(t.TempDir(), "four.png")
	if err := os.WriteFile(path, files["PNG"], 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadDigitFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("from a file: error %v", err)
	}
}

// withEXIF puts an EXIF part with an orientation after the start of a JPEG
// file, and another entry before it.
func withEXIF(file []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	tiff := []byte("MM\x00*")
	if order.String() == binary.LittleEndian.String() {
		tiff = []byte("II*\x00")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range [][2]uint16{{0x0100, 640}, {0x0112, orientation}} {
		tiff = order.AppendUint16(tiff, entry[0])
		tiff = order.AppendUint16(tiff, 3)
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, entry[1])
		tiff = order.AppendUint16(tiff, 0)
	}
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := []byte{0xff, 0xd8, 0xff, 0xe1}
	out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+2))
	return append(append(out, segment...), file[2:]...)
}

func TestReadDigitTurned(t *testing.T) {
	upright := plain(4).draw()
	want, err := Digit(upright)
	if err != nil {
		t.Fatal(err)
	}
	// Where each orientation stores the upright pixel (x, y) of a square of n.
	stored := map[uint16]func(x, y, n int) (int, int){
		1: func(x, y, n int) (int, int) { return x, y },
		2: func(x, y, n int) (int, int) { return n - x, y },
		3: func(x, y, n int) (int, int) { return n - x, n - y },
		4: func(x, y, n int) (int, int) { return x, n - y },
		5: func(x, y, n int) (int, int) { return y, x },
		6: func(x, y, n int) (int, int) { return y, n - x },
		7: func(x, y, n int) (int, int) { return n - y, n - x },
		8: func(x, y, n int) (int, int) { return n - y, x },
	}
	for orientation, to := range stored {
		img := image.NewNRGBA(upright.Rect)
		for y := range 280 {
			for x := range 280 {
				u, v := to(x, y, 279)
				img.Set(u, v, upright.At(x, y))
			}
		}
		file := encoded(t, img, 95)
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			got, err := ReadDigit(bytes.NewReader(withEXIF(file, order, orientation)), "f")
			if err != nil {
				t.Fatal(err)
			}
			if off := difference(got, want); !(off <= 1) {
				t.Errorf("orientation %d, %v: differs by %.2f, expected at most 1", orientation, order, off)
			}
		}
	}
	// A picture that is not square keeps its shape.
	p := newPlane(3, 2)
	for i := range p.pixels {
		p.pixels[i] = float32(i)
	}
	if q := p.turn(6); q.width != 2 || q.height != 3 || fmt.Sprint(q.pixels) != "[3 0 4 1 5 2]" {
		t.Errorf("turned to the right: %v", q)
	}
}

// EXIF parts that make no sense are passed over.
func TestJPEGOrientationDamaged(t *testing.T) {
	file := withEXIF(encoded(t, plain(4).draw(), 50), binary.BigEndian, 6)
	if got := jpegOrientation(file); got != 6 {
		t.Fatalf("orientation %d, expected 6", got)
	}
	start := bytes.Index(file, []byte("MM\x00*"))
	for n := range start + 34 { // all but the last byte of the table
		if got := jpegOrientation(file[:n]); got != 1 {
			t.Errorf("first %d bytes: orientation %d, expected 1", n, got)
		}
	}
	for name, change := range map[string]func(tiff []byte){
		"byte order":           func(tiff []byte) { tiff[0] = 'X' },
		"table past the end":   func(tiff []byte) { copy(tiff[4:], "\xff\xff\xff\xff") },
		"no such entry":        func(tiff []byte) { tiff[8], tiff[9] = 0, 1 },
		"entries past the end": func(tiff []byte) { tiff[8], tiff[9], tiff[23] = 0xff, 0xff, 0 },
		"orientation 0":        func(tiff []byte) { tiff[31] = 0 },
		"orientation 9":        func(tiff []byte) { tiff[31] = 9 },
		"another type":         func(tiff []byte) { tiff[25] = 4 },
	} {
		changed := bytes.Clone(file)
		change(changed[start:])
		if got := jpegOrientation(changed); got != 1 {
			t.Errorf("%s: orientation %d, expected 1", name, got)
		}
	}
}

// pngHeader returns the start of a PNG file of some size, and its end.
func pngHeader(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	header = binary.BigEndian.AppendUint32(header, height)
	header = append(header, 16, 6, 0, 0, 0) // 16 bits of red, green, blue and alpha
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, header...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(header))
}

func TestReadDigitErrors(t *testing.T) {
	good := plain(4).draw()
	blank := image.NewGray(image.Rect(0, 0, 50, 50))
	faint := plain(4)
	faint.ink, faint.paper = color.NRGBA{120, 120, 120, 255}, color.NRGBA{140, 140, 140, 255}
	var animated bytes.Buffer
	if err := gif.Encode(&animated, good, nil); err != nil {
		t.Fatal(err)
	}
	hugeJPEG := encoded(t, good, 90)
	frame := bytes.Index(hugeJPEG, []byte{0xff, 0xc0})
	copy(hugeJPEG[frame+5:], "\xff\xff\xff\xff") // height and width
	tests := []struct {
		name string
		data []byte
		want []string
	}{
		{"empty", nil, []string{"kind of file", `""`, "PNG or JPEG"}},
		{"text", []byte("Not a picture"), []string{"kind of file", `"Not a pi"`, "PNG or JPEG"}},
		{"GIF", animated.Bytes(), []string{"kind of file", `"GIF89a`, "PNG or JPEG"}},
		{"PNG cut", encoded(t, good, 0)[:500], []string{"PNG picture", "damage"}},
		{"PNG cut in its header", encoded(t, good, 0)[:20], []string{"PNG picture", "damage"}},
		{"PNG damaged", flipped(encoded(t, good, 0), 100), []string{"PNG picture", "damage"}},
		{"JPEG cut", encoded(t, good, 90)[:800], []string{"JPEG picture", "damage"}},
		{"JPEG cut in its header", encoded(t, good, 90)[:10], []string{"JPEG picture", "damage"}},
		{"too many pixels in a PNG", pngHeader(6000, 6000), []string{"6000×6000", "25000000"}},
		{"too many pixels in a JPEG", hugeJPEG, []string{"65535×65535", "25000000"}},
		{"more pixels than the file justifies", pngHeader(4900, 4900), []string{"4900×4900", "a file of 33 bytes justifies"}},
		{"blank PNG", encoded(t, blank, 0), []string{"contrast", "found 0 of 255", "at least 32", "blank"}},
		{"blank JPEG", encoded(t, blank, 50), []string{"contrast", "blank"}},
		{"transparent", encoded(t, image.NewNRGBA(good.Rect), 0), []string{"contrast", "blank"}},
		{"faint", encoded(t, faint.draw(), 0), []string{"contrast", "found 20 of 255"}},
		{"one pixel", encoded(t, image.NewGray(image.Rect(0, 0, 1, 1)), 0), []string{"contrast", "found 0"}},
	}
	for _, test := range tests {
		var got []uint8
		var err error
		used := allocated(func() { got, err = ReadDigit(bytes.NewReader(test.data), "the-file") })
		var bad *FormatError
		if !errors.As(err, &bad) || got != nil {
			t.Errorf("%s: error %v, expected a *FormatError", test.name, err)
			continue
		}
		for _, part := range append(test.want, "the-file: ") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error %q does not contain %q", test.name, err, part)
			}
		}
		// The pictures that are decoded have 280×280 pixels.
		if most := int64(10 << 20); used > most {
			t.Errorf("%s: %d bytes allocated, expected at most %d", test.name, used, most)
		}
	}
	if _, err := Digit(image.NewGray(image.Rect(0, 0, 0, 5))); err == nil || !strings.Contains(err.Error(), "0×5 pixels") {
		t.Errorf("an image without pixels: error %v", err)
	}
	if _, err := Digit(image.NewUniform(color.White)); err == nil || !strings.Contains(err.Error(), "1 to 25000000 pixels") {
		t.Errorf("an image without bounds: error %v", err)
	}
	broken := errors.New("the disk is broken")
	if _, err := ReadDigit(iotest.ErrReader(broken), "the-file"); !errors.Is(err, broken) || !strings.Contains(err.Error(), "the-file") {
		t.Errorf("broken disk: error %v", err)
	}
	if _, err := ReadDigit(zeros{}, "the-file"); err == nil || !strings.Contains(err.Error(), "more than 67108864 bytes") {
		t.Errorf("endless file: error %v", err)
	}
	if _, err := ReadDigitFile("testdata/absent.png"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: error %v", err)
	}
}

// zeros is a file of zeros without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func FuzzReadDigit(f *testing.F) {
	small := plain(7)
	small.width, small.height, small.x, small.y, small.size = 40, 30, 10, 5, 18
	img := small.draw()
	f.Add(encoded(f, img, 0))
	f.Add(encoded(f, img, 50))
	f.Add(withEXIF(encoded(f, img, 50), binary.LittleEndian, 6))
	f.Add(encoded(f, as(img, image.NewGray(img.Rect)), 0))
	f.Add(encoded(f, image.NewGray(image.Rect(0, 0, 1, 1)), 0))
	f.Add(pngHeader(60000, 60000))
	f.Add(pngHeader(200, 200))
	f.Add(pngHeader(1<<31-1, 1<<31-1))
	f.Add([]byte("\xff\xd8\xff\xe1\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ReadDigit(bytes.NewReader(data), "fuzz")
		if err == nil && len(got) != 784 {
			t.Fatalf("%d pixels", len(got))
		}
	})
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
