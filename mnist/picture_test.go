package mnist

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestScreenFor(t *testing.T) {
	tests := []struct {
		name     string
		env      map[string]string
		terminal bool
		windows  bool
		want     ColorMode
	}{
		{"no terminal", map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"}, false, false, ASCII},
		{"true colour", map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"}, true, false, TrueColor},
		{"24 bits", map[string]string{"TERM": "xterm", "COLORTERM": "24bit"}, true, false, TrueColor},
		{"direct", map[string]string{"TERM": "xterm-direct"}, true, false, TrueColor},
		{"256 colours", map[string]string{"TERM": "screen-256color"}, true, false, Color256},
		{"xterm", map[string]string{"TERM": "xterm"}, true, false, Color256},
		{"NO_COLOR", map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, true, false, ASCII},
		{"empty NO_COLOR", map[string]string{"TERM": "xterm-256color", "NO_COLOR": ""}, true, false, Color256},
		{"dumb", map[string]string{"TERM": "dumb", "COLORTERM": "truecolor"}, true, false, ASCII},
		{"no TERM", nil, true, false, ASCII},
		{"text console", map[string]string{"TERM": "linux"}, true, false, ASCII},
		{"VT100", map[string]string{"TERM": "vt100"}, true, false, ASCII},
		{"Latin-1", map[string]string{"TERM": "xterm-256color", "LANG": "de_DE.ISO-8859-1"}, true, false, ASCII},
		{"UTF-8", map[string]string{"TERM": "xterm-256color", "LANG": "de_DE.UTF-8"}, true, false, Color256},
		{"UTF-8 overrides", map[string]string{"TERM": "xterm-256color", "LC_ALL": "C.utf8", "LANG": "de_DE.ISO-8859-1"}, true, false, Color256},
		{"old Windows", nil, true, true, ASCII},
		{"Windows Terminal", map[string]string{"WT_SESSION": "x"}, true, true, TrueColor},
		{"ConEmu", map[string]string{"ConEmuANSI": "ON"}, true, true, Color256},
	}
	for _, test := range tests {
		s := screenFor(test.terminal, 100, test.windows, func(name string) string { return test.env[name] })
		if s.Color != test.want || s.Width != 100 {
			t.Errorf("%s: %v, %d columns, expected %v, 100", test.name, s.Color, s.Width, test.want)
		}
	}
	for columns, want := range map[string]int{"": 100, "42": 42, "-1": 100, "many": 100} {
		s := screenFor(true, 100, false, func(name string) string {
			return map[string]string{"COLUMNS": columns}[name]
		})
		if s.Width != want {
			t.Errorf("COLUMNS=%q: %d columns, expected %d", columns, s.Width, want)
		}
	}
	if got := (Screen{}).columns(); got != 80 {
		t.Errorf("a Screen's width is %d, expected 80", got)
	}
}

func TestDetectScreen(t *testing.T) {
	t.Setenv("COLUMNS", "")
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("COLORTERM", "")
	t.Setenv("WT_SESSION", "")
	t.Setenv("LC_ALL", "C.UTF-8")
	if s := DetectScreen(&bytes.Buffer{}); s.Color != ASCII {
		t.Errorf("a buffer: %v", s.Color)
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if s := DetectScreen(file); s.Color != ASCII {
		t.Errorf("a file: %v", s.Color)
	}
	if runtime.GOOS != "linux" {
		return
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if s := DetectScreen(null); s.Color != ASCII {
		t.Errorf("%s: %v", os.DevNull, s.Color)
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Logf("no pseudo-terminal to try: %v", err)
		return
	}
	defer terminal.Close()
	if s := DetectScreen(terminal); s.Color != Color256 {
		t.Errorf("a terminal: %v", s.Color)
	}
}

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
	// Blocks at the edges are averaged over the pixels that they have.
	if got, rows, cols := shrink([]uint8{10, 20, 30, 40, 50, 60, 70, 80, 90}, 3, 3, 2); rows != 2 || cols != 2 ||
		!slices.Equal(got, []uint8{30, 45, 75, 90}) {
		t.Errorf("shrunk to %v, %d×%d", got, rows, cols)
	}
}

func TestImagePanics(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); got != "mnist: an image of 5 pixels, expected 2×3" {
			t.Errorf("panic %q", got)
		}
	}()
	Screen{}.Image(make([]uint8, 5), 2, 3)
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
		{[]float32{nan, inf}, []uint8{0, 0}},
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

func TestBars(t *testing.T) {
	names := []string{"cat", "horse", "x"}
	got := Screen{Width: 25}.Bars([]float32{.5, 1, float32(math.NaN())}, names, 1)
	want := "" +
		"cat   #####      50.0 %\n" +
		"horse ######### 100.0 % <\n" +
		"x                 NaN %\n"
	if got != want {
		t.Errorf("drawn:\n%sexpected:\n%s", got, want)
	}
	got = Screen{Width: 23, Color: Color256}.Bars([]float32{.5, 2, -1}, names, 0)
	want = styleBold + "cat   ████▌      50.0 %" + styleReset + "\n" +
		"horse █████████ 200.0 %\n" +
		"x              -100.0 %\n"
	if got != want {
		t.Errorf("drawn:\n%sexpected:\n%s", got, want)
	}
	// A name may take a third of the screen; where no room is left for a bar,
	// the figures remain.
	got = Screen{Width: 9}.Bars([]float32{.25}, []string{"elephant"}, -1)
	if want := "el~  25.0 %\n"; got != want {
		t.Errorf("drawn %q, expected %q", got, want)
	}
	defer func() {
		if got := fmt.Sprint(recover()); got != "mnist: 3 names for 1 bars" {
			t.Errorf("panic %q", got)
		}
	}()
	Screen{}.Bars([]float32{1}, names, -1)
}

func TestPrediction(t *testing.T) {
	img := []uint8{0, 0, 0, 0, 255, 255, 255, 255}
	probabilities, names := []float32{.25, .75, 0}, []string{"a", "b", "c"}
	got := Screen{Width: 38}.Prediction(img, 4, 2, probabilities, names, 1)
	want := "" +
		"     a #####                  25.0 %\n" +
		"@@   b ################       75.0 % <\n" +
		"     c                         0.0 %\n"
	if got != want {
		t.Errorf("drawn:\n%sexpected:\n%s", got, want)
	}
	got = Screen{Width: 20}.Prediction(img, 4, 2, probabilities, names, 1)
	want = "" +
		"\n@@\n" +
		"a ##        25.0 %\n" +
		"b ######    75.0 % <\n" +
		"c            0.0 %\n"
	if got != want {
		t.Errorf("drawn:\n%sexpected:\n%s", got, want)
	}
}

func TestConfusionMatrix(t *testing.T) {
	counts := [][]int{{98, 0, 2}, {5, 1200, 0}, {0, 0, 0}}
	got := Screen{}.ConfusionMatrix(counts, []string{"0", "1", "2"})
	want := "" +
		"true      predicted\n" +
		"             0    1    2 recall\n" +
		"0           98    .    2   98.0\n" +
		"1            5 1200    .   99.5\n" +
		"2            .    .    .      -\n" +
		"precision 95.1 100%  0.0\n"
	if got != want {
		t.Errorf("drawn:\n%sexpected:\n%s", got, want)
	}
	// Long names stand before the rows only; a narrow screen splits the columns.
	got = Screen{Width: 30}.ConfusionMatrix(counts, []string{"Trouser", "Ankle boot", "Bag"})
	want = "" +
		"true       predicted\n" +
		"              0    1\n" +
		"0 Trouser    98    .\n" +
		"1 Ankle b~    5 1200\n" +
		"2 Bag         .    .\n" +
		"precision  95.1 100%\n" +
		"\n" +
		"true       predicted\n" +
		"              2 recall\n" +
		"0 Trouser     2   98.0\n" +
		"1 Ankle b~    .   99.5\n" +
		"2 Bag         .      -\n" +
		"precision   0.0\n"
	if got != want {
		t.Errorf("drawn:\n%sexpected:\n%s", got, want)
	}
	if got := (Screen{}).ConfusionMatrix(nil, nil); got != "" {
		t.Errorf("no classes: %q", got)
	}

	// In colour the text is the same.
	mixed := [][]int{{90, 6, 2, 1, 1}, {0, 100, 0, 0, 0}, {11, 0, 989, 0, 0}, {3, 0, 0, 997, 0}, {0, 0, 0, 0, 1}}
	names := []string{"a", "b", "c", "d", "e"}
	colored := Screen{Color: TrueColor}.ConfusionMatrix(mixed, names)
	var plain strings.Builder
	escape := false
	backgrounds := map[string]bool{}
	for i, r := range colored {
		if r == '\x1b' {
			escape = true
			code, _, _ := strings.Cut(colored[i:], "m")
			backgrounds[code] = true
		}
		if !escape {
			plain.WriteRune(r)
		}
		if r == 'm' {
			escape = false
		}
	}
	// (No letter m stands in the table itself.)
	if want := (Screen{}).ConfusionMatrix(mixed, names); plain.String() != want {
		t.Errorf("drawn:\n%sexpected:\n%s", plain.String(), want)
	}
	for _, color := range []int{22, 28, 52, 88, 124} {
		if !backgrounds[fmt.Sprintf("\x1b[48;5;%d;38;5;231", color)] {
			t.Errorf("colour %d does not occur", color)
		}
	}
	if got := (Screen{Color: Color256}).confusionCell(20, 100, false, 4); got != "\x1b[48;5;160;38;5;231m  20\x1b[0m" {
		t.Errorf("a fifth of a class that is wrong: %q", got)
	}
}

func TestConfusionMatrixPanics(t *testing.T) {
	for want, f := range map[string]func(){
		"mnist: 1 names for a confusion matrix of 2 classes": func() {
			Screen{}.ConfusionMatrix([][]int{{1, 0}, {0, 1}}, []string{"a"})
		},
		"mnist: row 1 of a confusion matrix of 2 classes has 3 columns": func() {
			Screen{}.ConfusionMatrix([][]int{{1, 0}, {0, 1, 2}}, []string{"a", "b"})
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("panic %q, expected %q", got, want)
				}
			}()
			f()
		}()
	}
}

func TestShare(t *testing.T) {
	for _, test := range []struct {
		part, whole int
		want        string
	}{{0, 0, "-"}, {0, 5, "0.0"}, {5, 5, "100%"}, {9999, 10000, "99.9"}, {1, 3, "33.3"}} {
		if got := share(test.part, test.whole); got != test.want {
			t.Errorf("%d of %d: %s, expected %s", test.part, test.whole, got, test.want)
		}
	}
}

func TestColorModeString(t *testing.T) {
	for mode, want := range map[ColorMode]string{ASCII: "ASCII", Color256: "256 colours", TrueColor: "true colour", 9: "ColorMode(9)"} {
		if mode.String() != want {
			t.Errorf("%q, expected %q", mode, want)
		}
	}
}
