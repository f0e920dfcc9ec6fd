package tensor

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"baregrad/kernels"
)

// Tensors are printed as NumPy prints arrays (with the defaults since version 2.3):
// all numbers in columns of one width, rows in brackets, lines of at most 75
// characters. With more than 1000 elements, only the first and last three of each axis
// are shown. Floats have the fewest digits that distinguish them from their float32
// neighbours, at most 8 after the point. The whole array is written with exponents if
// one number is very large or small, or if the numbers span a wide range.
const (
	printThreshold = 1000 // elements; larger tensors are shortened
	printEdge      = 3    // elements shown at each end of a shortened axis
	printWidth     = 75   // characters in a line
	printPrecision = 8    // digits after the point
	printLarge     = 1e6  // floats are written with exponents from here on …
	printSmall     = 1e-4 // … and below here …
	printSpan      = 1000 // … and if the largest is more than this times the smallest
)

// String formats the elements as NumPy does. It copies only those that it shows from
// the device; of a large tensor that is at most six along each axis.
func (t *Tensor) String() string {
	if t.Len() == 0 {
		return "[]"
	}
	cut := t.Len() > printThreshold
	var words []string
	switch t.Type() {
	case kernels.Float32:
		values := shown[float32](t, cut)
		if t.Rank() == 0 {
			return formatScalar(values[0])
		}
		words = formatFloats(values)
	case kernels.Int32:
		words = formatInts(shown[int32](t, cut))
	default:
		words = formatInts(shown[uint8](t, cut))
	}
	if t.Rank() == 0 {
		return words[0]
	}
	p := printer{shape: t.shape, cut: cut, words: words}
	p.axis(0)
	return p.text.String()
}

// shortened reports whether only the ends of an axis are printed.
func shortened(size int, cut bool) bool { return cut && size > 2*printEdge }

// shown copies the elements that are printed, row by row.
func shown[T kernels.Element](t *Tensor, cut bool) []T {
	// From this axis on nothing is left out, so one copy takes it all.
	whole := len(t.shape)
	for whole > 0 && !shortened(t.shape[whole-1], cut) {
		whole--
	}
	var values []T
	var visit func(axis, from, n int) // the n elements from the position from on
	visit = func(axis, from, n int) {
		if axis == whole {
			run := make([]T, n)
			kernels.Download(t.device, run, t.buffer.Slice(from, from+n))
			values = append(values, run...)
			return
		}
		size := t.shape[axis]
		row := n / size
		switch {
		case !shortened(size, cut):
			for i := range size {
				visit(axis+1, from+i*row, row)
			}
		case axis == whole-1: // the ends of this axis are runs
			visit(whole, from, printEdge*row)
			visit(whole, from+(size-printEdge)*row, printEdge*row)
		default:
			for i := range printEdge {
				visit(axis+1, from+i*row, row)
			}
			for i := size - printEdge; i < size; i++ {
				visit(axis+1, from+i*row, row)
			}
		}
	}
	visit(0, 0, t.Len())
	return values
}

// A printer arranges words, one for each element shown, in brackets and lines.
type printer struct {
	shape []int
	cut   bool
	words []string // those not yet printed
	text  strings.Builder
}

// axis prints everything below one axis, including the brackets. The text follows one
// opening bracket for each outer axis; further lines are indented by as much.
func (p *printer) axis(axis int) {
	p.text.WriteByte('[')
	if axis == len(p.shape)-1 {
		p.row(axis)
	} else {
		// One line break ends a row; each further axis that ends with it adds an empty line.
		newline := strings.Repeat("\n", len(p.shape)-1-axis) + strings.Repeat(" ", axis+1)
		p.each(axis, func(first, gap bool) {
			if !first {
				p.text.WriteString(newline)
			}
			if gap {
				p.text.WriteString("...")
			} else {
				p.axis(axis + 1)
			}
		})
	}
	p.text.WriteByte(']')
}

// row prints the elements of the innermost axis. It breaks the line where the next
// word and the closing brackets, one for each axis, would not fit.
func (p *printer) row(axis int) {
	width, indent := printWidth-1-axis, strings.Repeat(" ", axis+1)
	line := indent
	p.each(axis, func(first, gap bool) {
		word := "..."
		if !gap {
			word, p.words = p.words[0], p.words[1:]
		}
		switch {
		case first:
			line += word
		case len(line)+1+len(word) > width:
			p.text.WriteString(strings.TrimRight(line[len(indent):], " ") + "\n" + indent)
			line = indent + word
		default:
			line += " " + word
		}
	})
	p.text.WriteString(line[len(indent):])
}

