package mnist

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

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
