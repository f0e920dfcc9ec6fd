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
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

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
