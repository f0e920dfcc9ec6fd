package mnist

import (
	"math"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	s := Screen{Width: 20}
	got := s.Lines([]Series{{"loss", []float64{8, 4, 2, 1}}, {"val_loss", []float64{7, math.NaN(), 1, 1}}})
	want := strings.TrimPrefix(`
   * loss  o val_loss 
8 |*
  |o*
  |  **
  |    *
  |     **
  |       ***
  |          ****
1 |           oooooo
   1               4
`, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	s.Color = Color256
	coloured := s.Lines([]Series{{"loss", []float64{8, 4, 2, 1}}})
	if !strings.Contains(coloured, "⠑") && !strings.Contains(coloured, "⠈") {
		t.Errorf("no dots in\n%s", coloured)
	}
	for _, line := range lines(coloured) {
		if visibleWidth(line) > 20 {
			t.Errorf("%q is wider than the screen", line)
		}
	}
	for _, c := range []struct {
		series []Series
		want   string // part of the drawing
	}{
		{nil, ""},
		{[]Series{{"x", nil}}, ""},
		{[]Series{{"x", []float64{math.NaN(), math.Inf(1)}}}, ""},
		{[]Series{{"x", []float64{5}}}, "*"},
		{[]Series{{"x", []float64{3, 3, 3}}}, "***"},
		{[]Series{{"x", []float64{1, 2}}, {"y", []float64{1}}}, "o"},
	} {
		got := Screen{Width: 30}.Lines(c.series)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%v: got\n%s", c.series, got)
		}
	}
}
