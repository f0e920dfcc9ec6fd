package nn

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func narrowModel(t *testing.T) *Sequential {
	t.Helper()
	m := NewSequential(openReference(t), nil,
		&Conv2D{Filters: 4, Kernel: [2]int{3, 3}, InputShape: []int{28, 28, 1}},
		&MaxPooling2D{},
		&Flatten{},
		&Dense{Units: 10, Name: "longer_than_what_is_there"},
	)
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSummaryInANarrowTerminal(t *testing.T) {
	const want = `Model: "sequential"
+-------------+--------------+---------+
| Layer       | Output Shape | Param # |
| (type)      |              |         |
+=============+==============+=========+
| conv2d      | (None, 26,   |      40 |
| (Conv2D)    | 26, 4)       |         |
+-------------+--------------+---------+
| max_pooling | (None, 13,   |       0 |
| 2d          | 13, 4)       |         |
| (MaxPooling |              |         |
| 2D)         |              |         |
+-------------+--------------+---------+
| flatten     | (None, 676)  |       0 |
| (Flatten)   |              |         |
+-------------+--------------+---------+
| longer_than | (None, 10)   |   6,770 |
| _what_is_th |              |         |
| ere (Dense) |              |         |
+-------------+--------------+---------+
 Total params: 6,810 (26.60 KB)
 Trainable params: 6,810 (26.60 KB)
 Non-trainable params: 0 (0.00 B)
`
	m := narrowModel(t)
	var b strings.Builder
	if err := m.summary(&b, 40, true); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	for _, columns := range []int{0, 1, 34, 40, 60, 87, 88, 120} {
		b.Reset()
		if err := m.summary(&b, columns, false); err != nil {
			t.Fatal(err)
		}
		widest := 0
		for line := range strings.Lines(b.String()) {
			widest = max(widest, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
		}
		// Below the table there are lines of 35 columns.
		if most := max(columns, 35); columns > 0 && widest > most || columns == 0 && widest != 88 {
			t.Errorf("a table for %d columns has %d", columns, widest)
		}
	}
}

// During an epoch, the line never reaches the edge of the terminal, where it would be
// wrapped and could not be overwritten. The last line is complete.
func TestProgressInANarrowTerminal(t *testing.T) {
	values := map[string]float64{"accuracy": 0.5, "loss": 0.25, "maß": 1}
	for columns := 1; columns <= 100; columns++ {
		for _, ascii := range []bool{false, true} {
			var b bytes.Buffer
			p := &progress{w: &b, verbose: Bar, terminal: true, columns: columns, ascii: ascii}
			p.begin("", 469)
			p.afterFirst = time.Now()
			for _, step := range []int{1, 200, 469} {
				p.draw(step, values)
			}
			for i, line := range strings.Split(b.String(), "\r") {
				// The counter and the clock are always there, whatever the width.
				if width := utf8.RuneCountInString(strings.TrimRight(line, " ")); width > max(columns-1, 11) {
					t.Errorf("%d columns: line %d has %d: %q", columns, i, width, line)
				}
				if ascii && strings.Contains(line, "━") {
					t.Errorf("%q is not ASCII", line)
				}
			}
			b.Reset()
			p.trained()
			p.end(469, values)
			if line := b.String(); !strings.Contains(line, "accuracy: 0.5000 - loss: 0.2500 - maß: 1.0000") || !strings.HasSuffix(line, "\n") {
				t.Errorf("%d columns: the last line is %q", columns, line)
			}
		}
	}
}
