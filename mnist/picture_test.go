package mnist

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestImageASCII(t *testing.T) {
	// Two rows make a line; an odd last row stands above black.
	img := []uint8{
		0, 28, 57, 85, 113, 142, 170, 198, 227, 255,
		0, 28, 57, 85, 113, 142, 170, 198, 227, 255,
		255, 255, 255, 255, 255, 0, 0, 0, 0, 0,
		255, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		255, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	}
	want := " .:-=+*#%@\n@++++\n+\n"
	if got := (Screen{}).Image(img, 5, 10); got != want {
		t.Errorf("drawn:\n%sexpected:\n%s", got, want)
	}
	if got := (Screen{}).Image(nil, 0, 0); got != "" {
		t.Errorf("an image without pixels: %q", got)
	}
	// Four columns on a screen of two are shrunk by two, of three too.
	wide := []uint8{
		255, 255, 0, 0,
		255, 255, 0, 0,
		0, 0, 255, 255,
		0, 0, 255, 255,
	}
	for _, width := range []int{2, 3} {
		if got := (Screen{Width: width}).Image(wide, 4, 4); got != "++\n" {
			t.Errorf("%d columns: %q", width, got)
		}
	}
	// Four columns of six rows too.
	if got := (Screen{Width: 2}).Image(append(wide, 0, 0, 255, 255, 0, 0, 255, 255), 6, 4); got != "++\n +\n" {
		t.Errorf("6×4 on two columns: %q", got)
	}
	// Blocks at the edges are averaged over the pixels that they have.
	if got, rows, cols := shrink([]uint8{10, 20, 30, 40, 50, 60, 70, 80, 90}, 3, 3, 2); rows != 2 || cols != 2 ||
		!slices.Equal(got, []uint8{30, 45, 75, 90}) {
		t.Errorf("shrunk to %v, %d×%d", got, rows, cols)
	}
	if got, _, _ := shrink([]uint8{1, 0, 1, 0}, 2, 2, 2); got[0] != 1 {
		t.Errorf("an average of one half is rounded to %d, want 1", got[0])
	}
}

func TestImagePanics(t *testing.T) {
	for _, c := range []struct {
		pixels, rows, cols int
		want               string
	}{
		{5, 2, 3, "mnist: an image of 5 pixels, expected 2×3"},
		{0, -1, 0, "mnist: an image of 0 pixels, expected -1×0"},
		{0, 0, -1, "mnist: an image of 0 pixels, expected 0×-1"},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != c.want {
					t.Errorf("panic %q, want %q", got, c.want)
				}
			}()
			Screen{}.Image(make([]uint8, c.pixels), c.rows, c.cols)
		}()
	}
}

// A colour is written where it changes, and two pixels of one colour are a space on it.
func TestHalfBlocks(t *testing.T) {
	for _, c := range []struct {
		color       ColorMode
		top, bottom []uint8
		want        string
	}{
		{TrueColor, []uint8{9, 9, 9}, []uint8{7, 7, 7}, "\x1b[48;2;7;7;7m\x1b[38;2;9;9;9m▀▀▀"},
		{TrueColor, []uint8{5, 5, 6}, []uint8{5, 5, 6}, "\x1b[48;2;5;5;5m  \x1b[48;2;6;6;6m "},
		{TrueColor, []uint8{9, 5, 9, 8}, []uint8{5, 5, 5, 5}, "\x1b[48;2;5;5;5m\x1b[38;2;9;9;9m▀ ▀\x1b[38;2;8;8;8m▀"},
		{Color256, []uint8{0, 3}, []uint8{0, 3}, "\x1b[48;5;16m  "},
		{Color256, []uint8{4, 12, 13, 246, 247}, []uint8{4, 12, 13, 246, 247}, "\x1b[48;5;232m  \x1b[48;5;233m \x1b[48;5;255m \x1b[48;5;231m "},
	} {
		if got := (Screen{Color: c.color}).Image(append(c.top, c.bottom...), 2, len(c.top)); got != c.want+styleReset+"\n" {
			t.Errorf("%v above %v: %q, want %q", c.top, c.bottom, got, c.want)
		}
	}
}

// levels reads a picture of half-blocks back into its pixels, as a terminal
// would show it.
func levels(t *testing.T, picture string) (img []uint8, rows, cols int) {
	t.Helper()
	level := func(codes []string) uint8 {
		numbers := make([]int, len(codes))
		for i, code := range codes {
			n, err := strconv.Atoi(code)
			if err != nil {
				t.Fatalf("code %q: %v", codes, err)
			}
			numbers[i] = n
		}
		switch {
		case len(numbers) == 4 && numbers[0] == 2 && numbers[1] == numbers[2] && numbers[2] == numbers[3]:
			return uint8(numbers[1])
		case len(numbers) == 2 && numbers[0] == 5 && numbers[1] == 16:
			return 0
		case len(numbers) == 2 && numbers[0] == 5 && numbers[1] == 231:
			return 255
		case len(numbers) == 2 && numbers[0] == 5 && numbers[1] >= 232 && numbers[1] <= 255:
			return uint8(8 + 10*(numbers[1]-232))
		}
		t.Fatalf("code %q is no grey", codes)
		return 0
	}
	for _, line := range lines(picture) {
		var top, bottom []uint8
		var foreground, background uint8
		reset := true
		for line != "" {
			if rest, ok := strings.CutPrefix(line, "\x1b["); ok {
				code, after, _ := strings.Cut(rest, "m")
				line = after
				reset = code == "0"
				switch codes := strings.Split(code, ";"); {
				case codes[0] == "38":
					foreground = level(codes[1:])
				case codes[0] == "48":
					background = level(codes[1:])
				}
				continue
			}
			if reset {
				t.Fatal("a pixel without colour")
			}
			if rest, ok := strings.CutPrefix(line, "▀"); ok {
				top, bottom, line = append(top, foreground), append(bottom, background), rest
			} else if rest, ok := strings.CutPrefix(line, " "); ok {
				top, bottom, line = append(top, background), append(bottom, background), rest
			} else {
				t.Fatalf("%q in a picture", line)
			}
		}
		if !reset {
			t.Error("a line ends in colour")
		}
		img, cols = append(append(img, top...), bottom...), len(top)
		rows += 2
	}
	return img, rows, cols
}