// each calls visit for everything shown along an axis. gap marks the elements left out.
func (p *printer) each(axis int, visit func(first, gap bool)) {
	size := p.shape[axis]
	if !shortened(size, p.cut) {
		for i := range size {
			visit(i == 0, false)
		}
		return
	}
	for i := range 2*printEdge + 1 {
		visit(i == 0, i == printEdge)
	}
}

func formatInts[T int32 | uint8](values []T) []string {
	words, width := make([]string, len(values)), 0
	for i, v := range values {
		words[i] = strconv.Itoa(int(v))
		width = max(width, len(words[i]))
	}
	for i, word := range words {
		words[i] = fmt.Sprintf("%*s", width, word)
	}
	return words
}

// formatScalar formats a single float with all its digits, with an exponent
// depending on its own size.
func formatScalar(v float32) string {
	abs := math.Abs(float64(v))
	switch {
	case !isFinite(v):
		return special(v)
	case v != 0 && (abs >= printLarge || abs < printSmall):
		return strconv.FormatFloat(float64(v), 'e', -1, 32)
	}
	text := strconv.FormatFloat(float64(v), 'f', -1, 32)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// formatFloats writes floats in one width, with their points in one column.
func formatFloats(values []float32) []string {
	exponents := needExponents(values)
	digits := 0 // after the point with exponents; the same for all numbers
	if exponents {
		for _, v := range values {
			if isFinite(v) {
				mantissa, _, _ := strings.Cut(strconv.FormatFloat(float64(v), 'e', -1, 32), "e")
				_, fraction, _ := strings.Cut(mantissa, ".")
				digits = max(digits, min(len(fraction), printPrecision))
			}
		}
	}
	words := make([]string, len(values))
	left, right := 0, 0 // the most characters before the point, and from the point on
	for i, v := range values {
		switch {
		case !isFinite(v):
			continue
		case exponents:
			words[i] = formatExponent(v, digits)
		default:
			words[i] = formatPositional(v)
		}
		point := strings.IndexByte(words[i], '.')
		left, right = max(left, point), max(right, len(words[i])-point)
	}
	width := left + right
	for i, v := range values {
		if !isFinite(v) {
			words[i] = special(v)
			width = max(width, len(words[i]))
		}
	}
	for i, v := range values {
		behind := 0
		if isFinite(v) {
			behind = right - (len(words[i]) - strings.IndexByte(words[i], '.'))
		}
		words[i] = strings.Repeat(" ", width-len(words[i])-behind) + words[i] + strings.Repeat(" ", behind)
	}
	return words
}

// needExponents looks at the largest and the smallest absolute value other than 0. It
// compares in float32, as NumPy does.
func needExponents(values []float32) bool {
	var least, most float32
	for _, v := range values {
		abs := float32(math.Abs(float64(v)))
		if !isFinite(v) || abs == 0 {
			continue
		}
		if least == 0 || abs < least {
			least = abs
		}
		most = max(most, abs)
	}
	return most >= printLarge || least != 0 && (least < printSmall || most/least > printSpan)
}

// formatPositional writes the fewest digits that distinguish v from its neighbours, at
// most 8 after the point. There is always a point.
func formatPositional(v float32) string {
	text := strconv.FormatFloat(float64(v), 'f', -1, 32)
	point := strings.IndexByte(text, '.')
	if point < 0 {
		return text + "."
	}
	if len(text)-point-1 > printPrecision {
		text = strings.TrimRight(strconv.FormatFloat(float64(v), 'f', printPrecision, 64), "0")
	}
	return text
}

// formatExponent writes v with exactly the given number of digits after the point.
// Digits beyond the fewest that distinguish v from its neighbours are v's exact ones.
func formatExponent(v float32, digits int) string {
	text := strconv.FormatFloat(float64(v), 'e', -1, 32)
	mantissa, exponent, _ := strings.Cut(text, "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if len(fraction) == digits {
		return whole + "." + fraction + "e" + exponent
	}
	return strconv.FormatFloat(float64(v), 'e', digits, 64)
}

func isFinite(v float32) bool { return v-v == 0 }

func special(v float32) string {
	switch {
	case v > 0:
		return "inf"
	case v < 0:
		return "-inf"
	}
	return "nan"
}