func TestImageInColor(t *testing.T) {
	img := count(256) // every level
	got, rows, cols := levels(t, Screen{Color: TrueColor}.Image(img, 16, 16))
	if rows != 16 || cols != 16 || !bytes.Equal(got, img) {
		t.Errorf("true colour: drawn %d×%d %v", rows, cols, got)
	}
	got, _, _ = levels(t, Screen{Color: Color256}.Image(img, 16, 16))
	for i := range img {
		// The greys are 10 apart, but 17 between the last of them and white.
		off := math.Abs(float64(got[i]) - float64(img[i]))
		if bound := 5.; off > bound && !(img[i] > 238 && off <= 8.5) {
			t.Errorf("256 colours: level %d is drawn as %d", img[i], got[i])
		}
	}
	if got[0] != 0 || got[255] != 255 {
		t.Errorf("256 colours: black is %d, white is %d", got[0], got[255])
	}
	// Below an odd last row it is black.
	got, rows, _ = levels(t, Screen{Color: TrueColor}.Image([]uint8{9, 8, 7}, 3, 1))
	if rows != 4 || !bytes.Equal(got, []uint8{9, 8, 7, 0}) {
		t.Errorf("three rows: drawn %v", got)
	}
}

func TestGreyLevels(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, test := range []struct {
		values []float32
		want   []uint8
	}{
		{[]float32{-1, 0, 1, .5}, []uint8{0, 128, 255, 191}},
		{[]float32{3, nan, 1, inf, -inf}, []uint8{255, 0, 0, 255, 0}},
		{[]float32{-math.MaxFloat32, math.MaxFloat32}, []uint8{0, 255}},
		{[]float32{2, 2}, []uint8{0, 0}},
		{[]float32{nan, inf}, []uint8{0, 255}},
		{[]float32{2, inf}, []uint8{0, 255}},
		{[]float32{-inf, 2, 2, inf}, []uint8{0, 0, 0, 255}},
		{[]float32{-inf, nan}, []uint8{0, 0}},
		{nil, []uint8{}},
	} {
		if got := GreyLevels(test.values); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, expected %v", test.values, got, test.want)
		}
	}
}

func TestGrid(t *testing.T) {
	tile := func(level uint8, caption string, mark Mark) Tile {
		return Tile{Pixels: bytes.Repeat([]uint8{level}, 8), Rows: 2, Cols: 4, Caption: caption, Mark: mark}
	}
	tiles := []Tile{tile(255, "a", Unmarked), tile(0, "b", Right), tile(255, "too long", Wrong), tile(113, "c\nd", Unmarked)}
	tests := []struct {
		width int
		want  string
	}{
		{80, "@@@@        @@@@  ====\n a    + b   x t~   c\n                   d\n"},
		{10, "@@@@\n a    + b\n\n@@@@  ====\nx t~   c\n       d\n"},
		{9, "@@@@\n a\n\n\n+ b\n\n@@@@\nx t~\n\n====\n c\n d\n"}, // two would need ten columns
		{4, "@@@@\n a\n\n\n+ b\n\n@@@@\nx t~\n\n====\n c\n d\n"},
	}
	for _, test := range tests {
		if got := (Screen{Width: test.width}).Grid(tiles); got != test.want {
			t.Errorf("%d columns:\n%q\nexpected:\n%q", test.width, got, test.want)
		}
	}
	if got := (Screen{}).Grid(nil); got != "" {
		t.Errorf("no images: %q", got)
	}
	// Images of several sizes have their captions level.
	got := Screen{}.Grid([]Tile{tile(255, "a", Unmarked), {Pixels: bytes.Repeat([]uint8{255}, 8), Rows: 4, Cols: 2, Caption: "b"}})
	if want := "@@@@  @@\n      @@\n a     b\n"; got != want {
		t.Errorf("two sizes:\n%q\nexpected:\n%q", got, want)
	}
	if got := (Screen{}).Grid([]Tile{tile(255, "", Right)}); got != "@@@@\n" {
		t.Errorf("no caption: %q", got)
	}
	// A black image takes as much room as any other, and only a caption's first line has the mark.
	if got := (Screen{}).Grid([]Tile{tile(0, "", Unmarked), tile(255, "c\nd", Right)}); got != "      @@@@\n      + c\n       d\n" {
		t.Errorf("a black image, then a white one: %q", got)
	}
	// In colour, captions are painted and lines are as wide as without.
	colored := Screen{Color: TrueColor, Width: 80}.Grid(tiles)
	for _, want := range []string{styleGreen + "✓ b" + styleReset, styleRed + "✗ t…" + styleReset} {
		if !strings.Contains(colored, want) {
			t.Errorf("%q does not contain %q", colored, want)
		}
	}
	if first := lines(colored)[0]; visibleWidth(first) != 4*4+3*gridGap {
		t.Errorf("the first line is %d columns wide", visibleWidth(first))
	}
	for _, line := range lines(Screen{Color: Color256, Width: 3}.Grid(tiles)) {
		if visibleWidth(line) > 3 {
			t.Errorf("%q is wider than 3 columns", line)
		}
	}
}
